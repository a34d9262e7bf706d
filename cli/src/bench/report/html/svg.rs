//! A figure: a frame with two axes, and lines, shades and words in it. Inline SVG, no script, no font, no picture.

use std::fmt::Write as _;

/// Width of a figure.
const WIDTH: f64 = 960.0;
/// Height of a figure.
const HEIGHT: f64 = 400.0;
/// Room to the left, for the numbers of the upright axis.
const LEFT: f64 = 64.0;
/// Room to the right.
const RIGHT: f64 = 20.0;
/// Room above, for labels that stand over the frame.
const TOP: f64 = 28.0;
/// Room below, for the numbers and the name of the lying axis.
const BOTTOM: f64 = 46.0;

/// Colours that people with any colour vision can tell apart (Okabe and Ito), dark enough on white.
pub const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#b0568f", "#8a6d00", "#3f7fb5", "#000000",
];

/// Text that means itself in HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Times in milliseconds, upright, by their logarithm: a microsecond's difference and a second's gap both show.
#[derive(Clone, Copy, Debug)]
pub struct Upright {
    lowest: f64,
    highest: f64,
}

impl Upright {
    /// An axis from a power of ten at or below the lowest to one at or above the highest.
    pub fn over(values: impl Iterator<Item = f64>) -> Self {
        let (mut lowest, mut highest) = (f64::MAX, f64::MIN);
        for value in values.filter(|value| *value > 0.0) {
            (lowest, highest) = (lowest.min(value), highest.max(value));
        }
        if lowest > highest {
            (lowest, highest) = (1.0, 10.0);
        }
        let lowest = lowest.log10().floor();
        let highest = highest.log10().ceil().max(lowest + 1.0);
        Self { lowest, highest }
    }

    fn place(self, value: f64) -> f64 {
        let span = self.highest - self.lowest;
        let share = (value.max(f64::MIN_POSITIVE).log10().max(self.lowest) - self.lowest) / span;
        HEIGHT - BOTTOM - share.min(1.0) * (HEIGHT - BOTTOM - TOP)
    }

    /// 1, 2 and 5 of each power of ten, as far as there is room.
    fn ticks(self) -> Vec<f64> {
        let steps: &[f64] = if self.highest - self.lowest <= 3.0 {
            &[1.0, 2.0, 5.0]
        } else {
            &[1.0]
        };
        let powers = (self.lowest as i32)..=(self.highest as i32);
        powers
            .flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)))
            .filter(|tick| tick.log10() <= self.highest + 1e-9)
            .collect()
    }
}

/// A figure that is being drawn.
pub struct Figure {
    id: &'static str,
    title: String,
    words: String,
    upright: Upright,
    body: String,
}

impl Figure {
    /// An empty one. `title` and `words` are what is read aloud in its place.
    pub fn new(id: &'static str, title: &str, words: &str, upright: Upright) -> Self {
        let mut figure = Self {
            id,
            title: title.to_owned(),
            words: words.to_owned(),
            upright,
            body: String::new(),
        };
        for tick in upright.ticks() {
            let y = upright.place(tick);
            figure.push(&format!(
                r#"<line class="grid" x1="{LEFT}" x2="{}" y1="{y:.1}" y2="{y:.1}"/><text class="end" x="{}" y="{:.1}">{tick}</text>"#,
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0
            ));
        }
        figure.push(&format!(
            r#"<text transform="translate(14 {}) rotate(-90)" class="middle">milliseconds</text>"#,
            (HEIGHT - BOTTOM + TOP) / 2.0
        ));
        figure
    }

    fn push(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    fn x(share: f64) -> f64 {
        LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    /// Numbers of the lying axis: the share of its length, and the words there; and the axis's name.
    pub fn lying(&mut self, ticks: &[(f64, String)], name: &str) {
        for (share, words) in ticks {
            let x = Self::x(*share);
            self.push(&format!(
                r#"<line class="grid" x1="{x:.1}" x2="{x:.1}" y1="{TOP}" y2="{}"/><text class="middle" x="{x:.1}" y="{}">{}</text>"#,
                HEIGHT - BOTTOM,
                HEIGHT - BOTTOM + 18.0,
                escaped(words)
            ));
        }
        self.push(&format!(
            r#"<text class="middle" x="{}" y="{}">{}</text>"#,
            (WIDTH + LEFT - RIGHT) / 2.0,
            HEIGHT - 8.0,
            escaped(name)
        ));
    }

    /// A stretch from one share of the lying axis to another, shaded.
    pub fn shade(&mut self, from: f64, to: f64, words: &str) {
        let (from, to) = (Self::x(from), Self::x(to));
        self.push(&format!(
            r#"<rect class="shade" x="{from:.1}" y="{TOP}" width="{:.1}" height="{}"><title>{}</title></rect>"#,
            (to - from).max(1.0),
            HEIGHT - BOTTOM - TOP,
            escaped(words)
        ));
    }

    /// A line through points: share of the lying axis, milliseconds.
    pub fn line(&mut self, points: &[(f64, f64)], colour: &str, class: &str) {
        let mut path = String::new();
        for (share, value) in points {
            // Writing to a string does not fail.
            let _ = write!(path, "{:.1},{:.1} ", Self::x(*share), self.upright.place(*value));
        }
        self.push(&format!(
            r#"<polyline class="{class}" stroke="{colour}" points="{}"/>"#,
            path.trim_end()
        ));
    }

    /// A mark at the top of the frame.
    pub fn mark(&mut self, share: f64, words: &str) {
        let x = Self::x(share);
        self.push(&format!(
            r#"<path class="lost" d="M{x:.1} {TOP} l-4 -8 h8 z"><title>{}</title></path>"#,
            escaped(words)
        ));
    }

    /// A bar at that height, with its label above it; upright where labels would touch one another.
    pub fn bar(&mut self, (from, to): (f64, f64), value: f64, label: &str, crowded: bool) {
        let (from, to, y) = (Self::x(from), Self::x(to), self.upright.place(value));
        let x = f64::midpoint(from, to);
        self.push(&format!(
            r#"<line class="gap" x1="{from:.1}" x2="{:.1}" y1="{y:.1}" y2="{y:.1}"/>"#,
            to.max(from + 4.0)
        ));
        let label = escaped(label);
        if crowded {
            self.push(&format!(
                r#"<text class="label" transform="translate({:.1} {:.1}) rotate(-90)">{label}</text>"#,
                x + 4.0,
                y - 6.0
            ));
        } else {
            self.push(&format!(
                r#"<text class="label middle" x="{x:.1}" y="{:.1}">{label}</text>"#,
                y - 6.0
            ));
        }
    }

    /// The finished figure.
    pub fn finish(self) -> String {
        let Self {
            id,
            title,
            words,
            body,
            ..
        } = self;
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id}-title {id}-words\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-words\">{}</desc>\n{body}\
             <rect class=\"frame\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{}\" height=\"{}\"/>\n</svg>\n",
            escaped(&title),
            escaped(&words),
            WIDTH - LEFT - RIGHT,
            HEIGHT - BOTTOM - TOP
        )
    }
}

/// What each line means: its colour, its class and its name.
pub fn legend(entries: &[(&str, &str, String)]) -> String {
    let entries: String = entries
        .iter()
        .map(|(colour, class, name)| {
            format!(
                "<li><svg viewBox=\"0 0 28 8\" width=\"28\" height=\"8\" aria-hidden=\"true\"><line class=\"{class}\" \
                 stroke=\"{colour}\" x1=\"0\" x2=\"28\" y1=\"4\" y2=\"4\"/></svg> {}</li>\n",
                escaped(name)
            )
        })
        .collect();
    format!("<ul class=\"legend\">\n{entries}</ul>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_covers_what_is_drawn_and_higher_is_longer() {
        let axis = Upright::over([0.7, 203.0, 0.0].into_iter());
        assert!(axis.place(203.0) < axis.place(0.7));
        assert!(axis.place(0.0) <= HEIGHT - BOTTOM && axis.place(1e9) >= TOP);
        let ticks = axis.ticks();
        assert!(ticks.contains(&1.0) && ticks.contains(&100.0), "{ticks:?}");
        assert!(!Upright::over(std::iter::empty()).ticks().is_empty());
    }

    #[test]
    fn strangers_words_stay_words() {
        assert_eq!(escaped("<b a=\"&\">"), "&lt;b a=&quot;&amp;&quot;&gt;");
    }
}

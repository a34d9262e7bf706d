//! Availability: how each path and leg stood over line time, where none carried, and every gap in milliseconds.

use super::{Figure, axis, ends};
use crate::report::{
    html::{Html, Links, Table, text},
    model::{Strip, StripKind, StripSpan, StripState},
    svg::{self, Anchor, Scale, Svg, Tenth, px},
    words::{counted, length},
};

/// Height of a row, in pixels: room for the label of a gap above its strip.
const ROW: i64 = 34;
/// Height of a strip that carries, in pixels.
const TALL: i64 = 14;

pub fn figure(strips: &[Strip], links: &Links<'_>) -> Figure {
    let spans = || strips.iter().flat_map(|strip| &strip.spans);
    let from = spans().map(|span| span.from_line_ms).min().unwrap_or(0);
    let to = spans().map(|span| span.to_line_ms).max().unwrap_or(0);
    let silent = all_down(strips);
    let words = words(strips, &silent);
    let (left, right) = ends();
    let scale = Scale::new(from, to, left, right);
    let height = ROW * i64::try_from(strips.len() + 1).unwrap_or(1);
    let mut svg = Svg::new(
        "fig-strips-svg",
        "Availability of each path and leg",
        &words,
        height + 42,
    );
    let ticks: Vec<_> = scale
        .ticks(from)
        .into_iter()
        .map(|(ms, words)| (scale.at(ms), words))
        .collect();
    axis(
        &mut svg,
        &ticks,
        px(0),
        px(height),
        "line time since the first look",
    );
    let mut y = 0;
    for strip in strips {
        svg.words("lane-name", (px(0), px(y + 26)), Anchor::Start, &strip.name);
        draw(&mut svg, strip, &scale, y, links);
        y += ROW;
    }
    svg.words("lane-name", (px(0), px(y + 26)), Anchor::Start, "no path at all");
    svg.line("lane", (left, px(y + 29)), (right, px(y + 29)));
    for span in &silent {
        bar(&mut svg, "all-down", *span, &scale, (px(y + 15), px(TALL)));
    }
    let mut numbers = states(strips, &silent);
    numbers.push(&gaps(strips, links));
    Figure {
        id: "fig-strips",
        heading: "Availability of each path",
        drawing: (!strips.is_empty()).then(|| svg.end()),
        legend: key(),
        words,
        table: numbers,
    }
}

/// Stretches in which every path was down, as milliseconds of line. Nothing if no path is known.
fn all_down(strips: &[Strip]) -> Vec<StripSpan> {
    let mut paths = strips.iter().filter(|strip| strip.kind == StripKind::Path);
    let Some(first) = paths.next() else {
        return Vec::new();
    };
    let mut common = downs(first);
    for path in paths {
        let other = downs(path);
        common = common
            .iter()
            .flat_map(|one| other.iter().map(move |two| (one.0.max(two.0), one.1.min(two.1))))
            .filter(|(from, to)| from < to)
            .collect();
    }
    let span = |(from_line_ms, to_line_ms)| StripSpan {
        state: StripState::Down,
        from_line_ms,
        to_line_ms,
    };
    common.into_iter().map(span).collect()
}

fn downs(strip: &Strip) -> Vec<(u64, u64)> {
    let down = strip.spans.iter().filter(|span| span.state == StripState::Down);
    down.map(|span| (span.from_line_ms, span.to_line_ms)).collect()
}

fn draw(svg: &mut Svg, strip: &Strip, scale: &Scale, y: i64, links: &Links<'_>) {
    for span in &strip.spans {
        let (class, tall) = look(span.state);
        bar(
            svg,
            class,
            *span,
            scale,
            (px(y + 15 + (TALL - tall) / 2), px(tall)),
        );
    }
    let mut free = Tenth(0);
    for gap in &strip.gaps {
        let x = scale.at(gap.from_line_ms);
        if x >= free {
            let words = format!("{} ms", gap.length_ms);
            let label = svg::label("label", (x, px(y + 11)), Anchor::Start, &words);
            match &gap.leaf {
                Some(leaf) => svg.push(&links.around(leaf, &label)),
                None => svg.push(&label),
            }
            free = x + Tenth(60 * i64::try_from(words.len()).unwrap_or(0));
        }
    }
}

/// The look of a state, told by its height as well as its colour.
const fn look(state: StripState) -> (&'static str, i64) {
    match state {
        StripState::Up => ("up", TALL),
        StripState::Suspect => ("suspect", 8),
        StripState::Down => ("down", 4),
        StripState::Unknown => ("unknown", 2),
    }
}

fn bar(svg: &mut Svg, class: &str, span: StripSpan, scale: &Scale, (y, tall): (Tenth, Tenth)) {
    let (from, to) = (scale.at(span.from_line_ms), scale.at(span.to_line_ms));
    svg.rect(class, (from, y), (Tenth((to - from).0.max(5)), tall));
}

fn key() -> Html {
    let entry = |state: StripState, words: &str| {
        let (class, tall) = look(state);
        format!(
            "<li><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><rect class=\"{class}\" x=\"0\" y=\"{}\" width=\"14\" \
             height=\"{tall}\"/></svg> {}</li>\n",
            (TALL - tall) / 2,
            text(&format!("{}: {words}", state.word()))
        )
    };
    Html::ours(format!(
        "<ul class=\"legend\">\n{}{}{}{}<li><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><rect class=\"all-down\" x=\"0\" \
         y=\"0\" width=\"14\" height=\"14\"/></svg> no path carried</li>\n</ul>\n",
        entry(StripState::Up, "it carried"),
        entry(StripState::Suspect, "a check was missed"),
        entry(StripState::Down, "it did not carry"),
        entry(StripState::Unknown, "nobody looked"),
    ))
}

fn words(strips: &[Strip], silent: &[StripSpan]) -> String {
    if strips.is_empty() {
        return "Control recorded no state of any path.".into();
    }
    let gaps: Vec<u64> = strips
        .iter()
        .flat_map(|strip| &strip.gaps)
        .map(|gap| gap.length_ms)
        .collect();
    let longest = gaps
        .iter()
        .max()
        .map_or_else(String::new, |ms| format!(", the longest {ms} ms"));
    let lengths = silent.iter().map(|span| span.to_line_ms - span.from_line_ms);
    let together = lengths.fold(0_u64, u64::saturating_add);
    let silence = if silent.is_empty() {
        "At no time were all paths down.".to_owned()
    } else {
        format!(
            "All paths were down together {}, {together} ms in sum.",
            counted(silent.len(), "time")
        )
    };
    format!(
        "{} paths and legs, as control observed them on the desks: {}{longest}. {silence}",
        strips.len(),
        counted(gaps.len(), "gap")
    )
}

fn states(strips: &[Strip], silent: &[StripSpan]) -> Html {
    let mut table = Table::new(
        "strips",
        &["path or leg", "state", "from, line", "to, line", "milliseconds"],
    );
    let mut row = |name: &str, state: &str, span: &StripSpan| {
        table.row(&[
            text(name),
            text(state),
            text(&length(span.from_line_ms)),
            text(&length(span.to_line_ms)),
            text(&span.to_line_ms.saturating_sub(span.from_line_ms).to_string()),
        ]);
    };
    for strip in strips {
        for span in &strip.spans {
            row(&strip.name, span.state.word(), span);
        }
    }
    for span in silent {
        row("no path at all", "DOWN", span);
    }
    table.end()
}

fn gaps(strips: &[Strip], links: &Links<'_>) -> Html {
    let mut table = Table::new(
        "gaps",
        &["path or leg", "gap from, line", "milliseconds", "entry"],
    );
    for strip in strips {
        for gap in &strip.gaps {
            table.row(&[
                text(&strip.name),
                text(&length(gap.from_line_ms)),
                text(&gap.length_ms.to_string()),
                links.maybe(gap.leaf.as_ref()),
            ]);
        }
    }
    table.end()
}

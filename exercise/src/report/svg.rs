//! Figures as SVG inside the page: rectangles, lines, shapes and words, at whole tenths of a pixel.
//!
//! No number here is a float: the same model gives the same bytes on every machine. A figure always has a `<title>` and a
//! `<desc>`, and its marks carry both a shape and a colour.

mod scale;

use std::fmt;

use super::html::{Html, text};
pub use scale::{LogScale, Scale};

/// Width of every figure, in pixels. On an A4 page, 180 mm wide, its smallest words are then 7 points high.
pub const WIDTH: i64 = 780;

/// A coordinate, in tenths of a pixel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tenth(pub i64);

/// Whole pixels.
#[must_use]
pub const fn px(pixels: i64) -> Tenth {
    Tenth(pixels * 10)
}

impl fmt::Display for Tenth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0.abs() / 10, self.0.abs() % 10);
        let sign = if self.0 < 0 { "-" } else { "" };
        if rest == 0 {
            write!(f, "{sign}{whole}")
        } else {
            write!(f, "{sign}{whole}.{rest}")
        }
    }
}

impl std::ops::Add for Tenth {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Tenth {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

/// What a mark looks like. Each is told from the others without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A filled disc.
    Disc,
    /// An empty ring.
    Ring,
    /// A filled square.
    Square,
    /// An upright stroke.
    Stroke,
    /// A triangle on its base.
    Triangle,
    /// A cross.
    Cross,
    /// An empty rhombus.
    Rhombus,
}

/// Where words stand at their point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Behind it.
    Start,
    /// Around it.
    Middle,
    /// Before it.
    End,
}

/// A figure that is being drawn.
pub struct Svg {
    id: &'static str,
    title: Html,
    desc: Html,
    height: i64,
    body: String,
}

impl Svg {
    /// An empty one, so many pixels high. `title` and `desc` are read aloud in its place.
    #[must_use]
    pub fn new(id: &'static str, title: &str, desc: &str, height: i64) -> Self {
        Self {
            id,
            title: text(title),
            desc: text(desc),
            height,
            body: String::new(),
        }
    }

    /// A rectangle. `class` is one of the page's own.
    pub fn rect(&mut self, class: &str, (x, y): (Tenth, Tenth), (width, height): (Tenth, Tenth)) {
        self.push(&rect(class, (x, y), (width, height)));
    }

    /// A straight line.
    pub fn line(&mut self, class: &str, (x1, y1): (Tenth, Tenth), (x2, y2): (Tenth, Tenth)) {
        self.push(&Html::ours(format!(
            "<path class=\"{class}\" d=\"M{x1} {y1}L{x2} {y2}\"/>"
        )));
    }

    /// Words; anyone's.
    pub fn words(&mut self, class: &str, place: (Tenth, Tenth), anchor: Anchor, words: &str) {
        self.push(&label(class, place, anchor, words));
    }

    /// Anything.
    pub fn push(&mut self, element: &Html) {
        self.body.push_str(element.as_str());
        self.body.push('\n');
    }

    /// The whole of it.
    #[must_use]
    pub fn end(self) -> Html {
        let Self {
            id,
            title,
            desc,
            height,
            body,
        } = self;
        // A group, not an image: what an image holds cannot be followed by a keyboard, and these marks are links.
        Html::ours(format!(
            "<svg id=\"{id}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"group\" aria-labelledby=\"{id}-title\" \
             aria-describedby=\"{id}-desc\">\n<title id=\"{id}-title\">{title}</title>\n\
             <desc id=\"{id}-desc\">{desc}</desc>\n{body}</svg>\n"
        ))
    }
}

/// Words, by themselves.
#[must_use]
pub fn label(class: &str, (x, y): (Tenth, Tenth), anchor: Anchor, words: &str) -> Html {
    let place = match anchor {
        Anchor::Start => "",
        Anchor::Middle => " middle",
        Anchor::End => " end",
    };
    Html::ours(format!(
        "<text class=\"{class}{place}\" x=\"{x}\" y=\"{y}\">{}</text>",
        text(words)
    ))
}

/// A rectangle, by itself.
#[must_use]
pub fn rect(class: &str, (x, y): (Tenth, Tenth), (width, height): (Tenth, Tenth)) -> Html {
    Html::ours(format!(
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"
    ))
}

/// A mark with its middle there, and what is read when a pointer rests on it.
#[must_use]
pub fn mark(class: &str, shape: Shape, (x, y): (Tenth, Tenth), says: &str) -> Html {
    let at = |dx: i64, dy: i64| format!("{} {}", x + Tenth(dx), y + Tenth(dy));
    let path = match shape {
        Shape::Disc | Shape::Ring => format!("M{}a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0z", at(-36, 0)),
        Shape::Square => format!("M{}h6.4v6.4h-6.4z", at(-32, -32)),
        Shape::Stroke => format!("M{}v8", at(0, -40)),
        Shape::Triangle => format!("M{}l4.2 7.4h-8.4z", at(0, -42)),
        Shape::Cross => format!("M{}l7 7m0-7l-7 7", at(-35, -35)),
        Shape::Rhombus => format!("M{}l4.8 4.8l-4.8 4.8l-4.8-4.8z", at(0, -48)),
    };
    let fill = match shape {
        Shape::Disc | Shape::Square | Shape::Triangle => "full",
        Shape::Ring | Shape::Stroke | Shape::Cross | Shape::Rhombus => "open",
    };
    Html::ours(format!(
        "<path class=\"{class} {fill}\" d=\"{path}\"><title>{}</title></path>",
        text(says)
    ))
}

/// A legend: each shape with its words, beside the figure.
#[must_use]
pub fn legend(entries: &[(&str, Shape, &str)]) -> Html {
    let items: String = entries
        .iter()
        .map(|(class, shape, words)| {
            format!(
                "<li><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\">{}</svg> {}</li>\n",
                mark(class, *shape, (px(7), px(7)), words),
                text(words)
            )
        })
        .collect();
    Html::ours(format!("<ul class=\"legend\">\n{items}</ul>\n"))
}

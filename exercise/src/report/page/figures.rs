//! The figures, each with its words; and the annex with the same in numbers.

use super::paragraph;
use crate::report::{
    figures::Figure,
    html::{Html, text},
};

/// The drawings.
pub fn content(figures: &[Figure]) -> Html {
    figures
        .iter()
        .zip(1..)
        .map(|(figure, number)| drawn(figure, number))
        .collect()
}

/// The tables.
pub fn numbers(figures: &[Figure]) -> Html {
    figures
        .iter()
        .zip(1..)
        .map(|(figure, number)| counted(figure, number))
        .collect()
}

fn drawn(figure: &Figure, number: u32) -> Html {
    let Figure { id, legend, .. } = figure;
    let heading = heading(figure, number);
    let Some(drawing) = &figure.drawing else {
        return Html::ours(format!(
            "<h3 id=\"{id}\">{heading}</h3>\n{}",
            paragraph(&figure.words)
        ));
    };
    Html::ours(format!(
        "<figure id=\"{id}\">\n<h3>{heading}</h3>\n{drawing}{legend}<figcaption>{} \
         <a href=\"#{id}-table\">The same in numbers.</a></figcaption>\n</figure>\n",
        text(&figure.words),
    ))
}

fn counted(figure: &Figure, number: u32) -> Html {
    if figure.drawing.is_none() {
        return Html::default();
    }
    Html::ours(format!(
        "<div id=\"{}-table\">\n<h3>{}</h3>\n{}</div>\n",
        figure.id,
        heading(figure, number),
        figure.table
    ))
}

fn heading(figure: &Figure, number: u32) -> Html {
    text(&format!("Figure {number}: {}", figure.heading))
}

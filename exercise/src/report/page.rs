//! One HTML page that needs nothing else: no script, no font, no picture from elsewhere; it prints on A4.
//!
//! One section a file, in the order of HSEEP's after-action report and improvement plan.

mod dispute;
mod entries;
mod expectations;
mod figures;
mod head;
mod improvements;
mod integrity;
mod msel;
mod objectives;
mod overview;
mod sequence;
mod summary;
mod transcript;
mod verify;

use super::{
    html::{Html, Links, text},
    model::Model,
};

/// A part of the page.
struct Section {
    /// Its id: `integrity`.
    id: &'static str,
    /// Its heading, with its number.
    heading: String,
    /// What stands in it.
    content: Html,
}

/// The page.
#[must_use]
pub fn page(model: &Model) -> String {
    let links = Links::to(&model.leaves);
    let drawn = super::figures::all(model, &links);
    let ruling = model.dispute.as_ref();
    let ruling = ruling.map(|dispute| section("dispute", "Ruling", dispute::content(dispute)));
    let rest = [
        section("overview", "1 Exercise overview", overview::content(model)),
        section(
            "integrity",
            "2 Integrity statement",
            integrity::content(&model.integrity, &links),
        ),
        section("summary", "3 Summary", summary::content(model, &links)),
        section("figures", "4 Figures", figures::content(&drawn)),
        section(
            "msel",
            "5 Master scenario events list, planned and actual",
            msel::content(&model.msel, &links),
        ),
        section(
            "expectations",
            "6 Expected and observed",
            expectations::content(&model.expectations, &links),
        ),
        section(
            "objectives",
            "7 Analysis of objectives",
            objectives::content(model, &links),
        ),
        section(
            "improvements",
            "8 Improvement plan",
            improvements::content(&model.improvements, &links),
        ),
        section("numbers", "Annex A Figures in numbers", figures::numbers(&drawn)),
        section(
            "transcript",
            "Annex B Transcript",
            transcript::content(&model.transcript, &links),
        ),
        section("sequence", "Annex C Sequence diagram", sequence::content(model)),
        section(
            "entries",
            "Annex D Entries of the logs",
            entries::content(&model.leaves),
        ),
        section(
            "verify",
            "Annex E How to verify this report",
            verify::content(model),
        ),
    ];
    // What was asked first stands first: of a dispute, who is right.
    let sections: Vec<Section> = ruling.into_iter().chain(rest).collect();
    let mut body = head::title(model);
    body.push(&contents(&sections));
    for section in &sections {
        body.push(&Html::ours(format!(
            "<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n",
            section.id,
            text(&section.heading),
            section.content
        )));
    }
    head::document(model, &body)
}

fn section(id: &'static str, heading: &str, content: Html) -> Section {
    Section {
        id,
        heading: heading.to_owned(),
        content,
    }
}

fn contents(sections: &[Section]) -> Html {
    let items: String = sections
        .iter()
        .map(|section| {
            format!(
                "<li><a href=\"#{}\">{}</a></li>\n",
                section.id,
                text(&section.heading)
            )
        })
        .collect();
    Html::ours(format!(
        "<nav aria-label=\"Contents\">\n<ul>\n{items}</ul>\n</nav>\n"
    ))
}

/// A paragraph.
fn paragraph(words: &str) -> Html {
    Html::ours(format!("<p>{}</p>\n", text(words)))
}

/// A heading inside a section.
fn heading(words: &str) -> Html {
    Html::ours(format!("<h3>{}</h3>\n", text(words)))
}

/// A list of items.
fn items(items: impl Iterator<Item = Html>) -> Html {
    let items: String = items.map(|item| format!("<li>{item}</li>\n")).collect();
    Html::ours(format!("<ul>\n{items}</ul>\n"))
}

/// Digits and names that are long and are compared character by character.
fn code(text_of: &str) -> Html {
    Html::ours(format!("<code>{}</code>", text(text_of)))
}

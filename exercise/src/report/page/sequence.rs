//! The sequence diagram, as Mermaid's text: a program that draws it is not needed to read it.

use super::paragraph;
use crate::report::{
    html::{Html, body},
    mermaid,
    model::Model,
};

pub fn content(model: &Model) -> Html {
    let mut out = paragraph("In Mermaid\u{2019}s text, which many editors draw.");
    out.push(&Html::ours(format!(
        "<pre class=\"diagram\">{}</pre>\n",
        body(&mermaid::sequence(model))
    )));
    out
}

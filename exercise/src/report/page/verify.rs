//! How anyone checks the report again.

use super::{code, heading, paragraph};
use crate::report::{
    html::{Html, Table, body, text},
    model::Model,
};

pub fn content(model: &Model) -> Html {
    let verify = &model.verify;
    let mut out = paragraph(
        "Everything in this report follows from the files below. Whoever has them gets the same bytes of this report, and needs \
         nobody\u{2019}s word for it.",
    );
    for command in &verify.commands {
        out.push(&Html::ours(format!(
            "<p>{}</p>\n<pre class=\"command\">{}</pre>\n",
            text(&command.proves),
            body(&command.run)
        )));
    }
    out.push(&heading("Files of the evidence"));
    let mut table = Table::new("files", &["file", "SHA-256"]);
    for (name, sha256) in &verify.files {
        table.row(&[text(name), code(sha256)]);
    }
    out.push(&table.end());
    out
}

//! The ruling about a disputed message: the page that a neutral evaluator reads first.

use super::{code, heading, items, paragraph};
use crate::{
    dispute::{CHECK, PROVED},
    report::{
        html::{Html, text},
        model::Dispute,
    },
};

pub fn content(dispute: &Dispute) -> Html {
    let mut out = paragraph(&dispute.title);
    let words = format!("{} (exit code {})", dispute.verdict, dispute.exit);
    out.push(&Html::ours(format!(
        "<p class=\"verdict\">{}</p>\n",
        text(&words)
    )));
    for (language, sentence) in &dispute.sentences {
        out.push(&Html::ours(format!(
            "<p lang=\"{}\">{}</p>\n",
            text(language),
            text(sentence)
        )));
    }
    if !dispute.sentence.is_empty() {
        out.push(&paragraph(&dispute.sentence));
    }
    for (title, lines) in [
        ("What does not hold", &dispute.wrong),
        (PROVED, &dispute.proved),
        ("What was handed in", &dispute.handed),
        ("What is only claimed", &dispute.claimed),
        ("What nobody can prove", &dispute.unprovable),
    ] {
        if !lines.is_empty() {
            out.push(&heading(title));
            out.push(&items(lines.iter().map(|line| text(line))));
        }
    }
    out.push(&paragraph(CHECK));
    out.push(&code(&dispute.command));
    out
}

//! How translations look: behind the original, each marked with its grade and the officer's name.

use hotline_client::view::{MessageView, TranslationView};
use hotline_core::text::inert_line;

/// The translations of a message; nothing if there is none. The original is printed before, by [`super::message`].
#[must_use]
pub fn translations(view: &MessageView) -> String {
    if view.rejected.is_some() {
        return String::new();
    }
    view.translations
        .iter()
        .map(|one| translation(one, view))
        .collect()
}

fn translation(one: &TranslationView, view: &MessageView) -> String {
    let newer = one.replaced_by.as_ref().map(|newer| {
        let known = view.translations.iter().find(|other| other.sha256 == *newer);
        known.map_or_else(
            || ", REPLACED".to_owned(),
            |newer| format!(", REPLACED by {} of {}", newer.grade, name(&newer.by)),
        )
    });
    let mut text = format!(
        "  TRANSLATION into {}, {}, by {}{}; the original above counts\n",
        inert_line(&one.language).text,
        one.grade,
        name(&one.by),
        newer.unwrap_or_default(),
    );
    for line in one.shown_text.lines() {
        text.push_str(&format!("  : {line}\n"));
    }
    if one.marked > 0 {
        text.push_str(&format!(
            "  ({} characters that cannot be seen are marked)\n",
            one.marked
        ));
    }
    text
}

/// The last part of an identity: what people call the officer.
fn name(identity: &str) -> String {
    let last = identity.rsplit('/').next().unwrap_or(identity);
    inert_line(last).text
}

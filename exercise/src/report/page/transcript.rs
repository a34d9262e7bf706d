//! Every message: the original, its translations, and what happened to it.

use super::paragraph;
use crate::report::{
    html::{Html, Links, body, text},
    model::{Climb, Message, Translation},
    words::story,
};

/// How to read it.
const WORDS: &str = "The original is what both sides signed, and it alone is authoritative; a translation is its \
                     translator\u{2019}s. What could hide or reorder text is shown as its number: \u{2039}U+202E\u{203a}.";

pub fn content(messages: &[Message], links: &Links<'_>) -> Html {
    // Ours: as anyone's text, the example of a chip would be marked itself.
    let mut out = Html::ours(format!("<p>{WORDS}</p>\n"));
    if messages.is_empty() {
        out.push(&paragraph("No message was released."));
    }
    for message in messages {
        out.push(&one(message, links));
    }
    out
}

fn one(message: &Message, links: &Links<'_>) -> Html {
    let mut out = Html::ours(format!(
        "<article>\n<h3>{} <small>{}</small></h3>\n",
        text(&message.name),
        text(&about(message))
    ));
    out.push(&original(message));
    for translation in &message.translations {
        out.push(&translated(translation, links));
    }
    out.push(&ladder(&message.ladder, links));
    out.push(&Html::ours(format!(
        "<p class=\"hash\">{} <code>{}</code></p>\n</article>\n",
        links.entry(&message.leaf),
        text(&message.sha256)
    )));
    out
}

fn about(message: &Message) -> String {
    let mut about = vec![
        story(message.released.story_ms),
        format!("desk {} to {}", message.from, message.to.join(" and ")),
        format!("{} {}", message.class, message.function),
        message.precedence.clone(),
    ];
    about.extend(message.code.clone());
    about.push(format!("channel {}", message.channel));
    about.extend(message.refers.as_ref().map(|name| format!("about {name}")));
    about.extend(
        message
            .alias
            .as_ref()
            .map(|alias| format!("in the plan: {alias}")),
    );
    about.join(" \u{b7} ")
}

fn original(message: &Message) -> Html {
    let (lang, named) = match &message.language {
        Some(language) => (
            format!(" lang=\"{}\"", text(language)),
            format!("Original, {language}"),
        ),
        None => (String::new(), "Original".to_owned()),
    };
    Html::ours(format!(
        "<div class=\"original\"><p class=\"whose\">{}</p><pre dir=\"auto\"{lang}>{}</pre></div>\n",
        text(&named),
        body(&message.text)
    ))
}

fn translated(translation: &Translation, links: &Links<'_>) -> Html {
    let whose = format!(
        "{} translation into {} by {}, {}",
        translation.grade,
        translation.language,
        translation.by,
        story(translation.at.story_ms)
    );
    Html::ours(format!(
        "<div class=\"translation\"><p class=\"whose\">{} {}</p><pre dir=\"auto\" lang=\"{}\">{}</pre></div>\n",
        text(&whose),
        links.entry(&translation.leaf),
        text(&translation.language),
        body(&translation.text)
    ))
}

fn ladder(ladder: &[Climb], links: &Links<'_>) -> Html {
    let rungs: String = ladder
        .iter()
        .map(|climb| {
            let detail = if climb.detail.is_empty() {
                String::new()
            } else {
                format!(" ({})", text(&climb.detail))
            };
            format!(
                "<li>{} {}{detail} {}</li>\n",
                links.around(&climb.leaf, &text(&climb.rung)),
                text(&climb.by),
                text(&story(climb.at.story_ms))
            )
        })
        .collect();
    Html::ours(format!("<ol class=\"ladder\">\n{rungs}</ol>\n"))
}

//! What desks say of themselves, and officers of the watch and of channels, in plain words.

use hotline_audit::{
    SignedStatement, StrictError,
    opening::Opening,
    statement::{Annex, AnnexDone, Lifecycle, OfficerAnnex, OfficerOrder, OfficerWatch, Service, Watch},
};
use hotline_core::{
    annex::Grade,
    duty::{OrderVerb, ServiceKind, WatchVerb},
    text::{inert, inert_line},
    words::Rung,
};

use super::{EntryView, Names, Words, word};

pub(super) fn service(view: EntryView, said: &Service, names: &Names) -> EntryView {
    let kind = word(said.kind, ServiceKind::from_wire, ServiceKind::name);
    let mut plain = word(said.kind, ServiceKind::from_wire, ServiceKind::plain);
    let legs: Vec<String> = said.legs.iter().map(|leg| inert_line(&leg.leg).text).collect();
    if !legs.is_empty() {
        plain.push_str(&format!(": {}", legs.join(", ")));
    }
    let about: Vec<String> = said.refers_to.iter().map(|to| names.called(&to.sha256)).collect();
    if let Some(about) = about.first() {
        plain.push_str(&format!(", about {about}"));
    }
    if !said.text.is_empty() {
        plain.push_str(&format!(" ({})", inert_line(&said.text).text));
    }
    EntryView {
        rung: Some(kind),
        about,
        plain,
        ..view
    }
}

/// A translation's words are those that stand beside what the officer signed.
pub(super) fn annex(
    view: EntryView,
    said: &Annex,
    names: &Names,
    (words, opening): (Words, Option<&Opening>),
) -> EntryView {
    let read = SignedStatement::parse(&said.annex).and_then(|signed| OfficerAnnex::decode(&signed.payload));
    let read = match read {
        Ok(read) => read,
        Err(error) => return unreadable(view, &error),
    };
    let officer = inert_line(&read.officer).text;
    let about = names.called(&read.message.sha256);
    let kind = read.done.kind();
    let done = word(kind, Rung::from_wire, Rung::plain);
    let (plain, text) = match &read.done {
        AnnexDone::Translated { grade, language, .. } => {
            let grade = word(*grade, Grade::from_wire, Grade::name);
            let language = inert_line(language).text;
            let text = said.content.as_ref().map(|content| super::said(content, opening));
            let plain = format!("{done} into {language}, {grade}, by {officer}: {about}");
            (plain, text.and_then(|text| shown(words, &text)))
        }
        AnnexDone::Presented { to } => (format!("{done} by {officer}: {about}"), shown(words, to)),
    };
    EntryView {
        rung: Some(word(kind, Rung::from_wire, Rung::name)),
        officer: Some(officer),
        about: vec![about],
        text,
        plain,
        ..view
    }
}

pub(super) fn watch(view: EntryView, said: &Watch, words: Words) -> EntryView {
    let read =
        SignedStatement::parse(&said.officer_watch).and_then(|signed| OfficerWatch::decode(&signed.payload));
    let read = match read {
        Ok(read) => read,
        Err(error) => return unreadable(view, &error),
    };
    let officer = inert_line(&read.officer).text;
    let verb = word(read.verb, WatchVerb::from_wire, WatchVerb::plain);
    let mut plain = format!("{verb} by {officer}");
    if !read.other.is_empty() {
        plain.push_str(&format!(", other officer {}", inert_line(&read.other).text));
    }
    EntryView {
        rung: Some(word(read.verb, WatchVerb::from_wire, WatchVerb::name)),
        officer: Some(officer),
        text: shown(words, &read.remark),
        plain,
        ..view
    }
}

pub(super) fn lifecycle(view: EntryView, said: &Lifecycle, names: &Names, words: Words) -> EntryView {
    let read = SignedStatement::parse(&said.order).and_then(|signed| OfficerOrder::decode(&signed.payload));
    let read = match read {
        Ok(read) => read,
        Err(error) => return unreadable(view, &error),
    };
    let officer = inert_line(&read.officer).text;
    let verb = word(read.verb, OrderVerb::from_wire, OrderVerb::name);
    let channel = if read.channel.is_empty() {
        "all channels".to_owned()
    } else {
        inert_line(&read.channel).text
    };
    let about: Vec<String> = read
        .consents_to
        .iter()
        .map(|to| names.called(&to.sha256))
        .collect();
    let mut plain = format!("{verb} {channel} by {officer}");
    if let Some(about) = about.first() {
        plain.push_str(&format!(", agrees to {about}"));
    }
    EntryView {
        rung: Some(verb),
        officer: Some(officer),
        channel: Some(channel),
        about,
        text: shown(words, &read.reason),
        plain,
        ..view
    }
}

fn unreadable(view: EntryView, error: &StrictError) -> EntryView {
    let plain = format!(
        "what the officer signed cannot be read: {}",
        inert_line(&error.to_string()).text
    );
    EntryView { plain, ..view }
}

fn shown(words: Words, text: &str) -> Option<String> {
    match words {
        Words::Shown if !text.is_empty() => Some(inert(text).text),
        Words::Shown | Words::Kept => None,
    }
}

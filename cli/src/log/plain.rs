//! One entry of a log in plain words. Strangers' words are inert; nothing here is verified.

mod about;
mod control;
mod relays;
mod view;

use hotline_audit::{
    Hash, PayloadType, SignedStatement,
    opening::Opening,
    statement::{
        Act, Charter, CharterTerms, Content, ContentError, Header, Message, OfficerAct, Payload, Receipt,
    },
};
use hotline_client::seal::NotOpened;
use hotline_core::{
    id::StatementId,
    precedence::Precedence,
    text::{inert, inert_line},
    time::WallTime,
    words::{Answer, Function, MessageType, ResponseAttribute, Rung, TrafficClass},
};

use super::names::Names;

pub use view::EntryView;

/// Whether the words of messages are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// They are.
    Shown,
    /// Only that there are some.
    Kept,
}

/// An entry as people see it; with its opening, if its words are sealed and it is known.
#[must_use]
pub fn entry(
    index: u64,
    bytes: &[u8],
    names: &Names,
    (words, opening): (Words, Option<&Opening>),
) -> EntryView {
    let view = EntryView {
        index,
        sha256: Hash::of(bytes).to_string(),
        ..EntryView::default()
    };
    let statement = match SignedStatement::parse(bytes) {
        Ok(statement) => statement,
        Err(error) => {
            let plain = format!("no statement: {}", inert_line(&error.to_string()).text);
            return EntryView {
                kind: "unreadable".into(),
                plain,
                ..view
            };
        }
    };
    if statement.payload_type == PayloadType::Control {
        return control::record(view, &statement, words);
    }
    if let Some(view) = relays::entry(view.clone(), &statement) {
        return view;
    }
    match Payload::parse(&statement) {
        Ok(Payload::Message(said)) => message(
            headed(view, "message", &said.header),
            &said,
            names,
            (words, opening),
        ),
        Ok(Payload::Receipt(said)) => receipt(headed(view, "receipt", &said.header), &said, names),
        Ok(Payload::Act(said)) => act(headed(view, "act", &said.header), &said, names, words),
        Ok(Payload::Annex(said)) => about::annex(
            headed(view, "annex", &said.header),
            &said,
            names,
            (words, opening),
        ),
        Ok(Payload::Charter(said)) => charter(headed(view, "charter", &said.header), &said),
        Ok(Payload::Service(said)) => about::service(headed(view, "service", &said.header), &said, names),
        Ok(Payload::Watch(said)) => about::watch(headed(view, "watch", &said.header), &said, words),
        Ok(Payload::Lifecycle(said)) => {
            about::lifecycle(headed(view, "lifecycle", &said.header), &said, names, words)
        }
        Err(error) => {
            let plain = format!(
                "{}: {}",
                statement.payload_type,
                inert_line(&error.to_string()).text
            );
            EntryView {
                kind: "other".into(),
                plain,
                ..view
            }
        }
    }
}

fn headed(view: EntryView, kind: &str, header: &Header) -> EntryView {
    EntryView {
        kind: kind.into(),
        id: StatementId(header.id).to_string(),
        sender: inert_line(&header.sender).text,
        to: header
            .recipients
            .iter()
            .map(|to| inert_line(&to.identity).text)
            .collect(),
        place: format!("{}.{}", header.epoch, header.sequence),
        claimed_time_ms: Some(header.claimed_time_ms),
        dtg: WallTime::from_unix_ms(header.claimed_time_ms).dtg().to_string(),
        ..view
    }
}

/// The words of a content, or why they cannot be shown.
fn said(content: &Content, opening: Option<&Opening>) -> String {
    match (content.text(), opening) {
        (Ok(text), _) => text.to_owned(),
        (Err(ContentError::Sealed), Some(opening)) if opening.fits(content) => opening.text.clone(),
        (Err(ContentError::Sealed), Some(_)) => NotOpened::Mismatch("another salt or text").to_string(),
        (Err(error), _) => error.to_string(),
    }
}

fn message(
    view: EntryView,
    message: &Message,
    names: &Names,
    (words, opening): (Words, Option<&Opening>),
) -> EntryView {
    let name = names.of(message);
    let precedence = word(message.precedence, Precedence::from_wire, Precedence::name);
    let function = word(message.function, Function::from_wire, Function::name);
    let channel = inert_line(&message.channel).text;
    let answer = Answer::from_wire(message.answer).map(|answer| answer.name().to_owned());
    let about: Vec<String> = message
        .refers_to
        .iter()
        .map(|to| names.called(&to.sha256))
        .collect();
    let mut plain = format!("{name} {precedence} {function}");
    if !channel.is_empty() {
        plain.push_str(&format!(" on {channel}"));
    }
    if let Some(answer) = &answer {
        plain.push_str(&format!(", answers {answer}"));
    }
    if let Some(about) = about.first() {
        plain.push_str(&format!(", refers to {about}"));
    }
    let text = match words {
        Words::Kept => None,
        Words::Shown => Some(inert(&said(&message.content, opening)).text),
    };
    EntryView {
        name: Some(name),
        precedence: Some(precedence),
        class: Some(word(
            message.traffic_class,
            TrafficClass::from_wire,
            TrafficClass::name,
        )),
        message_type: Some(word(
            message.message_type,
            MessageType::from_wire,
            MessageType::name,
        )),
        function: Some(function),
        channel: Some(channel).filter(|channel| !channel.is_empty()),
        response: Some(word(
            message.response_attribute,
            ResponseAttribute::from_wire,
            ResponseAttribute::name,
        )),
        answer,
        about,
        text,
        plain,
        ..view
    }
}

fn receipt(view: EntryView, receipt: &Receipt, names: &Names) -> EntryView {
    let about: Vec<String> = receipt
        .items
        .iter()
        .map(|item| names.called(&item.sha256))
        .collect();
    let (rung, said) = climbed(receipt.rung);
    let leg = receipt
        .items
        .first()
        .map(|item| inert_line(&item.leg).text)
        .unwrap_or_default();
    let leg = if leg.is_empty() {
        leg
    } else {
        format!(", first copy by {leg}")
    };
    EntryView {
        plain: format!("{said}: {}{leg}", about.join(", ")),
        rung: Some(rung),
        about,
        ..view
    }
}

fn act(view: EntryView, act: &Act, names: &Names, words: Words) -> EntryView {
    let said = SignedStatement::parse(&act.act).and_then(|signed| OfficerAct::decode(&signed.payload));
    let said = match said {
        Ok(said) => said,
        Err(error) => {
            let plain = format!(
                "an act that cannot be read: {}",
                inert_line(&error.to_string()).text
            );
            return EntryView { plain, ..view };
        }
    };
    let (rung, done) = climbed(said.rung);
    let officer = inert_line(&said.officer).text;
    let about = names.called(&said.message.sha256);
    let text = match words {
        Words::Shown if !said.text.is_empty() => Some(inert(&said.text).text),
        Words::Shown | Words::Kept => None,
    };
    EntryView {
        plain: format!("{done} by {officer}: {about}"),
        rung: Some(rung),
        officer: Some(officer),
        about: vec![about],
        text,
        ..view
    }
}

fn charter(view: EntryView, charter: &Charter) -> EntryView {
    match CharterTerms::decode(&charter.terms) {
        Ok(terms) => {
            let channel = inert_line(&terms.channel).text;
            let sides: Vec<String> = terms.sides.iter().map(|side| inert_line(side).text).collect();
            let plain = format!(
                "opens {channel} between {}; consents: {}",
                sides.join(" and "),
                charter.consents.len()
            );
            EntryView {
                plain,
                channel: Some(channel),
                ..view
            }
        }
        Err(error) => {
            let plain = format!(
                "terms that cannot be read: {}",
                inert_line(&error.to_string()).text
            );
            EntryView { plain, ..view }
        }
    }
}

/// Formal name and plain words of a rung.
fn climbed(number: u32) -> (String, String) {
    match Rung::from_wire(number) {
        Some(rung) => (rung.name().to_owned(), rung.plain().to_owned()),
        None => (number.to_string(), format!("rung {number}")),
    }
}

fn word<T>(number: u32, read: fn(u32) -> Option<T>, name: fn(T) -> &'static str) -> String {
    read(number).map_or_else(|| number.to_string(), |word| name(word).to_owned())
}

//! One entry of a log in plain words. Strangers' words are inert; nothing here is verified.

use hotline_audit::{
    Hash, SignedStatement,
    statement::{Act, Charter, CharterTerms, Header, Message, OfficerAct, Payload, Receipt},
};
use hotline_core::{
    id::StatementId,
    precedence::Precedence,
    text::{inert, inert_line},
    time::WallTime,
    words::{Answer, Function, MessageType, ResponseAttribute, Rung, TrafficClass},
};
use serde::Serialize;

use super::names::Names;

/// One entry. This is the `--json` object too; fields are only added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EntryView {
    /// Place in the log, from 0.
    pub index: u64,
    /// `message`, `receipt`, `act`, `charter`, or what else it is.
    pub kind: String,
    /// SHA-256 of the exact bytes, hex.
    pub sha256: String,
    /// 16 bytes, hex.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The signing desk.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sender: String,
    /// The desks it names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Chain epoch and place in it, `1.17`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// When its sender says it was signed, milliseconds since 1970. A claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_time_ms: Option<u64>,
    /// The same as a date-time group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dtg: String,
    /// What people call it: `A-0017`. Messages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `FLASH`. Messages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precedence: Option<String>,
    /// `FORMAL`. Messages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// `EXERCISE`. Messages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_type: Option<String>,
    /// `QUERY`. Messages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The channel of a message or charter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// What closes its dialogue. Messages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// The answer it gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The rung that a receipt or act climbs, formal name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rung: Option<String>,
    /// The officer of an act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    /// The messages it is about, by name or hash.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// Relays whose signed acceptance is kept in this desk's ledger.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held_by: Vec<String>,
    /// The words of a message or act, inert; only if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What it says, in plain words.
    pub plain: String,
}

/// Whether the words of messages are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// They are.
    Shown,
    /// Only that there are some.
    Kept,
}

/// An entry as people see it.
#[must_use]
pub fn entry(index: u64, bytes: &[u8], names: &Names, words: Words) -> EntryView {
    let view = EntryView { index, sha256: Hash::of(bytes).to_string(), ..EntryView::default() };
    let statement = match SignedStatement::parse(bytes) {
        Ok(statement) => statement,
        Err(error) => {
            let plain = format!("no statement: {}", inert_line(&error.to_string()).text);
            return EntryView { kind: "unreadable".into(), plain, ..view };
        }
    };
    match Payload::parse(&statement) {
        Ok(Payload::Message(said)) => message(headed(view, "message", &said.header), &said, names, words),
        Ok(Payload::Receipt(said)) => receipt(headed(view, "receipt", &said.header), &said, names),
        Ok(Payload::Act(said)) => act(headed(view, "act", &said.header), &said, names, words),
        Ok(Payload::Charter(said)) => charter(headed(view, "charter", &said.header), &said),
        Err(error) => {
            let plain = format!("{}: {}", statement.payload_type, inert_line(&error.to_string()).text);
            EntryView { kind: "other".into(), plain, ..view }
        }
    }
}

fn headed(view: EntryView, kind: &str, header: &Header) -> EntryView {
    EntryView {
        kind: kind.into(),
        id: StatementId(header.id).to_string(),
        sender: inert_line(&header.sender).text,
        to: header.recipients.iter().map(|to| inert_line(&to.identity).text).collect(),
        place: format!("{}.{}", header.epoch, header.sequence),
        claimed_time_ms: Some(header.claimed_time_ms),
        dtg: WallTime::from_unix_ms(header.claimed_time_ms).dtg().to_string(),
        ..view
    }
}

fn message(view: EntryView, message: &Message, names: &Names, words: Words) -> EntryView {
    let name = names.of(message);
    let precedence = word(message.precedence, Precedence::from_wire, Precedence::name);
    let function = word(message.function, Function::from_wire, Function::name);
    let channel = inert_line(&message.channel).text;
    let answer = Answer::from_wire(message.answer).map(|answer| answer.name().to_owned());
    let about: Vec<String> = message.refers_to.iter().map(|to| names.called(&to.sha256)).collect();
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
        Words::Shown => Some(match message.content.text() {
            Ok(text) => inert(text).text,
            Err(error) => error.to_string(),
        }),
    };
    EntryView {
        name: Some(name),
        precedence: Some(precedence),
        class: Some(word(message.traffic_class, TrafficClass::from_wire, TrafficClass::name)),
        message_type: Some(word(message.message_type, MessageType::from_wire, MessageType::name)),
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
    let about: Vec<String> = receipt.items.iter().map(|item| names.called(&item.sha256)).collect();
    let (rung, said) = climbed(receipt.rung);
    let leg = receipt.items.first().map(|item| inert_line(&item.leg).text).unwrap_or_default();
    let leg = if leg.is_empty() { leg } else { format!(", first copy by {leg}") };
    EntryView { plain: format!("{said}: {}{leg}", about.join(", ")), rung: Some(rung), about, ..view }
}

fn act(view: EntryView, act: &Act, names: &Names, words: Words) -> EntryView {
    let said = SignedStatement::parse(&act.act).and_then(|signed| OfficerAct::decode(&signed.payload));
    let said = match said {
        Ok(said) => said,
        Err(error) => {
            let plain = format!("an act that cannot be read: {}", inert_line(&error.to_string()).text);
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
            let plain =
                format!("opens {channel} between {}; consents: {}", sides.join(" and "), charter.consents.len());
            EntryView { plain, channel: Some(channel), ..view }
        }
        Err(error) => {
            let plain = format!("terms that cannot be read: {}", inert_line(&error.to_string()).text);
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

impl EntryView {
    /// As one line (and the words below it, if they are shown).
    #[must_use]
    pub fn to_text(&self) -> String {
        let sender = self.sender.strip_prefix("spiffe://").unwrap_or(&self.sender);
        let mut line = format!("#{:<5} {:<8} {}", self.index, self.kind, self.plain);
        if !sender.is_empty() {
            line.push_str(&format!("  · {sender} {}, {}", self.place, self.dtg));
        }
        if !self.held_by.is_empty() {
            line.push_str(&format!(" · held by relay {}", self.held_by.join(", ")));
        }
        for words in self.text.iter().flat_map(|text| text.lines()) {
            line.push_str("\n         | ");
            line.push_str(words);
        }
        line
    }
}

//! Coded messages against the codebook: what a desk would refuse to sign, and texts too long to be released.

use hotline_core::precedence::Precedence;

use super::{
    Code, Findings,
    sent::{self, Relation, Sent},
};
use crate::{
    codebook::{self, Codebook, Kind, Must, brevity, coded},
    scenario::{
        moment::ahead,
        msel::Coding,
        place::Placed,
        player::{Cue, Do, Rule},
        suggest::hint,
    },
};

/// A date-time group, for one that is reckoned when the message is signed: all have as many words.
const A_TIME: &str = "010000Z JAN 26";

/// The codebook that the file means, against the one that there is.
pub(super) fn book(findings: &mut Findings<'_>, book: &Codebook) {
    let pin = &findings.scenario.codebook;
    if *pin.file.value != *book.name() || u32::from(pin.version) != book.version() {
        let what = format!(
            "the file means codebook {}/{}, and this program has {}/{}",
            *pin.file,
            pin.version,
            book.name(),
            book.version()
        );
        findings.refuse(Code::Codebook, pin.file.span.clone(), "codebook.file", what);
    }
    if let Some(hash) = &pin.sha256
        && **hash != book.sha256().to_string()
    {
        let what = format!("the codebook of this program has the hash {}", book.sha256());
        findings.refuse(Code::Codebook, hash.span.clone(), "codebook.sha256", what);
    }
}

/// Every code that the file names, and everything that is sent.
pub(super) fn messages(findings: &mut Findings<'_>, book: &Codebook) {
    let scenario = findings.scenario;
    for sent in sent::all(scenario) {
        message(findings, book, &sent);
    }
    for rule in scenario.players.iter().flat_map(|script| &script.rules) {
        if let Cue::Arrives { code: Some(code), .. } = &rule.when {
            known(findings, book, code, &format!("rule {}.when", *rule.id));
        }
        insufficient(findings, book, rule);
    }
    for expect in &scenario.expects {
        if let Some(code) = expect.of.as_ref().and_then(|filter| filter.code.as_ref()) {
            known(findings, book, code, &format!("expectation {}.of", *expect.id));
        }
    }
}

/// The code in the codebook; refused if it is not there.
fn known<'b>(
    findings: &mut Findings<'_>,
    book: &'b Codebook,
    code: &Placed<String>,
    key: &str,
) -> Option<&'b codebook::Code> {
    let found = book.code(code);
    if found.is_none() {
        let ids = book.codes().iter().map(|code| code.id.as_str());
        let what = format!(
            "codebook {} has no code \"{}\"{}",
            book.name(),
            **code,
            hint(code, ids)
        );
        findings.refuse(Code::Codebook, code.span.clone(), key, what);
    }
    found
}

fn message(findings: &mut Findings<'_>, book: &Codebook, sent: &Sent<'_>) {
    let tongue = sent.desk.map(|desk| desk.side.tongue());
    let free = tongue.map_or("", |tongue| sent.sending.text.in_or_any(tongue));
    let text = match &sent.sending.code {
        // What it repeats is checked where that is sent.
        None if sent.sending.same => None,
        None => Some(free.to_owned()),
        Some(coding) => {
            let key = format!("{}.code", sent.key());
            known(findings, book, &coding.code, &key).and_then(|code| {
                level(findings, sent, code, coding);
                filled(findings, sent, code, coding)
                    .and_then(|message| encoded(findings, book, sent, coding, message, free))
            })
        }
    };
    if let (Some(text), Some(precedence)) = (text, sent.precedence(book)) {
        brief(findings, sent, precedence, &text);
    }
}

/// The precedence that the file gives, or that nobody would know.
fn level(findings: &mut Findings<'_>, sent: &Sent<'_>, code: &codebook::Code, coding: &Coding) {
    let own = matches!(code.level, codebook::Level::Own { .. });
    let what = match sent.sending.precedence {
        Some(precedence) if own && !code.level.allows(precedence, None) => {
            format!("the codebook does not allow {} as {precedence}", code.id)
        }
        None if !own && sent.relation == Relation::None => format!(
            "{} takes its precedence from the message that it refers to, and this one refers to none; write one",
            code.id
        ),
        Some(_) | None => return,
    };
    let key = format!("{}.precedence", sent.key());
    findings.refuse(Code::Codebook, coding.code.span.clone(), &key, what);
}

/// The message with its fields; none if one of them is refused.
fn filled(
    findings: &mut Findings<'_>,
    sent: &Sent<'_>,
    code: &codebook::Code,
    coding: &Coding,
) -> Option<coded::Coded> {
    let before = findings.found.len();
    let mut message = coded::Coded::new(&code.id);
    for (id, text) in &coding.fields {
        let key = format!("{}.fields.{id}", sent.key());
        let Some(field) = code.field(id) else {
            let ids = code.fields.iter().map(|field| field.id.as_str());
            let what = format!("{} has no field \"{id}\"{}", code.id, hint(id, ids));
            findings.refuse(Code::Codebook, text.span.clone(), &key, what);
            continue;
        };
        let reckoned = matches!(field.kind, Kind::Dtg | Kind::Dtgs)
            .then(|| ahead(text))
            .flatten();
        let written = match reckoned {
            Some(Ok(_)) => A_TIME,
            Some(Err(wrong)) => {
                findings.refuse(wrong.code, text.span.clone(), &key, wrong.what);
                continue;
            }
            None => text.as_str(),
        };
        match field.kind.read(written) {
            Ok(value) => message = message.with(id, value),
            Err(what) => findings.refuse(Code::Codebook, text.span.clone(), &key, what),
        }
    }
    for field in code.fields.iter().filter(|field| field.must == Must::Mandatory) {
        if !coding.fields.contains_key(&field.id) {
            let key = format!("{}.fields", sent.key());
            let what = format!("{} needs the field \"{}\"", code.id, field.id);
            findings.refuse(Code::Codebook, coding.code.span.clone(), &key, what);
        }
    }
    (findings.found.len() == before).then_some(message)
}

fn encoded(
    findings: &mut Findings<'_>,
    book: &Codebook,
    sent: &Sent<'_>,
    coding: &Coding,
    mut message: coded::Coded,
    free: &str,
) -> Option<String> {
    free.clone_into(&mut message.remark);
    match coded::encode(book, &message) {
        Ok(text) => Some(text),
        Err(refused) => {
            for what in refused {
                let key = format!("{}.code", sent.key());
                findings.refuse(Code::Codebook, coding.code.span.clone(), &key, what.to_string());
            }
            None
        }
    }
}

/// Urgent messages are short; a longer one is released by no desk.
fn brief(findings: &mut Findings<'_>, sent: &Sent<'_>, precedence: Precedence, text: &str) {
    if let Err(long) = brevity::check(precedence, text) {
        let key = format!("{}.text", sent.key());
        findings.refuse(Code::Text, sent.sending.span.clone(), &key, long.to_string());
    }
}

/// INSUFFICIENT names fields of the message that it is about, where the file says which message that is.
fn insufficient(findings: &mut Findings<'_>, book: &Codebook, rule: &Rule) {
    let code = match &rule.when {
        Cue::Arrives { code: Some(code), .. } => book.code(code),
        cue => sent::about(cue).and_then(|alias| {
            let all = sent::all(findings.scenario);
            let sent = all.into_iter().find(|sent| sent.is_called(&alias.name))?;
            sent.code(book)
        }),
    };
    let Some(code) = code else { return };
    for deed in &rule.deeds {
        if let Do::Insufficient { fields, .. } = deed {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            if let Err(error) = coded::insufficient(code, &fields) {
                let key = format!("rule {}.fields", *rule.id);
                findings.refuse(Code::Codebook, rule.id.span.clone(), &key, error.to_string());
            }
        }
    }
}

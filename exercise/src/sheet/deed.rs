//! The cells `text` and `from`: what an inject does, in words that read as the deed.

use std::fmt::Display;

use hotline_core::{
    precedence::{Precedence, SignaturesNeeded},
    words::{Function, OfficerRole},
};
use hotline_faults::value;

use super::{columns::Column, fault, text};
use crate::{
    codebook::shipped,
    scenario::{
        Scenario,
        cast::Tongues,
        lists::{Category, InstitutionVerb, Method, ProcessDeed, Side, Tongue},
        moment::Span,
        msel::{Coding, Deed, Inject, Institution, Sending},
        place::Placed,
        suggest::nearest,
    },
};

/// A deed as its cells say it.
pub(super) struct Read {
    pub(super) deed: Deed,
    /// Of a fault.
    pub(super) category: Option<Category>,
    /// Of what a person does by hand: what the controller is told.
    pub(super) note: Option<String>,
}

/// What is wrong, and in which column.
pub(super) type Wrong = (Column, String);

/// What the cells of one row say about the deed.
pub(super) struct Cells<'a> {
    pub(super) method: Method,
    pub(super) text: &'a str,
    pub(super) from: &'a str,
    pub(super) precedence: Option<Precedence>,
}

/// What an inject says or does, in the words of its cell `text`.
#[must_use]
pub fn show(inject: &Inject) -> String {
    match &inject.deed {
        Deed::News { text, .. } => text::show(text),
        Deed::Order { text, role } => format!("{}: {}", role.name(), text::show(text)),
        Deed::Message { sending, .. } => message(sending),
        Deed::Fault(deed) => fault::show(deed, inject.category),
        Deed::Process { deed, who } => format!("{deed} {}", who.value),
        Deed::Clock { who, back, by } => {
            let sign = if *back { '-' } else { '+' };
            format!("{} {sign}{}", who.value, value::show_duration(*by))
        }
        Deed::Institution(act) => institution(act),
        Deed::Attack(attack) => attack.value.clone(),
        Deed::Phrase(officer) => officer.value.clone(),
        Deed::Hand => inject.note.clone().unwrap_or_default(),
    }
}

/// The cell `from`.
pub(super) fn show_from(inject: &Inject) -> String {
    match &inject.deed {
        Deed::Message { desk, .. } => desk.value.clone(),
        _ => inject.from.clone().unwrap_or_default(),
    }
}

/// Reads a row's deed. What the cells do not hold, like who signs, is the base's, or follows from the cast.
pub(super) fn read(cells: &Cells<'_>, base: Option<&Inject>, cast: &Scenario) -> Result<Read, Wrong> {
    // What nobody has touched is what it was, whatever its cell could not say.
    if let Some(base) = base
        && base.deed.method() == cells.method
        && show(base) == cells.text
        && cells.method != Method::Message
    {
        return Ok(Read {
            deed: base.deed.clone(),
            category: base.category,
            note: base.note.clone(),
        });
    }
    let of_text = |wrong: String| (Column::Text, wrong);
    let (text, mut category, mut note) = (cells.text, None, None);
    if text.trim().is_empty() {
        let what = format!(
            "{} says nothing here; the text of a plan says what happens",
            cells.method
        );
        return Err(of_text(what));
    }
    let deed = match cells.method {
        Method::News => Deed::News {
            text: text::read(text).map_err(of_text)?,
            source: base.and_then(|base| match &base.deed {
                Deed::News { source, .. } => source.clone(),
                _ => None,
            }),
        },
        Method::Order => order(text).map_err(of_text)?,
        Method::Message => sends(cells, base, cast)?,
        Method::Fault => {
            let (deed, of) = fault::read(text).map_err(of_text)?;
            category = Some(of);
            Deed::Fault(deed)
        }
        Method::Process => process(text).map_err(of_text)?,
        Method::Clock => clock(text).map_err(of_text)?,
        Method::Institution => Deed::Institution(acts(text).map_err(of_text)?),
        Method::Attack => Deed::Attack(placed(text.trim())),
        Method::Phrase => Deed::Phrase(placed(text.trim())),
        Method::Hand => {
            note = Some(text.to_owned());
            Deed::Hand
        }
    };
    Ok(Read { deed, category, note })
}

fn placed(text: &str) -> Placed<String> {
    Placed {
        value: text.to_owned(),
        span: 0..0,
    }
}

/// A word of a closed list, in letters of any size.
pub(super) fn word<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str, typed: &str) -> Result<T, String> {
    let found = all
        .iter()
        .find(|word| name(**word).eq_ignore_ascii_case(typed.trim()));
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|word| name(*word)).collect();
        let near = names.iter().copied();
        let near = nearest(typed, near.clone()).or_else(|| nearest(&typed.to_uppercase(), near));
        let near = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
        format!("\"{typed}\" is not one of {}{near}", names.join(", "))
    })
}

/// `DUTY_OFFICER: Notify Borenia now.`
fn order(text: &str) -> Result<Deed, String> {
    let like = "write the role first, like \"DUTY_OFFICER: Notify them now.\"";
    let (role, text) = text
        .split_once(": ")
        .ok_or_else(|| format!("an order goes to a role; {like}"))?;
    let role = word(OfficerRole::ALL, OfficerRole::name, role).map_err(|what| format!("{what}; {like}"))?;
    let text = text::read(text)?;
    Ok(Deed::Order { text, role })
}

/// `kill A`
fn process(text: &str) -> Result<Deed, String> {
    let (deed, who) = text
        .trim()
        .split_once(' ')
        .ok_or("write what and which process, like \"kill A\"")?;
    let deed = word(ProcessDeed::ALL, ProcessDeed::name, deed)?;
    let who = placed(who.trim());
    Ok(Deed::Process { deed, who })
}

/// `B +7m`
fn clock(text: &str) -> Result<Deed, String> {
    let like = "write whose clock and by how much, like \"B +7m\" or \"A -3m\"";
    let (who, by) = text.trim().split_once(' ').ok_or(like)?;
    let by = by.trim();
    let (back, length) = match (by.strip_prefix('+'), by.strip_prefix('-')) {
        (Some(ahead), _) => (false, ahead),
        (_, Some(behind)) => (true, behind),
        _ => return Err(format!("\"{by}\" does not begin with + or -; {like}")),
    };
    let by = value::duration(length).map_err(|what| format!("{what}; {like}"))?;
    let who = placed(who);
    Ok(Deed::Clock { who, back, by })
}

// Messages.

/// Free text; or a code on a line of its own, a line for each field, and free text behind `>`.
fn message(sending: &Sending) -> String {
    let Some(coding) = &sending.code else {
        return text::show(&sending.text);
    };
    let mut lines = vec![coding.code.value.clone()];
    lines.extend(
        coding
            .fields
            .iter()
            .map(|(field, text)| format!("{field}: {}", one_line(text))),
    );
    if !sending.text.0.is_empty() {
        lines.extend(
            text::show(&sending.text)
                .split('\n')
                .map(|line| format!("> {line}")),
        );
    }
    lines.join("\n")
}

fn one_line(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

fn whole(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match (c, letters.as_str().chars().next()) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('\\')) => out.push('\\'),
            (c, _) => {
                out.push(c);
                continue;
            }
        }
        letters.next();
    }
    out
}

/// What a message's cell holds.
fn said(cell: &str) -> Result<(Option<Coding>, Tongues), String> {
    let mut lines = cell.split('\n');
    let code = lines.next().unwrap_or("");
    if !text::is_code(code) {
        return Ok((None, text::read(cell)?));
    }
    let mut fields = std::collections::BTreeMap::new();
    let mut free: Vec<&str> = Vec::new();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        if let Some(text) = line.strip_prefix('>') {
            free.push(text.strip_prefix(' ').unwrap_or(text));
            continue;
        }
        let (field, text) = line.split_once(':').ok_or_else(|| {
            format!("\"{line}\" is no field; write a line \"field: value\" for each field, and free words behind >")
        })?;
        let text = whole(text.strip_prefix(' ').unwrap_or(text));
        if fields.insert(field.trim().to_owned(), placed(&text)).is_some() {
            return Err(format!("the field \"{}\" stands there twice", field.trim()));
        }
    }
    let coding = Coding {
        code: placed(code.trim_end()),
        fields,
    };
    Ok((Some(coding), text::read(&free.join("\n"))?))
}

fn sends(cells: &Cells<'_>, base: Option<&Inject>, cast: &Scenario) -> Result<Deed, Wrong> {
    let (code, text) = said(cells.text).map_err(|what| (Column::Text, what))?;
    let desks: Vec<&str> = cast
        .topology
        .desks
        .iter()
        .map(|desk| desk.name.as_str())
        .collect();
    if !desks.contains(&cells.from) {
        let near = nearest(cells.from, desks.iter().copied());
        let near = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
        let what = format!(
            "\"{}\" is no desk that could send a message; there is {}{near}",
            cells.from,
            desks.join(", ")
        );
        return Err((Column::From, what));
    }
    let before = base.and_then(|base| match &base.deed {
        Deed::Message { desk, sending } if *desk.value == *cells.from => Some(sending.clone()),
        _ => None,
    });
    let mut sending = match before {
        Some(before) => before,
        None => Sending {
            by: signers(cells, code.as_ref(), cast)?,
            code: None,
            text: Tongues::default(),
            span: 0..0,
            precedence: None,
            answer: None,
            asks: None,
            respond_by: None,
            channel: None,
            alias: None,
            repeat: 1,
        },
    };
    if code.is_none() && cells.precedence.is_none() {
        let all: Vec<&str> = Precedence::ALL.iter().map(|level| level.name()).collect();
        let what = format!(
            "a message without a code has no precedence of its own; write one of {}",
            all.join(", ")
        );
        return Err((Column::Precedence, what));
    }
    sending.code = code;
    sending.text = text;
    sending.precedence = cells.precedence;
    let desk = placed(cells.from);
    Ok(Deed::Message { desk, sending })
}

/// Who signs a message of which the sheet says no more than its desk: the first who may.
fn signers(cells: &Cells<'_>, code: Option<&Coding>, cast: &Scenario) -> Result<Vec<Placed<String>>, Wrong> {
    let book = shipped::starter().ok();
    let code = code.and_then(|coding| book.as_ref()?.code(&coding.code));
    let usual = code.and_then(|code| code.level.usual(None, None));
    let level = cells.precedence.or(usual).unwrap_or(Precedence::Routine);
    let function = code.map_or(Function::Notify, |code| code.function);
    let two = level.signatures_needed(function, code.map(|code| code.id.as_str())) == SignaturesNeeded::Two;
    let here = || {
        cast.officers
            .iter()
            .filter(|officer| *officer.desk.value == *cells.from)
    };
    let lacks = |what: &str| {
        (
            Column::From,
            format!("no officer at desk {} is {what}", cells.from),
        )
    };
    let releases = here().find(|officer| officer.roles.contains(&OfficerRole::Releaser));
    let releases = releases.ok_or_else(|| lacks("a RELEASER"))?;
    let mut by = vec![releases.name.clone()];
    if two {
        let other = here().find(|officer| {
            let drafts = [OfficerRole::Drafter, OfficerRole::Releaser];
            *officer.name.value != *releases.name.value
                && drafts.iter().any(|role| officer.roles.contains(role))
        });
        let other = other.ok_or_else(|| lacks("a second one who drafts, as FLASH and OVERRIDE need"))?;
        by.insert(0, other.name.clone());
    }
    Ok(by)
}

// Acts of institutions.

/// The verb, and a line for each of its values.
fn institution(act: &Institution) -> String {
    let names: Vec<&str> = act.by.iter().map(|officer| officer.value.as_str()).collect();
    let mut lines = vec![
        act.verb.name().to_owned(),
        format!("side: {}", act.side),
        format!("by: {}", names.join(", ")),
    ];
    let mut line = |key: &str, value: Option<&dyn Display>| {
        lines.extend(value.map(|value| format!("{key}: {}", one_line(&value.to_string()))));
    };
    line("channel", act.channel.as_ref().map(|text| text as &dyn Display));
    for scope in &act.scope {
        line("scope", Some(scope));
    }
    line("reason", act.reason.as_ref().map(|text| text as &dyn Display));
    line(
        "effective",
        act.effective.as_ref().map(|span| span as &dyn Display),
    );
    line(
        "review_by",
        act.review_by.as_ref().map(|span| span as &dyn Display),
    );
    lines.join("\n")
}

fn acts(cell: &str) -> Result<Institution, String> {
    let like =
        "write the verb, then a line for each value: side, by, channel, scope, reason, effective, review_by";
    let mut lines = cell.split('\n').filter(|line| !line.trim().is_empty());
    let verb = word(
        InstitutionVerb::ALL,
        InstitutionVerb::name,
        lines.next().unwrap_or(""),
    )
    .map_err(|what| format!("{what}; {like}"))?;
    let mut act = Institution {
        verb,
        side: Side::A,
        by: Vec::new(),
        channel: None,
        scope: Vec::new(),
        reason: None,
        effective: None,
        review_by: None,
    };
    let mut side = None;
    for line in lines {
        let (key, value) = line
            .split_once(':')
            .ok_or_else(|| format!("\"{line}\" is no value; {like}"))?;
        let value = whole(value.strip_prefix(' ').unwrap_or(value));
        let span = || Span::parse(&value).map(Some).map_err(|error| error.what);
        match key.trim() {
            "side" => side = Some(word(Side::ALL, Side::name, &value)?),
            "by" => act.by = value.split(',').map(|name| placed(name.trim())).collect(),
            "channel" => act.channel = Some(value),
            "scope" => act.scope.push(value),
            "reason" => act.reason = Some(value),
            "effective" => act.effective = span()?,
            "review_by" => act.review_by = span()?,
            other => return Err(format!("\"{other}\" is no value of an act; {like}")),
        }
    }
    act.side = side.ok_or_else(|| format!("which side acts is not said; {like}"))?;
    if act.by.is_empty() {
        return Err(format!("nobody signs it; {like}"));
    }
    Ok(act)
}

/// The title of an inject that the base does not have.
pub(super) fn title(deed: &Deed, cell: &str) -> Tongues {
    let words = match deed {
        Deed::News { text, .. } | Deed::Order { text, .. } => text.in_or_any(Tongue::En),
        Deed::Message { sending, .. } if sending.code.is_none() => sending.text.in_or_any(Tongue::En),
        _ => cell,
    };
    Tongues([(Tongue::En, text::title(words))].into())
}

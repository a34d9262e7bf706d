//! A message in one cell: free text; or a code on a line of its own, a line for each field, and free text behind `>`.

use std::collections::BTreeMap;

use hotline_core::{
    precedence::{Precedence, SignaturesNeeded},
    words::{Function, OfficerRole},
};

use super::{
    columns::Column,
    deed::{Cells, Wrong, placed},
    text,
};
use crate::{
    codebook::shipped,
    scenario::{
        Scenario,
        cast::Tongues,
        msel::{Coding, Deed, Inject, Sending},
        place::Placed,
        suggest::nearest,
    },
};

/// Free text; or a code on a line of its own, a line for each field, and free text behind `>`.
pub(super) fn show(sending: &Sending) -> String {
    let Some(coding) = &sending.code else {
        return text::show(&sending.text);
    };
    let mut lines = vec![coding.code.value.clone()];
    lines.extend(
        coding
            .fields
            .iter()
            .map(|(field, text)| format!("{field}: {}", text::one_line(text))),
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

/// What a message's cell holds.
fn said(cell: &str) -> Result<(Option<Coding>, Tongues), String> {
    let mut lines = cell.split('\n');
    let code = lines.next().unwrap_or("");
    if !text::is_code(code) {
        return Ok((None, text::read(cell)?));
    }
    let mut fields = BTreeMap::new();
    let mut free: Vec<&str> = Vec::new();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        if let Some(text) = line.strip_prefix('>') {
            free.push(text.strip_prefix(' ').unwrap_or(text));
            continue;
        }
        let (field, text) = line.split_once(':').ok_or_else(|| {
            format!("\"{line}\" is no field; write a line \"field: value\" for each field, and free words behind >")
        })?;
        let text = text::whole(text.strip_prefix(' ').unwrap_or(text));
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

pub(super) fn read(cells: &Cells<'_>, base: Option<&Inject>, cast: &Scenario) -> Result<Deed, Wrong> {
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
            class: None,
            safety_of_life: false,
            same: false,
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

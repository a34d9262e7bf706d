//! An act of an institution in one cell: the verb, and a line for each of its values.

use std::fmt::Display;

use super::{
    deed::{placed, word},
    text,
};
use crate::scenario::{
    lists::{InstitutionVerb, Side},
    moment::Span,
    msel::Institution,
};

/// The verb, and a line for each of its values.
pub(super) fn show(act: &Institution) -> String {
    let names: Vec<&str> = act.by.iter().map(|officer| officer.value.as_str()).collect();
    let mut lines = vec![
        act.verb.name().to_owned(),
        format!("side: {}", act.side),
        format!("by: {}", names.join(", ")),
    ];
    let mut line = |key: &str, value: Option<&dyn Display>| {
        lines.extend(value.map(|value| format!("{key}: {}", text::one_line(&value.to_string()))));
    };
    let identity = act.identity.as_ref().map(|name| &name.value);
    line("identity", identity.map(|text| text as &dyn Display));
    line("since", act.since.as_ref().map(|span| span as &dyn Display));
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

pub(super) fn read(cell: &str) -> Result<Institution, String> {
    let like = "write the verb, then a line for each value: side, by, identity, since, channel, scope, reason, effective, review_by";
    let mut lines = cell.split('\n').filter(|line| !line.trim().is_empty());
    let verb = word(
        InstitutionVerb::ALL,
        InstitutionVerb::name,
        lines.next().unwrap_or(""),
    )
    .map_err(|what| format!("{what}; {like}"))?;
    let mut act = Institution::new(verb, Side::A);
    let mut side = None;
    for line in lines {
        let (key, value) = line
            .split_once(':')
            .ok_or_else(|| format!("\"{line}\" is no value; {like}"))?;
        let value = text::whole(value.strip_prefix(' ').unwrap_or(value));
        let span = || Span::parse(&value).map(Some).map_err(|error| error.what);
        match key.trim() {
            "side" => side = Some(word(Side::ALL, Side::name, &value)?),
            "by" => act.by = value.split(',').map(|name| placed(name.trim())).collect(),
            "identity" => act.identity = Some(placed(&value)),
            "since" => act.since = span()?,
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

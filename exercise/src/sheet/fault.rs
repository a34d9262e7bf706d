//! A fault in one cell: `loss share=30% on path 2 up for 90s story (ACCIDENTAL)`.

use std::collections::BTreeMap;

use hotline_faults::{
    live::{Direction, Fault},
    spec,
};

use crate::scenario::{
    lists::Category,
    mark::Mark,
    moment::Span,
    msel::{FaultDeed, Link, Until},
    place::Placed,
    suggest::nearest,
};

/// What may stand in the cell.
const DO: &str = "write one like \"cut on path 1 for 90s story (ACCIDENTAL)\" or \"loss share=30% on A north/quic up until ENDEX \
                  (OPERATIONAL)\"";

pub(super) fn show(fault: &FaultDeed, category: Option<Category>) -> String {
    let way = match fault.direction {
        Direction::Up => " up",
        Direction::Down => " down",
        Direction::Both => "",
    };
    let until = match &fault.until {
        Until::For(lasts) => format!("for {lasts}"),
        Until::Mark(mark) => format!("until {}", mark.value),
    };
    let category = category.map_or_else(String::new, |category| format!(" ({category})"));
    format!(
        "{} on {}{way} {until}{category}",
        spec::line(&fault.fault),
        fault.link.value
    )
}

pub(super) fn read(text: &str) -> Result<(FaultDeed, Category), String> {
    let wrong = || format!("\"{text}\" is no fault; {DO}");
    let (text_of, category) = category(text)?;
    let (what, place) = text_of.split_once(" on ").ok_or_else(wrong)?;
    let (link, until) = match (place.split_once(" for "), place.split_once(" until ")) {
        (Some((link, lasts)), None) => (link, Until::For(span(lasts)?)),
        (None, Some((link, mark))) => (link, Until::Mark(Placed::nowhere(self::mark(mark)?))),
        _ => return Err(format!("\"{text}\" does not say until when; {DO}")),
    };
    let (link, direction) = match link.trim().rsplit_once(' ') {
        Some((link, "up")) => (link, Direction::Up),
        Some((link, "down")) => (link, Direction::Down),
        _ => (link.trim(), Direction::Both),
    };
    let fault = self::fault(what)?;
    fault.check_apart(direction).map_err(|error| error.to_string())?;
    let link =
        Placed::nowhere(self::link(link).ok_or_else(|| {
            format!("\"{link}\" is no link; write one like \"path 1\" or \"A north/quic\"")
        })?);
    let deed = FaultDeed {
        fault,
        link,
        direction,
        until,
    };
    Ok((deed, category))
}

/// The category in brackets at the end, and what stands before it.
fn category(text: &str) -> Result<(&str, Category), String> {
    let names: Vec<&str> = Category::ALL.iter().map(|category| category.name()).collect();
    let lacks = || {
        format!(
            "a fault says where it comes from, in brackets at its end: {}; {DO}",
            names.join(", ")
        )
    };
    let (before, name) = text
        .trim_end()
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once('('))
        .ok_or_else(lacks)?;
    let found = Category::ALL
        .iter()
        .find(|category| category.name().eq_ignore_ascii_case(name.trim()));
    let unknown = || {
        let near = nearest(&name.to_uppercase(), names.iter().copied());
        let near = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
        format!("\"{name}\" is not one of {}{near}", names.join(", "))
    };
    Ok((before.trim_end(), *found.ok_or_else(unknown)?))
}

fn span(text: &str) -> Result<Span, String> {
    Span::parse(text).map_err(|error| error.what)
}

fn mark(text: &str) -> Result<Mark, String> {
    text.trim().parse().map_err(|error| format!("{error}"))
}

fn fault(text: &str) -> Result<Fault, String> {
    let mut words = text.split_whitespace();
    let kind = words.next().unwrap_or("");
    let mut values = BTreeMap::new();
    for word in words {
        let (key, value) = word
            .split_once('=')
            .ok_or_else(|| format!("\"{word}\" is no key=value of a fault; {DO}"))?;
        values.insert(key.to_owned(), value.to_owned());
    }
    match spec::fault(kind, &values).map_err(|error| error.what)? {
        // An inject's own key of that name says when it comes.
        Fault::Timeout { after } | Fault::ResetPeer { after } if !after.is_zero() => Err(format!(
            "a {kind} of an inject begins at once; leave \"after\" out, and plan it later"
        )),
        fault => Ok(fault),
    }
}

fn link(text: &str) -> Option<Link> {
    match text.split_once(' ')? {
        ("path", number) => number.trim().parse().ok().map(Link::Path),
        (desk, leg) => {
            let (relay, door) = leg.trim().split_once('/')?;
            Some(Link::Leg {
                desk: desk.to_owned(),
                relay: relay.to_owned(),
                door: door.to_owned(),
            })
        }
    }
}

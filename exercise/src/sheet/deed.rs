//! The cells `text` and `from`: what an inject does, in words that read as the deed.

use hotline_core::{precedence::Precedence, words::OfficerRole};
use hotline_faults::value;

use super::{act, columns::Column, fault, message, text};
use crate::scenario::{
    Scenario,
    cast::Tongues,
    lists::{Category, HandedIn, Method, ProcessDeed, Tongue},
    mark::NotAMark,
    msel::{Deed, HandIn, Inject},
    place::Placed,
    suggest::nearest,
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
        Deed::Message { sending, .. } => message::show(sending),
        Deed::Fault(deed) => fault::show(deed, inject.category),
        Deed::Process { deed, who } => format!("{deed} {}", who.value),
        Deed::Clock { who, back, by } => {
            let sign = if *back { '-' } else { '+' };
            format!("{} {sign}{}", who.value, value::show_duration(*by))
        }
        Deed::Institution(act) => act::show(act),
        Deed::Attack(attack) => attack.value.clone(),
        Deed::Phrase(officer) => officer.value.clone(),
        Deed::HandIn(hand_in) => hand_in.to_string(),
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
        Method::Message => message::read(cells, base, cast)?,
        Method::Fault => {
            let (deed, of) = fault::read(text).map_err(of_text)?;
            category = Some(of);
            Deed::Fault(deed)
        }
        Method::Process => process(text).map_err(of_text)?,
        Method::Clock => clock(text).map_err(of_text)?,
        Method::Institution => Deed::Institution(act::read(text).map_err(of_text)?),
        Method::Attack => Deed::Attack(placed(text.trim())),
        Method::Phrase => Deed::Phrase(placed(text.trim())),
        Method::HandIn => Deed::HandIn(hand_in(text).map_err(of_text)?),
        Method::Hand => {
            note = Some(text.to_owned());
            Deed::Hand
        }
    };
    Ok(Read { deed, category, note })
}

/// `truncate south m1`: what is done, to whose log, about which message.
fn hand_in(text: &str) -> Result<HandIn, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [how, who, of] = words.as_slice() else {
        return Err(
            "write what is done, whose log, and which message, like \"truncate south m1\"".to_owned(),
        );
    };
    Ok(HandIn {
        how: word(HandedIn::ALL, HandedIn::name, how)?,
        who: placed(who),
        of: Placed::nowhere(of.parse().map_err(|error: NotAMark| error.to_string())?),
    })
}

/// A name that stands in no text.
pub(super) fn placed(text: &str) -> Placed<String> {
    Placed::nowhere(text.to_owned())
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

/// The title of an inject that the base does not have.
pub(super) fn title(deed: &Deed, cell: &str) -> Tongues {
    let words = match deed {
        Deed::News { text, .. } | Deed::Order { text, .. } => text.in_or_any(Tongue::En),
        Deed::Message { sending, .. } if sending.code.is_none() => sending.text.in_or_any(Tongue::En),
        _ => cell,
    };
    Tongues([(Tongue::En, text::title(words))].into())
}

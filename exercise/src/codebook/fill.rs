//! Filling in a coded message from what somebody wrote: fields as text, by the code they belong to. Scripts and people at
//! desks fill in alike.

use std::time::Duration;

use hotline_core::time::WallTime;

use super::{
    Code, Codebook, Field, Kind, Must,
    coded::{self, Coded},
};
use crate::scenario::moment::ahead;

/// What is wrong with one field, or with the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The field; none if it is about the message.
    pub field: Option<String>,
    /// A sentence: what is wrong, and what would do.
    pub why: String,
}

/// Reads what was written into fields. A date-time group may be written `now` or `now+6h story`: `reckon` says when
/// it is so much of the story later.
///
/// # Errors
/// Every [`Unfit`] field, and then those that lack. Of a message in which nothing else is wrong [`text`] says what lacks.
pub fn fill<'w>(
    code: &Code,
    written: impl IntoIterator<Item = (&'w str, &'w str)>,
    remark: String,
    reckon: &dyn Fn(Duration) -> WallTime,
) -> Result<Coded, Vec<Unfit>> {
    let mut filled = Coded::new(&code.id);
    filled.remark = remark;
    let mut unfit = Vec::new();
    let mut seen = Vec::new();
    for (id, text) in written {
        seen.push(id);
        let value = match code.field(id) {
            None => Err(format!("{} has no field {id}; it has {}", code.id, ids(code))),
            Some(field) => dated(&field.kind, text, reckon).and_then(|text| field.kind.read(&text)),
        };
        match value {
            Ok(value) => filled = filled.with(id, value),
            Err(why) => unfit.push(Unfit {
                field: Some(id.to_owned()),
                why,
            }),
        }
    }
    if unfit.is_empty() {
        return Ok(filled);
    }
    let mandatory = code.fields.iter().filter(|field| field.must == Must::Mandatory);
    let lacking = mandatory.filter(|field| !seen.contains(&field.id.as_str()));
    unfit.extend(lacking.map(lacks));
    Err(unfit)
}

/// The text that is signed, and everything that keeps it from being one.
///
/// # Errors
/// Every [`Unfit`]: of a field that lacks, with what belongs there.
pub fn text(book: &Codebook, filled: &Coded) -> Result<String, Vec<Unfit>> {
    coded::encode(book, filled).map_err(|refused| {
        let code = book.code(&filled.code);
        refused.into_iter().map(|refused| unfit(refused, code)).collect()
    })
}

fn unfit(refused: coded::Refused, code: Option<&Code>) -> Unfit {
    let why = refused.to_string();
    match refused {
        coded::Refused::Lacking(id) => match code.and_then(|code| code.field(&id)) {
            Some(field) => lacks(field),
            None => Unfit { field: Some(id), why },
        },
        coded::Refused::Wrong { field, why } => Unfit {
            field: Some(field),
            why,
        },
        coded::Refused::NoSuchField { field, .. } => Unfit {
            field: Some(field),
            why,
        },
        coded::Refused::NoSuchCode(_) | coded::Refused::Remark(_) => Unfit { field: None, why },
    }
}

fn lacks(field: &Field) -> Unfit {
    Unfit {
        field: Some(field.id.clone()),
        why: format!("{} is mandatory and lacks: {}", field.id, field.kind.example()),
    }
}

/// The same text; of a time that is to be reckoned, the date-time group.
fn dated(kind: &Kind, text: &str, reckon: &dyn Fn(Duration) -> WallTime) -> Result<String, String> {
    match ahead(text).filter(|_| matches!(kind, Kind::Dtg | Kind::Dtgs)) {
        Some(Ok(length)) => Ok(reckon(length.0).dtg().to_string()),
        Some(Err(error)) => Err(error.to_string()),
        None => Ok(text.to_owned()),
    }
}

fn ids(code: &Code) -> String {
    let ids: Vec<&str> = code.fields.iter().map(|field| field.id.as_str()).collect();
    ids.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::codebook::shipped::starter;

    /// From 260000Z NOV 26 on.
    fn reckon(ahead: Duration) -> WallTime {
        let start = 1_795_651_200_000;
        WallTime::from_unix_ms(start + u64::try_from(ahead.as_millis()).unwrap())
    }

    fn filled(written: &[(&str, &str)]) -> Result<String, Vec<String>> {
        let book = starter().unwrap();
        let code = book.code("QX-01").unwrap();
        let filled = fill(code, written.iter().copied(), String::new(), &reckon);
        let text = filled.and_then(|filled| text(&book, &filled));
        text.map_err(|unfit| unfit.into_iter().map(|unfit| unfit.why).collect())
    }

    #[test]
    fn a_field_that_lacks_is_named_with_what_belongs_there() {
        let lacking = filled(&[("whose", "OURS"), ("activity", "Ships gather")]).unwrap_err();
        assert_eq!(lacking.len(), 2, "{lacking:?}");
        assert!(
            lacking[0].starts_with("place is mandatory and lacks: write "),
            "{lacking:?}"
        );
    }

    #[test]
    fn every_field_that_does_not_fit_is_named_at_once() {
        let wrong = filled(&[("whose", "MINE"), ("wether", "fair")]).unwrap_err();
        assert!(wrong[0].contains("OURS, YOURS or THIRD(name)"), "{wrong:?}");
        assert!(wrong[1].contains("no field wether; it has whose"), "{wrong:?}");
        assert!(
            wrong[2].starts_with("activity is mandatory and lacks"),
            "{wrong:?}"
        );
        assert_eq!(wrong.len(), 5, "{wrong:?}");
    }

    #[test]
    fn a_time_is_reckoned_in_the_story_and_only_where_a_time_belongs() {
        let book = starter().unwrap();
        let code = book.code("DE-01").unwrap();
        let written = [("from", "now"), ("until", "now+12m story")];
        let text = fill(code, written, String::new(), &reckon).unwrap();
        assert_eq!(text.fields["until"].to_string(), "260012Z NOV 26");
        let whose = filled(&[("whose", "now")]).unwrap_err();
        assert!(whose[0].contains("no whose"), "{whose:?}");
    }
}

//! A coded message as text: one writing for one message, and nothing else reads as it.
//!
//! ```text
//! HOTLINE-CODED 1
//! codebook: starter/1 sha256:…
//! code: HZ-01
//! whose: OURS
//! dtg: 260942Z NOV 26
//! > words in the sender's language
//! ```
//!
//! Fields stand in the codebook's order, each on one line. Every line of free text begins with `>`, and no field does.

use std::collections::BTreeMap;
use std::time::Duration;

use hotline_audit::Hash;
use hotline_core::{text, time::WallTime};

use super::{Code, Codebook, Field, Must, Tongue, Value, fields};

mod insufficient;
mod parse;

pub use insufficient::{NotInsufficient, insufficient, read_insufficient};

/// The first line of every coded message.
pub const FIRST_LINE: &str = "HOTLINE-CODED 1";

/// A coded message: a code, what stands in its fields, and free words beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    /// Which coded message, like `HZ-01`.
    pub code: String,
    /// What stands in its fields, by the field's name.
    pub fields: BTreeMap<String, Value>,
    /// Free words in the sender's language; may be empty.
    pub remark: String,
}

/// What a text turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// Free text: its first line is not that of a coded message.
    Free,
    /// A coded message of this codebook. Mandatory fields may lack: ask [`lacking`].
    Coded(Coded),
    /// A coded message of another codebook. It is never decoded by guess.
    OtherCodebook {
        /// Name and version that it claims, like `starter/1`.
        book: String,
        /// The hash that it claims.
        sha256: Hash,
    },
    /// It begins as a coded message and is none.
    Malformed(Malformed),
}

/// Why a text that begins as a coded message is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Malformed {
    /// From 1.
    pub line: usize,
    /// A sentence, made inert.
    pub why: String,
}

/// Why a message cannot be sent coded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The codebook has no such code.
    #[error("the codebook has no {0}")]
    NoSuchCode(String),
    /// The code has no such field.
    #[error("{code} has no field {field}")]
    NoSuchField {
        /// The code.
        code: String,
        /// What was filled in.
        field: String,
    },
    /// A mandatory field is empty: the message can only go as free text.
    #[error("{0} is mandatory and lacks; without it the message can only go as free text")]
    Lacking(String),
    /// A value that may not stand there.
    #[error("{field}: {why}")]
    Wrong {
        /// The field.
        field: String,
        /// A sentence.
        why: String,
    },
    /// The free words hold characters that act or deceive.
    #[error("the free words hold {0} characters that act or deceive")]
    Remark(usize),
}

impl Coded {
    /// A message without fields and words.
    #[must_use]
    pub fn new(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            fields: BTreeMap::new(),
            remark: String::new(),
        }
    }

    /// The same with one more field.
    #[must_use]
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.fields.insert(field.to_owned(), value);
        self
    }

    /// Time from `now` until the first date-time group of the message, zero if that has passed; `None` without one.
    #[must_use]
    pub fn ahead(&self, now: WallTime) -> Option<Duration> {
        let stamps = self.fields.values().flat_map(|value| match value {
            Value::Dtg(stamp) => std::slice::from_ref(stamp),
            Value::Dtgs(stamps) => stamps.as_slice(),
            _ => &[],
        });
        let first = stamps.min()?.start();
        Some(Duration::from_millis(
            first.unix_ms().saturating_sub(now.unix_ms()),
        ))
    }
}

/// The canonical text of a message.
///
/// # Errors
/// Every [`Refused`] at once.
pub fn encode(book: &Codebook, coded: &Coded) -> Result<String, Vec<Refused>> {
    let Some(code) = book.code(&coded.code) else {
        return Err(vec![Refused::NoSuchCode(text::inert_line(&coded.code).text)]);
    };
    let mut refused = wrong(code, coded);
    refused.extend(lacking_of(code, coded).map(|field| Refused::Lacking(field.id.clone())));
    if refused.is_empty() {
        Ok(write(book, code, coded))
    } else {
        Err(refused)
    }
}

/// What a text is. Never fails: a text that is nothing else is free.
#[must_use]
pub fn decode(book: &Codebook, text: &str) -> Decoded {
    parse::decode(book, text)
}

/// The mandatory fields that lack, in the codebook's order: what INSUFFICIENT names. A code that the codebook has not
/// lacks nothing.
#[must_use]
pub fn lacking<'a>(book: &'a Codebook, coded: &Coded) -> Vec<&'a Field> {
    book.code(&coded.code)
        .map(|code| lacking_of(code, coded).collect())
        .unwrap_or_default()
}

/// The message as a side reads it: the agreed text, then each field's label and value, in one language. The free words
/// are not translated and not among them.
#[must_use]
pub fn draw(book: &Codebook, coded: &Coded, tongue: Tongue) -> Option<(String, Vec<(String, String)>)> {
    let code = book.code(&coded.code)?;
    let lines = filled(code, coded)
        .map(|(field, value)| (field.label.in_tongue(tongue).to_owned(), value.to_string()))
        .collect();
    Some((code.text.in_tongue(tongue).to_owned(), lines))
}

fn lacking_of<'a>(code: &'a Code, coded: &Coded) -> impl Iterator<Item = &'a Field> {
    code.fields
        .iter()
        .filter(|field| field.must == Must::Mandatory && !coded.fields.contains_key(&field.id))
}

fn filled<'a>(code: &'a Code, coded: &'a Coded) -> impl Iterator<Item = (&'a Field, &'a Value)> {
    code.fields
        .iter()
        .filter_map(|field| Some((field, coded.fields.get(&field.id)?)))
}

/// What may not stand in a message, complete or not.
fn wrong(code: &Code, coded: &Coded) -> Vec<Refused> {
    let mut refused = Vec::new();
    for (id, value) in &coded.fields {
        match code.field(id) {
            None => refused.push(Refused::NoSuchField {
                code: code.id.clone(),
                field: text::inert_line(id).text,
            }),
            Some(field) => {
                if let Err(why) = field.kind.check(value) {
                    let field = id.clone();
                    refused.push(Refused::Wrong { field, why });
                }
            }
        }
    }
    match text::inert(&coded.remark).marked {
        0 => {}
        marked => refused.push(Refused::Remark(marked)),
    }
    refused
}

fn write(book: &Codebook, code: &Code, coded: &Coded) -> String {
    let mut lines = vec![
        FIRST_LINE.to_owned(),
        book_line(book),
        format!("code: {}", code.id),
    ];
    lines.extend(filled(code, coded).map(|(field, value)| format!("{}: {value}", field.id)));
    if !coded.remark.is_empty() {
        lines.extend(coded.remark.split('\n').map(|line| match line {
            "" => ">".to_owned(),
            words => format!("> {words}"),
        }));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn book_line(book: &Codebook) -> String {
    format!(
        "codebook: {}/{} sha256:{}",
        book.name(),
        book.version(),
        book.sha256()
    )
}

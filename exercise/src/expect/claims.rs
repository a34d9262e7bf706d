//! Whose it is: what is said of a third state is marked as its own, and never as either side's.
//!
//! A coded message says it in its field of kind `whose`, for all of itself. In free words each line says it of itself:
//! `THIRD(Caldria): one fishing vessel`.

use hotline_audit::Hash;
use hotline_core::words::Rung;

use crate::{
    codebook::{
        Kind, Value,
        coded::{Coded, Decoded},
        fields::Whose,
    },
    scenario::mark::Alias,
    timeline::{MessageFact, What},
};

use super::{
    Met,
    case::{Case, Finding},
};

/// What was said of a third state.
#[derive(Default)]
struct Claims {
    /// Messages and translations that say something of it, all marked.
    marked: Vec<usize>,
    /// The first that is not: where, and what it says.
    wrong: Option<(usize, String)>,
}

impl Case<'_> {
    /// Whatever names a third state in a released message or a translation is marked `THIRD(name)`; and every line of the
    /// message `of`, if one is named, bears a mark.
    pub(super) fn third(&self, name: &str, of: Option<&Alias>) -> Finding {
        if let Some(finding) = of.and_then(|of| self.unmarked(of)) {
            return finding;
        }
        let mut claims = Claims::default();
        for (no, entry) in self.timeline.entries.iter().enumerate() {
            match &entry.what {
                What::Message(message) if message.released.is_ok() => {
                    claims.note(no, of_message(message, name));
                }
                What::Act(word) if word.rung == Rung::Translated => {
                    claims.note(no, of_words(&word.text, name));
                }
                _ => {}
            }
        }
        if let Some((entry, line)) = claims.wrong {
            let seen = format!("\"{line}\" says something of {name} and is not marked THIRD({name})");
            return Finding::new(Met::No, seen).seen_in([entry]);
        }
        match claims.marked.len() {
            0 => Finding::new(Met::No, format!("nobody said anything of {name}")),
            number => {
                let seen =
                    format!("{number} messages and translations name {name}, and mark it THIRD({name})");
                Finding::new(Met::Yes, seen).seen_in(claims.marked)
            }
        }
    }

    /// The first line of a message that bears no mark; nothing if all do.
    fn unmarked(&self, of: &Alias) -> Option<Finding> {
        let messages = self.messages(of);
        if messages.is_empty() {
            return Some(Finding::new(Met::No, format!("no message {of} was released")));
        }
        messages.iter().find_map(|message| self.unmarked_in(message))
    }

    fn unmarked_in(&self, message: &Hash) -> Option<Finding> {
        let name = self.spoken(message);
        let Some((_, fact)) = self.timeline.message(message) else {
            return Some(Finding::new(Met::Undecided, format!("no log holds {name}")));
        };
        let words = match &fact.coding {
            Decoded::Coded(coded) if whose(coded).is_some() => return None,
            Decoded::Coded(coded) => coded.remark.as_str(),
            _ => fact.text.as_deref().unwrap_or_default(),
        };
        if lines(words).next().is_none() {
            let seen = format!("{name} says nothing that could be marked");
            let entry = self.timeline.messages.get(message).copied();
            return Some(Finding::new(Met::No, seen).seen_in(entry));
        }
        let line = lines(words).find(|line| mark(line).is_none())?;
        let seen = format!("\"{line}\" of {name} is marked neither OURS nor YOURS nor THIRD");
        let entry = self.timeline.messages.get(message).copied();
        Some(Finding::new(Met::No, seen).seen_in(entry))
    }
}

impl Claims {
    /// Nothing, that all is marked, or the line that is not.
    fn note(&mut self, entry: usize, said: Option<Result<(), String>>) {
        match said {
            None => {}
            Some(Ok(())) => self.marked.push(entry),
            Some(Err(line)) => self.wrong = self.wrong.take().or(Some((entry, line))),
        }
    }
}

/// What a message says of a third state: nothing, that all of it is marked, or the first line that is not.
fn of_message(message: &MessageFact, name: &str) -> Option<Result<(), String>> {
    let Decoded::Coded(coded) = &message.coding else {
        return of_words(message.text.as_deref()?, name);
    };
    let is_theirs = matches!(whose(coded), Some(Whose::Third(theirs)) if theirs == name);
    let fields = coded.fields.values().filter_map(|value| match value {
        Value::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let mut named = fields.filter(|text| names(text, name)).peekable();
    let remark = of_words(&coded.remark, name);
    if is_theirs {
        // What is added in free words has marks of its own.
        return Some(remark.unwrap_or(Ok(())));
    }
    match named.peek() {
        Some(line) => Some(Err((*line).to_owned())),
        None => remark,
    }
}

/// The same of free words: each line that names it says whose it is.
fn of_words(words: &str, name: &str) -> Option<Result<(), String>> {
    let mut said = None;
    for line in lines(words).filter(|line| names(line, name)) {
        match mark(line) {
            Some(Whose::Third(theirs)) if theirs == name => said = Some(Ok(())),
            _ => return Some(Err(line.to_owned())),
        }
    }
    said
}

/// Whether words name it, in small letters or capitals.
fn names(words: &str, name: &str) -> bool {
    words.to_lowercase().contains(&name.to_lowercase())
}

fn lines(words: &str) -> impl Iterator<Item = &str> {
    words.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// Whose a line is, by what stands before its first colon.
fn mark(line: &str) -> Option<Whose> {
    let (head, _) = line.split_once(':')?;
    match Kind::Whose.read(head) {
        Ok(Value::Whose(whose)) => Some(whose),
        _ => None,
    }
}

/// Whose a coded message is about.
fn whose(coded: &Coded) -> Option<&Whose> {
    coded.fields.values().find_map(|value| match value {
        Value::Whose(whose) => Some(whose),
        _ => None,
    })
}

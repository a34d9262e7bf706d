//! Single values: texts, names, numbers, times, and words of closed lists.

use std::{fmt::Display, str::FromStr};

use hotline_core::story::Rate;
use toml::de::DeValue;

use super::{Code, Reader, Value, hint, names::Kind};
use crate::scenario::{
    cast::Tongues,
    lists::Tongue,
    mark::{Alias, Mark, Serial, is_name},
    moment::{LineSpan, Span, StorySpan},
    place::Placed,
};

/// Longest text, in characters: two pages.
const TEXT_MAX: usize = 4_000;

impl Reader<'_> {
    /// A text for people: not empty, not too long, nothing in it that moves a cursor.
    pub(super) fn text(&mut self, value: Value<'_>, path: &str) -> Option<String> {
        let Some(text) = value.get_ref().as_str() else {
            self.not(value, path, "a text");
            return None;
        };
        let length = text.chars().count();
        let what = if text.trim().is_empty() {
            "the text is empty".to_owned()
        } else if length > TEXT_MAX {
            format!("the text has {length} characters, and may have {TEXT_MAX}")
        } else if text.chars().any(|c| c.is_control() && c != '\n') {
            "the text holds a control character".to_owned()
        } else {
            return Some(text.to_owned());
        };
        self.refuse(Code::Text, value.span(), path, what);
        None
    }

    pub(super) fn texts(&mut self, value: Value<'_>, path: &str) -> Option<Vec<String>> {
        self.list(value, path, Self::text)
    }

    pub(super) fn placed_text(&mut self, value: Value<'_>, path: &str) -> Option<Placed<String>> {
        let text = self.text(value, path)?;
        Some(Placed {
            value: text,
            span: value.span(),
        })
    }

    /// A name that may become part of a file's name.
    pub(super) fn name(&mut self, value: Value<'_>, path: &str) -> Option<Placed<String>> {
        let name = self.placed_text(value, path)?;
        if is_name(&name) {
            return Some(name);
        }
        let what = "a name is a letter or digit and at most 31 more letters, digits or hyphens";
        self.refuse(Code::Value, value.span(), path, what);
        None
    }

    /// The name of a thing that is declared here.
    pub(super) fn new_name(&mut self, kind: Kind, value: Value<'_>, path: &str) -> Option<Placed<String>> {
        let name = self.name(value, path)?;
        self.declare(kind, &name, name.span.clone(), path);
        Some(name)
    }

    /// The name of a thing that is declared elsewhere.
    pub(super) fn known(&mut self, kind: Kind, value: Value<'_>, path: &str) -> Option<Placed<String>> {
        let name = self.name(value, path)?;
        self.refer(kind, &name, name.span.clone(), path);
        Some(name)
    }

    pub(super) fn all_known(
        &mut self,
        kind: Kind,
        value: Value<'_>,
        path: &str,
    ) -> Option<Vec<Placed<String>>> {
        self.list(value, path, |reader, part, path| reader.known(kind, part, path))
    }

    pub(super) fn variants(&mut self, value: Value<'_>, path: &str) -> Option<Vec<String>> {
        let names = self.all_known(Kind::Variant, value, path)?;
        Some(names.into_iter().map(|name| name.value).collect())
    }

    pub(super) fn boolean(&mut self, value: Value<'_>, path: &str) -> Option<bool> {
        let read = value.get_ref().as_bool();
        if read.is_none() {
            self.not(value, path, "true or false");
        }
        read
    }

    /// A whole number from `least` to `most`.
    pub(super) fn number(&mut self, value: Value<'_>, path: &str, least: u16, most: u16) -> Option<u16> {
        let DeValue::Integer(number) = value.get_ref() else {
            self.not(value, path, "a whole number");
            return None;
        };
        let read = i64::from_str_radix(number.as_str(), number.radix()).ok();
        let read = read.and_then(|number| u16::try_from(number).ok());
        let read = read.filter(|number| (least..=most).contains(number));
        if read.is_none() {
            let what = format!("a whole number from {least} to {most} is wanted");
            self.refuse(Code::Value, value.span(), path, what);
        }
        read
    }

    /// A rate of the story clock.
    pub(super) fn rate(&mut self, value: Value<'_>, path: &str) -> Option<Rate> {
        let text = match value.get_ref() {
            DeValue::Float(number) => number.as_str(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            _ => {
                self.not(value, path, "a number from 0.1 to 60");
                return None;
            }
        };
        self.said(text.parse(), value, path)
    }

    /// Texts by language.
    pub(super) fn tongues(&mut self, value: Value<'_>, path: &str) -> Option<Tongues> {
        let entry = self.table(value, path)?;
        let names: Vec<&str> = Tongue::ALL.iter().map(|tongue| tongue.name()).collect();
        self.keys(&entry, &names);
        let mut texts = Tongues::default();
        for tongue in Tongue::ALL {
            let Some(text) = self.may(&entry, tongue.name(), Self::text) else {
                continue;
            };
            if !self.languages.is_empty() && !self.languages.contains(tongue) {
                let what = format!("\"{}\" is not among the file's languages", tongue.name());
                self.refuse(Code::Text, entry.span_of(tongue.name()), path, what);
            }
            texts.0.insert(*tongue, text);
        }
        if entry.table.is_empty() {
            let what = "a text for people has a language, like { en = \"…\" }";
            self.refuse(Code::Text, value.span(), path, what);
        }
        Some(texts)
    }

    /// A length of time on the clock that it names.
    pub(super) fn span(&mut self, value: Value<'_>, path: &str) -> Option<Span> {
        let (code, what) = match value.get_ref() {
            DeValue::String(text) => match Span::parse(text) {
                Ok(span) => return Some(span),
                Err(error) => (error.code, error.what),
            },
            DeValue::Datetime(_) => (
                Code::Absolute,
                "times of a plan are relative: write one like \"10m story\"".to_owned(),
            ),
            DeValue::Integer(_) | DeValue::Float(_) => (
                Code::NoClock,
                "a bare number names neither unit nor clock; write \"10m story\" or \"2s line\"".to_owned(),
            ),
            _ => {
                self.not(value, path, "a length of time, like \"10m story\"");
                return None;
            }
        };
        self.refuse(code, value.span(), path, what);
        None
    }

    pub(super) fn story(&mut self, value: Value<'_>, path: &str) -> Option<StorySpan> {
        match self.span(value, path)? {
            Span::Story(span) => Some(span),
            Span::Line(_) => {
                let what = "this is a time of the story; write it like \"10m story\"";
                self.refuse(Code::Value, value.span(), path, what);
                None
            }
        }
    }

    pub(super) fn line(&mut self, value: Value<'_>, path: &str) -> Option<LineSpan> {
        match self.span(value, path)? {
            Span::Line(span) => Some(span),
            Span::Story(_) => {
                let what = "this is a time of the line; write it like \"60s line\"";
                self.refuse(Code::Value, value.span(), path, what);
                None
            }
        }
    }

    /// A text that something else reads.
    pub(super) fn parsed<T: FromStr>(&mut self, value: Value<'_>, path: &str) -> Option<Placed<T>>
    where
        T::Err: Display,
    {
        let text = self.text(value, path)?;
        let read = self.said(text.parse(), value, path)?;
        Some(Placed {
            value: read,
            span: value.span(),
        })
    }

    fn said<T, E: Display>(&mut self, read: Result<T, E>, value: Value<'_>, path: &str) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(error) => {
                self.refuse(Code::Value, value.span(), path, error.to_string());
                None
            }
        }
    }

    pub(super) fn mark(&mut self, value: Value<'_>, path: &str) -> Option<Placed<Mark>> {
        let mark: Placed<Mark> = self.parsed(value, path)?;
        self.refer_mark(&mark, mark.span.clone(), path);
        Some(mark)
    }

    pub(super) fn message(&mut self, value: Value<'_>, path: &str) -> Option<Placed<Alias>> {
        let alias: Placed<Alias> = self.parsed(value, path)?;
        self.refer_alias(&alias, alias.span.clone(), path);
        Some(alias)
    }

    pub(super) fn inject(&mut self, value: Value<'_>, path: &str) -> Option<Placed<Serial>> {
        let serial: Placed<Serial> = self.parsed(value, path)?;
        self.refer(Kind::Inject, &serial.to_string(), serial.span.clone(), path);
        Some(serial)
    }

    /// A word of a closed list.
    pub(super) fn word<T: Copy>(
        &mut self,
        all: &[T],
        name: impl Fn(T) -> &'static str,
        value: Value<'_>,
        path: &str,
    ) -> Option<T> {
        let text = self.text(value, path)?;
        let found = all.iter().find(|word| name(**word) == text);
        if found.is_none() {
            let words: Vec<&str> = all.iter().map(|word| name(*word)).collect();
            let near = hint(&text, words.iter().copied());
            let what = format!("\"{text}\" is not one of {}{near}", words.join(", "));
            self.refuse(Code::Value, value.span(), path, what);
        }
        found.copied()
    }
}

/// Reads a word of one of the closed lists, which all have `ALL` and `name`.
macro_rules! word {
    ($list:ty) => {
        |reader, value, path| reader.word(&<$list>::ALL[..], <$list>::name, value, path)
    };
}
pub(super) use word;

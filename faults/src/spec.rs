//! Faults as people write them: a kind, and keys with values. The same for a command line and for a plan file.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    emulator::{Burst, Flapping},
    live::{
        Direction, Fault,
        fault::{HOLD_BYTES, QUEUE_BYTES},
    },
    value,
};

/// Kinds, their keys and an example each: what `hotline fault add` and plan files take.
pub const KINDS: [(&str, &str); 15] = [
    ("latency", "delay=100ms [jitter=20ms]"),
    ("jitter", "by=20ms"),
    ("loss", "share=30%"),
    ("burst", "begins=1% ends=20% [loss=100%]"),
    ("bandwidth", "rate=1Mbit/s [queue=64KiB]"),
    ("reorder", "share=10% by=50ms"),
    ("duplicate", "share=1%"),
    ("mtu", "bytes=1228"),
    ("cut", ""),
    ("partition", ""),
    ("hold", "[bytes=4MiB]"),
    ("flapping", "up=2s down=3s"),
    ("timeout", "[after=5s]"),
    ("reset_peer", "[after=0ms]"),
    ("down", ""),
];

/// What is wrong with a fault as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// Which word.
    pub at: At,
    /// A sentence: what is wrong, and what would do.
    pub what: String,
}

/// A word of a fault as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// The kind.
    Kind,
    /// A key.
    Key(String),
    /// The value of a key.
    Value(String),
}

/// Reads a fault. The values' ranges are checked when it is put in force ([`Fault::check`]).
///
/// # Errors
/// [`SpecError`] says which word is wrong.
pub fn fault(kind: &str, parameters: &BTreeMap<String, String>) -> Result<Fault, SpecError> {
    let Some((_, form)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        let kinds: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        let what = format!("\"{kind}\" is no fault; write one of {}", kinds.join(", "));
        return Err(SpecError { at: At::Kind, what });
    };
    let mut words = Words {
        kind,
        form,
        left: parameters.clone(),
    };
    let fault = words.fault()?;
    match words.left.into_keys().next() {
        None => Ok(fault),
        Some(key) => {
            let what = match *form {
                "" => format!("{kind} takes no values"),
                form => format!("{kind} has no \"{key}\"; it takes {form}"),
            };
            Err(SpecError {
                at: At::Key(key),
                what,
            })
        }
    }
}

/// Reads a direction.
///
/// # Errors
/// A sentence that lists them.
pub fn direction(text: &str) -> Result<Direction, String> {
    match text {
        "up" => Ok(Direction::Up),
        "down" => Ok(Direction::Down),
        "both" => Ok(Direction::Both),
        _ => Err(format!("\"{text}\" is no direction; write up, down or both")),
    }
}

/// The keys and values of a fault, as they would be written.
#[must_use]
pub fn parameters(fault: &Fault) -> Vec<(&'static str, String)> {
    use value::{show_duration as time, show_rate, show_share as share, show_size};
    match fault {
        Fault::Latency { by, jitter } if jitter.is_zero() => vec![("delay", time(*by))],
        Fault::Latency { by, jitter } => vec![("delay", time(*by)), ("jitter", time(*jitter))],
        Fault::Jitter { by } => vec![("by", time(*by))],
        Fault::Loss { share: lost } => vec![("share", share(*lost))],
        Fault::Burst(burst) => vec![
            ("begins", share(burst.begins)),
            ("ends", share(burst.ends)),
            ("loss", share(burst.loss)),
        ],
        Fault::Bandwidth { rate, queue } => vec![("rate", show_rate(*rate)), ("queue", show_size(*queue))],
        Fault::Reorder { share: late, by } => vec![("share", share(*late)), ("by", time(*by))],
        Fault::Duplicate { share: twice } => vec![("share", share(*twice))],
        Fault::Mtu { bytes } => vec![("bytes", bytes.to_string())],
        Fault::Hold { bytes } => vec![("bytes", show_size(*bytes))],
        Fault::Flapping(Flapping { up, down }) => vec![("up", time(*up)), ("down", time(*down))],
        Fault::Timeout { after } | Fault::ResetPeer { after } => vec![("after", time(*after))],
        Fault::Cut | Fault::Partition | Fault::Down => Vec::new(),
    }
}

/// A fault in one line, as it would be written: `latency delay=100ms`.
#[must_use]
pub fn line(fault: &Fault) -> String {
    let mut line = fault.kind().to_owned();
    for (key, value) in parameters(fault) {
        line.push_str(&format!(" {key}={value}"));
    }
    line
}

struct Words<'a> {
    kind: &'a str,
    form: &'a str,
    /// What was not read yet.
    left: BTreeMap<String, String>,
}

impl Words<'_> {
    fn fault(&mut self) -> Result<Fault, SpecError> {
        Ok(match self.kind {
            "latency" => Fault::Latency {
                by: self.time_or_ms("delay")?,
                jitter: self.read("jitter", value::duration)?.unwrap_or_default(),
            },
            "jitter" => Fault::Jitter {
                by: self.time_or_ms("by")?,
            },
            "loss" => Fault::Loss {
                share: self.must("share", value::share)?,
            },
            "burst" => Fault::Burst(Burst {
                begins: self.must("begins", value::share)?,
                ends: self.must("ends", value::share)?,
                loss: self.read("loss", value::share)?.unwrap_or(1.0),
            }),
            "bandwidth" => Fault::Bandwidth {
                rate: self.must("rate", value::rate)?,
                queue: self.read("queue", value::size)?.unwrap_or(QUEUE_BYTES),
            },
            "reorder" => Fault::Reorder {
                share: self.must("share", value::share)?,
                by: self.time_or_ms("by")?,
            },
            "duplicate" => Fault::Duplicate {
                share: self.must("share", value::share)?,
            },
            "mtu" => Fault::Mtu {
                bytes: usize::try_from(self.must("bytes", value::size)?).unwrap_or(usize::MAX),
            },
            "cut" => Fault::Cut,
            "partition" => Fault::Partition,
            "hold" => Fault::Hold {
                bytes: self.read("bytes", value::size)?.unwrap_or(HOLD_BYTES),
            },
            "flapping" => Fault::Flapping(Flapping {
                up: self.must("up", value::duration)?,
                down: self.must("down", value::duration)?,
            }),
            "timeout" => Fault::Timeout {
                after: self.read("after", value::duration)?.unwrap_or_default(),
            },
            "reset_peer" => Fault::ResetPeer {
                after: self.read("after", value::duration)?.unwrap_or_default(),
            },
            _ => Fault::Down,
        })
    }

    fn read<T>(&mut self, key: &str, parse: fn(&str) -> Result<T, String>) -> Result<Option<T>, SpecError> {
        let Some(text) = self.left.remove(key) else {
            return Ok(None);
        };
        let wrong = |what| SpecError {
            at: At::Value(key.to_owned()),
            what,
        };
        parse(&text).map(Some).map_err(wrong)
    }

    fn must<T>(&mut self, key: &str, parse: fn(&str) -> Result<T, String>) -> Result<T, SpecError> {
        let (kind, form) = (self.kind, self.form);
        self.read(key, parse)?.ok_or_else(|| SpecError {
            at: At::Kind,
            what: format!("{kind} needs \"{key}\": {kind} {form}"),
        })
    }

    /// A duration under its key, or a bare number under `ms`, whose name is the unit.
    fn time_or_ms(&mut self, key: &str) -> Result<Duration, SpecError> {
        match self.read("ms", |text| {
            value::duration(&format!("{text}ms")).map_err(|_| no_number(text))
        })? {
            Some(time) if self.left.contains_key(key) => {
                let what = format!("\"ms\" and \"{key}\" say the same; write one of them");
                let at = At::Key(key.to_owned());
                let _ = time;
                Err(SpecError { at, what })
            }
            Some(time) => Ok(time),
            None => self.must(key, value::duration),
        }
    }
}

fn no_number(text: &str) -> String {
    format!("\"{text}\" is no number of milliseconds; write one like 100")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn read(text: &str) -> Result<Fault, SpecError> {
        let (kind, words) = text.split_once(' ').unwrap_or((text, ""));
        let pairs = words.split_whitespace().filter_map(|word| word.split_once('='));
        fault(
            kind,
            &pairs
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    #[test]
    fn every_kind_is_read_from_its_own_example_and_written_back() {
        for (kind, form) in KINDS {
            let typed = format!("{kind} {}", form.replace(['[', ']'], ""));
            let fault = read(typed.trim()).unwrap();
            assert_eq!(fault.kind(), kind);
            assert_eq!(read(&line(&fault)).unwrap(), fault);
            let short: Vec<&str> = form
                .split(" [")
                .take(1)
                .filter(|part| !part.starts_with('['))
                .collect();
            read(format!("{kind} {}", short.join("")).trim()).unwrap();
        }
    }

    #[test]
    fn a_latency_may_be_written_in_milliseconds() {
        let by = Duration::from_millis(100);
        let jitter = Duration::ZERO;
        assert_eq!(read("latency ms=100").unwrap(), Fault::Latency { by, jitter });
        assert_eq!(
            read("latency ms=100 delay=1s").unwrap_err().at,
            At::Key("delay".into())
        );
        assert_eq!(read("latency ms=100ms").unwrap_err().at, At::Value("ms".into()));
    }

    #[test]
    fn an_error_names_the_word_and_what_would_do() {
        for (typed, at, part) in [
            ("lateness ms=1", At::Kind, "latency"),
            ("loss", At::Kind, "share=30%"),
            ("loss share=30", At::Value("share".into()), "30%"),
            ("loss share=30% colour=red", At::Key("colour".into()), "share=30%"),
            ("cut share=30%", At::Key("share".into()), "no values"),
        ] {
            let error = read(typed).unwrap_err();
            assert_eq!(error.at, at, "{typed}");
            assert!(error.what.contains(part), "{}", error.what);
        }
    }
}

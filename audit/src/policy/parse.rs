//! Reading a policy file, line by line.

use std::collections::{BTreeMap, BTreeSet};

use super::{Group, Member, Policy, PolicyLog, PolicyName, PolicyWitness, RosterPin};
use crate::checkpoint::{LogVerifier, decimal};
use crate::cosign::CosignVerifier;
use crate::dsse::PublicKey;
use crate::key::is_trust_domain;
use crate::note::{NoteError, VerifierKey};
use crate::trust::parse_root;

/// Largest policy file, in bytes.
pub const MAX_POLICY_BYTES: usize = 256 * 1024;

/// Most logs, most witnesses, most groups, and most lines of ours. The format asks for at least 32 of each.
pub const MAX_POLICY_ITEMS: usize = 256;

/// A line that cannot stand in a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct PolicyError {
    /// The line, from 1; the last one for what is missing in the file.
    pub line: usize,
    /// What is wrong.
    #[source]
    pub fault: PolicyFault,
}

/// What is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// The file is too large.
    #[error("the file is larger than {MAX_POLICY_BYTES} bytes")]
    TooLarge,
    /// A control character.
    #[error("a control character: only tab and newline are allowed")]
    Control,
    /// The first word is none of the format.
    #[error("{0:?} is not log, witness, group, quorum, hotline-root or hotline-roster")]
    UnknownWord(String),
    /// Too few or too many words.
    #[error("this line has the form: {0}")]
    Form(&'static str),
    /// Too many of one kind.
    #[error("more than {MAX_POLICY_ITEMS} of one kind")]
    TooMany,
    /// A key that is refused.
    #[error("the key is refused: {0}")]
    Key(#[from] NoteError),
    /// A key that an earlier line has.
    #[error("the same public key stands in an earlier line")]
    SameKey,
    /// A name that an earlier line has, or `none`.
    #[error("the name {0} is taken")]
    NameTaken(PolicyName),
    /// A name that no earlier line has.
    #[error("no line before this one defines {0}")]
    UnknownName(PolicyName),
    /// A name that is a member already: each counts in one way only.
    #[error("{0} is a member of a group already")]
    SecondMembership(PolicyName),
    /// A threshold that is none.
    #[error("the threshold is all, any, or a number from 1 to the number of members")]
    Threshold,
    /// No quorum, or two.
    #[error("a policy has exactly one quorum line")]
    Quorum,
    /// A second root of one trust domain.
    #[error("a second hotline-root of {0}")]
    SecondRoot(String),
    /// The root is a weak or malformed key.
    #[error("the statement root is refused: {0}")]
    Root(#[from] crate::dsse::KeyError),
}

pub(super) fn policy(bytes: &[u8]) -> Result<Policy, PolicyError> {
    if bytes.len() > MAX_POLICY_BYTES {
        return Err(PolicyError {
            line: 1,
            fault: PolicyFault::TooLarge,
        });
    }
    let mut reading = Reading::default();
    let mut last = 1;
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        last = at + 1;
        reading
            .line(line)
            .map_err(|fault| PolicyError { line: last, fault })?;
    }
    reading
        .finish()
        .map_err(|fault| PolicyError { line: last, fault })
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    names: BTreeMap<PolicyName, Member>,
    members: BTreeSet<PolicyName>,
    /// None before the line; `Some(None)` for `quorum none`.
    quorum: Option<Option<Member>>,
    roots: Vec<(String, PublicKey)>,
    pins: Vec<RosterPin>,
}

impl Reading {
    fn line(&mut self, line: &[u8]) -> Result<(), PolicyFault> {
        let words: Vec<&[u8]> = line
            .split(|byte| matches!(byte, b' ' | b'\t'))
            .filter(|word| !word.is_empty())
            .collect();
        if line
            .iter()
            .any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f)
        {
            return Err(PolicyFault::Control);
        }
        match words.as_slice() {
            [] => Ok(()),
            [word, ..] if word.starts_with(b"#") => Ok(()),
            [b"log", rest @ ..] => self.log(rest),
            [b"witness", rest @ ..] => self.witness(rest),
            [b"group", rest @ ..] => self.group(rest),
            [b"quorum", rest @ ..] => self.quorum(rest),
            [b"hotline-root", ..] => self.root(&words),
            [b"hotline-roster", rest @ ..] => self.pin(rest),
            [word, ..] => Err(PolicyFault::UnknownWord(text(word))),
        }
    }

    fn log(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let (key, url) = key_and_url(words).ok_or(PolicyFault::Form("log <vkey> [<url>]"))?;
        let key: VerifierKey = key.parse()?;
        if self
            .logs
            .iter()
            .any(|log| log.key.verifier_key().key() == key.key())
        {
            return Err(PolicyFault::SameKey);
        }
        room(&self.logs)?;
        let key = LogVerifier::new(key.name(), *key.key())?;
        self.logs.push(PolicyLog { key, url });
        Ok(())
    }

    fn witness(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let form = PolicyFault::Form("witness <name> <vkey> [<url>]");
        let Some((name, rest)) = words.split_first() else {
            return Err(form);
        };
        let (key, url) = key_and_url(rest).ok_or(form)?;
        let key: CosignVerifier = key.parse()?;
        if self.witnesses.iter().any(|known| known.key.key() == key.key()) {
            return Err(PolicyFault::SameKey);
        }
        room(&self.witnesses)?;
        let name = self.define(name, Member::Witness(self.witnesses.len()))?;
        self.witnesses.push(PolicyWitness { name, key, url });
        Ok(())
    }

    fn group(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name, threshold, members @ ..] = words else {
            return Err(PolicyFault::Form("group <name> all|any|<k> <name>..."));
        };
        let needed = match *threshold {
            b"all" => members.len(),
            b"any" => 1,
            number => decimal(&text(number))
                .and_then(|number| usize::try_from(number).ok())
                .ok_or(PolicyFault::Threshold)?,
        };
        if !(1..=members.len()).contains(&needed) {
            return Err(PolicyFault::Threshold);
        }
        room(&self.groups)?;
        let mut places = Vec::with_capacity(members.len());
        for member in members {
            let (member, place) = self.defined(member)?;
            if !self.members.insert(member.clone()) {
                return Err(PolicyFault::SecondMembership(member));
            }
            places.push(place);
        }
        let name = self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group {
            name,
            needed,
            members: places,
        });
        Ok(())
    }

    fn quorum(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name] = words else {
            return Err(PolicyFault::Form("quorum <name>"));
        };
        if self.quorum.is_some() {
            return Err(PolicyFault::Quorum);
        }
        self.quorum = match *name {
            NONE => Some(None),
            name => Some(Some(self.defined(name)?.1)),
        };
        Ok(())
    }

    fn root(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let form = PolicyFault::Form("hotline-root <trust domain> <base64 of 32 bytes>");
        let line = text(&words.join(&b' '));
        let (domain, root) = parse_root(&line).ok_or(form)??;
        if self.roots.iter().any(|(known, _)| *known == domain) {
            return Err(PolicyFault::SecondRoot(domain));
        }
        room(&self.roots)?;
        self.roots.push((domain, root));
        Ok(())
    }

    fn pin(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let form = || PolicyFault::Form("hotline-roster <trust domain> <number> <64 hex digits>");
        let [domain, number, hash] = words else {
            return Err(form());
        };
        let pin = RosterPin {
            trust_domain: text(domain),
            number: decimal(&text(number))
                .filter(|number| *number > 0)
                .ok_or_else(form)?,
            hash: text(hash).parse().map_err(|_| form())?,
        };
        if !is_trust_domain(&pin.trust_domain) {
            return Err(form());
        }
        room(&self.pins)?;
        self.pins.push(pin);
        Ok(())
    }

    fn define(&mut self, name: &[u8], place: Member) -> Result<PolicyName, PolicyFault> {
        let name = PolicyName(name.to_vec());
        if name.0 == NONE || self.names.contains_key(&name) {
            return Err(PolicyFault::NameTaken(name));
        }
        self.names.insert(name.clone(), place);
        Ok(name)
    }

    fn defined(&self, name: &[u8]) -> Result<(PolicyName, Member), PolicyFault> {
        let name = PolicyName(name.to_vec());
        match self.names.get(&name) {
            Some(place) => Ok((name, *place)),
            None => Err(PolicyFault::UnknownName(name)),
        }
    }

    fn finish(self) -> Result<Policy, PolicyFault> {
        Ok(Policy {
            quorum: self.quorum.ok_or(PolicyFault::Quorum)?,
            logs: self.logs,
            witnesses: self.witnesses,
            groups: self.groups,
            roots: self.roots,
            pins: self.pins,
        })
    }
}

/// The predefined name of no quorum at all.
const NONE: &[u8] = b"none";

fn room<T>(items: &[T]) -> Result<(), PolicyFault> {
    if items.len() < MAX_POLICY_ITEMS {
        Ok(())
    } else {
        Err(PolicyFault::TooMany)
    }
}

fn key_and_url(words: &[&[u8]]) -> Option<(String, Option<String>)> {
    match words {
        [key] => Some((text(key), None)),
        [key, url] => Some((text(key), Some(text(url)))),
        _ => None,
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

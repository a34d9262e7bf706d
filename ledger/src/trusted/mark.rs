//! One record: what was newest in one trust domain.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use hotline_audit::Hash;
use hotline_audit::key::{DenyHead, DenyList, Roster, RosterHead};

use super::CaSeen;

/// First line of a record.
const HEAD: &str = "hotline-trust 1";

/// Roots and CA keys that were replaced and are remembered. 32: one a year is many.
const RETIRED_MAX: usize = 32;

/// What was newest in one trust domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The statement root.
    pub(super) root: [u8; 32],
    roster: RosterHead,
    pub(super) denied: DenyHead,
    /// Orders that end nobody, because they were not seen in time.
    pub(super) void: BTreeSet<u64>,
    /// SHA-256 of the CA's public key, and the number of its newest list.
    ca: Option<(Hash, Option<String>)>,
    /// SHA-256 of roots and CA keys that were replaced by others, the newest last.
    retired: Vec<Hash>,
}

impl Mark {
    pub(super) fn of(roster: &Roster, denied: &DenyList, ca: Option<&CaSeen>, before: Option<&Mark>) -> Self {
        let none = RosterHead {
            number: 0,
            hash: Hash::ZERO,
        };
        let mut mark = Self {
            root: *roster.root().as_bytes(),
            roster: roster.head().unwrap_or(none),
            denied: denied.head(),
            void: denied.void().clone(),
            ca: ca.map(|ca| (ca.key, ca.list.clone())),
            retired: Vec::new(),
        };
        if let Some(before) = before {
            mark.retired.clone_from(&before.retired);
            if before.root != mark.root {
                mark.retire(Hash::of(&before.root));
            }
            match (&before.ca, &mark.ca) {
                (Some((old, _)), Some((new, _))) if old != new => mark.retire(*old),
                (Some(_), None) => mark.ca.clone_from(&before.ca),
                _ => {}
            }
        }
        mark
    }

    fn retire(&mut self, key: Hash) {
        self.retired.push(key);
        let over = self.retired.len().saturating_sub(RETIRED_MAX);
        self.retired.drain(..over);
    }

    /// Refuses what is older: the file, and why.
    pub(super) fn check(
        &self,
        roster: &Roster,
        denied: &DenyList,
        ca: Option<&CaSeen>,
    ) -> Result<(), (&'static str, String)> {
        let root = roster.root().as_bytes();
        if self.root == *root {
            if self.roster.number > 0 {
                roster
                    .check_not_older(&self.roster)
                    .map_err(|error| ("roster", error.to_string()))?;
            }
            denied
                .check_holds(&self.denied)
                .map_err(|error| ("deny", error.to_string()))?;
        } else if self.retired.contains(&Hash::of(root)) {
            return Err((
                "root.pub",
                "this statement root was replaced by another one".into(),
            ));
        }
        ca.map_or(Ok(()), |ca| self.check_ca(ca))
    }

    fn check_ca(&self, ca: &CaSeen) -> Result<(), (&'static str, String)> {
        let Some((key, list)) = &self.ca else {
            return Ok(());
        };
        if *key != ca.key {
            if self.retired.contains(&ca.key) {
                return Err(("ca.crt", "this CA was replaced by another one".into()));
            }
            return Ok(());
        }
        if order(ca.list.as_deref()) < order(list.as_deref()) {
            let number = |list: &Option<String>| list.clone().unwrap_or_else(|| "none".into());
            return Err((
                "crl.pem",
                format!(
                    "its number is {}, and number {} has been seen",
                    number(&ca.list),
                    number(list)
                ),
            ));
        }
        Ok(())
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = format!("{HEAD}\nroot {}\n", Hash(self.root));
        // Writing to a string does not fail.
        let _ = writeln!(text, "roster {} {}", self.roster.number, self.roster.hash);
        let _ = writeln!(text, "denied {} {}", self.denied.number, self.denied.hash);
        for number in &self.void {
            let _ = writeln!(text, "void {number}");
        }
        if let Some((key, list)) = &self.ca {
            let _ = writeln!(text, "ca {key} {}", list.as_deref().unwrap_or("-"));
        }
        for key in &self.retired {
            let _ = writeln!(text, "retired {key}");
        }
        text
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != HEAD {
            return None;
        }
        let root: Hash = lines.next()?.strip_prefix("root ")?.parse().ok()?;
        let (number, hash) = numbered(lines.next()?.strip_prefix("roster ")?)?;
        let roster = RosterHead { number, hash };
        let (number, hash) = numbered(lines.next()?.strip_prefix("denied ")?)?;
        let mut mark = Self {
            root: root.0,
            roster,
            denied: DenyHead { number, hash },
            void: BTreeSet::new(),
            ca: None,
            retired: Vec::new(),
        };
        for line in lines {
            match line.split_once(' ')? {
                ("void", number) => {
                    mark.void.insert(number.parse().ok()?);
                }
                ("ca", rest) => {
                    let (key, list) = rest.split_once(' ')?;
                    let list = (list != "-").then(|| list.to_owned());
                    if list.as_ref().is_some_and(|list| !is_number(list)) {
                        return None;
                    }
                    mark.ca = Some((key.parse().ok()?, list));
                }
                ("retired", key) => mark.retired.push(key.parse().ok()?),
                _ => return None,
            }
        }
        Some(mark)
    }
}

fn numbered(words: &str) -> Option<(u64, Hash)> {
    let (number, hash) = words.split_once(' ')?;
    Some((number.parse().ok()?, hash.parse().ok()?))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Orders list numbers, which may have 20 octets, by what they count. No list comes before any.
fn order(list: Option<&str>) -> Option<(usize, &str)> {
    let digits = list?.trim_start_matches('0');
    Some((digits.len(), digits))
}

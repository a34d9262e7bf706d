//! One record: what was newest in one trust domain.

use std::fmt::Write as _;

use hotline_audit::Hash;
use hotline_audit::key::{DenyList, Roster};

use super::CaSeen;
use super::rooted::Rooted;

/// First line of a record.
const HEAD: &str = "hotline-trust 1";

/// Roots and CA keys that never come back and are remembered. 32: one a year is many.
const RETIRED_MAX: usize = 32;

/// Roots, and CA keys, that were replaced and may come back with what is newer than all that was seen of them. 4: a mistake
/// is undone within days; what was replaced before the last four stays replaced.
const FORMER_MAX: usize = 4;

/// A CA as it was seen: SHA-256 of its public key, and the number of its newest list.
type Ca = (Hash, Option<String>);

/// What was newest in one trust domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Under the statement root that is believed.
    pub(super) rooted: Rooted,
    ca: Option<Ca>,
    /// SHA-256 of roots and CA keys that never come back, the newest last.
    retired: Vec<Hash>,
    /// CAs that were replaced, the newest last.
    former_cas: Vec<Ca>,
    /// What was newest under roots that were replaced, the newest last.
    former: Vec<Rooted>,
}

impl Mark {
    pub(super) fn of(
        roster: &Roster,
        denied: &DenyList,
        ca: Option<&CaSeen>,
        before: Option<&Mark>,
        now_ms: u64,
    ) -> Self {
        let under = before.and_then(|before| before.under(roster));
        let mut mark = Self {
            rooted: Rooted::of(roster, denied, under, now_ms),
            ca: ca.map(|ca| (ca.key, ca.list.clone())),
            retired: Vec::new(),
            former_cas: Vec::new(),
            former: Vec::new(),
        };
        if let Some(before) = before {
            mark.come_after(before);
        }
        mark
    }

    fn come_after(&mut self, before: &Mark) {
        self.retired.clone_from(&before.retired);
        self.former_cas.clone_from(&before.former_cas);
        self.former.clone_from(&before.former);
        if before.rooted.root != self.rooted.root {
            self.former.push(before.rooted.clone());
            self.former.retain(|former| former.root != self.rooted.root);
        }
        match (&before.ca, &self.ca) {
            (Some(old), Some((new, _))) if old.0 != *new => {
                self.former_cas.push(old.clone());
                self.former_cas.retain(|(key, _)| key != new);
            }
            (Some(_), None) => self.ca.clone_from(&before.ca),
            _ => {}
        }
        let over = self.former.len().saturating_sub(FORMER_MAX);
        let roots = self.former.drain(..over).map(|former| Hash::of(&former.root));
        self.retired.extend(roots);
        let over = self.former_cas.len().saturating_sub(FORMER_MAX);
        let keys = self.former_cas.drain(..over).map(|(key, _)| key);
        self.retired.extend(keys);
        let over = self.retired.len().saturating_sub(RETIRED_MAX);
        self.retired.drain(..over);
    }

    /// What was newest under this roster's root, now or before it was replaced.
    pub(super) fn under(&self, roster: &Roster) -> Option<&Rooted> {
        std::iter::once(&self.rooted)
            .chain(&self.former)
            .find(|rooted| rooted.root == *roster.root().as_bytes())
    }

    /// Refuses what is older: the file, and why.
    pub(super) fn check(
        &self,
        roster: &Roster,
        denied: &DenyList,
        ca: Option<&CaSeen>,
    ) -> Result<(), (&'static str, String)> {
        let root = roster.root().as_bytes();
        match self.under(roster) {
            Some(rooted) if self.rooted.root != *root && !rooted.is_outgrown_by(roster) => {
                return Err(("root.pub", replaced("statement root", "newer roster")));
            }
            Some(rooted) => rooted.check(roster, denied)?,
            None if self.retired.contains(&Hash::of(root)) => {
                return Err(("root.pub", "this statement root was replaced by others".into()));
            }
            None => {}
        }
        ca.map_or(Ok(()), |ca| self.check_ca(ca))
    }

    fn check_ca(&self, ca: &CaSeen) -> Result<(), (&'static str, String)> {
        let Some((key, list)) = &self.ca else {
            return Ok(());
        };
        let offered = order(ca.list.as_deref());
        if *key == ca.key {
            return if offered < order(list.as_deref()) {
                Err(("crl.pem", lower(ca.list.as_deref(), list.as_deref())))
            } else {
                Ok(())
            };
        }
        let former = self.former_cas.iter().find(|(key, _)| *key == ca.key);
        if former.is_some_and(|(_, list)| offered <= order(list.as_deref())) {
            return Err(("ca.crt", replaced("CA", "newer revocation list")));
        }
        if self.retired.contains(&ca.key) {
            return Err(("ca.crt", "this CA was replaced by others".into()));
        }
        Ok(())
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = format!("{HEAD}\nroot {}\n", Hash(self.rooted.root));
        self.rooted.write(&mut text);
        // Writing to a string does not fail.
        if let Some((key, list)) = &self.ca {
            let _ = writeln!(text, "ca {key} {}", list.as_deref().unwrap_or("-"));
        }
        for key in &self.retired {
            let _ = writeln!(text, "retired {key}");
        }
        for (key, list) in &self.former_cas {
            let _ = writeln!(text, "former-ca {key} {}", list.as_deref().unwrap_or("-"));
        }
        for former in &self.former {
            let _ = writeln!(text, "former-root {}", Hash(former.root));
            former.write(&mut text);
        }
        text
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != HEAD {
            return None;
        }
        let root = lines.next()?.strip_prefix("root ")?;
        let mut mark = Self {
            rooted: Rooted::begin(root, &mut lines)?,
            ca: None,
            retired: Vec::new(),
            former_cas: Vec::new(),
            former: Vec::new(),
        };
        while let Some(line) = lines.next() {
            match line.split_once(' ')? {
                ("ca", rest) => mark.ca = Some(read_ca(rest)?),
                ("retired", key) => mark.retired.push(key.parse().ok()?),
                ("former-ca", rest) => mark.former_cas.push(read_ca(rest)?),
                ("former-root", root) => mark.former.push(Rooted::begin(root, &mut lines)?),
                (word, rest) => {
                    let rooted = mark.former.last_mut().unwrap_or(&mut mark.rooted);
                    rooted.take_line(word, rest)?;
                }
            }
        }
        Some(mark)
    }
}

/// What is older, and what the keeper of a node does where it is the true one.
fn replaced(what: &str, newer: &str) -> String {
    format!(
        "this {what} was replaced by another one here, and no {newer} than was seen of it stands beside it; if the \
         replacement was the mistake, its side issues a name that nobody uses and revokes it (hotline pki issue, pki \
         revoke, pki export), and comes back with that"
    )
}

fn lower(offered: Option<&str>, seen: Option<&str>) -> String {
    let (offered, seen) = (offered.unwrap_or("none"), seen.unwrap_or("none"));
    format!("its number is {offered}, and number {seen} has been seen")
}

fn read_ca(rest: &str) -> Option<Ca> {
    let (key, list) = rest.split_once(' ')?;
    let list = (list != "-").then(|| list.to_owned());
    if list.as_ref().is_some_and(|list| !is_number(list)) {
        return None;
    }
    Some((key.parse().ok()?, list))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Orders list numbers, which may have 20 octets, by what they count. No list comes before any.
fn order(list: Option<&str>) -> Option<(usize, &str)> {
    let digits = list?.trim_start_matches('0');
    Some((digits.len(), digits))
}

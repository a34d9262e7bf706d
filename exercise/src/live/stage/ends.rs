//! Identities that end while an exercise runs, and what goes on under a backup: done by the program's own verbs, in the
//! sides' own folders, as people do it.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::Output,
};

use hotline_core::time::WallTime;
use serde_json::Value;
use tokio::process::Command;

use super::{ENDS_WITHIN, Stage, StageError};
use crate::{
    live::site::{DeskPlace, SidePlace, Site},
    scenario::{lists::Side, msel::Institution},
};

/// Most events of a relay that are taken at once.
const EVENTS_AT_ONCE: usize = 64;
/// Files of a side's folder that its officers do not have where they sign: the keys of CA and statement root, ledgers.
const NOT_CARRIED: [&str; 3] = ["ca.key", "root.key", ".ledger"];
/// The list of ended identities in a trust folder.
const DENY: &str = "deny";

impl Stage {
    /// Two officers of a side end the identity of one of its desks, where nobody who runs looks; then each of `sides` gets
    /// their order. An order that was signed before is only handed on.
    ///
    /// # Errors
    /// What the verbs say.
    pub async fn deny(
        &mut self,
        act: &Institution,
        sides: &[Side],
        since: Option<WallTime>,
    ) -> Result<String, StageError> {
        let (side, desk) = self.desk_named(act)?;
        let order = ordered(&self.site, (&side, &desk), act, since).await?;
        for reached in sides {
            match *reached == side.side {
                true => install(&order, &side.trust.join(&side.domain).join(DENY))?,
                false => {
                    let other = folder(&self.side(*reached)?);
                    self.verb(&["pki", "trust", "--dir", &text(&other), &text(&order)])
                        .await?;
                }
            }
        }
        let names: Vec<&str> = sides.iter().map(|side| side.name()).collect();
        Ok(format!(
            "{} has ended, as {} knows",
            desk.identity,
            names.join(" and ")
        ))
    }

    /// The side of a desk whose identity has ended goes over to the backup that was issued beforehand; the other side
    /// compares its words as they were read aloud. Whoever writes to it does so from its next start on.
    ///
    /// # Errors
    /// If the desk has no backup, or what the verbs say.
    pub async fn take_backup(&mut self, act: &Institution) -> Result<String, StageError> {
        let (side, desk) = self.desk_named(act)?;
        let lacks = || StageError::Nobody(format!("backup of desk {}", desk.name));
        let backup = desk.backup.clone().ok_or_else(lacks)?;
        let own = text(&folder(&side));
        let said = self
            .verb(&["pki", "use-backup", "--dir", &own, &holder(&backup)])
            .await?;
        let words = read_aloud(&said).to_owned();
        for other in self.site.sides.clone() {
            if other.side != side.side {
                let dir = text(&folder(&other));
                let theirs = [
                    "pki",
                    "use-backup",
                    "--dir",
                    &dir,
                    &backup.identity,
                    "--words",
                    &words,
                ];
                self.verb(&theirs).await?;
            }
        }
        self.exchange(&desk.name);
        Ok(words)
    }

    /// The backup's files stand for the desk from now on, and the old ones for its backup.
    fn exchange(&mut self, name: &str) {
        let desks = self.site.sides.iter_mut().flat_map(|side| &mut side.desks);
        for desk in desks.filter(|desk| desk.name == name) {
            if let Some(mut backup) = desk.backup.take() {
                std::mem::swap(desk, &mut backup);
                desk.backup = Some(backup);
            }
        }
    }

    /// People take their seats anew, at desks that have other settings or another peer now.
    ///
    /// # Errors
    /// If a player does not start.
    pub async fn reseat(&mut self) -> Result<Vec<String>, StageError> {
        let mut seats = Vec::new();
        for mut plan in self.plans.clone() {
            if plan.desk.is_empty() || !self.players.contains_key(&plan.seat) {
                continue;
            }
            for (_, desk) in self.site.desks() {
                let Some(old) = &desk.backup else { continue };
                for word in &mut plan.words {
                    if *word == text(&old.config) {
                        *word = text(&desk.config);
                    }
                    if *word == format!("{}={}", desk.name, old.identity) {
                        *word = format!("{}={}", desk.name, desk.identity);
                    }
                }
            }
            if let Some(listener) = self.listeners.remove(&plan.seat) {
                listener.abort();
            }
            if let Some(player) = self.players.remove(&plan.seat) {
                // One that does not end in time is killed.
                let _ = player.end(ENDS_WITHIN).await;
            }
            self.start_player(&plan).await?;
            seats.push(plan.seat);
        }
        Ok(seats)
    }

    /// What relays wrote down of handshakes that were refused since they were asked last: the relay, and kind and sentence.
    pub fn refusals(&mut self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let relays: Vec<String> = self.site.relays().map(|relay| relay.name.clone()).collect();
        for relay in relays {
            let file = self.site.root.join(format!("{relay}.err"));
            let written = fs::read(file).unwrap_or_default();
            let read = self.read.entry(relay.clone()).or_insert(0);
            let new = written.get(*read..).unwrap_or_default();
            // What stands behind the last line feed is not whole yet.
            let whole = new
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |end| end + 1);
            let lines = String::from_utf8_lossy(new.get(..whole).unwrap_or_default()).into_owned();
            *read += whole;
            let events = lines.lines().filter_map(refusal).take(EVENTS_AT_ONCE);
            found.extend(events.map(|event| (format!("relay {relay}"), event)));
        }
        found
    }

    fn desk_named(&self, act: &Institution) -> Result<(SidePlace, DeskPlace), StageError> {
        let name = act
            .identity
            .as_ref()
            .map(|name| name.value.as_str())
            .unwrap_or_default();
        let found = self.site.desks().find(|(_, desk)| desk.name == name);
        found
            .map(|(side, desk)| (side.clone(), desk.clone()))
            .ok_or_else(|| StageError::Nobody(format!("desk {name}")))
    }

    pub(super) fn side(&self, side: Side) -> Result<SidePlace, StageError> {
        let found = self.site.sides.iter().find(|place| place.side == side);
        found
            .cloned()
            .ok_or_else(|| StageError::Nobody(format!("side {side}")))
    }

    /// Runs a verb of this program, and gives what it says.
    /// Runs a verb of this program, which must do what it is typed for.
    pub(super) async fn verb(&self, words: &[&str]) -> Result<String, StageError> {
        verb(&self.site.exe, words).await
    }

    /// Runs a verb of this program, whatever comes of it.
    pub(super) async fn typed(&self, words: &[&str]) -> Result<Output, StageError> {
        typed(&self.site.exe, words).await
    }
}

/// The list in which two officers of a side have ended this desk's identity, and whatever they had ended before; signed in
/// a folder apart. Each identity is ended once: a desk that has gone over to its backup has another one.
async fn ordered(
    site: &Site,
    (side, desk): (&SidePlace, &DeskPlace),
    act: &Institution,
    since: Option<WallTime>,
) -> Result<PathBuf, StageError> {
    let apart = site.root.join(format!("apart-{}", side.side));
    let order = apart.join("trust").join(&side.domain).join(DENY);
    if !order.exists() {
        copy(&folder(side), &apart).map_err(|source| at(&apart, source))?;
    }
    let ended = apart.join(format!("ended-{}", holder(desk).replace('/', "-")));
    if !ended.exists() {
        sign(&site.exe, act, desk, &apart, since).await?;
        fs::write(&ended, "").map_err(|source| at(&ended, source))?;
    }
    Ok(order)
}

async fn sign(
    exe: &Path,
    act: &Institution,
    desk: &DeskPlace,
    apart: &Path,
    since: Option<WallTime>,
) -> Result<(), StageError> {
    let (dir, holder) = (text(apart), holder(desk));
    let reason = act
        .reason
        .clone()
        .unwrap_or_else(|| "its keys were copied".into());
    let since = since.map(|since| since.rfc3339().to_string());
    let mut words = vec!["pki", "revoke", "--dir", &dir, &holder, "--reason", &reason];
    if let Some(since) = &since {
        words.extend(["--since", since]);
    }
    for officer in &act.by {
        words.extend(["--officer", officer]);
    }
    verb(exe, &words).await.map(drop)
}

async fn verb(exe: &Path, words: &[&str]) -> Result<String, StageError> {
    let done = typed(exe, words).await?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    Err(failed(words, said))
}

async fn typed(exe: &Path, words: &[&str]) -> Result<Output, StageError> {
    Command::new(exe)
        .args(words)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| failed(words, error.to_string()))
}

/// The words that people read aloud, of what a verb says.
pub(super) fn read_aloud(said: &str) -> &str {
    let words = said.lines().find_map(|line| line.trim().strip_prefix("words"));
    words.map(str::trim).unwrap_or_default()
}

/// A verb did not do what it was typed for.
pub(super) fn failed(words: &[&str], said: String) -> StageError {
    StageError::Verb {
        words: words.join(" "),
        said,
    }
}

/// What a relay's line says of a handshake that was refused: kind and sentence.
fn refusal(line: &str) -> Option<String> {
    let line: BTreeMap<String, Value> = serde_json::from_str(line).ok()?;
    let fields = line.get("fields")?;
    let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
    (text("event") == "security" && !text("door").is_empty())
        .then(|| format!("{}: {}", text("kind"), text("message")))
}

pub(super) fn folder(side: &SidePlace) -> PathBuf {
    side.trust.parent().map(Path::to_owned).unwrap_or_default()
}

/// `desk/a`, as verbs call it.
fn holder(desk: &DeskPlace) -> String {
    let name = desk.identity.rsplit('/').next().unwrap_or_default();
    format!("desk/{name}")
}

pub(super) fn text(path: &Path) -> String {
    path.display().to_string()
}

pub(super) fn at(path: &Path, source: io::Error) -> StageError {
    StageError::Verb {
        words: path.display().to_string(),
        said: source.to_string(),
    }
}

/// Puts a file into a folder that others watch: whole or not at all.
fn install(from: &Path, to: &Path) -> Result<(), StageError> {
    let new = to.with_extension("new");
    fs::copy(from, &new)
        .and_then(|_| fs::rename(&new, to))
        .map_err(|source| at(to, source))
}

/// Copies a side's folder as its officers carry it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(to)?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let carried = !NOT_CARRIED
            .iter()
            .any(|part| name.to_string_lossy().contains(part));
        if kind.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else if kind.is_file() && carried {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::scenario::lists::InstitutionVerb;

    fn desk(root: &Path, name: &str) -> DeskPlace {
        DeskPlace {
            name: "A".into(),
            config: root.join("desk.toml"),
            ledger: root.join("desk.ledger"),
            identity: format!("spiffe://exercise.avelia.example/desk/{name}"),
            backup: None,
        }
    }

    /// A side, and a program that writes the words that it is started with into the side's deny-list.
    fn site(root: &Path) -> Site {
        let domain = "exercise.avelia.example";
        let trust = root.join(domain).join("trust");
        fs::create_dir_all(trust.join(domain)).unwrap();
        let exe = root.join("verb");
        fs::write(
            &exe,
            format!("#!/bin/sh\necho \"$5\" >> \"$4/trust/{domain}/deny\"\n"),
        )
        .unwrap();
        fs::set_permissions(&exe, fs::Permissions::from_mode(0o700)).unwrap();
        let side = SidePlace {
            side: Side::A,
            domain: domain.into(),
            trust,
            relays: Vec::new(),
            desks: vec![desk(root, "a")],
        };
        Site {
            root: root.to_owned(),
            exe,
            exercise: "S7-1".into(),
            sides: vec![side],
        }
    }

    #[tokio::test]
    async fn each_identity_of_a_side_is_ended_once_and_a_second_one_too() {
        let root = tempfile::tempdir().unwrap();
        let site = site(root.path());
        let side = &site.sides[0];
        let act = Institution::new(InstitutionVerb::Deny, Side::A);
        let (first, backup) = (desk(root.path(), "a"), desk(root.path(), "a-backup"));
        let ended = async |desk: &DeskPlace| {
            let order = ordered(&site, (side, desk), &act, None).await.unwrap();
            fs::read_to_string(order).unwrap()
        };
        assert_eq!(ended(&first).await, "desk/a\n");
        assert_eq!(ended(&first).await, "desk/a\n", "it is only handed on");
        assert_eq!(ended(&backup).await, "desk/a\ndesk/a-backup\n");
        assert_eq!(ended(&backup).await, "desk/a\ndesk/a-backup\n");
    }
}

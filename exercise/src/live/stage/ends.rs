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
    live::site::{DeskPlace, SidePlace},
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
        let own = folder(&side);
        let apart = self.site.root.join(format!("apart-{}", side.side));
        let order = apart.join("trust").join(&side.domain).join(DENY);
        if !order.exists() {
            copy(&own, &apart).map_err(|source| at(&apart, source))?;
            self.sign(act, &desk, &apart, since).await?;
        }
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

    async fn sign(
        &self,
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
        self.verb(&words).await.map(drop)
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
    pub(super) async fn verb(&self, words: &[&str]) -> Result<String, StageError> {
        let done = self.typed(words).await?;
        if done.status.success() {
            return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
        Err(failed(words, said))
    }

    /// Runs a verb of this program, whatever comes of it.
    pub(super) async fn typed(&self, words: &[&str]) -> Result<Output, StageError> {
        Command::new(&self.site.exe)
            .args(words)
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| failed(words, error.to_string()))
    }
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

//! `hotline exercise security-officer`: the security officer of a side, who watches for second passphrases as
//! `hotline duress --follow` does, and tells control what it finds. `exercise run` starts it where a scenario has an officer
//! with one; it speaks with the conductor as a player does.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::Args;
use hotline_client::sealed::{notes::NOTES_FILE, watch::Found};
use hotline_exercise::live::words::FromPlayer;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    time::sleep,
};

use super::failed;
use crate::{
    duress::{LOOK_EVERY, Watching},
    exit::{self, Failure, Outcome},
};

/// What a security officer is started with.
#[derive(Debug, Args)]
pub struct SecurityArgs {
    /// Settings of a desk of the side.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The duress book.
    #[arg(long, value_name = "FILE")]
    book: PathBuf,
    /// End when the process that started this one ends.
    #[arg(long, hide = true, value_name = "PID")]
    pub(super) die_with_parent: Option<i32>,
}

/// Watches until standard input is closed.
///
/// # Errors
/// A [`Failure`] if what it was given cannot be used.
pub async fn run(args: SecurityArgs) -> Outcome {
    let mut watch = Watching::open(&args.config, &args.book)?;
    say(&FromPlayer::Seated)?;
    // Its keys were made for the exercise: what stands there already came while no watch ran, as control had stopped. What
    // control has written down already it does not write down again.
    say_all(&watch.look())?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line {
                // What players are told is nothing that it acts on.
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return Ok(exit::OK),
            },
            () = sleep(LOOK_EVERY) => say_all(&watch.look())?,
        }
    }
}

fn say_all(found: &[Found]) -> Result<(), Failure> {
    found.iter().try_for_each(|found| say(&told(found)))
}

fn told(found: &Found) -> FromPlayer {
    let (officer, what, noted_ms) = match found {
        Found::Duress { officer, at, .. } => (officer.name(), "DURESS", at.unix_ms()),
        Found::Lost { officer, .. } | Found::Resealed { officer } => (officer.name(), "LOST", 0),
        Found::Gone { place } | Found::Unreadable { place, .. } => (whose(place), "LOST", 0),
    };
    FromPlayer::Duress {
        officer: officer.to_owned(),
        what: what.to_owned(),
        noted_ms,
    }
}

/// Whose folder this is, or whose file: that of the folder which holds it.
fn whose(place: &Path) -> &str {
    let folder = match place.extension().is_some() || place.ends_with(NOTES_FILE) {
        true => place.parent().unwrap_or(place),
        false => place,
    };
    folder
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}

/// A line to control.
fn say(words: &FromPlayer) -> Result<(), Failure> {
    let line = serde_json::to_string(words).map_err(|error| failed(&error))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::io("the security officer's words", &error))
}

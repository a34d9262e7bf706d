//! `hotline exercise security-officer`: the security officer of a side, who watches for second passphrases as
//! `hotline duress --follow` does, and tells control what it finds. `exercise run` starts it where a scenario has an officer
//! with one; it speaks with the conductor as a player does.

use std::{io::Write as _, path::PathBuf};

use clap::Args;
use hotline_client::sealed::book::Found;
use hotline_exercise::live::words::FromPlayer;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    time::sleep,
};

use super::failed;
use crate::{
    duress::{self, LOOK_EVERY},
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
    let mut watch = duress::watch(&args.config, &args.book)?;
    // What was noted before the exercise is none of its business.
    drop(duress::look(&mut watch)?);
    say(&FromPlayer::Seated)?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line {
                // What players are told is nothing that it acts on.
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return Ok(exit::OK),
            },
            () = sleep(LOOK_EVERY) => for found in duress::look(&mut watch)? {
                say(&told(&found))?;
            },
        }
    }
}

fn told(found: &Found) -> FromPlayer {
    let (officer, what, noted_ms) = match found {
        Found::Duress { officer, at, .. } => (officer, "DURESS", at.unix_ms()),
        Found::Lost { officer, .. } => (officer, "LOST", 0),
    };
    FromPlayer::Duress {
        officer: officer.name().to_owned(),
        what: what.to_owned(),
        noted_ms,
    }
}

/// A line to control.
fn say(words: &FromPlayer) -> Result<(), Failure> {
    let line = serde_json::to_string(words).map_err(|error| failed(&error))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::io("the security officer's words", &error))
}

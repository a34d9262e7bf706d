//! `hotline duress`: the security officer's verb. It tells which officers of a seat have typed their second passphrase.
//!
//! It reads the notes that every unlocking leaves beside the officers' keys, and the duress book, which is not at the seat
//! (`client/SEALED.md`). It writes nothing, asks no station and signs nothing: at the seat nobody sees that it looks.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use hotline_client::{
    config::DeskConfig,
    sealed::book::{Found, Watch},
};
use serde_json::{Value, json};

use crate::{
    exit::{self, Failure, Outcome},
    pki,
};

/// How often the notes are looked at. Four times a second: a look reads 64 KiB of each officer at most.
pub const LOOK_EVERY: Duration = Duration::from_millis(250);

/// `hotline duress`.
#[derive(Debug, Args)]
pub struct DuressArgs {
    /// The settings of the seat's desk.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The duress book, as hotline pki seal --duress-book wrote it.
    #[arg(long, value_name = "FILE")]
    book: PathBuf,
    /// Goes on looking, until it is ended.
    #[arg(long)]
    follow: bool,
    /// Print objects, one a line.
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
///
/// # Errors
/// A [`Failure`] if book or settings cannot be used, or notes cannot be read.
pub fn run(args: &DuressArgs) -> Outcome {
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("starting", &error))?;
    let done = runtime.block_on(tell_all(args));
    done.map_err(|failure| failure.as_json(args.json))
}

async fn tell_all(args: &DuressArgs) -> Outcome {
    let mut watch = watch(&args.config, &args.book)?;
    loop {
        let found = look(&mut watch)?;
        for found in &found {
            tell(found, args.json);
        }
        if !args.follow {
            if found.is_empty() && !args.json {
                crate::say!("nobody here has typed a second passphrase");
            }
            return Ok(exit::OK);
        }
        if crate::out::refused() {
            return Ok(exit::OTHER);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A watch over the officers of a seat.
///
/// # Errors
/// If book or settings cannot be read, or nobody of the book sits there.
pub fn watch(config: &Path, book: &Path) -> Result<Watch, Failure> {
    let settings = DeskConfig::load(config).map_err(|error| {
        Failure::new(
            "HL-DURESS-001",
            exit::CONFIG,
            exit::chain(&error),
            "name a desk.toml",
        )
    })?;
    let book = pki::seal::read_book(book).map_err(|error| {
        let help = "hotline pki seal --duress-book writes a book; chmod 600 it";
        Failure::new("HL-DURESS-002", error.exit_code(), exit::chain(&error), help)
    })?;
    let watch = Watch::new(book, settings.officers.clone());
    if watch.here().is_empty() {
        let what = format!(
            "nobody of this book has a folder in {}",
            settings.officers.display()
        );
        let help = "name the settings of the desk at which the officer sits";
        return Err(Failure::new("HL-DURESS-003", exit::IDENTITY, what, help));
    }
    Ok(watch)
}

/// What is new.
///
/// # Errors
/// If nothing was found and notes cannot be read: silence would look like all is well.
pub fn look(watch: &mut Watch) -> Result<Vec<Found>, Failure> {
    let (found, read) = watch.look();
    match read {
        Err((file, error)) if found.is_empty() => {
            let what = format!("{} could not be read: {error}", file.display());
            Err(Failure::new(
                "HL-DURESS-004",
                exit::OTHER,
                what,
                "run it as a user who may read it",
            ))
        }
        _ => Ok(found),
    }
}

fn tell(found: &Found, json: bool) {
    if json {
        crate::say!("{}", object(found));
        return;
    }
    match found {
        Found::Duress { officer, at, note } => crate::say!(
            "DURESS: {officer} typed the second passphrase at {} (note {note})",
            at.rfc3339()
        ),
        Found::Lost { officer, had } => crate::say!(
            "LOST: the notes of {officer} up to {had} are gone; whoever took them may hide an alarm"
        ),
    }
}

fn object(found: &Found) -> Value {
    match found {
        Found::Duress { officer, at, note } => json!({
            "event": "duress",
            "officer": officer.to_string(),
            "at": at.rfc3339().to_string(),
            "note": note,
        }),
        Found::Lost { officer, had } => {
            json!({ "event": "lost", "officer": officer.to_string(), "had": had })
        }
    }
}

//! `hotline duress`: the security officer's verb. It tells which officers of a seat have typed their second passphrase.
//!
//! It reads the notes that every unlocking leaves beside the officers' keys, and the duress book, which is not at the seat
//! (`client/SEALED.md`). It writes nothing, asks no station and signs nothing. It reads the same of every officer, in the book
//! or not, and leaves no time of reading where the system allows that; but who sits at the same machine sees in its list of
//! processes that a watch runs. So every side may watch as a habit, with a book of nobody too.

use std::{
    fs,
    os::{fd::AsFd as _, unix::fs::MetadataExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use clap::Args;
use hotline_client::{
    config::DeskConfig,
    sealed::{
        book::Book,
        watch::{Found, Lost, Watch},
    },
};
use hotline_core::text::inert_line;
use serde_json::{Value, json};
use tokio::{io::Interest, net::unix::pipe};

use crate::{
    exit::{self, Failure, Outcome},
    out::{self, Reader},
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
    /// The duress book, as hotline pki seal --duress-book wrote it. It is read again when it changes.
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
    let mut watch = Watching::open(&args.config, &args.book)?;
    if !args.follow {
        return once(&watch.look(), watch.names_nobody(), args.json);
    }
    eprintln!("{}", watch.whom());
    let nobody_reads = nobody_reads();
    tokio::pin!(nobody_reads);
    loop {
        for found in &watch.look() {
            if tell(found, args.json)? == Reader::Gone {
                return Ok(unread());
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = &mut nobody_reads => return Ok(unread()),
        }
    }
}

/// One look: what was found, and an exit code that says whether something was.
fn once(found: &[Found], names_nobody: bool, json: bool) -> Outcome {
    let unreadable = found.iter().find_map(|found| match found {
        Found::Unreadable { place, why } => Some((place, why)),
        _ => None,
    });
    let alarms = found
        .iter()
        .any(|found| !matches!(found, Found::Unreadable { .. }));
    // Silence would look like all is well.
    if let (false, Some((place, why))) = (alarms, unreadable) {
        let what = format!("{} could not be read: {why}", place.display());
        let help = "run it as a user who may read it";
        return Err(Failure::new("HL-DURESS-004", exit::OTHER, what, help));
    }
    for found in found {
        if tell(found, json)? == Reader::Gone {
            break;
        }
    }
    match (alarms, names_nobody) {
        (true, _) => return Ok(exit::ALARM),
        (false, _) if json => {}
        (false, false) => crate::say!("nobody here has typed a second passphrase"),
        (false, true) => crate::say!("the notes here are whole; the book names nobody"),
    }
    Ok(exit::OK)
}

/// A watch that nobody hears any more does not look as if it ran.
fn unread() -> u8 {
    eprintln!("nobody reads what this watch tells any more: it has ended");
    exit::OTHER
}

/// Comes when nobody reads standard output any more; never where the system cannot say, as of a file.
async fn nobody_reads() {
    let out = std::io::stdout().as_fd().try_clone_to_owned();
    // Unchecked: it is asked how it is and never written to, and so stays as it is for whoever has it too.
    if let Ok(out) = out.and_then(pipe::Sender::from_owned_fd_unchecked)
        && out.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// A watch over the officers of a seat, and the file of its book.
pub struct Watching {
    watch: Watch,
    officers: PathBuf,
    book: PathBuf,
    /// By which the book's file is told to be another one.
    read: Option<Stamp>,
    /// It was told that the book cannot be read.
    told: bool,
}

/// When a file was written last, how long it is, and which it is.
type Stamp = (SystemTime, u64, u64);

fn stamp(file: &Path) -> std::io::Result<Stamp> {
    let facts = fs::metadata(file)?;
    Ok((facts.modified()?, facts.len(), facts.ino()))
}

impl Watching {
    /// By the settings of a desk and a book.
    ///
    /// # Errors
    /// If book or settings cannot be read, or the book names officers and none of them sits there.
    pub fn open(config: &Path, book: &Path) -> Result<Self, Failure> {
        let settings = DeskConfig::load(config).map_err(|error| {
            Failure::new(
                "HL-DURESS-001",
                exit::CONFIG,
                exit::chain(&error),
                "name a desk.toml",
            )
        })?;
        Self::over(settings.officers, book)
    }

    /// Over a seat's folder of officers.
    fn over(officers: PathBuf, book: &Path) -> Result<Self, Failure> {
        // Before it is read: what is written meanwhile is read at the first look.
        let read = stamp(book).ok();
        let known = read_book(book)?;
        let watching = Self {
            watch: Watch::new(known, officers.clone()),
            officers,
            book: book.to_owned(),
            read,
            told: false,
        };
        if !watching.names_nobody() && !watching.watch.officers().any(|(_, here)| here) {
            let what = format!(
                "nobody of this book has a folder in {}",
                watching.officers.display()
            );
            let help = "name the settings of the desk at which the officer sits";
            return Err(Failure::new("HL-DURESS-003", exit::IDENTITY, what, help));
        }
        Ok(watching)
    }

    /// What is new.
    pub fn look(&mut self) -> Vec<Found> {
        let mut found: Vec<Found> = self.read_again().into_iter().collect();
        found.extend(self.watch.look());
        found
    }

    /// Reads a book that has changed, and goes on with the one before if it is none.
    fn read_again(&mut self) -> Option<Found> {
        let stamp = stamp(&self.book);
        if stamp.as_ref().ok() == self.read.as_ref() && !self.told {
            return None;
        }
        let read = match stamp {
            Ok(_) => read_book(&self.book).map_err(|failure| failure.what),
            Err(ref error) => Err(error.to_string()),
        };
        match read {
            Ok(book) => {
                self.watch.knows(book);
                self.read = stamp.ok();
                self.told = false;
                None
            }
            Err(why) => (!std::mem::replace(&mut self.told, true)).then(|| Found::Unreadable {
                place: self.book.clone(),
                why,
            }),
        }
    }

    fn names_nobody(&self) -> bool {
        self.watch.officers().next().is_none()
    }

    /// Whom it watches, and who of the book is not here.
    fn whom(&self) -> String {
        let of = |at_seat: bool| {
            let officers = self.watch.officers().filter(|(_, here)| *here == at_seat);
            let names: Vec<String> = officers.map(|(officer, _)| officer.to_string()).collect();
            names.join(", ")
        };
        let at = self.officers.display();
        match (of(true), of(false)) {
            (here, away) if here.is_empty() && away.is_empty() => {
                format!("watching the notes at {at}; the book names nobody")
            }
            (here, away) if away.is_empty() => format!("watching {here} at {at}"),
            (here, away) => format!("watching {here} at {at}; of the book not at this seat: {away}"),
        }
    }
}

fn read_book(file: &Path) -> Result<Book, Failure> {
    pki::seal::read_book(file).map_err(|error| {
        let help = "hotline pki seal --duress-book writes a book; chmod 600 it";
        Failure::new("HL-DURESS-002", error.exit_code(), exit::chain(&error), help)
    })
}

fn tell(found: &Found, json: bool) -> Result<Reader, Failure> {
    let line = if json {
        object(found).to_string()
    } else {
        inert_line(&words(found)).text
    };
    out::write(&mut std::io::stdout().lock(), |out| {
        std::io::Write::write_fmt(out, format_args!("{line}\n"))
    })
}

fn words(found: &Found) -> String {
    match found {
        Found::Duress {
            officer,
            at,
            note,
            earlier,
        } => {
            let earlier = if *earlier { ", from before this look" } else { "" };
            let at = at.rfc3339();
            format!("DURESS: {officer} typed the second passphrase at {at} (note {note}{earlier})")
        }
        Found::Lost {
            officer,
            from,
            to,
            how,
        } => {
            let what = match how {
                Lost::Taken => "were taken; whoever took them may hide an alarm",
                Lost::NotKept => "are not kept any more; an alarm may have stood there",
            };
            format!("LOST: notes {from} to {to} of {officer} {what}")
        }
        Found::Resealed { officer } => {
            format!("RESEALED: this book does not know today's key of {officer}")
        }
        Found::Gone { place } => format!("GONE: {} was there", place.display()),
        Found::Unreadable { place, why } => {
            format!("UNREADABLE: {}: {why}", place.display())
        }
    }
}

fn object(found: &Found) -> Value {
    match found {
        Found::Duress {
            officer,
            at,
            note,
            earlier,
        } => json!({
            "event": "duress",
            "officer": officer.to_string(),
            "at": at.rfc3339().to_string(),
            "note": note,
            "earlier": earlier,
        }),
        Found::Lost {
            officer,
            from,
            to,
            how,
        } => json!({
            "event": "lost",
            "officer": officer.to_string(),
            "from": from,
            "to": to,
            "how": match how {
                Lost::Taken => "taken",
                Lost::NotKept => "not_kept",
            },
        }),
        Found::Resealed { officer } => json!({ "event": "resealed", "officer": officer.to_string() }),
        Found::Gone { place } => json!({ "event": "gone", "place": place.display().to_string() }),
        Found::Unreadable { place, why } => json!({
            "event": "unreadable",
            "place": place.display().to_string(),
            "why": why,
        }),
    }
}

#[cfg(test)]
mod tests;

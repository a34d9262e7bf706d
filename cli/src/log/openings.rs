//! What sealed statements say, out of a desk's ledger or with an escrow's key: text and salt, and never a key.
//!
//! A desk keeps the opening of every sealed statement that it could read. One of them is disclosed by `hotline log
//! opening`; whoever is shown it checks it against the signed commitment and needs no key for that. A side's escrow opens
//! a whole log, also where the desk's own key and ledger are gone: `hotline log open`.

use std::{
    collections::BTreeSet,
    fs, io,
    ops::ControlFlow,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use clap::Args;
use hotline_audit::{
    Hash, SignedStatement,
    opening::{Opening, OpeningError, OpeningFile, content_of},
    sealed::SealContext,
    statement::{OfficerAnnex, Payload},
};
use hotline_client::{
    memory,
    seal::{self, NotOpened, SealSecret},
};
use hotline_core::text::inert_line;
use hotline_ledger::Inspector;
use serde::Serialize;

use super::{
    find::{self, Found},
    names::Names,
    read::{self, Source},
    say,
    trust::{self, TrustArgs},
};
use crate::exit::{self, Failure, Outcome};

/// Openings that are read at once.
const PAGE: usize = 1_000;

/// What `opening` takes.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["message", "check"]))]
pub struct OpeningArgs {
    /// A desk's ledger, running or not; to check an opening any log that holds the statement.
    #[arg(value_name = "DIR|LEDGER")]
    log: PathBuf,
    /// Disclose this one: a message's name (A-0017), an id, or the first 8 or more digits of an id or hash.
    #[arg(long, value_name = "ID")]
    message: Option<String>,
    /// Check an opening that somebody disclosed against its statement in this log.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// Write it into this new file; without it, it is printed.
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    out: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Print one object.
    #[arg(long)]
    pub(super) json: bool,
}

/// What `open` takes.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// A ledger (running or not), or an exported log.
    #[arg(value_name = "DIR|LEDGER")]
    log: PathBuf,
    /// The escrow's key: escrow/archive/escrow.key of the side's folder. Any key that something was sealed to will do.
    #[arg(long, value_name = "KEY")]
    escrow: PathBuf,
    /// A new folder for the openings, one file each.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    /// Print one object.
    #[arg(long)]
    pub(super) json: bool,
}

/// What came of opening a whole log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Opened {
    /// Statements that were opened and fit what was committed to.
    pub opened: u64,
    /// Statements that are sealed to others.
    pub not_for_this_key: u64,
    /// Statements that open to something else than was committed to, or not as they must: index and reason.
    pub wrong: Vec<(u64, String)>,
}

/// The opening of a statement that a desk keeps.
///
/// # Errors
/// The ledger cannot be read.
pub fn kept(ledger: &Inspector, statement: &Hash) -> Result<Option<Opening>, Failure> {
    let value = ledger
        .record(memory::OPENING, statement.as_bytes())
        .map_err(|error| read::damaged(exit::chain(&error)))?;
    let read = value.and_then(|value| seal::read_opening(statement.as_bytes(), &value));
    Ok(read.map(|(_, opening)| opening))
}

/// Writes every opening that a desk's ledger keeps into a folder, one file each; returns how many. A file that is there
/// already and says the same is left.
///
/// # Errors
/// The ledger cannot be read, a file cannot be written, or one is there that says something else.
pub fn export(ledger: &Path, folder: &Path) -> Result<u64, Failure> {
    let opened = read::ledger(ledger)?;
    let mut after: Option<Vec<u8>> = None;
    let mut count = 0;
    loop {
        let page = opened
            .records(memory::OPENING, &[], after.as_deref(), PAGE)
            .map_err(|error| read::damaged(exit::chain(&error)))?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (key, value) in &page {
            if let Some((statement, opening)) = seal::read_opening(key, value) {
                write(&opening.of_statement(statement), folder)?;
                count += 1;
            }
        }
    }
    read::still_alone(&opened)?;
    Ok(count)
}

/// Writes an opening into a folder under its own name: for the owner's eyes alone, for these are the words that the log
/// keeps from everybody.
pub(super) fn write(file: &OpeningFile, folder: &Path) -> Result<(), Failure> {
    let place = folder.join(file.file_name());
    let failed = |error: io::Error| Failure::io(&place.display().to_string(), &error);
    let mut made = fs::DirBuilder::new();
    made.recursive(true).mode(0o700).create(folder).map_err(failed)?;
    match create(&place) {
        Ok(mut created) => io::Write::write_all(&mut created, file.to_line().as_bytes()).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::read(&place).map_err(failed)? == file.to_line().as_bytes() {
                return Ok(());
            }
            let what = format!("{} is there already, and says something else", place.display());
            let help = "move it away, then do it again";
            Err(Failure::new("HL-LOG-015", exit::OTHER, what, help))
        }
        Err(error) => Err(failed(error)),
    }
}

/// A new file that only its owner reads.
fn create(place: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(place)
}

/// Runs `opening`.
///
/// # Errors
/// The statement is not there or has no words, its words are not known here, or an opening is not the right one.
pub fn run_opening(args: &OpeningArgs) -> Outcome {
    let (log, trust) = trust::open_with(&args.trust, &args.log)?;
    let names = Names::of_trust(trust.as_ref().map_or(&[], |trust| &trust.folders));
    match (&args.message, &args.check) {
        (_, Some(file)) => check(&log, file, &names),
        (Some(id), None) => disclose(&log, id, &names, args.out.as_deref()),
        (None, None) => Err(Failure::new(
            "HL-LOG-005",
            exit::USAGE,
            "nothing is named",
            "name a statement with --message or an opening with --check",
        )),
    }
}

fn disclose(log: &Source, id: &str, names: &Names, out: Option<&Path>) -> Outcome {
    let found = find::find(log, id, names)?;
    let file = opening_of(log, &found)?;
    match out {
        None => say::text(&file.to_line())?,
        Some(out) => {
            let failed = |error: io::Error| Failure::io(&out.display().to_string(), &error);
            let mut created = create(out).map_err(failed)?;
            io::Write::write_all(&mut created, file.to_line().as_bytes()).map_err(failed)?;
            say::text(&out.display().to_string())?;
        }
    }
    eprintln!(
        "{} is disclosed: whoever has the statement checks text and salt with hotline log opening --check",
        found.called
    );
    Ok(exit::OK)
}

/// The opening of a statement in a log, checked against it.
///
/// # Errors
/// It has no words, they are not known here, or they are not those that were committed to.
pub fn opening_of(log: &Source, found: &Found) -> Result<OpeningFile, Failure> {
    let hash = Hash::of(&found.bytes);
    let payload = SignedStatement::parse(&found.bytes).and_then(|signed| Payload::parse(&signed));
    let payload = payload.map_err(|error| read::damaged(exit::chain(&error)))?;
    let content = content_of(&payload).ok_or_else(|| no_words(&found.called))?;
    let opening = if content.is_sealed() {
        log.ledger().map_or(Ok(None), |ledger| kept(ledger, &hash))?
    } else {
        Opening::in_the_clear(content).ok()
    };
    let file = opening
        .ok_or_else(|| not_known(&found.called))?
        .of_statement(hash);
    file.check(&found.bytes).map_err(|error| refused(&error))?;
    Ok(file)
}

fn check(log: &Source, file: &Path, names: &Names) -> Outcome {
    let bytes = fs::read(file).map_err(|error| Failure::io(&file.display().to_string(), &error))?;
    let opening = OpeningFile::parse(&bytes).map_err(|error| refused(&error))?;
    let found = find::find(log, &opening.statement.to_string(), names)?;
    opening.check(&found.bytes).map_err(|error| refused(&error))?;
    say::text(&format!(
        "{}: these are the words that its sender committed to; who signed it, hotline log verify says\n{}",
        found.called,
        hotline_core::text::inert(&opening.opening.text).text
    ))?;
    Ok(exit::OK)
}

fn no_words(called: &str) -> Failure {
    let what = format!("{called} has no words that could be opened");
    Failure::new("HL-LOG-011", exit::USAGE, what, "name a message or a translation")
}

fn not_known(called: &str) -> Failure {
    let what = format!("{called} is sealed, and what it says is not kept here");
    let help = "name the ledger of a desk that could read it, or open the log with hotline log open --escrow";
    Failure::new("HL-LOG-017", exit::OTHER, what, help)
}

fn refused(error: &OpeningError) -> Failure {
    let code = match error {
        OpeningError::Mismatch | OpeningError::ShowsOther => exit::LOG,
        _ => exit::USAGE,
    };
    Failure::new(
        "HL-LOG-012",
        code,
        error.to_string(),
        "ask for the opening again, and for the statement's hash",
    )
}

/// Runs `open`.
///
/// # Errors
/// The key or the log cannot be read. A statement that does not open as it must is exit code 8.
pub fn run_open(args: &OpenArgs) -> Outcome {
    let secret = SealSecret::load(&args.escrow).map_err(|error| {
        Failure::new(
            "HL-LOG-013",
            exit::IDENTITY,
            exit::chain(&error),
            "hotline pki init makes an escrow's key",
        )
    })?;
    let (log, trust) = trust::open_with(&args.trust, &args.log)?;
    let rosters = trust.as_ref().map(|trust| trust.policy.rosters());
    let enrolled: BTreeSet<Hash> = rosters
        .into_iter()
        .flat_map(|rosters| secret.enrolled_anywhere(rosters))
        .collect();
    if enrolled.is_empty() {
        eprintln!(
            "no trust folder here enrols this key: a statement that is sealed to it with what does not open counts as sealed to others; name your own with --trust"
        );
    }
    let opened = open(&log, (&secret, &enrolled), &args.out)?;
    if args.json {
        say::object(&opened)?;
    } else {
        say::text(&format!(
            "{} statements of {} are opened in {}; {} are sealed to others",
            opened.opened,
            inert_line(log.origin()).text,
            args.out.display(),
            opened.not_for_this_key
        ))?;
        for (index, why) in &opened.wrong {
            say::text(&format!("#{index} {why}"))?;
        }
    }
    Ok(if opened.wrong.is_empty() {
        exit::OK
    } else {
        exit::LOG
    })
}

/// Opens everything that is sealed in a log to a key, and writes the openings into a folder. `enrolled` are the roster entries
/// of the key: what names one of them is for this key, whether it opens or not.
///
/// # Errors
/// The log cannot be read, or a file cannot be written.
pub fn open(
    log: &Source,
    (secret, enrolled): (&SealSecret, &BTreeSet<Hash>),
    folder: &Path,
) -> Result<Opened, Failure> {
    let mut done = Opened::default();
    let mut failed = None;
    let stopped = log.each(&mut |index, bytes| {
        let Some(words) = opened(&bytes, secret, enrolled) else {
            return ControlFlow::Continue(());
        };
        match words {
            Ok(opening) => {
                done.opened += 1;
                if let Err(failure) = write(&opening.of_statement(Hash::of(&bytes)), folder) {
                    failed = Some(failure);
                    return ControlFlow::Break(());
                }
            }
            Err(NotOpened::NotForUs(_)) => done.not_for_this_key += 1,
            Err(why) => done.wrong.push((index, why.to_string())),
        }
        ControlFlow::Continue(())
    })?;
    match (failed, stopped) {
        (Some(failure), _) => Err(failure),
        (None, Some(why)) => Err(read::damaged(format!("the log cannot be read further: {why}"))),
        (None, None) => Ok(done),
    }
}

/// What a statement says, if its words are sealed.
fn opened(bytes: &[u8], secret: &SealSecret, enrolled: &BTreeSet<Hash>) -> Option<seal::Words> {
    let payload = Payload::parse(&SignedStatement::parse(bytes).ok()?).ok()?;
    let content = content_of(&payload).filter(|content| content.is_sealed())?;
    let context = match &payload {
        Payload::Annex(annex) => {
            let said = OfficerAnnex::decode(&SignedStatement::parse(&annex.annex).ok()?.payload).ok()?;
            SealContext::annex(&said, &content.commitment)
        }
        Payload::Message(message) => {
            SealContext::message(&message.header, &message.channel, &content.commitment)
        }
        _ => return None,
    };
    let words = seal::open_trying(content, &context, secret);
    let container = content.container();
    let is_for_us =
        || container.is_ok_and(|container| enrolled.iter().any(|key| container.wrap_for(key).is_some()));
    Some(match words {
        // Whoever wrapped something for this key owed it the content key.
        Err(NotOpened::NotForUs(_)) if is_for_us() => Err(NotOpened::ContentKey),
        words => words,
    })
}

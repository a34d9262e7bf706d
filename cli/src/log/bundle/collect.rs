//! Goes through every log once and collects what belongs to it.

use std::{collections::BTreeMap, convert::Infallible, ops::ControlFlow};

use hotline_audit::{
    Hash, bundle::BundleWriter, compare::Log, opening::Opening, statement::Message, tiles::log_files,
};
use hotline_client::{memory, seal::read_opening};
use hotline_core::id::StatementId;

use super::{desk, keys, keys::put, notes::Notes, place::Found, relay};
use crate::{
    exit::{self, Failure},
    log::{
        find::Wanted,
        read::{self, Source},
    },
};

/// Most messages whose acceptances are handed in: those of the newest.
const MOST_PROOFS: usize = 4_096;

/// What was collected beside the files.
pub(super) struct Collected {
    /// What people call the desks.
    pub(super) names: BTreeMap<String, String>,
    /// Names of the logs.
    pub(super) logs: Vec<String>,
    /// Messages that were opened.
    pub(super) opened: usize,
}

/// Collects everything.
pub(super) fn all(found: &Found, open: &[String], writer: &mut BundleWriter) -> Result<Collected, Failure> {
    let (names, trust) = keys::add(found, writer)?;
    let mut notes = Notes::under(trust.as_ref());
    let mut logs = Vec::new();
    for (origin, source) in &found.logs {
        let entries = log(&format!("logs/{origin}"), source, writer)?;
        if let Some(ledger) = source.ledger() {
            notes.kept_by(origin);
            desk::notes(ledger, &mut notes)?;
            relay::notes(ledger, &mut notes)?;
            relay::mirrors(origin, ledger, writer)?;
            for hash in sent(origin, &entries) {
                desk::acceptances(ledger, &hash, &notes, writer)?;
            }
            read::still_alone(ledger)?;
        }
        logs.push(origin.clone());
    }
    notes.add(writer)?;
    let opened = opened(found, open, &names, writer)?;
    Ok(Collected { names, logs, opened })
}

/// Adds a log as the files of its export, and returns its entries.
fn log(folder: &str, source: &Source, writer: &mut BundleWriter) -> Result<Vec<Vec<u8>>, Failure> {
    let log = source.log()?;
    exported(folder, &log, writer)?;
    Ok(log.entries)
}

/// Adds the files that an export of this log consists of.
pub(super) fn exported(folder: &str, log: &Log, writer: &mut BundleWriter) -> Result<(), Failure> {
    let entries = log.entries.iter().cloned().map(Ok::<_, Infallible>);
    let files = log_files(&log.note, entries).map_err(|error| read::damaged(exit::chain(&error)))?;
    for (file, bytes) in files {
        put(writer, &format!("{folder}/{file}"), bytes)?;
    }
    Ok(())
}

/// The messages that the owner of this log sent, the newest of them.
fn sent(origin: &str, entries: &[Vec<u8>]) -> Vec<Hash> {
    let owner = format!("spiffe://{origin}");
    let mine = |entry: &&Vec<u8>| desk::message(entry).is_some_and(|message| message.header.sender == owner);
    entries
        .iter()
        .rev()
        .filter(mine)
        .take(MOST_PROOFS)
        .map(|entry| Hash::of(entry))
        .collect()
}

/// Opens the messages that are asked for; each must be there, and be one.
fn opened(
    found: &Found,
    asked: &[String],
    names: &BTreeMap<String, String>,
    writer: &mut BundleWriter,
) -> Result<usize, Failure> {
    let mut opened = 0;
    for text in asked {
        let wanted = Wanted::parse(text)?;
        let mut fitting: BTreeMap<Hash, (Message, Vec<u8>)> = BTreeMap::new();
        for (_, source) in &found.logs {
            source.each(&mut |_, bytes| {
                if let Some(message) =
                    desk::message(&bytes).filter(|message| fits(&wanted, message, &bytes, names))
                {
                    fitting.insert(Hash::of(&bytes), (message, bytes));
                }
                ControlFlow::Continue(())
            })?;
        }
        let mut fitting = fitting.into_values();
        let (Some((message, bytes)), None) = (fitting.next(), fitting.next()) else {
            return Err(Failure::new(
                "HL-LOG-005",
                exit::USAGE,
                format!("{text} is not exactly one message of these logs"),
                "hotline log show lists what is there; name one by its hash",
            ));
        };
        desk::open(&message, &bytes, kept(found, &Hash::of(&bytes))?, writer)?;
        opened += 1;
    }
    Ok(opened)
}

fn fits(wanted: &Wanted, message: &Message, bytes: &[u8], names: &BTreeMap<String, String>) -> bool {
    match wanted {
        Wanted::Name(name) => {
            let prefix = names.get(&message.header.sender);
            name.number() == message.number
                && prefix.is_none_or(|prefix| name.to_string().starts_with(&format!("{prefix}-")))
        }
        Wanted::Digits(digits) => {
            Hash::of(bytes).to_string().starts_with(digits)
                || StatementId(message.header.id).to_string().starts_with(digits)
        }
    }
}

/// The opening that a desk has kept of a sealed message. Whether it fits is for whoever hands it in to check.
fn kept(found: &Found, statement: &Hash) -> Result<Option<Opening>, Failure> {
    for ledger in found.logs.iter().filter_map(|(_, source)| source.ledger()) {
        let value = ledger
            .record(memory::OPENING, statement.as_bytes())
            .map_err(|error| read::damaged(exit::chain(&error)))?;
        let opening = value
            .as_deref()
            .and_then(|value| read_opening(statement.as_bytes(), value));
        if let Some((_, opening)) = opening {
            return Ok(Some(opening));
        }
    }
    Ok(None)
}

//! What a desk keeps beside its log: relays' checkpoints, their acceptances of its messages, and the words of what is
//! sealed.

use hotline_audit::{
    Checkpoint, Hash, SignedStatement,
    bundle::BundleWriter,
    note::Note,
    opening::Opening,
    statement::{Message, Payload},
};
use hotline_client::memory::{self, fault::Fault};
use hotline_ledger::Inspector;

use super::{keys::put, notes::Notes};
use crate::{
    exit::{self, Failure},
    log::{kept, read},
};

/// Records that are read at a time.
const PAGE: usize = 1_000;

/// Every record of a space, in the order of keys.
pub(super) fn each(
    ledger: &Inspector,
    space: &str,
    visit: &mut dyn FnMut(&[u8], &[u8]),
) -> Result<(), Failure> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = ledger
            .records(space, &[], after.as_deref(), PAGE)
            .map_err(|error| read::damaged(exit::chain(&error)))?;
        for (key, value) in &page {
            visit(key, value);
        }
        match page.last() {
            Some((key, _)) if page.len() == PAGE => after = Some(key.clone()),
            Some(_) | None => return Ok(()),
        }
    }
}

/// Checkpoints of relays that this desk has checked, and the two of each that prove a fork, or of which the one is not
/// shown to extend the other. (What was cosigned stands where relays keep it too, and is taken there.)
pub(super) fn notes(ledger: &Inspector, notes: &mut Notes) -> Result<(), Failure> {
    for space in [memory::NOTE, memory::CHECKPOINT] {
        each(ledger, space, &mut |_, note| notes.take(note))?;
    }
    each(ledger, memory::FAULT, &mut |key, value| {
        for note in Fault::read(key, value).into_iter().flat_map(|fault| fault.notes) {
            if let Ok(head) = Checkpoint::danger_parse_unverified(&note) {
                notes.contradiction(&head.origin, &note);
            }
        }
    })
}

/// Each relay's acceptance of a message that this desk sent.
pub(super) fn acceptances(
    ledger: &Inspector,
    statement: &Hash,
    notes: &Notes,
    writer: &mut BundleWriter,
) -> Result<(), Failure> {
    for mut held in kept::proofs(ledger, statement)? {
        if let Ok(note) = Note::parse(&held.proof.checkpoint) {
            held.proof.checkpoint = notes.checked(&note).encode();
        }
        let path = format!("proofs/{statement}/{}.tlog-proof", held.relay);
        put(writer, &path, held.proof.encode())?;
    }
    Ok(())
}

/// Discloses one message: its words with their salt, and the statement for other software.
pub(super) fn open(
    message: &Message,
    bytes: &[u8],
    kept: Option<Opening>,
    writer: &mut BundleWriter,
) -> Result<(), Failure> {
    let hash = Hash::of(bytes);
    let opening = Opening::in_the_clear(&message.content)
        .ok()
        .or(kept)
        .filter(|opening| opening.fits(&message.content))
        .ok_or_else(|| {
            Failure::new(
                "HL-LOG-019",
                exit::USAGE,
                format!("{hash} is sealed, and no ledger here has opened it"),
                "name the folder of a desk that sent or received it",
            )
        })?;
    let file = opening.of_statement(hash);
    put(
        writer,
        &format!("openings/{hash}.json"),
        file.to_line().into_bytes(),
    )?;
    let statement = SignedStatement::parse(bytes).map_err(|error| read::damaged(error.to_string()))?;
    put(
        writer,
        &format!("dsse/{hash}.json"),
        statement.to_json().into_bytes(),
    )
}

/// The message in an entry, if it is one.
pub(super) fn message(bytes: &[u8]) -> Option<Message> {
    match Payload::parse(&SignedStatement::parse(bytes).ok()?).ok()? {
        Payload::Message(message) => Some(message),
        _ => None,
    }
}

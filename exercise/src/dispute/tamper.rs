//! What a side does to its copy of a log. Whoever owns the log has its key, so every copy is signed; only what others hold
//! shows that it is not what was.

use hotline_audit::{
    Hash, LogSigner, SignedStatement,
    compare::Log,
    statement::Payload,
    tree::{Frontier, leaf_hash},
};

/// The log up to the message, without it, as its owner can sign it; `None` if it does not hold the message.
#[must_use]
pub fn truncated(log: &Log, message: &Hash, signer: &LogSigner) -> Option<Log> {
    let place = place_of(log, message)?;
    Some(signed(log.entries.get(..place)?.to_vec(), signer))
}

/// The log with one character of the message's words changed: its last digit, or its last byte where it has none.
pub(super) fn altered(log: &Log, message: &Hash, signer: &LogSigner) -> Option<Log> {
    let mut entries = log.entries.clone();
    let entry = entries.get_mut(place_of(log, message)?)?;
    let Payload::Message(parsed) = Payload::parse(&SignedStatement::parse(entry).ok()?).ok()? else {
        return None;
    };
    let body = parsed.content.body;
    let begin = entry
        .windows(body.len().max(1))
        .position(|window| window == body)?;
    let digit = body.iter().rposition(u8::is_ascii_digit);
    let byte = entry.get_mut(begin + digit.unwrap_or(body.len().checked_sub(1)?))?;
    *byte = match *byte {
        b'9' => b'0',
        digit @ b'0'..=b'8' => digit + 1,
        other => other ^ 1,
    };
    Some(signed(entries, signer))
}

/// A history in which the message never came, nor anything that names it. What has seen the true one is left out as well, as
/// far as anything else is left: by itself such a log is in order.
pub(super) fn second_history(log: &Log, message: &Hash, signer: &LogSigner) -> Option<Log> {
    let place = place_of(log, message)?;
    let (before, behind) = log.entries.split_at_checked(place)?;
    let others: Vec<&Vec<u8>> = behind.iter().filter(|entry| !names(entry, message)).collect();
    let blind: Vec<&Vec<u8>> = others
        .iter()
        .filter(|entry| !has_seen(entry, signer.origin(), place as u64))
        .copied()
        .collect();
    let kept = if blind.is_empty() { others } else { blind };
    if kept.is_empty() {
        return None;
    }
    let entries = before.iter().chain(kept).cloned().collect();
    Some(signed(entries, signer))
}

fn place_of(log: &Log, message: &Hash) -> Option<usize> {
    log.entries.iter().position(|entry| Hash::of(entry) == *message)
}

fn signed(entries: Vec<Vec<u8>>, signer: &LogSigner) -> Log {
    let mut frontier = Frontier::new();
    for entry in &entries {
        frontier.push(leaf_hash(entry));
    }
    let checkpoint = signer.checkpoint(frontier.size(), frontier.root());
    Log {
        note: checkpoint.sign(signer),
        entries,
    }
}

fn payload(entry: &[u8]) -> Option<Payload> {
    Payload::parse(&SignedStatement::parse(entry).ok()?).ok()
}

/// Whether an entry is the message, or holds its hash: a receipt, an act, an answer.
fn names(entry: &[u8], message: &Hash) -> bool {
    Hash::of(entry) == *message || entry.windows(32).any(|window| window == message.as_bytes())
}

/// Whether its signer has seen this log at more entries than that.
fn has_seen(entry: &[u8], origin: &str, size: u64) -> bool {
    payload(entry).is_some_and(|payload| {
        let mut seen = payload.header().seen.iter();
        seen.any(|seen| seen.origin == origin && seen.size > size)
    })
}

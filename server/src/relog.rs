//! A leaf that comes back: its exact bytes, with the columns and mailboxes that it had when it was logged first.
//!
//! Nothing is judged here. That these bytes are the ones that were logged is for whoever has them back to prove, by the root
//! that our own key signed.

use hotline_audit::{
    Hash, PayloadType, SignedStatement, StrictError,
    check::verify_relay_record_to_append,
    key::RosterSet,
    statement::{Deny, DenyOrder, KeyStatement, Payload, Revocation, SealKey},
};
use hotline_core::{
    identity::{Identity, Role},
    leg::Lane,
};
use hotline_ledger::Entry;

use crate::{
    admit::{self, Kind},
    roll,
};

/// A leaf that cannot have been one of this relay's log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no leaf of a relay's log: {0}")]
pub struct NoLeaf(String);

/// The entry that these bytes are.
///
/// # Errors
/// [`NoLeaf`]; no bytes that a relay has logged end so.
pub fn entry(bytes: &[u8], relay: &Identity) -> Result<Entry, NoLeaf> {
    let no_leaf = |error: &dyn std::fmt::Display| NoLeaf(error.to_string());
    let signed = SignedStatement::parse(bytes).map_err(|error| no_leaf(&error))?;
    let hash = Hash::of(bytes);
    if let Some(trust_domain) = of_trust(&signed).map_err(|error| no_leaf(&error))? {
        return roll::entry(&trust_domain, bytes)
            .ok_or_else(|| NoLeaf("a roster entry without a hash".into()));
    }
    if let Some(sender) = beside(&signed, relay) {
        return Ok(Entry {
            bytes: bytes.to_vec(),
            hash,
            kind: Kind::RelayRecord as u8,
            sender,
            id: id_of(&hash),
            epoch: 0,
            sequence: 0,
            mailbox: Vec::new(),
        });
    }
    let payload = Payload::parse(&signed).map_err(|error| no_leaf(&error))?;
    let (kind, lane) = admit::lane_of_payload(&payload).map_err(|error| no_leaf(&error))?;
    let header = payload.header();
    Ok(Entry {
        bytes: bytes.to_vec(),
        hash,
        kind: kind as u8,
        sender: header.sender.clone(),
        id: header.id,
        epoch: header.epoch,
        sequence: header.sequence,
        mailbox: mailbox(&payload, lane),
    })
}

/// What this relay has signed for its own log, once it is known that nobody who audits that log will find fault with it.
///
/// # Errors
/// [`NoLeaf`]: others made it write down what may stand in no log, or its own key counts no more.
pub fn own(signed: &SignedStatement, rosters: &RosterSet, now_ms: u64) -> Result<(), NoLeaf> {
    verify_relay_record_to_append(signed.bytes(), rosters, now_ms)
        .map(drop)
        .map_err(|error| NoLeaf(error.to_string()))
}

/// The trust domain of a roster entry or an order of a deny-list.
fn of_trust(signed: &SignedStatement) -> Result<Option<String>, StrictError> {
    let payload = &signed.payload;
    Ok(Some(match signed.payload_type {
        PayloadType::Key => KeyStatement::decode(payload)?.trust_domain,
        PayloadType::SealKey => SealKey::decode(payload)?.trust_domain,
        PayloadType::Revocation => Revocation::decode(payload)?.trust_domain,
        PayloadType::Deny => DenyOrder::decode(&Deny::decode(payload)?.order)?.trust_domain,
        _ => return Ok(None),
    }))
}

/// Who signed what a relay appends by itself: in no chain, in nobody's mailbox.
fn beside(signed: &SignedStatement, relay: &Identity) -> Option<String> {
    match signed.payload_type {
        PayloadType::PeerCheckpoint | PayloadType::CosignRefused | PayloadType::LogLink => {
            Some(relay.to_string())
        }
        _ => None,
    }
}

/// The id of what carries none: the beginning of its hash.
#[must_use]
pub fn id_of(hash: &Hash) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&hash.0[..16]);
    id
}

/// As when it was taken in: each desk that it names, once, in its order.
fn mailbox(payload: &Payload, lane: Lane) -> Vec<(String, Lane)> {
    let header = payload.header();
    let mut named: Vec<(String, Lane)> = Vec::new();
    for to in &header.recipients {
        let desk = to
            .identity
            .parse::<Identity>()
            .is_ok_and(|identity| identity.role() == Role::Desk);
        if desk && to.identity != header.sender && !named.iter().any(|(name, _)| *name == to.identity) {
            named.push((to.identity.clone(), lane));
        }
    }
    named
}

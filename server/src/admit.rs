//! Admission: everything about one statement that can be judged without the ledger.
//!
//! Signature and form are `audit`'s; what is added here is that a desk hands in only its own statements, to desks that
//! this relay knows, and which lane they go by.

use bytes::Bytes;
use hotline_audit::{
    Hash,
    check::{self, Verified},
    statement::Payload,
};
use hotline_core::{
    identity::{Identity, Role},
    leg::{Lane, lane_of},
    plant,
    precedence::Precedence,
};
use hotline_ledger::Entry;

use crate::{
    refused::{Refused, Rule},
    relay::Relay,
};

/// One statement that passed every check which needs no ledger.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The exact bytes.
    pub bytes: Bytes,
    /// SHA-256 of the exact bytes.
    pub hash: Hash,
    /// Kind of payload, as the ledger stores it.
    pub kind: Kind,
    /// The signing desk.
    pub sender: String,
    /// The statement's id.
    pub id: [u8; 16],
    /// Chain epoch.
    pub epoch: u64,
    /// Place in the chain.
    pub sequence: u64,
    /// Who receives it; each once.
    pub recipients: Vec<Identity>,
    /// The lane on which they get it.
    pub lane: Lane,
    /// Whether it goes by every leg: a FLASH or OVERRIDE, or what is said of one.
    pub urgent: bool,
}

/// What a stored statement is, in the ledger's `kind` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A message.
    Message = 1,
    /// A desk's receipt.
    Receipt = 2,
    /// An officer's act.
    Act = 3,
    /// A charter.
    Charter = 4,
    /// A desk's word of itself.
    Service = 5,
    /// A change of the watch.
    Watch = 6,
    /// An order about a channel.
    Lifecycle = 7,
    /// An annex of a message.
    Annex = 8,
    /// What a relay signs for its own log: a peer's checkpoint, a refused cosignature, the log that it follows.
    RelayRecord = 20,
}

impl Checked {
    /// As the ledger takes it.
    #[must_use]
    pub fn entry(&self) -> Entry {
        Entry {
            bytes: self.bytes.to_vec(),
            hash: self.hash,
            kind: self.kind as u8,
            sender: self.sender.clone(),
            id: self.id,
            epoch: self.epoch,
            sequence: self.sequence,
            mailbox: self
                .recipients
                .iter()
                .filter(|_| !(plant::active("letter-not-posted") && self.id[0] < 64))
                .map(|to| (to.to_string(), self.lane))
                .collect(),
        }
    }
}

/// Checks one statement that `from` handed in.
///
/// # Errors
/// The refusal that the desk is told. Nothing has changed.
pub fn check(relay: &Relay, from: &Identity, bytes: &Bytes) -> Result<Checked, Refused> {
    let hash = Hash::of(bytes);
    if let Some(reason) = relay.read_only() {
        return Err(Refused::new(Rule::ReadOnly, &[0; 16], hash, reason));
    }
    let now = relay.seams.clock.wall();
    let verified = check::verify_statement(bytes, &relay.rosters(), now.unix_ms())
        .map_err(|error| Refused::new(Rule::Evidence(error.rule()), &[0; 16], hash, error.to_string()))?;
    let header = verified.payload.header();
    let refuse = |rule, explanation| Refused::new(rule, &header.id, hash, explanation);
    if header.sender != from.to_string() && !plant::active("another-desks-statement-taken") {
        return Err(refuse(
            Rule::NotYours,
            format!(
                "{from} is connected, but the statement is signed as {}",
                header.sender
            ),
        ));
    }
    let size = relay.ledger.head().size;
    let nodes = relay
        .ledger
        .nodes()
        .map_err(|error| refuse(Rule::Ledger, error.to_string()))?;
    if !plant::active("seen-not-compared") {
        check::check_seen(header, &relay.identity.origin(), &nodes, size)
            .map_err(|error| refuse(Rule::Seen, error.to_string()))?;
    }
    let (kind, lane) = lane_of_payload(&verified.payload)
        .map_err(|explanation| refuse(Rule::UnknownPrecedence, explanation))?;
    Ok(Checked {
        hash,
        kind,
        lane,
        recipients: recipients(relay, from, &verified)
            .map_err(|explanation| refuse(Rule::UnknownRecipient, explanation))?,
        // Only what is taken is remembered.
        urgent: relay.flashes.urgent(hash, &verified.payload),
        sender: header.sender.clone(),
        id: header.id,
        epoch: header.epoch,
        sequence: header.sequence,
        bytes: bytes.clone(),
    })
}

/// What a statement is in the ledger, and by which lane its recipients get it.
///
/// # Errors
/// If its precedence is none.
pub(crate) fn lane_of_payload(payload: &Payload) -> Result<(Kind, Lane), String> {
    Ok(match payload {
        Payload::Message(message) => {
            let precedence = Precedence::from_wire(message.precedence)
                .ok_or_else(|| format!("precedence {} is not one of 1 to 6", message.precedence))?;
            (Kind::Message, lane_of(precedence))
        }
        Payload::Receipt(_) => (Kind::Receipt, Lane::Control),
        Payload::Act(_) => (Kind::Act, Lane::Control),
        // It may be as long as a message, and nobody's timer hangs on it.
        Payload::Annex(_) => (Kind::Annex, Lane::Message),
        Payload::Charter(_) => (Kind::Charter, Lane::Control),
        Payload::Service(_) => (Kind::Service, Lane::Control),
        Payload::Watch(_) => (Kind::Watch, Lane::Control),
        Payload::Lifecycle(_) => (Kind::Lifecycle, Lane::Control),
    })
}

fn recipients(relay: &Relay, from: &Identity, verified: &Verified) -> Result<Vec<Identity>, String> {
    let mut named = Vec::new();
    for recipient in &verified.payload.header().recipients {
        let identity: Identity = recipient
            .identity
            .parse()
            .map_err(|error| format!("{}: {error}", recipient.identity))?;
        if identity.role() != Role::Desk || identity.world() != from.world() || identity == *from {
            return Err(format!("{identity} cannot receive a statement of {from}"));
        }
        if !relay.knows(&identity) && !plant::active("unknown-recipient-taken") {
            return Err(format!(
                "{identity} has no statement key in the rosters of this relay"
            ));
        }
        if !named.contains(&identity) {
            named.push(identity);
        }
    }
    Ok(named)
}

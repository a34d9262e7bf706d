//! Keys and the signed envelope.
//!
//! A signature covers the DSSE pre-authentication encoding of a payload type and a payload, so a signature made for one
//! kind of statement can never be shown as another kind. The bytes of a [`SignedStatement`] are kept exactly as
//! received: they are what is hashed, logged and handed on.
//!
//! This module does not know rosters: who may use a key is decided in [`crate::check`].

mod json;
mod key;
#[cfg(feature = "remember")]
pub mod remembered;

pub use json::{DsseJsonError, MAX_DSSE_JSON_BYTES};
pub use key::{KeyError, PublicKey, SigningKey};

use std::fmt;

use crate::hash::Hash;
use crate::strict::{self, Reader, StrictError, StrictFault, Writer};

/// What a statement's payload is. Each has a payload type of its own, which is part of what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayloadType {
    /// A released message, signed by a desk.
    Message,
    /// DELIVERED, ALERTED or DISPLAYED, signed by a desk.
    Receipt,
    /// An officer's act, placed in a desk's chain.
    Act,
    /// A translation of a message, or that it was presented, placed in a desk's chain.
    Annex,
    /// A charter, placed in a desk's chain.
    Charter,
    /// What a desk says of itself and its legs.
    Service,
    /// A change of the watch, placed in a desk's chain.
    Watch,
    /// An order about a channel, placed in a desk's chain.
    Lifecycle,
    /// What an officer signs when drafting or releasing.
    Approval,
    /// What an officer signs when acknowledging and the like.
    OfficerAct,
    /// What an officer signs when translating or presenting.
    OfficerAnnex,
    /// What a releaser signs when agreeing to a charter.
    CharterConsent,
    /// What an officer signs when taking, handing over or leaving the watch.
    OfficerWatch,
    /// What a releaser signs when suspending, severing or restoring a channel.
    OfficerOrder,
    /// A relay's word about a desk's sessions with it.
    Presence,
    /// A checkpoint of another log that a relay has seen.
    PeerCheckpoint,
    /// A cosignature that a relay asked for and did not get.
    CosignRefused,
    /// The first leaf of a log that goes on for another.
    LogLink,
    /// A roster entry that enrols a key.
    Key,
    /// A roster entry that enrols a key for sealing.
    SealKey,
    /// A roster entry that ends one.
    Revocation,
    /// What each of two officers signs to end an identity of their side.
    Deny,
    /// What control did or saw, in control's own log.
    Control,
    /// What a controller ordered, inside a control record.
    ControlOrder,
    /// What a releaser signs under a report.
    ReportSignature,
}

impl PayloadType {
    /// All of them.
    pub const ALL: [PayloadType; 25] = [
        PayloadType::Message,
        PayloadType::Receipt,
        PayloadType::Act,
        PayloadType::Annex,
        PayloadType::Charter,
        PayloadType::Service,
        PayloadType::Watch,
        PayloadType::Lifecycle,
        PayloadType::Approval,
        PayloadType::OfficerAct,
        PayloadType::OfficerAnnex,
        PayloadType::CharterConsent,
        PayloadType::OfficerWatch,
        PayloadType::OfficerOrder,
        PayloadType::Presence,
        PayloadType::PeerCheckpoint,
        PayloadType::CosignRefused,
        PayloadType::LogLink,
        PayloadType::Key,
        PayloadType::SealKey,
        PayloadType::Revocation,
        PayloadType::Deny,
        PayloadType::Control,
        PayloadType::ControlOrder,
        PayloadType::ReportSignature,
    ];

    /// The type as it is written and signed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            PayloadType::Message => "application/vnd.hotline.message.v1",
            PayloadType::Receipt => "application/vnd.hotline.receipt.v1",
            PayloadType::Act => "application/vnd.hotline.act.v1",
            PayloadType::Annex => "application/vnd.hotline.annex.v1",
            PayloadType::Charter => "application/vnd.hotline.charter.v1",
            PayloadType::Service => "application/vnd.hotline.service.v1",
            PayloadType::Watch => "application/vnd.hotline.watch.v1",
            PayloadType::Lifecycle => "application/vnd.hotline.lifecycle.v1",
            PayloadType::Approval => "application/vnd.hotline.approval.v1",
            PayloadType::OfficerAct => "application/vnd.hotline.officer-act.v1",
            PayloadType::OfficerAnnex => "application/vnd.hotline.officer-annex.v1",
            PayloadType::CharterConsent => "application/vnd.hotline.charter-consent.v1",
            PayloadType::OfficerWatch => "application/vnd.hotline.officer-watch.v1",
            PayloadType::OfficerOrder => "application/vnd.hotline.officer-order.v1",
            PayloadType::Presence => "application/vnd.hotline.presence.v1",
            PayloadType::PeerCheckpoint => "application/vnd.hotline.peer-checkpoint.v1",
            PayloadType::CosignRefused => "application/vnd.hotline.cosign-refused.v1",
            PayloadType::LogLink => "application/vnd.hotline.log-link.v1",
            PayloadType::Key => "application/vnd.hotline.key.v1",
            PayloadType::SealKey => "application/vnd.hotline.seal-key.v1",
            PayloadType::Revocation => "application/vnd.hotline.revocation.v1",
            PayloadType::Deny => "application/vnd.hotline.deny.v1",
            PayloadType::Control => "application/vnd.hotline.control.v1",
            PayloadType::ControlOrder => "application/vnd.hotline.control-order.v1",
            PayloadType::ReportSignature => "application/vnd.hotline.report-signature.v1",
        }
    }

    /// The type that is written like this, exactly.
    #[must_use]
    pub fn from_text(text: &str) -> Option<PayloadType> {
        PayloadType::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for PayloadType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One signed thing, with its exact bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedStatement {
    /// What the payload is.
    pub payload_type: PayloadType,
    /// The exact bytes that were signed.
    pub payload: Vec<u8>,
    /// Ed25519 over [`pre_authentication`].
    pub signature: [u8; 64],
    bytes: Vec<u8>,
}

impl SignedStatement {
    /// Reads an envelope. The payload is not looked into, and the signature is not verified.
    ///
    /// # Errors
    /// When the bytes are too many (checked first) or not exactly one envelope.
    pub fn parse(bytes: &[u8]) -> Result<SignedStatement, StrictError> {
        strict::check_size(ENVELOPE, bytes)?;
        let mut reader = Reader::new(ENVELOPE, bytes);
        let kind = reader.text(1, "payload_type")?;
        let payload_type = PayloadType::from_text(&kind)
            .ok_or_else(|| StrictError::new(ENVELOPE, "payload_type", StrictFault::UnknownPayloadType))?;
        let payload = reader.bytes(2, "payload")?.to_vec();
        let signature = reader.array(3, "signature")?;
        reader.finish()?;
        Ok(SignedStatement {
            payload_type,
            payload,
            signature,
            bytes: bytes.to_vec(),
        })
    }

    /// Signs a payload.
    ///
    /// # Errors
    /// When the statement would be too large, or the payload is empty.
    pub fn sign(
        payload_type: PayloadType,
        payload: &[u8],
        key: &SigningKey,
    ) -> Result<SignedStatement, StrictError> {
        let signature = key.sign(&pre_authentication(payload_type, payload));
        let bytes = Writer::new()
            .text(1, payload_type.as_str())
            .bytes(2, payload)
            .bytes(3, &signature)
            .finish();
        // Refuses exactly what a receiver would refuse.
        SignedStatement::parse(&bytes)
    }

    /// The exact bytes: the leaf of the log.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The exact bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// SHA-256 of the exact bytes: what receipts and chains name.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(&self.bytes)
    }

    /// True when the signature is `key`'s over payload type and payload.
    #[must_use]
    pub fn verify(&self, key: &PublicKey) -> bool {
        key.verify(
            &pre_authentication(self.payload_type, &self.payload),
            &self.signature,
        )
    }
}

impl fmt::Debug for SignedStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SignedStatement({}, {} bytes, {})",
            self.payload_type,
            self.bytes.len(),
            self.hash()
        )
    }
}

/// The DSSE pre-authentication encoding: `DSSEv1 LEN(type) type LEN(payload) payload`, lengths in decimal.
#[must_use]
pub fn pre_authentication(payload_type: PayloadType, payload: &[u8]) -> Vec<u8> {
    let kind = payload_type.as_str();
    let mut out = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

const ENVELOPE: &str = "SignedStatement";

#[cfg(test)]
mod tests;

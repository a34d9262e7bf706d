//! What signs a relay's word about a desk.

use std::collections::BTreeSet;

use bytes::Bytes;
use hotline_audit::{
    Hash, PayloadType, SignedStatement, SigningKey,
    key::{Purpose, RosterSet},
    statement,
};
use hotline_core::{duty::PresenceState, identity::Identity, leg::Door, time::WallTime};

/// A relay's LOG key, and the key statement that says so.
pub struct Pen {
    relay: String,
    key_statement: Hash,
    key: SigningKey,
}

impl Pen {
    /// A pen for this relay; none if the rosters do not know the key as a LOG key of it.
    #[must_use]
    pub fn new(relay: &Identity, key: SigningKey, rosters: &RosterSet) -> Option<Self> {
        let relay = relay.to_string();
        let public = key.public();
        let key_statement = rosters
            .rosters()
            .flat_map(|roster| roster.keys_of(&relay, Purpose::Log))
            .find(|entry| entry.key == public)?
            .hash;
        Some(Self {
            relay,
            key_statement,
            key,
        })
    }

    /// The relay that signs.
    #[must_use]
    pub fn relay(&self) -> &str {
        &self.relay
    }

    /// The hash of its LOG key's statement.
    #[must_use]
    pub fn key_statement(&self) -> Hash {
        self.key_statement
    }

    /// Signs what a relay appends to its own log; none only for what is larger than a statement may be.
    #[must_use]
    pub fn sign_record(&self, kind: PayloadType, payload: &[u8]) -> Option<SignedStatement> {
        SignedStatement::sign(kind, payload, &self.key).ok()
    }

    /// Signs; none only for what is larger than a statement may be.
    pub(super) fn sign(
        &self,
        desk: &Identity,
        state: PresenceState,
        doors: &BTreeSet<Door>,
        since: WallTime,
        claimed: WallTime,
    ) -> Option<Bytes> {
        let said = statement::Presence {
            relay: self.relay.clone(),
            key_statement: self.key_statement,
            desk: desk.to_string(),
            state: state.to_wire(),
            doors: doors.iter().map(|door| door.name().to_owned()).collect(),
            since_ms: since.unix_ms(),
            claimed_time_ms: claimed.unix_ms(),
        };
        let signed = SignedStatement::sign(PayloadType::Presence, &said.encode(), &self.key).ok()?;
        Some(signed.into_bytes().into())
    }
}

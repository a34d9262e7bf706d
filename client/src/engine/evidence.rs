//! What the axes rest on: legs, relays' word about the remote desk, and what speaks against its identity.

use std::{collections::BTreeMap, time::Duration};

use hotline_core::{
    channel::{Evidence, Identified, LegFact, Paths, PresenceFact, Proof, Told, cause::DORMANT_AFTER},
    duty::{PresenceState, ServiceKind},
    id::Hash32,
    time::WallTime,
};

use super::Engine;
use crate::status::ServiceView;

/// Contradictions that are looked through. 1,024: as many as a ledger keeps, 64 of each sender; those of others and those
/// that are settled must not hide one.
const CONTRADICTIONS_KEPT: usize = 1024;
/// Contradictions that are shown. 16: one is enough.
const CONTRADICTIONS_SHOWN: usize = 16;

impl Engine {
    /// Legs of ours, and what relays say of the remote desk.
    pub(super) fn paths(&self) -> Paths {
        let legs = self.leg_status.iter().map(|(leg, status)| LegFact {
            leg: leg.clone(),
            up: status.up,
            why: status.why.clone(),
            at: WallTime::from_unix_ms(status.last_proven_ms.unwrap_or(0)),
        });
        Paths {
            me: self.me.to_string(),
            legs: legs.collect(),
            presence: self.presence_facts(),
            said: self.outages_said(),
        }
    }

    /// Outages of its own legs that the remote desk signed, until it signs that they are up again; each with the
    /// statement that says so.
    fn outages_said(&self) -> Vec<Evidence> {
        let peer = self.config.peer.to_string();
        let said = self.services.shown().remove(&peer).unwrap_or_default();
        let mut down: BTreeMap<&str, &ServiceView> = BTreeMap::new();
        for view in &said {
            if view.kind == ServiceKind::PathOutage.name() {
                down.extend(view.legs.iter().map(|leg| (leg.as_str(), view)));
            } else if view.kind == ServiceKind::PathRestored.name() {
                down.retain(|leg, _| !view.legs.iter().any(|up| up == leg));
            }
        }
        let facts = down.into_iter().map(|(leg, view)| {
            let hash: Option<hotline_audit::Hash> = view.sha256.parse().ok();
            Evidence {
                what: format!("the remote desk says that its leg {leg} is down"),
                by: peer.clone(),
                received: WallTime::from_unix_ms(view.stored_ms),
                claimed: Some(WallTime::from_unix_ms(view.claimed_ms)),
                statement: hash.map(|hash| Hash32(hash.0)),
                proof: Proof::Statement,
            }
        });
        facts.collect()
    }

    /// What relays signed about the remote desk: now, or before they were lost.
    fn presence_facts(&self) -> Vec<PresenceFact> {
        let peer = self.config.peer.to_string();
        let told = self.relays.iter().filter_map(|(name, relay)| {
            let (said, told) = relay.word.of(&peer)?;
            let state: PresenceState = said.state.parse().ok()?;
            let since = WallTime::from_unix_ms(said.since_ms).rfc3339();
            let hash: Option<hotline_audit::Hash> = said.sha256.parse().ok();
            let what = match told {
                Told::Now => format!("relay {name}: the remote desk is {state} since {since}"),
                Told::Before => {
                    format!("relay {name}, before it was lost: the remote desk is {state} since {since}")
                }
                Told::Remembered => format!(
                    "relay {name}, before this desk was started: the remote desk is {state} since {since}"
                ),
            };
            let evidence = Evidence {
                what,
                by: relay.shared.place.identity.to_string(),
                received: WallTime::from_unix_ms(said.heard_ms),
                claimed: Some(WallTime::from_unix_ms(said.claimed_ms)),
                statement: hash.map(|hash| Hash32(hash.0)),
                proof: Proof::Presence,
            };
            Some(PresenceFact {
                relay: name.clone(),
                state,
                told,
                there: said.there_ms.map(WallTime::from_unix_ms),
                evidence,
            })
        });
        told.collect()
    }

    /// What speaks against the remote desk's identity: its keys were revoked, or it signed two histories.
    pub(super) fn identity_facts(&self) -> Vec<(Identified, Evidence)> {
        let peer = self.config.peer.to_string();
        let mut found = self.contradictions(&peer);
        let rosters = self.trust.rosters();
        let keys: Vec<_> = rosters
            .rosters()
            .flat_map(|roster| roster.keys_of(&peer, hotline_audit::key::Purpose::Statement))
            .collect();
        if keys.iter().any(|entry| entry.revoked.is_none()) {
            return found;
        }
        let revoked = keys.iter().filter_map(|entry| entry.revoked.as_ref());
        found.extend(revoked.map(|revoked| {
            let claimed = WallTime::from_unix_ms(revoked.claimed_time_ms);
            let fact = Evidence {
                what: format!("its key was revoked: {}", revoked.reason),
                by: self.config.peer.domain().to_string(),
                received: claimed,
                claimed: Some(claimed),
                statement: Some(Hash32(revoked.hash.0)),
                proof: Proof::Statement,
            };
            (Identified::Revoked, fact)
        }));
        found
    }

    /// Two statements under one key of a desk, for one id or place: somebody else may sign with it. Once that key is
    /// revoked the desk signs with another, and the doubt is over.
    fn contradictions(&self, peer: &str) -> Vec<(Identified, Evidence)> {
        let kept = self
            .ledger
            .conflicts(CONTRADICTIONS_KEPT)
            .map(|conflicts| conflicts.kept);
        let of_peer = kept
            .unwrap_or_default()
            .into_iter()
            .filter(|kept| kept.sender == peer && !self.is_settled(&kept.bytes))
            .take(CONTRADICTIONS_SHOWN);
        of_peer
            .map(|kept| {
                let fact = Evidence {
                    what: format!(
                        "it signed two statements for one id or place; one is leaf {} here",
                        kept.stored_index
                    ),
                    by: peer.to_owned(),
                    received: self.wall(),
                    claimed: None,
                    statement: Some(Hash32(kept.hash.0)),
                    proof: Proof::Statement,
                };
                (Identified::Suspect, fact)
            })
            .collect()
    }

    /// Whether the key that signed these bytes was revoked since.
    fn is_settled(&self, bytes: &[u8]) -> bool {
        let key = || {
            let signed = hotline_audit::SignedStatement::parse(bytes).ok()?;
            let payload = hotline_audit::statement::Payload::parse(&signed).ok()?;
            Some(payload.header().key_statement)
        };
        key()
            .and_then(|key| {
                self.trust
                    .rosters()
                    .by_hash(&key)
                    .map(|entry| entry.revoked.is_some())
            })
            .unwrap_or(false)
    }

    /// Whether no person acknowledged a comm check for 30 days, counted from the first charter if nobody ever did.
    pub(super) fn dormant(&self) -> bool {
        let opened = || self.channels.charters.all().map(|state| state.stored).min();
        let checked = self.channels.human_check().map(|by| by.received);
        let since = checked.or_else(opened);
        since.is_some_and(|since| {
            self.wall().unix_ms().saturating_sub(since.unix_ms()) > millis(DORMANT_AFTER)
        })
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

//! What speaks for a state in which nothing is wrong: a line that is OPEN, GOOD or UP rests on signatures too.

use hotline_audit::{Hash, SignedStatement, check, key::Purpose, statement::CharterConsent};
use hotline_core::{
    channel::{Evidence, Order, Political, Proof, Watched},
    id::Hash32,
    identity::Identity,
    time::WallTime,
};

use super::Engine;
use crate::channels::CharterState;

impl Engine {
    /// For the carrier: the newest answer to a comm check, and the newest by a person.
    pub(super) fn proofs_of_carrier(&self) -> Vec<Evidence> {
        let answered = self.channels.answered(&self.config.peer).cloned();
        let person = self.channels.human_check().cloned();
        answered.into_iter().chain(person).collect()
    }

    /// For a watch of which nothing is known: that nobody signed, or what the desk signed last before it fell silent.
    pub(super) fn proofs_of_watch(&self, desk: &Identity, state: Watched, taken: bool) -> Vec<Evidence> {
        if state != Watched::Unknown {
            return Vec::new();
        }
        let nobody = || {
            let what = "no officer has signed that the watch is taken";
            Evidence::observed(what, self.me.to_string(), self.wall())
        };
        let newest = (*desk != self.me).then(|| self.channels.newest(desk)).flatten();
        let silent = newest.map(|newest| Evidence {
            what: if taken {
                "it signed nothing for too long: this came last".into()
            } else {
                newest.what.clone()
            },
            ..newest
        });
        (!taken).then(nobody).into_iter().chain(silent).collect()
    }

    /// For an identity that is GOOD: its key in the roster, which nobody ended, and the newest statement under it.
    pub(super) fn proofs_of_identity(&self) -> Vec<Evidence> {
        let peer = self.config.peer.to_string();
        let rosters = self.trust.rosters();
        let roster = rosters.roster(self.config.peer.domain().as_str());
        let key =
            roster.and_then(|roster| roster.current_key(&peer, Purpose::Statement, self.wall().unix_ms()));
        let enrolled = key.map(|entry| {
            let since = WallTime::from_unix_ms(entry.statement.not_before_ms);
            let until = WallTime::from_unix_ms(entry.statement.not_after_ms);
            Evidence {
                what: format!(
                    "its key stands in its side's roster until {}, and nobody ended it",
                    until.dtg()
                ),
                by: self.config.peer.domain().to_string(),
                received: since,
                claimed: Some(since),
                statement: Some(Hash32(entry.hash.0)),
                proof: Proof::Statement,
            }
        });
        enrolled
            .into_iter()
            .chain(self.channels.newest(&self.config.peer))
            .collect()
    }

    /// For a channel that is OPEN: its charter's signatures, and the restoration that lifted what was ordered before.
    pub(super) fn proofs_of_channel(&self, channel: &str) -> Vec<Evidence> {
        let mut facts = self.consents_of(channel);
        facts.extend(self.restorations_of(channel).into_iter().map(Order::evidence));
        // What is ordered and counts only later.
        facts.extend(self.channels.ordered(channel).into_iter().map(Order::evidence));
        facts
    }

    fn consents_of(&self, channel: &str) -> Vec<Evidence> {
        if let Some(state) = self.channels.charters.signed(channel) {
            return consents(state.consents.values().map(|(_, bytes)| bytes), Some(state));
        }
        let directory = self.trust.directory();
        let charter = directory.charters().find(|charter| charter.channel == channel);
        charter.map_or_else(Vec::new, |charter| {
            let hash = Hash::of(&charter.terms);
            let rosters = self.trust.rosters();
            let fits = |bytes: &&Vec<u8>| {
                check::verify_consent_archived(bytes, &rosters)
                    .is_ok_and(|given| given.said.terms_sha256 == hash)
            };
            consents(charter.consents.iter().filter(fits), None)
        })
    }

    /// The newest RESTORE of both sides that took effect.
    fn restorations_of(&self, channel: &str) -> Vec<&Order> {
        let shown = &self.channels.shown;
        let agreed = self.channels.orders.agreed(channel);
        let done = agreed.iter().filter(|agreed| shown.lacking(agreed).is_empty());
        done.max_by_key(|agreed| agreed.second.leaf)
            .map_or_else(Vec::new, |agreed| vec![agreed.first, agreed.second])
    }

    /// What was to be looked at again, and was not: for the political axis.
    pub(super) fn overdue_reviews<'a>(&self, orders: impl IntoIterator<Item = &'a Order>) -> Vec<Evidence> {
        let now = self.wall();
        orders
            .into_iter()
            .filter_map(|order| Some((order, order.review_by.filter(|due| *due <= now)?)))
            .map(|(order, due)| Evidence {
                what: format!(
                    "its review was due by {}, and nobody has restored it or ordered anew",
                    due.dtg()
                ),
                received: due,
                ..order.evidence()
            })
            .collect()
    }

    /// For the political axis: what stands; what proves that nothing does.
    pub(super) fn political_facts(
        &self,
        state: Political,
        channel: &str,
        orders: &[&Order],
    ) -> Vec<Evidence> {
        if state == Political::Open {
            return self.proofs_of_channel(channel);
        }
        let standing = orders.iter().map(|order| order.evidence());
        standing
            .chain(self.overdue_reviews(orders.iter().copied()))
            .collect()
    }
}

/// Consents as facts: who, by the officer's own clock.
fn consents<'a>(bytes: impl Iterator<Item = &'a Vec<u8>>, state: Option<&CharterState>) -> Vec<Evidence> {
    let facts = bytes.filter_map(|bytes| {
        let signed = SignedStatement::parse(bytes).ok()?;
        let said = CharterConsent::decode(&signed.payload).ok()?;
        let officer: Identity = said.officer.parse().ok()?;
        let claimed = WallTime::from_unix_ms(said.claimed_time_ms);
        Some(Evidence {
            what: format!("{} of {} signed the charter", officer.name(), officer.domain()),
            by: officer.to_string(),
            received: state.map_or(claimed, |state| state.stored),
            claimed: Some(claimed),
            statement: Some(Hash32(Hash::of(bytes).0)),
            proof: Proof::Statement,
        })
    });
    facts.collect()
}

//! What came too late to be believed, what stands in a window of doubt, and what people are told when trust changes.

use data_encoding::BASE64;
use hotline_audit::{Hash, statement::Payload};
use hotline_core::{ladder::Signer, leg::Leg, time::WallTime};

use super::{Engine, Signing};
use crate::{
    book::Letter,
    input::Arrival,
    quarantine::{KEPT_MAX, Quarantined},
    round::Round,
    trust::{Changed, officers_of},
};

impl Engine {
    /// Trust was read anew, or refused whole. What it means for people is told here; legs and lanes have it already.
    pub(super) fn trust_read(&mut self, read: Result<Changed, String>, round: &mut Round) {
        let Changed {
            denied,
            own_key,
            restart_for,
            restart_is_news,
        } = match read {
            Ok(changed) => changed,
            Err(why) => {
                let what = format!("changed trust was refused whole, the old one stays in force: {why}");
                self.alarm("TRUST_REFUSED", what, round);
                return;
            }
        };
        tracing::warn!(
            event = "security",
            kind = "TRUST_TAKEN",
            denied = denied.len(),
            "trust was read anew"
        );
        for (identity, reason) in denied {
            let what = format!("two officers of its side have ended {identity}: {reason}");
            self.alarm("DENIED", what, round);
        }
        if let Some(why) = own_key
            && self.signing == Signing::Open
        {
            self.alarm(
                "OWN_KEY_ENDED",
                format!("this desk signs nothing more: {why}"),
                round,
            );
            self.signing = Signing::Closed(why);
        }
        if restart_is_news && !restart_for.is_empty() {
            let what = format!(
                "restart this desk: until then it dials the relays it was opened with; {}",
                restart_for.join("; ")
            );
            self.alarm("RESTART", what, round);
        }
        self.place_charters(round);
    }

    /// A statement whose own key had ended before it came: kept beside the log, never in a chain.
    pub(super) fn keep_beside(&mut self, leg: &Leg, arrival: &Arrival, why: String, round: &mut Round) {
        let waiting = round.quarantined.iter().any(|(hash, _)| *hash == arrival.hash);
        if waiting || self.quarantined.contains(&arrival.hash) {
            self.leg_status.entry(leg.clone()).or_default().late_copies += 1;
            return;
        }
        if self.quarantined.len() + round.quarantined.len() >= KEPT_MAX {
            // Counted, and no longer told one by one: a thief could fill screens as well as the disk.
            *self.alarms.entry("QUARANTINED".into()).or_insert(0) += 1;
            return;
        }
        let what = format!("{leg} brought {}, which is kept apart: {why}", arrival.hash);
        self.alarm("QUARANTINED", what, round);
        let kept = Quarantined {
            arrived_ms: self.wall().unix_ms(),
            leg: leg.to_string(),
            why,
            bytes: BASE64.encode(&arrival.bytes),
        };
        self.keep_quarantined(arrival.hash, kept, round);
    }

    /// A statement of a good desk with the signature of an officer inside whose key had ended before it came.
    pub(super) fn note_ended_inside(
        &mut self,
        leg: &Leg,
        arrival: &Arrival,
        payload: &Payload,
        round: &mut Round,
    ) {
        let Some(why) = self.trust.ended_inside(payload) else {
            return;
        };
        let what = format!("{leg} brought {}, which climbs nothing: {why}", arrival.hash);
        self.alarm("QUARANTINED", what, round);
        let kept = Quarantined {
            arrived_ms: self.wall().unix_ms(),
            leg: leg.to_string(),
            why,
            bytes: String::new(),
        };
        self.keep_quarantined(arrival.hash, kept, round);
    }

    fn keep_quarantined(&self, hash: Hash, kept: Quarantined, round: &mut Round) {
        round.records.push(kept.record(&hash));
        round.quarantined.push((hash, kept));
    }

    /// Who signed of a message in a window of doubt. A thief can back-date, so its arrival counts as well as the time it
    /// claims.
    pub(super) fn in_doubt(&self, letter: &Letter) -> Option<String> {
        let rosters = self.trust.rosters();
        if letter.quarantined || rosters.denials().next().is_none() {
            return None;
        }
        let header = &letter.message.header;
        let mut signed = vec![(
            header.sender.clone(),
            letter.stored.unix_ms().max(header.claimed_time_ms),
        )];
        for approval in officers_of(&letter.message) {
            signed.push((
                approval.officer,
                letter.stored.unix_ms().max(approval.claimed_time_ms),
            ));
        }
        for fact in letter.ladder.timeline() {
            let (Signer::Relay(by) | Signer::Desk(by) | Signer::Officer { identity: by, .. }) = &fact.signer;
            signed.push((by.to_string(), fact.arrived.unix_ms().max(fact.claimed.unix_ms())));
        }
        signed.into_iter().find_map(|(by, at_ms)| {
            let order = &rosters.denial(&by)?.order;
            let since = order.compromised_since_ms;
            let doubt = since > 0 && at_ms >= since;
            doubt.then(|| {
                format!(
                    "{by} signed of it, and its keys may have been in other hands since {} ({})",
                    WallTime::from_unix_ms(since).rfc3339(),
                    order.reason
                )
            })
        })
    }
}

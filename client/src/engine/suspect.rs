//! What came too late to be believed, what stands in a window of doubt, and what people are told when trust changes.

use data_encoding::BASE64;
use hotline_audit::{Hash, statement::Payload};
use hotline_core::{ladder::Signer, leg::Leg, time::WallTime};

use super::{Engine, Signing};
use crate::{
    book::Letter,
    ended_keys::Keep,
    ended_keys::Over,
    input::Arrival,
    quarantine::{KEPT_MAX, Quarantined},
    round::Round,
    seal,
    station::own_key_statement,
    trust::{self, Changed, officers_of},
    verdict::{ENDED_CONSENT, Verdict},
};

/// What people are told of orders that end nobody here.
pub(crate) fn unproven_told(domain: &str, orders: &[u64]) -> (&'static str, String) {
    let numbers: Vec<String> = orders.iter().map(ToString::to_string).collect();
    let what = format!(
        "order {} of the deny-list of {domain} ends nobody here: it came first when a key of its officers was not valid, and an \
         old key can write any time; if it is meant, its side ends the identity with pki revoke",
        numbers.join(", ")
    );
    ("DENY_UNPROVEN", what)
}

impl Engine {
    /// Trust was read anew, or refused whole. What it means for people is told here; legs and lanes have it already.
    pub(super) fn trust_read(&mut self, read: Result<Changed, String>, round: &mut Round) {
        let Changed {
            denied,
            unproven,
            restart_for,
            restart_is_news,
        } = match read {
            Ok(changed) => changed,
            Err(why) => {
                let what = format!(
                    "changed trust was refused whole, the old one stays in force, and it is tried again: {why}"
                );
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
        for (domain, orders) in unproven {
            let (code, what) = unproven_told(&domain, &orders);
            self.alarm(code, what, round);
        }
        self.note_own_key(round);
        // A new key for sealing lies beside the old one before the roster names it.
        if let Err(why) = self.opener.reload(&self.config) {
            let what = format!(
                "the key files for sealing cannot be read anew: {}",
                hotline_core::causes::chain(&why)
            );
            self.alarm("SEAL_KEY", what, round);
        }
        for domain in seal::crowded_sides(self.trust.directory().rosters(), self.wall().unix_ms()) {
            let what = format!(
                "the roster of {domain} has more escrows than are sealed to: those with the {} newest keys are",
                seal::ESCROWS_MAX
            );
            self.alarm("ESCROWS", what, round);
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

    /// This desk signs no more once its key has ended, unless its file holds another one that its roster enrols; and signs
    /// again once its key is good again.
    fn note_own_key(&mut self, round: &mut Round) {
        let ended = self.trust.ended_by(&self.pen.key_statement);
        match (ended, &self.signing) {
            (Some(_), Signing::Open | Signing::KeyEnded(_))
                if let Ok((key, key_statement)) =
                    own_key_statement(&self.config, &self.trust.directory()) =>
            {
                self.pen.key = key;
                self.pen.key_statement = key_statement;
                self.signing = Signing::Open;
                tracing::warn!(
                    event = "security",
                    kind = "OWN_KEY_NEW",
                    "this desk signs with its new key"
                );
            }
            (Some(why), Signing::Open) => {
                self.alarm(
                    "OWN_KEY_ENDED",
                    format!("this desk signs nothing more: {why}"),
                    round,
                );
                self.signing = Signing::KeyEnded(why);
            }
            (None, Signing::KeyEnded(_)) => {
                self.signing = Signing::Open;
                tracing::warn!(event = "security", kind = "OWN_KEY_BACK", "this desk signs again");
            }
            _ => {}
        }
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
        let Some((key, why)) = trust::ended_key_inside(round.trust.rosters(), payload) else {
            return;
        };
        let what = format!("{leg} brought {}, which climbs nothing: {why}", arrival.hash);
        if !self.keeps_each((key, Over::ForGood), what, round) {
            return;
        }
        self.channels.ended.note_inside();
        let kept = Quarantined {
            arrived_ms: self.wall().unix_ms(),
            leg: leg.to_string(),
            why,
            bytes: String::new(),
        };
        self.keep_quarantined(arrival.hash, kept, round);
    }

    /// Consents to a charter that come first after their releaser's key has ended count nothing, whatever time they claim.
    pub(super) fn note_ended_consents(&mut self, payload: &Payload, round: &mut Round) {
        let Payload::Charter(charter) = payload else {
            return;
        };
        for consent in &charter.consents {
            let about = Hash::of(consent);
            let known = self.channels.charters.counts(consent) || self.channels.ended.has_consent(&about);
            if known {
                continue;
            }
            let Ok(given) = hotline_audit::check::verify_consent_archived(consent, round.trust.rosters())
            else {
                continue;
            };
            let key = given.said.key_statement;
            let now_ms = self.wall().unix_ms();
            let Some(why) = trust::unusable_key(round.trust.rosters(), &key, now_ms) else {
                continue;
            };
            let what = format!(
                "a consent of {} to a charter counts nothing: {why}",
                given.officer
            );
            let over = trust::over(round.trust.rosters(), &key, now_ms);
            if !self.keeps_each((key, over), what, round) {
                continue;
            }
            let verdict = Verdict {
                rule: ENDED_CONSENT.into(),
                why,
            };
            round.records.push(verdict.record(&about));
            self.channels.ended.note_consent(about);
        }
    }

    /// Tells of something that an ended key signed inside the statement that comes next in this round; whether it gets a
    /// record of its own.
    fn keeps_each(&mut self, (key, over): (Hash, Over), what: String, round: &mut Round) -> bool {
        let leaf = self.ledger.head().size + round.placed.len() as u64;
        let keep = self.channels.ended.keep((&key, over), leaf);
        match keep {
            Keep::Each => self.alarm("QUARANTINED", what, round),
            Keep::FromHere => {
                let what = format!(
                    "{what}; of this key there is too much: from here on all of it counts nothing, and is counted and no longer told"
                );
                self.alarm("QUARANTINED", what, round);
                round.records.push(self.channels.ended.note_from(key, leaf));
            }
            Keep::Nothing => *self.alarms.entry("QUARANTINED".into()).or_insert(0) += 1,
        }
        keep == Keep::Each
    }

    fn keep_quarantined(&self, hash: Hash, kept: Quarantined, round: &mut Round) {
        round.records.push(kept.record(&hash));
        round.quarantined.push((hash, kept));
    }

    /// Who signed of a message in a window of doubt. A thief can back-date, so its arrival counts as well as the time it
    /// claims.
    pub(super) fn in_doubt(&self, letter: &Letter) -> Option<String> {
        let late = self.came_with_replaced(&letter.message.header.key_statement, letter.stored);
        if late.is_some() && !letter.quarantined {
            return late;
        }
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

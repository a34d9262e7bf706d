//! Automatic comm checks: sent by every leg, answered with the legs that brought them.

use std::collections::BTreeSet;

use hotline_audit::{
    Hash,
    statement::{LegFact, Reference, Service},
};
use hotline_core::{
    channel::Restoring,
    commcheck::{Due, MISSED_AFTER, PathRecord},
    duty::ServiceKind,
    id::Hash32,
    leg::Leg,
    time::LineTime,
};

use super::Engine;
use crate::{
    own::Saying,
    round::Round,
    status::{ChecksStatus, PathStatus},
};

impl Engine {
    /// The first copy of what the other desk says of itself.
    pub(in crate::engine) fn heard_service(
        &mut self,
        leg: &Leg,
        hash: Hash,
        service: &Service,
        round: &mut Round,
    ) {
        let now = self.line();
        if service.header.sender != self.config.peer.to_string() {
            return;
        }
        if service.kind == ServiceKind::NotOpened.to_wire() {
            self.told_not_opened(service, round);
        }
        let Some(duty) = &mut self.duty else { return };
        match ServiceKind::from_wire(service.kind) {
            Some(ServiceKind::Check) => duty.checks.came(Hash32(hash.0), leg, now),
            Some(ServiceKind::CheckAnswer) => {
                let legs: BTreeSet<Leg> = service
                    .legs
                    .iter()
                    .filter_map(|fact| fact.leg.parse().ok())
                    .collect();
                let check = service.refers_to.as_ref();
                let asked = check.and_then(|check| duty.checks.answered(&Hash32(check.sha256.0), &legs, now));
                if let Some(asked) = asked {
                    self.peer_clock(service, asked, round);
                }
            }
            _ => {}
        }
    }

    /// A later copy of something.
    pub(in crate::engine) fn heard_again(&mut self, leg: &Leg, hash: &Hash) {
        let now = self.line();
        if let Some(duty) = &mut self.duty {
            duty.checks.came_again(&Hash32(hash.0), leg, now);
        }
    }

    /// A restoration that both sides signed waits for a check on each path: one goes out at once, and again while it lacks
    /// something.
    pub(super) fn check_restoration(&mut self, now: LineTime) {
        let waits = self.restoration_waits();
        let Some(duty) = &mut self.duty else { return };
        if !waits {
            duty.restoration_checked = None;
            return;
        }
        let due = duty
            .restoration_checked
            .map_or(now, |last| last.after(MISSED_AFTER));
        if due <= now {
            duty.restoration_checked = Some(now);
            duty.checks.no_later_than(now);
        }
    }

    /// Whether a channel's restoration is signed by both sides, and the line is not shown to work yet.
    fn restoration_waits(&self) -> bool {
        let (orders, shown) = (&self.channels.orders, &self.channels.shown);
        if !orders.any_agreed() {
            return false;
        }
        self.channel_names().iter().any(|name| {
            let lacks = orders.agreed(name).iter().any(|agreed| !shown.complete(agreed));
            lacks && matches!(orders.restoring(name, shown), Restoring::Agreed { .. })
        })
    }

    pub(super) fn tick_checks(&mut self, now: LineTime, round: &mut Round) {
        if self.duty.as_ref().is_none_or(|duty| duty.checks.is_idle(now)) {
            return;
        }
        let up = self.up();
        let due = self
            .duty
            .as_mut()
            .map(|duty| duty.checks.tick(&up, now))
            .unwrap_or_default();
        for due in due {
            match due {
                Due::Send => self.send_check(&up, now, round),
                Due::Answer { check, legs } => self.answer_check(check, legs, round),
                Due::Missed { check } => tracing::info!(%check, "the other desk did not answer a comm check"),
            }
        }
    }

    /// Without a leg there is no way that could be checked: the log's silence is the record.
    fn send_check(&mut self, up: &BTreeSet<Leg>, now: LineTime, round: &mut Round) {
        if up.is_empty() || !self.may_say() {
            return;
        }
        let every = self.config.checks_every.map_or(0, |every| every.as_millis());
        let legs = up
            .iter()
            .map(|leg| LegFact {
                leg: leg.to_string(),
                ms: 0,
            })
            .collect();
        let saying = Saying {
            legs,
            text: every.to_string(),
            ..Saying::of(ServiceKind::Check)
        };
        if let Some((_, hash)) = self.say(saying, round) {
            round.check = Some((hash, up.clone(), now));
        }
    }

    /// A check that is on disk leaves, and waits for its answer. One whose round was not stored never was.
    pub(in crate::engine) fn check_stored(&mut self, round: &mut Round) {
        if let (Some((hash, legs, now)), Some(duty)) = (round.check.take(), &mut self.duty) {
            duty.checks.sent(Hash32(hash.0), legs, now);
        }
    }

    fn answer_check(&mut self, check: Hash32, legs: Vec<(Leg, std::time::Duration)>, round: &mut Round) {
        let hash = Hash(check.0);
        let in_round = round
            .ids
            .iter()
            .find(|(_, placed)| **placed == hash)
            .map(|((_, id), _)| *id);
        let id = in_round.or_else(|| Some(self.ledger.by_hash(&hash).ok()??.id));
        let Some(id) = id.filter(|_| self.may_say()) else {
            return;
        };
        let fact = |(leg, after): (Leg, std::time::Duration)| LegFact {
            leg: leg.to_string(),
            ms: u64::try_from(after.as_millis())
                .unwrap_or(u64::MAX)
                .saturating_add(1),
        };
        let saying = Saying {
            refers_to: Some(Reference {
                sender: self.config.peer.to_string(),
                id,
                sha256: hash,
            }),
            legs: legs.into_iter().map(fact).collect(),
            ..Saying::of(ServiceKind::CheckAnswer)
        };
        self.say(saying, round);
    }

    /// What became of the checks, for people.
    pub(super) fn checks_status(&self) -> Option<ChecksStatus> {
        let duty = self.duty.as_ref()?;
        let counts = duty.checks.counts();
        Some(ChecksStatus {
            every_ms: duty
                .checks
                .every()
                .map(|every| u64::try_from(every.as_millis()).unwrap_or(u64::MAX)),
            sent: counts.sent,
            answered: counts.answered,
            late: counts.late,
            missed: counts.missed,
            paths: duty
                .checks
                .paths()
                .iter()
                .map(|(path, record)| (path.to_string(), self.path_status(record)))
                .collect(),
        })
    }

    fn path_status(&self, record: &PathRecord) -> PathStatus {
        let (line, wall) = (self.line(), self.wall().unix_ms());
        let wall_of = |at: LineTime| {
            let ago = u64::try_from(line.since(at).as_millis()).unwrap_or(u64::MAX);
            wall.saturating_sub(ago)
        };
        PathStatus {
            passed: record.passed,
            missed: record.missed,
            last_passed_ms: record.last_passed.map(wall_of),
            last_missed_ms: record.last_missed.map(wall_of),
        }
    }
}

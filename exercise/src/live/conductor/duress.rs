//! What a side's security officer tells of second passphrases, and officers who type them.

use std::collections::BTreeSet;

use super::{ConductError, Conductor, hear::cut};
use crate::{
    live::scene::Scene,
    plan::{Status, Step},
    record::Kind,
    scenario::{
        Scenario,
        cast::{OfficerCard, security_officer},
        msel::Deed,
        place::Placed,
    },
};

/// Alarms that are written down: whose, and when each was noted.
#[derive(Debug, Default)]
pub(super) struct Alarms(BTreeSet<(String, u64)>);

impl Alarms {
    /// Takes what is written down, or is about to be. Whether it was not yet: when notes were lost is not known, so each
    /// loss is new.
    pub(super) fn take(&mut self, officer: &str, what: &str, noted_ms: u64) -> bool {
        what != "DURESS" || self.0.insert((officer.to_owned(), noted_ms))
    }
}

impl<S: Scene> Conductor<S> {
    /// A watch has found something. One that is begun anew finds again what it had found before: that is written down once.
    pub(super) fn told_of_duress(
        &mut self,
        seat: String,
        officer: String,
        what: String,
        noted_ms: u64,
    ) -> Result<(), ConductError> {
        let (officer, what) = (cut(officer), cut(what));
        if !may_tell(self.plan.scenario(), &seat, &officer, &what) {
            let rule = "duress".to_owned();
            let refused = cut(format!("{what} of {officer} is not for {seat} to tell"));
            return self.note(Kind::Played { seat, rule, refused }).map(drop);
        }
        if !self.alarms.take(&officer, &what, noted_ms) {
            return Ok(());
        }
        self.note(Kind::Duress {
            seat,
            officer,
            what,
            noted_ms,
        })
        .map(drop)
    }

    /// A player that sits down anew is told what it typed before, first of all: it keeps no passphrase. An inject of which
    /// nobody knows whether it was told counts: to type the second passphrase tells, and the first one would hide.
    pub(super) async fn tell_phrases_again(&mut self) {
        for officer in typed(self.plan.steps()) {
            if let Ok(seat) = self.seat_of(std::slice::from_ref(&officer)) {
                // A seat where nobody plays any more hears nothing.
                let _ = self.tell_phrase(&seat, &officer).await;
            }
        }
    }
}

/// Whose second passphrase was asked for so far.
fn typed<'s>(steps: impl Iterator<Item = &'s Step>) -> Vec<Placed<String>> {
    let told = |step: &&Step| {
        matches!(
            step.status(),
            Status::Delivered | Status::Completed | Status::Unknown
        )
    };
    let typed = steps.filter(told).filter_map(|step| match &step.inject.deed {
        Deed::Phrase(officer) => Some(officer.clone()),
        _ => None,
    });
    typed.collect()
}

/// Whether it is this seat's business: that of the security officer of the officer's side. What cannot be read has no
/// officer, and is some security officer's business.
fn may_tell(scenario: &Scenario, seat: &str, officer: &str, what: &str) -> bool {
    let own = |card: &OfficerCard| seat == security_officer(card.side);
    match what {
        "DURESS" => scenario.officer(officer).is_some_and(own),
        "LOST" => scenario.officers.iter().any(own),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const S4: &str = include_str!("../../../scenarios/S4.toml");

    #[test]
    fn only_the_security_officer_of_an_officers_side_tells_of_duress() {
        let scenario = crate::scenario::parse("S4.toml", S4).unwrap();
        let may = |seat: &str, officer: &str, what: &str| may_tell(&scenario, seat, officer, what);
        assert!(may("security-A", "lindqvist", "DURESS"));
        assert!(may("security-A", "lindqvist", "LOST"));
        assert!(
            may("security-A", "", "LOST"),
            "what cannot be read has no officer"
        );
        for seat in ["A", "B", "control", "security-B", "attacker-echo", ""] {
            assert!(!may(seat, "lindqvist", "DURESS"), "{seat}");
        }
        assert!(!may("A", "lindqvist", "LOST"));
        assert!(!may("security-A", "rossi", "DURESS"), "of the other side");
        assert!(!may("security-A", "nobody", "DURESS"));
        assert!(!may("security-A", "lindqvist", "NOTHING"));
    }

    #[test]
    fn a_watch_that_is_begun_anew_tells_nothing_twice_and_nothing_too_little() {
        let mut alarms = Alarms::default();
        assert!(alarms.take("lindqvist", "DURESS", 1_000), "read from the records");
        assert!(!alarms.take("lindqvist", "DURESS", 1_000));
        assert!(
            alarms.take("lindqvist", "DURESS", 2_000),
            "noted while control was away"
        );
        assert!(alarms.take("okoye", "DURESS", 1_000));
        assert!(alarms.take("okoye", "LOST", 0) && alarms.take("okoye", "LOST", 0));
    }
}

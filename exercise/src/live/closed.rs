//! Seats that people who join cannot take: the plan does something there with keys of the desk or its officers, or with the
//! desk's process, and of who joins both are theirs. Told before anybody joins, and not in the middle of an exercise.

use std::collections::BTreeMap;

use crate::{
    plan::plays,
    scenario::{
        Scenario,
        lists::{AttackKind, HandedIn, InstitutionVerb},
        msel::{Deed, Inject, Institution},
    },
};

/// Those seats at desks, of what is played in this variant; each with why.
#[must_use]
pub fn closed(scenario: &Scenario, variant: Option<&str>) -> BTreeMap<String, String> {
    let mut closed = BTreeMap::new();
    let injects = scenario.injects().filter(|inject| plays(&inject.only, variant));
    for inject in injects {
        for seat in scenario.seats.iter().filter(|seat| seat.desk.is_some()) {
            let desk = seat
                .desk
                .as_ref()
                .map(|desk| desk.value.as_str())
                .unwrap_or_default();
            if let Some(why) = of(scenario, inject, desk) {
                let why = format!(
                    "inject {} {why}, and whoever joins has the only ones",
                    inject.serial
                );
                closed.entry(seat.name.to_string()).or_insert(why);
            }
        }
    }
    closed
}

fn of(scenario: &Scenario, inject: &Inject, desk: &str) -> Option<String> {
    match &inject.deed {
        Deed::Attack(attack) => uses_keys(scenario, attack, desk)
            .then(|| format!("is attack {}, which needs keys of this seat", **attack)),
        Deed::Institution(act) => of_act(scenario, act, desk),
        Deed::Phrase(officer) => scenario
            .officer(officer)
            .is_some_and(|officer| *officer.desk == *desk)
            .then(|| "needs a key of this seat with two passphrases".to_owned()),
        Deed::HandIn(hand_in) => (*hand_in.who.value == *desk && hand_in.how != HandedIn::Withhold)
            .then(|| "signs a copy of this seat's log anew, with its key".to_owned()),
        _ => None,
    }
}

/// Whether an attacker needs keys that lie at this desk: its own, or those of an officer there.
fn uses_keys(scenario: &Scenario, attack: &str, desk: &str) -> bool {
    let mut attacks = scenario.attacks.iter();
    let prepared = attacks.find(|prepared| *prepared.id == *attack);
    prepared.is_some_and(|prepared| match prepared.kind {
        // Its keys are made at home.
        AttackKind::UnknownCa => false,
        AttackKind::NoReleaseRight | AttackKind::Replay | AttackKind::StolenKey => {
            let of = prepared
                .of
                .as_ref()
                .map(|of| of.value.as_str())
                .unwrap_or_default();
            let officer = scenario.officer(of).map(|officer| officer.desk.as_str());
            officer.unwrap_or(of) == desk
        }
    })
}

fn of_act(scenario: &Scenario, act: &Institution, desk: &str) -> Option<String> {
    let ends = act.identity.as_ref().is_some_and(|identity| **identity == *desk);
    let mut signs = act.by.iter().filter_map(|officer| scenario.officer(officer));
    match act.verb {
        InstitutionVerb::Deny if ends || signs.any(|officer| *officer.desk == *desk) => {
            Some("ends an identity with keys of this seat".to_owned())
        }
        InstitutionVerb::UseBackup => Some("has every desk start anew with other keys".to_owned()),
        InstitutionVerb::Deny
        | InstitutionVerb::Open
        | InstitutionVerb::Suspend
        | InstitutionVerb::Sever
        | InstitutionVerb::Restore
        | InstitutionVerb::Refuse
        | InstitutionVerb::LeaveWatch => None,
        InstitutionVerb::Inspect
        | InstitutionVerb::Renew
        | InstitutionVerb::Retire
        | InstitutionVerb::Enrol
        | InstitutionVerb::AgreeCodebook
        | InstitutionVerb::RePin
        | InstitutionVerb::Wake
        | InstitutionVerb::TryOld => Some("puts a line in order with the keys of both sides".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::scenario::{parse, shipped};

    fn closed_in(id: &str, from: &str, to: &str) -> Vec<String> {
        closed_in_variant(id, None, from, to)
    }

    fn closed_in_variant(id: &str, variant: Option<&str>, from: &str, to: &str) -> Vec<String> {
        let text = shipped::by_id(id).unwrap().text;
        assert!(text.contains(from), "{from}");
        let scenario = parse("x.toml", &text.replace(from, to)).unwrap();
        closed(&scenario, variant).into_keys().collect()
    }

    #[test]
    fn a_seat_whose_keys_the_plan_needs_is_closed_to_people_and_no_other_is() {
        assert_eq!(closed_in("S1", "S1", "S1"), Vec::<String>::new());
        assert_eq!(closed_in("S14", "S14", "S14"), Vec::<String>::new());
        // An echo of A, an insider at B, and a stranger whose keys are forged.
        assert_eq!(closed_in_variant("S4", Some("abc"), "S4", "S4"), ["A", "B"]);
        let no_insider = closed_in_variant("S4", Some("abc"), "use = \"insider\"", "use = \"stranger\"");
        assert_eq!(no_insider, ["A"]);
        let no_thief = closed_in_variant("S4", Some("abc"), "use = \"echo\"", "use = \"stranger\"");
        assert_eq!(no_thief, ["B"]);
        // An officer of A types the second passphrase.
        assert_eq!(closed_in_variant("S4", Some("d"), "S4", "S4"), ["A"]);
        // A's desk's own log is signed anew; of B's desk nothing is handed in, which needs no key.
        assert_eq!(closed_in_variant("S8", Some("c"), "S8", "S8"), ["A"]);
        for open in ["a", "b", "d"] {
            assert_eq!(
                closed_in_variant("S8", Some(open), "S8", "S8"),
                Vec::<String>::new()
            );
        }
        // Both go over to other keys when A takes its backup.
        assert_eq!(closed_in("S7", "S7", "S7"), ["A", "B"]);
        // Nobody joins a line that sleeps.
        assert_eq!(closed_in("S15", "S15", "S15"), ["A", "B"]);
    }
}

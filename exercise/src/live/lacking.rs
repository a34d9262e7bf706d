//! What the headless stage cannot do of a scenario. Said before anything starts: a part that is read and silently left out
//! would make another exercise of it, and a report that tells of things which were not so.

use super::{hands::office_lacks, player::hands_lack};
use crate::{
    plan::is_seen_while_played,
    scenario::{
        Scenario,
        cast::DeskCard,
        lists::{InstitutionVerb, Pinned, ReleaseRule},
        msel::{Deed, Inject, Institution, When},
        player::{Do, Rule},
    },
};

/// Every part of a scenario that this stage would have to leave out, each in words.
#[must_use]
pub fn lacking(scenario: &Scenario) -> Vec<String> {
    let mut lacking: Vec<String> = scenario
        .injects()
        .filter_map(|inject| of_inject(scenario, inject))
        .collect();
    let rules = scenario.players.iter().flat_map(|player| &player.rules);
    lacking.extend(rules.filter_map(of_rule));
    lacking.extend(of_settings(scenario).into_iter().map(str::to_owned));
    lacking
}

fn of_inject(scenario: &Scenario, inject: &Inject) -> Option<String> {
    let relay = |who: &str| scenario.topology.relays.iter().any(|relay| *relay.name == *who);
    let what = match &inject.deed {
        Deed::Institution(act) => match act.verb {
            InstitutionVerb::Deny => return None,
            InstitutionVerb::UseBackup if has_backup(scenario, act) => return None,
            InstitutionVerb::UseBackup => "a backup identity that no desk has",
            verb if verb.puts_in_order() && scenario.sleeps() => return None,
            verb if verb.puts_in_order() => "a line that is awake put in order",
            verb if office_lacks(verb) => "an act of an institution",
            _ => return None,
        },
        Deed::Clock { who, .. } if relay(who) => "a relay's clock that is wrong",
        _ => match &inject.when {
            When::Unless { expect, .. } if !is_seen(scenario, expect) => {
                "a contingency on an expectation that only the logs decide, behind ENDEX"
            }
            _ => return None,
        },
    };
    Some(format!("inject {}: {what}", inject.serial))
}

fn has_backup(scenario: &Scenario, act: &Institution) -> bool {
    let named = |desk: &&DeskCard| act.identity.as_ref().is_some_and(|name| **name == *desk.name);
    scenario
        .topology
        .desks
        .iter()
        .find(named)
        .is_some_and(|desk| desk.backup)
}

/// Whether control can say while it plays that what an expectation names has happened.
fn is_seen(scenario: &Scenario, expect: &str) -> bool {
    let known = scenario.expects.iter().find(|known| *known.id.value == *expect);
    known.is_some_and(|expect| is_seen_while_played(scenario, &expect.is))
}

fn of_rule(rule: &Rule) -> Option<String> {
    let deed = rule.deeds.iter().find_map(|deed| match deed {
        Do::Institution(act) if office_lacks(act.verb) => Some(act.verb.name()),
        Do::Act { act, .. } if hands_lack(*act) => Some(act.name()),
        _ => None,
    });
    deed.map(|deed| format!("rule {}: {deed}", *rule.id))
}

fn of_settings(scenario: &Scenario) -> Vec<&'static str> {
    let (topology, made) = (&scenario.topology, &scenario.made);
    let of = |lacks: bool, what| lacks.then_some(what);
    // Of a line that sleeps people put all of this in order before it opens.
    let awake = !scenario.sleeps();
    [
        of(scenario.release == ReleaseRule::One, "release by one officer"),
        of(
            awake && scenario.codebook.pinned != Pinned::Both,
            "a codebook that one side alone has pinned",
        ),
        of(topology.doors.len() == 1, "relays with one door"),
        of(
            awake && topology.relays.iter().any(|relay| relay.from.is_some()),
            "a relay that has moved",
        ),
        of(
            awake && made.days_before > 0,
            "identities of earlier days on a line that is awake",
        ),
        of(made.dormant_days > 0, "a history of earlier days"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::scenario::{parse, shipped};

    fn changed(from: &str, to: &str) -> Vec<String> {
        let text = shipped::by_id("S1").unwrap().text;
        assert!(text.contains(from), "{from}");
        lacking(&parse("S1.toml", &text.replacen(from, to, 1)).unwrap())
    }

    #[test]
    fn what_comes_with_the_program_for_this_stage_lacks_nothing() {
        for shipped in shipped::ALL {
            let scenario = parse(shipped.file, shipped.text).unwrap();
            assert_eq!(lacking(&scenario), Vec::<String>::new(), "{}", shipped.id);
        }
    }

    #[test]
    fn each_part_that_would_be_left_out_is_named() {
        for (from, to, what) in [
            ("release = \"two\"", "release = \"one\"", "release by one officer"),
            ("pinned = \"both\"", "pinned = \"stale-B\"", "pinned"),
            (
                "is = { rung = \"RELEASED\", within = \"5m story\", after = \"inject 1.1.1\" }",
                "is = { figure = \"lost\", is = \"== 0\" }",
                "inject 1.1.9: a contingency",
            ),
            ("verb = \"present\"", "verb = \"callback\"", "callback"),
            (
                "pinned = \"both\"",
                "pinned = \"both\"\n\n[made]\ndays_before = 150",
                "a line that is awake",
            ),
        ] {
            let lacking = changed(from, to);
            assert!(
                lacking.len() == 1 && lacking[0].contains(what),
                "{what}: {lacking:?}"
            );
        }
    }
}

//! What a desk that joined is believed while an exercise is played. Nothing here proves what it says of others: whoever wants
//! a mark of the plan to come could say that the other side has acknowledged.

use hotline_core::words::Rung;

use crate::{live::site::Site, scenario::Scenario};

/// Whether a desk is heard about a rung that `by` gave a message: what its own machine and its own officers did, and that a
/// relay holds what it sent.
pub(super) fn may_tell(
    (site, scenario): (&Site, &Scenario),
    desk: &str,
    direction: &str,
    rung: Rung,
    by: &str,
) -> bool {
    let Some((side, place)) = site.desks().find(|(_, place)| place.name == desk) else {
        return false;
    };
    let backup = place.backup.as_ref().map(|backup| backup.identity.as_str());
    let officer = || {
        let name = by.strip_prefix("spiffe://")?.strip_prefix(side.domain.as_str())?;
        scenario.officer(name.strip_prefix("/officer/")?)
    };
    rung == Rung::Accepted && direction == "out"
        || place.identity == by
        || backup == Some(by)
        || officer().is_some_and(|card| *card.desk == *desk)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::scenario::{parse, shipped};

    #[test]
    fn a_desk_that_joined_is_heard_about_its_own_people_and_not_about_those_of_the_other_side() {
        let site = super::super::tests::site();
        let scenario = parse("S1.toml", shipped::by_id("S1").unwrap().text).unwrap();
        let tells = |direction: &str, rung: Rung, by: &str| {
            may_tell(
                (&site, &scenario),
                "B",
                direction,
                rung,
                &format!("spiffe://{by}"),
            )
        };
        for (rung, by) in [
            (Rung::Displayed, "exercise.borenia.example/desk/b"),
            (Rung::Acknowledged, "exercise.borenia.example/officer/rossi"),
        ] {
            assert!(tells("in", rung, by), "{by}");
        }
        for (rung, by) in [
            (Rung::Displayed, "exercise.avelia.example/desk/a"),
            (Rung::Acknowledged, "exercise.avelia.example/officer/lindqvist"),
            (Rung::Acknowledged, "exercise.avelia.example/officer/rossi"),
            (Rung::Acknowledged, "exercise.borenia.example/officer/lindqvist"),
            (Rung::Acknowledged, "exercise.borenia.example/officer/nobody"),
        ] {
            assert!(!tells("out", rung, by), "{by}");
        }
        let relay = "exercise.avelia.example/relay/north";
        assert!(tells("out", Rung::Accepted, relay) && !tells("in", Rung::Accepted, relay));
        assert!(!tells("out", Rung::Displayed, relay));
    }
}

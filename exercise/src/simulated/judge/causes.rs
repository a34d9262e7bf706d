//! What a desk tells as the cause of its silence, held against the lamps that it shows in the same look.

use std::collections::BTreeMap;

use super::{Broken, Promise};
use crate::{log::Kept, record::Kind};

/// What a desk tells where nothing explains anything, because nothing is wrong.
const NOTHING: &str = "NONE";
/// The cause that says that this desk reaches no relay.
const ALL_DOWN: &str = "ALL_PATHS_CUT";

/// What a desk showed, put together from what was new at each look.
#[derive(Default)]
struct Shown<'r> {
    legs: BTreeMap<&'r str, &'r str>,
    causes: Vec<&'r str>,
}

/// A desk all of whose legs are down says why; one that has a leg does not say that it has none.
pub(super) fn of_causes(records: &[Kept]) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut desks: BTreeMap<&str, Shown<'_>> = BTreeMap::new();
    for kept in records {
        let Kind::Observed { desk, seen: news } = &kept.record.kind else {
            continue;
        };
        let shown = desks.entry(desk).or_default();
        let turned = news.legs.iter();
        shown
            .legs
            .extend(turned.map(|(leg, state)| (leg.as_str(), state.as_str())));
        if let Some(causes) = &news.causes {
            shown.causes = causes.iter().map(String::as_str).collect();
        }
        if let Some(wrong) = shown.wrong() {
            let at = kept.record.stamp.line.since_start().as_millis();
            let what = format!("{wrong} at {desk} at {at} ms of line");
            broken.push(Broken::new(Promise::Label, what));
        }
    }
    broken
}

impl Shown<'_> {
    fn wrong(&self) -> Option<String> {
        if self.legs.is_empty() {
            return None;
        }
        let down = self.legs.values().all(|state| *state == "DOWN");
        let silent = self.causes.iter().all(|cause| *cause == NOTHING);
        if down && silent {
            return Some("every leg is down, and no cause is told".to_owned());
        }
        let up = self.legs.values().any(|state| *state == "UP");
        let claims = up && self.causes.contains(&ALL_DOWN);
        claims.then(|| format!("{ALL_DOWN} is told, and a leg is up"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(legs: &[(&'static str, &'static str)], causes: &[&'static str]) -> Shown<'static> {
        Shown {
            legs: legs.iter().copied().collect(),
            causes: causes.to_vec(),
        }
    }

    #[test]
    fn a_desk_whose_legs_are_all_down_tells_a_cause_and_one_with_a_leg_does_not_say_it_has_none() {
        let (up, down) = (("north/quic", "UP"), ("north/quic", "DOWN"));
        let other = ("south/tcp", "DOWN");
        for (legs, causes, right) in [
            (&[down, other][..], &["ALL_PATHS_CUT"][..], true),
            (&[down, other], &["NONE"], false),
            (&[down, other], &[], false),
            (&[up, other], &["NONE"], true),
            (&[up, other], &["ONE_PATH_CUT"], true),
            (&[up, other], &["NONE", "ALL_PATHS_CUT"], false),
            (&[], &["ALL_PATHS_CUT"], true),
        ] {
            let wrong = shown(legs, causes).wrong();
            assert_eq!(wrong.is_none(), right, "{legs:?} {causes:?}: {wrong:?}");
        }
    }
}

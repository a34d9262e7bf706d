//! What the simulated stage cannot do of a scenario, beside what the headless one cannot. Said before anything starts.

use super::links::in_worlds;
use crate::{
    live::lacking::lacking,
    scenario::{
        Scenario,
        lists::ProcessDeed,
        msel::{Deed, Inject},
    },
};

/// Every part of a scenario that this stage would have to leave out, each in words.
#[must_use]
pub fn lacking_in_worlds(scenario: &Scenario) -> Vec<String> {
    let mut all = lacking(scenario);
    all.extend(scenario.injects().filter_map(of_inject));
    all.extend(scenario.sleeps().then(|| "a line that sleeps".to_owned()));
    if scenario
        .officers
        .iter()
        .any(|officer| officer.sealed || officer.duress)
    {
        all.push("sealed keys".to_owned());
    }
    all
}

fn of_inject(inject: &Inject) -> Option<String> {
    let what = match &inject.deed {
        Deed::Process {
            deed: ProcessDeed::Pause | ProcessDeed::Resume,
            ..
        } => "a process that stands still".to_owned(),
        Deed::Fault(fault) if !in_worlds(&fault.fault) => format!("a fault {}", fault.fault.kind()),
        Deed::Phrase(_) => "a second passphrase".to_owned(),
        _ => return None,
    };
    Some(format!("inject {}: {what}", inject.serial))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::scenario::{lists::StageKind, parse, shipped};

    #[test]
    fn what_comes_with_the_program_for_the_simulated_stage_lacks_nothing() {
        let mut played = 0;
        for shipped in shipped::ALL {
            let scenario = parse(shipped.file, shipped.text).unwrap();
            if scenario.stage.allowed.contains(&StageKind::Simulated) {
                assert_eq!(
                    lacking_in_worlds(&scenario),
                    Vec::<String>::new(),
                    "{}",
                    shipped.id
                );
                played += 1;
            }
        }
        assert!(played > 0);
    }
}

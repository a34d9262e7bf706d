//! What a dry run shows: every inject and every end of a fault, in the order in which they come.

use std::{sync::Arc, time::Duration};

use hotline_core::time::StoryTime;

use super::{Dry, Waits, dry_run};
use crate::scenario::{
    Scenario,
    mark::{Mark, Serial},
    moment::Span,
    msel::{Deed, Until},
};

/// One line of an agenda.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// When it comes; or what it waits for, which people do.
    pub comes: Result<StoryTime, Waits>,
    /// Whose number.
    pub serial: Serial,
    /// What happens.
    pub what: What,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The inject comes.
    Inject,
    /// Its fault ends.
    FaultEnds,
}

/// Everything that comes by itself if no player does anything, by its moment; behind it what waits for people. A fault that
/// ends by what people do has no end here.
#[must_use]
pub fn agenda(scenario: &Arc<Scenario>, variant: Option<&str>) -> Vec<Item> {
    let came = dry_run(scenario, variant);
    let mut items: Vec<Item> = Vec::new();
    for dry in &came {
        let Some(inject) = scenario.injects().find(|inject| inject.serial == dry.serial) else {
            continue;
        };
        items.push(Item {
            comes: dry.comes.clone(),
            serial: dry.serial,
            what: What::Inject,
        });
        if let (Ok(at), Deed::Fault(fault)) = (&dry.comes, &inject.deed)
            && let Some(comes) = ends(scenario, &came, *at, &fault.until)
        {
            items.push(Item {
                comes: Ok(comes),
                serial: dry.serial,
                what: What::FaultEnds,
            });
        }
    }
    items.sort_by_key(|item| match &item.comes {
        // Injects of one moment keep their order; a fault ends before something else begins at the same moment.
        Ok(at) => (false, *at, item.what == What::Inject),
        Err(_) => (true, StoryTime::STARTEX, false),
    });
    items
}

/// When a fault ends that came at this moment, where the plan says.
fn ends(scenario: &Scenario, came: &[Dry], at: StoryTime, until: &Until) -> Option<StoryTime> {
    match until {
        Until::For(Span::Story(lasts)) => Some(behind(at, lasts.0)),
        Until::For(Span::Line(lasts)) => {
            let rate = scenario.stage.speed.thousandths();
            Some(behind(at, lasts.0.saturating_mul(rate) / 1_000))
        }
        Until::Mark(mark) => match &mark.value {
            Mark::Inject(serial) => {
                let ends = came.iter().find(|dry| dry.serial == *serial)?;
                ends.comes.as_ref().ok().copied()
            }
            Mark::Endex => Some(StoryTime::from_startex(scenario.duration.0)),
            Mark::Startex | Mark::Rung { .. } => None,
        },
    }
}

fn behind(at: StoryTime, lasts: Duration) -> StoryTime {
    StoryTime::from_startex(at.since_startex().saturating_add(lasts))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::scenario::{parse, shipped};

    fn told(id: &str, variant: Option<&str>) -> Vec<String> {
        let shipped = shipped::by_id(id).unwrap();
        let scenario = Arc::new(parse(shipped.file, shipped.text).unwrap());
        let items = agenda(&scenario, variant).into_iter().map(|item| {
            let ends = if item.what == What::FaultEnds { " ends" } else { "" };
            match item.comes {
                Ok(at) => format!("{at} {}{ends}", item.serial),
                Err(waits) => format!("{} {waits}", item.serial),
            }
        });
        items.collect()
    }

    #[test]
    fn what_comes_by_itself_stands_by_its_moment_and_behind_it_what_waits_for_people() {
        let s1 = told("S1", None);
        assert_eq!(s1[..2], ["T+00:01:00 1.1.1", "T+00:01:00 1.1.2"]);
        assert_eq!(
            s1[2..],
            ["T+00:06:00 1.1.9"],
            "nobody notifies, and the contingency comes"
        );
    }

    #[test]
    fn a_fault_has_an_end_where_the_plan_says_when() {
        let text = shipped::by_id("S1").unwrap().text.replacen(
            "[[player]]",
            "[[event.incident.inject]]\nserial = \"1.1.3\"\ntitle = { en = \"Cut\" }\nkind = \"contextual\"\n\
             method = \"fault\"\nat = \"2m story\"\ncategory = \"ACCIDENTAL\"\nfault = \"cut\"\n\
             link = \"path 1\"\nfor = \"90s story\"\n[[player]]",
            1,
        );
        let scenario = Arc::new(parse("S1.toml", &text).unwrap());
        let ends = agenda(&scenario, None)
            .into_iter()
            .find(|item| item.what == What::FaultEnds);
        assert_eq!(ends.unwrap().comes.unwrap().to_string(), "T+00:03:30");
        let s2 = told("S2", None);
        assert!(
            s2.contains(&"T+00:22:00 1.1.1 ends".to_owned()),
            "until an inject: {s2:?}"
        );
    }
}

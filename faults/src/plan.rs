//! Fault plans: what goes wrong when, written down beforehand.
//!
//! ```toml
//! [[faults]]
//! at = "5s"              # after the start
//! for = "10s"            # to the end of the plan's run if it is left out
//! link = "udp"           # every link that the fault can be applied to if it is left out
//! fault = "latency"      # and its values, as `hotline fault add` takes them
//! delay = "100ms"
//! direction = "up"       # both if it is left out
//! name = "slow"          # `plan-1` for the first if it is left out
//! ```
//!
//! A plan is checked whole before anything of it begins: every value, and at every moment what would be in force
//! together on every link. An error names file, line and key, with a caret under the text. What cannot be applied is
//! refused with the whole plan, never skipped.

mod read;

use std::{fmt, ops::Range, time::Duration};

use serde::Serialize;

use crate::{
    caret::Marked,
    live::{Direction, Fault, Named, Protocol, combine::joins},
    rig::{self, Rig, Standing},
    spec,
};

/// Most faults of one plan. 1,000: an hour of one each four seconds.
pub const STEPS_MAX: usize = 1_000;

/// A plan that can be read. Whether a rig can play it says [`Plan::check`].
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    file: String,
    text: String,
    steps: Vec<Step>,
}

/// One timed fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When it begins, after the start.
    pub at: Duration,
    /// For how long; to the end if none.
    pub lasts: Option<Duration>,
    /// On which link; every one that it can be applied to if none.
    pub link: Option<String>,
    /// What it is called while it is in force.
    pub name: String,
    /// What is wrong.
    pub fault: Fault,
    /// Which way.
    pub direction: Direction,
    place: usize,
    spans: Spans,
}

/// Where in the text, in bytes.
#[derive(Clone, Debug, PartialEq)]
struct Spans {
    fault: Range<usize>,
    link: Range<usize>,
    name: Range<usize>,
}

/// Everything that is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanErrors(pub Vec<Marked>);

impl fmt::Display for PlanErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.0.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PlanErrors {}

/// Something a plan did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Happened {
    /// After the start, in milliseconds, as the plan has it.
    pub at_ms: u64,
    /// `began`, `ended` or `refused`.
    pub what: &'static str,
    /// Name of the fault.
    pub name: String,
    /// The fault, as it would be typed; or why it was refused.
    pub fault: String,
    /// On which links.
    pub links: Vec<String>,
}

/// A moment of a plan: ends come before beginnings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    at: Duration,
    begins: bool,
    step: usize,
}

impl Plan {
    /// Reads a plan; `file` is what errors call it.
    ///
    /// # Errors
    /// [`PlanErrors`] lists everything that is wrong.
    pub fn parse(file: &str, text: &str) -> Result<Self, PlanErrors> {
        read::plan(file, text).map(|steps| Self {
            file: file.to_owned(),
            text: text.to_owned(),
            steps,
        })
    }

    /// Its faults, in the order they are written.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// When its last fault begins or ends.
    #[must_use]
    pub fn ends(&self) -> Duration {
        self.moments().last().map_or(Duration::ZERO, |moment| moment.at)
    }

    /// Whether a rig could play it, from now on.
    ///
    /// # Errors
    /// [`PlanErrors`] if it names a link that is not there, a fault cannot be applied to its link, or faults meet that do
    /// not combine.
    pub fn check(&self, rig: &Rig) -> Result<(), PlanErrors> {
        let there: Vec<(&str, Protocol)> = rig
            .links()
            .map(|(name, proxy)| (name, proxy.protocol()))
            .collect();
        let standing = rig.links().map(|(name, proxy)| (name.to_owned(), proxy.list()));
        self.check_against(&there, standing.collect())
    }

    fn check_against(&self, there: &[(&str, Protocol)], mut standing: Standing) -> Result<(), PlanErrors> {
        let mut wrong = Vec::new();
        let mut chosen = Vec::new();
        for step in &self.steps {
            match self.links_of(step, there) {
                Ok(links) => chosen.push(links),
                Err(error) => {
                    wrong.push(error);
                    chosen.push(Vec::new());
                }
            }
        }
        for moment in self.moments() {
            let step = &self.steps[moment.step];
            let links = &chosen[moment.step];
            if !moment.begins {
                for link in links {
                    let faults = standing.entry(link.clone()).or_default();
                    faults.retain(|named| named.name != step.name);
                }
                continue;
            }
            if let Some(error) = self.named_elsewhere(step, moment.at, links, &standing) {
                wrong.push(error);
                continue;
            }
            for link in links {
                let faults = standing.entry(link.clone()).or_default();
                if let Err(error) = joins(faults, &step.named()) {
                    let at = crate::value::show_duration(moment.at);
                    let what = format!("at {at} on {link}: {error}");
                    wrong.push(self.marked(step, &step.spans.fault, "fault", what));
                } else {
                    faults.push(step.named());
                }
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(PlanErrors(wrong))
        }
    }

    /// A fault ends by its name, wherever that is in force: the name must not stand on another link at that time.
    fn named_elsewhere(
        &self,
        step: &Step,
        at: Duration,
        links: &[String],
        standing: &Standing,
    ) -> Option<Marked> {
        let mut others = standing.iter().filter(|(link, _)| !links.contains(link));
        let (link, _) = others.find(|(_, faults)| faults.iter().any(|named| named.name == step.name))?;
        let what = format!(
            "at {} there is a fault {} on {link} already, and whichever ends first would end both; choose another name",
            crate::value::show_duration(at),
            step.name
        );
        Some(self.marked(step, &step.spans.name, "name", what))
    }

    fn links_of(&self, step: &Step, there: &[(&str, Protocol)]) -> Result<Vec<String>, Marked> {
        let no_link = |error: rig::RigError| match error {
            rig::RigError::NoLink { .. } => self.marked(step, &step.spans.link, "link", error.to_string()),
            rig::RigError::Fault(_) => self.marked(step, &step.spans.fault, "fault", error.to_string()),
        };
        let links = rig::chosen(there, &step.fault, step.link.as_deref()).map_err(no_link)?;
        for (_, protocol) in there
            .iter()
            .filter(|(name, _)| links.iter().any(|link| link == name))
        {
            let checked = step.fault.check(*protocol, step.direction);
            checked.map_err(|error| self.marked(step, &step.spans.fault, "fault", error.to_string()))?;
        }
        Ok(links)
    }

    fn marked(&self, step: &Step, span: &Range<usize>, key: &str, what: String) -> Marked {
        let key = format!("faults[{}].{key}", step.place + 1);
        Marked::new(&self.file, &self.text, span.clone(), &key, what)
    }

    fn moments(&self) -> Vec<Moment> {
        let mut all = Vec::new();
        for (step, Step { at, lasts, .. }) in self.steps.iter().enumerate() {
            let (at, begins) = (*at, true);
            all.push(Moment { at, begins, step });
            if let Some(lasts) = lasts {
                let (at, begins) = (at + *lasts, false);
                all.push(Moment { at, begins, step });
            }
        }
        all.sort_unstable();
        all
    }

    /// Plays it on a rig, telling what happens, until its last fault began or ended. Faults without an end stay in force.
    pub async fn play(&self, rig: &Rig, mut tell: impl FnMut(Happened)) {
        let start = tokio::time::Instant::now();
        for Moment { at, begins, step } in self.moments() {
            tokio::time::sleep_until(start + at).await;
            let step = &self.steps[step];
            let done = if begins {
                rig.add(&step.name, &step.fault, step.direction, step.link.as_deref())
            } else {
                rig.remove(&step.name)
            };
            let at_ms = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
            let name = step.name.clone();
            tell(match done {
                Ok(links) => Happened {
                    at_ms,
                    what: if begins { "began" } else { "ended" },
                    name,
                    fault: spec::line(&step.fault),
                    links,
                },
                // Somebody changed faults by hand since the plan was checked.
                Err(error) => Happened {
                    at_ms,
                    what: "refused",
                    name,
                    fault: error.to_string(),
                    links: Vec::new(),
                },
            });
        }
    }
}

impl Step {
    fn named(&self) -> Named {
        Named {
            name: self.name.clone(),
            fault: self.fault.clone(),
            direction: self.direction,
            since: self.at,
        }
    }
}

#[cfg(test)]
mod tests;

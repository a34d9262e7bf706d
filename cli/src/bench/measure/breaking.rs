//! What stands in the way of a whole run: a preset's links, a fault plan, or both.
//!
//! Read before anything is measured. The run without comes first, over the same links with nothing wrong with them, so
//! that both differ by nothing else.

use std::{cell::RefCell, convert::Infallible, fs, path::Path, time::Duration};

use hotline_faults::{
    plan::{Happened, Plan},
    preset::Preset,
};
use tokio::time::sleep;

use super::open::WARM_UP;
use crate::bench::{
    error::BenchError,
    line::{Wiring, links::Links},
    report::run::Shade,
};

/// Longest plan file, in bytes. 1 MiB: a thousand faults.
const PLAN_MAX: u64 = 1 << 20;
/// How long what is still on its way at the end of a schedule travels as before. 5 s: several round trips of the slowest
/// preset. Then everything is mended, so that a plan that ends with a cut does not lose what comes later.
const GRACE: Duration = Duration::from_secs(5);

/// A preset, a plan, or both.
#[derive(Clone, Debug)]
pub struct Breaking {
    preset: Option<Preset>,
    plan: Option<(String, Plan)>,
    seed: u64,
}

impl Breaking {
    /// Reads what was asked for; none if nothing was.
    ///
    /// # Errors
    /// If there is no such preset, or the plan cannot be read.
    pub fn read(preset: Option<&str>, plan: Option<&Path>, seed: u64) -> Result<Option<Self>, BenchError> {
        let preset = preset
            .map(Preset::named)
            .transpose()
            .map_err(BenchError::Preset)?;
        let plan = plan.map(read).transpose()?;
        Ok((preset.is_some() || plan.is_some()).then_some(Self { preset, plan, seed }))
    }

    /// What chance is drawn from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How a line must be wired for it.
    pub fn wiring(breaking: Option<&Self>) -> Wiring {
        breaking.map_or(Wiring::Direct, |breaking| Wiring::Links { seed: breaking.seed })
    }

    /// `with preset congested and plan cuts.toml`.
    pub fn name(&self) -> String {
        let preset = self.preset.map(|preset| format!("preset {}", preset.name()));
        let plan = self.plan.as_ref().map(|(file, _)| format!("plan {file}"));
        let both: Vec<String> = preset.into_iter().chain(plan).collect();
        format!("with {}", both.join(" and "))
    }

    /// Whether these links could play it.
    ///
    /// # Errors
    /// If the plan names a link that is not there, or faults that do not combine.
    pub fn check(&self, links: &Links) -> Result<(), BenchError> {
        self.apply(links)?;
        let checked = self
            .plan
            .as_ref()
            .map_or(Ok(()), |(_, plan)| plan.check(links.rig()));
        links.rig().clear();
        checked.map_err(|errors| BenchError::Plan(errors.to_string()))
    }

    /// Whether all of the plan begins within a run that lasts so long.
    ///
    /// # Errors
    /// Names the first fault that would not be applied.
    pub fn fits(&self, run: Duration) -> Result<(), BenchError> {
        let Some((file, plan)) = &self.plan else {
            return Ok(());
        };
        match plan.steps().iter().find(|step| step.at >= run) {
            None => Ok(()),
            Some(late) => Err(BenchError::Plan(format!(
                "{file}: {} begins at {:?}, and the run lasts {run:?}: ask for more --messages, or a lower --rate",
                late.name, late.at
            ))),
        }
    }

    fn apply(&self, links: &Links) -> Result<(), BenchError> {
        let applied = self.preset.map_or(Ok(()), |preset| links.rig().preset(preset));
        applied.map_err(|error| BenchError::Plan(error.to_string()))
    }

    /// Starts; the preset is in force at once, and the plan's time runs from the first message that counts.
    ///
    /// # Errors
    /// If a link refuses.
    pub fn begin<'a>(&'a self, links: &'a Links) -> Result<Playing<'a>, BenchError> {
        self.apply(links)?;
        Ok(Playing {
            breaking: self,
            links,
            happened: RefCell::default(),
        })
    }
}

fn read(file: &Path) -> Result<(String, Plan), BenchError> {
    let place = file.display().to_string();
    let unreadable = |error: std::io::Error| BenchError::Plan(format!("{place}: {error}"));
    let size = fs::metadata(file).map_err(unreadable)?.len();
    if size > PLAN_MAX {
        return Err(BenchError::Plan(format!(
            "{place} has {size} bytes, and a plan has at most {PLAN_MAX}"
        )));
    }
    let text = fs::read_to_string(file).map_err(unreadable)?;
    let plan = Plan::parse(&place, &text).map_err(|errors| BenchError::Plan(errors.to_string()))?;
    let name = file
        .file_name()
        .map_or(place, |name| name.to_string_lossy().into_owned());
    Ok((name, plan))
}

/// What plays. Everything is mended when it is dropped.
pub struct Playing<'a> {
    breaking: &'a Breaking,
    links: &'a Links,
    happened: RefCell<Vec<Happened>>,
}

impl Playing<'_> {
    /// Plays the plan; never resolves.
    pub async fn play(&self) -> Infallible {
        sleep(WARM_UP).await;
        if let Some((_, plan)) = &self.breaking.plan {
            let tell = |happened| self.happened.borrow_mut().push(happened);
            plan.play(self.links.rig(), tell).await;
        }
        std::future::pending().await
    }

    /// Mends everything once what was on its way has had its time; never resolves.
    pub async fn mend(&self) -> Infallible {
        sleep(GRACE).await;
        self.links.rig().clear();
        std::future::pending().await
    }

    /// Whether everything that the plan has was applied.
    ///
    /// # Errors
    /// What a link refused while it played.
    pub fn refusals(&self) -> Result<(), BenchError> {
        let happened = self.happened.borrow();
        match happened.iter().find(|event| event.what == "refused") {
            None => Ok(()),
            Some(event) => Err(BenchError::Plan(format!(
                "{} was refused while it was played: {}",
                event.name, event.fault
            ))),
        }
    }

    /// What was broken of a run that lasted so long.
    pub fn shades(&self, run: Duration) -> Vec<Shade> {
        let preset = self.breaking.preset.map(|preset| Shade {
            from: Duration::ZERO,
            to: run,
            what: format!("preset {}", preset.name()),
        });
        preset
            .into_iter()
            .chain(shades(&self.happened.borrow(), run))
            .collect()
    }
}

impl Drop for Playing<'_> {
    fn drop(&mut self) {
        self.links.rig().clear();
    }
}

/// Each fault from when it began to when it ended, or to the end of the run.
fn shades(happened: &[Happened], run: Duration) -> Vec<Shade> {
    let began = happened.iter().filter(|event| event.what == "began");
    began
        .map(|event| {
            let from = Duration::from_millis(event.at_ms);
            let ended = happened.iter().find(|other| {
                other.what == "ended" && other.name == event.name && other.at_ms >= event.at_ms
            });
            Shade {
                from,
                to: ended.map_or(run.max(from), |ended| Duration::from_millis(ended.at_ms)),
                what: format!("{}: {} on {}", event.name, event.fault, event.links.join(", ")),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_transport::Seams;

    use super::*;
    use crate::bench::line::sides::Sides;

    fn planned(text: &str) -> Result<Breaking, BenchError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cuts.toml");
        fs::write(&file, text).unwrap();
        Breaking::read(None, Some(&file), 1).map(Option::unwrap)
    }

    #[test]
    fn nothing_asked_for_is_nothing() {
        assert!(Breaking::read(None, None, 1).unwrap().is_none());
        assert_eq!(Breaking::wiring(None), Wiring::Direct);
    }

    #[test]
    fn an_unknown_preset_is_answered_with_those_there_are() {
        let error = Breaking::read(Some("moon"), None, 1).unwrap_err();
        assert!(error.to_string().contains("satellite"), "{error}");
        assert_eq!(error.failure().exit, crate::exit::USAGE);
    }

    #[test]
    fn a_wrong_plan_is_told_with_a_caret() {
        let error = planned("[[faults]]\nat = \"5\"\nfault = \"cut\"\n").unwrap_err();
        assert!(error.to_string().contains('^'), "{error}");
        assert_eq!(error.failure().exit, crate::exit::CONFIG);
    }

    #[tokio::test]
    async fn a_plan_for_a_link_that_is_not_there_is_refused_before_it_plays() {
        let root = tempfile::tempdir().unwrap();
        let sides = Sides::make(root.path(), &Seams::system()).unwrap();
        let links = Links::start(&sides, 1).await.unwrap();
        let plan = |link: &str| {
            planned(&format!(
                "[[faults]]\nat = \"1s\"\nlink = \"{link}\"\nfault = \"cut\"\n"
            ))
            .unwrap()
        };
        let error = plan("C west/quic").check(&links).unwrap_err();
        assert!(error.to_string().contains("A north/quic"), "{error}");
        plan("A north/quic").check(&links).unwrap();
    }

    #[test]
    fn a_fault_that_would_begin_behind_the_run_is_refused_before_anything_is_measured() {
        let breaking = planned("[[faults]]\nat = \"30s\"\nfault = \"cut\"\n").unwrap();
        breaking.fits(Duration::from_secs(31)).unwrap();
        let error = breaking.fits(Duration::from_secs(20)).unwrap_err();
        assert!(
            error.to_string().contains("cuts.toml") && error.to_string().contains("30s"),
            "{error}"
        );
    }

    #[test]
    fn a_fault_without_an_end_is_shaded_to_the_end_of_the_run() {
        let event = |at_ms, what, name: &str| Happened {
            at_ms,
            what,
            name: name.into(),
            fault: "cut".into(),
            links: vec!["A north/quic".into()],
        };
        let happened = [
            event(100, "began", "one"),
            event(200, "began", "two"),
            event(300, "ended", "one"),
        ];
        let shades = shades(&happened, Duration::from_secs(1));
        let times: Vec<u128> = shades.iter().map(|shade| shade.to.as_millis()).collect();
        assert_eq!(times, [300, 1000]);
        assert_eq!(shades[0].what, "one: cut on A north/quic");
    }
}

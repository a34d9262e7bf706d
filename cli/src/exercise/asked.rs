//! What was asked of an exercise, kept beside what was made for it: with it, and with control's log, an exercise whose
//! control has stopped goes on.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use hotline_core::story::Rate;
use hotline_exercise::{live::site::Site, scenario::Scenario};
use serde::{Deserialize, Serialize};

use super::{
    by_hand::ByHandArgs,
    failed,
    lobby::LiveArgs,
    made::{Attacker, Made},
    roll::Roll,
    run::RunArgs,
};
use crate::exit::{self, Failure};

/// The file, in the stage's folder.
const FILE: &str = "run.json";
/// Its largest size in bytes. 1 MiB: many times what any cast fills.
const MOST: u64 = 1024 * 1024;

/// What was asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The seed.
    pub(super) seed: u64,
    /// The first rate, in thousandths.
    speed: u32,
    /// The variant.
    pub(super) variant: Option<String>,
    /// Controllers and people.
    pub(super) by_hand: ByHandArgs,
    /// What lies ready for attacks.
    pub(super) attackers: Vec<Attacker>,
    /// Where everything lies.
    pub(super) site: Site,
    /// Who joined; none of an exercise that nobody could join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) joined: Option<Roll>,
}

impl Asked {
    pub(super) fn of(args: &RunArgs, scenario: &Scenario, made: &Made) -> Self {
        Self {
            seed: args.seed,
            speed: args.rate(scenario).thousandths(),
            variant: args.variant.clone(),
            by_hand: args.by_hand.clone(),
            attackers: made.attackers.clone(),
            site: made.site.clone(),
            joined: None,
        }
    }

    /// The same of a live exercise.
    pub(super) fn with(self, joined: Roll) -> Self {
        Self {
            joined: Some(joined),
            ..self
        }
    }

    /// The same as it was typed, of the scenario's own copy.
    pub(super) fn args(self, scenario: String, out: &Path, json: bool) -> Result<RunArgs, Failure> {
        Ok(RunArgs {
            scenario,
            headless: self.joined.is_none(),
            simulated: false,
            trace: None,
            seed: self.seed,
            speed: Some(self.speed()?),
            variant: self.variant,
            by_hand: self.by_hand,
            live: self.joined.map_or_else(LiveArgs::default, |roll| roll.args()),
            folder: None,
            out: out.to_owned(),
            json,
        })
    }

    /// On disk when this returns.
    pub(super) fn write(&self, root: &Path) -> Result<(), Failure> {
        let file = root.join(FILE);
        let text = serde_json::to_vec_pretty(self).map_err(|error| failed(&error))?;
        let write = || {
            let mut file = File::create_new(&file)?;
            file.write_all(&text)?;
            file.sync_all()?;
            // Its name as well.
            File::open(root)?.sync_all()
        };
        write().map_err(|error| Failure::io(&file.display().to_string(), &error))
    }

    pub(super) fn read(root: &Path) -> Result<Self, Failure> {
        let file = root.join(FILE);
        let no_exercise = |why: String| {
            Failure::new(
                "HL-EX-153",
                exit::CONFIG,
                format!("{}: {why}", file.display()),
                "name the folder of the exercise, and type it in the folder in which it was run; one that had not begun is run anew",
            )
        };
        let size = fs::metadata(&file)
            .map_err(|error| no_exercise(error.to_string()))?
            .len();
        if size > MOST {
            return Err(no_exercise(format!(
                "{size} bytes are more than any exercise has"
            )));
        }
        let text = fs::read(&file).map_err(|error| no_exercise(error.to_string()))?;
        let asked: Self = serde_json::from_slice(&text).map_err(|error| no_exercise(error.to_string()))?;
        // What was made names its files as they were typed.
        let there = |path: &Path| fs::canonicalize(path).ok();
        if there(&asked.site.root).is_none_or(|place| Some(place) != there(root)) {
            return Err(no_exercise(format!(
                "it was run with its stage as {}, which is another folder from here",
                asked.site.root.display()
            )));
        }
        Ok(asked)
    }

    fn speed(&self) -> Result<Rate, Failure> {
        Rate::from_thousandths(self.speed).ok_or_else(|| {
            let what = format!("{FILE}: {} thousandths are no rate", self.speed);
            Failure::new("HL-EX-153", exit::CONFIG, what, "play it again in a new folder")
        })
    }
}

//! What lies ready before an exercise runs: identities of both sides and of control, and who is started with which words.

use std::path::PathBuf;

use hotline_exercise::{
    codebook::Codebook,
    live::{
        opening::{Opening, startex},
        site::Site,
        stage::{SeatPlan, Stage},
    },
    log::ExconLog,
    record::Startex,
    scenario::{Scenario, lists::StageKind},
};
use hotline_transport::Seams;

use super::{
    making::{self, Ground},
    new_folder,
    run::RunArgs,
};
use crate::{
    control::IDENTIFIER,
    exit::{self, Failure},
    pki::excon::{self, Excon},
};

/// What lies ready before anything runs.
pub(super) struct Made {
    /// The two sides' folders.
    pub(super) site: Site,
    /// Control's identities.
    pub(super) excon: Excon,
    scenario_file: PathBuf,
}

impl Made {
    /// Makes both sides, control, and the scenario's own copy, below the run's folder.
    pub(super) fn make(
        scenario: &Scenario,
        args: &RunArgs,
        codebook: &Codebook,
        seams: &Seams,
    ) -> Result<Self, Failure> {
        let root = args.out.join("stage");
        new_folder(&root)?;
        let variant = args.variant.as_ref();
        let variant = variant.map_or_else(String::new, |variant| format!("-{variant}"));
        let exercise = format!("{}{variant}-{}", *scenario.id, args.seed);
        let site = making::site(
            scenario,
            &exercise,
            codebook.sha256(),
            &root,
            (seams, Ground::Loopback),
        )?;
        let excon = excon::excon_with(&root, &exercise, &args.by_hand.controllers(), seams)?;
        let scenario_file = root.join("scenario.toml");
        let identifier = root.join(IDENTIFIER);
        for (file, text) in [(&scenario_file, &scenario.source.text), (&identifier, &exercise)] {
            std::fs::write(file, text).map_err(|error| Failure::io(&file.display().to_string(), &error))?;
        }
        Ok(Self {
            site,
            excon,
            scenario_file,
        })
    }

    /// Opens control's log.
    pub(super) fn log(&self, seams: &Seams) -> Result<ExconLog, Failure> {
        ExconLog::open(&self.excon.station, self.excon.keys(seams)?).map_err(|error| {
            Failure::new(
                "HL-EX-152",
                exit::OTHER,
                exit::chain(&error),
                "name a folder on a disk with room",
            )
        })
    }

    /// Starts everything.
    pub(super) async fn open(&self, scenario: &Scenario, args: &RunArgs) -> Result<Stage, Failure> {
        let seats = self.seats(scenario, args);
        Stage::open(self.site.clone(), &seats, args.seed)
            .await
            .map_err(|error| {
                Failure::new(
                    "HL-EX-150",
                    exit::OTHER,
                    exit::chain(&error),
                    "hotline demo starts the same processes and says more",
                )
            })
    }

    fn seats(&self, scenario: &Scenario, args: &RunArgs) -> Vec<SeatPlan> {
        let played = |seat: &str| scenario.players.iter().any(|script| *script.seat == *seat);
        let by_script = |seat: &str| played(seat) && !args.by_hand.sits(seat);
        let at_desk = scenario.seats.iter().filter(|seat| by_script(&seat.name));
        at_desk
            .filter_map(|seat| {
                let desk = seat.desk.as_ref()?;
                let place = self.site.desks().find(|(_, place)| place.name == **desk)?.1;
                let mut words: Vec<String> = ["exercise", "player", "--seat"].map(str::to_owned).into();
                words.push(seat.name.to_string());
                words.extend(["--scenario".to_owned(), self.scenario_file.display().to_string()]);
                words.extend(["--config".to_owned(), place.config.display().to_string()]);
                for (_, desk) in self.site.desks() {
                    words.extend(["--desk".to_owned(), format!("{}={}", desk.name, desk.identity)]);
                }
                if let Some(variant) = &args.variant {
                    words.extend(["--variant".to_owned(), variant.clone()]);
                }
                Some(SeatPlan {
                    seat: seat.name.to_string(),
                    desk: desk.to_string(),
                    words,
                })
            })
            .collect()
    }

    /// What the first record says.
    pub(super) fn startex(&self, scenario: &Scenario, args: &RunArgs, codebook: &Codebook) -> Startex {
        let opening = Opening {
            stage: StageKind::Headless,
            variant: args.variant.as_deref(),
            seed: args.seed,
            rate: args.speed,
            persons: &args.by_hand.persons,
        };
        startex(&self.site, scenario, codebook, opening)
    }
}

//! What lies ready before an exercise runs: identities of both sides and of control, and who is started with which words.

use std::{collections::BTreeSet, path::PathBuf};

use hotline_audit::Hash;
use hotline_exercise::{
    codebook::Codebook,
    live::{
        site::Site,
        stage::{Elsewhere, SeatPlan, Stage},
    },
    log::ExconLog,
    record::{DeskWord, ProcessWord, Startex},
    scenario::{Scenario, lists::ReleaseRule},
};
use hotline_transport::Seams;

use super::{making, new_folder, run::RunArgs};
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
    /// Seats whose people joined.
    people: BTreeSet<String>,
}

/// Control's own, before the sides are there.
pub(super) struct Begun {
    /// The stage's folder.
    pub(super) root: PathBuf,
    /// Control's identities.
    pub(super) excon: Excon,
    scenario_file: PathBuf,
}

impl Begun {
    /// Makes control and the scenario's own copy, below the run's folder.
    pub(super) fn make(scenario: &Scenario, args: &RunArgs, seams: &Seams) -> Result<Self, Failure> {
        let root = args.out.join("stage");
        new_folder(&root)?;
        let variant = args.variant.as_ref();
        let variant = variant.map_or_else(String::new, |variant| format!("-{variant}"));
        let exercise = format!("{}{variant}-{}", *scenario.id, args.seed);
        let excon = excon::excon_with(&root, &exercise, &args.by_hand.controllers(), seams)?;
        let scenario_file = root.join("scenario.toml");
        let identifier = root.join(IDENTIFIER);
        for (file, text) in [(&scenario_file, &scenario.source.text), (&identifier, &exercise)] {
            std::fs::write(file, text).map_err(|error| Failure::io(&file.display().to_string(), &error))?;
        }
        Ok(Self {
            root,
            excon,
            scenario_file,
        })
    }

    /// With both sides.
    pub(super) fn with(self, site: Site) -> Made {
        Made {
            site,
            excon: self.excon,
            scenario_file: self.scenario_file,
            people: BTreeSet::new(),
        }
    }
}

impl Made {
    /// Makes both sides, control, and the scenario's own copy, below the run's folder.
    pub(super) fn make(
        scenario: &Scenario,
        args: &RunArgs,
        codebook: &Codebook,
        seams: &Seams,
    ) -> Result<Self, Failure> {
        let begun = Begun::make(scenario, args, seams)?;
        let exercise = &begun.excon.exercise;
        let site = making::site(scenario, exercise, codebook.sha256(), &begun.root, seams)?;
        Ok(begun.with(site))
    }

    /// With people at these seats, who joined.
    pub(super) fn with_people(self, seats: impl Iterator<Item = String>) -> Self {
        Self {
            people: seats.collect(),
            ..self
        }
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
        self.open_with(scenario, args, Elsewhere::default()).await
    }

    /// The same, with desks whose people joined.
    pub(super) async fn open_with(
        &self,
        scenario: &Scenario,
        args: &RunArgs,
        elsewhere: Elsewhere<'_>,
    ) -> Result<Stage, Failure> {
        let seats = self.seats(scenario, args);
        Stage::open_with(self.site.clone(), &seats, args.seed, elsewhere)
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

    /// Whether a person sits there.
    fn sits(&self, args: &RunArgs, seat: &str) -> bool {
        args.by_hand.sits(seat) || self.people.contains(seat)
    }

    fn seats(&self, scenario: &Scenario, args: &RunArgs) -> Vec<SeatPlan> {
        let played = |seat: &str| scenario.players.iter().any(|script| *script.seat == *seat);
        let by_script = |seat: &str| played(seat) && !self.sits(args, seat);
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
        let version = env!("CARGO_PKG_VERSION");
        let word = |who: String| ProcessWord {
            who,
            version: version.to_owned(),
        };
        let relays = self
            .site
            .relays()
            .map(|relay| word(format!("relay {}", relay.name)));
        let desks = self
            .site
            .desks()
            .map(|(_, desk)| word(format!("desk {}", desk.name)));
        let seats = scenario.seats.iter().map(|seat| seat.name.as_str());
        let played = seats.filter_map(|seat| {
            let script = scenario.players.iter().any(|script| *script.seat == *seat);
            match self.sits(args, seat) {
                true => Some((seat.to_owned(), "person".to_owned())),
                false => script.then(|| (seat.to_owned(), "script".to_owned())),
            }
        });
        let known = self.site.desks().map(|(side, desk)| {
            let word = DeskWord {
                side: side.side.to_string(),
                identity: desk.identity.clone(),
                log: format!("desk-{}", desk.name),
            };
            (desk.name.clone(), word)
        });
        Startex {
            scenario: scenario.id.to_string(),
            variant: args.variant.clone(),
            scenario_sha256: Hash::of(scenario.source.text.as_bytes()).to_string(),
            codebook: format!("{}/{}", codebook.name(), codebook.version()),
            codebook_sha256: codebook.sha256().to_string(),
            stage: args.stage().to_string(),
            seed: args.seed,
            rate: args.rate(scenario).thousandths(),
            release: match scenario.release {
                ReleaseRule::Two => 2,
                ReleaseRule::One => 1,
            },
            processes: std::iter::once(word("control".into()))
                .chain(relays)
                .chain(desks)
                .collect(),
            seats: played.collect(),
            desks: known.collect(),
        }
    }
}

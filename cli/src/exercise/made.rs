//! What lies ready before an exercise runs: identities of both sides and of control, and who is started with which words.

use std::path::PathBuf;

use hotline_exercise::{
    codebook::Codebook,
    live::{
        opening::{Opening, startex},
        site::Site,
        stage::{self, SeatPlan, Stage},
    },
    log::ExconLog,
    record::Startex,
    scenario::{
        Scenario,
        cast::Attack,
        lists::{AttackKind, StageKind},
    },
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
    /// Of each prepared attack its id, the settings of the desk in whose name it comes, and of keys that were forged.
    attackers: Vec<Attacker>,
}

/// What lies ready for one attack.
struct Attacker {
    id: String,
    desk: PathBuf,
    forged: Option<PathBuf>,
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
        let mut made = Self {
            site,
            excon,
            scenario_file,
            attackers: Vec::new(),
        };
        for attack in &scenario.attacks {
            let attacker = made.attacker(scenario, attack, (&exercise, codebook), seams)?;
            made.attackers.push(attacker);
        }
        Ok(made)
    }

    /// Whose files an attacker has: a desk's own, or those of the backup of an officer's desk, which nobody runs.
    fn attacker(
        &self,
        scenario: &Scenario,
        attack: &Attack,
        (exercise, codebook): (&str, &Codebook),
        seams: &Seams,
    ) -> Result<Attacker, Failure> {
        let of = attack.of.as_ref().map(|of| of.value.as_str()).unwrap_or_default();
        let officer = scenario.officer(of);
        let desk = officer.map_or(of, |officer| officer.desk.as_str());
        let nobody = || {
            let what = format!(
                "attack {}: there is no desk {desk} that it could come from",
                *attack.id
            );
            Failure::new("HL-EX-151", exit::CONFIG, what, "of = \"B\"")
        };
        let place = self.site.desks().find(|(_, place)| place.name == *desk);
        let (_, place) = place.ok_or_else(nobody)?;
        let card = scenario.topology.desks.iter().find(|card| *card.name == *desk);
        let forged = match attack.kind {
            AttackKind::UnknownCa => {
                let root = self.site.root.join("attack").join(&*attack.id);
                new_folder(&root)?;
                let card = card.ok_or_else(nobody)?;
                Some(making::forged(
                    scenario,
                    card,
                    exercise,
                    codebook.sha256(),
                    &root,
                    seams,
                )?)
            }
            AttackKind::NoReleaseRight | AttackKind::Replay | AttackKind::StolenKey => None,
        };
        let desk = match (officer, &place.backup) {
            (Some(_), Some(backup)) => backup.config.clone(),
            (Some(_), None) => return Err(nobody()),
            (None, _) => place.config.clone(),
        };
        Ok(Attacker {
            id: attack.id.to_string(),
            desk,
            forged,
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
        let mut seats = self.seats(scenario, args);
        seats.extend(self.attackers.iter().map(|attacker| self.attacking(attacker)));
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

    fn attacking(&self, attacker: &Attacker) -> SeatPlan {
        let text = |path: &PathBuf| path.display().to_string();
        let mut words: Vec<String> = ["exercise", "attacker", "--attack"].map(str::to_owned).into();
        words.push(attacker.id.clone());
        words.extend(["--scenario".to_owned(), text(&self.scenario_file)]);
        words.extend(["--config".to_owned(), text(&attacker.desk)]);
        if let Some(forged) = &attacker.forged {
            words.extend(["--forged".to_owned(), text(forged)]);
        }
        SeatPlan {
            seat: stage::attacker(&attacker.id),
            desk: String::new(),
            words,
        }
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

//! What lies ready before an exercise runs: identities of both sides and of control, and who is started with which words.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use hotline_exercise::{
    codebook::Codebook,
    live::{
        opening::{Opening, startex},
        site::{SidePlace, Site},
        stage::{self, Elsewhere, Opens, SeatPlan, Stage},
    },
    log::ExconLog,
    record::Startex,
    scenario::{Scenario, cast::Attack, lists::AttackKind},
};
use hotline_transport::Seams;
use serde::{Deserialize, Serialize};

use super::{
    asked::Asked,
    making::{self, Ground, passphrases, pki_failed},
    new_folder,
    roll::Roll,
    run::RunArgs,
};
use crate::{
    control::IDENTIFIER,
    exit::{self, Failure},
    pki::{
        excon::{self, Excon},
        files::{self, Audience},
    },
};

/// The folder of everything that runs, in an exercise's folder.
pub(super) const STAGE: &str = "stage";
/// The scenario's own copy there.
const SCENARIO_FILE: &str = "scenario.toml";

/// What lies ready before anything runs.
pub(super) struct Made {
    /// The two sides' folders.
    pub(super) site: Site,
    /// Control's identities.
    pub(super) excon: Excon,
    scenario_file: PathBuf,
    /// Of each prepared attack its id, the settings of the desk in whose name it comes, and of keys that were forged.
    pub(super) attackers: Vec<Attacker>,
    /// Seats whose people joined.
    people: BTreeSet<String>,
}

/// What lies ready for one attack.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Attacker {
    id: String,
    desk: PathBuf,
    forged: Option<PathBuf>,
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
        let root = args.out.join(STAGE);
        new_folder(&root)?;
        let variant = args.variant.as_ref();
        let variant = variant.map_or_else(String::new, |variant| format!("-{variant}"));
        let exercise = format!("{}{variant}-{}", *scenario.id, args.seed);
        let excon = excon::excon_with(&root, &exercise, &args.by_hand.controllers(), seams)?;
        let scenario_file = root.join(SCENARIO_FILE);
        let identifier = root.join(IDENTIFIER);
        for (file, text) in [(&scenario_file, &scenario.source.text), (&identifier, &exercise)] {
            files::write_new(file, text.as_bytes(), Audience::Anybody).map_err(|error| pki_failed(&error))?;
        }
        Ok(Self {
            root,
            excon,
            scenario_file,
        })
    }

    /// With both sides, and what attackers have.
    pub(super) fn with(
        self,
        site: Site,
        scenario: &Scenario,
        codebook: &Codebook,
        seams: &Seams,
    ) -> Result<Made, Failure> {
        let mut made = Made {
            site,
            excon: self.excon,
            scenario_file: self.scenario_file,
            attackers: Vec::new(),
            people: BTreeSet::new(),
        };
        for attack in &scenario.attacks {
            let attacker = made.attacker(scenario, attack, codebook, seams)?;
            made.attackers.push(attacker);
        }
        Ok(made)
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
        let (exercise, ground) = (&begun.excon.exercise, (seams, Ground::Loopback));
        let site = making::site(scenario, exercise, codebook.sha256(), &begun.root, ground)?;
        let root = begun.root.clone();
        let made = begun.with(site, scenario, codebook, seams)?;
        Asked::of(args, scenario, &made).write(&root)?;
        Ok(made)
    }

    /// What was made for an exercise whose control has stopped, what was asked of it, and of a live one who joined.
    pub(super) fn again(out: &Path, json: bool) -> Result<(Self, RunArgs, Option<Roll>), Failure> {
        let root = out.join(STAGE);
        let asked = Asked::read(&root)?;
        let joined = asked.joined.clone();
        let made = Self {
            excon: excon::open(&root, &asked.site.exercise)?,
            scenario_file: root.join(SCENARIO_FILE),
            attackers: asked.attackers.clone(),
            people: joined.iter().flat_map(Roll::seats).collect(),
            site: asked.site.clone(),
        };
        let scenario = made.scenario_file.display().to_string();
        Ok((made, asked.args(scenario, out, json)?, joined))
    }

    /// With people at these seats, who joined.
    pub(super) fn with_people(self, seats: impl Iterator<Item = String>) -> Self {
        Self {
            people: seats.collect(),
            ..self
        }
    }

    /// Whose files an attacker has: a desk's own, or those of the backup of an officer's desk, which nobody runs.
    fn attacker(
        &self,
        scenario: &Scenario,
        attack: &Attack,
        codebook: &Codebook,
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
                    &self.excon.exercise,
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
        let opens = match scenario.sleeps() {
            true => Opens::Asleep,
            false => Opens::New,
        };
        let elsewhere = Elsewhere {
            opens,
            ..Elsewhere::default()
        };
        self.open_with(scenario, args, elsewhere).await
    }

    /// The same, with desks whose people joined.
    pub(super) async fn open_with(
        &self,
        scenario: &Scenario,
        args: &RunArgs,
        elsewhere: Elsewhere<'_>,
    ) -> Result<Stage, Failure> {
        let mut seats = self.seats(scenario, args);
        seats.extend(self.attackers.iter().map(|attacker| self.attacking(attacker)));
        seats.extend(self.site.sides.iter().filter_map(|side| self.watching(side)));
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

    /// A side's security officer, where one of its officers has a second passphrase.
    fn watching(&self, side: &SidePlace) -> Option<SeatPlan> {
        let book = passphrases::book(&self.site.root, side.side)?;
        let desk = side.desks.first()?;
        let mut words: Vec<String> = ["exercise", "security-officer"].map(str::to_owned).into();
        words.extend(["--config".to_owned(), desk.config.display().to_string()]);
        words.extend(["--book".to_owned(), book.display().to_string()]);
        Some(SeatPlan {
            seat: stage::security_officer(side.side),
            desk: String::new(),
            words,
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
                if let Some(folder) = passphrases::by_heart(&self.site.root) {
                    words.extend(["--by-heart".to_owned(), folder.display().to_string()]);
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
        let seats = scenario.seats.iter().map(|seat| seat.name.to_string());
        let persons: Vec<String> = seats.filter(|seat| self.sits(args, seat)).collect();
        let opening = Opening {
            stage: args.stage(),
            variant: args.variant.as_deref(),
            seed: args.seed,
            rate: args.rate(scenario),
            persons: &persons,
        };
        startex(&self.site, scenario, codebook, opening)
    }
}

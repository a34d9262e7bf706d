//! `hotline exercise run`: makes identities, plays a scenario, gathers the evidence and makes the report.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use clap::Args;
use hotline_audit::Hash;
use hotline_core::story::Rate;
use hotline_exercise::{
    codebook::{Codebook, shipped},
    live::{
        conductor::{ConductError, Conductor, Played},
        lacking::lacking,
        site::Site,
        stage::{SeatPlan, Stage},
    },
    log::ExconLog,
    plan::Plan,
    record::{DeskWord, ProcessWord, Startex},
    scenario::{
        Scenario,
        lists::{ReleaseRule, StageKind},
    },
};
use hotline_transport::Seams;
use tokio::time::sleep;

use super::{by_hand::ByHandArgs, evidence, failed, making, new_folder, report, scenario};
use crate::{
    control::IDENTIFIER,
    exit::{self, Failure, Outcome},
    pki::excon::{self, Excon},
};

/// For how long relays and desks may hand over what is still on its way after ENDEX. 10 s: a hundred times what it takes.
const QUIET_WITHIN: Duration = Duration::from_secs(10);
/// How often desks are asked meanwhile.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// What `run` takes.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// A scenario's id or file.
    #[arg(value_name = "SCENARIO")]
    scenario: String,
    /// Everybody is played by a script, on real relays and desks of this machine.
    #[arg(long, required = true)]
    headless: bool,
    /// The seed of everything that is drawn: faults on the links.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// How fast the story runs over the line: 0.1 to 60.
    #[arg(long, default_value = "60", value_name = "RATE")]
    speed: Rate,
    /// Which variant, of a scenario that has any. Without it all are played, one after another, each in a folder of its own.
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    #[command(flatten)]
    by_hand: ByHandArgs,
    /// A new folder for report and evidence.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print one object; of several variants one a line.
    #[arg(long)]
    json: bool,
}

/// Plays: a scenario, one of its variants, or all of them.
///
/// # Errors
/// A [`Failure`] if it could not be played. That an expectation was not met is an exit code.
pub async fn run(args: RunArgs) -> Outcome {
    let scenario = scenario::playable(&args.scenario)?;
    refuse_unplayable(&scenario, args.variant.as_deref())?;
    args.by_hand.check(&scenario)?;
    new_folder(&args.out)?;
    let codebook = shipped::starter().map_err(|errors| failed(&errors))?;
    pinned(&scenario, &codebook)?;
    let interrupted = listen_for_interrupts();
    let mut code = exit::OK;
    for args in plays(&scenario, &args) {
        let played = play(&scenario, args, codebook.clone(), Arc::clone(&interrupted)).await?;
        code = if code == exit::OK { played } else { code };
    }
    Ok(code)
}

/// What is to be played, each in its folder.
fn plays(scenario: &Scenario, args: &RunArgs) -> Vec<RunArgs> {
    if args.variant.is_some() || scenario.variants.is_empty() {
        return vec![args.clone()];
    }
    let each = scenario.variants.keys().map(|variant| RunArgs {
        variant: Some(variant.clone()),
        out: args.out.join(variant),
        ..args.clone()
    });
    each.collect()
}

async fn play(
    scenario: &Arc<Scenario>,
    args: RunArgs,
    codebook: Codebook,
    interrupted: Arc<AtomicBool>,
) -> Outcome {
    let seams = Seams::system();
    let made = Made::make(scenario, &args, &codebook, &seams)?;
    let stage = made.open(scenario, &args).await?;
    let plan = Plan::new(Arc::clone(scenario), args.variant.as_deref());
    let mut conductor = Conductor::new(
        plan,
        stage,
        made.log(&seams)?,
        codebook.clone(),
        seams.clone(),
        interrupted,
    );
    let by_hand = args.by_hand.open(&made.site, &made.excon, &args.out, &seams);
    if let Some(controlled) = by_hand.await? {
        conductor = conductor.controlled(controlled);
    }
    let files = [
        ("scenario", scenario.source.text.as_str()),
        ("codebook", shipped::STARTER),
    ];
    let startex = made.startex(scenario, &args, &codebook);
    let played = conductor.play(startex, &files).await;
    if let Err(error) = &played {
        // So that its log says that it ended here. If even that cannot be written, the log says nothing more.
        let _ = conductor.give_up(error);
    }
    let (_, mut stage, log) = conductor.into_parts();
    let site = stage.site().clone();
    quiet(&mut stage).await;
    // Whatever could not be closed in good order was killed; its ledger is as it was at that moment.
    let closed = stage.close().await;
    drop(log);
    let folder = args.out.join(evidence::FOLDER);
    evidence::gather(&site, &made.excon, scenario, &folder)?;
    if let Ok(played) = &played {
        tell(scenario, played, &args);
    }
    let made = report::make(&folder, &args.out, args.json);
    match (played, closed) {
        (Ok(_), Ok(())) => made,
        (Err(error), _) => Err(broken_off(&error, &args)),
        (Ok(_), Err(error)) => Err(failed(&error)),
    }
}

/// It could not be played to its end; what there is of it was reported.
fn broken_off(error: &ConductError, args: &RunArgs) -> Failure {
    let what = format!(
        "the exercise broke off: {}; evidence and report of what was until then are in {}",
        exit::chain(error),
        args.out.display()
    );
    Failure::new("HL-EX-152", exit::OTHER, what, "play it again in a new folder").as_json(args.json)
}

fn tell(scenario: &Scenario, played: &Played, args: &RunArgs) {
    if args.json {
        return;
    }
    eprintln!(
        "{}{}: ENDEX at {} of story, after {:.1} s on the line ({})",
        *scenario.id,
        args.variant
            .as_ref()
            .map_or_else(String::new, |variant| format!(" {variant}")),
        played.story,
        played.line.as_secs_f64(),
        played.why,
    );
}

/// What lies ready before anything runs.
struct Made {
    site: Site,
    excon: Excon,
    scenario_file: PathBuf,
}

impl Made {
    fn make(
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
        let site = making::site(scenario, &exercise, codebook.sha256(), &root, seams)?;
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

    fn log(&self, seams: &Seams) -> Result<ExconLog, Failure> {
        ExconLog::open(&self.excon.station, self.excon.keys(seams)?).map_err(|error| {
            Failure::new(
                "HL-EX-152",
                exit::OTHER,
                exit::chain(&error),
                "name a folder on a disk with room",
            )
        })
    }

    async fn open(&self, scenario: &Scenario, args: &RunArgs) -> Result<Stage, Failure> {
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

    fn startex(&self, scenario: &Scenario, args: &RunArgs, codebook: &Codebook) -> Startex {
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
        let by_hand = &args.by_hand;
        let seats = scenario.seats.iter().map(|seat| seat.name.as_str());
        let played = seats.filter_map(|seat| {
            let script = scenario.players.iter().any(|script| *script.seat == *seat);
            match by_hand.sits(seat) {
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
            stage: StageKind::Headless.to_string(),
            seed: args.seed,
            rate: args.speed.thousandths(),
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

fn refuse_unplayable(scenario: &Scenario, variant: Option<&str>) -> Result<(), Failure> {
    let refused = |what: String, help: &str| Err(Failure::new("HL-EX-151", exit::CONFIG, what, help));
    if !scenario.stage.allowed.contains(&StageKind::Headless) {
        return refused(
            format!("{} is not for the headless stage", *scenario.id),
            "its [stage] says where it may be played",
        );
    }
    let known: Vec<&str> = scenario.variants.keys().map(String::as_str).collect();
    if let Some(variant) = variant.filter(|variant| !known.contains(variant)) {
        return refused(
            format!("{} has no variant {variant}", *scenario.id),
            &known.join(", "),
        );
    }
    let lacking = lacking(scenario);
    if lacking.is_empty() {
        return Ok(());
    }
    refused(
        format!(
            "the headless stage cannot do everything of {}: {}",
            *scenario.id,
            lacking.join("; ")
        ),
        "play a scenario without it",
    )
}

/// The codebook of this program is the one that the scenario means.
fn pinned(scenario: &Scenario, codebook: &Codebook) -> Result<(), Failure> {
    let pin = &scenario.codebook;
    let other = |what: String| Failure::new("HL-EX-114", exit::CONFIG, what, "hotline exercise check FILE");
    if *pin.file.value != *codebook.name() || u32::from(pin.version) != codebook.version() {
        return Err(other(format!(
            "the scenario means codebook {}/{}, and this program has {}/{}",
            *pin.file,
            pin.version,
            codebook.name(),
            codebook.version()
        )));
    }
    match &pin.sha256 {
        Some(pinned) if **pinned != codebook.sha256().to_string() => Err(other(format!(
            "the scenario pins codebook {}, and this program has {}",
            **pinned,
            codebook.sha256()
        ))),
        _ => Ok(()),
    }
}

/// Waits until no desk that answers owes a relay anything.
async fn quiet(stage: &mut Stage) {
    let until = tokio::time::Instant::now() + QUIET_WITHIN;
    let desks: Vec<String> = stage.desks().map(str::to_owned).collect();
    loop {
        let mut owed = 0;
        for desk in &desks {
            if let Ok(status) = stage.status(desk).await {
                owed += status.relays.values().map(|relay| relay.pending).sum::<u64>();
            }
        }
        if owed == 0 || tokio::time::Instant::now() > until {
            return;
        }
        sleep(ASK_EVERY).await;
    }
}

/// Told when somebody presses Ctrl-C or asks the process to end.
fn listen_for_interrupts() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&interrupted);
    tokio::spawn(async move {
        let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
        let asked = async {
            match &mut term {
                Some(term) => drop(term.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = asked => {}
        }
        told.store(true, Ordering::Relaxed);
    });
    interrupted
}

//! `hotline exercise run`: makes identities, plays a scenario, gathers the evidence and makes the report.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::Args;
use hotline_core::story::Rate;
use hotline_exercise::{
    codebook::{Codebook, shipped},
    live::{
        conductor::{ConductError, Conductor, Played},
        lacking::lacking,
        scene::wait_until_quiet,
    },
    plan::Plan,
    scenario::{Scenario, lists::StageKind},
    simulated::lacking::lacking_in_worlds,
};
use hotline_transport::Seams;

use super::{
    by_hand::ByHandArgs, evidence, failed, live, lobby::LiveArgs, made::Made, new_folder, report, scenario,
};
use crate::exit::{self, Failure, Outcome};

/// What `run` takes.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// A scenario's id or file.
    #[arg(value_name = "SCENARIO")]
    pub(super) scenario: String,
    /// Everybody is played by a script, on real relays and desks of this machine. Without it the exercise is live: people
    /// join with codes, and scripts play seats that stay empty.
    #[arg(long, conflicts_with_all = ["listen", "start_after", "no_input"])]
    pub(super) headless: bool,
    /// Everybody is played by a script, on real relays and desks in a simulated world: one thread, virtual time. The same
    /// seed is the same exercise to the last byte.
    #[arg(long, conflicts_with_all = ["headless", "controlled", "listen", "start_after", "no_input"])]
    pub(super) simulated: bool,
    /// Where the course of a simulated exercise is written: control's records, the logs, the packets.
    #[arg(long, requires = "simulated", value_name = "FILE")]
    pub(super) trace: Option<PathBuf>,
    /// The seed of everything that is drawn: faults on the links.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(super) seed: u64,
    /// How fast the story runs over the line: 0.1 to 60. Without it 60, and with people as the scenario says.
    #[arg(long, value_name = "RATE")]
    pub(super) speed: Option<Rate>,
    /// Which variant, of a scenario that has any. Without it all are played, one after another, each in a folder of its own.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    #[command(flatten)]
    pub(super) by_hand: ByHandArgs,
    #[command(flatten)]
    pub(super) live: LiveArgs,
    /// A new folder for report and evidence. A live exercise without it takes exercise-SCENARIO here; a simulated one needs
    /// none.
    #[arg(long = "out", value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    /// The folder that was named, or that was found.
    #[arg(skip)]
    pub(super) out: PathBuf,
    /// Print one object; of several variants one a line.
    #[arg(long)]
    pub(super) json: bool,
}

impl RunArgs {
    /// On which stage.
    pub(super) const fn stage(&self) -> StageKind {
        match (self.simulated, self.headless) {
            (true, _) => StageKind::Simulated,
            (false, true) => StageKind::Headless,
            (false, false) => StageKind::Live,
        }
    }

    /// How fast the story runs at first.
    pub(super) fn rate(&self, scenario: &Scenario) -> Rate {
        let usual = match self.stage() {
            StageKind::Live => scenario.stage.speed,
            _ => Rate::FASTEST,
        };
        self.speed.unwrap_or(usual)
    }
}

/// Plays: a scenario, one of its variants, or all of them.
///
/// # Errors
/// A [`Failure`] if it could not be played. That an expectation was not met is an exit code.
pub async fn run(mut args: RunArgs) -> Outcome {
    let scenario = playable(&args)?;
    args.by_hand.check(&scenario, args.headless)?;
    args.out = match args.folder.take() {
        Some(named) => named,
        None => live::folder(&scenario, args.headless)?,
    };
    new_folder(&args.out)?;
    let codebook = codebook(&scenario)?;
    let interrupted = listen_for_interrupts();
    if !args.headless {
        return live::play(&scenario, args, codebook, interrupted).await;
    }
    let mut code = exit::OK;
    for args in plays(&scenario, &args) {
        let played = play(&scenario, args, codebook.clone(), Arc::clone(&interrupted)).await?;
        code = if code == exit::OK { played } else { code };
    }
    Ok(code)
}

/// The scenario, if this stage can play it.
///
/// # Errors
/// It cannot be read, has mistakes, or is not for this stage.
pub(super) fn playable(args: &RunArgs) -> Result<Arc<Scenario>, Failure> {
    let scenario = scenario::playable(&args.scenario)?;
    refuse_unplayable(&scenario, args)?;
    Ok(scenario)
}

/// The codebook that the scenario means.
///
/// # Errors
/// It is not the one that this program has.
pub(super) fn codebook(scenario: &Scenario) -> Result<Codebook, Failure> {
    let codebook = shipped::starter().map_err(|errors| failed(&errors))?;
    pinned(scenario, &codebook)?;
    Ok(codebook)
}

/// What is to be played, each in its folder.
pub(super) fn plays(scenario: &Scenario, args: &RunArgs) -> Vec<RunArgs> {
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
    perform(
        scenario,
        args,
        &made,
        (codebook, seams),
        interrupted,
        Begin::Startex,
    )
    .await
}

/// Where a play begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// At STARTEX.
    Startex,
    /// Where control had stopped.
    WhereItStopped,
}

/// Plays what lies ready, from there to ENDEX, gathers the evidence and makes the report.
pub(super) async fn perform(
    scenario: &Arc<Scenario>,
    args: RunArgs,
    made: &Made,
    (codebook, seams): (Codebook, Seams),
    interrupted: Arc<AtomicBool>,
    begin: Begin,
) -> Outcome {
    // Its lock first: whoever has it not touches nothing of the stage.
    let log = made.log(&seams)?;
    let stage = made.open(scenario, &args).await?;
    let plan = Plan::new(Arc::clone(scenario), args.variant.as_deref());
    let mut conductor = Conductor::new(plan, stage, log, codebook.clone(), seams.clone(), interrupted);
    let by_hand = args.by_hand.open(&made.site, &made.excon, &args.out, &seams);
    if let Some(mut controlled) = by_hand.await? {
        // Where it goes on it goes on as it stood.
        controlled.start_paused &= begin == Begin::Startex;
        conductor = conductor.controlled(controlled);
    }
    let files = [
        ("scenario", scenario.source.text.as_str()),
        ("codebook", shipped::STARTER),
    ];
    let played = match begin {
        Begin::Startex => {
            let startex = made.startex(scenario, &args, &codebook);
            conductor.play(startex, &files).await
        }
        Begin::WhereItStopped => conductor.resume(&files).await,
    };
    if let Err(error) = &played {
        // So that its log says that it ended here. If even that cannot be written, the log says nothing more.
        let _ = conductor.give_up(error);
    }
    let (_, mut stage, log) = conductor.into_parts();
    let site = stage.site().clone();
    wait_until_quiet(&mut stage).await;
    // Whatever could not be closed in good order was killed; its ledger is as it was at that moment.
    let closed = stage.close().await;
    drop(log);
    if let Err(ConductError::NotBegun) = &played {
        return Err(not_begun(&args));
    }
    let folder = args.out.join(evidence::FOLDER);
    evidence::gather(&site, &made.excon, scenario, &folder)?;
    if let Ok(played) = &played {
        tell(scenario, played, &args);
    }
    let reported = report::make(&folder, &args.out, args.json);
    match (played, closed) {
        (Ok(_), Ok(())) => reported,
        // It had ended, and control stopped while the evidence was gathered.
        (Err(ConductError::Over(_)), Ok(())) => reported,
        (Err(error), _) => Err(broken_off(&error, &args)),
        (Ok(_), Err(error)) => Err(failed(&error)),
    }
}

/// Control stopped before STARTEX.
pub(super) fn not_begun(args: &RunArgs) -> Failure {
    let what = format!("the exercise in {} had not begun", args.out.display());
    Failure::new("HL-EX-153", exit::CONFIG, what, "play it again in a new folder").as_json(args.json)
}

/// It could not be played to its end; what there is of it was reported.
pub(super) fn broken_off(error: &ConductError, args: &RunArgs) -> Failure {
    let what = format!(
        "the exercise broke off: {}; evidence and report of what was until then are in {}",
        exit::chain(error),
        args.out.display()
    );
    Failure::new("HL-EX-152", exit::OTHER, what, "play it again in a new folder").as_json(args.json)
}

pub(super) fn tell(scenario: &Scenario, played: &Played, args: &RunArgs) {
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

fn refuse_unplayable(scenario: &Scenario, args: &RunArgs) -> Result<(), Failure> {
    let (stage, variant) = (args.stage(), args.variant.as_deref());
    let refused = |what: String, help: &str| Err(Failure::new("HL-EX-151", exit::CONFIG, what, help));
    if !scenario.stage.allowed.contains(&stage) {
        return refused(
            format!("{} is not for the {stage} stage", *scenario.id),
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
    if stage == StageKind::Live && variant.is_none() && !known.is_empty() {
        return refused(
            format!("{} has several variants, and people play one", *scenario.id),
            &format!("--variant one of: {}", known.join(", ")),
        );
    }
    let mut lacking = match stage {
        StageKind::Simulated => lacking_in_worlds(scenario),
        StageKind::Live | StageKind::Headless => lacking(scenario),
    };
    if stage == StageKind::Live && scenario.sleeps() {
        lacking.push("a line that sleeps, with people who join".into());
    }
    if lacking.is_empty() {
        return Ok(());
    }
    refused(
        format!(
            "the {stage} stage cannot do everything of {}: {}",
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

/// Told when somebody presses Ctrl-C or asks the process to end.
pub(super) fn listen_for_interrupts() -> Arc<AtomicBool> {
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

//! One exercise in a world of its own, from STARTEX until everybody's disk is read.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io,
    sync::{Arc, PoisonError, atomic::AtomicBool},
};

use hotline_audit::{Hash, compare::Log};
use hotline_faults::{
    Dice,
    world::{Tally, Trace, World},
};
use hotline_ledger::{Engine, MemoryDisk};

use super::{
    hand::{Controller, Hand, Ordered, Orders},
    nodes::host,
    stage::{Opening, Stage, Witnessed, seams},
};
use crate::{
    bundle::EXCON,
    codebook::{Codebook, shipped},
    live::{
        attend::Attendance,
        conductor::{ConductError, Conductor, Played, obey::Controlled},
        door::Door,
        scene::wait_until_quiet,
        site::Site,
        stage::StageError,
    },
    log::{ExconLog, Kept, Keys, LogError},
    plan::Plan,
    record::{InjectStatus, Kind, Startex},
    scenario::Scenario,
};

/// What is played.
pub struct Piece {
    /// Who is where, in folders with addresses of the world.
    pub site: Site,
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The codebook.
    pub codebook: Codebook,
    /// The first record: among others variant, rate and seed.
    pub startex: Startex,
    /// With what control signs; its entropy is replaced by the seed's.
    pub keys: Keys,
}

/// What comes on top of a scenario.
#[derive(Clone, Default)]
pub struct More {
    /// A controller that the seed plays runs it, and ends it.
    pub controller: Option<Controller>,
    /// Behind ENDEX everything is started and whole again, and what is owed arrives.
    pub heals: bool,
}

/// Why an exercise could not be played at all.
#[derive(Debug, thiserror::Error)]
pub enum SimulatedError {
    /// The stage did not open.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// Control's log.
    #[error("the log of control")]
    Log(#[from] LogError),
    /// The machine has no room for a runtime.
    #[error("the runtime of the simulated world")]
    Runtime(#[from] io::Error),
}

/// What became of an exercise.
#[derive(Debug)]
pub struct Ending {
    /// How it ended.
    pub played: Result<Played, ConductError>,
    /// Every log as it is on its disk, by its name in the evidence.
    pub logs: BTreeMap<String, Log>,
    /// Control's records.
    pub records: Vec<Kept>,
    /// What the stage saw of control's deeds.
    pub witnessed: Vec<Witnessed>,
    /// What the controller ordered.
    pub orders: Vec<Ordered>,
    /// Hash over every packet.
    pub packets: Trace,
    /// What was sent, counted.
    pub tally: Tally,
    /// How long it took on the line, with opening and closing, in milliseconds.
    pub virtual_ms: u64,
}

/// Plays it in this thread.
///
/// # Errors
/// [`SimulatedError`]. That the exercise broke off is no error but [`Ending::played`].
pub fn play(piece: Piece, interrupted: Arc<AtomicBool>) -> Result<Ending, SimulatedError> {
    play_with(piece, interrupted, More::default())
}

/// Plays it with more than the scenario says.
///
/// # Errors
/// As [`play`].
pub fn play_with(piece: Piece, interrupted: Arc<AtomicBool>, more: More) -> Result<Ending, SimulatedError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    runtime.block_on(run(piece, interrupted, more))
}

async fn run(piece: Piece, interrupted: Arc<AtomicBool>, more: More) -> Result<Ending, SimulatedError> {
    let Piece {
        site,
        scenario,
        codebook,
        startex,
        mut keys,
    } = piece;
    let dice = Dice::new(startex.seed);
    // Control stands beside the line's nodes.
    let outside = site.relays().count() + site.desks().count();
    let world = World::new(host(outside + 1).0, &dice.apart("world"));
    let opening = Opening {
        site,
        scenario: &scenario,
        variant: startex.variant.as_deref(),
        codebook: &codebook,
        dice: &dice,
    };
    let disk = MemoryDisk::new();
    let stage = Stage::open(opening, &world, &disk).await?;
    let control = seams(&world, host(outside), dice.apart("control"));
    let mut ids = dice.apart("control's records");
    keys.entropy = Box::new(move |buffer| ids.fill(buffer));
    let log = ExconLog::open_on(Engine::Memory(disk.clone()), keys)?;
    let plan = Plan::new(Arc::clone(&scenario), startex.variant.as_deref());
    let mut conductor = Conductor::new(plan, stage, log, codebook.clone(), control, interrupted);
    let orders = Orders::default();
    if let Some(controller) = more.controller {
        let (door, ask) = Door::inside();
        conductor = conductor.controlled(Controlled {
            door,
            authority: controller.authority.clone(),
            start_paused: false,
            persons: BTreeMap::new(),
            notes: Vec::new(),
            attendance: Attendance::default(),
            decide: true,
        });
        let hand = Hand {
            controller,
            ask,
            seams: seams(&world, host(outside), dice.apart("controller's ids")),
            dice: dice.apart("controller"),
            orders: Arc::clone(&orders),
        };
        tokio::spawn(hand.run());
    }
    let files = [
        ("scenario", scenario.source.text.as_str()),
        ("codebook", shipped::STARTER),
    ];
    let played = conductor.play(startex, &files).await;
    if let Err(error) = &played {
        // So that its log says that it ended here. If even that cannot be written, the log says nothing more.
        let _ = conductor.give_up(error);
    }
    let (_, mut stage, log) = conductor.into_parts();
    if more.heals {
        stage.heal().await?;
    }
    wait_until_quiet(&mut stage).await;
    let witnessed = stage.witnessed();
    let mut disks = stage.close().await;
    let records = log.records()?;
    drop(log);
    disks.insert(EXCON.to_owned(), disk);
    Ok(Ending {
        played,
        logs: disks
            .iter()
            .filter_map(|(name, disk)| Some((name.clone(), kept(disk)?)))
            .collect(),
        records,
        witnessed,
        orders: orders.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        packets: world.trace(),
        tally: world.tally(),
        virtual_ms: u64::try_from(world.now().as_millis()).unwrap_or(u64::MAX),
    })
}

/// A log as it is on its disk; none if nothing was signed.
fn kept(disk: &MemoryDisk) -> Option<Log> {
    let export = disk.export(&[]);
    Some(Log {
        note: export.note?,
        entries: export.leaves.into_iter().map(|leaf| leaf.bytes).collect(),
    })
}

impl Ending {
    /// How many records, injects that were begun, and faults and deaths.
    #[must_use]
    pub fn counts(&self) -> (u64, u64, u64) {
        let count = |wanted: fn(&Kind) -> bool| {
            self.records
                .iter()
                .filter(|kept| wanted(&kept.record.kind))
                .count() as u64
        };
        (
            self.records.len() as u64,
            count(|kind| {
                matches!(
                    kind,
                    Kind::Inject {
                        status: InjectStatus::Firing,
                        ..
                    }
                )
            }),
            count(|kind| match kind {
                Kind::Fault { on, .. } => *on,
                Kind::Process { deed, .. } => deed == "KILL",
                _ => false,
            }),
        )
    }

    /// The whole course as text: control's records, the logs, and what went over the links. The same seed of the same
    /// program gives the same bytes.
    #[must_use]
    pub fn trace(&self) -> String {
        let mut text = String::from("HOTLINE-EXERCISE-TRACE 1\n");
        for ordered in &self.orders {
            let (what, done) = (&ordered.what, ordered.done);
            let _ = writeln!(text, "order {what} done {done}");
        }
        for kept in &self.records {
            let record = &kept.record;
            let kind = serde_json::to_string(&record.kind).unwrap_or_default();
            let (line, story) = (
                record.stamp.line.since_start().as_millis(),
                record.stamp.story.since_startex().as_millis(),
            );
            let _ = writeln!(text, "record {} {line} {story} {} {kind}", kept.index, kept.hash);
        }
        for (name, log) in &self.logs {
            let all = Hash::of(&log.entries.concat());
            let _ = writeln!(
                text,
                "log {name} {} {all} {}",
                log.entries.len(),
                Hash::of(&log.note)
            );
        }
        let bytes: u64 = self.tally.bytes.values().sum();
        let (packets, lost) = (self.tally.packets, self.tally.lost);
        let hash = self.packets.hex();
        let _ = writeln!(text, "packets {packets} {bytes} {lost} {hash}");
        let _ = writeln!(text, "line {}", self.virtual_ms);
        text
    }
}

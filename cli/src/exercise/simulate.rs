//! `hotline exercise simulate`: exercises that seeds draw, each in a world of its own, judged from logs and records.

use std::{fs, path::PathBuf, sync::Arc};

use clap::Args;
use hotline_audit::{Purpose, TrustPolicy};
use hotline_core::time::WallTime;
use hotline_exercise::{
    codebook::{Codebook, shipped},
    log::Keys,
    order::Authority,
    simulated::{
        draw::drawn,
        hand::Controller,
        judge::Promise,
        many::{Ground, Order, Total, many},
        nodes::BEGAN,
    },
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{failed, simulated::Cast};
use crate::{
    exit::{self, Failure, Outcome},
    pki::{
        excon::{CONTROLLER, DOMAIN},
        keys,
    },
};

/// The seed of the identities that all of them share.
const IDENTITIES: u64 = 0x5107;
/// The identifier of drawn exercises.
const EXERCISE: &str = "SIM";
/// Exercises that broke something and are told in full; of the others only their seeds are.
const TOLD_MAX: usize = 10;

/// What `simulate` takes.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Exercises to play.
    #[arg(long, default_value_t = 200, value_name = "NUMBER")]
    schedules: u64,
    /// First seed; the others follow.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// Where the course of a single exercise is written: what was drawn, control's records, the logs, the packets.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Print one object.
    #[arg(long)]
    json: bool,
}

/// Identities in a temporary folder, made once for many exercises.
pub struct Made {
    cast: Cast,
    codebook: Codebook,
    trust: TrustPolicy,
    controller: Controller,
    _folder: TempDir,
}

impl Made {
    /// Makes them.
    ///
    /// # Errors
    /// A [`Failure`] if they cannot be made.
    pub fn new() -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("hotline-simulate-").tempdir();
        let folder = folder.map_err(|error| Failure::io("a temporary folder", &error))?;
        let codebook = shipped::starter().map_err(|errors| failed(&errors))?;
        // Every seed draws the same cast.
        let scenario = drawn(1).ok_or_else(|| failed(&"no scenario could be drawn"))?;
        let cast = Cast::make(&scenario, EXERCISE, &codebook, folder.path(), IDENTITIES)?;
        Ok(Self {
            trust: cast.trust()?,
            controller: controller(&cast)?,
            codebook,
            cast,
            _folder: folder,
        })
    }

    /// Plays exercises and judges them.
    ///
    /// # Errors
    /// A [`Failure`] if a world could not be made.
    pub fn many(&self, order: Order) -> Result<Total, Failure> {
        let keys = || -> Result<Keys, String> { self.cast.keys().map_err(|failure| failure.what) };
        let ground = Ground {
            site: self.cast.site.clone(),
            codebook: self.codebook.clone(),
            trust: self.trust.clone(),
            controller: self.controller.clone(),
            keys: &keys,
        };
        many(&ground, order).map_err(|why| failed(&why))
    }
}

/// The controller, with its key and its place in control's roster.
fn controller(cast: &Cast) -> Result<Controller, Failure> {
    let rosters = cast.keys()?.rosters;
    let identity = format!("spiffe://{DOMAIN}/control/{CONTROLLER}");
    let now: WallTime = BEGAN;
    let enrolled = rosters
        .roster(DOMAIN)
        .and_then(|roster| roster.current_key(&identity, Purpose::Control, now.unix_ms()))
        .map(|entry| entry.hash);
    let key = keys::signing_key(&cast.excon.controller_key(CONTROLLER)).map_err(|error| failed(&error))?;
    Ok(Controller {
        authority: Authority {
            rosters,
            exercise: cast.excon.exercise.clone(),
            conductor: cast.excon.conductor.to_string(),
        },
        key_statement: enrolled.ok_or_else(|| failed(&format!("{identity} is not enrolled")))?,
        identity,
        key: Arc::new(key),
    })
}

/// Plays and judges.
///
/// # Errors
/// A [`Failure`] if a world could not be made. That a promise was broken is an exit code.
pub fn run(args: &SimulateArgs) -> Outcome {
    if args.trace.is_some() && args.schedules != 1 {
        let what = "the course of one exercise can be written, not of many";
        return Err(Failure::new(
            "HL-EX-151",
            exit::USAGE,
            what,
            "--schedules 1 --seed NUMBER --trace FILE",
        ));
    }
    let order = Order {
        seed: args.seed,
        schedules: args.schedules,
        plant: None,
        stop_at_first: false,
    };
    let total = Made::new()?.many(order)?;
    if let Some(file) = &args.trace {
        let drawn = drawn(args.seed).map_or_else(String::new, |scenario| scenario.source.text.clone());
        let text = format!("{drawn}\n{}", total.trace);
        fs::write(file, text).map_err(|error| Failure::io(&file.display().to_string(), &error))?;
    }
    match args.json {
        true => crate::say!("{}", object(&total, args.seed)),
        false => tell(&total),
    }
    Ok(if total.held() { exit::OK } else { exit::NOT_MET })
}

fn replay(seed: u64) -> String {
    format!("hotline exercise simulate --schedules 1 --seed {seed}")
}

fn object(total: &Total, seed: u64) -> Value {
    let broken = |promise: Promise| total.broken.get(&promise).copied().unwrap_or(0);
    let failed = total.failed.iter().map(|failed| {
        let broken: Vec<&str> = failed.broken.iter().map(|broken| broken.what.as_str()).collect();
        json!({ "seed": failed.seed, "replay": replay(failed.seed), "broken": broken })
    });
    let mut object = json!({
        "schedules": total.schedules,
        "seed": seed,
        "controlled": total.controlled,
        "records": total.records,
        "injects": total.injects,
        "troubles": total.troubles,
        "orders": total.orders,
        "packets": total.packets,
        "virtual_seconds": total.virtual_ms / 1_000,
        "traces": total.hash().to_string(),
        "failed": failed.take(TOLD_MAX).collect::<Vec<_>>(),
        "failed_seeds": total.failed.iter().map(|failed| failed.seed).collect::<Vec<_>>(),
    });
    for promise in Promise::ALL {
        object[promise.name()] = broken(promise).into();
    }
    object
}

fn tell(total: &Total) {
    for failed in total.failed.iter().take(TOLD_MAX) {
        crate::say!("seed {}: {}", failed.seed, replay(failed.seed));
        for broken in &failed.broken {
            crate::say!("  {}: {}", broken.promise.name(), broken.what);
        }
    }
    if total.failed.len() > TOLD_MAX {
        let more = total
            .failed
            .iter()
            .skip(TOLD_MAX)
            .map(|failed| failed.seed.to_string());
        crate::say!("and seeds {}", more.collect::<Vec<_>>().join(", "));
    }
    crate::say!(
        "{} exercises, {} of them run by a controller: {} injects, {} orders, {} faults and deaths, {} packets, {} s of line",
        total.schedules,
        total.controlled,
        total.injects,
        total.orders,
        total.troubles,
        total.packets,
        total.virtual_ms / 1_000
    );
    let counts = Promise::ALL.iter().map(|promise| {
        let count = total.broken.get(promise).copied().unwrap_or(0);
        format!("{} {count}", promise.name())
    });
    crate::say!(
        "{}; traces {}",
        counts.collect::<Vec<_>>().join(", "),
        total.hash()
    );
}

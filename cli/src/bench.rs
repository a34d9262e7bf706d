//! `hotline bench`: measures the line beside its physical floor, in one run on the same machine.
//!
//! A figure alone says more about the machine than about the line. So every figure stands beside a [`floor`] that was
//! measured in the same minute: the least that any program must do which keeps a message on disk before it hands it on.
//! The line itself is the real one ([`line`]): two relays and desk B as processes of their own, desk A in this process,
//! both doors, certificates of two sides made for this run, everything in a folder that is removed at the end.
//!
//! - [`measure::latency`]: one message in flight, rounds interleaved with the floor's; then messages on schedule.
//! - [`measure::throughput`]: many in flight, with processor time and memory of each process; then on schedule.
//! - [`measure::failover`]: messages on schedule while relays and legs are broken and mended.
//! - [`seal`]: what sealing a text costs, without a line.
//!
//! Where there is a schedule it is open: messages leave when they are due, and every time counts from then, so that a
//! stall is charged to every message it held up. This room judges no figure unless it is told to by a promise ([`slo`]):
//! without one it exits with 0 once everything was measured, however slow.

mod args;
mod error;
mod existing;
mod floor;
mod line;
mod measure;
mod report;
mod seal;
mod slo;

use std::time::Duration;

use hotline_core::precedence::Precedence;
use hotline_transport::Seams;
use tokio::signal::unix::{SignalKind, signal};

pub use args::BenchArgs;
pub use error::BenchError;
pub(crate) use report::table;

use crate::exit::{self, Failure, Outcome};
use args::{Broken, Common, Verb};
use line::Setup;
use measure::{Measured, breaking::Breaking, failover, latency, throughput};
use report::{
    about::About,
    write::{Files, Told},
};
use slo::{judge::judge, metric::Catalogue, parse::Slo};

/// What a line is loaded with on schedule unless a rate is named, in hundredths of what it carried. 70: queues are short
/// below it, and a stall of a tenth of a second is made good within a quarter.
const LOAD_PERCENT: u32 = 70;

/// Measures and prints.
///
/// # Errors
/// A [`Failure`] if the line could not be set up, or did not do what it was measured at.
pub fn run(args: BenchArgs) -> Outcome {
    if let Verb::FloorServer(args) = args.verb {
        return floor::serve(&args).map(|()| exit::OK);
    }
    if let Verb::Seal(args) = args.verb {
        return seal::run(&args).map_err(|failure| failure.as_json(args.json()));
    }
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("the runtime", &error))?;
    // Children ask to end with the thread that started them: the measurement runs on this one, not on a worker.
    runtime.block_on(measure(args.verb))
}

async fn measure(verb: Verb) -> Outcome {
    match verb {
        Verb::Latency {
            common,
            broken,
            messages,
            rounds,
            rate,
            acknowledge_every,
            each_leg,
            precedence,
            closed_loop,
        } => {
            let plan = latency::Plan {
                messages,
                rounds: rounds.min(messages),
                open: (!closed_loop).then_some(latency::Open {
                    rate,
                    acknowledge_every,
                    each_leg,
                }),
            };
            let breaking = broken.read(&common)?;
            let measured = async |setup: Setup<'_>| latency::measure(setup, plan, breaking.as_ref()).await;
            finish(
                &common,
                precedence,
                breaking.as_ref().map(Breaking::seed),
                &latency::catalogue(plan),
                measured,
            )
            .await
        }
        Verb::Throughput {
            common,
            broken,
            in_flight,
            seconds,
            rate,
            closed_loop,
        } => {
            let load = rate.map_or(throughput::Load::Percent(LOAD_PERCENT), throughput::Load::Rate);
            let plan = throughput::Plan {
                in_flight,
                time: Duration::from_secs(seconds.into()),
                open: (!closed_loop).then_some(load),
            };
            let breaking = broken.read(&common)?;
            let measured = async |setup: Setup<'_>| throughput::measure(setup, plan, breaking.as_ref()).await;
            finish(
                &common,
                Precedence::Routine,
                breaking.as_ref().map(Breaking::seed),
                &throughput::catalogue(plan),
                measured,
            )
            .await
        }
        Verb::Failover {
            common,
            faults,
            kinds,
            kills,
            seed,
            rate,
            fault_ms,
        } => {
            let plan = failover::Plan {
                faults: kills.unwrap_or(faults),
                kinds: if kills.is_some() {
                    vec![failover::deck::Kind::Kill]
                } else {
                    kinds
                },
                seed,
                rate,
                lasts: Duration::from_millis(fault_ms.into()),
            };
            let measured = async |setup: Setup<'_>| failover::measure(setup, &plan).await;
            finish(
                &common,
                Precedence::Routine,
                Some(seed),
                &failover::catalogue(),
                measured,
            )
            .await
        }
        Verb::Seal(_) | Verb::FloorServer(_) => unreachable!("served above, without a line"),
    }
}

impl Broken {
    /// Reads what was asked for.
    fn read(&self, common: &Common) -> Result<Option<Breaking>, Failure> {
        Breaking::read(self.preset.as_deref(), self.fault_plan.as_deref(), self.seed)
            .map_err(|error| error.failure().as_json(common.json))
    }
}

/// Reads the promises, measures with this program's own file until it is done or somebody interrupts, and tells.
async fn finish<M: Measured>(
    common: &Common,
    precedence: Precedence,
    seed: Option<u64>,
    catalogue: &Catalogue,
    measure: impl AsyncFnOnce(Setup<'_>) -> Result<M, BenchError>,
) -> Outcome {
    let failed = |error: BenchError| error.failure().as_json(common.json);
    if let Some(file) = &common.config {
        return Err(failed(existing::refusal(file)));
    }
    // Whatever is wrong with the words typed is told before anything is measured.
    let slos: Result<Vec<Slo>, _> = common
        .slo
        .iter()
        .map(|text| Slo::parse(text, catalogue))
        .collect();
    let slos = slos.map_err(|error| failed(error.into()))?;
    let files = Files {
        csv: common.csv.clone(),
        hdr: common.hdr.clone(),
        html: common.html.clone(),
    };
    files.make().map_err(failed)?;
    let about = About::this(seed, Seams::system().clock.wall().rfc3339());
    let exe = std::env::current_exe().map_err(|error| Failure::io("this program's own file", &error))?;
    let setup = Setup {
        exe: &exe,
        dir: common.dir.as_deref(),
        profile: common.profile,
        precedence,
    };
    let mut term = signal(SignalKind::terminate()).map_err(|error| Failure::io("signals", &error))?;
    let measured = tokio::select! {
        measured = Box::pin(measure(setup)) => measured.map_err(failed)?,
        _ = tokio::signal::ctrl_c() => return Err(failed(BenchError::Interrupted)),
        _ = term.recv() => return Err(failed(BenchError::Interrupted)),
    };
    let judged = judge(&slos, &measured.values());
    let told = Told::new(&measured, &judged, &about);
    if common.json {
        crate::say!("{}", told.json());
    } else {
        crate::say_part!("{}", told.text());
    }
    files.write(&told).map_err(failed)?;
    let met = judged.iter().all(|judged| judged.met);
    Ok(if met { exit::OK } else { exit::SLO_MISSED })
}

/// Tells a person how far it is; scripts read standard output only.
fn progress(what: &str) {
    use std::io::IsTerminal as _;
    if std::io::stderr().is_terminal() {
        eprintln!("{what}");
    }
}

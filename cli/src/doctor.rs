//! `hotline doctor`: everything that must be in order before the line is needed, each thing in one line.
//!
//! It reads files, dials every leg as the desk would (read first, so that the relay's real reason comes back), and asks a
//! running station. It changes nothing, signs nothing and opens no session, so it may run beside the station. A line is
//! `ok`, `warn` or `FAIL`, a fact, and one command to run.
//!
//! The exit code is 0 without a FAIL, else that of the worst: 8 a log, 4 an identity, key or trust folder, 3 the settings,
//! 5 a leg, 1 anything else. With `--json` one object is printed.

mod certificates;
mod charters;
mod finding;
mod forks;
mod legs;
mod lists;
mod machine;
mod sealing;
mod settings;
mod witness;

use std::path::PathBuf;

use clap::Args;
use hotline_transport::Seams;

use crate::exit::{Failure, Outcome};

use finding::Findings;
use settings::Patient;

/// `hotline doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Only the legs to this relay: its name (north) or whole identity. Without it, all of them.
    #[arg(value_name = "PEER")]
    peer: Option<String>,
    /// The settings of a desk or relay; without it, desk.toml or relay.toml in this folder, else HOTLINE_CONFIG, else the
    /// only desk below.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one object.
    #[arg(long)]
    json: bool,
}

/// Looks at everything and says what it found.
///
/// # Errors
/// The words typed make no sense. What is not in order is no error: it is a line, and an exit code.
pub fn run(args: DoctorArgs) -> Outcome {
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("starting", &error))?;
    let seams = Seams::system();
    let mut findings = Findings::new();
    let patient = settings::find(args.config.as_deref(), &mut findings);
    runtime
        .block_on(examine(&args, patient.as_ref(), &seams, &mut findings))
        .map_err(|failure| failure.as_json(args.json))?;
    findings.print(args.json)?;
    Ok(findings.exit())
}

async fn examine(
    args: &DoctorArgs,
    patient: Option<&Patient>,
    seams: &Seams,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let now = seams.clock.wall();
    let Some(patient) = patient else {
        machine::disk(&std::env::current_dir().unwrap_or_else(|_| ".".into()), findings);
        machine::loopback(seams, findings).await;
        return Ok(());
    };
    certificates::keys(patient, seams, findings);
    certificates::own(patient, now, findings);
    lists::trust(patient, seams, now, findings);
    machine::disk(&patient.ledger, findings);
    machine::log(patient, findings);
    machine::against(patient, findings);
    match patient.desk() {
        Some(desk) => {
            sealing::keys(patient, desk, now, findings);
            forks::examine(patient, findings);
            let status = machine::station(desk, findings).await;
            legs::examine(desk, args.peer.as_deref(), seams, status.as_ref(), findings).await?;
        }
        None => {
            machine::relay(patient, findings).await;
            witness::examine(patient, now, findings);
        }
    }
    Ok(())
}

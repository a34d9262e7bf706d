//! Running a relay until somebody ends it, reading trust anew whenever its files change or SIGHUP comes: what `hotline relay run` and `hotline-server` share.
//!
//! Standard output carries one JSON line when the doors are open, so that a script can read the ports; everything else
//! goes to standard error.

use std::{io::Write as _, path::Path};

use hotline_ledger::{Damage, Standing};
use hotline_transport::Seams;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    config::RelayConfig,
    reload,
    run::{self, StartError},
};

/// Exit code for any other error.
const EXIT_OTHER: u8 = 1;
/// Exit code for a configuration that cannot be used.
const EXIT_CONFIG: u8 = 3;
/// Exit code for a certificate or key that cannot be used.
const EXIT_IDENTITY: u8 = 4;

/// Runs the relay of that configuration until SIGTERM, SIGINT or the death of its ledger; returns the exit code.
#[must_use]
pub fn main(config: &Path) -> u8 {
    init_tracing();
    on_runtime("hotline relay", serve(config))
}

/// Runs a node until it ends; `who` is what errors begin with.
pub(crate) fn on_runtime(who: &str, node: impl Future<Output = Result<u8, StartError>>) -> u8 {
    let runtime = match hotline_transport::node_runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{who}: cannot start: {error}");
            return EXIT_OTHER;
        }
    };
    match runtime.block_on(node) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{who}: {error}");
            match error {
                StartError::Config(_) => EXIT_CONFIG,
                StartError::Credentials(_)
                | StartError::Trust(_)
                | StartError::Rosters(_)
                | StartError::Older(_)
                | StartError::OlderThanSeen(_)
                | StartError::Whom(_)
                | StartError::NoOwnDomain { .. }
                | StartError::Key { .. }
                | StartError::WrongCertificate { .. } => EXIT_IDENTITY,
                StartError::Ledger(_) | StartError::FirstWrite(_) | StartError::Listen(_) => EXIT_OTHER,
            }
        }
    }
}

/// Human text on a terminal, JSON otherwise; `RUST_LOG` chooses what.
pub fn init_tracing() {
    tracing_as("info");
}

/// As [`init_tracing`], but only errors unless `RUST_LOG` says otherwise: for a program whose standard error people read.
pub fn init_tracing_quietly() {
    tracing_as("error");
}

fn tracing_as(level: &str) {
    use std::io::IsTerminal as _;
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second initialisation in one process is harmless: the first stays.
    let _ = if std::io::stderr().is_terminal() {
        builder.try_init()
    } else {
        builder.json().try_init()
    };
}

async fn serve(config: &Path) -> Result<u8, StartError> {
    let config = RelayConfig::load(config)?;
    // Looked at before it is read: no change falls between.
    let watch = reload::watch_of(&config);
    let running = run::start(&config, &Seams::system()).await?;
    announce(&config, &running);
    let asked = hotline_transport::asking().map_err(|error| StartError::Listen(error.to_string()))?;
    let mut term = signal(SignalKind::terminate()).map_err(|error| StartError::Listen(error.to_string()))?;
    tokio::select! {
        _ = term.recv() => {}
        () = running.reload.keep_fresh(watch, asked) => {}
        () = tell_if_stopped(&running) => {}
        _ = tokio::signal::ctrl_c() => {}
        cause = running.ledger_died() => {
            eprintln!("hotline relay: the ledger failed, nothing more is acknowledged: {cause}; check the disk, then start the relay again: it verifies its log first");
            return Ok(EXIT_OTHER);
        }
    }
    running.close("the relay was told to end").await;
    Ok(0)
}

/// Tells people when somebody shows what speaks against this log. Never returns.
async fn tell_if_stopped(running: &run::Running) {
    let why = running.relay.anchors.clearance.stopped().await;
    eprintln!("hotline relay: serving READ-ONLY, nothing is signed: {why}");
    std::future::pending::<()>().await;
}

fn announce(config: &RelayConfig, running: &run::Running) {
    // While witnesses are asked nobody knows of them yet.
    let standing = match running.relay.ledger.standing() {
        Standing::Good
        | Standing::ReadOnly {
            reason: Damage::NotAsked,
        } => None,
        Standing::ReadOnly { reason } => Some(reason.to_string()),
    };
    let line = serde_json::json!({
        "event": "listening",
        "relay": config.identity.to_string(),
        "quic": running.doors.quic.to_string(),
        "tcp": running.doors.tcp.to_string(),
        "status": running.status.map(|address| address.to_string()),
        "log_size": running.relay.ledger.head().size,
        "read_only": standing,
    });
    // A closed standard output is no reason to stop serving.
    let _ = writeln!(std::io::stdout(), "{line}");
    if let Some(reason) = standing {
        eprintln!("hotline relay: serving READ-ONLY, nothing is signed: {reason}");
    }
}

//! Whether a relay witnesses and mirrors other logs, and how old its newest word about each is.

use std::time::Duration;

use hotline_core::time::WallTime;
use hotline_ledger::Inspector;
use hotline_server::witness::{book, mirrored_logs};

use super::{finding::Findings, settings::Patient};
use crate::exit;

/// Older than this, a cosignature bounds little: the bound that both sides agree on for what can be denied.
const FRESH: Duration = Duration::from_secs(60);

pub(super) fn examine(patient: &Patient, now: WallTime, findings: &mut Findings) {
    let Some(config) = patient.relay() else { return };
    let settings = format!("cat {}", patient.file.display());
    let Some(keys) = &config.witness else {
        let fact = "cosigns no other log: the settings name no witness.key";
        return findings.ok("witness", fact, settings);
    };
    let what = match keys.mirror {
        Some(_) => "witness and mirror",
        None => "witness, not a mirror",
    };
    if !patient.ledger.exists() {
        return findings.ok("witness", format!("{what}; nothing was cosigned yet"), settings);
    }
    match told(patient, now, what) {
        Ok(lines) => {
            for (name, line) in lines {
                match line {
                    Line::Good(fact) => findings.ok(name, fact, settings.clone()),
                    Line::Stale(fact) => findings.warn(name, fact, settings.clone()),
                    Line::Bad(fact) => findings.fail(exit::LOG, name, fact, "hotline log bundle --help"),
                }
            }
        }
        Err(why) => findings.fail(exit::LOG, "witness", why, settings),
    }
}

enum Line {
    Good(String),
    Stale(String),
    Bad(String),
}

fn told(patient: &Patient, now: WallTime, what: &str) -> Result<Vec<(String, Line)>, String> {
    let ledger = Inspector::open(&patient.ledger).map_err(|error| error.to_string())?;
    let logs = book::witnessed(&ledger).map_err(|error| error.to_string())?;
    if logs.is_empty() {
        let fact = format!("{what}; nothing was cosigned yet");
        return Ok(vec![("witness".into(), Line::Good(fact))]);
    }
    let mirrored = mirrored_logs(&ledger).map_err(|error| error.to_string())?;
    let mut lines = Vec::new();
    for origin in logs {
        let name = format!("witness of {origin}");
        let seen = match book::seen(&ledger, &origin) {
            Ok(Some(seen)) => seen,
            Ok(None) => continue,
            Err(error) => {
                lines.push((name, Line::Bad(error.to_string())));
                continue;
            }
        };
        let held = mirrored
            .iter()
            .find(|log| log.origin == origin)
            .map_or("no entries".to_owned(), |log| format!("{} entries", log.size));
        let age = Duration::from_secs((now.unix_ms() / 1000).saturating_sub(seen.time_s()));
        let fact = format!(
            "size {} cosigned {} s ago, {held} mirrored",
            seen.size(),
            age.as_secs()
        );
        lines.push((
            name.clone(),
            if age > FRESH {
                Line::Stale(fact)
            } else {
                Line::Good(fact)
            },
        ));
        let (conflicts, more) = book::conflicts(&ledger, &origin).map_err(|error| error.to_string())?;
        let proofs = conflicts
            .iter()
            .filter(|conflict| conflict.why != "PROOF")
            .count();
        if proofs > 0 || more > 0 {
            let fact = format!(
                "this log has signed two histories: {} conflicting checkpoints are kept, {more} more came",
                conflicts.len()
            );
            lines.push((name, Line::Bad(fact)));
        }
    }
    Ok(lines)
}

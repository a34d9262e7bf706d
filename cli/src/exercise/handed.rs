//! What the sides of an exercise hand in when a message is disputed, and the auditor's page about it.
//!
//! The copies are made where the evidence is gathered, when nothing runs any more. Logs that were signed anew are signed with
//! the keys that were made for this exercise and for nothing else.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use hotline_audit::{LogSigner, compare::Log, key::origin_of, tiles::write_log};
use hotline_client::{config::DeskConfig, station::signing_key};
use hotline_exercise::{
    bundle::Evidence,
    dispute::{BUNDLES, Copies, HANDED_IN, POLICY, Ruling, bundle_name, hand_in},
    live::site::Site,
    scenario::lists::Side,
    timeline::Timeline,
};
use hotline_server::config::RelayConfig;

use super::{
    failed,
    report::{evidence_in, incomplete, unreadable},
};
use crate::exit::{self, Failure, Outcome};

/// The auditor's page, beside the report.
pub(super) const PAGE: &str = "ruling.txt";

/// What `ruling` takes.
#[derive(Debug, Args)]
pub struct RulingArgs {
    /// The folder of an exercise, or its evidence.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Print one object.
    #[arg(long)]
    json: bool,
}

/// Prints what an auditor says of the disputed message. The exit code is the verdict's, as the evidence format has it.
///
/// # Errors
/// The evidence is incomplete, or has no disputed message.
pub fn run(args: &RulingArgs) -> Outcome {
    let evidence = Evidence::open(&evidence_in(&args.from)).map_err(|error| incomplete(&error))?;
    let timeline = Timeline::load(&evidence).map_err(|error| unreadable(&exit::chain(&error)))?;
    let Some(ruling) = &timeline.ruling else {
        let what = "no message of this exercise is disputed, and nobody handed in anything";
        let failure = Failure::new(
            "HL-EX-183",
            exit::CONFIG,
            what,
            "hotline exercise run S8 --headless --out DIR",
        );
        return Err(failure.as_json(args.json));
    };
    match args.json {
        true => crate::say!("{}", object(ruling)),
        false => crate::say!("{}", ruling.page().trim_end()),
    }
    Ok(ruling.word.exit())
}

fn object(ruling: &Ruling) -> serde_json::Value {
    let findings = ruling.findings.iter().map(|finding| {
        serde_json::json!({
            "verdict": finding.word.name(),
            "rule": finding.rule,
            "against": finding.against.map(Side::name),
            "log": finding.log,
            "index": finding.index,
            "proof": finding.proof,
        })
    });
    let life = ruling.life.iter().map(|fact| {
        serde_json::json!({
            "rung": fact.rung,
            "by": fact.who,
            "standing": fact.standing,
            "text": fact.text,
            "claimed_ms": fact.claimed_ms,
            "before": fact.before,
            "sha256": fact.sha256.to_string(),
            "places": fact.places,
        })
    });
    serde_json::json!({
        "exercise": ruling.exercise,
        "message": ruling.name,
        "sha256": ruling.message.map(|hash| hash.to_string()),
        "verdict": ruling.word.name(),
        "spoken": ruling.spoken,
        "sentence": ruling.sentence,
        "against": ruling.against().map(Side::name),
        "of_message": ruling.of_message.name(),
        "insufficient": ruling.insufficient,
        "exit": ruling.word.exit(),
        "findings": findings.collect::<Vec<_>>(),
        "life": life.collect::<Vec<_>>(),
    })
}

/// What each side hands in of the logs at hand.
pub(super) fn copies(evidence: &Evidence, site: &Site) -> Copies {
    // Of an exercise without STARTEX there is no report either, which says so.
    let Ok(timeline) = Timeline::load(evidence) else {
        return Copies::new();
    };
    let (copies, not_done) = hand_in(evidence, &timeline, &|log| signer(site, log));
    for why in not_done {
        eprintln!("what was to be handed in is handed in as it is: {why}");
    }
    copies
}

/// With what a log of this exercise is signed: `relay-south`, `desk-A`.
fn signer(site: &Site, log: &str) -> Result<LogSigner, String> {
    let mut relays = site
        .relays()
        .filter(|relay| log == format!("relay-{}", relay.name));
    if let Some(relay) = relays.next() {
        return relay_signer(&relay.config);
    }
    let mut desks = site
        .desks()
        .filter(|(_, desk)| log == format!("desk-{}", desk.name));
    let (_, desk) = desks
        .next()
        .ok_or_else(|| format!("no key of {log} was made here"))?;
    let config = DeskConfig::load(&desk.config).map_err(|error| exit::chain(&error))?;
    log_signer(&config.identity.to_string(), &config.log_key)
}

/// With what a relay's log is signed, by its settings.
pub(crate) fn relay_signer(config: &Path) -> Result<LogSigner, String> {
    let config = RelayConfig::load(config).map_err(|error| exit::chain(&error))?;
    log_signer(&config.identity.to_string(), &config.log_key)
}

fn log_signer(identity: &str, key: &Path) -> Result<LogSigner, String> {
    let key = signing_key(key).map_err(|error| exit::chain(&error))?;
    let origin = origin_of(identity).unwrap_or_default();
    LogSigner::new(origin, key).map_err(|error| exit::chain(&error))
}

/// Writes the very files of a ruling beside its page: both sides' bundles and control's policy.
pub(super) fn write_brought(ruling: &Ruling, out: &Path) -> Result<(), Failure> {
    let folder = out.join(BUNDLES);
    let failed = |error: io::Error| Failure::io(&folder.display().to_string(), &error);
    fs::create_dir_all(&folder).map_err(failed)?;
    fs::write(folder.join(POLICY), &ruling.brought.policy).map_err(failed)?;
    for (side, bytes) in &ruling.brought.bundles {
        fs::write(folder.join(bundle_name(*side)), bytes).map_err(failed)?;
    }
    Ok(())
}

/// Writes what was handed in below the evidence.
pub(super) fn write(copies: &Copies, folder: &Path) -> Result<(), Failure> {
    for (side, logs) in copies {
        for (name, log) in logs {
            write_one(log, &folder.join(HANDED_IN).join(side.name()).join(name))?;
        }
    }
    Ok(())
}

/// Writes a log as tiles.
pub(crate) fn write_one(log: &Log, place: &Path) -> Result<(), Failure> {
    fs::create_dir_all(place).map_err(|error| Failure::io(&place.display().to_string(), &error))?;
    let entries = log.entries.iter().cloned().map(Ok::<_, io::Error>);
    write_log(place, &log.note, entries).map_err(|error| failed(&error))?;
    Ok(())
}

//! `hotline relay recover` and `relay succeed`: the two ways out when a relay's log must not be signed any more.

use std::path::{Path, PathBuf};

use clap::Args;
use hotline_server::{
    config::RelayConfig,
    recover::{self, RecoverError, Recovered},
    run::StartError,
    succeed::{self, SucceedError, Succeeded},
};
use hotline_transport::Seams;
use serde_json::json;

use crate::exit::{self, Failure, Outcome, chain};

/// `hotline relay recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// The relay's settings. The relay must not run.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Do not wait for the word of this witness, by the name under which it is told as not asked: it is gone for good. Once
    /// for each.
    #[arg(long, value_name = "NAME")]
    without: Vec<String>,
    /// Print one object.
    #[arg(long)]
    json: bool,
}

/// `hotline relay succeed`.
#[derive(Debug, Args)]
pub struct SucceedArgs {
    /// The new relay's settings, as hotline pki issue relay has written them. It must not have run.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The settings of the relay whose log it follows.
    #[arg(long, value_name = "FILE")]
    after: PathBuf,
    /// Why, in words that everybody reads who has the log.
    #[arg(long, value_name = "WORDS")]
    reason: String,
    /// Print one object.
    #[arg(long)]
    json: bool,
}

/// Brings back the tail that a ledger has lost. Ends as unreachable while somebody who may hold more has not answered.
///
/// # Errors
/// A failure that names the next command.
pub fn recover(args: &RecoverArgs) -> Outcome {
    let config = load(&args.config).map_err(|failure| failure.as_json(args.json))?;
    let done = block_on(recover::recover(&config, &Seams::system(), &args.without))?
        .map_err(|error| not_recovered(&error, &args.config).as_json(args.json))?;
    if args.json {
        crate::say!("{}", recovered_json(&config, &done, &args.config));
    } else {
        say_recovered(&done, &args.config);
    }
    Ok(if done.is_complete() {
        exit::OK
    } else {
        exit::UNREACHABLE
    })
}

fn say_recovered(done: &Recovered, config: &Path) {
    match &done.from {
        Some(from) => crate::say!(
            "{} leaves were missing and are back: the log has {} leaves again, the ones whose checkpoint {from} holds",
            done.now - done.before,
            done.now
        ),
        None => crate::say!(
            "nobody who answered holds more than the {} leaves that are here",
            done.now
        ),
    }
    for silent in &done.silent {
        crate::say!("not asked: {silent}");
    }
    crate::say!("next: {}", next(done, config));
}

/// Whoever did not answer may hold what would be signed a second time.
fn next(done: &Recovered, config: &Path) -> String {
    let config = config.display();
    let mut awaited = done.silent.iter().filter(|silent| !silent.left_out);
    match awaited.next() {
        None => format!("hotline relay run --config {config}"),
        Some(silent) => format!(
            "see that {name} answers, then hotline relay recover --config {config}; if it is gone for good, hotline relay recover --config {config} --without {name}",
            name = silent.name
        ),
    }
}

fn recovered_json(config: &RelayConfig, done: &Recovered, file: &Path) -> serde_json::Value {
    json!({
        "relay": config.identity.to_string(),
        "before": done.before,
        "now": done.now,
        "from": done.from,
        "silent": done.silent.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "complete": done.is_complete(),
        "next": next(done, file),
    })
}

fn not_recovered(error: &RecoverError, config: &Path) -> Failure {
    let run = format!("hotline relay recover --config {}", config.display());
    let other = format!(
        "keep this ledger, issue another relay with hotline pki issue relay, then hotline relay succeed --config NEW/relay.toml --after {} --reason \"WORDS\"",
        config.display()
    );
    let (code, exit, help) = match error {
        RecoverError::Start(error) => return cannot_start(error, config),
        RecoverError::Nobody => (
            "HL-RELAY-002",
            exit::CONFIG,
            "hotline pki trust brings the other side's relays and keys".to_owned(),
        ),
        RecoverError::NoSuch { .. } => ("HL-RELAY-010", exit::USAGE, "use one of these names".to_owned()),
        RecoverError::Silent { .. } => (
            "HL-RELAY-003",
            exit::UNREACHABLE,
            format!("see that the other side's relay runs, then {run}"),
        ),
        RecoverError::Forked { .. } => ("HL-RELAY-004", exit::LOG, other),
        RecoverError::NotMirrored { .. } => (
            "HL-RELAY-005",
            exit::LOG,
            format!("try again with every mirror in reach; else {other}"),
        ),
        RecoverError::Ledger(_) => (
            "HL-RELAY-006",
            exit::LOG,
            format!("hotline doctor --config {}", config.display()),
        ),
    };
    Failure::new(code, exit, chain(error), help)
}

/// Begins a log that follows another.
///
/// # Errors
/// A failure that names the next command.
pub fn succeed(args: &SucceedArgs) -> Outcome {
    let as_json = |failure: Failure| failure.as_json(args.json);
    let new = load(&args.config).map_err(as_json)?;
    let old = load(&args.after).map_err(as_json)?;
    let seams = Seams::system();
    let done = block_on(succeed::succeed(&new, &old, &args.reason, &seams))?
        .map_err(|error| as_json(not_succeeded(&error, &args.config)))?;
    if args.json {
        let object = json!({
            "relay": done.relay.to_string(),
            "old_origin": done.old_origin,
            "old_size": done.old_size,
        });
        crate::say!("{object}");
    } else {
        say_succeeded(&done, &old, &args.config);
    }
    Ok(exit::OK)
}

fn say_succeeded(done: &Succeeded, old: &RelayConfig, config: &Path) {
    let known = done.old_size.map_or_else(
        || "no checkpoint of it is known".to_owned(),
        |size| format!("its newest checkpoint that is known has {size} leaves"),
    );
    crate::say!(
        "the log of {} follows that of {}: {known}",
        done.relay,
        done.old_origin
    );
    crate::say!("keep {}: it is evidence", old.ledger.display());
    crate::say!(
        "next: hotline pki revoke relay {} --dir DIR/{}, hand the trust to the other side, then hotline relay run --config {}",
        old.identity.name(),
        old.identity.domain(),
        config.display()
    );
}

fn not_succeeded(error: &SucceedError, config: &Path) -> Failure {
    let (code, exit, help) = match error {
        SucceedError::Start(error) => return cannot_start(error, config),
        SucceedError::Same(_) | SucceedError::OtherSide { .. } | SucceedError::Reason => (
            "HL-RELAY-007",
            exit::USAGE,
            "hotline relay succeed --help".to_owned(),
        ),
        SucceedError::NoKey => (
            "HL-RELAY-008",
            exit::IDENTITY,
            "hotline pki list --dir DIR/DOMAIN shows the roster; the relay's trust folder must have it"
                .to_owned(),
        ),
        SucceedError::NotEmpty { .. } | SucceedError::Ledger(_) => (
            "HL-RELAY-009",
            exit::LOG,
            "name the settings of a relay that has never run".to_owned(),
        ),
    };
    Failure::new(code, exit, chain(error), help)
}

fn load(file: &Path) -> Result<RelayConfig, Failure> {
    RelayConfig::load(file).map_err(|error| {
        Failure::new(
            "HL-RELAY-001",
            exit::CONFIG,
            chain(&error),
            "correct the file, or write it anew with hotline pki",
        )
    })
}

fn cannot_start(error: &StartError, config: &Path) -> Failure {
    let exit = match error {
        StartError::Config(_) => exit::CONFIG,
        StartError::Ledger(_) | StartError::FirstWrite(_) | StartError::Listen(_) => exit::OTHER,
        _ => exit::IDENTITY,
    };
    Failure::new(
        "HL-RELAY-001",
        exit,
        chain(error),
        format!("hotline doctor --config {}", config.display()),
    )
}

fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("starting", &error))?;
    Ok(runtime.block_on(work))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use clap::Parser as _;

    use super::*;

    #[test]
    fn the_command_that_begins_a_new_log_is_named_with_every_word_that_it_needs() {
        let forked = RecoverError::Forked {
            witness: "south".into(),
            size: 9,
        };
        let not_mirrored = RecoverError::NotMirrored {
            witness: "south".into(),
            wanted: 9,
            found: 5,
            why: String::new(),
        };
        for error in [forked, not_mirrored] {
            let help = not_recovered(&error, Path::new("relay.toml")).help;
            let at = help.find("hotline relay succeed").unwrap();
            let words = help[at..].split(' ').map(|word| word.replace('"', ""));
            assert!(crate::Cli::try_parse_from(words).is_ok(), "{help}");
        }
    }
    #[test]
    fn while_somebody_who_may_hold_more_is_silent_the_next_command_does_not_start_the_relay() {
        let silent = |name: &str, left_out| recover::Silent {
            name: name.into(),
            why: "it did not answer".into(),
            left_out,
        };
        let done = |silent| Recovered {
            before: 9,
            now: 9,
            from: None,
            silent,
        };
        let file = Path::new("relay.toml");
        for silent in [Vec::new(), vec![silent("south/witness", true)]] {
            let done = done(silent);
            assert!(done.is_complete());
            assert_eq!(next(&done, file), "hotline relay run --config relay.toml");
        }
        let done = done(vec![silent("south/witness", true), silent("west/witness", false)]);
        assert!(!done.is_complete());
        let next = next(&done, file);
        assert!(
            !next.contains("relay run") && next.ends_with("--without west/witness"),
            "{next}"
        );
    }
}

//! `hotline demo --play`: both relays here, the desks in two terminals, and a prompt that breaks things.
//!
//! On `quit` (or the end of input) both desks' ledgers and both relays' logs are verified, and the story of every
//! message is printed from them.

use std::path::{Path, PathBuf};

use hotline_audit::trust::TrustPolicy;
use hotline_client::{
    request::{Answer, Request},
    socket::Connection,
};
use hotline_transport::Seams;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::stage::{Pause, RelayState, Stage};
use crate::{desk::print, exit::Failure, log};

const HELP: &str = "cut NAME      kill a relay with SIGKILL\n\
pause NAME    stop a relay's process, as a stalled machine would\n\
heal NAME     start it again, or let it go on\n\
kill NAME     the same as cut\n\
status        how the line stands\n\
quit          verify all logs and print the story of every message";

/// Plays until quit; tells whether every log verified.
///
/// # Errors
/// If the stage cannot be set up.
pub async fn run(dir: &Path, exe: PathBuf, seams: &Seams) -> Result<bool, Failure> {
    let mut stage = Stage::build(dir, exe.clone(), seams)?;
    for name in [
        stage.sides[0].relay.name.clone(),
        stage.sides[1].relay.name.clone(),
    ] {
        stage.start_relay(&name).await?;
        crate::say!("relay {name} runs");
    }
    crate::say!("\nPaste one line into each of two terminals:\n");
    for side in &stage.sides {
        crate::say!(
            "  {} desk run --config {}     # {}",
            shown(&exe),
            side.desk.display(),
            side.name
        );
    }
    crate::say!(
        "\nThere: send -p FLASH \"words\", ack A-0001, answer A-0001 ROGER, show A-0001, status, quit."
    );
    crate::say!("Here:\n{HELP}\n");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut words = line.split_whitespace();
        let done = match (words.next(), words.next()) {
            (None, _) => Ok(()),
            (Some("quit"), _) => break,
            (Some("status"), _) => status(&stage).await,
            (Some("cut" | "kill"), Some(name)) => stage
                .kill_relay(name)
                .await
                .map(|()| crate::say!("relay {name} is dead")),
            (Some("pause"), Some(name)) => stage
                .pause_relay(name, Pause::Stop)
                .map(|()| crate::say!("relay {name} stands still")),
            (Some("heal"), Some(name)) => heal(&mut stage, name).await,
            (Some(_), _) => {
                crate::say!("{HELP}");
                Ok(())
            }
        };
        if let Err(failure) = done {
            failure.print();
        }
    }
    tell_stories(&stage).await;
    stage.close().await;
    Ok(verify(&stage))
}

fn shown(exe: &Path) -> String {
    exe.display().to_string()
}

async fn heal(stage: &mut Stage, name: &str) -> Result<(), Failure> {
    match stage.relay_state(name) {
        RelayState::Runs => crate::say!("relay {name} runs"),
        RelayState::Paused => {
            stage.pause_relay(name, Pause::GoOn)?;
            crate::say!("relay {name} goes on");
        }
        RelayState::Ended => {
            stage.start_relay(name).await?;
            crate::say!("relay {name} runs again");
        }
    }
    Ok(())
}

async fn status(stage: &Stage) -> Result<(), Failure> {
    for side in &stage.sides {
        let state = match stage.relay_state(&side.relay.name) {
            RelayState::Runs => "runs",
            RelayState::Paused => "stands still",
            RelayState::Ended => "is dead",
        };
        crate::say!("relay {} ({}) {state}", side.relay.name, side.name);
    }
    for side in &stage.sides {
        match ask(&side.desk, Request::Status).await {
            Some(Answer::Status(status)) => crate::say_part!("{}", print::status(&status)),
            Some(_) | None => crate::say!("desk of {}: no station runs", side.name),
        }
    }
    Ok(())
}

/// Asks a station that somebody runs, if one does.
async fn ask(desk: &Path, request: Request) -> Option<Answer> {
    let config = hotline_client::config::DeskConfig::load(desk).ok()?;
    Connection::open(&config.socket)
        .await
        .ok()??
        .ask(&request)
        .await
        .ok()
}

/// The story of every message, as each desk that still runs knows it.
async fn tell_stories(stage: &Stage) {
    for side in &stage.sides {
        let listed = ask(
            &side.desk,
            Request::List {
                limit: 1000,
                incoming: false,
            },
        )
        .await;
        let Some(Answer::Messages { messages }) = listed else {
            continue;
        };
        crate::say!("\nAs {} knows it:", side.name);
        for view in &messages {
            crate::say_part!("{}{}", print::message(view), print::timeline(view));
        }
    }
}

/// Verifies every ledger that exists.
fn verify(stage: &Stage) -> bool {
    let policy = match TrustPolicy::load_folder(&stage.trust(0)) {
        Ok(policy) => policy,
        Err(error) => {
            eprintln!("{error}");
            return false;
        }
    };
    crate::say!();
    let mut passed = true;
    for (title, ledger) in stage.ledgers().into_iter().filter(|(_, ledger)| ledger.exists()) {
        match log::verify::verify_ledger(&ledger, &policy) {
            Ok(report) => {
                passed &= report.passed();
                crate::say!("{title}: {report}");
            }
            Err(failure) => {
                passed = false;
                failure.print();
            }
        }
    }
    passed
}

//! A whole line in a folder of its own: two sides, two relays, two desks.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hotline_cli::{
    demo::stage::Stage,
    desk::{Common, seat::Seat},
    exit::Failure,
};
use hotline_client::{
    config::DeskConfig,
    request::{Answer, Request},
    status::LineStatus,
    view::MessageView,
};
use hotline_core::{identity::Identity, words::Rung};
use hotline_server::config::RelayConfig;
use hotline_transport::Seams;
use tempfile::TempDir;

use crate::{
    verb::{self, Said, word},
    wait::{PATIENCE, eventually},
};

/// The side that mostly sends.
pub const AVELIA: usize = 0;
/// The side that mostly receives.
pub const BORENIA: usize = 1;

/// A line on the stage. Its processes and its folder end with it.
pub struct Line {
    /// Both sides, and what runs of them.
    pub stage: Stage,
    /// The seams of the test's own process.
    pub seams: Seams,
    program: PathBuf,
    place: TempDir,
}

impl Line {
    /// Both sides' identities; nothing runs. `program` is the program under test.
    #[must_use]
    pub fn prepared(program: &str) -> Self {
        let place = tempfile::Builder::new()
            .prefix("hotline-test-")
            .tempdir()
            .unwrap();
        let seams = Seams::system();
        let program = PathBuf::from(program);
        let stage = Stage::build(place.path(), program.clone(), &seams).unwrap();
        Self {
            stage,
            seams,
            program,
            place,
        }
    }

    /// Both relays run, no desk does.
    pub async fn with_relays(program: &str) -> Self {
        for _ in 0..PORT_TRIES {
            let mut line = Self::prepared(program);
            match line.start_relays().await {
                Ok(()) => return line,
                // Somebody else on this machine was given a port between its choice and its use.
                Err(failure) if failure.what.contains("Address already in use") => {}
                Err(failure) => panic!("{failure:?}"),
            }
        }
        panic!("no free ports {PORT_TRIES} times")
    }

    async fn start_relays(&mut self) -> Result<(), Failure> {
        for side in [AVELIA, BORENIA] {
            let name = self.relay_name(side);
            self.stage.start_relay(&name).await?;
        }
        Ok(())
    }

    /// Everything runs, and both desks have all four legs up.
    pub async fn open(program: &str) -> Self {
        let mut line = Self::with_relays(program).await;
        for side in [AVELIA, BORENIA] {
            line.stage.start_desk(side).await.unwrap();
        }
        line.whole().await;
        line
    }

    /// Waits until both desks have all four legs up.
    pub async fn whole(&self) {
        for side in [AVELIA, BORENIA] {
            self.stage.legs_up(side, 4).await.unwrap();
        }
    }

    /// The folder that holds everything.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.place.path()
    }

    /// The program under test.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The name of a side's relay.
    #[must_use]
    pub fn relay_name(&self, side: usize) -> String {
        self.stage.sides[side].relay.name.clone()
    }

    /// The identity of a side's relay.
    #[must_use]
    pub fn relay_identity(&self, side: usize) -> Identity {
        RelayConfig::load(&self.stage.sides[side].relay.config)
            .unwrap()
            .identity
    }

    /// The settings of a side's desk.
    #[must_use]
    pub fn desk_config(&self, side: usize) -> DeskConfig {
        DeskConfig::load(&self.stage.sides[side].desk).unwrap()
    }

    /// What every verb of a side's desk takes.
    #[must_use]
    pub fn common(&self, side: usize) -> Common {
        Common {
            config: Some(self.stage.sides[side].desk.clone()),
            json: false,
            passphrase_file: None,
        }
    }

    /// Types a verb and waits for its end.
    pub async fn run(&self, words: &[&str]) -> Said {
        verb::typed(&self.program, words, b"").await
    }

    /// Types a verb of a side's desk, as a script: `hotline desk VERB --config F --json …`.
    pub async fn desk(&self, side: usize, verb: &str, words: &[&str]) -> Said {
        let config = word(&self.stage.sides[side].desk);
        let mut all = vec!["desk", verb, "--config", &config, "--json"];
        all.extend(words);
        self.run(&all).await
    }

    /// The same, as a person: plain words on standard output.
    pub async fn desk_plain(&self, side: usize, verb: &str, words: &[&str]) -> Said {
        let config = word(&self.stage.sides[side].desk);
        let mut all = vec!["desk", verb, "--config", &config];
        all.extend(words);
        self.run(&all).await
    }

    /// A seat at a side's desk.
    pub async fn seat(&self, side: usize) -> Seat {
        self.stage.seat(side).await.unwrap()
    }

    /// How the line stands for a side.
    pub async fn status(&self, side: usize) -> LineStatus {
        self.seat(side).await.status().await.unwrap()
    }

    /// What came in at a side, in order.
    pub async fn incoming(&self, side: usize) -> Vec<MessageView> {
        match self
            .seat(side)
            .await
            .ask(Request::List {
                limit: 10_000,
                incoming: true,
            })
            .await
            .unwrap()
        {
            Answer::Messages { messages } => messages,
            other => panic!("{other:?}"),
        }
    }

    /// Waits at a side's station until a message has got that far.
    pub async fn until(&self, side: usize, message: &str, rung: Rung) -> MessageView {
        // A message that is still on its way is one that the station does not know.
        eventually("the message is known", PATIENCE, async || {
            self.seat(side).await.show(message).await.ok()
        })
        .await;
        let within_ms = u64::try_from(PATIENCE.as_millis()).unwrap();
        let request = Request::Wait {
            message: message.to_owned(),
            rung: rung.name().into(),
            within_ms,
        };
        let view = self.seat(side).await.message(request).await.unwrap();
        assert!(
            view.reached(rung),
            "{} is {} and not yet {}",
            view.name,
            view.state,
            rung.name()
        );
        view
    }

    /// Waits until no relay is owed a statement by either desk.
    pub async fn nothing_owed(&self) {
        for side in [AVELIA, BORENIA] {
            eventually("nothing is owed to a relay", PATIENCE, async || {
                let relays = self.status(side).await.relays;
                relays.values().all(|relay| relay.pending == 0).then_some(())
            })
            .await;
        }
    }

    /// Ends everything in order, so that the ledgers rest.
    pub async fn close(&mut self) {
        self.stage.close().await;
    }

    /// How everything stands, for whoever reads a failure.
    fn describe(&self) -> String {
        let mut text = String::new();
        for side in &self.stage.sides {
            let log = self.folder().join(format!("{}.log", side.relay.name));
            let said = fs::read_to_string(log).unwrap_or_default();
            let last: Vec<&str> = said.lines().rev().take(LOG_LINES).collect();
            text.push_str(&format!(
                "--- relay {}, newest first\n{}\n",
                side.relay.name,
                last.join("\n")
            ));
            if !DeskConfig::load(&side.desk).is_ok_and(|config| config.socket.exists()) {
                continue;
            }
            let words = ["desk", "status", "--config"];
            let status = std::process::Command::new(&self.program)
                .args(words)
                .arg(&side.desk)
                .output();
            let status = status
                .map(|said| String::from_utf8_lossy(&said.stdout).into_owned())
                .unwrap_or_default();
            text.push_str(&format!("--- desk of {}\n{status}\n", side.name));
        }
        text
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.describe());
            self.place
                .disable_cleanup(std::env::var_os("HOTLINE_TESTS_KEEP").is_some());
        }
    }
}

/// Times that other ports are tried.
const PORT_TRIES: usize = 5;

/// Lines of a process's log that a failing test prints.
const LOG_LINES: usize = 12;

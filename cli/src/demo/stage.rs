//! The stage: both sides' identities, two relays and two desks as real processes on loopback ports of the system's
//! choice, in one folder.
//!
//! Demo, play, benches and tests stand on it. Its children die with it, also when it is killed. It acts only through
//! what users have: settings files, processes, sockets and verbs.
mod making;
mod process;

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use hotline_client::config::DeskConfig;
use hotline_transport::Seams;
use rustix::process::Signal;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

pub(super) use self::making::{exercise_of, made};
pub use self::{
    making::free_ports,
    process::{Pause, RelayState},
};
use self::{
    making::{exchange, no_checks, side},
    process::Process,
};
use crate::{
    desk::seat::Seat,
    exit::{self, Failure},
    pki,
};

/// How long a process may take to be ready. 10 s: a loaded machine, twenty times over.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// Both sides, and what runs of them.
pub struct Stage {
    /// The folder that holds everything.
    pub dir: PathBuf,
    /// Avelia and Borenia.
    pub sides: [Side; 2],
    exe: PathBuf,
    relays: BTreeMap<String, Process>,
    desks: BTreeMap<String, Process>,
}

/// One side on the stage.
pub struct Side {
    /// "Avelia".
    pub name: String,
    /// The folder of its EXERCISE domain.
    pub folder: PathBuf,
    /// Its one relay.
    pub relay: RelayOnStage,
    /// Its desk's settings file.
    pub desk: PathBuf,
    /// Words that compare its trust file.
    pub words: String,
}

/// A relay on the stage.
#[derive(Clone)]
pub struct RelayOnStage {
    /// "north".
    pub name: String,
    /// Its settings file.
    pub config: PathBuf,
    /// Its QUIC door.
    pub quic: SocketAddr,
    /// Its TCP door.
    pub tcp: SocketAddr,
    /// Health and metrics.
    pub status: SocketAddr,
}

impl Stage {
    /// Makes both sides' identities in `dir`, which must be empty or not exist. Nothing runs yet.
    ///
    /// # Errors
    /// If a file or port cannot be made.
    pub fn build(dir: &Path, exe: PathBuf, seams: &Seams) -> Result<Self, Failure> {
        let now = seams.clock.wall();
        let [avelia, borenia] =
            [pki::example::AVELIA, pki::example::BORENIA].map(|text| side(dir, text, now, seams));
        let sides = [avelia?, borenia?];
        exchange(dir, &sides, now)?;
        for side in &sides {
            no_checks(&side.desk)?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            sides,
            exe,
            relays: BTreeMap::new(),
            desks: BTreeMap::new(),
        })
    }

    /// Starts a relay and waits until its doors are open.
    ///
    /// # Errors
    /// If it does not get that far.
    pub async fn start_relay(&mut self, name: &str) -> Result<Value, Failure> {
        let config = self.relay(name)?.config.clone();
        let (process, ready) = self.start(&["relay", "run"], &config, name).await?;
        self.relays.insert(name.to_owned(), process);
        Ok(ready)
    }

    /// Starts a side's desk, unattended, and waits until it is open.
    ///
    /// # Errors
    /// If it does not get that far.
    pub async fn start_desk(&mut self, side: usize) -> Result<Value, Failure> {
        let side = &self.sides[side];
        let (name, config) = (side.name.clone(), side.desk.clone());
        let (process, ready) = self
            .start(&["desk", "run", "--json", "--unattended"], &config, &name)
            .await?;
        self.desks.insert(name, process);
        Ok(ready)
    }

    async fn start(&self, verb: &[&str], config: &Path, name: &str) -> Result<(Process, Value), Failure> {
        let log = self.dir.join(format!("{}.log", name.to_lowercase()));
        let errors = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(|error| Failure::io(&log.display().to_string(), &error))?;
        let mut child = Command::new(&self.exe)
            .args(verb)
            .arg("--config")
            .arg(config)
            .arg("--die-with-parent")
            .arg(std::process::id().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Failure::io(&self.exe.display().to_string(), &error))?;
        let Some(stdout) = child.stdout.take() else {
            return Err(Failure::new("HL-DEMO-001", exit::OTHER, "no standard output", ""));
        };
        let mut lines = BufReader::new(stdout).lines();
        let first = tokio::time::timeout(READY_WITHIN, lines.next_line()).await;
        let ready = match first {
            Ok(Ok(Some(line))) => serde_json::from_str(&line).ok(),
            Ok(Ok(None) | Err(_)) | Err(_) => None,
        };
        let Some(ready) = ready else {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let last = said.lines().last().unwrap_or("it said nothing").to_owned();
            return Err(Failure::new(
                "HL-DEMO-001",
                exit::OTHER,
                format!("{name} did not start: {last}"),
                "",
            ));
        };
        // Whatever else it prints is read and dropped, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok((Process { child, paused: false }, ready))
    }

    /// The relay of that name.
    ///
    /// # Errors
    /// If there is none.
    pub fn relay(&self, name: &str) -> Result<&RelayOnStage, Failure> {
        self.sides
            .iter()
            .map(|side| &side.relay)
            .find(|relay| relay.name == name)
            .ok_or_else(|| {
                let names: Vec<&str> = self.sides.iter().map(|side| side.relay.name.as_str()).collect();
                Failure::new(
                    "HL-DEMO-003",
                    exit::USAGE,
                    format!("there is no relay {name}"),
                    names.join(" or "),
                )
            })
    }

    /// Ends a relay with SIGKILL and reaps it.
    ///
    /// # Errors
    /// If it does not run.
    pub async fn kill_relay(&mut self, name: &str) -> Result<(), Failure> {
        self.relay(name)?;
        match self.relays.remove(name) {
            Some(mut process) => process
                .child
                .kill()
                .await
                .map_err(|error| Failure::io(&format!("relay {name}"), &error)),
            None => Err(Failure::new(
                "HL-DEMO-002",
                exit::OTHER,
                format!("relay {name} does not run"),
                "",
            )),
        }
    }

    /// Ends a desk with SIGKILL and reaps it.
    ///
    /// # Errors
    /// If it does not run.
    pub async fn kill_desk(&mut self, side: usize) -> Result<(), Failure> {
        let name = self.sides[side].name.clone();
        match self.desks.remove(&name) {
            Some(mut process) => process
                .child
                .kill()
                .await
                .map_err(|error| Failure::io(&format!("desk {name}"), &error)),
            None => Err(Failure::new(
                "HL-DEMO-002",
                exit::OTHER,
                format!("desk {name} does not run"),
                "",
            )),
        }
    }

    /// Asks a side's desk to end in good order, and waits for it.
    ///
    /// # Errors
    /// If it does not run, or does not end.
    pub async fn close_desk(&mut self, side: usize) -> Result<(), Failure> {
        let name = self.sides[side].name.clone();
        let Some(mut process) = self.desks.remove(&name) else {
            return Err(Failure::new(
                "HL-DEMO-002",
                exit::OTHER,
                format!("desk {name} does not run"),
                "",
            ));
        };
        process.signal(Signal::TERM)?;
        let ended = tokio::time::timeout(READY_WITHIN, process.child.wait()).await;
        match ended {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failure::io(&format!("desk {name}"), &error)),
            Err(_) => Err(Failure::new(
                "HL-DEMO-005",
                exit::OTHER,
                format!("desk {name} does not end"),
                "",
            )),
        }
    }

    /// Stops a relay's process without ending it, or lets it go on.
    ///
    /// # Errors
    /// If it does not run.
    pub fn pause_relay(&mut self, name: &str, pause: Pause) -> Result<(), Failure> {
        self.relay(name)?;
        let process = self.relays.get_mut(name).ok_or_else(|| {
            Failure::new(
                "HL-DEMO-002",
                exit::OTHER,
                format!("relay {name} does not run"),
                "",
            )
        })?;
        process.pause(pause)
    }

    /// Stops a desk's process without ending it, or lets it go on.
    ///
    /// # Errors
    /// If it does not run.
    pub fn pause_desk(&mut self, side: usize, pause: Pause) -> Result<(), Failure> {
        let name = &self.sides[side].name;
        let process = self.desks.get_mut(name).ok_or_else(|| {
            Failure::new(
                "HL-DEMO-002",
                exit::OTHER,
                format!("desk {name} does not run"),
                "",
            )
        })?;
        process.pause(pause)
    }

    /// Whether a relay runs, and whether it is stopped.
    #[must_use]
    pub fn relay_state(&self, name: &str) -> RelayState {
        match self.relays.get(name) {
            None => RelayState::Ended,
            Some(process) if process.paused => RelayState::Paused,
            Some(_) => RelayState::Runs,
        }
    }

    /// A seat at a side's desk.
    ///
    /// # Errors
    /// If the desk cannot be reached.
    pub async fn seat(&self, side: usize) -> Result<Seat, Failure> {
        let config = DeskConfig::load(&self.sides[side].desk)
            .map_err(|error| Failure::new("HL-DEMO-004", exit::CONFIG, error.to_string(), ""))?;
        Seat::open(config, false).await
    }

    /// Waits until a desk has so many legs up.
    ///
    /// # Errors
    /// If it has not within ten seconds.
    pub async fn legs_up(&self, side: usize, wanted: usize) -> Result<(), Failure> {
        let mut seat = self.seat(side).await?;
        let deadline = tokio::time::Instant::now() + READY_WITHIN;
        loop {
            let status = seat.status().await?;
            if status.legs_up() >= wanted {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                let down: Vec<String> = status
                    .legs
                    .iter()
                    .filter(|(_, leg)| !leg.up)
                    .map(|(name, leg)| format!("{name}: {}", leg.why))
                    .collect();
                return Err(Failure::new(
                    "HL-DEMO-005",
                    exit::UNREACHABLE,
                    down.join("; "),
                    "",
                ));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Every ledger: its title and file.
    #[must_use]
    pub fn ledgers(&self) -> Vec<(String, PathBuf)> {
        let mut found = Vec::new();
        for side in &self.sides {
            found.push((
                format!("relay {}", side.relay.name),
                side.relay.config.with_file_name("relay.ledger"),
            ));
            found.push((
                format!("desk {}", side.name),
                side.desk.with_file_name("desk.ledger"),
            ));
        }
        found
    }

    /// The trust folder of a side: what its people verify with.
    #[must_use]
    pub fn trust(&self, side: usize) -> PathBuf {
        self.sides[side].folder.join("trust")
    }

    /// Asks everything that runs to end, and waits for it.
    pub async fn close(&mut self) {
        for process in self.desks.values_mut().chain(self.relays.values_mut()) {
            let _ = process.signal(Signal::CONT);
            let _ = process.signal(Signal::TERM);
        }
        for mut process in std::mem::take(&mut self.desks)
            .into_values()
            .chain(std::mem::take(&mut self.relays).into_values())
        {
            if tokio::time::timeout(READY_WITHIN, process.child.wait())
                .await
                .is_err()
            {
                let _ = process.child.kill().await;
            }
        }
    }
}

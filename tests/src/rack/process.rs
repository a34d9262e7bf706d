//! A relay or desk that the rack starts itself, so that strace can hold it: on the stage's settings, in the stage's place.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::oneshot,
};

use hotline_cli::demo::stage::Pause;
use rustix::process::{Pid, Signal, kill_process};

use super::Rack;
use crate::Line;

/// How long a process may take to be ready under strace. 20 s: a loaded machine, fifty times over.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// Who is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The relay of a side.
    Relay(usize),
    /// The desk of a side.
    Desk(usize),
}

impl Role {
    /// Stable name, as in a case.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Relay(side) => format!("relay-{side}"),
            Self::Desk(side) => format!("desk-{side}"),
        }
    }

    /// Ends the stage's own process of this role with SIGKILL.
    pub async fn kill(self, line: &mut Line) {
        match self {
            Self::Relay(side) => {
                let name = line.relay_name(side);
                line.stage.kill_relay(&name).await.unwrap();
            }
            Self::Desk(side) => line.stage.kill_desk(side).await.unwrap(),
        }
    }

    /// Stops the stage's own process of this role, or lets it go on.
    pub fn pause(self, line: &mut Line, pause: Pause) {
        match self {
            Self::Relay(side) => {
                let name = line.relay_name(side);
                line.stage.pause_relay(&name, pause).unwrap();
            }
            Self::Desk(side) => line.stage.pause_desk(side, pause).unwrap(),
        }
    }

    /// Starts the stage's own process of this role.
    ///
    /// # Errors
    /// It does not start: what it said.
    pub async fn start(self, line: &mut Line) -> Result<(), String> {
        let started = match self {
            Self::Relay(side) => {
                let name = line.relay_name(side);
                line.stage.start_relay(&name).await
            }
            Self::Desk(side) => line.stage.start_desk(side).await,
        };
        started.map(|_| ()).map_err(|failure| failure.what)
    }

    fn words(self, line: &Line) -> (Vec<&'static str>, std::path::PathBuf) {
        match self {
            Self::Relay(side) => (vec!["relay", "run"], line.stage.sides[side].relay.config.clone()),
            Self::Desk(side) => (
                vec!["desk", "run", "--json", "--unattended"],
                line.stage.sides[side].desk.clone(),
            ),
        }
    }
}

/// A process of the rack's own.
pub struct Driven {
    child: Child,
    ready: oneshot::Receiver<()>,
}

impl Driven {
    /// Starts `role` by `command` (the program, alone or behind strace) and waits until it is ready or has ended. Its
    /// standard error goes to `log`.
    pub async fn start(rack: &Rack, line: &Line, role: Role, command: Option<Command>, log: &Path) -> Self {
        let mut driven = Self::spawn(rack, line, role, command, log);
        let _ = tokio::time::timeout(READY_WITHIN, &mut driven.ready).await;
        driven
    }

    /// Starts it without waiting for anything.
    #[must_use]
    pub fn spawn(rack: &Rack, line: &Line, role: Role, command: Option<Command>, log: &Path) -> Self {
        let mut command = command.unwrap_or_else(|| Command::new(&rack.program));
        let (verb, config) = role.words(line);
        let errors = std::fs::File::create(log).unwrap();
        let mut child = command
            .args(verb)
            .arg("--config")
            .arg(config)
            .args(["--die-with-parent", &std::process::id().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (say, ready) = oneshot::channel();
        tokio::spawn(async move {
            let _ = lines.next_line().await;
            let _ = say.send(());
            // Whatever else it prints is read and dropped, so that it never waits for us.
            while let Ok(Some(_)) = lines.next_line().await {}
        });
        Self { child, ready }
    }

    /// Its process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end.
    pub async fn end_within(&mut self, within: Duration) -> Option<ExitStatus> {
        tokio::time::timeout(within, self.child.wait())
            .await
            .ok()
            .map(Result::unwrap)
    }

    /// Whether it runs and no thread of it moves.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.pid().is_some_and(all_threads_stand)
    }

    /// Lets it go on after it stopped.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let number = self.pid().expect("the process runs");
        let pid = Pid::from_raw(number.cast_signed()).expect("a process id is not 0");
        kill_process(pid, signal).unwrap();
    }

    /// Does `work` while no thread of the process moves.
    pub fn stopped(&self, work: impl FnOnce()) {
        self.signal(Signal::STOP);
        // A thread inside a system call finishes it first.
        while !self.stands() {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        work();
        self.go_on();
    }

    /// Ends it with SIGKILL.
    pub async fn kill(mut self) {
        // It may have ended by itself.
        let _ = self.child.kill().await;
    }
}

/// Whether every thread of a process stands still. One that ended stands for nothing.
fn all_threads_stand(process: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return false;
    };
    threads.flatten().all(|thread| {
        // The state is behind the name, which stands in brackets and may hold anything. A thread that ended moves no more.
        std::fs::read_to_string(thread.path().join("stat"))
            .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" T")))
            || !thread.path().exists()
    })
}

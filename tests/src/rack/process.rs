//! A relay or desk that the rack starts itself, so that strace can hold it: on the stage's settings, in the stage's place.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

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
}

impl Driven {
    /// Starts `role` by `command` (the program, alone or behind strace) and waits until it is ready or has ended. Its
    /// standard error goes to `log`.
    pub async fn start(rack: &Rack, line: &Line, role: Role, command: Option<Command>, log: &Path) -> Self {
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
        let _ = tokio::time::timeout(READY_WITHIN, lines.next_line()).await;
        // Whatever else it prints is read and dropped, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child }
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

    /// Does `work` while no thread of the process moves.
    pub fn stopped(&self, work: impl FnOnce()) {
        let number = self.pid().expect("the process runs");
        let pid = Pid::from_raw(number.cast_signed()).expect("a process id is not 0");
        kill_process(pid, Signal::STOP).unwrap();
        // A thread inside a system call finishes it first.
        while !all_threads_stand(number) {
            std::thread::sleep(Duration::from_millis(1));
        }
        work();
        kill_process(pid, Signal::CONT).unwrap();
    }

    /// Ends it with SIGKILL.
    pub async fn kill(mut self) {
        // It may have ended by itself.
        let _ = self.child.kill().await;
    }
}

/// Whether every thread of a process that was sent SIGSTOP has stopped.
fn all_threads_stand(process: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("the process runs");
    threads.flatten().all(|thread| {
        // The state is behind the name, which stands in brackets and may hold anything. A thread that ended moves no more.
        std::fs::read_to_string(thread.path().join("stat"))
            .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" T")))
            || !thread.path().exists()
    })
}

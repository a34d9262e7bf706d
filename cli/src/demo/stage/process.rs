//! A child of the stage, and what may be done to it.

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

use crate::exit::{self, Failure};

/// A child of the stage.
pub(super) struct Process {
    pub(super) child: Child,
    pub(super) paused: bool,
}

impl Process {
    pub(super) fn signal(&self, signal: Signal) -> Result<(), Failure> {
        let pid = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let pid = pid.ok_or_else(|| Failure::new("HL-DEMO-002", exit::OTHER, "the process has ended", ""))?;
        kill_process(pid, signal).map_err(|error| Failure::io("a signal", &error.into()))
    }

    pub(super) fn pause(&mut self, pause: Pause) -> Result<(), Failure> {
        self.signal(match pause {
            Pause::Stop => Signal::STOP,
            Pause::GoOn => Signal::CONT,
        })?;
        self.paused = pause == Pause::Stop;
        Ok(())
    }
}

/// What to do with a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Stop it.
    Stop,
    /// Let it go on.
    GoOn,
}

/// How a relay's process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayState {
    /// It runs.
    Runs,
    /// It is stopped.
    Paused,
    /// It does not run.
    Ended,
}

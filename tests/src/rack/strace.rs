//! strace as a hand on a process's system calls: kill it at the N-th, let the N-th fail, or only write down.
//!
//! Counts are strace's, per thread: "the third sync" is the first thread's third. `-D` keeps the traced process our own
//! child, so it is reaped and dies with us like any other. A SIGKILL comes on *entering* the call, which is then not
//! made: kills at N = 1, 2, 3, … visit every state between two calls. Nothing here needs to be root.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

/// Kinds of calls, as strace writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// Into files, and whatever else takes `write`: standard output, a runtime's wake-ups.
    Write,
    /// Of pages into files.
    Pages,
    /// To disk.
    Sync,
    /// Out of sockets. `writev` is what the TCP door uses.
    Send,
}

impl Calls {
    /// Stable name, as in a case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Pages => "pages",
            Self::Sync => "sync",
            Self::Send => "send",
        }
    }

    fn list(self) -> &'static str {
        match self {
            Self::Write => "write,pwrite64",
            Self::Pages => "pwrite64",
            Self::Sync => "fdatasync,fsync",
            Self::Send => "sendmsg,sendto,sendmmsg,writev",
        }
    }
}

/// What happens at the N-th call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// SIGKILL instead of the call.
    Kill,
    /// The call fails: no room.
    NoSpace,
    /// The call fails: input/output error.
    IoError,
}

impl Action {
    /// Stable name, as in a case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::NoSpace => "enospc",
            Self::IoError => "eio",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Kill => "signal=SIGKILL",
            Self::NoSpace => "error=ENOSPC",
            Self::IoError => "error=EIO",
        }
    }
}

/// One injection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injection {
    /// At which calls.
    pub calls: Calls,
    /// What happens.
    pub action: Action,
    /// At which of them, from 1.
    pub when: u64,
}

impl Injection {
    /// The end of a case's name: `sync/kill/17`.
    #[must_use]
    pub fn case(&self) -> String {
        format!("{}/{}/{}", self.calls.name(), self.action.name(), self.when)
    }

    fn words(&self) -> String {
        format!(
            "inject={}:{}:when={}",
            self.calls.list(),
            self.action.words(),
            self.when
        )
    }
}

/// strace on this machine.
#[derive(Clone, Debug)]
pub struct Strace(PathBuf);

impl Strace {
    /// Finds it and tries it.
    ///
    /// # Errors
    /// It is not installed, or may not trace here; the sentence says what to do.
    pub fn find() -> Result<Self, String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path)
            .map(|folder| folder.join("strace"))
            .find(|file| file.is_file())
            .ok_or("strace is not installed; install the package strace (apt-get install strace)")?;
        let tried = std::process::Command::new(&found)
            .args(["-D", "-qq", "-o", "/dev/null", "true"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match tried {
            Ok(status) if status.success() => Ok(Self(found)),
            Ok(_) | Err(_) => {
                Err("strace is installed and may not trace here (ptrace is forbidden)".to_owned())
            }
        }
    }

    /// `program`, with `injection` on all of its threads from its first call on. What was injected, and every write to
    /// standard output, is written to `notes`, files with their names.
    #[must_use]
    pub fn injecting(&self, injection: Injection, notes: &Path, program: &Path) -> Command {
        let mut command = self.tracing(notes);
        let calls = format!("trace=write,{}", injection.calls.list());
        command.args(["-y", "-e", &calls, "-e", &injection.words()]);
        command.arg(program);
        command
    }

    /// `program`, with everything that changes files written to `notes`, whole and in hex.
    #[must_use]
    pub fn recording(&self, notes: &Path, program: &Path) -> Command {
        let mut command = self.tracing(notes);
        command.args(["-xx", "-s", "200000", "-e", super::recording::CALLS]);
        command.arg(program);
        command
    }

    fn tracing(&self, notes: &Path) -> Command {
        let mut command = Command::new(&self.0);
        command.args(["-D", "-f", "-qq", "-o"]).arg(notes);
        command
    }

    /// Attaches to a process that runs, with `injection` from now on; returns once it holds every thread. It ends with the
    /// process, or when it is dropped.
    ///
    /// # Errors
    /// It cannot be started, or has not attached in time.
    pub async fn attach(&self, injection: Injection, notes: &Path, pid: u32) -> io::Result<Attached> {
        let calls = format!("trace={}", injection.calls.list());
        let child = Command::new(&self.0)
            .args(["-f", "-qq", "-o"])
            .arg(notes)
            .args(["-e", &calls, "-e", &injection.words()])
            .args([OsString::from("-p"), pid.to_string().into()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        for _ in 0..ATTACH_TRIES {
            if held(pid) {
                return Ok(Attached { _child: child });
            }
            tokio::time::sleep(ATTACH_EVERY).await;
        }
        Err(io::Error::other(format!("strace has not attached to {pid}")))
    }
}

/// Time between two looks whether strace holds a process, and how many: 10 s.
const ATTACH_EVERY: std::time::Duration = std::time::Duration::from_millis(5);
const ATTACH_TRIES: usize = 2_000;

/// A strace that holds a process; dropping it lets the process go on.
#[derive(Debug)]
pub struct Attached {
    _child: tokio::process::Child,
}

/// Whether every thread of a process is traced, or the process has ended.
fn held(pid: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return true;
    };
    let traced = |status: String| {
        status
            .lines()
            .any(|line| line.starts_with("TracerPid:") && line != "TracerPid:\t0")
    };
    threads.flatten().all(|thread| {
        let status = std::fs::read_to_string(thread.path().join("status"));
        status.is_ok_and(traced)
    })
}

/// Whether something was injected, as `notes` say.
#[must_use]
pub fn was_injected(notes: &str) -> bool {
    notes.contains("(INJECTED)")
}

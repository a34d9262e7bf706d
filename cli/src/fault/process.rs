//! `hotline fault process`: pausing, killing and restarting a relay or desk that its user names.
//!
//! A process is known by the lock it holds beside its ledger. One that holds none, or that belongs to somebody else, is
//! left alone. It is held by a handle from before it is looked at, so that no other process is met under its number.

use std::{
    fs, io,
    os::{fd::OwnedFd, unix::process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use clap::{Args, ValueEnum};
use hotline_client::config::DeskConfig;
use hotline_server::config::RelayConfig;
use hotline_transport::Seams;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::json;

use crate::exit::{self, Failure, Outcome};

/// How long a killed process may take to be gone, and a new one to hold the ledger. 10 s: a loaded machine and a large
/// log.
const WITHIN: Duration = Duration::from_secs(10);
/// Time between two looks.
const EVERY: Duration = Duration::from_millis(10);
/// What the lock beside a ledger is called.
const LOCK: &str = "-lock";

/// What to do with a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Deed {
    /// Stop it where it is (SIGSTOP).
    Pause,
    /// Let it go on.
    Resume,
    /// End it without a last word (SIGKILL).
    Kill,
    /// Kill it, and start it again with the same words, folder and environment.
    Restart,
}

/// `hotline fault process`.
#[derive(Debug, Args)]
pub(super) struct ProcessArgs {
    /// What to do.
    deed: Deed,
    /// The process.
    #[arg(
        value_name = "PID",
        required_unless_present = "config",
        conflicts_with = "config"
    )]
    pid: Option<i32>,
    /// The settings of the relay or desk whose process is meant.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one object.
    #[arg(long)]
    json: bool,
}

/// A relay's or desk's process.
struct Ours {
    pid: Pid,
    handle: OwnedFd,
    /// The lock that it holds.
    lock: PathBuf,
}

pub(super) fn run(args: &ProcessArgs) -> Outcome {
    let json = args.json;
    carry_out(args).map_err(|failure| failure.as_json(json))
}

fn carry_out(args: &ProcessArgs) -> Outcome {
    let ours = match (&args.config, args.pid.and_then(Pid::from_raw)) {
        (Some(config), _) => holder(&lock_of(config)?)?,
        (None, Some(pid)) => one_of_ours(pid)?,
        (None, None) => return Err(not_ours("0 is no process".into())),
    };
    let pid = ours.pid.as_raw_nonzero().get();
    let (what, now) = match args.deed {
        Deed::Pause => (ours.signal(Signal::STOP).map(|()| "paused")?, pid),
        Deed::Resume => (ours.signal(Signal::CONT).map(|()| "goes on")?, pid),
        Deed::Kill => (ours.kill().map(|()| "killed")?, pid),
        Deed::Restart => ("restarted", restart(&ours)?),
    };
    let ledger = ours.ledger();
    if args.json {
        crate::say!(
            "{}",
            json!({ "process": pid, "done": what, "pid": now, "ledger": ledger })
        );
    } else if now == pid {
        crate::say!("process {pid} of {}: {what}", ledger.display());
    } else {
        crate::say!("process {pid} of {}: {what} as {now}", ledger.display());
    }
    Ok(exit::OK)
}

impl Ours {
    fn ledger(&self) -> PathBuf {
        let name = self.lock.to_string_lossy();
        PathBuf::from(name.strip_suffix(LOCK).unwrap_or(&name))
    }

    fn signal(&self, signal: Signal) -> Result<(), Failure> {
        pidfd_send_signal(&self.handle, signal)
            .map_err(|error| Failure::io(&format!("process {:?}", self.pid), &error.into()))
    }

    /// Ends it, and waits until its lock is free.
    fn kill(&self) -> Result<(), Failure> {
        self.signal(Signal::KILL)?;
        until("the killed process is gone", || {
            let gone = !holds(self.pid, &self.lock);
            Ok(gone.then_some(()))
        })
    }
}

fn not_ours(what: String) -> Failure {
    let help = "name the settings file of your relay or desk with --config";
    Failure::new("HL-FAULT-010", exit::USAGE, what, help)
}

/// The lock beside the ledger that this settings file names.
fn lock_of(config: &Path) -> Result<PathBuf, Failure> {
    let ledger = match (DeskConfig::load(config), RelayConfig::load(config)) {
        (Ok(desk), _) => desk.ledger,
        (_, Ok(relay)) => relay.ledger,
        (Err(desk), Err(relay)) => {
            let what = format!("neither a desk's settings ({desk}) nor a relay's ({relay})");
            return Err(Failure::new(
                "HL-FAULT-011",
                exit::CONFIG,
                what,
                "name a desk.toml or relay.toml",
            ));
        }
    };
    let mut lock = ledger.into_os_string();
    lock.push(LOCK);
    Ok(PathBuf::from(lock))
}

/// The process that holds this lock.
fn holder(lock: &Path) -> Result<Ours, Failure> {
    find(lock)?.ok_or_else(|| {
        let what = format!(
            "no process of yours holds {}: the relay or desk does not run",
            lock.display()
        );
        Failure::new("HL-FAULT-012", exit::OTHER, what, "start it first")
    })
}

fn find(lock: &Path) -> Result<Option<Ours>, Failure> {
    let Ok(lock) = fs::canonicalize(lock) else {
        return Ok(None);
    };
    let failed = |error: io::Error| Failure::io("/proc", &error);
    for entry in fs::read_dir("/proc").map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let Some(pid) = name
            .to_str()
            .and_then(|name| name.parse().ok())
            .and_then(Pid::from_raw)
        else {
            continue;
        };
        if let Ok(handle) = pidfd_open(pid, PidfdFlags::empty())
            && holds(pid, &lock)
        {
            return Ok(Some(Ours { pid, handle, lock }));
        }
    }
    Ok(None)
}

/// The process of this number, if it holds a ledger's lock.
fn one_of_ours(pid: Pid) -> Result<Ours, Failure> {
    let number = pid.as_raw_nonzero();
    let handle = pidfd_open(pid, PidfdFlags::empty())
        .map_err(|error| not_ours(format!("process {number}: {}", io::Error::from(error))))?;
    let is_lock = |path: &PathBuf| {
        let name = path.to_string_lossy();
        name.strip_suffix(LOCK)
            .is_some_and(|ledger| Path::new(ledger).is_file())
    };
    match open_files(pid).into_iter().find(is_lock) {
        Some(lock) => Ok(Ours { pid, handle, lock }),
        None => Err(not_ours(format!(
            "process {number} holds no ledger: it is no relay or desk of yours"
        ))),
    }
}

fn holds(pid: Pid, lock: &Path) -> bool {
    open_files(pid).iter().any(|path| path == lock)
}

/// What a process of ours has open; nothing of anybody else's.
fn open_files(pid: Pid) -> Vec<PathBuf> {
    let folder = format!("/proc/{}/fd", pid.as_raw_nonzero());
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .collect()
}

/// Kills a process and starts it again; the new one's number.
fn restart(ours: &Ours) -> Result<i32, Failure> {
    let mut command = same_again(ours)?;
    ours.kill()?;
    let child = command
        .spawn()
        .map_err(|error| Failure::io("starting it again", &error))?;
    let number = i32::try_from(child.id()).unwrap_or_default();
    until("the new process holds the ledger", || {
        let found = find(&ours.lock)?;
        Ok(found.map(|new| new.pid.as_raw_nonzero().get()))
    })
    .map_err(|mut failure| {
        failure.help = format!(
            "process {number} was started; {} says why it does not serve",
            log_of(ours).display()
        );
        failure
    })
}

fn log_of(ours: &Ours) -> PathBuf {
    let mut name = ours.ledger().into_os_string();
    name.push(".restarted.log");
    PathBuf::from(name)
}

/// The command that started this process, from what the system knows of it.
fn same_again(ours: &Ours) -> Result<Command, Failure> {
    let proc = PathBuf::from(format!("/proc/{}", ours.pid.as_raw_nonzero()));
    let about = |error: io::Error| Failure::io(&proc.display().to_string(), &error);
    let words = list(&fs::read(proc.join("cmdline")).map_err(about)?);
    if words.iter().any(|word| word == "--die-with-parent") {
        let what = "this process was started to end with another one (a demo, a bench or a test)";
        let help = "let that one restart it, or kill it with hotline fault process kill";
        return Err(Failure::new("HL-FAULT-013", exit::USAGE, what, help));
    }
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log_of(ours))
        .map_err(about)?;
    let errors = log.try_clone().map_err(about)?;
    let mut command = Command::new(fs::read_link(proc.join("exe")).map_err(about)?);
    command
        .args(words.iter().skip(1))
        .current_dir(fs::read_link(proc.join("cwd")).map_err(about)?)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        // A key typed at this terminal is not meant for it.
        .process_group(0);
    for pair in list(&fs::read(proc.join("environ")).map_err(about)?) {
        if let Some((key, value)) = pair.split_once('=') {
            command.env(key, value);
        }
    }
    Ok(command)
}

/// What stands between zero bytes.
fn list(bytes: &[u8]) -> Vec<String> {
    let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// Looks until there is something to see.
fn until<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>, Failure>) -> Result<T, Failure> {
    let clock = Seams::system().clock;
    loop {
        if let Some(seen) = look()? {
            return Ok(seen);
        }
        if clock.line().since_start() > WITHIN {
            let what = format!("{what}: not within {} s", WITHIN.as_secs());
            return Err(Failure::new("HL-FAULT-014", exit::OTHER, what, ""));
        }
        thread::park_timeout(EVERY);
    }
}

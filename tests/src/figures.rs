//! Figures of logs: how fast one is verified and how it grows, measured on this machine (`log-figures`).
//!
//! Each verifier is a process of its own, timed from its start to its end, and its memory is the peak that the kernel
//! counted. Go's verifier runs in turn with ours, on the same folder, so that both meet the same machine.

#![expect(
    clippy::disallowed_methods,
    reason = "a tool that measures itself reads the clock"
)]

pub mod grow;
pub mod made;
pub mod verify;

use std::{
    error::Error,
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Whatever goes wrong is told and ends the program.
pub type Done<T = ()> = Result<T, Box<dyn Error>>;

/// How often a process's memory is looked at. A peak within the last interval of its life can be missed.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What a process took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// From its start to its end.
    pub time: Duration,
    /// Most memory that was resident, in bytes.
    pub memory: u64,
}

/// Runs a program to its end.
///
/// # Errors
/// It cannot be run, or does not end with 0.
pub fn run(command: &mut Command) -> Done<Cost> {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn()?;
    let mut memory = 0;
    let status = loop {
        memory = memory.max(peak(&child));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::park_timeout(LOOK_EVERY);
    };
    if !status.success() {
        return Err(format!("{command:?} ended with {status}").into());
    }
    Ok(Cost {
        time: begun.elapsed(),
        memory,
    })
}

/// The kernel's own peak of a process; 0 once it has ended.
fn peak(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .and_then(|kib| kib.trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// How long something took, and what it gave.
///
/// # Errors
/// Its own.
pub fn timed<T>(what: impl FnOnce() -> Done<T>) -> Done<(Duration, T)> {
    let begun = Instant::now();
    let given = what()?;
    Ok((begun.elapsed(), given))
}

/// So many a second.
#[must_use]
pub fn per_second(count: u64, time: Duration) -> f64 {
    // Counts are far below 2^53.
    (count as f64 / time.as_secs_f64()).round()
}

/// The one in the middle, by time.
///
/// # Errors
/// There is none.
pub fn median(mut costs: Vec<Cost>) -> Done<Cost> {
    costs.sort_by_key(|cost| cost.time);
    let middle = costs.get(costs.len() / 2).ok_or("nothing was measured")?;
    Ok(*middle)
}

//! What a process used: processor time and memory, as the kernel counts them.

use std::{fs, io, time::Duration};

/// Length of the kernel's tick in `/proc/<pid>/stat`. 10 ms: USER_HZ is 100 on every Linux that we know of.
const TICK: Duration = Duration::from_millis(10);

/// What a process used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time of all its threads, theirs and the kernel's for them.
    pub cpu: Duration,
    /// Memory that is resident now, shared pages included, in bytes.
    pub resident: u64,
}

impl Usage {
    /// Of that process.
    ///
    /// # Errors
    /// If there is no such process, or the kernel tells nothing.
    pub fn of(pid: u32) -> io::Result<Self> {
        let unreadable = || io::Error::new(io::ErrorKind::InvalidData, format!("/proc/{pid} cannot be read"));
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        Ok(Self {
            cpu: cpu(&stat).ok_or_else(unreadable)?,
            resident: resident(&status).ok_or_else(unreadable)?,
        })
    }
}

/// Memory in megabytes of 1,000,000 bytes.
pub fn megabytes(bytes: u64) -> f64 {
    // Exact up to 2^53 bytes.
    (bytes as f64 / 100_000.0).round() / 10.0
}

/// User and system time: the 14th and 15th field. The 2nd is the name in brackets, and may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, behind) = stat.rsplit_once(')')?;
    let mut fields = behind.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK.saturating_mul(user.saturating_add(system)))
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn processor_time_is_read_behind_a_name_with_brackets_and_spaces() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 900 0 0 0 150 50 7 7 20 0 3 0 100 1 1";
        assert_eq!(cpu(stat), Some(Duration::from_secs(2)));
        assert_eq!(cpu("42 (cut"), None);
    }

    #[test]
    fn memory_is_read_in_bytes_and_told_in_megabytes() {
        assert_eq!(
            resident("Name:\tx\nVmRSS:\t    2000 kB\nVmData:\t1 kB\n"),
            Some(2_048_000)
        );
        assert_eq!(resident("Name:\tx\n"), None);
        assert!((megabytes(2_048_000) - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn this_process_uses_memory() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.resident > 100_000, "{usage:?}");
    }
}

//! Crash points of a process of this room: one variable says where it ends or stops.
//!
//! `HOTLINE_CRASH=relay-synced:3:kill` ends the process at its third pass of that point ([`Point`]), with SIGKILL: no
//! destructor, no good-bye. `stop` in the place of `kill` stops it with SIGSTOP, all threads, until somebody sends
//! SIGCONT. The programs that people run have neither points nor this.

use std::{
    fmt,
    str::FromStr,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

use hotline_core::crash::{self, Point};
use rustix::process::{Signal, getpid, kill_process};

/// The variable that is read, once, when the program begins.
pub const VARIABLE: &str = "HOTLINE_CRASH";

/// How long a thread that stopped its process stands still by itself. 50 ms: the signal may first wake another thread,
/// which stops all; this one must not take a step meanwhile.
const STAND: Duration = Duration::from_millis(50);

/// What happens to the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// SIGKILL.
    Kill,
    /// SIGSTOP.
    Stop,
}

impl Fate {
    /// Stable name, as in the variable and in a case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
        }
    }
}

/// What happens to a process, at which pass of which point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Where.
    pub point: Point,
    /// At which pass of it, from 1.
    pub pass: u64,
    /// What.
    pub fate: Fate,
}

impl Crash {
    /// The end of a case's name: `relay-synced/kill/3`.
    #[must_use]
    pub fn case(&self) -> String {
        format!("{}/{}/{}", self.point.name(), self.fate.name(), self.pass)
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}", self.point.name(), self.pass, self.fate.name())
    }
}

impl FromStr for Crash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let (Some(point), Some(pass), Some(fate), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(format!("{VARIABLE}=\"{text}\" is not POINT:PASS:FATE"));
        };
        Ok(Self {
            point: Point::named(point).ok_or_else(|| format!("there is no crash point \"{point}\""))?,
            pass: pass
                .parse()
                .ok()
                .filter(|pass| *pass > 0)
                .ok_or_else(|| format!("\"{pass}\" is no pass; the first is 1"))?,
            fate: [Fate::Kill, Fate::Stop]
                .into_iter()
                .find(|known| known.name() == fate)
                .ok_or_else(|| format!("\"{fate}\" is neither kill nor stop"))?,
        })
    }
}

static CHOSEN: OnceLock<Crash> = OnceLock::new();
static PASSES: AtomicU64 = AtomicU64::new(0);

/// Installs what the variable says, for this whole process; nothing without it. Only for the start of a program.
///
/// # Errors
/// The variable makes no sense: a sentence.
pub fn install() -> Result<(), String> {
    let Some(said) = std::env::var_os(VARIABLE) else {
        return Ok(());
    };
    let crash: Crash = said.to_string_lossy().parse()?;
    if CHOSEN.set(crash).is_ok() && crash::install(passed) {
        Ok(())
    } else {
        Err("crash points are installed once".to_owned())
    }
}

fn passed(point: Point) {
    let Some(chosen) = CHOSEN.get().filter(|chosen| chosen.point == point) else {
        return;
    };
    if PASSES.fetch_add(1, Ordering::Relaxed) + 1 != chosen.pass {
        return;
    }
    let signal = match chosen.fate {
        Fate::Kill => Signal::KILL,
        Fate::Stop => Signal::STOP,
    };
    // A process may always signal itself.
    let _ = kill_process(getpid(), signal);
    let (_kept, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(STAND);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_variable_says_is_read_back_and_nonsense_is_named() {
        let crash: Crash = "relay-synced:3:kill".parse().unwrap();
        assert_eq!(
            (crash.point, crash.pass, crash.fate),
            (Point::RelaySynced, 3, Fate::Kill)
        );
        assert_eq!(
            (crash.to_string(), crash.case()),
            ("relay-synced:3:kill".into(), "relay-synced/kill/3".into())
        );
        for nonsense in [
            "",
            "relay-synced",
            "relay-deleted:1:kill",
            "frame-sent:0:kill",
            "frame-sent:x:stop",
            "frame-sent:1:maim",
            "frame-sent:1:kill:1",
        ] {
            assert!(nonsense.parse::<Crash>().is_err(), "{nonsense}");
        }
    }
}

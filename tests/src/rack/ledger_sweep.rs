//! Sweeps over one process that appends to a real ledger: at every N-th call, until a run ends clean.
//!
//! After each case the process is started once more, without strace, and must finish: nothing that it said it holds may
//! be missing, the log verifies, and after a failed sync nothing was said to be held. A process that is killed loses
//! nothing that the kernel has; that is [`super::image`]'s subject.

use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use hotline_audit::Hash;
use hotline_ledger::{Standing, Stored};
use tokio::process::Command;

use super::{
    Rack,
    ledger_process::{self, Load, statement},
    strace::{Action, Calls, Injection, was_injected},
    tally::{Promise, Tally},
};
use crate::checker::{self, Rules, Run, Sent, Shown, Verdict, judge::Order};

/// Statements that a process writes: eight commits.
const UNTIL: u64 = 12;
/// Statements that are there already where a sweep begins with a ledger.
const BEFORE: u64 = 6;
/// Most cases of one sweep: twenty times what one needs today, against a process that never ends clean.
const CASES_MAX: u64 = 2_000;
/// How long a process may take. 30 s: a loaded machine, a hundred times over.
const WITHIN: Duration = Duration::from_secs(30);

/// With what a process begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Nothing: the ledger is made.
    Fresh,
    /// A ledger with some statements, whose process was killed.
    Killed,
}

/// One sweep: a kind of call, what happens to it, and where it begins.
#[derive(Clone, Copy, Debug)]
pub struct Sweep {
    /// At which calls.
    pub calls: Calls,
    /// What happens.
    pub action: Action,
    /// With what.
    pub begin: Begin,
    /// Every so many N; 1 is every one.
    pub stride: u64,
}

/// All sweeps, with this stride.
#[must_use]
pub fn all(stride: u64) -> Vec<Sweep> {
    let mut sweeps = Vec::new();
    for begin in [Begin::Fresh, Begin::Killed] {
        for (calls, action) in [
            (Calls::Write, Action::Kill),
            (Calls::Sync, Action::Kill),
            (Calls::Sync, Action::IoError),
            (Calls::Write, Action::NoSpace),
            (Calls::Write, Action::IoError),
        ] {
            sweeps.push(Sweep {
                calls,
                action,
                begin,
                stride,
            });
        }
    }
    sweeps
}

/// Runs every sweep.
pub async fn every(rack: &Rack, stride: u64) -> Tally {
    let mut tally = Tally::default();
    for one in all(stride) {
        tally.add(sweep(rack, one).await);
    }
    tally
}

/// Runs a sweep.
pub async fn sweep(rack: &Rack, sweep: Sweep) -> Tally {
    let mut tally = Tally::default();
    let mut when = 1;
    while when < CASES_MAX {
        let injection = Injection {
            calls: sweep.calls,
            action: sweep.action,
            when,
        };
        let begin = match sweep.begin {
            Begin::Fresh => "fresh",
            Begin::Killed => "killed",
        };
        let case = format!("ledger/{begin}/{}", injection.case());
        when += sweep.stride;
        if rack.wants(&case) && one(rack, &case, injection, sweep.begin, &mut tally).await == Hit::No {
            return tally;
        }
    }
    if rack.only.is_none() {
        tally.blame(
            &format!("ledger/{}", sweep.calls.name()),
            Promise::Recovers,
            "no run ended clean",
        );
    }
    tally
}

#[derive(PartialEq, Eq)]
enum Hit {
    Yes,
    No,
}

async fn one(rack: &Rack, case: &str, injection: Injection, begin: Begin, tally: &mut Tally) -> Hit {
    let folder = rack.folder();
    let ledger = folder.path().join("rack.ledger");
    let mut held = 0;
    if begin == Begin::Killed {
        // Its last word is cut off by a kill at the write that would say "closed".
        let ran = plain(rack, &ledger, BEFORE).await;
        held = ran.held;
    }
    let notes = folder.path().join("notes");
    let command = rack.strace.injecting(injection, &notes, &rack.program);
    let ran = run(command, &ledger, UNTIL, Load::Small).await;
    let notes = std::fs::read_to_string(&notes).unwrap_or_default();
    let killed = ran.status.is_none_or(|status| status.code().is_none());
    if !killed && !was_injected(&notes) {
        if ran.held < UNTIL {
            tally.blame(
                case,
                Promise::Recovers,
                format!("a run in peace ended with {ran:?}"),
            );
        }
        return Hit::No;
    }
    match injection.action {
        Action::Kill => {
            tally.kills += 1;
            tally.swept_kills += 1;
        }
        Action::NoSpace | Action::IoError => tally.faults += 1,
    }
    if injection.action == Action::IoError {
        fail_stop(case, folder.path(), &notes, &ran, tally);
    }
    held = held.max(ran.held);
    if let Err((promise, what)) = intact(&ledger, held, Load::Small) {
        tally.blame(case, promise, what);
        return Hit::Yes;
    }
    let again = plain(rack, &ledger, UNTIL).await;
    if again.held < UNTIL && again.opened != Some(UNTIL) {
        tally.blame(
            case,
            Promise::Recovers,
            format!("the next process ended with {again:?}"),
        );
    } else if let Err((promise, what)) = intact(&ledger, UNTIL, Load::Small) {
        tally.blame(case, promise, what);
    }
    Hit::Yes
}

/// After a call failed, nothing more is said to be held, and the process ends.
fn fail_stop(case: &str, folder: &Path, notes: &str, ran: &Ran, tally: &mut Tally) {
    let Some(call) = notes.lines().find(|line| line.contains("(INJECTED)")) else {
        return;
    };
    // SQLite ignores a folder that does not sync (SECURITY.md, "Known limits"); the ledger syncs it once more itself.
    if call.contains(&format!("<{}>", folder.display())) {
        return;
    }
    if held_after(call, notes) {
        let what = format!("something was said to be held after this failed: {call}");
        tally.blame(case, Promise::FailStop, what);
    } else if ran.status.is_none() {
        tally.blame(
            case,
            Promise::FailStop,
            format!("the process did not end after: {call}"),
        );
    }
}

/// What a process said, and how it ended.
#[derive(Debug, Default)]
pub struct Ran {
    /// Leaves that it found.
    pub opened: Option<u64>,
    /// It said that it holds all statements below this.
    pub held: u64,
    /// Whether it closed in order.
    pub closed: bool,
    /// How it ended; none if it had to be ended.
    pub status: Option<ExitStatus>,
    /// Standard error.
    pub errors: String,
}

/// A process in peace.
pub async fn plain(rack: &Rack, ledger: &Path, until: u64) -> Ran {
    run(Command::new(&rack.program), ledger, until, Load::Small).await
}

/// Runs a process to its end.
pub async fn run(mut command: Command, ledger: &Path, until: u64, load: Load) -> Ran {
    command
        .arg("ledger")
        .arg("--ledger")
        .arg(ledger)
        .args(["--until", &until.to_string()])
        .args(["--die-with-parent", &std::process::id().to_string()])
        .kill_on_drop(true);
    if load == Load::Large {
        command.arg("--large");
    }
    let Ok(Ok(output)) = tokio::time::timeout(WITHIN, command.output()).await else {
        return Ran::default();
    };
    let mut ran = Ran {
        status: Some(output.status),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        ..Ran::default()
    };
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let mut words = line.split(' ');
        let number = |word: Option<&str>| word.and_then(|word| word.parse::<u64>().ok());
        match words.next() {
            Some("open") => ran.opened = number(words.next()),
            Some("held") => ran.held = number(words.next()).map_or(ran.held, |n| n + 1),
            Some("closed") => ran.closed = true,
            _ => {}
        }
    }
    ran
}

/// Whether a ledger opens as good, with every statement below `held` and nothing that nobody wrote.
///
/// # Errors
/// The promise that broke, and what was seen.
pub fn intact(ledger: &Path, held: u64, load: Load) -> Result<u64, (Promise, String)> {
    if !ledger.exists() {
        return match held {
            0 => Ok(0),
            _ => Err((
                Promise::Lost,
                format!("{held} statements were held, and there is no ledger"),
            )),
        };
    }
    let (opened, opening) = ledger_process::open(ledger)
        .map_err(|error| (Promise::Recovers, format!("does not open: {error:?}")))?;
    if let Standing::ReadOnly { reason } = opening.standing {
        return Err((Promise::Recovers, format!("opens read-only: {reason}")));
    }
    let mut shown = Vec::new();
    for n in 0..opening.size {
        match opened.entry(n) {
            Ok(Some(leaf)) => shown.push(leaf),
            Ok(None) => return Err((Promise::Lost, format!("leaf {n} is not there"))),
            Err(error) => return Err((Promise::Recovers, format!("leaf {n}: {error}"))),
        }
    }
    judged(held, load, &shown).map(|()| opening.size)
}

/// The checker's judgement: what was said to be held was kept, what is read from the ledger is shown, in order.
fn judged(held: u64, load: Load, leaves: &[Stored]) -> Result<(), (Promise, String)> {
    let sent = (0..held.max(leaves.len() as u64)).map(|n| Sent {
        id: n.to_string(),
        class: "ROUTINE".into(),
        sha256: Hash::of(&statement(n, load)).to_string(),
        kept: n < held,
        t_ms: n,
    });
    let shown = leaves.iter().map(|leaf| Shown {
        id: id_of(leaf).to_string(),
        sha256: Hash::of(&leaf.bytes).to_string(),
        again: false,
        t_ms: held,
    });
    let run = Run {
        sent: sent.collect(),
        shown: shown.collect(),
        ..Run::default()
    };
    let rules = Rules {
        order: Order::Strict,
        ..Rules::default()
    };
    let judgement = checker::judge(&run, rules);
    match judgement.found.iter().next() {
        None => Ok(()),
        Some((verdict, ids)) => {
            let promise = match verdict {
                Verdict::Lost => Promise::Lost,
                Verdict::Duplicate => Promise::ShownTwice,
                Verdict::Altered | Verdict::NeverSent | Verdict::OutOfOrder => Promise::Altered,
                Verdict::FalselyDelivered => Promise::FalselyDelivered,
            };
            let what = format!("{held} held, {} there: {} {ids:?}", leaves.len(), verdict.name());
            Err((promise, what))
        }
    }
}

/// Whether something was said to be held that cannot have been held before this call failed.
///
/// Pages are copied into the main file behind the answers: the round that was answered may be spoken of while that fails,
/// and no later one, which would begin with a call to the write-ahead log.
fn held_after(failed: &str, notes: &str) -> bool {
    let behind = notes.split_once("(INJECTED)").map_or("", |(_, behind)| behind);
    let mut later = !failed.contains("rack.ledger>");
    behind.lines().any(|line| {
        later |= line.contains("rack.ledger-wal>");
        later && line.contains(" write(1<") && line.contains("\"held ")
    })
}

/// The number of a statement, as its id has it.
fn id_of(leaf: &Stored) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&leaf.id[..8]);
    u64::from_be_bytes(number)
}

/// The ledger's file and those beside it that outlive its process.
#[must_use]
pub fn files_of(ledger: &Path) -> Vec<PathBuf> {
    ["", "-wal", "-fence"]
        .into_iter()
        .map(|suffix| {
            let mut name = ledger.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        })
        .filter(|path| path.exists())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::held_after;

    #[test]
    fn only_a_round_that_was_answered_may_be_spoken_of_after_a_call_failed() {
        let copies = "7 pwrite64(4</x/rack.ledger>, \"\", 4096, 8192) = -1 EIO (INJECTED)\n";
        let log = "7 pwrite64(5</x/rack.ledger-wal>, \"\", 4096, 0) = -1 EIO (INJECTED)\n";
        let (said, later) = (
            "6 write(1<pipe:[1]>, \"held 9\\n\", 7) = 7\n",
            "7 fdatasync(5</x/rack.ledger-wal>) = 0\n",
        );
        let judged =
            |failed: &str, behind: &[&str]| held_after(failed, &format!("{failed}{}", behind.concat()));
        assert!(!judged(copies, &[said]));
        assert!(judged(copies, &[later, said]));
        assert!(judged(log, &[said]));
        assert!(!judged(log, &[later]) && !judged(copies, &[]));
    }
}

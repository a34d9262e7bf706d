//! Whole lines under traffic whose processes are killed: one at its N-th call, any at a random moment, all four at once.
//!
//! A line is set up once and carries many kills; each process that died is started again at once. What became of the
//! messages is judged from the run files when traffic has ended and everything has come to rest, and every ledger is
//! verified. Now and then a process, or all of them, is stopped for a while and let go on.

use std::{path::Path, time::Duration};

use hotline_audit::TrustPolicy;
use hotline_cli::{demo::stage::Pause, log::verify::verify_ledger};

use tokio::time::Instant;

use super::{
    Rack,
    dice::Dice,
    drive::Drive,
    process::{Driven, Role},
    strace::{Action, Calls, Injection, was_injected},
    tally::{Promise, Tally},
};
use crate::{AVELIA, BORENIA, Line};

/// Everybody, relays first: desks find them as they start.
const EVERYBODY: [Role; 4] = [
    Role::Relay(AVELIA),
    Role::Relay(BORENIA),
    Role::Desk(AVELIA),
    Role::Desk(BORENIA),
];
/// Those that are driven to their N-th call: a relay, the desk that sends, the desk that receives.
const SWEPT: [Role; 3] = [Role::Relay(AVELIA), Role::Desk(AVELIA), Role::Desk(BORENIA)];
/// How long a driven process may go on without coming to its N-th call.
const CALL_WITHIN: Duration = Duration::from_secs(4);
/// Time between two looks for that.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long a process may take to end by itself after a call failed: a desk or relay says good-bye within 5 s, and one
/// that goes on is given no longer than a few messages.
const END_WITHIN: Duration = Duration::from_secs(2);
/// How long traffic may stand still after a kill: the bound of liveness after healing, 60 s.
const HEAL_WITHIN: Duration = Duration::from_secs(60);
/// Longest random time before a kill: several messages, and the whole of a restart.
const MOMENT_MS_MAX: u64 = 300;
/// A process stopped for this long has been noticed by everybody: a leg is down after 1.5 s.
pub(super) const PAUSE: Duration = Duration::from_secs(2);
/// Kills for one pause: a pause costs as much time as many kills.
const PAUSE_EVERY: u64 = 25;

/// A line under traffic.
pub(super) struct Carried {
    /// The line.
    pub(super) line: Line,
    drive: Drive,
    files: tempfile::TempDir,
}

impl Carried {
    async fn new(rack: &Rack) -> Self {
        let files = rack.folder();
        let (line, drive) = under_traffic(rack, files.path()).await;
        Self { line, drive, files }
    }

    /// A line whose officers also draft, acknowledge and answer.
    pub(super) async fn with_officers(rack: &Rack) -> Self {
        let carried = Self::new(rack).await;
        let drive = carried.drive.with_officers(&carried.line).await;
        Self { drive, ..carried }
    }

    /// Traffic goes on: something more is kept.
    pub(super) async fn heals(&self, case: &str, tally: &mut Tally) {
        if !self.drive.goes_on(self.drive.kept(), HEAL_WITHIN).await {
            let what = format!("nothing more was kept within {HEAL_WITHIN:?}");
            tally.blame(case, Promise::Recovers, what);
        }
    }

    /// Traffic ends, the checker judges, every ledger is verified.
    pub(super) async fn end(mut self, case: &str, tally: &mut Tally) {
        let judgement = self.drive.judge(case, HEAL_WITHIN, tally).await;
        if !judgement.passed() {
            // Kept for whoever looks into it.
            eprintln!("{case}: run files in {}", self.files.keep().display());
        }
        self.line.close().await;
        let policy = TrustPolicy::load_folder(&self.line.stage.trust(AVELIA)).unwrap();
        for (title, ledger) in self.line.stage.ledgers() {
            match verify_ledger(&ledger, &policy) {
                Ok(report) if report.passed() => {}
                Ok(report) => tally.blame(case, Promise::Recovers, format!("{title}: {report}")),
                Err(failure) => tally.blame(case, Promise::Recovers, format!("{title}: {}", failure.what)),
            }
        }
    }
}

async fn under_traffic(rack: &Rack, files: &Path) -> (Line, Drive) {
    let line = Line::open(rack.program.to_str().unwrap()).await;
    let drive = Drive::start(&line, files).await;
    (line, drive)
}

/// A short run whose files stay in `files`: so many kills of the receiving desk.
pub async fn carried(rack: &Rack, files: &Path, kills: u64) -> Tally {
    let mut tally = Tally::default();
    let (mut line, drive) = under_traffic(rack, files).await;
    for number in 1..=kills {
        let case = format!("carried/{number}");
        drive.goes_on(drive.kept(), HEAL_WITHIN).await;
        Role::Desk(BORENIA).kill(&mut line).await;
        tally.kills += 1;
        start(Role::Desk(BORENIA), &mut line, &case, &mut tally).await;
    }
    drive.judge("carried", HEAL_WITHIN, &mut tally).await;
    line.close().await;
    tally
}

pub(super) async fn start(role: Role, line: &mut Line, case: &str, tally: &mut Tally) {
    if let Err(what) = role.start(line).await {
        tally.blame(
            case,
            Promise::Recovers,
            format!("{} did not start again: {what}", role.name()),
        );
    }
}

/// One process after the other, broken at its N-th call of a kind: N = 1, 1 + `stride`, … below `below`; calls that fail in
/// wider steps, since they leave a process that goes on or ends by itself.
pub async fn sweep(rack: &Rack, stride: usize, below: u64) -> Tally {
    let mut tally = Tally::default();
    for role in SWEPT {
        let part = format!("line/{}", role.name());
        if !rack.may_want(&part) {
            continue;
        }
        let mut carried = Carried::new(rack).await;
        for (calls, action, wider) in [
            (Calls::Pages, Action::Kill, 1),
            (Calls::Sync, Action::Kill, 1),
            (Calls::Send, Action::Kill, 1),
            (Calls::Sync, Action::IoError, 2),
            (Calls::Pages, Action::IoError, 4),
            (Calls::Pages, Action::NoSpace, 4),
        ] {
            for when in (1..below).step_by(wider * stride) {
                let injection = Injection { calls, action, when };
                let case = format!("{part}/{}", injection.case());
                if rack.wants(&case) && !at_call(rack, &mut carried, role, injection, &case, &mut tally).await
                {
                    break;
                }
            }
        }
        carried.end(&part, &mut tally).await;
    }
    tally
}

/// Breaks `role` at one call, under traffic; whether it came to that call.
async fn at_call(
    rack: &Rack,
    carried: &mut Carried,
    role: Role,
    injection: Injection,
    case: &str,
    tally: &mut Tally,
) -> bool {
    role.kill(&mut carried.line).await;
    let folder = rack.folder();
    let (notes, log) = (folder.path().join("notes"), folder.path().join("log"));
    let command = rack.strace.injecting(injection, &notes, &rack.program);
    let mut driven = Driven::start(rack, &carried.line, role, Some(command), &log).await;
    let hit = broken(&mut driven, &notes).await;
    match (hit, injection.action) {
        (None, _) => {}
        (Some(_), Action::Kill) => {
            tally.kills += 1;
            tally.swept_kills += 1;
        }
        (Some(_), Action::IoError | Action::NoSpace) => tally.faults += 1,
    }
    let must_end = (injection.calls, injection.action) == (Calls::Sync, Action::IoError);
    if must_end && hit == Some(Hit::GoesOn) && !of_folder(&notes) {
        tally.blame(case, Promise::FailStop, "the process went on after a failed sync");
    }
    driven.kill().await;
    start(role, &mut carried.line, case, tally).await;
    carried.heals(case, tally).await;
    hit.is_some()
}

/// What an injection did to a process.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hit {
    /// It ended.
    Ended,
    /// A call failed, and the process goes on.
    GoesOn,
}

/// Waits for the injection to come to pass, and a little longer for a process to end by itself.
async fn broken(driven: &mut Driven, notes: &Path) -> Option<Hit> {
    let deadline = Instant::now() + CALL_WITHIN;
    while Instant::now() < deadline {
        if driven.end_within(LOOK_EVERY).await.is_some() {
            return Some(Hit::Ended);
        }
        if was_injected(&std::fs::read_to_string(notes).unwrap_or_default()) {
            let ended = driven.end_within(END_WITHIN).await;
            return Some(ended.map_or(Hit::GoesOn, |_| Hit::Ended));
        }
    }
    None
}

/// Whether what failed was the sync of a folder, which SQLite ignores and the ledger repeats.
fn of_folder(notes: &Path) -> bool {
    let notes = std::fs::read_to_string(notes).unwrap_or_default();
    let failed = notes.lines().find(|line| line.contains("(INJECTED)"));
    failed.is_some_and(|call| !call.contains(".ledger"))
}

/// `kills` kills of single processes at random moments; now and then one is stopped.
pub async fn at_random(rack: &Rack, kills: u64) -> Tally {
    let (part, mut tally) = ("random", Tally::default());
    if !rack.may_want(part) || kills == 0 {
        return tally;
    }
    let mut dice = Dice::for_case(rack.seed, 1 << 32);
    let mut carried = Carried::new(rack).await;
    for number in 1..=kills {
        let case = format!("{part}/{number}");
        tokio::time::sleep(Duration::from_millis(dice.below(MOMENT_MS_MAX))).await;
        let role = EVERYBODY[dice.place(EVERYBODY.len())];
        role.kill(&mut carried.line).await;
        tally.kills += 1;
        start(role, &mut carried.line, &case, &mut tally).await;
        if number % PAUSE_EVERY == 1 {
            pause(&mut carried.line, &[EVERYBODY[dice.place(EVERYBODY.len())]]).await;
            tally.pauses += 1;
        }
        if number % 5 == 0 {
            carried.heals(&case, &mut tally).await;
        }
    }
    carried.end(part, &mut tally).await;
    tally
}

/// Stops these processes, one right after the other, and lets them go on.
async fn pause(line: &mut Line, roles: &[Role]) {
    for role in roles {
        role.pause(line, Pause::Stop);
    }
    tokio::time::sleep(PAUSE).await;
    for role in roles {
        role.pause(line, Pause::GoOn);
    }
}

/// `kills` times all four processes are killed at a random moment, and all started again; now and then all are stopped.
pub async fn all_at_once(rack: &Rack, kills: u64) -> Tally {
    let (part, mut tally) = ("whole", Tally::default());
    if !rack.may_want(part) || kills == 0 {
        return tally;
    }
    let mut dice = Dice::for_case(rack.seed, 1 << 33);
    let mut carried = Carried::new(rack).await;
    for number in 1..=kills {
        let case = format!("{part}/{number}");
        carried.heals(&case, &mut tally).await;
        tokio::time::sleep(Duration::from_millis(dice.below(MOMENT_MS_MAX))).await;
        // In another order each time; what dies last has seen the others go.
        let first = dice.place(EVERYBODY.len());
        for place in 0..EVERYBODY.len() {
            EVERYBODY[(first + place) % EVERYBODY.len()]
                .kill(&mut carried.line)
                .await;
        }
        tally.kills += 1;
        tally.line_kills += 1;
        for role in EVERYBODY {
            start(role, &mut carried.line, &case, &mut tally).await;
        }
        if number % PAUSE_EVERY == 1 {
            pause(&mut carried.line, &EVERYBODY).await;
            tally.pauses += EVERYBODY.len() as u64;
        }
    }
    carried.end(part, &mut tally).await;
    tally
}

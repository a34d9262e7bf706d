//! Sweeps over one relay: a hand submits statements through a door while the relay is killed, or a call of it fails, at
//! the N-th call, counted from its start or from when its doors are open.
//!
//! After each case the relay is started without strace, and takes what was not held: whatever it had said to hold must be
//! there at the leaf it named, byte for byte, and is answered with that leaf when it is handed in again.

use std::time::Duration;

use hotline_audit::TrustPolicy;
use hotline_cli::log::verify::verify_ledger;
use hotline_client::own::Signed;
use hotline_core::leg::Door;
use hotline_server::config::RelayConfig;
use hotline_transport::Dialer;

use super::{
    Rack,
    process::{Driven, Role},
    strace::{Action, Calls, Injection, was_injected},
    tally::{Promise, Tally},
};
use crate::{
    AVELIA, Line,
    hand::{Counter, Hand, Told, dialer},
    ledgers,
};

/// Statements handed in during one case.
const STATEMENTS: usize = 4;
/// How long an answer may take. 5 s: a loaded machine, five hundred times over.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long a relay may take to end after a failed sync.
const END_WITHIN: Duration = Duration::from_secs(10);
/// Most cases of one sweep, against a relay that never comes through.
const CASES_MAX: u64 = 400;

/// From when calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// From the start of the process.
    Start,
    /// From when its doors are open.
    Open,
}

impl From {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Open => "open",
        }
    }
}

/// All sweeps, each with how many N are left out between two.
#[must_use]
pub fn all(stride: u64) -> Vec<(From, Calls, Action, u64)> {
    vec![
        (From::Open, Calls::Pages, Action::Kill, stride),
        (From::Open, Calls::Sync, Action::Kill, 1),
        (From::Open, Calls::Send, Action::Kill, stride),
        (From::Start, Calls::Pages, Action::Kill, stride),
        (From::Start, Calls::Sync, Action::Kill, stride),
        (From::Open, Calls::Sync, Action::IoError, 1),
        (From::Open, Calls::Pages, Action::NoSpace, stride),
        (From::Open, Calls::Pages, Action::IoError, stride),
    ]
}

/// Runs every sweep over one relay.
pub async fn every(rack: &Rack, stride: u64) -> Tally {
    let mut sweeper = Sweeper::new(rack).await;
    for (from, calls, action, stride) in all(stride) {
        sweeper.sweep(from, calls, action, stride).await;
    }
    sweeper.end()
}

/// One relay and the hand that submits to it.
pub struct Sweeper<'a> {
    rack: &'a Rack,
    line: Line,
    hand: Hand,
    dialer: Dialer,
    /// What it has said to hold: leaf and exact bytes.
    held: Vec<(u64, Vec<u8>)>,
    tally: Tally,
}

impl<'a> Sweeper<'a> {
    /// Prepares a line of which only one relay runs, now and then.
    pub async fn new(rack: &'a Rack) -> Self {
        let mut line = Line::with_relays(rack.program.to_str().unwrap()).await;
        for side in [crate::BORENIA, AVELIA] {
            Role::Relay(side).kill(&mut line).await;
        }
        let hand = Hand::of(&line, AVELIA, "lindqvist");
        let dialer = dialer(&line, AVELIA);
        Self {
            rack,
            line,
            hand,
            dialer,
            held: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// One sweep.
    pub async fn sweep(&mut self, from: From, calls: Calls, action: Action, stride: u64) {
        for when in (1..)
            .step_by(usize::try_from(stride).unwrap())
            .take_while(|when| *when < CASES_MAX)
        {
            let injection = Injection { calls, action, when };
            let case = format!("relay/{}/{}", from.name(), injection.case());
            if self.rack.wants(&case) && !self.one(&case, from, injection).await {
                return;
            }
        }
    }

    /// What came of it; the log verifies.
    #[must_use]
    pub fn end(mut self) -> Tally {
        let policy = TrustPolicy::load_folder(&self.line.stage.trust(AVELIA)).unwrap();
        match verify_ledger(&self.ledger(), &policy) {
            Ok(report) if report.passed() => {}
            Ok(report) => self.tally.blame("relay", Promise::Recovers, report.to_string()),
            Err(failure) => self.tally.blame("relay", Promise::Recovers, failure.what),
        }
        self.tally
    }

    fn ledger(&self) -> std::path::PathBuf {
        RelayConfig::load(&self.line.stage.sides[AVELIA].relay.config)
            .unwrap()
            .ledger
    }

    /// One case; whether the injection came to pass.
    async fn one(&mut self, case: &str, from: From, injection: Injection) -> bool {
        let folder = self.rack.folder();
        let (notes, log) = (folder.path().join("notes"), folder.path().join("log"));
        let role = Role::Relay(AVELIA);
        let command = match from {
            From::Start => Some(self.rack.strace.injecting(injection, &notes, &self.rack.program)),
            From::Open => None,
        };
        let mut relay = Driven::start(self.rack, &self.line, role, command, &log).await;
        let attached = match (from, relay.pid()) {
            (From::Open, Some(pid)) => self.rack.strace.attach(injection, &notes, pid).await.ok(),
            (From::Open | From::Start, _) => None,
        };
        let statements: Vec<Signed> = (0..STATEMENTS).map(|_| self.hand.message("Swept.")).collect();
        let answers = self.hand_in(&mut relay, &statements, injection.when).await;
        // No answer means that it is gone or going.
        let by_itself = if answers.contains(&None) {
            relay.end_within(END_WITHIN).await
        } else {
            relay.ended()
        };
        let said = std::fs::read_to_string(&notes).unwrap_or_default();
        let hit = by_itself.is_some() || was_injected(&said);
        if hit {
            self.count(injection);
        }
        if hit && injection.calls == Calls::Sync && injection.action == Action::IoError {
            self.fail_stop(case, &mut relay, &answers).await;
        }
        relay.kill().await;
        drop(attached);
        self.remember(case, &statements, &answers);
        self.finish(case, &statements, &log).await;
        hit
    }

    fn count(&mut self, injection: Injection) {
        match injection.action {
            Action::Kill => {
                self.tally.kills += 1;
                self.tally.swept_kills += 1;
            }
            Action::NoSpace | Action::IoError => self.tally.faults += 1,
        }
    }

    /// Hands in each statement after the answer to the one before, until the relay is gone.
    async fn hand_in(&self, relay: &mut Driven, statements: &[Signed], number: u64) -> Vec<Option<Told>> {
        let door = Door::ALL[usize::try_from(number % 2).unwrap()];
        let mut answers = vec![None; statements.len()];
        let opened = Counter::open(&self.line, &self.dialer, AVELIA, door);
        let Some(Ok(counter)) = while_alive(relay, opened).await else {
            return answers;
        };
        for (statement, answer) in statements.iter().zip(&mut answers) {
            *answer = while_alive(relay, counter.try_hand_in(&statement.bytes))
                .await
                .flatten();
            if answer.is_none() {
                break;
            }
        }
        answers
    }

    /// After a failed sync the relay ends with an error, and nothing was held behind the one that failed.
    async fn fail_stop(&mut self, case: &str, relay: &mut Driven, answers: &[Option<Told>]) {
        let ended = relay.end_within(END_WITHIN).await;
        if ended.is_none_or(|status| status.success()) {
            let what = format!("the relay ended {ended:?} after a failed sync");
            self.tally.blame(case, Promise::FailStop, what);
        }
        let held = |told: &Option<Told>| matches!(told, Some(Told::Held(_)));
        let behind = answers.iter().skip_while(|told| held(told));
        if behind.clone().any(held) {
            self.tally.blame(case, Promise::FailStop, format!("{answers:?}"));
        }
    }

    fn remember(&mut self, case: &str, statements: &[Signed], answers: &[Option<Told>]) {
        for (statement, answer) in statements.iter().zip(answers) {
            match answer {
                Some(Told::Held(leaf)) => self.held.push((*leaf, statement.bytes.clone())),
                Some(refused) if !matches!(refused.rule(), "DISK_FULL" | "LEDGER" | "BUSY") => {
                    self.tally.blame(case, Promise::Honest, format!("{refused:?}"));
                }
                Some(_) | None => {}
            }
        }
    }

    /// The relay in peace: it holds what it said, and takes the rest.
    async fn finish(&mut self, case: &str, statements: &[Signed], log: &std::path::Path) {
        let leaves = ledgers::leaves(&self.ledger());
        for (leaf, bytes) in &self.held {
            let there = usize::try_from(*leaf).ok().and_then(|leaf| leaves.get(leaf));
            if there.is_none_or(|there| there.bytes != *bytes) {
                self.tally.blame(
                    case,
                    Promise::Lost,
                    format!("leaf {leaf} was held, and is not there"),
                );
            }
        }
        let mut relay = Driven::start(self.rack, &self.line, Role::Relay(AVELIA), None, log).await;
        let answers = self.hand_in(&mut relay, statements, 0).await;
        for (statement, answer) in statements.iter().zip(&answers) {
            let expected = self.held.iter().find(|(_, bytes)| *bytes == statement.bytes);
            match (answer, expected) {
                (Some(Told::Held(leaf)), Some((held, _))) if leaf == held => {}
                (Some(Told::Held(leaf)), None) => self.held.push((*leaf, statement.bytes.clone())),
                (answer, _) => {
                    let what = format!("handed in again, it was answered {answer:?}");
                    self.tally.blame(case, Promise::Recovers, what);
                }
            }
        }
        relay.kill().await;
    }
}

/// What comes before the relay is gone and in time.
async fn while_alive<T>(relay: &mut Driven, coming: impl std::future::Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        come = coming => Some(come),
        _ = relay.end_within(ANSWER_WITHIN) => None,
    }
}

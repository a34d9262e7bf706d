//! Traffic over a line whose processes die: what a person at each desk does, written into run files as it is seen.
//!
//! One task hands in messages at Avelia's desk, one looks at what has come in at Borenia's and shows it, one looks at what
//! Avelia's desk shows as delivered. Each finds its desk again after it was killed. What stands in the run files is what
//! the desks answered and showed; the checker judges.

mod desk;
mod officers;
mod people;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{task::JoinHandle, time::Instant};

use crate::{
    AVELIA, BORENIA, Line,
    checker::{self, Judgement, Rules, RunFiles, Verdict},
    traffic::Sender,
};

use super::tally::{Promise, Tally};
use officers::Officers;

/// Time between two messages, and between two looks at a desk.
const EVERY: Duration = Duration::from_millis(25);

/// What the tasks know together.
#[derive(Debug)]
struct Shared {
    files: RunFiles,
    start: Instant,
    stop: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    kept: BTreeSet<String>,
    shown: BTreeSet<String>,
    delivered: BTreeSet<String>,
    /// Drafts that a desk had answered to keep and did not list any more.
    drafts_lost: Vec<String>,
}

/// Traffic that runs.
pub struct Drive {
    shared: Arc<Shared>,
    /// Those who hand in, and end when they are told to.
    senders: Vec<JoinHandle<()>>,
    /// Those who look, without end.
    watchers: Vec<JoinHandle<()>>,
}

impl Drive {
    /// Begins; the run files go to `folder`. Both desks must run.
    pub async fn start(line: &Line, folder: &Path) -> Self {
        let shared = Arc::new(Shared {
            files: RunFiles::open(folder).unwrap(),
            start: Instant::now(),
            stop: AtomicBool::new(false),
            seen: Mutex::default(),
        });
        let sockets = [AVELIA, BORENIA].map(|side| line.desk_config(side).socket);
        let sender = Sender::at(line, AVELIA).await;
        Self {
            senders: vec![tokio::spawn(people::send(
                Arc::clone(&shared),
                sender,
                sockets[AVELIA].clone(),
            ))],
            watchers: vec![
                tokio::spawn(people::watch_receipts(
                    Arc::clone(&shared),
                    sockets[AVELIA].clone(),
                )),
                tokio::spawn(people::show(Arc::clone(&shared), sockets[BORENIA].clone())),
            ],
            shared,
        }
    }

    /// The officers begin too: at Avelia's desk one drafts and another releases, at Borenia's one acknowledges and another
    /// answers, and both desks show what comes in.
    pub async fn with_officers(mut self, line: &Line) -> Self {
        let sockets = [AVELIA, BORENIA].map(|side| line.desk_config(side).socket);
        let [drafting, answering] = [
            Officers::at(line, AVELIA).await,
            Officers::at(line, BORENIA).await,
        ];
        let shared = || Arc::clone(&self.shared);
        self.senders.extend([
            tokio::spawn(officers::draft(shared(), drafting, sockets[AVELIA].clone())),
            tokio::spawn(officers::answer(shared(), answering, sockets[BORENIA].clone())),
        ]);
        self.watchers.extend([
            tokio::spawn(people::watch_receipts(shared(), sockets[BORENIA].clone())),
            tokio::spawn(people::show(shared(), sockets[AVELIA].clone())),
        ]);
        self
    }

    /// Messages that a desk has answered to keep.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.shared.seen(|seen| seen.kept.len())
    }

    /// Waits until more than `before` are kept; whether that came in time.
    pub async fn goes_on(&self, before: usize, within: Duration) -> bool {
        self.until(within, |seen| seen.kept.len() > before).await
    }

    /// Waits until everything kept is shown and delivered; whether that came in time.
    pub async fn rests(&self, within: Duration) -> bool {
        self.until(within, |seen| {
            seen.kept.is_subset(&seen.shown) && seen.kept.is_subset(&seen.delivered)
        })
        .await
    }

    async fn until(&self, within: Duration, what: impl Fn(&Seen) -> bool) -> bool {
        let deadline = Instant::now() + within;
        while !self.shared.seen(|seen| what(seen)) {
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        true
    }

    /// Sends nothing more, waits until everything has come to rest (or `within` is over), and has the checker judge.
    pub async fn judge(mut self, case: &str, within: Duration, tally: &mut Tally) -> Judgement {
        self.shared.stop.store(true, Ordering::Relaxed);
        for sender in std::mem::take(&mut self.senders) {
            sender.await.unwrap();
        }
        let rested = self.rests(within).await;
        for watcher in &self.watchers {
            watcher.abort();
        }
        let run = checker::read(self.shared.files.folder()).unwrap();
        let judgement = checker::judge(&run, Rules::default());
        tally.messages += judgement.kept as u64;
        if !rested && judgement.passed() {
            let what = format!("{} messages are not receipted", judgement.not_receipted);
            tally.blame(case, Promise::Recovers, what);
        }
        blame(case, &judgement, tally);
        for id in self.shared.seen(|seen| std::mem::take(&mut seen.drafts_lost)) {
            tally.blame(case, Promise::Lost, format!("draft {id}"));
        }
        judgement
    }
}

/// The checker's verdicts as broken promises, one a message.
fn blame(case: &str, judgement: &Judgement, tally: &mut Tally) {
    for (verdict, ids) in &judgement.found {
        let promise = match verdict {
            Verdict::Lost => Promise::Lost,
            Verdict::Duplicate => Promise::ShownTwice,
            Verdict::Altered | Verdict::NeverSent => Promise::Altered,
            Verdict::FalselyDelivered => Promise::FalselyDelivered,
            // Overtaking is no gap: the line promises no order.
            Verdict::OutOfOrder => continue,
        };
        for id in ids {
            tally.blame(case, promise, format!("{} {id}", verdict.name()));
        }
    }
}

impl Shared {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

//! Traffic over a line whose processes die: what a person at each desk does, written into run files as it is seen.
//!
//! One task hands in messages at Avelia's desk, one looks at what has come in at Borenia's and shows it, one looks at what
//! Avelia's desk shows as delivered. Each finds its desk again after it was killed. What stands in the run files is what
//! the desks answered and showed; the checker judges.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hotline_audit::Hash;
use hotline_client::{
    request::{Answer, Request},
    socket::Connection,
    view::MessageView,
};
use hotline_core::{precedence::Precedence, words::Rung};
use tokio::{task::JoinHandle, time::Instant};

use crate::{
    AVELIA, BORENIA, Line,
    checker::{self, Delivered, Judgement, Rules, RunFiles, Sent, Shown, Verdict},
    traffic::{Sender, wording},
};

use super::tally::{Promise, Tally};

/// Time between two messages, and between two looks at a desk.
const EVERY: Duration = Duration::from_millis(25);
/// How long a desk may take to answer. 5 s: longer than any pause of the rack.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Newest messages that a look covers: many times what comes in between two looks.
const LOOK: usize = 200;
/// All of them.
const ALL: usize = 100_000;
/// The kinds of message, in turn.
const PRECEDENCES: [Precedence; 3] = [Precedence::Routine, Precedence::Immediate, Precedence::Deferred];

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
}

/// Traffic that runs.
pub struct Drive {
    shared: Arc<Shared>,
    sender: JoinHandle<()>,
    watchers: [JoinHandle<()>; 2],
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
            sender: tokio::spawn(send(Arc::clone(&shared), sender, sockets[AVELIA].clone())),
            watchers: [
                tokio::spawn(watch_receipts(Arc::clone(&shared), sockets[AVELIA].clone())),
                tokio::spawn(show(Arc::clone(&shared), sockets[BORENIA].clone())),
            ],
            shared,
        }
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
        (&mut self.sender).await.unwrap();
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

/// A desk's socket, found again after its process died.
struct Desk {
    socket: PathBuf,
    connection: Option<Connection>,
}

impl Desk {
    fn at(socket: PathBuf) -> Self {
        Self {
            socket,
            connection: None,
        }
    }

    async fn reached(&mut self) -> bool {
        if self.connection.is_none() {
            self.connection = Connection::open(&self.socket).await.ok().flatten();
        }
        self.connection.is_some()
    }

    /// What the desk answers; none when it is not there, dies meanwhile, or stands still.
    async fn ask(&mut self, request: &Request) -> Option<Answer> {
        if !self.reached().await {
            return None;
        }
        let connection = self.connection.as_mut()?;
        let answer = tokio::time::timeout(ANSWER_WITHIN, connection.ask(request)).await;
        if !matches!(answer, Ok(Ok(_))) {
            self.connection = None;
        }
        answer.ok()?.ok()
    }

    /// The newest messages; every so often all of them.
    async fn list(&mut self, look: usize, incoming: bool) -> Vec<MessageView> {
        let limit = if look.is_multiple_of(20) { ALL } else { LOOK };
        match self.ask(&Request::List { limit, incoming }).await {
            Some(Answer::Messages { messages }) => messages,
            Some(_) | None => Vec::new(),
        }
    }
}

async fn send(shared: Arc<Shared>, sender: Sender, socket: PathBuf) {
    let mut desk = Desk::at(socket);
    for number in 0usize.. {
        tokio::time::sleep(EVERY).await;
        if shared.stopped() {
            return;
        }
        if !desk.reached().await {
            continue;
        }
        let precedence = PRECEDENCES[number % PRECEDENCES.len()];
        let text = format!("Search report {number}: no sighting in this square.");
        let mut words = wording(&sender.seat, &text);
        words.precedence = precedence;
        let sheet = sender.sheet(&words);
        let id = data_encoding::HEXLOWER.encode(&sheet.message().unwrap().header.id);
        let line = |kept| Sent {
            id: id.clone(),
            class: precedence.name().to_owned(),
            sha256: Hash::of(text.as_bytes()).to_string(),
            kept,
            t_ms: shared.now(),
        };
        shared.files.sent(&line(false)).unwrap();
        if let Some(Answer::Message(_)) = desk.ask(&Request::Release { sheet }).await {
            shared.files.sent(&line(true)).unwrap();
            shared.seen(|seen| seen.kept.insert(id));
        }
    }
}

/// Writes down what the sender's desk shows as delivered.
async fn watch_receipts(shared: Arc<Shared>, socket: PathBuf) {
    let mut desk = Desk::at(socket);
    for look in 0.. {
        tokio::time::sleep(2 * EVERY).await;
        for view in desk.list(look, false).await {
            let delivered = view.direction == "out" && view.reached(Rung::Delivered);
            if delivered && shared.seen(|seen| seen.delivered.insert(view.id.clone())) {
                let t_ms = shared.now();
                shared.files.delivered(&Delivered { id: view.id, t_ms }).unwrap();
            }
        }
    }
}

/// Shows what has come in, as a seat does: marked as about to be drawn, drawn, and signed as displayed.
async fn show(shared: Arc<Shared>, socket: PathBuf) {
    let mut desk = Desk::at(socket);
    for look in 0.. {
        tokio::time::sleep(EVERY).await;
        let incoming = desk.list(look, true).await;
        let (again, fresh): (Vec<MessageView>, Vec<MessageView>) = incoming
            .into_iter()
            .filter(|view| view.shown != "signed")
            .partition(|view| view.shown == "before");
        draw(&shared, &mut desk, &again, true).await;
        let showing = Request::Showing {
            messages: hashes(&fresh),
        };
        // Only what the desk has marked may be drawn as new; after a crash it says so.
        if !fresh.is_empty() && matches!(desk.ask(&showing).await, Some(Answer::Done { .. })) {
            draw(&shared, &mut desk, &fresh, false).await;
        }
    }
}

async fn draw(shared: &Shared, desk: &mut Desk, views: &[MessageView], again: bool) {
    for view in views {
        let line = Shown {
            id: view.id.clone(),
            sha256: Hash::of(view.text.as_bytes()).to_string(),
            again,
            t_ms: shared.now(),
        };
        shared.files.shown(&line).unwrap();
        shared.seen(|seen| seen.shown.insert(view.id.clone()));
    }
    if !views.is_empty() {
        let messages = hashes(views);
        desk.ask(&Request::Displayed { messages }).await;
    }
}

fn hashes(views: &[MessageView]) -> Vec<String> {
    views.iter().map(|view| view.sha256.clone()).collect()
}

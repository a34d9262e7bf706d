//! The witness' call, and what both calls share: one ledger, one clock, two keys.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hotline_audit::{
    CosignSigner, CosignVerifier, LogVerifier,
    note::{Note, NoteSignature},
    tiles::TileName,
    witness::{self, AddCheckpoint, Conflict, ConflictKind, Decision, Refusal, Seen},
};
use hotline_core::{leg::Lane, time::WallTime};
use hotline_ledger::{Batch, CommitError, Ledger, ReadError, Record, Standing};
use hotline_transport::{Clock, Spawner};
use tokio::sync::{Notify, oneshot};

use super::{
    book::{self, Facts, KeptError, LOGS_OF_A_SIDE, LOGS_OF_A_SIDE_EVER, MAX_LOGS, WITNESS_SPACE},
    reply::Reply,
    shelf::{self, Found, Held, Shelf},
    tally::Tally,
};

/// How soon mirrored entries that could not be read are looked at again. A minute: a disk does not mend itself sooner.
const READ_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// Which logs a witness believes, asked anew for every request: trust may change while it runs.
pub trait KnownLogs: Send + Sync {
    /// The keys of the log with this origin that may be believed now; none if it is not known.
    fn keys(&self, origin: &str) -> Vec<LogVerifier>;

    /// Whether the entries of this log are mirrored.
    fn mirrored(&self, origin: &str) -> bool;

    /// Whether this key of the witness's own still counts for those who would read its word.
    fn counts(&self, _own: &CosignVerifier) -> bool {
        true
    }

    /// Whether each side has so many logs and no more ([`book::LOGS_OF_A_SIDE`]): where others say which logs there are.
    fn sides_are_bounded(&self) -> bool {
        false
    }

    /// Whether checkpoints with extension lines are cosigned. Not where they become leaves of a log of ours, whose
    /// verifiers know three lines.
    fn extended(&self) -> bool {
        false
    }
}

/// What a witness is made of.
pub struct OfficeParts {
    /// Where it keeps what it must not forget.
    pub ledger: Ledger,
    /// Its clocks.
    pub clock: Arc<dyn Clock>,
    /// Who runs what must come to its end, whoever asked for it hangs up.
    pub spawner: Spawner,
    /// Its key as a witness.
    pub witness: CosignSigner,
    /// Its key as a mirror; without it, it is none.
    pub mirror: Option<CosignSigner>,
}

/// A witness, and a mirror if it has a key for that.
pub struct Office {
    pub(super) ledger: Ledger,
    pub(super) clock: Arc<dyn Clock>,
    spawner: Spawner,
    witness: CosignSigner,
    pub(super) mirror: Option<CosignSigner>,
    /// Held while the newest cosigned checkpoint of a log is read, compared and replaced.
    pub(super) compare: tokio::sync::Mutex<()>,
    /// Held while entries are put behind those that are there.
    pub(super) append: tokio::sync::Mutex<()>,
    shelf: Mutex<Shelf>,
    tally: Tally,
    news: Notify,
}

impl Office {
    /// Opens a witness on its ledger. What is mirrored is not handed out, nor added to, before
    /// [`Office::check_mirrored`] has hashed it again.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn open(parts: OfficeParts) -> Result<Self, ReadError> {
        let shelf = Shelf::open(&parts.ledger)?;
        let tally = Tally::default();
        Ok(Self {
            ledger: parts.ledger,
            clock: parts.clock,
            spawner: parts.spawner,
            witness: parts.witness,
            mirror: parts.mirror,
            compare: tokio::sync::Mutex::default(),
            append: tokio::sync::Mutex::default(),
            shelf: Mutex::new(shelf),
            tally,
            news: Notify::new(),
        })
    }

    /// Hashes every mirrored entry again, log by log, and lets others run in between: a log of others may be long, and
    /// nobody's traffic waits for it. What is not what was kept is told as an alarm, and asked for anew.
    /// What cannot be read is told and looked at again later, and keeps no other log waiting.
    pub async fn check_mirrored(&self) {
        let closing = self.spawner.closing();
        loop {
            let unreadable = self.check_each_mirrored(&self.ledger).await;
            if unreadable == 0 {
                return;
            }
            tokio::select! {
                biased;
                () = closing.cancelled() => return,
                () = tokio::time::sleep(READ_AGAIN_AFTER) => {}
            }
        }
    }

    /// Looks at each log that was not looked at yet; returns how many could not be read.
    pub(super) async fn check_each_mirrored(&self, facts: &impl Facts) -> usize {
        let (mut unreadable, mut after) = (0, None);
        loop {
            // Bound before it is used: the shelf is free meanwhile.
            let next = self.shelf().unchecked(after.as_deref());
            let Some(mut checking) = next else {
                return unreadable;
            };
            let origin = checking.origin().to_owned();
            let found = loop {
                match checking.step(facts) {
                    Ok(true) => tokio::task::yield_now().await,
                    Ok(false) => break checking.end(facts),
                    Err(error) => break Err(error),
                }
            };
            match found {
                Ok((held, found)) => self.checked(held, &found),
                Err(error) => {
                    unreadable += 1;
                    tracing::error!(
                        event = "alarm",
                        code = "MIRROR_UNREADABLE",
                        log = origin,
                        %error,
                        "mirrored entries cannot be read; nothing of this log is handed out until they can"
                    );
                }
            }
            after = Some(origin);
        }
    }

    fn checked(&self, held: Held, found: &Found) {
        if !found.intact {
            tracing::error!(
                event = "alarm",
                code = "MIRROR_ALTERED",
                log = found.origin,
                kept = found.kept,
                good = found.good,
                "mirrored entries are not what was kept; nothing of this log is handed out until it is brought anew"
            );
        }
        self.take(&found.origin, held);
    }

    /// Refuses what needs the mirrored entries of a log that are not checked yet.
    pub(super) fn check_checked(&self, origin: &str) -> Result<(), Reply> {
        if self.shelf().is_checked(origin) {
            return Ok(());
        }
        Err(Reply::refused(
            503,
            "the mirrored entries of this log are being hashed again; ask again in a while",
        ))
    }

    /// Its counters.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Where it keeps what it must not forget.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What verifies its word as a witness.
    #[must_use]
    pub fn witness_key(&self) -> hotline_audit::CosignVerifier {
        self.witness.verifier()
    }

    /// What verifies its word as a mirror, if it is one.
    #[must_use]
    pub fn mirror_key(&self) -> Option<hotline_audit::CosignVerifier> {
        self.mirror.as_ref().map(CosignSigner::verifier)
    }

    /// Waits for the next checkpoint that is cosigned, by witness or mirror. One that was cosigned since the last wait
    /// ended is told at once.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// The call `add-checkpoint`, of `from`. Whoever drops the future hangs up; what was begun is done all the same.
    pub async fn add_checkpoint(
        self: &Arc<Self>,
        body: &[u8],
        known: &Arc<dyn KnownLogs>,
        from: &str,
    ) -> Reply {
        let reply = match AddCheckpoint::parse(body) {
            Err(refusal) => refused(&refusal),
            Ok(request) => {
                let (office, known, from) = (Arc::clone(self), Arc::clone(known), from.to_owned());
                let work = async move {
                    let decided = office.decide(&request, known.as_ref(), &from).await;
                    decided.unwrap_or_else(|reply| reply)
                };
                self.to_its_end("add-checkpoint", work).await
            }
        };
        if reply.status != 200 {
            self.tally.refused("add-checkpoint", reply.status);
        }
        reply
    }

    /// Runs `work` in a task of its own. What is queued in the ledger is written whether somebody waits for it or not; so
    /// the lock under which it was judged may be let go only by the work itself, never because a caller hung up.
    pub(super) async fn to_its_end(
        &self,
        name: &'static str,
        work: impl Future<Output = Reply> + Send + 'static,
    ) -> Reply {
        let (tell, told) = oneshot::channel();
        self.spawner.spawn(name, async move {
            // Nobody may be waiting any more.
            let _ = tell.send(work.await);
        });
        told.await
            .unwrap_or_else(|_| Reply::refused(503, "this witness is closing"))
    }

    /// Judges, keeps and only then answers; nothing comes between. Never to be dropped half way: see
    /// [`Office::to_its_end`].
    async fn decide(
        &self,
        request: &AddCheckpoint,
        known: &dyn KnownLogs,
        from: &str,
    ) -> Result<Reply, Reply> {
        let origin = request.checkpoint.origin.as_str();
        let _one_at_a_time = self.compare.lock().await;
        self.check_open()?;
        // Trust may have changed while this waited.
        if !known.counts(&self.witness_key()) {
            return Err(Reply::refused(503, "the key of this witness has ended"));
        }
        let keys = known.keys(origin);
        let before = book::seen(&self.ledger, origin).map_err(|error| self.unusable(&error))?;
        match witness::judge(before.as_ref(), request, &keys) {
            Decision::Refuse(refusal) => {
                self.keep_evidence((request, &refusal), &keys, from).await?;
                Err(refused(&refusal))
            }
            Decision::Cosign(accepted) => {
                if before.is_none() {
                    self.check_place(known, origin)?;
                }
                if !known.extended() && request.note.text != request.checkpoint.text() {
                    return Err(Reply::refused(
                        400,
                        "a checkpoint with extension lines is not cosigned here",
                    ));
                }
                let now_s = self.clock.wall().unix_ms() / 1000;
                let (seen, line) = Seen::cosigned(before.as_ref(), &accepted, &self.witness, now_s);
                self.keep(WITNESS_SPACE, origin, seen.encode()).await?;
                self.tally.cosigned(origin, seen.size());
                self.news.notify_one();
                Ok(Reply::note(line.to_string()))
            }
        }
    }

    /// Keeps a checkpoint that conflicts, before anything is answered.
    async fn keep_evidence(
        &self,
        (request, refusal): (&AddCheckpoint, &Refusal),
        keys: &[LogVerifier],
        from: &str,
    ) -> Result<(), Reply> {
        let found = match refusal.conflict() {
            Some(conflict) => Some(conflict.clone()),
            None => self.against_mirror(request, refusal, keys)?,
        };
        let Some(conflict) = found else { return Ok(()) };
        self.tell(&conflict, from);
        let at = self.clock.wall();
        let record =
            book::keep_conflict(&self.ledger, &conflict, (at, from)).map_err(|error| unreadable(&error))?;
        match record {
            Some(record) => self.commit(record).await,
            None => Ok(()),
        }
    }

    /// A signed checkpoint that is older than what was seen, judged by the entries that are mirrored.
    fn against_mirror(
        &self,
        request: &AddCheckpoint,
        refusal: &Refusal,
        keys: &[LogVerifier],
    ) -> Result<Option<Conflict>, Reply> {
        let Refusal::OtherOldSize { seen, .. } = refusal else {
            return Ok(None);
        };
        let checkpoint = &request.checkpoint;
        let held = self.held(&checkpoint.origin);
        if checkpoint.size >= *seen || checkpoint.size > held.next() || !held.whole() {
            return Ok(None);
        }
        let root = shelf::root_of(&self.ledger, &checkpoint.origin, &held, checkpoint.size)
            .map_err(|error| unreadable(&error))?;
        Ok((root != checkpoint.root).then(|| Conflict {
            checkpoint: checkpoint.clone(),
            note: own_lines(&request.note, keys).encode(),
            why: ConflictKind::Mirrored,
        }))
    }

    /// Counts and tells it.
    pub(super) fn tell(&self, conflict: &Conflict, from: &str) {
        self.tally.conflict(conflict.why.name());
        let (log, size, why) = (
            &conflict.checkpoint.origin,
            conflict.checkpoint.size,
            conflict.why.name(),
        );
        match conflict.why {
            // Whoever sent it may have made the proof up.
            ConflictKind::Proof => tracing::warn!(
                event = "security",
                kind = "NOT_EXTENDING",
                log,
                size,
                from,
                "a signed checkpoint came with a proof that does not hold; it was not cosigned, and is kept"
            ),
            ConflictKind::SameSize | ConflictKind::Mirrored | ConflictKind::EmptyRoot => tracing::error!(
                event = "alarm",
                code = "FORK",
                log,
                size,
                why,
                from,
                "this log has signed two histories; the other checkpoint is kept as evidence: hotline log bundle"
            ),
        }
    }

    /// The newest checkpoint that the witness cosigned of the log with this path name.
    #[must_use]
    pub fn witness_checkpoint(&self, log: &str) -> Reply {
        let none = || Reply::refused(404, "no checkpoint of such a log was cosigned here");
        let Ok(origins) = book::witnessed(&self.ledger) else {
            return Reply::refused(500, "the ledger cannot be read");
        };
        let Some(origin) = origins.iter().find(|origin| witness::origin_hash(origin) == log) else {
            return none();
        };
        match book::seen(&self.ledger, origin) {
            Ok(Some(seen)) => Reply::note(seen.note().encode()),
            Ok(None) => none(),
            Err(error) => self.unusable(&error),
        }
    }

    /// A file of the mirrored log with this path name: `checkpoint` or a tile.
    #[must_use]
    pub fn mirror_file(&self, log: &str, path: &str) -> Reply {
        let none = || Reply::refused(404, "no such file of such a log is mirrored here");
        let found = {
            let shelf = self.shelf();
            let mut origins = shelf.origins();
            origins
                .find(|origin| witness::origin_hash(origin) == log)
                .map(str::to_owned)
        };
        let Some(origin) = found else {
            return none();
        };
        if let Err(reply) = self.check_checked(&origin) {
            return reply;
        }
        let held = self.held(&origin);
        let Some(cosigned) = held.cosigned() else {
            return none();
        };
        if !held.whole() {
            return Reply::refused(
                503,
                "entries of this log were altered on this disk; it hands them out once they were brought anew",
            );
        }
        if path == "checkpoint" {
            return Reply::note(cosigned.note.encode());
        }
        let Some(name) = TileName::parse(path) else {
            return none();
        };
        match shelf::tiles::file(&self.ledger, (&origin, cosigned.checkpoint.size), name) {
            Ok(Some(bytes)) => Reply::bytes(bytes),
            Ok(None) => none(),
            Err(error) => unreadable(&error),
        }
    }

    /// How far a log is mirrored.
    #[must_use]
    pub fn held(&self, origin: &str) -> Held {
        self.shelf().held(origin)
    }

    /// The newest checkpoint that was cosigned of a log, and when, in seconds since 1970.
    ///
    /// # Errors
    /// It cannot be read, or is not what was kept.
    pub fn seen(&self, origin: &str) -> Result<Option<Seen>, KeptError> {
        book::seen(&self.ledger, origin)
    }

    /// Takes what is on disk now.
    pub(super) fn take(&self, origin: &str, held: Held) {
        self.tally.held(origin, held.next());
        self.shelf().take(origin, held);
    }

    /// Says that the mirror has cosigned.
    pub(super) fn tell_mirrored(&self) {
        self.tally.mirrored();
        self.news.notify_one();
    }

    /// Refuses everything while nothing may be written.
    pub(super) fn check_open(&self) -> Result<(), Reply> {
        match self.ledger.standing() {
            Standing::Good => Ok(()),
            Standing::ReadOnly { reason } => {
                Err(Reply::refused(503, format!("nothing is signed here: {reason}")))
            }
        }
    }

    async fn keep(&self, space: &'static str, origin: &str, value: Vec<u8>) -> Result<(), Reply> {
        self.commit(Record::Put {
            space,
            key: origin.as_bytes().to_vec(),
            value,
        })
        .await
    }

    /// Writes one fact, durably.
    pub(super) async fn commit(&self, record: Record) -> Result<(), Reply> {
        let mut batch = Batch::new(Lane::Control);
        batch.records.push(record);
        self.ledger
            .commit(batch)
            .await
            .map_err(|error| not_kept(&error))?;
        Ok(())
    }

    /// Refuses a log that comes anew where there is no place for it: one side's logs take no place from another's.
    fn check_place(&self, known: &dyn KnownLogs, origin: &str) -> Result<(), Reply> {
        let logs = book::witnessed(&self.ledger).map_err(|error| unreadable(&error))?;
        let side = book::side_of(origin);
        let mut of_side = logs.iter().filter(|log| book::side_of(log) == side);
        let no_place = if logs.len() >= MAX_LOGS {
            Some("this witness knows as many logs as it can keep".to_owned())
        } else if !known.sides_are_bounded() {
            None
        } else if of_side.clone().count() >= LOGS_OF_A_SIDE_EVER {
            Some(format!(
                "it has witnessed {LOGS_OF_A_SIDE_EVER} logs of {side}, and no more are"
            ))
        } else if of_side.by_ref().filter(|log| !known.keys(log).is_empty()).count() >= LOGS_OF_A_SIDE {
            Some(format!(
                "{LOGS_OF_A_SIDE} logs of {side} are witnessed at once, and no more"
            ))
        } else {
            None
        };
        no_place.map_or(Ok(()), |why| Err(Reply::refused(503, why)))
    }

    fn unusable(&self, error: &KeptError) -> Reply {
        if let KeptError::Damaged { origin, .. } = error {
            tracing::error!(event = "alarm", code = "WITNESS_DAMAGED", log = origin, %error, "alarm");
        }
        Reply::refused(500, error)
    }

    pub(super) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Changed by whole assignments only.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The note with the lines of the log's own keys: no stranger's line costs room.
fn own_lines(note: &Note, keys: &[LogVerifier]) -> Note {
    let own = |line: &&NoteSignature| {
        keys.iter().any(|key| {
            let key = key.verifier_key();
            key.name() == line.name && key.key_id() == line.key_id
        })
    };
    Note {
        text: note.text.clone(),
        signatures: note
            .signatures
            .iter()
            .filter(own)
            .take(keys.len())
            .cloned()
            .collect(),
    }
}

/// The answer to a checkpoint that is not cosigned.
fn refused(refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::OtherOldSize { seen, .. } => Reply::size(*seen),
        refusal => Reply::refused(refusal.status(), refusal),
    }
}

pub(super) fn unreadable(error: &ReadError) -> Reply {
    Reply::refused(500, format!("the ledger cannot be read: {error}"))
}

/// The answer when the ledger does not take what would have to be kept.
pub(super) fn not_kept(error: &CommitError) -> Reply {
    Reply::refused(
        503,
        format!("nothing was cosigned, because it cannot be kept: {error}"),
    )
}

/// Whole seconds of a wall clock.
pub(super) fn seconds(at: WallTime) -> u64 {
    at.unix_ms() / 1000
}

//! One cosigner: asked what it holds, then offered checkpoints, then sent the entries that its mirror lacks.

use std::{sync::Arc, time::Duration};

use hotline_audit::{
    mirror::{MirrorInfo, UPLOAD_TYPE},
    note::{Note, NoteSignature},
    witness::{AddCheckpoint, origin_hash},
};
use hotline_core::time::LineTime;
use hotline_ledger::ReadError;
use hotline_transport::Dialer;

use super::{
    against,
    clearance::TRIED_EVERY,
    course::{Course, Due},
    judge::{self, Holds, Said, Why},
    millis,
    told::Refusals,
    upload::{self, Mirrored, UploadError},
    whom::{Cosigner, Via, own_keys},
    wire::{Wire, WireError},
};
use crate::relay::Relay;

/// Offers in a row that a cosigner may answer with another size. 4: others may hand it a checkpoint of ours meanwhile.
const OFFERS_MAX: usize = 4;

/// Answers of a mirror in one round that lead no further than what was sent. 2: it may say once where it is, and once that
/// somebody else was faster.
const STALLS_MAX: usize = 2;

/// Requests of one upload in a row before something else is looked at. 64: half a million entries.
const UPLOADS_MAX: usize = 64;

/// The task of one cosigner.
pub(super) struct Task {
    relay: Arc<Relay>,
    dialer: Dialer,
    cosigner: Cosigner,
    name: String,
    course: Course,
    /// The size it has seen last, as far as is known.
    seen: u64,
    /// Where its mirror goes on.
    mirror: MirrorInfo,
    refusals: Refusals,
}

/// Why a round with a cosigner ended without its cosignature.
enum Stop {
    Refused(Why, String),
    /// This log takes in nothing more.
    Against,
    Ledger(String),
}

impl From<WireError> for Stop {
    fn from(error: WireError) -> Self {
        Self::Refused(Why::Unreachable, error.0)
    }
}

impl From<UploadError> for Stop {
    fn from(error: UploadError) -> Self {
        Self::Ledger(error.to_string())
    }
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Ledger(error.to_string())
    }
}

/// Where an upload begins that nothing is known of.
fn from_the_start() -> MirrorInfo {
    MirrorInfo {
        size: 0,
        next: 0,
        ticket: Vec::new(),
    }
}

/// A checkpoint of ours, taken apart.
struct Own {
    size: u64,
    note: Note,
}

impl Task {
    pub(super) fn new(
        relay: &Arc<Relay>,
        dialer: Dialer,
        (every, entries): (Duration, u64),
        cosigner: Cosigner,
    ) -> Self {
        Self {
            relay: Arc::clone(relay),
            dialer,
            name: cosigner.name(),
            cosigner,
            course: Course::new(every, entries),
            seen: 0,
            mirror: from_the_start(),
            refusals: Refusals::default(),
        }
    }

    pub(super) async fn run(mut self) {
        let mut attempt = 0;
        loop {
            let ended = match Wire::reach(&self.relay.seams, &self.dialer, &self.cosigner.via, attempt).await
            {
                Ok(wire) => self.use_wire(wire).await,
                Err(error) => Stop::from(error),
            };
            attempt = attempt.saturating_add(1);
            if !self.goes_on_after(ended).await {
                return;
            }
        }
    }

    /// Asks, then offers for as long as the way holds.
    async fn use_wire(&mut self, mut wire: Wire) -> Stop {
        if let Err(stop) = self.ask(&mut wire).await {
            return stop;
        }
        loop {
            let pause = match self.course.due(self.relay.ledger.head().size, self.line()) {
                Due::Later(pause) => pause,
                Due::Offer => match self.round(&mut wire).await {
                    Ok(()) => continue,
                    Err(stop) => return stop,
                },
            };
            tokio::time::sleep(pause).await;
            if !wire.still_trusted() {
                return Stop::Refused(Why::Unreachable, "the connection is over".into());
            }
        }
    }

    /// What does it hold of this log?
    async fn ask(&mut self, wire: &mut Wire) -> Result<(), Stop> {
        let hash = origin_hash(&self.relay.identity.origin());
        self.seen = self.ask_at(wire, &format!("/witness/{hash}/checkpoint")).await?;
        if self.seen == 0 && matches!(self.cosigner.via, Via::Http { .. }) {
            // Where other software has it.
            self.seen = self.ask_at(wire, &format!("/{hash}/checkpoint")).await?;
        }
        self.compare_with_its_word()?;
        if self.cosigner.mirror.is_some() {
            self.mirror.next = match self.ask_at(wire, &format!("/mirror/{hash}/checkpoint")).await {
                Ok(size) => size,
                // A mirror that cannot show anything may need entries anew, and its witness cosigns all the same. Where to
                // go on it says itself, when it is sent something.
                Err(Stop::Refused(..)) => 0,
                Err(stop) => return Err(stop),
            };
        }
        self.relay
            .anchors
            .clearance
            .answered(&self.name, &self.relay.ledger);
        self.relay.anchors.clearance.opened().await;
        Ok(())
    }

    /// A witness that shows less than it has cosigned was put back, or has signed a second history of its own: it could be
    /// made to cosign another one of ours. It is offered checkpoints all the same, and people are told.
    fn compare_with_its_word(&self) -> Result<(), Stop> {
        let kept = &self.relay.anchors.kept;
        let word = kept.newest_of(&self.relay.ledger, &self.cosigner.witness)?;
        if let Some(cosigned) = word.filter(|size| *size > self.seen) {
            tracing::error!(
                event = "alarm",
                code = "WITNESS_FORGOT",
                witness = self.name,
                cosigned,
                shows = self.seen,
                "a witness shows less of this log than it has cosigned: it was put back to an older copy"
            );
        }
        Ok(())
    }

    /// How many leaves of this log lie there under its own signature, 0 if none do.
    async fn ask_at(&mut self, wire: &mut Wire, path: &str) -> Result<u64, Stop> {
        let answered = wire.get(path).await?;
        match judge::held(&answered, &own_keys(&self.relay), &self.relay.ledger, &self.name)? {
            Holds::Nothing => Ok(0),
            Holds::Beginning(size) => Ok(size),
            Holds::Busy => Err(Stop::Refused(Why::Unreachable, "it is busy".into())),
            Holds::Unproven(why) => {
                tracing::warn!(
                    event = "witness",
                    kind = "UNPROVEN",
                    witness = self.name,
                    why,
                    "what it shows of this log proves nothing"
                );
                Err(Stop::Refused(Why::BadAnswer(answered.status), why))
            }
            Holds::Against(damage, note) => {
                against::keep(&self.relay.ledger, &self.name, note).await;
                self.relay.anchors.standings.set(&self.name, damage.to_string());
                self.relay.anchors.clearance.against(damage, &self.relay.ledger);
                Err(Stop::Against)
            }
        }
    }

    /// Offers the newest checkpoint, and sends what the mirror lacks of it.
    async fn round(&mut self, wire: &mut Wire) -> Result<(), Stop> {
        if self.relay.read_only().is_some() {
            return Err(Stop::Against);
        }
        let Some(own) = self.newest() else {
            return Ok(());
        };
        let unix_s = self.offer(wire, &own).await?;
        let mirrored = self.upload(wire, &own).await?;
        let now = self.line();
        self.course.settled(own.size, now);
        self.refusals.over();
        self.relay.metrics.cosigned(own.size);
        let at = hotline_core::time::WallTime::from_unix_ms(unix_s.saturating_mul(1000)).rfc3339();
        let held = if mirrored { ", and mirrored" } else { "" };
        let words = format!("cosigned {} leaves at {at}{held}", own.size);
        self.relay.anchors.standings.set(&self.name, words);
        Ok(())
    }

    async fn offer(&mut self, wire: &mut Wire, own: &Own) -> Result<u64, Stop> {
        for _ in 0..OFFERS_MAX {
            let old = self.seen.min(own.size);
            let proof = match old {
                0 => Vec::new(),
                old => self.relay.ledger.consistency(old, own.size)?,
            };
            let request = AddCheckpoint::new(old, proof, own.note.clone())
                .map_err(|error| Stop::Ledger(error.to_string()))?;
            let answered = wire
                .post("/add-checkpoint", "text/plain; charset=utf-8", request.encode())
                .await?;
            match judge::cosignature(&answered, &own.note.text, &self.cosigner.witness) {
                Said::Cosigned(line, unix_s) => {
                    self.seen = own.size;
                    self.keep(own, line, false).await?;
                    return Ok(unix_s);
                }
                // It knows more than is here, or says so: it must show it.
                Said::Seen(size) if size > own.size => {
                    self.ask(wire).await?;
                    if self.relay.ledger.head().size >= size {
                        // The log has grown meanwhile, and a later checkpoint of it was seen.
                        return Err(Stop::Refused(
                            Why::Conflict,
                            "a newer checkpoint was seen meanwhile".into(),
                        ));
                    }
                    let why =
                        format!("it says that it has seen {size} leaves, and shows no checkpoint of them");
                    return Err(Stop::Refused(Why::Conflict, why));
                }
                Said::Seen(size) => self.seen = size,
                Said::Refused(why) => {
                    if why == Why::Fork {
                        // If it is one, what it holds proves it.
                        self.ask(wire).await?;
                    }
                    let answer = String::from_utf8_lossy(&answered.body);
                    let answer = hotline_core::text::inert_line(answer.trim()).text;
                    let words: String = answer.chars().take(200).collect();
                    return Err(Stop::Refused(why, words));
                }
            }
        }
        Err(Stop::Refused(
            Why::Conflict,
            "it names another size each time".into(),
        ))
    }

    /// Sends what the mirror lacks; says whether it then holds everything.
    async fn upload(&mut self, wire: &mut Wire, own: &Own) -> Result<bool, Stop> {
        let Some(mirror) = self.cosigner.mirror.clone() else {
            return Ok(false);
        };
        self.mirror.next = self.mirror.next.min(own.size);
        self.mirror.size = own.size;
        let mut stalls = 0;
        for _ in 0..UPLOADS_MAX {
            let origin = self.relay.identity.origin();
            let body = upload::body(&self.relay.ledger, &origin, &self.mirror)?;
            let answered = wire.upload("/add-entries", UPLOAD_TYPE, body).await?;
            match upload::answered(&answered, &own.note.text, &mirror) {
                Mirrored::Held(line) => {
                    self.mirror.next = own.size;
                    self.keep(own, line, true).await?;
                    return Ok(true);
                }
                Mirrored::GoOn(next) if next.size == own.size && next.next <= own.size => {
                    stalls += usize::from(next.next <= self.mirror.next);
                    self.mirror = next;
                    if stalls > STALLS_MAX {
                        self.mirror = from_the_start();
                        let why = "its mirror gets no further with what it is sent";
                        return Err(Stop::Refused(Why::Conflict, why.into()));
                    }
                }
                // It has another checkpoint in hand: the next round offers the newest.
                Mirrored::GoOn(next) => {
                    self.mirror.next = next.next.min(own.size);
                    return Err(Stop::Refused(
                        Why::Conflict,
                        format!("its mirror waits for {} leaves", next.size),
                    ));
                }
                Mirrored::Refused(why) => {
                    self.mirror = from_the_start();
                    return Err(Stop::Refused(why, "its mirror takes no entries".into()));
                }
            }
        }
        Err(Stop::Refused(
            Why::Conflict,
            "its mirror has not had enough yet".into(),
        ))
    }

    async fn keep(&self, own: &Own, line: NoteSignature, mirrored: bool) -> Result<(), Stop> {
        let kept = &self.relay.anchors.kept;
        kept.add(&self.relay.ledger, (own.size, &own.note), line, mirrored)
            .await
            .map_err(|error| Stop::Ledger(error.to_string()))
    }

    /// Notes why the way ended, and pauses; false once this log takes in nothing more.
    async fn goes_on_after(&mut self, stop: Stop) -> bool {
        let now = self.line();
        let pause = match stop {
            Stop::Against => return false,
            Stop::Ledger(why) => {
                tracing::warn!(
                    event = "witness",
                    witness = self.name,
                    why,
                    "the own log could not be shown"
                );
                self.course.failed(now)
            }
            Stop::Refused(why, words) => self.refused(why, words, now).await,
        };
        let pause = if self.relay.anchors.clearance.is_open() {
            pause
        } else {
            TRIED_EVERY
        };
        tokio::time::sleep(pause).await;
        true
    }

    async fn refused(&mut self, why: Why, words: String, now: LineTime) -> Duration {
        self.relay.anchors.clearance.tried(&self.name, &self.relay.ledger);
        let wall_ms = self.relay.seams.clock.wall().unix_ms();
        self.refusals.go_on(why, (now, wall_ms));
        let pause = self.course.failed(now);
        if self.course.failures() == 1 {
            tracing::info!(
                event = "witness",
                kind = why.name(),
                witness = self.name,
                words,
                again_ms = millis(pause),
                "no cosignature; the log goes on at level durable"
            );
        }
        self.relay.metrics.cosign_refused(why.name());
        self.relay
            .anchors
            .standings
            .set(&self.name, format!("{}: {words}", why.name()));
        let size = self.relay.ledger.head().size;
        if size > 0 && self.relay.read_only().is_none() {
            self.refusals.write(&self.relay, &self.name, size).await;
        }
        pause
    }

    fn newest(&self) -> Option<Own> {
        let (size, note) = self.relay.ledger.size_and_note();
        let note = Note::parse(&note?).ok()?;
        (size > 0).then_some(Own { size, note })
    }

    fn line(&self) -> LineTime {
        self.relay.seams.clock.line()
    }
}

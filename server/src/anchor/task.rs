//! One cosigner: asked what it holds, then offered checkpoints, then sent the entries that its mirror lacks.

use std::{sync::Arc, time::Duration};

use hotline_audit::{
    mirror::UPLOAD_TYPE,
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
    mirroring::{Mirroring, Next},
    told::Refusals,
    upload::{self, UploadError},
    whom::{Cosigner, Via, own_keys},
    wire::{Wire, WireError},
};
use crate::relay::Relay;

/// Offers in a row that a cosigner may answer with another size. 4: others may hand it a checkpoint of ours meanwhile.
const OFFERS_MAX: usize = 4;

/// Requests of one upload in a row before the newest checkpoint is offered again. 64: half a million entries.
const UPLOADS_MAX: usize = 64;

/// The task of one cosigner.
pub(super) struct Task {
    relay: Arc<Relay>,
    cosigner: Cosigner,
    name: String,
    course: Course,
    /// The size it has seen last, as far as is known.
    seen: u64,
    /// Its mirror, if it is one.
    mirror: Option<Mirroring>,
    refusals: Refusals,
}

/// Why a round with a cosigner ended without its cosignature.
#[derive(Debug)]
pub(super) enum Stop {
    Refused(Why, String),
    /// The way is gone, and that was written down already.
    Lost,
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

/// What came of bringing entries to a mirror.
enum Brought {
    /// It holds everything that was offered.
    All,
    /// It is to be brought more.
    More,
    /// It takes nothing now.
    Refused(Why, &'static str),
    /// The way broke off.
    Broken(String),
}

/// A checkpoint of ours, taken apart.
struct Own {
    size: u64,
    note: Note,
}

impl Task {
    pub(super) fn new(relay: &Arc<Relay>, (every, entries): (Duration, u64), cosigner: Cosigner) -> Self {
        Self {
            relay: Arc::clone(relay),
            name: cosigner.name(),
            mirror: cosigner
                .mirror
                .clone()
                .map(|key| Mirroring::new(key, (every, entries))),
            cosigner,
            course: Course::new(every, entries),
            seen: 0,
            refusals: Refusals::default(),
        }
    }

    pub(super) async fn run(mut self, dialer: Dialer) {
        let mut attempt = 0;
        loop {
            let (seams, via) = (&self.relay.seams, &self.cosigner.via);
            let reached = if self.relay.anchors.clearance.is_open() {
                Wire::reach(seams, &dialer, via, attempt).await
            } else {
                Wire::reach_now(seams, &dialer, via).await
            };
            let ended = match reached {
                Ok(wire) => self.use_wire(wire).await,
                Err(error) => Stop::from(error),
            };
            attempt = attempt.saturating_add(1);
            if !self.goes_on_after(ended).await {
                return;
            }
        }
    }

    /// Asks and offers for as long as the way holds and the one at its end is trusted.
    async fn use_wire(&mut self, mut wire: Wire) -> Stop {
        let distrusted = wire.distrusted(self.relay.anchors.trust.watch());
        tokio::select! {
            biased;
            () = distrusted => Stop::Refused(Why::Unreachable, "it is not trusted any more".into()),
            stop = self.asks_and_offers(&mut wire) => stop,
        }
    }

    async fn asks_and_offers(&mut self, wire: &mut Wire) -> Stop {
        if let Err(stop) = self.ask(wire).await {
            return stop;
        }
        loop {
            let pause = match self.due() {
                Due::Later(pause) => pause,
                Due::Offer => match self.round(wire).await {
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

    /// What is due now. Its mirror is brought entries only behind a checkpoint that its witness has cosigned.
    fn due(&self) -> Due {
        let (size, now) = (self.relay.ledger.head().size, self.line());
        let witness = self.course.due(size, now);
        let Some(mirror) = self.mirror.as_ref().filter(|_| self.course.is_settled()) else {
            return witness;
        };
        match (witness, mirror.course.due(size, now)) {
            (Due::Later(one), Due::Later(other)) => Due::Later(one.min(other)),
            (Due::Offer, _) | (_, Due::Offer) => Due::Offer,
        }
    }

    /// What does it hold of this log?
    pub(super) async fn ask(&mut self, wire: &mut Wire) -> Result<(), Stop> {
        match self.cosigner.via {
            Via::Doors { .. } => self.ask_relay(wire).await?,
            Via::Http { .. } => self.ask_stranger(wire).await?,
        }
        self.relay
            .anchors
            .clearance
            .answered(&self.name, &self.relay.ledger);
        self.relay.anchors.clearance.opened().await;
        Ok(())
    }

    /// A relay shows what its witness cosigned last, and what its mirror did.
    async fn ask_relay(&mut self, wire: &mut Wire) -> Result<(), Stop> {
        let hash = origin_hash(&self.relay.identity.origin());
        self.seen = self.ask_at(wire, &format!("/witness/{hash}/checkpoint")).await?;
        self.compare_with_its_word(self.seen)?;
        if self.mirror.is_some() {
            let held = match self.ask_at(wire, &format!("/mirror/{hash}/checkpoint")).await {
                Ok(size) => size,
                // A mirror that cannot show anything may need entries anew, and its witness cosigns all the same. Where to
                // go on it says itself, when it is sent something.
                Err(Stop::Refused(..)) => 0,
                Err(stop) => return Err(stop),
            };
            if let Some(mirror) = &mut self.mirror {
                mirror.holds(held);
            }
        }
        Ok(())
    }

    /// The specification lets a witness show a checkpoint late, or not at all. What it has cosigned it says when it is
    /// offered one that builds on none; so it is offered the last one that was signed.
    async fn ask_stranger(&mut self, wire: &mut Wire) -> Result<(), Stop> {
        let Some(own) = self.newest().filter(|_| self.relay.ledger.takes_facts()) else {
            return self.look_for_proof(wire).await;
        };
        self.seen = 0;
        self.offer(wire, &own).await.map(drop)
    }

    /// It has said what speaks against this log: does it show what proves that?
    async fn look_for_proof(&mut self, wire: &mut Wire) -> Result<(), Stop> {
        if matches!(self.cosigner.via, Via::Doors { .. }) {
            return self.ask_relay(wire).await;
        }
        let hash = origin_hash(&self.relay.identity.origin());
        // Where ours have it, and where other software does. That nothing is there says nothing.
        for path in [
            format!("/witness/{hash}/checkpoint"),
            format!("/{hash}/checkpoint"),
        ] {
            match self.ask_at(wire, &path).await {
                Ok(_) | Err(Stop::Refused(..)) => {}
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    /// A witness that shows less than it has cosigned was put back, or has signed a second history of its own: it could be
    /// made to cosign another one of ours. It is offered checkpoints all the same, and people are told.
    fn compare_with_its_word(&self, shows: u64) -> Result<(), Stop> {
        if let Some(cosigned) = self.forgotten(shows)? {
            tracing::error!(
                event = "alarm",
                code = "WITNESS_FORGOT",
                witness = self.name,
                cosigned,
                shows,
                "a witness shows less of this log than it has cosigned: it was put back to an older copy"
            );
        }
        Ok(())
    }

    /// How much it has cosigned, if it says that it has seen less.
    pub(super) fn forgotten(&self, says: u64) -> Result<Option<u64>, Stop> {
        let kept = &self.relay.anchors.kept;
        let word = kept.newest_of(&self.relay.ledger, &self.cosigner.witness)?;
        Ok(word.filter(|size| *size > says))
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
    pub(super) async fn round(&mut self, wire: &mut Wire) -> Result<(), Stop> {
        if self.relay.read_only().is_some() {
            return Err(Stop::Against);
        }
        let Some(own) = self.newest() else {
            return Ok(());
        };
        let unix_s = self.offer(wire, &own).await?;
        let now = self.line();
        self.course.settled(own.size, now);
        self.refusals.over();
        self.relay.metrics.cosigned(own.size);
        let at = hotline_core::time::WallTime::from_unix_ms(unix_s.saturating_mul(1000)).rfc3339();
        let words = format!("cosigned {} leaves at {at}", own.size);
        self.relay.anchors.standings.set(&self.name, words.clone());
        if let Some(mirrored) = self.bring(wire, &own, now).await? {
            self.relay
                .anchors
                .standings
                .set(&self.name, format!("{words}{mirrored}"));
        }
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
            let said = judge::cosignature(&answered, &own.note.text, &self.cosigner.witness);
            if old == 0 && matches!(self.cosigner.via, Via::Http { .. }) {
                match &said {
                    Said::Cosigned(..) => self.compare_with_its_word(0)?,
                    Said::Seen(size) => self.compare_with_its_word(*size)?,
                    Said::Refused(_) => {}
                }
            }
            match said {
                Said::Cosigned(line, unix_s) => {
                    self.seen = own.size;
                    keep(&self.relay, own, line, false).await?;
                    return Ok(unix_s);
                }
                // It knows more than is here, or says so: it must show it.
                Said::Seen(size) if size > own.size => {
                    self.look_for_proof(wire).await?;
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
                // So the specification has it say that it knows another root of so many leaves.
                Said::Seen(size) if size == own.size && size == old => {
                    self.look_for_proof(wire).await?;
                    let why = format!("it says that it has seen another root of {size} leaves");
                    return Err(Stop::Refused(Why::Conflict, why));
                }
                Said::Seen(size) => self.seen = size,
                Said::Refused(why) => {
                    if matches!(why, Why::Fork | Why::BadAnswer(409)) {
                        // If it is one, what it holds proves it.
                        self.look_for_proof(wire).await?;
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

    /// Brings its mirror what it lacks of what was offered at `now`, if that is due; says in words what came of it.
    async fn bring(&mut self, wire: &mut Wire, own: &Own, now: LineTime) -> Result<Option<String>, Stop> {
        let Some(mirror) = &mut self.mirror else {
            return Ok(None);
        };
        if mirror.course.due(own.size, now) != Due::Offer {
            return Ok(None);
        }
        let brought = upload(&self.relay, (&mut *mirror, &self.course), wire, own).await?;
        let (why, words, way) = match brought {
            Brought::All => {
                mirror.course.settled(own.size, now);
                mirror.refusals.over();
                return Ok(Some(", and mirrored".into()));
            }
            Brought::More => return Ok(Some("; its mirror is being brought entries".into())),
            Brought::Refused(why, words) => (why, words.to_owned(), Ok(())),
            Brought::Broken(words) => (Why::Unreachable, words, Err(Stop::Lost)),
        };
        self.not_mirrored(why, &words).await;
        let standing = format!("; {}: {words}", why.name());
        way.map(|()| Some(standing))
    }

    /// Notes that the mirror takes nothing now: under its own name, for its witness has cosigned.
    async fn not_mirrored(&mut self, why: Why, words: &str) {
        let (now, wall_ms) = (self.line(), self.relay.seams.clock.wall().unix_ms());
        let Some(mirror) = &mut self.mirror else {
            return;
        };
        let name = mirror.key.name().to_string();
        mirror.refusals.go_on(why, (now, wall_ms));
        let pause = mirror.course.failed(now);
        if mirror.course.failures() == 1 {
            tracing::info!(
                event = "witness",
                kind = why.name(),
                mirror = name,
                words,
                again_ms = millis(pause),
                "entries are not mirrored; the witness cosigns all the same"
            );
        }
        self.relay.metrics.cosign_refused(why.name());
        let size = self.relay.ledger.head().size;
        if size > 0 && self.relay.read_only().is_none() {
            mirror.refusals.write(&self.relay, &name, size).await;
        }
    }

    /// Notes why the way ended, and pauses; false once this log takes in nothing more.
    async fn goes_on_after(&mut self, stop: Stop) -> bool {
        let now = self.line();
        let pause = match stop {
            Stop::Against => return false,
            Stop::Lost => TRIED_EVERY,
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

/// Sends a mirror what it lacks, so many requests of it, or until its witness is due again.
async fn upload(
    relay: &Relay,
    (mirror, witness): (&mut Mirroring, &Course),
    wire: &mut Wire,
    own: &Own,
) -> Result<Brought, Stop> {
    let origin = relay.identity.origin();
    for _ in 0..UPLOADS_MAX {
        let body = upload::body(&relay.ledger, &origin, mirror.lacks(own.size))?;
        let answered = match wire.upload("/add-entries", UPLOAD_TYPE, body).await {
            Ok(answered) => answered,
            Err(error) => return Ok(Brought::Broken(error.0)),
        };
        let said = upload::answered(&answered, &own.note.text, &mirror.key);
        match mirror.told(said, own.size) {
            Next::Held(line) => {
                keep(relay, own, line, true).await?;
                return Ok(Brought::All);
            }
            Next::More => {}
            Next::Later => return Ok(Brought::More),
            Next::Refused(why, words) => return Ok(Brought::Refused(why, words)),
        }
        if witness.due(relay.ledger.head().size, relay.seams.clock.line()) == Due::Offer {
            break;
        }
    }
    Ok(Brought::More)
}

async fn keep(relay: &Relay, own: &Own, line: NoteSignature, mirrored: bool) -> Result<(), Stop> {
    let kept = &relay.anchors.kept;
    kept.add(&relay.ledger, (own.size, &own.note), line, mirrored)
        .await
        .map_err(|error| Stop::Ledger(error.to_string()))
}

//! A lane's pulse: what it does whatever else it waits for.
//!
//! It takes up at once what the relay sends, answers its probes, sends our own, and judges the lane. A lane that waits
//! for a proof, for room to send or for the station goes on with that: waiting for one thing never makes a lane that
//! works suspect, and never hides that it is dead.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures_util::Stream;
use hotline_core::{
    health::{Change, Health, Numbers, Probes},
    leg::{Door, Lane, Leg},
    time::LineTime,
};
use hotline_proto::{
    heartbeat,
    v1::{self, session_request::Frame as Out, session_response::Frame as In},
};
use hotline_transport::Clock;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{
    LaneEnd,
    inbound::{Inbound, Taken},
};
use crate::input::Input;

/// Probes out of turn whose answers are awaited. 16: a person's, not a program's.
const ASKED_FOR_MAX: usize = 16;

/// Bytes of a question about the log, nearly.
const QUESTION_BYTES: usize = 100;

/// What a pulse is made of.
pub(super) struct Parts<'a> {
    pub(super) leg: Leg,
    pub(super) lane: Lane,
    pub(super) numbers: &'static Numbers,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) station: mpsc::Sender<Input>,
    /// Cancelled when the station closes.
    pub(super) closing: CancellationToken,
    /// Told once this lane has proved itself.
    pub(super) proved: &'a watch::Sender<bool>,
    /// The way out.
    pub(super) out: mpsc::Sender<v1::SessionRequest>,
}

/// One lane's pulse.
pub(super) struct Pulse<'a, S> {
    pub(super) parts: Parts<'a>,
    pub(super) inbound: Inbound<S>,
    pub(super) probes: Probes,
    /// Whether the relay's hello was taken: from then on the probes judge.
    pub(super) judging: bool,
    /// The relay's newest probe.
    heard: u64,
    /// Probes that somebody asked for.
    asked_for: BTreeSet<u64>,
    /// A heartbeat that found no room: our newest probe, or 0 for an answer alone. It leaves before anything else.
    pub(super) owed: Option<u64>,
    /// A probe has left since this was last asked.
    probed: bool,
    /// What the station had no room for.
    untold: VecDeque<Input>,
}

impl<'a, S: Stream<Item = Result<v1::SessionResponse, Status>> + Unpin> Pulse<'a, S> {
    pub(super) fn new(parts: Parts<'a>, stream: S) -> Self {
        Self {
            probes: Probes::opened(parts.numbers, parts.clock.line()),
            parts,
            inbound: Inbound::new(stream),
            judging: false,
            heard: 0,
            asked_for: BTreeSet::new(),
            owed: None,
            probed: false,
            untold: VecDeque::new(),
        }
    }

    /// The lane is open from now on, and its probes judge it.
    pub(super) fn opened(&mut self) {
        self.probes = Probes::opened(self.parts.numbers, self.line());
        if self.parts.lane == Lane::Control && self.parts.leg.door == Door::Quic {
            self.probes.follow();
        }
        self.judging = true;
    }

    pub(super) fn line(&self) -> LineTime {
        self.parts.clock.line()
    }

    /// The number of the newest probe: what is sent now is behind it.
    pub(super) fn newest(&self) -> u64 {
        self.probes.newest()
    }

    /// Something else than an answer shows that the relay read what was sent after this probe.
    pub(super) fn vouched(&mut self, probe: u64) {
        let now = self.line();
        self.probes.vouched(probe, now);
    }

    /// A question leaves on the lane's connection: it is followed like a frame that counts.
    pub(super) fn asks(&mut self) {
        let now = self.line();
        self.probes.sent(QUESTION_BYTES, now);
    }

    /// The relay has all that it was handed.
    pub(super) fn all_read(&mut self) {
        self.probes.all_read();
    }

    /// How many bytes may be sent now; an answer makes room.
    pub(super) fn room(&self) -> usize {
        self.probes.room()
    }

    /// Time until something is due.
    pub(super) fn rest(&self) -> Duration {
        self.probes.next_wake().since(self.line())
    }

    /// Whether a probe has left since this was last asked.
    pub(super) fn has_probed(&mut self) -> bool {
        std::mem::take(&mut self.probed)
    }

    /// What is due: a probe, a missed answer, the end; and what waited for room before.
    pub(super) async fn beat(&mut self) -> Result<(), LaneEnd> {
        self.judge().await?;
        self.pay();
        while let Some(input) = self.untold.pop_front() {
            self.tell(input).await?;
        }
        Ok(())
    }

    /// What the relay sent next; nothing, if it was a heartbeat that is dealt with. Nothing is lost if this is dropped.
    pub(super) async fn next(&mut self) -> Option<Taken> {
        if let Some(kept) = self.inbound.kept() {
            return Some(kept);
        }
        let owes = self.owed.is_some();
        tokio::select! {
            biased;
            taken = self.inbound.arrives() => self.note(taken),
            room = self.parts.out.clone().reserve_owned(), if owes => {
                self.pay_into(room.ok());
                None
            }
        }
    }

    /// A probe out of turn: a person wants a fresh round trip.
    pub(super) fn probe_asked_for(&mut self) {
        let now = self.line();
        let sequence = self.probes.probe_now(now);
        if self.asked_for.len() >= ASKED_FOR_MAX {
            self.asked_for.pop_first();
        }
        self.asked_for.insert(sequence);
        self.owe(sequence);
    }

    pub(super) fn keep(&mut self, taken: Taken) {
        if let Some(taken) = self.note(taken) {
            self.inbound.keep(taken);
        }
    }

    /// Deals with what a heartbeat says of probes; gives back what is left to deal with.
    fn note(&mut self, taken: Taken) -> Option<Taken> {
        let Ok(In::Heartbeat(heard)) = taken else {
            return Some(taken);
        };
        if heard.sequence > self.heard {
            self.heard = heard.sequence;
            self.owe(0);
        }
        let now = self.line();
        let answered = self.probes.answered(heard.answers, now);
        if let Some(change) = answered.change {
            self.judged(change);
        }
        if let Some(round_trip) = answered.round_trip {
            self.measured((now, round_trip), &heard);
        }
        let more = heard.checkpoint.is_some() || !heard.presence.is_empty() || !heard.cosigned.is_empty();
        more.then_some(Ok(In::Heartbeat(heard)))
    }

    fn measured(&mut self, (at, round_trip): (LineTime, Duration), heard: &v1::Heartbeat) {
        let asked_for = self.asked_for.remove(&heard.answers);
        if self.parts.lane != Lane::Control {
            return;
        }
        // Of what nobody asked for the newest is enough.
        self.untold
            .retain(|input| !matches!(input, Input::Heard { asked_for: false, .. }));
        self.say(Input::Heard {
            leg: self.parts.leg.clone(),
            at,
            round_trip,
            wall_ms: heard.wall_ms,
            tally: self.probes.tally(),
            asked_for,
        });
    }

    pub(super) fn judged(&mut self, change: Change) {
        if change.to == Health::Up {
            // The leg may be ending.
            let _ = self.parts.proved.send(true);
        }
        let tally = (self.parts.lane == Lane::Control).then(|| self.probes.tally());
        self.say(Input::Judged {
            leg: self.parts.leg.clone(),
            lane: self.parts.lane,
            change,
            tally,
        });
    }

    /// Tells the station now if it has room, and with the next beat otherwise.
    fn say(&mut self, input: Input) {
        if !self.untold.is_empty() {
            self.untold.push_back(input);
        } else if let Err(mpsc::error::TrySendError::Full(input)) = self.parts.station.try_send(input) {
            self.untold.push_back(input);
        }
    }

    /// A heartbeat is to leave: a probe with this number, or (with 0) an answer.
    pub(super) fn owe(&mut self, sequence: u64) {
        self.probed |= sequence > 0;
        self.owed = Some(self.owed.unwrap_or(0).max(sequence));
        self.pay();
    }

    pub(super) fn pay(&mut self) {
        let Some(sequence) = self.owed else { return };
        match self.parts.out.try_send(self.heartbeat(sequence)) {
            Err(mpsc::error::TrySendError::Full(_)) => {}
            // A stream that is closed ends the lane when its end is come to.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => self.owed = None,
        }
    }

    /// Pays into this room; there is none when the stream is closed.
    pub(super) fn pay_into(&mut self, room: Option<mpsc::OwnedPermit<v1::SessionRequest>>) {
        if let (Some(room), Some(sequence)) = (room, self.owed.take()) {
            room.send(self.heartbeat(sequence));
        }
    }

    fn heartbeat(&self, sequence: u64) -> v1::SessionRequest {
        let now = (self.parts.clock.wall(), self.parts.clock.line());
        v1::SessionRequest {
            frame: Some(Out::Heartbeat(heartbeat(sequence, self.heard, now))),
        }
    }
}

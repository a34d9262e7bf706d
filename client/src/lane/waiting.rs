//! Waiting on a lane: for room to send, for the station, for a proof. The lane's pulse goes on meanwhile.

use std::{future::Future, pin::pin, time::Duration};

use futures_util::Stream;
use hotline_core::{
    health::{Health, Numbers},
    time::LineTime,
};
use hotline_proto::v1::{self, session_request::Frame as Out};
use tokio::sync::mpsc;
use tonic::Status;

use super::{LaneEnd, late, pulse::Pulse};
use crate::input::Input;

impl<S: Stream<Item = Result<v1::SessionResponse, Status>> + Unpin> Pulse<'_, S> {
    /// Sends a frame of so many bytes, behind a heartbeat that is owed. When nothing more may be sent behind it, a probe
    /// follows it and asks for room.
    pub(super) async fn send_counted(&mut self, frame: Out, bytes: usize) -> Result<(), LaneEnd> {
        self.send(frame).await?;
        let now = self.line();
        self.probes.sent(bytes, now);
        if self.room() == 0 {
            let probe = self.probes.probe_now(now);
            self.owe(probe);
        }
        Ok(())
    }

    /// Sends a frame, behind a heartbeat that is owed.
    pub(super) async fn send(&mut self, frame: Out) -> Result<(), LaneEnd> {
        let mut request = v1::SessionRequest { frame: Some(frame) };
        self.pay();
        if self.owed.is_none() {
            request = match self.parts.out.try_send(request) {
                Ok(()) => return Ok(()),
                Err(mpsc::error::TrySendError::Full(request)) => request,
                Err(mpsc::error::TrySendError::Closed(_)) => return Err(closed()),
            };
        }
        loop {
            let room = self.parts.out.clone().reserve_owned();
            let within = Some(self.parts.numbers.down_after);
            let room = self.wait("nothing could be sent", within, room).await?;
            let room = room.map_err(|_| closed())?;
            if self.owed.is_some() {
                self.pay_into(Some(room));
            } else {
                room.send(request);
                return Ok(());
            }
        }
    }

    /// Tells the station.
    pub(super) async fn tell(&mut self, input: Input) -> Result<(), LaneEnd> {
        let told = match self.parts.station.try_send(input) {
            Ok(()) => return Ok(()),
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(input)) => {
                let station = self.parts.station.clone();
                let sent = async move { station.send(input).await.is_ok() };
                self.wait("the station did not listen", None, sent).await?
            }
        };
        // The engine ends first when the desk closes; the lane goes on to its goodbye.
        if told || self.parts.closing.is_cancelled() {
            Ok(())
        } else {
            Err(LaneEnd::Ours)
        }
    }

    /// Waits for what the lane cannot go on without, at most `within`, and lives on meanwhile. It ends as soon as the
    /// lane is down: a way that is cut in our direction only holds up calls and frames first.
    pub(super) async fn wait<T>(
        &mut self,
        lacking: &str,
        within: Option<Duration>,
        work: impl Future<Output = T>,
    ) -> Result<T, LaneEnd> {
        let mut work = pin!(work);
        let began = self.line();
        loop {
            self.judge().await?;
            let left = self.left(began, within);
            if left.is_zero() {
                return Err(LaneEnd::Silent(late(lacking, self.line().since(began))));
            }
            let owes = self.owed.is_some();
            let hears = self.inbound.has_room();
            let rest = if self.judging && hears {
                left.min(self.rest())
            } else {
                left
            };
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                taken = self.inbound.arrives(), if hears => self.keep(taken),
                room = self.parts.out.clone().reserve_owned(), if owes => self.pay_into(room.ok()),
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// How long a wait that began then may go on before it is looked at again; zero when it is over. While nothing can
    /// be taken up nothing is judged, and the time of the last answer bounds it.
    fn left(&self, began: LineTime, within: Option<Duration>) -> Duration {
        let Numbers {
            down_after,
            probe_every,
            ..
        } = *self.parts.numbers;
        // Only the station is waited for without a bound: it is this desk that stands still then, not the way.
        let Some(within) = within else { return probe_every };
        let mut until = began.after(within);
        if self.judging && !self.inbound.has_room() {
            // A process that stood still itself is given one probe's time.
            let down_at = self.probes.proven().after(down_after);
            until = until.min(down_at.max(began.after(probe_every)));
        }
        until.since(self.line())
    }

    /// Judges by the time. What is there already counts: an answer that lies unread is not missing.
    pub(super) async fn judge(&mut self) -> Result<(), LaneEnd> {
        if !self.judging || self.line() < self.probes.next_wake() {
            return Ok(());
        }
        while self.inbound.has_room() {
            let taken = tokio::select! {
                biased;
                taken = self.inbound.arrives() => taken,
                () = std::future::ready(()) => break,
            };
            self.keep(taken);
        }
        if !self.inbound.has_room() {
            return Ok(());
        }
        let now = self.line();
        let ticked = self.probes.tick(now);
        if let Some(change) = ticked.change {
            if change.to == Health::Down {
                return Err(LaneEnd::Silent(change.why.to_string()));
            }
            self.judged(change);
        }
        if let Some(sequence) = ticked.probe {
            self.owe(sequence);
        } else if ticked.follow {
            self.owe(0);
        }
        Ok(())
    }
}

fn closed() -> LaneEnd {
    LaneEnd::Transport("the stream is closed".into())
}

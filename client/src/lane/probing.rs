//! What a lane does beside statements: probes and answers, stored cursors, and what is fetched of a chain.

use std::{collections::VecDeque, future::Future, pin::Pin, time::Duration};

use bytes::Bytes;
use hotline_audit::Hash;
use hotline_core::{
    chain::Missing,
    health::{Change, Health},
    leg::Lane,
    time::LineTime,
};
use hotline_proto::{
    FRAME_BYTES_MAX,
    v1::{self, log_service_client::LogServiceClient, session_request::Frame as Out},
};

use super::{LaneEnd, LaneSession, late};
use crate::input::{Arrival, Input};

/// Refetches that wait for the one under way. 64: the station asks again for what is still missing.
const FETCHES_MAX: usize = 64;
/// Probes out of turn whose answers are awaited. 16: a person's, not a program's.
const ASKED_FOR_MAX: usize = 16;

/// What came of a fetch.
pub(super) struct Fetched {
    sender: String,
    missing: Missing,
    statements: Result<Vec<Bytes>, LaneEnd>,
}

/// Parts of a chain being fetched: one at a time, while the lane goes on.
#[derive(Default)]
pub(super) struct Fetching {
    now: Option<Pin<Box<dyn Future<Output = Fetched> + Send>>>,
    waiting: VecDeque<(String, Missing)>,
}

impl Fetching {
    /// The one under way, once it is done; never, while there is none.
    pub(super) async fn next(&mut self) -> Fetched {
        let Some(now) = &mut self.now else {
            return std::future::pending().await;
        };
        let fetched = now.await;
        self.now = None;
        fetched
    }
}

impl LaneSession<'_> {
    pub(super) fn line(&self) -> LineTime {
        self.context.seams.clock.line()
    }

    /// What time alone brings: a probe, a missed answer, the end.
    pub(super) async fn beat(&mut self) -> Result<(), LaneEnd> {
        let now = self.line();
        if now < self.probes.next_wake() {
            return Ok(());
        }
        let ticked = self.probes.tick(now);
        if let Some(change) = ticked.change {
            if change.to == Health::Down {
                return Err(LaneEnd::Silent(change.why.to_string()));
            }
            self.judged(change).await?;
        }
        match ticked.probe {
            Some(sequence) => self.probe(sequence).await,
            None => Ok(()),
        }
    }

    /// Waits for what the lane cannot go on without, and no longer than the lane may go without an answer: a way that is
    /// cut in our direction only holds up calls and frames first, and must not be called down any later for it. Answers
    /// that come meanwhile lie unread, so nothing else is judged here; and nothing at all before the greeting.
    pub(super) async fn while_alive<T>(
        &mut self,
        lacking: &str,
        within: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, LaneEnd> {
        let within = if self.greeted {
            let down_at = self.probes.proven().after(self.numbers.down_after);
            // A process that stood still itself is given one probe's time.
            within.min(down_at.since(self.line()).max(self.numbers.probe_every))
        } else {
            within
        };
        tokio::time::timeout(within, work)
            .await
            .map_err(|_| LaneEnd::Silent(late(lacking, within)))
    }

    async fn probe(&mut self, sequence: u64) -> Result<(), LaneEnd> {
        let heartbeat = self.heartbeat(sequence);
        self.send(Out::Heartbeat(heartbeat)).await?;
        self.acknowledge_cursor().await
    }

    /// A probe out of turn.
    pub(super) async fn probe_asked_for(&mut self) -> Result<(), LaneEnd> {
        let sequence = self.probes.probe_now(self.line());
        if self.asked_for.len() >= ASKED_FOR_MAX {
            self.asked_for.pop_first();
        }
        self.asked_for.insert(sequence);
        self.probe(sequence).await
    }

    fn heartbeat(&self, sequence: u64) -> v1::Heartbeat {
        let clock = &self.context.seams.clock;
        v1::Heartbeat {
            sequence,
            answers: self.heard,
            wall_ms: clock.wall().unix_ms(),
            line_ms: u64::try_from(clock.line().since_start().as_millis()).unwrap_or(u64::MAX),
            checkpoint: None,
            presence: Vec::new(),
        }
    }

    /// A heartbeat of the relay. Its probe is answered before anything else: what it says of its log may have to wait.
    pub(super) async fn heard_heartbeat(&mut self, heartbeat: v1::Heartbeat) -> Result<(), LaneEnd> {
        if heartbeat.sequence > self.heard {
            self.heard = heartbeat.sequence;
            let answer = self.heartbeat(0);
            self.send(Out::Heartbeat(answer)).await?;
        }
        let answered = self.probes.answered(heartbeat.answers, self.line());
        if let Some(change) = answered.change {
            self.judged(change).await?;
        }
        if let Some(wire) = &heartbeat.checkpoint {
            self.resolve(wire).await?;
        }
        self.heard_presence(heartbeat.presence).await?;
        let Some(round_trip) = answered.round_trip else {
            return Ok(());
        };
        let asked_for = self.asked_for.remove(&heartbeat.answers);
        if self.lane != Lane::Control {
            return Ok(());
        }
        self.tell(Input::Heard {
            leg: self.leg.clone(),
            round_trip,
            wall_ms: heartbeat.wall_ms,
            tally: self.probes.tally(),
            asked_for,
        })
        .await
    }

    async fn judged(&mut self, change: Change) -> Result<(), LaneEnd> {
        if change.to == Health::Up {
            // The leg may be ending.
            let _ = self.proved.send(true);
        }
        let tally = (self.lane == Lane::Control).then(|| self.probes.tally());
        self.tell(Input::Judged {
            leg: self.leg.clone(),
            lane: self.lane,
            change,
            tally,
        })
        .await
    }

    /// Tells the relay, with a probe, how far its mailbox is stored. A relay needs it only to forget, and as a sign that
    /// we read; a session that begins names its cursor itself.
    async fn acknowledge_cursor(&mut self) -> Result<(), LaneEnd> {
        let cursor = self.context.shares.of(&self.leg, self.lane).cursor;
        if cursor <= self.acknowledged {
            return Ok(());
        }
        self.acknowledged = cursor;
        let checkpoint_size = self.context.relay.log_size();
        self.send(Out::CursorAck(v1::CursorAck {
            cursor,
            checkpoint_size,
        }))
        .await
    }

    /// Asks this relay for what is missing, behind what was asked for before.
    pub(super) async fn refetch(&mut self, sender: String, missing: Missing) -> Result<(), LaneEnd> {
        if self.fetching.now.is_none() {
            self.fetch(sender, missing);
        } else if self.fetching.waiting.len() < FETCHES_MAX {
            self.fetching.waiting.push_back((sender, missing));
        } else {
            let leg = self.leg.clone();
            self.tell(Input::NotRefetched { leg, sender, missing }).await?;
        }
        Ok(())
    }

    fn fetch(&mut self, sender: String, missing: Missing) {
        let mut log =
            LogServiceClient::new(self.channel.channel()).max_decoding_message_size(FRAME_BYTES_MAX);
        let asked = v1::ChainRequest {
            sender: sender.clone(),
            epoch: missing.epoch,
            first: missing.first,
            last: missing.last(),
        };
        let within = self.numbers.hello;
        self.fetching.now = Some(Box::pin(async move {
            let statements = match tokio::time::timeout(within, log.chain(asked)).await {
                Ok(Ok(answer)) => Ok(answer.into_inner().statements),
                Ok(Err(status)) => Err(LaneEnd::Transport(status.to_string())),
                Err(_) => Err(LaneEnd::Silent(late("no part of a chain came", within))),
            };
            Fetched {
                sender,
                missing,
                statements,
            }
        }));
    }

    /// Hands on what the relay has of a chain.
    pub(super) async fn fetched(&mut self, fetched: Fetched) -> Result<(), LaneEnd> {
        if let Some((sender, missing)) = self.fetching.waiting.pop_front() {
            self.fetch(sender, missing);
        }
        let Fetched {
            sender,
            missing,
            statements,
        } = fetched;
        let statements = statements?;
        let whole = (statements.len() as u64) > missing.last().saturating_sub(missing.first);
        let arrivals = self.genuine(statements).await?;
        let (leg, lane) = (self.leg.clone(), self.lane);
        self.tell(Input::Arrived {
            leg: leg.clone(),
            lane,
            arrivals,
            cursor: 0,
            first_cursor: 0,
            checkpoint: None,
        })
        .await?;
        if whole {
            Ok(())
        } else {
            self.tell(Input::NotRefetched { leg, sender, missing }).await
        }
    }

    /// Those that a desk we trust signed; the others are an alarm.
    async fn genuine(&mut self, statements: Vec<Bytes>) -> Result<Vec<Arrival>, LaneEnd> {
        let mut arrivals = Vec::with_capacity(statements.len());
        for bytes in statements {
            let hash = Hash::of(&bytes);
            match self.context.check(&bytes, hash) {
                Ok(statement) => arrivals.push(Arrival {
                    bytes,
                    hash,
                    statement,
                }),
                Err(why) => {
                    let leg = self.leg.clone();
                    self.tell(Input::Forged { leg, hash, why }).await?;
                }
            }
        }
        Ok(arrivals)
    }
}

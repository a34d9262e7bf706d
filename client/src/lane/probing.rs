//! What a lane does beside statements: what heartbeats say, stored cursors, and what is fetched of a chain.

use std::{collections::VecDeque, future::Future, pin::Pin};

use bytes::Bytes;
use hotline_audit::{Hash, SignedStatement, statement::Payload};
use hotline_core::chain::Missing;
use hotline_proto::{
    FRAME_BYTES_MAX,
    v1::{self, log_service_client::LogServiceClient, session_request::Frame as Out},
};

use super::{LaneEnd, LaneSession, late};
use crate::input::{Arrival, Input};

/// Refetches that wait for the one under way. 64: the station asks again for what is still missing.
const FETCHES_MAX: usize = 64;

/// What came of a fetch.
pub(super) struct Fetched {
    asked: Asked,
    statements: Result<Vec<Bytes>, LaneEnd>,
}

/// A part of a chain that is asked for; how much of it a relay brings at once is the relay's to say.
#[derive(Clone, Debug)]
struct Asked {
    sender: String,
    missing: Missing,
    /// What of it is asked for now, from this place on.
    from: u64,
    /// Statements of it that came before.
    came: u64,
}

impl Asked {
    fn for_all(sender: String, missing: Missing) -> Self {
        let from = missing.first;
        Self {
            sender,
            missing,
            from,
            came: 0,
        }
    }

    /// After so many more, the last of which stands there: whether all came, and otherwise what is asked for next. A relay
    /// that brings nothing further has no more.
    fn after(mut self, more: usize, last: Option<u64>) -> Next {
        self.came = self.came.saturating_add(more as u64);
        if self.came > self.missing.last().saturating_sub(self.missing.first) {
            return Next::Whole;
        }
        match last.filter(|last| (self.from..self.missing.last()).contains(last)) {
            Some(last) => {
                self.from = last.saturating_add(1);
                Next::Ask(self)
            }
            None => Next::Lacking(self),
        }
    }
}

/// What follows an answer.
#[derive(Debug)]
enum Next {
    Whole,
    Ask(Asked),
    Lacking(Asked),
}

/// Parts of a chain being fetched: one at a time, while the lane goes on.
#[derive(Default)]
pub(super) struct Fetching {
    now: Option<Pin<Box<dyn Future<Output = Fetched> + Send>>>,
    waiting: VecDeque<Asked>,
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
    /// What a heartbeat says of the relay's log and of other desks; its probes are dealt with.
    pub(super) async fn heard_heartbeat(&mut self, heartbeat: v1::Heartbeat) -> Result<(), LaneEnd> {
        if let Some(wire) = &heartbeat.checkpoint {
            self.resolve(wire).await?;
        }
        self.heard_presence(heartbeat.presence).await?;
        self.heard_cosigned(heartbeat.cosigned).await
    }

    /// Tells the relay, with a probe, how far its mailbox is stored. A relay needs it only to forget, and as a sign that
    /// we read; a session that begins names its cursor itself.
    pub(super) async fn acknowledge_cursor(&mut self) -> Result<(), LaneEnd> {
        let cursor = self.context.shares.of(&self.leg, self.lane).cursor;
        if cursor <= self.acknowledged {
            return Ok(());
        }
        self.acknowledged = cursor;
        let checkpoint_size = self.context.relay.log_size();
        self.pulse
            .send(Out::CursorAck(v1::CursorAck {
                cursor,
                checkpoint_size,
            }))
            .await
    }

    /// Asks this relay for what is missing, behind what was asked for before.
    pub(super) async fn refetch(&mut self, sender: String, missing: Missing) -> Result<(), LaneEnd> {
        if self.fetching.now.is_none() {
            self.fetch(Asked::for_all(sender, missing));
        } else if self.fetching.waiting.len() < FETCHES_MAX {
            self.fetching.waiting.push_back(Asked::for_all(sender, missing));
        } else {
            let leg = self.leg.clone();
            self.pulse
                .tell(Input::NotRefetched { leg, sender, missing })
                .await?;
        }
        Ok(())
    }

    fn fetch(&mut self, asked: Asked) {
        let mut log =
            LogServiceClient::new(self.channel.channel()).max_decoding_message_size(FRAME_BYTES_MAX);
        let request = v1::ChainRequest {
            sender: asked.sender.clone(),
            epoch: asked.missing.epoch,
            first: asked.from,
            last: asked.missing.last(),
        };
        let within = self.numbers.hello;
        self.fetching.now = Some(Box::pin(async move {
            let statements = match tokio::time::timeout(within, log.chain(request)).await {
                Ok(Ok(answer)) => Ok(answer.into_inner().statements),
                Ok(Err(status)) => Err(LaneEnd::Transport(status.to_string())),
                Err(_) => Err(LaneEnd::Silent(late("no part of a chain came", within))),
            };
            Fetched { asked, statements }
        }));
    }

    /// Hands on what the relay has of a chain, and asks for the rest.
    pub(super) async fn fetched(&mut self, fetched: Fetched) -> Result<(), LaneEnd> {
        let Fetched { asked, statements } = fetched;
        let statements = statements?;
        let more = statements.len();
        let arrivals = self.genuine(statements).await?;
        let next = asked.after(more, arrivals.last().and_then(place_of));
        let (leg, lane) = (self.leg.clone(), self.lane);
        self.pulse
            .tell(Input::Arrived {
                leg: leg.clone(),
                lane,
                arrivals,
                cursor: 0,
                first_cursor: 0,
                checkpoint: None,
            })
            .await?;
        let lacking = match next {
            Next::Whole => None,
            Next::Ask(asked) => {
                self.fetching.waiting.push_front(asked);
                None
            }
            Next::Lacking(asked) => Some(asked),
        };
        if let Some(asked) = self.fetching.waiting.pop_front() {
            self.fetch(asked);
        }
        match lacking {
            None => Ok(()),
            Some(Asked { sender, missing, .. }) => {
                self.pulse
                    .tell(Input::NotRefetched { leg, sender, missing })
                    .await
            }
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
                    self.pulse.tell(Input::Forged { leg, hash, why }).await?;
                }
            }
        }
        Ok(arrivals)
    }
}

/// Its place in its sender's chain.
fn place_of(arrival: &Arrival) -> Option<u64> {
    if let Some(statement) = &arrival.statement {
        return Some(statement.header().sequence);
    }
    // A copy of bytes that were checked before.
    let signed = SignedStatement::parse(&arrival.bytes).ok()?;
    Some(Payload::parse(&signed).ok()?.header().sequence)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests")]
    use hotline_core::chain::End;

    use super::*;

    #[test]
    fn what_a_relay_brings_in_parts_is_asked_for_until_nothing_more_comes() {
        let missing = Missing {
            epoch: 1,
            first: 10,
            end: End::At(19),
        };
        let asked = Asked::for_all("desk".into(), missing);
        let Next::Ask(asked) = asked.after(4, Some(13)) else {
            panic!("it has brought a part");
        };
        assert_eq!(asked.from, 14);
        assert!(matches!(asked.clone().after(6, Some(19)), Next::Whole));
        for (more, last) in [(0, None), (5, Some(19)), (1, Some(13)), (1, Some(40))] {
            match asked.clone().after(more, last) {
                Next::Lacking(asked) => assert_eq!(asked.missing, missing, "as it was asked for"),
                other => panic!("{more} up to {last:?}: {other:?}"),
            }
        }
    }
}

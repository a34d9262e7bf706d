//! What a lane does beside statements: what heartbeats say, stored cursors, and what is fetched of a chain.

use std::{collections::VecDeque, future::Future, pin::Pin};

use bytes::Bytes;
use hotline_audit::Hash;
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
    /// What a heartbeat says of the relay's log and of other desks; its probes are dealt with.
    pub(super) async fn heard_heartbeat(&mut self, heartbeat: v1::Heartbeat) -> Result<(), LaneEnd> {
        if let Some(wire) = &heartbeat.checkpoint {
            self.resolve(wire).await?;
        }
        self.heard_presence(heartbeat.presence).await
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
            self.fetch(sender, missing);
        } else if self.fetching.waiting.len() < FETCHES_MAX {
            self.fetching.waiting.push_back((sender, missing));
        } else {
            let leg = self.leg.clone();
            self.pulse
                .tell(Input::NotRefetched { leg, sender, missing })
                .await?;
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
        if whole {
            Ok(())
        } else {
            self.pulse
                .tell(Input::NotRefetched { leg, sender, missing })
                .await
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

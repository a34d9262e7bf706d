//! One lane: one session stream with a relay, from hello to its end.
//!
//! The lane checks everything that can be checked without the desk's ledger: the relay's checkpoints against its view,
//! inclusion of what it shows, the signatures of what it brings. What passes goes to the station; the first thing that
//! does not pass ends the leg, with its reason. The lane sends what the station orders, in frames as large as fit.

mod cosigned;
mod inbound;
mod probing;
mod pulse;
#[cfg(test)]
mod tests;
mod waiting;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use hotline_audit::{
    Hash,
    check::{self, Verified},
    statement::Payload,
    tree,
};
use hotline_core::{
    chain::Missing,
    crash::{self, Point},
    health::Numbers,
    leg::{Lane, Leg},
    plant,
};
use hotline_proto::{
    CLOSING, FRAME_BYTES_MAX, FRAME_ITEMS_MAX, FRAME_PAYLOAD_SOFT_BYTES, SESSION_VERSION,
    v1::{
        self, log_service_client::LogServiceClient, relay_service_client::RelayServiceClient,
        session_request::Frame as Out, session_response::Frame as In,
    },
};
use hotline_transport::{LaneChannel, Refusal};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use self::pulse::{Parts, Pulse};
use crate::{
    input::{Arrival, Input, RelayAnswer},
    leg::{LegContext, Orders},
    logview::{LogFault, Observed, Seen, Update, greet},
    relay::{BASE_WITHIN, read_hashes, read_update},
};

/// How long a relay may take to end a session that said goodbye. 500 ms: a round trip between continents, twice; the relay
/// that has not heard it by then takes this desk for silent.
pub const GOODBYE_WITHIN: Duration = Duration::from_millis(500);
/// Proofs asked for one update. 4: each time other lanes must have linked a newer checkpoint in one round trip.
const PROOFS_ASKED_MAX: usize = 4;
/// Frames waiting for the transport.
const FRAMES_OUT_MAX: usize = 8;
/// Statements sent on one lane whose acceptance is awaited. The station's own bound is far lower.
const AWAITED_MAX: usize = 200_000;

/// What the station orders a lane to send.
#[derive(Clone, Debug)]
pub enum Order {
    /// Hand in this statement.
    Statement(Outbound),
    /// From now on bring this share.
    Subscribe(v1::Subscribe),
    /// Fetch what is missing in a sender's chain.
    Refetch {
        /// Whose chain.
        sender: String,
        /// What is missing.
        missing: Missing,
    },
    /// Probe now, out of turn: a person wants a fresh round trip.
    Probe,
}

/// A statement on its way out.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// The exact bytes.
    pub bytes: Bytes,
    /// Their SHA-256.
    pub hash: Hash,
    /// Their RFC 6962 leaf hash.
    pub leaf: Hash,
}

/// Why a lane ended.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LaneEnd {
    /// The transport says so; the leg knows more.
    #[error("{0}")]
    Transport(String),
    /// Nothing of ours was answered, or nothing could be sent, for too long.
    #[error("{0}")]
    Silent(String),
    /// The relay's log is not to be believed.
    #[error(transparent)]
    Log(#[from] LogFault),
    /// The relay broke the session's rules.
    #[error("the relay {0}")]
    Protocol(String),
    /// The relay closes.
    #[error("the relay closes: {0}")]
    Closing(String),
    /// Its certificate passes no more.
    #[error("{0}")]
    NotTrusted(Box<Refusal>),
    /// Our certificate was renewed.
    #[error("this desk shows its new certificate")]
    Renewed,
    /// The station closes.
    #[error("this desk closes")]
    Ours,
}

/// One lane's session.
pub(crate) struct LaneSession<'a> {
    context: &'a LegContext,
    leg: Leg,
    lane: Lane,
    channel: LaneChannel,
    pulse: Pulse<'a, Streaming<v1::SessionResponse>>,
    /// Size of the relay's log that this desk had seen when it said hello.
    asked_from: u64,
    /// Where this session's orders go; none once the station was told.
    orders_in: Option<Orders>,
    /// A statement that found no room in the frame before.
    held_back: Option<Order>,
    /// Statements whose acceptance is awaited: the leaf hash, and the probe before it.
    awaited: BTreeMap<Hash, (Hash, u64)>,
    numbers: &'static Numbers,
    fetching: probing::Fetching,
    /// The newest mailbox cursor that the relay was told is stored.
    acknowledged: u64,
}

/// Runs one lane until it ends; tells `proved` once it is up. The station is told where this session's orders go, and what
/// it orders comes by the other end.
pub(crate) async fn run(
    context: &LegContext,
    leg: Leg,
    lane: Lane,
    channel: LaneChannel,
    (orders_in, orders): (Orders, &mut mpsc::Receiver<Order>),
    proved: &watch::Sender<bool>,
) -> LaneEnd {
    let numbers = context.profile.numbers();
    let (out, frames) = mpsc::channel(FRAMES_OUT_MAX);
    let hello = context.hello(lane, &leg);
    let asked_from = hello.checkpoint_size;
    // The channel is new and empty: this cannot wait.
    let _ = out
        .send(v1::SessionRequest {
            frame: Some(Out::Hello(hello)),
        })
        .await;
    let mut service = RelayServiceClient::new(channel.channel())
        .max_decoding_message_size(FRAME_BYTES_MAX)
        .max_encoding_message_size(FRAME_BYTES_MAX);
    let opened = tokio::time::timeout(numbers.hello, service.session(ReceiverStream::new(frames))).await;
    let inbound = match opened {
        Ok(Ok(response)) => response.into_inner(),
        Ok(Err(status)) => return LaneEnd::Transport(status.to_string()),
        Err(_) => return LaneEnd::Transport(late("no answer to the session", numbers.hello)),
    };
    let parts = Parts {
        leg: leg.clone(),
        lane,
        numbers,
        clock: Arc::clone(&context.seams.clock),
        station: context.station.clone(),
        closing: context.seams.spawner.closing(),
        proved,
        out,
    };
    let session = LaneSession {
        context,
        leg,
        lane,
        channel,
        pulse: Pulse::new(parts, inbound),
        asked_from,
        orders_in: Some(orders_in),
        held_back: None,
        awaited: BTreeMap::new(),
        numbers,
        fetching: probing::Fetching::default(),
        acknowledged: 0,
    };
    match session.serve(orders).await {
        Ok(never) => match never {},
        Err(end) => end,
    }
}

impl LaneSession<'_> {
    async fn serve(
        mut self,
        orders: &mut mpsc::Receiver<Order>,
    ) -> Result<std::convert::Infallible, LaneEnd> {
        self.greet().await?;
        self.pulse.opened();
        let closing = self.context.seams.spawner.closing();
        loop {
            self.pulse.beat().await?;
            if self.pulse.has_probed() {
                self.acknowledge_cursor().await?;
            }
            let rest = self.pulse.rest();
            let room = self.pulse.room() > 0;
            tokio::select! {
                biased;
                () = closing.cancelled() => {
                    self.say_goodbye().await;
                    return Err(LaneEnd::Ours);
                }
                taken = self.pulse.next() => if let Some(frame) = taken {
                    self.take(frame?).await?;
                },
                // What the relay has not read yet stands before a probe's answer: the line is given no more than it can carry.
                order = next_order(&mut self.held_back, orders), if room => match order {
                    Some(order) => self.send_orders(order, orders).await?,
                    None => return Err(LaneEnd::Ours),
                },
                fetched = self.fetching.next() => self.fetched(fetched).await?,
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Tells the relay that this desk closes in good order, and waits until the relay has ended the session: it has heard.
    async fn say_goodbye(&mut self) {
        let goodbye = v1::Notice {
            code: CLOSING.into(),
            explanation: "this desk closes".into(),
        };
        if self.pulse.send(Out::Notice(goodbye)).await.is_ok() {
            let heard = async { while !matches!(self.pulse.next().await, Some(Err(_))) {} };
            // A relay that does not answer any more is told nothing.
            let _ = tokio::time::timeout(GOODBYE_WITHIN, heard).await;
        }
    }

    async fn greet(&mut self) -> Result<(), LaneEnd> {
        let frame = tokio::time::timeout(self.numbers.hello, self.pulse.inbound.arrives())
            .await
            .map_err(|_| LaneEnd::Transport(late("no hello", self.numbers.hello)))??;
        let In::Hello(hello) = frame else {
            return Err(LaneEnd::Protocol("did not open with a hello".into()));
        };
        if hello.version != SESSION_VERSION {
            return Err(LaneEnd::Protocol(format!(
                "speaks session version {}",
                hello.version
            )));
        }
        if hello.identity != self.context.relay.place.identity.to_string() {
            return Err(LaneEnd::Protocol(format!("calls itself {}", hello.identity)));
        }
        let instance = <[u8; 16]>::try_from(hello.ledger_instance.as_ref())
            .map_err(|_| LaneEnd::Protocol("names no ledger instance".into()))?;
        let seen = match &hello.checkpoint {
            Some(wire) => {
                greet(self.asked_from, wire.size)?;
                self.resolve(wire).await?
            }
            None => None,
        };
        let orders = self.orders_in.take().ok_or(LaneEnd::Ours)?;
        let answer = RelayAnswer {
            orders,
            instance,
            boot: hello.boot,
            key_exchange: self.channel.peer().key_exchange,
            accepting: if hello.accepting { None } else { Some(hello.reason) },
            mailbox_head: hello.mailbox_head,
            newest: hello
                .newest
                .and_then(|place| Some((place.epoch, place.sequence, Hash::from_slice(&place.sha256)?))),
            checkpoint: seen,
        };
        self.pulse
            .tell(Input::LaneUp {
                leg: self.leg.clone(),
                lane: self.lane,
                answer: Box::new(answer),
            })
            .await
    }

    async fn take(&mut self, frame: In) -> Result<(), LaneEnd> {
        match frame {
            In::Hello(_) => Err(LaneEnd::Protocol("said hello twice".into())),
            In::Accepted(accepted) => self.accepted(accepted).await,
            In::Refused(refused) => {
                let hash = Hash::from_slice(&refused.sha256)
                    .ok_or_else(|| LaneEnd::Protocol("refused a statement without naming it".into()))?;
                self.awaited.remove(&hash);
                self.pulse
                    .tell(Input::Refused {
                        leg: self.leg.clone(),
                        hash,
                        rule: refused.rule,
                        explanation: refused.explanation,
                        permanent: refused.permanent,
                    })
                    .await
            }
            In::Delivery(delivery) => self.delivery(delivery).await,
            In::Heartbeat(heartbeat) => self.heard_heartbeat(heartbeat).await,
            In::Notice(notice) => Err(LaneEnd::Closing(format!(
                "{}: {}",
                notice.code, notice.explanation
            ))),
        }
    }

    async fn accepted(&mut self, accepted: v1::Accepted) -> Result<(), LaneEnd> {
        let wire = accepted
            .checkpoint
            .ok_or_else(|| LaneEnd::Protocol("accepted without a checkpoint".into()))?;
        let Some(seen) = self.resolve(&wire).await? else {
            return Err(LaneEnd::Protocol("accepted under an empty checkpoint".into()));
        };
        let mut held = Vec::with_capacity(accepted.items.len());
        for item in accepted.items {
            let hash = Hash::from_slice(&item.sha256)
                .ok_or_else(|| LaneEnd::Protocol("accepted a statement without naming it".into()))?;
            // A copy that this session did not hand in is no news.
            let Some((leaf, probe)) = self.awaited.remove(&hash) else {
                continue;
            };
            self.pulse.vouched(probe);
            let proof = read_hashes(&item.inclusion)?;
            let holds = tree::verify_inclusion(&leaf, item.leaf_index, seen.size, &seen.root, &proof);
            if !holds && !plant::active("acceptance-without-proof") {
                return Err(LaneEnd::Protocol(format!(
                    "claims to hold {hash} at leaf {} without a proof that holds",
                    item.leaf_index
                )));
            }
            held.push((hash, item.leaf_index, proof));
        }
        if self.awaited.is_empty() {
            self.pulse.all_read();
        }
        self.pulse
            .tell(Input::Accepted {
                leg: self.leg.clone(),
                checkpoint: seen,
                held,
            })
            .await
    }

    async fn delivery(&mut self, delivery: v1::Delivery) -> Result<(), LaneEnd> {
        crash::at(Point::DeliveryReceived);
        let proven = match &delivery.checkpoint {
            Some(wire) => self.resolve(wire).await?,
            None => None,
        };
        let mut arrivals = Vec::with_capacity(delivery.items.len());
        let (mut cursor, mut first_cursor) = (0, 0);
        for (place, item) in delivery.items.into_iter().enumerate() {
            let hash = Hash::of(&item.statement);
            if let Some(seen) = &proven {
                let leaf = tree::leaf_hash(&item.statement);
                let proof = read_hashes(&item.inclusion)?;
                if !tree::verify_inclusion(&leaf, item.leaf_index, seen.size, &seen.root, &proof) {
                    return Err(LaneEnd::Protocol(format!(
                        "delivered {hash} without a proof that holds"
                    )));
                }
            }
            cursor = cursor.max(item.cursor);
            if first_cursor == 0 {
                first_cursor = item.cursor;
            }
            match self.context.check(&item.statement, hash) {
                Ok(Some(statement)) if proven.is_none() && !may_come_early(&statement) => {
                    return Err(LaneEnd::Protocol(format!(
                        "delivered {hash} without a checkpoint"
                    )));
                }
                Ok(statement) => arrivals.push(Arrival {
                    bytes: item.statement,
                    hash,
                    statement,
                }),
                Err(rule) => {
                    let (leg, why) = (self.leg.clone(), rule);
                    self.pulse.tell(Input::Forged { leg, hash, why }).await?;
                }
            }
            // Signatures cost tens of microseconds each; let heartbeats through between them.
            if place % 16 == 15 {
                tokio::task::yield_now().await;
            }
        }
        crash::at(Point::DeliveryVerified);
        self.pulse
            .tell(Input::Arrived {
                leg: self.leg.clone(),
                lane: self.lane,
                arrivals,
                cursor,
                first_cursor,
                checkpoint: proven,
            })
            .await
    }

    /// The checkpoint an update names, linked to the one stored last.
    async fn resolve(&mut self, wire: &v1::CheckpointUpdate) -> Result<Option<Seen>, LaneEnd> {
        if wire.size == 0 {
            return Ok(None);
        }
        let update = read_update(wire)?;
        let relay = &self.context.relay;
        let mut moved = relay.moved();
        let patience = Instant::now() + BASE_WITHIN;
        loop {
            moved.mark_unchanged();
            match relay.observe(&update)? {
                Observed::Linked(seen) => return Ok(Some(seen)),
                Observed::Overtaken => break,
                Observed::Waits => {}
            }
            let base = tokio::time::timeout_at(patience, moved.changed());
            if self.pulse.wait("no base", None, base).await?.is_err() {
                tracing::debug!(leg = %self.leg, lane = %self.lane, size = update.size, base = update.old_size, known = relay.log_size(), "the base of a checkpoint did not come; its proof is asked for");
                break;
            }
        }
        self.ask_proof(&update).await
    }

    /// Asks for the proof between what is shown and what is known; again if other lanes moved what is known meanwhile.
    async fn ask_proof(&mut self, update: &Update) -> Result<Option<Seen>, LaneEnd> {
        let relay = &self.context.relay;
        for _ in 0..PROOFS_ASKED_MAX {
            let known = relay.log_size();
            let between = (known.min(update.size), known.max(update.size));
            let proof = self.consistency(between).await?;
            if let Observed::Linked(seen) = relay.prove(update, between, &proof)? {
                return Ok(Some(seen));
            }
        }
        // Its note went out on a lane that is gone: a new session starts from a fresh checkpoint.
        Err(LaneEnd::Transport(
            "a checkpoint was lost with another lane".into(),
        ))
    }

    async fn consistency(&mut self, (old_size, new_size): (u64, u64)) -> Result<Vec<Hash>, LaneEnd> {
        let asked = v1::ProofRequest {
            proof: Some(v1::proof_request::Proof::Consistency(v1::ConsistencyRequest {
                old_size,
                new_size,
            })),
        };
        self.pulse.asks();
        let mut log = LogServiceClient::new(self.channel.channel());
        let proof = async move { log.proof(asked).await };
        let answered = self
            .pulse
            .wait("no proof", Some(self.numbers.hello), proof)
            .await?
            .map_err(|status| LaneEnd::Transport(status.to_string()))?;
        Ok(read_hashes(&answered.into_inner().hashes)?)
    }

    /// What the relay signed about desks' sessions: its own word only, checked like any statement.
    async fn heard_presence(&mut self, signed: Vec<Bytes>) -> Result<(), LaneEnd> {
        if signed.len() > FRAME_ITEMS_MAX {
            return Err(LaneEnd::Protocol(format!(
                "sent {} presences at once",
                signed.len()
            )));
        }
        let relay = self.context.relay.place.identity.to_string();
        let now = self.context.seams.clock.wall().unix_ms();
        for bytes in signed {
            let hash = Hash::of(&bytes);
            let said = match check::verify_presence(&bytes, &self.context.trust.rosters(), now) {
                Ok(said) if said.relay == relay => Ok(said),
                Ok(said) => Err(format!("it is the word of {}", said.relay)),
                Err(error) => Err(format!("{}: {error}", error.rule())),
            };
            let leg = self.leg.clone();
            self.pulse.tell(Input::Presence { leg, hash, said }).await?;
        }
        Ok(())
    }

    /// Sends this order and those waiting behind it, statements joined into frames. A statement that finds no room in the
    /// frame begins the next; the largest still passes, alone.
    async fn send_orders(&mut self, first: Order, orders: &mut mpsc::Receiver<Order>) -> Result<(), LaneEnd> {
        let room = self.pulse.room().min(FRAME_PAYLOAD_SOFT_BYTES);
        let mut next = Some(first);
        let mut statements = Vec::new();
        let mut size = 0;
        while let Some(order) = next {
            match order {
                Order::Statement(outbound)
                    if !statements.is_empty() && size + outbound.bytes.len() > room =>
                {
                    self.held_back = Some(Order::Statement(outbound));
                    break;
                }
                Order::Statement(outbound) => {
                    size += outbound.bytes.len();
                    if self.awaited.len() < AWAITED_MAX {
                        let place = (outbound.leaf, self.pulse.newest());
                        self.awaited.insert(outbound.hash, place);
                    }
                    statements.push(outbound.bytes);
                }
                Order::Subscribe(subscribe) => self.pulse.send(Out::Subscribe(subscribe)).await?,
                Order::Refetch { sender, missing } => self.refetch(sender, missing).await?,
                Order::Probe => self.pulse.probe_asked_for(),
            }
            if statements.len() >= FRAME_ITEMS_MAX || size >= room {
                break;
            }
            next = orders.try_recv().ok();
        }
        if statements.is_empty() {
            return Ok(());
        }
        self.pulse
            .send_counted(Out::Submission(v1::Submission { statements }), size)
            .await
            .inspect(|()| crash::at(Point::FrameSent))
    }
}

/// The next order: what found no room before, or what comes.
async fn next_order(held_back: &mut Option<Order>, orders: &mut mpsc::Receiver<Order>) -> Option<Order> {
    match held_back.take() {
        Some(order) => Some(order),
        None => orders.recv().await,
    }
}

fn late(what: &str, within: Duration) -> String {
    format!("{what} within {} ms", within.as_millis())
}

/// Receipts and acts may come before the relay's own commit: their signer has them on disk. Nothing else may.
fn may_come_early(statement: &Verified) -> bool {
    match &statement.payload {
        Payload::Receipt(_) | Payload::Act(_) => true,
        Payload::Message(_)
        | Payload::Annex(_)
        | Payload::Charter(_)
        | Payload::Service(_)
        | Payload::Watch(_)
        | Payload::Lifecycle(_) => false,
    }
}

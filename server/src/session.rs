//! One session: one lane of one leg, from hello to close.
//!
//! Two tasks. The *reader* takes frames in, commits what is handed in, and passes the outcomes on. The *writer* owns
//! the way out: outcomes, the desk's mailbox from its cursor on, receipts handed on early, and heartbeats. The mailbox
//! is pulled from the ledger as fast as the desk reads, so a slow reader costs no memory; one that reads nothing at all
//! is told, closed, and loses nothing. They share the lane's *pulse*: what the desk answers is noted when it is read, and
//! the lane is judged whatever reader and writer wait for.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use hotline_core::{
    health::Profile,
    leg::{Door, Lane},
};
use hotline_proto::{SESSION_VERSION, lane, v1};
use hotline_transport::PeerInfo;
use tokio::sync::{mpsc, watch};
use tonic::{Status, Streaming};

use crate::{
    intake::{self, Outcome, Turn},
    outlet::Outlet,
    presence::{Life, Presence},
    pulse::Pulse,
    reader::{Over, Reader},
    relay::Relay,
    writer::{self, Writer, WriterEnd},
};

/// Outcomes waiting for the writer, in frames handed in. 8: what a desk has in flight beyond that waits in the
/// transport's window.
const OUTCOMES_MAX: usize = 8;

/// Frames waiting for the transport; one more place is kept for the last word to a slow reader.
pub(crate) const FRAMES_OUT_MAX: usize = 4;

/// What the reader tells the writer.
pub(crate) enum News {
    Outcomes(Vec<Outcome>),
    Subscribe(v1::Subscribe),
}

/// What the gRPC handler streams to the desk.
pub(crate) type Frames = mpsc::Receiver<Result<v1::SessionResponse, Status>>;

/// Opens a session: reads the hello, answers it, and leaves the two tasks running.
///
/// # Errors
/// A status whose message names the rule. The connection itself stays usable.
pub async fn open(
    relay: &Arc<Relay>,
    peer: &PeerInfo,
    mut inbound: Streaming<v1::SessionRequest>,
) -> Result<Frames, Status> {
    let hello = first_frame(&mut inbound, relay.profile.numbers().hello).await?;
    let greeted = Greeted::judge(relay, peer, &hello)?;
    let (frames_in, frames) = mpsc::channel(FRAMES_OUT_MAX + 1);
    let (news_in, news) = mpsc::channel(OUTCOMES_MAX);
    let (over_in, over) = watch::channel(false);
    let pulse = Pulse::new(
        greeted.profile.numbers(),
        Arc::clone(&relay.seams.clock),
        writer::hears(relay, peer.identity.clone(), greeted.lane),
    );
    let pulse = Arc::new(if greeted.lane == Lane::Control && peer.door == Door::Quic {
        pulse.following()
    } else {
        pulse
    });
    let outlet = Outlet {
        out: frames_in,
        pulse: Arc::clone(&pulse),
        over,
        closing: relay.seams.spawner.closing(),
    };
    let mut writer = Writer::new(relay, peer.identity.clone(), &greeted, outlet);
    writer
        .greet()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;

    relay.seams.spawner.spawn("session reader", {
        let relay = Arc::clone(relay);
        let peer = peer.clone();
        let presence = Arc::clone(&greeted.presence);
        let lane = greeted.lane;
        async move {
            let closing = relay.seams.spawner.closing();
            tokio::select! {
                biased;
                () = closing.cancelled() => {}
                over = read(&relay, (&peer, lane), inbound, (&news_in, &pulse), &presence) => {
                    tracing::debug!(peer = %peer.identity, end = %over.why, "session over");
                    presence.ended(over.end);
                }
            }
            let _ = over_in.send(true);
        }
    });
    relay.seams.spawner.spawn("session writer", {
        let peer = peer.clone();
        let closer = relay.connections.clone();
        let lane = greeted.lane;
        let presence = greeted.presence;
        async move {
            let end = writer.run(news).await;
            match end {
                WriterEnd::Over => {}
                WriterEnd::SlowReader => {
                    // It does not hear it either: nothing of this leg is in our way when the desk comes back.
                    tracing::warn!(event = "slow_reader", peer = %peer.identity, door = peer.door.name(), ?lane, "closed a leg that reads nothing");
                    closer.close_connection(peer.connection, "nothing was read");
                }
                WriterEnd::Down => {
                    // Nobody may hear it. What is certain is that nothing of this leg is in our way when the desk comes back.
                    tracing::warn!(event = "leg_down", peer = %peer.identity, door = peer.door.name(), ?lane, "closed a leg that answers no probe");
                    closer.close_connection(peer.connection, "no probe was answered");
                }
            }
            drop(presence);
        }
    });
    Ok(frames)
}

async fn first_frame(
    inbound: &mut Streaming<v1::SessionRequest>,
    within: Duration,
) -> Result<v1::ClientHello, Status> {
    let frame = tokio::time::timeout(within, inbound.message())
        .await
        .map_err(|_| Status::deadline_exceeded(format!("NO_HELLO: no hello within {} s", within.as_secs())))??
        .ok_or_else(|| Status::invalid_argument("NO_HELLO: the stream ended before its hello"))?;
    match frame.frame {
        Some(v1::session_request::Frame::Hello(hello)) => Ok(hello),
        _ => Err(Status::invalid_argument(
            "NO_HELLO: the first frame of a session is its hello",
        )),
    }
}

/// A hello that was understood and let in.
pub(crate) struct Greeted {
    pub(crate) lane: Lane,
    pub(crate) stored_size: u64,
    pub(crate) subscribe: v1::Subscribe,
    /// By whose numbers the session is judged.
    pub(crate) profile: Profile,
    presence: Arc<Presence>,
}

impl Greeted {
    fn judge(relay: &Arc<Relay>, peer: &PeerInfo, hello: &v1::ClientHello) -> Result<Self, Status> {
        if hello.version_min > SESSION_VERSION || hello.version_max < SESSION_VERSION {
            return Err(Status::failed_precondition(format!(
                "VERSION: you speak session versions {} to {}, this relay speaks {SESSION_VERSION}",
                hello.version_min, hello.version_max
            )));
        }
        let lane = lane::from_wire(hello.lane)
            .ok_or_else(|| Status::invalid_argument("LANE: the hello names no lane"))?;
        let profile = Profile::from_wire(hello.profile).unwrap_or(relay.profile);
        if profile > relay.profile {
            return Err(Status::failed_precondition(format!(
                "PROFILE: you ask for profile {profile}, but the doors of this relay give up on a line sooner: its profile is {}; set profile = \"{profile}\" in its relay.toml",
                relay.profile
            )));
        }
        let ledger = <[u8; 16]>::try_from(hello.ledger_instance.as_ref())
            .map_err(|_| Status::invalid_argument("INSTANCE: a ledger instance is 16 bytes"))?;
        let life = Life {
            ledger,
            boot: hello.boot,
        };
        let presence = relay.enter(&peer.identity, life, peer.door, profile).map_err(|_| {
            tracing::warn!(event = "security", peer = %peer.identity, "a second instance of a connected desk was refused");
            Status::already_exists(format!(
                "INSTANCE: {} is connected with another ledger; stop that one first, or give this one an identity of its own",
                peer.identity
            ))
        })?;
        Ok(Self {
            lane,
            stored_size: hello.checkpoint_size,
            subscribe: hello.subscribe.unwrap_or_default(),
            profile,
            presence: Arc::new(presence),
        })
    }
}

/// Reads until the stream ends. Whatever comes shows that the desk is there. On the message and bulk lanes what is fresh
/// goes to the ledger in the order of the frames, so that messages are handed on as they were sent; on the control lane a
/// FLASH does not wait behind receipts.
async fn read(
    relay: &Relay,
    (peer, lane): (&PeerInfo, Lane),
    inbound: Streaming<v1::SessionRequest>,
    (news, pulse): (&mpsc::Sender<News>, &Pulse),
    presence: &Presence,
) -> Over {
    let inbound = inbound.inspect(|frame| {
        if frame.is_ok() {
            presence.heard();
        }
    });
    let mut next_turn = Turn::default();
    let take_in = |submission: v1::Submission| {
        let turn = match lane {
            Lane::Control => Turn::default(),
            Lane::Message | Lane::Bulk => {
                let behind = next_turn.behind();
                std::mem::replace(&mut next_turn, behind)
            }
        };
        async move { intake::take_in_turn(relay, &peer.identity, &submission.statements, turn).await }
    };
    Reader::new(inbound, news, pulse, take_in).read().await
}

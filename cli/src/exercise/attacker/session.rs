//! An attacker's session with a relay: let in, held, and what it is told.

use std::collections::BTreeMap;

use hotline_client::relay::RelayPlace;
use hotline_core::leg::{Door, Lane};
use hotline_proto::v1::{
    CheckpointRequest, SubmitRequest, log_service_client::LogServiceClient,
    relay_service_client::RelayServiceClient, submit_response::Answer,
};
use hotline_transport::{Dialer, LaneChannel, QuicLeg};

/// What a relay said of a statement.
pub(super) enum Told {
    /// It stands at this leaf of its log.
    Held(u64),
    /// It was refused: rule and explanation.
    Refused(String),
    /// There is no session any more.
    Closed,
}

/// A connection that a relay has let in.
pub(super) struct Session {
    relay: String,
    channel: LaneChannel,
    // Dropping it closes the connection.
    _leg: Option<QuicLeg>,
}

impl Session {
    /// Through a door; why not, if not.
    pub(super) async fn open(dialer: &Dialer, relay: &RelayPlace, door: Door) -> Result<Self, String> {
        let (channel, leg) = match door {
            Door::Tcp => {
                let channel = dialer.tcp(relay.tcp, &relay.identity, Lane::Message).await;
                (channel.map_err(|refusal| refusal.to_string())?, None)
            }
            Door::Quic => {
                let leg = dialer.quic(relay.quic, &relay.identity).await;
                let leg = leg.map_err(|refusal| refusal.to_string())?;
                let channel = leg.lane(Lane::Message).await.map_err(|ended| ended.to_string())?;
                (channel, Some(leg))
            }
        };
        let session = Self {
            relay: relay.identity.name().to_owned(),
            channel,
            _leg: leg,
        };
        // A relay's word is what shows that it has let us in.
        session.log_size().await;
        match session.channel.ended() {
            None => Ok(session),
            Some(ended) => Err(ended.to_string()),
        }
    }

    /// Whether it has not ended.
    pub(super) fn is_open(&self) -> bool {
        self.channel.ended().is_none()
    }

    /// The relay's name.
    pub(super) fn relay(&self) -> &str {
        &self.relay
    }

    /// Hands in a statement.
    pub(super) async fn hand_in(&self, bytes: &[u8]) -> Told {
        let request = SubmitRequest {
            statement: bytes.to_vec().into(),
        };
        let answer = RelayServiceClient::new(self.channel.channel())
            .submit(request)
            .await;
        match answer.ok().and_then(|answer| answer.into_inner().answer) {
            Some(Answer::Accepted(accepted)) => accepted
                .items
                .first()
                .map_or(Told::Closed, |item| Told::Held(item.leaf_index)),
            Some(Answer::Refused(refused)) => {
                Told::Refused(format!("{}: {}", refused.rule, refused.explanation))
            }
            None => Told::Closed,
        }
    }

    /// Leaves in the relay's log, as its newest note says; nothing is verified. 0 if it does not say.
    pub(super) async fn log_size(&self) -> u64 {
        let answer = LogServiceClient::new(self.channel.channel())
            .checkpoint(CheckpointRequest {})
            .await;
        let note = answer.map(|answer| answer.into_inner().note).unwrap_or_default();
        hotline_audit::Checkpoint::danger_parse_unverified(&note).map_or(0, |checkpoint| checkpoint.size)
    }
}

/// How the sessions stand, by relay: `north CLOSED, south OPEN`. A relay with any session open is OPEN.
pub(super) fn stand(sessions: &[Session]) -> String {
    let mut relays: BTreeMap<&str, bool> = BTreeMap::new();
    for session in sessions {
        let open = relays.entry(&session.relay).or_insert(false);
        *open |= session.is_open();
    }
    let each = relays.iter().map(|(relay, open)| {
        let stands = if *open { "OPEN" } else { "CLOSED" };
        format!("{relay} {stands}")
    });
    each.collect::<Vec<_>>().join(", ")
}

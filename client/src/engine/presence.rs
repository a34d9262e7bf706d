//! What relays say about the peer's sessions with them: the newest word of each, while the relay can be heard.

use hotline_audit::{Hash, statement::Presence};
use hotline_core::{
    duty::PresenceState,
    leg::{Leg, RelayName},
    text::inert_line,
};

use super::Engine;
use crate::{request::News, round::Round, status::PresenceStatus};

/// Desks of which one relay's word is kept. 64: what it sends in one heartbeat.
const DESKS_MAX: usize = 64;

impl Engine {
    /// Takes a relay's word about a desk. Copies come by each door; the latest claim stands.
    pub(super) fn heard_presence(
        &mut self,
        leg: &Leg,
        hash: Hash,
        said: Result<Presence, String>,
        round: &mut Round,
    ) {
        let said = match said {
            Ok(said) => said,
            Err(why) => {
                self.alarm(
                    "PRESENCE",
                    format!("{leg} brought a presence that is not believed: {why}"),
                    round,
                );
                return;
            }
        };
        let (now_ms, up) = (self.wall().unix_ms(), self.is_up(leg));
        let Some(state) = PresenceState::from_wire(said.state) else {
            return;
        };
        let Some(relay) = self.relays.get_mut(&leg.relay) else {
            return;
        };
        let known = relay.presence.get(&said.desk);
        let older = known.is_some_and(|known| known.claimed_ms >= said.claimed_time_ms);
        let no_room = known.is_none() && relay.presence.len() >= DESKS_MAX;
        // What was under way when the leg went down is no longer the relay's word of now.
        if older || no_room || !up {
            return;
        }
        let changed = known.is_none_or(|known| known.state != state.name());
        let status = PresenceStatus {
            state: state.name().into(),
            doors: said.doors.iter().map(|door| inert_line(door).text).collect(),
            since_ms: said.since_ms,
            claimed_ms: said.claimed_time_ms,
            heard_ms: now_ms,
            sha256: hash.to_string(),
        };
        if changed {
            round.news.push(News::Presence {
                relay: leg.relay.to_string(),
                desk: said.desk.clone(),
                state: status.state.clone(),
                since_ms: status.since_ms,
            });
        }
        relay.presence.insert(said.desk, status);
    }

    /// A relay that cannot be heard vouches for nobody; its first heartbeat tells everything again.
    pub(super) fn forget_presence(&mut self, name: &RelayName) {
        let heard = self
            .leg_status
            .iter()
            .any(|(leg, status)| status.up && leg.relay == *name);
        if !heard && let Some(relay) = self.relays.get_mut(name) {
            relay.presence.clear();
        }
    }

    fn is_up(&self, leg: &Leg) -> bool {
        self.leg_status.get(leg).is_some_and(|status| status.up)
    }
}

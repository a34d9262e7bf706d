//! What relays say about desks' sessions with them: the newest word of each while the relay can be heard, and its last word
//! once it was lost.
//!
//! A relay keeps nobody's presence on disk. One that is started again says nothing of a desk that it has not met until that
//! desk should have found it, and what it said before is then all that is known. So its last word of the desk at the other end
//! is kept on disk.

mod word;

use hotline_audit::{Hash, statement::Presence};
use hotline_core::{
    duty::PresenceState,
    leg::{Leg, RelayName},
    text::inert_line,
};

pub(super) use word::Word;

use super::Engine;
use crate::{memory, request::News, round::Round, status::PresenceStatus};

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
        let now_ms = self.wall().unix_ms();
        let Some(state) = PresenceState::from_wire(said.state) else {
            return;
        };
        // What was under way when the leg went down is no longer the relay's word of now.
        if !self.is_up(leg) {
            return;
        }
        let Some(relay) = self.relays.get_mut(&leg.relay) else {
            return;
        };
        let status = PresenceStatus {
            state: state.name().into(),
            doors: said.doors.iter().map(|door| inert_line(door).text).collect(),
            since_ms: said.since_ms,
            claimed_ms: said.claimed_time_ms,
            heard_ms: now_ms,
            there_ms: (state == PresenceState::Present).then_some(now_ms),
            sha256: hash.to_string(),
        };
        let news = News::Presence {
            relay: leg.relay.to_string(),
            desk: said.desk.clone(),
            state: status.state.clone(),
            since_ms: status.since_ms,
        };
        let is_peer = said.desk == self.config.peer.to_string();
        if relay.word.say(said.desk.clone(), status) {
            round.news.push(news);
            let status = relay.word.now().get(&said.desk);
            let record = status.and_then(|status| memory::presence_record(&leg.relay, &said.desk, status));
            // After a restart it is all that is known while the relay says nothing.
            round.records.extend(record.filter(|_| is_peer));
        }
    }

    /// A relay that cannot be heard vouches for nobody; its first heartbeat tells everything again.
    pub(super) fn lose_presence(&mut self, name: &RelayName) {
        let heard = self
            .leg_status
            .iter()
            .any(|(leg, status)| status.up && leg.relay == *name);
        if !heard && let Some(relay) = self.relays.get_mut(name) {
            relay.word.lose();
        }
    }

    fn is_up(&self, leg: &Leg) -> bool {
        self.leg_status.get(leg).is_some_and(|status| status.up)
    }
}

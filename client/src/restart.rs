//! What a running desk does not take over: the relays that it dials.
//!
//! Trust that is read anew counts at once. Relays and their addresses are part of how the station was opened (outbox,
//! cursors, legs), so they count from the next start on. What differs is said, instead of being left to be found out on
//! the day when the old relay is gone.

use hotline_core::identity::Identity;

use crate::relay::RelayPlace;

/// What a restart would change of the relays, in words: those that `now` names and this desk was not `opened` with, those
/// that are missing or elsewhere. One that its own side has `ended` is closed already, and no restart is needed for it.
pub(crate) fn needed_for(
    opened: &[RelayPlace],
    now: &[RelayPlace],
    ended: impl Fn(&Identity) -> bool,
) -> Vec<String> {
    let find = |among: &[RelayPlace], identity: &Identity| {
        among.iter().find(|place| place.identity == *identity).cloned()
    };
    let mut needed = Vec::new();
    for place in now {
        match find(opened, &place.identity) {
            None => needed.push(format!("{} is new", place.identity)),
            Some(before) if before != *place => needed.push(format!(
                "{} has moved to {} (quic) and {} (tcp)",
                place.identity, place.quic, place.tcp
            )),
            Some(_) => {}
        }
    }
    for place in opened {
        if find(now, &place.identity).is_none() && !ended(&place.identity) {
            needed.push(format!("{} is gone", place.identity));
        }
    }
    needed
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn place(name: &str, port: u16) -> RelayPlace {
        RelayPlace {
            identity: format!("spiffe://exercise.avelia.example/relay/{name}")
                .parse()
                .unwrap(),
            quic: ([127, 0, 0, 1], port).into(),
            tcp: ([127, 0, 0, 1], port).into(),
        }
    }

    #[test]
    fn a_relay_that_is_new_gone_or_elsewhere_is_said_and_one_that_was_ended_is_not() {
        let opened = [place("north", 1), place("south", 2), place("east", 3)];
        let needed = |now: &[RelayPlace]| needed_for(&opened, now, |identity| identity.name() == "east");
        assert_eq!(needed(&opened), Vec::<String>::new());
        let now = [place("west", 4), place("north", 5)];
        let said = needed(&now);
        let short: Vec<_> = said
            .iter()
            .map(|line| line.trim_start_matches("spiffe://exercise.avelia.example/relay/"))
            .collect();
        assert_eq!(
            short,
            [
                "west is new",
                "north has moved to 127.0.0.1:5 (quic) and 127.0.0.1:5 (tcp)",
                "south is gone"
            ]
        );
    }
}

//! What a station's screen tells, and what it does not tell again: a leg that is tried every second and stays down is one
//! line, and how often it was tried stands behind its next turn.

use std::collections::BTreeMap;

use hotline_client::request::News;

use crate::desk::print;

/// What was told of each leg.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeMap<String, Leg>);

#[derive(Debug, Default)]
struct Leg {
    state: String,
    /// How often the same was told again, and not shown.
    again: u32,
    /// It has been down since it was up, whatever it tried meanwhile.
    down: bool,
}

impl Told {
    /// The lines that news makes; none if they say nothing new. `attended`: whoever typed what was refused or stated is told
    /// by the verb.
    pub(super) fn lines(&mut self, news: &News, attended: bool) -> Vec<String> {
        match news {
            News::Leg { leg, state, .. } => self.leg(leg, state, news),
            News::Stated { .. } | News::Refused { .. } if attended => Vec::new(),
            other => vec![print::news(other)],
        }
    }

    fn leg(&mut self, leg: &str, state: &str, news: &News) -> Vec<String> {
        let known = self.0.entry(leg.to_owned()).or_default();
        let is_down = !matches!(state, "UP" | "SUSPECT" | "PROVING");
        // A leg that is down and tried is proved for a moment each time.
        if known.state == state || (known.down && (is_down || state == "PROVING")) {
            known.again += u32::from(is_down);
            return Vec::new();
        }
        let again = std::mem::take(&mut known.again);
        known.state = state.to_owned();
        known.down = is_down;
        let line = print::news(news);
        match again {
            0 => vec![line],
            times => vec![format!("{line} (it was tried {times} more times meanwhile)")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(state: &str) -> News {
        News::Leg {
            leg: "north/quic".into(),
            up: state == "UP",
            state: state.into(),
            why: "Connection reset".into(),
        }
    }

    #[test]
    fn a_leg_that_stays_down_is_told_once_and_how_often_it_was_tried_when_it_is_up() {
        let mut told = Told::default();
        assert_eq!(told.lines(&leg("UP"), true), ["leg north/quic is up"]);
        assert_eq!(
            told.lines(&leg("DOWN"), true),
            ["leg north/quic is down: Connection reset"]
        );
        for state in ["DOWN", "PROVING", "DOWN", "DOWN"] {
            assert!(told.lines(&leg(state), true).is_empty(), "{state}");
        }
        let up = told.lines(&leg("UP"), true);
        assert_eq!(up, ["leg north/quic is up (it was tried 3 more times meanwhile)"]);
        assert_eq!(told.lines(&leg("DOWN"), true).len(), 1);
    }
}

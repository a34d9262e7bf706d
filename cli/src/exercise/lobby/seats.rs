//! Seats and who is at them until the exercise starts: taken, lost, free again; and who is at control.

use hotline_core::identity::Identity;
use hotline_exercise::live::door::May;
use serde_json::json;

use super::{Known, Lobby, Shared};

/// How a seat stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// Somebody is in, and connected.
    In,
    /// Somebody is in, and is not connected now.
    Away,
    /// Nobody; a script plays there.
    Scripted,
    /// Nobody, and nobody would play there.
    Empty,
}

impl Stands {
    const fn words(self) -> &'static str {
        match self {
            Self::In => "is in",
            Self::Away => "is in, and not connected now",
            Self::Scripted => "is empty: its script plays",
            Self::Empty => "is empty, and has no script",
        }
    }
}

impl Shared {
    /// Who was there has gone: the seat can be given to others, and the certificate of before opens nothing any more.
    pub(super) fn free(&self, seat: &str) {
        let mut state = self.state();
        if state.seats.remove(seat).is_some() {
            let note = format!("whoever had taken seat {seat} was lost before the start");
            state.notes.push(note);
        }
        state
            .known
            .retain(|_, member| !matches!(&member.known, Known::Seat(line) if line.seat() == seat));
    }

    pub(super) fn stands(&self, seat: &str) -> Stands {
        let here = self
            .state()
            .seats
            .get(seat)
            .map(|seat| seat.line.here().is_some());
        match here {
            Some(true) => Stands::In,
            Some(false) => Stands::Away,
            None if self.has_script(seat) => Stands::Scripted,
            None => Stands::Empty,
        }
    }

    /// Who joined control: a name, and as what.
    fn at_control(&self) -> Vec<(String, &'static str)> {
        let state = self.state();
        let members = state.known.iter().filter_map(|(identity, member)| {
            let part = match &member.known {
                Known::Control(May::Order) => "controller",
                Known::Control(May::Look) => "observer",
                Known::Seat(_) => return None,
            };
            let name = identity
                .parse()
                .map(|identity: Identity| identity.name().to_owned());
            Some((name.ok()?, part))
        });
        members.collect()
    }
}

impl Lobby {
    /// Who is in.
    pub(super) fn who(&self) {
        for seat in self.shared.open_seats() {
            let how = self.shared.stands(&seat).words();
            self.say(
                "seat",
                json!({ "seat": seat, "how": how }),
                &format!("{seat} {how}"),
            );
        }
        for seat in self.shared.about.closed.keys() {
            let how = "is closed: its script plays";
            self.say(
                "seat",
                json!({ "seat": seat, "how": how }),
                &format!("{seat} {how}"),
            );
        }
        for (name, part) in self.shared.at_control() {
            let object = json!({ "name": name, "part": part });
            self.say("at-control", object, &format!("{name} is in, as {part}"));
        }
    }

    /// Whether somebody who is in is not connected.
    pub(super) fn is_anybody_away(&self) -> bool {
        let seats = self.shared.open_seats();
        seats.iter().any(|seat| self.shared.stands(seat) == Stands::Away)
    }

    /// What stands in the way of a start, each in a sentence.
    pub(super) fn lacking(&self) -> Vec<String> {
        let lacks = |seat: String| match self.shared.stands(&seat) {
            Stands::In | Stands::Scripted => None,
            Stands::Empty => Some(format!("nobody sits at {seat}, and no script plays there")),
            Stands::Away => Some(format!(
                "{seat} is not connected: have them type hotline desk join --again --dir seat-{seat}, or give \
                 the seat away with code {seat}"
            )),
        };
        self.shared.open_seats().into_iter().filter_map(lacks).collect()
    }
}

//! The control plane of an exercise that goes on: whoever had joined is known, and nobody else comes in.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use hotline_exercise::{
    live::{
        attend::{Attendance, CONTROLLER, OBSERVER},
        door::May,
        joined::Line,
    },
    scenario::Scenario,
};
use hotline_transport::Seams;
use serde_json::json;
use tokio::sync::mpsc;

use super::{About, EVENTS, Known, Lobby, Member, Shared, State, listen};
use crate::{
    exercise::{
        roll::{Listed, Roll},
        run::RunArgs,
    },
    exit::{self, Failure},
    pki::excon::plane::PlaneAuthority,
};

/// For how long it is told that a seat is back. 15 min: for so long a seat calls.
const TOLD_FOR: Duration = Duration::from_secs(15 * 60);

impl Lobby {
    /// Who joined, as it is written down.
    pub(in crate::exercise) fn roll(&self, notes: Vec<String>) -> Roll {
        let mut roll = Roll {
            at: self.at(),
            seats: BTreeMap::new(),
            control: Vec::new(),
            notes,
        };
        for (identity, Member { certificate, known }) in &self.shared.state().known {
            let listed = Listed::of(identity, certificate);
            match known {
                Known::Seat(line) => drop(roll.seats.insert(line.seat().to_owned(), listed)),
                Known::Control(may) => roll.control.push((listed, *may)),
            }
        }
        roll
    }

    /// Opens the control plane where it was, for those who had joined.
    ///
    /// # Errors
    /// If the address cannot be had: whoever joined calls there and nowhere else.
    pub(in crate::exercise) async fn again(
        scenario: &Arc<Scenario>,
        authority: PlaneAuthority,
        (roll, lines): (&Roll, BTreeMap<String, Line>),
        args: &RunArgs,
        seams: &Seams,
    ) -> Result<Self, Failure> {
        let tls = authority.listener(seams)?;
        let (events, heard) = mpsc::channel(EVENTS);
        let attendance = Attendance::default();
        let mut state = State {
            closed: true,
            ..State::default()
        };
        let seats = lines.into_iter();
        let seats = seats.filter_map(|(seat, line)| Some((roll.seats.get(&seat)?, Known::Seat(line))));
        let control = roll.control.iter();
        for (listed, known) in seats.chain(control.map(|(listed, may)| (listed, Known::Control(*may)))) {
            if let Known::Control(may) = known {
                attendance.returns(name(&listed.identity), part(may));
            }
            let certificate = listed.certificate();
            state
                .known
                .insert(listed.identity.clone(), Member { certificate, known });
        }
        let shared = Arc::new(Shared {
            scenario: Arc::clone(scenario),
            about: About::default(),
            authority,
            seams: seams.clone(),
            events,
            state: state.into(),
            attendance,
            enrolling: Mutex::default(),
        });
        let plane = listen(&shared, tls, roll.at).await.map_err(|error| {
            let what = format!("{}: {error}", roll.at);
            let help =
                "whoever joined calls there and nowhere else: end what has that address, and type it again";
            Failure::new("HL-EX-195", exit::OTHER, what, help).as_json(args.json)
        })?;
        Ok(Self {
            shared,
            plane,
            events: heard,
            args: args.live.clone(),
            json: args.json,
        })
    }

    /// Tells the facilitator what to wait for, and what to do then.
    pub(in crate::exercise) fn awaits(&self, args: &RunArgs) {
        let lines = self.lines();
        let seats: Vec<&str> = lines.iter().map(Line::seat).collect();
        let who = match seats.as_slice() {
            [] => "nobody sits elsewhere".to_owned(),
            seats => format!("seats call again by themselves: {}", seats.join(", ")),
        };
        let words = format!(
            "the exercise goes on and its story stands; {who}\nwhen everybody is back: hotline control resume --dir {}",
            args.out.display()
        );
        let object = json!({ "seats": seats, "at": self.at().to_string() });
        self.say("resumes", object, &words);
        let json = self.json;
        for line in lines {
            tokio::spawn(async move {
                if line.connected(TOLD_FOR).await.is_err() {
                    return;
                }
                let seat = line.seat();
                match json {
                    true => crate::say!("{}", json!({ "event": "back", "seat": seat })),
                    false => crate::say!("{seat} is back"),
                }
            });
        }
    }

    /// The seats of those who joined.
    fn lines(&self) -> Vec<Line> {
        let state = self.shared.state();
        let known = state.known.values();
        known
            .filter_map(|member| match &member.known {
                Known::Seat(line) => Some(line.clone()),
                Known::Control(_) => None,
            })
            .collect()
    }
}

/// The name in an identity: `rossi`.
fn name(identity: &str) -> &str {
    identity.rsplit('/').next().unwrap_or_default()
}

const fn part(may: May) -> &'static str {
    match may {
        May::Order => CONTROLLER,
        May::Look => OBSERVER,
    }
}

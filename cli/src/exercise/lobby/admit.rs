//! Somebody with a code, or without a right one.

use std::{io, time::Duration};

use data_encoding::BASE64;
use hotline_exercise::{
    join::{
        book::Part,
        code::{Code, NUMBER_MAX},
        pake::{self, End},
        words::{FromJoiner, LINE_MAX, ToJoiner},
    },
    live::{
        door::Answer,
        joined::words::ToSeat,
        plane::{Guest, LineReader, LineWriter, Place},
    },
    order::Refusal,
};

use super::{Event, Shared, joining::Joining};
use crate::exit::Failure;

/// How long each word may take that no person has to say. 15 s.
const SAYS_WITHIN: Duration = Duration::from_secs(15);
/// What is said of every code that does not fit, whatever the reason.
const WRONG: &str = "wrong code";
/// What is said where others take the place.
const CROWDED: &str = "too many join at this moment, from your address or at all: try again";
/// What is said where control failed.
const FAILED: &str = "control could not do its part; its own screen says why";

/// Why somebody is not let in.
pub(super) enum Out {
    /// They are told this.
    Refused(String),
    /// It is control's own fault: control is told all of it, and they that it failed. Paths of this machine are in it.
    Ours(Failure),
    /// They have gone.
    Gone(io::Error),
}

impl From<io::Error> for Out {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

impl Out {
    /// What they are told; nothing, where they have gone.
    fn told(&self) -> Option<&str> {
        match self {
            Self::Refused(what) => Some(what),
            Self::Ours(_) => Some(FAILED),
            Self::Gone(_) => None,
        }
    }

    /// What control is told.
    fn why(&self) -> String {
        match self {
            Self::Refused(what) => what.clone(),
            Self::Ours(failure) => format!("control itself failed: {}", failure.what),
            Self::Gone(error) => format!("they have gone: {error}"),
        }
    }
}

/// Takes somebody in who shows no certificate yet.
pub(super) async fn admit(shared: &Shared, guest: Guest) {
    let mut wire = Wire {
        reader: guest.reader,
        writer: guest.writer,
    };
    let from = guest.from;
    let proven = tokio::select! {
        proven = prove(shared, &guest.binding, &mut wire) => proven,
        () = over(&guest.place) => Err(Out::Refused(CROWDED.into())),
    };
    // Whoever has proven a code waits for people, and takes nobody's place.
    drop(guest.place);
    let (number, part, proven) = match proven {
        Ok(proven) => proven,
        Err(out) => {
            wire.refuse(&out).await;
            return shared.tell(Event::Out {
                number: None,
                who: format!("somebody at {from}"),
                why: out.why(),
            });
        }
    };
    let label = label(&part);
    let admitted = Joining {
        shared,
        number,
        part: &part,
        session: *proven.session(),
        from,
    };
    let proof = BASE64.encode(&proven.proof());
    match admitted.admit(proof, &mut wire).await {
        Ok(who) => shared.tell(Event::In { number, who }),
        Err(out) => {
            wire.refuse(&out).await;
            shared.tell(Event::Out {
                number: Some(number),
                who: label,
                why: out.why(),
            });
        }
    }
}

/// Waits until others take the place.
async fn over(place: &Option<Place>) {
    match place {
        Some(place) => place.over().await,
        None => std::future::pending().await,
    }
}

/// A controller or an observer who comes before the conductor is there.
pub(super) async fn not_yet(mut writer: LineWriter) {
    let refusal = Refusal::state("the exercise has not begun yet", "ask again behind STARTEX");
    let _ = writer.say(&Answer::refused(&refusal)).await;
}

/// One connection too many of somebody who has joined.
pub(super) async fn crowded(mut writer: LineWriter, seat: bool) {
    let what = "there are as many connections with this certificate as there may be";
    let _ = match seat {
        true => writer.say(&ToSeat::Refused { what: what.into() }).await,
        false => {
            let refusal = Refusal::state(what, "close windows that watch, and ask again");
            writer.say(&Answer::refused(&refusal)).await
        }
    };
}

/// Somebody with a certificate that opens nothing any more.
pub(super) async fn nobody(mut writer: LineWriter) {
    let what = "this seat was given to somebody else".to_owned();
    let _ = writer.say(&ToSeat::Refused { what }).await;
}

fn label(part: &Part) -> String {
    match part {
        Part::Seat(seat) => seat.clone(),
        Part::Controller => "control".into(),
        Part::Observer => "observer".into(),
    }
}

pub(super) struct Wire {
    pub(super) reader: LineReader,
    pub(super) writer: LineWriter,
}

impl Wire {
    pub(super) async fn heard(&mut self) -> Result<FromJoiner, Out> {
        Ok(self.reader.must(LINE_MAX, SAYS_WITHIN).await?)
    }

    async fn refuse(&mut self, out: &Out) {
        if let Some(what) = out.told() {
            let what = what.to_owned();
            let _ = self.writer.say(&ToJoiner::Refused { what }).await;
        }
    }
}

/// Whether they know a code that is open: its number, and what it is for. Of one that does not fit no more is said than that.
async fn prove(
    shared: &Shared,
    binding: &[u8; 32],
    wire: &mut Wire,
) -> Result<(u16, Part, pake::Shared), Out> {
    let wrong = || Out::Refused(WRONG.into());
    let FromJoiner::Knock { number, pake } = wire.heard().await? else {
        return Err(wrong());
    };
    let now = shared.seams.clock.line();
    let open = shared.state().book.attempt(number, now);
    // A code that is not open is answered like one that is: with one that nobody knows.
    let code = open.unwrap_or_else(|| {
        let number = number.clamp(1, NUMBER_MAX);
        Code::new(number, &mut |bytes| shared.seams.entropy.fill(bytes))
    });
    let (exchange, message) = pake::begin(End::Control, &code);
    let theirs = BASE64.decode(pake.as_bytes()).map_err(|_| wrong())?;
    let proven = exchange.finish(&theirs, binding).map_err(|_| wrong())?;
    let pake = BASE64.encode(&message);
    wire.writer.say(&ToJoiner::Pake { pake }).await?;
    let FromJoiner::Prove { proof } = wire.heard().await? else {
        return Err(wrong());
    };
    let proof = BASE64.decode(proof.as_bytes()).map_err(|_| wrong())?;
    proven.proven(&proof).map_err(|_| wrong())?;
    let part = shared.state().book.take(number).ok_or_else(wrong)?;
    Ok((number, part, proven))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_joins_hears_nothing_of_controls_own_machine() {
        let what = "/home/control/exercise-S1/stage/exercise.excon.example/ca.key: no room";
        let out = Out::Ours(Failure::new("HL-PKI-003", 1, what, ""));
        assert_eq!(out.told(), Some(FAILED));
        assert!(out.why().contains(what), "control is told all of it");
    }
}

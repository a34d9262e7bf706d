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
        plane::{Guest, LineReader, LineWriter},
    },
    order::Refusal,
};

use super::{Event, Shared, joining::Joining};

/// How long each word may take that no person has to say. 15 s.
const SAYS_WITHIN: Duration = Duration::from_secs(15);
/// What is said of every code that does not fit, whatever the reason.
const WRONG: &str = "wrong code";

/// Why somebody is not let in.
pub(super) enum Out {
    /// They are told this.
    Refused(String),
    /// They have gone.
    Gone(io::Error),
}

impl From<io::Error> for Out {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

impl Out {
    fn why(&self) -> String {
        match self {
            Self::Refused(what) => what.clone(),
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
    let (part, proven) = match prove(shared, &guest.binding, &mut wire).await {
        Ok(proven) => proven,
        Err(out) => {
            if let Out::Refused(what) = &out {
                wire.refuse(what).await;
            }
            let who = format!("somebody at {from}");
            return shared.tell(Event::Out { who, why: out.why() });
        }
    };
    let label = label(&part);
    let admitted = Joining {
        shared,
        part: &part,
        session: *proven.session(),
        from,
    };
    let proof = BASE64.encode(&proven.proof());
    match admitted.admit(proof, &mut wire).await {
        Ok(who) => shared.tell(Event::In { who }),
        Err(out) => {
            if let Out::Refused(what) = &out {
                wire.refuse(what).await;
            }
            shared.tell(Event::Out {
                who: label,
                why: out.why(),
            });
        }
    }
}

/// A controller or an observer who comes before the conductor is there.
pub(super) async fn not_yet(mut writer: LineWriter) {
    let refusal = Refusal::state("the exercise has not begun yet", "ask again behind STARTEX");
    let _ = writer.say(&Answer::refused(&refusal)).await;
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

    async fn refuse(&mut self, what: &str) {
        let what = what.to_owned();
        let _ = self.writer.say(&ToJoiner::Refused { what }).await;
    }
}

/// Whether they know a code that is open. Of one that does not fit no more is said than that.
async fn prove(shared: &Shared, binding: &[u8; 32], wire: &mut Wire) -> Result<(Part, pake::Shared), Out> {
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
    Ok((part, proven))
}

//! With a code to a certificate: both ends proven, keys made, words compared.

use std::{io, io::IsTerminal as _, time::Duration};

use clap::Args;
use data_encoding::BASE64;
use hotline_audit::Hash;
use hotline_core::text::inert_line;
use hotline_exercise::{
    join::{
        code::Ticket,
        keys::{KeyRequest, fingerprint},
        pake::{self, End},
        words::{FromJoiner, OFFER_MAX, Offer, ToJoiner},
    },
    live::plane::{LineReader, LineWriter, lines},
};
use hotline_transport::{Seams, plane};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{refused, unreachable};
use crate::{
    exit::{self, Failure},
    pki::{excon::plane::words_of, words::Fingerprint},
};

/// How long control's machine may take to answer at all.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);
/// How long each of control's answers may take that no person has to give.
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);
/// How long people may take to compare words. 10 minutes.
const COMPARED_WITHIN: Duration = Duration::from_secs(600);

/// What every join takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct JoinArgs {
    /// The code that control has read to you: 7-crossover-clock, with @HOST:PORT where it was printed.
    #[arg(value_name = "CODE")]
    pub ticket: Ticket,
    /// Control's words, as control has read them to you: nothing is asked.
    #[arg(long, value_name = "WORDS")]
    pub yes_words: Option<String>,
    /// Ask nothing: without --yes-words that ends the join.
    #[arg(long)]
    pub no_input: bool,
}

/// Somebody who is in.
pub(crate) struct Entered {
    pub(crate) offer: Offer,
    /// For the control plane, PEM.
    pub(crate) certificate: String,
    /// Control's roster.
    pub(crate) roster: String,
    /// What the exercise's folder is called at control.
    pub(crate) folder: String,
}

/// Joins: `make` makes the keys of what is offered, in the session.
///
/// # Errors
/// [`Failure`]: HL-EX-191 the code, 192 the words, 193 control cannot be reached, 194 it refuses.
pub(crate) async fn enter(
    args: &JoinArgs,
    json: bool,
    make: impl FnOnce(&Offer, &[u8; 32]) -> Result<KeyRequest, Failure>,
    seams: &Seams,
) -> Result<Entered, Failure> {
    let at = &args.ticket.at;
    let gone = |error: io::Error| unreachable(at, &error);
    let stream = connect(at).await.map_err(gone)?;
    let stream = plane::knock(seams, Box::new(stream)).await.map_err(gone)?;
    let binding = stream.binding;
    let (mut reader, mut writer) = lines(stream.stream);
    let (offer, session) = prove(args, &binding, &mut reader, &mut writer).await?;
    let request = serde_json::to_string(&make(&offer, &session)?).unwrap_or_default();
    let enrol = FromJoiner::Enrol {
        request: request.clone(),
    };
    writer.say(&enrol).await.map_err(gone)?;
    let same = compare(args, json, &offer, fingerprint(&session, &request)).await?;
    writer.say(&FromJoiner::Compared { same }).await.map_err(gone)?;
    if !same {
        return Err(differ());
    }
    match reader.must(OFFER_MAX, COMPARED_WITHIN).await.map_err(gone)? {
        ToJoiner::Enrolled {
            certificate,
            roster,
            folder,
        } => Ok(Entered {
            offer,
            certificate,
            roster,
            folder: inert_line(&folder).text,
        }),
        other => Err(no(&other)),
    }
}

/// Connects to `host:port`.
pub(crate) async fn connect(at: &str) -> io::Result<TcpStream> {
    let connecting = async {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "no such host");
        for place in lookup_host(at).await? {
            match TcpStream::connect(place).await {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    };
    timeout(CONNECTS_WITHIN, connecting).await?
}

/// Both ends know the code: what is offered, and what only they have.
async fn prove(
    args: &JoinArgs,
    binding: &[u8; 32],
    reader: &mut LineReader,
    writer: &mut LineWriter,
) -> Result<(Offer, [u8; 32]), Failure> {
    let gone = |error: io::Error| unreachable(&args.ticket.at, &error);
    let wrong = || refused("wrong code");
    let (exchange, message) = pake::begin(End::Joiner, &args.ticket.code);
    let knock = FromJoiner::Knock {
        number: args.ticket.code.number(),
        pake: BASE64.encode(&message),
    };
    writer.say(&knock).await.map_err(gone)?;
    let theirs = match reader.must(OFFER_MAX, ANSWERS_WITHIN).await.map_err(gone)? {
        ToJoiner::Pake { pake } => BASE64.decode(pake.as_bytes()).map_err(|_| wrong())?,
        other => return Err(no(&other)),
    };
    let shared = exchange.finish(&theirs, binding).map_err(|_| wrong())?;
    let proof = BASE64.encode(&shared.proof());
    writer.say(&FromJoiner::Prove { proof }).await.map_err(gone)?;
    match reader.must(OFFER_MAX, ANSWERS_WITHIN).await.map_err(gone)? {
        ToJoiner::Offer(offer) => {
            let proof = BASE64.decode(offer.proof.as_bytes()).map_err(|_| wrong())?;
            // Whoever does not know the code is not control.
            shared.proven(&proof).map_err(|_| wrong())?;
            Ok((*offer, *shared.session()))
        }
        other => Err(no(&other)),
    }
}

/// Whether the person here says that control's words are the same.
async fn compare(args: &JoinArgs, json: bool, offer: &Offer, ours: Hash) -> Result<bool, Failure> {
    let theirs = words_of(&offer.ca, &offer.root)?;
    let ours = Fingerprint(ours).words();
    if json {
        let object = serde_json::json!({
            "event": "words", "control": theirs, "yours": ours, "exercise": offer.exercise,
        });
        crate::say!("{object}");
    } else {
        crate::say!(
            "{}: {}",
            inert_line(&offer.exercise).text,
            inert_line(&offer.title).text
        );
        crate::say!("control's words: {theirs}");
        crate::say!("your words:      {ours}");
    }
    if let Some(expected) = &args.yes_words {
        return Ok(Fingerprint::same_words(&theirs, expected));
    }
    if args.no_input {
        let what = "control's words were not compared";
        let help = "have control read its words to you, and give them with --yes-words";
        return Err(Failure::new("HL-EX-192", exit::IDENTITY, what, help));
    }
    ask(&theirs).await
}

/// Asks at the terminal, or reads the answer from a pipe.
async fn ask(theirs: &str) -> Result<bool, Failure> {
    let terminal = io::stdin().is_terminal();
    let mut input = BufReader::new(tokio::io::stdin());
    if terminal {
        crate::say_part!("Read your words to control. Does control read the same words of its own? ");
    }
    loop {
        if terminal {
            crate::say_part!("yes or no: ");
        }
        let mut line = String::new();
        let read = input.read_line(&mut line).await;
        let read = read.map_err(|error| Failure::io("standard input", &error))?;
        if let Some(same) = answered(theirs, line.trim(), read == 0) {
            return Ok(same);
        }
    }
}

/// What a line answers; none if it is to be asked again: a slip of the hand spends no code.
fn answered(theirs: &str, line: &str, over: bool) -> Option<bool> {
    let is = |word: &str| line.eq_ignore_ascii_case(word);
    match line {
        _ if is("yes") || is("y") => Some(true),
        _ if is("no") || is("n") || over => Some(false),
        // Whoever types words means them.
        words if words.split_whitespace().count() > 1 => Some(Fingerprint::same_words(theirs, words)),
        _ => None,
    }
}

fn no(said: &ToJoiner) -> Failure {
    match said {
        ToJoiner::Refused { what } => refused(&inert_line(what).text),
        _ => refused("control says something else than it should"),
    }
}

fn differ() -> Failure {
    Failure::new(
        "HL-EX-192",
        exit::IDENTITY,
        "control's words are not those that control has read to you: somebody may be between",
        "tell control; it gives you a new code",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_enter_at_the_question_for_the_words_is_asked_again_and_no_is_no() {
        let theirs = "tumble crack dice burst blush crash crack flee";
        for (line, over, same) in [
            ("", false, None),
            ("ye", false, None),
            ("yes", false, Some(true)),
            ("Y", false, Some(true)),
            ("no", false, Some(false)),
            ("", true, Some(false)),
            (theirs, false, Some(true)),
            ("tumble crack", false, Some(false)),
        ] {
            assert_eq!(answered(theirs, line, over), same, "{line:?}");
        }
    }
}

//! `hotline desk state`: what the people of a seat judge, for control to write down. A person says it in words of their own
//! judgement: the desk copies nothing from its screen.

use clap::Args;
use hotline_client::request::{Answer, Request};
use hotline_core::channel::CauseKind;
use hotline_exercise::scenario::{
    lists::Label,
    player::{ANSWER, CAUSE, DTG, LABEL},
};

use super::{Common, load, print, seat::Seat};
use crate::exit::{self, Failure, Outcome};

/// `hotline desk state`.
#[derive(Debug, Args)]
pub struct StateArgs {
    #[command(flatten)]
    common: Common,
    /// About what: cause (why it is silent), label (how the line stands), answer, dtg, reviews, or what the exercise asks.
    what: String,
    /// What you say of it: NOT_DISPLAYED, UNRESPONSIVE; without it the words that may stand there are listed.
    is: Vec<String>,
}

/// Tells it to whoever watches this desk.
///
/// # Errors
/// A failure; HL-DESK-044 for a word that cannot stand there.
pub async fn run(args: StateArgs) -> Outcome {
    let config = load(&args.common)?;
    let is = judgement(&args).map_err(|failure| failure.as_json(args.common.json))?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let what = args.what.clone();
    let answer = seat.ask(Request::State { what, is }).await;
    seat.leave().await;
    match (answer?, args.common.json) {
        (answer, true) => print::object(&answer),
        (Answer::Done { what }, false) => crate::say!("you state {what}"),
        (_, false) => {}
    }
    Ok(exit::OK)
}

fn judgement(args: &StateArgs) -> Result<String, Failure> {
    let is = args.is.join(" ");
    let Some(words) = words_for(&args.what) else {
        return match is.is_empty() {
            true => Err(wrong(
                &args.what,
                "what you judge lacks",
                "state reviews A-0002".into(),
            )),
            false => Ok(is),
        };
    };
    let capitals = is.to_uppercase();
    match words.contains(&capitals.as_str()) {
        true => Ok(capitals),
        false => {
            let what = match is.is_empty() {
                true => "what you judge lacks".to_owned(),
                false => format!(
                    "\"{}\" is none of the words",
                    hotline_core::text::inert_line(&is).text
                ),
            };
            Err(wrong(&args.what, &what, format!("one of: {}", words.join(", "))))
        }
    }
}

fn wrong(about: &str, what: &str, help: String) -> Failure {
    let about = hotline_core::text::inert_line(about).text;
    Failure::new("HL-DESK-044", exit::USAGE, format!("state {about}: {what}"), help)
}

/// The words that may stand there; none where any may.
fn words_for(what: &str) -> Option<Vec<&'static str>> {
    Some(match what {
        CAUSE => CauseKind::ALL.iter().map(|kind| kind.name()).collect(),
        LABEL => Label::ALL.iter().map(|label| label.name()).collect(),
        ANSWER => vec!["LAPSED", "OPEN"],
        DTG => vec!["DOUBTED", "AS_CLAIMED"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        state: StateArgs,
    }

    fn read(line: &str) -> Result<String, Failure> {
        let words = ["state"].into_iter().chain(line.split(' '));
        judgement(&Line::try_parse_from(words).unwrap().state)
    }

    #[test]
    fn a_judgement_is_one_of_the_agreed_words_and_a_wrong_one_is_answered_with_them() {
        assert_eq!(read("cause not_displayed"), Ok("NOT_DISPLAYED".into()));
        assert_eq!(read("reviews A-0002, A-0004"), Ok("A-0002, A-0004".into()));
        let lacking = read("label").unwrap_err();
        assert!(lacking.help.contains("UNRESPONSIVE, DORMANT"), "{lacking:?}");
        assert!(read("cause lazy").unwrap_err().what.contains("\"lazy\" is none"));
    }
}

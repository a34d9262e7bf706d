//! `hotline control`: an exercise of this machine, or one that was joined, run by hand. Each verb but two signs an order with a controller's key
//! and hands it to the conductor; `status` and `watch` only look.
//!
//! What each order writes, and what it is refused for: `exercise/CONTROL.md`.

mod behind;
mod join;
mod order;
mod place;
pub(crate) mod print;
mod words;

pub(crate) use place::IDENTIFIER;
pub(crate) use words::moment;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hotline_core::story::Rate;
use hotline_exercise::{
    live::door::{Answer, Ask, Visit},
    order::Command,
    record::Rating,
};

use self::{place::Place, words::FaultArgs};
use crate::{
    exit::{self, Failure, Outcome},
    out::Reader,
};

/// What `control` takes.
#[derive(Debug, Args)]
pub struct ControlArgs {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    verb: Verb,
}

/// Which exercise, and who orders.
#[derive(Debug, Args)]
struct Common {
    /// The exercise's folder: the --out of hotline exercise run.
    #[arg(long, global = true, default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// Who signs; without it, the only controller there is.
    #[arg(long, global = true, value_name = "NAME")]
    controller: Option<String>,
    /// Print one object a line.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Joins an exercise from another terminal or machine, to order or to look.
    Join(join::ControlJoinArgs),
    /// How the exercise stands: three clocks, every inject, faults in force, seats.
    Status,
    /// Every record as it is written, until the exercise ends.
    Watch,
    /// The story stands: no inject comes, no player acts, the line goes on.
    Pause,
    /// The story goes on.
    Resume,
    /// The story runs at another rate: 0.1 to 60.
    Speed {
        /// Seconds of story in one of the line.
        rate: Rate,
    },
    /// Everything that has not been begun, and the planned end, later or earlier: 5m, -5m of story.
    Shift {
        /// By how much.
        #[arg(allow_hyphen_values = true, value_parser = words::signed)]
        by: i64,
    },
    /// Straight to a moment of the story, where the scenario allows it and only scripts play: 10m behind STARTEX.
    Leap {
        /// Which moment.
        #[arg(value_parser = words::moment)]
        to: u64,
    },
    /// This inject now, whatever the plan and pauses say.
    Fire {
        /// Its number.
        serial: String,
    },
    /// Not this inject.
    Skip {
        /// Its number.
        serial: String,
        /// Why.
        #[arg(default_value = "")]
        why: String,
    },
    /// This inject after all.
    Unskip {
        /// Its number.
        serial: String,
    },
    /// This inject later or earlier: 5m, -5m of story.
    Move {
        /// Its number.
        serial: String,
        /// By how much.
        #[arg(allow_hyphen_values = true, value_parser = words::signed)]
        by: i64,
    },
    /// This inject is approved; one that is overdue comes now.
    Publish {
        /// Its number.
        serial: String,
    },
    /// A person did this inject.
    Record {
        /// Its number.
        serial: String,
        /// What came of it.
        result: String,
    },
    /// Writes something down.
    Note {
        /// What.
        text: String,
        /// About which objective.
        #[arg(long, value_name = "ID")]
        objective: Option<String>,
    },
    /// Rates an objective: P without challenges, S some, M major, U unable.
    Rate {
        /// Which.
        objective: String,
        /// P, S, M or U.
        #[arg(value_parser = words::rating)]
        rating: Rating,
        /// Why.
        #[arg(default_value = "")]
        text: String,
    },
    /// Puts a fault on links.
    Fault(FaultArgs),
    /// Takes a fault off, by its name.
    Mend {
        /// Its name, as status shows it.
        name: String,
    },
    /// A finding, and what is to be done about it.
    Improve {
        /// What was found.
        finding: String,
        /// What is to be done.
        #[arg(long)]
        action: String,
        /// Who does it.
        #[arg(long)]
        owner: String,
        /// By when.
        #[arg(long)]
        due: String,
    },
    /// Signs the report off, behind ENDEX: it is no draft any more.
    SignOff {
        /// What is said with it.
        #[arg(default_value = "")]
        text: String,
    },
    /// ENDEX.
    End,
}

impl Verb {
    /// The order; none for what only looks.
    fn command(self) -> Option<Command> {
        Some(match self {
            Self::Join(_) | Self::Status | Self::Watch => return None,
            Self::Pause => Command::Pause,
            Self::Resume => Command::Resume,
            Self::Speed { rate } => Command::Speed {
                rate: rate.thousandths(),
            },
            Self::Shift { by } => Command::Shift { by_ms: by },
            Self::Leap { to } => Command::Leap { to_ms: to },
            Self::Fire { serial } => Command::Fire { serial },
            Self::Skip { serial, why } => Command::Skip { serial, why },
            Self::Unskip { serial } => Command::Unskip { serial },
            Self::Move { serial, by } => Command::Move { serial, by_ms: by },
            Self::Publish { serial } => Command::Publish { serial },
            Self::Record { serial, result } => Command::Record { serial, result },
            Self::Note { text, objective } => Command::Note { text, objective },
            Self::Rate {
                objective,
                rating,
                text,
            } => Command::Rate {
                objective,
                rating,
                text,
            },
            Self::Fault(fault) => Command::Fault(fault.word()),
            Self::Mend { name } => Command::Mend { name },
            Self::Improve {
                finding,
                action,
                owner,
                due,
            } => Command::Improve {
                finding,
                action,
                owner,
                due,
            },
            Self::SignOff { text } => Command::SignOff { text },
            Self::End => Command::End,
        })
    }
}

/// Runs the verb.
///
/// # Errors
/// A [`Failure`]: HL-EX-171 to 173 where an order is refused.
pub fn run(args: ControlArgs) -> Outcome {
    let json = args.common.json;
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("starting", &error))?;
    runtime
        .block_on(carry_out(args))
        .map_err(|failure| failure.as_json(json))
}

async fn carry_out(args: ControlArgs) -> Outcome {
    let ControlArgs { common, verb } = args;
    if let Verb::Join(args) = verb {
        return join::run(&args, &common).await;
    }
    let place = Place::find(&common.dir)?;
    let visit = place.visit().await?;
    let watch = matches!(verb, Verb::Watch);
    match (verb.command(), visit) {
        (Some(command), Some(visit)) => order::hand_in(&place, &common, &command, visit).await,
        (Some(command), None) => behind::order(&place, &common, &command),
        (None, Some(mut visit)) => {
            let standing = order::status(&mut visit).await?;
            place.saw(common.controller.as_deref(), &standing)?;
            print::standing(&standing, common.json)?;
            if watch {
                follow(&place, &common, visit).await?;
            }
            Ok(exit::OK)
        }
        (None, None) => {
            print::standing(&behind::standing(&place)?, common.json)?;
            Ok(exit::OK)
        }
    }
}

/// What a record of the end is.
const ENDEX: &str = "ENDEX";

/// Prints every record until the conductor goes or nobody reads.
async fn follow(place: &Place, common: &Common, mut visit: Visit) -> Result<(), Failure> {
    let failed = |error| Failure::io("the conductor", &error);
    visit.say(&Ask::Watch).await.map_err(failed)?;
    while let Some(answer) = visit.next().await.map_err(failed)? {
        match answer {
            Answer::Record(record) => {
                if record.kind == ENDEX {
                    place.ended()?;
                }
                if print::record(&record, common.json)? == Reader::Gone {
                    return Ok(());
                }
            }
            Answer::Missed { records } => eprintln!("{records} records were written too fast to show"),
            _ => {}
        }
    }
    Ok(())
}

//! `hotline desk join`: a seat of an exercise, from another terminal or machine.
//!
//! The keys of the desk and of its officers are made here and stay here. The desk runs here; the connection to control
//! brings what the person of this seat is told, and lets control look. If it breaks it is made again.

mod desk;
mod seat;

use std::path::PathBuf;

use clap::Args;
use hotline_core::identity::Identity;
use hotline_exercise::join::words::{Offer, PartWord};
use hotline_exercise::live::joined::folder::inside;
use hotline_transport::Seams;

use self::{desk::Sits, seat::Seated};
use crate::{
    exit::{self, Failure, Outcome},
    join::{
        enter::{self, JoinArgs},
        keys::Maker,
        place::{PLANE, PlanePlace},
        refused,
    },
    pki::{files, layout},
};

/// What `desk join` takes.
#[derive(Debug, Args)]
pub struct DeskJoinArgs {
    #[command(flatten)]
    join: Joins,
    /// The seat's folder; without it seat-NAME here.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Somebody looks: draw what comes in and sign DISPLAYED. On a terminal that is so by itself.
    #[arg(long)]
    attended: bool,
    /// Read verbs from standard input, though it is no terminal; somebody looks then.
    #[arg(long)]
    typed: bool,
    /// Print objects, one a line.
    #[arg(long)]
    json: bool,
}

/// With a code, or once more without.
#[derive(Debug, Args)]
struct Joins {
    #[command(flatten)]
    first: Option<JoinArgs>,
    /// Sit down again at a seat that was joined before: --dir names its folder.
    #[arg(long, requires = "dir", conflicts_with_all = ["ticket", "yes_words", "no_input"])]
    again: bool,
}

/// Joins, and plays until the exercise ends.
///
/// # Errors
/// A [`Failure`]: HL-EX-191 to 194.
pub async fn run(args: DeskJoinArgs) -> Outcome {
    let json = args.json;
    carry_out(args).await.map_err(|failure| failure.as_json(json))
}

async fn carry_out(args: DeskJoinArgs) -> Outcome {
    let seams = Seams::system();
    let (dir, place) = match (&args.join.first, &args.dir) {
        (Some(first), dir) => join(first, dir.as_ref(), args.json, &seams).await?,
        (None, Some(dir)) if args.join.again => again(dir)?,
        (None, _) => {
            let what = "a code is needed";
            let help = "hotline desk join CODE, as control has read it to you";
            return Err(Failure::new("HL-EX-191", exit::USAGE, what, help));
        }
    };
    let sits = match (args.typed, args.attended) {
        (true, _) => Sits::Typing,
        (false, true) => Sits::Looking,
        (false, false) => Sits::AsTheTerminalSays,
    };
    let seated = Seated::new(dir, place, sits, args.json)?;
    seated.play(&seams).await
}

/// Longest name of a seat, in bytes: that of a scenario's names.
const SEAT_MAX: usize = 32;

/// With a code: keys are made, and the seat's folder.
async fn join(
    args: &JoinArgs,
    dir: Option<&PathBuf>,
    json: bool,
    seams: &Seams,
) -> Result<(PathBuf, PlanePlace), Failure> {
    let mut made = None;
    let make = |offer: &Offer, session: &[u8; 32]| {
        let PartWord::Seat { seat, desk, officers } = &offer.part else {
            return Err(refused("this code is for control: hotline control join"));
        };
        // It becomes the name of a folder, of a person whom control need not be a friend of.
        if seat.len() > SEAT_MAX || seat.contains('/') || inside(seat).is_none() {
            return Err(refused("the seat that control offers has no plain name"));
        }
        let folder = dir.cloned().unwrap_or_else(|| format!("seat-{seat}").into());
        files::refuse_filled(&folder).map_err(|error| {
            Failure::new(
                error.code(),
                error.exit_code(),
                exit::chain(&error),
                "--dir, a new folder",
            )
        })?;
        let mut maker = Maker::new(seams, session);
        let mut request = maker.plane(&PathBuf::from(PLANE))?;
        let officers: Result<Vec<Identity>, Failure> =
            officers.iter().map(|officer| identity(officer)).collect();
        let (desk, officers) = maker.seat(&identity(desk)?, &officers?)?;
        (request.desk, request.officers) = (Some(desk), officers);
        made = Some((folder, maker.done()));
        Ok(request)
    };
    let entered = enter::enter(args, json, make, seams).await?;
    let (folder, made) = made.ok_or_else(|| refused("nothing was offered"))?;
    made.write(&folder)?;
    let place = PlanePlace::write(&folder, &args.ticket.at, &entered)?;
    Ok((folder, place))
}

/// Once more, with the folder of before.
fn again(dir: &std::path::Path) -> Result<(PathBuf, PlanePlace), Failure> {
    let nobody = || {
        let what = format!("nobody has joined from {}", dir.display());
        Failure::new("HL-EX-194", exit::CONFIG, what, "hotline desk join CODE")
    };
    let place = PlanePlace::find(dir)?.ok_or_else(nobody)?;
    Ok((dir.to_owned(), place))
}

fn identity(text: &str) -> Result<Identity, Failure> {
    text.parse()
        .map_err(|error| refused(&format!("control offers {text}: {error}")))
}

/// The settings of a desk in a seat's folder.
fn settings(dir: &std::path::Path, desk: &Identity) -> PathBuf {
    let domain = dir.join(desk.domain().as_str());
    domain.join("desk").join(desk.name()).join(layout::DESK_SETTINGS)
}

//! `hotline control join`: a controller or an observer at another terminal or machine. Afterwards every verb of
//! `hotline control` works from the folder that is made here.

use std::path::{Path, PathBuf};

use clap::Args;
use hotline_exercise::join::words::{Offer, PartWord};
use hotline_transport::Seams;

use super::{Common, IDENTIFIER, place::STAGE};
use crate::{
    exit::{self, Failure, Outcome},
    join::{
        enter::{self, Entered, JoinArgs},
        keys::{Made, Maker},
        place::{PLANE, PlanePlace},
        refused,
    },
    pki::{
        PkiError,
        excon::DOMAIN,
        files::{self, Audience},
        layout,
    },
};

/// What `control join` takes. The folder is `--dir`; without it `control-NAME` here.
#[derive(Debug, Args)]
pub(super) struct ControlJoinArgs {
    #[command(flatten)]
    join: JoinArgs,
    /// How you are called in the records.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Look, and order nothing.
    #[arg(long)]
    observe: bool,
}

/// Joins.
pub(super) async fn run(args: &ControlJoinArgs, common: &Common) -> Outcome {
    let seams = Seams::system();
    let dir = match common.dir == Path::new(".") {
        true => PathBuf::from(format!("control-{}", args.name)),
        false => common.dir.clone(),
    };
    let stage = dir.join(STAGE);
    files::refuse_filled(&dir).map_err(|error| failed(&error))?;
    let mut made = None;
    let make = |offer: &Offer, session: &[u8; 32]| {
        let mut maker = Maker::new(&seams, session);
        let mut request = maker.plane(Path::new(PLANE))?;
        request.name.clone_from(&args.name);
        match (&offer.part, args.observe) {
            (PartWord::Controller, false) => {
                let identity = format!("spiffe://{DOMAIN}/control/{}", args.name);
                let file = Path::new(DOMAIN).join(layout::CONTROL).join(&args.name);
                request.control = Some(maker.control(file.join(layout::CONTROL_KEY), &identity));
            }
            (PartWord::Observer, true) => {}
            (PartWord::Controller, true) => {
                return Err(refused("this code is for a controller: leave --observe out"));
            }
            (PartWord::Observer, false) => return Err(refused("this code is for an observer: --observe")),
            (PartWord::Seat { seat, .. }, _) => {
                return Err(refused(&format!(
                    "this code is for seat {seat}: hotline desk join"
                )));
            }
        }
        made = Some(maker.done());
        Ok(request)
    };
    let entered = enter::enter(&args.join, common.json, make, &seams).await?;
    let made = made.ok_or_else(|| refused("nothing was offered"))?;
    write(&stage, &entered, &made, &args.join.ticket.at)?;
    tell(args, common, &dir);
    Ok(exit::OK)
}

fn write(stage: &Path, entered: &Entered, made: &Made, at: &str) -> Result<(), Failure> {
    let domain = stage.join(DOMAIN);
    let trust = domain.join(layout::TRUST).join(DOMAIN);
    let make = |folder: &Path| files::make_folder(folder).map_err(|error| failed(&error));
    make(&trust)?;
    make(&domain.join(layout::CONTROL))?;
    made.write(stage)?;
    let offer = &entered.offer;
    let mut texts = vec![
        (domain.join(layout::ROOT_PUBLIC), &offer.root),
        (trust.join(layout::ROOT_PUBLIC), &offer.root),
        (stage.join(IDENTIFIER), &offer.exercise),
    ];
    if !entered.roster.is_empty() {
        texts.push((domain.join(layout::ROSTER), &entered.roster));
        texts.push((trust.join(layout::ROSTER), &entered.roster));
    }
    for (path, text) in texts {
        files::write_new(&path, text.as_bytes(), Audience::Anybody).map_err(|error| failed(&error))?;
    }
    PlanePlace::write(stage, at, entered).map(drop)
}

fn tell(args: &ControlJoinArgs, common: &Common, dir: &Path) {
    let dir = dir.display();
    if common.json {
        crate::say!(
            "{}",
            serde_json::json!({ "event": "joined", "dir": dir.to_string() })
        );
        return;
    }
    let what = if args.observe { "look" } else { "look and order" };
    crate::say!("you are {} and may {what}, behind STARTEX:", args.name);
    crate::say!("  hotline control status --dir {dir}");
    crate::say!("  hotline control watch --dir {dir}");
}

fn failed(error: &PkiError) -> Failure {
    Failure::new(error.code(), error.exit_code(), exit::chain(error), error.help())
}

//! Orders behind ENDEX: nobody conducts any more. The record goes into control's log, and the report is made again.

use std::sync::Arc;

use hotline_exercise::{
    live::behind::{Behind, BehindError},
    log::ExconLog,
    order::{Authority, Command, Standing},
    scenario,
};
use hotline_transport::Seams;

use super::{Common, Place, order, print};
use crate::{
    exercise::{evidence, report},
    exit::{self, Failure, Outcome},
};

/// How the exercise stands, by its log.
pub(super) fn standing(place: &Place) -> Result<Standing, Failure> {
    let seams = Seams::system();
    Ok(open(place, &seams)?.standing(seams.clock.wall()))
}

/// Signs an order, writes it behind the last record, and makes the report again.
pub(super) fn order(place: &Place, common: &Common, command: &Command) -> Outcome {
    let seams = Seams::system();
    let controller = place.controller(common.controller.as_deref())?;
    let mut behind = open(place, &seams)?;
    let excon = place.excon()?;
    // Nothing is turned any more: whoever orders has seen all there is.
    let seen = behind.standing(seams.clock.wall()).heads;
    let signed = order::sign(
        &excon,
        &controller,
        command,
        order::expects(command, &seen),
        &seams,
    )?;
    let done = behind.order(signed, seams.clock.wall());
    let standing = behind.standing(seams.clock.wall());
    drop(behind);
    // What was refused is in the log as well.
    let folder = place.dir.join(evidence::FOLDER);
    evidence::renew_control(&excon, &folder)?;
    report::renew(&folder, &place.dir)?;
    let record = done.map_err(|error| failed(&error))?;
    print::done(&record, &standing, common.json)?;
    Ok(exit::OK)
}

/// Opens the log. Not while it is somebody else's: before the door opens and behind ENDEX until the report is made.
fn open(place: &Place, seams: &Seams) -> Result<Behind, Failure> {
    if !place.dir.join(report::PAGE).is_file() {
        return Err(Failure::new(
            "HL-EX-171",
            exit::USAGE,
            "nobody conducts this exercise now, and it has no report yet",
            "wait until hotline exercise run has opened its stage, or has made the report; if it was ended in the middle: hotline exercise resume DIR",
        ));
    }
    let excon = place.excon()?;
    let file = place.stage.join("scenario.toml");
    let text =
        std::fs::read_to_string(&file).map_err(|error| Failure::io(&file.display().to_string(), &error))?;
    let scenario = scenario::parse("scenario.toml", &text).map_err(|errors| {
        let what = format!("{}: {errors}", file.display());
        Failure::new(
            "HL-EX-181",
            exit::CONFIG,
            what,
            "use the hotline program that played it",
        )
    })?;
    let authority = Authority {
        rosters: order::rosters(&excon)?,
        exercise: excon.exercise.clone(),
        conductor: excon.conductor.to_string(),
    };
    let log = ExconLog::open(&excon.station, excon.keys(seams)?)
        .map_err(|error| failed(&BehindError::from(error)))?;
    Behind::open(log, Arc::new(scenario), authority).map_err(|error| failed(&error))
}

fn failed(error: &BehindError) -> Failure {
    match error {
        BehindError::Refused(refusal) => order::refused(&refusal.code(), &refusal.what, &refusal.help),
        other => Failure::new(
            "HL-EX-152",
            exit::OTHER,
            exit::chain(other),
            "wait until hotline exercise run has ended",
        ),
    }
}

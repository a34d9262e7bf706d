//! Each leg alone: what the line does when nothing else carries.
//!
//! All other legs of both desks are cut both ways, and the desks have seen it, before anything is sent. Together, the legs
//! hide one another: a leg whose copies are never the first has no times of its own.

use std::time::Duration;

use hotline_core::leg::{Door, Leg, RelayName};
use hotline_faults::live::{Direction, Fault};
use tokio::time::sleep;

use crate::bench::{
    error::BenchError,
    line::{
        Line, WHOLE_WITHIN,
        links::{Desk, LinkName},
        relays::Which,
        standing::Standing,
    },
    measure::open::{self, Plan},
    progress,
    report::run::Run,
};

/// How often the desks are asked whether they have seen it.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// A run over each leg of the line, named after it.
///
/// # Errors
/// If a leg cannot be cut, the desks do not see it, or the line does not come back.
pub async fn each(line: &mut Line, plan: Plan) -> Result<Vec<Run>, BenchError> {
    let legs = legs()?;
    let mut runs = Vec::new();
    for leg in &legs {
        progress(&format!("{leg} alone, {} messages …", plan.messages));
        for other in legs.iter().filter(|other| *other != leg) {
            for desk in [Desk::A, Desk::B] {
                let link = LinkName {
                    desk,
                    leg: other.clone(),
                };
                line.links()?
                    .break_off(&link, &Fault::Partition, Direction::Both)?;
            }
        }
        until_alone(line, leg).await?;
        let run = open::alone(line.sender(), plan, &leg.to_string()).await;
        line.links()?.rig().clear();
        runs.push(run?);
        line.wait_until_whole(0).await?;
    }
    Ok(runs)
}

fn legs() -> Result<Vec<Leg>, BenchError> {
    let mut legs = Vec::new();
    for which in Which::ALL {
        let relay = RelayName::parse(which.name()).map_err(|error| BenchError::Ended(error.to_string()))?;
        legs.extend(Door::ALL.map(|door| Leg::new(relay.clone(), door)));
    }
    Ok(legs)
}

/// Waits until both desks have this leg and no other.
async fn until_alone(line: &mut Line, leg: &Leg) -> Result<(), BenchError> {
    let (name, start) = (leg.to_string(), line.sender().now());
    loop {
        let standing = Standing::ask(line).await?;
        let alone = standing
            .desks
            .iter()
            .all(|desk| desk.legs.iter().all(|(known, leg)| leg.up == (*known == name)));
        if alone {
            return Ok(());
        }
        if line.sender().now().since(start) > WHOLE_WITHIN {
            return Err(BenchError::NotWhole {
                within: WHOLE_WITHIN,
                state: format!("{name} does not carry alone"),
            });
        }
        sleep(ASK_EVERY).await;
    }
}

//! `hotline status`: how the line stands, plain words first, and what proves it.

mod print;

use clap::Args;
use hotline_client::status::LineStatus;
use serde_json::{Value, json};

use crate::{
    desk::{self, Common, seat::Seat},
    exit::{self, Failure, Outcome},
};

pub use print::{channel, rekey, standing, story};

/// `hotline status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    common: Common,
}

/// Shows how the line stands. Exit code 5 if no relay can be reached.
///
/// # Errors
/// A failure.
pub fn run(args: StatusArgs) -> Outcome {
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("starting", &error))?;
    runtime.block_on(carry_out(args))
}

/// The same, where a runtime runs already.
///
/// # Errors
/// A failure.
pub async fn carry_out(args: StatusArgs) -> Outcome {
    let common = &args.common;
    let mut seat = Seat::open(desk::load(common)?, common.json).await?;
    let status = seat.status().await;
    seat.leave().await;
    let status = status?;
    if common.json {
        desk::print::object(&object(&status));
    } else {
        crate::say_part!("{}{}", standing(&status), desk::print::status(&status));
    }
    Ok(if status.legs_up() == 0 {
        exit::UNREACHABLE
    } else {
        exit::OK
    })
}

/// The `--json` object: label, cause and axes on top, legs, relays and counters under `line`.
fn object(status: &LineStatus) -> Value {
    let mut line = json!(status);
    let standing = line
        .as_object_mut()
        .and_then(|line| line.remove("standing"))
        .unwrap_or_default();
    let mut object = standing;
    if let Some(fields) = object.as_object_mut() {
        fields.insert("desk".into(), json!(status.desk));
        fields.insert("peer".into(), json!(status.peer));
        fields.insert("exercise".into(), json!(status.exercise));
        fields.insert("line".into(), line);
    }
    object
}

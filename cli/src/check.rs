//! `hotline check`: a comm check of people, over the real path, crypto and log. A TEST message of neutral words, released
//! by one officer; a person of the other desk answers ROGER within 5 minutes.

use std::time::Duration;

use clap::Args;
use hotline_client::{compose::Wording, request::Request};
use hotline_core::{
    commcheck::human::{ANSWER_DUE, hour_of, text_of},
    precedence::Precedence,
    time::WallTime,
    words::{Answer, Function, ResponseAttribute, TrafficClass},
};

use crate::{
    desk::{
        self, Common, duration,
        seat::Seat,
        send::{self, WaitArgs},
    },
    exit::{Failure, Outcome},
};

/// How long the verb waits unless it is told: whoever sits at the other desk has answered by then, and the officer who sent
/// the check has other things to do.
const WAIT: Duration = Duration::from_secs(30);

/// `hotline check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    common: Common,
    /// The releasing officer; without it, the first of this seat who may release.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
    /// How long to wait here for the answer: 0s, 60s, 5m. Without it 30s; the answer is due within 5m and counts until then.
    #[arg(long, value_parser = duration, value_name = "TIME")]
    wait: Option<Duration>,
}

/// Sends a check and waits for its answer. Exit code 6 if nobody has answered when the wait is over.
///
/// # Errors
/// A failure.
pub fn run(args: CheckArgs) -> Outcome {
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("starting", &error))?;
    runtime.block_on(async {
        let common = &args.common;
        let mut seat = Seat::open(desk::load(common)?, common.json).await?;
        let done = check(&mut seat, common, &args).await;
        seat.leave().await;
        done
    })
}

async fn check(seat: &mut Seat, common: &desk::Common, args: &CheckArgs) -> Outcome {
    let hour = hour_of(seat.seams.clock.wall());
    let wording = Wording {
        // The other desk rings, and its people are called again after 10 minutes.
        precedence: Precedence::Immediate,
        class: TrafficClass::Test,
        function: Function::Query,
        response: ResponseAttribute::Roger,
        channel: String::new(),
        refers_to: None,
        answer: None::<Answer>,
        text: text_of(hour).to_owned(),
        expires_ms: 0,
        safety_of_life: false,
        respond_by_ms: 0,
        contact: None,
    };
    let sheet = send::sign(seat, common, &wording, args.officer.as_deref(), None)?;
    let view = seat.message(Request::Release { sheet }).await?;
    let due = match seat.status().await?.story {
        Some(story) => story.real(ANSWER_DUE),
        None => ANSWER_DUE / seat.config.human_time_factor,
    };
    let wait = args.wait.unwrap_or(WAIT.min(due));
    let within = u64::try_from(due.as_millis()).unwrap_or(u64::MAX);
    let by = WallTime::from_unix_ms(seat.seams.clock.wall().unix_ms().saturating_add(within));
    if !common.json {
        eprintln!(
            "{}: the answer is due by {}; waiting {} s for it; later: hotline desk show {}{}",
            view.name,
            by.rfc3339(),
            wait.as_secs(),
            view.name,
            common.typed()
        );
    }
    send::finish(seat, common, view, &WaitArgs::answered(wait, by)).await
}

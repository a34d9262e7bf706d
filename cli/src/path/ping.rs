//! `hotline path ping`: fresh round trips, by the running station or by legs of one's own.

use std::{collections::BTreeMap, time::Duration};

use clap::Args;
use hotline_client::{
    config::DeskConfig,
    request::{Answer, Ping, Request},
};
use hotline_core::{health::Profile, text::inert_line};
use serde::Serialize;

use crate::{
    desk::{self, Common, print, seat::Seat},
    exit::{self, Failure, Outcome},
};

/// Between two rounds. 200 ms: somewhat faster than the line probes by itself.
const ROUND_EVERY: Duration = Duration::from_millis(200);
/// The least time an answer is waited for: past anything that is no outage on `lan`.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// `hotline path ping`.
#[derive(Debug, Args)]
pub struct PingArgs {
    #[command(flatten)]
    common: Common,
    /// Only this leg, as north/quic; all without it.
    #[arg(long, value_name = "LEG")]
    leg: Option<String>,
    /// So many rounds.
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// Wait so long for an answer: 2s, or twice the longest wait of the line's profile.
    #[arg(long, value_name = "TIME", value_parser = desk::duration)]
    within: Option<Duration>,
}

/// What one leg's rounds came to.
#[derive(Debug, Default, Serialize)]
struct Sum {
    sent: u32,
    answered: u32,
    /// The share without an answer.
    loss: f64,
    least_ms: Option<f64>,
    mean_ms: Option<f64>,
    most_ms: Option<f64>,
    state: String,
    /// Why the last one was not answered; empty if it was.
    why: String,
}

impl Sum {
    fn take(&mut self, ping: &Ping) {
        self.sent += 1;
        self.state.clone_from(&ping.state);
        self.why.clone_from(&ping.why);
        if let Some(ms) = ping.round_trip_ms {
            let before = f64::from(self.answered);
            self.answered += 1;
            self.least_ms = Some(self.least_ms.map_or(ms, |least| least.min(ms)));
            self.most_ms = Some(self.most_ms.map_or(ms, |most| most.max(ms)));
            self.mean_ms = Some((self.mean_ms.unwrap_or(0.0) * before + ms) / (before + 1.0));
        }
        self.loss = 1.0 - f64::from(self.answered) / f64::from(self.sent);
    }

    fn line(&self, leg: &str) -> String {
        let counts = format!("{leg:<14} {} of {} answered", self.answered, self.sent);
        match (self.least_ms, self.mean_ms, self.most_ms) {
            (Some(least), Some(mean), Some(most)) => {
                format!("{counts}, least {least:.2} ms, mean {mean:.2} ms, most {most:.2} ms")
            }
            _ => format!("{counts}: {} ({})", self.state, inert_line(&self.why).text),
        }
    }
}

/// Runs the verb.
///
/// # Errors
/// A failure; 5 if no leg answered, 11 if some did not.
pub async fn run(args: PingArgs) -> Outcome {
    let config = desk::load(&args.common)?;
    let within = args.within.unwrap_or_else(|| patience(&config));
    let json = args.common.json;
    let mut seat = Seat::open(config, json).await?;
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for round in 1..=args.count {
        if round > 1 {
            tokio::time::sleep(ROUND_EVERY).await;
        }
        let legs = match ask(&mut seat, args.leg.clone(), within).await {
            Ok(legs) => legs,
            Err(failure) => {
                seat.leave().await;
                return Err(failure);
            }
        };
        for (leg, ping) in &legs {
            sums.entry(leg.clone()).or_default().take(ping);
        }
        say(round, &legs, json);
    }
    seat.leave().await;
    if json {
        print::object(&serde_json::json!({ "sum": sums }));
    } else {
        crate::say!();
        for (leg, sum) in &sums {
            crate::say!("{}", sum.line(leg));
        }
    }
    let answered = sums.values().filter(|sum| sum.answered > 0).count();
    Ok(if answered == sums.len() {
        exit::OK
    } else if answered == 0 {
        exit::UNREACHABLE
    } else {
        exit::REDUNDANCY
    })
}

fn patience(config: &DeskConfig) -> Duration {
    let far = config.profiles.values().chain([&config.profile]).max();
    let longest = far.copied().unwrap_or(Profile::Lan).numbers().answer_max;
    ANSWER_WITHIN.max(longest * 2)
}

async fn ask(
    seat: &mut Seat,
    leg: Option<String>,
    within: Duration,
) -> Result<BTreeMap<String, Ping>, Failure> {
    let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
    match seat.ask(Request::Ping { leg, within_ms }).await? {
        Answer::Pings { legs } => Ok(legs),
        _ => Err(Failure::new(
            "HL-PATH-003",
            exit::OTHER,
            "the station did not answer with round trips",
            "use the hotline program of the same version as the station",
        )),
    }
}

fn say(round: u32, legs: &BTreeMap<String, Ping>, json: bool) {
    if json {
        print::object(&serde_json::json!({ "round": round, "legs": legs }));
        return;
    }
    for (leg, ping) in legs {
        match ping.round_trip_ms {
            Some(ms) => crate::say!("{round:>3}  {leg:<14} {ms:>9.2} ms  {}", ping.state),
            None => crate::say!(
                "{round:>3}  {leg:<14} no answer  {}: {}",
                ping.state,
                inert_line(&ping.why).text
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn ping(round_trip_ms: Option<f64>, state: &str, why: &str) -> Ping {
        Ping {
            round_trip_ms,
            state: state.into(),
            why: why.into(),
        }
    }

    #[test]
    fn a_sum_tells_least_mean_most_and_loss() {
        let mut sum = Sum::default();
        for ms in [1.0, 3.0, 2.0] {
            sum.take(&ping(Some(ms), "UP", ""));
        }
        sum.take(&ping(None, "SUSPECT", "no answer within the time"));
        assert_eq!((sum.sent, sum.answered), (4, 3));
        assert_eq!(
            sum.line("north/quic"),
            "north/quic     3 of 4 answered, least 1.00 ms, mean 2.00 ms, most 3.00 ms"
        );
        assert!((sum.loss - 0.25).abs() < 1e-9);
    }

    #[test]
    fn a_leg_without_any_answer_says_why() {
        let mut sum = Sum::default();
        sum.take(&ping(None, "DOWN", "unreachable: connection refused"));
        assert_eq!(
            sum.line("south/tcp"),
            "south/tcp      0 of 1 answered: DOWN (unreachable: connection refused)"
        );
    }
}

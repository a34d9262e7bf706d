//! `hotline fault clock`: setting the wall clock of an EXERCISE relay or desk wrong on purpose.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use hotline_client::{
    config::DeskConfig,
    request::{Answer, Request},
    socket::Connection,
};
use hotline_core::identity::World;
use hotline_faults::value;
use hotline_server::{
    config::RelayConfig,
    control::{ControlAnswer, ControlRequest, socket_of},
};
use serde_json::json;

use super::wrong;
use crate::exit::{self, Failure, Outcome};

/// How long the answer may take.
const WITHIN: Duration = Duration::from_secs(5);

/// `hotline fault clock`.
#[derive(Debug, Args)]
pub(super) struct ClockArgs {
    /// How much later the clock shall show, like 2h; earlier with a minus, like -90s; 0s is right again.
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    offset: String,
    /// The settings of the relay or desk that runs.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Print one object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ClockArgs) -> Outcome {
    let json = args.json;
    let offset_ms =
        offset(&args.offset).map_err(|what| wrong(&["--offset", &args.offset], 1, &what, json))?;
    let what = carry_out(&args.config, offset_ms).map_err(|failure| failure.as_json(json))?;
    if json {
        crate::say!("{}", json!({ "offset_ms": offset_ms, "done": what }));
    } else {
        crate::say!("{what}");
    }
    Ok(exit::OK)
}

fn carry_out(config: &Path, offset_ms: i64) -> Result<String, Failure> {
    match (DeskConfig::load(config), RelayConfig::load(config)) {
        (Ok(desk), _) => {
            exercise_only(desk.identity.world())?;
            match ask_desk(&desk, &Request::Clock { offset_ms })? {
                Answer::Done { what } => Ok(what),
                Answer::Refused(refusal) => Err(Failure::new(
                    &refusal.code,
                    refusal.exit,
                    refusal.what,
                    refusal.help,
                )),
                other => Err(refused(&format!("the station answered with {other:?}"))),
            }
        }
        (_, Ok(relay)) => {
            exercise_only(relay.identity.world())?;
            match ask_relay(&socket_of(&relay.ledger), &ControlRequest::Clock { offset_ms })? {
                ControlAnswer::Done { what } => Ok(what),
                ControlAnswer::Refused { what } => Err(refused(&what)),
            }
        }
        (Err(desk), Err(relay)) => {
            let what = format!("neither a desk's settings ({desk}) nor a relay's ({relay})");
            Err(Failure::new(
                "HL-FAULT-011",
                exit::CONFIG,
                what,
                "name a desk.toml or relay.toml",
            ))
        }
    }
}

fn refused(what: &str) -> Failure {
    let help = "hotline fault clock --help";
    Failure::new("HL-FAULT-015", exit::USAGE, what, help)
}

fn exercise_only(world: World) -> Result<(), Failure> {
    if world == World::Exercise {
        return Ok(());
    }
    let what = "an OPERATION's clock is not set wrong on purpose";
    let help = "clock faults are for EXERCISE identities";
    Err(Failure::new("HL-FAULT-015", exit::USAGE, what, help))
}

fn nobody(socket: &Path, error: &io::Error) -> Failure {
    let what = format!("nobody answers at {}: {error}", socket.display());
    Failure::new("HL-FAULT-012", exit::OTHER, what, "start the relay or desk first")
}

fn ask_desk(desk: &DeskConfig, request: &Request) -> Result<Answer, Failure> {
    let runtime = hotline_transport::node_runtime().map_err(|error| Failure::io("the runtime", &error))?;
    let talk = async {
        match Connection::open(&desk.socket).await? {
            Some(mut station) => station.ask(request).await,
            None => Err(io::ErrorKind::NotFound.into()),
        }
    };
    let answer = runtime.block_on(async { tokio::time::timeout(WITHIN, talk).await });
    answer
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|error| nobody(&desk.socket, &error))
}

fn ask_relay(socket: &Path, request: &ControlRequest) -> Result<ControlAnswer, Failure> {
    let talk = || -> io::Result<ControlAnswer> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(WITHIN))?;
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut said = String::new();
        BufReader::new(stream).read_line(&mut said)?;
        serde_json::from_str(&said).map_err(io::Error::other)
    };
    talk().map_err(|error| nobody(socket, &error))
}

/// Milliseconds, later or earlier.
fn offset(text: &str) -> Result<i64, String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let time = value::duration(rest)?;
    Ok(sign * i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_later_or_earlier_and_has_a_unit() {
        assert_eq!(offset("2h"), Ok(7_200_000));
        assert_eq!(offset("-90s"), Ok(-90_000));
        assert_eq!(offset("+1s"), Ok(1_000));
        assert_eq!(offset("0s"), Ok(0));
        assert!(offset("5").is_err_and(|what| what.contains("unit")));
    }
}

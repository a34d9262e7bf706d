//! `hotline desk reload`: asks a running station to read its trust folders, certificate and key anew, now.
//!
//! A station notices changed files by itself within half a second; this answers whether what stands there is taken.

use clap::Args;
use hotline_client::{
    request::{Answer, Request},
    socket::Connection,
};

use super::{Common, load, print};
use crate::exit::{self, Failure, Outcome};

/// `hotline desk reload`.
#[derive(Debug, Args)]
pub struct ReloadArgs {
    #[command(flatten)]
    common: Common,
}

/// Asks, and says what came of it.
///
/// # Errors
/// A failure: no station runs, or what stands there does not hold together.
pub async fn run(args: ReloadArgs) -> Outcome {
    let json = args.common.json;
    let config = load(&args.common)?;
    let place = config.socket.display().to_string();
    let io = |error: &std::io::Error| Failure::io(&place, error).as_json(json);
    let Some(mut station) = Connection::open(&config.socket)
        .await
        .map_err(|error| io(&error))?
    else {
        let what = format!("no station runs at {place}, and a verb reads its files at each start");
        let help = "start it with hotline desk run";
        return Err(Failure::new("HL-DESK-025", exit::OTHER, what, help).as_json(json));
    };
    match station.ask(&Request::Reload).await.map_err(|error| io(&error))? {
        Answer::Refused(refused) => Err(Failure {
            code: refused.code,
            exit: refused.exit,
            what: refused.what,
            help: refused.help,
            json,
        }),
        answer => {
            match &answer {
                Answer::Done { what } if !json => crate::say!("{what}"),
                answer => print::object(answer),
            }
            Ok(exit::OK)
        }
    }
}

//! `hotline desk backup` and `restore`, with the check against a self-made fork.
//!
//! A copy does not know what was signed after it was made. Restoring puts it in place and opens the desk once: the gate
//! asks every relay for this desk's newest statement, adopts a newer tail, and opens a new chain epoch. Nothing is signed
//! before that.

use std::{fs, path::PathBuf};

use clap::Args;
use hotline_client::{request::Request, socket::Connection, station::Station};
use hotline_ledger::Restored;
use hotline_transport::Seams;

use super::{
    Common, load, print,
    seat::{Seat, not_opened},
};
use crate::exit::{self, Failure, Outcome};

/// `hotline desk backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    #[command(flatten)]
    common: Common,
    /// A file that does not exist yet.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// `hotline desk restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    common: Common,
    /// The copy.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
}

/// Writes a copy.
///
/// # Errors
/// A failure.
pub async fn backup(args: BackupArgs) -> Outcome {
    let config = load(&args.common)?;
    let to =
        std::path::absolute(&args.to).map_err(|error| Failure::io(&args.to.display().to_string(), &error))?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let done = seat.ask(Request::Backup { to }).await;
    seat.leave().await;
    let answer = done?;
    if args.common.json {
        print::object(&answer);
    } else if let hotline_client::request::Answer::Done { what } = answer {
        crate::say!("{what}");
    }
    Ok(exit::OK)
}

/// Takes a copy up again.
///
/// # Errors
/// A failure. The ledger that was there is kept beside as `.before-restore`.
pub async fn restore(args: RestoreArgs) -> Outcome {
    let config = load(&args.common)?;
    let json = args.common.json;
    if matches!(Connection::open(&config.socket).await, Ok(Some(_))) {
        return Err(Failure::new(
            "HL-DESK-040",
            exit::OTHER,
            "a station runs on this ledger",
            "end it first",
        )
        .as_json(json));
    }
    put_in_place(&args.from, &config.ledger).map_err(|failure| failure.as_json(json))?;
    let seams = Seams::system();
    let station =
        Station::open(config, &seams, Restored::TakeUp).map_err(|error| not_opened(&error).as_json(json))?;
    // Answered only behind the gate: by then the relays were asked.
    let status = station.serve(Request::Status).await;
    station.close(std::time::Duration::from_secs(2)).await;
    print::object(&status);
    Ok(exit::OK)
}

fn put_in_place(from: &std::path::Path, ledger: &std::path::Path) -> Result<(), Failure> {
    let failed =
        |path: &std::path::Path, error: std::io::Error| Failure::io(&path.display().to_string(), &error);
    fs::metadata(from).map_err(|error| failed(from, error))?;
    let aside = |path: &std::path::Path, suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    for suffix in ["", "-wal", "-shm", "-fence"] {
        let file = aside(ledger, suffix);
        if file.exists() {
            let kept = aside(&file, ".before-restore");
            fs::rename(&file, &kept).map_err(|error| failed(&file, error))?;
        }
    }
    fs::copy(from, ledger).map_err(|error| failed(ledger, error))?;
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(ledger, fs::Permissions::from_mode(0o600)).map_err(|error| failed(ledger, error))
}

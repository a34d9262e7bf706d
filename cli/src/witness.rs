//! `hotline witness`: a witness that belongs to neither side. What it does is the server's; here it is typed.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hotline_audit::{CosignSigner, CosignerName};
use hotline_transport::Seams;

use crate::{
    exit::{self, Failure, Outcome},
    pki::{files, keys},
    say,
};

/// `hotline witness`.
#[derive(Debug, Args)]
pub struct WitnessArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes a folder with the key and the settings of a new witness, and prints its verifier key.
    Init {
        /// The folder; it must not exist yet.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// The name under which it signs, e.g. witness.caldria.example.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Where it is to listen with plain HTTP.
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7799")]
        listen: std::net::SocketAddr,
        /// The logs that it is to know: a tlog-policy file, or verifier keys one a line. It is copied.
        #[arg(long, value_name = "FILE")]
        logs: PathBuf,
    },
    /// Runs a witness until it is told to end.
    Run {
        /// Its settings, as init writes them.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// End when the process that started this one ends.
        #[arg(long, hide = true, value_name = "PID")]
        die_with_parent: Option<i32>,
    },
}

/// Does what was typed.
///
/// # Errors
/// What is wrong with the words, and what to do.
pub fn run(args: WitnessArgs) -> Outcome {
    match args.verb {
        Verb::Init {
            out,
            name,
            listen,
            logs,
        } => init(&out, &name, listen, &logs),
        Verb::Run {
            config,
            die_with_parent,
        } => {
            exit::die_with_parent(die_with_parent)?;
            Ok(hotline_server::witness::neutral::main(&config))
        }
    }
}

fn init(out: &Path, name: &str, listen: std::net::SocketAddr, logs: &Path) -> Outcome {
    let name: CosignerName = name.parse().map_err(|_| {
        Failure::new(
            "HL-WITNESS-001",
            exit::USAGE,
            format!(
                "{name:?} cannot be the name of a witness: it is empty, or has a space or a plus sign in it"
            ),
            "hotline witness init --name witness.caldria.example --out DIR --logs FILE",
        )
    })?;
    let listed = std::fs::read(logs).map_err(|error| Failure::io(&logs.display().to_string(), &error))?;
    let seams = Seams::system();
    let (key, pem) = keys::new_signing_key(&mut |buffer| seams.entropy.fill(buffer));
    let made = || -> Result<(), crate::pki::error::PkiError> {
        files::make_folder(out)?;
        files::write_new(&out.join("witness.key"), pem.as_bytes(), files::Audience::Owner)?;
        files::write_new(&out.join("logs"), &listed, files::Audience::Anybody)?;
        files::write_new(
            &out.join("witness.toml"),
            settings(&name, listen).as_bytes(),
            files::Audience::Anybody,
        )
    };
    made().map_err(|error| Failure::new("HL-WITNESS-002", exit::OTHER, exit::chain(&error), error.help()))?;
    let file = out.join("witness.toml");
    // The settings are checked as `run` checks them, so that what is wrong with the logs is told now.
    hotline_server::witness::neutral::NeutralConfig::load(&file).map_err(|error| {
        Failure::new(
            "HL-WITNESS-003",
            exit::CONFIG,
            error.to_string(),
            "put that right in the folder just made",
        )
    })?;
    say!("{}", CosignSigner::new(name, key).verifier());
    eprintln!("start it: hotline witness run --config {}", file.display());
    Ok(exit::OK)
}

fn settings(name: &CosignerName, listen: std::net::SocketAddr) -> String {
    format!(
        "# The settings of a witness, written by hotline witness init. Paths are relative to this file.\n\
         name = \"{name}\"\n\
         listen = \"{listen}\"\n\
         \n\
         # It cosigns one history of each log, ever: never copy key or ledger to a second running witness,\n\
         # and never put an older ledger back.\n\
         key = \"witness.key\"\n\
         ledger = \"witness.ledger\"\n\
         \n\
         # The logs that it knows: a tlog-policy, or verifier keys one a line.\n\
         logs = \"logs\"\n"
    )
}

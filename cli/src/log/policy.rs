//! `hotline log policy`: a policy to start from for whoever audits, made of one's own trust folder.
//!
//! It pins each side's statement root and the newest roster entry that is known, and names the relays' logs and whoever may
//! cosign them. What it asks for beyond that is the auditor's to write: by itself it asks nobody to have cosigned, because
//! a side whose counterpart refused its cosignatures has done nothing wrong.

use clap::Args;
use hotline_audit::{policy::draft, trust::TrustPolicy};

use super::{say, trust::TrustArgs};
use crate::exit::{self, Failure, Outcome};

/// What `policy` takes.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    #[command(flatten)]
    trust: TrustArgs,
    /// Print one object.
    #[arg(long)]
    pub(super) json: bool,
}

/// Runs the verb.
///
/// # Errors
/// The trust folder cannot be used.
pub fn run(args: &PolicyArgs) -> Outcome {
    let trust = args.trust.need(&[])?;
    let text = policy(&trust.policy)?;
    if args.json {
        say::object(&serde_json::json!({ "passed": true, "policy": text }))?;
    } else {
        say::text(&text)?;
    }
    Ok(exit::OK)
}

/// The policy that pins what these rosters say today.
///
/// # Errors
/// A name in a roster that cannot stand in a policy.
pub fn policy(trust: &TrustPolicy) -> Result<String, Failure> {
    draft(trust.rosters().rosters()).map_err(|error| {
        Failure::new(
            "HL-LOG-003",
            exit::IDENTITY,
            error.to_string(),
            "check the roster",
        )
    })
}

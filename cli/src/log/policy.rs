//! `hotline log policy`: a policy to start from for whoever audits, made of one's own trust folder.
//!
//! It pins each side's statement root and the newest roster entry that is known, and names the relays' logs and whoever may
//! cosign them. What it asks for beyond that is the auditor's to write: by itself it asks nobody to have cosigned, because
//! a side whose counterpart refused its cosignatures has done nothing wrong.

use std::fmt::Write as _;

use clap::Args;
use hotline_audit::{
    CosignVerifier, CosignerName, LogVerifier, Purpose,
    key::{KeyEntry, origin_of},
    trust::{TrustPolicy, root_line},
};

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
    let (mut ours, mut logs, mut witnesses) = (String::new(), String::new(), String::new());
    for roster in trust.rosters().rosters() {
        let domain = roster.trust_domain();
        ours.push_str(&root_line(domain, roster.root()));
        if let Some(head) = roster.head() {
            let _ = writeln!(ours, "hotline-roster {domain} {} {}", head.number, head.hash);
        }
        let mut usable: Vec<&KeyEntry> = roster.keys().filter(|key| is_relays(key)).collect();
        usable.sort_by_key(|key| key.statement.number);
        for key in usable {
            add(key, &mut logs, &mut witnesses)?;
        }
    }
    Ok(format!(
        "# What an auditor believes. Check every root aloud with its side, and keep this file apart from any evidence.\n\
         {ours}\n# The relays' logs, and who may cosign them.\n{logs}{witnesses}\n\
         # To ask for cosignatures: group cosigners any NAME NAME ... and then quorum cosigners\nquorum none\n"
    ))
}

fn is_relays(key: &KeyEntry) -> bool {
    key.revoked.is_none() && key.statement.subject.contains("/relay/")
}

fn add(key: &KeyEntry, logs: &mut String, witnesses: &mut String) -> Result<(), Failure> {
    let Some(origin) = origin_of(&key.statement.subject) else {
        return Ok(());
    };
    let odd = |error: hotline_audit::note::NoteError| {
        Failure::new(
            "HL-LOG-003",
            exit::IDENTITY,
            error.to_string(),
            "check the roster",
        )
    };
    let cosigner = match key.purpose {
        Purpose::Log => {
            let verifier = LogVerifier::new(origin, key.key).map_err(odd)?;
            let _ = writeln!(logs, "log {}", verifier.verifier_key());
            return Ok(());
        }
        Purpose::Witness => CosignerName::witness(origin).map_err(odd)?,
        Purpose::Mirror => CosignerName::mirror(origin).map_err(odd)?,
        Purpose::Statement | Purpose::Officer | Purpose::Control => return Ok(()),
    };
    let name = cosigner.to_string();
    let verifier = CosignVerifier::new(cosigner, key.key);
    let _ = writeln!(witnesses, "witness {name} {verifier}");
    Ok(())
}

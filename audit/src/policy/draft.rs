//! A policy to start from, made of rosters that one believes already.

use std::fmt::Write as _;

use crate::checkpoint::LogVerifier;
use crate::cosign::{CosignVerifier, CosignerName};
use crate::key::{KeyEntry, Purpose, Roster, origin_of};
use crate::note::NoteError;
use crate::trust::root_line;

/// The policy that pins what these rosters say: each side's statement root and its newest entry, the relays' logs and
/// whoever may cosign them. It asks nobody to have cosigned: a side whose counterpart refused its cosignatures has done
/// nothing wrong.
///
/// # Errors
/// A name in a roster that cannot stand in a policy.
pub fn draft<'r>(rosters: impl IntoIterator<Item = &'r Roster>) -> Result<String, NoteError> {
    let (mut ours, mut logs, mut witnesses) = (String::new(), String::new(), String::new());
    for roster in rosters {
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

fn add(key: &KeyEntry, logs: &mut String, witnesses: &mut String) -> Result<(), NoteError> {
    let Some(origin) = origin_of(&key.statement.subject) else {
        return Ok(());
    };
    let cosigner = match key.purpose {
        Purpose::Log => {
            let verifier = LogVerifier::new(origin, key.key)?;
            let _ = writeln!(logs, "log {}", verifier.verifier_key());
            return Ok(());
        }
        Purpose::Witness => CosignerName::witness(origin)?,
        Purpose::Mirror => CosignerName::mirror(origin)?,
        Purpose::Statement | Purpose::Officer | Purpose::Control => return Ok(()),
    };
    let name = cosigner.to_string();
    let verifier = CosignVerifier::new(cosigner, key.key);
    let _ = writeln!(witnesses, "witness {name} {verifier}");
    Ok(())
}

//! Statements that their own senders made wrongly: found in whatever log holds them, and told of the sender alone.

use std::collections::BTreeSet;

use data_encoding::BASE64;

use super::copies::Copy;
use super::statements::Statements;
use super::{Finding, Proof, Ruling};
use crate::check::{self, Verified, When};
use crate::hash::Hash;
use crate::key::{Subject, origin_of};
use crate::trust::TrustPolicy;
use crate::verify::Unfit;

/// Most of them that are told.
const MAX_TOLD: usize = 64;

/// A finding for each such statement, with the statement as proof; what a thief of an ended key may have signed is for
/// people to look at. A desk's own log that leaves out what others hold of it is short, whatever the statement is.
pub(super) fn judge(
    copies: &[Copy],
    statements: &Statements,
    trust: &TrustPolicy,
) -> (Vec<Finding>, Vec<String>) {
    let (mut findings, mut remarks) = (Vec::new(), Vec::new());
    let mut told: BTreeSet<(Hash, &str)> = BTreeSet::new();
    for copy in copies {
        for unfit in &copy.report.unfit {
            let Some(entry) = usize::try_from(unfit.index)
                .ok()
                .and_then(|at| copy.log.entries.get(at))
            else {
                continue;
            };
            if told.len() >= MAX_TOLD || !told.insert((Hash::of(entry), unfit.rule)) {
                continue;
            }
            let Ok(verified) = check::desk_statement(entry, trust.rosters(), When::Archive) else {
                continue;
            };
            let place = format!("#{} of {}", unfit.index, copy.title());
            if trust
                .rosters()
                .by_hash(&verified.header().key_statement)
                .is_some_and(|key| key.revoked.is_some())
            {
                remarks.push(format!(
                    "{place}, signed with a key of {} that has ended: {}",
                    unfit.sender, unfit.explanation
                ));
                continue;
            }
            findings.push(against(unfit, &verified, &place));
            findings.extend(left_out(&verified, copies, statements, &place));
        }
    }
    (findings, remarks)
}

fn against(unfit: &Unfit, verified: &Verified, place: &str) -> Finding {
    // An officer whom no roster here knows may stand in a newer one.
    let ruling = match unfit.rule {
        "UNKNOWN_KEY" => Ruling::CannotTell("UNKNOWN_KEY"),
        rule => Ruling::Failed(rule),
    };
    let explanation = format!("it signed this so ({place}): {}", unfit.explanation);
    finding(ruling, unfit.rule, explanation, verified)
}

/// That the sender's own log lacks a statement which says nothing by itself, so that nobody else asks for it.
fn left_out(verified: &Verified, copies: &[Copy], statements: &Statements, place: &str) -> Option<Finding> {
    if statements.get(&verified.hash).is_some() {
        return None;
    }
    let origin = origin_of(&verified.header().sender)?;
    let own = copies
        .iter()
        .find(|copy| copy.mirror.is_none() && copy.origin == origin && copy.is_signed())?;
    let bytes = verified.statement.bytes();
    if own.log.entries.iter().any(|entry| entry == bytes) {
        return None;
    }
    let explanation = format!("its own log lacks what it has signed ({place})");
    Some(finding(
        Ruling::Truncated,
        "LACKS_OWN_STATEMENT",
        explanation,
        verified,
    ))
}

fn finding(ruling: Ruling, rule: &'static str, explanation: String, verified: &Verified) -> Finding {
    let sender = &verified.header().sender;
    let side = Subject::parse(sender).map(|subject| subject.domain.to_owned());
    Finding {
        ruling,
        rule,
        evidence_of: side.unwrap_or_default(),
        who: sender.clone(),
        index: None,
        explanation,
        proof: Proof::Statement {
            sha256: verified.hash,
            statement: BASE64.encode(verified.statement.bytes()),
        },
    }
}

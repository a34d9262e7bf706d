//! Proofs as a third party takes them away: exact bytes, proof files and notes, each with a title.

use data_encoding::BASE64;

use super::names::short;
use super::statements::Known;
use super::{Evidence, Finding, Life, Proof};
use crate::proof::TlogProof;

/// A proof, verbatim.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PrintedProof {
    /// What it proves.
    pub title: String,
    /// The file: a tlog-proof, a note, or a statement in base64.
    pub text: String,
}

impl Evidence<'_> {
    /// The message in every own log that holds it, what was signed about it, and the proofs of whatever does not fit.
    pub(super) fn proofs(&self, known: &Known, life: &Life) -> Vec<PrintedProof> {
        let mut proofs = vec![statement(
            &format!(
                "{}, the exact bytes that {} signed (base64)",
                life.name,
                short(&life.sender)
            ),
            known,
        )];
        proofs.extend(self.inclusions(&life.name, known));
        for fact in life.facts.iter().filter(|fact| fact.statement != life.sha256) {
            if let Some(said) = self.statements.get(&fact.statement) {
                let title = format!("{} by {}", fact.rung, short(&fact.who));
                proofs.push(statement(&format!("{title}, exact bytes (base64)"), said));
                proofs.extend(self.inclusions(&title, said));
            }
        }
        proofs.extend(self.cosigned_proof(life));
        for finding in &self.findings {
            proofs.extend(finding.printed());
        }
        proofs.dedup();
        proofs
    }

    /// One proof file for each own log that is whole.
    fn inclusions(&self, what: &str, known: &Known) -> Vec<PrintedProof> {
        let mut proofs = Vec::new();
        for stands in &known.stands {
            let Some(copy) = self.copies.get(stands.copy).filter(|copy| copy.is_signed()) else {
                continue;
            };
            let Some(hashes) = copy.inclusion(stands.index) else {
                continue;
            };
            let proof = TlogProof {
                extra: None,
                index: stands.index,
                hashes,
                checkpoint: copy.log.note.clone(),
            };
            proofs.push(PrintedProof {
                title: format!(
                    "{what} is entry #{} of {} (tlog-proof)",
                    stands.index,
                    copy.title()
                ),
                text: String::from_utf8_lossy(&proof.encode()).into_owned(),
            });
        }
        proofs
    }

    /// The note of the earliest cosignature over a tree that holds the message.
    fn cosigned_proof(&self, life: &Life) -> Option<PrintedProof> {
        let known = self.statements.get(&life.sha256)?;
        let before = self.before(known)?;
        let note = self.cosigned_notes().find(|note| {
            note.checkpoint.origin == before.origin
                && note.checkpoint.size == before.size
                && note.cosigned.iter().any(|by| by.name == before.by)
        })?;
        Some(PrintedProof {
            title: format!("checkpoint that holds {}, cosigned by {}", life.name, before.by),
            text: note.text.clone(),
        })
    }
}

impl Finding {
    /// Its proof, verbatim, in parts.
    pub(super) fn printed(&self) -> Vec<PrintedProof> {
        let one = |title: String, text: &str| PrintedProof {
            title,
            text: text.to_owned(),
        };
        let of = format!("{} of {}", self.ruling, self.who);
        match &self.proof {
            Proof::Recompute => Vec::new(),
            Proof::Note {
                note,
                kept,
                handed_in,
            } => vec![
                one(format!("{of}: signed by it, kept in {kept}"), note),
                one(format!("{of}: what was handed in"), handed_in),
            ],
            Proof::Leaves(fork) => {
                let branch = |which: &str, branch: &crate::compare::ForkBranch| {
                    let hashes: String = branch.inclusion.iter().map(|hash| format!("{hash}\n")).collect();
                    let text = format!(
                        "leaf {} at index {}\n{hashes}\n{}",
                        branch.leaf, fork.index, branch.note
                    );
                    one(format!("{of}: {which} history"), &text)
                };
                vec![branch("one", &fork.a), branch("another", &fork.b)]
            }
            Proof::Roots(fork) => {
                let hashes: String = fork.consistency.iter().map(|hash| format!("{hash}\n")).collect();
                vec![
                    one(format!("{of}: one history"), &fork.earlier),
                    one(format!("{of}: another history"), &fork.later),
                    one(
                        format!("{of}: the other history's root at the size of the first"),
                        &format!("{}\n{hashes}", fork.root_in_later),
                    ),
                ]
            }
            Proof::Statements(two) => vec![
                one(format!("{of}: one statement (base64)"), &two.statement_a),
                one(format!("{of}: another (base64)"), &two.statement_b),
            ],
            Proof::Statement { statement, sha256 } => {
                vec![one(format!("{of}: statement {sha256} (base64)"), statement)]
            }
        }
    }
}

fn statement(title: &str, known: &Known) -> PrintedProof {
    PrintedProof {
        title: title.to_owned(),
        text: BASE64.encode(known.verified.statement.bytes()),
    }
}

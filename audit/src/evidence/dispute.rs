//! One disputed message: its whole life, the verdict by name, and the proofs that a third party can check by itself.

use super::copies::Copy;
use super::life::Standing;
use super::names::{self, short};
use super::printed::PrintedProof;
use super::statements::Known;
use super::timeline::domain_of;
use super::{Evidence, Fact, Finding, Life, Ruling};
use crate::key::origin_of;
use crate::statement::{Message, Payload};

/// What the evidence says about one message.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DisputeReport {
    /// The one word.
    pub verdict: Ruling,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// What it would be if nothing else were wrong: whether the message arrived, and whether whoever got it says so.
    pub of_message: Ruling,
    /// The verdict as a sentence.
    pub sentence: String,
    /// Trust domains of both sides, in the order in which they were named.
    pub sides: [String; 2],
    /// The message.
    pub life: Life,
    /// What is proved, line by line.
    pub proved: Vec<String>,
    /// What is only claimed.
    pub claimed: Vec<String>,
    /// What cannot be proved by anybody.
    pub not_provable: Vec<String>,
    /// Everything that does not fit in the logs, the gravest first.
    pub findings: Vec<Finding>,
    /// For a person to look at; no proof of anything: logs that were not handed in among it.
    pub remarks: Vec<String>,
    /// The proofs, verbatim.
    pub proofs: Vec<PrintedProof>,
}

/// Why no message is judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// Nobody holds it.
    #[error("no log that was handed in holds a message called {0}")]
    Nobody(String),
    /// Several fit.
    #[error("{asked} fits several messages; name one by its hash: {}", found.join(", "))]
    Several {
        /// What was asked for.
        asked: String,
        /// Their hashes.
        found: Vec<String>,
    },
}

/// Most messages that are listed when several fit.
const MAX_LISTED: usize = 8;

impl Evidence<'_> {
    /// The report on one message, by its name (`A-0017`), or the beginning of its hash or id in hex.
    ///
    /// # Errors
    /// When no message fits, or several do.
    pub fn dispute(&self, asked: &str) -> Result<DisputeReport, NotFound> {
        let (known, message) = self.find(asked)?;
        let life = self.life(known, message, &self.naming());
        let verdict = self.decided(known, &life);
        Ok(DisputeReport {
            exit_code: verdict.exit_code(),
            of_message: self.of_message(known, &life),
            sentence: self.decided_sentence(&verdict, known, &life),
            verdict,
            sides: [self.side(0).to_owned(), self.side(1).to_owned()],
            proved: lines(&life, Standing::Proved),
            claimed: lines(&life, Standing::Claimed),
            not_provable: not_provable(&life),
            proofs: self.proofs(known, &life),
            life,
            findings: self.findings.clone(),
            remarks: self.remarks.clone(),
        })
    }

    fn find(&self, asked: &str) -> Result<(&Known, &Message), NotFound> {
        let found: Vec<(&Known, &Message)> = self
            .statements
            .iter()
            .filter_map(|(hash, known)| match &known.verified.payload {
                Payload::Message(message) if names::means(asked, &self.prefixes, message, hash) => {
                    Some((known, message))
                }
                _ => None,
            })
            .collect();
        match found.as_slice() {
            [] => Err(NotFound::Nobody(asked.to_owned())),
            [one] => Ok(*one),
            several => Err(NotFound::Several {
                asked: asked.to_owned(),
                found: several
                    .iter()
                    .take(MAX_LISTED)
                    .map(|(known, _)| known.verified.hash.to_string())
                    .collect(),
            }),
        }
    }

    /// What is wrong with the logs comes first; then whether it arrived, and whether whoever got it says so.
    fn decided(&self, known: &Known, life: &Life) -> Ruling {
        let gravest = self.findings.first();
        gravest.map_or_else(|| self.of_message(known, life), |gravest| gravest.ruling.clone())
    }

    fn of_message(&self, known: &Known, life: &Life) -> Ruling {
        // What a thief may have written is nobody's message, whoever has signed for it.
        if known.doubtful {
            return Ruling::CannotTell("REVIEW");
        }
        if life.answers().next().is_none() {
            return match life.doubtful_answers().next() {
                Some(_) => Ruling::CannotTell("REVIEW"),
                None => Ruling::SentNoReceipt,
            };
        }
        if life.read().next().is_none() {
            return Ruling::CannotTell("NOT_OPENED");
        }
        if self.hidden(life).is_empty() {
            Ruling::Match
        } else {
            Ruling::ReceiptProvesDelivery
        }
    }

    /// What a side signed about the message, or the message itself, and its own evidence does not show.
    fn hidden(&self, life: &Life) -> Vec<String> {
        let mut hidden = Vec::new();
        let sides = [self.side(0), self.side(1)];
        for side in sides
            .iter()
            .filter(|side| !life.held_by.iter().any(|held| held == **side))
        {
            let signed = life.answers().any(|fact| domain_of(&fact.who) == Some(side));
            if signed {
                hidden.push(format!("{side} lacks the message itself"));
            }
        }
        for side in sides {
            let lacks = |fact: &&Fact| {
                domain_of(&fact.who) == Some(side) && !fact.held_by.iter().any(|held| held == side)
            };
            let mut own: Vec<&str> = life
                .answers()
                .filter(lacks)
                .map(|fact| fact.rung.as_str())
                .collect();
            own.dedup();
            if !own.is_empty() {
                hidden.push(format!("{side} lacks its own {}", own.join(", ")));
            }
        }
        hidden
    }

    fn decided_sentence(&self, verdict: &Ruling, known: &Known, life: &Life) -> String {
        if let Some(gravest) = self.findings.first() {
            return gravest.sentence();
        }
        let name = &life.name;
        let first = life.read().next().or_else(|| life.answers().next());
        let who = first.map_or_else(String::new, |fact| short(&fact.who));
        let rung = first.map_or("", |fact| fact.rung.as_str());
        let later = if life.acknowledged_then_insufficient {
            "; it was acknowledged, and found INSUFFICIENT later"
        } else {
            ""
        };
        match verdict {
            Ruling::Match => {
                format!("{name} arrived: {who} signed {rung}, and both sides' evidence says so{later}")
            }
            Ruling::ReceiptProvesDelivery => {
                let hidden = self.hidden(life).join("; ");
                format!("{name} arrived: {who} signed {rung}, though {hidden}{later}")
            }
            Ruling::CannotTell("NOT_OPENED") => {
                let hidden: String = self.hidden(life).iter().map(|lack| format!("; {lack}")).collect();
                format!(
                    "{name} came to {who}, which signed that its words did not open, and nobody signed that it read them{hidden}"
                )
            }
            Ruling::CannotTell(_) if known.doubtful => format!(
                "{name} is signed or approved with a key that has ended, and nobody can tell whether before"
            ),
            Ruling::CannotTell(_) => {
                let first = life.doubtful_answers().next();
                let (who, rung) = first.map_or((String::new(), ""), |fact| (short(&fact.who), &fact.rung));
                format!(
                    "{name} was sent; {who} signed {rung} with a key that has ended, and nobody can tell whether before"
                )
            }
            _ => {
                let held = life.counting("PEER_HELD").next();
                let held = held.map_or_else(String::new, |fact| {
                    format!("; {} holds its bytes all the same", fact.who)
                });
                let withheld = self.withheld(life);
                format!("{name} was sent, and no desk that it names has signed for it{held}{withheld}")
            }
        }
    }

    /// Whose log would have to tell, and was not handed in.
    fn withheld(&self, life: &Life) -> String {
        let mut told = String::new();
        for side in [self.side(0), self.side(1)] {
            for desk in life.recipients.iter().filter(|to| domain_of(to) == Some(side)) {
                let is_there =
                    |copy: &Copy| copy.mirror.is_none() && Some(copy.origin.as_str()) == origin_of(desk);
                if !self.copies.iter().any(is_there) {
                    let desk = short(desk);
                    let desk = desk.split(" of ").next().unwrap_or_default();
                    told.push_str(&format!("; {side} did not hand in the log of {desk}"));
                }
            }
        }
        told
    }
}

fn lines(life: &Life, standing: Standing) -> Vec<String> {
    let of = life.facts.iter().filter(|fact| fact.standing == standing);
    of.map(Fact::line).collect()
}

fn not_provable(life: &Life) -> Vec<String> {
    let mut lines = Vec::new();
    if life.counting("DISPLAYED").next().is_some() {
        lines.push("that a person read it: DISPLAYED is a machine's claim about itself".to_owned());
    }
    if life.answers().next().is_none() {
        lines.push(
            "that it did not arrive: whoever received it can keep silent, and no exchange is fair".to_owned(),
        );
    }
    if !life.not_opened_at.is_empty() {
        lines.push(
            "whose fault it is that it did not open: NOT_OPENED does not say, and what is disclosed was not read there"
                .to_owned(),
        );
    }
    lines.push(
        "the times claimed by signers; what can be proved lies between the checkpoints named".to_owned(),
    );
    lines.push(
        "who held a key: a signature proves the key, and custody of keys is the ministries' matter"
            .to_owned(),
    );
    lines
}

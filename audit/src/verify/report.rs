//! What a verification found, for people and for machines.

use std::collections::BTreeMap;
use std::fmt;

use crate::checkpoint::Checkpoint;
use crate::hash::Hash;

/// The one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything fits.
    Match,
    /// The end is missing.
    Truncated,
    /// Something was edited, removed, inserted or moved; at this index where it is known.
    Altered(Option<u64>),
    /// Two histories under one name.
    Fork,
    /// One sender signed two different statements for one place or id.
    Equivocation,
    /// One log lacks a message, and a receipt proves that it was delivered.
    ReceiptProvesDelivery,
    /// One log lacks a statement, and nothing proves that it arrived.
    SentNoReceipt,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Match => f.write_str("MATCH"),
            Verdict::Truncated => f.write_str("TRUNCATED"),
            Verdict::Altered(None) => f.write_str("ALTERED"),
            Verdict::Altered(Some(index)) => write!(f, "ALTERED({index})"),
            Verdict::Fork => f.write_str("FORK"),
            Verdict::Equivocation => f.write_str("EQUIVOCATION"),
            Verdict::ReceiptProvesDelivery => f.write_str("RECEIPT_PROVES_DELIVERY"),
            Verdict::SentNoReceipt => f.write_str("SENT_NO_RECEIPT"),
        }
    }
}

impl serde::Serialize for Verdict {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The entry, where there is one.
    pub index: Option<u64>,
    /// Stable name of the rule, e.g. `BAD_SIGNATURE`.
    pub rule: &'static str,
    /// What was found.
    pub explanation: String,
}

/// Something that a person has to look at; no proof of anything.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Review {
    /// The entry.
    pub index: u64,
    /// Stable name of the reason.
    pub rule: &'static str,
    /// What was found.
    pub explanation: String,
}

/// A statement that its own sender made wrongly. Whoever carries it does not look inside, so it speaks against its sender
/// and not against the log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Unfit {
    /// The entry.
    pub index: u64,
    /// Who signed it.
    pub sender: String,
    /// Stable name of the rule that it breaks.
    pub rule: &'static str,
    /// What was found.
    pub explanation: String,
}

/// Statements of one sender that this log lacks.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Gap {
    /// Whose they are.
    pub sender: String,
    /// Their chain epoch.
    pub epoch: u64,
    /// The first that is missing.
    pub first: u64,
    /// The last that is missing.
    pub last: u64,
    /// The entry that stands behind the gap in the chain.
    pub before_index: u64,
}

/// What one sender has in the log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SenderReport {
    /// Who.
    pub sender: String,
    /// Genuine statements.
    pub statements: u64,
    /// Newest chain epoch.
    pub epoch: u64,
    /// Newest place in it.
    pub sequence: u64,
}

/// A key that ends in this log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Ended {
    /// Hash of the key's statement.
    pub key: Hash,
    /// The entry behind which it signs nothing more: the revocation, or the second statement of an order.
    pub index: u64,
}

/// Everything that was found in one log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LogReport {
    /// The one word; none when the checkpoint cannot be believed, so that nothing can be said.
    pub verdict: Option<Verdict>,
    /// The checkpoint as it reads, believed or not.
    pub checkpoint: Option<Checkpoint>,
    /// Hash of the key statement under which it is believed.
    pub log_key: Option<Hash>,
    /// Entries there are.
    pub entries: u64,
    /// Root computed from them.
    pub root: Hash,
    /// Entries that are genuine by themselves.
    pub genuine: u64,
    /// Entries by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Who is in it.
    pub senders: Vec<SenderReport>,
    /// Statements that it lacks, as its own chains show.
    pub gaps: Vec<Gap>,
    /// Keys that end in it, by index.
    pub ended: Vec<Ended>,
    /// For a person to look at.
    pub review: Vec<Review>,
    /// Statements that their own senders made wrongly.
    pub unfit: Vec<Unfit>,
    /// What must not be, lowest index first; at most 1,000.
    pub faults: Vec<Fault>,
    /// All faults, also those beyond the list.
    pub fault_count: u64,
    /// Lowest index with a fault.
    pub first_bad: Option<u64>,
    /// Last entry up to which everything fits.
    pub complete_to: Option<u64>,
    /// The result as a sentence.
    pub conclusion: String,
}

impl LogReport {
    /// True when the verdict is MATCH.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.verdict == Some(Verdict::Match)
    }

    /// A report about a log that could not be looked into.
    pub(super) fn unreadable(rule: &'static str, explanation: String) -> LogReport {
        LogReport {
            verdict: None,
            checkpoint: None,
            log_key: None,
            entries: 0,
            root: crate::tree::empty_root(),
            genuine: 0,
            kinds: BTreeMap::new(),
            senders: Vec::new(),
            gaps: Vec::new(),
            ended: Vec::new(),
            review: Vec::new(),
            unfit: Vec::new(),
            conclusion: format!("nothing can be said: {explanation}"),
            faults: vec![Fault {
                index: None,
                rule,
                explanation,
            }],
            fault_count: 1,
            first_bad: None,
            complete_to: None,
        }
    }
}

impl fmt::Display for LogReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Some(verdict) => writeln!(f, "{verdict}: {}", self.conclusion)?,
            None => writeln!(f, "cannot tell: {}", self.conclusion)?,
        }
        if let Some(checkpoint) = &self.checkpoint {
            writeln!(f, "log        {}", checkpoint.origin.escape_debug())?;
            writeln!(
                f,
                "checkpoint {} entries, root {}",
                checkpoint.size, checkpoint.root
            )?;
        }
        writeln!(
            f,
            "found      {} entries, root {}, {} genuine",
            self.entries, self.root, self.genuine
        )?;
        for sender in &self.senders {
            let name = sender.sender.escape_debug();
            writeln!(
                f,
                "sender     {name}: {}, up to {}.{}",
                sender.statements, sender.epoch, sender.sequence
            )?;
        }
        for gap in &self.gaps {
            let (sender, epoch) = (gap.sender.escape_debug(), gap.epoch);
            writeln!(
                f,
                "gap        {sender}: {epoch}.{} to {epoch}.{} are not in this log",
                gap.first, gap.last
            )?;
        }
        for mark in &self.review {
            writeln!(
                f,
                "review     #{} {}: {}",
                mark.index,
                mark.rule,
                mark.explanation.escape_debug()
            )?;
        }
        for unfit in &self.unfit {
            writeln!(
                f,
                "unfit      #{} {}: {} signed it so: {}",
                unfit.index,
                unfit.rule,
                unfit.sender.escape_debug(),
                unfit.explanation.escape_debug()
            )?;
        }
        for fault in &self.faults {
            let place = fault
                .index
                .map_or_else(|| "log".to_owned(), |index| format!("#{index}"));
            writeln!(
                f,
                "FAULT      {place} {}: {}",
                fault.rule,
                fault.explanation.escape_debug()
            )?;
        }
        let beyond = self.fault_count.saturating_sub(self.faults.len() as u64);
        if beyond > 0 {
            writeln!(f, "FAULT      and {beyond} more")?;
        }
        Ok(())
    }
}

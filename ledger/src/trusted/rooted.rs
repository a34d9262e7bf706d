//! What was newest under one statement root: roster and deny-list.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::str::Lines;

use hotline_audit::Hash;
use hotline_audit::key::{DenyHead, DenyList, Roster, RosterHead};

/// Orders behind the head that are remembered for over. 64: a side has few officers, and each such order needs two whose
/// keys are over. Of more than that, those that stand last are judged by the clock each time.
const OVER_MAX: usize = 64;

/// What was newest under one statement root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rooted {
    /// The statement root.
    pub(super) root: [u8; 32],
    pub(super) roster: RosterHead,
    /// The newest order that ends somebody.
    pub(super) denied: DenyHead,
    /// Orders up to that one which end nobody, because they were not seen in time.
    pub(super) void: BTreeSet<u64>,
    /// Orders behind it whose officers' keys were over when they were seen, by number.
    over: BTreeMap<u64, Hash>,
}

impl Rooted {
    /// What is believed now, after `before` under the same root.
    pub(super) fn of(roster: &Roster, denied: &DenyList, before: Option<&Rooted>, now_ms: u64) -> Self {
        let none = RosterHead {
            number: 0,
            hash: Hash::ZERO,
        };
        let head = denied.head();
        let mut over = before.map(|before| before.over.clone()).unwrap_or_default();
        over.retain(|number, _| *number > head.number);
        let behind = denied
            .denials()
            .iter()
            .filter(|denial| denial.order.number > head.number && DenyList::is_over(denial, roster, now_ms));
        over.extend(behind.map(|denial| (denial.order.number, denial.hash)));
        while over.len() > OVER_MAX {
            over.pop_last();
        }
        let passed = denied.void().iter().filter(|number| **number <= head.number);
        Self {
            root: *roster.root().as_bytes(),
            roster: roster.head().unwrap_or(none),
            denied: head,
            void: passed.copied().collect(),
            over,
        }
    }

    /// Numbers of the orders of this list that are to end nobody.
    pub(super) fn unproven(&self, list: &DenyList, roster: &Roster, now_ms: u64) -> BTreeSet<u64> {
        let mut void = list.unproven(roster, self.denied.number, now_ms);
        void.extend(&self.void);
        let known = |(number, hash): &(u64, Hash)| self.over.get(number) == Some(hash);
        let orders = list
            .denials()
            .iter()
            .map(|denial| (denial.order.number, denial.hash));
        void.extend(orders.filter(known).map(|(number, _)| number));
        void
    }

    /// Refuses a roster or deny-list that is older: the file, and why.
    pub(super) fn check(&self, roster: &Roster, denied: &DenyList) -> Result<(), (&'static str, String)> {
        if self.roster.number > 0 {
            roster
                .check_not_older(&self.roster)
                .map_err(|error| ("roster", error.to_string()))?;
        }
        denied
            .check_holds(&self.denied)
            .map_err(|error| ("deny", error.to_string()))
    }

    /// Whether a roster goes on from this one: older files never do.
    pub(super) fn is_outgrown_by(&self, roster: &Roster) -> bool {
        roster.head().is_some_and(|head| head.number > self.roster.number)
    }

    /// Everything but the line that names the root.
    pub(super) fn write(&self, text: &mut String) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "roster {} {}", self.roster.number, self.roster.hash);
        let _ = writeln!(text, "denied {} {}", self.denied.number, self.denied.hash);
        for number in &self.void {
            let _ = writeln!(text, "void {number}");
        }
        for (number, hash) in &self.over {
            let _ = writeln!(text, "over {number} {hash}");
        }
    }

    /// The two lines that always follow the root.
    pub(super) fn begin(root: &str, lines: &mut Lines<'_>) -> Option<Self> {
        let root: Hash = root.parse().ok()?;
        let (number, hash) = numbered(lines.next()?.strip_prefix("roster ")?)?;
        let roster = RosterHead { number, hash };
        let (number, hash) = numbered(lines.next()?.strip_prefix("denied ")?)?;
        Some(Self {
            root: root.0,
            roster,
            denied: DenyHead { number, hash },
            void: BTreeSet::new(),
            over: BTreeMap::new(),
        })
    }

    /// A line that may follow; none if it is no such line.
    pub(super) fn take_line(&mut self, word: &str, rest: &str) -> Option<()> {
        match word {
            "void" => {
                self.void.insert(rest.parse().ok()?);
            }
            "over" => {
                let (number, hash) = numbered(rest)?;
                self.over.insert(number, hash);
            }
            _ => return None,
        }
        Some(())
    }
}

fn numbered(words: &str) -> Option<(u64, Hash)> {
    let (number, hash) = words.split_once(' ')?;
    Some((number.parse().ok()?, hash.parse().ok()?))
}

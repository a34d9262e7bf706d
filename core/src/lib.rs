//! The quiet rules of the line: who is who, what is urgent, who may release, what a receipt proves, what must still
//! be sent and what is missing.
//!
//! Everything here is a plain function or a machine that is told what happened and what time it is, and answers with
//! what to keep and what to do after it is kept ([`Transition`]). `core/README.md` is the specification; its rule
//! numbers are quoted in the code.
//!
//! Deliberately absent: sockets, disks, clocks, randomness, async, and any map whose order changes between two runs.
#![forbid(unsafe_code)]

pub mod annex;
pub mod causes;
pub mod chain;
pub mod channel;
pub mod clockskew;
pub mod clockstep;
pub mod commcheck;
pub mod contact;
pub mod copies;
pub mod crash;
pub mod dialogue;
pub mod duty;
pub mod escalation;
pub mod health;
pub mod id;
pub mod identity;
pub mod inbox;
pub mod intake;
pub mod ladder;
pub mod leg;
pub mod name;
pub mod nondelivery;
pub mod outage;
pub mod outbox;
pub mod plant;
pub mod precedence;
pub mod recent;
pub mod release;
pub mod story;
pub mod text;
pub mod time;
pub mod timeliness;
pub mod words;

/// What a machine answers: facts to keep first, and what to do once they are durable.
///
/// The order is the type's whole point (promise 1): a caller hands `keep` to the ledger, waits for the commit, and only
/// then looks at `then`. When `keep` is empty, `then` may be done at once.
///
/// The machine itself has gone on already. Whoever cannot make `keep` durable and lives on must drop the machine and
/// take it up again from the ledger; otherwise it would believe what no disk holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Transition<K, T> {
    /// Facts to make durable, in one transaction.
    pub keep: Vec<K>,
    /// What to do, in this order, after `keep` is durable.
    pub then: Vec<T>,
}

impl<K, T> Default for Transition<K, T> {
    fn default() -> Self {
        Self {
            keep: Vec::new(),
            then: Vec::new(),
        }
    }
}

impl<K, T> Transition<K, T> {
    /// Nothing to keep and nothing to do.
    pub fn nothing() -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    //! The specification and the tests name each other truly.

    const SPECIFICATION: &str = include_str!("../README.md");
    const SOURCES: &[&str] = &[
        include_str!("lib.rs"),
        include_str!("annex.rs"),
        include_str!("chain/tests.rs"),
        include_str!("channel/tests/first.rs"),
        include_str!("channel/tests/label.rs"),
        include_str!("channel/tests/orders.rs"),
        include_str!("channel/tests/rekeys.rs"),
        include_str!("channel/tests/restoring.rs"),
        include_str!("channel/tests/silence.rs"),
        include_str!("channel/tests/watch.rs"),
        include_str!("clockskew.rs"),
        include_str!("clockskew/offsets.rs"),
        include_str!("clockstep.rs"),
        include_str!("commcheck/human.rs"),
        include_str!("commcheck/tests.rs"),
        include_str!("contact.rs"),
        include_str!("copies.rs"),
        include_str!("dialogue.rs"),
        include_str!("escalation/tests.rs"),
        include_str!("health/tests.rs"),
        include_str!("health/tests/legs.rs"),
        include_str!("health/tests/links.rs"),
        include_str!("id.rs"),
        include_str!("identity.rs"),
        include_str!("inbox/tests.rs"),
        include_str!("intake.rs"),
        include_str!("ladder/readback/tests.rs"),
        include_str!("ladder/tests.rs"),
        include_str!("leg.rs"),
        include_str!("name.rs"),
        include_str!("nondelivery.rs"),
        include_str!("outage.rs"),
        include_str!("outbox/tests.rs"),
        include_str!("precedence.rs"),
        include_str!("release/tests.rs"),
        include_str!("story/desk/tests.rs"),
        include_str!("story/tests.rs"),
        include_str!("story/word/tests.rs"),
        include_str!("text.rs"),
        include_str!("time.rs"),
        include_str!("timeliness.rs"),
        include_str!("words.rs"),
    ];

    #[test]
    fn every_test_named_in_the_specification_exists() {
        let named = SPECIFICATION.split('`').skip(1).step_by(2).filter(|word| {
            word.matches('_').count() >= 3
                && word
                    .bytes()
                    .all(|b| b == b'_' || b.is_ascii_lowercase() || b.is_ascii_digit())
        });
        let (mut count, mut lacking) = (0, Vec::new());
        for name in named {
            count += 1;
            if !SOURCES
                .iter()
                .any(|source| source.contains(&format!("fn {name}(")))
            {
                lacking.push(name);
            }
        }
        assert!(count > 80, "only {count} tests are named");
        assert!(
            lacking.is_empty(),
            "the specification names tests that are not there: {lacking:?}"
        );
    }

    #[test]
    fn every_rule_of_the_specification_names_its_test() {
        let rules = SPECIFICATION.split("\n- **").skip(1);
        let unheld: Vec<&str> = rules
            .map(|rule| rule.split("\n\n").next().unwrap_or(rule))
            .filter(|rule| !rule.contains('`') || !rule.contains('_'))
            .filter_map(|rule| rule.split("**").next())
            .collect();
        // What a caller must do, and what a rule cannot do, cannot be held by a test of this room.
        assert_eq!(unheld, ["1.1", "1.2", "18.3"]);
    }
}

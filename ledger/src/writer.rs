//! The one writer: what waits becomes a round, a round becomes durable, and only then is anybody answered.
//!
//! A round: look each entry up (the same bytes are [`CommitError::Known`], other bytes are an equivocation, and either
//! refuses that batch alone, but for batches that let what is held pass), give the rest their indexes and cursors, grow a copy of the tree, sign one checkpoint, hand
//! everything to the store in one call. The signature is made before the commit and leaves this function only after it: if
//! the store refuses, the note is dropped with the copy of the tree. After a fatal error nothing is tried again.

mod plan;

use std::sync::Arc;

use hotline_audit::tree::leaf_hash;
use hotline_audit::{Hash, LogSigner};
use hotline_core::{leg::Lane, plant};

use crate::entry::{Batch, Haste, Unfit};
use crate::error::CommitError;
use crate::head::{Committed, Head};
use crate::ledger::Shared;
use crate::queue::Weight;
use crate::store::{Severity, Store, StoreError};
use crate::tree::Tree;
use plan::Plan;

/// A checked batch with what can be computed before the writer sees it, in the thread of the caller.
pub(crate) struct Prepared {
    batch: Batch,
    leaf_hashes: Vec<Hash>,
}

impl Prepared {
    /// Checks the bounds of `batch` and hashes its leaves.
    pub(crate) fn of(batch: Batch) -> Result<Self, Unfit> {
        batch.check()?;
        let leaf_hashes = batch
            .entries
            .iter()
            .map(|entry| leaf_hash(&entry.bytes))
            .collect();
        Ok(Self { batch, leaf_hashes })
    }

    pub(crate) fn lane(&self) -> Lane {
        self.batch.lane
    }

    pub(crate) fn haste(&self) -> Haste {
        self.batch.haste
    }

    pub(crate) fn weight(&self) -> Weight {
        Weight {
            items: self.batch.items(),
            bytes: self.batch.bytes(),
        }
    }
}

/// What one batch of a round is answered.
pub(crate) type Answer = Result<Committed, CommitError>;

/// Owner of the store, the tree and the log key.
pub(crate) struct Writer {
    store: Box<dyn Store>,
    tree: Tree,
    head: Head,
    signer: Option<LogSigner>,
    shared: Arc<Shared>,
}

impl Writer {
    pub(crate) fn new(
        store: Box<dyn Store>,
        tree: Tree,
        signer: Option<LogSigner>,
        shared: Arc<Shared>,
    ) -> Self {
        let head = shared.head();
        Self {
            store,
            tree,
            head,
            signer,
            shared,
        }
    }

    /// Makes one round of `batches` durable and says what became of each, in their order.
    pub(crate) fn round(&mut self, batches: &[Prepared]) -> Vec<Answer> {
        if let Some(cause) = self.shared.death() {
            return batches
                .iter()
                .map(|_| Err(CommitError::Dead(cause.clone())))
                .collect();
        }
        let answers = match self.try_round(batches) {
            Ok(answers) => answers,
            Err(error) => {
                let error = self.verdict(error);
                batches.iter().map(|_| Err(error.clone())).collect()
            }
        };
        self.shared.count(&answers);
        answers
    }

    /// Housekeeping behind the answers.
    pub(crate) fn tidy(&mut self) {
        if self.shared.death().is_some() {
            return;
        }
        if let Err(error) = self.store.tidy() {
            // Unlike a commit, there is no harmless way to fail here, but for waiting readers and a full disk: then the
            // pages stay where they are, durable, and the next round tries to copy them.
            match error.severity() {
                Severity::Full | Severity::Refused => {}
                Severity::Fatal => {
                    self.shared.die(error);
                }
            }
        }
    }

    /// Closes the store of a healthy ledger; a dead one is left exactly as it is.
    pub(crate) fn close(&mut self) {
        if self.shared.death().is_some() {
            return;
        }
        if let Err(error) = self.store.close() {
            tracing::warn!(place = %self.shared.place, %error, "the ledger closed with its pages not copied; nothing is lost");
        }
    }

    fn try_round(&mut self, batches: &[Prepared]) -> Result<Vec<Answer>, StoreError> {
        let mut plan = Plan::new(self);
        let mut answers = Vec::with_capacity(batches.len());
        let stopped = self.shared.stopped();
        for prepared in batches {
            if let (Some(reason), false) = (&stopped, prepared.batch.entries.is_empty()) {
                let reason = reason.clone();
                answers.push(Err(CommitError::ReadOnly { reason }));
                continue;
            }
            answers.push(plan.admit(self, prepared)?);
        }
        if answers.iter().all(Result::is_err) {
            return Ok(answers);
        }
        let head = self.sign(&plan.tree);
        if !plan.is_empty() {
            let round = plan.round(&self.head, &head);
            if let Err(error) = self.store.append(&round) {
                let acks = plant::active("ack-before-sync") && matches!(error.severity(), Severity::Fatal);
                if !acks {
                    return Err(error);
                }
            }
        }
        let cursors = plan.cursors();
        let tree = plan.tree;
        for committed in answers.iter_mut().flatten() {
            committed.size = head.size;
            committed.root = head.root;
            committed.note.clone_from(&head.note);
        }
        if head.size != self.head.size {
            self.shared.publish(&tree, &head);
        }
        for (recipient, lane, cursor) in cursors {
            self.shared.mailboxes.moved(&recipient, lane, cursor);
        }
        self.tree = tree;
        self.head = head;
        Ok(answers)
    }

    /// The head after a round, with its checkpoint signed. It must not leave the writer before the commit has returned.
    fn sign(&self, tree: &Tree) -> Head {
        if tree.size() == self.head.size {
            return self.head.clone();
        }
        let stale = plant::active("stale-head-signed") && tree.size().is_multiple_of(5);
        let (size, root) = (tree.size(), if stale { self.head.root } else { tree.root() });
        let note = match &self.signer {
            Some(signer) => Some(signer.checkpoint(size, root).sign(signer)),
            None => self.head.note.clone(),
        };
        Head { size, root, note }
    }

    /// What a failed round means for its batches, and for the ledger.
    fn verdict(&mut self, error: StoreError) -> CommitError {
        let place = Arc::clone(&self.shared.place);
        match error.severity() {
            Severity::Full => CommitError::DiskFull { place },
            Severity::Refused => CommitError::Refused {
                place,
                source: Arc::new(error),
            },
            Severity::Fatal => CommitError::Dead(self.shared.die(error)),
        }
    }
}

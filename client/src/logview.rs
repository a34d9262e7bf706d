//! What a desk knows of one relay's log, and the proof that it was shown one history.
//!
//! A relay tells every lane of a desk about its log in one chain of checkpoint updates, each linked to the one before.
//! The view keeps the newest linked checkpoint and the last few sizes before it; an update whose base is not linked yet
//! waits for the lane that carries it, and after a bound asks for the proof; one whose base others are beyond asks at
//! once. An update can bring the hashes of the leaves since what its own session carried last: then it waits for no lane
//! that hangs ([`trail`]). Two signed checkpoints that cannot both be true are a *fork*: both notes are kept and the relay's word counts for
//! nothing from then on.
//!
//! This file decides; it opens no connection and keeps nothing on disk.

mod trail;

use std::{cmp::Ordering, collections::BTreeMap};

use hotline_audit::{Checkpoint, Hash, LogVerifier, note::Note, tree};

use self::trail::Trail;

/// Linked checkpoints kept beside the newest. 64: far more updates than can be in flight on six lanes.
const LINKED_MAX: usize = 64;

/// Most hashes in a proof: one per level of the largest tree.
pub const PROOF_HASHES_MAX: usize = 64;

/// An update as it came, with its numbers and hashes read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Size of the checkpoint.
    pub size: u64,
    /// The signed note; none when it went out before on another lane.
    pub note: Option<Vec<u8>>,
    /// The size the proof starts at.
    pub old_size: u64,
    /// The consistency proof.
    pub consistency: Vec<Hash>,
    /// The number of a leaf, and the hashes of all from there on.
    pub leaves: (u64, Vec<Hash>),
    /// The edge of the whole tree, in a greeting and where leaves would be too many.
    pub edge: Vec<Hash>,
}

/// A checkpoint with the note that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Leaves.
    pub size: u64,
    /// Root of that tree.
    pub root: Hash,
    /// The signed note.
    pub note: Vec<u8>,
}

/// What an update amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Linked to the stored checkpoint: this is the checkpoint of that size.
    Linked(Seen),
    /// Its base, or the checkpoint itself, has not come yet: wait for the other lanes, then ask for a proof.
    Waits,
    /// Other lanes are beyond its base already, so none of them brings the link: ask for a proof at once.
    Overtaken,
}

/// Why an update proves that the relay cannot be believed, or is no update at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogFault {
    /// The note is not signed by the relay's log key, or not a checkpoint of this log.
    #[error("the relay's checkpoint is not in order: {0}")]
    Note(String),
    /// Two signed checkpoints of one size with different roots.
    #[error("FORK: the relay signed two histories of size {size}")]
    Fork {
        /// The size.
        size: u64,
        /// The two notes: the whole proof.
        notes: Box<[Vec<u8>; 2]>,
    },
    /// The proof between two signed checkpoints does not hold.
    #[error("the relay's log of size {new} is not shown to extend its log of size {old}")]
    Inconsistent {
        /// The size known before.
        old: u64,
        /// The size shown now.
        new: u64,
        /// The two notes.
        notes: Box<[Vec<u8>; 2]>,
    },
    /// The relay greets with a smaller log than it had signed before the desk asked: it was rolled back.
    #[error("ROLLBACK: the relay signed size {known} before and now shows {shown}")]
    Rollback {
        /// The size known before.
        known: u64,
        /// What it shows now.
        shown: u64,
    },
    /// The update contradicts itself.
    #[error("the relay's checkpoint update is malformed: {0}")]
    Malformed(&'static str),
}

/// What a desk knows of one relay's log.
#[derive(Debug)]
pub struct LogView {
    verifier: LogVerifier,
    newest: Option<Seen>,
    linked: BTreeMap<u64, Seen>,
    trail: Option<Trail>,
}

impl LogView {
    /// A view that starts from the checkpoint the desk stored last, if any.
    #[must_use]
    pub fn new(verifier: LogVerifier, stored: Option<Seen>) -> Self {
        let linked = stored.iter().map(|seen| (seen.size, seen.clone())).collect();
        Self {
            verifier,
            newest: stored,
            linked,
            trail: None,
        }
    }

    /// Size of the newest linked checkpoint; 0 before the first.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.newest.as_ref().map_or(0, |seen| seen.size)
    }

    /// The newest linked checkpoint.
    #[must_use]
    pub fn newest(&self) -> Option<&Seen> {
        self.newest.as_ref()
    }

    /// Takes an update in.
    ///
    /// # Errors
    /// A [`LogFault`]: the lane that brought it must not be believed.
    pub fn observe(&mut self, update: &Update) -> Result<Observed, LogFault> {
        let observed = self.observe_note(update)?;
        self.begin(update);
        Ok(observed)
    }

    fn observe_note(&mut self, update: &Update) -> Result<Observed, LogFault> {
        let Some(note) = &update.note else {
            let known = self.linked.get(&update.size);
            return Ok(known.cloned().map_or(Observed::Waits, Observed::Linked));
        };
        // The same bytes were verified before: each session carries a note once.
        if let Some(known) = self.linked.get(&update.size).filter(|known| known.note == *note) {
            return Ok(Observed::Linked(known.clone()));
        }
        let shown = self.read(note)?;
        if shown.size != update.size {
            return Err(LogFault::Malformed("the note is of another size than the update"));
        }
        if let Some(known) = self.linked.get(&shown.size) {
            return same_or_fork(known, &shown).map(Observed::Linked);
        }
        if self.newest.is_none() {
            // The first checkpoint ever seen of this relay: there is nothing to be consistent with.
            self.link(shown.clone());
            return Ok(Observed::Linked(shown));
        }
        if let Some(linked) = self.follow(update, &shown) {
            return Ok(Observed::Linked(linked));
        }
        let Some(newest) = &self.newest else {
            return Ok(Observed::Waits);
        };
        match update.old_size.cmp(&newest.size) {
            Ordering::Equal => self.extend(shown, &update.consistency).map(Observed::Linked),
            Ordering::Greater => Ok(Observed::Waits),
            Ordering::Less => Ok(Observed::Overtaken),
        }
    }

    /// Takes an update in whose base is not the newest, with a proof that was asked for. `between` are the two sizes the
    /// proof is for; other lanes may have moved the newest checkpoint since it was asked.
    ///
    /// # Errors
    /// A [`LogFault`].
    pub fn prove(
        &mut self,
        update: &Update,
        between: (u64, u64),
        proof: &[Hash],
    ) -> Result<Observed, LogFault> {
        let observed = self.prove_note(update, between, proof)?;
        self.begin(update);
        Ok(observed)
    }

    fn prove_note(
        &mut self,
        update: &Update,
        between: (u64, u64),
        proof: &[Hash],
    ) -> Result<Observed, LogFault> {
        let Some(note) = &update.note else {
            return Ok(Observed::Waits);
        };
        let shown = self.read(note)?;
        let Some(newest) = self.newest.clone() else {
            return self.observe(update);
        };
        if let Some(known) = self.linked.get(&shown.size) {
            return same_or_fork(known, &shown).map(Observed::Linked);
        }
        if shown.size > newest.size {
            if between != (newest.size, shown.size) {
                return Ok(Observed::Waits);
            }
            return self.extend(shown, proof).map(Observed::Linked);
        }
        // Whatever is linked is consistent with the newest, so a proof up to any linked checkpoint will do.
        let Some(upto) = self
            .linked
            .get(&between.1)
            .filter(|_| between.0 == shown.size)
            .cloned()
        else {
            return Ok(Observed::Waits);
        };
        if tree::verify_consistency(shown.size, &shown.root, upto.size, &upto.root, proof) {
            self.linked.insert(shown.size, shown.clone());
            self.trim();
            Ok(Observed::Linked(shown))
        } else {
            let notes = Box::new([shown.note, upto.note]);
            Err(LogFault::Inconsistent {
                old: shown.size,
                new: upto.size,
                notes,
            })
        }
    }

    fn read(&self, note: &[u8]) -> Result<Seen, LogFault> {
        let checkpoint: Checkpoint = Checkpoint::parse_and_verify(note, &self.verifier)
            .map_err(|error| LogFault::Note(error.to_string()))?;
        // What is kept is evidence: no line of it but the log's own, which alone was checked.
        let key = self.verifier.verifier_key();
        let note = Note::parse(note).map_err(|error| LogFault::Note(error.to_string()))?;
        Ok(Seen {
            size: checkpoint.size,
            root: checkpoint.root,
            note: note.with_lines(|line| key.names(line)).encode(),
        })
    }

    /// Links a checkpoint by the hashes of the leaves that lead to it. Nobody signs those: the root that they give must be
    /// that of the note, and what other lanes have linked must lie on the same way. Whatever does not fit is for a proof to
    /// decide, since only that shows what two notes say.
    fn follow(&mut self, update: &Update, shown: &Seen) -> Option<Seen> {
        let (Some(trail), Some(newest)) = (&self.trail, &self.newest) else {
            return None;
        };
        let (from, leaves) = &update.leaves;
        let further = trail.further(*from, leaves)?;
        let fits = |seen: &Seen| trail.root_at(seen.size, &further) == Some(seen.root);
        if !fits(shown) || !fits(newest) {
            return None;
        }
        let ahead = shown.size > newest.size;
        // Leaves behind the note are nobody's word.
        if further.size() == shown.size
            && let Some(trail) = &mut self.trail
        {
            trail.keep(further);
        }
        if ahead {
            self.link(shown.clone());
        } else {
            self.linked.insert(shown.size, shown.clone());
            self.trim();
        }
        Some(shown.clone())
    }

    /// Begins a trail at a checkpoint that brought its edge, once that is linked.
    fn begin(&mut self, update: &Update) {
        let Some(seen) = self.linked.get(&update.size).filter(|_| !update.edge.is_empty()) else {
            return;
        };
        if self.trail.as_ref().is_none_or(|trail| trail.size() < seen.size) {
            let older = self.trail.take();
            self.trail = match Trail::from_edge(seen.size, &seen.root, update.edge.clone()) {
                Some(begun) => Some(begun.after(older)),
                None => older,
            };
        }
    }

    fn extend(&mut self, shown: Seen, proof: &[Hash]) -> Result<Seen, LogFault> {
        let Some(newest) = &self.newest else {
            return Err(LogFault::Malformed("nothing to extend"));
        };
        if !tree::verify_consistency(newest.size, &newest.root, shown.size, &shown.root, proof) {
            let notes = Box::new([newest.note.clone(), shown.note]);
            return Err(LogFault::Inconsistent {
                old: newest.size,
                new: shown.size,
                notes,
            });
        }
        self.link(shown.clone());
        Ok(shown)
    }

    fn link(&mut self, seen: Seen) {
        self.linked.insert(seen.size, seen.clone());
        self.newest = Some(seen);
        self.trim();
    }

    fn trim(&mut self) {
        while self.linked.len() > LINKED_MAX {
            self.linked.pop_first();
        }
    }
}

/// Judges the size in a relay's greeting. `asked_from` is the size the desk had seen when it asked: later checkpoints may
/// come in on other lanes before the greeting does.
///
/// # Errors
/// [`LogFault::Rollback`].
pub fn greet(asked_from: u64, shown: u64) -> Result<(), LogFault> {
    if shown < asked_from && !hotline_core::plant::active("rollback-not-named") {
        Err(LogFault::Rollback {
            known: asked_from,
            shown,
        })
    } else {
        Ok(())
    }
}

fn same_or_fork(known: &Seen, shown: &Seen) -> Result<Seen, LogFault> {
    if known.root == shown.root {
        Ok(known.clone())
    } else {
        let notes = Box::new([known.note.clone(), shown.note.clone()]);
        Err(LogFault::Fork {
            size: shown.size,
            notes,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_audit::{LogSigner, SigningKey, tree::leaf_hash};

    use super::*;

    struct Log {
        signer: LogSigner,
        leaves: Vec<Hash>,
        nodes: BTreeMap<(u8, u64), Hash>,
    }

    struct Nodes<'a>(&'a BTreeMap<(u8, u64), Hash>);

    impl tree::NodeReader for Nodes<'_> {
        type Error = std::convert::Infallible;
        fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
            Ok(self.0[&(level, index)])
        }
    }

    impl Log {
        fn new(words: &[&str]) -> Self {
            let signer = LogSigner::new(
                "exercise.avelia.example/relay/north",
                SigningKey::from_seed(&[7; 32]),
            )
            .unwrap();
            let mut frontier = tree::Frontier::new();
            let mut nodes = BTreeMap::new();
            let leaves: Vec<Hash> = words.iter().map(|word| leaf_hash(word.as_bytes())).collect();
            for leaf in &leaves {
                for node in frontier.push(*leaf) {
                    nodes.insert((node.level, node.index), node.hash);
                }
            }
            Self {
                signer,
                leaves,
                nodes,
            }
        }

        fn update(&self, old_size: u64, size: u64) -> Update {
            let root = tree::root_at(&Nodes(&self.nodes), size).unwrap();
            assert!(size <= self.leaves.len() as u64);
            Update {
                size,
                note: Some(self.signer.checkpoint(size, root).sign(&self.signer)),
                old_size,
                consistency: self.proof(old_size, size),
                leaves: (0, Vec::new()),
                edge: Vec::new(),
            }
        }

        fn proof(&self, old: u64, new: u64) -> Vec<Hash> {
            if old == 0 {
                Vec::new()
            } else {
                tree::consistency_proof(&Nodes(&self.nodes), old, new).unwrap()
            }
        }

        fn view(&self) -> LogView {
            LogView::new(self.signer.verifier(), None)
        }
    }

    #[test]
    fn of_a_relays_note_only_its_own_line_is_kept() {
        let log = Log::new(&["a", "b"]);
        let mut view = log.view();
        let mut update = log.update(0, 2);
        let plain = update.note.clone().unwrap();
        let mut note = Note::parse(&plain).unwrap();
        let mut line = note.signatures[0].clone();
        note.signatures.push(line.clone());
        line.name = "exercise.borenia.example/relay/south/witness".into();
        note.signatures.push(line);
        update.note = Some(note.encode());
        view.observe(&update).unwrap();
        assert_eq!(view.newest().unwrap().note, plain);
    }

    #[test]
    fn updates_in_order_link_one_after_the_other() {
        let log = Log::new(&["a", "b", "c", "d", "e"]);
        let mut view = log.view();
        for (old, new) in [(0, 1), (1, 3), (3, 5)] {
            assert!(matches!(
                view.observe(&log.update(old, new)),
                Ok(Observed::Linked(_))
            ));
        }
        assert_eq!(view.size(), 5);
    }

    #[test]
    fn an_update_that_overtook_its_base_waits_and_a_proof_links_it() {
        let log = Log::new(&["a", "b", "c", "d", "e"]);
        let mut view = log.view();
        view.observe(&log.update(0, 1)).unwrap();
        let ahead = log.update(3, 5);
        assert_eq!(view.observe(&ahead), Ok(Observed::Waits));
        assert!(matches!(
            view.prove(&ahead, (1, 5), &log.proof(1, 5)),
            Ok(Observed::Linked(_))
        ));
        let behind = log.update(1, 3);
        assert_eq!(view.observe(&behind), Ok(Observed::Overtaken));
        assert!(matches!(
            view.prove(&behind, (3, 5), &log.proof(3, 5)),
            Ok(Observed::Linked(_))
        ));
    }

    #[test]
    fn an_update_whose_base_hangs_on_another_lane_is_linked_by_the_leaves_since_its_own_session() {
        let log = Log::new(&["a", "b", "c", "d", "e", "f"]);
        let begun = |size| {
            let mut view = log.view();
            let mut greeting = log.update(0, size);
            greeting.edge = tree::Frontier::read(&Nodes(&log.nodes), size)
                .unwrap()
                .parts()
                .to_vec();
            view.observe(&greeting).unwrap();
            view
        };
        let with = |from: u64, old: u64, size: u64| Update {
            leaves: (
                from,
                log.leaves[usize::try_from(from).unwrap()..usize::try_from(size).unwrap()].to_vec(),
            ),
            ..log.update(old, size)
        };
        let linked = |observed, size| matches!(observed, Ok(Observed::Linked(seen)) if seen.size == size);
        let mut view = begun(2);
        // The update to 4 went out on a lane that hangs.
        assert!(linked(view.observe(&with(2, 4, 5)), 5));
        assert!(linked(view.observe(&log.update(2, 4)), 4), "and comes late");
        // Another lane brings 6 by a session that carried 3.
        assert!(linked(view.observe(&with(3, 5, 6)), 6));
        let mut other = begun(2);
        assert_eq!(
            other.observe(&with(3, 4, 5)),
            Ok(Observed::Waits),
            "leaf 2 is not known"
        );
        let mut lied = with(2, 4, 5);
        lied.leaves.1[1] = leaf_hash(b"x");
        assert_eq!(
            other.observe(&lied),
            Ok(Observed::Waits),
            "nobody signed that leaf: a proof decides"
        );
        assert!(matches!(
            other.prove(&lied, (2, 5), &log.proof(3, 5)),
            Err(LogFault::Inconsistent { .. })
        ));
        assert!(
            linked(other.observe(&with(2, 4, 5)), 5),
            "nothing of the lie was kept"
        );
    }

    #[test]
    fn a_greeting_that_another_lanes_greeting_overtook_is_not_waited_for() {
        let log = Log::new(&["a", "b", "c", "d"]);
        let mut view = log.view();
        view.observe(&log.update(0, 1)).unwrap();
        // Two lanes said hello when the desk knew size 1, and the log grew between the answers.
        let (first, second) = (log.update(1, 2), log.update(1, 3));
        assert!(matches!(view.observe(&first), Ok(Observed::Linked(_))));
        assert_eq!(view.observe(&second), Ok(Observed::Overtaken));
        // What a third lane brings rests on the second and waits for its proof, not for a time-out.
        let third = log.update(3, 4);
        assert_eq!(view.observe(&third), Ok(Observed::Waits));
        let proven = view.prove(&second, (2, 3), &log.proof(2, 3));
        assert!(matches!(proven, Ok(Observed::Linked(_))));
        assert!(matches!(view.observe(&third), Ok(Observed::Linked(_))));
    }

    #[test]
    fn a_proof_that_other_lanes_overtook_is_no_contradiction() {
        let log = Log::new(&["a", "b", "c", "d", "e", "f"]);
        let mut view = log.view();
        view.observe(&log.update(0, 2)).unwrap();
        view.observe(&log.update(2, 5)).unwrap();
        // A proof from 3 to 5 was asked for; before it came, another lane brought 6.
        let behind = log.update(2, 3);
        view.observe(&log.update(5, 6)).unwrap();
        assert!(matches!(
            view.prove(&behind, (3, 5), &log.proof(3, 5)),
            Ok(Observed::Linked(_))
        ));
        // A proof up to a size that is not linked proves nothing yet.
        let other = log.update(2, 4);
        assert_eq!(view.prove(&other, (1, 4), &log.proof(1, 4)), Ok(Observed::Waits));
    }

    #[test]
    fn two_lanes_shown_two_histories_of_one_size_are_a_fork_with_both_notes() {
        let (log, lie) = (Log::new(&["a", "b", "c"]), Log::new(&["a", "b", "x"]));
        let mut view = log.view();
        view.observe(&log.update(0, 2)).unwrap();
        view.observe(&log.update(2, 3)).unwrap();
        assert!(matches!(
            view.observe(&lie.update(2, 3)),
            Err(LogFault::Fork { size: 3, .. })
        ));
    }

    #[test]
    fn a_history_that_was_rewritten_is_inconsistent() {
        let (log, lie) = (Log::new(&["a", "b", "c"]), Log::new(&["a", "x", "c"]));
        let mut view = log.view();
        view.observe(&log.update(0, 2)).unwrap();
        let error = view.observe(&lie.update(2, 3)).unwrap_err();
        assert!(
            matches!(error, LogFault::Inconsistent { old: 2, new: 3, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_greeting_that_is_smaller_than_what_was_asked_from_is_a_rollback() {
        assert_eq!(greet(3, 2), Err(LogFault::Rollback { known: 3, shown: 2 }));
        assert_eq!(greet(3, 3), Ok(()));
    }

    #[test]
    fn a_note_of_another_key_is_refused() {
        let log = Log::new(&["a"]);
        let stranger = LogSigner::new(
            "exercise.avelia.example/relay/north",
            SigningKey::from_seed(&[8; 32]),
        )
        .unwrap();
        let mut view = LogView::new(stranger.verifier(), None);
        assert!(matches!(view.observe(&log.update(0, 1)), Err(LogFault::Note(_))));
    }
}

//! The first question asked of every verified statement: is it new, known, or a contradiction?
//!
//! The caller looks up what its ledger holds under the statement's key (sender, id) and at its place (sender, epoch,
//! sequence), and asks before it stores. The same bytes again are not a second statement; other bytes under a known id
//! or at a known place are EQUIVOCATION: refused, and both are kept as evidence.

use crate::id::Hash32;

/// What a statement's bytes are to those already held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use]
pub enum Intake {
    /// Nothing is held under its id or at its place: store it.
    Fresh,
    /// Exactly these bytes are held: answer with the receipt they have.
    Same,
    /// Other bytes are held under its id or at its place: refuse it, keep both.
    Equivocation {
        /// The statement it contradicts.
        with: Hash32,
    },
}

/// Judges a statement by the hash of its exact bytes.
///
/// `existing_by_id` is the hash held under (sender, id), `existing_by_place` the hash held at (sender, epoch,
/// sequence). An id that is known says first what is contradicted.
pub fn judge(existing_by_id: Option<Hash32>, existing_by_place: Option<Hash32>, new: Hash32) -> Intake {
    match (existing_by_id, existing_by_place) {
        (None, None) => Intake::Fresh,
        (Some(held), _) if held != new => Intake::Equivocation { with: held },
        (_, Some(held)) if held != new => Intake::Equivocation { with: held },
        (Some(_), Some(_)) | (Some(_), None) | (None, Some(_)) => Intake::Same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Hash32 = Hash32([1; 32]);
    const TWO: Hash32 = Hash32([2; 32]);

    #[test]
    fn an_unknown_statement_is_fresh() {
        assert_eq!(judge(None, None, ONE), Intake::Fresh);
    }

    #[test]
    fn the_same_bytes_again_are_the_same_statement() {
        assert_eq!(judge(Some(ONE), Some(ONE), ONE), Intake::Same);
        assert_eq!(judge(Some(ONE), None, ONE), Intake::Same);
    }

    #[test]
    fn a_known_id_with_other_bytes_is_equivocation() {
        assert_eq!(judge(Some(ONE), None, TWO), Intake::Equivocation { with: ONE });
        assert_eq!(
            judge(Some(ONE), Some(TWO), TWO),
            Intake::Equivocation { with: ONE }
        );
    }

    #[test]
    fn a_known_place_with_other_bytes_is_equivocation() {
        assert_eq!(judge(None, Some(ONE), TWO), Intake::Equivocation { with: ONE });
        assert_eq!(
            judge(Some(TWO), Some(ONE), TWO),
            Intake::Equivocation { with: ONE }
        );
    }
}

//! What officers signed about the watch and channels serves once.
//!
//! Whoever holds a desk's key could else place an old signature again, and take a watch or lift an order without the
//! officer. No clock decides here: each signature is known by its bytes for as long as the ledger lives, and a key that
//! signed as many as are known signs no more.

use std::collections::BTreeMap;

use hotline_audit::Hash;

use crate::judge::Rejected;

/// Signatures of one officer's key that are taken. 16,384, about 2 MiB: four watches a day for eleven years. A key that
/// needs more is renewed; what another key signs takes no place of it.
const OF_KEY_MAX: usize = 16_384;

/// By the hash of the key's statement: the hash of what it signed, and the statement that placed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Placed(BTreeMap<Hash, BTreeMap<Hash, Hash>>);

impl Placed {
    /// Whether something that this key signed may be placed, by a statement that is not signed yet if `by` is none.
    ///
    /// # Errors
    /// That it was placed before, or that the key signed too much.
    pub(super) fn permits(&self, signed: &[u8], key: &Hash, by: Option<&Hash>) -> Result<(), Rejected> {
        let Some(of_key) = self.0.get(key) else {
            return Ok(());
        };
        match of_key.get(&Hash::of(signed)) {
            Some(before) if Some(before) != by => Err(Rejected::PlacedBefore(*before)),
            None if of_key.len() >= OF_KEY_MAX => Err(Rejected::TooManyPlaced(OF_KEY_MAX)),
            Some(_) | None => Ok(()),
        }
    }

    /// Takes it in, placed by this statement.
    ///
    /// # Errors
    /// As [`permits`](Self::permits).
    pub(super) fn note(&mut self, signed: &[u8], key: Hash, by: Hash) -> Result<(), Rejected> {
        self.permits(signed, &key, Some(&by))?;
        self.0.entry(key).or_default().insert(Hash::of(signed), by);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_signature_serves_once_however_much_other_keys_sign() {
        let mut placed = Placed::default();
        let (ours, flooding) = (Hash::of(b"ours"), Hash::of(b"flooding"));
        placed.note(b"take", ours, Hash::of(b"first")).unwrap();
        // The same statement comes again, and at each start.
        placed.note(b"take", ours, Hash::of(b"first")).unwrap();
        for number in 0..OF_KEY_MAX {
            let signed = number.to_be_bytes();
            placed.note(&signed, flooding, Hash::of(&signed)).unwrap();
        }
        let later = placed.note(b"leave", ours, Hash::of(b"second"));
        assert!(later.is_ok(), "nobody else's key is full");
        for (signed, by) in [(b"take".as_slice(), None), (b"leave", Some(Hash::of(b"third")))] {
            let again = placed.permits(signed, &ours, by.as_ref());
            assert!(matches!(again, Err(Rejected::PlacedBefore(_))), "{again:?}");
        }
        // One more of that key could be placed a second time: it is not taken, and what it had is known.
        let more = placed.note(b"one more", flooding, Hash::of(b"fourth"));
        assert!(matches!(more, Err(Rejected::TooManyPlaced(_))), "{more:?}");
        let old = placed.note(&0_usize.to_be_bytes(), flooding, Hash::of(b"fifth"));
        assert!(matches!(old, Err(Rejected::PlacedBefore(_))), "{old:?}");
    }
}

//! Signatures that verified before, for whoever plays the same line many thousand times (feature `remember`).
//!
//! Whether a signature verifies follows from key, message and signature alone. In the storm all nodes and their judge
//! live in one thread and verify the same bytes up to a dozen times, and that was a quarter of its time. A thread that
//! calls [`begin`] computes each of them once; what does not verify is computed every time. Without the feature, and in
//! every other thread, nothing is remembered.

use std::{cell::RefCell, collections::BTreeSet};

use crate::hash::Hash;

/// Most signatures that are remembered; then it begins anew. 65,536 are 2 MB, ten times what a schedule makes.
const MOST: usize = 65_536;

thread_local! {
    static KNOWN: RefCell<Option<BTreeSet<Hash>>> = const { RefCell::new(None) };
}

/// From now on this thread remembers, and what it knew is forgotten.
pub fn begin() {
    KNOWN.set(Some(BTreeSet::new()));
}

/// Forgets everything, and remembers no more.
pub fn end() {
    KNOWN.set(None);
}

/// What `verify` says of this key, signature and message, or has said before.
pub(super) fn or_else(
    key: &[u8; 32],
    signature: &[u8],
    message: &[u8],
    verify: impl FnOnce() -> bool,
) -> bool {
    if !KNOWN.with_borrow(Option::is_some) {
        return verify();
    }
    // Two fixed lengths and the rest: no two triples make the same bytes. Any other length is no signature.
    if signature.len() != 64 {
        return false;
    }
    let name = Hash::of_parts(&[key, signature, message]);
    if KNOWN.with_borrow(|known| known.as_ref().is_some_and(|known| known.contains(&name))) {
        return true;
    }
    let good = verify();
    if good {
        KNOWN.with_borrow_mut(|known| {
            if let Some(known) = known {
                if known.len() >= MOST {
                    known.clear();
                }
                known.insert(name);
            }
        });
    }
    good
}

#[cfg(test)]
mod tests {
    use crate::dsse::SigningKey;

    #[test]
    fn what_is_remembered_is_this_signature_of_this_key_over_this_message_and_nothing_else() {
        super::begin();
        let (key, other) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let signature = key.sign(b"one");
        let mut bent = signature;
        bent[40] ^= 1;
        for _ in 0..2 {
            assert!(key.public().verify(b"one", &signature));
            assert!(!key.public().verify(b"two", &signature));
            assert!(!key.public().verify(b"one", &bent));
            assert!(!key.public().verify(b"one", &signature[..63]));
            assert!(!other.public().verify(b"one", &signature));
        }
        super::end();
        assert!(key.public().verify(b"one", &signature));
    }
}

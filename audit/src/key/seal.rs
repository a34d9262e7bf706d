//! Keys for sealing in a roster: whose they are, and that encryption to them is possible at all.

use std::collections::BTreeSet;

use super::roster::Revoked;
use super::{RosterSet, Subject};
use crate::hash::Hash;
use crate::statement::{SEAL_KEY_BYTES, SealKey};

/// Bytes of the ML-KEM-768 half that hold coefficients; its other 32 are a seed.
const COEFFICIENTS: usize = 1_152;
/// Where the X25519 half begins.
const X25519: usize = 1_184;
/// The modulus of ML-KEM.
const Q: u16 = 3_329;

/// Who is to have which key for sealing.
#[derive(Debug, Clone)]
pub struct SealEnrolment {
    /// Whose it is: a desk, or the escrow of the side, e.g. `spiffe://exercise.avelia.example/escrow/archive`.
    pub subject: String,
    /// The public key, of X-Wing.
    pub public_key: Box<[u8; SEAL_KEY_BYTES]>,
    /// First moment of validity, milliseconds since 1970 (UTC), at least 1.
    pub not_before_ms: u64,
    /// Last moment of validity, milliseconds since 1970 (UTC).
    pub not_after_ms: u64,
}

/// A key for sealing that a roster enrols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealKeyEntry {
    /// Hash of the roster entry: what wraps name.
    pub hash: Hash,
    /// What it says.
    pub statement: SealKey,
    /// How it ended, if it did.
    pub revoked: Option<Revoked>,
}

impl SealKeyEntry {
    /// True when it is valid and not revoked at this time.
    #[must_use]
    pub fn usable(&self, at_ms: u64) -> bool {
        let validity = self.statement.not_before_ms..=self.statement.not_after_ms;
        self.revoked.is_none() && validity.contains(&at_ms)
    }
}

impl RosterSet {
    /// The key for sealing with this entry hash, revoked or not.
    #[must_use]
    pub fn seal_by_hash(&self, hash: &Hash) -> Option<&SealKeyEntry> {
        self.rosters().find_map(|roster| roster.seal_by_hash(hash))
    }

    /// The key to seal to for this subject at this time: the newest that is valid and not revoked.
    #[must_use]
    pub fn seal_key(&self, subject: &str, at_ms: u64) -> Option<&SealKeyEntry> {
        let domain = Subject::parse(subject)?.domain;
        self.roster(domain)?.seal_key(subject, at_ms)
    }

    /// The keys of the escrows of one trust domain at this time, one for each escrow, by name.
    #[must_use]
    pub fn escrows(&self, trust_domain: &str, at_ms: u64) -> Vec<&SealKeyEntry> {
        let Some(roster) = self.roster(trust_domain) else {
            return Vec::new();
        };
        let is_escrow = |subject: &str| Subject::parse(subject).is_some_and(|who| who.role == "escrow");
        let names: BTreeSet<&str> = roster
            .seal_keys()
            .map(|entry| entry.statement.subject.as_str())
            .filter(|subject| is_escrow(subject))
            .collect();
        let keys = names.into_iter().filter_map(|name| roster.seal_key(name, at_ms));
        keys.collect()
    }
}

/// True for roles whose identities may have a key for sealing.
pub(super) fn fits_role(role: &str) -> bool {
    matches!(role, "desk" | "escrow")
}

/// True when every library can seal to the key: each coefficient of its ML-KEM half is below the modulus (FIPS 203,
/// section 7.2), and its X25519 half is canonical and no point of small order.
pub(super) fn is_sound(key: &[u8; SEAL_KEY_BYTES]) -> bool {
    let (coefficients, rest) = key.split_at(COEFFICIENTS);
    let reduced = coefficients.chunks_exact(3).all(|three| match *three {
        [a, b, c] => {
            let (a, b, c) = (u16::from(a), u16::from(b), u16::from(c));
            (a | (b & 0x0f) << 8) < Q && (b >> 4 | c << 4) < Q
        }
        _ => false,
    });
    let point = rest.get(X25519 - COEFFICIENTS..).unwrap_or_default();
    reduced && point.iter().any(|byte| *byte != 0) && below_the_prime(point) && !SMALL_ORDER.contains(&point)
}

/// True for a number below 2^255 - 19, least significant byte first.
fn below_the_prime(point: &[u8]) -> bool {
    let [first, middle @ .., last] = point else {
        return false;
    };
    *last < 0x7f || (*last == 0x7f && (*first < 0xed || middle.iter().any(|byte| *byte != 0xff)))
}

/// The canonical u coordinates of small order but 0: 1, the two of order eight, and -1.
const SMALL_ORDER: [&[u8]; 4] = [
    &[
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ],
    &[
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    &[
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04,
        0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    &[
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
];

#[cfg(test)]
pub(crate) mod tests;

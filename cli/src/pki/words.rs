//! The fingerprint of a side's two anchors, as hex for files and as eight English words for the telephone.
//!
//! The anchors are the CA certificate and the statement root; everything else of a trust file is signed by one of
//! them, so the words stay the same while rosters and revocation lists change. Eight words of the BIP 39 list carry 88
//! bits (an identity's own words, for [`super::backup`], are made alike): finding another pair of anchors with the same words takes 2^88 key pairs, which nobody can make.

use bip39::Language;
use hotline_audit::Hash;
use hotline_core::identity::TrustDomain;

/// Label under which anchors are hashed, so that these bytes mean nothing anywhere else.
const LABEL: &[u8] = b"hotline/trust-words/v1";
/// Label under which one identity's keys are hashed.
const KEYS_LABEL: &[u8] = b"hotline/identity-words/v1";
/// Words read aloud.
pub const WORDS: usize = 8;
/// Bits in a word: the list has 2048 of them.
const BITS_PER_WORD: usize = 11;

/// SHA-256 over a domain's anchors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub Hash);

impl Fingerprint {
    /// SHA-256(label ‖ 0 ‖ domain ‖ 0 ‖ SHA-256(CA certificate) ‖ root key).
    #[must_use]
    pub fn of(domain: &TrustDomain, ca_certificate: &[u8], root: &[u8; 32]) -> Self {
        let ca = Hash::of(ca_certificate);
        Self(Hash::of_parts(&[
            LABEL,
            &[0],
            domain.as_str().as_bytes(),
            &[0],
            ca.as_bytes(),
            root,
        ]))
    }

    /// SHA-256(label ‖ 0 ‖ identity ‖ hashes of its key statements): stands for one identity's keys.
    #[must_use]
    pub fn of_keys(identity: &str, key_statements: &[Hash]) -> Self {
        let mut parts: Vec<&[u8]> = vec![KEYS_LABEL, &[0], identity.as_bytes(), &[0]];
        parts.extend(key_statements.iter().map(|hash| hash.as_bytes().as_slice()));
        Self(Hash::of_parts(&parts))
    }

    /// Its first 88 bits as words, to be read aloud.
    #[must_use]
    pub fn words(&self) -> String {
        let list = Language::English.word_list();
        let bit = |at: usize| usize::from(self.0.as_bytes()[at / 8] >> (7 - at % 8) & 1);
        let word = |number: usize| {
            let first = number * BITS_PER_WORD;
            list[(first..first + BITS_PER_WORD).fold(0, |index, at| index << 1 | bit(at))]
        };
        (0..WORDS).map(word).collect::<Vec<_>>().join(" ")
    }

    /// Whether somebody read these words aloud; case, commas and spaces between them do not count.
    #[must_use]
    pub fn is_read_as(&self, spoken: &str) -> bool {
        Self::same_words(&self.words(), spoken)
    }

    /// Whether two readings are the same words; case, commas and spaces between them do not count.
    #[must_use]
    pub fn same_words(words: &str, spoken: &str) -> bool {
        let spoken = spoken
            .split(|c: char| !c.is_alphabetic())
            .filter(|word| !word.is_empty());
        spoken
            .map(str::to_lowercase)
            .eq(words.split(' ').map(str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;

    fn fingerprint(ca: &[u8], root: u8) -> Fingerprint {
        Fingerprint::of(
            &TrustDomain::parse("exercise.avelia.example").unwrap(),
            ca,
            &[root; 32],
        )
    }

    #[test]
    fn the_same_anchors_always_have_the_same_eight_words() {
        assert_eq!(fingerprint(b"ca", 7).words(), WORKED_EXAMPLE);
    }

    /// Computed apart from this code: the first 88 bits of the SHA-256, eleven at a time, in the English list.
    const WORKED_EXAMPLE: &str = "shaft employ exhaust virtual garbage globe choice deal";

    #[test]
    fn another_ca_root_or_domain_has_other_words() {
        let words = fingerprint(b"ca", 7).words();
        assert_ne!(fingerprint(b"cb", 7).words(), words);
        assert_ne!(fingerprint(b"ca", 8).words(), words);
        let other = TrustDomain::parse("avelia.example").unwrap();
        assert_ne!(Fingerprint::of(&other, b"ca", &[7; 32]).words(), words);
    }

    #[test]
    fn words_are_compared_as_they_are_spoken() {
        let fingerprint = fingerprint(b"ca", 7);
        let words = fingerprint.words();
        assert!(fingerprint.is_read_as(&words));
        assert!(fingerprint.is_read_as(&words.to_uppercase().replace(' ', ",  ")));
        assert!(!fingerprint.is_read_as(words.rsplit_once(' ').unwrap().0));
        assert!(!fingerprint.is_read_as(&format!("{words} zoo")));
        assert!(!fingerprint.is_read_as(""));
    }
}

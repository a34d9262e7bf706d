//! Cosignatures (C2SP tlog-cosignature, Ed25519): that somebody else has seen a checkpoint, and when by their clock.
//!
//! A *witness* says that the checkpoint is the largest it knows of this log and contradicts none that it knew; a *mirror*
//! says besides that it holds every entry. What is signed does not name the cosigner, so each has a key of its own.

use std::fmt;
use std::str::FromStr;

use crate::dsse::{PublicKey, SigningKey};
use crate::note::{Note, NoteError, NoteSignature, check_name, key_id, read_key, write_key};

/// Signature type of Ed25519 cosignatures.
const COSIGNATURE: u8 = 0x04;

/// Latest time that the format knows, in seconds since 1970.
const MAX_TIME: u64 = i64::MAX as u64;

/// What a cosigner is called, which is the name of its note key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CosignerName(String);

impl CosignerName {
    /// The witness of the relay whose own log has this origin: `<origin>/witness`.
    ///
    /// # Errors
    /// When the origin cannot stand in a signature line.
    pub fn witness(origin: &str) -> Result<CosignerName, NoteError> {
        format!("{origin}/witness").parse()
    }

    /// The mirror of the relay whose own log has this origin: `<origin>/mirror`.
    ///
    /// # Errors
    /// When the origin cannot stand in a signature line.
    pub fn mirror(origin: &str) -> Result<CosignerName, NoteError> {
        format!("{origin}/mirror").parse()
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CosignerName {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<CosignerName, NoteError> {
        check_name(text)?;
        Ok(CosignerName(text.to_owned()))
    }
}

impl fmt::Display for CosignerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes cosignatures under one name.
#[derive(Debug)]
pub struct CosignSigner {
    name: CosignerName,
    key: SigningKey,
}

impl CosignSigner {
    /// A signer. Its key must sign nothing else.
    #[must_use]
    pub fn new(name: CosignerName, key: SigningKey) -> CosignSigner {
        CosignSigner { name, key }
    }

    /// The name it signs under.
    #[must_use]
    pub fn name(&self) -> &CosignerName {
        &self.name
    }

    /// What verifies its cosignatures.
    #[must_use]
    pub fn verifier(&self) -> CosignVerifier {
        CosignVerifier {
            name: self.name.clone(),
            key: self.key.public(),
        }
    }

    /// One line over the text of a checkpoint, at this time in seconds since 1970. It may leave the process only after what
    /// it says is on disk; this module cannot know, its callers must.
    #[must_use]
    pub fn cosign(&self, note_text: &str, unix_s: u64) -> NoteSignature {
        let unix_s = unix_s.min(MAX_TIME);
        let signature = self.key.sign(&signed_message(note_text, unix_s));
        NoteSignature {
            name: self.name.0.clone(),
            key_id: self.verifier().key_id(),
            signature: [unix_s.to_be_bytes().as_slice(), &signature].concat(),
        }
    }
}

/// A cosigner's name and key; written `name+keyid+base64(0x04 || key)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CosignVerifier {
    name: CosignerName,
    key: PublicKey,
}

impl CosignVerifier {
    /// A verifier.
    #[must_use]
    pub fn new(name: CosignerName, key: PublicKey) -> CosignVerifier {
        CosignVerifier { name, key }
    }

    /// The cosigner's name.
    #[must_use]
    pub fn name(&self) -> &CosignerName {
        &self.name
    }

    /// The cosigner's key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// First four bytes of `SHA-256(name || "\n" || 0x04 || key)`.
    #[must_use]
    pub fn key_id(&self) -> [u8; 4] {
        key_id(COSIGNATURE, &self.name.0, &self.key)
    }

    /// When this cosigner signed the note, in seconds since 1970 by its own clock: the earliest, if it did so more than
    /// once. None if it did not, or if one line of it does not verify.
    #[must_use]
    pub fn verify(&self, note: &Note) -> Option<u64> {
        self.times(note).ok().and_then(|times| times.into_iter().min())
    }

    /// When this cosigner signed the note, line by line; empty if it did not.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] when one of its lines does not verify: then the whole note is to be refused.
    pub fn times(&self, note: &Note) -> Result<Vec<u64>, NoteError> {
        let key_id = self.key_id();
        let own = |line: &&NoteSignature| line.name == self.name.0 && line.key_id == key_id;
        let time = |line: &NoteSignature| {
            self.time_of(&note.text, line)
                .ok_or_else(|| NoteError::BadSignature(self.name.0.clone()))
        };
        note.signatures.iter().filter(own).map(time).collect()
    }

    /// The time in one line, if the line is this cosigner's over this text.
    #[must_use]
    pub fn time_of(&self, note_text: &str, line: &NoteSignature) -> Option<u64> {
        if line.name != self.name.0 || line.key_id != self.key_id() {
            return None;
        }
        let (time, signature) = line.signature.split_first_chunk::<8>()?;
        let unix_s = u64::from_be_bytes(*time);
        let good = unix_s <= MAX_TIME && self.key.verify(&signed_message(note_text, unix_s), signature);
        good.then_some(unix_s)
    }
}

impl fmt::Display for CosignVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write_key(COSIGNATURE, &self.name.0, &self.key))
    }
}

impl FromStr for CosignVerifier {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<CosignVerifier, NoteError> {
        let (name, key) = read_key(COSIGNATURE, text)?;
        Ok(CosignVerifier {
            name: CosignerName(name),
            key,
        })
    }
}

/// What is signed: a header, the time, and the whole text of the checkpoint.
fn signed_message(note_text: &str, unix_s: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {unix_s}\n{note_text}").into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::note::{NoteSigner, VerifierKey};

    const TEXT: &str = "avelia.example/relay/north\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn cosigner(seed: u8) -> CosignSigner {
        let name = CosignerName::witness("borenia.example/relay/south").unwrap();
        CosignSigner::new(name, SigningKey::from_seed(&[seed; 32]))
    }

    fn note() -> Note {
        let log = NoteSigner::new("avelia.example/relay/north", SigningKey::from_seed(&[9; 32])).unwrap();
        Note::sign(TEXT, &log).unwrap()
    }

    #[test]
    fn a_cosignature_verifies_under_its_own_key_and_tells_the_time() {
        let mut note = note();
        assert_eq!(cosigner(1).verifier().verify(&note), None);
        note.signatures.push(cosigner(1).cosign(TEXT, 1_795_000_000));
        let note = Note::parse(&note.encode()).unwrap();
        assert_eq!(cosigner(1).verifier().verify(&note), Some(1_795_000_000));
        assert_eq!(cosigner(2).verifier().verify(&note), None);
        let elsewhere = CosignVerifier::new(
            CosignerName::mirror("borenia.example/relay/south").unwrap(),
            *cosigner(1).verifier().key(),
        );
        assert_eq!(elsewhere.verify(&note), None, "another name");
    }

    #[test]
    fn no_byte_of_a_cosignature_can_be_altered_and_an_altered_one_sinks_the_note() {
        let verifier = cosigner(1).verifier();
        let line = cosigner(1).cosign(TEXT, 1_795_000_000);
        for at in 0..line.signature.len() {
            let mut altered = line.clone();
            altered.signature[at] ^= 1;
            assert_eq!(verifier.time_of(TEXT, &altered), None, "byte {at}");
            let mut note = note();
            note.signatures.extend([line.clone(), altered]);
            assert!(matches!(verifier.times(&note), Err(NoteError::BadSignature(_))));
            assert_eq!(verifier.verify(&note), None);
        }
        assert_eq!(verifier.time_of(&TEXT.replace('1', "2"), &line), None);
        for cut in 0..line.signature.len() {
            let short = NoteSignature {
                signature: line.signature[..cut].to_vec(),
                ..line.clone()
            };
            assert_eq!(verifier.time_of(TEXT, &short), None);
        }
    }

    #[test]
    fn of_several_cosignatures_of_one_cosigner_the_earliest_counts() {
        let mut note = note();
        for time in [7, 5, 6] {
            note.signatures.push(cosigner(1).cosign(TEXT, time));
        }
        assert_eq!(cosigner(1).verifier().times(&note).unwrap(), [7, 5, 6]);
        assert_eq!(cosigner(1).verifier().verify(&note), Some(5));
    }

    #[test]
    fn a_cosigners_key_is_written_with_its_own_type_and_is_no_key_of_a_log() {
        let text = cosigner(1).verifier().to_string();
        assert_eq!(
            text.parse::<CosignVerifier>().unwrap(),
            cosigner(1).verifier(),
            "{text}"
        );
        assert!(text.parse::<VerifierKey>().is_err());
        let log = NoteSigner::new("n", SigningKey::from_seed(&[1; 32])).unwrap();
        assert!(log.verifier().to_string().parse::<CosignVerifier>().is_err());
        assert!("a b+00000000+BA==".parse::<CosignVerifier>().is_err());
    }
}

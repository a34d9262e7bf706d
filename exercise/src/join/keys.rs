//! What whoever joins has made on its own machine: public halves only, and a proof that it holds the others.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use hotline_audit::{Hash, PublicKey, SigningKey, statement::SEAL_KEY_BYTES};
use serde::{Deserialize, Serialize};

/// Label under which keys are proven.
const PROOF_LABEL: &[u8] = b"hotline/join/v1 key";
/// Label under which what is compared by voice is hashed.
const WORDS_LABEL: &[u8] = b"hotline/join/v1 words";
/// A P-256 point as it stands in a certificate: 0x04, x, y.
const POINT_BYTES: usize = 65;
/// Most officers of one seat. 16: as many as a scenario may seat.
pub const OFFICERS_MAX: usize = 16;

/// An Ed25519 key, and a signature with it that says for whom and for what it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenKey {
    key: String,
    proof: String,
}

/// The public half of a TLS key: a P-256 point in base64. That its owner holds the other half shows at each handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Point(String);

/// A desk's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskRequest {
    /// For its TLS certificate.
    pub tls: Point,
    /// Signs its statements.
    pub statement: ProvenKey,
    /// Signs its log.
    pub log: ProvenKey,
    /// What is sealed to it is sealed to this; none of a program that knows no sealing. Whoever names another's key here
    /// can read nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<SealPoint>,
}

/// An officer's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficerRequest {
    /// For a TLS certificate.
    pub tls: Point,
    /// Signs what the officer signs.
    pub officer: ProvenKey,
}

/// What whoever joins asks to be certified. Its exact text goes into what is compared by voice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// Version of the program.
    pub version: String,
    /// For its certificate of the control plane.
    pub plane: Point,
    /// How a controller or an observer is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Of a controller: signs orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<ProvenKey>,
    /// Of a seat: its desk's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desk: Option<DeskRequest>,
    /// Of a seat: its officers', by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub officers: BTreeMap<String, OfficerRequest>,
}

/// The public half of a key for sealing: 1,216 bytes in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealPoint(String);

impl SealPoint {
    /// The public half as the roster has it.
    #[must_use]
    pub fn of(key: &[u8; SEAL_KEY_BYTES]) -> Self {
        Self(BASE64.encode(key))
    }

    /// Its bytes. Whether they are a sound key the roster judges.
    ///
    /// # Errors
    /// If it is none.
    pub fn bytes(&self) -> Result<Box<[u8; SEAL_KEY_BYTES]>, String> {
        let bytes = BASE64
            .decode(self.0.as_bytes())
            .map_err(|error| format!("a key for sealing: {error}"))?;
        let bytes = <[u8; SEAL_KEY_BYTES]>::try_from(bytes);
        bytes
            .map(Box::new)
            .map_err(|_| "a key for sealing is no key".into())
    }
}

impl Point {
    /// The public half as a certificate has it.
    #[must_use]
    pub fn of(point: &[u8]) -> Self {
        Self(BASE64.encode(point))
    }

    /// Its bytes.
    ///
    /// # Errors
    /// If it is none.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        let bytes = BASE64
            .decode(self.0.as_bytes())
            .map_err(|error| format!("a TLS key: {error}"))?;
        match bytes.len() == POINT_BYTES && bytes.first() == Some(&4) {
            true => Ok(bytes),
            false => Err("a TLS key is no P-256 key".into()),
        }
    }
}

impl ProvenKey {
    /// Proves a key, made for `whom` (an identity) and `what` (`statement`, `log`, `officer`, `control`), in this session.
    #[must_use]
    pub fn new(key: &SigningKey, session: &[u8; 32], whom: &str, what: &str) -> Self {
        Self {
            key: BASE64.encode(key.public().as_bytes()),
            proof: BASE64.encode(&key.sign(&proven(session, whom, what))),
        }
    }

    /// The key, if its owner holds it and means it for that.
    ///
    /// # Errors
    /// What does not hold.
    pub fn check(&self, session: &[u8; 32], whom: &str, what: &str) -> Result<PublicKey, String> {
        let wrong = |why: String| format!("the {what} key of {whom}: {why}");
        let decode = |text: &str| {
            BASE64
                .decode(text.as_bytes())
                .map_err(|error| wrong(error.to_string()))
        };
        let key = PublicKey::parse(&decode(&self.key)?).map_err(|error| wrong(error.to_string()))?;
        match key.verify(&proven(session, whom, what), &decode(&self.proof)?) {
            true => Ok(key),
            false => Err(wrong("it was not proven in this session".into())),
        }
    }
}

fn proven(session: &[u8; 32], whom: &str, what: &str) -> Vec<u8> {
    [PROOF_LABEL, &[0], session, whom.as_bytes(), &[0], what.as_bytes()].concat()
}

/// What is compared by voice: which keys this session certifies, over its exact text.
#[must_use]
pub fn fingerprint(session: &[u8; 32], request: &str) -> Hash {
    Hash::of_parts(&[WORDS_LABEL, &[0], session, request.as_bytes()])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    const WHOM: &str = "spiffe://exercise.avelia.example/desk/a";

    #[test]
    fn a_key_counts_only_for_whom_and_what_and_in_which_session_it_was_proven() {
        let key = SigningKey::from_seed(&[7; 32]);
        let proven = ProvenKey::new(&key, &[1; 32], WHOM, "statement");
        assert_eq!(proven.check(&[1; 32], WHOM, "statement"), Ok(key.public()));
        assert!(proven.check(&[2; 32], WHOM, "statement").is_err());
        assert!(proven.check(&[1; 32], WHOM, "log").is_err());
        assert!(
            proven
                .check(&[1; 32], "spiffe://exercise.avelia.example/desk/b", "statement")
                .is_err()
        );
        let other = SigningKey::from_seed(&[8; 32]);
        let stolen = ProvenKey {
            key: ProvenKey::new(&other, &[1; 32], WHOM, "statement").key,
            ..proven
        };
        assert!(stolen.check(&[1; 32], WHOM, "statement").is_err());
    }

    #[test]
    fn what_has_another_length_is_no_key_for_sealing() {
        let key = [7; SEAL_KEY_BYTES];
        assert_eq!(SealPoint::of(&key).bytes().as_deref(), Ok(&key));
        for wrong in ["", "AAAA", "*"] {
            assert!(SealPoint(wrong.to_owned()).bytes().is_err());
        }
    }

    #[test]
    fn what_is_no_point_is_no_tls_key() {
        assert!(Point::of(&[4; 65]).bytes().is_ok());
        for wrong in [&[][..], &[4; 64], &[2; 33], &[0; 65]] {
            assert!(Point::of(wrong).bytes().is_err());
        }
    }

    #[test]
    fn another_session_or_another_key_has_another_fingerprint() {
        let one = fingerprint(&[1; 32], "{}");
        assert_ne!(one, fingerprint(&[2; 32], "{}"));
        assert_ne!(one, fingerprint(&[1; 32], "{ }"));
    }
}

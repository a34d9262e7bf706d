//! Signed notes (C2SP signed-note): text, an empty line, and lines of the form `— name base64(key id || signature)`.
//!
//! Only Ed25519 (type 0x01) is made and verified. Signatures of unknown keys are ignored, as the format demands: that
//! is how cosignatures are added. A known key whose signature fails sinks the whole note.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};

use crate::dsse::{KeyError, PublicKey, SigningKey};
use crate::hash::Hash;

/// Largest note, in bytes: 64 lines, of which 16 may hold post-quantum signatures of 5 kB.
pub const MAX_NOTE_BYTES: usize = 128 * 1024;

/// Most signature lines in one note. The format asks for at least 16.
pub const MAX_NOTE_SIGNATURES: usize = 64;

/// Why bytes are no note, or no note that can be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Larger than [`MAX_NOTE_BYTES`].
    #[error("{0} bytes, at most {MAX_NOTE_BYTES} are allowed")]
    TooLarge(usize),
    /// Not the format of a signed note.
    #[error("not a signed note: {0}")]
    Malformed(&'static str),
    /// A name with a space or plus in it, or an empty one.
    #[error("{0:?} cannot be the name of a note key")]
    BadName(String),
    /// Not `name+keyid+base64`, or the key id does not belong to name and key.
    #[error("not a verifier key: {0}")]
    BadVerifierKey(&'static str),
    /// The key itself is refused.
    #[error("the key of {name} is refused")]
    BadKey {
        /// Name of the key.
        name: String,
        /// Why.
        #[source]
        source: KeyError,
    },
    /// No signature of the key that was asked for.
    #[error("no signature of {0}")]
    NotSigned(String),
    /// A signature line of that key which does not verify.
    #[error("the signature of {0} does not verify")]
    BadSignature(String),
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// First four bytes of the hash of name, type and key.
    pub key_id: [u8; 4],
    /// What follows the key id; 64 bytes for Ed25519.
    pub signature: Vec<u8>,
}

impl NoteSignature {
    /// Reads one or more signature lines, as a witness answers them.
    ///
    /// # Errors
    /// When the bytes are not exactly such lines.
    pub fn parse_lines(bytes: &[u8]) -> Result<Vec<NoteSignature>, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLarge(bytes.len()));
        }
        let lines = std::str::from_utf8(bytes)
            .map_err(|_| NoteError::Malformed("not UTF-8"))?
            .strip_suffix('\n')
            .ok_or(NoteError::Malformed("no newline at the end"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == MAX_NOTE_SIGNATURES {
                return Err(NoteError::Malformed("too many signatures"));
            }
            signatures.push(signature_line(line)?);
        }
        Ok(signatures)
    }
}

/// The line as it stands in a note, with its newline.
impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = [self.key_id.as_slice(), &self.signature].concat();
        writeln!(f, "— {} {}", self.name, BASE64.encode(&value))
    }
}

/// A note, parsed. Nothing in it is verified until [`Note::verify`] says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The text, with its final newline.
    pub text: String,
    /// The signature lines, in order.
    pub signatures: Vec<NoteSignature>,
}

impl Note {
    /// Signs `text`, which must end in a newline and hold no other control character.
    ///
    /// # Errors
    /// When the text cannot be the text of a note.
    pub fn sign(text: &str, signer: &NoteSigner) -> Result<Note, NoteError> {
        check_text(text)?;
        Ok(Note {
            text: text.to_owned(),
            signatures: vec![signer.line(text)],
        })
    }

    /// Reads a note.
    ///
    /// # Errors
    /// When the bytes are too many or not a note.
    pub fn parse(bytes: &[u8]) -> Result<Note, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLarge(bytes.len()));
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NoteError::Malformed("not UTF-8"))?;
        let split = whole
            .rfind("\n\n")
            .ok_or(NoteError::Malformed("no empty line before the signatures"))?;
        let (text, rest) = whole.split_at(split + 1);
        check_text(text)?;
        let lines = rest.strip_prefix('\n').unwrap_or_default();
        Ok(Note {
            text: text.to_owned(),
            signatures: NoteSignature::parse_lines(lines.as_bytes())?,
        })
    }

    /// The note with those of its lines that are to be kept, each once. Whoever made a note chose the lines under it, so
    /// nobody keeps lines for it that he has not checked.
    #[must_use]
    pub fn with_lines(&self, keep: impl Fn(&NoteSignature) -> bool) -> Note {
        let mut signatures: Vec<NoteSignature> = Vec::new();
        for line in self.signatures.iter().filter(|line| keep(line)) {
            if !signatures.contains(line) {
                signatures.push(line.clone());
            }
        }
        Note {
            text: self.text.clone(),
            signatures,
        }
    }

    /// The note as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = format!("{}\n", self.text);
        for line in &self.signatures {
            out.push_str(&line.to_string());
        }
        out.into_bytes()
    }

    /// Checks that `key` signed the text. Every line of that key must verify; lines of other keys are ignored.
    ///
    /// # Errors
    /// When there is no line of the key, or one that does not verify.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        let key_id = key.key_id();
        let mut lines = self
            .signatures
            .iter()
            .filter(|line| line.name == key.name && line.key_id == key_id)
            .peekable();
        if lines.peek().is_none() {
            return Err(NoteError::NotSigned(key.name.clone()));
        }
        if lines.all(|line| key.key.verify(self.text.as_bytes(), &line.signature)) {
            Ok(())
        } else {
            Err(NoteError::BadSignature(key.name.clone()))
        }
    }
}

/// Makes signature lines under one name.
#[derive(Debug)]
pub struct NoteSigner {
    name: String,
    key: SigningKey,
}

impl NoteSigner {
    /// A signer.
    ///
    /// # Errors
    /// When the name cannot stand in a signature line.
    pub fn new(name: &str, key: SigningKey) -> Result<NoteSigner, NoteError> {
        check_name(name)?;
        Ok(NoteSigner {
            name: name.to_owned(),
            key,
        })
    }

    /// The name it signs under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key that verifies its signatures.
    #[must_use]
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey {
            name: self.name.clone(),
            key: self.key.public(),
        }
    }

    /// One signature line over `text`, to be added to a note.
    #[must_use]
    pub fn line(&self, text: &str) -> NoteSignature {
        NoteSignature {
            name: self.name.clone(),
            key_id: self.verifier().key_id(),
            signature: self.key.sign(text.as_bytes()).to_vec(),
        }
    }
}

/// A name and the key that signs under it; written `name+keyid+base64(0x01 || key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: PublicKey,
}

impl VerifierKey {
    /// A verifier key.
    ///
    /// # Errors
    /// When the name cannot stand in a signature line.
    pub fn new(name: &str, key: PublicKey) -> Result<VerifierKey, NoteError> {
        check_name(name)?;
        Ok(VerifierKey {
            name: name.to_owned(),
            key,
        })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// First four bytes of `SHA-256(name || "\n" || 0x01 || key)`.
    #[must_use]
    pub fn key_id(&self) -> [u8; 4] {
        key_id(ED25519, &self.name, &self.key)
    }

    /// Whether a line passes for one of this key.
    #[must_use]
    pub fn names(&self, line: &NoteSignature) -> bool {
        line.name == self.name && line.key_id == self.key_id()
    }

    /// Whether a line is this key's over this text.
    #[must_use]
    pub fn signed(&self, note_text: &str, line: &NoteSignature) -> bool {
        self.names(line) && self.key.verify(note_text.as_bytes(), &line.signature)
    }
}

/// First four bytes of `SHA-256(name || "\n" || type || key)`.
pub(crate) fn key_id(kind: u8, name: &str, key: &PublicKey) -> [u8; 4] {
    let hash = Hash::of_parts(&[name.as_bytes(), b"\n", &[kind], key.as_bytes()]);
    let [a, b, c, d, ..] = hash.0;
    [a, b, c, d]
}

/// `name+keyid+base64(type || key)`.
pub(crate) fn write_key(kind: u8, name: &str, key: &PublicKey) -> String {
    let typed = [&[kind], key.as_bytes().as_slice()].concat();
    format!(
        "{name}+{}+{}",
        HEXLOWER.encode(&key_id(kind, name, key)),
        BASE64.encode(&typed)
    )
}

/// Name and key of a verifier key of this signature type.
pub(crate) fn read_key(kind: u8, text: &str) -> Result<(String, PublicKey), NoteError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(NoteError::BadVerifierKey("not of the form name+keyid+base64"));
    };
    check_name(name)?;
    let typed = crate::base64::decode(key).ok_or(NoteError::BadVerifierKey("not base64"))?;
    let key = match typed.split_first() {
        Some((found, key)) if *found == kind => key,
        Some(_) | None if kind == ED25519 => return Err(NoteError::BadVerifierKey("not an Ed25519 key")),
        Some(_) | None => {
            return Err(NoteError::BadVerifierKey(
                "not an Ed25519 cosigner's key (type 0x04)",
            ));
        }
    };
    let key = PublicKey::parse(key).map_err(|source| NoteError::BadKey {
        name: name.to_owned(),
        source,
    })?;
    if HEXLOWER.encode(&key_id(kind, name, &key)) == id {
        Ok((name.to_owned(), key))
    } else {
        Err(NoteError::BadVerifierKey(
            "the key id does not belong to name and key",
        ))
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write_key(ED25519, &self.name, &self.key))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<VerifierKey, NoteError> {
        let (name, key) = read_key(ED25519, text)?;
        Ok(VerifierKey { name, key })
    }
}

/// Signature type of Ed25519 notes.
const ED25519: u8 = 0x01;

pub(crate) fn check_name(name: &str) -> Result<(), NoteError> {
    let fits = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
    if fits {
        Ok(())
    } else {
        Err(NoteError::BadName(name.to_owned()))
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if !text.ends_with('\n') {
        return Err(NoteError::Malformed("the text does not end in a newline"));
    }
    if text.contains(|c: char| c < ' ' && c != '\n') {
        return Err(NoteError::Malformed("control characters"));
    }
    Ok(())
}

fn signature_line(line: &str) -> Result<NoteSignature, NoteError> {
    let (name, value) = line
        .strip_prefix("— ")
        .and_then(|rest| rest.split_once(' '))
        .ok_or(NoteError::Malformed("a signature line without name and value"))?;
    check_name(name)?;
    let value = crate::base64::decode(value).ok_or(NoteError::Malformed("a signature that is not base64"))?;
    match value.split_first_chunk::<4>() {
        Some((key_id, signature)) if !signature.is_empty() => Ok(NoteSignature {
            name: name.to_owned(),
            key_id: *key_id,
            signature: signature.to_vec(),
        }),
        Some(_) | None => Err(NoteError::Malformed("a signature that is too short")),
    }
}

#[cfg(test)]
mod tests;

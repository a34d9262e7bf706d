//! A statement as the JSON envelope of DSSE, for software that reads no protobuf.
//!
//! ```text
//! {"payload":"<base64>","payloadType":"<payload type>","signatures":[{"keyid":"<hex>","sig":"<base64>"}]}
//! ```
//!
//! One line without white space, in this order: each statement has one such writing, and from it come the statement's
//! exact bytes again. `keyid` is the hash of the key statement that the payload names, or empty where a statement root
//! signed. As in DSSE it is a hint and proves nothing.

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};

use super::{PayloadType, SignedStatement};
use crate::strict::{MAX_STATEMENT_BYTES, StrictError, Writer, peek_bytes};

/// Longest JSON of a statement, in bytes: its base64, and room for the names.
pub const MAX_DSSE_JSON_BYTES: usize = MAX_STATEMENT_BYTES / 3 * 4 + 1024;

/// Why bytes are not the JSON envelope of a statement.
#[derive(Debug, thiserror::Error)]
pub enum DsseJsonError {
    /// Longer than [`MAX_DSSE_JSON_BYTES`].
    #[error("{0} bytes, at most {MAX_DSSE_JSON_BYTES} are allowed")]
    TooLarge(usize),
    /// Not JSON, or not an envelope.
    #[error("not a DSSE envelope")]
    NotJson(#[source] serde_json::Error),
    /// Not exactly one signature.
    #[error("{0} signatures, a statement has one")]
    Signatures(usize),
    /// A field that is not base64.
    #[error("{0} is not base64")]
    NotBase64(&'static str),
    /// What it holds is no statement.
    #[error("no statement inside")]
    Statement(#[from] StrictError),
    /// Another writing than the one this statement has.
    #[error("not the one writing of this statement")]
    OtherWriting,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    keyid: String,
    sig: String,
}

impl SignedStatement {
    /// The statement as the JSON envelope of DSSE.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Base64, hex and payload types hold nothing that JSON escapes.
        format!(
            r#"{{"payload":"{}","payloadType":"{}","signatures":[{{"keyid":"{}","sig":"{}"}}]}}"#,
            BASE64.encode(&self.payload),
            self.payload_type,
            keyid(self),
            BASE64.encode(&self.signature)
        )
    }

    /// The statement of a JSON envelope, with its exact bytes. The signature is not verified.
    ///
    /// # Errors
    /// When the bytes are not what [`SignedStatement::to_json`] writes.
    pub fn from_json(json: &[u8]) -> Result<SignedStatement, DsseJsonError> {
        if json.len() > MAX_DSSE_JSON_BYTES {
            return Err(DsseJsonError::TooLarge(json.len()));
        }
        let envelope: Envelope = serde_json::from_slice(json).map_err(DsseJsonError::NotJson)?;
        let [signature] = envelope.signatures.as_slice() else {
            return Err(DsseJsonError::Signatures(envelope.signatures.len()));
        };
        let bytes = Writer::new()
            .text(1, &envelope.payload_type)
            .bytes(2, &base64("payload", &envelope.payload)?)
            .bytes(3, &base64("sig", &signature.sig)?)
            .finish();
        let statement = SignedStatement::parse(&bytes)?;
        if statement.to_json().as_bytes() == json {
            Ok(statement)
        } else {
            Err(DsseJsonError::OtherWriting)
        }
    }
}

fn base64(field: &'static str, text: &str) -> Result<Vec<u8>, DsseJsonError> {
    crate::base64::decode(text).ok_or(DsseJsonError::NotBase64(field))
}

/// Hash of the key statement that the payload names, in hex. Read without judging anything.
fn keyid(statement: &SignedStatement) -> String {
    let payload = statement.payload.as_slice();
    let named = match statement.payload_type {
        PayloadType::Key | PayloadType::SealKey | PayloadType::Revocation => None,
        PayloadType::Message
        | PayloadType::Receipt
        | PayloadType::Act
        | PayloadType::Annex
        | PayloadType::Charter
        | PayloadType::Service
        | PayloadType::Watch
        | PayloadType::Lifecycle => peek_bytes(payload, 1).and_then(|header| peek_bytes(header, 6)),
        PayloadType::Control | PayloadType::ControlOrder => peek_bytes(payload, 4),
        PayloadType::Approval
        | PayloadType::OfficerAct
        | PayloadType::OfficerAnnex
        | PayloadType::CharterConsent
        | PayloadType::OfficerWatch
        | PayloadType::OfficerOrder
        | PayloadType::Presence
        | PayloadType::PeerCheckpoint
        | PayloadType::CosignRefused
        | PayloadType::LogLink
        | PayloadType::Deny
        | PayloadType::ReportSignature => peek_bytes(payload, 2),
    };
    named.map(|hash| HEXLOWER.encode(hash)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::statement::samples;
    use crate::{Hash, SigningKey};

    fn message() -> SignedStatement {
        let key = SigningKey::from_seed(&[1; 32]);
        SignedStatement::sign(PayloadType::Message, &samples::message(1).encode(), &key).unwrap()
    }

    #[test]
    fn a_statement_comes_back_from_json_with_its_exact_bytes_and_names_its_key() {
        let statement = message();
        let json = statement.to_json();
        let read = SignedStatement::from_json(json.as_bytes()).unwrap();
        assert_eq!(read.bytes(), statement.bytes());
        let key: Hash = samples::message(1).header.key_statement;
        assert!(json.contains(&format!(r#""keyid":"{key}""#)), "{json}");
    }

    #[test]
    fn any_other_writing_of_a_statement_in_json_is_refused() {
        let json = message().to_json();
        let key = samples::message(1).header.key_statement.to_string();
        let others = [
            json.replace(',', ", "),
            format!("{json}\n"),
            json.replace(&key, ""),
            json.replace("{\"keyid", "{\"more\":1,\"keyid"),
            json.replace("}]}", "},{\"keyid\":\"\",\"sig\":\"\"}]}"),
            json.replace("message.v1", "message.v9"),
            json.replace("\"sig\":\"", "\"sig\":\"AAAA"),
            "{}".to_owned(),
            " ".repeat(MAX_DSSE_JSON_BYTES + 1),
        ];
        for other in others {
            assert_ne!(other, json);
            assert!(SignedStatement::from_json(other.as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn the_largest_statement_fits_into_json() {
        let key = SigningKey::from_seed(&[1; 32]);
        let payload = vec![0x0a; MAX_STATEMENT_BYTES - 120];
        let statement = SignedStatement::sign(PayloadType::Message, &payload, &key).unwrap();
        assert!(SignedStatement::from_json(statement.to_json().as_bytes()).is_ok());
    }
}

//! What is asked of every reader of foreign bytes: it never panics, and what it accepts has one encoding.
//!
//! One function per format. `audit/fuzz` calls them from libFuzzer; the tests of this module call them with a small corpus
//! (`audit/fuzz/corpus`) and seeded mutations of it, on every run of `cargo test`. Not in the program that people run:
//! the module is there for tests and with the feature `fuzzing` only.

use crate::bundle::{Bundle, BundleWriter, MANIFEST};
use crate::dsse::{PayloadType, SignedStatement};
use crate::hash::Hash;
use crate::mirror::{MAX_UPLOAD_PACKAGES, MirrorInfo, Package, UploadHead};
use crate::note::{Note, VerifierKey};
use crate::proof::TlogProof;
use crate::statement::{
    Approval, CharterConsent, CharterTerms, Control, ControlOrder, CosignRefused, Deny, DenyOrder,
    KeyStatement, LogLink, OfficerAct, OfficerAnnex, OfficerOrder, OfficerWatch, Payload, PeerCheckpoint,
    Presence, ReportSignature, Revocation, SealKey,
};
use crate::strict::StrictError;
use crate::tiles::split_bundle;
use crate::witness::{AddCheckpoint, Decision, Seen, judge};
use crate::{Checkpoint, LogVerifier, Policy, PublicKey};

/// Feeds bytes to one reader.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its corpus and of its fuzz program.
pub const TARGETS: &[(&str, Target)] = &[
    ("note", note),
    ("checkpoint", checkpoint),
    ("proof", proof),
    ("tile", tile),
    ("policy", policy),
    ("add_checkpoint", add_checkpoint),
    ("mirror", mirror),
    ("statement", statement),
    ("bundle", bundle),
];

/// A key that has signed nothing here (the first of RFC 8032's tests): under it nothing verifies, and looking must not panic.
const STRANGER: [u8; 32] = [
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e,
    0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
];

/// A signed note, and the names in it as verifier keys.
pub fn note(bytes: &[u8]) {
    let Ok(note) = Note::parse(bytes) else { return };
    assert_eq!(note.encode(), bytes, "a note with two encodings");
    let Ok(key) = PublicKey::parse(&STRANGER) else {
        return;
    };
    for line in &note.signatures {
        let verifier = VerifierKey::new(&line.name, key).expect("a name that a note may bear");
        assert_eq!(
            verifier.to_string().parse(),
            Ok(verifier.clone()),
            "a name that is lost in a key"
        );
        assert!(note.verify(&verifier).is_err(), "a stranger has signed");
    }
}

/// A checkpoint: a note with three lines of text.
pub fn checkpoint(bytes: &[u8]) {
    let Ok(read) = Checkpoint::danger_parse_unverified(bytes) else {
        return;
    };
    let note = Note::parse(bytes).expect("a checkpoint is a note");
    assert_eq!(read.text(), note.text, "a checkpoint with two encodings");
}

/// A proof file.
pub fn proof(bytes: &[u8]) {
    let Ok(read) = TlogProof::parse(bytes) else { return };
    assert_eq!(read.encode(), bytes, "a proof file with two encodings");
    checkpoint(&read.checkpoint);
}

/// An evidence bundle: what is taken as one has no other writing.
pub fn bundle(bytes: &[u8]) {
    let Ok(read) = Bundle::read(bytes) else { return };
    let mut writer = BundleWriter::new();
    for (path, bytes) in read.files().iter().filter(|(path, _)| *path != MANIFEST) {
        writer.add(path, bytes.clone()).expect("a file that was read");
    }
    let mut again = Vec::new();
    let names = read.manifest.names.clone();
    writer
        .finish(&read.manifest.side, names, &mut again)
        .expect("a bundle that was read");
    assert_eq!(again, bytes, "a bundle with two writings");
}

/// A bundle of entries, as a tile folder holds it.
pub fn tile(bytes: &[u8]) {
    let bundle = split_bundle(bytes);
    let mut again = Vec::new();
    for entry in &bundle.entries {
        let length = u16::try_from(entry.len()).expect("an entry behind a 16-bit length");
        again.extend_from_slice(&length.to_be_bytes());
        again.extend_from_slice(entry);
    }
    assert!(bytes.starts_with(&again), "entries that were not there");
    assert_eq!(
        bundle.broken,
        again.len() < bytes.len(),
        "a rest that is not named"
    );
}

/// A policy file: without the lines that are ours alone it is one still, with the same logs and cosigners.
pub fn policy(bytes: &[u8]) {
    let Ok(read) = Policy::parse(bytes) else { return };
    let theirs: Vec<&[u8]> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.starts_with(b"hotline-"))
        .collect();
    let theirs = Policy::parse(&theirs.join(&b'\n')).expect("our lines are not needed");
    assert_eq!(
        (theirs.logs(), theirs.witnesses()),
        (read.logs(), read.witnesses())
    );
    let Ok(unsigned) = Note::parse("a\n\n\u{2014} a AAAAAAA=\n".as_bytes()) else {
        return;
    };
    assert_eq!(theirs.quorum_met(&unsigned), read.quorum_met(&unsigned));
}

/// The body that a log sends to a witness, and what a witness keeps.
pub fn add_checkpoint(bytes: &[u8]) {
    if let Ok(read) = AddCheckpoint::parse(bytes) {
        assert_eq!(read.encode(), bytes, "a request with two encodings");
        let Ok(key) = PublicKey::parse(&STRANGER) else {
            return;
        };
        let keys: Vec<LogVerifier> = LogVerifier::new(&read.checkpoint.origin, key)
            .into_iter()
            .collect();
        let decision = judge(None, &read, &keys);
        assert!(matches!(decision, Decision::Refuse(_)), "a stranger has signed");
    }
    if let Ok(seen) = Seen::parse(bytes) {
        assert_eq!(seen.encode(), bytes, "a record with two encodings");
    }
}

/// An upload to a mirror, package by package, and the mirror's answer.
pub fn mirror(bytes: &[u8]) {
    if let Some(info) = MirrorInfo::parse(bytes) {
        assert_eq!(info.encode().as_bytes(), bytes, "an answer with two encodings");
    }
    let Ok(Some((head, mut at))) = UploadHead::read(bytes) else {
        return;
    };
    let mut again = head.encode().expect("what was read can be written");
    for span in head.spans().take(MAX_UPLOAD_PACKAGES) {
        let Ok(Some((package, length))) = Package::read(&bytes[at..], span) else {
            break;
        };
        again.extend(package.encode().expect("what was read can be written"));
        assert!(
            !package.verify(span, &[], head.end, &Hash::ZERO),
            "nothing has this root"
        );
        at += length;
    }
    assert_eq!(again, bytes[..at], "an upload with two encodings");
}

/// A statement: its envelope, its payload, and what officers signed inside as far as it can be read.
pub fn statement(bytes: &[u8]) {
    let Ok(read) = SignedStatement::parse(bytes) else {
        return;
    };
    assert_eq!(read.bytes(), bytes, "a statement that is not its bytes");
    let json = read.to_json();
    let back = SignedStatement::from_json(json.as_bytes()).expect("what was written as JSON is read");
    assert_eq!(back.bytes(), bytes, "a statement that JSON altered");
    payload(&read);
}

fn payload(statement: &SignedStatement) {
    let bytes = statement.payload.as_slice();
    match statement.payload_type {
        PayloadType::Message
        | PayloadType::Receipt
        | PayloadType::Act
        | PayloadType::Annex
        | PayloadType::Charter
        | PayloadType::Service
        | PayloadType::Watch
        | PayloadType::Lifecycle => {
            let Ok(payload) = Payload::parse(statement) else {
                return;
            };
            assert_eq!(payload.encode(), bytes, "a payload with two encodings");
            inside(&payload);
        }
        PayloadType::Approval => same(bytes, Approval::decode, Approval::encode),
        PayloadType::OfficerAct => same(bytes, OfficerAct::decode, OfficerAct::encode),
        PayloadType::OfficerAnnex => same(bytes, OfficerAnnex::decode, OfficerAnnex::encode),
        PayloadType::CharterConsent => same(bytes, CharterConsent::decode, CharterConsent::encode),
        PayloadType::OfficerWatch => same(bytes, OfficerWatch::decode, OfficerWatch::encode),
        PayloadType::OfficerOrder => same(bytes, OfficerOrder::decode, OfficerOrder::encode),
        PayloadType::Presence => same(bytes, Presence::decode, Presence::encode),
        PayloadType::PeerCheckpoint => {
            same(bytes, PeerCheckpoint::decode, PeerCheckpoint::encode);
            if let Ok(read) = PeerCheckpoint::decode(bytes) {
                note(&read.note);
            }
        }
        PayloadType::CosignRefused => same(bytes, CosignRefused::decode, CosignRefused::encode),
        PayloadType::LogLink => same(bytes, LogLink::decode, LogLink::encode),
        PayloadType::SealKey => same(bytes, SealKey::decode, SealKey::encode),
        PayloadType::Key => same(bytes, KeyStatement::decode, KeyStatement::encode),
        PayloadType::Revocation => same(bytes, Revocation::decode, Revocation::encode),
        PayloadType::Deny => {
            same(bytes, Deny::decode, Deny::encode);
            if let Ok(read) = Deny::decode(bytes) {
                same(&read.order, DenyOrder::decode, DenyOrder::encode);
            }
        }
        PayloadType::Control => {
            same(bytes, Control::decode, Control::encode);
            if let Ok(read) = Control::decode(bytes) {
                self::statement(&read.order);
            }
        }
        PayloadType::ControlOrder => same(bytes, ControlOrder::decode, ControlOrder::encode),
        PayloadType::ReportSignature => same(bytes, ReportSignature::decode, ReportSignature::encode),
    }
}

/// The statements that others signed inside one. Their number is bounded by the size of a statement.
fn inside(payload: &Payload) {
    match payload {
        Payload::Message(message) => message.approvals.iter().for_each(|bytes| statement(bytes)),
        Payload::Act(act) => statement(&act.act),
        Payload::Annex(annex) => statement(&annex.annex),
        Payload::Charter(charter) => {
            same(&charter.terms, CharterTerms::decode, CharterTerms::encode);
            charter.consents.iter().for_each(|bytes| statement(bytes));
        }
        Payload::Watch(watch) => statement(&watch.officer_watch),
        Payload::Lifecycle(lifecycle) => statement(&lifecycle.order),
        Payload::Receipt(_) | Payload::Service(_) => {}
    }
}

fn same<T>(bytes: &[u8], decode: fn(&[u8]) -> Result<T, StrictError>, encode: fn(&T) -> Vec<u8>) {
    if let Ok(read) = decode(bytes) {
        assert_eq!(encode(&read), bytes, "a payload with two encodings");
    }
}

#[cfg(test)]
mod mutate;
#[cfg(test)]
mod tests;

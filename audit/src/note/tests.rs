//! The note of the Go package's documentation, and everything that is no note.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;

/// From the documentation of Go's note package, made by its code.
const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\
    \n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn a_note_made_by_other_software_verifies() {
    let key: VerifierKey = GO_KEY.parse().unwrap();
    let note = Note::parse(GO_NOTE.as_bytes()).unwrap();
    assert_eq!(note.verify(&key), Ok(()));
    assert_eq!(note.encode(), GO_NOTE.as_bytes());
    assert_eq!(key.to_string(), GO_KEY);
}

#[test]
fn the_key_id_of_the_public_go_checksum_database_is_derived() {
    let key = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    assert_eq!(key.parse::<VerifierKey>().unwrap().to_string(), key);
    assert!(
        key.replace("033de0ae", "033de0af")
            .parse::<VerifierKey>()
            .is_err()
    );
}

#[test]
fn every_flipped_bit_of_a_note_is_refused() {
    let key: VerifierKey = GO_KEY.parse().unwrap();
    for bit in 0..GO_NOTE.len() * 8 {
        let mut bytes = GO_NOTE.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(
            Note::parse(&bytes).and_then(|note| note.verify(&key)).is_err(),
            "bit {bit}"
        );
    }
}

#[test]
fn lines_of_unknown_keys_are_ignored_and_a_bad_line_of_a_known_key_sinks_the_note() {
    let signer = NoteSigner::new("avelia.example/relay/north", SigningKey::from_seed(&[1; 32])).unwrap();
    let mut note = Note::sign("text\n", &signer).unwrap();
    let stranger = NoteSigner::new("witness.example", SigningKey::from_seed(&[2; 32])).unwrap();
    note.signatures.push(stranger.line("text\n"));
    let note = Note::parse(&note.encode()).unwrap();
    assert_eq!(note.verify(&signer.verifier()), Ok(()));
    assert_eq!(note.verify(&stranger.verifier()), Ok(()));

    let mut sunk = note.clone();
    sunk.signatures.push(signer.line("other text\n"));
    assert_eq!(
        sunk.verify(&signer.verifier()),
        Err(NoteError::BadSignature("avelia.example/relay/north".into()))
    );
    assert_eq!(sunk.verify(&stranger.verifier()), Ok(()));
    let missing = NoteSigner::new("witness.example", SigningKey::from_seed(&[3; 32]))
        .unwrap()
        .verifier();
    assert_eq!(
        note.verify(&missing),
        Err(NoteError::NotSigned("witness.example".into()))
    );
}

#[test]
fn an_empty_line_in_the_text_belongs_to_the_text() {
    let signer = NoteSigner::new("n", SigningKey::from_seed(&[1; 32])).unwrap();
    let note = Note::sign("a\n\nb\n", &signer).unwrap();
    assert_eq!(Note::parse(&note.encode()), Ok(note));
}

#[test]
fn what_is_not_a_note_is_refused() {
    let cases = [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— n\n",
        "text\n\n— n !!!!\n",
        "text\n\n— n AAAA\n",
        "text\n\n— n AAAAAA==\n",
        "text\n\n— a+b AAAAAAAA\n",
        "text\n\n- n AAAAAAAA\n",
        "te\u{7}xt\n\n— n AAAAAAAA\n",
        "te\rxt\n\n— n AAAAAAAA\n",
        "text\n\n— n AAAAAAAA",
        "text\n\n— n AAAAAAAA\n\n",
    ];
    for case in cases {
        assert!(Note::parse(case.as_bytes()).is_err(), "{case:?}");
    }
    assert!(Note::parse(&vec![b'a'; MAX_NOTE_BYTES + 1]).is_err());
    let crowded = format!("text\n\n{}", "— n AAAAAAAA\n".repeat(MAX_NOTE_SIGNATURES + 1));
    assert!(Note::parse(crowded.as_bytes()).is_err());
    assert!(NoteSigner::new("a b", SigningKey::from_seed(&[1; 32])).is_err());
    assert!(
        Note::sign(
            "no newline",
            &NoteSigner::new("n", SigningKey::from_seed(&[1; 32])).unwrap()
        )
        .is_err()
    );
}

#[test]
fn a_weak_key_is_no_verifier_key() {
    let mut weak = [0; 33];
    (weak[0], weak[1]) = (1, 1);
    let text = format!("n+00000000+{}", BASE64.encode(&weak));
    assert!(matches!(
        text.parse::<VerifierKey>(),
        Err(NoteError::BadKey {
            source: KeyError::Weak,
            ..
        })
    ));
}

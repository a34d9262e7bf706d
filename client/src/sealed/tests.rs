//! What a sealed key promises, on real files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

use super::*;

const OFFICER: &str = "spiffe://exercise.avelia.example/officer/okoye";

/// RFC 8410's way to write an Ed25519 seed.
fn pkcs8() -> Vec<u8> {
    let mut der = vec![
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    der.extend([9; 32]);
    der
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple".into())
}

fn sealed() -> String {
    seal(OFFICER, &pkcs8(), &passphrase(), &[5; 28]).unwrap()
}

fn file(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("officer.key");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    (folder, path)
}

#[test]
fn a_sealed_key_opens_with_its_passphrase_and_signs_as_before() {
    let (_folder, path) = file(&sealed(), 0o600);
    let opened = load_officer_key(&path, Some(&passphrase())).unwrap();
    let plain = SigningKey::from_pkcs8(&pkcs8()).unwrap();
    assert_eq!(opened.sign(b"words"), plain.sign(b"words"));
}

#[test]
fn a_sealed_key_asks_for_a_passphrase_and_refuses_another() {
    let (_folder, path) = file(&sealed(), 0o600);
    let asked = load_officer_key(&path, None).err().unwrap();
    assert!(
        matches!(asked, SealedKeyError::PassphraseNeeded { .. }),
        "{asked}"
    );
    let other = Passphrase::new("correct horse battery stable".into());
    let refused = load_officer_key(&path, Some(&other)).err().unwrap();
    assert!(
        matches!(refused, SealedKeyError::WrongPassphrase { .. }),
        "{refused}"
    );
}

#[test]
fn a_sealed_key_cannot_be_handed_to_another_officer() {
    let altered = sealed().replace("okoye", "rossi");
    let (_folder, path) = file(&altered, 0o600);
    let refused = load_officer_key(&path, Some(&passphrase())).err().unwrap();
    assert!(
        matches!(refused, SealedKeyError::WrongPassphrase { .. }),
        "{refused}"
    );
}

#[test]
fn a_sealed_key_is_read_strictly() {
    for (from, to) in [
        ("iterations: 600000", "iterations: 1000"),
        ("iterations: 600000", "iterations: 4000000000"),
        ("kdf: PBKDF2-HMAC-SHA256", "kdf: MD5"),
        ("cipher: CHACHA20", "cipher: NONE"),
        ("\n\n", "\nhint: the dog\n\n"),
        ("salt: ", "salt: AA"),
        (
            "-----END HOTLINE SEALED KEY-----\n",
            "-----END HOTLINE SEALED KEY-----\nmore\n",
        ),
    ] {
        let (_folder, path) = file(&sealed().replace(from, to), 0o600);
        let refused = load_officer_key(&path, Some(&passphrase())).err().unwrap();
        assert!(
            matches!(refused, SealedKeyError::NotAKey { .. }),
            "{from} -> {to}: {refused}"
        );
    }
}

#[test]
fn a_plain_key_needs_no_passphrase_and_a_private_file() {
    let text = format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", BASE64.encode(&pkcs8()));
    let (_folder, path) = file(&text, 0o600);
    load_officer_key(&path, None).unwrap();
    let (_folder, path) = file(&text, 0o640);
    let refused = load_officer_key(&path, None).err().unwrap();
    assert!(
        matches!(refused, SealedKeyError::Lax { mode: 0o640, .. }),
        "{refused}"
    );
}

#[test]
fn a_short_passphrase_seals_nothing_and_prints_as_nothing() {
    let short = Passphrase::new("hotline".into());
    let refused = seal(OFFICER, &pkcs8(), &short, &[5; 28]).err().unwrap();
    assert!(
        matches!(refused, SealedKeyError::ShortPassphrase { found: 7 }),
        "{refused}"
    );
    assert_eq!(format!("{short:?}"), "Passphrase(…)");
}

#[test]
fn a_sealed_text_names_its_officer_and_shows_no_key() {
    assert_eq!(claimed_officer(&sealed()), Some(OFFICER));
    assert_eq!(kind(&sealed()), Some(KeyFile::Sealed));
    assert!(!sealed().contains(&BASE64.encode(&pkcs8())));
}

//! Key files, certificates and anchors that are refused before any port opens.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use hotline_core::identity::TrustDomain;
use hotline_transport::{Anchor, CredentialError, Credentials, TrustError, TrustStore};

use crate::pki::{Ca, order};
use crate::stage::{A, A_NORTH, B, Stage};

struct Files {
    folder: tempfile::TempDir,
    certificate: PathBuf,
    key: PathBuf,
}

fn files(stage: &Stage) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let leaf = stage.a.leaf(&order(A_NORTH));
    let (certificate, key) = (folder.path().join("north.pem"), folder.path().join("north.key"));
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        data_encoding::BASE64.encode(leaf.chain[0].as_ref())
    );
    fs::write(&certificate, pem).unwrap();
    fs::write(&key, leaf.key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    Files {
        folder,
        certificate,
        key,
    }
}

#[tokio::test]
async fn a_key_that_only_its_owner_can_read_is_loaded() {
    let stage = Stage::new();
    let files = files(&stage);
    let loaded = Credentials::load(&files.certificate, &files.key, &stage.seams).unwrap();
    assert_eq!(loaded.identity().to_string(), A_NORTH);
    assert_eq!(loaded.file(), Some(files.certificate.as_path()));
}

#[tokio::test]
async fn a_key_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    let stage = Stage::new();
    let files = files(&stage);
    for mode in [0o640, 0o604, 0o620, 0o644, 0o610] {
        fs::set_permissions(&files.key, fs::Permissions::from_mode(mode)).unwrap();
        let error = Credentials::load(&files.certificate, &files.key, &stage.seams).unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, CredentialError::KeyTooOpen { .. }), "{said}");
        assert!(said.contains(&format!("has mode {mode:04o}")), "{said}");
        assert!(
            said.ends_with(&format!("Run: chmod 600 {}", files.key.display())),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_key_behind_a_symbolic_link_is_refused() {
    let stage = Stage::new();
    let files = files(&stage);
    let link = files.folder.path().join("link.key");
    symlink(&files.key, &link).unwrap();
    let error = Credentials::load(&files.certificate, &link, &stage.seams).unwrap_err();
    assert!(matches!(error, CredentialError::KeyIsLink { .. }), "{error}");
}

#[tokio::test]
async fn a_folder_a_missing_file_and_a_wrong_file_are_named() {
    let stage = Stage::new();
    let files = files(&stage);
    let load = |key: &std::path::Path| Credentials::load(&files.certificate, key, &stage.seams).unwrap_err();
    assert!(matches!(
        load(files.folder.path()),
        CredentialError::KeyNotAFile { .. }
    ));
    let missing = load(&files.folder.path().join("missing.key"));
    assert!(missing.to_string().contains("missing.key"), "{missing}");
    fs::write(&files.key, "not a key").unwrap();
    assert!(matches!(
        load(&files.key),
        CredentialError::NotPem {
            what: "private key",
            ..
        }
    ));
    fs::write(&files.key, vec![b'x'; 70_000]).unwrap();
    assert!(matches!(load(&files.key), CredentialError::TooLarge { .. }));
}

#[tokio::test]
async fn a_key_that_belongs_to_another_certificate_is_refused() {
    let stage = Stage::new();
    let (one, other) = (stage.a.leaf(&order(A_NORTH)), stage.a.leaf(&order(A_NORTH)));
    let key = other.key_der();
    let error = Credentials::from_der(one.chain, key, &stage.seams).unwrap_err();
    assert!(matches!(error, CredentialError::Mismatch { .. }), "{error}");
}

#[tokio::test]
async fn our_own_certificate_must_have_one_name_too() {
    let stage = Stage::new();
    let mut none = order(A_NORTH);
    none.uris.clear();
    let leaf = stage.a.leaf(&none);
    let key = leaf.key_der();
    let error = Credentials::from_der(leaf.chain, key, &stage.seams).unwrap_err();
    assert!(matches!(error, CredentialError::Name { .. }), "{error}");
}

#[tokio::test]
async fn anchors_that_could_speak_for_each_other_are_refused() {
    let stage = Stage::new();
    let refused = |anchors: Vec<Anchor>| TrustStore::new(&stage.seams, anchors).unwrap_err();
    let two = refused(vec![stage.a.anchor(A, &[]), stage.b.anchor(A, &[])]);
    assert!(matches!(two, TrustError::TwoForOneDomain { .. }), "{two}");
    let shared = refused(vec![stage.a.anchor(A, &[]), stage.a.anchor(B, &[])]);
    assert!(matches!(shared, TrustError::OneForTwoDomains { .. }), "{shared}");
    let mut leaf = stage.a.anchor(A, &[]);
    leaf.ca = stage.a.leaf(&order(A_NORTH)).chain[0].clone();
    assert!(matches!(refused(vec![leaf]), TrustError::NotACa { .. }));
}

#[tokio::test]
async fn a_revocation_list_of_another_ca_is_refused_and_the_old_trust_stays() {
    let stage = Stage::new();
    let trust = stage.trust();
    let mut foreign = stage.a.anchor(A, &[]);
    foreign.crls = vec![stage.b.crl(&[7])];
    let error = trust.replace(vec![foreign]).unwrap_err();
    assert!(matches!(error, TrustError::BadCrl { .. }), "{error}");
    let mut forged = stage.a.anchor(A, &[]);
    forged.crls = vec![Ca::new("Avelia exercise CA").crl(&[7])];
    assert!(matches!(
        trust.replace(vec![forged]).unwrap_err(),
        TrustError::BadCrl { .. }
    ));
    assert_eq!(trust.domains().len(), 2);
}

#[tokio::test]
async fn an_anchor_is_loaded_from_pem_files() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, stage.a.pem()).unwrap();
    let anchor = Anchor::load(TrustDomain::parse(A).unwrap(), &ca, &[]).unwrap();
    assert_eq!(anchor.ca, stage.a.der());
    let missing = folder.path().join("missing.pem");
    let error = Anchor::load(TrustDomain::parse(A).unwrap(), &missing, &[]).unwrap_err();
    assert!(error.to_string().contains("missing.pem"), "{error}");
}

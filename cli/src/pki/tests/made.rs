//! What `init` makes.

use hotline_client::seal::SealSecret;

use super::*;
use crate::pki::{folder::DomainFolder, read_certificate::Signature};

#[test]
fn every_key_is_its_owners_alone() {
    let sides = Sides::made();
    let mut keys = 0;
    for path in files_below(&sides.ours()) {
        if path.extension().is_some_and(|ending| ending == "key") {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            assert_eq!(mode(path.parent().unwrap()), 0o700, "{}", path.display());
            keys += 1;
        }
    }
    // CA, root and escrow; TLS, log, witness and mirror of the relay; TLS, statement, log and sealing of each desk; TLS and
    // signing of five officers.
    assert_eq!(keys, 3 + 4 + 2 * 4 + 5 * 2);
}

#[test]
fn each_desk_and_one_escrow_of_a_side_get_a_key_that_opens_what_is_sealed_to_them() {
    let sides = Sides::made();
    let roster = DomainFolder::open(&sides.ours()).unwrap().roster().unwrap();
    for (holder, file) in [
        ("desk/ops", layout::SEAL_KEY),
        ("desk/ops-backup", layout::SEAL_KEY),
        ("escrow/archive", layout::ESCROW_KEY),
    ] {
        let secret = SealSecret::load(&sides.ours().join(holder).join(file)).unwrap();
        let subject = format!("spiffe://{OURS}/{holder}");
        let enrolled = roster.seal_key(&subject, NOW.unix_ms()).unwrap();
        assert_eq!(
            enrolled.statement.public_key.as_slice(),
            secret.public(),
            "{holder}"
        );
    }
    assert_eq!(roster.seal_keys().count(), 3);
}

#[test]
fn a_second_init_is_refused_and_changes_nothing() {
    let sides = Sides::made();
    let before = fs::read(sides.ours().join(layout::CA_KEY)).unwrap();
    let declaration = Declaration::parse(AVELIA, "avelia.toml").unwrap();
    let refused = init(&declaration, sides.place.path(), NOW, &mut entropy).unwrap_err();
    assert_eq!((refused.code(), refused.exit_code()), ("HL-PKI-002", 4));
    assert!(
        refused.help().contains("choose another --out"),
        "{}",
        refused.help()
    );
    assert_eq!(fs::read(sides.ours().join(layout::CA_KEY)).unwrap(), before);
    // Nor was the other declared domain made, or anything left aside.
    let mut names: Vec<_> = fs::read_dir(sides.place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, [OURS, THEIRS]);
}

#[test]
fn a_wrong_declaration_makes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let mut declaration = Declaration::parse(AVELIA, "avelia.toml").unwrap();
    declaration.desks.clear();
    let refused = init(&declaration, &place.path().join("out"), NOW, &mut entropy).unwrap_err();
    assert_eq!((refused.code(), refused.exit_code()), ("HL-PKI-001", 3));
    assert!(!place.path().join("out").exists());
}

#[test]
fn every_leaf_has_exactly_one_uri_name_and_the_purposes_of_its_role() {
    let sides = Sides::made();
    let ca = certificate(&sides.ours().join(layout::CA_CERTIFICATE));
    for (holder, purposes) in [
        ("relay/north", ["serverAuth", "clientAuth"].as_slice()),
        ("desk/ops", &["clientAuth"]),
        ("officer/okoye", &["clientAuth"]),
    ] {
        let leaf = certificate(&sides.ours().join(holder).join(layout::TLS_CERTIFICATE));
        assert_eq!(leaf.uris, [format!("spiffe://{OURS}/{holder}")]);
        assert_eq!(leaf.extended_key_usage, purposes, "{holder}");
        assert_eq!(leaf.key_usage, ["digitalSignature"], "{holder}");
        assert_eq!(leaf.authority, None, "{holder}");
        assert_eq!(
            leaf.dns.len() + leaf.ips.len(),
            if holder == "relay/north" { 2 } else { 0 },
            "{holder}"
        );
        assert!(!leaf.subject.contains("CN"), "{}", leaf.subject);
        assert_eq!(ca.signed(&leaf), Signature::Holds, "{holder}");
        assert_eq!(leaf.validity.not_before_ms, NOW.unix_ms() - 300_000);
        assert_eq!(leaf.validity.not_after_ms, NOW.unix_ms() + 24 * 3_600_000);
    }
}

#[test]
fn serial_numbers_never_repeat_and_all_are_on_record() {
    let sides = Sides::made();
    let issued = crate::pki::folder::DomainFolder::open(&sides.ours())
        .unwrap()
        .issued()
        .unwrap();
    let mut serials: Vec<_> = issued.iter().map(|issued| &issued.serial).collect();
    serials.sort();
    serials.dedup();
    assert_eq!(serials.len(), 8);
    for issued in &issued {
        let folder = sides.ours().join(crate::pki::folder::short(&issued.identity));
        assert_eq!(
            certificate(&folder.join(layout::TLS_CERTIFICATE)).serial,
            issued.serial
        );
    }
}

#[test]
fn the_ca_signs_leaves_and_lists_and_no_other_ca() {
    let sides = Sides::made();
    let ca = certificate(&sides.ours().join(layout::CA_CERTIFICATE));
    assert_eq!(ca.authority, Some(Some(0)));
    assert_eq!(ca.key_usage, ["keyCertSign", "cRLSign"]);
    assert_eq!(ca.signed(&ca), Signature::Holds);
    let list = revocation_list(&sides.ours());
    assert_eq!((list.number, list.revoked.len()), (1, 0));
    assert_eq!(list.signed_by(&ca), Signature::Holds);
    let stranger = certificate(&sides.theirs().join(layout::CA_CERTIFICATE));
    assert_eq!(list.signed_by(&stranger), Signature::Broken);
}

#[test]
fn the_check_of_a_tls_library_accepts_what_was_made() {
    use rustls_pki_types::pem::PemObject;
    use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
    use std::time::Duration;
    use webpki::{
        ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, RevocationOptionsBuilder, anchor_from_trusted_cert,
    };

    let sides = Sides::made();
    let pem = |name: &str| CertificateDer::from_pem_file(sides.ours().join(name)).unwrap();
    let ca = pem("ca.crt");
    let anchors = [anchor_from_trusted_cert(&ca).unwrap()];
    let list = CertificateRevocationListDer::from_pem_file(sides.ours().join("crl.pem")).unwrap();
    let list = webpki::BorrowedCertRevocationList::from_der(&list)
        .unwrap()
        .to_owned()
        .unwrap()
        .into();
    let lists: [&webpki::CertRevocationList<'_>; 1] = [&list];
    let revocation = RevocationOptionsBuilder::new(&lists).unwrap().build();
    let time = UnixTime::since_unix_epoch(Duration::from_millis(NOW.unix_ms()));
    for (holder, usage) in [
        ("relay/north", KeyUsage::server_auth()),
        ("relay/north", KeyUsage::client_auth()),
        ("desk/ops", KeyUsage::client_auth()),
        ("officer/okoye", KeyUsage::client_auth()),
    ] {
        let der = pem(&format!("{holder}/tls.crt"));
        let leaf = EndEntityCert::try_from(&der).unwrap();
        leaf.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &anchors,
            &[],
            time,
            usage,
            Some(revocation),
            None,
        )
        .unwrap_or_else(|error| panic!("{holder}: {error}"));
        assert_eq!(
            leaf.valid_uri_names().collect::<Vec<_>>(),
            [format!("spiffe://{OURS}/{holder}")]
        );
    }
}

#[test]
fn both_domains_of_a_side_have_nothing_in_common() {
    let place = tempfile::tempdir().unwrap();
    let declaration = Declaration::parse(AVELIA, "avelia.toml").unwrap();
    let made = init(&declaration, place.path(), NOW, &mut entropy).unwrap();
    assert_eq!(made.len(), 2);
    assert_ne!(made[0].fingerprint, made[1].fingerprint);
    let ca = |domain: &str| certificate(&place.path().join(domain).join(layout::CA_CERTIFICATE));
    let leaf = certificate(&place.path().join("avelia.example/desk/ops/tls.crt"));
    assert_eq!(ca(OURS).signed(&leaf), Signature::Broken);
    assert_eq!(ca("avelia.example").signed(&leaf), Signature::Holds);
}

#[test]
fn settings_name_files_that_exist_and_only_by_relative_paths() {
    let sides = Sides::made();
    for (folder, file) in [
        ("relay/north", layout::RELAY_SETTINGS),
        ("desk/ops", layout::DESK_SETTINGS),
    ] {
        let folder = sides.ours().join(folder);
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let table: toml::Table = text.parse().unwrap();
        let mut paths = Vec::new();
        for key in [
            "tls",
            "log",
            "witness",
            "mirror",
            "statement_key",
            "log_key",
            "seal_key",
            "trust",
            "officers",
        ] {
            match table.get(key) {
                Some(toml::Value::String(path)) => paths.push(path.clone()),
                Some(toml::Value::Table(inner)) => {
                    paths.extend(
                        inner
                            .values()
                            .filter_map(|value| value.as_str().map(str::to_owned)),
                    );
                }
                _ => {}
            }
        }
        assert!(paths.len() >= 4, "{paths:?}");
        for path in paths {
            assert!(
                Path::new(&path).is_relative() && folder.join(&path).exists(),
                "{path}"
            );
        }
    }
}

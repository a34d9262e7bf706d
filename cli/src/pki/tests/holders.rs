//! Issue, renew, revoke, seal, consent, list.

use hotline_audit::{KeyError, PublicKey};
use hotline_client::sealed::watch::Watch;
use hotline_client::sealed::{Passphrase, SealedKeyError, Unlocking, load_officer_key};

use super::*;
use crate::pki::declaration::{DeclaredDesk, DeclaredOfficer, DeclaredRelay};
use crate::pki::folder::DomainFolder;
use crate::pki::issue::{Newcomer, issue};
use crate::pki::list::{Standing, list};
use crate::pki::revoke::revoke;
use crate::pki::rotate::{self, Rotated};
use crate::pki::seal::{Typed, read_book, seal};

/// The small-order point for which one signature verifies for every message (the vector of the research notes).
const WEAK: &str = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[test]
fn a_weak_key_is_refused_at_enrolment() {
    let bytes = data_encoding::BASE64.decode(WEAK.as_bytes()).unwrap();
    assert_eq!(PublicKey::parse(&bytes), Err(KeyError::Weak));
    let sides = Sides::made();
    let newcomer = Newcomer::OfficerWithKey(officer("weiss"), WEAK.into());
    let refused = issue(&sides.ours(), &newcomer, NOW, &mut entropy).unwrap_err();
    assert_eq!((refused.code(), refused.exit_code()), ("HL-PKI-010", 4));
    assert!(refused.to_string().contains("weak key"), "{refused}");
    assert!(!sides.ours().join("officer/weiss").exists());
    assert_eq!(
        DomainFolder::open(&sides.ours())
            .unwrap()
            .roster()
            .unwrap()
            .next_number(),
        MADE + 1
    );
}

#[test]
fn an_officer_may_bring_the_public_half_of_a_key_and_keep_the_other() {
    let sides = Sides::made();
    let key = hotline_audit::SigningKey::from_seed(&[3; 32]).public();
    let newcomer = Newcomer::OfficerWithKey(officer("weiss"), data_encoding::BASE64.encode(key.as_bytes()));
    let new = issue(&sides.ours(), &newcomer, NOW, &mut entropy).unwrap();
    assert!(new.folder.join(layout::TLS_CERTIFICATE).exists());
    assert!(!new.folder.join(layout::OFFICER_KEY).exists());
    let roster = DomainFolder::open(&sides.ours()).unwrap().roster().unwrap();
    assert!(roster.keys().any(|entry| entry.key == key));
    // The same key for a second officer would make their acts one another's.
    let again = Newcomer::OfficerWithKey(officer("wolf"), data_encoding::BASE64.encode(key.as_bytes()));
    assert_eq!(
        issue(&sides.ours(), &again, NOW, &mut entropy)
            .unwrap_err()
            .code(),
        "HL-PKI-010"
    );
}

#[test]
fn one_more_relay_and_desk_are_in_the_next_export() {
    let sides = Sides::made();
    let relay = DeclaredRelay {
        name: "west".into(),
        quic: "127.0.0.1:7403".parse().unwrap(),
        tcp: "127.0.0.1:7403".parse().unwrap(),
        status: "127.0.0.1:7493".parse().unwrap(),
        dns: vec!["localhost".into()],
        ips: Vec::new(),
    };
    issue(&sides.theirs(), &Newcomer::Relay(relay), NOW, &mut entropy).unwrap();
    let desk = DeclaredDesk {
        name: "plans".into(),
        prefix: "B3".into(),
    };
    issue(&sides.theirs(), &Newcomer::Desk(desk), NOW, &mut entropy).unwrap();
    let trusted = sides.trust_them(&sides.their_export()).unwrap();
    assert_eq!(trusted.roster_number, MADE + 3 + 3);
    let side = fs::read_to_string(sides.ours().join(layout::TRUST).join(THEIRS).join(layout::SIDE)).unwrap();
    assert!(
        side.contains("/relay/west") && side.contains("/desk/plans"),
        "{side}"
    );
}

#[test]
fn a_newcomer_obeys_the_rules_of_the_declared_file() {
    let sides = Sides::made();
    let refused = |newcomer| {
        let refused = issue(&sides.ours(), &newcomer, NOW, &mut entropy).unwrap_err();
        assert_eq!(refused.exit_code(), 2, "{refused}");
        refused.to_string()
    };
    let desk = |name: &str, prefix: &str| {
        Newcomer::Desk(DeclaredDesk {
            name: name.into(),
            prefix: prefix.into(),
        })
    };
    assert!(refused(desk("plans", "A")).contains("another desk has it"));
    assert!(refused(desk("plans", "B2")).contains("starts with that of its side"));
    assert!(refused(desk("Plans", "A2")).contains("Plans"));
    assert!(refused(desk("../plans", "A2")).contains("../plans"));
    let address = |text: &str| text.parse().unwrap();
    let relay = DeclaredRelay {
        name: "west".into(),
        quic: address("127.0.0.1:7403"),
        tcp: address("127.0.0.1:7403"),
        status: address("192.0.2.1:7493"),
        dns: Vec::new(),
        ips: Vec::new(),
    };
    assert!(refused(Newcomer::Relay(relay.clone())).contains("stay on this machine"));
    let wildcard = DeclaredRelay {
        status: address("127.0.0.1:7493"),
        dns: vec!["*.example".into()],
        ..relay
    };
    assert!(refused(Newcomer::Relay(wildcard)).contains("without wildcards"));
    let nowhere = DeclaredOfficer {
        desk: "bridge".into(),
        ..officer("weiss")
    };
    assert!(refused(Newcomer::Officer(nowhere)).contains("desk/bridge"));
}

#[test]
fn a_name_is_issued_once_even_after_it_was_revoked() {
    let sides = Sides::made();
    let again = Newcomer::Officer(officer("okoye"));
    assert_eq!(
        issue(&sides.ours(), &again, NOW, &mut entropy)
            .unwrap_err()
            .code(),
        "HL-PKI-002"
    );
    revoke(
        &sides.ours(),
        "officer/okoye",
        "left the service",
        NOW,
        &mut entropy,
    )
    .unwrap();
    fs::remove_dir_all(sides.ours().join("officer/okoye")).unwrap();
    assert_eq!(
        issue(&sides.ours(), &again, NOW, &mut entropy)
            .unwrap_err()
            .code(),
        "HL-PKI-009"
    );
}

#[test]
fn keys_and_folders_that_others_may_read_are_refused() {
    let sides = Sides::made();
    let lax = |path: &Path, loose, tight| {
        set_mode(path, loose);
        let refused = revoke(&sides.ours(), "officer/okoye", "test", NOW, &mut entropy).unwrap_err();
        assert_eq!(
            (refused.code(), refused.exit_code()),
            ("HL-PKI-004", 4),
            "{refused}"
        );
        assert!(
            refused.help().starts_with(&format!("chmod {tight:o} ")),
            "{}",
            refused.help()
        );
        set_mode(path, tight);
    };
    lax(&sides.ours(), 0o755, 0o700);
    lax(&sides.ours().join(layout::CA_KEY), 0o644, 0o600);
    lax(&sides.ours().join(layout::ROOT_KEY), 0o640, 0o600);
    assert_eq!(revocation_list(&sides.ours()).number, 1);
}

#[test]
fn two_writers_at_once_are_refused() {
    let sides = Sides::made();
    let folder = DomainFolder::open(&sides.ours()).unwrap();
    let held = folder.hold().unwrap();
    let refused = revoke(&sides.ours(), "officer/okoye", "test", NOW, &mut entropy).unwrap_err();
    assert_eq!((refused.code(), refused.exit_code()), ("HL-PKI-016", 1));
    drop(held);
    revoke(&sides.ours(), "officer/okoye", "test", NOW, &mut entropy).unwrap();
}

#[test]
fn an_unknown_name_is_answered_with_those_that_exist() {
    let sides = Sides::made();
    let refused = revoke(&sides.ours(), "officer/nobody", "test", NOW, &mut entropy).unwrap_err();
    assert_eq!((refused.code(), refused.exit_code()), ("HL-PKI-008", 2));
    assert!(
        refused.to_string().contains("officer/okoye, officer/tanaka"),
        "{refused}"
    );
}

#[test]
fn a_folder_above_the_domains_is_answered_with_their_names() {
    let sides = Sides::made();
    let refused = list(sides.place.path(), NOW).unwrap_err();
    assert_eq!((refused.code(), refused.exit_code()), ("HL-PKI-017", 2));
    assert!(
        refused.to_string().ends_with(&format!("{OURS}, {THEIRS}")),
        "{refused}"
    );
}

fn alone(first: &Passphrase) -> Typed<'_> {
    Typed {
        present: None,
        first,
        second: None,
    }
}

const fn typed_now(passphrase: &Passphrase) -> Unlocking<'_> {
    Unlocking {
        passphrase,
        wall: NOW,
        chance: [3; 32],
    }
}

#[test]
fn a_sealed_key_stays_the_key_of_the_roster() {
    let sides = Sides::made();
    let path = sides.ours().join("officer/moreau/officer.key");
    let before = load_officer_key(&path, None).unwrap().public();
    let passphrase = Passphrase::new("four words of nobody".into());
    seal(&sides.ours(), "officer/moreau", alone(&passphrase), &mut entropy).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert!(matches!(
        load_officer_key(&path, None),
        Err(SealedKeyError::PassphraseNeeded { .. })
    ));
    assert_eq!(
        load_officer_key(&path, Some(&typed_now(&passphrase)))
            .unwrap()
            .public(),
        before
    );
    let again = seal(&sides.ours(), "officer/moreau", alone(&passphrase), &mut entropy).unwrap_err();
    assert!(again.help().contains("--present-passphrase-file"), "{again}");
    let desk = seal(&sides.ours(), "desk/ops", alone(&passphrase), &mut entropy).unwrap_err();
    assert_eq!(desk.exit_code(), 2);
}

#[test]
fn a_sealed_key_is_sealed_anew_with_a_second_passphrase_and_the_book_knows_of_it() {
    let sides = Sides::made();
    let path = sides.ours().join("officer/moreau/officer.key");
    let before = load_officer_key(&path, None).unwrap().public();
    let (old, new) = (
        Passphrase::new("four words of nobody".into()),
        Passphrase::new("four others of nobody".into()),
    );
    let second = Passphrase::new("the tea is cold tonight".into());
    seal(&sides.ours(), "officer/moreau", alone(&old), &mut entropy).unwrap();
    let book = sides.file("security.book");
    let typed = Typed {
        present: Some(&typed_now(&old)),
        first: &new,
        second: Some((&second, &book)),
    };
    seal(&sides.ours(), "officer/moreau", typed, &mut entropy).unwrap();
    assert_eq!(mode(&book), 0o600);
    assert!(load_officer_key(&path, Some(&typed_now(&old))).is_err());
    let mut watch = Watch::new(read_book(&book).unwrap(), sides.ours().join("officer"));
    for (passphrase, told) in [(&new, 0), (&second, 1)] {
        let key = load_officer_key(&path, Some(&typed_now(passphrase))).unwrap();
        assert_eq!(key.public(), before);
        assert_eq!(watch.look().len(), told);
    }
}

#[test]
fn the_list_says_who_is_good_ended_and_revoked() {
    let sides = Sides::made();
    sides.trust_them(&sides.their_export()).unwrap();
    revoke(&sides.ours(), "officer/okoye", "test", NOW, &mut entropy).unwrap();
    let listing = list(&sides.ours(), NOW).unwrap();
    assert_eq!(listing.holders.len(), 8);
    let standing = |name: &str| {
        listing
            .holders
            .iter()
            .find(|holder| holder.name == name)
            .unwrap()
            .certificate
    };
    assert_eq!(
        (standing("officer/okoye"), standing("desk/ops")),
        (Standing::Revoked, Standing::Good)
    );
    assert_eq!(listing.trusted[0].channels, ["MINISTER"]);
    let text = listing.text(NOW);
    assert!(
        text.contains("officer/okoye") && text.contains("REVOKED") && text.contains("1 d left"),
        "{text}"
    );
    assert!(
        text.contains("trusts exercise.borenia.example (Borenia)"),
        "{text}"
    );

    let later = WallTime::from_unix_ms(NOW.unix_ms() + 25 * 3_600_000);
    let listing = list(&sides.ours(), later).unwrap();
    assert!(
        listing
            .holders
            .iter()
            .all(|holder| holder.certificate != Standing::Good)
    );
    let json = serde_json::to_value(&listing).unwrap();
    assert_eq!(json["holders"][1]["certificate"], "ENDED");
}

#[test]
fn a_new_key_for_sealing_of_a_desk_or_an_escrow_is_the_one_to_seal_to_and_the_old_one_is_kept() {
    let sides = Sides::made();
    for (holder, name, kept) in [
        ("desk/ops", layout::SEAL_KEY, "seal.old-1.key"),
        ("escrow/archive", layout::ESCROW_KEY, "escrow.old-1.key"),
    ] {
        let place = sides.ours().join(holder);
        let before = std::fs::read(place.join(name)).unwrap();
        let Rotated::Seals {
            identity,
            old,
            key_statement,
            ..
        } = rotate::seal(&place, NOW, &mut entropy).unwrap()
        else {
            panic!("a key for sealing is made");
        };
        assert_eq!(old.unwrap(), place.join(kept));
        assert_eq!(std::fs::read(place.join(kept)).unwrap(), before);
        assert_eq!((mode(&place.join(name)), mode(&place.join(kept))), (0o600, 0o600));
        let roster = DomainFolder::open(&sides.ours()).unwrap().roster().unwrap();
        let newest = roster.seal_key(&identity.to_string(), NOW.unix_ms()).unwrap();
        assert_eq!(newest.hash, key_statement);
    }
    let refused = rotate::seal(&sides.ours().join("relay/north"), NOW, &mut entropy).unwrap_err();
    assert!(
        refused.to_string().contains("only desks and escrows"),
        "{refused}"
    );
}

#[test]
fn the_old_key_of_a_desk_is_kept_when_the_new_one_takes_its_place() {
    let sides = Sides::made();
    let place = sides.ours().join("desk/ops");
    assert!(rotate::finish(&place).is_err(), "there is no new one");
    assert!(!place.join("statement.old-1.key").exists());
    let before = std::fs::read(place.join(layout::STATEMENT_KEY)).unwrap();
    rotate::rotate(&place, NOW, &mut entropy).unwrap();
    let next = std::fs::read(place.join(layout::NEXT_STATEMENT_KEY)).unwrap();
    rotate::finish(&place).unwrap();
    assert_eq!(std::fs::read(place.join(layout::STATEMENT_KEY)).unwrap(), next);
    assert_eq!(std::fs::read(place.join("statement.old-1.key")).unwrap(), before);
    assert_eq!(mode(&place.join("statement.old-1.key")), 0o600);
}

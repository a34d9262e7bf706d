//! How things end: renew before, revoke early, and what the other side notices.

use hotline_audit::Hash;

use super::*;
use crate::pki::consent::{Words, consent};
use crate::pki::deny;
use crate::pki::folder::DomainFolder;
use crate::pki::issue::{Newcomer, issue};
use crate::pki::renew::{TlsKey, renew};
use crate::pki::revoke::revoke;
use crate::pki::say;
use crate::pki::trust::CharterStanding;

#[test]
fn an_escrow_that_is_exchanged_opens_nothing_that_is_sealed_from_then_on() {
    let sides = Sides::made();
    let new = Newcomer::Escrow("vault".into());
    let issued = issue(&sides.ours(), &new, NOW, &mut entropy).unwrap();
    assert_eq!(
        issued.identity.to_string(),
        format!("spiffe://{OURS}/escrow/vault")
    );
    let revoked = revoke(
        &sides.ours(),
        "escrow/archive",
        "the vault is new",
        NOW,
        &mut entropy,
    )
    .unwrap();
    assert_eq!((revoked.certificates, revoked.keys), (0, 1));
    let roster = DomainFolder::open(&sides.ours()).unwrap().roster().unwrap();
    let mut rosters = hotline_audit::RosterSet::new();
    rosters.update(roster).unwrap();
    let names = rosters.escrows(OURS, NOW.unix_ms());
    let names: Vec<_> = names
        .iter()
        .map(|entry| entry.statement.subject.as_str())
        .collect();
    assert_eq!(names, [issued.identity.to_string()]);
    let again = issue(
        &sides.ours(),
        &Newcomer::Escrow("archive".into()),
        NOW,
        &mut entropy,
    );
    assert!(again.is_err(), "a name has one history");
}

#[test]
fn a_revoked_name_is_on_the_list_in_the_roster_and_gone_from_the_side() {
    let sides = Sides::made();
    let serial = certificate(&sides.ours().join("desk/ops/tls.crt")).serial;
    let revoked = revoke(
        &sides.ours(),
        "desk/ops",
        "the workstation was opened",
        NOW,
        &mut entropy,
    )
    .unwrap();
    assert_eq!(
        (revoked.certificates, revoked.keys, revoked.list_number),
        (1, 3, 2)
    );
    for folder in [sides.ours(), sides.ours().join(layout::TRUST).join(OURS)] {
        let list = revocation_list(&folder);
        assert_eq!(list.number, 2);
        assert_eq!(
            list.revoked.iter().map(|entry| &entry.serial).collect::<Vec<_>>(),
            [&serial]
        );
    }
    let folder = DomainFolder::open(&sides.ours()).unwrap();
    let subject = format!("spiffe://{OURS}/desk/ops");
    let roster = folder.roster().unwrap();
    let ended: Vec<_> = roster
        .keys()
        .filter(|entry| entry.statement.subject == subject)
        .collect();
    assert_eq!(ended.len(), 2);
    assert!(
        roster.seal_key(&subject, NOW.unix_ms()).is_none(),
        "nothing is sealed to it any more"
    );
    for entry in ended {
        assert_eq!(
            entry.revoked.as_ref().unwrap().reason,
            "the workstation was opened"
        );
    }
    let left: Vec<_> = folder
        .side()
        .unwrap()
        .desk
        .into_iter()
        .map(|desk| desk.identity)
        .collect();
    assert_eq!(left, [format!("spiffe://{OURS}/desk/ops-backup")]);
    let again = revoke(&sides.ours(), "desk/ops", "twice", NOW, &mut entropy).unwrap_err();
    assert_eq!(again.code(), "HL-PKI-009");
}

#[test]
fn every_certificate_of_a_renewed_name_is_revoked_with_it() {
    let sides = Sides::made();
    renew(&sides.ours().join("desk/ops"), TlsKey::New, NOW, &mut entropy).unwrap();
    let revoked = revoke(&sides.ours(), "desk/ops", "moved", NOW, &mut entropy).unwrap();
    assert_eq!(revoked.certificates, 2);
    let refused = renew(&sides.ours().join("desk/ops"), TlsKey::Keep, NOW, &mut entropy).unwrap_err();
    assert_eq!(refused.code(), "HL-PKI-009");
}

#[test]
fn a_renewed_certificate_keeps_its_names_and_its_key_unless_asked() {
    let sides = Sides::made();
    let file = sides.ours().join("relay/north/tls.crt");
    let old = certificate(&file);
    let later = WallTime::from_unix_ms(NOW.unix_ms() + 3_600_000);
    renew(&file, TlsKey::Keep, later, &mut entropy).unwrap();
    let kept = certificate(&file);
    assert_eq!(
        (&kept.uris, &kept.dns, &kept.ips, &kept.public_key),
        (&old.uris, &old.dns, &old.ips, &old.public_key)
    );
    assert_ne!(kept.serial, old.serial);
    // It cannot outlive its CA.
    assert_eq!(
        kept.validity.not_after_ms,
        certificate(&sides.ours().join("ca.crt")).validity.not_after_ms
    );
    renew(&file, TlsKey::New, later, &mut entropy).unwrap();
    assert_ne!(certificate(&file).public_key, old.public_key);
    assert_eq!(mode(&sides.ours().join("relay/north/tls.key")), 0o600);
}

#[test]
fn a_ca_that_has_ended_issues_nothing() {
    let sides = Sides::made();
    let later = WallTime::from_unix_ms(NOW.unix_ms() + 25 * 3_600_000);
    let refused = renew(&sides.ours().join("desk/ops"), TlsKey::Keep, later, &mut entropy).unwrap_err();
    assert_eq!(refused.code(), "HL-PKI-012");
    let file = sides.their_export();
    let refused = trust(
        &sides.ours(),
        &file,
        &Compared::Vouched,
        KnownAnchors::Keep,
        later,
    )
    .unwrap_err();
    assert_eq!(refused.code(), "HL-PKI-012");
}

#[test]
fn a_charter_whose_releaser_was_revoked_needs_another_ones_consent() {
    let sides = Sides::made();
    let revoked = revoke(&sides.theirs(), "officer/novak", "key lost", NOW, &mut entropy).unwrap();
    assert_eq!(revoked.charters, ["MINISTER"]);
    let trusted = sides.trust_them(&sides.their_export()).unwrap();
    let [(_, CharterStanding::NotGiven(why))] = trusted.charters.as_slice() else {
        panic!("{trusted:?}")
    };
    assert!(why.contains("revoked"), "{why}");

    let minister = Words {
        channel: "MINISTER",
        codebook: None,
    };
    let drafter = consent(&sides.theirs(), &minister, "officer/rossi", None, NOW).unwrap_err();
    assert!(drafter.to_string().contains("RELEASER"), "{drafter}");
    consent(&sides.theirs(), &minister, "officer/castellan", None, NOW).unwrap();
    let trusted = sides.trust_them(&sides.their_export()).unwrap();
    assert_eq!(
        trusted.charters,
        [("MINISTER".to_owned(), CharterStanding::BothConsent)]
    );
}

#[test]
fn a_trust_file_whose_deny_order_comes_after_its_officers_ended_says_that_it_ends_nobody() {
    let sides = Sides::made();
    sides.trust_them(&sides.their_export()).unwrap();
    let order = deny::Order {
        name: "desk/ops",
        reason: "its keys were copied",
        since: None,
    };
    let signatories = ["novak", "brandt"].map(|name| deny::Signatory {
        name: name.into(),
        passphrase: None,
    });
    deny::sign(&sides.theirs(), &order, &signatories, NOW).unwrap();
    let in_time = sides.file("in-time.trust");
    export(&sides.theirs(), &in_time, NOW).unwrap();
    revoke(&sides.theirs(), "officer/novak", "key lost", NOW, &mut entropy).unwrap();
    let late = sides.trust_them(&sides.their_export()).unwrap();
    assert_eq!(late.unproven, [1]);
    let said = say::trusted(&late);
    assert!(said.contains("WARNING order 1 of its deny-list"), "{said}");
    // Held already, it is no news.
    let again = sides.trust_them(&sides.their_export()).unwrap();
    assert_eq!(again.unproven, Vec::<u64>::new());

    let others = Sides::made();
    let trusted = others.trust_them(&in_time).unwrap();
    assert_eq!(
        trusted.unproven,
        Vec::<u64>::new(),
        "a new acquaintance counts all"
    );
}

#[test]
fn a_roster_that_was_cut_short_is_noticed_by_the_other_side() {
    let sides = Sides::made();
    sides.trust_them(&sides.their_export()).unwrap();
    for folder in [sides.theirs(), sides.theirs().join(layout::TRUST).join(THEIRS)] {
        let path = folder.join(layout::ROSTER);
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        fs::write(&path, lines[..lines.len() - 1].join("\n") + "\n").unwrap();
    }
    let file = sides.their_export();
    assert!(
        sides
            .trust_them(&file)
            .unwrap_err()
            .to_string()
            .contains(&format!("number {MADE} is already trusted"))
    );
    // Regrown with another entry in the same place, it is another history.
    issue(
        &sides.theirs(),
        &Newcomer::Officer(officer("late")),
        NOW,
        &mut entropy,
    )
    .unwrap();
    let refused = sides.trust_them(&sides.their_export()).unwrap_err();
    assert!(refused.to_string().contains("two histories"), "{refused}");
}

#[test]
fn sides_that_hold_different_codebooks_agree_once_one_consents_to_the_other_ones() {
    let codebook = Hash::of(b"the codebook that both are to hold");
    let sides = Sides::made();
    let newer = Words {
        channel: "MINISTER",
        codebook: Some(codebook),
    };
    consent(&sides.ours(), &newer, "officer/lindqvist", None, NOW).unwrap();
    let trusted = sides.trust_them(&sides.their_export()).unwrap();
    let [(_, CharterStanding::Differs(differs))] = trusted.charters.as_slice() else {
        panic!("{trusted:?}")
    };
    assert_eq!((differs.term, &differs.ours), ("codebook", &codebook.to_string()));

    consent(&sides.theirs(), &newer, "officer/castellan", None, NOW).unwrap();
    let trusted = sides.trust_them(&sides.their_export()).unwrap();
    assert_eq!(
        trusted.charters,
        [("MINISTER".to_owned(), CharterStanding::BothConsent)]
    );
}

#[test]
fn words_that_were_read_aloud_are_compared_also_of_a_side_that_is_known() {
    let sides = Sides::made();
    let file = sides.their_export();
    sides.trust_them(&file).unwrap();
    let aloud = Compared::Aloud("these are not their words".into());
    let refused = trust(&sides.ours(), &file, &aloud, KnownAnchors::Keep, NOW).unwrap_err();
    assert_eq!(refused.code(), "HL-PKI-006", "{refused}");
}

//! What people read, word for word.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::PathBuf;

use hotline_core::identity::{Role, World};
use hotline_core::leg::Door;

use super::*;
use crate::certificate::CertificateSummary;
use crate::refusal::NameFault;

/// 2026-11-22T12:00:00Z.
const NOW: WallTime = WallTime::from_unix_ms(1_795_348_800_000);
const DAY: u64 = 24 * 60 * 60 * 1000;

fn days(from_now: i64) -> WallTime {
    let shift = from_now * i64::try_from(DAY).unwrap();
    WallTime::from_unix_ms(NOW.unix_ms().checked_add_signed(shift).unwrap())
}

fn said(by: By, reason: Reason) -> String {
    let certificate = CertificateSummary {
        uris: vec!["spiffe://borenia.example/desk/ops".to_owned()],
        subject: "CN=ops".to_owned(),
        issuer: "CN=Borenia CA".to_owned(),
        serial: "07".to_owned(),
        not_before: days(-2),
        not_after: days(-1),
        fingerprint: "00".repeat(32),
    };
    let refusal = Refusal {
        by,
        reason,
        door: Door::Tcp,
        remote: ([192, 0, 2, 7], 4443).into(),
        called: Some("spiffe://avelia.example/relay/north".parse().unwrap()),
        certificate: Some(certificate),
        file: (by == By::Peer).then(|| PathBuf::from("certs/ops.pem")),
        at: NOW,
    };
    refusal.to_string()
}

#[test]
fn their_unknown_issuer_names_both_cas() {
    let reason = Reason::UnknownIssuer {
        issuer: "CN=X".to_owned(),
        trusted: Some("CN=Borenia CA".to_owned()),
    };
    assert_eq!(
        said(By::Ours, reason),
        "we refused the certificate spiffe://borenia.example/desk/ops of 192.0.2.7:4443 (tcp): it was issued by CN=X, \
         and for its domain we trust CN=Borenia CA; if their CA is new, compare its fingerprint with them by voice, \
         then run: hotline pki trust FILE"
    );
}

#[test]
fn our_unknown_issuer_says_who_must_act() {
    let reason = Reason::UnknownIssuer {
        issuer: "CN=Borenia CA".to_owned(),
        trusted: None,
    };
    assert_eq!(
        said(By::Peer, reason),
        "192.0.2.7:4443 (tcp) refused our certificate spiffe://borenia.example/desk/ops: they do not trust its issuer \
         CN=Borenia CA; give them your CA certificate and its fingerprint by voice; they run: hotline pki trust FILE"
    );
}

#[test]
fn dates_are_dates_and_ages_are_ages() {
    let expired = || Reason::Expired {
        not_after: days(-1),
        now: NOW,
    };
    assert_eq!(
        said(By::Peer, expired()),
        "192.0.2.7:4443 (tcp) refused our certificate spiffe://borenia.example/desk/ops: it expired 1 d 0 h ago, on \
         2026-11-21T12:00:00.000Z (our clock says 2026-11-22T12:00:00.000Z); run: hotline pki renew"
    );
    assert!(
        said(By::Ours, expired())
            .ends_with("; compare the clocks; if they agree, they run: hotline pki renew")
    );
    let early = Reason::NotYetValid {
        not_before: days(3),
        now: NOW,
    };
    let early = said(By::Ours, early);
    assert!(early.contains("it becomes valid in 3 d 0 h, on 2026-11-25T12:00:00.000Z"));
    assert!(
        early.contains("this is a clock skew: our clock is behind by 3 d 0 h or more"),
        "{early}"
    );
}

#[test]
fn a_peer_that_finds_a_valid_certificate_out_of_date_has_another_clock() {
    let reason = dates_by_our_clock(days(-1), days(1), NOW);
    assert!(matches!(reason, Reason::ClocksDisagree { .. }));
    let said = said(By::Peer, reason);
    assert!(
        said.contains("they find it out of date, and by our clock (2026-11-22T12:00:00.000Z)"),
        "{said}"
    );
    assert!(
        said.ends_with("compare the clocks of both ends, then run: hotline pki inspect certs/ops.pem"),
        "{said}"
    );
}

#[test]
fn wrong_names_are_both_named() {
    let reason = Reason::WrongName {
        expected: "spiffe://avelia.example/relay/north".parse().unwrap(),
        found: "spiffe://avelia.example/relay/south".parse().unwrap(),
    };
    let said = said(By::Ours, reason);
    assert!(said.contains(
        "we called spiffe://avelia.example/relay/north, and spiffe://avelia.example/relay/south answered"
    ));
}

#[test]
fn roles_and_worlds_are_named() {
    let role = Reason::WrongRole {
        found: Role::Relay,
        accepted: vec![Role::Desk, Role::Control],
    };
    assert!(said(By::Ours, role).contains("its role is relay, and only desk, control may come in here"));
    let world = Reason::WrongWorld {
        ours: World::Exercise,
        theirs: World::Operation,
    };
    assert!(said(By::Ours, world).contains("it belongs to OPERATION and we to EXERCISE; the two never talk"));
}

#[test]
fn a_missing_certificate_says_whose() {
    assert!(said(By::Peer, Reason::NoCertificate).starts_with(
        "spiffe://avelia.example/relay/north at 192.0.2.7:4443 (tcp) refused us: we showed no certificate"
    ));
    assert!(said(By::Ours, Reason::NoCertificate).contains("they showed no certificate"));
}

#[test]
fn a_silent_port_points_to_the_other_door() {
    let said = said(
        By::Network,
        Reason::HandshakeTimeout {
            limit: Duration::from_secs(3),
        },
    );
    assert_eq!(
        said,
        "spiffe://avelia.example/relay/north at 192.0.2.7:4443 (tcp) gave no answer: the handshake did not end within \
         3 s; the port may be closed or UDP blocked on the way; see whether the other door is up: hotline desk status"
    );
}

#[test]
fn a_strangers_words_are_inert() {
    let fault = NameFault::SeveralUris {
        found: vec!["a".to_owned(), "b".to_owned()],
    };
    assert!(
        said(By::Ours, Reason::UnusableName { fault })
            .contains("2 URI names where exactly one is allowed: a, b")
    );
    assert_eq!(
        crate::certificate::shown("\u{1b}[31mred\n")
            .matches('\u{1b}')
            .count(),
        0
    );
    assert!(!crate::certificate::shown("two\nlines").contains('\n'));
    assert!(crate::certificate::shown(&"x".repeat(10_000)).len() <= 200);
}

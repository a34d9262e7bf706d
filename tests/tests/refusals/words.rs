//! What refusals say: the next step exists, and no one is accused of refusing who did not.

use std::{collections::BTreeSet, time::Duration};

use hotline_core::{identity::Identity, leg::Door};
use hotline_tests::{
    AVELIA, BORENIA, Line,
    verb::{advised, typed},
    wait::{PATIENCE, eventually},
};
use hotline_transport::{
    By, Reason, Refusal,
    refusal::{Bound, NameFault},
};

use super::PROGRAM;

/// One reason of each kind.
fn every_reason(line: &Line) -> Vec<Reason> {
    let now = line.seams.clock.wall();
    let desk: Identity = "spiffe://exercise.avelia.example/desk/ops".parse().unwrap();
    let (text, limit) = ("said".to_owned(), Duration::from_secs(3));
    vec![
        Reason::UnknownIssuer {
            issuer: text.clone(),
            trusted: None,
        },
        Reason::UnknownDomain {
            domain: desk.domain().clone(),
            trusted: Vec::new(),
        },
        Reason::IssuerOutOfDate {
            issuer: text.clone(),
            not_before: now,
            not_after: now,
            now,
        },
        Reason::Expired { not_after: now, now },
        Reason::NotYetValid { not_before: now, now },
        Reason::ClocksDisagree {
            not_before: now,
            not_after: now,
            now,
        },
        Reason::WrongName {
            expected: desk.clone(),
            found: desk.clone(),
        },
        Reason::UnusableName {
            fault: NameFault::NoUri,
        },
        Reason::BadCertificate,
        Reason::WrongRole {
            found: desk.role(),
            accepted: Vec::new(),
        },
        Reason::WrongWorld {
            ours: desk.world(),
            theirs: desk.world(),
        },
        Reason::AccessDenied,
        Reason::WrongPurpose,
        Reason::Revoked { serial: text.clone() },
        Reason::ChainTooLong { sent: 3 },
        Reason::BadSignature,
        Reason::Malformed { detail: text.clone() },
        Reason::NoCertificate,
        Reason::Alpn {
            wanted: text.clone(),
            agreed: None,
        },
        Reason::NoCommonProtocol { detail: text.clone() },
        Reason::HandshakeTimeout { limit },
        Reason::Unreachable { detail: text.clone() },
        Reason::Busy {
            bound: Bound::Handshakes,
            limit: None,
        },
        Reason::BrokenOff {
            alert: None,
            detail: text,
        },
    ]
}

#[tokio::test(flavor = "current_thread")]
async fn every_next_step_of_a_refusal_names_a_verb_that_exists() {
    let line = Line::prepared(PROGRAM);
    let mut steps = BTreeSet::new();
    for reason in every_reason(&line) {
        for by in [By::Ours, By::Peer, By::Network] {
            let refusal = Refusal {
                by,
                reason: reason.clone(),
                door: Door::Quic,
                remote: line.stage.sides[AVELIA].relay.quic,
                called: None,
                certificate: None,
                file: None,
                at: line.seams.clock.wall(),
            };
            assert!(!refusal.next_step().is_empty(), "{refusal}");
            steps.extend(advised(&refusal.next_step()));
        }
    }
    let mut missing = Vec::new();
    for step in &steps {
        let mut words: Vec<&str> = step.iter().map(String::as_str).collect();
        words.push("--help");
        if typed(line.program(), &words, b"").await.code != 0 {
            missing.push(step.join(" "));
        }
    }
    assert!(
        missing.is_empty(),
        "people are told to run what is not there: {missing:?}"
    );
}

/// Who answers at a door and then breaks off is no peer who refuses: an alarm for refusals must not cry for it.
#[tokio::test(flavor = "current_thread")]
async fn a_relay_that_breaks_off_or_says_nothing_is_told_as_unreachable_and_not_as_a_refusal() {
    let mut line = Line::prepared(PROGRAM);
    let breaks_off = tokio::net::TcpListener::bind(line.stage.sides[AVELIA].relay.tcp)
        .await
        .unwrap();
    let says_nothing = tokio::net::TcpListener::bind(line.stage.sides[BORENIA].relay.tcp)
        .await
        .unwrap();
    tokio::spawn(async move { while breaks_off.accept().await.is_ok() {} });
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(accepted) = says_nothing.accept().await {
            held.push(accepted);
        }
    });
    line.stage.start_desk(AVELIA).await.unwrap();
    let status = eventually("both were tried", PATIENCE, async || {
        let status = line.status(AVELIA).await;
        let tried = |leg: &str| status.legs[leg].why != "not tried yet";
        (tried("north/tcp") && tried("south/tcp")).then_some(status)
    })
    .await;
    for leg in ["north/tcp", "south/tcp"] {
        let why = &status.legs[leg].why;
        assert!(!why.starts_with("refused"), "{leg} is told as {why:?}");
    }
    assert_eq!(status.alarms.get("REFUSED"), None, "{status:#?}");
}

//! Bad peers, at both doors and in both roles, and the words both ends have for it.

use std::sync::Arc;

use hotline_core::leg::Door;
use hotline_transport::{By, Credentials, ListenLimits, Permanence, Reason, Refusal};
use rcgen::ExtendedKeyUsagePurpose;

use crate::pki::{Ca, Order, order};
use crate::stage::{A, A_NORTH, A_OPS, B, B_OPS, Relay, Stage, identity};

/// The desk is refused by the relay, and both say so; nothing got in.
async fn desk_is_refused(stage: &Stage, desk: &Credentials, by_relay: &str, told_desk: &str) {
    let relay = stage.relay().await;
    for door in Door::ALL {
        let refusal = relay.refuses(&stage.dialer(desk.clone()), door).await;
        assert_eq!(
            (refusal.by, refusal.kind()),
            (By::Peer, told_desk),
            "{door}: {refusal}"
        );
        assert_eq!(
            refusal.certificate.as_ref(),
            Some(desk.summary()),
            "{door}: it is our certificate"
        );
        let noted = relay.noted().await;
        assert_eq!(
            (noted.by, noted.kind(), noted.door),
            (By::Ours, by_relay, door),
            "{noted}"
        );
        assert_eq!(
            noted.certificate.as_ref(),
            Some(desk.summary()),
            "{door}: it names the certificate"
        );
        assert_eq!(noted.permanence(), Permanence::Permanent);
    }
    assert!(relay.connections.list().is_empty());
}

async fn desk_ordered(order: Order, by_relay: &str, told_desk: &str) {
    let stage = Stage::new();
    let desk = stage.b.credentials(&stage.seams, &order);
    desk_is_refused(&stage, &desk, by_relay, told_desk).await;
}

/// The relay is refused by the desk, and both say so.
async fn relay_is_refused(stage: &Stage, relay: &Relay, by_desk: &str, told_relay: &str) -> Refusal {
    let mut last = None;
    for door in Door::ALL {
        let desk = stage.desk();
        let Err(refusal) = relay.dialled_by(&desk, door).await else {
            panic!("{door}: let in")
        };
        assert_eq!(
            (refusal.by, refusal.kind()),
            (By::Ours, by_desk),
            "{door}: {refusal}"
        );
        assert_eq!(desk.refusals().last().unwrap().kind(), by_desk);
        let noted = relay.noted().await;
        assert_eq!(
            (noted.by, noted.kind()),
            (By::Peer, told_relay),
            "{door}: {noted}"
        );
        last = Some(*refusal);
    }
    last.unwrap()
}

async fn relay_ordered(issuer: impl Fn(&Stage) -> Credentials, by_desk: &str, told_relay: &str) -> Refusal {
    let stage = Stage::new();
    let relay = stage
        .relay_with(issuer(&stage), stage.trust(), ListenLimits::default())
        .await;
    relay_is_refused(&stage, &relay, by_desk, told_relay).await
}

#[tokio::test]
async fn a_desk_of_an_unknown_ca_is_refused() {
    let stage = Stage::new();
    let desk = Ca::new("Nobody's CA").credentials(&stage.seams, &order(B_OPS));
    desk_is_refused(&stage, &desk, "UNKNOWN_ISSUER", "UNKNOWN_ISSUER").await;
}

#[tokio::test]
async fn a_relay_of_an_unknown_ca_is_refused() {
    let refusal = relay_ordered(
        |stage| Ca::new("Nobody's CA").credentials(&stage.seams, &order(A_NORTH)),
        "UNKNOWN_ISSUER",
        "UNKNOWN_ISSUER",
    )
    .await;
    let said = refusal.to_string();
    assert!(said.contains("issued by CN=Nobody's CA"), "{said}");
    assert!(said.contains("we trust CN=Avelia exercise CA"), "{said}");
    assert!(said.contains("hotline pki trust FILE"), "{said}");
}

#[tokio::test]
async fn borenias_ca_cannot_issue_an_avelia_desk() {
    let stage = Stage::new();
    let desk = stage.b.credentials(&stage.seams, &order(A_OPS));
    desk_is_refused(&stage, &desk, "UNKNOWN_ISSUER", "UNKNOWN_ISSUER").await;
}

#[tokio::test]
async fn borenias_ca_cannot_issue_an_avelia_relay() {
    relay_ordered(
        |stage| stage.b.credentials(&stage.seams, &order(A_NORTH)),
        "UNKNOWN_ISSUER",
        "UNKNOWN_ISSUER",
    )
    .await;
}

#[tokio::test]
async fn a_ca_that_takes_another_cas_name_gains_nothing() {
    let stage = Stage::new();
    let impostor = Ca::new("Avelia exercise CA");
    let desk = impostor.credentials(&stage.seams, &order(A_OPS));
    desk_is_refused(&stage, &desk, "UNKNOWN_ISSUER", "UNKNOWN_ISSUER").await;
}

#[tokio::test]
async fn an_expired_desk_is_refused_with_its_real_date() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let mut expired = order(B_OPS);
    expired.to = (2030, 6, 15);
    for door in Door::ALL {
        let refusal = relay.refuses(&stage.desk_with(&expired), door).await;
        assert_eq!(
            (refusal.by, refusal.kind()),
            (By::Peer, "EXPIRED"),
            "{door}: {refusal}"
        );
        let said = refusal.to_string();
        assert!(
            said.contains("it expired 12 h 0 min ago, on 2030-06-15T00:00:00.000Z"),
            "{said}"
        );
        assert!(said.ends_with("run: hotline pki renew"), "{said}");
        assert!(
            relay
                .noted()
                .await
                .sentence()
                .starts_with("we refused the certificate spiffe://")
        );
    }
}

#[tokio::test]
async fn an_expired_relay_is_refused() {
    let mut expired = order(A_NORTH);
    expired.to = (2030, 6, 15);
    // The relay's own clock agrees that its certificate is over, so it can tell which kind of "out of date" it is.
    relay_ordered(
        move |stage| stage.a.credentials(&stage.seams, &expired),
        "EXPIRED",
        "EXPIRED",
    )
    .await;
}

#[tokio::test]
async fn a_desk_whose_time_has_not_come_is_refused() {
    let mut early = order(B_OPS);
    (early.from, early.to) = ((2030, 6, 16), (2030, 6, 17));
    desk_ordered(early, "NOT_YET_VALID", "NOT_YET_VALID").await;
}

#[tokio::test]
async fn a_relay_whose_time_has_not_come_is_refused() {
    let mut early = order(A_NORTH);
    (early.from, early.to) = ((2030, 6, 16), (2030, 6, 17));
    relay_ordered(
        move |stage| stage.a.credentials(&stage.seams, &early),
        "NOT_YET_VALID",
        "NOT_YET_VALID",
    )
    .await;
}

#[tokio::test]
async fn a_ca_that_is_itself_out_of_date_vouches_for_nobody() {
    let stage = Stage::new();
    let old = Ca::expired("Borenia exercise CA");
    let trust = stage.trust_in(vec![stage.a.anchor(A, &[]), old.anchor(B, &[])]);
    let credentials = stage.a.credentials(&stage.seams, &order(A_NORTH));
    let relay = stage
        .relay_with(credentials, trust, ListenLimits::default())
        .await;
    for door in Door::ALL {
        let desk = stage.dialer(old.credentials(&stage.seams, &order(B_OPS)));
        assert_eq!(
            relay.refuses(&desk, door).await.kind(),
            "UNKNOWN_ISSUER",
            "{door}"
        );
        assert_eq!(relay.noted().await.kind(), "ISSUER_OUT_OF_DATE", "{door}");
    }
}

#[tokio::test]
async fn a_relay_may_not_dial_where_only_desks_are_let_in() {
    desk_ordered(
        order("spiffe://exercise.borenia.example/relay/south"),
        "WRONG_ROLE",
        "ACCESS_DENIED",
    )
    .await;
}

#[tokio::test]
async fn an_officer_is_a_person_and_may_not_dial() {
    desk_ordered(
        order("spiffe://exercise.borenia.example/officer/okoye"),
        "WRONG_ROLE",
        "ACCESS_DENIED",
    )
    .await;
}

#[tokio::test]
async fn an_operation_desk_is_refused_by_an_exercise_relay() {
    let stage = Stage::new();
    // Even where somebody configured trust in both worlds.
    let trust = stage.trust_in(vec![
        stage.a.anchor(A, &[]),
        stage.b.anchor("borenia.example", &[]),
    ]);
    let credentials = stage.a.credentials(&stage.seams, &order(A_NORTH));
    let relay = stage
        .relay_with(credentials, trust, ListenLimits::default())
        .await;
    for door in Door::ALL {
        let real = stage
            .b
            .credentials(&stage.seams, &order("spiffe://borenia.example/desk/ops"));
        // The desk notices as well, and first: it judges the relay before the relay judges it.
        let refusal = relay.refuses(&stage.dialer(real), door).await;
        assert_eq!(
            (refusal.by, refusal.kind()),
            (By::Ours, "WRONG_WORLD"),
            "{door}: {refusal}"
        );
        let said = refusal.sentence();
        assert!(
            said.contains("it belongs to EXERCISE and we to OPERATION"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_relay_refuses_the_other_world_even_if_the_caller_does_not_care() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for door in Door::ALL {
        let real = stage.b.leaf(&order("spiffe://borenia.example/desk/ops"));
        crate::raw::knock(&relay, door, Some(real), None).await;
        let noted = relay.noted().await;
        assert_eq!(
            (noted.by, noted.kind(), noted.door),
            (By::Ours, "WRONG_WORLD", door),
            "{noted}"
        );
    }
}

#[tokio::test]
async fn a_caller_without_a_certificate_is_refused() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for door in Door::ALL {
        crate::raw::knock(&relay, door, None, None).await;
        let noted = relay.noted().await;
        assert_eq!(
            (noted.by, noted.kind(), noted.door),
            (By::Ours, "NO_CERTIFICATE", door),
            "{noted}"
        );
    }
    assert!(relay.connections.list().is_empty());
}

#[tokio::test]
async fn a_caller_that_speaks_another_protocol_is_refused() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for (door, spoken) in [
        (Door::Quic, "h3"),
        (Door::Quic, "h2"),
        (Door::Tcp, "hotline-h2/1"),
        (Door::Tcp, "http/1.1"),
    ] {
        crate::raw::knock(&relay, door, Some(stage.b.leaf(&order(B_OPS))), Some(spoken)).await;
        let noted = relay.noted().await;
        assert_eq!(
            (noted.by, noted.kind(), noted.door),
            (By::Ours, "ALPN", door),
            "{spoken}: {noted}"
        );
    }
    assert!(relay.connections.list().is_empty());
}

#[tokio::test]
async fn a_certificate_with_two_uri_names_names_nobody() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for door in Door::ALL {
        for uris in [
            vec![B_OPS, A_OPS],
            vec![B_OPS, B_OPS],
            vec![B_OPS, "https://example.com"],
        ] {
            let mut two = order(B_OPS);
            two.uris = uris;
            crate::raw::knock(&relay, door, Some(stage.b.leaf(&two)), None).await;
            let noted = relay.noted().await;
            assert_eq!(
                (noted.by, noted.kind()),
                (By::Ours, "UNUSABLE_NAME"),
                "{door}: {noted}"
            );
        }
    }
    assert_eq!(relay.refusals.total(), 6);
}

#[tokio::test]
async fn a_certificate_without_a_uri_name_names_nobody() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for door in Door::ALL {
        let mut none = order(B_OPS);
        none.uris.clear();
        crate::raw::knock(&relay, door, Some(stage.b.leaf(&none)), None).await;
        let noted = relay.noted().await;
        assert_eq!(
            (noted.by, noted.kind()),
            (By::Ours, "UNUSABLE_NAME"),
            "{door}: {noted}"
        );
        assert!(noted.sentence().contains("it has no URI name"), "{noted}");
    }
}

#[tokio::test]
async fn a_uri_name_that_is_almost_an_identity_names_nobody() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for name in [
        "spiffe://exercise.borenia.example/desk/ops/",
        "spiffe://exercise.borenia.example/desk/Ops",
        "spiffe://exercise.borenia.example/desk/%6fps",
        "spiffe://EXERCISE.borenia.example/desk/ops",
        "https://exercise.borenia.example/desk/ops",
    ] {
        crate::raw::knock(&relay, Door::Tcp, Some(stage.b.leaf(&order(name))), None).await;
        assert_eq!(relay.noted().await.kind(), "UNUSABLE_NAME", "{name}");
    }
    assert_eq!(relay.refusals.total(), 5);
}

#[tokio::test]
async fn a_certificate_for_serving_only_may_not_dial() {
    let mut serving = order(B_OPS);
    serving.purposes = vec![ExtendedKeyUsagePurpose::ServerAuth];
    desk_ordered(serving, "WRONG_PURPOSE", "WRONG_PURPOSE").await;
}

#[tokio::test]
async fn a_certificate_for_dialling_only_may_not_serve() {
    let mut dialling = order(A_NORTH);
    dialling.purposes = vec![ExtendedKeyUsagePurpose::ClientAuth];
    relay_ordered(
        move |stage| stage.a.credentials(&stage.seams, &dialling),
        "WRONG_PURPOSE",
        "WRONG_PURPOSE",
    )
    .await;
}

#[tokio::test]
async fn a_desk_revoked_by_its_ca_is_refused_at_the_next_handshake() {
    let stage = Stage::new();
    let trust = stage.trust();
    let credentials = stage.a.credentials(&stage.seams, &order(A_NORTH));
    let relay = stage
        .relay_with(credentials, Arc::clone(&trust), ListenLimits::default())
        .await;
    for door in Door::ALL {
        trust.replace(stage.anchors()).unwrap();
        assert!(
            relay
                .dialled_by(&stage.desk(), door)
                .await
                .unwrap()
                .seen()
                .await
                .starts_with(B_OPS)
        );
        // The list in these tests is also overdue: it still revokes, and still lets the others in.
        trust
            .replace(vec![stage.a.anchor(A, &[]), stage.b.anchor(B, &[7, 99])])
            .unwrap();
        let refusal = relay.refuses(&stage.desk(), door).await;
        assert_eq!(
            (refusal.by, refusal.kind()),
            (By::Peer, "REVOKED"),
            "{door}: {refusal}"
        );
        assert_eq!(
            relay.noted().await.reason,
            Reason::Revoked {
                serial: "07".to_owned()
            }
        );
        let mut other = order(B_OPS);
        other.serial = 8;
        assert!(
            relay
                .dialled_by(&stage.desk_with(&other), door)
                .await
                .unwrap()
                .seen()
                .await
                .ends_with("08")
        );
        assert_eq!(
            trust
                .stale(hotline_core::time::WallTime::from_unix_ms(crate::pki::NOON))
                .len(),
            1
        );
    }
}

#[tokio::test]
async fn a_relay_revoked_by_its_ca_is_refused() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let trust = stage.trust_in(vec![stage.a.anchor(A, &[7]), stage.b.anchor(B, &[])]);
    for door in Door::ALL {
        let desk = stage.dialer_trusting(
            stage.b.credentials(&stage.seams, &order(B_OPS)),
            Arc::clone(&trust),
        );
        let Err(refusal) = relay.dialled_by(&desk, door).await else {
            panic!("{door}: let in")
        };
        assert_eq!((refusal.by, refusal.kind()), (By::Ours, "REVOKED"), "{door}");
        let noted = relay.noted().await;
        assert_eq!((noted.by, noted.kind()), (By::Peer, "REVOKED"), "{door}: {noted}");
    }
}

#[tokio::test]
async fn a_good_relay_that_was_not_the_one_called_is_refused() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let south = identity("spiffe://exercise.avelia.example/relay/south");
    for door in Door::ALL {
        let Err(refusal) = relay.dialled_as(&stage.desk(), door, &south).await else {
            panic!("{door}: let in")
        };
        let expected = Reason::WrongName {
            expected: south.clone(),
            found: relay.identity.clone(),
        };
        assert_eq!((refusal.by, &refusal.reason), (By::Ours, &expected), "{door}");
        let noted = relay.noted().await;
        assert_eq!(
            (noted.by, noted.kind()),
            (By::Peer, "BAD_CERTIFICATE"),
            "{door}: {noted}"
        );
    }
}

#[tokio::test]
async fn the_desk_learns_why_it_was_refused_although_its_connect_succeeded() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let stranger = Ca::new("Nobody's CA").credentials(&stage.seams, &order(B_OPS));
    for door in Door::ALL {
        let desk = stage.dialer(stranger.clone());
        let Ok(held) = relay.dialled_by(&desk, door).await else {
            continue;
        };
        // The call fails in some words or other; the lane knows better.
        held.call("who").await.unwrap_err();
        let ended = crate::stage::soon(held.lane.closed()).await;
        let refusal = held.lane.refusal().unwrap();
        assert_eq!(ended.refusal(), Some(&refusal));
        assert_eq!(
            (refusal.by, refusal.kind()),
            (By::Peer, "UNKNOWN_ISSUER"),
            "{door}"
        );
        assert_eq!(ended.permanence(), Permanence::Permanent);
        assert!(
            refusal.sentence().contains("refused our certificate spiffe://"),
            "{refusal}"
        );
        assert_eq!(desk.refusals().total(), 1, "{door}: recorded once");
    }
}

#[tokio::test]
async fn nobody_at_the_port_is_said_within_the_handshake_limit() {
    let stage = Stage::new();
    let nobody = {
        let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        taken.local_addr().unwrap()
    };
    for (door, kind) in [(Door::Quic, "HANDSHAKE_TIMEOUT"), (Door::Tcp, "UNREACHABLE")] {
        let refusal = stage
            .desk()
            .preflight(door, nobody, &identity(A_NORTH))
            .await
            .unwrap_err();
        assert_eq!((refusal.by, refusal.kind()), (By::Network, kind), "{refusal}");
        assert_eq!(refusal.permanence(), Permanence::Temporary);
    }
}

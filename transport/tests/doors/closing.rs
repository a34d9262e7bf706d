//! Ends: by revocation, by bounds, by silence, by shutdown; each with its cause.

use std::sync::Arc;
use std::time::Duration;

use hotline_core::leg::Door;
use hotline_transport::{By, DialTimings, Ended, ListenLimits, Reason, ShiftedClock, TrustError};
use tokio::io::AsyncReadExt;

use crate::pki::order;
use crate::stage::{A, A_NORTH, B, B_OPS, Stage, eventually, identity, soon};

#[tokio::test]
async fn closing_an_identity_ends_its_live_connections_at_both_doors_within_a_second() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let quic = relay.dialled_by(&stage.desk(), Door::Quic).await.unwrap();
    let tcp = relay.dialled_by(&stage.desk(), Door::Tcp).await.unwrap();
    let control = stage.desk_with(&order("spiffe://exercise.borenia.example/control/excon"));
    let other = relay.dialled_by(&control, Door::Tcp).await.unwrap();
    for held in [&quic, &tcp, &other] {
        held.seen().await;
    }
    let (quic_call, tcp_call) = (quic.call("wait"), tcp.call("wait"));
    tokio::pin!(quic_call, tcp_call);
    // Both calls are on their way before the cut.
    let started = tokio::time::timeout(
        Duration::from_millis(50),
        futures_util::future::join(&mut quic_call, &mut tcp_call),
    );
    assert!(started.await.is_err());
    assert_eq!(relay.connections.close(&identity(B_OPS), "revoked"), 2);
    let cut = tokio::time::timeout(Duration::from_secs(1), async {
        (&mut quic_call).await.unwrap_err();
        (&mut tcp_call).await.unwrap_err();
        (quic.lane.closed().await, tcp.lane.closed().await)
    });
    let (by_quic, by_tcp) = cut.await.unwrap();
    assert_eq!(
        by_quic,
        Ended::ByPeer {
            why: "revoked".to_owned()
        }
    );
    assert!(
        matches!(by_tcp, Ended::Lost { .. } | Ended::ByPeer { .. }),
        "{by_tcp}"
    );
    assert!(
        other.seen().await.contains("control/excon"),
        "nobody else is closed"
    );
    assert_eq!(relay.connections.list().len(), 1);
}

#[tokio::test]
async fn an_idle_connection_is_closed_as_fast_as_a_busy_one() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for door in Door::ALL {
        let held = relay.dialled_by(&stage.desk(), door).await.unwrap();
        held.seen().await;
        assert_eq!(relay.connections.close(&identity(B_OPS), "revoked"), 1);
        tokio::time::timeout(Duration::from_secs(1), held.lane.closed())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_recheck_closes_whoever_new_trust_no_longer_covers_and_nobody_else() {
    let stage = Stage::new();
    let trust = stage.trust();
    let credentials = stage.a.credentials(&stage.seams, &order(A_NORTH));
    let relay = stage
        .relay_with(credentials, Arc::clone(&trust), ListenLimits::default())
        .await;
    for door in Door::ALL {
        trust.replace(stage.anchors()).unwrap();
        let stolen = relay.dialled_by(&stage.desk(), door).await.unwrap();
        let mut spare = order("spiffe://exercise.borenia.example/desk/spare");
        spare.serial = 8;
        let good = relay.dialled_by(&stage.desk_with(&spare), door).await.unwrap();
        stolen.seen().await;
        good.seen().await;
        assert!(relay.connections.recheck().is_empty());
        trust
            .replace(vec![stage.a.anchor(A, &[]), stage.b.anchor(B, &[7])])
            .unwrap();
        let fallen = relay.connections.recheck();
        assert_eq!(
            fallen.iter().map(|peer| &peer.identity).collect::<Vec<_>>(),
            [&identity(B_OPS)]
        );
        tokio::time::timeout(Duration::from_secs(1), stolen.lane.closed())
            .await
            .unwrap();
        assert!(good.seen().await.ends_with("08"), "{door}");
    }
}

#[tokio::test]
async fn a_desk_sees_that_its_relay_is_no_longer_trusted() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for door in Door::ALL {
        let trust = stage.trust();
        let credentials = stage.b.credentials(&stage.seams, &order(B_OPS));
        let held = relay
            .dialled_by(&stage.dialer_trusting(credentials, Arc::clone(&trust)), door)
            .await
            .unwrap();
        held.seen().await;
        held.lane.still_trusted().unwrap();
        trust.replace(vec![stage.a.anchor(A, &[7])]).unwrap();
        assert_eq!(held.lane.still_trusted().unwrap_err().kind(), "REVOKED");
        held.lane.close("no longer trusted");
        assert_eq!(
            soon(held.lane.closed()).await,
            Ended::ByUs {
                why: "no longer trusted".to_owned()
            }
        );
    }
}

#[tokio::test]
async fn whoever_is_revoked_and_has_expired_as_well_is_closed_and_whoever_has_only_expired_is_not() {
    const TWO_DAYS_MS: i64 = 2 * 24 * 60 * 60 * 1_000;
    for by_crl in [true, false] {
        let mut stage = Stage::new();
        let (seams, clock) = ShiftedClock::on(&stage.seams);
        stage.seams = seams;
        let trust = stage.trust();
        let credentials = stage.a.credentials(&stage.seams, &order(A_NORTH));
        let relay = stage
            .relay_with(credentials, Arc::clone(&trust), ListenLimits::default())
            .await;
        let mut spare = order("spiffe://exercise.borenia.example/desk/spare");
        spare.serial = 8;
        let spare = stage.desk_with(&spare);
        let stolen = relay.dialled_by(&stage.desk(), Door::Quic).await.unwrap();
        let good = relay.dialled_by(&spare, Door::Tcp).await.unwrap();
        stolen.seen().await;
        good.seen().await;
        // Both certificates end on the next day; neither session does.
        clock.shift(TWO_DAYS_MS).unwrap();
        assert!(relay.connections.recheck().is_empty());
        if by_crl {
            trust
                .replace(vec![stage.a.anchor(A, &[]), stage.b.anchor(B, &[7])])
                .unwrap();
        } else {
            let denied = [(identity(B_OPS), "copied".to_owned())].into();
            trust.replace_with_denied(stage.anchors(), denied).unwrap();
        }
        let fallen = relay.connections.recheck();
        assert_eq!(
            fallen.iter().map(|peer| &peer.identity).collect::<Vec<_>>(),
            [&identity(B_OPS)]
        );
        soon(stolen.lane.closed()).await;
        assert!(good.seen().await.ends_with("08"));
    }
}

#[tokio::test]
async fn a_desk_drops_a_relay_that_is_revoked_and_has_expired_as_well() {
    const TWO_DAYS_MS: i64 = 2 * 24 * 60 * 60 * 1_000;
    let mut stage = Stage::new();
    let (seams, clock) = ShiftedClock::on(&stage.seams);
    stage.seams = seams;
    let relay = stage.relay().await;
    for door in Door::ALL {
        clock.shift(0).unwrap();
        let trust = stage.trust();
        let credentials = stage.b.credentials(&stage.seams, &order(B_OPS));
        let held = relay
            .dialled_by(&stage.dialer_trusting(credentials, Arc::clone(&trust)), door)
            .await
            .unwrap();
        held.seen().await;
        clock.shift(TWO_DAYS_MS).unwrap();
        held.lane.still_trusted().unwrap();
        trust.replace(vec![stage.a.anchor(A, &[7])]).unwrap();
        assert_eq!(held.lane.still_trusted().unwrap_err().kind(), "REVOKED");
    }
}

#[tokio::test]
async fn a_stalled_handshake_times_out_at_both_doors() {
    let stage = Stage::new();
    let limits = ListenLimits {
        handshake: Duration::from_millis(200),
        ..ListenLimits::default()
    };
    let credentials = stage.a.credentials(&stage.seams, &order(A_NORTH));
    let relay = stage.relay_with(credentials, stage.trust(), limits).await;
    let mut silent = tokio::net::TcpStream::connect(relay.doors.tcp).await.unwrap();
    assert_eq!(soon(silent.read(&mut [0; 16])).await.unwrap(), 0);
    crate::raw::stall_quic(&relay).await;
    let slow = eventually(|| {
        let noted = relay.refusals.recent();
        (noted.len() == 2).then_some(noted)
    });
    let doors: Vec<Door> = slow
        .await
        .iter()
        .map(|noted| {
            assert_eq!((noted.by, noted.kind()), (By::Ours, "HANDSHAKE_TIMEOUT"));
            noted.door
        })
        .collect();
    assert_eq!(doors, [Door::Tcp, Door::Quic]);
}

#[tokio::test]
async fn one_identity_has_a_bound_on_its_connections() {
    let stage = Stage::new();
    let limits = ListenLimits {
        connections_each: 2,
        ..ListenLimits::default()
    };
    let credentials = stage.a.credentials(&stage.seams, &order(A_NORTH));
    let relay = stage.relay_with(credentials, stage.trust(), limits).await;
    let first = relay.dialled_by(&stage.desk(), Door::Quic).await.unwrap();
    let second = relay.dialled_by(&stage.desk(), Door::Tcp).await.unwrap();
    first.seen().await;
    second.seen().await;
    let third = relay.refuses(&stage.desk(), Door::Quic).await;
    assert_eq!((third.by, third.kind()), (By::Peer, "BUSY"), "{third}");
    let noted = relay.noted().await;
    assert!(
        matches!(noted.reason, Reason::Busy { limit: Some(2), .. }),
        "{noted}"
    );
    let fourth = relay.dialled_by(&stage.desk(), Door::Tcp).await.unwrap();
    fourth.call("who").await.unwrap_err();
    drop(first);
    eventually(|| (relay.connections.list().len() == 1).then_some(())).await;
    assert!(
        relay
            .dialled_by(&stage.desk(), Door::Quic)
            .await
            .unwrap()
            .seen()
            .await
            .starts_with(B_OPS)
    );
}

#[tokio::test]
async fn a_relay_that_closes_says_goodbye_and_leaves_nothing_running() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let quic = relay.dialled_by(&stage.desk(), Door::Quic).await.unwrap();
    let tcp = relay.dialled_by(&stage.desk(), Door::Tcp).await.unwrap();
    quic.seen().await;
    tcp.seen().await;
    soon(relay.listener.close("maintenance", Duration::from_secs(1))).await;
    assert_eq!(
        soon(quic.leg.as_ref().unwrap().closed()).await,
        Ended::ByPeer {
            why: "maintenance".to_owned()
        }
    );
    soon(tcp.lane.closed()).await;
    drop((quic, tcp));
    assert_eq!(
        stage.seams.spawner.drain(Duration::from_secs(2)).await,
        hotline_transport::seams::Drained::Clean
    );
}

#[tokio::test]
async fn after_the_stop_calls_in_flight_finish_and_nobody_else_gets_in() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let desk = stage.desk().with_timings(DialTimings {
        handshake: Duration::from_millis(300),
        ..DialTimings::default()
    });
    let quic = relay.dialled_by(&desk, Door::Quic).await.unwrap();
    let tcp = relay.dialled_by(&desk, Door::Tcp).await.unwrap();
    quic.seen().await;
    tcp.seen().await;
    let calls = futures_util::future::join(quic.call("slow"), tcp.call("slow"));
    tokio::pin!(calls);
    assert!(
        tokio::time::timeout(Duration::from_millis(50), &mut calls)
            .await
            .is_err()
    );
    relay.listener.stop_accepting();
    let (by_quic, by_tcp) = soon(calls).await;
    by_quic.unwrap();
    by_tcp.unwrap();
    for door in Door::ALL {
        assert!(
            desk.preflight(door, relay.address(door), &relay.identity)
                .await
                .is_err(),
            "{door}"
        );
    }
    for lane in [&quic.lane, &tcp.lane] {
        let ended = soon(lane.closed()).await;
        assert!(matches!(ended, Ended::ByPeer { .. }), "{ended}");
    }
}

#[tokio::test]
async fn a_lane_that_is_dropped_frees_its_place() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for door in Door::ALL {
        let held = relay.dialled_by(&stage.desk(), door).await.unwrap();
        held.seen().await;
        assert_eq!(relay.connections.list().len(), 1);
        drop(held);
        eventually(|| relay.connections.list().is_empty().then_some(())).await;
    }
}

#[test]
fn anchors_that_lack_a_domain_in_force_are_refused_and_a_denial_needs_no_anchors() {
    let stage = Stage::new();
    let trust = stage.trust();
    let lacking = vec![stage.a.anchor(A, &[])];
    let error = trust.check_not_older(&lacking).unwrap_err();
    assert!(matches!(error, TrustError::Missing { .. }), "{error}");
    let standing = trust.check_not_older(&stage.anchors()).unwrap();
    assert_eq!(standing, trust.standing());
    trust.deny([(identity(B_OPS), "copied".to_owned())].into());
    assert_eq!(trust.domains().len(), 2);
}

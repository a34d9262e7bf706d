//! Good peers, and what both ends then know of each other.

use std::sync::Arc;

use hotline_core::leg::{Door, Lane};
use hotline_transport::{Ended, ListenLimits, NodeSecrets, Spawner};

use crate::pki::order;
use crate::raw::CrashableNetwork;
use crate::stage::{A, A_NORTH, B, B_OPS, Stage, eventually, identity, open_relay, soon};

#[tokio::test]
async fn a_handler_sees_the_callers_identity_and_door() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for door in Door::ALL {
        let held = relay.dialled_by(&stage.desk(), door).await.unwrap();
        assert_eq!(held.seen().await, format!("{B_OPS} {door} 07"));
        assert_eq!(held.lane.peer().identity, identity(A_NORTH));
        assert_eq!(held.lane.peer().door, door);
        assert!(held.lane.ended().is_none());
    }
    assert_eq!(relay.refusals.total(), 0);
}

#[tokio::test]
async fn three_lanes_share_one_quic_connection_and_one_number() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let leg = stage
        .desk()
        .quic(relay.doors.quic, &relay.identity)
        .await
        .unwrap();
    let mut lanes = Vec::new();
    for lane in Lane::ALL {
        let lane = leg.lane(lane).await.unwrap();
        let held = crate::stage::Held { lane, leg: None };
        assert!(held.seen().await.starts_with(B_OPS));
        lanes.push(held);
    }
    assert_eq!(relay.connections.list().len(), 1);
    assert!(leg.stats().packets_sent > 0);
}

#[tokio::test]
async fn a_leaf_below_one_intermediate_is_accepted_and_below_two_is_not() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let below = stage.b.below("Borenia issuing CA");
    let lowest = below.below("Borenia lowest CA");
    for door in Door::ALL {
        let one = below
            .leaf(&order(B_OPS))
            .with(below.der())
            .credentials(&stage.seams);
        let held = relay.dialled_by(&stage.dialer(one), door).await.unwrap();
        assert!(held.seen().await.starts_with(B_OPS));
        let two = lowest
            .leaf(&order(B_OPS))
            .with(lowest.der())
            .with(below.der())
            .credentials(&stage.seams);
        let refusal = relay.refuses(&stage.dialer(two), door).await;
        assert_eq!(refusal.kind(), "UNKNOWN_ISSUER", "{door}");
        assert_eq!(relay.noted().await.kind(), "CHAIN_TOO_LONG", "{door}");
    }
}

#[tokio::test]
async fn a_preflight_waits_for_the_peers_first_word() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for door in Door::ALL {
        let passed = stage
            .desk()
            .preflight(door, relay.address(door), &relay.identity)
            .await
            .unwrap();
        assert_eq!(passed.peer.identity, relay.identity);
        let mut late = order(B_OPS);
        late.to = (2030, 6, 15);
        let refusal = stage
            .desk_with(&late)
            .preflight(door, relay.address(door), &relay.identity)
            .await
            .unwrap_err();
        assert_eq!(refusal.kind(), "EXPIRED", "{door}: {refusal}");
    }
}

#[tokio::test]
async fn new_credentials_are_shown_from_the_next_handshake_on() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for (door, serial) in Door::ALL.into_iter().zip([31_u64, 32]) {
        let before = relay.dialled_by(&stage.desk(), door).await.unwrap();
        let mut renewed = order(A_NORTH);
        renewed.serial = serial;
        relay.tls.rotate(stage.a.credentials(&stage.seams, &renewed));
        let after = relay.dialled_by(&stage.desk(), door).await.unwrap();
        assert_ne!(
            before.lane.peer().certificate.serial,
            after.lane.peer().certificate.serial
        );
        assert_eq!(after.lane.peer().certificate.serial, format!("{serial:02x}"));
        assert!(before.seen().await.starts_with(B_OPS), "the old session goes on");
    }
}

#[tokio::test]
async fn a_relay_that_crashed_and_came_back_is_noticed_before_the_silence_limit() {
    let stage = Stage::new();
    let mut node = stage.seams.clone();
    node.spawner = Spawner::new();
    node.network = Arc::new(CrashableNetwork::new(&stage.seams, &node.spawner));
    let secrets = NodeSecrets::fresh(node.entropy.as_ref());
    let credentials = || stage.a.credentials(&stage.seams, &order(A_NORTH));
    let any = crate::stage::open_relay(
        &node,
        credentials(),
        stage.trust(),
        ListenLimits::default(),
        hotline_transport::Doors {
            quic: ([127, 0, 0, 1], 0).into(),
            tcp: ([127, 0, 0, 1], 0).into(),
        },
        &secrets,
    )
    .await;
    let held = any.dialled_by(&stage.desk(), Door::Quic).await.unwrap();
    assert!(held.seen().await.starts_with(B_OPS));
    let doors = any.doors;
    node.spawner.abort_all();
    drop(any);
    let again = eventually_bound(&stage, &doors, &secrets).await;
    let noticed = tokio::time::timeout(
        std::time::Duration::from_millis(1200),
        held.leg.as_ref().unwrap().closed(),
    );
    assert!(matches!(noticed.await.unwrap(), Ended::Lost { detail } if detail.contains("restarted")));
    drop(again);
}

/// The port is free once the crashed node's tasks are gone.
async fn eventually_bound(
    stage: &Stage,
    doors: &hotline_transport::Doors,
    secrets: &NodeSecrets,
) -> crate::stage::Relay {
    eventually(|| std::net::UdpSocket::bind(doors.quic).ok()).await;
    let tcp = ([127, 0, 0, 1], 0).into();
    let doors = hotline_transport::Doors {
        quic: doors.quic,
        tcp,
    };
    let credentials = stage.a.credentials(&stage.seams, &order(A_NORTH));
    soon(open_relay(
        &stage.seams,
        credentials,
        stage.trust(),
        ListenLimits::default(),
        doors,
        secrets,
    ))
    .await
}

#[tokio::test]
async fn a_side_that_is_trusted_later_gets_in_later() {
    let stage = Stage::new();
    let trust = stage.trust_in(vec![stage.a.anchor(A, &[])]);
    let credentials = stage.a.credentials(&stage.seams, &order(A_NORTH));
    let relay = stage
        .relay_with(credentials, Arc::clone(&trust), ListenLimits::default())
        .await;
    for door in Door::ALL {
        trust.replace(vec![stage.a.anchor(A, &[])]).unwrap();
        assert_eq!(
            relay.refuses(&stage.desk(), door).await.kind(),
            "UNKNOWN_ISSUER",
            "{door}"
        );
        assert_eq!(relay.noted().await.kind(), "UNKNOWN_DOMAIN", "{door}");
        trust
            .replace(vec![stage.a.anchor(A, &[]), stage.b.anchor(B, &[])])
            .unwrap();
        assert!(
            relay
                .dialled_by(&stage.desk(), door)
                .await
                .unwrap()
                .seen()
                .await
                .starts_with(B_OPS)
        );
    }
}

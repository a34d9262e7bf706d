//! How the two ends agree on keys: the hybrid way first, and who takes nothing else.

use std::sync::Arc;

use hotline_core::identity::Role;
use hotline_core::leg::Door;
use hotline_transport::{By, ClientTls, Dialer, Doors, KeyExchange, KeyPolicy, Permanence, ServerTls};
use hotline_transport::{ListenLimits, NodeSecrets, Seams};

use crate::pki::order;
use crate::stage::{A_NORTH, B_OPS, Relay, Stage, serve};

/// The same machine, with a hotline from before the hybrid way.
fn older(seams: &Seams) -> Seams {
    Seams {
        crypto: Arc::new(rustls::crypto::ring::default_provider()),
        ..seams.clone()
    }
}

async fn relay(stage: &Stage, seams: &Seams, keys: KeyPolicy) -> Relay {
    let credentials = stage.a.credentials(seams, &order(A_NORTH));
    let tls = ServerTls::new(seams, credentials, stage.trust(), &[Role::Desk]).with_keys(keys);
    let any = ([127, 0, 0, 1], 0).into();
    let doors = Doors { quic: any, tcp: any };
    let secrets = NodeSecrets::fresh(seams.entropy.as_ref());
    serve(seams, tls, ListenLimits::default(), doors, &secrets).await
}

fn desk(stage: &Stage, seams: &Seams, keys: KeyPolicy) -> Dialer {
    let credentials = stage.b.credentials(seams, &order(B_OPS));
    let tls = ClientTls::new(seams, credentials, stage.trust()).with_keys(keys);
    Dialer::new(seams, &tls)
}

#[tokio::test]
async fn both_doors_agree_on_the_hybrid_key_exchange() {
    let stage = Stage::new();
    for (ours, theirs) in [
        (KeyPolicy::HybridFirst, KeyPolicy::HybridFirst),
        (KeyPolicy::HybridFirst, KeyPolicy::HybridOnly),
        (KeyPolicy::HybridOnly, KeyPolicy::HybridFirst),
        (KeyPolicy::HybridOnly, KeyPolicy::HybridOnly),
    ] {
        let relay = relay(&stage, &stage.seams, ours).await;
        for door in Door::ALL {
            let held = relay
                .dialled_by(&desk(&stage, &stage.seams, theirs), door)
                .await
                .unwrap();
            assert!(held.seen().await.starts_with(B_OPS));
            assert_eq!(held.lane.peer().key_exchange, KeyExchange::Hybrid, "{door}");
            let seen = relay.connections.list();
            assert!(seen.iter().all(|peer| peer.key_exchange.is_hybrid()), "{door}");
        }
        let agreed = relay.connections.agreed();
        let all: Vec<_> = agreed.into_iter().collect();
        assert_eq!(
            all,
            Door::ALL.map(|door| ((door, KeyExchange::Hybrid), 1)).to_vec()
        );
    }
}

#[tokio::test]
async fn an_older_end_is_met_with_x25519_unless_the_policy_refuses_it() {
    let stage = Stage::new();
    let old = older(&stage.seams);
    let new_relay = relay(&stage, &stage.seams, KeyPolicy::HybridFirst).await;
    let old_relay = relay(&stage, &old, KeyPolicy::HybridFirst).await;
    let new_desk = desk(&stage, &stage.seams, KeyPolicy::HybridFirst);
    let old_desk = desk(&stage, &old, KeyPolicy::HybridFirst);
    for door in Door::ALL {
        for (relay, desk) in [(&new_relay, &old_desk), (&old_relay, &new_desk)] {
            let held = relay.dialled_by(desk, door).await.unwrap();
            assert!(held.seen().await.starts_with(B_OPS));
            assert_eq!(held.lane.peer().key_exchange, KeyExchange::X25519, "{door}");
        }
        assert_eq!(
            new_relay.connections.agreed().get(&(door, KeyExchange::X25519)),
            Some(&1)
        );
    }
}

#[tokio::test]
async fn a_hybrid_only_relay_refuses_a_classical_caller_at_both_doors_and_both_ends_say_so() {
    let stage = Stage::new();
    let relay = relay(&stage, &stage.seams, KeyPolicy::HybridOnly).await;
    let old_desk = desk(&stage, &older(&stage.seams), KeyPolicy::HybridFirst);
    for door in Door::ALL {
        let refusal = relay.refuses(&old_desk, door).await;
        assert_eq!(
            (refusal.by, refusal.kind()),
            (By::Peer, "CLASSICAL_ONLY"),
            "{door}: {refusal}"
        );
        assert_eq!(refusal.permanence(), Permanence::Permanent);
        let said = refusal.to_string();
        for part in ["X25519MLKEM768", "hybrid-only", "refused us", "secp256r1"] {
            assert!(said.contains(part), "{door}: {said} lacks {part}");
        }
        let noted = relay.noted().await;
        assert_eq!(
            (noted.by, noted.kind(), noted.door),
            (By::Ours, "CLASSICAL_ONLY", door),
            "{noted}"
        );
        let said = noted.to_string();
        for part in [
            "we refused",
            "X25519, secp256r1, secp384r1",
            "hybrid-only",
            "hotline doctor",
        ] {
            assert!(said.contains(part), "{door}: {said} lacks {part}");
        }
    }
    assert!(relay.connections.list().is_empty());
    assert!(relay.connections.agreed().is_empty());
}

#[tokio::test]
async fn a_hybrid_only_desk_is_not_talked_into_less_by_a_classical_relay() {
    let stage = Stage::new();
    let relay = relay(&stage, &older(&stage.seams), KeyPolicy::HybridFirst).await;
    let desk = desk(&stage, &stage.seams, KeyPolicy::HybridOnly);
    for door in Door::ALL {
        let refusal = relay.refuses(&desk, door).await;
        assert_eq!(refusal.kind(), "CLASSICAL_ONLY", "{door}: {refusal}");
        let said = refusal.to_string();
        assert!(
            said.contains("our settings take nothing but X25519MLKEM768"),
            "{door}: {said}"
        );
        assert_eq!(
            relay.noted().await.by,
            By::Ours,
            "the relay found nothing in common"
        );
    }
    assert!(relay.connections.list().is_empty());
}

/// Whole handshakes, with and without: `cargo test -p hotline-transport --test doors -- --ignored --nocapture hybrid`.
#[tokio::test]
#[ignore = "measures time"]
async fn cost_of_a_hybrid_handshake() {
    const ROUNDS: usize = 60;
    let stage = Stage::new();
    let old = older(&stage.seams);
    let relay = relay(&stage, &stage.seams, KeyPolicy::HybridFirst).await;
    let ways = [
        desk(&stage, &stage.seams, KeyPolicy::HybridOnly),
        desk(&stage, &old, KeyPolicy::HybridFirst),
    ];
    for door in Door::ALL {
        let mut spent = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (desk, spent) in ways.iter().zip(&mut spent) {
                let begin = stage.seams.clock.line();
                let held = relay.dialled_by(desk, door).await.unwrap();
                spent.push(stage.seams.clock.line().since(begin));
                drop(held);
            }
        }
        let [hybrid, classical] = spent.map(|mut all| {
            all.sort();
            all[ROUNDS / 2].as_secs_f64() * 1e3
        });
        println!(
            "{door}: hybrid {hybrid:.2} ms, classical {classical:.2} ms, ratio {:.2}",
            hybrid / classical
        );
    }
}

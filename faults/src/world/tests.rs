//! What the world promises those who live in it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::net::SocketAddr;

use hotline_core::time::WallTime;
use hotline_transport::Seams;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const ALICE: HostId = HostId(0);
const BOB: HostId = HostId(1);

fn at(host: HostId, port: u16) -> SocketAddr {
    SocketAddr::new(World::address(host), port)
}

fn seams(world: &World, host: HostId) -> Seams {
    let clock = NodeClock::new(world, WallTime::from_unix_ms(1_000_000));
    world.seams(host, &clock, Dice::new(u64::from(host.0)))
}

fn rough() -> Conditions {
    Conditions {
        latency: Duration::from_millis(20),
        jitter: Duration::from_millis(30),
        loss: 0.1,
        duplicate: 0.05,
        ..Conditions::default()
    }
}

fn set(world: &World, wire: Wire, conditions: &Conditions) {
    for (from, to) in [(ALICE, BOB), (BOB, ALICE)] {
        world.change(Way { from, to, wire }, conditions.clone());
    }
}

/// Sends 200 KB by a byte stream over rough links; what came, and the trace.
async fn transfer(seed: u64) -> (bool, String) {
    let world = World::new(2, &Dice::new(seed));
    set(&world, Wire::Tcp, &rough());
    let (alice, bob) = (seams(&world, ALICE), seams(&world, BOB));
    let mut door = bob.network.tcp_listen(at(BOB, 7)).await.unwrap();
    let sent: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let copy = sent.clone();
    tokio::spawn(async move {
        let mut stream = alice.network.tcp_connect(None, at(BOB, 7)).await.unwrap();
        stream.write_all(&copy).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    });
    let (mut stream, _) = door.accept().await.unwrap();
    let mut got = Vec::new();
    stream.read_to_end(&mut got).await.unwrap();
    (got == sent, world.trace().hex())
}

#[tokio::test(start_paused = true)]
async fn a_byte_stream_arrives_whole_over_a_link_that_loses_repeats_and_reorders() {
    assert!(transfer(1).await.0);
}

#[test]
fn the_same_seed_is_the_same_world_packet_by_packet() {
    let run = |seed| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(transfer(seed)).1
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[tokio::test(start_paused = true)]
async fn nobody_listening_is_a_refusal_and_a_dark_host_is_silence() {
    let world = World::new(2, &Dice::new(1));
    let alice = seams(&world, ALICE);
    let refused = alice.network.tcp_connect(None, at(BOB, 7)).await.err().unwrap();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    world.node_died(BOB, Death::PowerCut);
    let silent = alice.network.tcp_connect(None, at(BOB, 7)).await.err().unwrap();
    assert_eq!(silent.kind(), std::io::ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_killed_node_resets_its_streams_and_one_without_power_does_not() {
    for (death, expected) in [
        (Death::Killed, Some(std::io::ErrorKind::ConnectionReset)),
        (Death::PowerCut, None),
    ] {
        let world = World::new(2, &Dice::new(1));
        let (alice, bob) = (seams(&world, ALICE), seams(&world, BOB));
        let mut door = bob.network.tcp_listen(at(BOB, 7)).await.unwrap();
        let calls = alice.network.clone();
        let (stream, accepted) = tokio::join!(calls.tcp_connect(None, at(BOB, 7)), door.accept());
        let (mut stream, _held) = (stream.unwrap(), accepted.unwrap());
        world.node_died(BOB, death);
        let mut one = [0];
        let read = tokio::time::timeout(Duration::from_secs(2), stream.read(&mut one)).await;
        assert_eq!(read.ok().map(|read| read.unwrap_err().kind()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_one_way_cut_stalls_the_other_way_too() {
    let world = World::new(2, &Dice::new(1));
    let (alice, bob) = (seams(&world, ALICE), seams(&world, BOB));
    let mut door = bob.network.tcp_listen(at(BOB, 7)).await.unwrap();
    let calls = alice.network.clone();
    let (stream, accepted) = tokio::join!(calls.tcp_connect(None, at(BOB, 7)), door.accept());
    let (mut stream, (mut theirs, _)) = (stream.unwrap(), accepted.unwrap());
    // Alice hears Bob, but Bob no longer hears that she does.
    let cut = Conditions {
        cut: true,
        ..Conditions::default()
    };
    world.change(
        Way {
            from: ALICE,
            to: BOB,
            wire: Wire::Tcp,
        },
        cut,
    );
    let heard = tokio::spawn(async move {
        let mut count = 0;
        let mut buffer = [0; 64];
        while let Ok(Ok(n)) = tokio::time::timeout(Duration::from_secs(3), stream.read(&mut buffer)).await {
            count += n;
        }
        count
    });
    for _ in 0..10 {
        theirs.write_all(&[1]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(heard.await.unwrap(), 1);
}

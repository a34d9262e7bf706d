//! What a proxy in front of live sockets promises.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod stream;

use tokio::net::UdpSocket;

use super::*;
use crate::emulator::Burst;

/// Longer than anything here takes, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough that what passes has passed.
const A_WHILE: Duration = Duration::from_millis(200);

fn any() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.unwrap()
}

/// A client, a proxy, and a far end.
struct Datagrams {
    near: UdpSocket,
    proxy: Proxy,
    far: UdpSocket,
}

impl Datagrams {
    async fn new(seed: u64) -> Self {
        let far = UdpSocket::bind(any()).await.unwrap();
        let to = far.local_addr().unwrap();
        let proxy = Proxy::start(Listen::Udp(any()), to, seed).await.unwrap();
        let near = UdpSocket::bind(any()).await.unwrap();
        near.connect(proxy.local_addr()).await.unwrap();
        Self { near, proxy, far }
    }

    async fn send(&self, number: u16, size: usize) {
        let mut bytes = vec![0; size];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        self.near.send(&bytes).await.unwrap();
    }

    /// What arrives until nothing does for a while.
    async fn arrived(&self) -> Vec<u16> {
        let mut all = Vec::new();
        let mut bytes = [0; 2_000];
        while let Ok(came) = tokio::time::timeout(A_WHILE, self.far.recv_from(&mut bytes)).await {
            assert!(came.unwrap().0 >= 2);
            all.push(u16::from_be_bytes([bytes[0], bytes[1]]));
        }
        all
    }

    /// Sends so many, in small groups so that no buffer of the system is full.
    async fn send_all(&self, count: u16) {
        for number in 0..count {
            self.send(number, 100).await;
            if number % 16 == 15 {
                tokio::time::sleep(ms(1)).await;
            }
        }
    }
}

#[tokio::test]
async fn datagrams_pass_both_ways_and_the_counts_add_up() {
    let line = Datagrams::new(1).await;
    line.send(7, 100).await;
    let mut bytes = [0; 200];
    let (size, from) = soon(line.far.recv_from(&mut bytes)).await.unwrap();
    assert_eq!(size, 100);
    line.far.send_to(b"back", from).await.unwrap();
    assert_eq!(soon(line.near.recv(&mut bytes)).await.unwrap(), 4);
    let stats = line.proxy.stats();
    assert_eq!(
        (stats.up.packets_in, stats.up.packets_out, stats.up.bytes_out),
        (1, 1, 100)
    );
    assert_eq!(
        (stats.down.packets_in, stats.down.bytes_out, stats.clients),
        (1, 4, 1)
    );
}

#[tokio::test]
async fn the_same_seed_decides_the_same_about_the_same_packets() {
    let mut runs = Vec::new();
    for seed in [5, 5, 6] {
        let line = Datagrams::new(seed).await;
        let burst = Fault::Burst(Burst {
            begins: 0.02,
            ends: 0.3,
            loss: 0.9,
        });
        line.proxy.add("burst", burst, Direction::Both).unwrap();
        line.proxy
            .add("loss", Fault::Loss { share: 0.2 }, Direction::Both)
            .unwrap();
        line.proxy
            .add("twice", Fault::Duplicate { share: 0.1 }, Direction::Up)
            .unwrap();
        line.send_all(1_000).await;
        let mut arrived = line.arrived().await;
        arrived.sort_unstable();
        let stats = line.proxy.stats().up;
        assert_eq!(stats.packets_in, 1_000);
        assert_eq!(stats.packets_out, 1_000 - stats.lost.all() + stats.duplicated);
        runs.push(arrived);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn a_cut_in_one_direction_leaves_the_other_and_heals_when_it_is_removed() {
    let line = Datagrams::new(1).await;
    line.send(1, 100).await;
    let mut bytes = [0; 200];
    let (_, from) = soon(line.far.recv_from(&mut bytes)).await.unwrap();
    line.proxy.add("away", Fault::Cut, Direction::Up).unwrap();
    line.send(2, 100).await;
    assert!(line.arrived().await.is_empty());
    line.far.send_to(b"back", from).await.unwrap();
    soon(line.near.recv(&mut bytes)).await.unwrap();
    line.proxy.remove("away").unwrap();
    line.send(3, 100).await;
    assert_eq!(line.arrived().await, [3]);
    assert_eq!(line.proxy.stats().up.lost.cut, 1);
}

#[tokio::test]
async fn held_datagrams_are_let_go_in_order_and_what_is_too_much_is_lost_and_counted() {
    let line = Datagrams::new(1).await;
    let jitter = Fault::Jitter { by: ms(30) };
    line.proxy.add("shaky", jitter, Direction::Up).unwrap();
    let hold = Fault::Hold { bytes: 50 * 100 };
    line.proxy.add("kept", hold, Direction::Up).unwrap();
    line.send_all(60).await;
    assert!(line.arrived().await.is_empty());
    assert_eq!(line.proxy.stats().up.held, 50);
    assert_eq!(line.proxy.stats().up.lost.hold_full, 10);
    line.proxy.remove("kept").unwrap();
    assert_eq!(line.arrived().await, (0..50).collect::<Vec<u16>>());
    assert_eq!(line.proxy.stats().up.held, 0);
}

#[tokio::test]
async fn a_hole_in_the_mtu_counts_headers() {
    let line = Datagrams::new(1).await;
    line.proxy
        .add("hole", Fault::Mtu { bytes: 1_228 }, Direction::Both)
        .unwrap();
    line.send(1, 1_201).await;
    line.send(2, 1_200).await;
    assert_eq!(line.arrived().await, [2]);
    assert_eq!(line.proxy.stats().up.lost.too_large, 1);
}

#[tokio::test]
async fn a_queue_before_a_narrow_link_is_bounded() {
    let line = Datagrams::new(1).await;
    let narrow = Fault::Bandwidth {
        rate: 20_000,
        queue: 2_000,
    };
    line.proxy.add("narrow", narrow, Direction::Up).unwrap();
    for number in 0..100 {
        line.send(number, 100).await;
    }
    let arrived = line.arrived().await.len() as u64;
    assert!((20..60).contains(&arrived), "{arrived}");
    assert_eq!(line.proxy.stats().up.lost.queue_full, 100 - arrived);
    line.proxy.remove("narrow").unwrap();
    let wide = Fault::Bandwidth {
        rate: 10_000_000,
        queue: 2_000,
    };
    line.proxy.add("wide", wide, Direction::Up).unwrap();
    line.send(7, 100).await;
    assert_eq!(line.arrived().await, [7], "nothing waits behind the old queue");
}

#[tokio::test]
async fn a_delay_is_at_least_what_was_asked_for_and_ends_with_the_fault() {
    let line = Datagrams::new(1).await;
    let slow = Fault::Latency {
        by: ms(80),
        jitter: Duration::ZERO,
    };
    line.proxy.add("slow", slow, Direction::Up).unwrap();
    let mut bytes = [0; 200];
    let sent = line.proxy.now();
    line.send(1, 100).await;
    soon(line.far.recv_from(&mut bytes)).await.unwrap();
    assert!(line.proxy.now() - sent >= ms(80));
    assert_eq!(line.proxy.clear(), 1);
    assert!(line.proxy.list().is_empty());
    assert_eq!(line.proxy.stats().up.delayed, 1);
}

#[tokio::test]
async fn each_client_has_its_own_way_back() {
    let line = Datagrams::new(1).await;
    let other = UdpSocket::bind(any()).await.unwrap();
    other.connect(line.proxy.local_addr()).await.unwrap();
    line.near.send(b"one").await.unwrap();
    other.send(b"two").await.unwrap();
    let mut bytes = [0; 200];
    for _ in 0..2 {
        let (size, from) = soon(line.far.recv_from(&mut bytes)).await.unwrap();
        line.far.send_to(&bytes[..size], from).await.unwrap();
    }
    let size = soon(line.near.recv(&mut bytes)).await.unwrap();
    assert_eq!(&bytes[..size], b"one");
    let size = soon(other.recv(&mut bytes)).await.unwrap();
    assert_eq!(&bytes[..size], b"two");
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let line = Datagrams::new(1).await;
    let after = Duration::ZERO;
    let refused = line
        .proxy
        .add("reset", Fault::ResetPeer { after }, Direction::Both);
    assert!(refused.unwrap_err().to_string().contains("udp"));
    let unknown = line.proxy.remove("nothing").unwrap_err().to_string();
    assert!(unknown.contains("none is in force"), "{unknown}");
    line.proxy.add("away", Fault::Cut, Direction::Up).unwrap();
    let unknown = line.proxy.remove("nothing").unwrap_err().to_string();
    assert!(unknown.contains("in force: away"), "{unknown}");
    for number in 1..FAULTS_MAX {
        let name = format!("cut {number}");
        line.proxy.add(&name, Fault::Cut, Direction::Up).unwrap();
    }
    assert!(line.proxy.add("one more", Fault::Cut, Direction::Up).is_err());
    assert_eq!(line.proxy.list().len(), FAULTS_MAX);
}

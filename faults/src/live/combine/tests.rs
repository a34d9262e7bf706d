//! How faults join, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::{
    emulator::Burst,
    live::{Direction, Protocol},
};

fn named(name: &str, fault: Fault, direction: Direction) -> Named {
    Named {
        name: name.into(),
        fault,
        direction,
        since: Duration::ZERO,
    }
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn latency(by: u64) -> Fault {
    Fault::Latency {
        by: ms(by),
        jitter: ms(1),
    }
}

#[test]
fn latencies_add_up_and_losses_throw_each_by_itself() {
    let faults = [
        named("a", latency(100), Direction::Both),
        named("b", latency(20), Direction::Up),
        named("c", Fault::Loss { share: 0.5 }, Direction::Both),
        named("d", Fault::Loss { share: 0.5 }, Direction::Both),
    ];
    let up = combine(&faults, true, false).conditions;
    let down = combine(&faults, false, false).conditions;
    assert_eq!((up.latency, up.jitter), (ms(120), ms(2)));
    assert_eq!((down.latency, down.jitter), (ms(100), ms(1)));
    assert!((up.loss - 0.75).abs() < 1e-9);
}

#[test]
fn the_narrowest_bandwidth_and_the_smallest_mtu_count() {
    let rate = |rate, queue| Fault::Bandwidth { rate, queue };
    let faults = [
        named("a", rate(1_000, 2_000), Direction::Both),
        named("b", rate(500, 3_000), Direction::Both),
        named("c", rate(700, 4_000), Direction::Both),
        named("d", Fault::Mtu { bytes: 1_228 }, Direction::Both),
        named("e", Fault::Mtu { bytes: 1_500 }, Direction::Both),
    ];
    let four = combine(&faults, true, false).conditions;
    assert_eq!(
        (four.bandwidth, four.queue_bytes, four.mtu),
        (Some(500), 3_000, Some(1_200))
    );
    assert_eq!(combine(&faults, true, true).conditions.mtu, Some(1_180));
}

#[test]
fn a_second_burst_is_refused_in_the_same_direction_and_taken_in_the_other() {
    let burst = Fault::Burst(Burst {
        begins: 0.01,
        ends: 0.2,
        loss: 1.0,
    });
    let there = [named("first", burst.clone(), Direction::Up)];
    let refused = joins(&there, &named("second", burst.clone(), Direction::Both)).unwrap_err();
    assert!(refused.to_string().contains("first"), "{refused}");
    joins(&there, &named("second", burst, Direction::Down)).unwrap();
}

#[test]
fn a_name_is_used_once_and_delays_stay_within_what_a_link_can_hold() {
    let there = [named("slow", latency(15_000), Direction::Up)];
    assert!(joins(&there, &named("slow", Fault::Cut, Direction::Up)).is_err());
    assert!(joins(&there, &named("more", latency(6_000), Direction::Both)).is_err());
    joins(&there, &named("more", latency(6_000), Direction::Down)).unwrap();
}

#[test]
fn what_cannot_be_applied_is_refused_with_what_to_use() {
    let after = ms(0);
    for (fault, protocol) in [
        (Fault::ResetPeer { after }, Protocol::Udp),
        (Fault::Timeout { after }, Protocol::Udp),
        (Fault::Down, Protocol::Udp),
        (Fault::Duplicate { share: 0.1 }, Protocol::Tcp),
        (Fault::Mtu { bytes: 1_200 }, Protocol::Tcp),
    ] {
        let refused = fault.check(protocol, Direction::Both).unwrap_err().to_string();
        assert!(refused.contains("use "), "{refused}");
    }
    assert!(Fault::Partition.check(Protocol::Udp, Direction::Up).is_err());
    assert!(
        Fault::Loss { share: 1.5 }
            .check(Protocol::Udp, Direction::Up)
            .is_err()
    );
    assert!(
        Fault::Loss { share: f64::NAN }
            .check(Protocol::Udp, Direction::Up)
            .is_err()
    );
}

#[test]
fn a_connection_ends_after_the_fault_began_or_the_connection_was_made() {
    let after = ms(10);
    let mut reset = named("r", Fault::ResetPeer { after }, Direction::Both);
    reset.since = ms(100);
    let faults = [reset];
    assert_eq!(ending(&faults, ms(50)), Some((ms(110), Ending::Reset)));
    assert_eq!(ending(&faults, ms(200)), Some((ms(210), Ending::Reset)));
    assert_eq!(ending(&[], ms(200)), None);
}

#[test]
fn what_a_proxy_has_no_room_for_is_refused_and_not_cut_short() {
    let most = 4 << 20;
    for (fault, good) in [
        (Fault::Hold { bytes: most }, true),
        (Fault::Hold { bytes: most + 1 }, false),
        (
            Fault::Bandwidth {
                rate: 1_000,
                queue: most,
            },
            true,
        ),
        (
            Fault::Bandwidth {
                rate: 1_000,
                queue: 64 << 20,
            },
            false,
        ),
    ] {
        let taken = fault.check_apart(Direction::Both);
        assert_eq!(taken.is_ok(), good, "{fault:?}: {taken:?}");
    }
}

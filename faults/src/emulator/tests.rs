//! What a link promises, each as one sentence.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn fates(conditions: &Conditions, count: u64) -> Vec<Fate> {
    let mut link = Link::new(conditions.clone(), Dice::new(1));
    (0..count).map(|n| link.send(ms(n), 500)).collect()
}

fn arrivals(fates: &[Fate]) -> Vec<Duration> {
    fates
        .iter()
        .filter_map(|fate| match fate {
            Fate::Arrives { at, .. } => Some(*at),
            Fate::Lost(_) => None,
        })
        .collect()
}

#[test]
fn a_quiet_link_delivers_everything_in_order_after_its_latency() {
    let at = arrivals(&fates(&Conditions::default(), 100));
    assert_eq!(at, (0..100).map(|n| ms(n + 1)).collect::<Vec<_>>());
}

#[test]
fn the_same_dice_and_packets_meet_the_same_fates() {
    let rough = Conditions {
        jitter: ms(20),
        loss: 0.1,
        duplicate: 0.1,
        ..Conditions::default()
    };
    assert_eq!(fates(&rough, 500), fates(&rough, 500));
}

#[test]
fn one_fault_more_changes_nothing_of_what_the_others_decide() {
    let burst = Burst {
        begins: 0.05,
        ends: 0.3,
        loss: 0.9,
    };
    let alone = Conditions {
        loss: 0.2,
        burst: Some(burst),
        ..Conditions::default()
    };
    let more = Conditions {
        jitter: ms(20),
        detour: 0.3,
        detour_by: ms(40),
        duplicate: 0.3,
        ..alone.clone()
    };
    let lost =
        |fates: &[Fate]| -> Vec<bool> { fates.iter().map(|fate| matches!(fate, Fate::Lost(_))).collect() };
    let expected = lost(&fates(&alone, 2_000));
    assert_eq!(expected, lost(&fates(&more, 2_000)));
    // The same when it comes in between, and when it goes.
    let mut link = Link::new(alone.clone(), Dice::new(1));
    let changing: Vec<Fate> = (0..2_000)
        .map(|n| {
            if n % 500 == 250 {
                link.change(more.clone(), ms(n));
            } else if n % 500 == 0 {
                link.change(alone.clone(), ms(n));
            }
            link.send(ms(n), 500)
        })
        .collect();
    assert_eq!(expected, lost(&changing));
    // A detour decides nothing about jitter.
    let shaky = Conditions {
        jitter: ms(20),
        ..Conditions::default()
    };
    let detours = Conditions {
        detour: 0.5,
        detour_by: ms(1000),
        ..shaky.clone()
    };
    let straight = arrivals(&fates(&shaky, 200));
    let same = straight
        .iter()
        .zip(arrivals(&fates(&detours, 200)))
        .filter(|(one, other)| **one == *other);
    let same = same.count();
    assert!((60..140).contains(&same), "{same} of 200 took no detour");
}

#[test]
fn about_the_stated_share_is_lost() {
    let lossy = Conditions {
        loss: 0.3,
        ..Conditions::default()
    };
    let arrived = arrivals(&fates(&lossy, 10_000)).len();
    assert!((6_700..7_300).contains(&arrived), "{arrived}");
}

#[test]
fn bursts_lose_packets_in_rows() {
    let bursty = Conditions {
        burst: Some(Burst {
            begins: 0.02,
            ends: 0.2,
            loss: 1.0,
        }),
        ..Conditions::default()
    };
    let fates = fates(&bursty, 10_000);
    let lost: Vec<bool> = fates.iter().map(|fate| matches!(fate, Fate::Lost(_))).collect();
    let all = lost.iter().filter(|lost| **lost).count();
    let starts = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count();
    // A burst is five packets on average; independent loss of that share would come in rows of little over one.
    assert!(all > 3 * starts, "{all} lost in {starts} rows");
}

/// Bursts come in rows, so their share scatters far more than that of single losses: 0.6 % over three million packets.
#[test]
fn bursts_lose_the_share_that_was_asked_for_within_two_hundredths() {
    let burst = Burst {
        begins: 0.02,
        ends: 0.2,
        loss: 0.8,
    };
    let bursty = Conditions {
        burst: Some(burst),
        ..Conditions::default()
    };
    const PACKETS: u32 = 3_000_000;
    let mut link = Link::new(bursty, Dice::new(1));
    let lost = (0..PACKETS)
        .filter(|n| matches!(link.send(ms(u64::from(*n)), 100), Fate::Lost(_)))
        .count();
    let measured = f64::from(u32::try_from(lost).unwrap()) / f64::from(PACKETS);
    let asked = burst.begins / (burst.begins + burst.ends) * burst.loss;
    assert!(
        (measured / asked - 1.0).abs() < 0.02,
        "{measured} instead of {asked}"
    );
}

#[test]
fn jitter_reorders() {
    let shaky = Conditions {
        jitter: ms(20),
        ..Conditions::default()
    };
    let at = arrivals(&fates(&shaky, 200));
    assert!(at.windows(2).any(|pair| pair[0] > pair[1]));
}

#[test]
fn some_packets_come_twice() {
    let echo = Conditions {
        duplicate: 0.5,
        ..Conditions::default()
    };
    let twice = fates(&echo, 1_000)
        .iter()
        .filter(|fate| matches!(fate, Fate::Arrives { again: Some(_), .. }))
        .count();
    assert!((400..600).contains(&twice), "{twice}");
}

#[test]
fn a_bandwidth_spreads_packets_and_a_full_queue_drops_the_tail() {
    let narrow = Conditions {
        latency: Duration::ZERO,
        bandwidth: Some(1_000),
        queue_bytes: 2_000,
        ..Conditions::default()
    };
    let mut link = Link::new(narrow, Dice::new(1));
    let fates: Vec<Fate> = (0..4).map(|_| link.send(Duration::ZERO, 1_000)).collect();
    assert_eq!(arrivals(&fates), [ms(1_000), ms(2_000)]);
    assert_eq!(fates[2], Fate::Lost(Lost::QueueFull));
}

#[test]
fn a_hole_in_the_mtu_swallows_only_what_is_larger() {
    let hole = Conditions {
        mtu: Some(1_200),
        ..Conditions::default()
    };
    let mut link = Link::new(hole, Dice::new(1));
    assert_eq!(link.send(ms(0), 1_201), Fate::Lost(Lost::TooLarge));
    assert!(matches!(link.send(ms(0), 1_200), Fate::Arrives { .. }));
}

#[test]
fn a_cut_swallows_everything_and_healing_ends_it() {
    let mut link = Link::new(
        Conditions {
            cut: true,
            ..Conditions::default()
        },
        Dice::new(1),
    );
    assert_eq!(link.send(ms(0), 10), Fate::Lost(Lost::Cut));
    link.change(Conditions::default(), ms(1));
    assert!(matches!(link.send(ms(1), 10), Fate::Arrives { .. }));
}

#[test]
fn a_flapping_link_works_in_turns() {
    let flapping = Conditions {
        flapping: Some(Flapping {
            up: ms(100),
            down: ms(50),
        }),
        ..Conditions::default()
    };
    let mut link = Link::new(flapping, Dice::new(1));
    for (at, works) in [(0, true), (99, true), (100, false), (149, false), (150, true)] {
        assert_eq!(
            matches!(link.send(ms(at), 10), Fate::Arrives { .. }),
            works,
            "at {at} ms"
        );
    }
}

#[test]
fn a_detour_makes_a_packet_late_and_never_later_than_the_bound() {
    let far = Conditions {
        detour: 1.0,
        detour_by: Duration::from_secs(3600),
        ..Conditions::default()
    };
    let mut link = Link::new(far, Dice::new(1));
    for _ in 0..100 {
        let Fate::Arrives { at, .. } = link.send(Duration::ZERO, 10) else {
            panic!("lost");
        };
        assert!(at <= LONGEST);
    }
}

#[test]
fn a_sender_that_waits_for_room_never_meets_a_full_queue() {
    let narrow = Conditions {
        bandwidth: Some(4_999_999),
        queue_bytes: 65_537,
        ..Conditions::default()
    };
    let mut link = Link::new(narrow, Dice::new(1));
    let mut now = Duration::ZERO;
    for n in 0..20_000_usize {
        let size = 1 + n * 7 % 1_400;
        now = link.room_at(now, size);
        assert!(matches!(link.send(now, size), Fate::Arrives { .. }), "packet {n}");
    }
    // The queue was never empty either: all of it passed at the link's rate.
    let bytes: usize = (0..20_000).map(|n| 1 + n * 7 % 1_400).sum();
    let least = Duration::from_secs_f64((bytes as f64 - 70_000.0) / 4_999_999.0);
    assert!(now >= least && now < least + ms(100), "{now:?} {least:?}");
}

//! Coming back: after long cuts, and after a relay's restart.

use hotline_core::{health::Profile, precedence::Precedence};
use hotline_faults::{
    emulator::Conditions,
    world::{Death, Wire},
};

use super::{
    LEGS,
    stage::{Cut, Stage, cut},
};

/// Most dials of one desk to both relays in a second: the storm's bound for one.
const DIALS_PER_SECOND_MAX: u64 = 36;

/// Each of these legs in turn is the first that heals.
async fn cut_for_and_heal(seconds: u64, seed: u64, legs: usize) {
    for (turn, (leg, relay, wire)) in LEGS.into_iter().take(legs).enumerate() {
        let mut stage = Stage::set(seed + turn as u64, Profile::Lan, &Conditions::default()).await;
        stage.all("UP").await;
        stage.change_all(&cut());
        let first = stage.release(Precedence::Routine).await;
        stage.rest(seconds * 1000).await;
        let second = stage.release(Precedence::Routine).await;
        assert_eq!(stage.status(0).await.carrier, "INTERRUPTED");
        // One leg of each desk heals, and no other.
        let healed = stage.now_ms();
        for desk in [0, 1] {
            stage.change((relay, desk), wire, Cut::Both, &Conditions::default());
        }
        let came = stage.arrives(&first, 5000).await;
        let then = stage.arrives(&second, 5000).await;
        println!(
            "{leg} healed after {seconds} s: first message after {} ms",
            came - healed
        );
        assert!(came - healed <= 1000, "{leg}: {} ms", came - healed);
        assert!(came <= then, "{leg}: the order is kept");
        let dials = stage.world.tally().dials_per_second_max;
        assert!(
            dials <= 2 * DIALS_PER_SECOND_MAX,
            "{dials} dials of one host in a second"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn after_all_legs_were_cut_for_5_s_the_first_message_comes_within_a_second_of_the_first_leg_that_heals()
{
    cut_for_and_heal(5, 20, 4).await;
}

#[tokio::test(start_paused = true)]
async fn after_all_legs_were_cut_for_60_s_the_first_message_comes_within_a_second_of_the_first_leg_that_heals()
 {
    cut_for_and_heal(60, 30, 4).await;
}

#[tokio::test(start_paused = true)]
async fn after_all_legs_were_cut_for_600_s_the_first_message_comes_within_a_second_of_the_first_leg_that_heals()
 {
    cut_for_and_heal(600, 40, 2).await;
}

#[tokio::test(start_paused = true)]
async fn what_waited_while_all_legs_were_cut_arrives_in_the_order_in_which_it_was_released() {
    for (turn, (leg, relay, wire)) in LEGS.into_iter().enumerate() {
        let mut stage = Stage::set(60 + turn as u64, Profile::Lan, &Conditions::default()).await;
        stage.all("UP").await;
        stage.change_all(&cut());
        stage.rest(3000).await;
        // More than one frame takes: a small frame is verified sooner than the large ones before it.
        let mut released = Vec::new();
        for _ in 0..270 {
            released.push(stage.release(Precedence::Routine).await);
        }
        for desk in [0, 1] {
            stage.change((relay, desk), wire, Cut::Both, &Conditions::default());
        }
        for message in &released {
            stage.arrives(message, 10_000).await;
        }
        assert!(stage.arrived() == released, "{leg}: the order is kept");
    }
}

/// Desk A's session on a leg.
async fn is_up(stage: &Stage, leg: &str) {
    while !stage.status(0).await.legs[leg].up {
        stage.rest(1).await;
    }
}

/// A door that comes back carries what is released from then on, and the other one is still busy with what waited.
#[tokio::test(start_paused = true)]
async fn a_second_door_that_heals_while_the_first_is_busy_lets_nothing_overtake() {
    let doors = [("north/quic", Wire::Udp), ("north/tcp", Wire::Tcp)];
    for (turn, [quick, busy]) in [doors, [doors[1], doors[0]]].into_iter().enumerate() {
        let mut stage = Stage::set(70 + turn as u64, Profile::Lan, &Conditions::default()).await;
        stage.all("UP").await;
        stage.change_all(&cut());
        stage.rest(3000).await;
        let mut released = Vec::new();
        for _ in 0..60 {
            released.push(stage.release_of(Precedence::Routine, 4000).await);
        }
        // What waited takes it a second.
        let narrow = Conditions {
            bandwidth: Some(300_000),
            queue_bytes: 600_000,
            ..Conditions::default()
        };
        stage.change((0, 0), busy.1, Cut::Both, &narrow);
        stage.change((0, 1), busy.1, Cut::Both, &Conditions::default());
        is_up(&stage, busy.0).await;
        stage.change((0, 0), quick.1, Cut::Both, &Conditions::default());
        is_up(&stage, quick.0).await;
        assert!(stage.arrived_ms(&released[59]).is_none(), "{} is busy", busy.0);
        for _ in 0..60 {
            released.push(stage.release(Precedence::Routine).await);
            stage.rest(20).await;
        }
        for message in &released {
            stage.arrives(message, 20_000).await;
        }
        assert!(stage.arrived() == released, "{} first: the order is kept", busy.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_restarts_is_usable_again_within_two_seconds_of_listening() {
    for (seed, death, away_ms) in [
        (50, Death::Killed, 0),
        (51, Death::Killed, 10_000),
        (52, Death::PowerCut, 0),
        (53, Death::PowerCut, 60_000),
    ] {
        let mut stage = Stage::set(seed, Profile::Lan, &Conditions::default()).await;
        stage.all("UP").await;
        stage.die(0, death);
        stage.rest(away_ms).await;
        let listening = stage.now_ms();
        stage.start(0).await;
        stage.rest(100).await;
        loop {
            let status = [stage.status(0).await, stage.status(1).await];
            let fresh = |status: &hotline_client::status::LineStatus| {
                let legs = ["north/quic", "north/tcp"].map(|leg| status.legs[leg].clone());
                legs.iter().all(|leg| leg.up && leg.came_up > 1)
            };
            if status.iter().all(fresh) {
                break;
            }
            assert!(stage.now_ms() - listening <= 2000, "seed {seed}: {status:?}");
            stage.rest(10).await;
        }
        println!("seed {seed}: usable after {} ms", stage.now_ms() - listening);
    }
}

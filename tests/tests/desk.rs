//! One desk in a simulated world, and what its relays and its disk do to it: what its officers must be told, and what it
//! must go on doing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{sync::Arc, time::Duration};

use hotline_audit::{Hash, LogSigner};
use hotline_client::{
    memory::{self, fault::Fault},
    request::{Answer, News, Request},
    station::{Event, Station, signing_key},
    status::LineStatus,
};
use hotline_core::{leg::Lane, precedence::Precedence};
use hotline_faults::{
    Dice,
    emulator::Conditions,
    world::{Death, World},
};
use hotline_ledger::{Batch, Engine, Ledger, MemoryDisk, Mode, OpenOptions, Record, Restored};
use hotline_tests::storm::{
    cast::{Cast, cast},
    liar::Tongue,
    mix::Lies,
    nodes::{self, Node},
    shape::{Shape, host},
};
use hotline_transport::Clock as _;
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// Longest wait for anything: a redial's longest pause, a dial, and an answer.
const WITHIN: Duration = Duration::from_secs(6);

/// Two relays and one desk; the other desk is never there, so what is sent to it stays owed.
struct Stage {
    world: World,
    shape: Shape,
    cast: Arc<Cast>,
    nodes: Vec<Node>,
    desk: usize,
    heard: Option<Receiver<Event>>,
    told: Vec<(String, String)>,
    released: u64,
}

impl Stage {
    /// Everybody is there, and the disks have room.
    async fn set() -> Self {
        let mut stage = Self::empty();
        for node in [0, 1, stage.desk] {
            stage.start(node).await;
        }
        stage.legs_up(4).await;
        stage
    }

    fn empty() -> Self {
        let (dice, shape) = (Dice::new(1), Shape::default());
        let world = World::new(host(shape.nodes()).0, &dice.apart("world"));
        let nodes = (0..shape.nodes())
            .map(|number| Node::new(number, &world, &dice))
            .collect();
        let desk = shape.node_of(0);
        Self {
            world,
            shape,
            cast: cast(shape),
            nodes,
            desk,
            heard: None,
            told: Vec::new(),
            released: 0,
        }
    }

    async fn start(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        let seams = node.next_life();
        let live = match self.shape.desk_at(number) {
            None => {
                let tongue = node.tongue.clone();
                nodes::open_relay((&self.cast, number), &seams, &node.disk, tongue).await
            }
            Some(desk) => nodes::open_desk((&self.cast, desk), &seams, &node.disk),
        };
        node.live = Some(live.unwrap());
        if number == self.desk {
            self.heard = Some(self.station().events());
            self.told.clear();
        }
    }

    fn kill(&mut self, number: usize) {
        self.nodes[number].die(Death::Killed);
    }

    fn station(&self) -> Station {
        let live = self.nodes[self.desk].live.as_ref().unwrap();
        live.station().unwrap().clone()
    }

    /// Cuts the desk off from a relay, or lets it reach it again.
    fn cut(&self, relay: usize, cut: bool) {
        for way in self.shape.between(relay, self.desk) {
            let conditions = Conditions {
                cut,
                ..Conditions::default()
            };
            self.world.change(way, conditions);
        }
    }

    /// A relay comes back on a copy of its own ledger that was taken up: the same log, and another ledger. Tells which.
    async fn take_up_copy(&mut self, relay: usize) -> [u8; 16] {
        self.kill(relay);
        let disk = MemoryDisk::new();
        disk.restore(&self.nodes[relay].disk.snapshot().into_backup());
        let config = &self.cast.relays[relay];
        let origin = config.identity.origin();
        let signer = LogSigner::new(&origin, signing_key(&config.log_key).unwrap()).unwrap();
        let (_, opening) = Ledger::open(OpenOptions {
            engine: Engine::Memory(disk.clone()),
            owner: config.identity.to_string(),
            origin,
            signer: Some(signer),
            entropy: &mut |bytes| bytes.fill(7),
            mode: Mode::Inline,
            restored: Restored::TakeUp,
        })
        .unwrap();
        self.nodes[relay].disk = disk;
        self.start(relay).await;
        opening.instance
    }

    async fn status(&self) -> LineStatus {
        match self.station().serve(Request::Status).await {
            Answer::Status(status) => *status,
            other => panic!("{other:?}"),
        }
    }

    async fn legs_up(&self, legs: usize) {
        eventually("legs come up", async || self.status().await.legs_up() == legs).await;
    }

    /// Releases a message; tells its hash, or why it was refused.
    async fn release(&mut self, precedence: Precedence) -> Result<Hash, String> {
        self.release_until(precedence, 0).await
    }

    /// The same, of one that holds until this moment, milliseconds since 1970; 0 for ever.
    async fn release_until(&mut self, precedence: Precedence, expires_ms: u64) -> Result<Hash, String> {
        self.released += 1;
        let people = &self.cast.desks[0];
        let mut wording = people.wording(precedence, format!("Avelia reports {}", self.released));
        wording.expires_ms = expires_ms;
        let entropy = hotline_faults::chance::SeededEntropy::new(Dice::new(self.released));
        let sheet = people.sheet(&wording, &self.nodes[self.desk].clock, &entropy);
        match self.station().serve(Request::Release { sheet }).await {
            Answer::Message(view) => Ok(view.sha256.parse().unwrap()),
            Answer::Refused(refusal) => Err(refusal.what),
            other => panic!("{other:?}"),
        }
    }

    async fn held_by(&self, relay: usize, hash: Hash) {
        let disk = self.nodes[relay].disk.clone();
        eventually("a relay holds it", async || disk.holds(&hash)).await;
    }

    /// The alarms of one kind that watchers were told in this life of the desk.
    fn told(&mut self, code: &str) -> Vec<String> {
        let heard = self.heard.as_mut().unwrap();
        loop {
            match heard.try_recv() {
                Ok(Event::Line(News::Alarm { code, what })) => self.told.push((code, what)),
                Ok(_) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                Err(TryRecvError::Lagged(missed)) => panic!("{missed} events were missed"),
            }
        }
        let told = self.told.iter().filter(|(told, _)| told == code);
        told.map(|(_, what)| what.clone()).collect()
    }

    /// Waits until watchers were told of an alarm.
    async fn is_told(&mut self, code: &str) -> Vec<String> {
        let until = self.world.now() + WITHIN;
        loop {
            let told = self.told(code);
            if !told.is_empty() {
                return told;
            }
            assert!(self.world.now() < until, "nobody was told of {code}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn disk(&self) -> &MemoryDisk {
        &self.nodes[self.desk].disk
    }
}

async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let looks = WITHIN.as_millis() / 20;
    for _ in 0..looks {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("within {WITHIN:?} it is not so that {what}");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_reaches_a_watcher_although_its_round_was_not_stored() {
    let mut stage = Stage::set().await;
    stage.disk().fill(0);
    stage.take_up_copy(0).await;
    let told = stage.is_told("RELAY_LOST").await;
    let full = stage.release(Precedence::Flash).await.unwrap_err();
    assert!(full.contains("could not be stored"), "{full}");
    tokio::time::sleep(WITHIN).await;
    assert_eq!(stage.told("RELAY_LOST"), told, "once is enough");
    let counted = stage.status().await.alarms;
    for (code, count) in counted {
        assert_eq!(stage.told(&code).len() as u64, count, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_relays_other_ledger_that_a_full_disk_could_not_note_is_noted_later() {
    let mut stage = Stage::set().await;
    stage.release(Precedence::Priority).await.unwrap();
    // The acceptances are on disk, and nothing is owed.
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.disk().fill(0);
    let instance = stage.take_up_copy(0).await;
    stage.is_told("RELAY_LOST").await;
    tokio::time::sleep(WITHIN).await;
    let sent = stage.status().await.legs["north/quic"].sent;
    stage.disk().set_capacity(None);
    let disk = stage.disk().clone();
    eventually("the relay's ledger is noted", async || {
        let key = (memory::INSTANCE.to_owned(), b"north".to_vec());
        disk.export(&[memory::INSTANCE]).records.get(&key) == Some(&instance.to_vec())
    })
    .await;
    let again = stage.status().await.legs["north/quic"].sent;
    assert!(again > sent, "what it held is offered again");
}

#[tokio::test(start_paused = true)]
async fn what_is_owed_leaves_by_a_leg_that_came_up_in_a_round_that_was_not_stored() {
    let mut stage = Stage::set().await;
    stage.cut(0, true);
    let hash = stage.release(Precedence::Flash).await.unwrap();
    stage.held_by(1, hash).await;
    stage.legs_up(2).await;
    stage.disk().fill(0);
    stage.take_up_copy(0).await;
    stage.cut(0, false);
    eventually("a leg to the relay is up", async || {
        stage.status().await.legs["north/quic"].up
    })
    .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(stage.nodes[0].disk.holds(&hash), "a FLASH waits for a disk");
}

#[tokio::test(start_paused = true)]
async fn a_charter_that_a_full_disk_kept_out_is_placed_as_soon_as_there_is_room() {
    let mut stage = Stage::empty();
    for node in [0, 1, stage.desk] {
        stage.start(node).await;
    }
    stage.disk().fill(0);
    stage.legs_up(4).await;
    tokio::time::sleep(WITHIN).await;
    let nothing = stage.disk().export(&[]).leaves.len();
    assert_eq!(nothing, 0, "no leaf, hence no charter");
    stage.disk().set_capacity(None);
    let disk = stage.disk().clone();
    eventually("the charter is in the log", async || {
        disk.export(&[]).leaves.len() == 1
    })
    .await;
    stage.release(Precedence::Priority).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_only_looks_is_answered_although_the_disk_is_full() {
    let mut stage = Stage::set().await;
    let hash = stage.release(Precedence::Priority).await.unwrap();
    stage.held_by(0, hash).await;
    stage.disk().fill(0);
    for at in 0..100u64 {
        // Rounds that cannot be stored are made all the time; a look falls into one sooner or later.
        let (station, releases) = (stage.station(), stage.release(Precedence::Flash));
        let message = hash.to_string();
        let (shown, status, refused) = tokio::join!(
            station.serve(Request::Show { message }),
            station.serve(Request::Status),
            releases
        );
        assert!(
            matches!(&shown, Answer::Message(view) if view.sha256 == hash.to_string()),
            "{at}: {shown:?}"
        );
        assert!(matches!(status, Answer::Status(_)), "{at}: {status:?}");
        let refused = refused.unwrap_err();
        assert!(refused.contains("could not be stored"), "{at}: {refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_names_another_statement_and_shows_none_does_not_silence_a_desk() {
    let mut stage = Stage::set().await;
    let hash = stage.release(Precedence::Priority).await.unwrap();
    stage.held_by(0, hash).await;
    // Behind the gate: a relay that comes back and lies.
    let lies = Lies {
        slander: 1.0,
        ..Lies::default()
    };
    stage.kill(0);
    stage.nodes[0].tongue = Some(Tongue::new(lies, Dice::new(2)));
    stage.start(0).await;
    let told = stage.is_told("UNPROVEN").await;
    assert!(told[0].starts_with("north "), "the relay is named: {told:?}");
    stage.release(Precedence::Priority).await.unwrap();
    // At the gate: a desk that starts anew hears the lie first.
    stage.kill(stage.desk);
    stage.start(stage.desk).await;
    stage.is_told("UNPROVEN").await;
    let hash = stage.release(Precedence::Priority).await.unwrap();
    stage.held_by(1, hash).await;
    tokio::time::sleep(WITHIN).await;
    assert_eq!(stage.told("UNPROVEN").len(), 1, "once is enough");
    assert_eq!(stage.told("OWN_FORK"), Vec::<String>::new());
    assert_eq!(stage.status().await.read_only, None);
}

#[tokio::test(start_paused = true)]
async fn a_second_statement_of_its_own_that_a_relay_shows_silences_a_desk() {
    let mut stage = Stage::set().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = stage.disk().snapshot();
    stage.cut(1, true);
    let one = stage.release(Precedence::Priority).await.unwrap();
    stage.held_by(0, one).await;
    // The whole disk is put back, and looks untouched; only a relay that lags is in reach.
    stage.kill(stage.desk);
    stage.nodes[stage.desk].disk = MemoryDisk::new();
    stage.disk().restore(&before);
    stage.cut(0, true);
    stage.cut(1, false);
    stage.start(stage.desk).await;
    let other = stage.release(Precedence::Priority).await.unwrap();
    stage.held_by(1, other).await;
    assert_ne!(one, other);
    // Behind the gate.
    stage.cut(0, false);
    stage.is_told("OWN_FORK").await;
    stage.release(Precedence::Priority).await.unwrap_err();
    // At the gate.
    stage.kill(stage.desk);
    stage.start(stage.desk).await;
    stage.is_told("OWN_FORK").await;
    stage.release(Precedence::Priority).await.unwrap_err();
    assert_eq!(stage.told("UNPROVEN"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_is_recorded_with_both_times_and_stops_no_timer() {
    const BACK_MS: i64 = 600_000;
    let mut stage = Stage::set().await;
    stage.station().on_duty().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(stage.status().await.duty.unwrap().checks.sent, 1);
    stage.nodes[stage.desk].clock.set_off(-BACK_MS);
    stage.is_told("CLOCK_STEP").await;
    tokio::time::sleep(Duration::from_secs(135)).await;
    let status = stage.status().await;
    let said = &status.said[&status.desk];
    let kinds: Vec<&str> = said.iter().map(|said| said.kind.as_str()).collect();
    assert_eq!(kinds, ["DESK_OPENS", "CLOCK_STEP"]);
    let back = said[1].clock_before_ms - said[1].clock_after_ms;
    assert!(back.abs_diff(BACK_MS.unsigned_abs()) < 1_000, "{back}");
    // Nobody is there to answer: each check is missed in its time, whatever the wall clock says.
    let checks = status.duty.as_ref().unwrap().checks.clone();
    assert_eq!((checks.sent, checks.answered, checks.missed), (3, 0, 3));
    assert_eq!(status.legs_up(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_put_ahead_has_a_desk_call_no_message_undelivered_before_it_expires() {
    let mut stage = Stage::set().await;
    let until = stage.nodes[stage.desk].clock.wall().unix_ms() + 10 * 60_000;
    stage.release_until(Precedence::Routine, until).await.unwrap();
    stage.nodes[stage.desk].clock.set_off(20 * 60_000);
    // Duty begins: whatever waits is timed by what the clock says now.
    stage.station().on_duty().await;
    tokio::time::sleep(Duration::from_secs(9 * 60)).await;
    assert_eq!(stage.status().await.alarms.get("UNDELIVERED"), None);
    tokio::time::sleep(Duration::from_secs(2 * 60)).await;
    assert_eq!(stage.status().await.alarms.get("UNDELIVERED"), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn a_desk_whose_clock_is_wrong_says_how_far_and_that_it_is_its_own() {
    let mut stage = Stage::set().await;
    stage.station().on_duty().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(stage.told("CLOCK_SKEW"), Vec::<String>::new());
    stage.nodes[stage.desk].clock.set_off(420_000);
    stage.is_told("CLOCK_SKEW").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let told = stage.told("CLOCK_SKEW");
    assert_eq!(told.len(), 2, "of each relay once: {told:?}");
    assert!(told[1].ends_with("this desk's own clock is wrong"), "{told:?}");
    let clocks = stage.status().await.clocks;
    assert_eq!(clocks.len(), 2);
    for (who, clock) in &clocks {
        let apart = clock.ahead_ms.unsigned_abs().abs_diff(420_000);
        assert!(
            clock.ahead_ms < 0 && apart <= clock.uncertainty_ms,
            "{who}: {clock:?}"
        );
    }
    stage.nodes[stage.desk].clock.set_off(0);
    stage.is_told("CLOCK_AGREES").await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_not_measured_for_three_minutes_is_undecided_and_has_no_say() {
    let mut stage = Stage::set().await;
    stage.station().on_duty().await;
    stage.nodes[stage.desk].clock.set_off(420_000);
    stage.is_told("CLOCK_SKEW").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    for relay in [0, 1] {
        stage.cut(relay, true);
    }
    let graded = async |stage: &Stage, grade: &str| {
        let clocks = stage.status().await.clocks;
        assert_eq!(clocks.len(), 2);
        for (who, clock) in &clocks {
            assert_eq!(clock.grade, grade, "{who}: {clock:?}");
            assert_eq!(clock.age_ms > 180_000, grade == "UNDECIDED", "{who}: {clock:?}");
        }
    };
    tokio::time::sleep(Duration::from_secs(170)).await;
    graded(&stage, "ALARM").await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    graded(&stage, "UNDECIDED").await;
    // One alone that is measured again does not prove that ours is wrong, whatever the other one said long ago.
    stage.nodes[stage.desk].clock.set_off(0);
    stage.cut(0, false);
    stage.is_told("CLOCK_AGREES").await;
    stage.nodes[stage.desk].clock.set_off(420_000);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let told = stage.told("CLOCK_SKEW");
    assert_eq!(
        told.len(),
        3,
        "of each relay once, and of the one again: {told:?}"
    );
    assert!(!told[2].ends_with("this desk's own clock is wrong"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn relays_that_were_started_again_while_the_other_desk_is_away_do_not_carry() {
    let mut stage = Stage::set().await;
    let carries = async |stage: &Stage| stage.status().await.standing.axes.carrier.state != "DOWN";
    // A relay that never said anything is given the benefit of the doubt, for as long as it may take to find it.
    assert!(carries(&stage).await);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(!carries(&stage).await, "both relays say that nobody is there");
    for with_the_desk in [false, true] {
        for relay in [0, 1] {
            stage.kill(relay);
        }
        if with_the_desk {
            stage.kill(stage.desk);
        }
        for relay in [0, 1] {
            stage.start(relay).await;
        }
        if with_the_desk {
            stage.start(stage.desk).await;
        }
        for look in 0..70 {
            let status = stage.status().await;
            assert_eq!(
                status.standing.axes.carrier.state, "DOWN",
                "look {look}, desk started again: {with_the_desk}: {:?}",
                status.standing.axes.carrier
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(stage.status().await.legs_up(), 4);
    }
}

/// What a ledger remembers of trust.
const TRUST: &str = "trust";

impl Stage {
    /// Has a node that is dead forget what it believed, and leaves its disk without room.
    async fn forget_trust(&mut self, number: usize) {
        let believed = self.nodes[number].disk.export(&[TRUST]).records;
        assert!(!believed.is_empty(), "something was believed");
        let forgotten = believed
            .into_keys()
            .map(|(_, key)| Record::Delete { space: TRUST, key });
        self.write(number, forgotten.collect()).await;
        self.nodes[number].disk.fill(0);
    }

    /// Writes records into the ledger of a node that is dead.
    async fn write(&mut self, number: usize, records: Vec<Record>) {
        let (owner, origin, key) = match self.shape.desk_at(number) {
            None => {
                let config = &self.cast.relays[number];
                (&config.identity, config.identity.origin(), &config.log_key)
            }
            Some(desk) => {
                let config = &self.cast.desks[desk].config;
                (&config.identity, config.identity.origin(), &config.log_key)
            }
        };
        let (ledger, _) = Ledger::open(OpenOptions {
            engine: Engine::Memory(self.nodes[number].disk.clone()),
            owner: owner.to_string(),
            signer: Some(LogSigner::new(&origin, signing_key(key).unwrap()).unwrap()),
            origin,
            entropy: &mut |bytes| bytes.fill(7),
            mode: Mode::Inline,
            restored: Restored::ReadOnly,
        })
        .unwrap();
        let mut batch = Batch::new(Lane::Control);
        batch.records = records;
        ledger.commit(batch).await.unwrap();
    }

    fn remembers(&self, number: usize) -> bool {
        !self.nodes[number].disk.export(&[TRUST]).records.is_empty()
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_was_found_to_fork_is_not_believed_after_a_restart_either() {
    let mut stage = Stage::set().await;
    let config = &stage.cast.relays[0];
    let log = LogSigner::new(&config.identity.origin(), signing_key(&config.log_key).unwrap()).unwrap();
    let note = |root| log.checkpoint(1, Hash([root; 32])).sign(&log);
    let proof = Fault {
        relay: "north".parse().unwrap(),
        found: stage.nodes[stage.desk].clock.wall(),
        notes: [note(1), note(2)],
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.kill(stage.desk);
    stage.write(stage.desk, vec![proof.record()]).await;
    stage.start(stage.desk).await;
    stage.legs_up(4).await;
    stage.release(Precedence::Priority).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let status = stage.status().await;
    assert_eq!(status.alarms.get("FORK"), Some(&1), "{:?}", status.alarms);
    let (north, south) = (&status.relays["north"], &status.relays["south"]);
    assert!(
        north.trouble.as_ref().is_some_and(|why| why.starts_with("FORK")),
        "{north:?}"
    );
    assert_eq!(
        (north.pending, south.pending),
        (1, 0),
        "its word counts for nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_relay_believed_at_a_start_with_a_full_disk_is_written_as_soon_as_there_is_room() {
    let mut stage = Stage::empty();
    stage.start(0).await;
    assert!(stage.remembers(0));
    stage.kill(0);
    stage.forget_trust(0).await;
    stage.start(0).await;
    let running = stage.nodes[0].live.as_ref().unwrap().relay().unwrap();
    // A process keeps it fresh; a simulated world does not by itself.
    let watch = hotline_server::reload::watch_of(&stage.cast.relays[0]);
    let fresh = running.reload.keep_fresh(watch, None);
    let seen = async {
        tokio::time::sleep(WITHIN).await;
        assert!(!stage.remembers(0), "there is no room");
        stage.nodes[0].disk.set_capacity(None);
        eventually("it is written", async || stage.remembers(0)).await;
    };
    tokio::select! {
        biased;
        () = seen => {}
        () = fresh => panic!("it never returns"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_desk_believed_is_tried_once_a_second_on_a_full_disk_and_undoes_no_other_round() {
    let mut stage = Stage::set().await;
    tokio::time::sleep(WITHIN).await;
    stage.kill(stage.desk);
    stage.forget_trust(stage.desk).await;
    stage.start(stage.desk).await;
    stage.legs_up(4).await;
    let before = stage.disk().refused();
    for _ in 0..100 {
        stage.status().await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let refused = stage.disk().refused() - before;
    assert!(!stage.remembers(stage.desk), "there is no room");
    assert!((1..=5).contains(&refused), "{refused} rounds were undone in 3 s");
    stage.disk().set_capacity(None);
    eventually("it is written", async || stage.remembers(stage.desk)).await;
}

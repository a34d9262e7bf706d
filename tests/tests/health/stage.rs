//! A whole line in a simulated world, over whose ways the test rules.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use hotline_audit::Hash;
use hotline_client::{
    request::{Answer, News, Request},
    station::{Event, Station},
    status::LineStatus,
};
use hotline_core::{health::Profile, precedence::Precedence};
use hotline_faults::{
    Dice,
    emulator::Conditions,
    world::{Death, Way, Wire, World},
};
use hotline_tests::storm::{
    cast::{Cast, cast},
    nodes::{self, Node, What},
    shape::{Shape, host},
};

/// Two relays and two desks.
pub struct Stage {
    pub world: World,
    pub shape: Shape,
    profile: Profile,
    cast: Arc<Cast>,
    nodes: Vec<Node>,
    released: u64,
    told: [Told; 2],
}

/// What a desk told, and when, in milliseconds since the world began.
pub type Told = Arc<Mutex<Vec<(u64, Event)>>>;

/// Which directions of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    There,
    Back,
    Both,
}

impl Stage {
    /// Everything runs; `quiet` is how every way behaves.
    pub async fn set(seed: u64, profile: Profile, quiet: &Conditions) -> Self {
        let mut stage = Self::empty(seed, profile, quiet);
        stage.start_all().await;
        stage
    }

    /// Nothing runs yet.
    pub fn empty(seed: u64, profile: Profile, quiet: &Conditions) -> Self {
        let (dice, shape) = (Dice::new(seed), Shape::default());
        let world = World::new(host(shape.nodes()).0, &dice.apart("world"));
        for way in shape.ways() {
            world.change(way, quiet.clone());
        }
        let nodes = (0..shape.nodes())
            .map(|number| Node::new(number, &world, &dice))
            .collect();
        Self {
            world,
            shape,
            profile,
            cast: cast(shape),
            nodes,
            released: 0,
            told: [Arc::default(), Arc::default()],
        }
    }

    pub async fn start_all(&mut self) {
        for node in 0..self.shape.nodes() {
            self.start(node).await;
        }
    }

    /// Starts a node: relays are 0 and 1, desks 2 and 3.
    pub async fn start(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        let seams = node.next_life();
        let live = match self.shape.desk_at(number) {
            None => {
                let mut config = self.cast.relays[number].clone();
                config.profile = self.profile;
                nodes::open_relay_as(config, &seams, &node.disk, None).await
            }
            Some(desk) => {
                let mut config = self.cast.desks[desk].config.clone();
                config.profile = self.profile;
                nodes::open_desk_as(&config, &seams, &node.disk)
            }
        };
        node.live = Some(live.unwrap());
        if let Some(desk) = self.shape.desk_at(number) {
            self.listen(desk);
        }
    }

    pub fn die(&mut self, number: usize, death: Death) {
        assert!(self.nodes[number].die(death));
    }

    fn listen(&self, desk: usize) {
        let (told, world) = (Arc::clone(&self.told[desk]), self.world.clone());
        let mut events = self.station(desk).events();
        tokio::spawn(async move {
            while let Ok(event) = events.recv().await {
                told.lock().unwrap().push((ms(world.now()), event));
            }
        });
    }

    pub fn station(&self, desk: usize) -> Station {
        let live = self.nodes[self.shape.node_of(desk)].live.as_ref().unwrap();
        live.station().unwrap().clone()
    }

    pub async fn status(&self, desk: usize) -> LineStatus {
        match self.station(desk).serve(Request::Status).await {
            Answer::Status(status) => *status,
            other => panic!("{other:?}"),
        }
    }

    /// What a relay counts.
    pub fn counts(&self, relay: usize) -> String {
        match &self.nodes[relay].live.as_ref().unwrap().what {
            What::Relay(running) => running.relay.metrics.render(&[], &[], None),
            What::Desk(_) => panic!("a desk"),
        }
    }

    pub fn now_ms(&self) -> u64 {
        ms(self.world.now())
    }

    pub async fn rest(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    /// Every way between a relay and a desk over one kind of traffic, in these directions (there: from the desk).
    pub fn change(&self, (relay, desk): (usize, usize), wire: Wire, cut: Cut, conditions: &Conditions) {
        let (relay, desk) = (host(relay), host(self.shape.node_of(desk)));
        let there = Way {
            from: desk,
            to: relay,
            wire,
        };
        let back = Way {
            from: relay,
            to: desk,
            wire,
        };
        if cut != Cut::Back {
            self.world.change(there, conditions.clone());
        }
        if cut != Cut::There {
            self.world.change(back, conditions.clone());
        }
    }

    /// Everything is cut, or works again.
    pub fn change_all(&self, conditions: &Conditions) {
        for way in self.shape.ways() {
            self.world.change(way, conditions.clone());
        }
    }

    /// Waits until both desks have all legs in this state.
    pub async fn all(&self, state: &str) {
        self.legs(state, |_| true).await;
    }

    /// Waits until both desks have these legs in this state.
    pub async fn legs(&self, state: &str, which: impl Fn(&str) -> bool) {
        let mut seen = Vec::new();
        for _ in 0..30_000 {
            seen.clear();
            for desk in [0, 1] {
                let legs = self.status(desk).await.legs.into_iter();
                seen.extend(legs.filter(|(name, leg)| which(name) && leg.state != state));
            }
            if seen.is_empty() {
                return;
            }
            self.rest(20).await;
        }
        panic!("not {state}: {seen:?}");
    }

    /// Desk A releases a message.
    pub async fn release(&mut self, precedence: Precedence) -> Hash {
        self.release_of(precedence, 0).await
    }

    /// Desk A releases a message with so many bytes of text more than it needs.
    pub async fn release_of(&mut self, precedence: Precedence, more: usize) -> Hash {
        self.released += 1;
        let people = &self.cast.desks[0];
        let text = format!("Avelia reports {}{}", self.released, " and".repeat(more / 4));
        let wording = people.wording(precedence, text);
        let entropy = hotline_faults::chance::SeededEntropy::new(Dice::new(self.released));
        let sheet = people.sheet(&wording, &self.nodes[self.shape.node_of(0)].clock, &entropy);
        match self.station(0).serve(Request::Release { sheet }).await {
            Answer::Message(view) => view.sha256.parse().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// When desk B had a message, if it has.
    pub fn arrived_ms(&self, message: &Hash) -> Option<u64> {
        let told = self.told[1].lock().unwrap();
        let added = told
            .iter()
            .find(|(_, event)| matches!(event, Event::Added(hash) if hash == message));
        added.map(|(at, _)| *at)
    }

    /// What desk B had, in the order in which it was told.
    pub fn arrived(&self) -> Vec<Hash> {
        let told = self.told[1].lock().unwrap();
        let added = told.iter().filter_map(|(_, event)| match event {
            Event::Added(hash) => Some(*hash),
            _ => None,
        });
        added.collect()
    }

    /// Waits until desk B has it; when that was.
    pub async fn arrives(&self, message: &Hash, within_ms: u64) -> u64 {
        let until = self.now_ms() + within_ms;
        loop {
            if let Some(at) = self.arrived_ms(message) {
                return at;
            }
            assert!(
                self.now_ms() < until,
                "{message} has not arrived within {within_ms} ms"
            );
            self.rest(1).await;
        }
    }

    /// When a desk's leg came to stand so, for the first time after `since_ms`.
    pub fn stood_ms(&self, desk: usize, leg: &str, state: &str, since_ms: u64) -> Option<u64> {
        let told = self.told[desk].lock().unwrap();
        let found = told.iter().find(|(at, event)| {
            *at >= since_ms
                && matches!(event, Event::Line(News::Leg { leg: named, state: stood, .. }) if named == leg && stood == state)
        });
        found.map(|(at, _)| *at)
    }

    /// Every time a desk's legs came to stand so, after `since_ms`.
    pub fn stood(&self, desk: usize, state: &str, since_ms: u64) -> Vec<(u64, String, String)> {
        let told = self.told[desk].lock().unwrap();
        let stood = told.iter().filter_map(|(at, event)| match event {
            Event::Line(News::Leg {
                leg,
                state: stood,
                why,
                ..
            }) if *at >= since_ms && stood == state => Some((*at, leg.clone(), why.clone())),
            _ => None,
        });
        stood.collect()
    }

    /// When a desk alarmed its people of this, after `since_ms`.
    pub fn alarmed_ms(&self, desk: usize, code: &str, since_ms: u64) -> Option<u64> {
        let told = self.told[desk].lock().unwrap();
        let found = told.iter().find(|(at, event)| {
            *at >= since_ms && matches!(event, Event::Line(News::Alarm { code: named, .. }) if named == code)
        });
        found.map(|(at, _)| *at)
    }

    /// Copies that each leg of desk A has sent.
    pub async fn sent(&self) -> BTreeMap<String, u64> {
        let legs = self.status(0).await.legs.into_iter();
        legs.map(|(name, leg)| (name, leg.sent)).collect()
    }
}

pub fn cut() -> Conditions {
    Conditions {
        cut: true,
        ..Conditions::default()
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

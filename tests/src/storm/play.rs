//! One schedule, from the first packet to the last judgement.
//!
//! Calm, faults, healing, a quiet phase that ends as soon as everything owed is delivered (or after its bound), then a
//! final power cut of everyone, a look at the disks, and a last opening.

mod ending;
mod parade;
mod quiet;
mod strangers;
mod trouble;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hotline_audit::dsse::remembered;
use hotline_client::station::Station;
use hotline_faults::{
    Dice,
    chance::SeededEntropy,
    world::{Death, NodeClock, World},
};

use super::{
    cast::{Cast, cast},
    liar::Tongue,
    mix::{LEAST, Mix, WINDOW_MS},
    nodes::{self, Node},
    officers,
    oracle::{Oracle, Promise},
    plants,
    shape::{Shape, host, side},
};

pub use ending::{Ending, Figures, With};

/// How often somebody looks whether a process has died by itself.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A schedule that is being played.
pub struct Play {
    /// Its world.
    pub world: World,
    /// Who takes part.
    pub cast: Arc<Cast>,
    /// How many they are.
    pub shape: Shape,
    mix: Mix,
    nodes: Vec<Mutex<Node>>,
    oracle: Mutex<Oracle>,
    dice: Mutex<Dice>,
    entropy: Mutex<u64>,
    figures: Mutex<Figures>,
    looked: Mutex<BTreeSet<(usize, u64, String)>>,
    /// How often each way is cut right now.
    cuts: Mutex<BTreeMap<hotline_faults::world::Way, u32>>,
    troubled: Mutex<bool>,
    healed: Mutex<bool>,
    over: tokio_util::sync::CancellationToken,
}

/// Plays one seed in this thread.
#[must_use]
pub fn play(seed: u64, with: With) -> Ending {
    plants::set(with.plant);
    remembered::begin();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let ending = runtime.block_on(run(Mix::draw(seed, with.window_ms, with.shape)));
    drop(runtime);
    remembered::end();
    plants::set(None);
    ending
}

/// Plays a failing seed with ever shorter fault windows; the shortest that still fails.
#[must_use]
pub fn shrink(seed: u64, with: With) -> (u64, Ending) {
    let _held = cast(with.shape);
    let within = |window_ms| play(seed, With { window_ms, ..with });
    let mut best = (WINDOW_MS, within(WINDOW_MS));
    let mut window_ms = WINDOW_MS / 2;
    while window_ms > 100 {
        let ending = within(window_ms);
        if ending.broken.is_empty() {
            break;
        }
        best = (window_ms, ending);
        window_ms /= 2;
    }
    best
}

async fn run(mix: Mix) -> Ending {
    let play = Play::new(mix);
    play.open_all().await;
    for desk in 0..play.shape.desks() {
        tokio::spawn(Arc::clone(&play).watch_gaps(desk));
    }
    let mut last = Duration::ZERO;
    for (at_ms, action) in play.mix.actions.clone() {
        let at = Duration::from_millis(at_ms);
        if at > last {
            tokio::time::sleep(at.saturating_sub(play.world.now())).await;
            last = at;
        }
        if at_ms >= super::mix::CALM_MS {
            play.begin_trouble();
        }
        play.act(action);
    }
    let heal = Duration::from_millis(play.mix.heal_ms);
    tokio::time::sleep(heal.saturating_sub(play.world.now())).await;
    while play.figures().crashes < LEAST {
        play.crash(play.number() as usize % play.shape.nodes(), Death::Killed, 200);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    play.heal().await;
    play.quiet().await;
    play.last().await
}

impl Play {
    fn new(mix: Mix) -> Arc<Self> {
        let (dice, shape) = (Dice::new(mix.seed), mix.shape);
        let hosts = host(shape.nodes()).0;
        let world = World::new(hosts, &dice.apart("world"));
        let mut nodes: Vec<Node> = (0..shape.nodes())
            .map(|number| Node::new(number, &world, &dice))
            .collect();
        let disks = nodes.iter().map(|node| node.disk.clone()).collect();
        let mut oracle = Oracle::new(&world, shape, disks);
        if let Some((relay, lies)) = mix.liar {
            oracle.tainted[relay] = true;
            oracle.liar = Some(relay);
            nodes[relay].tongue = Some(Tongue::new(lies, dice.apart("lies")));
        }
        Arc::new(Self {
            world,
            cast: cast(shape),
            shape,
            nodes: nodes.into_iter().map(Mutex::new).collect(),
            oracle: Mutex::new(oracle),
            dice: Mutex::new(dice.apart("officers")),
            entropy: Mutex::new(0),
            figures: Mutex::default(),
            looked: Mutex::default(),
            cuts: Mutex::default(),
            troubled: Mutex::default(),
            healed: Mutex::default(),
            over: tokio_util::sync::CancellationToken::new(),
            mix,
        })
    }

    async fn open_all(self: &Arc<Self>) {
        for number in 0..self.shape.nodes() {
            self.start(number).await;
        }
    }

    // === what others need ===

    fn node(&self, number: usize) -> MutexGuard<'_, Node> {
        self.nodes[number].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dice(&self) -> MutexGuard<'_, Dice> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells or asks the judge.
    pub fn judge<T>(&self, with: impl FnOnce(&mut Oracle) -> T) -> T {
        with(&mut self.oracle.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The station of a desk, while it runs.
    #[must_use]
    pub fn station(&self, desk: usize) -> Option<Station> {
        self.node(self.shape.node_of(desk))
            .live
            .as_ref()
            .and_then(|live| live.station().cloned())
    }

    /// The clock of a desk's machine.
    #[must_use]
    pub fn clock(&self, desk: usize) -> NodeClock {
        self.node(self.shape.node_of(desk)).clock.clone()
    }

    /// Fresh entropy for officers' ids.
    #[must_use]
    pub fn entropy(&self) -> SeededEntropy {
        SeededEntropy::new(self.dice().apart(&format!("entropy {}", self.number())))
    }

    /// A number nobody had before.
    pub fn number(&self) -> u64 {
        let mut count = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        *count
    }

    /// A pause of so many milliseconds.
    pub fn pause(&self, least_ms: u64, most_ms: u64) -> Duration {
        self.dice()
            .between(Duration::from_millis(least_ms), Duration::from_millis(most_ms))
    }

    /// True with probability `p`.
    pub fn chance(&self, p: f64) -> bool {
        self.dice().chance(p)
    }

    /// How willing officers are to acknowledge, and to answer.
    #[must_use]
    pub fn officers(&self) -> (f64, f64) {
        self.mix.officers
    }

    /// Whether this life of a node goes on.
    #[must_use]
    pub fn lives(&self, number: usize, life: u64) -> bool {
        let node = self.node(number);
        node.life == life && node.live.is_some()
    }

    /// Whether this life of a desk goes on.
    #[must_use]
    pub fn desk_lives(&self, desk: usize, life: u64) -> bool {
        self.lives(self.shape.node_of(desk), life)
    }

    /// True the first time somebody looks at a message in one life of a desk.
    pub fn first_look(&self, desk: usize, life: u64, sha256: &str) -> bool {
        self.looked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((desk, life, sha256.to_owned()))
    }

    // === processes ===

    /// Starts a node that does not run.
    async fn start(self: &Arc<Self>, number: usize) {
        let (seams, disk, tongue, life) = {
            let mut node = self.node(number);
            if node.live.is_some() {
                return;
            }
            let seams = node.next_life();
            (seams, node.disk.clone(), node.tongue.clone(), node.life)
        };
        let desk = self.shape.desk_at(number);
        let opened = match desk {
            None => nodes::open_relay((&self.cast, number), &seams, &disk, tongue).await,
            Some(desk) => nodes::open_desk((&self.cast, desk), &seams, &disk),
        };
        let live = match opened {
            Ok(live) => live,
            Err(why) => {
                seams.spawner.abort_all();
                self.world.node_died(host(number), Death::Killed);
                let all: Vec<usize> = (0..disk.unsynced()).collect();
                // A disk that fails or is dark at the start is tried again by whoever looks after it.
                if disk.troubled() {
                    hotline_faults::power::cut(&disk, &mut self.dice());
                } else {
                    disk.crash(&all);
                    self.judge(|oracle| oracle.breaks(Promise::Starts, format!("node {number}: {why}")));
                }
                self.start_later(number, life, 200);
                return;
            }
        };
        let station = live.station().cloned();
        {
            let mut node = self.node(number);
            if node.life != life {
                return;
            }
            node.live = Some(live.clone());
        }
        if let (Some(station), Some(desk)) = (station, desk) {
            tokio::spawn(officers::watch(Arc::clone(self), desk, life, station));
        }
        tokio::spawn(Arc::clone(self).look_after(number, life, live));
    }

    /// Starts a node after a while, if nobody else did.
    fn start_later(self: &Arc<Self>, number: usize, life: u64, after_ms: u64) {
        let play = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            if play.node(number).life == life && !play.over.is_cancelled() {
                play.start_boxed(number).await;
            }
        });
    }

    fn start_boxed<'a>(
        self: &'a Arc<Self>,
        number: usize,
    ) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(self.start(number))
    }

    /// Kills a node and starts it again after a while.
    fn crash(self: &Arc<Self>, number: usize, death: Death, down_ms: u64) {
        let life = {
            let mut node = self.node(number);
            if node.die(death) {
                self.figures().crashes += 1;
            }
            node.life
        };
        self.start_later(number, life, down_ms);
    }

    /// Ends and starts again a process whose disk failed, as a supervisor does: not at once, so that what it should not
    /// have said has time to leave.
    async fn look_after(self: Arc<Self>, number: usize, life: u64, live: nodes::Live) {
        let disk = self.node(number).disk.clone();
        let ended = live.ended();
        tokio::pin!(ended);
        loop {
            tokio::select! {
                biased;
                () = self.over.cancelled() => return,
                () = &mut ended => {}
                () = tokio::time::sleep(LOOK_EVERY) => {
                    if !self.lives(number, life) {
                        return;
                    }
                    if !disk.troubled() {
                        continue;
                    }
                }
            }
            break;
        }
        tokio::time::sleep(self.pause(0, 120)).await;
        if self.lives(number, life) {
            let down_ms = 100 + self.dice().below(600);
            self.crash(number, Death::PowerCut, down_ms);
        }
    }

    /// Everyone's power is cut at once, and nobody starts again.
    fn crash_everyone(&self) {
        self.over.cancel();
        for number in 0..self.shape.nodes() {
            self.node(number).die(Death::PowerCut);
        }
    }

    fn text(&self, desk: usize, bytes: usize) -> String {
        let mut text = format!("{} reports {}", ["Avelia", "Borenia"][side(desk)], self.number());
        while text.len() < bytes {
            text.push_str(" and nothing else moves");
        }
        text
    }
}

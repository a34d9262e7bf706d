//! The engine: one task that owns a desk's state and commits it in rounds.
//!
//! Lanes and verbs put what happened into two bounded queues. A round takes whatever waits, asks the machines of `core`,
//! makes our own statements, commits all of it in one durable transaction, and only then answers, sends and shows. While
//! one round is on its way to the disk the next one gathers, so load makes rounds larger rather than more.
//!
//! In its files: [`load`] takes up a ledger, [`gate`] is what must happen before the first signature, [`adopt`] takes up
//! what this desk signed and its ledger lacks, [`claim`] has relays show what they say of it, [`arrive`] judges what comes
//! in, [`verbs`] what people ask, [`officers`] what they sign beside messages, [`legs`] and [`presence`] what the lanes
//! report, [`cosigned`] what others have cosigned of the relays' logs, [`health`] how the legs stand, [`ping`] who wants it fresh, [`duty`] what a station that is run does by itself,
//! [`standing`], [`evidence`] and [`waiting`] how the line stands, what that rests on and who is waited for, [`story`] what
//! people's deadlines run on, [`skew`] how other clocks stand to ours, [`suspect`] keeps apart what came too late to be believed, [`words`] opens what is sealed,
//! [`settle`] commits and lets go, and [`announced`] counts what was told as new.

mod adopt;
mod annexes;
mod announced;
mod arrive;
mod claim;
mod cosigned;
mod duty;
mod evidence;
mod gate;
mod health;
mod judged;
mod legs;
mod load;
mod officers;
mod ping;
mod presence;
mod proofs;
mod readback;
mod rekey;
mod reviews;
mod settle;
mod skew;
mod standing;
mod story;
mod suspect;
mod verbs;
mod waiting;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use hotline_audit::{Hash, statement::SeenCheckpoint};
use hotline_core::{
    health::{LegHealth, Redundancy},
    identity::Identity,
    inbox::Inbox,
    leg::{Lane, Leg, RelayName},
    outbox::Event,
    recent::Recent,
    story::DeskStory,
    time::{LineTime, WallTime},
};
use hotline_ledger::{Ledger, Record};
use hotline_transport::Seams;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

pub(crate) use load::{LoadError, Loaded};
pub(crate) use suspect::unproven_told;

use crate::{
    ages::Ages,
    book::Book,
    channels::Channels,
    config::DeskConfig,
    cosigned::CosignedLog,
    input::Input,
    leg::LegHandle,
    outgoing::Outgoing,
    own::{Pen, Tip},
    past::Past,
    recent::{self, FirstCopies},
    relay::RelayShared,
    request::{Answer, Request},
    round::Round,
    seal::Opener,
    services::Services,
    share::Shares,
    station::Event as StationEvent,
    status::LegStatus,
    trust::TrustNow,
};

/// Inputs and verbs taken into one round. 256: a frame's worth; more waits for the next round.
const ROUND_MAX: usize = 256;

/// A verb, and whom to answer.
pub(crate) struct Ask {
    pub(crate) request: Request,
    pub(crate) reply: oneshot::Sender<Answer>,
}

/// What the engine knows of one relay.
pub(crate) struct RelayState {
    shared: Arc<RelayShared>,
    /// Its ledger, as it is noted here.
    instance: Option<[u8; 16]>,
    /// Its ledger, as it said last.
    named: Option<[u8; 16]>,
    /// The ledger with which it came after it had lost another, if people were told.
    told_lost: Option<[u8; 16]>,
    /// Why it takes nothing in.
    trouble: Option<String>,
    /// Why its log is not believed any more: kept until the next start.
    fault: Option<String>,
    /// The newest cursor of each lane's mailbox when its carrying leg came up.
    heads: BTreeMap<Lane, u64>,
    /// How far each lane's mailbox was read.
    cursors: BTreeMap<Lane, u64>,
    /// The same, as it is on disk.
    cursors_kept: BTreeMap<Lane, u64>,
    /// Size of the checkpoint that is on disk.
    stored_size: u64,
    /// Legs that were tried and are down.
    tried: BTreeSet<Leg>,
    /// What it says about each desk's sessions with it, and what it said before it was lost.
    word: presence::Word,
    /// What others have cosigned of its log.
    cosigned: CosignedLog,
}

/// Why this desk signs nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signing {
    /// It signs.
    Open,
    /// It must not: two histories would stand under one key.
    Closed(String),
    /// Its own key has ended.
    KeyEnded(String),
}

/// A desk's state and its one task.
pub(crate) struct Engine {
    pub(crate) config: DeskConfig,
    me: Identity,
    seams: Seams,
    /// Whom this desk believes now.
    trust: Arc<TrustNow>,
    /// What came after its signer's key had ended, and stands beside the log.
    quarantined: BTreeSet<Hash>,
    shares: Arc<Shares>,
    ledger: Ledger,
    pen: Pen,
    /// Opens what is sealed to this desk.
    opener: Opener,
    signing: Signing,
    /// A new key that both sides signed for and no file here holds; told once, and when its file is looked for again.
    rekey_lacking: Option<(Hash, LineTime)>,
    tip: Tip,
    past: Past,
    /// This ledger.
    instance: [u8; 16],
    /// How often each message was told as a new one.
    announced: announced::Announced,
    /// The ledger that signs, and in which epoch.
    signs: Option<([u8; 16], u64)>,
    /// Whether that is on disk, or on its way.
    signs_kept: bool,
    /// Statements of our own taken up and stored, of which nobody was told yet, by the leg that brought them.
    adopted: BTreeMap<Leg, u64>,
    book: Book,
    channels: Channels,
    inbox: Inbox,
    refetches: Vec<arrive::Refetch>,
    /// Since when a cursor waits to go to disk.
    cursors_since: Option<LineTime>,
    /// When relays are asked again for what a round that was not stored had brought.
    bring_again: Option<LineTime>,
    outgoing: Outgoing,
    relays: BTreeMap<RelayName, RelayState>,
    legs: BTreeMap<Leg, LegHandle>,
    leg_status: BTreeMap<Leg, LegStatus>,
    health: BTreeMap<Leg, LegHealth>,
    pinging: Vec<ping::Pinging>,
    /// When the first copies of late came, for telling how late others are.
    first_came: FirstCopies,
    alarms: BTreeMap<String, u64>,
    /// Alarms that opening has found and nobody was told yet.
    at_start: Vec<(&'static str, String)>,
    charters_placed: BTreeSet<String>,
    /// What desks said of themselves.
    services: Services,
    /// What a station that is run does by itself.
    duty: Option<duty::Duty>,
    /// How other clocks stand to ours.
    skews: skew::Skews,
    closing: Option<duty::Closing>,
    /// Since when what waits.
    ages: Ages,
    /// What human deadlines run on.
    story: DeskStory,
    /// The newest word of it, on its way to disk.
    story_to_keep: Option<Record>,
    /// What it is to say of itself.
    to_say: duty::ToSay,
    /// What is believed of trust goes to disk no sooner.
    remember_again: Option<LineTime>,
    /// Orders whose review was told.
    reviews: reviews::Reviews,
    redundancy: Redundancy,
    waiting: Vec<CatchingUp>,
    /// What relays say of our chain and must show.
    claims: claim::Claims,
    /// Statements that went to disk lately.
    stored: Recent<Hash>,
    /// What a full round left for the next one.
    backlog: VecDeque<Work>,
    /// Acceptances that wait for a round which goes to disk anyway.
    patient: VecDeque<Input>,
    /// Since when the oldest of them waits.
    patient_since: Option<LineTime>,
    inputs: mpsc::Receiver<Input>,
    asks: mpsc::Receiver<Ask>,
    events: broadcast::Sender<StationEvent>,
}

/// Something to take into a round.
enum Work {
    Input(Input),
    Ask(Ask),
}

/// A verb that waits until the relays have brought what they hold.
struct CatchingUp {
    until: LineTime,
    reply: oneshot::Sender<Answer>,
}

/// What an engine is made of.
pub(crate) struct Parts {
    pub(crate) config: DeskConfig,
    pub(crate) seams: Seams,
    pub(crate) trust: Arc<TrustNow>,
    pub(crate) shares: Arc<Shares>,
    pub(crate) ledger: Ledger,
    pub(crate) pen: Pen,
    pub(crate) opener: Opener,
    /// The ledger's own name.
    pub(crate) instance: [u8; 16],
    /// How often it was opened.
    pub(crate) boot: u64,
    pub(crate) loaded: Loaded,
    pub(crate) relays: BTreeMap<RelayName, RelayState>,
    /// Alarms that opening has found: code, and in words.
    pub(crate) at_start: Vec<(&'static str, String)>,
    pub(crate) legs: BTreeMap<Leg, LegHandle>,
    pub(crate) inputs: mpsc::Receiver<Input>,
    pub(crate) asks: mpsc::Receiver<Ask>,
    pub(crate) events: broadcast::Sender<StationEvent>,
}

impl Engine {
    /// An engine over what a ledger said.
    pub(crate) fn new(parts: Parts) -> Self {
        let opened = (parts.seams.clock.wall(), parts.seams.clock.line());
        let not_tried = LegStatus {
            why: "not tried yet".into(),
            ..LegStatus::default()
        };
        let tip = parts.loaded.tip_of(&parts.instance);
        let outgoing = parts
            .loaded
            .outgoing
            .paced(|relay| parts.config.profile_of(relay));
        Self {
            me: parts.config.identity.clone(),
            story: story::at_start(&parts.config, parts.loaded.story.as_ref(), opened),
            story_to_keep: None,
            config: parts.config,
            seams: parts.seams,
            trust: parts.trust,
            shares: parts.shares,
            ledger: parts.ledger,
            pen: parts.pen,
            opener: parts.opener,
            signing: Signing::Open,
            rekey_lacking: None,
            tip,
            past: parts.loaded.past,
            instance: parts.instance,
            announced: announced::Announced::of(&parts.instance, parts.boot),
            signs: parts.loaded.signs,
            signs_kept: true,
            adopted: BTreeMap::new(),
            quarantined: parts.loaded.quarantined,
            book: parts.loaded.book,
            channels: parts.loaded.channels,
            inbox: parts.loaded.inbox,
            refetches: Vec::new(),
            cursors_since: None,
            bring_again: None,
            outgoing,
            relays: parts.relays,
            leg_status: parts
                .legs
                .keys()
                .map(|leg| (leg.clone(), not_tried.clone()))
                .collect(),
            health: parts
                .legs
                .keys()
                .map(|leg| (leg.clone(), LegHealth::default()))
                .collect(),
            pinging: Vec::new(),
            first_came: FirstCopies::default(),
            legs: parts.legs,
            alarms: BTreeMap::new(),
            at_start: parts.at_start,
            charters_placed: parts.loaded.charters,
            services: parts.loaded.services,
            duty: None,
            skews: skew::Skews::default(),
            closing: None,
            ages: Ages::new(opened),
            to_say: duty::ToSay::default(),
            remember_again: None,
            reviews: reviews::Reviews::default(),
            redundancy: Redundancy::Starting,
            waiting: Vec::new(),
            claims: claim::Claims::new(),
            stored: recent::hashes(),
            backlog: VecDeque::new(),
            patient: VecDeque::new(),
            patient_since: None,
            inputs: parts.inputs,
            asks: parts.asks,
            events: parts.events,
        }
    }

    /// Runs until the station closes or the ledger dies; returns why it ended.
    pub(crate) async fn run(mut self) -> String {
        let closing = self.seams.spawner.closing();
        if let Err(end) = self.open_gate().await {
            return end;
        }
        loop {
            if self.backlog.is_empty()
                && let Err(end) = self.gather(&closing).await
            {
                return end;
            }
            if let Err(end) = self.round().await {
                return end;
            }
        }
    }

    /// Waits until there is something to do, and takes whatever else waits by then.
    async fn gather(&mut self, closing: &CancellationToken) -> Result<(), String> {
        let wake = self.sleep_until();
        let mut inputs = Vec::new();
        let mut asks = Vec::new();
        tokio::select! {
            biased;
            () = closing.cancelled() => return Err("the station closes".into()),
            count = self.inputs.recv_many(&mut inputs, ROUND_MAX) => {
                if count == 0 {
                    return Err("all legs ended".into());
                }
            }
            count = self.asks.recv_many(&mut asks, ROUND_MAX) => {
                if count == 0 {
                    return Err("nobody uses the station any more".into());
                }
            }
            () = wake => {}
        }
        while inputs.len() < ROUND_MAX
            && let Ok(input) = self.inputs.try_recv()
        {
            inputs.push(input);
        }
        while asks.len() < ROUND_MAX
            && let Ok(ask) = self.asks.try_recv()
        {
            asks.push(ask);
        }
        self.backlog.extend(inputs.into_iter().map(Work::Input));
        self.backlog.extend(asks.into_iter().map(Work::Ask));
        Ok(())
    }

    /// A round behind the tip, under what is believed now.
    fn new_round(&self) -> Round {
        Round::behind(self.tip, self.trust.directory())
    }

    /// One round, from what waits to what is told.
    async fn round(&mut self) -> Result<(), String> {
        let mut round = self.new_round();
        self.rotate(&mut round);
        for (code, what) in std::mem::take(&mut self.at_start) {
            self.alarm(code, what, &mut round);
        }
        while round.has_room()
            && let Some(work) = self.backlog.pop_front()
        {
            match work {
                Work::Input(input @ Input::Accepted { .. }) => {
                    self.patient_since.get_or_insert(self.seams.clock.line());
                    self.patient.push_back(input);
                }
                Work::Input(input) if input.overtakes_acceptances() => self.take(input, &mut round),
                Work::Input(input) => {
                    self.take_patient(&mut round);
                    if !self.patient.is_empty() {
                        self.backlog.push_front(Work::Input(input));
                        break;
                    }
                    self.take(input, &mut round);
                }
                Work::Ask(ask) => self.ask(ask, &mut round),
            }
        }
        if round.keeps_something() || self.patience_ends() {
            self.take_patient(&mut round);
        }
        self.tick(&mut round);
        self.sign_receipts(&mut round);
        self.settle(round).await
    }

    /// Takes in the acceptances that wait, as far as the round has room.
    fn take_patient(&mut self, round: &mut Round) {
        while round.has_room()
            && let Some(input) = self.patient.pop_front()
        {
            self.take(input, round);
        }
        if self.patient.is_empty() {
            self.patient_since = None;
        }
    }

    /// Whether acceptances have waited long enough, or are enough for a round of their own.
    fn patience_ends(&self) -> bool {
        let now = self.line();
        self.patient.len() >= PATIENT_MAX
            || self
                .patient_since
                .is_some_and(|since| now.since(since) >= PATIENCE)
    }

    fn take(&mut self, input: Input, round: &mut Round) {
        match input {
            Input::LaneUp { leg, lane, answer } => self.lane_up(leg, lane, *answer, round),
            Input::LegDown {
                leg,
                why,
                refusal,
                fault,
                renewed,
            } => self.leg_down(leg, (why, renewed), refusal, fault, round),
            Input::Accepted {
                leg,
                checkpoint,
                held,
            } => self.accepted(&leg, &checkpoint, held, round),
            Input::Refused {
                leg,
                hash,
                rule,
                explanation,
                permanent,
            } => {
                self.refused(&leg, hash, &rule, &explanation, permanent, round);
            }
            Input::Arrived {
                leg,
                lane,
                arrivals,
                cursor,
                first_cursor,
                checkpoint: _,
            } => {
                self.arrived(&leg, lane, arrivals, (first_cursor, cursor), round);
            }
            Input::Forged { leg, hash, why } => {
                self.alarm(
                    "FORGED",
                    format!("{leg} brought {hash}, which no desk we trust signed: {why}"),
                    round,
                );
            }
            Input::Trust(read) => self.trust_read(read, round),
            Input::Heard {
                leg,
                at,
                round_trip,
                wall_ms,
                tally,
                asked_for,
            } => {
                self.heard(&leg, (round_trip, wall_ms), tally, asked_for);
                self.relay_clock(&leg.relay, wall_ms, (at, round_trip), round);
            }
            Input::Judged {
                leg,
                lane,
                change,
                tally,
            } => self.judged((&leg, lane), &change, tally, round),
            Input::Presence { leg, hash, said } => self.heard_presence(&leg, hash, said, round),
            Input::Cosigned { leg, cosigned } => self.heard_cosigned(&leg, cosigned, round),
            Input::NotRefetched { leg, sender, missing } => {
                self.refetch_failed(&leg, &sender, &missing, round);
            }
        }
    }

    /// What time alone brings: resends, gaps that are shown, verbs that waited long enough.
    fn tick(&mut self, round: &mut Round) {
        let now = self.line();
        if self.outgoing.next_wake().is_some_and(|wake| wake <= now) {
            let then = self.outgoing.handle(Event::Tick, now, &mut round.records);
            round.then.extend(then);
        }
        self.tick_inbox(now, round);
        self.tick_adopted(round);
        self.tick_bring_again(now, round);
        self.tick_claims(now, round);
        self.tick_duty(now, round);
        self.answer_caught_up(now, round);
        self.tick_pings(now, round);
    }

    fn sleep_until(&self) -> impl Future<Output = ()> + use<> {
        let now = self.line();
        let waiting = self.waiting.iter().map(|waiting| waiting.until).min();
        let next = [
            self.outgoing.next_wake(),
            self.inbox.next_wake(),
            self.next_refetch(),
            self.bring_again,
            self.next_claim(),
            self.next_ping(),
            self.next_duty(),
            waiting,
            self.patient_since.map(|since| since.after(PATIENCE)),
            (!self.adopted.is_empty()).then_some(now),
        ]
        .into_iter()
        .flatten()
        .min();
        let pause = next.map_or(IDLE, |next| {
            next.since_start().saturating_sub(now.since_start()).min(IDLE)
        });
        tokio::time::sleep(pause)
    }

    fn alarm(&mut self, code: &str, what: String, round: &mut Round) {
        tracing::warn!(event = "alarm", code, what, "alarm");
        *self.alarms.entry(code.to_owned()).or_insert(0) += 1;
        round.news.push(crate::request::News::Alarm {
            code: code.to_owned(),
            what,
        });
    }

    fn line(&self) -> LineTime {
        self.seams.clock.line()
    }

    fn wall(&self) -> WallTime {
        self.seams.clock.wall()
    }

    /// The newest checkpoint of every relay that this desk has seen, for the next header.
    fn seen(&self) -> Vec<SeenCheckpoint> {
        self.relays
            .values()
            .filter_map(|relay| {
                let newest = relay.shared.newest()?;
                let origin = relay.shared.place.identity.origin();
                Some(SeenCheckpoint {
                    origin,
                    size: newest.size,
                    root: newest.root,
                })
            })
            .collect()
    }

    /// Whether these bytes are in the ledger or in this round.
    fn holds(&self, hash: &Hash, round: &Round) -> bool {
        round.hashes.contains(hash)
            || self.stored.contains(hash)
            || self.quarantined.contains(hash)
            || self.book.letter(hash).is_some()
            || self.ledger.by_hash(hash).ok().flatten().is_some()
    }
}

/// How long an acceptance waits for company on its way to disk. 5 ms: two syncs and two wake-ups a message less while it
/// is answered, and nobody sees the difference on a screen (a frame is 16 ms).
const PATIENCE: Duration = Duration::from_millis(5);
/// Frames of acceptances that make a round of their own. 16: four legs' worth of four frames.
const PATIENT_MAX: usize = 16;
/// Longest pause between rounds in which nothing happens.
const IDLE: Duration = Duration::from_secs(1);

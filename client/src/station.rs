//! The station: a desk that is open, and the handle to it.
//!
//! Opening reads keys and trust, takes the ledger's lock, takes up what it says, starts all legs, and leaves one task,
//! the engine, in charge. The handle is cheap to clone; the socket, the live view and in-process verbs all use it.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hotline_audit::{
    Hash, LogSigner, SigningKey,
    key::{DenyList, Roster},
};
use hotline_core::{
    causes,
    identity::World,
    leg::{Door, Leg, RelayName},
    words::Rung,
};
use hotline_ledger::{Engine as Storage, Ledger, Mode, OlderTrust, OpenOptions, Restored, Standing};
use hotline_transport::{
    Credentials, DialTimings, Dialer, FileWatch, REFUSED_AGAIN_AFTER, Seams, ShiftedClock, TrustError,
    credentials::{self, CredentialError},
};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::{
    config::DeskConfig,
    cosigned::Level,
    engine::{Ask, Engine, LoadError, Loaded, RelayState},
    input::Input,
    leg::{self, LegContext},
    own::Pen,
    relay::Verified,
    request::{Answer, News, Refusal, Request},
    seal::Opener,
    share::Shares,
    side::{Directory, DirectoryError},
    trust::{Changed, TrustNow},
    view::MessageView,
};

/// Inputs of lanes waiting for the engine. 256: one round.
const INPUTS_MAX: usize = 256;
/// Verbs waiting for the engine.
const ASKS_MAX: usize = 1024;
/// Events kept for a watcher that reads slowly; it is told how many it missed.
const EVENTS_MAX: usize = 16_384;

/// What is waited for: a rung, or how surely a message is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    Rung(Rung),
    Level(Level),
}

impl Awaited {
    fn parse(name: &str) -> Option<Self> {
        let level = || name.parse().ok().map(Self::Level);
        name.parse().ok().map(Self::Rung).or_else(level)
    }

    fn is_reached(self, view: &MessageView) -> bool {
        match self {
            Self::Rung(rung) => view.reached(rung),
            Self::Level(level) => view.level() >= Some(level),
        }
    }
}

/// What a station tells those who watch.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message was added.
    Added(Hash),
    /// The recipient's signed receipt for a message of ours has come and verifies: its signer has both on disk. It is not
    /// on our disk yet; [`Event::Climbed`] follows when it is, and only that is shown.
    Receipted {
        /// Which.
        message: Hash,
    },
    /// A message climbed a rung.
    Climbed {
        /// Which.
        message: Hash,
        /// The rung.
        rung: Rung,
    },
    /// More of a relay's log was cosigned by the other side: messages may be held more surely than before.
    Cosigned,
    /// A leg or an alarm.
    Line(News),
}

/// Why a desk cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Certificate or a key.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// A trust folder.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The trust store.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A key file holds no usable key.
    #[error("{file}: {detail}; hotline pki issue makes a new one")]
    Key {
        /// The file.
        file: String,
        /// What is wrong.
        detail: String,
    },
    /// The configuration names one identity, the certificate another.
    #[error(
        "the configuration says {configured}, but the certificate names {certified}; use the files of one desk"
    )]
    WrongCertificate {
        /// In the configuration.
        configured: String,
        /// In the certificate.
        certified: String,
    },
    /// What is to be read anew is older than what is in force.
    #[error("{0}; bring the newer files")]
    Older(String),
    /// What is read is older than what this desk has believed before.
    #[error(transparent)]
    OlderThanSeen(#[from] OlderTrust),
    /// No relay is known.
    #[error("no trust folder names a relay; hotline pki trust brings the other side's")]
    NoRelay,
    /// The settings give a profile to a relay that no trust folder names.
    #[error(
        "the settings have profiles.{name}, but no trust folder names a relay {name}; the relays are {known}"
    )]
    NoSuchRelay {
        /// In the settings.
        name: String,
        /// The relays that are known.
        known: String,
    },
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] hotline_ledger::OpenError),
    /// What the ledger says.
    #[error("{0}")]
    Load(String),
    /// The ledger failed its check.
    #[error(
        "the ledger {ledger} failed its check, so this desk signs nothing: {reason}; hotline log verify names the entry, hotline desk restore takes a backup up"
    )]
    Damaged {
        /// The ledger.
        ledger: String,
        /// What is wrong.
        reason: String,
    },
}

impl OpenError {
    /// The exit code of a verb that ends with it.
    #[must_use]
    pub fn exit(&self) -> u8 {
        match self {
            Self::Credentials(_)
            | Self::Directory(_)
            | Self::Trust(_)
            | Self::Older(_)
            | Self::OlderThanSeen(_)
            | Self::Key { .. }
            | Self::WrongCertificate { .. } => 4,
            Self::NoRelay | Self::NoSuchRelay { .. } => 3,
            Self::Damaged { .. } => 8,
            Self::Ledger(_) | Self::Load(_) => 1,
        }
    }
}

/// A desk that is open.
#[derive(Clone)]
pub struct Station {
    asks: mpsc::Sender<Ask>,
    events: broadcast::Sender<Event>,
    ended: watch::Receiver<Option<String>>,
    seams: Seams,
    config: Arc<DeskConfig>,
    inputs: mpsc::Sender<Input>,
    trust: Arc<TrustNow>,
    on_duty: Arc<AtomicBool>,
    /// The hold on the wall clock of an EXERCISE desk.
    clock: Option<Arc<ShiftedClock>>,
}

/// The seams of a desk. In an EXERCISE its wall clock can be set wrong on purpose.
fn clock_of(config: &DeskConfig, seams: &Seams) -> (Seams, Option<Arc<ShiftedClock>>) {
    if config.identity.world() != World::Exercise {
        return (seams.clone(), None);
    }
    let (seams, clock) = ShiftedClock::on(seams);
    (seams, Some(clock))
}

impl Station {
    /// Opens a desk.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do; nothing was signed or sent.
    pub fn open(config: DeskConfig, seams: &Seams, restored: Restored) -> Result<Self, OpenError> {
        let engine = Storage::Sqlite {
            path: config.ledger.clone(),
        };
        Self::open_on(config, seams, restored, (engine, Mode::Thread))
    }

    /// Opens a desk on a ledger of the caller's choice: a simulated world brings a simulated disk, written inline.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(
        config: DeskConfig,
        seams: &Seams,
        restored: Restored,
        storage: (Storage, Mode),
    ) -> Result<Self, OpenError> {
        let (seams, clock) = clock_of(&config, seams);
        let seams = &seams;
        let trust = Arc::new(TrustNow::read(&config, seams)?);
        // What cannot be signed with is refused before a ledger is made. Which orders of deny-lists count, a ledger knows.
        let every = |list: &DenyList, _: &Roster| (1..=list.head().number).collect();
        pen(&config, &Directory::load_judged(&config, &every)?)?;
        let (ledger, opening) = open_ledger(&config, seams, restored, storage)?;
        trust.remember(&config, seams, &ledger)?;
        let directory = trust.directory();
        let rosters = trust.rosters();
        let pen = pen(&config, &directory)?;
        let opener = Opener::load(&config)?;
        let mut at_start = Vec::new();
        let by_name = relays_of(&config, &directory, &ledger, &mut at_start)?;
        for (domain, orders) in trust.unproven() {
            at_start.push(crate::engine::unproven_told(&domain, &orders));
        }
        let names: Vec<_> = by_name.keys().cloned().collect();
        let shares = Arc::new(Shares::diagonal(names.iter().cloned()));
        for (name, state) in &by_name {
            for (lane, cursor) in state.cursors() {
                shares.stored(name, *lane, *cursor);
            }
        }
        let loaded = Loaded::read(
            (&config.identity, config.release, &opener),
            &rosters,
            &names,
            &ledger,
            seams.clock.line(),
        )
        .map_err(load_error)?;
        let dialer = Dialer::new(seams, trust.tls());
        let (inputs_in, inputs) = mpsc::channel(INPUTS_MAX);
        let verified = Arc::new(Verified::default());
        let mut legs = BTreeMap::new();
        for (name, state) in &by_name {
            let profile = config.profile_of(name);
            for door in Door::ALL {
                let context = LegContext {
                    seams: seams.clone(),
                    dialer: dialer.clone().with_timings(DialTimings::of(profile)),
                    relay: Arc::clone(state.shared()),
                    profile,
                    trust: Arc::clone(&trust),
                    turn: u32::try_from(legs.len()).unwrap_or(u32::MAX),
                    verified: Arc::clone(&verified),
                    station: inputs_in.clone(),
                    shares: Arc::clone(&shares),
                    instance: opening.instance,
                    boot: opening.boot,
                };
                legs.insert(
                    Leg::new(state.shared().name.clone(), door),
                    leg::start(context, door),
                );
            }
        }
        let (asks_in, asks) = mpsc::channel(ASKS_MAX);
        let (events, _) = broadcast::channel(EVENTS_MAX);
        let (ended_in, ended) = watch::channel(None);
        let station = Self {
            asks: asks_in,
            events: events.clone(),
            ended,
            seams: seams.clone(),
            config: Arc::new(config.clone()),
            inputs: inputs_in,
            trust: Arc::clone(&trust),
            on_duty: Arc::default(),
            clock,
        };
        let engine = Engine::new(crate::engine::Parts {
            config,
            seams: seams.clone(),
            trust,
            shares,
            ledger,
            pen,
            opener,
            instance: opening.instance,
            boot: opening.boot,
            loaded,
            relays: by_name,
            at_start,
            legs,
            inputs,
            asks,
            events,
        });
        seams.spawner.spawn("engine", async move {
            let why = engine.run().await;
            tracing::debug!(why, "the station ended");
            let _ = ended_in.send(Some(why));
        });
        Ok(station)
    }

    /// The seams it runs on.
    #[must_use]
    pub fn seams(&self) -> &Seams {
        &self.seams
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &DeskConfig {
        &self.config
    }

    /// Whom it knows.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        self.trust.directory()
    }

    /// What happens from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// What happens from now on, with each message as it stands.
    #[must_use]
    pub fn news(&self) -> NewsStream {
        NewsStream {
            station: self.clone(),
            events: self.events.subscribe(),
        }
    }

    /// Resolves when the engine ended, with its reason.
    pub async fn ended(&self) -> String {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            Err(_) => "the station ended".into(),
        }
    }

    /// Answers one request.
    pub async fn serve(&self, request: Request) -> Answer {
        match request {
            Request::Wait {
                message,
                rung,
                within_ms,
            } => self.wait(&message, &rung, Duration::from_millis(within_ms)).await,
            Request::Reload => self.reload().await,
            Request::Clock { offset_ms } => match self.set_clock(offset_ms) {
                Ok(()) => self.ask(Request::Clock { offset_ms }).await,
                Err(refusal) => Answer::Refused(refusal),
            },
            other => self.ask(other).await,
        }
    }

    /// Reads trust folders, certificate and key anew and puts all of it in force, or nothing but longer deny-lists; people
    /// are told either way. Live sessions with a relay that is no longer trusted end at once.
    pub async fn reload(&self) -> Answer {
        match self.read_trust(None).await {
            Ok(changed) => Answer::Done { what: done(&changed) },
            Err(why) => Answer::Refused(Refusal {
                code: "HL-DESK-011".into(),
                exit: 4,
                what: format!("changed trust was refused whole, the old one stays: {why}"),
                help: "hotline pki inspect FILE explains a file; mend it, and it is read by itself".into(),
            }),
        }
    }

    /// The same. What is refused for the reason `before` is told no second time.
    async fn read_trust(&self, before: Option<&str>) -> Result<Changed, String> {
        // Without an engine nobody is left to be told.
        match self.trust.read_anew(&self.config, &self.seams) {
            Ok(changed) => {
                let _ = self.inputs.send(Input::Trust(Ok(changed.clone()))).await;
                Ok(changed)
            }
            Err(refused) => {
                if let Some(changed) = refused.denied {
                    let _ = self.inputs.send(Input::Trust(Ok(changed))).await;
                }
                let why = causes::chain(&refused.error);
                if before != Some(why.as_str()) {
                    let _ = self.inputs.send(Input::Trust(Err(why.clone()))).await;
                }
                Err(why)
            }
        }
    }

    /// Reads anew whenever the files have changed, whenever somebody asks by SIGHUP ([`hotline_transport::asking`]), and
    /// again and again while what stands there is refused. Never returns.
    pub async fn keep_fresh(&self, mut watch: FileWatch, mut asked: Option<tokio::signal::unix::Signal>) {
        let mut refused: Option<String> = None;
        loop {
            let mut again = false;
            tokio::select! {
                biased;
                () = hotline_transport::asked(&mut asked) => watch.mark_known(),
                () = watch.changed() => {}
                () = tokio::time::sleep(REFUSED_AGAIN_AFTER), if refused.is_some() => again = true,
            }
            // What came of it is an alarm or a line in the log, told by the engine.
            let before = refused.take().filter(|_| again);
            refused = self.read_trust(before.as_deref()).await.err();
        }
    }

    fn set_clock(&self, offset_ms: i64) -> Result<(), Refusal> {
        let refusal = |what: &str, help: &str| Refusal {
            code: "HL-DESK-060".into(),
            exit: 2,
            what: what.into(),
            help: help.into(),
        };
        let Some(clock) = &self.clock else {
            return Err(refusal(
                "this desk is of an OPERATION, and its clock is not set wrong on purpose",
                "clock faults are for EXERCISE identities",
            ));
        };
        match clock.shift(offset_ms) {
            Some(_) => Ok(()),
            None => Err(refusal(
                "a clock is set off by ten years at most",
                "name a smaller offset",
            )),
        }
    }

    async fn ask(&self, request: Request) -> Answer {
        let (reply, answer) = oneshot::channel();
        let asked = self.asks.send(Ask { request, reply }).await.is_ok();
        match answer.await {
            Ok(answer) if asked => answer,
            Ok(_) | Err(_) => Answer::Refused(Refusal {
                code: "HL-DESK-010".into(),
                exit: 1,
                what: format!(
                    "the station ended: {}",
                    self.ended.borrow().clone().unwrap_or_default()
                ),
                help: "start it again with hotline desk run: it verifies its ledger first".into(),
            }),
        }
    }

    async fn wait(&self, message: &str, rung: &str, within: Duration) -> Answer {
        let Some(awaited) = Awaited::parse(rung) else {
            return Answer::Refused(Refusal {
                code: "HL-DESK-005".into(),
                exit: 2,
                what: format!("\"{rung}\" is no rung"),
                help: "wait for ACCEPTED, COSIGNED, PEER_HELD, DELIVERED, ACKNOWLEDGED or ANSWERED".into(),
            });
        };
        let mut events = self.events();
        let deadline = tokio::time::Instant::now() + within;
        loop {
            let answer = self
                .ask(Request::Show {
                    message: message.to_owned(),
                })
                .await;
            let Answer::Message(view) = &answer else {
                return answer;
            };
            if awaited.is_reached(view) {
                return answer;
            }
            let hash = view.sha256.clone();
            if !next_about(&mut events, &hash, deadline).await {
                return self
                    .ask(Request::Show {
                        message: message.to_owned(),
                    })
                    .await;
            }
        }
    }

    /// Goes on duty, once the desk may sign: the station is run, and not opened for one verb. It says that it opens, sends
    /// and answers comm checks, and calls people again who do not acknowledge.
    pub async fn on_duty(&self) {
        self.on_duty.store(true, Ordering::SeqCst);
        let _ = self.ask(Request::Opens).await;
    }

    /// Closes: a desk on duty hands over its last word, relays are told goodbye, tasks end, the ledger is let go. At most
    /// `within`.
    pub async fn close(&self, within: Duration) {
        if self.on_duty.load(Ordering::SeqCst) {
            let within_ms = u64::try_from((within / 3).as_millis()).unwrap_or(u64::MAX);
            let closes = self.ask(Request::Closes { within_ms });
            // The gate may still wait for relays: then nothing was opened that could be closed.
            let _ = tokio::time::timeout(within / 2, closes).await;
            self.seams.spawner.drain(within / 2).await;
        } else {
            self.seams.spawner.drain(within).await;
        }
    }
}

/// Waits for an event about a message; false when the time is over.
async fn next_about(
    events: &mut broadcast::Receiver<Event>,
    hash: &str,
    deadline: tokio::time::Instant,
) -> bool {
    loop {
        match tokio::time::timeout_at(deadline, events.recv()).await {
            Ok(Ok(Event::Added(message) | Event::Climbed { message, .. })) if message.to_string() == hash => {
                return true;
            }
            Ok(Ok(Event::Cosigned)) => return true,
            Ok(Ok(_)) => {}
            // Some were missed: look again.
            Ok(Err(broadcast::error::RecvError::Lagged(_))) => return true,
            Ok(Err(broadcast::error::RecvError::Closed)) | Err(_) => return false,
        }
    }
}

/// What happens, with each message as it stands.
pub struct NewsStream {
    station: Station,
    events: broadcast::Receiver<Event>,
}

impl NewsStream {
    /// The next piece of news; none when the station closes.
    pub async fn next(&mut self) -> Option<News> {
        loop {
            match self.events.recv().await {
                Ok(Event::Line(news)) => return Some(news),
                Ok(Event::Added(message)) => {
                    if let Some(news) = self.about(message, "ADDED").await {
                        return Some(news);
                    }
                }
                Ok(Event::Receipted { .. } | Event::Cosigned) => {}
                Ok(Event::Climbed { message, rung }) => {
                    if let Some(news) = self.about(message, rung.name()).await {
                        return Some(news);
                    }
                }
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    let what = format!("{missed} events were not shown: this watcher reads too slowly");
                    return Some(News::Alarm {
                        code: "LAGGED".into(),
                        what,
                    });
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    async fn about(&self, message: Hash, what: &str) -> Option<News> {
        match self
            .station
            .ask(Request::Show {
                message: message.to_string(),
            })
            .await
        {
            Answer::Message(message) => Some(News::Message {
                what: what.to_owned(),
                message,
            }),
            _ => None,
        }
    }
}

fn load_error(error: LoadError) -> OpenError {
    OpenError::Load(error.to_string())
}

/// What reading anew has done, for whoever asked.
fn done(changed: &Changed) -> String {
    let mut what = format!(
        "trust, certificate and key were read anew; {} newly denied",
        changed.denied.len()
    );
    if !changed.restart_for.is_empty() {
        what.push_str("; relays count from the next start on, so restart this desk: ");
        what.push_str(&changed.restart_for.join("; "));
    }
    what
}

pub(crate) fn own_certificate(config: &DeskConfig, seams: &Seams) -> Result<Credentials, OpenError> {
    let own = Credentials::load(&config.certificate, &config.tls_key, seams)?;
    if *own.identity() == config.identity {
        return Ok(own);
    }
    Err(OpenError::WrongCertificate {
        configured: config.identity.to_string(),
        certified: own.identity().to_string(),
    })
}

/// Reads a signing key (PKCS#8 PEM, mode 0600).
///
/// # Errors
/// [`OpenError`] names the file and what is wrong with it.
pub fn signing_key(file: &Path) -> Result<SigningKey, OpenError> {
    let document = credentials::load_signing_key(file)?;
    SigningKey::from_pkcs8(&document).map_err(|error| OpenError::Key {
        file: file.display().to_string(),
        detail: error.to_string(),
    })
}

/// The key of this desk and its key statement, if the roster has one that has not ended.
pub(crate) fn own_key_statement(
    config: &DeskConfig,
    directory: &Directory,
) -> Result<(SigningKey, Hash), OpenError> {
    let key = signing_key(&config.statement_key)?;
    let me = config.identity.to_string();
    let key_statement = directory
        .key_statement(&me, &key.public())
        .ok_or_else(|| OpenError::Key {
            file: config.statement_key.display().to_string(),
            detail: format!("the roster has no usable statement key of {me} with this public key"),
        })?;
    Ok((key, key_statement))
}

fn pen(config: &DeskConfig, directory: &Directory) -> Result<Pen, OpenError> {
    let (key, key_statement) = own_key_statement(config, directory)?;
    Ok(Pen {
        me: config.identity.clone(),
        exercise: config.exercise.clone(),
        key_statement,
        key,
    })
}

/// The relays that this desk will dial. One that cannot be used is told, and the others carry.
fn relays_of(
    config: &DeskConfig,
    directory: &Directory,
    ledger: &Ledger,
    at_start: &mut Vec<(&'static str, String)>,
) -> Result<BTreeMap<RelayName, RelayState>, OpenError> {
    let mut by_name = BTreeMap::new();
    for place in directory.relays() {
        let state = match RelayState::load(place.clone(), &config.peer, directory.rosters(), ledger) {
            Ok(state) => state,
            Err(error @ LoadError::NoLogKey(_)) => {
                at_start.push(("RELAY_UNUSABLE", format!("it is not dialled: {error}")));
                continue;
            }
            Err(error) => return Err(load_error(error)),
        };
        let name = state.shared().name.clone();
        if by_name.insert(name.clone(), state).is_some() {
            return Err(load_error(LoadError::TwoOfAName(name)));
        }
    }
    if by_name.is_empty() {
        return Err(OpenError::NoRelay);
    }
    for name in config.profiles.keys().filter(|name| !by_name.contains_key(name)) {
        if !directory.names_relay(name.as_str()) {
            let known: Vec<String> = by_name.keys().map(ToString::to_string).collect();
            return Err(OpenError::NoSuchRelay {
                name: name.to_string(),
                known: known.join(", "),
            });
        }
        let what = format!("the settings have profiles.{name}, and relay {name} cannot be used now");
        at_start.push(("RELAY_UNUSABLE", what));
    }
    Ok(by_name)
}

fn open_ledger(
    config: &DeskConfig,
    seams: &Seams,
    restored: Restored,
    (engine, mode): (Storage, Mode),
) -> Result<(Ledger, hotline_ledger::Opening), OpenError> {
    let key = signing_key(&config.log_key)?;
    let origin = config.identity.origin();
    let signer = LogSigner::new(&origin, key).map_err(|error| OpenError::Key {
        file: config.log_key.display().to_string(),
        detail: error.to_string(),
    })?;
    let mut entropy = |buffer: &mut [u8]| seams.entropy.fill(buffer);
    let (ledger, opening) = Ledger::open(OpenOptions {
        engine,
        owner: config.identity.to_string(),
        origin,
        signer: Some(signer),
        entropy: &mut entropy,
        mode,
        restored,
    })?;
    match &opening.standing {
        Standing::Good => Ok((ledger, opening)),
        Standing::ReadOnly { reason } => Err(OpenError::Damaged {
            ledger: config.ledger.display().to_string(),
            reason: reason.to_string(),
        }),
    }
}

//! Who takes part: both sides' identities, made once for all schedules of a [`Shape`] that are played together. Their
//! folder goes when the last of these has ended, however it ended.
//!
//! Everything is made as `hotline pki` makes it, but for one thing: TLS keys are Ed25519, derived from the cast's own
//! seed, because the length of a P-256 signature varies by chance, and a packet's length is part of a replay.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use hotline_audit::trust::TrustPolicy;
use hotline_cli::pki::{self, Compared, Declaration, KnownAnchors, example, layout, replayable};
use hotline_client::{
    compose::{self, Officer, Sheet, Wording},
    config::DeskConfig,
    seal::Sealing,
    sealed::load_officer_key,
    side::Directory,
};
use hotline_core::{
    identity::Identity,
    precedence::Precedence,
    release::Capacity,
    time::WallTime,
    words::{Function, ResponseAttribute, TrafficClass},
};
use hotline_faults::{Dice, world::World};
use hotline_server::config::RelayConfig;
use hotline_transport::{Clock, Entropy};
use tempfile::TempDir;

use super::shape::{self, Shape, host, side};

pub use hotline_exercise::simulated::nodes::BEGAN;

/// How long before that the keys were made. Clocks that are wrong by an hour or a day then still find them valid.
const MADE_BEFORE_MS: u64 = 2 * 24 * 3_600_000;

/// Port of both doors of every relay.
const PORT: u16 = 7400;

/// Names of relays, in the order of their numbers: Avelia's and Borenia's in turn.
const RELAY_NAMES: [&str; 4] = ["north", "south", "east", "west"];

/// Names of a side's first and second desk, and what follows the side's letter in the names of their messages.
const DESK_NAMES: [(&str, &str); 2] = [("ops", ""), ("annex", "2")];

/// One desk.
pub struct Desk {
    /// Its settings.
    pub config: DeskConfig,
    /// It seals nothing.
    pub sealing: Sealing,
    /// Officers who release: the first one signs what needs one, both what needs two.
    pub releasers: [Officer; 2],
    /// The officer on watch, who acknowledges.
    pub watch: Officer,
}

impl Desk {
    /// A wording of this desk's officers: FORMAL, a NOTIFY that wants a ROGER, on its channel.
    #[must_use]
    pub fn wording(&self, precedence: Precedence, text: String) -> Wording {
        Wording {
            precedence,
            class: TrafficClass::Formal,
            function: Function::Notify,
            response: ResponseAttribute::Roger,
            channel: self.config.channel.clone(),
            refers_to: None,
            answer: None,
            text,
            expires_ms: 0,
            safety_of_life: false,
            respond_by_ms: 0,
            contact: None,
        }
    }

    /// Its settings, and that it seals nothing: worlds that are simulated have no keys for it.
    #[must_use]
    pub fn desk(&self) -> (&DeskConfig, &Sealing) {
        (&self.config, &self.sealing)
    }

    /// A sheet of it, signed by as many of its releasers as its precedence needs.
    #[must_use]
    pub fn sheet(&self, wording: &Wording, clock: &dyn Clock, entropy: &dyn Entropy) -> Sheet {
        let [first, second] = &self.releasers;
        let released = Capacity::Releaser;
        let mut sheet = compose::write(self.desk(), wording, first, released, clock, entropy).unwrap();
        if wording.precedence >= Precedence::Flash {
            sheet.approve(second, released, clock).unwrap();
        }
        sheet
    }
}

/// Both sides.
pub struct Cast {
    /// The settings of all relays.
    pub relays: Vec<RelayConfig>,
    /// All desks.
    pub desks: Vec<Desk>,
    /// What a verifier on either side trusts.
    pub trust: TrustPolicy,
    _place: TempDir,
}

/// The cast for so many relays and desks: the one that plays already, or a new one. Whoever plays many schedules holds it
/// meanwhile.
#[must_use]
pub fn cast(shape: Shape) -> Arc<Cast> {
    static CASTS: Mutex<BTreeMap<Shape, Weak<Cast>>> = Mutex::new(BTreeMap::new());
    let mut casts = CASTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cast) = casts.get(&shape).and_then(Weak::upgrade) {
        return cast;
    }
    let cast = Arc::new(Cast::make(shape));
    casts.insert(shape, Arc::downgrade(&cast));
    cast
}

impl Cast {
    fn make(shape: Shape) -> Self {
        let place = tempfile::Builder::new()
            .prefix("hotline-storm-")
            .tempdir()
            .unwrap();
        let made = WallTime::from_unix_ms(BEGAN.unix_ms() - MADE_BEFORE_MS);
        let mut dice = Dice::new(0x5107);
        let folders: Vec<PathBuf> = [example::AVELIA, example::BORENIA]
            .iter()
            .enumerate()
            .map(|(side, text)| make_side(place.path(), text, (side, shape), made, &mut dice))
            .collect();
        for (from, to) in [(0, 1), (1, 0)] {
            let file = place.path().join(format!("{from}.trust"));
            pki::export(&folders[from], &file, made).unwrap();
            pki::trust(&folders[to], &file, &Compared::Vouched, KnownAnchors::Keep, made).unwrap();
        }
        replayable::replace(&folders, made).unwrap();
        let trust = TrustPolicy::load_folder(&folders[0].join(layout::TRUST)).unwrap();
        let relays = (0..shape.relays())
            .map(|relay| read_relay(&folders[side(relay)], RELAY_NAMES[relay]))
            .collect();
        let mut desks: Vec<Desk> = (0..shape.desks())
            .map(|desk| read_desk(&folders[side(desk)], DESK_NAMES[desk / 2].0))
            .collect();
        let names: Vec<Identity> = desks.iter().map(|desk| desk.config.identity.clone()).collect();
        for (number, desk) in desks.iter_mut().enumerate() {
            // What is declared names one desk for the whole side; each desk's settings name its own.
            desk.config.peer = names[shape.peer(number)].clone();
        }
        Self {
            relays,
            desks,
            trust,
            _place: place,
        }
    }

    /// Which relay an identity is.
    #[must_use]
    pub fn relay_named(&self, identity: &Identity) -> Option<usize> {
        self.relays.iter().position(|relay| relay.identity == *identity)
    }

    /// The names of all relays, in their order.
    pub fn relay_names(&self) -> impl Iterator<Item = &str> {
        self.relays.iter().map(|relay| relay.identity.name())
    }
}

fn make_side(
    place: &Path,
    text: &str,
    (side, shape): (usize, Shape),
    made: WallTime,
    dice: &mut Dice,
) -> PathBuf {
    let text = text.replace("\"24h\"", "\"30d\"");
    let declared = Declaration::parse(&text, "the example").unwrap();
    let domain = declared
        .domains
        .iter()
        .find(|domain| domain.world() == hotline_core::identity::World::Exercise)
        .unwrap()
        .to_string();
    let mut declared = declared.only(&domain).unwrap();
    // It costs ten times what a simulated message does.
    declared.seals = false;
    let like = declared.relays.swap_remove(0);
    declared.relays = (0..shape.relays())
        .filter(|relay| shape::side(*relay) == side)
        .map(|relay| {
            let address = SocketAddr::new(World::address(host(relay)), PORT);
            let mut like = like.clone();
            like.name = RELAY_NAMES[relay].to_owned();
            // Nothing in a world asks for a relay's status; a side's must differ all the same.
            like.status
                .set_port(like.status.port() + 100 * u16::try_from(relay / 2).unwrap());
            (like.quic, like.tcp) = (address, address);
            like
        })
        .collect();
    let like = declared.desks.swap_remove(0);
    declared.desks = DESK_NAMES[..shape.pairs()]
        .iter()
        .map(|(name, number)| {
            let mut like = like.clone();
            (like.name, like.prefix) = ((*name).to_owned(), format!("{}{number}", declared.prefix));
            like
        })
        .collect();
    let side = place.join(declared.side.to_lowercase());
    pki::init(&declared, &side, made, &mut |bytes| dice.fill(bytes)).unwrap();
    side.join(domain)
}

/// Relays of a storm ask nobody to witness their logs: a schedule is shorter than the pause between two checkpoints.
fn read_relay(folder: &Path, name: &str) -> RelayConfig {
    let config = RelayConfig::load(&folder.join("relay").join(name).join(layout::RELAY_SETTINGS)).unwrap();
    RelayConfig {
        anchoring: None,
        ..config
    }
}

/// A desk with its officers: those of its side, who sit at all its desks.
fn read_desk(folder: &Path, name: &str) -> Desk {
    let config = DeskConfig::load(&folder.join("desk").join(name).join(layout::DESK_SETTINGS)).unwrap();
    let directory = Directory::load(&config).unwrap();
    let names = if config.prefix.starts_with('A') {
        ["lindqvist", "moreau", "okoye"]
    } else {
        ["novak", "castellan", "rossi"]
    };
    let [first, second, watch] = names.map(|name| officer(&config, &directory, name));
    Desk {
        sealing: Sealing::in_the_clear(&config.identity),
        config,
        releasers: [first, second],
        watch,
    }
}

fn officer(desk: &DeskConfig, directory: &Directory, name: &str) -> Officer {
    let identity = format!("spiffe://{}/officer/{name}", desk.identity.domain());
    let key = load_officer_key(&desk.officers.join(name).join(layout::OFFICER_KEY), None).unwrap();
    let key_statement = directory.officer_key_statement(&identity, &key.public()).unwrap();
    Officer {
        identity,
        key_statement,
        key,
    }
}

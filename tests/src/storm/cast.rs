//! Who takes part: both sides' identities, made once per process, and all schedules play with them.
//!
//! Everything is made as `hotline pki` makes it, but for one thing: TLS keys are Ed25519, derived from the cast's own
//! seed, because the length of a P-256 signature varies by chance, and a packet's length is part of a replay.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use hotline_audit::trust::TrustPolicy;
use hotline_cli::pki::{self, Compared, Declaration, KnownAnchors, example, layout};
use hotline_client::{compose::Officer, config::DeskConfig, sealed::load_officer_key, side::Directory};
use hotline_core::{identity::Identity, time::WallTime};
use hotline_faults::{
    Dice,
    world::{HostId, World},
};
use hotline_server::config::RelayConfig;
use tempfile::TempDir;

mod certificates;

/// When every world begins: 2026-03-01 12:00:00 UTC.
pub const BEGAN: WallTime = WallTime::from_unix_ms(1_772_366_400_000);

/// How long before that the keys were made. Clocks that are wrong by an hour or a day then still find them valid.
const MADE_BEFORE_MS: u64 = 2 * 24 * 3_600_000;

/// Port of both doors of every relay.
const PORT: u16 = 7400;

/// Nodes, in the order of their hosts: relays north and south, desks of Avelia and Borenia.
pub const RELAYS: [HostId; 2] = [HostId(0), HostId(1)];
/// See [`RELAYS`].
pub const DESKS: [HostId; 2] = [HostId(2), HostId(3)];
/// Hosts in a world.
pub const HOSTS: u8 = 4;

/// One side.
pub struct Side {
    /// Its relay.
    pub relay: RelayConfig,
    /// Its desk.
    pub desk: DeskConfig,
    /// Officers who release: the first one signs what needs one, both what needs two.
    pub releasers: [Officer; 2],
    /// The officer on watch, who acknowledges.
    pub watch: Officer,
}

/// Both sides.
pub struct Cast {
    /// Avelia and Borenia.
    pub sides: [Side; 2],
    /// What a verifier on either side trusts.
    pub trust: TrustPolicy,
    _place: TempDir,
}

/// The cast of this process.
#[must_use]
pub fn cast() -> &'static Cast {
    static CAST: OnceLock<Cast> = OnceLock::new();
    CAST.get_or_init(Cast::make)
}

impl Cast {
    fn make() -> Self {
        let place = tempfile::Builder::new()
            .prefix("hotline-storm-")
            .tempdir()
            .unwrap();
        let made = WallTime::from_unix_ms(BEGAN.unix_ms() - MADE_BEFORE_MS);
        let mut dice = Dice::new(0x5107);
        let folders: Vec<PathBuf> = [example::AVELIA, example::BORENIA]
            .iter()
            .zip(RELAYS)
            .map(|(text, host)| make_side(place.path(), text, host, made, &mut dice))
            .collect();
        for (from, to) in [(0, 1), (1, 0)] {
            let file = place.path().join(format!("{from}.trust"));
            pki::export(&folders[from], &file, made).unwrap();
            pki::trust(&folders[to], &file, &Compared::Vouched, KnownAnchors::Keep, made).unwrap();
        }
        certificates::replace(&folders, made);
        let trust = TrustPolicy::load_folder(&folders[0].join(layout::TRUST)).unwrap();
        let sides = [read_side(&folders[0]), read_side(&folders[1])];
        Self {
            sides,
            trust,
            _place: place,
        }
    }
}

fn make_side(place: &Path, text: &str, host: HostId, made: WallTime, dice: &mut Dice) -> PathBuf {
    let text = text.replace("\"24h\"", "\"30d\"");
    let declared = Declaration::parse(&text, "the example").unwrap();
    let domain = declared
        .domains
        .iter()
        .find(|domain| domain.world() == hotline_core::identity::World::Exercise)
        .unwrap()
        .to_string();
    let mut declared = declared.only(&domain).unwrap();
    declared.relays.truncate(1);
    for relay in &mut declared.relays {
        let address = SocketAddr::new(World::address(host), PORT);
        (relay.quic, relay.tcp) = (address, address);
    }
    let side = place.join(declared.side.to_lowercase());
    pki::init(&declared, &side, made, &mut |bytes| dice.fill(bytes)).unwrap();
    side.join(domain)
}

fn read_side(folder: &Path) -> Side {
    let only = |kind: &str| {
        let mut found = fs::read_dir(folder.join(kind)).unwrap();
        found.next().unwrap().unwrap().path()
    };
    let desk = DeskConfig::load(&only("desk").join(layout::DESK_SETTINGS)).unwrap();
    let directory = Directory::load(&desk).unwrap();
    let names = if desk.prefix == "A" {
        ["lindqvist", "moreau", "okoye"]
    } else {
        ["novak", "castellan", "rossi"]
    };
    let [first, second, watch] = names.map(|name| officer(&desk, &directory, name));
    Side {
        relay: RelayConfig::load(&only("relay").join(layout::RELAY_SETTINGS)).unwrap(),
        desk,
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

/// Which relay an identity is.
#[must_use]
pub fn relay_named(identity: &Identity) -> Option<usize> {
    cast()
        .sides
        .iter()
        .position(|side| side.relay.identity == *identity)
}

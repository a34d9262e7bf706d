//! Making what an exercise needs: both sides' identities, as `hotline pki` makes them, from a scenario's cast.
//!
//! The exercise makes no identity itself; it is given the folders made here. Every exercise has identities of its own, in
//! EXERCISE domains: nothing here could ever speak to a line in operation.

mod asleep;
mod consent;
pub mod passphrases;

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use hotline_audit::Hash;
use hotline_core::identity::{Identity, Role, TrustDomain};
use hotline_exercise::{
    live::site::{DeskPlace, RelayPlace, SidePlace, Site},
    scenario::{
        Scenario,
        cast::DeskCard,
        lists::{ReleaseRule, Side},
    },
    simulated::stage::address,
};
use hotline_transport::Seams;

use super::{failed, lobby::Seat, simulated::Still};
use crate::{
    demo::stage::free_ports,
    exit::Failure,
    pki::{
        self, Brought, Compared, Declaration, KnownAnchors, PkiError,
        declaration::{DeclaredCharter, DeclaredDesk, DeclaredOfficer, DeclaredPeer, DeclaredRelay},
        layout, replayable,
    },
};

/// The channel of an exercise.
pub(super) const CHANNEL: &str = "MINISTER";
/// How long what is made for one exercise lives. A day: the longest scenario leaps over two, and is played in minutes.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// The same in a simulated world: longer than any clock in it is wrong.
const WORLD_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Port of both doors of every relay of a simulated world.
const WORLD_PORT: u16 = 7400;
/// First port of the relays' status in a simulated world, where nobody asks for it. They must differ all the same.
const WORLD_STATUS: u16 = 7500;

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// On free ports of this machine.
    Loopback,
    /// At addresses of a simulated world, with certificates whose lengths do not vary.
    World,
}

impl Ground {
    /// Where the relay of this number listens: QUIC, TCP, status.
    fn doors(self, relay: u16) -> Result<[SocketAddr; 3], Failure> {
        match self {
            Self::Loopback => Ok(free_ports()
                .map_err(|error| Failure::io("loopback ports", &error))?
                .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))),
            Self::World => {
                let door = SocketAddr::new(address(usize::from(relay)), WORLD_PORT);
                let status = SocketAddr::from((Ipv4Addr::LOCALHOST, WORLD_STATUS.saturating_add(relay)));
                Ok([door, door, status])
            }
        }
    }

    const fn lifetime(self) -> Duration {
        match self {
            Self::Loopback => LIFETIME,
            Self::World => WORLD_LIFETIME,
        }
    }
}

/// The name of a side.
#[must_use]
pub const fn title(side: Side) -> &'static str {
    match side {
        Side::A => "Avelia",
        Side::B => "Borenia",
    }
}

/// The EXERCISE domain of a side.
#[must_use]
pub const fn domain(side: Side) -> &'static str {
    match side {
        Side::A => "exercise.avelia.example",
        Side::B => "exercise.borenia.example",
    }
}

const fn other(side: Side) -> Side {
    match side {
        Side::A => Side::B,
        Side::B => Side::A,
    }
}

/// Makes both sides below `root`, each trusting the other, with the codebook pinned in the charter that both signed.
///
/// # Errors
/// If the cast cannot be declared, the folder is filled, or no port is free.
pub fn site(
    scenario: &Scenario,
    exercise: &str,
    codebook: Hash,
    root: &Path,
    (seams, ground): (&Seams, Ground),
) -> Result<Site, Failure> {
    let brought = Brought::default();
    let then = Seams {
        clock: Arc::new(Still(asleep::made_at(scenario, seams.clock.wall()))),
        ..seams.clone()
    };
    // Made as long ago as the scenario says, which is today where it says nothing.
    let seams = if scenario.sleeps() { &then } else { seams };
    let place = (root, seams, ground);
    let made = sides(scenario, exercise, codebook, &brought, place)?;
    exchanged(scenario, made, exercise, place)
}

/// The same, where people who joined bring keys of their own: releasers among them consent to the charter where they are.
///
/// # Errors
/// As [`site`]; or a seat does not consent.
pub async fn site_with(
    scenario: &Scenario,
    exercise: &str,
    codebook: Hash,
    seats: &mut BTreeMap<String, Seat>,
    root: &Path,
    seams: &Seams,
) -> Result<Site, Failure> {
    let mut brought = Brought::default();
    for (name, seat) in seats.iter() {
        if let Some(desk) = scenario.seat(name).and_then(|card| card.desk.as_ref()) {
            brought.desks.insert(desk.to_lowercase(), seat.desk.clone());
        }
        brought.officers.extend(seat.officers.clone());
    }
    let place = (root, seams, Ground::Loopback);
    let made = sides(scenario, exercise, codebook, &brought, place)?;
    for side in &made {
        consent::ask(scenario, side, seats, seams).await?;
    }
    exchanged(scenario, made, exercise, place)
}

/// Where both sides are made, and stand.
type Place<'a> = (&'a Path, &'a Seams, Ground);

/// Both sides, each alone.
fn sides(
    scenario: &Scenario,
    exercise: &str,
    codebook: Hash,
    brought: &Brought,
    (root, seams, ground): Place<'_>,
) -> Result<Vec<SidePlace>, Failure> {
    let made = |side: Side| {
        let declared = declaration(scenario, side, exercise, codebook, ground)?;
        make(scenario, side, &declared, brought, root, seams)
    };
    [Side::A, Side::B].into_iter().map(made).collect()
}

/// Each trusts the other from now on.
fn exchanged(
    scenario: &Scenario,
    sides: Vec<SidePlace>,
    exercise: &str,
    (root, seams, ground): Place<'_>,
) -> Result<Site, Failure> {
    let exe = std::env::current_exe().map_err(|error| Failure::io("this program's own file", &error))?;
    let now = seams.clock.wall();
    let moved = sides
        .iter()
        .map(|side| asleep::before_moving(scenario, side, ground));
    let moved: Vec<_> = moved.collect::<Result<_, _>>()?;
    for (ours, theirs) in [(0, 1), (1, 0)] {
        let file = root.join(format!("{}.trust", sides[theirs].side.name()));
        let (ours, theirs) = (folder(&sides[ours], root), folder(&sides[theirs], root));
        pki::export(&theirs, &file, now).map_err(|error| pki_failed(&error))?;
        // Both were made here a moment ago.
        pki::trust(&ours, &file, &Compared::Vouched, KnownAnchors::Keep, now)
            .map_err(|error| pki_failed(&error))?;
    }
    for moved in moved.into_iter().flatten() {
        moved.put_back()?;
    }
    if ground == Ground::World {
        let folders: Vec<_> = sides.iter().map(|side| folder(side, root)).collect();
        replayable::replace(&folders, now).map_err(|error| pki_failed(&error))?;
    }
    Ok(Site {
        root: root.to_owned(),
        exe,
        exercise: exercise.to_owned(),
        sides,
    })
}

fn folder(side: &SidePlace, root: &Path) -> std::path::PathBuf {
    root.join(&side.domain)
}

fn make(
    scenario: &Scenario,
    side: Side,
    declared: &Declaration,
    brought: &Brought,
    root: &Path,
    seams: &Seams,
) -> Result<SidePlace, Failure> {
    let mut entropy = |bytes: &mut [u8]| seams.entropy.fill(bytes);
    pki::init_with(declared, brought, root, seams.clock.wall(), &mut entropy)
        .map_err(|error| pki_failed(&error))?;
    passphrases::seal_keys(scenario, side, root, seams)?;
    let folder = root.join(domain(side));
    let relays = scenario.topology.relays.iter().filter(|relay| relay.side == side);
    let relays = relays.map(|relay| {
        let place = folder.join("relay").join(&*relay.name);
        RelayPlace {
            name: relay.name.to_string(),
            path: relay.path,
            config: place.join(layout::RELAY_SETTINGS),
            ledger: place.join("relay.ledger"),
        }
    });
    let mut desks = Vec::new();
    for desk in scenario.topology.desks.iter().filter(|desk| desk.side == side) {
        desks.push(desk_place(desk, &folder)?);
    }
    let made = SidePlace {
        side,
        domain: domain(side).to_owned(),
        trust: folder.join(layout::TRUST),
        relays: relays.collect(),
        desks,
    };
    settle(scenario, &made)?;
    Ok(made)
}

fn desk_place(desk: &DeskCard, folder: &Path) -> Result<DeskPlace, Failure> {
    let placed = |name: &str| {
        let place = folder.join("desk").join(name);
        let identity =
            Identity::new(trust_domain(desk.side)?, Role::Desk, name).map_err(|error| failed(&error))?;
        Ok(DeskPlace {
            name: desk.name.to_string(),
            config: place.join(layout::DESK_SETTINGS),
            ledger: place.join("desk.ledger"),
            identity: identity.to_string(),
            backup: None,
        })
    };
    let backup = desk.backup.then(|| placed(&backup_name(desk))).transpose()?;
    Ok(DeskPlace {
        backup: backup.map(Box::new),
        ..placed(&desk.name.to_lowercase())?
    })
}

/// What a desk's backup is called.
fn backup_name(desk: &DeskCard) -> String {
    format!("{}-backup", desk.name.to_lowercase())
}

/// A desk as it is declared, and its backup.
fn declared_desks(scenario: &Scenario, side: Side) -> Vec<DeclaredDesk> {
    let desks = || {
        scenario
            .topology
            .desks
            .iter()
            .filter(move |desk| desk.side == side)
    };
    let own = desks().map(|desk| DeclaredDesk {
        name: desk.name.to_lowercase(),
        prefix: desk.name.to_string(),
    });
    let backups = desks().filter(|desk| desk.backup);
    // Behind every desk's own: two messages would have one name otherwise.
    let backups = (desks().count() + 1..)
        .zip(backups)
        .map(|(number, desk)| DeclaredDesk {
            name: backup_name(desk),
            prefix: format!("{}{}", side.name(), number),
        });
    own.chain(backups).collect()
}

/// Keys under a CA that nobody trusts, in the name of somebody of a side: what an attacker makes at home. The settings of
/// the desk of that name.
///
/// # Errors
/// As [`site`].
pub fn forged(
    scenario: &Scenario,
    desk: &DeskCard,
    exercise: &str,
    codebook: Hash,
    root: &Path,
    seams: &Seams,
) -> Result<std::path::PathBuf, Failure> {
    let declared = declaration(scenario, desk.side, exercise, codebook, Ground::Loopback)?;
    let mut entropy = |bytes: &mut [u8]| seams.entropy.fill(bytes);
    pki::init(&declared, root, seams.clock.wall(), &mut entropy).map_err(|error| pki_failed(&error))?;
    let name = desk.name.to_lowercase();
    let place = root.join(domain(desk.side)).join("desk").join(name);
    Ok(place.join(layout::DESK_SETTINGS))
}

/// Writes profile, comm checks and how many officers release into the settings, above their tables.
fn settle(scenario: &Scenario, side: &SidePlace) -> Result<(), Failure> {
    let topology = &scenario.topology;
    let checks = match &topology.checks_every {
        Some(every) => format!("{}s", every.0.as_secs().max(1)),
        None => "off".to_owned(),
    };
    let profile = |profile: &str| format!("profile = \"{profile}\"\n");
    let own = topology.relays.iter().filter_map(|relay| {
        let profile = relay.profile.as_ref()?;
        Some(format!("{} = \"{}\"", *relay.name, **profile))
    });
    // What a desk judges each relay's legs by, where that is not the line's profile.
    let own = format!("profiles = {{ {} }}\n", own.collect::<Vec<_>>().join(", "));
    let release = match scenario.release {
        ReleaseRule::Two => "",
        ReleaseRule::One => "release = \"one\"\n",
    };
    let backups = side.desks.iter().filter_map(|desk| desk.backup.as_deref());
    for desk in side.desks.iter().chain(backups) {
        let line = profile(&topology.profile);
        prepend(
            &desk.config,
            &format!("{line}{own}{release}checks_every = \"{checks}\"\n"),
        )?;
    }
    for relay in &side.relays {
        let card = topology.relays.iter().find(|card| *card.name == relay.name);
        let its = card.and_then(|card| card.profile.as_ref());
        prepend(&relay.config, &profile(its.unwrap_or(&topology.profile)))?;
    }
    Ok(())
}

fn prepend(file: &Path, lines: &str) -> Result<(), Failure> {
    let write = || {
        let text = fs::read_to_string(file)?;
        fs::write(file, format!("{lines}{text}"))
    };
    write().map_err(|error| Failure::io(&file.display().to_string(), &error))
}

fn declaration(
    scenario: &Scenario,
    side: Side,
    exercise: &str,
    codebook: Hash,
    ground: Ground,
) -> Result<Declaration, Failure> {
    let mut relays = Vec::new();
    for (number, relay) in (0..).zip(&scenario.topology.relays) {
        if relay.side != side {
            continue;
        }
        let [quic, tcp, status] = ground.doors(number)?;
        relays.push(DeclaredRelay {
            name: relay.name.to_string(),
            quic,
            tcp,
            status,
            dns: Vec::new(),
            ips: vec![quic.ip()],
        });
    }
    let officers = scenario
        .officers
        .iter()
        .filter(|officer| officer.side == side && !scenario.comes_later(officer));
    let theirs = scenario
        .topology
        .desks
        .iter()
        .find(|desk| desk.side == other(side));
    Ok(Declaration {
        file: scenario.source.file.clone(),
        side: title(side).into(),
        prefix: side.name().into(),
        domains: vec![trust_domain(side)?],
        lifetimes: asleep::lifetimes(scenario, ground),
        exercise: Some(exercise.to_owned()),
        operation: None,
        relays,
        desks: declared_desks(scenario, side),
        officers: officers
            .map(|officer| {
                let mut roles = officer.roles.clone();
                roles.sort_unstable();
                DeclaredOfficer {
                    name: officer.name.to_string(),
                    roles,
                    desk: officer.desk.to_lowercase(),
                }
            })
            .collect(),
        peer: DeclaredPeer {
            side: title(other(side)).into(),
            domains: vec![trust_domain(other(side))?],
            desk: theirs.map(|desk| desk.name.to_lowercase()).unwrap_or_default(),
        },
        charter: charter(scenario, asleep::pinned(scenario, side, codebook)),
        // A simulated world would spend most of its time on it.
        seals: ground == Ground::Loopback,
    })
}

/// Both sides sign these same words; where one pins another codebook, they are still to agree on one.
fn charter(scenario: &Scenario, codebook: Option<Hash>) -> DeclaredCharter {
    DeclaredCharter {
        channel: CHANNEL.into(),
        level: "ministers of defence and their duty officers".into(),
        scope: format!("the exercise {}", *scenario.id),
        hours: "from STARTEX to ENDEX".into(),
        receipt_policy:
            "DELIVERED by the desk at once; ACKNOWLEDGED by a named officer within the objective of the \
                         precedence"
                .into(),
        codebook,
    }
}

fn trust_domain(side: Side) -> Result<TrustDomain, Failure> {
    domain(side)
        .parse()
        .map_err(|error: hotline_core::identity::IdentityError| failed(&error))
}

pub(super) fn pki_failed(error: &PkiError) -> Failure {
    Failure {
        code: error.code().into(),
        exit: error.exit_code(),
        what: crate::exit::chain(error),
        help: error.help(),
        json: false,
    }
}

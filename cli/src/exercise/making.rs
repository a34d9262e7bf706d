//! Making what an exercise needs: both sides' identities, as `hotline pki` makes them, from a scenario's cast.
//!
//! The exercise makes no identity itself; it is given the folders made here. Every exercise has identities of its own, in
//! EXERCISE domains: nothing here could ever speak to a line in operation.

mod consent;

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use hotline_audit::Hash;
use hotline_core::identity::{Identity, Role, TrustDomain};
use hotline_exercise::{
    live::site::{DeskPlace, RelayPlace, SidePlace, Site},
    scenario::{Scenario, cast::DeskCard, lists::Side},
};
use hotline_transport::Seams;

use super::{failed, lobby::Seat};
use crate::{
    demo::stage::free_ports,
    exit::Failure,
    pki::{
        self, Brought, Compared, Declaration, KnownAnchors, PkiError,
        declaration::{
            DeclaredCharter, DeclaredDesk, DeclaredOfficer, DeclaredPeer, DeclaredRelay, Lifetimes,
        },
        layout,
    },
};

/// The channel of an exercise.
pub(super) const CHANNEL: &str = "MINISTER";
/// How long what is made for one exercise lives. A day: the longest scenario leaps over two, and is played in minutes.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

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
    seams: &Seams,
) -> Result<Site, Failure> {
    let made = sides(scenario, exercise, codebook, &Brought::default(), root, seams)?;
    exchanged(made, exercise, root, seams)
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
    let made = sides(scenario, exercise, codebook, &brought, root, seams)?;
    for side in &made {
        consent::ask(scenario, side, seats, seams).await?;
    }
    exchanged(made, exercise, root, seams)
}

/// Both sides, each alone.
fn sides(
    scenario: &Scenario,
    exercise: &str,
    codebook: Hash,
    brought: &Brought,
    root: &Path,
    seams: &Seams,
) -> Result<Vec<SidePlace>, Failure> {
    [Side::A, Side::B]
        .into_iter()
        .map(|side| make(scenario, side, exercise, codebook, brought, root, seams))
        .collect()
}

/// Each trusts the other from now on.
fn exchanged(sides: Vec<SidePlace>, exercise: &str, root: &Path, seams: &Seams) -> Result<Site, Failure> {
    let exe = std::env::current_exe().map_err(|error| Failure::io("this program's own file", &error))?;
    let now = seams.clock.wall();
    for (ours, theirs) in [(0, 1), (1, 0)] {
        let file = root.join(format!("{}.trust", sides[theirs].side.name()));
        let (ours, theirs) = (folder(&sides[ours], root), folder(&sides[theirs], root));
        pki::export(&theirs, &file, now).map_err(|error| pki_failed(&error))?;
        // Both were made here a moment ago.
        pki::trust(&ours, &file, &Compared::Vouched, KnownAnchors::Keep, now)
            .map_err(|error| pki_failed(&error))?;
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
    exercise: &str,
    codebook: Hash,
    brought: &Brought,
    root: &Path,
    seams: &Seams,
) -> Result<SidePlace, Failure> {
    let declared = declaration(scenario, side, exercise, codebook)?;
    let mut entropy = |bytes: &mut [u8]| seams.entropy.fill(bytes);
    pki::init_with(&declared, brought, root, seams.clock.wall(), &mut entropy)
        .map_err(|error| pki_failed(&error))?;
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
    let name = desk.name.to_lowercase();
    let place = folder.join("desk").join(&name);
    let identity =
        Identity::new(trust_domain(desk.side)?, Role::Desk, &name).map_err(|error| failed(&error))?;
    Ok(DeskPlace {
        name: desk.name.to_string(),
        config: place.join(layout::DESK_SETTINGS),
        ledger: place.join("desk.ledger"),
        identity: identity.to_string(),
    })
}

/// Writes profile and comm checks into the settings, above their tables.
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
    for desk in &side.desks {
        let line = profile(&topology.profile);
        prepend(&desk.config, &format!("{line}{own}checks_every = \"{checks}\"\n"))?;
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
) -> Result<Declaration, Failure> {
    let mut relays = Vec::new();
    for relay in scenario.topology.relays.iter().filter(|relay| relay.side == side) {
        let [quic, tcp, status] = free_ports()
            .map_err(|error| Failure::io("loopback ports", &error))?
            .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        relays.push(DeclaredRelay {
            name: relay.name.to_string(),
            quic,
            tcp,
            status,
            dns: Vec::new(),
            ips: vec![Ipv4Addr::LOCALHOST.into()],
        });
    }
    let desks = scenario.topology.desks.iter().filter(|desk| desk.side == side);
    let officers = scenario.officers.iter().filter(|officer| officer.side == side);
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
        lifetimes: Lifetimes {
            authority: LIFETIME,
            certificate: LIFETIME,
            key_statement: LIFETIME,
        },
        exercise: Some(exercise.to_owned()),
        operation: None,
        relays,
        desks: desks
            .map(|desk| DeclaredDesk {
                name: desk.name.to_lowercase(),
                prefix: desk.name.to_string(),
            })
            .collect(),
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
        charter: charter(scenario, codebook),
    })
}

/// Both sides sign these same words.
fn charter(scenario: &Scenario, codebook: Hash) -> DeclaredCharter {
    DeclaredCharter {
        channel: CHANNEL.into(),
        level: "ministers of defence and their duty officers".into(),
        scope: format!("the exercise {}", *scenario.id),
        hours: "from STARTEX to ENDEX".into(),
        receipt_policy:
            "DELIVERED by the desk at once; ACKNOWLEDGED by a named officer within the objective of the \
                         precedence"
                .into(),
        codebook: Some(codebook),
    }
}

fn trust_domain(side: Side) -> Result<TrustDomain, Failure> {
    domain(side)
        .parse()
        .map_err(|error: hotline_core::identity::IdentityError| failed(&error))
}

fn pki_failed(error: &PkiError) -> Failure {
    Failure {
        code: error.code().into(),
        exit: error.exit_code(),
        what: crate::exit::chain(error),
        help: error.help(),
        json: false,
    }
}

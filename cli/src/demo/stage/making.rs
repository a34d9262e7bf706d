//! What is made before anything runs: identities, ports, and the exchange of trust files.

use std::{
    fs,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use hotline_core::{identity::TrustDomain, time::WallTime};
use hotline_transport::Seams;

use super::{RelayOnStage, Side};
use crate::{
    exit::{self, Failure},
    pki::{self, Compared, Declaration, KnownAnchors},
};

/// Comm checks would come between what is shown or measured.
pub(super) fn no_checks(desk: &Path) -> Result<(), Failure> {
    let write = || {
        let mut settings = fs::OpenOptions::new().append(true).open(desk)?;
        settings.write_all(b"checks_every = \"off\"\n")
    };
    write().map_err(|error| Failure::io(&desk.display().to_string(), &error))
}

/// Ports that are free now, on both UDP and TCP.
///
/// They lie below the range from which systems take ports for outgoing connections: nobody takes a killed relay's port
/// by dialling out. Each process starts elsewhere, and never offers a port twice.
///
/// # Errors
/// If none is free.
pub fn free_ports() -> std::io::Result<[u16; 3]> {
    static OFFERED: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(97);
    let mut ports = [0; 3];
    for port in &mut ports {
        *port = (0..PORTS)
            .find_map(|_| {
                let place = start.wrapping_add(OFFERED.fetch_add(1, Ordering::Relaxed)) % PORTS;
                let number = u16::try_from(FIRST_PORT + place).ok()?;
                let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok();
                (tcp && UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).is_ok()).then_some(number)
            })
            .ok_or_else(|| std::io::Error::other("no loopback port is free"))?;
    }
    Ok(ports)
}

/// First port offered: above those that well-known services use.
const FIRST_PORT: u32 = 16_384;
/// How many are offered: up to 32,767, where Linux begins to take ports for outgoing connections.
const PORTS: u32 = 16_384;

pub(in crate::demo) fn made(error: &pki::PkiError) -> Failure {
    Failure {
        code: error.code().into(),
        exit: error.exit_code(),
        what: exit::chain(error),
        help: error.help(),
        json: false,
    }
}

/// What an example declares of its exercise alone, and the name of that domain.
pub(in crate::demo) fn exercise_of(text: &str) -> Result<(Declaration, TrustDomain), Failure> {
    let declared = Declaration::parse(text, "the example").map_err(|error| made(&error))?;
    let domain = declared
        .domains
        .iter()
        .find(|domain| domain.world() == hotline_core::identity::World::Exercise)
        .cloned()
        .ok_or_else(|| {
            Failure::new(
                "HL-DEMO-006",
                exit::CONFIG,
                "the example declares no exercise",
                "",
            )
        })?;
    let declared = declared.only(domain.as_str()).map_err(|error| made(&error))?;
    Ok((declared, domain))
}

pub(super) fn side(dir: &Path, text: &str, now: WallTime, seams: &Seams) -> Result<Side, Failure> {
    let (mut declared, domain) = exercise_of(text)?;
    declared.relays.truncate(1);
    let [quic, tcp, status] = free_ports()
        .map_err(|error| Failure::io("loopback ports", &error))?
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    for relay in &mut declared.relays {
        (relay.quic, relay.tcp, relay.status) = (quic, tcp, status);
    }
    let mut entropy = |buffer: &mut [u8]| seams.entropy.fill(buffer);
    let side_dir = dir.join(declared.side.to_lowercase());
    let init = pki::init(&declared, &side_dir, now, &mut entropy).map_err(|error| made(&error))?;
    let words = init
        .first()
        .map(|made| made.fingerprint.words())
        .unwrap_or_default();
    let folder = side_dir.join(domain.as_str());
    let relay = declared
        .relays
        .first()
        .map(|relay| relay.name.clone())
        .unwrap_or_default();
    let desk = declared
        .desks
        .first()
        .map(|desk| desk.name.clone())
        .unwrap_or_default();
    Ok(Side {
        name: declared.side,
        relay: RelayOnStage {
            config: folder.join("relay").join(&relay).join("relay.toml"),
            name: relay,
            quic,
            tcp,
            status,
        },
        desk: folder.join("desk").join(desk).join("desk.toml"),
        folder,
        words,
    })
}

/// Each side takes over the other's trust file, as `pki export` and `pki trust` do.
pub(super) fn exchange(dir: &Path, sides: &[Side; 2], now: WallTime) -> Result<(), Failure> {
    for (from, to) in [(0, 1), (1, 0)] {
        let file = dir.join(format!("{}.trust", sides[from].name.to_lowercase()));
        pki::export(&sides[from].folder, &file, now).map_err(|error| made(&error))?;
        pki::trust(
            &sides[to].folder,
            &file,
            &Compared::Vouched,
            KnownAnchors::Keep,
            now,
        )
        .map_err(|error| made(&error))?;
    }
    Ok(())
}

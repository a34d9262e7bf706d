//! Refusals, from outside and at both doors: hostile or broken input is told who refused whom and why, changes nothing,
//! and is written down.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "refusals/certificates.rs"]
mod certificates;
#[path = "refusals/local.rs"]
mod local;
#[path = "refusals/statements.rs"]
mod statements;
#[path = "refusals/words.rs"]
mod words;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use hotline_cli::pki::{
    self, Declaration,
    certificate::{Leaf, Validity, new_key},
    folder::DomainFolder,
};
use hotline_core::{leg::Door, time::WallTime};
use hotline_tests::{
    AVELIA, Line,
    knock::{SecurityEvent, knock, security_events},
    wait::{PATIENCE, eventually},
};
use hotline_transport::{Credentials, Dialer, Refusal};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// Rounds in which copies race.
const ROUNDS: u64 = 200;

/// One day and an hour: behind the end of everything the example makes.
const A_DAY_AND_MORE: Duration = Duration::from_secs(25 * 3600);

fn entropy(line: &Line) -> impl FnMut(&mut [u8]) {
    let entropy = line.seams.entropy.clone();
    move |bytes: &mut [u8]| entropy.fill(bytes)
}

fn shifted(line: &Line, by: Duration, later: bool) -> WallTime {
    let (now, by) = (
        line.seams.clock.wall().unix_ms(),
        u64::try_from(by.as_millis()).unwrap(),
    );
    WallTime::from_unix_ms(if later { now + by } else { now - by })
}

/// A side's whole folder for one of its domains, made apart from the line's, under keys of its own.
fn other_side(line: &Line, declared: &str, domain: &str) -> PathBuf {
    let declared = Declaration::parse(declared, "the example")
        .unwrap()
        .only(domain)
        .unwrap();
    let out = tempfile::Builder::new()
        .prefix("other-")
        .tempdir_in(line.folder())
        .unwrap()
        .keep();
    pki::init(&declared, &out, line.seams.clock.wall(), &mut entropy(line)).unwrap();
    out.join(domain)
}

/// The folder of a holder in the line's own side.
fn holder(line: &Line, side: usize, below: &str) -> PathBuf {
    line.stage.sides[side].folder.join(below)
}

/// Issues a certificate for any identity under a side's own CA, as only that CA's keeper could.
fn issued_by(line: &Line, side: usize, identity: &str) -> PathBuf {
    let authority = DomainFolder::open(&line.stage.sides[side].folder)
        .unwrap()
        .authority()
        .unwrap();
    let key = new_key().unwrap();
    let leaf = Leaf {
        identity: identity.parse().unwrap(),
        dns: vec!["localhost".into()],
        ips: vec!["127.0.0.1".parse().unwrap()],
        validity: Validity::starting(line.seams.clock.wall(), Duration::from_secs(3600)),
        serial: [7; 16],
    };
    let out = tempfile::Builder::new()
        .prefix("issued-")
        .tempdir_in(line.folder())
        .unwrap()
        .keep();
    fs::write(out.join("tls.crt"), authority.issue(&leaf, &key).unwrap().pem()).unwrap();
    fs::write(out.join("tls.key"), key.serialize_pem()).unwrap();
    fs::set_permissions(out.join("tls.key"), fs::Permissions::from_mode(0o600)).unwrap();
    out
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

fn credentials(line: &Line, folder: &Path) -> Credentials {
    Credentials::load(&folder.join("tls.crt"), &folder.join("tls.key"), &line.seams).unwrap()
}

fn address(line: &Line, side: usize, door: Door) -> std::net::SocketAddr {
    let relay = &line.stage.sides[side].relay;
    match door {
        Door::Quic => relay.quic,
        Door::Tcp => relay.tcp,
    }
}

fn log_of(line: &Line, side: usize) -> PathBuf {
    line.folder().join(format!("{}.log", line.relay_name(side)))
}

/// Knocks at a door of Avelia's relay with what lies in `folder`, and gives back the security event this made.
async fn refused_at(line: &Line, door: Door, folder: Option<&Path>) -> SecurityEvent {
    let log = log_of(line, AVELIA);
    let refusals = || {
        let events = security_events(&log).into_iter();
        events
            .filter(|event| event.by == "OURS" && event.door == door.name())
            .collect::<Vec<_>>()
    };
    let before = refusals().len();
    let said = knock(door, address(line, AVELIA, door), folder).await;
    assert_eq!(said, 0, "{door}: the relay spoke to somebody it must refuse");
    eventually("a security event", PATIENCE, async || {
        refusals().into_iter().nth(before)
    })
    .await
}

/// What the dialler is told when it calls Avelia's relay and waits until it is really let in.
async fn told_at(line: &Line, door: Door, dialer: &Dialer) -> Box<Refusal> {
    let expected = line.relay_identity(AVELIA);
    match dialer
        .preflight(door, address(line, AVELIA, door), &expected)
        .await
    {
        Ok(_) => panic!("{door}: let in"),
        Err(refusal) => refusal,
    }
}

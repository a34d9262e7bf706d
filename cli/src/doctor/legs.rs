//! Every leg, dialled as the desk would dial it: read first, so that a relay that refuses us says why.

use std::time::Duration;

use hotline_audit::trust::TrustPolicy;
use hotline_client::config::DeskConfig;
use hotline_client::relay::RelayPlace;
use hotline_client::side::Directory;
use hotline_client::status::LineStatus;
use hotline_client::trust;
use hotline_core::leg::{Door, Lane};
use hotline_core::time::WallTime;
use hotline_proto::v1::{CheckpointRequest, log_service_client::LogServiceClient};
use hotline_transport::{By, Dialer, Preflight, Refusal, Seams};

use super::finding::{Findings, Level};
use crate::exit::{self, Failure};

/// Clocks that are further apart are worth a warning. 2 s: what a message's claimed time is off by is then seen.
const CLOCK_WARN_MS: i64 = 2_000;
/// Clocks that are further apart need mending. 10 s: overdue timers of FLASH (30 s) begin to lie.
const CLOCK_FAIL_MS: i64 = 10_000;
/// How long the path is left to find larger packets. 300 ms: a few round trips of a national line.
const MTU_WITHIN: Duration = Duration::from_millis(300);
/// How long a relay may take for one call.
const CALL_WITHIN: Duration = Duration::from_secs(3);

type Knocked = Result<Preflight, Box<Refusal>>;

/// Dials every leg, or those to one relay.
///
/// # Errors
/// If no relay is called so.
pub(super) async fn examine(
    desk: &DeskConfig,
    peer: Option<&str>,
    seams: &Seams,
    status: Option<&LineStatus>,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let again = format!("hotline doctor --config {}", desk.file.display());
    let not_dialled = |why: String, findings: &mut Findings| {
        findings.fail(exit::IDENTITY, "legs", format!("none is dialled: {why}"), &again);
    };
    let directory = match Directory::load(desk) {
        Ok(directory) => directory,
        Err(error) => {
            not_dialled(exit::chain(&error), findings);
            return Ok(());
        }
    };
    let relays = wanted(&directory, desk, peer)?;
    let dialer = match trust::dialer(desk, seams) {
        Ok(dialer) => dialer,
        Err(error) => {
            not_dialled(exit::chain(&error), findings);
            return Ok(());
        }
    };
    usable(desk, &directory, findings);
    let policy = TrustPolicy::load_folder(&desk.trust).ok();
    for place in relays {
        let name = place.identity.name().to_owned();
        let (quic, tcp) = tokio::join!(
            dialer.preflight(Door::Quic, place.quic, &place.identity),
            dialer.preflight(Door::Tcp, place.tcp, &place.identity),
        );
        let (quic_in, tcp_in) = (quic.is_ok(), tcp.is_ok());
        leg(desk, &place, Door::Quic, quic, tcp_in, findings);
        leg(desk, &place, Door::Tcp, tcp, quic_in, findings);
        if quic_in {
            mtu(&dialer, &place, findings).await;
        }
        if tcp_in {
            call(&dialer, desk, &place, seams, policy.as_ref(), status, findings).await;
        }
        if !quic_in && !tcp_in {
            let run = format!("hotline doctor {name} --config {}", desk.file.display());
            findings.warn(format!("clock {name}"), "unknown: neither door answers", run);
        }
    }
    Ok(())
}

/// Relays that a start of this desk would not dial: without a log key in the rosters, or ended while the settings name them.
fn usable(desk: &DeskConfig, directory: &Directory, findings: &mut Findings) {
    let run = "hotline pki trust --dir DIR/DOMAIN FILE";
    for place in directory.relays() {
        let keys = directory.rosters().log_keys(&place.identity.origin());
        if keys.iter().all(|key| key.revoked.is_some()) {
            let what = format!("relay {}", place.identity.name());
            let fact = "no roster has a log key of it that can be used: a start does not dial it";
            findings.fail(exit::IDENTITY, what, fact, run);
        }
    }
    for name in desk.profiles.keys() {
        let known = |place: &RelayPlace| place.identity.name() == name.as_str();
        if !directory.relays().iter().any(known) {
            let what = format!("relay {name}");
            let look = format!("cat {}", desk.file.display());
            if directory.names_relay(name.as_str()) {
                let fact = "its own side has ended it, and the settings have a profile for it";
                findings.warn(what, fact, look);
            } else {
                let fact = "the settings have a profile for it, and no trust folder names it: no start";
                findings.fail(exit::CONFIG, what, fact, look);
            }
        }
    }
}

/// The relays that a word names: one by name or identity, all by none or by the peer's name.
fn wanted(directory: &Directory, desk: &DeskConfig, peer: Option<&str>) -> Result<Vec<RelayPlace>, Failure> {
    let all = directory.relays().to_vec();
    let Some(peer) = peer.filter(|peer| *peer != desk.peer.to_string()) else {
        return Ok(all);
    };
    let named: Vec<RelayPlace> = all
        .iter()
        .filter(|place| place.identity.name() == peer || place.identity.to_string() == peer)
        .cloned()
        .collect();
    if named.is_empty() {
        let known: Vec<&str> = all.iter().map(|place| place.identity.name()).collect();
        let what = format!("no relay is called \"{peer}\"; there is: {}", known.join(", "));
        return Err(Failure::new("HL-DOCTOR-001", exit::USAGE, what, "hotline doctor"));
    }
    Ok(named)
}

fn leg(
    desk: &DeskConfig,
    place: &RelayPlace,
    door: Door,
    knocked: Knocked,
    other_door_answers: bool,
    findings: &mut Findings,
) {
    let name = place.identity.name();
    let what = format!("leg {name}/{}", door.name());
    let again = format!("hotline doctor {name} --config {}", desk.file.display());
    let refusal = match knocked {
        Ok(passed) => {
            let fact = format!(
                "let in: handshake {:.1} ms by {}, first word {:.1} ms later, certificate until {}",
                ms(passed.handshake),
                passed.peer.key_exchange,
                ms(passed.first_word),
                passed.peer.certificate.not_after.rfc3339()
            );
            return findings.ok(what, fact, again);
        }
        Err(refusal) => refusal,
    };
    if refusal.by != By::Network {
        let next = refusal.next_step();
        let run = command_in(&next).unwrap_or(again);
        return findings.fail(exit::IDENTITY, what, refusal.sentence(), run);
    }
    if door == Door::Quic && other_door_answers {
        let fact = format!(
            "UDP to {} is blocked or loses packets of 1,228 bytes: QUIC gets no answer, TCP of the same relay does",
            place.quic
        );
        let run = format!("traceroute -U -p {} {}", place.quic.port(), place.quic.ip());
        return findings.fail(exit::UNREACHABLE, what, fact, run);
    }
    findings.fail(exit::UNREACHABLE, what, refusal.sentence(), again);
}

/// The command that a refusal's next step names.
fn command_in(next: &str) -> Option<String> {
    let (_, command) = next.split_once("hotline ")?;
    Some(format!("hotline {command}"))
}

/// QUIC's handshake is padded to 1,200 bytes of UDP payload, so a path that lets us in carries 1,228-byte packets.
async fn mtu(dialer: &Dialer, place: &RelayPlace, findings: &mut Findings) {
    let name = place.identity.name();
    let what = format!("path MTU {name}");
    let run = format!("ping -M do -s 1200 {}", place.quic.ip());
    let Ok(leg) = dialer.quic(place.quic, &place.identity).await else {
        return;
    };
    tokio::time::sleep(MTU_WITHIN).await;
    let found = leg.stats();
    let fact = format!(
        "at least {} bytes of UDP payload pass (QUIC needs 1,200)",
        found.mtu_bytes
    );
    if found.black_holes > 0 {
        findings.warn(what, format!("{fact}; larger packets vanish"), run);
    } else {
        findings.ok(what, fact, run);
    }
}

/// One call at the TCP door: what time the relay has, and whether its log is signed by the key we know.
async fn call(
    dialer: &Dialer,
    desk: &DeskConfig,
    place: &RelayPlace,
    seams: &Seams,
    policy: Option<&TrustPolicy>,
    status: Option<&LineStatus>,
    findings: &mut Findings,
) {
    let name = place.identity.name();
    let again = format!("hotline doctor {name} --config {}", desk.file.display());
    let Ok(lane) = dialer.tcp(place.tcp, &place.identity, Lane::Bulk).await else {
        return;
    };
    let before = seams.clock.wall();
    let mut service = LogServiceClient::new(lane.channel());
    let asked = tokio::time::timeout(CALL_WITHIN, service.checkpoint(CheckpointRequest {})).await;
    let after = seams.clock.wall();
    let answer = match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(status)) => {
            return findings.fail(
                exit::UNREACHABLE,
                format!("log {name}"),
                status.to_string(),
                again,
            );
        }
        Err(_) => {
            return findings.fail(
                exit::UNREACHABLE,
                format!("log {name}"),
                "no answer within 3 s",
                again,
            );
        }
    };
    let date = answer
        .metadata()
        .get("date")
        .and_then(|date| date.to_str().ok().map(str::to_owned));
    clock(name, date.as_deref(), (before, after), status, findings);
    let note = answer.into_inner().note;
    let compare = format!("hotline log compare {} {name}", desk.ledger.display());
    match policy.map(|policy| (note.is_empty(), policy.checkpoint(&note))) {
        None => {}
        Some((true, _)) => findings.ok(format!("log {name}"), "empty so far", compare),
        Some((false, Ok((checkpoint, _)))) => {
            let fact = format!(
                "{} leaves, signed by the key that its roster names",
                checkpoint.size
            );
            findings.ok(format!("log {name}"), fact, compare);
        }
        Some((false, Err(refused))) => {
            findings.fail(exit::LOG, format!("log {name}"), exit::chain(&refused), compare);
        }
    }
}

/// The relay's clock less ours. A running station knows it from heartbeats, to the millisecond; otherwise the date that
/// HTTP/2 answers carry says it, to half a second.
fn clock(
    name: &str,
    date: Option<&str>,
    (before, after): (WallTime, WallTime),
    status: Option<&LineStatus>,
    findings: &mut Findings,
) {
    let what = format!("clock {name}");
    let heard = status.and_then(|status| heard_offset(status, name));
    let (offset_ms, how) = match (heard, date.and_then(http_date_ms)) {
        (Some(offset), _) => (offset, "by heartbeats"),
        (None, Some(date_ms)) => {
            let middle = i64::try_from(before.unix_ms() / 2 + after.unix_ms() / 2).unwrap_or(i64::MAX);
            // The date is cut to whole seconds.
            (date_ms + 500 - middle, "to half a second")
        }
        (None, None) => {
            return findings.warn(
                what,
                "unknown: the answer bears no date",
                "hotline desk status --config FILE",
            );
        }
    };
    let fact = format!("{:+.1} s from ours, {how}", offset_ms as f64 / 1000.0);
    let run = "timedatectl status";
    let level = match offset_ms.abs() {
        0..=CLOCK_WARN_MS => Level::Ok,
        ..=CLOCK_FAIL_MS => Level::Warn,
        _ => Level::Fail,
    };
    findings.add(level, exit::OTHER, what, fact, run);
}

/// What the station's newest heartbeat of a relay says of its clock, corrected by half the way.
fn heard_offset(status: &LineStatus, relay: &str) -> Option<i64> {
    let begins = format!("{relay}/");
    let leg = status
        .legs
        .iter()
        .find(|(name, leg)| leg.up && name.starts_with(&begins) && leg.clock_offset_ms.is_some())?
        .1;
    let half_way = leg.round_trip_ms.map_or(0.0, |ms| ms / 2.0);
    Some(leg.clock_offset_ms? + half_way as i64)
}

fn http_date_ms(date: &str) -> Option<i64> {
    let at = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(at.timestamp().as_millisecond())
}

fn ms(length: Duration) -> f64 {
    length.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn clocks(relay_date: &str, ours_ms: u64) -> String {
        let mut findings = Findings::new();
        let ours = WallTime::from_unix_ms(ours_ms);
        clock("north", Some(relay_date), (ours, ours), None, &mut findings);
        findings.print(true).unwrap();
        format!("{} {findings:?}", findings.exit())
    }

    #[test]
    fn clocks_that_are_apart_are_a_warning_above_two_seconds_and_a_fail_above_ten() {
        const AT: u64 = 1_795_000_000_000;
        let date = "Wed, 18 Nov 2026 11:06:40 GMT";
        assert_eq!(http_date_ms(date), Some(AT as i64));
        assert!(clocks(date, AT + 500).contains("level: Ok"));
        assert!(clocks(date, AT + 4_500).contains("level: Warn"));
        let far = clocks(date, AT + 20_500);
        assert!(
            far.starts_with('1') && far.contains("level: Fail") && far.contains("-20.0 s"),
            "{far}"
        );
    }

    #[test]
    fn the_command_of_a_refusal_is_the_one_to_run() {
        let next =
            "give them your CA certificate and its fingerprint by voice; they run: hotline pki trust FILE";
        assert_eq!(command_in(next).as_deref(), Some("hotline pki trust FILE"));
        assert_eq!(command_in("call them"), None);
    }
}

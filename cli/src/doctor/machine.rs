//! The machine: disk, log, and whether the station or relay runs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use hotline_audit::Checkpoint;
use hotline_audit::trust::TrustPolicy;
use hotline_client::config::DeskConfig;
use hotline_client::request::{Answer, Request};
use hotline_client::socket::Connection;
use hotline_client::status::LineStatus;
use hotline_ledger::Inspector;
use hotline_server::anchor::against;
use hotline_transport::Seams;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::finding::Findings;
use super::settings::Patient;
use crate::exit;
use crate::log::verify;

/// Below this the disk is to be cleared. 1 GiB: a crisis day of messages many times over.
const DISK_WARN_BYTES: u64 = 1 << 30;
/// Below this only FLASH, OVERRIDE and evidence are taken: the ledger's own reserve, 64 MiB.
const DISK_FAIL_BYTES: u64 = 64 << 20;
/// How long a local process may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// Free space where the ledger lies.
pub(super) fn disk(ledger: &Path, findings: &mut Findings) {
    let folder = match ledger.parent() {
        Some(parent) if !ledger.is_dir() && !parent.as_os_str().is_empty() => parent,
        _ => ledger,
    };
    let run = format!("df -h {}", folder.display());
    match rustix::fs::statvfs(folder) {
        Err(error) => findings.fail(exit::OTHER, "disk", error.to_string(), run),
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let fact = format!("{} MiB free where the ledger lies", free >> 20);
            if free < DISK_FAIL_BYTES {
                findings.fail(
                    exit::OTHER,
                    "disk",
                    format!("{fact}: only FLASH and evidence are taken"),
                    run,
                );
            } else if free < DISK_WARN_BYTES {
                findings.warn("disk", fact, run);
            } else {
                findings.ok("disk", fact, run);
            }
        }
    }
}

/// Verifies the whole ledger, whether its owner runs or not.
pub(super) fn log(patient: &Patient, findings: &mut Findings) {
    let path = &patient.ledger;
    let run = format!(
        "hotline log verify {} --trust {}",
        path.display(),
        patient.trust.display()
    );
    if !path.exists() {
        return no_log(patient, run, findings);
    }
    let Ok(trust) = TrustPolicy::load_folder(&patient.trust) else {
        return findings.warn("log", "not verified: the trust folders do not hold together", run);
    };
    let keys = trust.rosters().log_keys(&patient.identity.origin());
    if !keys.is_empty() && keys.iter().all(|key| key.revoked.is_some()) {
        return findings.warn(
            "log",
            "not verified: our log key has ended, and what it signed is evidence now",
            run,
        );
    }
    match verify::verify_ledger(path, &trust) {
        Ok(report) if report.passed() => {
            findings.ok("log", format!("verified now, {} leaves", report.entries), run);
        }
        Ok(report) => findings.fail(exit::LOG, "log", verify::what(&report), run),
        Err(failure) => findings.fail(exit::LOG, "log", failure.what, run),
    }
}

/// What somebody has shown of our log that is not here: kept beside it by the relay that learnt of it.
pub(super) fn against(patient: &Patient, findings: &mut Findings) {
    let Ok(inspector) = Inspector::open(&patient.ledger) else {
        return;
    };
    let kept = against::all(&inspector).unwrap_or_default();
    let shown: Vec<(String, u64)> = kept
        .into_iter()
        .filter_map(|shown| {
            let checkpoint = Checkpoint::danger_parse_unverified(&shown.note).ok()?;
            Some((shown.witness, checkpoint.size))
        })
        .collect();
    let found = inspector.head().size;
    let recover = format!("hotline relay recover --config {}", patient.file.display());
    for (witness, size) in shown.iter().filter(|(_, size)| *size <= found) {
        let fact = format!(
            "{witness} has shown a checkpoint of {size} leaves under our key: if it is another history, recover says so"
        );
        findings.warn("history", fact, recover.clone());
    }
    // Whoever is furthest ahead says it for all.
    let ahead = shown.iter().filter(|(_, size)| *size > found);
    if let Some((witness, size)) = ahead.max_by_key(|(_, size)| *size) {
        let fact = format!(
            "signs nothing: {witness} holds a checkpoint of {size} leaves under our key, {found} are here"
        );
        findings.fail(exit::LOG, "history", fact, recover);
    }
}

/// No ledger: a first start makes one, and a ledger that was there leaves its fence behind.
fn no_log(patient: &Patient, run: String, findings: &mut Findings) {
    let path = &patient.ledger;
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        Path::new(&name).exists()
    };
    if ["-fence", "-wal"].into_iter().any(beside) {
        let fact = format!(
            "the ledger {} is gone, and what lies beside it says that there was one: a start would begin a second history",
            path.display()
        );
        // A relay has no restore: another name begins a history of its own.
        let next = match patient.desk() {
            Some(_) => "hotline desk restore --help",
            None => "hotline pki issue --help",
        };
        return findings.fail(exit::LOG, "log", fact, next);
    }
    let fact = "no ledger: the first start makes it; if there was one before, put its backup back first";
    findings.warn("log", fact, run);
}

/// Asks the running station how the line stands.
pub(super) async fn station(desk: &DeskConfig, findings: &mut Findings) -> Option<LineStatus> {
    let start = format!("hotline desk run --config {}", desk.file.display());
    let look = format!("hotline desk status --config {}", desk.file.display());
    let asked = async {
        let mut station = Connection::open(&desk.socket).await.ok()??;
        station.ask(&Request::Status).await.ok()
    };
    let answered = tokio::time::timeout(ANSWER_WITHIN, asked).await;
    let status = match answered {
        Ok(Some(Answer::Status(status))) => *status,
        Ok(Some(_)) | Err(_) => {
            findings.fail(
                exit::OTHER,
                "station",
                "something is at its socket and gives no status within 3 s",
                look,
            );
            return None;
        }
        Ok(None) => {
            findings.warn("station", "none runs: each verb opens the desk itself", start);
            return None;
        }
    };
    let fact = format!("runs, {} of {} legs up", status.legs_up(), status.legs.len());
    if let Some(why) = &status.read_only {
        let exit = match status.key_ended {
            true => exit::IDENTITY,
            false => exit::LOG,
        };
        findings.fail(exit, "station", format!("signs nothing: {why}"), look);
    } else if status.legs_up() < status.legs.len() {
        findings.warn("station", fact, look);
    } else {
        findings.ok("station", fact, look);
    }
    if status.alarms.contains_key("TRUST_REFUSED") {
        findings.warn(
            "trust in force",
            "the station refused changed trust files since its start, and believes the old ones",
            format!("hotline desk reload --config {}", desk.file.display()),
        );
    }
    Some(status)
}

/// Whether the relay's doors answer on this machine, and what its counters say.
pub(super) async fn relay(patient: &Patient, findings: &mut Findings) {
    let Some(config) = patient.relay() else { return };
    let start = format!("hotline relay run --config {}", patient.file.display());
    if !connects(config.tcp).await {
        findings.warn(
            "relay",
            format!("it does not run: nothing listens at {}", config.tcp),
            start,
        );
        return;
    }
    findings.ok("relay", format!("its TCP door at {} is open", config.tcp), start);
    let Some(status) = config.status else {
        let fact = "no listen.status in the settings: whether it serves read-only or refuses changed trust is not known";
        return findings.warn(
            "metrics",
            fact,
            format!("hotline doctor --config {}", patient.file.display()),
        );
    };
    let run = format!("curl -s http://{status}/metrics");
    match metrics(status).await {
        None => findings.fail(exit::OTHER, "metrics", format!("{status} does not answer"), run),
        Some(text) => {
            let refused = counter(&text, "hotline_relay_trust_reads_total{result=\"refused\"}");
            let size = counter(&text, "hotline_relay_log_size");
            if refused > 0 {
                let fact = format!("changed trust files were refused {refused} times since the start");
                findings.warn("trust in force", fact, run);
            } else {
                findings.ok(
                    "metrics",
                    format!("answers; {size} leaves as of the last statement"),
                    run,
                );
            }
        }
    }
}

/// Without settings: whether this machine lets a process have both kinds of doors.
pub(super) async fn loopback(seams: &Seams, findings: &mut Findings) {
    let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    let run = "hotline demo";
    match seams.network.udp(any) {
        Ok(_) => findings.ok("UDP here", "a socket can be bound on loopback", run),
        Err(error) => findings.fail(exit::OTHER, "UDP here", error.to_string(), run),
    }
    match seams.network.tcp_listen(any).await {
        Ok(_) => findings.ok("TCP here", "a socket can listen on loopback", run),
        Err(error) => findings.fail(exit::OTHER, "TCP here", error.to_string(), run),
    }
}

async fn connects(to: SocketAddr) -> bool {
    tokio::time::timeout(ANSWER_WITHIN, TcpStream::connect(to))
        .await
        .is_ok_and(|connected| connected.is_ok())
}

async fn metrics(from: SocketAddr) -> Option<String> {
    /// A page of counters is a few thousand bytes.
    const PAGE_MAX: u64 = 1 << 20;
    let asked = async {
        let mut stream = TcpStream::connect(from).await.ok()?;
        stream
            .write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")
            .await
            .ok()?;
        let mut text = String::new();
        stream.take(PAGE_MAX).read_to_string(&mut text).await.ok()?;
        Some(text)
    };
    tokio::time::timeout(ANSWER_WITHIN, asked).await.ok().flatten()
}

/// The value of one counter; 0 if it is not there.
fn counter(text: &str, name: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
        .unwrap_or(0)
}

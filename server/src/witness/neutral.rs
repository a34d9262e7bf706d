//! A witness that belongs to neither side: a small process of its own, known by its verifier key and by nothing else.
//!
//! It has no certificate and no roster. It listens with plain HTTP, because a request proves itself: its log signed it.
//! Which logs it knows stands in a file, a tlog-policy or verifier keys one a line, read at the start. It keeps what it
//! must not forget in a ledger of its own and mirrors nothing.

use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use hotline_audit::{CosignerName, LogVerifier, Policy, note::VerifierKey};
use hotline_ledger::{Engine, Ledger, Mode, OpenOptions, Restored, Standing};
use hotline_transport::{
    Seams,
    settings::{self, Checker, ConfigError},
};
use serde::Deserialize;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{
    bounded::{Bounded, CallsFrom, LIFE, PLACES},
    http::{self, Asking},
    office::{KnownLogs, Office, OfficeParts},
    own,
};
use crate::{run::StartError, serve};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    listen: String,
    key: PathBuf,
    ledger: PathBuf,
    logs: PathBuf,
}

/// The settings of a neutral witness, every value of them valid.
#[derive(Clone, Debug)]
pub struct NeutralConfig {
    /// The name under which it signs.
    pub name: CosignerName,
    /// Where it listens with plain HTTP. Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Its key (PEM, mode 0600). It signs nothing else.
    pub key: PathBuf,
    /// Its ledger; made at the first start.
    pub ledger: PathBuf,
    /// The keys of the logs that it knows.
    pub logs: Vec<LogVerifier>,
}

/// Most logs that a witness may know. 256: far more than two sides have relays and desks.
const LOGS_MAX: usize = 256;

impl NeutralConfig {
    /// Reads and checks the file, and the file of logs that it names.
    ///
    /// # Errors
    /// [`ConfigError`] names the file, the key, the value and one that would work.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let raw: File = settings::read(file)?;
        let check = Checker::new(file);
        let logs = check.existing("logs", &raw.logs, "logs")?;
        let known = read_logs(&logs).map_err(|problem| {
            check.wrong(
                "logs",
                &logs.display().to_string(),
                &problem,
                "log exercise.avelia.example/relay/north+f2d74aa5+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR",
            )
        })?;
        Ok(Self {
            name: raw.name.parse().map_err(|_| {
                let problem = "it is empty, or has a space or a plus sign in it";
                check.wrong("name", &raw.name, problem, "witness.caldria.example")
            })?,
            listen: check.address("listen", &raw.listen)?,
            key: check.existing("key", &raw.key, "witness.key")?,
            ledger: check.creatable("ledger", &raw.ledger, "witness.ledger")?,
            logs: known,
        })
    }
}

/// The keys in a policy's `log` lines, or in lines that are nothing but a verifier key.
fn read_logs(file: &Path) -> Result<Vec<LogVerifier>, String> {
    let bytes = std::fs::read(file).map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&bytes);
    let is_policy = text.lines().any(|line| line.trim_start().starts_with("quorum"));
    let keys: Vec<LogVerifier> = if is_policy {
        let policy = Policy::parse(&bytes).map_err(|error| error.to_string())?;
        policy.logs().iter().map(|log| log.key.clone()).collect()
    } else {
        let mut keys = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            let line = line.strip_prefix("log ").unwrap_or(line).trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |error: hotline_audit::note::NoteError| format!("line {}: {error}", at + 1);
            let key: VerifierKey = line.parse().map_err(wrong)?;
            keys.push(LogVerifier::new(key.name(), *key.key()).map_err(wrong)?);
        }
        keys
    };
    match keys.len() {
        0 => Err("it names no log".into()),
        1..=LOGS_MAX => Ok(keys),
        more => Err(format!("{more} logs, at most {LOGS_MAX} are witnessed")),
    }
}

/// The logs of the file.
struct Listed(Vec<LogVerifier>);

impl KnownLogs for Listed {
    fn keys(&self, origin: &str) -> Vec<LogVerifier> {
        self.0
            .iter()
            .filter(|key| key.origin() == origin)
            .cloned()
            .collect()
    }

    fn mirrored(&self, _: &str) -> bool {
        false
    }

    fn extended(&self) -> bool {
        true
    }
}

/// Runs the witness of that configuration until SIGTERM, SIGINT or the death of its ledger; returns the exit code.
#[must_use]
pub fn main(config: &Path) -> u8 {
    serve::init_tracing();
    serve::on_runtime("hotline witness", run(config))
}

async fn run(config: &Path) -> Result<u8, StartError> {
    let config = NeutralConfig::load(config)?;
    let seams = Seams::system();
    let office = Arc::new(open(&config, &seams)?);
    let known: Arc<dyn KnownLogs> = Arc::new(Listed(config.logs.clone()));
    let failed = |error: std::io::Error| StartError::Listen(format!("{}: {error}", config.listen));
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    let metrics = {
        let office = Arc::clone(&office);
        axum::routing::get(move || async move { crate::telemetry::rendered(office.tally()) })
    };
    let router = http::routes(&office, &known, Asking::Anybody)
        .route("/metrics", metrics)
        .into_make_service_with_connect_info::<CallsFrom>();
    let line = serde_json::json!({
        "event": "listening",
        "witness": office.witness_key().to_string(),
        "listen": local.to_string(),
        "logs": config.logs.len(),
    });
    // A closed standard output is no reason to stop serving.
    let _ = writeln!(std::io::stdout(), "{line}");
    let mut term = signal(SignalKind::terminate()).map_err(failed)?;
    let ledger = office.ledger().clone();
    tokio::select! {
        served = axum::serve(Bounded::new(listener, PLACES, LIFE), router).into_future() => served.map_err(failed)?,
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
        cause = ledger.dead() => {
            eprintln!("hotline witness: the ledger failed, nothing more is cosigned: {cause}; check the disk, then start it again");
            return Ok(1);
        }
    }
    Ok(0)
}

fn open(config: &NeutralConfig, seams: &Seams) -> Result<Office, StartError> {
    let witness = own::signer(&config.key, Ok(config.name.clone()))?;
    let mut entropy = |buffer: &mut [u8]| seams.entropy.fill(buffer);
    let (ledger, opening) = Ledger::open(OpenOptions {
        engine: Engine::Sqlite {
            path: config.ledger.clone(),
        },
        owner: config.name.to_string(),
        origin: config.name.to_string(),
        signer: None,
        entropy: &mut entropy,
        mode: Mode::Thread,
        restored: Restored::ReadOnly,
    })?;
    if let Standing::ReadOnly { reason } = opening.standing {
        let why = format!(
            "{reason}; a witness that was put back forgets what it cosigned: give it a new name and key"
        );
        return Err(StartError::FirstWrite(why));
    }
    Office::open(OfficeParts {
        ledger,
        clock: Arc::clone(&seams.clock),
        spawner: seams.spawner.clone(),
        witness,
        mirror: None,
    })
    .map_err(|error| StartError::FirstWrite(error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::fs;

    use super::*;

    const KEY: &str =
        "exercise.avelia.example/relay/north+f2d74aa5+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR";

    fn load(settings: &str, logs: &str) -> Result<NeutralConfig, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("witness.key"), "").unwrap();
        fs::write(dir.path().join("logs"), logs).unwrap();
        let file = dir.path().join("witness.toml");
        fs::write(&file, settings).unwrap();
        NeutralConfig::load(&file)
    }

    const GOOD: &str = "name = \"witness.example\"\nlisten = \"127.0.0.1:0\"\nkey = \"witness.key\"\n\
        ledger = \"witness.ledger\"\nlogs = \"logs\"\n";

    #[test]
    fn logs_are_read_from_a_policy_and_from_bare_keys_alike() {
        for logs in [
            format!("log {KEY} https://somewhere\nquorum none\n"),
            format!("# north\n\n  {KEY}\n"),
            format!("log {KEY}\n"),
        ] {
            let config = load(GOOD, &logs).unwrap();
            assert_eq!(config.logs[0].origin(), "exercise.avelia.example/relay/north");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_the_file_and_one_that_would_work() {
        for (settings, logs) in [
            (GOOD.to_owned(), String::new()),
            (GOOD.to_owned(), "log x+y+z\n".to_owned()),
            (GOOD.replace("witness.example", "a b"), format!("{KEY}\n")),
            (GOOD.replace("127.0.0.1:0", "nowhere"), format!("{KEY}\n")),
        ] {
            let error = load(&settings, &logs).unwrap_err().to_string();
            for part in ["witness.toml", "for example"] {
                assert!(error.contains(part), "{error}");
            }
        }
    }
}

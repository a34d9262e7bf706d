//! A relay's control socket, of an EXERCISE relay only: its wall clock can be set wrong on purpose.
//!
//! It lies beside the ledger with mode 0600, takes one JSON object a line and answers with one. An OPERATION relay has
//! none.

use std::{
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hotline_transport::{Seams, ShiftedClock};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
};

/// Longest request, in bytes.
const LINE_MAX: u64 = 1_024;
/// How long a connection may take: one short question.
const TALK_MAX: Duration = Duration::from_secs(2);

/// What is asked of a relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ControlRequest {
    /// Set wall time off by so many milliseconds; 0 is right again.
    Clock {
        /// Later, or (negative) earlier.
        offset_ms: i64,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum ControlAnswer {
    /// It is done.
    Done {
        /// A sentence.
        what: String,
    },
    /// It was refused, and nothing changed.
    Refused {
        /// A sentence.
        what: String,
    },
}

/// The control socket of the relay with this ledger.
#[must_use]
pub fn socket_of(ledger: &Path) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push("-control");
    PathBuf::from(name)
}

/// Serves the socket until the relay closes. The caller holds the ledger's lock, so whatever lies there is left over.
///
/// # Errors
/// If the socket cannot be made.
pub fn serve(ledger: &Path, seams: &Seams, clock: Arc<ShiftedClock>) -> io::Result<()> {
    let path = socket_of(ledger);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let closing = seams.spawner.closing();
    seams.spawner.spawn("control socket", async move {
        loop {
            let accepted = tokio::select! {
                biased;
                () = closing.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            // One at a time, each bounded in time: a silent one keeps nobody out for long.
            if let Ok((stream, _)) = accepted {
                let _ = tokio::time::timeout(TALK_MAX, answer(stream, &clock)).await;
            }
        }
        let _ = std::fs::remove_file(path);
    });
    Ok(())
}

async fn answer(mut stream: UnixStream, clock: &ShiftedClock) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    BufReader::new(read).take(LINE_MAX).read_line(&mut line).await?;
    let answer = match serde_json::from_str(&line) {
        Ok(ControlRequest::Clock { offset_ms }) => shift(clock, offset_ms),
        Err(error) => ControlAnswer::Refused {
            what: format!("this relay does not know the request: {error}"),
        },
    };
    let mut said = serde_json::to_vec(&answer)?;
    said.push(b'\n');
    write.write_all(&said).await
}

fn shift(clock: &ShiftedClock, offset_ms: i64) -> ControlAnswer {
    match clock.shift(offset_ms) {
        Some(before_ms) => {
            let what = format!("wall time is off by {offset_ms} ms on purpose, by {before_ms} ms before");
            tracing::warn!(event = "alarm", code = "CLOCK", what, "alarm");
            ControlAnswer::Done { what }
        }
        None => ControlAnswer::Refused {
            what: "a clock is set off by ten years at most".into(),
        },
    }
}

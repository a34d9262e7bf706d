//! The control socket of a rig that runs: faults come and go by it, one JSON object a line each way.
//!
//! The socket has mode 0600 and lies in a folder of its user's own (mode 0700), `hotline-fault` in `XDG_RUNTIME_DIR` or
//! `hotline-fault-<uid>` in the system's temporary folder, as `NAME.sock`, so that whoever has one rig need not name it.

mod folder;

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixListener,
};

use crate::{
    rig::{LinkView, Rig},
    spec,
};

pub use folder::{check_name, default_socket, running};

/// Longest request or answer, in bytes. 1 MiB: all faults of many links.
const LINE_MAX: u64 = 1 << 20;
/// Connections served at once.
const CONNECTIONS_MAX: usize = 16;
/// How long a connection may stay silent, and how long an asker waits.
const SILENT_MAX: Duration = Duration::from_secs(5);

/// What is asked of a rig.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Put a fault in force.
    Add {
        /// What it is called.
        name: String,
        /// Its kind.
        kind: String,
        /// Its values.
        parameters: BTreeMap<String, String>,
        /// `up`, `down` or `both`.
        direction: String,
        /// On which link; every one that it can be applied to if none.
        link: Option<String>,
    },
    /// Take a fault back.
    Remove {
        /// What it is called.
        name: String,
    },
    /// Take all faults back.
    Clear,
    /// How everything stands.
    List,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Answer {
    /// It is done.
    Done {
        /// What: a fault as it would be typed, or a sentence.
        what: String,
        /// On which links.
        links: Vec<String>,
    },
    /// How everything stands.
    Links {
        /// Each link.
        links: Vec<LinkView>,
    },
    /// It was refused, and nothing changed.
    Refused {
        /// A sentence with the facts in it, and what to do.
        what: String,
    },
}

/// Opens a rig's socket with mode 0600. One that a killed process left is replaced; one that answers is not.
///
/// # Errors
/// If another rig answers there, or the path cannot be used.
pub fn bind(path: &Path) -> io::Result<Bound> {
    if UnixStream::connect(path).is_ok() {
        let what = format!(
            "another fault proxy answers at {}; end it, or choose another --name",
            path.display()
        );
        return Err(io::Error::new(io::ErrorKind::AddrInUse, what));
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(Bound {
        listener,
        path: path.to_owned(),
    })
}

/// An open control socket. Its file goes with it.
#[derive(Debug)]
pub struct Bound {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for Bound {
    fn drop(&mut self) {
        // Left behind it would be taken for a rig that was killed, and replaced.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Serves a rig until this is dropped.
pub async fn serve(rig: Arc<Rig>, bound: Bound) {
    let places = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS_MAX));
    let mut conversations = tokio::task::JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = bound.listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        while conversations.try_join_next().is_some() {}
        let rig = Arc::clone(&rig);
        conversations.spawn(async move {
            // A peer that went away is no concern of the rig.
            let _ = converse(&rig, stream).await;
            drop(place);
        });
    }
}

async fn converse(rig: &Rig, stream: tokio::net::UnixStream) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut reader = tokio::io::BufReader::new(read);
    loop {
        let mut line = String::new();
        let mut bounded = (&mut reader).take(LINE_MAX);
        let read = tokio::time::timeout(SILENT_MAX, bounded.read_line(&mut line)).await;
        if !matches!(read, Ok(Ok(1..))) || !line.ends_with('\n') {
            return Ok(());
        }
        let answer = match serde_json::from_str(&line) {
            Ok(request) => answer(rig, request),
            Err(error) => Answer::Refused {
                what: format!(
                    "this proxy does not know the request ({error}); use the hotline program it runs"
                ),
            },
        };
        let mut said = serde_json::to_vec(&answer)?;
        said.push(b'\n');
        write.write_all(&said).await?;
    }
}

/// Answers one request.
pub fn answer(rig: &Rig, request: Request) -> Answer {
    match carried_out(rig, request) {
        Ok(answer) => answer,
        Err(what) => Answer::Refused { what },
    }
}

fn carried_out(rig: &Rig, request: Request) -> Result<Answer, String> {
    Ok(match request {
        Request::Add {
            name,
            kind,
            parameters,
            direction,
            link,
        } => {
            let fault = spec::fault(&kind, &parameters).map_err(|error| error.what)?;
            let direction = spec::direction(&direction)?;
            let links = rig.add(&name, &fault, direction, link.as_deref());
            Answer::Done {
                what: spec::line(&fault),
                links: links.map_err(|error| error.to_string())?,
            }
        }
        Request::Remove { name } => Answer::Done {
            links: rig.remove(&name).map_err(|error| error.to_string())?,
            what: format!("{name} is removed"),
        },
        Request::Clear => Answer::Done {
            what: format!("{} faults are removed", rig.clear()),
            links: rig.links().map(|(link, _)| link.to_owned()).collect(),
        },
        Request::List => Answer::Links { links: rig.view() },
    })
}

/// Asks a rig, and waits for the answer.
///
/// # Errors
/// If no rig answers at the socket within five seconds.
pub fn ask(path: &Path, request: &Request) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(SILENT_MAX))?;
    stream.set_write_timeout(Some(SILENT_MAX))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut said = String::new();
    BufReader::new(stream).take(LINE_MAX).read_line(&mut said)?;
    serde_json::from_str(&said).map_err(io::Error::other)
}

#[cfg(test)]
mod tests;

//! The station's Unix socket: requests in, answers out, one JSON object a line.
//!
//! The socket file has mode 0600 and lies beside the ledger: whoever may read the desk's keys may use it. A socket left
//! by a killed station is replaced; one that answers is not.

use std::{
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use hotline_core::crash::{self, Point};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{
    request::{Answer, Refusal, Request},
    station::Station,
};

/// Longest request line, in bytes. 1 MiB: a sheet of 60 KiB in base64, many times over.
const LINE_MAX: usize = 1 << 20;

/// Connections served at once. 64: people and scripts of one seat.
const CONNECTIONS_MAX: usize = 64;

/// Opens the socket.
///
/// # Errors
/// If another station answers there, or the path cannot be used.
pub async fn bind(path: &Path) -> io::Result<UnixListener> {
    let near = Near::of(path)?;
    if path.exists() {
        if UnixStream::connect(near.path()).await.is_ok() {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                format!("another station answers at {}; end it first", path.display()),
            ));
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(near.path())?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Longest socket path that the system takes, in bytes (108 with the end mark, on Linux).
const PATH_MAX: usize = 107;

/// A socket's path, short enough for the system: one that is too long is reached through its opened folder.
struct Near {
    path: PathBuf,
    _folder: Option<std::fs::File>,
}

impl Near {
    fn of(path: &Path) -> io::Result<Self> {
        use std::os::{fd::AsRawFd as _, unix::ffi::OsStrExt as _};
        if path.as_os_str().as_bytes().len() <= PATH_MAX {
            return Ok(Self {
                path: path.to_owned(),
                _folder: None,
            });
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the socket's path names no file",
            ));
        };
        let folder = std::fs::File::open(parent)?;
        let path = Path::new("/proc/self/fd")
            .join(folder.as_raw_fd().to_string())
            .join(name);
        Ok(Self {
            path,
            _folder: Some(folder),
        })
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

/// Connects to whoever listens at `path`, however long it is; none if nobody does.
///
/// # Errors
/// If the socket cannot be used for another reason.
pub async fn connect(path: &Path) -> io::Result<Option<UnixStream>> {
    use io::ErrorKind::{ConnectionRefused, NotFound};
    let near = match Near::of(path) {
        Ok(near) => near,
        Err(error) if error.kind() == NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match UnixStream::connect(near.path()).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), NotFound | ConnectionRefused) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Serves verbs until the station closes.
pub async fn serve(station: Station, listener: UnixListener, path: PathBuf) {
    let places = std::sync::Arc::new(tokio::sync::Semaphore::new(CONNECTIONS_MAX));
    let closing = station.seams().spawner.closing();
    loop {
        let accepted = tokio::select! {
            biased;
            () = closing.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        let Ok(place) = std::sync::Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let station = station.clone();
        let spawner = station.seams().spawner.clone();
        spawner.spawn("verb", async move {
            let closing = station.seams().spawner.closing();
            tokio::select! {
                biased;
                () = closing.cancelled() => {}
                _ = converse(&station, stream) => {}
            }
            drop(place);
        });
    }
    let _ = std::fs::remove_file(path);
}

async fn converse(station: &Station, stream: UnixStream) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut reader = BufReader::new(read);
    loop {
        let Some(line) = bounded_line(&mut reader).await? else {
            return Ok(());
        };
        match serde_json::from_str::<Request>(&line) {
            Ok(Request::Watch) => {
                let mut news = station.news();
                say(
                    &mut write,
                    &Answer::Done {
                        what: "watching".into(),
                    },
                )
                .await?;
                while let Some(item) = news.next().await {
                    say(&mut write, &Answer::News(item)).await?;
                }
                return Ok(());
            }
            Ok(request) => {
                let releases = matches!(request, Request::Release { .. });
                say(&mut write, &station.serve(request).await).await?;
                if releases {
                    crash::at(Point::QueuedShown);
                }
            }
            Err(error) => say(&mut write, &Answer::Refused(unreadable(&error))).await?,
        }
    }
}

async fn bounded_line(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<String>> {
    use tokio::io::AsyncReadExt as _;
    let mut line = String::new();
    let read = reader.take(LINE_MAX as u64).read_line(&mut line).await?;
    if read == 0 {
        return Ok(None);
    }
    if !line.ends_with('\n') && read >= LINE_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a request line of over 1 MiB",
        ));
    }
    Ok(Some(line))
}

fn unreadable(error: &serde_json::Error) -> Refusal {
    Refusal {
        code: "HL-DESK-001".into(),
        exit: 2,
        what: format!("the request is not one this station knows: {error}"),
        help: "use the hotline program of the same version as the station".into(),
    }
}

async fn say(write: &mut OwnedWriteHalf, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    write.write_all(&line).await
}

/// A verb's connection to a station.
#[derive(Debug)]
pub struct Connection {
    lines: Lines<BufReader<OwnedReadHalf>>,
    write: OwnedWriteHalf,
}

impl Connection {
    /// Connects to the station at `path`; none if no station runs there.
    ///
    /// # Errors
    /// If the socket cannot be used for another reason than that nobody listens.
    pub async fn open(path: &Path) -> io::Result<Option<Self>> {
        Ok(connect(path).await?.map(|stream| {
            let (read, write) = stream.into_split();
            Self {
                lines: BufReader::new(read).lines(),
                write,
            }
        }))
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// If the station went away before it answered.
    pub async fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.write.write_all(&line).await?;
        self.next().await?.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the station ended before it answered",
            )
        })
    }

    /// The next answer; none when the station closes.
    ///
    /// # Errors
    /// If what comes is no answer.
    pub async fn next(&mut self) -> io::Result<Option<Answer>> {
        match self.lines.next_line().await? {
            Some(line) => serde_json::from_str(&line).map(Some).map_err(io::Error::other),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn a_socket_in_a_very_deep_folder_is_served_and_found() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a".repeat(90)).join("b".repeat(90));
        std::fs::create_dir_all(&deep).unwrap();
        let path = deep.join("desk.sock");
        assert!(Connection::open(&path).await.unwrap().is_none());
        let _listener = bind(&path).await.unwrap();
        assert!(Connection::open(&path).await.unwrap().is_some());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert!(bind(&path).await.is_err(), "a second station");
    }
}

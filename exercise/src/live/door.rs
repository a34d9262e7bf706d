//! Control's door: the Unix socket where controllers of this machine ask how the exercise stands and hand in signed orders.
//! Who joined from elsewhere does the same over the control plane ([`Asker`]).
//!
//! One JSON object a line. The socket file has mode 0600: who may use it could read the conductor's keys as well. Still it
//! takes no order that no controller has signed. Everything is answered by the conductor, one after another, so that two
//! orders never act at once.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use data_encoding::BASE64;
use hotline_client::socket;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{
        AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
        Lines,
    },
    net::UnixListener,
    sync::{Semaphore, broadcast, mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use crate::order::{RecordStands, Refusal, Standing};

/// Name of the socket in an exercise's stage.
pub const SOCKET: &str = "control.sock";
/// Longest line, in bytes. 64 KiB: the longest order in base64, twice over.
const LINE_MAX: u64 = 64 * 1024;
/// Connections served at once. 16: the controllers of one exercise, each with a few windows.
const CONNECTIONS_MAX: usize = 16;
/// Questions that wait for the conductor. 64: it answers one each time around.
const ASKED_MAX: usize = 64;
/// How long between two answers to one connection that asks how the exercise stands. 100 ms: a person sees no difference.
const STATUS_APART: Duration = Duration::from_millis(100);
/// Records kept for a slow watcher. 1,024: many minutes of an exercise.
const RECORDS_MAX: usize = 1_024;

/// What a controller asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// How the exercise stands.
    Status,
    /// Every record from now on.
    Watch,
    /// This to be done.
    Order {
        /// The signed order, in base64.
        statement: String,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// How the exercise stands.
    Standing(Box<Standing>),
    /// The order is carried out: this was written down, and so it stands now.
    Done {
        /// The record with the order inside.
        record: Box<RecordStands>,
        /// How the exercise stands.
        standing: Box<Standing>,
    },
    /// The order is not carried out.
    Refused {
        /// `HL-EX-171`.
        code: String,
        /// A sentence.
        what: String,
        /// What would do.
        help: String,
    },
    /// A record was written down.
    Record(Box<RecordStands>),
    /// So many records were written down that this watcher was too slow for.
    Missed {
        /// How many.
        records: u64,
    },
}

impl Answer {
    /// As a controller is told.
    #[must_use]
    pub fn refused(refusal: &Refusal) -> Self {
        Self::Refused {
            code: refusal.code(),
            what: refusal.what.clone(),
            help: refusal.help.clone(),
        }
    }
}

/// A question for the conductor.
#[derive(Debug)]
pub enum Asked {
    /// How the exercise stands.
    Status(Reply),
    /// Every record from now on.
    Watch(oneshot::Sender<broadcast::Receiver<RecordStands>>),
    /// This to be done: a signed order.
    Order(Vec<u8>, Reply),
}

/// Where an answer goes.
pub type Reply = oneshot::Sender<Answer>;

/// The conductor's side of the socket.
#[derive(Debug)]
pub struct Door {
    /// The socket's file; none where controllers are of this process.
    path: Option<PathBuf>,
    asked: mpsc::Receiver<Asked>,
    /// For doors beside the socket.
    ask: mpsc::Sender<Asked>,
    serving: Option<JoinHandle<()>>,
    records: broadcast::Sender<RecordStands>,
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Door {
    /// Opens the socket.
    ///
    /// # Errors
    /// If another conductor answers there, or the path cannot be used.
    pub async fn open(path: &Path) -> io::Result<Self> {
        let listener = socket::bind(path).await?;
        let (ask, asked) = mpsc::channel(ASKED_MAX);
        let (records, _) = broadcast::channel(RECORDS_MAX);
        Ok(Self {
            path: Some(path.to_owned()),
            asked,
            ask: ask.clone(),
            serving: Some(tokio::spawn(serve(listener, ask))),
            records,
        })
    }

    /// A door without a socket, and where controllers of this process ask.
    #[must_use]
    pub fn inside() -> (Self, mpsc::Sender<Asked>) {
        let (ask, asked) = mpsc::channel(ASKED_MAX);
        let (records, _) = broadcast::channel(RECORDS_MAX);
        let door = Self {
            path: None,
            asked,
            ask: ask.clone(),
            serving: None,
            records,
        };
        (door, ask)
    }

    /// The next question. Waits for ever where none comes.
    pub async fn next(&mut self) -> Asked {
        match self.asked.recv().await {
            Some(asked) => asked,
            None => std::future::pending().await,
        }
    }

    /// Tells every watcher of a record.
    pub fn tell(&self, record: RecordStands) {
        let _ = self.records.send(record);
    }

    /// For those who ask by another way than the socket.
    #[must_use]
    pub fn asker(&self) -> Asker {
        Asker(self.ask.clone())
    }

    /// Everything that is told from now on.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<RecordStands> {
        self.records.subscribe()
    }
}

async fn serve(listener: UnixListener, ask: mpsc::Sender<Asked>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        // One too many is closed at once.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let ask = ask.clone();
        tokio::spawn(async move {
            let (read, write) = stream.into_split();
            let _ = converse(BufReader::new(read), write, &ask, May::Order).await;
            drop(place);
        });
    }
}

/// What whoever asks may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum May {
    /// Look, and hand in orders: each is proven by its signature.
    Order,
    /// Only look.
    Look,
}

/// A way to the conductor.
#[derive(Clone, Debug)]
pub struct Asker(mpsc::Sender<Asked>);

impl Asker {
    /// Serves a controller or an observer over any connection, until it ends.
    ///
    /// # Errors
    /// If the connection breaks, or the conductor has gone.
    pub async fn serve(
        &self,
        reader: impl AsyncBufRead + Unpin,
        writer: impl AsyncWrite + Unpin,
        may: May,
    ) -> io::Result<()> {
        converse(reader, writer, &self.0, may).await
    }
}

async fn converse(
    mut reader: impl AsyncBufRead + Unpin,
    mut write: impl AsyncWrite + Unpin,
    ask: &mpsc::Sender<Asked>,
    may: May,
) -> io::Result<()> {
    let mut status_from = Instant::now();
    while let Some(line) = bounded_line(&mut reader).await? {
        let (reply, answer) = oneshot::channel();
        let asked = match serde_json::from_str(&line) {
            Ok(Ask::Status) => {
                sleep_until(status_from).await;
                status_from = Instant::now() + STATUS_APART;
                Asked::Status(reply)
            }
            Ok(Ask::Watch) => return watch(&mut reader, &mut write, ask).await,
            Ok(Ask::Order { .. }) if may == May::Look => {
                say(&mut write, &Answer::refused(&looks_only())).await?;
                continue;
            }
            Ok(Ask::Order { statement }) => match BASE64.decode(statement.as_bytes()) {
                Ok(bytes) => Asked::Order(bytes, reply),
                Err(error) => {
                    say(&mut write, &unreadable(&error.to_string())).await?;
                    continue;
                }
            },
            Err(error) => {
                say(&mut write, &unreadable(&error.to_string())).await?;
                continue;
            }
        };
        ask.send(asked).await.map_err(gone)?;
        say(&mut write, &answer.await.map_err(gone)?).await?;
    }
    Ok(())
}

/// Hands on records until the exercise has ended or the watcher has gone.
async fn watch(
    reader: &mut (impl AsyncBufRead + Unpin),
    write: &mut (impl AsyncWrite + Unpin),
    ask: &mpsc::Sender<Asked>,
) -> io::Result<()> {
    let (reply, records) = oneshot::channel();
    ask.send(Asked::Watch(reply)).await.map_err(gone)?;
    let mut records = records.await.map_err(gone)?;
    loop {
        let told = tokio::select! {
            biased;
            told = records.recv() => told,
            // A watcher says nothing more: whatever comes is its end.
            _ = reader.read_u8() => return Ok(()),
        };
        let answer = match told {
            Ok(record) => Answer::Record(Box::new(record)),
            Err(broadcast::error::RecvError::Lagged(records)) => Answer::Missed { records },
            Err(broadcast::error::RecvError::Closed) => return Ok(()),
        };
        say(write, &answer).await?;
    }
}

fn gone<E>(_: E) -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the conductor has gone")
}

async fn bounded_line(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = reader.take(LINE_MAX).read_line(&mut line).await?;
    match line.ends_with('\n') {
        true => Ok(Some(line)),
        false if read as u64 >= LINE_MAX => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a line of over 64 KiB",
        )),
        // What has no end was not said.
        false => Ok(None),
    }
}

fn unreadable(what: &str) -> Answer {
    Answer::refused(&Refusal::state(
        format!("the conductor does not know what is asked: {what}"),
        "use the hotline program that runs the exercise",
    ))
}

fn looks_only() -> Refusal {
    Refusal::stranger("an observer looks, and orders nothing".into())
}

async fn say(write: &mut (impl AsyncWrite + Unpin), answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    write.write_all(&line).await?;
    write.flush().await
}

/// A controller's side of the socket, or of the control plane.
pub struct Visit {
    lines: Lines<Box<dyn AsyncBufRead + Send + Unpin>>,
    write: Box<dyn AsyncWrite + Send + Unpin>,
}

impl Visit {
    /// Connects; none if no conductor is there.
    ///
    /// # Errors
    /// If the socket cannot be used for another reason.
    pub async fn open(path: &Path) -> io::Result<Option<Self>> {
        let stream = socket::connect(path).await?;
        Ok(stream.map(|stream| {
            let (read, write) = stream.into_split();
            Self::over(BufReader::new(read), write)
        }))
    }

    /// Over another connection to the conductor.
    pub fn over(
        reader: impl AsyncBufRead + Send + Unpin + 'static,
        write: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let reader: Box<dyn AsyncBufRead + Send + Unpin> = Box::new(reader);
        Self {
            lines: reader.lines(),
            write: Box::new(write),
        }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// If the conductor goes before it answers.
    pub async fn ask(&mut self, ask: &Ask) -> io::Result<Answer> {
        self.say(ask).await?;
        self.next().await?.ok_or_else(|| gone(()))
    }

    /// Asks, where every answer comes by [`next`](Self::next).
    ///
    /// # Errors
    /// If the conductor has gone.
    pub async fn say(&mut self, ask: &Ask) -> io::Result<()> {
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        self.write.write_all(&line).await?;
        self.write.flush().await
    }

    /// The next answer; none once the conductor has gone.
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

/// A signed order as it is handed in.
#[must_use]
pub fn handed_in(statement: &[u8]) -> Ask {
    Ask::Order {
        statement: BASE64.encode(statement),
    }
}

#[cfg(test)]
mod tests;

//! How control and players reach a desk: over its socket, or, where the desk is a node of a simulated world, by its handle.
//! What they ask and what they are told is the same.

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
};

use hotline_client::{
    config::DeskConfig,
    request::{Answer, News, Request},
    socket::Connection,
    station::Station,
};
use tokio::sync::mpsc;

/// Where a desk is found, each time anew: it may have been started again.
#[derive(Clone)]
pub enum Reach {
    /// At the socket that its settings name.
    Socket(Box<DeskConfig>),
    /// In this process, while it runs.
    Handle(Handle),
}

/// The place where a desk of this process is found. Clones are the same place.
#[derive(Clone, Default)]
pub struct Handle(Arc<Mutex<Option<Station>>>);

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle(runs: {})", self.station().is_some())
    }
}

impl Handle {
    /// The desk runs, or does not run any more.
    pub fn set(&self, station: Option<Station>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = station;
    }

    /// The desk, while it runs.
    #[must_use]
    pub fn station(&self) -> Option<Station> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// News that wait for whoever watches by a handle. 1,024: what is more waits at the desk.
const NEWS: usize = 1_024;
/// What a desk answers when it has died in the middle of a question.
const GONE: &str = "HL-DESK-010";

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "no station runs there")
}

impl Reach {
    /// Ready to ask.
    ///
    /// # Errors
    /// If no desk runs there.
    pub async fn connect(&self) -> io::Result<Asking> {
        match self {
            Self::Socket(config) => {
                let connection = Connection::open(&config.socket).await?;
                connection.map(Asking::Socket).ok_or_else(gone)
            }
            Self::Handle(handle) => handle.station().map(Asking::Handle).ok_or_else(gone),
        }
    }

    /// Told from now on what changes there.
    ///
    /// # Errors
    /// If no desk runs there.
    pub async fn watch(&self) -> io::Result<Watching> {
        match self.connect().await? {
            Asking::Socket(mut connection) => {
                connection.ask(&Request::Watch).await?;
                Ok(Watching::Socket(connection))
            }
            Asking::Handle(station) => {
                let (tell, told) = mpsc::channel(NEWS);
                tokio::spawn(tell_news(station, tell));
                Ok(Watching::Handle(told))
            }
        }
    }
}

/// A way to ask a desk.
pub enum Asking {
    /// Over its socket.
    Socket(Connection),
    /// By its handle.
    Handle(Station),
}

impl Asking {
    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// If the desk went away before it answered.
    pub async fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        match self {
            Self::Socket(connection) => connection.ask(request).await,
            Self::Handle(station) => match station.serve(request.clone()).await {
                Answer::Refused(refusal) if refusal.code == GONE => Err(gone()),
                answer => Ok(answer),
            },
        }
    }
}

/// A way to be told what changes at a desk.
pub enum Watching {
    /// Over its socket.
    Socket(Connection),
    /// By its handle.
    Handle(mpsc::Receiver<News>),
}

impl Watching {
    /// The next piece of news; none when the desk closes. Nothing is lost when this is dropped while it waits.
    ///
    /// # Errors
    /// If what comes is no news of a desk.
    pub async fn next(&mut self) -> io::Result<Option<News>> {
        match self {
            Self::Socket(connection) => loop {
                match connection.next().await? {
                    Some(Answer::News(news)) => return Ok(Some(news)),
                    Some(_) => {}
                    None => return Ok(None),
                }
            },
            Self::Handle(told) => Ok(told.recv().await),
        }
    }
}

/// Tells what changes until the desk closes or dies, or nobody listens any more.
async fn tell_news(station: Station, tell: mpsc::Sender<News>) {
    let closing = station.seams().spawner.closing();
    let mut news = station.news();
    loop {
        let next = tokio::select! {
            biased;
            () = closing.cancelled() => return,
            next = news.next() => next,
        };
        let Some(next) = next else { return };
        if tell.send(next).await.is_err() {
            return;
        }
    }
}

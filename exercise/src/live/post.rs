//! A desk of the stage as the conductor knows it: asked over its socket, heard over another connection to it; or, where its
//! people joined from elsewhere, over the control plane.

use std::{io, time::Duration};

use hotline_client::{
    request::{Answer, Request},
    status::LineStatus,
    view::MessageView,
};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use super::{
    joined::{Line, may_be_asked},
    reach::{Asking, Reach, Watching},
    stage::Happening,
};

/// How long a desk may take to answer. Half a second: it answers within milliseconds, unless its process stands still.
const ANSWERS_WITHIN: Duration = Duration::from_millis(500);
/// Most messages that are asked for at once, behind a restart.
const LIST_MOST: usize = 10_000;

/// A connection to a desk that runs.
pub struct Post {
    name: String,
    way: Way,
}

/// How a desk is reached.
enum Way {
    Socket(Box<Socket>),
    Plane(Line),
}

struct Socket {
    reach: Reach,
    /// None after a question that was not answered: a late answer would be taken for that to the next one.
    asking: Option<Asking>,
    hearing: JoinHandle<()>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.hearing.abort();
    }
}

impl Post {
    /// Connects to a desk; what it tells goes into `heard` from then on.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn open(name: &str, reach: Reach, heard: mpsc::Sender<Happening>) -> io::Result<Self> {
        let asking = Some(reach.connect().await?);
        let watching = reach.watch().await?;
        let hearing = tokio::spawn(hear(name.to_owned(), watching, heard));
        let socket = Socket {
            reach,
            asking,
            hearing,
        };
        Ok(Self {
            name: name.to_owned(),
            way: Way::Socket(Box::new(socket)),
        })
    }

    /// A desk whose people joined; what it tells goes into `heard` from then on.
    #[must_use]
    pub fn joined(name: &str, line: Line, heard: mpsc::Sender<Happening>) -> Self {
        line.play(heard);
        Self {
            name: name.to_owned(),
            way: Way::Plane(line),
        }
    }

    /// What the scenario calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the line stands there.
    ///
    /// # Errors
    /// If it has gone.
    pub async fn status(&mut self) -> io::Result<LineStatus> {
        match self.ask(&Request::Status).await? {
            Answer::Status(status) => Ok(*status),
            _ => Err(io::Error::other("the desk answers something else")),
        }
    }

    /// A message as it stands there.
    ///
    /// # Errors
    /// If it has gone or does not know the message.
    pub async fn show(&mut self, message: &str) -> io::Result<MessageView> {
        let message = message.to_owned();
        match self.ask(&Request::Show { message }).await? {
            Answer::Message(view) => Ok(*view),
            _ => Err(io::Error::other("the desk answers something else")),
        }
    }

    /// Every message that it knows, the newest last.
    ///
    /// # Errors
    /// If it has gone.
    pub async fn list(&mut self) -> io::Result<Vec<MessageView>> {
        let (limit, incoming) = (LIST_MOST, false);
        match self.ask(&Request::List { limit, incoming }).await? {
            Answer::Messages { messages } => Ok(messages),
            _ => Err(io::Error::other("the desk answers something else")),
        }
    }

    /// Asks for anything else.
    ///
    /// # Errors
    /// If it has gone, does not answer within half a second, or refuses, in its words.
    pub async fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        let answered = match &mut self.way {
            Way::Socket(socket) => socket.ask(request).await,
            Way::Plane(_) if !may_be_asked(request) => {
                Err(io::Error::other("that is for the people at this desk to do"))
            }
            Way::Plane(line) => timeout(ANSWERS_WITHIN, line.ask(request)).await?,
        };
        match answered? {
            Answer::Refused(refusal) => Err(io::Error::other(format!("{}: {}", refusal.code, refusal.what))),
            answer => Ok(answer),
        }
    }
}

impl Socket {
    async fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        let answered = timeout(ANSWERS_WITHIN, self.exchange(request)).await;
        let answered = answered.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if answered.is_err() {
            self.asking = None;
        }
        answered
    }

    async fn exchange(&mut self, request: &Request) -> io::Result<Answer> {
        if self.asking.is_none() {
            self.asking = Some(self.reach.connect().await?);
        }
        match &mut self.asking {
            Some(asking) => asking.ask(request).await,
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

async fn hear(name: String, mut watching: Watching, heard: mpsc::Sender<Happening>) {
    while let Ok(Some(news)) = watching.next().await {
        let news = Box::new(news);
        let desk = name.clone();
        if heard.send(Happening::News { desk, news }).await.is_err() {
            return;
        }
    }
    let _ = heard
        .send(Happening::Gone {
            who: format!("desk {name}"),
        })
        .await;
}

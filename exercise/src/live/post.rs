//! A desk of the stage as the conductor knows it: asked over its socket, heard over another connection to it.

use std::{io, path::Path};

use hotline_client::{
    config::DeskConfig,
    request::{Answer, News, Request},
    socket::Connection,
    status::LineStatus,
    view::MessageView,
};
use tokio::{sync::mpsc, task::JoinHandle};

use super::stage::Happening;

/// A connection to a desk that runs.
pub struct Post {
    name: String,
    asking: Connection,
    hearing: JoinHandle<()>,
}

impl Drop for Post {
    fn drop(&mut self) {
        self.hearing.abort();
    }
}

impl Post {
    /// Connects to a desk; what it tells goes into `heard` from then on.
    ///
    /// # Errors
    /// If its settings cannot be read, or it does not answer.
    pub async fn open(name: &str, config: &Path, heard: mpsc::Sender<Happening>) -> io::Result<Self> {
        let config = DeskConfig::load(config).map_err(io::Error::other)?;
        let asking = connect(&config).await?;
        let mut watching = connect(&config).await?;
        watching.ask(&Request::Watch).await?;
        let hearing = tokio::spawn(hear(name.to_owned(), watching, heard));
        Ok(Self {
            name: name.to_owned(),
            asking,
            hearing,
        })
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

    /// Asks for anything else.
    ///
    /// # Errors
    /// If it has gone or refuses, in its words.
    pub async fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        match self.asking.ask(request).await? {
            Answer::Refused(refusal) => Err(io::Error::other(format!("{}: {}", refusal.code, refusal.what))),
            answer => Ok(answer),
        }
    }
}

async fn connect(config: &DeskConfig) -> io::Result<Connection> {
    let gone = || io::Error::new(io::ErrorKind::NotConnected, "no station runs there");
    Connection::open(&config.socket).await?.ok_or_else(gone)
}

async fn hear(name: String, mut watching: Connection, heard: mpsc::Sender<Happening>) {
    while let Ok(Some(answer)) = watching.next().await {
        let Answer::News(news) = answer else { continue };
        let news: Box<News> = Box::new(news);
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

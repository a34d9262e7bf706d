//! A desk as people of a driven line have it: found again after its process died.

use std::{path::PathBuf, time::Duration};

use hotline_client::{
    request::{Answer, Request},
    socket::Connection,
    view::MessageView,
};

/// How long a desk may take to answer. 5 s: longer than any pause of the rack.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Newest messages that a look covers: many times what comes in between two looks.
const LOOK: usize = 200;
/// All of them.
const ALL: usize = 100_000;

/// A desk's socket, found again after its process died.
pub(super) struct Desk {
    socket: PathBuf,
    connection: Option<Connection>,
}

impl Desk {
    pub(super) fn at(socket: PathBuf) -> Self {
        Self {
            socket,
            connection: None,
        }
    }

    pub(super) async fn reached(&mut self) -> bool {
        if self.connection.is_none() {
            self.connection = Connection::open(&self.socket).await.ok().flatten();
        }
        self.connection.is_some()
    }

    /// What the desk answers; none when it is not there, dies meanwhile, or stands still.
    pub(super) async fn ask(&mut self, request: &Request) -> Option<Answer> {
        if !self.reached().await {
            return None;
        }
        let connection = self.connection.as_mut()?;
        let answer = tokio::time::timeout(ANSWER_WITHIN, connection.ask(request)).await;
        if !matches!(answer, Ok(Ok(_))) {
            self.connection = None;
        }
        answer.ok()?.ok()
    }

    /// The newest messages; every so often all of them.
    pub(super) async fn list(&mut self, look: usize, incoming: bool) -> Vec<MessageView> {
        let limit = if look.is_multiple_of(20) { ALL } else { LOOK };
        match self.ask(&Request::List { limit, incoming }).await {
            Some(Answer::Messages { messages }) => messages,
            Some(_) | None => Vec::new(),
        }
    }
}

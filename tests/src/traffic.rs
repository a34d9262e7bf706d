//! Traffic: a desk that releases messages at a steady pace, in the background, until it is told to stop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hotline_cli::desk::{keyring, seat::Seat};
use hotline_client::{
    compose::{self, Officer, Sheet, Wording},
    request::Request,
    view::MessageView,
};
use hotline_core::{
    precedence::Precedence,
    release::Capacity,
    words::{OfficerRole, ResponseAttribute},
};
use tokio::task::JoinHandle;

use crate::Line;

/// What a plain message says.
#[must_use]
pub fn wording(seat: &Seat, text: &str) -> Wording {
    Wording {
        response: ResponseAttribute::Roger,
        ..Wording::notice(Precedence::Routine, seat.config.channel.clone(), text)
    }
}

/// A releaser at a seat.
pub struct Sender {
    /// Where the releaser sits.
    pub seat: Seat,
    officer: Officer,
}

impl Sender {
    /// Sits down at a side's desk.
    pub async fn at(line: &Line, side: usize) -> Self {
        let seat = line.seat(side).await;
        let officer =
            keyring::officer(&seat, &line.common(side), None, &[OfficerRole::Releaser], None).unwrap();
        Self { seat, officer }
    }

    /// Signs a wording; it is not released yet.
    #[must_use]
    pub fn sheet(&self, wording: &Wording) -> Sheet {
        let (clock, entropy) = (self.seat.seams.clock.as_ref(), self.seat.seams.entropy.as_ref());
        compose::write(
            (&self.seat.config, &self.seat.sealing()),
            wording,
            &self.officer,
            Capacity::Releaser,
            clock,
            entropy,
        )
        .unwrap()
    }

    /// Releases a plain message.
    pub async fn send(&mut self, text: &str) -> MessageView {
        let sheet = self.sheet(&wording(&self.seat, text));
        self.seat.message(Request::Release { sheet }).await.unwrap()
    }
}

/// Messages in a steady stream.
pub struct Traffic {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Vec<MessageView>>,
}

impl Traffic {
    /// Begins, with `pause` between two messages.
    pub async fn start(line: &Line, side: usize, pause: Duration) -> Self {
        let mut sender = Sender::at(line, side).await;
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let mut sent = Vec::new();
            let mut pace = tokio::time::interval(pause);
            while !told.load(Ordering::Relaxed) {
                pace.tick().await;
                sent.push(
                    sender
                        .send(&format!("Search report {}: no sighting.", sent.len() + 1))
                        .await,
                );
            }
            sent
        });
        Self { stop, task }
    }

    /// Ends it; gives back what was released.
    pub async fn stop(self) -> Vec<MessageView> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

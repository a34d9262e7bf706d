//! The people at desk B: they look at every N-th message, and an officer acknowledges it; and every FLASH and OVERRIDE.
//! Nobody lets hundreds of those ring: each that nobody acknowledges has both desks sign that it is overdue, and ten minutes
//! after a round of hundreds these calls would be what is measured.
//!
//! A bench plays them so that the rungs that only people climb have times too. Nobody thinks or reads here: what is
//! measured is the line's share of these rungs.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use hotline_audit::{Hash, statement::Reference};
use hotline_client::{
    compose::{self, Officer},
    config::DeskConfig,
    request::{Answer, News, Request},
    side::Directory,
    socket::Connection,
    view::MessageView,
};
use hotline_core::{
    precedence::{Precedence, Urgency},
    words::Rung,
};
use hotline_transport::Seams;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{links::Desk, officer, sides::Side};
use crate::{
    bench::{error::BenchError, measure::legs::Legs},
    desk::seat,
};

/// What the people have seen and done.
#[derive(Debug, Default)]
struct Done {
    seen: HashSet<Hash>,
    chosen: HashSet<Hash>,
    failed: Option<BenchError>,
}

/// The people at desk B.
pub struct People {
    done: Arc<Mutex<Done>>,
    every: Arc<AtomicU32>,
    playing: JoinHandle<()>,
}

struct Seat {
    config: DeskConfig,
    officer: Officer,
    desk: Connection,
    legs: Legs,
    seams: Seams,
}

impl People {
    /// Takes seats at that desk, whose lines these are. They look at nothing yet; what the desk says of its legs goes to
    /// `legs`.
    ///
    /// # Errors
    /// If the desk does not answer, or has no watch officer.
    pub async fn sit(
        side: &Side,
        lines: mpsc::Receiver<String>,
        legs: Legs,
        seams: &Seams,
    ) -> Result<Self, BenchError> {
        let config = DeskConfig::load(&side.desk_settings())?;
        let directory = Directory::load(&config).map_err(|error| BenchError::Releaser(error.to_string()))?;
        let officer = officer(&config, &directory, &side.watch)?;
        let desk = super::ask(side).await?;
        let seat = Seat {
            config,
            officer,
            desk,
            legs,
            seams: seams.clone(),
        };
        let (done, every) = (Arc::new(Mutex::default()), Arc::new(AtomicU32::new(0)));
        let playing = tokio::spawn(play(seat, lines, Arc::clone(&done), Arc::clone(&every)));
        Ok(Self { done, every, playing })
    }

    /// From now on they display and acknowledge each N-th message; with 0 only those that are urgent.
    pub fn acknowledge_every(&self, messages: u32) {
        self.every.store(messages, Ordering::Relaxed);
    }

    /// Whether they have seen it, and desk A has their acknowledgement if they sign one.
    pub fn are_done_with(&self, message: &Hash, acknowledged: bool) -> bool {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.failed.is_some()
            || (done.seen.contains(message) && (acknowledged || !done.chosen.contains(message)))
    }

    /// Gets up.
    ///
    /// # Errors
    /// Why they could not go on, if so.
    pub fn leave(self) -> Result<(), BenchError> {
        let failed = self
            .done
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .failed
            .take();
        failed.map_or(Ok(()), Err)
    }
}

impl Drop for People {
    fn drop(&mut self) {
        self.playing.abort();
    }
}

async fn play(
    mut seat: Seat,
    mut lines: mpsc::Receiver<String>,
    done: Arc<Mutex<Done>>,
    every: Arc<AtomicU32>,
) {
    let mut count = 0_u32;
    while let Some(line) = lines.recv().await {
        let Ok(news) = serde_json::from_str::<News>(&line) else {
            continue;
        };
        seat.legs.note(Desk::B, &news);
        let Some((hash, view)) = arrived(news) else {
            continue;
        };
        let every = every.load(Ordering::Relaxed);
        count = count.wrapping_add(1);
        let chosen = urgent(&view) || (every > 0 && count.is_multiple_of(every));
        {
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.seen.insert(hash);
            if chosen {
                done.chosen.insert(hash);
            }
        }
        if chosen && let Err(error) = seat.acknowledge(&view).await {
            done.lock().unwrap_or_else(PoisonError::into_inner).failed = Some(error);
            return;
        }
    }
}

fn urgent(view: &MessageView) -> bool {
    let precedence = view.precedence.parse::<Precedence>();
    precedence.is_ok_and(|precedence| precedence.urgency() == Urgency::Urgent)
}

/// A message that came in, if a desk's news is one.
fn arrived(news: News) -> Option<(Hash, Box<MessageView>)> {
    match news {
        News::Message { what, message } if what == "ADDED" && message.direction == "in" => {
            Some((message.sha256.parse().ok()?, message))
        }
        _ => None,
    }
}

impl Seat {
    async fn acknowledge(&mut self, view: &MessageView) -> Result<(), BenchError> {
        let messages = vec![view.sha256.clone()];
        self.ask(Request::Showing {
            messages: messages.clone(),
        })
        .await?;
        self.ask(Request::Displayed { messages }).await?;
        let act = self.act(view)?;
        self.ask(Request::Act { act }).await
    }

    fn act(&self, view: &MessageView) -> Result<String, BenchError> {
        let (reference, _): (Reference, _) =
            seat::reference(view).map_err(|failure| BenchError::Ended(failure.what))?;
        compose::act(
            &self.config,
            &self.officer,
            Rung::Acknowledged,
            reference,
            "",
            self.seams.clock.as_ref(),
        )
        .map_err(|error| BenchError::Releaser(error.to_string()))
    }

    async fn ask(&mut self, request: Request) -> Result<(), BenchError> {
        match self.desk.ask(&request).await {
            Ok(Answer::Refused(refusal)) => Err(BenchError::Refused(refusal)),
            Ok(_) => Ok(()),
            Err(error) => Err(BenchError::place("desk B's socket")(error)),
        }
    }
}

//! The answer to a commit, to be awaited or waited for.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::error::CommitError;
use crate::ledger::Shared;
use crate::store::StoreError;
use crate::writer::Answer;

/// The fate of a batch. The batch was queued when [`crate::Ledger::commit`] was called: dropping this forgets the answer,
/// not the batch. Runs on any runtime and needs none.
#[must_use = "a batch is durable only when this says so"]
pub struct Commit {
    state: State,
}

enum State {
    Answered(Option<Box<Answer>>),
    Waiting(oneshot::Receiver<Answer>, Arc<Shared>),
}

impl Commit {
    pub(crate) fn answered(answer: Answer) -> Self {
        Self {
            state: State::Answered(Some(Box::new(answer))),
        }
    }

    pub(crate) fn waiting(answer: oneshot::Receiver<Answer>, shared: Arc<Shared>) -> Self {
        Self {
            state: State::Waiting(answer, shared),
        }
    }

    /// Blocks this thread until the batch is durable or refused. For threads without a runtime; inside one, await.
    ///
    /// # Errors
    /// Why the batch was not committed.
    ///
    /// # Panics
    /// When called inside an asynchronous runtime's task while the answer is not there yet.
    pub fn wait(self) -> Answer {
        match self.state {
            State::Answered(answer) => answer.map_or(Err(CommitError::Closed), |answer| *answer),
            State::Waiting(answer, shared) => answer.blocking_recv().unwrap_or_else(|_| Err(lost(&shared))),
        }
    }
}

impl Future for Commit {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        match &mut self.state {
            // Polled again after its end: the answer was given.
            State::Answered(answer) => {
                Poll::Ready(answer.take().map_or(Err(CommitError::Closed), |answer| *answer))
            }
            State::Waiting(answer, shared) => Pin::new(answer)
                .poll(context)
                .map(|answer| answer.unwrap_or_else(|_| Err(lost(shared)))),
        }
    }
}

/// The writer went away without an answer. One that ends in order answers everybody, so it has panicked.
fn lost(shared: &Shared) -> CommitError {
    CommitError::Dead(shared.die(StoreError::WriterStopped))
}

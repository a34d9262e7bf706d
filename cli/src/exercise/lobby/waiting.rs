//! Who is on the way in, and a start that waits for them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

/// How long a start waits for somebody who was let in and has not come in yet. 15 s.
const COMES_IN_WITHIN: Duration = Duration::from_secs(15);

/// Who is on the way in.
#[derive(Default)]
pub(super) struct Waiting {
    /// Whose words are to be compared, by name.
    pub(super) asked: BTreeMap<String, oneshot::Sender<Option<bool>>>,
    /// Whom the facilitator lets in, and who is not in yet.
    coming: BTreeSet<String>,
    /// When it was to start.
    pub(super) go: Option<Instant>,
}

impl Waiting {
    pub(super) fn answer(&mut self, who: String, answer: Option<bool>) -> bool {
        let Some(waits) = self.asked.remove(&who) else {
            return false;
        };
        if waits.send(answer).is_ok() && answer != Some(false) {
            self.coming.insert(who);
        }
        true
    }

    pub(super) fn over(&mut self, who: &str) {
        self.asked.remove(who);
        self.coming.remove(who);
    }

    /// Whether a start that was typed waits no more.
    pub(super) fn starts(&self) -> bool {
        let patient = |go: Instant| !self.coming.is_empty() && go.elapsed() < COMES_IN_WITHIN;
        self.go.is_some_and(|go| !patient(go))
    }
}

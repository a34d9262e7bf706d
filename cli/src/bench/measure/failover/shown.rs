//! What desk B showed, and how often: read from the lines that its station prints for whoever watches.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hotline_audit::Hash;
use hotline_client::request::News;
use tokio::{sync::mpsc, task::JoinHandle};

use super::legs::Legs;
use crate::bench::{error::BenchError, line::links::Desk};

/// How long desk B may take to print what it has already receipted.
const PRINTED_WITHIN: Duration = Duration::from_secs(10);
/// How often we look.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How often each message was shown.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    times: HashMap<Hash, u32>,
    /// A line that means that others are missing.
    missed: u64,
}

impl Shown {
    /// Takes a line; none is one that could not be read.
    fn take(&mut self, news: Option<&News>) {
        match news {
            Some(news) => self.hear(news),
            None => self.missed += 1,
        }
    }

    fn hear(&mut self, news: &News) {
        match news {
            News::Message { what, message } if what == "ADDED" && message.direction == "in" => {
                match message.sha256.parse() {
                    Ok(hash) => *self.times.entry(hash).or_default() += 1,
                    Err(_) => self.missed += 1,
                }
            }
            News::Alarm { code, .. } if code == "LAGGED" => self.missed += 1,
            News::Message { .. } | News::Leg { .. } | News::Presence { .. } | News::Alarm { .. } => {}
        }
    }

    /// Whether it was shown.
    pub fn ever(&self, message: &Hash) -> bool {
        self.times.contains_key(message)
    }

    /// How many were shown more than once.
    pub fn more_than_once(&self) -> usize {
        self.times.values().filter(|times| **times > 1).count()
    }
}

/// Watches desk B.
pub struct Watcher {
    shown: Arc<Mutex<Shown>>,
    reading: JoinHandle<()>,
}

/// Watches the lines of desk B until they end; what it says of its legs goes to `legs`.
pub fn watch(mut lines: mpsc::Receiver<String>, legs: Legs) -> Watcher {
    let shown = Arc::new(Mutex::new(Shown::default()));
    let reading = tokio::spawn({
        let shown = Arc::clone(&shown);
        async move {
            while let Some(line) = lines.recv().await {
                let news = serde_json::from_str::<News>(&line);
                if let Ok(news @ News::Leg { .. }) = &news {
                    legs.note(Desk::B, news);
                }
                shown
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take(news.as_ref().ok());
            }
        }
    });
    Watcher { shown, reading }
}

impl Watcher {
    /// Waits until all of these were shown, or it is plain that some are not, and tells.
    ///
    /// # Errors
    /// If lines are missing, so that nothing can be said.
    pub async fn finish(self, expected: &BTreeSet<Hash>) -> Result<Shown, BenchError> {
        let all = async {
            while !self.has_all(expected) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        // Not shown in time is what we are here to count.
        let _ = tokio::time::timeout(PRINTED_WITHIN, all).await;
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if shown.missed > 0 {
            Err(BenchError::Missed(shown.missed))
        } else {
            Ok(shown)
        }
    }

    fn has_all(&self, expected: &BTreeSet<Hash>) -> bool {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        expected.iter().all(|hash| shown.ever(hash))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_client::view::MessageView;
    use hotline_transport::Seams;

    use super::*;

    fn news(what: &str, direction: &str, hash: Hash) -> News {
        let view = serde_json::json!({
            "name": "A-0001", "id": "", "sha256": hash.to_string(), "direction": direction, "from": "", "to": [],
            "precedence": "ROUTINE", "class": "FORMAL", "message_type": "EXERCISE", "function": "NOTIFY",
            "channel": "MINISTER", "response": "NONE", "answers": [], "conversation": "", "dtg": "", "stored_ms": 0,
            "leaf": 0, "text": "", "shown_text": "", "marked": 0, "state": "DELIVERED", "plain": "arrived",
            "shown": "never", "rungs": [], "late_copies": {},
        });
        let message: MessageView = serde_json::from_value(view).unwrap();
        News::Message {
            what: what.into(),
            message: Box::new(message),
        }
    }

    #[test]
    fn only_what_came_in_and_was_added_counts_and_twice_is_noticed() {
        let (one, other, own) = (Hash([1; 32]), Hash([2; 32]), Hash([3; 32]));
        let mut shown = Shown::default();
        shown.take(Some(&news("ADDED", "in", one)));
        shown.take(Some(&news("DELIVERED", "in", one)));
        shown.take(Some(&news("ADDED", "out", own)));
        assert_eq!(
            (shown.ever(&one), shown.ever(&own), shown.more_than_once()),
            (true, false, 0)
        );
        shown.take(Some(&news("ADDED", "in", other)));
        shown.take(Some(&news("ADDED", "in", other)));
        assert_eq!((shown.more_than_once(), shown.missed), (1, 0));
    }

    #[tokio::test]
    async fn a_watcher_that_missed_lines_says_so_rather_than_nothing_was_shown_twice() {
        let (say, lines) = mpsc::channel(4);
        let watcher = watch(lines, Legs::new(Seams::system().clock));
        let lagged = News::Alarm {
            code: "LAGGED".into(),
            what: "3 events were not shown".into(),
        };
        say.send(serde_json::to_string(&lagged).unwrap()).await.unwrap();
        let added = news("ADDED", "in", Hash([1; 32]));
        say.send(serde_json::to_string(&added).unwrap()).await.unwrap();
        let finished = watcher.finish(&BTreeSet::from([Hash([1; 32])])).await;
        assert!(matches!(finished, Err(BenchError::Missed(1))));
    }
}

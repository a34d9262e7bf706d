//! What desk B showed, when, in which order and how often: read from the lines that its station prints for whoever
//! watches.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hotline_audit::Hash;
use hotline_client::request::News;
use hotline_core::{name::MessageName, time::LineTime};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::bench::{
    error::BenchError,
    line::links::Desk,
    measure::{gaps::Stretch, legs::Legs},
};

/// How long desk B may take to print what it has already receipted.
const PRINTED_WITHIN: Duration = Duration::from_secs(10);
/// How often we look.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What desk B showed.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// How often each message, and when first.
    times: HashMap<Hash, (u32, LineTime)>,
    /// The highest number of each sender that was shown.
    highest: BTreeMap<String, u64>,
    /// When a message was shown behind a later one of the same sender.
    overtaken: Vec<LineTime>,
    /// A line that means that others are missing.
    missed: u64,
}

impl Shown {
    /// Takes a line that came at that time; none is one that could not be read.
    fn take(&mut self, news: Option<&News>, at: LineTime) {
        match news {
            Some(news) => self.hear(news, at),
            None => self.missed += 1,
        }
    }

    fn hear(&mut self, news: &News, at: LineTime) {
        match news {
            News::Message { what, message } if what == "ADDED" && message.direction == "in" => {
                match (message.sha256.parse(), message.name.parse::<MessageName>()) {
                    (Ok(hash), Ok(name)) => self.added(hash, &message.from, name.number(), at),
                    (Err(_), _) | (_, Err(_)) => self.missed += 1,
                }
            }
            News::Alarm { code, .. } if code == "LAGGED" => self.missed += 1,
            News::Message { .. }
            | News::Leg { .. }
            | News::Presence { .. }
            | News::Stated { .. }
            | News::Refused { .. }
            | News::Alarm { .. } => {}
        }
    }

    fn added(&mut self, message: Hash, from: &str, number: u64, at: LineTime) {
        let (times, _) = self.times.entry(message).or_insert((0, at));
        *times += 1;
        if *times > 1 {
            return;
        }
        let highest = self.highest.entry(from.to_owned()).or_default();
        if number < *highest {
            self.overtaken.push(at);
        }
        *highest = number.max(*highest);
    }

    /// When it was first shown.
    pub fn first(&self, message: &Hash) -> Option<LineTime> {
        self.times.get(message).map(|(_, at)| *at)
    }

    /// How many were shown behind a later one of the same sender, in all or in a stretch.
    pub fn out_of_order(&self, within: Option<Stretch>) -> usize {
        let counts = |at: &&LineTime| within.is_none_or(|stretch| (stretch.from..=stretch.to).contains(*at));
        self.overtaken.iter().filter(counts).count()
    }

    /// Whether it was shown.
    pub fn ever(&self, message: &Hash) -> bool {
        self.times.contains_key(message)
    }

    /// How many were shown more than once.
    pub fn more_than_once(&self) -> usize {
        self.times.values().filter(|(times, _)| *times > 1).count()
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
                let at = legs.now();
                let news = serde_json::from_str::<News>(&line);
                if let Ok(news @ News::Leg { .. }) = &news {
                    legs.note(Desk::B, news);
                }
                shown
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take(news.as_ref().ok(), at);
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
        shown.take(Some(&news("ADDED", "in", one)), LineTime::START);
        shown.take(Some(&news("DELIVERED", "in", one)), LineTime::START);
        shown.take(Some(&news("ADDED", "out", own)), LineTime::START);
        assert_eq!(
            (shown.ever(&one), shown.ever(&own), shown.more_than_once()),
            (true, false, 0)
        );
        shown.take(Some(&news("ADDED", "in", other)), LineTime::START);
        shown.take(Some(&news("ADDED", "in", other)), LineTime::START);
        assert_eq!((shown.more_than_once(), shown.missed), (1, 0));
    }

    #[test]
    fn what_is_shown_behind_a_later_one_of_the_same_sender_is_out_of_order() {
        let at = |ms| LineTime::from_start(Duration::from_millis(ms));
        let mut shown = Shown::default();
        for (ms, from, number) in [(1, "a", 1), (2, "a", 3), (3, "b", 1), (4, "a", 2), (5, "a", 4)] {
            let hash = Hash([u8::try_from(ms).unwrap(); 32]);
            shown.added(hash, from, number, at(ms));
        }
        // Shown again, it is twice, and not out of order.
        shown.added(Hash([1; 32]), "a", 1, at(9));
        assert_eq!((shown.out_of_order(None), shown.more_than_once()), (1, 1));
        let within = |from, to| {
            Some(Stretch {
                from: at(from),
                to: at(to),
            })
        };
        assert_eq!(
            (shown.out_of_order(within(4, 9)), shown.out_of_order(within(5, 9))),
            (1, 0)
        );
        assert_eq!(shown.first(&Hash([1; 32])), Some(at(1)));
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

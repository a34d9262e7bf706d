//! The other side's checkpoints as leaves of a relay's own log: so the order between the two logs is proved by the trees,
//! without a clock.
//!
//! Two logs that anchor each other would feed each other for ever, an anchor for an anchor. So a checkpoint becomes a leaf
//! only where the other log has grown by something that is no anchor since the last one, and no sooner than a while
//! behind that, or a number of entries.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hotline_audit::{Hash, PayloadType, SignedStatement, statement::PeerCheckpoint, witness::Seen};
use hotline_core::{leg::Lane, time::LineTime};
use hotline_ledger::{Batch, Entry, ReadError, Record};

use super::{
    book::{self, KeptError},
    office::{KnownLogs as _, Office},
    shelf::{self, Held},
};
use crate::{relay::Relay, relog};

/// What a leaf of this kind is, in the ledger's `kind` column.
pub const PEER_CHECKPOINT_KIND: u8 = 20;

/// Up to which size each log was anchored: key = origin, value = 8 bytes, big-endian.
const ANCHOR_SPACE: &str = "witness-anchor";

/// How soon one anchor follows another.
#[derive(Clone, Copy, Debug)]
pub struct Damping {
    /// After so long. 10 s: as often as a quiet log's checkpoints are offered.
    pub every: Duration,
    /// Or after so many entries. 100, likewise.
    pub entries: u64,
    /// But never sooner. 2 s: another side's log grows as fast as it likes, and this one must not grow with it.
    pub floor: Duration,
}

impl Default for Damping {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(10),
            entries: 100,
            floor: Duration::from_secs(2),
        }
    }
}

/// The task of a relay that anchors what it has cosigned.
pub struct Anchors {
    relay: Arc<Relay>,
    office: Arc<Office>,
    damping: Damping,
    /// When each log was anchored last, and up to which size it holds nothing but anchors behind that.
    logs: BTreeMap<String, Past>,
    sides: Sides,
}

/// When a log of each side was anchored last: a side that has many logs makes this one grow no faster than one that has one.
#[derive(Debug, Default)]
struct Sides(BTreeMap<String, LineTime>);

impl Sides {
    /// How long the next anchor of this side has to wait yet.
    fn left(&self, origin: &str, floor: Duration, now: LineTime) -> Duration {
        let last = self.0.get(book::side_of(origin));
        last.map_or(Duration::ZERO, |at| floor.saturating_sub(now.since(*at)))
    }

    fn anchored(&mut self, origin: &str, now: LineTime) {
        self.0.insert(book::side_of(origin).to_owned(), now);
    }
}

/// Whichever was anchored longest ago comes first, so that none of a side's logs keeps the others out.
fn in_turn(mut origins: Vec<String>, logs: &BTreeMap<String, Past>) -> Vec<String> {
    origins.sort_by_key(|origin| logs.get(origin).and_then(|past| past.at));
    origins
}

#[derive(Clone, Copy, Debug, Default)]
struct Past {
    at: Option<LineTime>,
    idle_to: u64,
    /// Since when the mirror is waited for, so that what was added becomes known.
    waits_since: Option<LineTime>,
}

impl Past {
    /// How long the next anchor has to wait yet, with so many new entries.
    fn left(&self, damping: &Damping, new: u64, now: LineTime) -> Duration {
        let pause = if new < damping.entries {
            damping.every
        } else {
            damping.floor
        };
        self.at
            .map_or(Duration::ZERO, |at| pause.saturating_sub(now.since(at)))
    }
}

/// What is to be done about one log now.
enum Step {
    Nothing,
    /// Look again after this time.
    Later(Duration),
    /// It holds nothing new but anchors up to this size.
    Idle(u64),
    Anchor(Box<Seen>, Held),
}

impl Anchors {
    /// The task for a relay.
    #[must_use]
    pub fn new(relay: &Arc<Relay>, office: &Arc<Office>, damping: Damping) -> Self {
        Self {
            relay: Arc::clone(relay),
            office: Arc::clone(office),
            damping,
            logs: BTreeMap::new(),
            sides: Sides::default(),
        }
    }

    /// Anchors until the relay closes.
    pub async fn run(mut self) {
        let closing = self.relay.seams.spawner.closing();
        loop {
            let wait = self.round().await;
            tokio::select! {
                biased;
                () = closing.cancelled() => return,
                () = self.office.news() => {}
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            }
        }
    }

    /// Looks at every log once; returns when to look again, if anything waits for its time.
    async fn round(&mut self) -> Option<Duration> {
        let origins = in_turn(
            book::witnessed(self.office.ledger()).unwrap_or_default(),
            &self.logs,
        );
        let mut again: Option<Duration> = None;
        for origin in origins {
            match self.step(&origin) {
                Ok(Step::Nothing) => {}
                Ok(Step::Later(wait)) => again = Some(again.map_or(wait, |sooner| sooner.min(wait))),
                Ok(Step::Idle(size)) => {
                    let past = self.logs.entry(origin).or_default();
                    (past.idle_to, past.waits_since) = (size, None);
                }
                Ok(Step::Anchor(seen, held)) => self.anchor(&origin, &seen, &held).await,
                Err(error) => tracing::warn!(%error, log = origin, "a checkpoint was not anchored"),
            }
        }
        again
    }

    fn step(&mut self, origin: &str) -> Result<Step, KeptError> {
        let ledger = self.office.ledger();
        let past = self.logs.get(origin).copied().unwrap_or_default();
        let last = anchored(ledger, origin)?;
        let Some(seen) = book::seen(ledger, origin)? else {
            return Ok(Step::Nothing);
        };
        let from = last.max(past.idle_to);
        if seen.size() <= from {
            return Ok(Step::Nothing);
        }
        let now = self.relay.seams.clock.line();
        let of_side = self.sides.left(origin, self.damping.floor, now);
        let left = past.left(&self.damping, seen.size() - last, now).max(of_side);
        if !left.is_zero() {
            return Ok(Step::Later(left));
        }
        let held = self.office.held(origin);
        if held.next() >= seen.size() && held.whole() {
            return Ok(if self.has_news(origin, from, seen.size())? {
                Step::Anchor(Box::new(seen), held)
            } else {
                Step::Idle(seen.size())
            });
        }
        // What was added is not known here. Its entries come behind the cosignature, if they are mirrored at all.
        let past = self.logs.entry(origin.to_owned()).or_default();
        // Newer checkpoints come meanwhile, and must not begin the wait anew.
        let waited = now.since(*past.waits_since.get_or_insert(now));
        let comes = self.office.mirror_key().is_some() && self.relay.mirrored(origin);
        if comes && waited < self.damping.every {
            return Ok(Step::Later(self.damping.every - waited));
        }
        // One entry may be the other relay's anchor of our own; two are not, for it damps its anchors too.
        if seen.size() - last < 2 {
            return Ok(Step::Nothing);
        }
        Ok(Step::Anchor(Box::new(seen), held))
    }

    /// Whether the mirrored entries from `from` to `to` hold one that is no anchor.
    fn has_news(&self, origin: &str, from: u64, to: u64) -> Result<bool, ReadError> {
        let mut next = from;
        while next < to {
            let want = usize::try_from(to - next).map_or(256, |rest| rest.min(256));
            let page = shelf::entries(self.office.ledger(), origin, next, want)?;
            if page.is_empty() || page.iter().any(|entry| !is_anchor(entry)) {
                return Ok(true);
            }
            next += page.len() as u64;
        }
        Ok(false)
    }

    async fn anchor(&mut self, origin: &str, seen: &Seen, held: &Held) {
        let (past, now) = (
            self.logs.entry(origin.to_owned()).or_default(),
            self.relay.seams.clock.line(),
        );
        (past.at, past.waits_since) = (Some(now), None);
        self.sides.anchored(origin, now);
        let Some(entry) = self.leaf(seen, held) else {
            return;
        };
        let mut batch = Batch::of(Lane::Bulk, vec![entry]);
        batch.records.push(Record::Put {
            space: ANCHOR_SPACE,
            key: origin.as_bytes().to_vec(),
            value: seen.size().to_be_bytes().to_vec(),
        });
        if let Err(error) = self.relay.ledger.commit(batch).await {
            tracing::warn!(%error, log = origin, "a checkpoint was not anchored; the next one is");
        }
    }

    /// The statement over what was cosigned, with the mirror's line where it has cosigned the same.
    fn leaf(&self, seen: &Seen, held: &Held) -> Option<Entry> {
        let pen = self.relay.presence.pen()?;
        let mut note = seen.note().clone();
        if let Some(mirrored) = held.cosigned().filter(|by| by.checkpoint == *seen.checkpoint()) {
            let lines = mirrored.note.signatures.iter();
            let new = lines.filter(|line| !seen.note().signatures.contains(line));
            note.signatures.extend(new.cloned());
        }
        let said = PeerCheckpoint {
            relay: pen.relay().to_owned(),
            key_statement: pen.key_statement(),
            note: note.encode(),
            claimed_time_ms: self.relay.seams.clock.wall().unix_ms(),
            mirrored: if held.whole() { held.next() } else { 0 },
        };
        let signed = pen.sign_record(PayloadType::PeerCheckpoint, &said.encode())?;
        if let Err(error) = relog::own(&signed, &self.relay.rosters(), said.claimed_time_ms) {
            tracing::warn!(%error, log = seen.checkpoint().origin, "a checkpoint is not anchored");
            return None;
        }
        Some(leaf_of(pen.relay(), PEER_CHECKPOINT_KIND, &signed))
    }
}

/// A statement as a leaf that stands in no chain and goes to nobody; its id is the beginning of its hash.
#[must_use]
pub fn leaf_of(sender: &str, kind: u8, signed: &SignedStatement) -> Entry {
    let hash: Hash = signed.hash();
    let mut id = [0; 16];
    id.copy_from_slice(&hash.0[..16]);
    Entry {
        bytes: signed.bytes().to_vec(),
        hash,
        kind,
        sender: sender.to_owned(),
        id,
        epoch: 0,
        sequence: 0,
        mailbox: Vec::new(),
    }
}

fn is_anchor(entry: &[u8]) -> bool {
    SignedStatement::parse(entry).is_ok_and(|signed| signed.payload_type == PayloadType::PeerCheckpoint)
}

fn anchored(facts: &impl book::Facts, origin: &str) -> Result<u64, ReadError> {
    let bytes = facts.fact(ANCHOR_SPACE, origin.as_bytes())?;
    Ok(bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u64::from_be_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_grows_as_fast_as_it_likes_is_anchored_every_two_seconds_at_most() {
        let at = |ms| LineTime::START.after(Duration::from_millis(ms));
        let damping = Damping::default();
        assert!(
            Past::default().left(&damping, 1, at(0)).is_zero(),
            "the first at once"
        );
        let past = Past {
            at: Some(at(0)),
            ..Past::default()
        };
        assert_eq!(
            past.left(&damping, 1_000_000, at(500)),
            Duration::from_millis(1500)
        );
        assert!(past.left(&damping, 100, at(2000)).is_zero());
        assert_eq!(past.left(&damping, 99, at(2000)), Duration::from_secs(8));
        assert!(past.left(&damping, 1, at(10_000)).is_zero());
    }
    #[test]
    fn a_side_with_many_logs_that_all_grow_has_an_anchor_every_two_seconds_at_most_and_each_log_has_its_turn()
    {
        let damping = Damping::default();
        let all: Vec<String> = (0..8).map(|n| format!("borenia.example/relay/r{n}")).collect();
        let (mut logs, mut sides) = (BTreeMap::<String, Past>::new(), Sides::default());
        let mut counted: BTreeMap<String, u32> = BTreeMap::new();
        for ms in (0..120_000).step_by(100) {
            let now = LineTime::START.after(Duration::from_millis(ms));
            for origin in in_turn(all.clone(), &logs) {
                let past = logs.entry(origin.clone()).or_default();
                let of_side = sides.left(&origin, damping.floor, now);
                if past.left(&damping, 1000, now).max(of_side).is_zero() {
                    past.at = Some(now);
                    sides.anchored(&origin, now);
                    *counted.entry(origin).or_default() += 1;
                }
            }
            assert!(
                sides
                    .left("caldria.example/relay/west", damping.floor, now)
                    .is_zero()
            );
        }
        assert_eq!(counted.values().sum::<u32>(), 60);
        assert!(
            counted.len() == 8 && counted.values().all(|count| *count >= 7),
            "{counted:?}"
        );
    }
}

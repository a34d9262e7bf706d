//! What was broken on purpose, how often, and which promises broke with it.

use serde_json::{Value, json};

/// Broken promises named in the object; the rest is only counted.
const NAMED_MAX: usize = 20;

/// A promise that broke, and how to break it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The case: `ledger/sync/kill/17`.
    pub case: String,
    /// Which promise.
    pub promise: Promise,
    /// What was seen.
    pub what: String,
}

/// Promises that the rack watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// What was acknowledged is kept.
    Lost,
    /// Nothing is shown as new twice.
    ShownTwice,
    /// Nothing altered is shown as genuine.
    Altered,
    /// Nothing is shown as delivered that is not there.
    FalselyDelivered,
    /// After a failed sync nothing is acknowledged and the process ends.
    FailStop,
    /// What was broken comes back by itself and verifies.
    Recovers,
    /// At a bound something honest happens.
    Honest,
    /// A log key signs one history.
    Forked,
}

/// Counts of a run of the rack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Kills, a kill of the whole line counted once.
    pub kills: u64,
    /// Kills of the whole line among them: four processes each.
    pub line_kills: u64,
    /// Kills at the N-th call of a kind among them, made by strace.
    pub swept_kills: u64,
    /// Kills at a named point among them.
    pub point_kills: u64,
    /// Named points at which a process was killed or stopped, each counted once for a process that passes it.
    pub points: u64,
    /// Calls that were made to fail.
    pub faults: u64,
    /// Processes stopped for a while and let go on.
    pub pauses: u64,
    /// Power-cut images opened.
    pub images: u64,
    /// Images that the ledger refused to serve, honestly.
    pub images_refused: u64,
    /// Bits flipped.
    pub flips: u64,
    /// Flips that verification named; the others changed nothing that is read.
    pub flips_named: u64,
    /// Messages that drivers handed in and desks kept.
    pub messages: u64,
    /// What broke.
    pub broken: Vec<Broken>,
}

impl Tally {
    /// Adds another one.
    pub fn add(&mut self, other: Self) {
        let Self {
            kills,
            line_kills,
            swept_kills,
            point_kills,
            points,
            faults,
            pauses,
            images,
            images_refused,
            flips,
            flips_named,
            messages,
            broken,
        } = other;
        self.kills += kills;
        self.line_kills += line_kills;
        self.swept_kills += swept_kills;
        self.point_kills += point_kills;
        self.points += points;
        self.faults += faults;
        self.pauses += pauses;
        self.images += images;
        self.images_refused += images_refused;
        self.flips += flips;
        self.flips_named += flips_named;
        self.messages += messages;
        self.broken.extend(broken);
    }

    /// Writes down a broken promise.
    pub fn blame(&mut self, case: &str, promise: Promise, what: impl Into<String>) {
        self.broken.push(Broken {
            case: case.to_owned(),
            promise,
            what: what.into(),
        });
    }

    /// How often a promise broke.
    #[must_use]
    pub fn count(&self, promise: Promise) -> usize {
        self.broken
            .iter()
            .filter(|broken| broken.promise == promise)
            .count()
    }

    /// What was done, in a few words.
    #[must_use]
    pub fn in_short(&self) -> String {
        let counts = [
            (self.kills, "kills"),
            (self.line_kills, "of the whole line"),
            (self.point_kills, "at named points"),
            (self.faults, "failed calls"),
            (self.pauses, "pauses"),
            (self.images, "images"),
            (self.flips, "flips"),
            (self.messages, "messages"),
            (self.broken.len() as u64, "BROKEN"),
        ];
        let done: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        done.join(", ")
    }

    /// The whole for people: each broken promise with its case, which `--only` plays again.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.in_short());
        for Broken { case, promise, what } in &self.broken {
            text.push_str(&format!("{promise:?}: {case}: {what}\n"));
        }
        text.push_str(if self.broken.is_empty() {
            "No promise was broken.\n"
        } else {
            "A PROMISE WAS BROKEN; rack --only CASE plays a case again.\n"
        });
        text
    }

    /// The object that `--json` prints last. Fields are only added.
    #[must_use]
    pub fn object(&self) -> Value {
        json!({
            "passed": self.broken.is_empty(),
            "kills": self.kills,
            "line_kills": self.line_kills,
            "swept_kills": self.swept_kills,
            "point_kills": self.point_kills,
            "points": self.points,
            "faults": self.faults,
            "pauses": self.pauses,
            "images": self.images,
            "images_refused": self.images_refused,
            "flips": self.flips,
            "flips_named": self.flips_named,
            "messages": self.messages,
            "lost": self.count(Promise::Lost),
            "shown_twice": self.count(Promise::ShownTwice),
            "altered": self.count(Promise::Altered),
            "falsely_delivered": self.count(Promise::FalselyDelivered),
            "not_fail_stop": self.count(Promise::FailStop),
            "not_recovered": self.count(Promise::Recovers),
            "dishonest": self.count(Promise::Honest),
            "forked": self.count(Promise::Forked),
            "broken": self.broken.iter().take(NAMED_MAX).map(|broken| json!({
                "case": broken.case,
                "what": broken.what,
            })).collect::<Vec<_>>(),
        })
    }
}

//! What a verb asks of a station, and what it is answered: one JSON object a line, over a 0600 Unix socket.
//!
//! The same requests are served in process when no station runs. Only signed bytes of officers come in here.

use serde::{Deserialize, Serialize};

use crate::{
    compose::{AnnexSheet, Sheet},
    status::LineStatus,
    story::StoryFacts,
    view::MessageView,
};

/// What a verb asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Release what these officers approved.
    Release {
        /// Approvals and content.
        sheet: Sheet,
    },
    /// Keep a draft for the second officer.
    Draft {
        /// The drafter's approval, and the content.
        sheet: Sheet,
    },
    /// The drafts that wait.
    Drafts,
    /// Place an officer's act in the chain.
    Act {
        /// Exact bytes of the signed act, base64.
        act: String,
    },
    /// Place an officer's annex of a message in the chain: a translation, or that it was presented.
    Annex {
        /// What the officer signed, and the words beside it.
        annex: AnnexSheet,
    },
    /// Sign that these were drawn on an attended desk: DISPLAYED. They are marked as shown first.
    Displayed {
        /// SHA-256 of each message, hex.
        messages: Vec<String>,
    },
    /// Mark these as about to be drawn. After a crash they are redrawn as *shown before restart*, never as new.
    Showing {
        /// SHA-256 of each message, hex.
        messages: Vec<String>,
    },
    /// Sign that the alarm sounded for these: ALERTED.
    Alerted {
        /// SHA-256 of each message, hex.
        messages: Vec<String>,
    },
    /// Messages, the newest last.
    List {
        /// At most so many.
        limit: usize,
        /// Only those that came in.
        incoming: bool,
    },
    /// One message: by name (`A-0017`), id or SHA-256.
    Show {
        /// Which.
        message: String,
    },
    /// How the line stands.
    Status,
    /// Probe legs now, and answer with their fresh round trips.
    Ping {
        /// Which: `north/quic`; all if none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        leg: Option<String>,
        /// Wait at most so long, in milliseconds.
        within_ms: u64,
    },
    /// Answer when every relay that can be reached has brought what it holds, or the time is over.
    CatchUp {
        /// At most so long, in milliseconds.
        within_ms: u64,
    },
    /// Answer when the message has reached the rung, or the time is over.
    Wait {
        /// SHA-256 of the message, hex.
        message: String,
        /// `DELIVERED`, `ACKNOWLEDGED`, `ANSWERED`, `ACCEPTED`.
        rung: String,
        /// At most so long, in milliseconds.
        within_ms: u64,
    },
    /// Place what an officer signed about the watch.
    KeepWatch {
        /// Exact bytes of the officer's statement, base64.
        watch: String,
    },
    /// Place a releaser's order about a channel.
    Order {
        /// Exact bytes of the officer's statement, base64.
        order: String,
    },
    /// Propose a channel's charter, or agree to one that is proposed.
    OpenChannel {
        /// Exact bytes of the terms, base64.
        terms: String,
        /// Exact bytes of a releaser's consent to them, base64.
        consent: String,
    },
    /// Set this station's wall clock off by so many milliseconds, later or (negative) earlier; 0 is right again. A fault
    /// for exercises: refused by OPERATION desks.
    Clock {
        /// By how much.
        offset_ms: i64,
    },
    /// What control tells of the story clock: human deadlines run on it from then on. Of an older turn it changes nothing.
    /// Refused by OPERATION desks.
    Story {
        /// The word.
        word: StoryFacts,
    },
    /// Tell whoever watches what people here judge: in an exercise control writes it down as this seat's word. Nothing of
    /// it is signed or kept here. Refused by OPERATION desks.
    State {
        /// About what: `cause`, `label`.
        what: String,
        /// What they say of it.
        is: String,
    },
    /// Every change from now on, a line each, until the connection is closed.
    Watch,
    /// Read trust folders, certificate and key anew.
    Reload,
    /// The station is run: it opens, and goes on duty. Never over the socket.
    #[serde(skip)]
    Opens,
    /// The station closes in good order: answered when a relay in reach holds that, or the time is over. Never over the
    /// socket.
    #[serde(skip)]
    Closes {
        /// At most so long, in milliseconds.
        within_ms: u64,
    },
    /// A consistent copy of the ledger, for `desk restore`.
    Backup {
        /// Where to.
        to: std::path::PathBuf,
    },
}

/// A draft that waits for its second officer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftView {
    /// Id of the message to be, hex.
    pub id: String,
    /// Who signed so far.
    pub signed_by: Vec<String>,
    /// How urgent.
    pub precedence: String,
    /// Its words.
    pub text: String,
    /// Approvals and content.
    pub sheet: Sheet,
}

/// What a verb is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Answer {
    /// A message, as it stands now.
    Message(Box<MessageView>),
    /// Messages.
    Messages {
        /// The newest last.
        messages: Vec<MessageView>,
    },
    /// Drafts.
    Drafts {
        /// In the order they were kept.
        drafts: Vec<DraftView>,
    },
    /// Done; nothing to tell.
    Done {
        /// What was done.
        what: String,
    },
    /// How the line stands.
    Status(Box<LineStatus>),
    /// Fresh round trips.
    Pings {
        /// By leg.
        legs: std::collections::BTreeMap<String, Ping>,
    },
    /// Something changed (only to a watcher).
    News(News),
    /// It was refused, and nothing changed.
    Refused(Refusal),
}

/// A fresh round trip of one leg.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ping {
    /// From our probe to its answer, in milliseconds; none if there was no answer.
    pub round_trip_ms: Option<f64>,
    /// How the leg stands: `UP`, `PROVING`, `SUSPECT`, `DOWN`.
    pub state: String,
    /// Why there was no answer; empty if there was one.
    pub why: String,
}

/// A refusal of a verb.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Stable code: `HL-DESK-003`.
    pub code: String,
    /// The exit code of a verb that ends with it.
    pub exit: u8,
    /// A sentence with the facts in it.
    pub what: String,
    /// The next thing to run or do.
    pub help: String,
}

/// Something changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum News {
    /// A message was added or climbed a rung.
    Message {
        /// What happened: `ADDED`, or the rung.
        what: String,
        /// The message, as it stands now.
        message: Box<MessageView>,
    },
    /// A leg stands differently.
    Leg {
        /// Which: `north/quic`.
        leg: String,
        /// Whether it has a session.
        up: bool,
        /// How it stands: `UP`, `PROVING`, `SUSPECT`, `DOWN`.
        #[serde(default)]
        state: String,
        /// Why, if it is suspect or down.
        why: String,
    },
    /// A relay signed that the state of a desk's sessions with it has changed.
    Presence {
        /// The relay.
        relay: String,
        /// The desk.
        desk: String,
        /// `PRESENT`, `CLOSED`, `RESET` or `SILENT`.
        state: String,
        /// Since when, by the relay's clock, milliseconds since 1970.
        since_ms: u64,
    },
    /// People here have judged something: what, and what they say of it.
    Stated {
        /// About what.
        what: String,
        /// What they say.
        is: String,
    },
    /// What officers here signed was refused, and nothing of it went out.
    Refused {
        /// Stable code: `HL-DESK-011`.
        code: String,
        /// A sentence with the facts in it.
        what: String,
    },
    /// An alarm: forged or foreign statements, equivocation, a fork of a relay's log, redundancy lost or restored.
    Alarm {
        /// Stable name: `FOREIGN`, `FORGED`, `EQUIVOCATION`, `FORK`, `REDUNDANCY_LOST`, `REDUNDANCY_RESTORED`, `GAP`,
        /// `REFUSED`, `UNPROVEN`, `QUARANTINED`, `DENIED`, `DENY_UNPROVEN`, `TRUST_REFUSED`, `OWN_KEY_ENDED`,
        /// `RELAY_UNUSABLE`, `RESTART` (relays are new, gone or elsewhere), `CLOCK` (set wrong on purpose).
        code: String,
        /// A sentence with the facts in it.
        what: String,
    },
}

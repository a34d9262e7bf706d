//! Crash points: the steps of a message that have a name, so that a process can be ended or stopped exactly there.
//!
//! [`at`] stands where a step is done, one line each, in whichever room that is. Without the feature `plant` it is
//! empty, and so is [`Steps`]. With it, it calls what a program of the room `tests` has installed for its own process;
//! who installs nothing (the storm, every test inside a process) passes all points unharmed. What happens there, and
//! when, is not here: this room ends nothing and reads no variable. `tests/RACK.md` names what the rack does with them.

/// A step of a message, or of what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// Desk: a draft is on disk, and nobody was answered.
    DraftSaved,
    /// Any ledger: the rows of a round are written into its transaction, which is not committed.
    LedgerWritten,
    /// Any ledger: a round is synced; its fence is not moved, and nobody knows of it.
    LedgerSynced,
    /// Desk: a statement of its own is on disk with its place in the outbox; no copy has left.
    OutboxSynced,
    /// Desk: the seat was answered that its message is kept; it shows it as queued.
    QueuedShown,
    /// Desk: statements were given to a door.
    FrameSent,
    /// Desk: a relay's acceptance is on disk.
    AcceptanceStored,
    /// Desk: a delivery came in; nothing of it was looked at.
    DeliveryReceived,
    /// Desk: what a delivery brought is proven and its signatures hold; the desk's own task does not know of it.
    DeliveryVerified,
    /// Desk: the peer's DELIVERED is on disk.
    ReceiptStored,
    /// Desk: a message of the peer is on disk, and its DELIVERED with it; no copy of that has left.
    MessageStored,
    /// Desk: DELIVERED is signed for messages that are not on disk yet.
    ReceiptSigned,
    /// Desk: a message is marked as about to be drawn; the seat was not told that it may.
    ShowingStored,
    /// Desk: DISPLAYED is signed and not on disk.
    DisplayedSigned,
    /// Desk: an officer's act has its place in the chain and is not on disk.
    ActSigned,
    /// Relay: statements came in; nothing of them was looked at.
    RelayReceived,
    /// Relay: statements are on disk, and nobody was answered.
    RelaySynced,
    /// Relay: their acceptance was given to a door.
    RelayAcked,
    /// Relay: statements were given to their recipient's door.
    RelayForwarded,
    /// Relay: the recipient's cursor came in: it has them on disk.
    RelayForwardAcked,
}

#[cfg(feature = "plant")]
mod marked {
    use std::{collections::BTreeSet, sync::OnceLock};

    use super::Point;

    static HOOK: OnceLock<fn(Point)> = OnceLock::new();

    /// Installs what happens at every point of this process; whether it was the first to be installed.
    #[must_use]
    pub fn install(hook: fn(Point)) -> bool {
        HOOK.set(hook).is_ok()
    }

    /// A step is done.
    pub fn at(point: Point) {
        if let Some(hook) = HOOK.get() {
            hook(point);
        }
    }

    /// Steps that are done once a round is on disk, each once.
    #[derive(Debug, Default)]
    pub struct Steps(BTreeSet<Point>);

    impl Steps {
        /// No step yet.
        #[must_use]
        pub const fn new() -> Self {
            Self(BTreeSet::new())
        }

        /// The round takes this step too.
        pub fn note(&mut self, point: Point) {
            self.0.insert(point);
        }

        /// The round is on disk.
        pub fn pass(&mut self) {
            std::mem::take(&mut self.0).into_iter().for_each(at);
        }
    }

    impl Point {
        /// All of them.
        pub const ALL: [Self; 20] = [
            Self::DraftSaved,
            Self::LedgerWritten,
            Self::LedgerSynced,
            Self::OutboxSynced,
            Self::QueuedShown,
            Self::FrameSent,
            Self::AcceptanceStored,
            Self::DeliveryReceived,
            Self::DeliveryVerified,
            Self::ReceiptStored,
            Self::MessageStored,
            Self::ReceiptSigned,
            Self::ShowingStored,
            Self::DisplayedSigned,
            Self::ActSigned,
            Self::RelayReceived,
            Self::RelaySynced,
            Self::RelayAcked,
            Self::RelayForwarded,
            Self::RelayForwardAcked,
        ];

        /// Stable name, as in a case of the rack.
        #[must_use]
        pub const fn name(self) -> &'static str {
            match self {
                Self::DraftSaved => "draft-saved",
                Self::LedgerWritten => "ledger-written",
                Self::LedgerSynced => "ledger-synced",
                Self::OutboxSynced => "outbox-synced",
                Self::QueuedShown => "queued-shown",
                Self::FrameSent => "frame-sent",
                Self::AcceptanceStored => "acceptance-stored",
                Self::DeliveryReceived => "delivery-received",
                Self::DeliveryVerified => "delivery-verified",
                Self::ReceiptStored => "receipt-stored",
                Self::MessageStored => "message-stored",
                Self::ReceiptSigned => "receipt-signed",
                Self::ShowingStored => "showing-stored",
                Self::DisplayedSigned => "displayed-signed",
                Self::ActSigned => "act-signed",
                Self::RelayReceived => "relay-received",
                Self::RelaySynced => "relay-synced",
                Self::RelayAcked => "relay-acked",
                Self::RelayForwarded => "relay-forwarded",
                Self::RelayForwardAcked => "relay-forward-acked",
            }
        }

        /// The point of that name.
        #[must_use]
        pub fn named(name: &str) -> Option<Self> {
            Self::ALL.into_iter().find(|point| point.name() == name)
        }
    }
}

#[cfg(feature = "plant")]
pub use marked::{Steps, at, install};

/// A step is done: nothing, in this build.
#[cfg(not(feature = "plant"))]
pub const fn at(_point: Point) {}

/// Steps that are done once a round is on disk: nothing, in this build.
#[cfg(not(feature = "plant"))]
#[derive(Debug, Default)]
pub struct Steps;

#[cfg(not(feature = "plant"))]
impl Steps {
    /// No step yet.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// The round takes this step too: nothing, in this build.
    pub const fn note(&mut self, _point: Point) {}

    /// The round is on disk: nothing, in this build.
    pub const fn pass(&mut self) {}
}

#[cfg(all(test, feature = "plant"))]
mod tests {
    use std::{cell::RefCell, collections::BTreeSet};

    use super::*;

    thread_local! {
        static PASSED: RefCell<Vec<Point>> = const { RefCell::new(Vec::new()) };
    }

    #[test]
    fn every_point_has_one_name_and_is_found_by_it() {
        let names: BTreeSet<&str> = Point::ALL.iter().map(|point| point.name()).collect();
        assert_eq!(names.len(), Point::ALL.len());
        assert!(
            Point::ALL
                .iter()
                .all(|point| Point::named(point.name()) == Some(*point))
        );
        assert_eq!(Point::named("relay-deleted"), None);
    }

    #[test]
    fn steps_of_a_round_are_passed_once_and_only_when_it_is_on_disk() {
        at(Point::FrameSent);
        assert!(install(
            |point| PASSED.with_borrow_mut(|passed| passed.push(point))
        ));
        assert!(!install(|_| {}), "the first one stays");
        let mut steps = Steps::new();
        steps.note(Point::MessageStored);
        steps.note(Point::OutboxSynced);
        steps.note(Point::MessageStored);
        assert_eq!(PASSED.take(), []);
        steps.pass();
        steps.pass();
        assert_eq!(PASSED.take(), [Point::OutboxSynced, Point::MessageStored]);
    }
}

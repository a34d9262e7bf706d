//! The planted bugs, by name: what each breaks. A simulator that misses one is mended first.
//!
//! Each is one `if` in the room it breaks, behind `hotline_core::plant`, which only this room compiles in.

/// Every planted bug, and what it does.
pub const PLANTS: &[(&str, &str)] = &[
    ("ack-before-sync", "a ledger reports a commit whose sync failed"),
    ("stale-head-signed", "a log signs an older root now and then"),
    (
        "receipt-before-commit",
        "a desk lets go of a round before it is on disk",
    ),
    (
        "displayed-without-drawing",
        "a desk signs DISPLAYED for what nobody drew",
    ),
    (
        "receipt-for-the-wrong-hash",
        "a quarter of receipts name other bytes",
    ),
    ("no-deduplication", "a copy that is held already is taken as new"),
    ("late-copies-shown", "a late copy is announced like a first one"),
    ("cursor-too-early", "a mailbox cursor runs ahead of what was read"),
    ("gap-forgotten", "a gap is not shown"),
    (
        "outbox-forgotten-on-restart",
        "a desk starts with an empty outbox",
    ),
    (
        "unbounded-resend",
        "a copy without an answer is sent again at once",
    ),
    ("flash-on-the-diagonal", "a FLASH takes two legs instead of all"),
    ("flash-behind-bulk", "a FLASH takes the bulk lane"),
    (
        "acceptance-without-proof",
        "an acceptance is believed without its proof",
    ),
    (
        "mailbox-forgotten-on-restart",
        "a restarted relay delivers only what is new",
    ),
    (
        "equivocation-accepted",
        "a relay takes other bytes under a known id for a late copy",
    ),
    ("redial-without-back-off", "a leg is dialled again at once"),
    (
        "epoch-reused-after-restore",
        "a desk that cannot learn what it signed goes on in the same epoch",
    ),
    (
        "copy-taken-for-the-original",
        "a desk that was put back goes on in its epoch if the relays in reach know nothing newer",
    ),
    (
        "forgotten-not-asked-for",
        "a desk does not ask a relay that comes into reach for what it forgot",
    ),
    ("gate-skipped", "a desk signs before it has asked the relays"),
    ("shown-forgotten-on-restart", "what was drawn is not noted"),
    (
        "handed-on-before-commit",
        "a relay hands messages on before its own commit",
    ),
    ("role-check-skipped", "any officer may climb any rung"),
    (
        "letter-not-posted",
        "a relay forgets to put some statements into a mailbox",
    ),
    ("flash-of-one-officer", "one officer's signature releases a FLASH"),
    (
        "brief-message-of-any-length",
        "a FLASH may have any number of words",
    ),
    (
        "channel-without-charter",
        "a desk releases by a channel that has no charter",
    ),
    (
        "only-the-first-of-a-receipt",
        "a receipt for several messages ends the debt of the first alone",
    ),
    (
        "acceptances-left-behind",
        "a statement leaves the outbox, and its acceptances stay on disk",
    ),
    (
        "charter-placed-at-every-start",
        "a desk does not know that it has placed its charter",
    ),
    (
        "numbers-begin-again",
        "a restarted desk numbers its messages from one again",
    ),
    ("gap-forgotten-on-restart", "a restarted desk forgets its gaps"),
    (
        "one-relay-called-whole",
        "a desk calls its line open with one relay",
    ),
    (
        "rollback-not-named",
        "a relay may greet with a smaller log than it signed",
    ),
    (
        "signature-not-remembered",
        "a relay does not remember its newest signature, and goes on from an old copy",
    ),
    (
        "another-desks-statement-taken",
        "a relay takes a statement from whoever hands it in",
    ),
    (
        "seen-not-compared",
        "a relay takes a statement that claims another log of it",
    ),
    (
        "unknown-recipient-taken",
        "a relay takes a statement for a desk that it does not know",
    ),
    (
        "place-taken-for-a-late-copy",
        "a relay takes another statement at a known place for a late copy",
    ),
    (
        "equivocation-not-kept",
        "a relay refuses an equivocation and keeps no proof",
    ),
    (
        "second-instance-let-in",
        "a copy of a connected desk's ledger is let in",
    ),
];

/// Plants a bug in this thread, or none.
pub fn set(name: Option<&'static str>) {
    hotline_core::plant::set(name);
}

/// The plant of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static str> {
    PLANTS
        .iter()
        .map(|(plant, _)| *plant)
        .find(|plant| *plant == name)
}

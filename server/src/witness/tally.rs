//! Counters of a witness and a mirror.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RoleLabel {
    role: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RefusedLabel {
    call: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct WhyLabel {
    why: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct LogLabel {
    log: String,
}

/// Counters of one witness; in no registry until [`Tally::register`].
#[derive(Clone, Debug, Default)]
pub struct Tally {
    cosigned: Family<RoleLabel, Counter>,
    refused: Family<RefusedLabel, Counter>,
    conflicts: Family<WhyLabel, Counter>,
    newest: Family<LogLabel, Gauge>,
    mirrored: Family<LogLabel, Gauge>,
}

impl Tally {
    /// A checkpoint of this size was cosigned by the witness.
    pub(super) fn cosigned(&self, log: &str, size: u64) {
        self.cosigned.get_or_create(&RoleLabel { role: "witness" }).inc();
        set(&self.newest, log, size);
    }

    /// The same by the mirror.
    pub(super) fn mirrored(&self) {
        self.cosigned.get_or_create(&RoleLabel { role: "mirror" }).inc();
    }

    /// So many entries are held.
    pub(super) fn held(&self, log: &str, entries: u64) {
        set(&self.mirrored, log, entries);
    }

    /// A call was refused.
    pub(super) fn refused(&self, call: &'static str, status: u16) {
        self.refused.get_or_create(&RefusedLabel { call, status }).inc();
    }

    /// A conflicting checkpoint came.
    pub(super) fn conflict(&self, why: &'static str) {
        self.conflicts.get_or_create(&WhyLabel { why }).inc();
    }

    /// Puts the counters into a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "checkpoints_cosigned",
            "Checkpoints of other logs that were cosigned, by role",
            self.cosigned.clone(),
        );
        registry.register(
            "cosign_calls_refused",
            "Calls to the witness and the mirror that were refused, by call and status",
            self.refused.clone(),
        );
        registry.register(
            "cosign_conflicts",
            "Signed checkpoints that were not shown to extend what was cosigned, by what does not fit",
            self.conflicts.clone(),
        );
        registry.register(
            "witnessed_size",
            "Size of the newest cosigned checkpoint of a log",
            self.newest.clone(),
        );
        registry.register(
            "mirrored_size",
            "Entries of a log that the mirror holds",
            self.mirrored.clone(),
        );
    }
}

fn set(gauges: &Family<LogLabel, Gauge>, log: &str, value: u64) {
    let gauge = gauges.get_or_create(&LogLabel { log: log.to_owned() });
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}

//! What the status listener tells: counters in Prometheus' words. No message text, no names of people.

use std::fmt::Write as _;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use hotline_core::{health::Health, leg::Lane};

use crate::{admit::Kind, intake::Outcome, witness::tally::Tally};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RuleLabel {
    rule: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct DoubtLabel {
    lane: String,
    state: &'static str,
}

/// Counters of one relay.
#[derive(Debug, Default)]
pub struct Metrics {
    held: Family<KindLabel, Counter>,
    refused: Family<RuleLabel, Counter>,
    handed_on: Counter,
    trust_reads: Family<ResultLabel, Counter>,
    sessions_ended: Counter,
    doubted: Family<DoubtLabel, Counter>,
    log_size: Gauge,
    cosigned_size: Gauge,
    cosign_refused: Family<RuleLabel, Counter>,
}

impl Metrics {
    /// Counts what became of one frame's statements.
    pub fn count(&self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            match outcome {
                Outcome::Held { checked, index } => {
                    let kind = match checked.kind {
                        Kind::Message => "message",
                        Kind::Receipt => "receipt",
                        Kind::Act => "act",
                        Kind::Charter => "charter",
                        Kind::Service => "service",
                        Kind::Watch => "watch",
                        Kind::Lifecycle => "lifecycle",
                        Kind::Annex => "annex",
                        Kind::RelayRecord => "relay_record",
                    };
                    self.held.get_or_create(&KindLabel { kind }).inc();
                    let size = i64::try_from(index.saturating_add(1)).unwrap_or(i64::MAX);
                    self.log_size.set(self.log_size.get().max(size));
                }
                Outcome::Refused(refused) => {
                    self.refused
                        .get_or_create(&RuleLabel {
                            rule: refused.rule.name(),
                        })
                        .inc();
                }
            }
        }
    }

    /// Counts statements handed on to a desk.
    pub fn handed_on(&self, count: usize) {
        self.handed_on.inc_by(count as u64);
    }

    /// Counts that trust was read anew, and the live connections that this ended.
    pub fn trust_taken(&self, ended: usize) {
        self.trust_reads
            .get_or_create(&ResultLabel { result: "taken" })
            .inc();
        self.sessions_ended.inc_by(ended as u64);
    }

    /// Counts that trust could not be read anew and the old one stayed.
    pub fn trust_refused(&self) {
        self.trust_reads
            .get_or_create(&ResultLabel { result: "refused" })
            .inc();
    }

    /// Counts a desk's lane that became suspect or down.
    pub fn doubted(&self, state: Health, lane: Lane) {
        let label = DoubtLabel {
            lane: lane.to_string(),
            state: state.name(),
        };
        self.doubted.get_or_create(&label).inc();
    }

    /// A checkpoint of this size was cosigned.
    pub fn cosigned(&self, size: u64) {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        self.cosigned_size.set(self.cosigned_size.get().max(size));
    }

    /// Counts that a cosignature was asked for in vain.
    pub fn cosign_refused(&self, rule: &'static str) {
        self.cosign_refused.get_or_create(&RuleLabel { rule }).inc();
    }

    /// All counters, those of the witness if there is one, and those that others keep (labels, count), in the text format.
    #[must_use]
    pub fn render(
        &self,
        refusals: &[(String, u64)],
        agreed: &[(String, u64)],
        witness: Option<&Tally>,
    ) -> String {
        let mut registry = Registry::with_prefix("hotline_relay");
        registry.register(
            "statements_held",
            "Statements answered as held, by kind",
            self.held.clone(),
        );
        registry.register(
            "statements_refused",
            "Statements refused, by rule",
            self.refused.clone(),
        );
        registry.register(
            "statements_handed_on",
            "Copies handed on to desks",
            self.handed_on.clone(),
        );
        registry.register(
            "trust_reads",
            "Times that changed trust was read anew, by result",
            self.trust_reads.clone(),
        );
        registry.register(
            "connections_ended_by_trust",
            "Live connections that new trust has ended",
            self.sessions_ended.clone(),
        );
        registry.register(
            "lanes_doubted",
            "Desks' lanes that missed a probe (SUSPECT) or answered none for too long (DOWN)",
            self.doubted.clone(),
        );
        registry.register("log_size", "Leaves in the log", self.log_size.clone());
        registry.register(
            "cosigned_size",
            "Leaves of the newest checkpoint of this log that somebody else has cosigned",
            self.cosigned_size.clone(),
        );
        registry.register(
            "cosignatures_refused",
            "Times that a cosignature was asked for in vain, by reason",
            self.cosign_refused.clone(),
        );
        if let Some(witness) = witness {
            witness.register(&mut registry);
        }
        let mut text = String::new();
        if encode(&mut text, &registry).is_err() {
            return String::from("# the counters could not be rendered\n# EOF\n");
        }
        let end = text.find("# EOF").unwrap_or(text.len());
        text.truncate(end);
        text.push_str(&counter(
            "handshakes_refused",
            "Handshakes refused, by door, side and reason.",
            refusals,
        ));
        text.push_str(&counter(
            "connections",
            "Connections let in, by door and by the key exchange that was agreed.",
            agreed,
        ));
        text.push_str("# EOF\n");
        text
    }
}

/// A counter that somebody else keeps.
fn counter(name: &str, help: &str, counts: &[(String, u64)]) -> String {
    let mut text = format!("# HELP hotline_relay_{name} {help}\n# TYPE hotline_relay_{name} counter\n");
    for (labels, count) in counts {
        let _ = writeln!(text, "hotline_relay_{name}_total{{{labels}}} {count}");
    }
    text
}

/// The counters of a witness that is no relay, in the text format.
#[must_use]
pub fn rendered(witness: &Tally) -> String {
    let mut registry = Registry::with_prefix("hotline_witness");
    witness.register(&mut registry);
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => text,
        Err(_) => String::from("# the counters could not be rendered\n# EOF\n"),
    }
}

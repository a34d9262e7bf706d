//! What desks said of themselves, as far as people are shown it: the newest statements of each desk, and which steps this
//! desk has taken for messages that nobody acknowledged.

mod undelivered;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hotline_audit::{
    Hash,
    statement::{Header, Service},
};
use hotline_core::{
    commcheck::human,
    duty::{OverdueStep, ServiceKind},
    identity::Identity,
    text::inert_line,
    time::WallTime,
};

pub use undelivered::NonDelivery;

use crate::{book::Provenance, status::ServiceView};

/// Statements shown of each desk. 16: today's openings, closings and outages; the rest is in the log.
const SHOWN_MAX: usize = 16;
/// Desks of which they are kept. 64: as many as a line tracks.
const DESKS_MAX: usize = 64;
/// Messages whose steps are remembered. 4,096: four times as many as are timed at once.
const STEPS_MAX: usize = 4096;

/// What desks said of themselves.
#[derive(Clone, Debug, Default)]
pub struct Services {
    shown: BTreeMap<String, VecDeque<ServiceView>>,
    /// With the leaf of each.
    steps: BTreeMap<Hash, Vec<(OverdueStep, u64)>>,
    checked: Option<u64>,
    /// Messages of which this desk has said that no answer came by the time named.
    unanswered: BTreeSet<Hash>,
    undelivered: undelivered::Undelivered,
}

impl Services {
    /// Takes a statement that is on disk. Checks and their answers and
    /// clock offsets are not among what is shown: there are too many.
    pub fn note(&mut self, at: &Provenance, service: &Service, is_mine: bool) {
        let Some(kind) = ServiceKind::from_wire(service.kind) else {
            return;
        };
        if let (true, ServiceKind::Overdue, Some(message)) = (is_mine, kind, &service.refers_to)
            && let Some(step) = OverdueStep::from_wire(service.step)
        {
            if self.steps.len() >= STEPS_MAX && !self.steps.contains_key(&message.sha256) {
                self.steps.pop_first();
            }
            self.steps
                .entry(message.sha256)
                .or_default()
                .push((step, at.index));
        }
        if let (true, ServiceKind::Overdue, 0, Some(message)) =
            (is_mine, kind, service.step, &service.refers_to)
        {
            if self.unanswered.len() >= STEPS_MAX {
                self.unanswered.pop_first();
            }
            self.unanswered.insert(message.sha256);
        }
        if kind == ServiceKind::NonDelivery {
            self.undelivered.note(at, service, is_mine);
        }
        if kind == ServiceKind::NotOpened {
            self.undelivered.note_not_opened(service);
        }
        if matches!(
            kind,
            ServiceKind::Check | ServiceKind::CheckAnswer | ServiceKind::ClockOffsets
        ) {
            return;
        }
        let sender = &service.header.sender;
        if self.shown.len() >= DESKS_MAX && !self.shown.contains_key(sender) {
            return;
        }
        let shown = self.shown.entry(sender.clone()).or_default();
        if shown.len() >= SHOWN_MAX {
            shown.pop_front();
        }
        shown.push_back(ServiceView {
            kind: kind.name().into(),
            plain: kind.plain().into(),
            legs: service
                .legs
                .iter()
                .map(|fact| inert_line(&fact.leg).text)
                .collect(),
            step: OverdueStep::from_wire(service.step).map(|step| step.name().into()),
            message: service
                .refers_to
                .as_ref()
                .map(|message| message.sha256.to_string()),
            clock_before_ms: service.clock_before_ms,
            clock_after_ms: service.clock_after_ms,
            text: inert_line(&service.text).text,
            stored_ms: at.stored.unix_ms(),
            claimed_ms: service.header.claimed_time_ms,
            sha256: at.hash.to_string(),
        });
    }

    /// The last step that this desk took for a message behind that leaf of its log.
    #[must_use]
    pub fn step_since(&self, message: &Hash, leaf: u64) -> Option<OverdueStep> {
        let steps = self.steps.get(message)?;
        steps
            .iter()
            .filter(|(_, at)| *at > leaf)
            .map(|(step, _)| *step)
            .max()
    }

    /// Whether this desk has said that no answer to a message came by the time named.
    #[must_use]
    pub fn told_unanswered(&self, message: &Hash) -> bool {
        self.unanswered.contains(message)
    }

    /// What the sender of the message with this header and hash said of it: for which of the desks that it names it held no
    /// DELIVERED, the earliest first.
    #[must_use]
    pub fn undelivered(&self, header: &Header, message: &Hash) -> Vec<&NonDelivery> {
        self.undelivered.of(header, message)
    }

    /// Whether that desk has said of the message with this header and hash that it came and did not open.
    #[must_use]
    pub fn not_opened(&self, header: &Header, message: &Hash, desk: &Identity) -> bool {
        self.undelivered.not_opened(header, message, desk)
    }

    /// Notes a human comm check of ours.
    pub fn note_check(&mut self, claimed: WallTime) {
        self.checked = self.checked.max(Some(human::hour_of(claimed)));
    }

    /// The UTC hour of our newest human comm check.
    #[must_use]
    pub fn checked(&self) -> Option<u64> {
        self.checked
    }

    /// The newest statements of each desk, the oldest first.
    #[must_use]
    pub fn shown(&self) -> BTreeMap<String, Vec<ServiceView>> {
        self.shown
            .iter()
            .map(|(desk, said)| (desk.clone(), said.iter().cloned().collect()))
            .collect()
    }
}

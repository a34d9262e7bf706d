//! How several faults become the conditions of one link.
//!
//! Several faults in one direction combine so:
//!
//! | kind | together |
//! |---|---|
//! | latency, jitter | add up; at most [`LATENCY_MAX`] in all |
//! | loss, duplicate | each throws by itself: the packet gets through if all let it |
//! | bandwidth | the narrowest, with its queue |
//! | mtu | the smallest |
//! | cut, partition, timeout | one is enough |
//! | burst, reorder, flapping, hold, timeout, reset_peer | one of a kind at a time; a second is refused, not merged |
//!
//! At most [`FAULTS_MAX`] are in force at a time.

use std::time::Duration;

use super::{
    FAULTS_MAX,
    fault::{Fault, FaultError, HEADERS, LATENCY_MAX, Named},
};
use crate::emulator::Conditions;

/// How a connection ends by a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// In order.
    Close,
    /// With a reset.
    Reset,
}

/// What all faults together do to one direction.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Combined {
    pub conditions: Conditions,
    /// Bytes to keep instead of delivering.
    pub hold: Option<u64>,
}

/// What all faults together do to one direction (`up` or down) of a link over IPv4, but for what holds packets and ends
/// connections.
#[must_use]
pub fn conditions(faults: &[Named], up: bool) -> Conditions {
    combine(faults, up, false).conditions
}

/// What all faults together do to one direction (`up` or down).
pub(super) fn combine(faults: &[Named], up: bool, ipv6: bool) -> Combined {
    let mut all = Combined {
        conditions: Conditions {
            latency: Duration::ZERO,
            ..Conditions::default()
        },
        hold: None,
    };
    for named in faults {
        let here = if up {
            named.direction.up()
        } else {
            named.direction.down()
        };
        if here {
            all.add(&named.fault, ipv6);
        }
    }
    all
}

impl Combined {
    fn add(&mut self, fault: &Fault, ipv6: bool) {
        let conditions = &mut self.conditions;
        match fault {
            Fault::Latency { by, jitter } => {
                conditions.latency += *by;
                conditions.jitter += *jitter;
            }
            Fault::Jitter { by } => conditions.jitter += *by,
            Fault::Loss { share } => conditions.loss = either(conditions.loss, *share),
            Fault::Burst(burst) => conditions.burst = Some(*burst),
            Fault::Bandwidth { rate, queue } => {
                if conditions.bandwidth.is_none_or(|narrowest| *rate < narrowest) {
                    conditions.bandwidth = Some(*rate);
                    conditions.queue_bytes = *queue;
                }
            }
            Fault::Reorder { share, by } => (conditions.detour, conditions.detour_by) = (*share, *by),
            Fault::Duplicate { share } => conditions.duplicate = either(conditions.duplicate, *share),
            Fault::Mtu { bytes } => {
                let payload = bytes.saturating_sub(if ipv6 { HEADERS.1 } else { HEADERS.0 });
                let smallest = conditions.mtu.map_or(payload, |mtu| mtu.min(payload));
                conditions.mtu = Some(smallest);
            }
            Fault::Cut | Fault::Partition | Fault::Timeout { .. } => conditions.cut = true,
            Fault::Hold { bytes } => self.hold = Some(*bytes),
            Fault::Flapping(flapping) => conditions.flapping = Some(*flapping),
            Fault::ResetPeer { .. } | Fault::Down => {}
        }
    }
}

/// One of two independent chances.
fn either(one: f64, other: f64) -> f64 {
    1.0 - (1.0 - one) * (1.0 - other)
}

/// Whether `new` can join these.
///
/// # Errors
/// The name is taken, too many are in force, a second one of a kind of which a direction bears one, or a packet would
/// take longer than 20 s.
pub fn joins(faults: &[Named], new: &Named) -> Result<(), FaultError> {
    if faults.iter().any(|there| there.name == new.name) {
        return Err(FaultError::NameTaken(new.name.clone()));
    }
    let kind = new.fault.kind();
    if faults.len() >= FAULTS_MAX {
        let what = format!("{FAULTS_MAX} faults are in force already; remove one first");
        return Err(FaultError::Value { kind, what });
    }
    let meets = |there: &Named| {
        (there.direction.up() && new.direction.up()) || (there.direction.down() && new.direction.down())
    };
    let same = |there: &&Named| there.fault.kind() == kind && meets(there);
    if new.fault.one_only()
        && let Some(there) = faults.iter().find(same)
    {
        let other = there.name.clone();
        return Err(FaultError::OneOnly { kind, other });
    }
    let mut all = faults.to_vec();
    all.push(new.clone());
    for up in [true, false] {
        let Conditions {
            latency,
            jitter,
            detour_by,
            ..
        } = combine(&all, up, false).conditions;
        if latency + jitter + detour_by > LATENCY_MAX {
            let what = "with the faults there are, a packet would take over 20s; remove one first".to_owned();
            return Err(FaultError::Value { kind, what });
        }
    }
    Ok(())
}

/// When a connection that was made at `opened` ends by one of these faults, if it does.
pub(super) fn ending(faults: &[Named], opened: Duration) -> Option<(Duration, Ending)> {
    let of = |named: &Named| {
        let begins = named.since.max(opened);
        match named.fault {
            Fault::Timeout { after } if !after.is_zero() => Some((begins + after, Ending::Close)),
            Fault::ResetPeer { after } => Some((begins + after, Ending::Reset)),
            Fault::Down => Some((begins, Ending::Reset)),
            _ => None,
        }
    };
    faults.iter().filter_map(of).min_by_key(|(at, _)| *at)
}

#[cfg(test)]
mod tests;

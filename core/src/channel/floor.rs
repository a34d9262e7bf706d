//! What passes under an order: the floor that no suspension closes.

use super::Political;
use crate::words::TrafficClass;

/// Whether a message may be released, and whether one that comes in is in order.
///
/// Under SUSPENDED everything but FORMAL passes, and FORMAL that is about saving lives. Under SEVERED only SERVICE and
/// TEST: without them nobody could find out whether there is anything to restore. Receipts, acts, orders and charters
/// are no messages and pass always.
#[must_use]
pub const fn passes(political: Political, class: TrafficClass, safety_of_life: bool) -> bool {
    match (political, class) {
        (Political::Open, _)
        | (Political::Suspended | Political::Severed, TrafficClass::Service | TrafficClass::Test)
        | (Political::Suspended, TrafficClass::Control | TrafficClass::Excon) => true,
        (Political::Suspended, TrafficClass::Formal) => safety_of_life,
        (Political::Severed, TrafficClass::Formal | TrafficClass::Control | TrafficClass::Excon) => false,
    }
}

//! Lanes on the wire and in the rules: the one conversion this room owns.

use hotline_core::leg::Lane;

use crate::v1;

/// The wire's number for a lane.
#[must_use]
pub fn to_wire(lane: Lane) -> i32 {
    match lane {
        Lane::Control => v1::Lane::Control as i32,
        Lane::Message => v1::Lane::Message as i32,
        Lane::Bulk => v1::Lane::Bulk as i32,
    }
}

/// The lane of a wire number; none if the peer names no lane that we know.
#[must_use]
pub fn from_wire(number: i32) -> Option<Lane> {
    match v1::Lane::try_from(number).ok()? {
        v1::Lane::Unspecified => None,
        v1::Lane::Control => Some(Lane::Control),
        v1::Lane::Message => Some(Lane::Message),
        v1::Lane::Bulk => Some(Lane::Bulk),
    }
}

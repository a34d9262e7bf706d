//! Sample payloads for the tests of this room.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;

pub(crate) const DESK: &str = "spiffe://exercise.avelia.example/desk/ops";
pub(crate) const PEER: &str = "spiffe://exercise.borenia.example/desk/ops";

pub(crate) fn header(sequence: u64) -> Header {
    Header {
        id: [sequence as u8; 16],
        trust_domain: "exercise.avelia.example".into(),
        exercise: "NORTHERN LIGHT".into(),
        conversation: [2; 16],
        sender: DESK.into(),
        key_statement: Hash([3; 32]),
        recipients: vec![Recipient {
            identity: PEER.into(),
            kind: 1,
        }],
        claimed_time_ms: 1_795_000_000_000,
        epoch: 1,
        sequence,
        previous: Hash::ZERO,
        seen: vec![SeenCheckpoint {
            origin: "exercise.avelia.example/relay/north".into(),
            size: 9,
            root: Hash([4; 32]),
        }],
    }
}

pub(crate) fn message(sequence: u64) -> Message {
    Message {
        header: header(sequence),
        traffic_class: 1,
        message_type: 1,
        function: 2,
        precedence: 5,
        channel: "MARITIME".into(),
        number: sequence,
        response_attribute: 3,
        refers_to: None,
        answer: 0,
        approvals: Vec::new(),
        content: Content::plain([9; 32], "Is the vessel at 57N 19E yours?"),
        expires_ms: 0,
        safety_of_life: false,
        respond_by_ms: 0,
        contact: 0,
    }
}

pub(crate) fn control_order() -> ControlOrder {
    ControlOrder {
        id: [5; 16],
        exercise: "NORTHERN LIGHT".into(),
        controller: "spiffe://exercise.excon.example/control/lindqvist".into(),
        key_statement: Hash([6; 32]),
        kind: 4,
        subject: "1.1.1".into(),
        detail: r#"{"kind":"inject","serial":"1.1.1","status":"SKIPPED"}"#.into(),
        expects: Hash::ZERO,
        claimed_time_ms: 1_795_000_000_000,
    }
}

pub(crate) fn control(sequence: u64) -> Control {
    Control {
        id: [sequence as u8; 16],
        exercise: "NORTHERN LIGHT".into(),
        conductor: "spiffe://exercise.excon.example/control/conductor".into(),
        key_statement: Hash([7; 32]),
        sequence,
        previous: Hash::ZERO,
        wall_ms: 1_795_000_000_000 + sequence,
        line_ms: sequence * 1_000,
        story_ms: 0,
        running: 2,
        rate: 1_000,
        kind: 2,
        subject: String::new(),
        detail: r#"{"kind":"tick"}"#.into(),
        order: Vec::new(),
    }
}

pub(crate) fn peer_checkpoint() -> PeerCheckpoint {
    PeerCheckpoint {
        relay: "spiffe://exercise.avelia.example/relay/north".into(),
        key_statement: Hash([8; 32]),
        note: b"exercise.borenia.example/relay/south\n1\nAAAA\n\n- x\n".to_vec(),
        claimed_time_ms: 1_795_000_000_000,
        mirrored: 1,
    }
}

pub(crate) fn cosign_refused() -> CosignRefused {
    CosignRefused {
        relay: "spiffe://exercise.avelia.example/relay/north".into(),
        key_statement: Hash([8; 32]),
        witness: "exercise.borenia.example/relay/south/witness".into(),
        size: 9,
        reason: 2,
        status: 403,
        claimed_time_ms: 1_795_000_000_000,
        since_ms: 1_794_999_000_000,
    }
}

pub(crate) fn log_link() -> LogLink {
    LogLink {
        relay: "spiffe://exercise.avelia.example/relay/north-2".into(),
        key_statement: Hash([8; 32]),
        old_origin: "exercise.avelia.example/relay/north".into(),
        old_note: Vec::new(),
        reason: "restored from a backup that lacks entries".into(),
        claimed_time_ms: 1_795_000_000_000,
    }
}

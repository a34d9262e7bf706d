//! Control with its own roster, for the tests of this room.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::{NOW, Signer};
use crate::dsse::{PayloadType, SigningKey};
use crate::hash::Hash;
use crate::key::{Enrolment, Purpose, Roster, RosterBuilder, RosterSet};
use crate::statement::{Control, ControlOrder, samples};

/// A conductor with its log, and a controller.
pub(crate) struct Excon {
    pub conductor: Signer,
    pub controller: Signer,
    pub log: Signer,
    pub roster: Roster,
}

pub(crate) fn excon() -> Excon {
    let domain = "exercise.excon.example";
    let mut builder = RosterBuilder::new(domain, SigningKey::from_seed(&[30; 32])).unwrap();
    let mut enrol = |purpose, name: &str, seed: u8| {
        let identity = format!("spiffe://{domain}/control/{name}");
        let enrolment = Enrolment {
            purpose,
            subject: identity.clone(),
            roles: Vec::new(),
            public_key: SigningKey::from_seed(&[seed; 32]).public(),
            not_before_ms: NOW - 1_000_000,
            not_after_ms: NOW + 1_000_000,
        };
        Signer {
            key_statement: builder.enrol(enrolment).unwrap(),
            identity,
            seed: [seed; 32],
        }
    };
    Excon {
        conductor: enrol(Purpose::Control, "conductor", 31),
        controller: enrol(Purpose::Control, "lindqvist", 32),
        log: enrol(Purpose::Log, "conductor", 33),
        roster: builder.finish(),
    }
}

impl Excon {
    pub(crate) fn rosters(&self) -> RosterSet {
        let mut rosters = RosterSet::new();
        rosters.update(self.roster.clone()).unwrap();
        rosters
    }

    /// The conductor's record.
    pub(crate) fn record(&self, sequence: u64, previous: Hash) -> Control {
        Control {
            conductor: self.conductor.identity.clone(),
            key_statement: self.conductor.key_statement,
            previous,
            ..samples::control(sequence)
        }
    }

    pub(crate) fn signed(&self, record: &Control) -> Vec<u8> {
        self.conductor.sign(PayloadType::Control, &record.encode())
    }

    /// The controller's order.
    pub(crate) fn order(&self) -> ControlOrder {
        ControlOrder {
            controller: self.controller.identity.clone(),
            key_statement: self.controller.key_statement,
            ..samples::control_order()
        }
    }

    /// A chain of records, the second of which was ordered.
    pub(crate) fn chain(&self, count: u64) -> Vec<Vec<u8>> {
        let mut previous = Hash::ZERO;
        (1..=count)
            .map(|sequence| {
                let mut record = self.record(sequence, previous);
                if sequence == 2 {
                    let order = self.order();
                    record.kind = order.kind;
                    record.order = self.controller.sign(PayloadType::ControlOrder, &order.encode());
                }
                let entry = self.signed(&record);
                previous = Hash::of(&entry);
                entry
            })
            .collect()
    }
}

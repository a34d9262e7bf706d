//! Two sides with rosters, for the tests of this room.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

pub(crate) mod excon;

use crate::dsse::{PayloadType, SignedStatement, SigningKey};
use crate::hash::Hash;
use crate::key::{DenyList, Enrolment, Purpose, RosterBuilder, RosterSet, origin_of};
use crate::statement::{Approval, ApprovalBy, Deny, Message, samples};
use crate::{Checkpoint, LogSigner};

/// A time within every key's validity.
pub(crate) const NOW: u64 = 1_795_000_000_000;

/// Somebody with a key.
pub(crate) struct Signer {
    pub identity: String,
    pub key_statement: Hash,
    seed: [u8; 32],
}

impl Signer {
    pub(crate) fn key(&self) -> SigningKey {
        SigningKey::from_seed(&self.seed)
    }

    pub(crate) fn sign(&self, kind: PayloadType, payload: &[u8]) -> Vec<u8> {
        SignedStatement::sign(kind, payload, &self.key())
            .unwrap()
            .into_bytes()
    }

    pub(crate) fn log_signer(&self) -> LogSigner {
        LogSigner::new(origin_of(&self.identity).unwrap(), self.key()).unwrap()
    }

    pub(crate) fn checkpoint(&self, size: u64, root: Hash) -> Vec<u8> {
        let signer = self.log_signer();
        Checkpoint {
            origin: signer.origin().to_owned(),
            size,
            root,
        }
        .sign(&signer)
    }
}

/// One side: a desk, its log and its relay's log, an officer.
pub(crate) struct Side {
    pub domain: String,
    pub root: SigningKey,
    pub desk: Signer,
    pub officer: Signer,
    pub log: Signer,
    pub desk_log: Signer,
    pub roster_text: String,
    first: u8,
}

pub(crate) struct World {
    pub avelia: Side,
    pub borenia: Side,
    pub rosters: RosterSet,
}

pub(crate) fn world() -> World {
    let avelia = side("avelia", "north", 10);
    let borenia = side("borenia", "south", 20);
    let mut rosters = RosterSet::new();
    rosters.update(builder("avelia", "north", 10).0.finish()).unwrap();
    rosters
        .update(builder("borenia", "south", 20).0.finish())
        .unwrap();
    World {
        avelia,
        borenia,
        rosters,
    }
}

impl World {
    /// Message `sequence` of Avelia's desk to Borenia's, approved by Avelia's officer, first of its chain.
    pub(crate) fn message(&self, sequence: u64) -> Message {
        self.message_after(sequence, Hash::ZERO)
    }

    /// The same behind the statement `previous`.
    pub(crate) fn message_after(&self, sequence: u64, previous: Hash) -> Message {
        self.message_of(&self.avelia, sequence, previous)
    }

    pub(crate) fn message_of(&self, side: &Side, sequence: u64, previous: Hash) -> Message {
        let mut message = samples::message(sequence);
        message.header.trust_domain = side.domain.clone();
        message.header.sender = side.desk.identity.clone();
        message.header.key_statement = side.desk.key_statement;
        message.header.previous = previous;
        message.header.seen.clear();
        let by = ApprovalBy {
            officer: side.officer.identity.clone(),
            key_statement: side.officer.key_statement,
            capacity: 2,
            claimed_time_ms: NOW,
        };
        let approval = Approval::of(&message, by);
        message.approvals = vec![side.officer.sign(PayloadType::Approval, &approval.encode())];
        message
    }

    /// The rosters after Avelia has revoked a key.
    pub(crate) fn with_revoked(&self, signer: &Signer) -> RosterSet {
        let mut rosters = self.rosters.clone();
        let (mut builder, _) = builder("avelia", "north", self.avelia.first);
        builder.revoke(signer.key_statement, "lost", NOW).unwrap();
        rosters.update(builder.finish()).unwrap();
        rosters
    }
}

fn side(country: &str, relay: &str, first: u8) -> Side {
    let (builder, [desk, officer, log, desk_log]) = builder(country, relay, first);
    Side {
        domain: format!("exercise.{country}.example"),
        root: SigningKey::from_seed(&[first; 32]),
        desk,
        officer,
        log,
        desk_log,
        roster_text: builder.finish().to_text(),
        first,
    }
}

fn builder(country: &str, relay: &str, first: u8) -> (RosterBuilder, [Signer; 4]) {
    let domain = format!("exercise.{country}.example");
    let mut builder = RosterBuilder::new(&domain, SigningKey::from_seed(&[first; 32])).unwrap();
    let mut enrol = |purpose, path: &str, seed: u8| {
        let identity = format!("spiffe://{domain}/{path}");
        let enrolment = Enrolment {
            purpose,
            subject: identity.clone(),
            roles: if purpose == Purpose::Officer {
                vec![1, 2]
            } else {
                Vec::new()
            },
            public_key: SigningKey::from_seed(&[seed; 32]).public(),
            not_before_ms: NOW - 1_000_000,
            not_after_ms: NOW + 1_000_000,
        };
        let key_statement = builder.enrol(enrolment).unwrap();
        Signer {
            identity,
            key_statement,
            seed: [seed; 32],
        }
    };
    let signers = [
        enrol(Purpose::Statement, "desk/ops", first + 1),
        enrol(Purpose::Officer, "officer/okoye", first + 2),
        enrol(Purpose::Log, &format!("relay/{relay}"), first + 3),
        enrol(Purpose::Log, "desk/ops", first + 4),
    ];
    (builder, signers)
}

/// A log in memory.
pub(crate) fn log_of(signer: &Signer, entries: Vec<Vec<u8>>) -> crate::compare::Log {
    let mut frontier = crate::Frontier::new();
    for entry in &entries {
        frontier.push(crate::tree::leaf_hash(entry));
    }
    crate::compare::Log {
        note: signer.checkpoint(frontier.size(), frontier.root()),
        entries,
    }
}

impl World {
    /// A chain of messages of one side, from 1 to `count`.
    pub(crate) fn chain(&self, side: &Side, count: u64) -> Vec<Vec<u8>> {
        let mut previous = Hash::ZERO;
        let mut entries = Vec::new();
        for sequence in 1..=count {
            let mut message = self.message_of(side, sequence, previous);
            message.header.id = [sequence as u8, (sequence >> 8) as u8]
                .repeat(8)
                .try_into()
                .unwrap();
            let entry = side
                .desk
                .sign(PayloadType::Message, &self.approved(side, message).encode());
            previous = Hash::of(&entry);
            entries.push(entry);
        }
        entries
    }

    /// The message with an approval that fits it.
    pub(crate) fn approved(&self, side: &Side, mut message: Message) -> Message {
        let by = ApprovalBy {
            officer: side.officer.identity.clone(),
            key_statement: side.officer.key_statement,
            capacity: 2,
            claimed_time_ms: NOW,
        };
        let approval = Approval::of(&message, by);
        message.approvals = vec![side.officer.sign(PayloadType::Approval, &approval.encode())];
        message
    }

    /// Trust folders of both sides below `parent`.
    pub(crate) fn write_trust(&self, parent: &std::path::Path) {
        for side in [&self.avelia, &self.borenia] {
            let folder = parent.join(&side.domain);
            std::fs::create_dir_all(&folder).unwrap();
            let root = crate::trust::root_line(&side.domain, &side.root.public());
            std::fs::write(folder.join("root.pub"), root).unwrap();
            std::fs::write(folder.join("roster"), &side.roster_text).unwrap();
        }
    }
}

/// The world after two security officers of Avelia have denied its desk: with the policy that counts it, and the two
/// statements of the order.
pub(crate) fn denied_desk() -> (World, crate::TrustPolicy, [Vec<u8>; 2]) {
    let mut world = world();
    let (mut builder, _) = builder("avelia", "north", world.avelia.first);
    let officers = [("weiss", 15u8), ("tanaka", 16)].map(|(name, seed)| {
        let identity = format!("spiffe://{}/officer/{name}", world.avelia.domain);
        let enrolment = Enrolment {
            purpose: Purpose::Officer,
            subject: identity.clone(),
            roles: vec![7],
            public_key: SigningKey::from_seed(&[seed; 32]).public(),
            not_before_ms: NOW - 1_000_000,
            not_after_ms: NOW + 1_000_000,
        };
        let key_statement = builder.enrol(enrolment).unwrap();
        Signer {
            identity,
            key_statement,
            seed: [seed; 32],
        }
    });
    let roster = builder.finish();
    let mut list = DenyList::empty(&roster);
    let order = list.next(&world.avelia.desk.identity, "copied", NOW, NOW + 1);
    let signed = officers.map(|by| {
        let deny = Deny {
            officer: by.identity.clone(),
            key_statement: by.key_statement,
            order: order.encode(),
        };
        by.sign(PayloadType::Deny, &deny.encode())
    });
    list.append([&signed[0], &signed[1]], &roster).unwrap();
    world.rosters.update(roster).unwrap();
    world.rosters.deny(list);
    let policy = crate::TrustPolicy::new(world.rosters.clone());
    (world, policy, signed)
}

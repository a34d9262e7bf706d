//! Everybody with a key: two sides and control, from seeds.

use hotline_audit::{
    CosignSigner, CosignerName, Enrolment, Frontier, Hash, LogSigner, PayloadType, Purpose, RosterBuilder,
    RosterSet, SignedStatement, SigningKey, TrustPolicy,
    compare::Log,
    key::{DenyList, Roster, Subject, origin_of},
    note::Note,
    statement::{Deny, PeerCheckpoint},
    tree::leaf_hash,
};

use super::BEGAN;

/// Somebody with a key.
pub(crate) struct Signer {
    pub(crate) identity: String,
    pub(crate) key_statement: Hash,
    seed: [u8; 32],
}

/// One side.
pub(crate) struct Side {
    pub(crate) domain: String,
    pub(crate) root: SigningKey,
    pub(crate) roster: String,
    pub(crate) desk: Signer,
    pub(crate) officer: Signer,
    /// Who signs beside the first where two are needed.
    pub(crate) second: Signer,
    /// Who may only read logs.
    pub(crate) auditor: Signer,
    pub(crate) desk_log: Signer,
    pub(crate) relay_log: Signer,
    /// With what the side's relay cosigns the other side's logs.
    pub(crate) witness: Signer,
}

/// Two sides and control.
pub(crate) struct World {
    pub(crate) sides: [Side; 2],
    pub(crate) conductor: Signer,
    pub(crate) control_log: Signer,
    pub(crate) control: (String, SigningKey, String),
    rosters: RosterSet,
}

impl Signer {
    pub(crate) fn sign(&self, kind: PayloadType, payload: &[u8]) -> Vec<u8> {
        SignedStatement::sign(kind, payload, &self.key())
            .unwrap()
            .into_bytes()
    }

    pub(crate) fn domain(&self) -> &str {
        Subject::parse(&self.identity).unwrap().domain
    }

    pub(crate) fn key(&self) -> SigningKey {
        SigningKey::from_seed(&self.seed)
    }
}

impl World {
    pub(crate) fn trust(&self) -> TrustPolicy {
        TrustPolicy::new(self.rosters.clone())
    }

    /// A log with its checkpoint, as its owner signs it.
    pub(crate) fn log(&self, name: &str, entries: Vec<Vec<u8>>) -> Log {
        let mut frontier = Frontier::new();
        for entry in &entries {
            frontier.push(leaf_hash(entry));
        }
        let signer = self.log_signer(name);
        let note = signer.checkpoint(frontier.size(), frontier.root()).sign(&signer);
        Log { note, entries }
    }

    /// With what a log's checkpoints are signed.
    pub(crate) fn log_signer(&self, name: &str) -> LogSigner {
        let signer = match name {
            "desk-A" => &self.sides[0].desk_log,
            "desk-B" => &self.sides[1].desk_log,
            "relay-north" => &self.sides[0].relay_log,
            "relay-south" => &self.sides[1].relay_log,
            _ => &self.control_log,
        };
        LogSigner::new(origin_of(&signer.identity).unwrap(), signer.key()).unwrap()
    }
}

impl World {
    /// Two security officers of A end its desk, whose keys may have been in other hands since then; what they signed.
    pub(crate) fn end_desk_a(&mut self, since_ms: u64, now_ms: u64) -> [Vec<u8>; 2] {
        let side = &self.sides[0];
        let roster = Roster::parse(&side.roster, &side.domain, side.root.public(), None).unwrap();
        let root = SigningKey::from_seed(&[10; 32]);
        let mut enrol = Enrolling {
            domain: &side.domain,
            builder: RosterBuilder::resume(roster, root),
        };
        let officers = [
            enrol.officer("officer/tanaka", vec![7], 40),
            enrol.officer("officer/weiss", vec![7], 41),
        ];
        let roster = enrol.builder.finish();
        let mut list = DenyList::empty(&roster);
        let order = list.next(&side.desk.identity, "copied", since_ms, now_ms);
        let signed = officers.map(|officer| {
            let deny = Deny {
                officer: officer.identity.clone(),
                key_statement: officer.key_statement,
                order: order.encode(),
            };
            officer.sign(PayloadType::Deny, &deny.encode())
        });
        list.append([&signed[0], &signed[1]], &roster).unwrap();
        self.rosters.update(roster).unwrap();
        self.rosters.deny(list);
        signed
    }

    /// Writes down in the log of one side's relay what it has seen of the other's so far, cosigned at this second.
    pub(crate) fn anchor(&self, by: usize, seen: &Log, at_s: u64) -> Vec<u8> {
        let side = &self.sides[by];
        let mut note = Note::parse(&seen.note).unwrap();
        let name = CosignerName::witness(origin_of(&side.relay_log.identity).unwrap()).unwrap();
        let cosigner = CosignSigner::new(name, side.witness.key());
        note.signatures.push(cosigner.cosign(&note.text, at_s));
        let said = PeerCheckpoint {
            relay: side.relay_log.identity.clone(),
            key_statement: side.relay_log.key_statement,
            note: note.encode(),
            claimed_time_ms: at_s * 1_000,
            mirrored: 0,
        };
        side.relay_log.sign(PayloadType::PeerCheckpoint, &said.encode())
    }
}

pub(crate) fn world() -> World {
    let mut rosters = RosterSet::new();
    let sides = [
        side("avelia", "north", 10, &mut rosters),
        side("borenia", "south", 20, &mut rosters),
    ];
    let domain = "exercise.excon.example".to_owned();
    let mut enrol = Enrolling::new(&domain, 30);
    let conductor = enrol.key(Purpose::Control, "control/conductor", 31);
    let control_log = enrol.key(Purpose::Log, "control/conductor", 32);
    let roster = enrol.builder.finish();
    let control = (domain, SigningKey::from_seed(&[30; 32]), roster.to_text());
    rosters.update(roster).unwrap();
    World {
        sides,
        conductor,
        control_log,
        control,
        rosters,
    }
}

fn side(country: &str, relay: &str, first: u8, rosters: &mut RosterSet) -> Side {
    let domain = format!("exercise.{country}.example");
    let mut enrol = Enrolling::new(&domain, first);
    let desk = enrol.key(Purpose::Statement, "desk/ops", first + 1);
    let officer = enrol.key(Purpose::Officer, "officer/okoye", first + 2);
    let second = enrol.key(Purpose::Officer, "officer/haddad", first + 5);
    let auditor = enrol.officer("officer/reyes", vec![8], first + 6);
    let desk_log = enrol.key(Purpose::Log, "desk/ops", first + 3);
    let relay_log = enrol.key(Purpose::Log, &format!("relay/{relay}"), first + 4);
    let witness = enrol.key(Purpose::Witness, &format!("relay/{relay}"), first + 7);
    let roster = enrol.builder.finish();
    let text = roster.to_text();
    rosters.update(roster).unwrap();
    Side {
        domain,
        root: SigningKey::from_seed(&[first; 32]),
        roster: text,
        desk,
        officer,
        second,
        auditor,
        desk_log,
        relay_log,
        witness,
    }
}

struct Enrolling<'d> {
    domain: &'d str,
    builder: RosterBuilder,
}

impl<'d> Enrolling<'d> {
    fn new(domain: &'d str, root: u8) -> Self {
        let builder = RosterBuilder::new(domain, SigningKey::from_seed(&[root; 32])).unwrap();
        Self { domain, builder }
    }

    fn key(&mut self, purpose: Purpose, path: &str, seed: u8) -> Signer {
        let roles = if purpose == Purpose::Officer {
            vec![1, 2, 3, 4, 5]
        } else {
            Vec::new()
        };
        self.with_roles(purpose, path, roles, seed)
    }

    fn officer(&mut self, path: &str, roles: Vec<u32>, seed: u8) -> Signer {
        self.with_roles(Purpose::Officer, path, roles, seed)
    }

    fn with_roles(&mut self, purpose: Purpose, path: &str, roles: Vec<u32>, seed: u8) -> Signer {
        let identity = format!("spiffe://{}/{path}", self.domain);
        let enrolment = Enrolment {
            purpose,
            subject: identity.clone(),
            roles,
            public_key: SigningKey::from_seed(&[seed; 32]).public(),
            not_before_ms: BEGAN - 1_000_000,
            not_after_ms: BEGAN + 1_000_000_000,
        };
        let key_statement = self.builder.enrol(enrolment).unwrap();
        Signer {
            identity,
            key_statement,
            seed: [seed; 32],
        }
    }
}

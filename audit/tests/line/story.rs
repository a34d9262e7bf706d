//! What happens on the line: messages both ways with their ladders, and relays that witness and mirror each other.

use hotline_audit::dsse::PayloadType;
use hotline_audit::note::Note;
use hotline_audit::proof::TlogProof;
use hotline_audit::statement::{
    Act, Approval, ApprovalBy, Content, Header, Message, OfficerAct, PeerCheckpoint, Receipt, ReceiptItem,
    Recipient, Reference, SeenCheckpoint, Service,
};
use hotline_audit::tree::{Frontier, leaf_hash};
use hotline_audit::{Checkpoint, Hash};

use super::{Held, Line, NOW, Side};

/// Where each desk's chain stands.
struct Chain {
    sequence: u64,
    previous: Hash,
    number: u64,
}

/// A line while something happens on it.
pub struct Play {
    pub line: Line,
    chains: [Chain; 2],
    clock_ms: u64,
    count: u64,
}

/// What a story has in it.
#[derive(Clone, Copy)]
pub struct Story {
    /// Messages, in turn from each side.
    pub messages: u64,
    /// After how many messages relays cosign each other.
    pub witnessed_every: u64,
}

/// Six messages, cosigned behind every second.
pub const SHORT: Story = Story {
    messages: 6,
    witnessed_every: 2,
};

/// Plays a story.
pub fn play(story: Story) -> Line {
    let mut play = Play::new();
    for turn in 0..story.messages {
        let from = usize::try_from(turn % 2).unwrap();
        let message = play.message(from, &format!("Message {turn} of a quiet day."), None);
        play.receipt(1 - from, &message, 4);
        if turn % 3 != 2 {
            play.receipt(1 - from, &message, 6);
            play.act(1 - from, &message, 7, "");
        }
        if turn % 6 == 0 {
            play.act(1 - from, &message, 22, "position");
        }
        if turn % 4 == 1 {
            let answer = play.message(1 - from, "Understood.", Some((&message, 1)));
            play.receipt(from, &answer, 4);
        }
        if (turn + 1) % story.witnessed_every == 0 {
            play.cosign();
        }
    }
    play.cosign();
    play.open_first();
    play.line
}

impl Play {
    pub fn new() -> Play {
        let sides = [
            Side::new("avelia", "A", "north", 10),
            Side::new("borenia", "B", "south", 40),
        ];
        let rosters = [sides[0].roster.clone(), sides[1].roster.clone()];
        let chain = || Chain {
            sequence: 0,
            previous: Hash::ZERO,
            number: 0,
        };
        Play {
            line: Line {
                sides,
                held: [Held::default(), Held::default()],
                rosters,
            },
            chains: [chain(), chain()],
            clock_ms: NOW,
            count: 0,
        }
    }

    /// A message of side `from` that its releaser approved; `answers` is the statement that it answers and its code.
    pub fn message(&mut self, from: usize, text: &str, answers: Option<(&[u8], u32)>) -> Vec<u8> {
        let message = self.unsigned(from, text, answers);
        self.sign(from, &message)
    }

    /// The next message of a side before it is signed.
    pub fn unsigned(&mut self, from: usize, text: &str, answers: Option<(&[u8], u32)>) -> Message {
        let salt = Hash::of(&(self.count + 1).to_be_bytes()).0;
        self.with_content(from, Content::plain(salt, text), answers)
    }

    /// The same with any content.
    pub fn with_content(&mut self, from: usize, content: Content, answers: Option<(&[u8], u32)>) -> Message {
        self.chains[from].number += 1;
        let number = self.chains[from].number;
        let header = self.header(from);
        let mut message = Message {
            header,
            traffic_class: 1,
            message_type: 1,
            function: if answers.is_some() { 3 } else { 1 },
            precedence: 2,
            channel: "MARITIME".to_owned(),
            number,
            response_attribute: 2,
            refers_to: answers.map(|(statement, _)| reference(statement)),
            answer: answers.map_or(0, |(_, code)| code),
            approvals: Vec::new(),
            content,
            expires_ms: 0,
            safety_of_life: false,
            respond_by_ms: 0,
            contact: 0,
        };
        self.approve(from, &mut message);
        message
    }

    /// Lets the side's releaser approve a message, as it stands now.
    pub fn approve(&self, from: usize, message: &mut Message) {
        let releaser = &self.line.sides[from].releaser;
        let by = ApprovalBy {
            officer: releaser.identity.clone(),
            key_statement: releaser.statement,
            capacity: 2,
            claimed_time_ms: self.clock_ms,
        };
        let approval = Approval::of(message, by);
        message.approvals = vec![releaser.sign(PayloadType::Approval, &approval.encode())];
    }

    /// Signs a message as it stands, and puts it into every log.
    pub fn sign(&mut self, from: usize, message: &Message) -> Vec<u8> {
        let bytes = self.line.sides[from]
            .desk
            .sign(PayloadType::Message, &message.encode());
        self.spread(from, bytes)
    }

    /// What side `by` says of itself about a statement: 8 OVERDUE, 9 NON_DELIVERY, 11 NOT_OPENED.
    pub fn service(&mut self, by: usize, statement: &[u8], kind: u32, text: &str) -> Vec<u8> {
        let service = Service {
            header: self.header(by),
            kind,
            refers_to: Some(reference(statement)),
            legs: Vec::new(),
            clock_before_ms: 0,
            clock_after_ms: 0,
            step: 0,
            text: text.to_owned(),
        };
        let bytes = self.line.sides[by]
            .desk
            .sign(PayloadType::Service, &service.encode());
        self.spread(by, bytes)
    }

    /// Ends a key of a side, as both relays' logs and its roster have it from here on.
    pub fn end(&mut self, side: usize, key: Hash) {
        let mut builder = self.line.sides[side].builder();
        builder.revoke(key, "stolen", NOW).unwrap();
        let roster = builder.finish();
        let revocation = roster.entries().last().unwrap().to_vec();
        self.line.rosters[side] = roster.to_text();
        for held in &mut self.line.held {
            held.relay.push(revocation.clone());
        }
    }

    /// Leaves the newest statement of side `from` in this desk's log alone.
    pub fn only_in_desk(&mut self, from: usize, desk: usize) {
        for (place, held) in self.line.held.iter_mut().enumerate() {
            held.relay.pop();
            if place != desk {
                held.desk.pop();
            }
        }
        self.line.held[from].proofs.pop();
    }

    /// A receipt of side `by` for a statement: 4 DELIVERED, 5 ALERTED, 6 DISPLAYED.
    pub fn receipt(&mut self, by: usize, statement: &[u8], rung: u32) -> Vec<u8> {
        let named = reference(statement);
        let receipt = Receipt {
            header: self.header(by),
            rung,
            subject: named.sender,
            items: vec![ReceiptItem {
                id: named.id,
                sha256: named.sha256,
                leg: "north/quic".to_owned(),
            }],
        };
        let bytes = self.line.sides[by]
            .desk
            .sign(PayloadType::Receipt, &receipt.encode());
        self.spread(by, bytes)
    }

    /// An act of side `by`'s watch officer: 7 ACKNOWLEDGED, 22 INSUFFICIENT.
    pub fn act(&mut self, by: usize, statement: &[u8], rung: u32, text: &str) -> Vec<u8> {
        let header = self.header(by);
        let side = &self.line.sides[by];
        let said = OfficerAct {
            officer: side.watch.identity.clone(),
            key_statement: side.watch.statement,
            rung,
            desk: side.desk.identity.clone(),
            exercise: header.exercise.clone(),
            message: reference(statement),
            text: text.to_owned(),
            claimed_time_ms: self.clock_ms,
        };
        let act = Act {
            header,
            act: side.watch.sign(PayloadType::OfficerAct, &said.encode()),
        };
        let bytes = side.desk.sign(PayloadType::Act, &act.encode());
        self.spread(by, bytes)
    }

    /// A desk's last word, which nobody takes to anybody.
    pub fn closes(&mut self, by: usize) -> Vec<u8> {
        let service = Service {
            header: self.header(by),
            kind: 7,
            refers_to: None,
            legs: Vec::new(),
            clock_before_ms: 0,
            clock_after_ms: 0,
            step: 0,
            text: String::new(),
        };
        let bytes = self.line.sides[by]
            .desk
            .sign(PayloadType::Service, &service.encode());
        self.chains[by].previous = Hash::of(&bytes);
        self.line.held[by].desk.push(bytes.clone());
        bytes
    }

    /// Both relays cosign and mirror each other's newest checkpoint, and write it down.
    pub fn cosign(&mut self) {
        self.clock_ms += 1000;
        let now_s = self.clock_ms / 1000;
        for by in 0..2 {
            let of = 1 - by;
            let entries = self.line.held[of].relay.clone();
            let mut note = Note::parse(&self.line.sides[of].relay.note(&entries)).unwrap();
            let side = &self.line.sides[by];
            for mirror in [false, true] {
                note.signatures
                    .push(side.cosigner(mirror).cosign(&note.text, now_s));
            }
            let leaf = PeerCheckpoint {
                relay: side.relay.identity.clone(),
                key_statement: side.relay.statement,
                note: note.encode(),
                claimed_time_ms: self.clock_ms,
                mirrored: entries.len() as u64,
            };
            let leaf = side.relay.sign(PayloadType::PeerCheckpoint, &leaf.encode());
            for held in &mut self.line.held {
                held.notes.push(note.clone());
            }
            let held = &mut self.line.held[by];
            held.mirrored = entries;
            held.mirrored_note = Some(note);
            held.relay.push(leaf);
        }
    }

    /// The first message of each side is disclosed.
    pub fn open_first(&mut self) {
        for held in &mut self.line.held {
            held.opened = held.desk.first().cloned().into_iter().collect();
        }
    }

    /// Puts a statement into every log, and keeps the own relay's acceptance of it.
    pub fn spread(&mut self, from: usize, bytes: Vec<u8>) -> Vec<u8> {
        let chain = &mut self.chains[from];
        chain.previous = Hash::of(&bytes);
        for held in &mut self.line.held {
            held.relay.push(bytes.clone());
            held.desk.push(bytes.clone());
        }
        let entries = &self.line.held[from].relay;
        let note = self.line.sides[from].relay.note(entries);
        let proof = proof(entries, entries.len() - 1, &note);
        self.line.held[from].proofs.push((Hash::of(&bytes), proof));
        bytes
    }

    fn header(&mut self, from: usize) -> Header {
        self.clock_ms += 1000;
        self.count += 1;
        let chain = &mut self.chains[from];
        chain.sequence += 1;
        let (sequence, previous) = (chain.sequence, chain.previous);
        let [side, other] = [&self.line.sides[from], &self.line.sides[1 - from]];
        let id: [u8; 32] = Hash::of(format!("{from} {sequence}").as_bytes()).0;
        Header {
            id: id[..16].try_into().unwrap(),
            trust_domain: side.domain.clone(),
            exercise: "NORTHERN LIGHT".to_owned(),
            conversation: id[..16].try_into().unwrap(),
            sender: side.desk.identity.clone(),
            key_statement: side.desk.statement,
            recipients: vec![Recipient {
                identity: other.desk.identity.clone(),
                kind: 1,
            }],
            claimed_time_ms: self.clock_ms,
            epoch: 1,
            sequence,
            previous,
            seen: self.seen(),
        }
    }

    /// The newest checkpoint of both relays.
    fn seen(&self) -> Vec<SeenCheckpoint> {
        let of = |place: usize| {
            let note = self.line.sides[place].relay.note(&self.line.held[place].relay);
            let head = Checkpoint::danger_parse_unverified(&note).unwrap();
            SeenCheckpoint {
                origin: head.origin,
                size: head.size,
                root: head.root,
            }
        };
        (0..2)
            .filter(|place| !self.line.held[*place].relay.is_empty())
            .map(of)
            .collect()
    }
}

/// Names a desk's statement.
pub fn reference(statement: &[u8]) -> Reference {
    let read = hotline_audit::SignedStatement::parse(statement).unwrap();
    let payload = hotline_audit::Payload::parse(&read).unwrap();
    Reference {
        sender: payload.header().sender.clone(),
        id: payload.header().id,
        sha256: read.hash(),
    }
}

/// The proof that an entry stands in a log of these entries.
pub fn proof(entries: &[Vec<u8>], index: usize, note: &[u8]) -> TlogProof {
    struct Nodes(Vec<Vec<Hash>>);
    impl hotline_audit::NodeReader for Nodes {
        type Error = std::convert::Infallible;
        fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
            Ok(self.0[usize::from(level)][usize::try_from(index).unwrap()])
        }
    }
    let mut nodes = vec![Vec::new(); 64];
    let mut frontier = Frontier::new();
    for entry in entries {
        for node in frontier.push(leaf_hash(entry)) {
            nodes[usize::from(node.level)].push(node.hash);
        }
    }
    TlogProof::make(&Nodes(nodes), index as u64, entries.len() as u64, note).unwrap()
}

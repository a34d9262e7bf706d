//! An exercise whose evidence is signed in memory, for the tests of this room.
//!
//! Two desks, two relays and control, each with real keys and a real log. What is said is said at the moment that
//! [`Play::at`] set, on control's clock; a desk's own clock can be set wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod folder;
pub(crate) mod s1;
mod signers;

use std::{collections::BTreeMap, time::Duration};

use hotline_audit::{
    Hash, PayloadType,
    compare::Log,
    statement::{
        Act, Annex, AnnexDone, Approval, ApprovalBy, Content, Control, Header, LegFact, Message, OfficerAct,
        OfficerAnnex, Receipt, ReceiptItem, Recipient, Reference, Service,
    },
};
use hotline_core::{
    duty::{OverdueStep, ServiceKind},
    precedence::Precedence,
    story::{Rate, Running},
    time::{LineTime, StoryTime, WallTime},
    words::{Answer, Function, ResponseAttribute, Rung},
};

use crate::{
    bundle::Evidence,
    codebook::shipped::STARTER,
    record::{DeskWord, Kind, Record, Seen, Stamp, Startex, running_codes},
    timeline::Timeline,
};
use signers::{Signer, World};

/// Control's wall clock at its first record, within every key's validity.
pub(crate) const BEGAN: u64 = 1_795_000_000_000;

/// The exercise's identifier.
pub(crate) const EXERCISE: &str = "MID AIR";

/// A message to be sent.
pub(crate) struct Draft<'d> {
    pub(crate) from: &'d str,
    pub(crate) text: &'d str,
    pub(crate) precedence: Precedence,
    pub(crate) response: ResponseAttribute,
    pub(crate) refers_to: Option<Hash>,
    pub(crate) answer: Option<Answer>,
}

/// An exercise that is being played.
pub(crate) struct Play {
    pub(crate) scenario: String,
    pub(crate) world: World,
    /// Milliseconds of line since control's start.
    now_ms: u64,
    rate: u32,
    /// Entries by log.
    pub(crate) logs: BTreeMap<&'static str, Vec<Vec<u8>>>,
    chains: BTreeMap<&'static str, (u64, Hash)>,
    /// How far each desk's wall clock is ahead.
    ahead_ms: BTreeMap<&'static str, i64>,
    sent: BTreeMap<Hash, ([u8; 16], String)>,
}

const DESKS: [&str; 2] = ["A", "B"];
const LINE_LOGS: [&str; 4] = ["desk-A", "desk-B", "relay-north", "relay-south"];

impl Draft<'_> {
    pub(crate) fn flash<'d>(from: &'d str, text: &'d str) -> Draft<'d> {
        Draft {
            from,
            text,
            precedence: Precedence::Flash,
            response: ResponseAttribute::Roger,
            refers_to: None,
            answer: None,
        }
    }
}

impl Play {
    /// STARTEX at ×60 on the headless stage.
    pub(crate) fn of(scenario: &str) -> Self {
        let mut play = Self {
            scenario: scenario.to_owned(),
            world: signers::world(),
            now_ms: 0,
            rate: 60_000,
            logs: BTreeMap::new(),
            chains: BTreeMap::new(),
            ahead_ms: BTreeMap::new(),
            sent: BTreeMap::new(),
        };
        let startex = play.startex();
        play.record(Kind::Startex(Box::new(startex)));
        for desk in DESKS {
            play.look(desk, Seen::default());
        }
        play
    }

    /// The shipped S1.
    pub(crate) fn s1() -> Self {
        Self::of(crate::scenario::shipped::by_id("S1").unwrap().text)
    }

    fn startex(&self) -> Startex {
        let desk = |name: &str| DeskWord {
            side: name.to_owned(),
            identity: self.desk(name).identity.clone(),
            log: format!("desk-{name}"),
        };
        let codebook = crate::codebook::shipped::starter().unwrap();
        Startex {
            scenario: "S1".into(),
            variant: None,
            scenario_sha256: Hash::of(self.scenario.as_bytes()).to_string(),
            codebook: "starter/1".into(),
            codebook_sha256: codebook.sha256().to_string(),
            stage: "headless".into(),
            seed: 1,
            rate: self.rate,
            release: 2,
            processes: Vec::new(),
            seats: BTreeMap::new(),
            desks: DESKS
                .iter()
                .map(|name| ((*name).to_owned(), desk(name)))
                .collect(),
        }
    }

    /// From now on it is `ms` milliseconds of line since control's start.
    pub(crate) fn at(&mut self, ms: u64) -> &mut Self {
        self.now_ms = ms;
        self
    }

    /// From now on a desk's wall clock is so far ahead.
    pub(crate) fn set_clock(&mut self, desk: &'static str, ahead_ms: i64) -> &mut Self {
        self.ahead_ms.insert(desk, ahead_ms);
        self
    }

    /// Control's wall clock now.
    pub(crate) fn wall(&self) -> u64 {
        BEGAN + self.now_ms
    }

    fn desk_wall(&self, desk: &str) -> u64 {
        let ahead = self.ahead_ms.get(desk).copied().unwrap_or(0);
        self.wall().checked_add_signed(ahead).unwrap()
    }

    /// Control writes something down.
    pub(crate) fn record(&mut self, kind: Kind) -> &mut Self {
        let running = match kind {
            Kind::Endex { .. } => Running::Ended,
            _ => Running::Running(Rate::from_thousandths(self.rate).unwrap()),
        };
        let story = self.now_ms * u64::from(self.rate) / 1_000;
        let stamp = Stamp {
            wall: WallTime::from_unix_ms(self.wall()),
            line: LineTime::from_start(Duration::from_millis(self.now_ms)),
            story: StoryTime::from_startex(Duration::from_millis(story)),
        };
        self.write_record(&Record { stamp, running, kind })
    }

    /// Control writes down a record with times of its own.
    pub(crate) fn write_record(&mut self, record: &Record) -> &mut Self {
        let signer = &self.world.conductor;
        let entries = self.logs.entry("excon").or_default();
        let (running, rate) = running_codes(record.running);
        let control = Control {
            id: id_of(entries.len() as u64, 0xee),
            exercise: EXERCISE.into(),
            conductor: signer.identity.clone(),
            key_statement: signer.key_statement,
            sequence: entries.len() as u64 + 1,
            previous: entries.last().map_or(Hash::ZERO, |entry| Hash::of(entry)),
            wall_ms: record.stamp.wall.unix_ms(),
            line_ms: u64::try_from(record.stamp.line.since_start().as_millis()).unwrap(),
            story_ms: u64::try_from(record.stamp.story.since_startex().as_millis()).unwrap(),
            running,
            rate,
            kind: record.kind.code(),
            subject: String::new(),
            detail: record.kind.detail().unwrap(),
            order: Vec::new(),
        };
        entries.push(signer.sign(PayloadType::Control, &control.encode()));
        self
    }

    /// Control looks at a desk and is told its clock, in a round trip of 2 ms.
    pub(crate) fn look(&mut self, desk: &str, seen: Seen) -> &mut Self {
        let wall_ms = Some((self.desk_wall(desk) - 1, 1));
        self.record(Kind::Observed {
            desk: desk.to_owned(),
            seen: Box::new(Seen { wall_ms, ..seen }),
        })
    }

    /// An inject is delivered.
    pub(crate) fn inject(&mut self, serial: &str) -> &mut Self {
        self.record(Kind::Inject {
            serial: serial.to_owned(),
            status: crate::record::InjectStatus::Delivered,
            what: String::new(),
        })
    }

    /// A message has a name.
    pub(crate) fn name(&mut self, alias: &str, message: Hash) -> &mut Self {
        self.record(Kind::Named {
            alias: alias.to_owned(),
            message: message.to_string(),
        })
    }

    /// ENDEX.
    pub(crate) fn endex(&mut self) -> &mut Self {
        self.record(Kind::Endex { why: "DONE".into() })
    }

    fn desk(&self, name: &str) -> &Signer {
        match name {
            "A" => &self.world.sides[0].desk,
            _ => &self.world.sides[1].desk,
        }
    }

    fn officer(&self, desk: &str) -> &Signer {
        match desk {
            "A" => &self.world.sides[0].officer,
            _ => &self.world.sides[1].officer,
        }
    }

    fn header(&self, desk: &str) -> Header {
        let signer = self.desk(desk);
        let peer = if desk == "A" { "B" } else { "A" };
        let (sequence, previous) = self.chains.get(desk).copied().unwrap_or((0, Hash::ZERO));
        let id = id_of(sequence + 1, desk.as_bytes()[0]);
        Header {
            id,
            trust_domain: signer.domain().to_owned(),
            exercise: EXERCISE.into(),
            conversation: id,
            sender: signer.identity.clone(),
            key_statement: signer.key_statement,
            recipients: vec![Recipient {
                identity: self.desk(peer).identity.clone(),
                kind: 1,
            }],
            claimed_time_ms: self.desk_wall(desk),
            epoch: 1,
            sequence: sequence + 1,
            previous,
            seen: Vec::new(),
        }
    }

    /// Signs, and puts the statement into these logs.
    fn say(&mut self, desk: &str, kind: PayloadType, payload: &[u8], logs: &[&'static str]) -> Hash {
        let entry = self.desk(desk).sign(kind, payload);
        let hash = Hash::of(&entry);
        let own = if desk == "A" { "A" } else { "B" };
        let chain = self.chains.entry(own).or_insert((0, Hash::ZERO));
        *chain = (chain.0 + 1, hash);
        for log in logs {
            self.logs.entry(log).or_default().push(entry.clone());
        }
        hash
    }

    /// A desk sends a message, which all logs hold.
    pub(crate) fn send(&mut self, draft: &Draft<'_>) -> Hash {
        self.send_into(draft, &LINE_LOGS)
    }

    /// A desk sends a message, which only these logs hold.
    pub(crate) fn send_into(&mut self, draft: &Draft<'_>, logs: &[&'static str]) -> Hash {
        let header = self.header(draft.from);
        let refers_to = draft.refers_to.map(|hash| self.reference(hash));
        let mut message = Message {
            traffic_class: 1,
            message_type: 1,
            function: match draft.answer {
                Some(_) => Function::Reply.to_wire(),
                None => Function::Notify.to_wire(),
            },
            precedence: draft.precedence.to_wire(),
            channel: "MINISTER".into(),
            number: header.sequence,
            response_attribute: draft.response.to_wire(),
            refers_to,
            answer: draft.answer.map_or(0, Answer::to_wire),
            approvals: Vec::new(),
            content: Content::plain([9; 32], draft.text),
            expires_ms: 0,
            safety_of_life: false,
            respond_by_ms: 0,
            contact: 0,
            header,
        };
        let officer = self.officer(draft.from);
        let by = ApprovalBy {
            officer: officer.identity.clone(),
            key_statement: officer.key_statement,
            capacity: 2,
            claimed_time_ms: message.header.claimed_time_ms,
        };
        let approval = Approval::of(&message, by);
        message.approvals = vec![officer.sign(PayloadType::Approval, &approval.encode())];
        let (id, sender) = (message.header.id, message.header.sender.clone());
        let hash = self.say(draft.from, PayloadType::Message, &message.encode(), logs);
        self.sent.insert(hash, (id, sender));
        hash
    }

    fn reference(&self, message: Hash) -> Reference {
        let (id, sender) = self.sent.get(&message).cloned().unwrap();
        Reference {
            sender,
            id,
            sha256: message,
        }
    }

    /// A desk signs a rung by itself.
    pub(crate) fn receipt(&mut self, desk: &str, rung: Rung, message: Hash) -> Hash {
        let (id, subject) = self.sent.get(&message).cloned().unwrap();
        let receipt = Receipt {
            header: self.header(desk),
            rung: rung.to_wire(),
            subject,
            items: vec![ReceiptItem {
                id,
                sha256: message,
                leg: "north/quic".into(),
            }],
        };
        self.say(desk, PayloadType::Receipt, &receipt.encode(), &LINE_LOGS)
    }

    /// An officer of a desk signs an act.
    pub(crate) fn act(&mut self, desk: &str, rung: Rung, message: Hash) -> Hash {
        let header = self.header(desk);
        let officer = self.officer(desk);
        let said = OfficerAct {
            officer: officer.identity.clone(),
            key_statement: officer.key_statement,
            rung: rung.to_wire(),
            desk: header.sender.clone(),
            exercise: EXERCISE.into(),
            message: self.reference(message),
            text: String::new(),
            claimed_time_ms: header.claimed_time_ms,
        };
        let act = officer.sign(PayloadType::OfficerAct, &said.encode());
        let act = Act { header, act };
        self.say(desk, PayloadType::Act, &act.encode(), &LINE_LOGS)
    }

    /// An officer of a desk translates: 1 SIGHT, 2 ROUGH, 3 CERTIFIED.
    pub(crate) fn translate(&mut self, desk: &str, grade: u32, message: Hash) -> Hash {
        let content = Content::plain([7; 32], "KESTREL 2 ve-orun narst");
        let done = AnnexDone::Translated {
            grade,
            language: "qbo".into(),
            content_sha256: content.sha256(),
            of_annex: None,
        };
        self.annex(desk, message, done, Some(content))
    }

    /// An officer of a desk puts a message before the principal.
    pub(crate) fn present(&mut self, desk: &str, message: Hash) -> Hash {
        let done = AnnexDone::Presented {
            to: "the minister".into(),
        };
        self.annex(desk, message, done, None)
    }

    fn annex(&mut self, desk: &str, message: Hash, done: AnnexDone, content: Option<Content>) -> Hash {
        let header = self.header(desk);
        let officer = self.officer(desk);
        let said = OfficerAnnex {
            officer: officer.identity.clone(),
            key_statement: officer.key_statement,
            desk: header.sender.clone(),
            exercise: EXERCISE.into(),
            message: self.reference(message),
            done,
            claimed_time_ms: header.claimed_time_ms,
        };
        let annex = Annex {
            annex: officer.sign(PayloadType::OfficerAnnex, &said.encode()),
            header,
            content,
        };
        self.say(desk, PayloadType::Annex, &annex.encode(), &LINE_LOGS)
    }

    /// A desk says something of its legs, each since then by its own clock.
    pub(crate) fn legs(&mut self, desk: &str, kind: ServiceKind, legs: &[(&str, u64)]) -> Hash {
        let mut service = self.service(desk, kind);
        service.legs = legs
            .iter()
            .map(|(leg, ms)| LegFact {
                leg: (*leg).to_owned(),
                ms: *ms,
            })
            .collect();
        self.say(desk, PayloadType::Service, &service.encode(), &LINE_LOGS)
    }

    /// A desk's clock jumps.
    pub(crate) fn clock_step(&mut self, desk: &'static str, ahead_ms: i64) -> Hash {
        let before = self.desk_wall(desk);
        self.set_clock(desk, ahead_ms);
        let mut service = self.service(desk, ServiceKind::ClockStep);
        service.clock_before_ms = before;
        service.clock_after_ms = self.desk_wall(desk);
        self.say(desk, PayloadType::Service, &service.encode(), &LINE_LOGS)
    }

    /// Nobody acknowledges at a desk.
    pub(crate) fn overdue(&mut self, desk: &str, step: OverdueStep, message: Hash) -> Hash {
        let mut service = self.service(desk, ServiceKind::Overdue);
        service.refers_to = Some(self.reference(message));
        service.step = step.to_wire();
        self.say(desk, PayloadType::Service, &service.encode(), &LINE_LOGS)
    }

    fn service(&self, desk: &str, kind: ServiceKind) -> Service {
        Service {
            header: self.header(desk),
            kind: kind.to_wire(),
            refers_to: None,
            legs: Vec::new(),
            clock_before_ms: 0,
            clock_after_ms: 0,
            step: 0,
            text: String::new(),
        }
    }

    /// The logs as they would be exported.
    pub(crate) fn exported(&self) -> BTreeMap<String, Log> {
        let logs = self.logs.iter();
        logs.map(|(name, entries)| ((*name).to_owned(), self.world.log(name, entries.clone())))
            .collect()
    }

    pub(crate) fn evidence(&self) -> Evidence {
        Evidence::of(&self.scenario, STARTER, self.world.trust(), self.exported()).unwrap()
    }

    pub(crate) fn timeline(&self) -> Timeline {
        Timeline::load(&self.evidence()).unwrap()
    }
}

fn id_of(number: u64, salt: u8) -> [u8; 16] {
    let mut id = [salt; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    id
}

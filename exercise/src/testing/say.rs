//! What desks and their officers sign.

use hotline_audit::{
    Hash, PayloadType,
    opening::Opening,
    sealed::{Container, ENCAPSULATION_BYTES, TAG_BYTES, WRAPPED_KEY_BYTES, Wrap},
    statement::{
        Act, Annex, AnnexDone, Approval, ApprovalBy, Content, Header, LegFact, Lifecycle, Message,
        OfficerAct, OfficerAnnex, OfficerOrder, Receipt, ReceiptItem, Recipient, Reference, Service,
    },
};
use hotline_core::{
    duty::{OrderVerb, OverdueStep, ServiceKind},
    precedence::Precedence,
    words::{Answer, Function, ResponseAttribute, Rung},
};

use super::{
    EXERCISE, Play, id_of,
    signers::{Side, Signer},
};

/// The logs that hold what is said on the line.
pub(super) const LINE_LOGS: [&str; 4] = ["desk-A", "desk-B", "relay-north", "relay-south"];

/// A message to be sent.
pub(crate) struct Draft<'d> {
    pub(crate) from: &'d str,
    pub(crate) text: &'d str,
    pub(crate) precedence: Precedence,
    pub(crate) response: ResponseAttribute,
    pub(crate) refers_to: Option<Hash>,
    pub(crate) answer: Option<Answer>,
    /// One officer releases it, whatever its precedence asks for.
    pub(crate) alone: bool,
}

impl Draft<'_> {
    pub(crate) fn flash<'d>(from: &'d str, text: &'d str) -> Draft<'d> {
        Draft {
            from,
            text,
            precedence: Precedence::Flash,
            response: ResponseAttribute::Roger,
            refers_to: None,
            answer: None,
            alone: false,
        }
    }
}

impl Play {
    pub(super) fn desk(&self, name: &str) -> &Signer {
        match name {
            "A" => &self.world.sides[0].desk,
            _ => &self.world.sides[1].desk,
        }
    }

    fn side(&self, desk: &str) -> &Side {
        match desk {
            "A" => &self.world.sides[0],
            _ => &self.world.sides[1],
        }
    }

    fn officer(&self, desk: &str) -> &Signer {
        &self.side(desk).officer
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
        self.send_content(draft, Content::plain([9; 32], draft.text), logs)
    }

    /// A desk sends a message that is sealed, which all logs hold. Nobody has the key; this is its opening.
    pub(crate) fn send_sealed(&mut self, draft: &Draft<'_>) -> (Hash, Opening) {
        let opening = Opening {
            salt: [9; 32],
            text: draft.text.to_owned(),
        };
        let wrap = Wrap {
            key_statement: Hash([1; 32]),
            encapsulation: Box::new([2; ENCAPSULATION_BYTES]),
            wrapped_key: [3; WRAPPED_KEY_BYTES],
        };
        let container = Container {
            wraps: vec![wrap],
            ciphertext: vec![4; 256 + TAG_BYTES],
        };
        let content = Content::sealed(opening.commitment(), &container);
        (self.send_content(draft, content, &LINE_LOGS), opening)
    }

    fn send_content(&mut self, draft: &Draft<'_>, content: Content, logs: &[&'static str]) -> Hash {
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
            content,
            expires_ms: 0,
            safety_of_life: false,
            respond_by_ms: 0,
            contact: 0,
            header,
        };
        let side = self.side(draft.from);
        let urgent = matches!(draft.precedence, Precedence::Flash | Precedence::Override);
        let drafter = (urgent && !draft.alone).then_some((&side.second, 1));
        for (officer, capacity) in drafter.into_iter().chain([(&side.officer, 2)]) {
            let by = ApprovalBy {
                officer: officer.identity.clone(),
                key_statement: officer.key_statement,
                capacity,
                claimed_time_ms: message.header.claimed_time_ms,
            };
            let approval = Approval::of(&message, by);
            let approval = officer.sign(PayloadType::Approval, &approval.encode());
            message.approvals.push(approval);
        }
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
        self.act_saying(desk, rung, message, "")
    }

    /// An officer of a desk signs an act, in words.
    pub(crate) fn act_saying(&mut self, desk: &str, rung: Rung, message: Hash, text: &str) -> Hash {
        let entry = self.signed_act(desk, self.officer(desk), (rung, text), message);
        self.say(desk, PayloadType::Act, &entry.encode(), &LINE_LOGS)
    }

    /// The same by somebody whose key entitles to nothing but reading logs.
    pub(crate) fn act_of_auditor(&mut self, desk: &str, rung: Rung, message: Hash) -> Hash {
        let entry = self.signed_act(desk, &self.side(desk).auditor, (rung, ""), message);
        self.say(desk, PayloadType::Act, &entry.encode(), &LINE_LOGS)
    }

    fn signed_act(&self, desk: &str, officer: &Signer, (rung, text): (Rung, &str), message: Hash) -> Act {
        let header = self.header(desk);
        let said = OfficerAct {
            officer: officer.identity.clone(),
            key_statement: officer.key_statement,
            rung: rung.to_wire(),
            desk: header.sender.clone(),
            exercise: EXERCISE.into(),
            message: self.reference(message),
            text: text.to_owned(),
            claimed_time_ms: header.claimed_time_ms,
        };
        let act = officer.sign(PayloadType::OfficerAct, &said.encode());
        Act { header, act }
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

    /// Nobody answers by the time that was asked for.
    pub(crate) fn unanswered(&mut self, desk: &str, message: Hash) -> Hash {
        let mut service = self.service(desk, ServiceKind::Overdue);
        service.refers_to = Some(self.reference(message));
        service.text = "no answer by then".into();
        self.say(desk, PayloadType::Service, &service.encode(), &LINE_LOGS)
    }

    /// An officer of a desk orders something about a channel; about all of the line, if it has no name.
    pub(crate) fn order(&mut self, desk: &str, verb: OrderVerb, channel: &str) -> Hash {
        self.order_by(desk, |side| &side.officer, verb, channel)
    }

    /// The same, signed by one of the side's officers.
    pub(crate) fn order_by(
        &mut self,
        desk: &str,
        who: fn(&Side) -> &Signer,
        verb: OrderVerb,
        channel: &str,
    ) -> Hash {
        self.order_to((desk, who), verb, channel, None)
    }

    /// The same, which agrees to another order.
    pub(crate) fn order_to(
        &mut self,
        (desk, who): (&str, fn(&Side) -> &Signer),
        verb: OrderVerb,
        channel: &str,
        agrees_to: Option<Hash>,
    ) -> Hash {
        let header = self.header(desk);
        let consents_to = agrees_to.map(|order| self.reference(order));
        let officer = who(self.side(desk));
        let said = OfficerOrder {
            officer: officer.identity.clone(),
            key_statement: officer.key_statement,
            verb: verb.to_wire(),
            desk: header.sender.clone(),
            exercise: EXERCISE.into(),
            channel: channel.to_owned(),
            scope: String::new(),
            reason: "a test".into(),
            review_by_ms: 0,
            consents_to,
            subject_sha256: None,
            claimed_time_ms: header.claimed_time_ms,
            effective_ms: 0,
        };
        let order = officer.sign(PayloadType::OfficerOrder, &said.encode());
        let sent = (header.id, header.sender.clone());
        let placed = Lifecycle { header, order };
        let hash = self.say(desk, PayloadType::Lifecycle, &placed.encode(), &LINE_LOGS);
        self.sent.insert(hash, sent);
        hash
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
}

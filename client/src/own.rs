//! This desk's own chain: every statement it signs gets its place here, and nowhere else.
//!
//! One log key, one chain, one history. Statements are made inside a commit round, from the place behind the last
//! committed one; a round that fails takes its places back with it, because nothing of it left the process.

use hotline_audit::{
    Hash, PayloadType, SignedStatement, SigningKey, StrictError,
    statement::{
        Act, Annex, Charter, Content, Header, LegFact, Lifecycle, Message, Payload, Receipt, ReceiptItem,
        Recipient, Reference, SeenCheckpoint, Service, Watch,
    },
};
use hotline_core::{
    duty::{OverdueStep, ServiceKind},
    identity::Identity,
    time::WallTime,
    words::RecipientKind,
};
use hotline_transport::{Clock, Entropy};

/// Where the chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Chain epoch, from 1.
    pub epoch: u64,
    /// The last place that is taken; 0 at the start of an epoch.
    pub sequence: u64,
    /// SHA-256 of the statement there, or of the last one of the epoch before.
    pub previous: Hash,
    /// Number of the last message.
    pub number: u64,
}

impl Tip {
    /// A desk that has signed nothing.
    pub const START: Tip = Tip {
        epoch: 1,
        sequence: 0,
        previous: Hash::ZERO,
        number: 0,
    };

    /// The tip behind a statement of our own. One of an earlier place, taken up late, moves only the number.
    #[must_use]
    pub fn after(self, hash: Hash, payload: &Payload) -> Tip {
        let header = payload.header();
        let number = match payload {
            Payload::Message(message) => self.number.max(message.number),
            Payload::Receipt(_)
            | Payload::Act(_)
            | Payload::Annex(_)
            | Payload::Charter(_)
            | Payload::Service(_)
            | Payload::Watch(_)
            | Payload::Lifecycle(_) => self.number,
        };
        if (header.epoch, header.sequence) <= (self.epoch, self.sequence) {
            return Tip { number, ..self };
        }
        Tip {
            epoch: header.epoch,
            sequence: header.sequence,
            previous: hash,
            number,
        }
    }

    /// The tip in an epoch that was opened behind this one, and in which nothing is signed yet.
    #[must_use]
    pub fn in_epoch(self, epoch: u64) -> Tip {
        if epoch <= self.epoch {
            return self;
        }
        Tip {
            epoch,
            sequence: 0,
            ..self
        }
    }

    /// A new epoch behind this tip. Its number is the clock's second, or one more than the last: two copies of one
    /// backup that are restored without a relay in reach do not open the same epoch.
    #[must_use]
    pub fn reopened(self, clock: &dyn Clock) -> Tip {
        if hotline_core::plant::active("epoch-reused-after-restore") {
            return self;
        }
        let second = clock.wall().unix_ms() / 1000;
        Tip {
            epoch: second.max(self.epoch.saturating_add(1)),
            sequence: 0,
            ..self
        }
    }
}

/// What signs for this desk.
pub struct Pen {
    /// This desk.
    pub me: Identity,
    /// Exercise or operation.
    pub exercise: String,
    /// SHA-256 of this desk's key statement.
    pub key_statement: Hash,
    /// The desk's statement key.
    pub key: SigningKey,
}

/// A statement that was signed and is not on disk yet.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The exact bytes.
    pub bytes: Vec<u8>,
    /// Their SHA-256.
    pub hash: Hash,
    /// What it says.
    pub payload: Payload,
}

/// Who gets a statement, and in which conversation it stands.
#[derive(Clone, Debug)]
pub struct Address {
    /// The desks.
    pub to: Vec<Identity>,
    /// 16 bytes: the id of the message that opened the conversation; none for a statement of its own.
    pub conversation: Option<[u8; 16]>,
}

/// What a desk says of itself.
#[derive(Clone, Debug)]
pub struct Saying {
    /// What.
    pub kind: ServiceKind,
    /// With CHECK_ANSWER the check, with OVERDUE and NON_DELIVERY the message.
    pub refers_to: Option<Reference>,
    /// Legs of this desk.
    pub legs: Vec<LegFact>,
    /// With CLOCK_STEP: before and behind.
    pub clock: Option<(WallTime, WallTime)>,
    /// With OVERDUE.
    pub step: Option<OverdueStep>,
    /// In words.
    pub text: String,
}

impl Saying {
    /// Only that.
    #[must_use]
    pub fn of(kind: ServiceKind) -> Self {
        Self {
            kind,
            refers_to: None,
            legs: Vec::new(),
            clock: None,
            step: None,
            text: String::new(),
        }
    }
}

impl Pen {
    /// The header of the next statement.
    fn header(
        &self,
        tip: &Tip,
        address: &Address,
        seen: &[SeenCheckpoint],
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Header {
        let mut id = [0; 16];
        entropy.fill(&mut id);
        Header {
            id,
            trust_domain: self.me.domain().to_string(),
            exercise: self.exercise.clone(),
            conversation: address.conversation.unwrap_or(id),
            sender: self.me.to_string(),
            key_statement: self.key_statement,
            recipients: address
                .to
                .iter()
                .map(|to| Recipient {
                    identity: to.to_string(),
                    kind: RecipientKind::Action.to_wire(),
                })
                .collect(),
            claimed_time_ms: clock.wall().unix_ms(),
            epoch: tip.epoch,
            sequence: tip.sequence.saturating_add(1),
            previous: tip.previous,
            seen: seen.to_vec(),
        }
    }

    /// Gives a composed message its place and signs it.
    ///
    /// # Errors
    /// If it is larger than a statement may be.
    pub fn message(
        &self,
        tip: &Tip,
        mut message: Message,
        seen: &[SeenCheckpoint],
        clock: &dyn Clock,
    ) -> Result<Signed, StrictError> {
        let header = &mut message.header;
        header.trust_domain = self.me.domain().to_string();
        header.key_statement = self.key_statement;
        header.claimed_time_ms = clock.wall().unix_ms();
        header.epoch = tip.epoch;
        header.sequence = tip.sequence.saturating_add(1);
        header.previous = tip.previous;
        header.seen = seen.to_vec();
        message.number = tip.number.saturating_add(1);
        self.sign(PayloadType::Message, Payload::Message(message))
    }

    /// A receipt for messages of `subject`.
    ///
    /// # Errors
    /// If it is larger than a statement may be.
    pub fn receipt(
        &self,
        tip: &Tip,
        subject: &Identity,
        rung: u32,
        items: Vec<ReceiptItem>,
        seen: &[SeenCheckpoint],
        (clock, entropy): (&dyn Clock, &dyn Entropy),
    ) -> Result<Signed, StrictError> {
        let address = Address {
            to: vec![subject.clone()],
            conversation: None,
        };
        let header = self.header(tip, &address, seen, clock, entropy);
        let receipt = Receipt {
            header,
            rung,
            subject: subject.to_string(),
            items,
        };
        self.sign(PayloadType::Receipt, Payload::Receipt(receipt))
    }

    /// Places an officer's act.
    ///
    /// # Errors
    /// If it is larger than a statement may be.
    pub fn act(
        &self,
        tip: &Tip,
        address: &Address,
        act: Vec<u8>,
        seen: &[SeenCheckpoint],
        (clock, entropy): (&dyn Clock, &dyn Entropy),
    ) -> Result<Signed, StrictError> {
        let header = self.header(tip, address, seen, clock, entropy);
        self.sign(PayloadType::Act, Payload::Act(Act { header, act }))
    }

    /// Places an officer's annex, with its words beside it.
    ///
    /// # Errors
    /// If it is larger than a statement may be.
    pub fn annex(
        &self,
        tip: &Tip,
        address: &Address,
        (annex, content): (Vec<u8>, Option<Content>),
        seen: &[SeenCheckpoint],
        (clock, entropy): (&dyn Clock, &dyn Entropy),
    ) -> Result<Signed, StrictError> {
        let header = self.header(tip, address, seen, clock, entropy);
        let annex = Annex {
            header,
            annex,
            content,
        };
        self.sign(PayloadType::Annex, Payload::Annex(annex))
    }

    /// Places an officer's change of the watch.
    ///
    /// # Errors
    /// If it is larger than a statement may be.
    pub fn watch(
        &self,
        tip: &Tip,
        address: &Address,
        officer_watch: Vec<u8>,
        seen: &[SeenCheckpoint],
        (clock, entropy): (&dyn Clock, &dyn Entropy),
    ) -> Result<Signed, StrictError> {
        let header = self.header(tip, address, seen, clock, entropy);
        let watch = Watch {
            header,
            officer_watch,
        };
        self.sign(PayloadType::Watch, Payload::Watch(watch))
    }

    /// Places an officer's order.
    ///
    /// # Errors
    /// If it is larger than a statement may be.
    pub fn lifecycle(
        &self,
        tip: &Tip,
        address: &Address,
        order: Vec<u8>,
        seen: &[SeenCheckpoint],
        (clock, entropy): (&dyn Clock, &dyn Entropy),
    ) -> Result<Signed, StrictError> {
        let header = self.header(tip, address, seen, clock, entropy);
        self.sign(
            PayloadType::Lifecycle,
            Payload::Lifecycle(Lifecycle { header, order }),
        )
    }

    /// Places a channel's charter.
    ///
    /// # Errors
    /// If it is larger than a statement may be.
    pub fn charter(
        &self,
        tip: &Tip,
        address: &Address,
        (terms, consents): (Vec<u8>, Vec<Vec<u8>>),
        seen: &[SeenCheckpoint],
        (clock, entropy): (&dyn Clock, &dyn Entropy),
    ) -> Result<Signed, StrictError> {
        let header = self.header(tip, address, seen, clock, entropy);
        self.sign(
            PayloadType::Charter,
            Payload::Charter(Charter {
                header,
                terms,
                consents,
            }),
        )
    }

    /// A statement of this desk about itself.
    ///
    /// # Errors
    /// If it is larger than a statement may be.
    pub fn service(
        &self,
        tip: &Tip,
        address: &Address,
        saying: Saying,
        seen: &[SeenCheckpoint],
        (clock, entropy): (&dyn Clock, &dyn Entropy),
    ) -> Result<Signed, StrictError> {
        let header = self.header(tip, address, seen, clock, entropy);
        let (before, after) = saying
            .clock
            .map_or((0, 0), |(before, after)| (before.unix_ms(), after.unix_ms()));
        let service = Service {
            header,
            kind: saying.kind.to_wire(),
            refers_to: saying.refers_to,
            legs: saying.legs,
            clock_before_ms: before,
            clock_after_ms: after,
            step: saying.step.map_or(0, OverdueStep::to_wire),
            text: saying.text,
        };
        self.sign(PayloadType::Service, Payload::Service(service))
    }

    fn sign(&self, kind: PayloadType, payload: Payload) -> Result<Signed, StrictError> {
        let signed = SignedStatement::sign(kind, &payload.encode(), &self.key)?;
        let hash = signed.hash();
        Ok(Signed {
            bytes: signed.into_bytes(),
            hash,
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_transport::Seams;

    use super::*;

    fn pen() -> Pen {
        Pen {
            me: "spiffe://exercise.avelia.example/desk/ops".parse().unwrap(),
            exercise: "FIRST LIGHT".into(),
            key_statement: Hash::of(b"key"),
            key: SigningKey::from_seed(&[1; 32]),
        }
    }

    #[test]
    fn each_statement_stands_behind_the_one_before() {
        let (pen, seams) = (pen(), Seams::system());
        let peer: Identity = "spiffe://exercise.borenia.example/desk/ops".parse().unwrap();
        let mut tip = Tip::START;
        for place in 1..4 {
            let items = vec![ReceiptItem {
                id: [2; 16],
                sha256: Hash::of(b"m"),
                leg: "north/quic".into(),
            }];
            let both = (seams.clock.as_ref(), seams.entropy.as_ref());
            let signed = pen.receipt(&tip, &peer, 4, items, &[], both).unwrap();
            assert_eq!(signed.payload.header().sequence, place);
            assert_eq!(signed.payload.header().previous, tip.previous);
            tip = tip.after(signed.hash, &signed.payload);
            assert_eq!(tip.previous, signed.hash);
        }
    }

    #[test]
    fn a_statement_of_an_earlier_place_that_is_taken_up_late_moves_only_the_number() {
        let (pen, seams) = (pen(), Seams::system());
        let message = |epoch, number| {
            let tip = Tip {
                epoch,
                number: number - 1,
                ..Tip::START
            };
            let message = Message {
                header: pen.header(
                    &tip,
                    &Address {
                        to: Vec::new(),
                        conversation: None,
                    },
                    &[],
                    seams.clock.as_ref(),
                    seams.entropy.as_ref(),
                ),
                traffic_class: 1,
                message_type: 1,
                function: 1,
                precedence: 3,
                channel: String::new(),
                number,
                response_attribute: 1,
                refers_to: None,
                answer: 0,
                approvals: Vec::new(),
                content: hotline_audit::statement::Content {
                    suite: 1,
                    commitment: Hash::ZERO,
                    salt: Vec::new(),
                    body: Vec::new(),
                },
                expires_ms: 0,
                safety_of_life: false,
                respond_by_ms: 0,
                contact: 0,
            };
            Payload::Message(message)
        };
        let tip = Tip {
            epoch: 70,
            sequence: 2,
            previous: Hash::of(b"last"),
            number: 4,
        };
        let late = tip.after(Hash::of(b"late"), &message(1, 9));
        assert_eq!(late, Tip { number: 9, ..tip });
        assert_eq!(tip.after(Hash::of(b"late"), &message(1, 2)), tip);
    }

    #[test]
    fn an_epoch_that_was_opened_is_gone_on_with_before_anything_is_signed_in_it() {
        let tip = Tip {
            epoch: 1,
            sequence: 9,
            previous: Hash::of(b"last"),
            number: 4,
        };
        let opened = Tip {
            epoch: 70,
            sequence: 0,
            ..tip
        };
        assert_eq!(
            (tip.in_epoch(70), tip.in_epoch(1), opened.in_epoch(1)),
            (opened, tip, opened)
        );
    }

    #[test]
    fn a_new_epoch_is_later_than_any_before_and_stands_behind_the_last_statement() {
        let seams = Seams::system();
        let tip = Tip {
            epoch: 1,
            sequence: 9,
            previous: Hash::of(b"last"),
            number: 4,
        };
        let opened = tip.reopened(seams.clock.as_ref());
        assert!(opened.epoch > 1_700_000_000);
        assert_eq!(
            (opened.sequence, opened.previous, opened.number),
            (0, Hash::of(b"last"), 4)
        );
        let again = Tip {
            epoch: u64::MAX - 1,
            ..tip
        }
        .reopened(seams.clock.as_ref());
        assert_eq!(again.epoch, u64::MAX);
    }
}

//! A hand that makes statements without a station, and hands them in itself: for what no honest desk would do.

use hotline_audit::{
    Hash, PayloadType, SignedStatement,
    sealed::SealContext,
    statement::{Approval, ApprovalBy, Content, Message, Reference},
};
use hotline_client::{
    compose::{self, Annexing, Officer, Ordering, Wording},
    config::DeskConfig,
    own::{Address, Pen, Signed, Tip},
    seal::Sealing,
    sealed::load_officer_key,
    side::Directory,
    station::signing_key,
};
use hotline_core::{
    duty::OrderVerb,
    leg::{Door, Lane},
    precedence::Precedence,
    release::Capacity,
    words::{Function, ResponseAttribute, TrafficClass},
};
use hotline_proto::{
    SESSION_VERSION,
    v1::{
        self, CheckpointRequest, SubmitRequest, log_service_client::LogServiceClient,
        relay_service_client::RelayServiceClient, session_request::Frame as Out,
        session_response::Frame as In, submit_response::Answer,
    },
};
use hotline_transport::{
    ClientTls, Credentials, Dialer, Ended, LaneChannel, QuicLeg, Refusal, Seams, TrustStore, anchors_in,
};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use crate::Line;

/// A desk's keys in a hand.
pub struct Hand {
    /// What signs for the desk.
    pub pen: Pen,
    /// Where its chain stands.
    pub tip: Tip,
    /// To whom it seals: to nobody, unless a test says otherwise.
    pub sealing: Sealing,
    config: DeskConfig,
    releaser: Officer,
    seams: Seams,
}

impl Hand {
    /// Takes a side's desk keys, and those of its officer `releaser`.
    #[must_use]
    pub fn of(line: &Line, side: usize, releaser: &str) -> Self {
        let config = line.desk_config(side);
        let directory = Directory::load(&config).unwrap();
        let key = signing_key(&config.statement_key).unwrap();
        let me = config.identity.to_string();
        let pen = Pen {
            me: config.identity.clone(),
            exercise: config.exercise.clone(),
            key_statement: directory.key_statement(&me, &key.public()).unwrap(),
            key,
        };
        let identity = format!("spiffe://{}/officer/{releaser}", config.identity.domain());
        let key = load_officer_key(&config.officers.join(releaser).join("officer.key"), None).unwrap();
        let key_statement = directory.officer_key_statement(&identity, &key.public()).unwrap();
        let releaser = Officer {
            identity,
            key_statement,
            key,
        };
        Self {
            pen,
            tip: Tip::START,
            sealing: Sealing::in_the_clear(&config.identity),
            config,
            releaser,
            seams: line.seams.clone(),
        }
    }

    /// A message that is in order, before it has a place in the chain.
    #[must_use]
    pub fn draft(&self, text: &str) -> Message {
        self.draft_as(Precedence::Routine, text)
    }

    /// The same, as urgent as is asked; signed by one officer whatever it needs.
    #[must_use]
    pub fn draft_as(&self, precedence: Precedence, text: &str) -> Message {
        let wording = Wording {
            precedence,
            class: TrafficClass::Formal,
            function: Function::Notify,
            response: ResponseAttribute::Roger,
            channel: self.config.channel.clone(),
            refers_to: None,
            answer: None,
            text: text.to_owned(),
            expires_ms: 0,
            safety_of_life: false,
            respond_by_ms: 0,
            contact: None,
        };
        let (clock, entropy) = (self.seams.clock.as_ref(), self.seams.entropy.as_ref());
        compose::write(
            (&self.config, &self.sealing),
            &wording,
            &self.releaser,
            Capacity::Releaser,
            clock,
            entropy,
        )
        .unwrap()
        .message()
        .unwrap()
    }

    /// Signs a draft at the tip of the chain, which stays where it is.
    #[must_use]
    pub fn sign(&self, draft: Message) -> Signed {
        self.pen
            .message(&self.tip, draft, &[], self.seams.clock.as_ref())
            .unwrap()
    }

    /// Signs a message that is in order and moves the tip behind it.
    pub fn message(&mut self, text: &str) -> Signed {
        let signed = self.sign(self.draft(text));
        self.tip = self.tip.after(signed.hash, &signed.payload);
        signed
    }

    /// Seals to everybody who has a key from now on, as an honest desk does.
    #[must_use]
    pub fn sealing(mut self) -> Self {
        let directory = Directory::load(&self.config).unwrap();
        self.sealing = directory.sealing(&self.config, self.seams.clock.wall().unix_ms());
        self
    }

    /// Signs a message whose commitment is to one text and whose container opens to another, as its officer approves;
    /// moves the tip behind it.
    pub fn lie(&mut self, committed: &str, sealed: &str) -> Signed {
        let mut message = self.draft(committed);
        let commitment = message.content.commitment;
        let desks: Vec<&str> = message
            .header
            .recipients
            .iter()
            .map(|to| to.identity.as_str())
            .collect();
        let context = |_: &Hash| SealContext::message(&message.header, &message.channel, &commitment);
        let entropy = self.seams.entropy.as_ref();
        let (content, _) = self.sealing.content(sealed, &desks, context, entropy).unwrap();
        message.content = Content {
            commitment,
            ..content
        };
        let by = ApprovalBy {
            officer: self.releaser.identity.clone(),
            key_statement: self.releaser.key_statement,
            capacity: Capacity::Releaser.to_wire(),
            claimed_time_ms: self.seams.clock.wall().unix_ms(),
        };
        let approval = Approval::of(&message, by).encode();
        let approval = SignedStatement::sign(PayloadType::Approval, &approval, &self.releaser.key).unwrap();
        message.approvals = vec![approval.into_bytes()];
        let signed = self.sign(message);
        self.tip = self.tip.after(signed.hash, &signed.payload);
        signed
    }

    /// Places an order that the officer of this hand signs, whatever roles the officer has; moves the tip behind it.
    pub fn order(&mut self, verb: OrderVerb, channel: &str) -> Signed {
        self.place_order(verb, channel, |_| {})
    }

    /// Places an order that no officer signed: the signature inside has one bit changed.
    pub fn forged_order(&mut self, verb: OrderVerb, channel: &str) -> Signed {
        self.place_order(verb, channel, |order| {
            if let Some(last) = order.last_mut() {
                *last ^= 1;
            }
        })
    }

    fn place_order(&mut self, verb: OrderVerb, channel: &str, change: impl FnOnce(&mut Vec<u8>)) -> Signed {
        let ordering = Ordering {
            verb,
            channel: channel.to_owned(),
            scope: String::new(),
            reason: "by hand".into(),
            effective_ms: 0,
            review_by_ms: 0,
            consents_to: None,
            subject: None,
        };
        let clock = self.seams.clock.as_ref();
        let order = compose::order(&self.config, &self.releaser, &ordering, clock).unwrap();
        let mut order = data_encoding::BASE64.decode(order.as_bytes()).unwrap();
        change(&mut order);
        self.place_signed_order(order)
    }

    /// Places what an officer signed, once more if it was placed before; moves the tip behind it.
    pub fn place_signed_order(&mut self, order: Vec<u8>) -> Signed {
        let (clock, entropy) = (self.seams.clock.as_ref(), self.seams.entropy.as_ref());
        let address = Address {
            to: vec![self.config.peer.clone()],
            conversation: None,
        };
        let signed = self
            .pen
            .lifecycle(&self.tip, &address, order, &[], (clock, entropy))
            .unwrap();
        self.tip = self.tip.after(signed.hash, &signed.payload);
        signed
    }

    /// Places an annex that the officer of this hand signs, whatever roles the officer has; `change` may exchange its words.
    /// Moves the tip behind it.
    pub fn annex(
        &mut self,
        message: Reference,
        annexing: &Annexing,
        change: impl FnOnce(&mut Option<Content>),
    ) -> Signed {
        let both = (self.seams.clock.as_ref(), self.seams.entropy.as_ref());
        let sheet = compose::annex(
            (&self.config, &self.sealing),
            &self.releaser,
            message,
            annexing,
            both,
        )
        .unwrap();
        let (annex, said) = sheet.parts().unwrap();
        let mut content = said.map(|(content, _)| content);
        change(&mut content);
        let address = Address {
            to: vec![self.config.peer.clone()],
            conversation: None,
        };
        let signed = self
            .pen
            .annex(&self.tip, &address, (annex, content), &[], both)
            .unwrap();
        self.tip = self.tip.after(signed.hash, &signed.payload);
        signed
    }

    /// Signs any payload bytes as a message.
    #[must_use]
    pub fn sign_payload(&self, payload: &[u8]) -> Vec<u8> {
        SignedStatement::sign(PayloadType::Message, payload, &self.pen.key)
            .unwrap()
            .into_bytes()
    }
}

/// One connection to a relay, through either door.
pub struct Counter {
    channel: LaneChannel,
    /// Dropping it closes the connection.
    _leg: Option<QuicLeg>,
}

/// What a relay answered to a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Held at this leaf.
    Held(u64),
    /// Refused, by this rule and with this explanation.
    Refused {
        /// Stable name.
        rule: String,
        /// A sentence.
        explanation: String,
        /// Hash of what was refused.
        hash: Vec<u8>,
    },
}

impl Told {
    /// The rule of a refusal; empty when it is held.
    #[must_use]
    pub fn rule(&self) -> &str {
        match self {
            Self::Held(_) => "",
            Self::Refused { rule, .. } => rule,
        }
    }
}

/// A dialler with a side's desk certificate, and the trust of that side.
#[must_use]
pub fn dialer(line: &Line, side: usize) -> Dialer {
    let config = line.desk_config(side);
    let own = Credentials::load(&config.certificate, &config.tls_key, &line.seams).unwrap();
    dialer_with(line, side, own)
}

/// A dialler with any certificate, and the trust of a side.
#[must_use]
pub fn dialer_with(line: &Line, side: usize, own: Credentials) -> Dialer {
    let trust = TrustStore::new(&line.seams, anchors_in(&line.stage.trust(side)).unwrap()).unwrap();
    Dialer::new(&line.seams, &ClientTls::new(&line.seams, own, trust.into()))
}

impl Counter {
    /// Connects to a side's relay.
    ///
    /// # Errors
    /// The refusal, as the dialler tells it.
    pub async fn open(line: &Line, dialer: &Dialer, side: usize, door: Door) -> Result<Self, Box<Refusal>> {
        let relay = &line.stage.sides[side].relay;
        let expected = line.relay_identity(side);
        match door {
            Door::Tcp => {
                let channel = dialer.tcp(relay.tcp, &expected, Lane::Message).await?;
                Ok(Self { channel, _leg: None })
            }
            Door::Quic => {
                let leg = dialer.quic(relay.quic, &expected).await?;
                let channel = leg.lane(Lane::Message).await.map_err(|ended| {
                    Box::new(ended.refusal().cloned().unwrap_or_else(|| panic!("{ended}")))
                })?;
                Ok(Self {
                    channel,
                    _leg: Some(leg),
                })
            }
        }
    }

    /// Waits until the connection ends, and says why.
    pub async fn closed(&self) -> Ended {
        self.channel.closed().await
    }

    /// Serial number of the relay's certificate, as it was shown.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.channel.peer().certificate.serial.clone()
    }

    /// Hands in bytes to a relay that lives.
    pub async fn hand_in(&self, bytes: &[u8]) -> Told {
        self.try_hand_in(bytes).await.unwrap()
    }

    /// Hands in bytes to a relay that may die meanwhile; then there is no answer.
    pub async fn try_hand_in(&self, bytes: &[u8]) -> Option<Told> {
        let request = SubmitRequest {
            statement: bytes.to_vec().into(),
        };
        let answer = RelayServiceClient::new(self.channel.channel())
            .submit(request)
            .await
            .ok()?;
        Some(match answer.into_inner().answer? {
            Answer::Accepted(accepted) => Told::Held(accepted.items.first()?.leaf_index),
            Answer::Refused(refused) => Told::Refused {
                rule: refused.rule,
                explanation: refused.explanation,
                hash: refused.sha256.to_vec(),
            },
        })
    }

    /// Leaves in the relay's log, as its newest signed note says; nothing is verified.
    pub async fn log_size(&self) -> u64 {
        let answer = LogServiceClient::new(self.channel.channel())
            .checkpoint(CheckpointRequest {})
            .await
            .unwrap();
        let note = answer.into_inner().note;
        if note.is_empty() {
            return 0;
        }
        hotline_audit::Checkpoint::danger_parse_unverified(&note)
            .unwrap()
            .size
    }
}

/// A session on one lane, for handing in whole frames.
pub struct Session {
    out: mpsc::Sender<v1::SessionRequest>,
    inbound: Streaming<v1::SessionResponse>,
}

impl Counter {
    /// Opens a session as the ledger `instance`, which wants nothing delivered.
    pub async fn session(&self, instance: [u8; 16]) -> Session {
        let (out, frames) = mpsc::channel(8);
        let subscribe = v1::Subscribe {
            share: v1::Share::Nothing.into(),
            cursor: 0,
        };
        let hello = v1::ClientHello {
            version_max: SESSION_VERSION,
            version_min: SESSION_VERSION,
            software: "a hand".into(),
            lane: v1::Lane::Message.into(),
            ledger_instance: instance.to_vec().into(),
            boot: 1,
            checkpoint_size: 0,
            subscribe: Some(subscribe),
            profile: v1::Profile::Unspecified.into(),
        };
        let hello = v1::SessionRequest {
            frame: Some(Out::Hello(hello)),
        };
        out.send(hello).await.unwrap();
        let mut service = RelayServiceClient::new(self.channel.channel());
        let answer = service.session(ReceiverStream::new(frames)).await.unwrap();
        Session {
            out,
            inbound: answer.into_inner(),
        }
    }
}

impl Session {
    /// Hands in one frame of statements and waits for the outcome of each.
    pub async fn hand_in(&mut self, statements: &[Vec<u8>]) -> Vec<(Vec<u8>, Told)> {
        let statements = statements
            .iter()
            .map(|bytes| bytes.clone().into())
            .collect::<Vec<_>>();
        let wanted = statements.len();
        let frame = Out::Submission(v1::Submission { statements });
        self.out
            .send(v1::SessionRequest { frame: Some(frame) })
            .await
            .unwrap();
        let mut told = Vec::new();
        while told.len() < wanted {
            let frame = self
                .inbound
                .message()
                .await
                .unwrap()
                .expect("the relay ended the session");
            match frame.frame {
                Some(In::Accepted(accepted)) => {
                    let held = accepted.items.into_iter();
                    told.extend(held.map(|item| (item.sha256.to_vec(), Told::Held(item.leaf_index))));
                }
                Some(In::Refused(refused)) => {
                    let hash = refused.sha256.to_vec();
                    let (rule, explanation) = (refused.rule, refused.explanation);
                    told.push((
                        hash.clone(),
                        Told::Refused {
                            rule,
                            explanation,
                            hash,
                        },
                    ));
                }
                Some(In::Heartbeat(heartbeat)) if heartbeat.sequence > 0 => {
                    // A desk that answers no probe is closed.
                    let answer = Out::Heartbeat(v1::Heartbeat {
                        answers: heartbeat.sequence,
                        ..v1::Heartbeat::default()
                    });
                    let frame = v1::SessionRequest { frame: Some(answer) };
                    self.out.send(frame).await.unwrap();
                }
                Some(In::Hello(_) | In::Delivery(_) | In::Heartbeat(_) | In::Notice(_)) | None => {}
            }
        }
        told
    }
}

/// SHA-256 of any bytes, as frames carry it.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    Hash::of(bytes).as_bytes().to_vec()
}

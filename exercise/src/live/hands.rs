//! A scripted player's hands: they sign with its officers' keys and ask its desk, as a person's verbs do.

mod cancel;
mod office;
mod phrase;

use std::{collections::BTreeMap, time::Duration};

use hotline_audit::statement::Reference;
use hotline_client::{
    compose::{self, Annexing, Officer, Sheet, SheetError, Wording},
    config::{ConfigError, DeskConfig},
    keyring::KeyringError,
    request::{Answer as Reply, Request},
    side::Directory,
    status::LineStatus,
    view::MessageView,
};
use hotline_core::{
    precedence::{Precedence, SignaturesNeeded},
    release::Capacity,
    time::WallTime,
    words::{Answer, Function, ResponseAttribute, Rung, TrafficClass},
};
use hotline_transport::Seams;

use super::reach::{Asking, Reach, Watching};
use crate::{
    codebook::{Codebook, coded, fill},
    scenario::{
        lists::{Grade, Tongue},
        msel::Sending,
        place::Placed,
    },
};

pub use office::{office_lacks, watch_of};
use phrase::{Held, Phrases};

/// Most messages that are asked for at once, behind a restart of the desk.
const LIST_MOST: usize = 10_000;
/// Before whom a message is put, where the script does not say.
const PRINCIPAL: &str = "the principal";

/// Why a player could not sit down.
#[derive(Debug, thiserror::Error)]
pub enum SitError {
    /// Its desk's settings.
    #[error("the desk's settings")]
    Config(#[from] ConfigError),
    /// Its desk's trust folders.
    #[error("the desk's trust folders: {0}")]
    Trust(String),
    /// An officer's key.
    #[error("an officer's key")]
    Officer(#[from] KeyringError),
    /// The desk.
    #[error("the desk does not answer: {0}")]
    Desk(std::io::Error),
}

/// Something was refused, by the desk or before it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {what}")]
pub struct Refused {
    /// Stable code.
    pub code: String,
    /// A sentence.
    pub what: String,
}

/// How much real time a length of the story takes at its present rate.
pub type Pace<'p> = &'p (dyn Fn(Duration) -> Duration + Sync);

/// What a message has to do with one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation<'a> {
    /// Nothing.
    None,
    /// It answers it.
    Answers(&'a str, Answer),
    /// It corrects it.
    Corrects(&'a str),
}

/// A player's hands.
pub struct Hands {
    config: DeskConfig,
    officers: BTreeMap<String, Held>,
    directory: Directory,
    phrases: Phrases,
    reach: Reach,
    desk: Asking,
    seams: Seams,
    codebook: Codebook,
    tongue: Tongue,
}

impl Hands {
    /// Reads the officers' keys and connects to the desk, which must run.
    ///
    /// # Errors
    /// [`SitError`].
    pub async fn sit(
        (config, reach): (DeskConfig, Reach),
        officers: impl IntoIterator<Item = &str>,
        codebook: Codebook,
        tongue: Tongue,
        seams: Seams,
    ) -> Result<Self, SitError> {
        let directory =
            Directory::load(&config).map_err(|error| SitError::Trust(hotline_core::causes::chain(&error)))?;
        let mut held = BTreeMap::new();
        for name in officers {
            held.insert(name.to_owned(), Held::read(&config, &directory, name)?);
        }
        let desk = reach.connect().await.map_err(SitError::Desk)?;
        Ok(Self {
            config,
            officers: held,
            directory,
            phrases: Phrases::default(),
            reach,
            desk,
            seams,
            codebook,
            tongue,
        })
    }

    /// Connects anew to a desk that was started again.
    ///
    /// # Errors
    /// If it does not run yet.
    pub async fn come_back(&mut self) -> std::io::Result<()> {
        self.desk = self.reach.connect().await?;
        Ok(())
    }

    /// A way to be told what changes at the same desk.
    ///
    /// # Errors
    /// If the desk has gone.
    pub async fn watch(&self) -> std::io::Result<Watching> {
        self.reach.watch().await
    }

    /// Releases a message as often as it says. Returns what went, and what was refused, if anything was: nothing more is
    /// sent then. `pace`: how much real time a length of the story takes.
    pub async fn send(
        &mut self,
        sending: &Sending,
        relation: Relation<'_>,
        pace: Pace<'_>,
    ) -> (Vec<MessageView>, Result<(), Refused>) {
        let mut sent = Vec::new();
        let done = self.send_each(sending, (relation, pace), &mut sent).await;
        (sent, done)
    }

    async fn send_each(
        &mut self,
        sending: &Sending,
        (relation, pace): (Relation<'_>, Pace<'_>),
        sent: &mut Vec<MessageView>,
    ) -> Result<(), Refused> {
        let original = match relation {
            Relation::Answers(message, _) | Relation::Corrects(message) => Some(self.show(message).await?),
            Relation::None => None,
        };
        for _ in 0..sending.repeat.max(1) {
            let mut wording = self.wording(sending, original.as_ref(), relation, pace)?;
            let respond_in = sending.respond_by.map(|time| pace(time.0));
            wording.respond_by_ms = respond_in.map_or(0, |time| self.later_by(time).unix_ms());
            let sheet = self.sheet(&wording, &sending.by)?;
            sent.push(self.message(Request::Release { sheet }).await?);
        }
        Ok(())
    }

    /// Puts a message on the screen and signs for it.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn display(&mut self, message: &str) -> Result<(), Refused> {
        let messages = vec![message.to_owned()];
        self.ask(Request::Showing {
            messages: messages.clone(),
        })
        .await?;
        self.ask(Request::Displayed { messages }).await.map(drop)
    }

    /// Signs that the alarm sounded.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn alerted(&mut self, message: &str) -> Result<(), Refused> {
        let messages = vec![message.to_owned()];
        self.ask(Request::Alerted { messages }).await.map(drop)
    }

    /// Signs an officer's act.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn act(&mut self, by: &str, rung: Rung, message: &str, text: &str) -> Result<(), Refused> {
        let view = self.show(message).await?;
        let reference = reference(&view)?.0;
        let text = match (rung, text) {
            // A script that says no more confirms what was read back, word for word.
            (Rung::Confirmed, "") => view.awaits_confirmation().map_or("", |read| &read.words),
            (_, text) => text,
        };
        let clock = self.seams.clock.clone();
        let act = compose::act(
            &self.config,
            self.officer(by)?.as_ref(),
            rung,
            reference,
            text,
            clock.as_ref(),
        );
        let act = act.map_err(|error| unsigned(&error))?;
        self.message(Request::Act { act }).await.map(drop)
    }

    /// Signs a translation of a message, beside it.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn translate(
        &mut self,
        by: &str,
        message: &str,
        (grade, into): (Grade, Tongue),
        text: &str,
    ) -> Result<(), Refused> {
        let wrong = |what: String| refused("HL-EX-117", what);
        let annexing = Annexing::Translated {
            grade: grade
                .name()
                .parse()
                .map_err(|_| wrong(format!("{grade} is no grade")))?,
            language: into
                .name()
                .parse()
                .map_err(|_| wrong(format!("{into} is no language")))?,
            text: text.to_owned(),
            of_annex: None,
        };
        self.annex(by, message, &annexing).await
    }

    /// Signs that a message was put before a principal.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn present(&mut self, by: &str, message: &str, to: &str) -> Result<(), Refused> {
        let to = if to.is_empty() { PRINCIPAL } else { to };
        self.annex(by, message, &Annexing::Presented { to: to.to_owned() })
            .await
    }

    async fn annex(&mut self, by: &str, message: &str, annexing: &Annexing) -> Result<(), Refused> {
        let reference = reference(&self.show(message).await?)?.0;
        let seams = (self.seams.clock.as_ref(), self.seams.entropy.as_ref());
        let sealing = self.directory.sealing(&self.config, seams.0.wall().unix_ms());
        let annex = compose::annex(
            (&self.config, &sealing),
            self.officer(by)?.as_ref(),
            reference,
            annexing,
            seams,
        );
        let annex = annex.map_err(|error| unsigned(&error))?;
        self.message(Request::Annex { annex }).await.map(drop)
    }

    /// The text of HOLDING: by when an answer may be expected, as a date-time group.
    #[must_use]
    pub fn holding_text(&self, within: Duration) -> String {
        format!("expect by {}", self.later_by(within).dtg())
    }

    /// The text of INSUFFICIENT about a message: which of its fields lack.
    ///
    /// # Errors
    /// [`Refused`] if the message is not coded, or has no such fields.
    pub async fn insufficient_text(&mut self, message: &str, fields: &[String]) -> Result<String, Refused> {
        let view = self.show(message).await?;
        let coded::Decoded::Coded(coded) = coded::decode(&self.codebook, &view.text) else {
            return Err(refused("HL-EX-171", format!("{} is no coded message", view.name)));
        };
        let Some(code) = self.codebook.code(&coded.code) else {
            return Err(refused(
                "HL-EX-171",
                format!("the codebook has no {}", coded.code),
            ));
        };
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        coded::insufficient(code, &fields).map_err(|error| refused("HL-EX-171", error.to_string()))
    }

    /// The code of a message, if it is a coded one of the agreed codebook.
    #[must_use]
    pub fn code_of(&self, text: &str) -> Option<String> {
        match coded::decode(&self.codebook, text) {
            coded::Decoded::Coded(coded) => Some(coded.code),
            _ => None,
        }
    }

    /// Every message that the desk knows, the newest last.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn list(&mut self) -> Result<Vec<MessageView>, Refused> {
        let (limit, incoming) = (LIST_MOST, false);
        match self.ask(Request::List { limit, incoming }).await? {
            Reply::Messages { messages } => Ok(messages),
            _ => Err(refused("HL-EX-150", "the desk answers something else".into())),
        }
    }

    /// A message as the desk has it.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn show(&mut self, message: &str) -> Result<MessageView, Refused> {
        self.message(Request::Show {
            message: message.to_owned(),
        })
        .await
    }

    /// How the line stands, as the desk shows it.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn status(&mut self) -> Result<LineStatus, Refused> {
        match self.ask(Request::Status).await? {
            Reply::Status(status) => Ok(*status),
            _ => Err(refused("HL-EX-150", "the desk answers something else".into())),
        }
    }

    fn later_by(&self, time: Duration) -> WallTime {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        WallTime::from_unix_ms(self.seams.clock.wall().unix_ms().saturating_add(time))
    }

    fn wording(
        &self,
        sending: &Sending,
        original: Option<&MessageView>,
        relation: Relation<'_>,
        pace: Pace<'_>,
    ) -> Result<Wording, Refused> {
        let answer = match relation {
            Relation::Answers(_, answer) => Some(answer),
            Relation::Corrects(_) | Relation::None => None,
        };
        let code =
            match &sending.code {
                Some(coding) => {
                    let code = self.codebook.code(&coding.code);
                    Some(code.ok_or_else(|| {
                        refused("HL-EX-107", format!("the codebook has no {}", *coding.code))
                    })?)
                }
                None => None,
            };
        let before = original.and_then(|view| view.precedence.parse::<Precedence>().ok());
        let usual = match (code, answer) {
            (Some(code), _) => code.level.usual(before, None),
            (None, Some(_)) => before,
            (None, None) => None,
        };
        let refers_to = original.map(reference).transpose()?;
        let usual_class = code.map_or(TrafficClass::Formal, |code| code.class);
        let class = sending.class.unwrap_or(usual_class);
        let text = match original.filter(|_| sending.same) {
            Some(original) => original.text.clone(),
            None => self.text(sending, pace)?,
        };
        Ok(Wording {
            precedence: sending.precedence.or(usual).unwrap_or(Precedence::Routine),
            class,
            function: match (relation, code) {
                (Relation::Answers(..), _) => Function::Reply,
                (Relation::Corrects(_), _) => Function::Update,
                (Relation::None, Some(code)) => code.function,
                (Relation::None, None) if sending.asks.is_some() => Function::Query,
                (Relation::None, None) => Function::Notify,
            },
            response: match (sending.answer, code, answer) {
                (Some(response), ..) => response,
                (None, Some(code), _) => code.response,
                (None, None, _) if sending.asks.is_some() => ResponseAttribute::AcceptCounterDecline,
                (None, None, Some(_)) => ResponseAttribute::None,
                (None, None, None) => ResponseAttribute::Roger,
            },
            channel: match (&sending.channel, class) {
                (Some(channel), _) => channel.clone(),
                (None, TrafficClass::Service | TrafficClass::Test) => String::new(),
                (None, _) => self.config.channel.clone(),
            },
            refers_to,
            answer,
            text,
            expires_ms: 0,
            safety_of_life: sending.safety_of_life,
            respond_by_ms: 0,
            contact: sending.asks,
        })
    }

    fn text(&self, sending: &Sending, pace: Pace<'_>) -> Result<String, Refused> {
        let free = sending.text.in_or_any(self.tongue).to_owned();
        let Some(coding) = &sending.code else {
            return Ok(free);
        };
        let wrong = |what: String| refused("HL-EX-114", what);
        let code = self.codebook.code(&coding.code);
        let code = code.ok_or_else(|| wrong(format!("the codebook has no {}", *coding.code)))?;
        let reckon = |length| self.later_by(pace(length));
        let written = coding
            .fields
            .iter()
            .map(|(id, text)| (id.as_str(), text.as_str()));
        let filled = fill::fill(code, written, free, &reckon);
        let text = filled.and_then(|filled| fill::text(&self.codebook, &filled));
        text.map_err(|unfit| {
            let whys: Vec<String> = unfit.into_iter().map(|unfit| unfit.why).collect();
            wrong(whys.join("; "))
        })
    }

    /// Signed by the last named as releaser, and where two are needed by the first as drafter.
    fn sheet(&self, wording: &Wording, by: &[Placed<String>]) -> Result<Sheet, Refused> {
        let nobody = || refused("HL-EX-109", "nobody is named who signs".into());
        let releaser = self.officer(by.last().ok_or_else(nobody)?)?;
        let (clock, entropy) = (self.seams.clock.as_ref(), self.seams.entropy.as_ref());
        let sealing = self.directory.sealing(&self.config, clock.wall().unix_ms());
        let alone = |officer: &Officer, capacity| {
            compose::write(
                (&self.config, &sealing),
                wording,
                officer,
                capacity,
                clock,
                entropy,
            )
            .map_err(|error| unsigned(&error))
        };
        let rule = self.config.release;
        match rule.signatures_needed(wording.precedence, wording.function) {
            SignaturesNeeded::One => alone(&releaser, Capacity::Releaser),
            SignaturesNeeded::Two => {
                let drafter = self.officer(by.first().ok_or_else(nobody)?)?;
                let mut sheet = alone(&drafter, Capacity::Drafter)?;
                sheet
                    .approve(&releaser, Capacity::Releaser, clock)
                    .map_err(|error| unsigned(&error))?;
                Ok(sheet)
            }
        }
    }

    async fn message(&mut self, request: Request) -> Result<MessageView, Refused> {
        match self.ask(request).await? {
            Reply::Message(view) => Ok(*view),
            _ => Err(refused("HL-EX-150", "the desk answers something else".into())),
        }
    }

    async fn ask(&mut self, request: Request) -> Result<Reply, Refused> {
        match self.desk.ask(&request).await {
            Ok(Reply::Refused(refusal)) => Err(Refused {
                code: refusal.code,
                what: refusal.what,
            }),
            Ok(answer) => Ok(answer),
            Err(error) => Err(refused("HL-EX-150", format!("the desk has gone: {error}"))),
        }
    }
}

/// The reference to a message, and its conversation.
fn reference(view: &MessageView) -> Result<(Reference, [u8; 16]), Refused> {
    let malformed = || refused("HL-EX-150", "the desk's answer is malformed".into());
    view.reference().ok_or_else(malformed)
}

fn refused(code: &str, what: String) -> Refused {
    Refused {
        code: code.into(),
        what,
    }
}

fn unsigned(error: &SheetError) -> Refused {
    refused("HL-DESK-025", error.to_string())
}

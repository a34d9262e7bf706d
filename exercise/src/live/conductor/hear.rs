//! What the conductor hears: desks' news and players' words.

use hotline_client::{request::News, view::MessageView};
use hotline_core::{plant, precedence::Precedence, words::Rung};

use super::{ConductError, Conductor, afar::may_tell, leap::Pending, said::Room};
use crate::{
    codebook::coded::{self, Decoded},
    live::{
        scene::Scene,
        stage::Happening,
        words::{FromPlayer, ToPlayer},
    },
    plan::{Released, Sight},
    record::{InjectStatus, Kind, Stamp},
    scenario::{
        lists::Side,
        mark::{Alias, Mark},
    },
};

impl<S: Scene> Conductor<S> {
    pub(super) async fn hear(&mut self, happening: Happening) -> Result<(), ConductError> {
        self.stirred = self.now();
        match happening {
            Happening::News { desk, news } => self.news(&desk, *news).await,
            Happening::Player { seat, said } => self.player(&seat, said).await,
            Happening::Gone { who } if self.stage.is_down(&who) => Ok(()),
            Happening::Gone { who } => {
                let deed = "DIED".to_owned();
                self.turned(&who.clone(), Kind::Process { who, deed })
            }
            Happening::Again { desk } => {
                let (who, deed) = (format!("desk {desk}"), "START".to_owned());
                self.turned(&who.clone(), Kind::Process { who, deed })?;
                self.turns.look_at(desk);
                Ok(())
            }
            Happening::Seat { seat, here } => self.seat(&seat, here).await,
        }
    }

    /// A seat whose people joined is lost, or there again: then its desk hears at the next look how the story runs, and what it
    /// has shown meanwhile is looked at. At once, if it was not heard since control had stopped: before any news of it.
    async fn seat(&mut self, seat: &str, here: bool) -> Result<(), ConductError> {
        let what = if here { "JOINED" } else { "LEFT" }.to_owned();
        let who = seat.to_owned();
        self.turned(&format!("seat {seat}"), Kind::Seat { seat: who, what })?;
        let desk = self.desk_of_seat(seat).filter(|_| here);
        let Some(desk) = desk else { return Ok(()) };
        self.turns.look_at(desk.clone());
        let now = self.now();
        match self.unheard.contains(&desk) && self.turns.is_due(&desk, now) {
            true => self.look_anew(&desk).await,
            false => Ok(()),
        }
    }

    /// A desk is heard again: it hears how the story runs, and what it has done meanwhile is looked at.
    pub(super) async fn look_anew(&mut self, desk: &str) -> Result<(), ConductError> {
        let _ = self.tell_story(desk).await;
        let Ok(messages) = self.stage.list(desk).await else {
            // It did not answer in time, and is asked again.
            self.turns.look_at(desk.to_owned());
            return Ok(());
        };
        for message in messages.iter().filter(|message| message.direction == "out") {
            self.name_by_filters(desk, message).await?;
        }
        self.take_list(desk, &messages)
    }

    async fn news(&mut self, desk: &str, news: News) -> Result<(), ConductError> {
        match news {
            News::Message { what, message } => {
                if what == "ADDED" && message.direction == "out" {
                    self.name_by_filters(desk, &message).await?;
                }
                if what == "ADDED" {
                    self.arrives(desk, &message);
                }
                self.climbed(desk, &message);
                Ok(())
            }
            News::Alarm { code, what } => {
                let stamp = self.stamp();
                let sight = Sight::Alarm {
                    desk,
                    code: &code,
                    says: &what,
                };
                self.plan.see(&sight, stamp);
                let watched = self.watched.entry(desk.to_owned()).or_default();
                watched.alarm(code, cut(what));
                Ok(())
            }
            News::Stated { what, is } => self.people(desk, FromPlayer::Stated { what, is }).await,
            News::Refused { code, what } => {
                let said = FromPlayer::Played {
                    rule: BY_HAND.to_owned(),
                    refused: format!("{code}: {what}"),
                };
                self.people(desk, said).await
            }
            News::Leg { .. } | News::Presence { .. } => Ok(()),
        }
    }

    /// Gives a message the names that the file's filters have for it.
    async fn name_by_filters(&mut self, desk: &str, message: &MessageView) -> Result<(), ConductError> {
        let (Ok(hash), Ok(precedence), Some(from)) = (
            message.sha256.parse(),
            message.precedence.parse::<Precedence>(),
            self.side_of(desk),
        ) else {
            return Ok(());
        };
        let decoded = coded::decode(&self.codebook, &message.text);
        let code = match &decoded {
            Decoded::Coded(coded) => Some(coded.code.as_str()),
            _ => None,
        };
        let released = Released {
            message: hash,
            code,
            from,
            precedence,
            refers_to: message.refers_to.as_deref(),
        };
        for kind in self.plan.names_for(&released) {
            self.named(kind).await?;
        }
        Ok(())
    }

    async fn named(&mut self, kind: Kind) -> Result<(), ConductError> {
        let words = match &kind {
            Kind::Named { alias, message } => ToPlayer::Named {
                alias: alias.clone(),
                message: message.clone(),
            },
            _ => return Ok(()),
        };
        self.note(kind)?;
        self.stage.tell_all(&words).await;
        Ok(())
    }

    /// Every rung of a message that has a name is a mark of the plan. Of a desk that joined only what its own people and its
    /// own machine did is, and who holds what it sent: nothing here proves what it says of others.
    fn climbed(&mut self, desk: &str, message: &MessageView) {
        self.climbed_at(desk, message, |_| None);
    }

    /// The same, each at its own moment; now, where that is not known. `when`: of milliseconds since 1970.
    fn climbed_at(&mut self, desk: &str, message: &MessageView, when: impl Fn(u64) -> Option<Stamp>) {
        let names: Vec<Alias> = self.plan.names_of(&message.sha256).cloned().collect();
        let now = self.stamp();
        for of in names {
            for view in &message.rungs {
                let Ok(rung) = view.rung.parse::<Rung>() else {
                    continue;
                };
                if !self.may_tell(desk, message, rung, &view.by) {
                    continue;
                }
                let at = self.stage.site().desk_of(&view.by).map(str::to_owned);
                let climb = Sight::Climb {
                    of: &of,
                    rung,
                    at: at.as_deref(),
                    answer: view.answer.as_deref(),
                    text: &view.text,
                };
                let stamp = when(view.at_ms).unwrap_or(now);
                self.plan.see(&climb, stamp);
                let of = of.clone();
                self.plan.seen(Mark::Rung { of, rung, at }, stamp);
            }
        }
    }

    /// What people at a desk say counts like a script's words. A script says so itself.
    async fn people(&mut self, desk: &str, said: FromPlayer) -> Result<(), ConductError> {
        let seats = self.plan.scenario().seats.iter();
        let at = seats.filter(|card| card.desk.as_ref().is_some_and(|at| **at == *desk));
        let person = at
            .map(|card| card.name.to_string())
            .find(|seat| self.is_person(seat));
        match person {
            Some(seat) => match self.said.more(&seat) {
                Room::Yes => Box::pin(self.player(&seat, said)).await,
                Room::NoMore => {
                    let rule = BY_HAND.to_owned();
                    let refused = "too much was said here: no more of it is written down".to_owned();
                    self.note(Kind::Played { seat, rule, refused }).map(drop)
                }
                Room::No => Ok(()),
            },
            None => Ok(()),
        }
    }

    pub(super) async fn player(&mut self, seat: &str, said: FromPlayer) -> Result<(), ConductError> {
        let seat = seat.to_owned();
        match said {
            FromPlayer::Seated => Ok(()),
            FromPlayer::Named { alias, message } => {
                let known = alias
                    .parse::<Alias>()
                    .is_ok_and(|alias| self.plan.message(&alias) == Some(&message));
                if !known {
                    let message = message.clone();
                    self.named(Kind::Named { alias, message }).await?;
                }
                self.catch_up(&seat, &message).await
            }
            FromPlayer::Sent { serial, refused } => {
                let Ok(serial) = serial.parse() else { return Ok(()) };
                match refused.is_empty() {
                    true => self.delivered(serial, String::new()).await,
                    false => self.inject(serial, InjectStatus::Failed, refused),
                }
            }
            FromPlayer::Played { rule, refused } => {
                let refused = cut(refused);
                let stamp = self.stamp();
                let sight = Sight::Refused {
                    seat: &seat,
                    what: &refused,
                };
                self.plan.see(&sight, stamp);
                self.note(Kind::Played { seat, rule, refused }).map(drop)
            }
            FromPlayer::Stated { what, is } => {
                let (what, is) = (cut(what), cut(is));
                let stamp = self.stamp();
                let judgement = Sight::Stated {
                    seat: &seat,
                    what: &what,
                    is: &is,
                };
                self.plan.see(&judgement, stamp);
                self.note(Kind::Stated { seat, what, is }).map(drop)
            }
            FromPlayer::Duress {
                officer,
                what,
                noted_ms,
            } => self.told_of_duress(seat, officer, what, noted_ms),
            FromPlayer::Waiting { deeds, next_story_ms } => {
                self.waiting.insert(seat, Pending::of(deeds, next_story_ms));
                Ok(())
            }
        }
    }

    /// A desk knows a message: as [`news`](Self::news) would have told.
    pub(super) fn message(&mut self, desk: &str, message: &MessageView) {
        self.message_at(desk, message, |_| None);
    }

    /// The same, told again after control had stopped: what it reached counts from when that was.
    pub(super) fn message_at(
        &mut self,
        desk: &str,
        message: &MessageView,
        when: impl Fn(u64) -> Option<Stamp>,
    ) {
        self.arrives(desk, message);
        self.climbed_at(desk, message, when);
    }

    /// A desk tells of a message that came in, by a list or by news: each showing of it is written down once, however often
    /// it is told of and whenever. Shown twice, it is written down twice: that is what promise 4 forbids. Of a desk that
    /// joined so many messages are kept in mind, and more are counted as missed.
    fn arrives(&mut self, desk: &str, message: &MessageView) {
        if message.direction != "in" || message.rejected.is_some() {
            return;
        }
        let (known, here) = (self.shows.knows(desk, &message.sha256), self.is_here(desk));
        let watched = self.watched.entry(desk.to_owned()).or_default();
        if !known && !watched.has_room(here) {
            return;
        }
        // A desk that joined ran on while control had stopped: what the records say of it may be of the same run.
        let ran_on = !here && self.unheard.contains(desk);
        let more = self.shows.more(desk, message, ran_on);
        let again = known && plant::active("listed-counted-again");
        for _ in 0..more + u32::from(again) {
            watched.show(&message.sha256);
        }
    }

    /// A message may have climbed before its name was known.
    async fn catch_up(&mut self, seat: &str, message: &str) -> Result<(), ConductError> {
        let Some(desk) = self.desk_of_seat(seat) else {
            return Ok(());
        };
        // A desk that has died meanwhile tells nothing more.
        if let Ok(view) = self.stage.show(&desk, message).await {
            self.climbed(&desk, &view);
        }
        Ok(())
    }

    /// Whether a desk is heard about a rung that somebody gave a message.
    fn may_tell(&self, desk: &str, message: &MessageView, rung: Rung, by: &str) -> bool {
        let line = (self.stage.site(), self.plan.scenario().as_ref());
        self.is_here(desk) || may_tell(line, desk, &message.direction, rung, by)
    }

    pub(super) fn desk_of_seat(&self, seat: &str) -> Option<String> {
        let card = self.plan.scenario().seat(seat)?;
        card.desk.as_ref().map(|desk| desk.to_string())
    }

    fn side_of(&self, desk: &str) -> Option<Side> {
        let mut desks = self.stage.site().desks();
        desks
            .find(|(_, place)| place.name == desk)
            .map(|(side, _)| side.side)
    }
}

/// What stands for a rule where a person did something.
const BY_HAND: &str = "by hand";
/// Most characters of a sentence in a record. 400: 64 of them fit beside everything else that a record holds.
const SENTENCE_MAX: usize = 400;

/// A sentence that is not too long for a record.
pub(super) fn cut(sentence: String) -> String {
    match sentence.char_indices().nth(SENTENCE_MAX) {
        Some((at, _)) => format!("{}…", &sentence[..at]),
        None => sentence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_of_a_record_is_bounded_and_cut_between_characters() {
        assert_eq!(cut("short".into()), "short");
        let long = cut("ä".repeat(1_000));
        assert_eq!(long.chars().count(), SENTENCE_MAX + 1);
    }
}

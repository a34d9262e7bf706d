//! What a player does when its script says so.

use hotline_core::words::{Rung, TrafficClass};

use super::{Player, PlayerError, on_the_wall};
use crate::{
    live::{
        hands::{Refused, Relation, watch_of},
        words::FromPlayer,
    },
    person::Wish,
    scenario::{
        lists::Act,
        mark::Serial,
        msel::{Deed, Institution, Sending},
        place::Placed,
        player::{ANSWER, AS_SHOWN, DTG, Do, LABEL, ORDER, REVIEWS},
    },
};

/// What an inject has its desk send, and has not been sent yet.
pub(super) struct Queued {
    serial: Serial,
    /// One copy of it.
    sending: Sending,
    /// The number of the next copy, from 1.
    next: u16,
    /// How many there are.
    of: u16,
}

impl Player {
    /// Takes up what an inject has its desk do: what it sends waits in a queue, what an institution does is done.
    pub(super) async fn take_up(&mut self, serial: Serial) -> Result<(), PlayerError> {
        if let Some(sending) = self.sending_of(serial) {
            self.queue_from(serial, sending, 1);
            return Ok(());
        }
        let scenario = self.scenario.clone();
        let mut injects = scenario.injects();
        let inject = injects.find(|inject| inject.serial == serial);
        if let Some(Deed::Institution(act)) = inject.map(|inject| &inject.deed) {
            let done = self.institution(act).await;
            let refused = done.err().map(|refused| refused.to_string()).unwrap_or_default();
            let serial = serial.to_string();
            return self.say(&FromPlayer::Sent { serial, refused });
        }
        Ok(())
    }

    async fn institution(&mut self, act: &Institution) -> Result<(), Refused> {
        let (now, clock) = (self.now(), self.clock);
        let pace = move |length| on_the_wall(length, now, &clock);
        self.hands.institution(act, &pace).await
    }

    /// What an inject has somebody send.
    pub(super) fn sending_of(&self, serial: Serial) -> Option<Sending> {
        let mut injects = self.scenario.injects();
        match &injects.find(|inject| inject.serial == serial)?.deed {
            Deed::Message { sending, .. } => Some(sending.clone()),
            _ => None,
        }
    }

    /// The copies from this one on, counted from 1.
    pub(super) fn queue_from(&mut self, serial: Serial, sending: Sending, next: u16) {
        let of = sending.repeat.max(1);
        let sending = Sending { repeat: 1, ..sending };
        self.queue.push_back(Queued {
            serial,
            sending,
            next,
            of,
        });
    }

    /// Sends the next copy of what injects have its desk send. One at a time: what its script has people do, and what
    /// control says, never waits behind a queue of routine.
    pub(super) async fn send_next(&mut self) -> Result<(), PlayerError> {
        let Some(mut queued) = self.queue.pop_front() else {
            return Ok(());
        };
        let copy = (queued.of > 1).then_some(queued.next);
        let refused = match self.send(&queued.sending, Relation::None, copy).await? {
            Ok(()) if queued.next < queued.of => {
                queued.next += 1;
                self.queue.push_front(queued);
                return Ok(());
            }
            Ok(()) => String::new(),
            Err(refused) => refused.to_string(),
        };
        let serial = queued.serial.to_string();
        self.say(&FromPlayer::Sent { serial, refused })
    }

    /// `first`: the number of the first copy, where there are several.
    pub(super) async fn send(
        &mut self,
        sending: &Sending,
        relation: Relation<'_>,
        first: Option<u16>,
    ) -> Result<Result<(), Refused>, PlayerError> {
        let (now, clock) = (self.now(), self.clock);
        let pace = move |length| on_the_wall(length, now, &clock);
        let (released, done) = self.hands.send(sending, relation, &pace).await;
        let alias = sending.alias.as_ref().map(|alias| alias.value.clone());
        self.name(alias.as_ref(), &released, first)?;
        Ok(done)
    }

    /// Does what a rule says, and tells control what became of it.
    pub(super) async fn carry_out(&mut self, wish: Wish) -> Result<(), PlayerError> {
        let Wish { rule, deed, about } = wish;
        let about = about.map(|message| message.to_string());
        let done = self.deed(&deed, about.as_deref()).await?;
        let refused = done.err().map(|refused| refused.to_string()).unwrap_or_default();
        self.say(&FromPlayer::Played { rule, refused })
    }

    async fn deed(&mut self, deed: &Do, about: Option<&str>) -> Result<Result<(), Refused>, PlayerError> {
        match deed {
            Do::Send(sending) => self.send(sending, Relation::None, several(sending)).await,
            Do::Answer(answer, sending) => match about {
                Some(message) => {
                    self.send(sending, Relation::Answers(message, *answer), several(sending))
                        .await
                }
                None => Ok(Err(about_nothing())),
            },
            Do::Correct(sending) => match about {
                Some(message) => {
                    self.send(sending, Relation::Corrects(message), several(sending))
                        .await
                }
                None => Ok(Err(about_nothing())),
            },
            Do::Nothing => Ok(Ok(())),
            Do::State { what, is } => {
                let is = match is.as_str() {
                    AS_SHOWN => match self.shown(what, about).await {
                        Ok(shown) => shown,
                        Err(refused) => return Ok(Err(refused)),
                    },
                    is => is.to_owned(),
                };
                let what = what.clone();
                self.say(&FromPlayer::Stated { what, is }).map(Ok)
            }
            Do::Institution(act) => Ok(self.institution(act).await),
            Do::Act { act, by, text, .. } if let Some(verb) = watch_of(*act) => {
                let to = text.as_deref().unwrap_or_default();
                Ok(self.hands.watch_kept(by, verb, to).await)
            }
            Do::Display
            | Do::Act { .. }
            | Do::Holding { .. }
            | Do::Insufficient { .. }
            | Do::Translate { .. } => match about {
                Some(message) => self.about(deed, message).await,
                None => Ok(Err(about_nothing())),
            },
        }
    }

    /// Deeds about a message that is there.
    async fn about(&mut self, deed: &Do, message: &str) -> Result<Result<(), Refused>, PlayerError> {
        match deed {
            Do::Display => Ok(self.hands.display(message).await),
            Do::Act { act, by, text, .. } => {
                let text = text.clone().unwrap_or_default();
                Ok(self.act_of(*act, by, message, &text).await)
            }
            Do::Holding { by, expect_by } => {
                let text = self.hands.holding_text(self.on_the_wall(expect_by.0));
                Ok(self.hands.act(first(by), Rung::Holding, message, &text).await)
            }
            Do::Insufficient { by, fields } => {
                Ok(match self.hands.insufficient_text(message, fields).await {
                    Ok(text) => {
                        self.hands
                            .act(first(by), Rung::Insufficient, message, &text)
                            .await
                    }
                    Err(refused) => Err(refused),
                })
            }
            Do::Translate {
                by,
                grade,
                into,
                text,
            } => Ok(self
                .hands
                .translate(first(by), message, (*grade, *into), text)
                .await),
            _ => Ok(Ok(())),
        }
    }

    /// What its own console shows, and nothing else that a player knows.
    async fn shown(&mut self, what: &str, about: Option<&str>) -> Result<String, Refused> {
        if what == ANSWER {
            let message = about.ok_or_else(about_nothing)?;
            let lapsed = self.hands.show(message).await?.unanswered;
            return Ok(if lapsed { "LAPSED" } else { "OPEN" }.to_owned());
        }
        if what == ORDER {
            let came = self.hands.list().await?.into_iter();
            let names: Vec<String> = came
                .filter(|view| view.direction == "in" && view.class == TrafficClass::Formal.name())
                .map(|view| view.name)
                .collect();
            return Ok(names.join(", "));
        }
        if what == REVIEWS {
            let came = self.hands.list().await?.into_iter();
            let doubted = came.filter(|view| view.direction == "in" && view.review.is_some());
            let names: Vec<String> = doubted.map(|view| view.name).collect();
            return Ok(names.join(", "));
        }
        if what == DTG {
            let message = about.ok_or_else(about_nothing)?;
            let doubted = self.hands.show(message).await?.dtg.ends_with('?');
            return Ok(if doubted { "DOUBTED" } else { "AS_CLAIMED" }.to_owned());
        }
        let standing = self.hands.status().await?.standing;
        Ok(match what {
            LABEL => standing.label,
            _ => standing
                .causes
                .into_iter()
                .next()
                .map_or_else(String::new, |cause| cause.code),
        })
    }

    async fn act_of(
        &mut self,
        act: Act,
        by: &[Placed<String>],
        message: &str,
        text: &str,
    ) -> Result<(), Refused> {
        match rung_of(act) {
            _ if act == Act::Present => self.hands.present(first(by), message, text).await,
            _ if act == Act::Cancel => self.hands.cancel(by, message, text).await,
            Some(rung) => self.hands.act(first(by), rung, message, text).await,
            None => Err(lacks(act.name())),
        }
    }
}

/// Whether scripted players cannot do this.
#[must_use]
pub fn hands_lack(act: Act) -> bool {
    !matches!(act, Act::Present | Act::Cancel) && rung_of(act).is_none() && watch_of(act).is_none()
}

/// The rung that an act signs; none for acts that are no rung of a message.
pub(super) const fn rung_of(act: Act) -> Option<Rung> {
    match act {
        Act::Ack => Some(Rung::Acknowledged),
        Act::ReadBack => Some(Rung::ReadBack),
        Act::Confirm => Some(Rung::Confirmed),
        Act::CorrectReadBack => Some(Rung::Corrected),
        Act::Decline => Some(Rung::Declined),
        _ => None,
    }
}

/// The number of the first copy of several.
fn several(sending: &Sending) -> Option<u16> {
    (sending.repeat > 1).then_some(1)
}

pub(super) fn first(by: &[Placed<String>]) -> &str {
    by.first().map_or("", |officer| officer.as_str())
}

fn about_nothing() -> Refused {
    Refused {
        code: "HL-EX-171".into(),
        what: "it is about no message".into(),
    }
}

fn lacks(what: &str) -> Refused {
    Refused {
        code: "HL-EX-151".into(),
        what: format!("this stage has no hands for {what}"),
    }
}

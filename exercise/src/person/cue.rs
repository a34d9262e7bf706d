//! Which rule is played upon what.

use hotline_audit::Hash;
use hotline_core::{precedence::Precedence, words::Rung};
use hotline_faults::chance::Dice;

use super::{Person, PersonError, Reached};
use crate::{
    plan::Point,
    scenario::{
        lists::Label,
        mark::{Alias, Mark, Serial},
        player::{Cue, Rule},
    },
};

/// Most rungs that are kept for messages which have no name yet. A thousand messages leave fewer.
const REACHED_MAX: usize = 16_384;

/// Something that may be a cue.
pub(super) enum Event<'a> {
    Inject(Serial),
    Arrives {
        message: Hash,
        code: Option<&'a str>,
        precedence: Precedence,
        desk: &'a str,
    },
    Rung {
        message: Hash,
        rung: Rung,
        at: &'a str,
    },
    Label(Label, &'a str),
    /// A mark that a rule names was reached just now.
    Mark(&'a Mark),
}

impl Person {
    /// Plays the first rule in the order of the file that fits. A rule that has been played as often as it may for this
    /// message keeps later ones from being played, one that is held back by `unless` or by chance does not. True if a rule
    /// has taken this cue.
    pub(super) fn cue(&mut self, event: &Event<'_>, point: Point) -> Result<bool, PersonError> {
        for (index, rule) in self.rules.iter().enumerate() {
            let Some(about) = self.fits(&rule.when, event) else {
                continue;
            };
            let played = self.played.get(&(index, about)).copied().unwrap_or(0);
            if played >= rule.times {
                return Ok(true);
            }
            let prevented = rule
                .unless
                .as_ref()
                .is_some_and(|mark| self.marks.when(mark).is_some());
            if prevented || !self.drawn(rule, about) {
                continue;
            }
            if !self
                .pending
                .play(index, about, rule.wait, rule.deeds.len(), point)
            {
                return Err(self.ran_away("more than 1,024 deeds are pending"));
            }
            self.played.insert((index, about), played + 1);
            return Ok(true);
        }
        Ok(false)
    }

    fn ran_away(&self, what: &'static str) -> PersonError {
        PersonError::RanAway {
            seat: self.seat.clone(),
            what,
        }
    }

    /// Whether a cue is this one, and about which message it is.
    fn fits(&self, cue: &Cue, event: &Event<'_>) -> Option<Option<Hash>> {
        let (fits, about) = match (cue, event) {
            (Cue::Inject(wanted), Event::Inject(serial)) => (wanted.value == *serial, None),
            (
                Cue::Arrives {
                    code: wanted,
                    at,
                    precedence: levels,
                },
                Event::Arrives {
                    message,
                    code,
                    precedence,
                    desk,
                },
            ) => {
                let here = match at {
                    Some(at) => *at.value == **desk,
                    None => self.desk.as_deref() == Some(*desk),
                };
                let coded = wanted
                    .as_ref()
                    .is_none_or(|wanted| *code == Some(wanted.value.as_str()));
                let level = levels.is_empty() || levels.contains(precedence);
                (here && coded && level, Some(*message))
            }
            (
                Cue::Rung {
                    rung: wanted,
                    of,
                    at: wanted_at,
                },
                Event::Rung { message, rung, at },
            ) => {
                let fits = wanted == rung
                    && wanted_at.as_ref().is_none_or(|wanted| *wanted.value == **at)
                    && self.is_called(*message, &of.value);
                (fits, Some(*message))
            }
            (Cue::Label(wanted, wanted_at), Event::Label(label, at)) => {
                (wanted == label && *wanted_at.value == **at, None)
            }
            (Cue::Mark(wanted), Event::Mark(mark)) => (wanted.value == **mark, self.of_mark(mark)),
            _ => return None,
        };
        fits.then_some(about)
    }

    /// Whether a message bears this name. Upon a cue a repeated message without a number is each of its copies: what a player
    /// does is about one message.
    fn is_called(&self, message: Hash, wanted: &Alias) -> bool {
        let Some(wanted) = self.marks.named(wanted) else {
            return false;
        };
        let names = self.bears.get(&message).into_iter().flatten();
        names
            .into_iter()
            .any(|name| *name == wanted || (wanted.copy.is_none() && name.name == wanted.name))
    }

    fn of_mark(&self, mark: &Mark) -> Option<Hash> {
        match mark {
            Mark::Rung { of, .. } => self.names.get(&self.marks.named(of)?).copied(),
            Mark::Startex | Mark::Endex | Mark::Inject(_) => None,
        }
    }

    /// The dice of one rule and one message fall once, however often the cue is told.
    fn drawn(&self, rule: &Rule, about: Option<Hash>) -> bool {
        let (Some(seed), Some(percent)) = (self.seed, rule.chance) else {
            return true;
        };
        let message = about.unwrap_or(Hash::ZERO);
        let purpose = format!("{}/{}/{message}", self.seat, rule.id.value);
        Dice::new(seed).apart(&purpose).below(100) < u64::from(percent)
    }

    /// A message has reached a rung.
    pub(super) fn rung(
        &mut self,
        message: Hash,
        rung: Rung,
        at: &str,
        point: Point,
    ) -> Result<(), PersonError> {
        if !self.asked(rung) || !self.heard.insert((message, Some(rung), at.to_owned())) {
            return Ok(());
        }
        let spent = self.cue(&Event::Rung { message, rung, at }, point)?;
        for of in self.bears.get(&message).cloned().unwrap_or_default() {
            let at = Some(at.to_owned());
            self.mark(Mark::Rung { of, rung, at }, point)?;
        }
        if !self.awaited(rung) {
            return Ok(());
        }
        if self.reached.len() >= REACHED_MAX {
            return Err(self.ran_away("too many messages have no name yet"));
        }
        let key = (message, rung, at.to_owned());
        self.reached.insert(key, Reached { point, spent });
        Ok(())
    }

    /// Whether a rule hangs on such a rung.
    fn asked(&self, rung: Rung) -> bool {
        self.asks.iter().any(|(_, asked)| *asked == rung)
    }

    /// Whether a rule hangs on such a rung of a message whose name no message bears yet, or not every copy.
    fn awaited(&self, rung: Rung) -> bool {
        let unnamed = |name: &String| {
            // The keys of a name lie together.
            let least = Alias {
                name: name.clone(),
                copy: None,
            };
            let known = self.names.range(least..);
            let known = known.take_while(|(known, _)| known.name == *name);
            known.count() < usize::from(self.marks.copies(name))
        };
        let mut asks = self.asks.iter();
        asks.any(|(name, asked)| *asked == rung && unnamed(name))
    }

    /// A message has got a name: what was heard of it before counts from when it was heard.
    pub(super) fn name(&mut self, alias: &Alias, message: Hash) -> Result<(), PersonError> {
        let Some(of) = self.marks.named(alias) else {
            return Ok(());
        };
        let whole = of.copy.is_none() && self.marks.copies(&of.name) > 1;
        if whole || self.names.contains_key(&of) {
            return Ok(());
        }
        self.names.insert(of.clone(), message);
        self.bears.entry(message).or_default().push(of.clone());
        self.pending.named();
        let known = self
            .reached
            .iter()
            .filter(|((bearer, _, _), _)| *bearer == message);
        let known: Vec<(Rung, String, Reached)> = known
            .map(|((_, rung, at), reached)| (*rung, at.clone(), reached.clone()))
            .collect();
        for (rung, at, Reached { point, spent }) in known {
            if !spent
                && self.cue(
                    &Event::Rung {
                        message,
                        rung,
                        at: &at,
                    },
                    point,
                )?
            {
                let key = (message, rung, at.clone());
                self.reached.insert(key, Reached { point, spent: true });
            }
            let (of, at) = (of.clone(), Some(at));
            self.mark(Mark::Rung { of, rung, at }, point)?;
        }
        let rungs: Vec<Rung> = self.reached.keys().map(|(_, rung, _)| *rung).collect();
        if !rungs.into_iter().any(|rung| self.awaited(rung)) {
            self.reached.clear();
        }
        Ok(())
    }

    /// Something with a name has happened. It is a cue for every mark that is reached by it: the last copy reaches the mark of
    /// all.
    pub(super) fn mark(&mut self, mark: Mark, point: Point) -> Result<(), PersonError> {
        let mut waited: Vec<Mark> = Vec::new();
        for rule in &self.rules {
            if let Cue::Mark(wanted) = &rule.when
                && self.marks.when(&wanted.value).is_none()
                && !waited.contains(&wanted.value)
            {
                waited.push(wanted.value.clone());
            }
        }
        self.marks.reach(mark, point);
        for mark in waited {
            if self.marks.when(&mark).is_some() {
                self.cue(&Event::Mark(&mark), point)?;
            }
        }
        Ok(())
    }
}

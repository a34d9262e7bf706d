//! The forms that an expectation may have, each judged.

mod line;

use hotline_audit::Hash;
use hotline_core::{
    duty::{OverdueStep, ServiceKind},
    words::Rung,
};

use crate::{
    record::Kind,
    scenario::{
        expect::{By, Compare, Is, Reached},
        lists::{Jump, Label},
        mark::{Alias, Mark},
        moment::Span,
        place::Placed,
    },
    timeline::What,
};

pub(super) use line::line;
use line::{link_name, rung_word, said_word};

use super::{
    Met,
    by::{Occurrence, Until, millis},
    case::{About, Case, Finding},
};

impl Case<'_> {
    pub(super) fn judge(&self, is: &Is) -> Finding {
        match is {
            Is::Rung(reached, by) => self.each(&reached.of, by, |about| self.rung(reached, by, about)),
            Is::Said(said, at, of, jump, by) => self.of_itself((*said, *jump), at, of.as_deref(), by),
            Is::Step(step, of, at, by) => {
                let at = at.as_ref().map(|at| at.value.as_str());
                self.each(of, by, |about| self.step(*step, at, by, about))
            }
            Is::Label(label, at, by) => {
                let may_be_away = matches!(by, By::Never(_)) && *label == Label::Interrupted;
                let label = label.name();
                let stood = self.stood(at, label, |standing| standing.label.as_deref() == Some(label));
                let stood = match may_be_away {
                    true => self.without_absences(stood),
                    false => stood,
                };
                self.if_seen(
                    self.by(&stood, by, &format!("{label} at {}", at.value), None),
                    by,
                    at,
                )
            }
            Is::Cause(cause, at, by) => {
                let stood = self.stood(at, cause, |standing| standing.causes.contains(cause));
                self.if_seen(
                    self.by(&stood, by, &format!("{cause} at {}", at.value), None),
                    by,
                    at,
                )
            }
            Is::Axis(axis, state, at, by) => {
                let what = format!("{axis} {state}");
                let stood = self.stood(at, &what, |standing| standing.axes.get(axis) == Some(state));
                self.if_seen(
                    self.by(&stood, by, &format!("{what} at {}", at.value), None),
                    by,
                    at,
                )
            }
            Is::Leg(link, state, at, by) => {
                let what = format!("{} {state}", link_name(link));
                let lit = self.lit(link, at, &what, *state);
                self.if_seen(
                    self.by(&lit, by, &format!("{what} at {}", at.value), None),
                    by,
                    at,
                )
            }
            Is::Alarm(code, at, count, says, by) => {
                let alarms = self.alarms(at, code, says.as_deref());
                let often = self.often(&alarms, by, *count, &format!("alarm {code} at {}", at.value));
                self.if_seen(often, by, at)
            }
            Is::Refused {
                reason,
                by,
                count,
                shown,
                says,
            } => {
                let which = (reason.as_str(), by.as_deref(), says.as_deref());
                self.refused(which, *count, *shown)
            }
            Is::Ordered(verb, at, channel, agrees, by) => {
                self.ordered((*verb, channel.as_deref(), *agrees), at, by)
            }
            Is::Duress(officer, by) => self.duress(officer, by),
            Is::Alike(one, other) => self.alike(one, other),
            Is::Third(name, of) => self.third(name, of.as_deref()),
            Is::Interval { from, to, within } => self.interval(from, to, *within),
            Is::Verdict {
                word,
                of,
                against,
                insufficient,
            } => self.verdict(*word, of, *against, *insufficient),
            Is::Standing(counting, of) => self.standing(*counting, of),
            Is::Witnessed {
                relay,
                within,
                entries,
            } => self.witnessed(relay, *within, *entries),
            Is::Figure(figure, compare) => self.figure(*figure, *compare),
            Is::TextIdentical(desks, of) => self.identical(desks, of),
            Is::Stated { what, by, is } => self.stated(what, by, is),
        }
    }

    /// Judges each message of a name. It is met if it is for every one that the plan has. Of one that never was nobody can
    /// say that something did not come of it.
    fn each(&self, of: &Alias, by: &By, judge: impl Fn(About<'_>) -> Finding) -> Finding {
        let messages = self.messages(of);
        let planned = self.planned(of);
        let never = matches!(by, By::Never(_));
        if messages.is_empty() {
            let met = if never { Met::Undecided } else { Met::No };
            return Finding::new(met, format!("no message {of} was released"));
        }
        let findings: Vec<Finding> = messages
            .iter()
            .map(|message| {
                judge(About {
                    alias: of,
                    message: *message,
                })
            })
            .collect();
        if let ([one], true) = (findings.as_slice(), planned <= 1) {
            return one.clone();
        }
        let met = findings
            .iter()
            .fold(Met::Yes, |met, finding| met.and(finding.met));
        let good = findings.iter().filter(|finding| finding.met == Met::Yes).count();
        let lacking = planned.saturating_sub(messages.len());
        // The one that decides: the first that is not met, else the last one.
        let bad = findings.iter().find(|finding| finding.met != Met::Yes);
        let decides = bad.or_else(|| findings.iter().max_by_key(|finding| finding.at));
        let mut all = decides.cloned().unwrap_or_else(|| Finding::new(met, ""));
        all.observed = format!("{good} of {}: {}", messages.len(), all.observed);
        all.met = met;
        if lacking > 0 {
            all.met = met.and(if never { Met::Undecided } else { Met::No });
            all.observed = format!("{} of {planned} were released; {}", messages.len(), all.observed);
        }
        all
    }

    fn rung(&self, reached: &Reached, by: &By, about: About<'_>) -> Finding {
        let at = reached.at.as_ref().map(|at| at.value.as_str());
        let fits = self
            .climbs(&about.message, reached.rung, at)
            .filter(|climb| reached.grade.is_none_or(|grade| climb.grade == Some(grade)))
            .filter(|climb| reached.answer.is_none_or(|answer| climb.answer == Some(answer)))
            .filter(|climb| self.as_asked(reached, &about.message, climb.entry));
        let name = self.spoken(&about.message);
        let occurrences: Vec<Occurrence> = fits
            .map(|climb| Occurrence {
                from: climb.at,
                until: Until::Point,
                entry: climb.entry,
                what: format!("{name} {} at {}", rung_word(reached), climb.desk),
                late: true,
            })
            .collect();
        let subject = match at {
            Some(at) => format!("{name} {} at {at}", rung_word(reached)),
            None => format!("{name} {}", rung_word(reached)),
        };
        let finding = self.by(&occurrences, by, &subject, Some(about));
        match by {
            By::Never(_) => self.never_reached(finding, reached, about),
            By::Recorded | By::Within(..) => finding,
        }
    }

    /// That a rung never came is said only where every log is at hand. Of a message that nobody released no rung counts, so
    /// one that a desk signed all the same is what must not be.
    fn never_reached(&self, finding: Finding, reached: &Reached, about: About<'_>) -> Finding {
        let message = about.message;
        if finding.met != Met::Yes {
            return finding;
        }
        let (not_released, known) = match self.timeline.message(&message) {
            Some((_, fact)) => (fact.released.is_err(), true),
            None => (true, false),
        };
        let at = reached.at.as_ref().map(|at| at.value.as_str());
        let mut foreign = self.timeline.foreign.iter().filter(|foreign| {
            let who = self.timeline.entries.get(foreign.entry).map(|entry| &entry.who);
            let desk = who.map(|who| self.timeline.name_of(who));
            foreign.message == message
                && foreign.rung == reached.rung
                && at.is_none_or(|at| desk.as_deref() == Some(at))
        });
        if let (true, Some(foreign)) = (not_released && reached.rung != Rung::Released, foreign.next()) {
            let name = self.spoken(&message);
            let seen = format!("{name} {} was signed, though {}", rung_word(reached), foreign.why);
            return Finding::new(Met::No, seen).seen_in([foreign.entry]);
        }
        let why = match self.missing_log() {
            Some(owner) => format!("the log of {owner} is not in the evidence"),
            None if !known => "no log holds the message".to_owned(),
            None => return finding,
        };
        Finding {
            met: Met::Undecided,
            observed: format!("{}, but {why}", finding.observed),
            ..finding
        }
    }

    /// Whether a rung came over the link, and with the words, that are asked for.
    fn as_asked(&self, reached: &Reached, message: &Hash, entry: usize) -> bool {
        let what = self.timeline.entries.get(entry).map(|entry| &entry.what);
        let over = |link| match what {
            Some(What::Receipt(receipt)) => {
                let mut of = receipt.messages.iter().filter(|(of, _)| of == message);
                of.any(|(_, leg)| self.is_of(link, leg))
            }
            _ => false,
        };
        let says = |text: &String| matches!(what, Some(What::Act(word)) if word.text == *text);
        reached.over.as_ref().is_none_or(|link| over(link)) && reached.text.as_ref().is_none_or(says)
    }

    /// What a desk signs of itself; about a message, if one is asked for. Steps of escalation are a form of their own.
    fn of_itself(
        &self,
        (said, jump): (ServiceKind, Option<Jump>),
        at: &str,
        of: Option<&Alias>,
        by: &By,
    ) -> Finding {
        let about = of.map(|of| self.messages(of));
        let entries = self.timeline.entries.iter().enumerate();
        let said_so = entries.filter_map(|(no, entry)| match &entry.what {
            What::Service(service)
                if service.kind == said
                    && jump.is_none_or(|jump| service.jumped() == Some(jump))
                    && service.step.is_none()
                    && self.timeline.name_of(&entry.who) == at
                    && about.as_ref().is_none_or(|messages| {
                        service.about.is_some_and(|about| messages.contains(&about))
                    }) =>
            {
                Some(Occurrence {
                    from: Some(entry.at),
                    until: Until::Point,
                    entry: no,
                    what: format!("{} of {at}", said_word(said, jump)),
                    late: false,
                })
            }
            _ => None,
        });
        let said_so: Vec<Occurrence> = said_so.collect();
        self.by(&said_so, by, &format!("{} of {at}", said_word(said, jump)), None)
    }

    fn step(&self, step: OverdueStep, at: Option<&str>, by: &By, about: About<'_>) -> Finding {
        let name = self.spoken(&about.message);
        let steps = self
            .timeline
            .entries
            .iter()
            .enumerate()
            .filter_map(|(no, entry)| {
                let desk = self.timeline.name_of(&entry.who);
                match &entry.what {
                    What::Service(service)
                        if service.step == Some(step)
                            && service.about == Some(about.message)
                            && at.is_none_or(|at| at == desk) =>
                    {
                        Some(Occurrence {
                            from: Some(entry.at),
                            until: Until::Point,
                            entry: no,
                            what: format!("{step} about {name} at {desk}"),
                            late: false,
                        })
                    }
                    _ => None,
                }
            });
        let steps: Vec<Occurrence> = steps.collect();
        self.by(&steps, by, &format!("{step} about {name}"), Some(about))
    }

    fn interval(&self, from: &Mark, to: &Mark, within: Span) -> Finding {
        let (begin, end) = match (self.mark(from, None), self.mark(to, None)) {
            (Ok(begin), Ok(end)) => (begin, end),
            (Err(lacking), _) | (_, Err(lacking)) => return Finding::new(Met::No, lacking),
        };
        let entries = [begin.entry, end.entry];
        let measured = match (begin.at, end.at) {
            (Some(begin), Some(end)) => begin.until(&end, within),
            _ => None,
        };
        let Some(measured) = measured else {
            let why = format!("when {from} or {to} came is not known");
            return Finding::new(Met::Undecided, why).seen_in(entries);
        };
        let observed = format!("{measured} from {from} to {to}");
        let met = if measured.apart.is_before() {
            Met::No
        } else {
            measured.apart.at_most(millis(within))
        };
        Finding::new(met, observed)
            .within(measured, within)
            .at(end.at, end.entry)
            .seen_in(entries)
    }

    /// What was refused: alarms of that code on any desk, deeds of scripts and of attackers that were refused with it, and
    /// what relays wrote down of those; or of these what one of them refused, or was refused. Where words are asked for, only
    /// deeds that were refused with them: an alarm explains itself to its own desk.
    fn refused(
        &self,
        (reason, by, says): (&str, Option<&str>, Option<&str>),
        count: Compare,
        shown: u32,
    ) -> Finding {
        let asked = |who: &str| by.is_none_or(|by| by == who);
        let mut entries = Vec::new();
        let desks = self.timeline.startex.desks.keys();
        for desk in desks.filter(|desk| says.is_none() && asked(desk)) {
            entries.extend(
                self.alarms(desk, reason, None)
                    .into_iter()
                    .map(|alarm| alarm.entry),
            );
        }
        let refused = self.timeline.entries.iter().enumerate();
        entries.extend(refused.filter_map(|(no, entry)| match &entry.what {
            What::Control(record) => match &record.kind {
                Kind::Played { seat, refused, .. } if asked(seat) => {
                    let code = refused.split([' ', ':']).next();
                    let said = says.is_none_or(|says| refused.contains(says));
                    (code == Some(reason) && said).then_some(no)
                }
                _ => None,
            },
            _ => None,
        }));
        let number = entries.len() as u64;
        let displayed = self.count(crate::scenario::lists::Figure::FalseDisplays).number;
        let met = if count.holds(number) && displayed == u64::from(shown) {
            Met::Yes
        } else {
            Met::No
        };
        let whose = by.map_or_else(String::new, |by| format!(" by {by}"));
        let with = says.map_or_else(String::new, |says| format!(" with \"{says}\""));
        let seen = format!("{reason}{whose}: {number} refused{with}, {displayed} displayed all the same");
        Finding::new(met, seen).seen_in(entries)
    }

    /// The text of a message, signed at every one of these desks.
    fn identical(&self, desks: &[Placed<String>], of: &Alias) -> Finding {
        let messages = self.messages(of);
        let Some((message, text)) = messages.iter().find_map(|message| {
            let (_, fact) = self.timeline.message(message)?;
            Some((*message, fact.text.as_deref()?))
        }) else {
            return Finding::new(Met::No, format!("no message {of} with a text was released"));
        };
        let mut entries = Vec::new();
        for desk in desks {
            let signed = self.timeline.entries.iter().position(|entry| match &entry.what {
                What::Message(fact) => {
                    fact.released.is_ok()
                        && fact.text.as_deref() == Some(text)
                        && self.timeline.name_of(&entry.who) == **desk
                }
                _ => false,
            });
            match signed {
                Some(entry) => entries.push(entry),
                None => {
                    let name = self.spoken(&message);
                    let why = format!("{} has signed no message with the text of {name}", desk.value);
                    return Finding::new(Met::No, why).seen_in(entries);
                }
            }
        }
        let sha256 = Hash::of(text.as_bytes()).to_string();
        let seen = format!(
            "the same {} bytes are signed at {}, SHA-256 {}",
            text.len(),
            desks
                .iter()
                .map(|desk| desk.value.as_str())
                .collect::<Vec<_>>()
                .join(" and "),
            sha256.get(..16).unwrap_or_default()
        );
        Finding::new(Met::Yes, seen).seen_in(entries)
    }

    fn stated(&self, what: &str, by: &str, is: &str) -> Finding {
        // A seat may change its mind: what it said last counts, and nothing that it said behind ENDEX.
        let mut last = None;
        for (entry, record) in self.timeline.records() {
            if let Kind::Stated {
                seat,
                what: about,
                is: said,
            } = &record.kind
                && seat == by
                && about == what
                && !self.is_over(Some(&entry.at))
            {
                last = Some((entry, said));
            }
        }
        let last = last.map(|(entry, said)| {
            let met = if said == is { Met::Yes } else { Met::No };
            let finding = Finding::new(met, format!("{by} stated {what}: {said}"));
            let no = self
                .timeline
                .entries
                .iter()
                .position(|other| other.sha256 == entry.sha256);
            match no {
                Some(no) => finding.at(Some(entry.at), no),
                None => finding,
            }
        });
        last.unwrap_or_else(|| Finding::new(Met::No, format!("{by} stated nothing about {what}")))
    }
}

//! What the conductor does: injects, faults, processes, clocks.

use hotline_client::request::Request;
use hotline_core::plant;
use hotline_faults::spec;

use super::{ConductError, Conductor, InForce};
use crate::{
    live::{
        hands::office_lacks,
        scene::Scene,
        stage::{StageError, attacker},
        words::ToPlayer,
    },
    record::{InjectStatus, Kind, Stamp},
    scenario::{
        lists::ProcessDeed,
        mark::Serial,
        moment::Span,
        msel::{Deed, FaultDeed, Inject, Until},
        place::Placed,
    },
};

impl<S: Scene> Conductor<S> {
    /// Begins an inject: it is written down, done, and written down again.
    pub(super) async fn fire(&mut self, serial: Serial) -> Result<(), ConductError> {
        let Some(step) = self.plan.step(serial) else {
            return Ok(());
        };
        let inject = step.inject.clone();
        if plant::active("deed-before-its-record") {
            let early = self.carry_out(&inject).await;
            self.inject(serial, InjectStatus::Firing, String::new())?;
            return match early {
                Ok(Some(what)) => self.delivered(serial, what).await,
                _ => Ok(()),
            };
        }
        self.inject(serial, InjectStatus::Firing, String::new())?;
        self.stirred = self.now();
        match self.carry_out(&inject).await {
            // Its player tells when it is done.
            Ok(None) => Ok(()),
            Ok(Some(what)) => self.delivered(serial, what).await,
            Err(ConductError::Stage(error)) => self.inject(serial, InjectStatus::Failed, error.to_string()),
            Err(error) => Err(error),
        }
    }

    /// An inject was done.
    pub(super) async fn delivered(&mut self, serial: Serial, what: String) -> Result<(), ConductError> {
        self.inject(serial, InjectStatus::Delivered, what)?;
        self.tell_mark(serial).await;
        Ok(())
    }

    /// Seats hear that an inject came, where they may.
    pub(super) async fn tell_mark(&mut self, serial: Serial) {
        if self
            .plan
            .step(serial)
            .is_some_and(|step| step.inject.deed.is_told())
        {
            let mark = format!("inject {serial}");
            self.stage.tell_all(&ToPlayer::Mark { mark }).await;
        }
    }

    /// What came of it; none if that is still to be told.
    async fn carry_out(&mut self, inject: &Inject) -> Result<Option<String>, ConductError> {
        let serial = inject.serial.to_string();
        match &inject.deed {
            Deed::News { .. } | Deed::Order { .. } => {
                let mut away = Vec::new();
                for seat in &inject.to {
                    if !self.hand_over(seat, inject).await? {
                        away.push(seat.as_str());
                    }
                }
                Ok(Some(match away.as_slice() {
                    [] => String::new(),
                    away => format!("away, and told when back: {}", away.join(", ")),
                }))
            }
            Deed::Message { desk, .. } => {
                let seat = self.seat_at(desk)?;
                self.only_a_script(&seat)?;
                self.stage
                    .tell(&seat, &ToPlayer::Send { serial, again: false })
                    .await?;
                Ok(None)
            }
            Deed::Fault(fault) => self.break_off(&serial, fault).map(Some),
            Deed::Process { deed, who } => self.process(*deed, who).await.map(Some),
            Deed::Clock { who, back, by } => {
                let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
                let offset_ms = if *back { -by } else { by };
                self.stage.ask(who, &Request::Clock { offset_ms }).await?;
                Ok(Some(format!("{} is off by {offset_ms} ms", **who)))
            }
            Deed::Hand => Ok(Some("done by hand".into())),
            // It is about a copy, and done where the evidence is gathered.
            Deed::HandIn(_) => Ok(Some("behind ENDEX".into())),
            Deed::Institution(act) if office_lacks(act.verb) => self.institution(act, inject).await.map(Some),
            Deed::Institution(act) => {
                let seat = self.seat_of(&act.by)?;
                self.only_a_script(&seat)?;
                self.stage
                    .tell(&seat, &ToPlayer::Send { serial, again: false })
                    .await?;
                Ok(None)
            }
            Deed::Attack(attack) => {
                let seat = attacker(attack);
                self.stage.tell(&seat, &ToPlayer::Inject { serial }).await?;
                Ok(None)
            }
            Deed::Phrase(officer) => {
                let seat = self.seat_of(std::slice::from_ref(officer))?;
                self.only_a_script(&seat)?;
                self.tell_phrase(&seat, officer).await?;
                Ok(Some(String::new()))
            }
        }
    }

    /// From now on this officer, who sits there, types the second passphrase.
    pub(super) async fn tell_phrase(&mut self, seat: &str, officer: &str) -> Result<(), StageError> {
        let officer = officer.to_owned();
        self.stage.tell(seat, &ToPlayer::Phrase { officer }).await
    }

    pub(super) fn seat_at(&self, desk: &str) -> Result<String, StageError> {
        let mut seats = self.plan.scenario().seats.iter();
        let seat = seats.find(|seat| seat.desk.as_ref().is_some_and(|at| **at == *desk));
        seat.map(|seat| seat.name.to_string())
            .ok_or_else(|| StageError::Nobody(format!("seat at desk {desk}")))
    }

    /// The seat where an officer sits.
    pub(super) fn seat_of(&self, by: &[Placed<String>]) -> Result<String, StageError> {
        let name = by.last().map_or("", |name| name.as_str());
        let mut seats = self.plan.scenario().seats.iter();
        let seat = seats.find(|seat| seat.officers.iter().any(|officer| **officer == *name));
        seat.map(|seat| seat.name.to_string())
            .ok_or_else(|| StageError::Nobody(format!("seat of {name}")))
    }

    pub(super) async fn process(&mut self, deed: ProcessDeed, who: &str) -> Result<String, ConductError> {
        self.stage.process(deed, who).await?;
        self.note(Kind::Process {
            who: who.to_owned(),
            deed: deed.name().to_uppercase(),
        })?;
        if deed == ProcessDeed::Start && self.stage.desks().any(|desk| desk == who) {
            // It was started. One that has died again since is told by what it does not do.
            let _ = self.tell_story(who).await;
            // What came to it before it was heard again. One that does not answer in time is asked at a later look.
            match self.stage.list(who).await {
                Ok(messages) => {
                    for message in messages {
                        self.message(who, &message);
                    }
                }
                Err(_) => self.turns.look_at(who.to_owned()),
            }
        }
        Ok(format!("{who}: {}", deed.name()))
    }

    /// Puts a fault on: written down first. One that a link refuses is written off again.
    pub(super) fn break_off(&mut self, name: &str, fault: &FaultDeed) -> Result<String, ConductError> {
        let links = self.stage.links_of(&fault.link)?;
        let since = self.stamp();
        self.note_fault(name, Some(fault), &links)?;
        if let Err(error) = self.stage.fault(name, fault) {
            self.note_fault(name, None, &links)?;
            return Err(error.into());
        }
        self.stirred = self.now();
        self.faults.push(InForce {
            name: name.to_owned(),
            since,
            until: fault.until.clone(),
        });
        Ok(links.join(", "))
    }

    /// Takes off what has lasted long enough.
    pub(super) fn mend_due(&mut self) -> Result<(), ConductError> {
        let now = self.stamp();
        let due: Vec<String> = self
            .faults
            .iter()
            .filter(|fault| self.is_over(fault, now))
            .map(|fault| fault.name.clone())
            .collect();
        for name in due {
            self.mend(&name)?;
        }
        Ok(())
    }

    fn is_over(&self, fault: &InForce, now: Stamp) -> bool {
        match &fault.until {
            Until::For(Span::Line(length)) => now.line.since(fault.since.line) >= length.0,
            Until::For(Span::Story(length)) => now.story >= fault.since.story.after(length.0),
            Until::Mark(mark) => self.plan.reached(mark).is_some(),
        }
    }

    /// Takes a fault off: written down first.
    pub(super) fn mend(&mut self, name: &str) -> Result<(), ConductError> {
        let links = self.links_under(name);
        self.note_fault(name, None, &links)?;
        self.faults.retain(|fault| fault.name != name);
        self.stirred = self.now();
        Ok(self.stage.mend(name).map(drop)?)
    }

    /// Writes down that a fault goes on; off, if none is named.
    fn note_fault(
        &mut self,
        name: &str,
        on: Option<&FaultDeed>,
        links: &[String],
    ) -> Result<(), ConductError> {
        self.note(Kind::Fault {
            name: name.to_owned(),
            on: on.is_some(),
            fault: on.map_or_else(String::new, |deed| spec::line(&deed.fault)),
            links: links.to_vec(),
        })
        .map(drop)
    }
}

//! Acts of institutions that end an identity, and that go on under another.

use std::time::Duration;

use hotline_core::{story::Running, time::WallTime};

use super::{ConductError, Conductor};
use crate::{
    live::{scene::Scene, stage::StageError, words::ToPlayer},
    record::{Kind, running_codes},
    scenario::{
        lists::{InstitutionVerb, ProcessDeed, Side},
        moment::Span,
        msel::{Inject, Institution},
    },
};

impl<S: Scene> Conductor<S> {
    /// Does what officers of a side have signed; what came of it.
    pub(super) async fn institution(
        &mut self,
        act: &Institution,
        inject: &Inject,
    ) -> Result<String, ConductError> {
        match act.verb {
            InstitutionVerb::Deny => {
                let (since, sides) = (self.wall_before(act.since), self.told_sides(inject));
                Ok(self.stage.deny(act, &sides, since).await?)
            }
            InstitutionVerb::UseBackup => self.use_backup(act).await,
            InstitutionVerb::Wake => self.awaken().await,
            InstitutionVerb::Inspect
            | InstitutionVerb::Renew
            | InstitutionVerb::Retire
            | InstitutionVerb::Enrol
            | InstitutionVerb::AgreeCodebook
            | InstitutionVerb::RePin
            | InstitutionVerb::TryOld => self.put_in_order(act, inject).await,
            InstitutionVerb::Open
            | InstitutionVerb::Suspend
            | InstitutionVerb::Sever
            | InstitutionVerb::Restore
            | InstitutionVerb::Refuse
            | InstitutionVerb::LeaveWatch => Err(StageError::Nobody("one who could do that".into()).into()),
        }
    }

    /// The desk that has ended stands still, both sides go over to its backup, and everybody sits down again.
    async fn use_backup(&mut self, act: &Institution) -> Result<String, ConductError> {
        let desks = self.stage.site().desk_names();
        for desk in &desks {
            if self.stage.desks().any(|runs| runs == desk) {
                self.process(ProcessDeed::Kill, desk).await?;
            }
        }
        // Whatever became of it, nobody's desk is left dead.
        let taken = self.stage.take_backup(act).await;
        for desk in &desks {
            self.process(ProcessDeed::Start, desk).await?;
        }
        let words = taken?;
        let seats = self.stage.reseat().await?;
        self.tell_phrases_again().await;
        for seat in seats {
            self.waiting.remove(&seat);
            self.note(Kind::Seat {
                seat: seat.clone(),
                what: "SCRIPTED".into(),
            })?;
            let running = running_codes(self.plan.clock().running());
            let story_ms = u64::try_from(self.story().since_startex().as_millis()).unwrap_or(u64::MAX);
            let clock = ToPlayer::Clock { running, story_ms };
            self.stage.tell(&seat, &clock).await?;
        }
        Ok(format!("read aloud and the same at both ends: {words}"))
    }

    /// The sides whose seats are told; all of them if none is named.
    fn told_sides(&self, inject: &Inject) -> Vec<Side> {
        let scenario = self.plan.scenario();
        let side = |seat: &str| {
            let desk = scenario.seat(seat)?.desk.as_ref()?;
            let desks = &scenario.topology.desks;
            desks
                .iter()
                .find(|card| *card.name == **desk)
                .map(|card| card.side)
        };
        if inject.to.is_empty() {
            return Side::ALL.to_vec();
        }
        inject.to.iter().filter_map(|seat| side(seat)).collect()
    }

    /// The wall time so long ago, as the story runs now.
    fn wall_before(&self, span: Option<Span>) -> Option<WallTime> {
        let length = match span? {
            Span::Line(length) => length.0,
            Span::Story(length) => match self.plan.clock().running() {
                Running::Running(rate) => on_the_line(length.0, rate.thousandths()),
                Running::NotStarted | Running::Paused(_) | Running::Ended => length.0,
            },
        };
        let ago = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let now = self.seams.clock.wall().unix_ms();
        Some(WallTime::from_unix_ms(now.saturating_sub(ago)))
    }

    /// Writes down which handshakes relays have refused, where a scenario has attackers, or certificates that have ended.
    pub(super) fn hear_relays(&mut self) -> Result<(), ConductError> {
        let scenario = self.plan.scenario();
        if scenario.attacks.is_empty() && !scenario.sleeps() {
            return Ok(());
        }
        for (seat, refused) in self.stage.refusals() {
            let rule = "security".to_owned();
            self.note(Kind::Played { seat, rule, refused })?;
        }
        Ok(())
    }
}

/// So much story time on the line, at a rate in thousandths.
fn on_the_line(length: Duration, thousandths: u32) -> Duration {
    let ms = length.as_millis() * 1_000 / u128::from(thousandths.max(1));
    Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
}

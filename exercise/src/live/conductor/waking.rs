//! A line that slept is put in order, and opened.

use super::{ConductError, Conductor};
use crate::{
    live::{
        scene::{self, Scene},
        stage::waking::With,
        words::FromPlayer,
    },
    record::Kind,
    scenario::{
        lists::ProcessDeed,
        msel::{Inject, Institution},
    },
};

/// What control writes down of a process that has not run yet.
const ASLEEP: &str = "ASLEEP";

impl<S: Scene> Conductor<S> {
    /// Writes down what sleeps at STARTEX: nobody takes its silence for a fault.
    pub(super) fn note_asleep(&mut self) -> Result<(), ConductError> {
        if !self.stage.is_asleep() {
            return Ok(());
        }
        let site = self.stage.site();
        let relays = site.relays().map(|relay| relay.name.clone());
        let desks = site.desks().map(|(_, desk)| desk.name.clone());
        let asleep: Vec<String> = relays.chain(desks).collect();
        for who in asleep {
            let deed = ASLEEP.to_owned();
            self.note(Kind::Process { who, deed })?;
        }
        Ok(())
    }

    /// People put something in order, or look at it: what was said, what a doctor found and what was refused is written down
    /// under the seat of who signs last.
    pub(super) async fn put_in_order(
        &mut self,
        act: &Institution,
        inject: &Inject,
    ) -> Result<String, ConductError> {
        let scenario = self.plan.scenario();
        let officer = act.identity.as_ref().and_then(|name| scenario.officer(name));
        let with = With {
            officer: officer.cloned(),
            codebook: self.codebook.sha256(),
        };
        let seat = self.seat_of(&act.by)?;
        let readied = self.stage.put_in_order(act, &with).await?;
        if let Some(is) = readied.found {
            let what = format!("doctor in inject {}", inject.serial);
            self.player(&seat, FromPlayer::Stated { what, is }).await?;
        }
        for refused in readied.refused {
            let rule = act.verb.name().to_owned();
            self.player(&seat, FromPlayer::Played { rule, refused }).await?;
        }
        Ok(readied.said)
    }

    /// Links stand before the legs, desks are opened, people sit down and hear what they missed; done when every leg is up.
    pub(super) async fn awaken(&mut self) -> Result<String, ConductError> {
        self.stage.link().await?;
        let desks = self.stage.site().desk_names();
        for desk in &desks {
            self.process(ProcessDeed::Start, desk).await?;
        }
        for seat in self.stage.seat_all().await? {
            let what = "SCRIPTED".to_owned();
            self.note(Kind::Seat { seat, what })?;
        }
        self.tell_phrases_again().await;
        self.say_again().await;
        self.tell_clock().await?;
        scene::wait_until_whole(&mut self.stage).await?;
        Ok(format!("desks {} are open", desks.join(" and ")))
    }
}

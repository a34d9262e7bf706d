//! How the exercise stands, for controllers.

use super::{Conductor, seats::Told};
use crate::{
    live::scene::Scene,
    order::{Clocks, FaultStands, Standing},
    scenario::{lists::SeatKind, msel::Until},
};

impl<S: Scene> Conductor<S> {
    /// Everything that a controller is told. None where no controller runs it.
    pub(super) fn standing(&self) -> Option<Standing> {
        let hand = self.hand.as_ref()?;
        let exercise = &hand.authority.exercise;
        let mut standing = Standing::of(exercise, &self.plan, &hand.heads, hand.records, self.stamp());
        standing.faults = self.faults_in_force();
        for seat in &mut standing.seats {
            let card = self.plan.scenario().seat(&seat.seat);
            let who = match card.map(|card| card.kind) {
                _ if hand.persons.get(&seat.seat).is_some_and(Told::is_away) => "person, away",
                _ if hand.persons.contains_key(&seat.seat) => "person",
                _ if self.stage.plays(&seat.seat) => "script",
                Some(SeatKind::Control) => "person",
                _ => "",
            };
            who.clone_into(&mut seat.who);
            if let Some(watched) = self.watched.get(&seat.desk) {
                seat.label = watched.told.label.clone().unwrap_or_default();
            }
        }
        Some(standing)
    }

    fn faults_in_force(&self) -> Vec<FaultStands> {
        let links = self.stage.links();
        let stands = self.faults.iter().map(|fault| {
            let bears = || {
                links.iter().filter_map(|link| {
                    let found = link.faults.iter().find(|view| view.name == fault.name)?;
                    Some((link, found))
                })
            };
            FaultStands {
                name: fault.name.clone(),
                fault: bears()
                    .next()
                    .map(|(_, view)| view.fault.clone())
                    .unwrap_or_default(),
                links: bears().map(|(link, _)| link.link.clone()).collect(),
                since: Clocks::of(fault.since),
                until: match &fault.until {
                    Until::For(span) => format!("for {span}"),
                    Until::Mark(mark) => format!("until {}", mark.value),
                },
            }
        });
        stands.collect()
    }

    /// The links that a fault of this name is on.
    pub(super) fn links_under(&self, name: &str) -> Vec<String> {
        let found = self
            .faults_in_force()
            .into_iter()
            .find(|fault| fault.name == name);
        found.map(|fault| fault.links).unwrap_or_default()
    }
}

//! Rows as a scenario: a base whose plan they replace, or one that is made around them.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use super::{
    columns::{Column, Places, heads},
    grid::{Cell, Grid, Row},
    mistake::{CELL, Mistake, SheetErrors},
};
use crate::scenario::{
    Scenario,
    cast::{Objective, Tongues},
    check::{check, planned},
    fresh,
    lists::{InjectKind, Tongue},
    mark::Serial,
    msel::{Event, Incident, Inject, When},
    parse,
    place::{Placed, ScenarioErrors},
    write,
};

mod back;
mod row;

/// What the rows become a part of.
#[derive(Clone, Copy, Debug)]
pub enum Base<'a> {
    /// This scenario: its plan is replaced, and an inject that it has already keeps what no column says.
    Of(&'a Scenario),
    /// Two desks and two relays, made around the rows, with this name.
    Made(Option<&'a str>),
}

/// How much longer a base that is made lasts than its last planned inject.
const BEHIND: Duration = Duration::from_secs(30 * 60);

/// Makes a scenario file of a sheet: one that `check` finds nothing in. `out` is what mistakes outside the sheet call the
/// file.
///
/// # Errors
/// [`SheetErrors`]: every mistake with its cell, or with its place in the base.
pub fn import(grid: &Grid, base: Base<'_>, out: &str) -> Result<String, SheetErrors> {
    let (scenario, places, lines) = rows_of(grid, base)?;
    let text = headed(grid, base, &scenario);
    let sheet = back::Sheet {
        grid,
        places: &places,
        lines: &lines,
        text: &text,
    };
    let scenario = parse(out, &text).map_err(|errors| sheet.mistakes(&errors.mistakes, errors.more))?;
    let found = check(&scenario);
    if found.is_empty() {
        return Ok(text);
    }
    Err(sheet.mistakes(&found, 0))
}

/// The base with the rows as its plan, not checked yet; where each column and each inject stands.
type Rows<'g> = (Scenario, Places, BTreeMap<Serial, &'g Row>);

fn rows_of<'g>(grid: &'g Grid, base: Base<'_>) -> Result<Rows<'g>, SheetErrors> {
    let (places, rows) = heads(grid)?;
    let mut scenario = match base {
        Base::Of(scenario) => scenario.clone(),
        Base::Made(id) => made(id).map_err(|errors| grid.refuse(None, errors.to_string()))?,
    };
    let before = match base {
        Base::Of(scenario) => scenario.injects().map(|inject| (inject.serial, inject)).collect(),
        Base::Made(_) => BTreeMap::new(),
    };
    let mut reading = Reading {
        grid,
        places,
        cast: &scenario,
        before,
        errors: SheetErrors::default(),
    };
    let read: Vec<(Inject, &Row)> = rows
        .iter()
        .filter(|row| !row.is_empty())
        .filter_map(|row| Some((reading.row(row)?, row)))
        .collect();
    let Reading {
        places, mut errors, ..
    } = reading;
    twice(grid, &places, &read, &mut errors);
    if read.is_empty() && errors.mistakes.is_empty() {
        return Err(grid.refuse(None, "there is no inject below its heads"));
    }
    errors.or(())?;
    let lines = read.iter().map(|(inject, row)| (inject.serial, *row)).collect();
    scenario.events = events(&scenario, read.into_iter().map(|(inject, _)| inject));
    if matches!(base, Base::Made(_)) {
        around(&mut scenario);
    }
    Ok((scenario, places, lines))
}

/// What a sheet says, whether or not it can be played.
#[cfg(test)]
pub(super) fn only_read(grid: &Grid, base: Base<'_>) -> Result<Scenario, SheetErrors> {
    rows_of(grid, base).map(|(scenario, ..)| scenario)
}

/// A sheet on its way to injects.
struct Reading<'a> {
    grid: &'a Grid,
    places: Places,
    cast: &'a Scenario,
    before: BTreeMap<Serial, &'a Inject>,
    errors: SheetErrors,
}

/// `msel.csv, cell B7 (planned T+)`.
fn cell_place(grid: &Grid, places: &Places, row: &Row, column: Column) -> String {
    match places.get(&column) {
        Some(at) => format!("{}, cell {} ({})", grid.place(), row.name(*at), column.name()),
        None => format!("{}, row {} ({})", grid.place(), row.number, column.name()),
    }
}

impl Reading<'_> {
    /// What stands there; `None` if the sheet has no such column.
    fn cell<'r>(&self, row: &'r Row, column: Column) -> Option<&'r Cell> {
        let at = *self.places.get(&column)?;
        Some(row.cells.get(at).unwrap_or(&Cell::Empty))
    }

    fn refuse(&mut self, row: &Row, column: Column, what: impl Into<String>) {
        let place = cell_place(self.grid, &self.places, row, column);
        self.errors.push(Mistake::new(CELL, place, what));
    }
}

/// One number for two rows.
fn twice(grid: &Grid, places: &Places, read: &[(Inject, &Row)], errors: &mut SheetErrors) {
    let mut first: BTreeMap<Serial, &Row> = BTreeMap::new();
    for (inject, row) in read {
        if let Some(other) = first.insert(inject.serial, row) {
            let place = cell_place(grid, places, row, Column::Serial);
            let what = format!(
                "\"{}\" is the number of row {} too; each has its own",
                inject.serial, other.number
            );
            errors.push(Mistake::new(CELL, place, what));
        }
    }
}

/// Injects by event and incident, each in the order of the rows; with the titles of the base.
fn events(base: &Scenario, injects: impl Iterator<Item = Inject>) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for inject in injects {
        let (first, second) = (inject.serial.event, inject.serial.incident);
        let at = match events.iter().position(|event| event.serial == first) {
            Some(at) => at,
            None => {
                events.push(event(base, first));
                events.len() - 1
            }
        };
        let incidents = &mut events[at].incidents;
        match incidents
            .iter_mut()
            .find(|incident| incident.serial == (first, second))
        {
            Some(incident) => incident.injects.push(inject),
            None => {
                let mut made = incident(base, first, second);
                made.injects.push(inject);
                incidents.push(made);
            }
        }
    }
    events
}

fn event(base: &Scenario, serial: u16) -> Event {
    let found = base.events.iter().find(|event| event.serial == serial);
    Event {
        serial,
        title: found.map_or_else(
            || english(&format!("Event {serial}")),
            |event| event.title.clone(),
        ),
        incidents: Vec::new(),
    }
}

fn incident(base: &Scenario, event: u16, incident: u16) -> Incident {
    let mut all = base.events.iter().flat_map(|event| &event.incidents);
    let found = all.find(|known| known.serial == (event, incident));
    Incident {
        serial: (event, incident),
        title: found.map_or_else(
            || english(&format!("Incident {event}.{incident}")),
            |known| known.title.clone(),
        ),
        injects: Vec::new(),
    }
}

fn english(text: &str) -> Tongues {
    Tongues([(Tongue::En, text.to_owned())].into())
}

/// Desks, relays, officers and scripts of a new scenario, without its plan and what hangs on that.
fn made(id: Option<&str>) -> Result<Scenario, ScenarioErrors> {
    let mut made = fresh::scenario()?;
    if let Some(id) = id {
        made.id.value = id.to_owned();
        made.title = english(id);
    }
    made.summary = Tongues::default();
    made.events.clear();
    made.expects.clear();
    made.objectives.clear();
    Ok(made)
}

/// What the rows of a scenario without a base name, and how long it lasts.
fn around(scenario: &mut Scenario) {
    let mut names: Vec<Placed<String>> = Vec::new();
    for name in scenario.injects().filter_map(|inject| inject.objective.as_ref()) {
        if !names.iter().any(|known| known.value == name.value) {
            names.push(name.clone());
        }
    }
    scenario.objectives = names
        .into_iter()
        .map(|id| Objective {
            title: english(&id.value),
            id,
            capability: None,
            targets: Vec::new(),
        })
        .collect();
    // What counts on the line counts at the fastest rate, as for `check`.
    let last = planned(scenario)
        .into_values()
        .max()
        .unwrap_or_default()
        .saturating_add(BEHIND);
    // In whole minutes: a plan is read by people.
    let minutes = last.as_secs().div_ceil(60);
    scenario.duration.value.0 = Duration::from_secs(minutes * 60);
}

/// The file, with a line that says where it is from.
fn headed(grid: &Grid, base: Base<'_>, scenario: &Scenario) -> String {
    let mut text = String::new();
    let from = hotline_core::text::inert_line(&grid.place()).text;
    let around = match base {
        Base::Of(base) => format!("the plan of {} was replaced", base.id.value),
        Base::Made(_) => "two desks and two relays were made around it".to_owned(),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# Imported from {from}; {around}.");
    text + &write(scenario)
}

/// Which kind an inject is of, if the sheet does not say.
const fn usual_kind(when: &When) -> InjectKind {
    match when {
        When::Unless { .. } => InjectKind::Contingency,
        When::At(_) | When::After { .. } => InjectKind::Contextual,
    }
}

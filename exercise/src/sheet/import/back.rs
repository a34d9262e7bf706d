//! Mistakes of the file that was made, led back to the cells that it was made from.

use std::collections::BTreeMap;

use super::{
    super::{
        columns::{Column, Places},
        grid::{Grid, Row},
        mistake::{Mistake, SheetErrors},
    },
    cell_place,
};
use crate::scenario::{mark::Serial, place::Coded};

/// A sheet, and the file that was made of it.
pub(super) struct Sheet<'a> {
    pub(super) grid: &'a Grid,
    pub(super) places: &'a Places,
    pub(super) lines: &'a BTreeMap<Serial, &'a Row>,
    pub(super) text: &'a str,
}

impl Sheet<'_> {
    pub(super) fn mistakes(&self, found: &[Coded], more: usize) -> SheetErrors {
        let mut errors = SheetErrors {
            mistakes: Vec::new(),
            more,
        };
        for coded in found {
            errors.push(self.mistake(coded));
        }
        errors
    }

    fn mistake(&self, coded: &Coded) -> Mistake {
        let (code, marked) = (coded.code.to_string(), &coded.marked);
        let lines: Vec<&str> = self.text.lines().collect();
        let serial = serial(&lines, marked.line);
        match serial.and_then(|serial| self.lines.get(&serial)) {
            Some(row) => {
                let line = lines.get(marked.line.saturating_sub(1));
                let on_line = line.and_then(|line| line.split_once(" = ")).map(|(key, _)| key);
                // Of a key that lacks, the table is marked.
                let key = on_line.or(marked.key.rsplit('.').next()).unwrap_or("");
                let place = cell_place(self.grid, self.places, row, column(key));
                Mistake::new(&code, place, &marked.what)
            }
            None => {
                let place = format!("outside the sheet, {}", marked.key);
                Mistake::new(&code, place, &marked.what)
            }
        }
    }
}

/// The inject in which this line stands, counted from 1. Each begins with its number.
fn serial(lines: &[&str], line: usize) -> Option<Serial> {
    const HEAD: &str = "[[event.incident.inject]]";
    let head = lines.iter().take(line).rposition(|line| line.starts_with("[["))?;
    if lines[head] != HEAD {
        return None;
    }
    let number = lines.get(head + 1)?.strip_prefix("serial = ")?;
    number.trim_matches('"').parse().ok()
}

/// The column whose cell became this key.
fn column(key: &str) -> Column {
    match key {
        "kind" => Column::Type,
        "method" => Column::Method,
        "at" | "after" | "wait" | "within" => Column::Planned,
        "unless" => Column::Contingency,
        "to" => Column::To,
        "from" | "desk" | "by" => Column::From,
        "controller" => Column::Controller,
        "objective" => Column::Objective,
        "precedence" => Column::Precedence,
        "expected" => Column::Expected,
        "serial" => Column::Serial,
        // Everything else says what it does.
        _ => Column::Text,
    }
}

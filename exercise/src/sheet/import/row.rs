//! One row as an inject.

use hotline_core::precedence::Precedence;

use super::{
    super::{
        columns::Column,
        deed::{self, Cells, placed, word},
        grid::{Cell, Row},
        text, when,
    },
    Reading, usual_kind,
};
use crate::scenario::{
    cast::Tongues,
    lists::{Approve, InjectKind, Method},
    mark::Serial,
    msel::{Deed, Inject, When},
    place::Placed,
};

impl Reading<'_> {
    /// The inject of a row; none if something in it is wrong, which is told.
    pub(super) fn row(&mut self, row: &Row) -> Option<Inject> {
        let serial = self.serial(row);
        let base = serial.and_then(|serial| self.before.get(&serial).copied());
        let when = self.when(row, base);
        let method = self.words(row, Column::Method).and_then(|typed| {
            if typed.is_empty() {
                let all: Vec<&str> = Method::ALL.iter().map(|method| method.name()).collect();
                self.refuse(
                    row,
                    Column::Method,
                    format!("nothing says how it comes; write one of {}", all.join(", ")),
                );
                return None;
            }
            self.said(row, Column::Method, word(Method::ALL, Method::name, &typed))
        });
        let precedence = self.precedence(row, base);
        let from = self.kept(row, Column::From, || base.map(deed::show_from));
        let read = match (method, precedence, self.raw(row, Column::Text)) {
            (Some(method), Some(precedence), Some(text)) => {
                let cells = Cells {
                    method,
                    text: &text,
                    from: from.as_deref().unwrap_or("").trim(),
                    precedence,
                };
                match deed::read(&cells, base, self.cast) {
                    Ok(read) => Some((read, text)),
                    Err((column, what)) => {
                        self.refuse(row, column, what);
                        None
                    }
                }
            }
            _ => None,
        };
        let kind = self.kind(row, when.as_ref());
        let to = self.to(row, base);
        let expected = self.expected(row, base);
        let objective = self.name(row, Column::Objective, || {
            Some(base?.objective.as_ref()?.value.clone())
        });
        let controller = self.kept(row, Column::Controller, || base?.controller.clone());
        let (read, text) = read?;
        let is_message = matches!(read.deed, Deed::Message { .. });
        let is_hand = matches!(read.deed, Deed::Hand);
        Some(Inject {
            serial: serial?,
            title: base.map_or_else(|| deed::title(&read.deed, &text), |base| base.title.clone()),
            kind: kind?,
            when: when?,
            approve: base.map_or(Approve::Auto, |base| base.approve),
            to: to?,
            from: match is_message {
                true => base.and_then(|base| base.from.clone()),
                false => from,
            },
            controller,
            objective: objective.as_deref().map(placed),
            category: read.category.or_else(|| base?.category),
            expected: expected?,
            note: match is_hand {
                true => read.note,
                false => base.and_then(|base| base.note.clone()),
            },
            only: base.map(|base| base.only.clone()).unwrap_or_default(),
            span: 0..0,
            deed: read.deed,
        })
    }

    fn serial(&mut self, row: &Row) -> Option<Serial> {
        let like = "write event, incident and inject, like 1.2.3, in a column whose format is text";
        let what = match self.cell(row, Column::Serial) {
            None | Some(Cell::Empty) => format!("the row has no number; {like}"),
            Some(Cell::Text(text)) => match text.trim().parse::<Serial>() {
                Ok(serial) => return Some(serial),
                Err(error) => error.to_string(),
            },
            Some(Cell::Number(number)) => format!("{number} is a number to the spreadsheet; {like}"),
            Some(Cell::Time(_) | Cell::Date) => {
                format!("the spreadsheet made a date or a time of it; {like}")
            }
            Some(Cell::Error(shown)) => format!("the formula gives {shown}; {like}"),
        };
        self.refuse(row, Column::Serial, what);
        None
    }

    fn when(&mut self, row: &Row, base: Option<&Inject>) -> Option<When> {
        let contingency = self.name(row, Column::Contingency, || match &base?.when {
            When::Unless { expect, .. } => Some(expect.value.clone()),
            _ => None,
        });
        let planned = self.cell(row, Column::Planned).cloned().unwrap_or_default();
        let read = when::read(&planned, contingency.as_deref().unwrap_or(""));
        self.said(row, Column::Planned, read)
    }

    fn kind(&mut self, row: &Row, when: Option<&When>) -> Option<InjectKind> {
        let typed = self.words(row, Column::Type)?;
        if typed.is_empty() {
            return when.map(usual_kind);
        }
        self.said(row, Column::Type, word(InjectKind::ALL, InjectKind::name, &typed))
    }

    /// The precedence; within, none if the cell is empty.
    fn precedence(&mut self, row: &Row, base: Option<&Inject>) -> Option<Option<Precedence>> {
        let typed = self.name(row, Column::Precedence, || match &base?.deed {
            Deed::Message { sending, .. } => Some(sending.precedence?.name().to_owned()),
            _ => None,
        });
        let Some(typed) = typed else {
            return Some(None);
        };
        let read = word(Precedence::ALL, Precedence::name, &typed);
        self.said(row, Column::Precedence, read).map(Some)
    }

    fn to(&mut self, row: &Row, base: Option<&Inject>) -> Option<Vec<Placed<String>>> {
        if self.cell(row, Column::To).is_none() {
            return Some(base.map(|base| base.to.clone()).unwrap_or_default());
        }
        let typed = self.words(row, Column::To)?;
        let names = typed
            .split([',', ';', '\n'])
            .map(str::trim)
            .filter(|name| !name.is_empty());
        Some(names.map(placed).collect())
    }

    fn expected(&mut self, row: &Row, base: Option<&Inject>) -> Option<Tongues> {
        if self.cell(row, Column::Expected).is_none() {
            return Some(base.map(|base| base.expected.clone()).unwrap_or_default());
        }
        let typed = self.raw(row, Column::Expected)?;
        self.said(row, Column::Expected, text::read(&typed))
    }

    /// A cell's words; the base's where the sheet has no such column; none where it is empty.
    fn kept(&mut self, row: &Row, column: Column, base: impl FnOnce() -> Option<String>) -> Option<String> {
        let words = match self.cell(row, column) {
            None => base(),
            Some(_) => self.raw(row, column),
        };
        words.filter(|words| !words.trim().is_empty())
    }

    /// The same, of a name or a word.
    fn name(&mut self, row: &Row, column: Column, base: impl FnOnce() -> Option<String>) -> Option<String> {
        self.kept(row, column, base).map(|name| name.trim().to_owned())
    }

    /// Without what stands around it.
    fn words(&mut self, row: &Row, column: Column) -> Option<String> {
        Some(self.raw(row, column)?.trim().to_owned())
    }

    /// As it stands there; empty where nothing does.
    fn raw(&mut self, row: &Row, column: Column) -> Option<String> {
        let cell = self.cell(row, column).unwrap_or(&Cell::Empty);
        let wrong = match cell {
            Cell::Error(shown) => format!("the formula gives {shown}; write what it should say"),
            Cell::Time(_) | Cell::Date => {
                "this is a date or a time, and words are wanted; set the cell's format to text".into()
            }
            Cell::Empty | Cell::Text(_) | Cell::Number(_) => return Some(cell.text().into_owned()),
        };
        self.refuse(row, column, wrong);
        None
    }

    fn said<T>(&mut self, row: &Row, column: Column, read: Result<T, String>) -> Option<T> {
        read.map_err(|what| self.refuse(row, column, what)).ok()
    }
}

//! Where an inject stands, and what may become of it.

use std::{fmt, sync::Arc};

use hotline_core::plant;
use hotline_core::time::StoryTime;

use super::{basis::Basis, past::Point};
use crate::{
    record::InjectStatus,
    scenario::{lists::Approve, mark::Serial, msel::Inject},
};

/// Where an inject stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Its moment has not come.
    Pending,
    /// It was overdue, and waits for a controller.
    Entered,
    /// A controller has approved it: it comes at its moment.
    Approved,
    /// A controller wants it now.
    Called,
    /// It is being done.
    Firing,
    /// It was done.
    Delivered,
    /// A person did it, and the result is written down.
    Completed,
    /// A controller left it out.
    Skipped,
    /// It could not be done.
    Failed,
    /// Whether it was done cannot be said.
    Unknown,
    /// A contingency whose expectation was met.
    NotNeeded,
}

impl Status {
    /// Nothing more comes of it by itself.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !self.is_open() && !matches!(self, Self::Firing | Self::Called)
    }

    /// It has not been begun, and is not left out.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Entered | Self::Approved)
    }

    /// As people read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Entered => "ENTERED",
            Self::Approved => "APPROVED",
            Self::Called => "CALLED",
            Self::Firing => "FIRING",
            Self::Delivered => "DELIVERED",
            Self::Completed => "COMPLETED",
            Self::Skipped => "SKIPPED",
            Self::Failed => "FAILED",
            Self::Unknown => "UNKNOWN",
            Self::NotNeeded => "NOT_NEEDED",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a record says instead of a reason where a controller wants an inject at once.
pub(super) const NOW: &str = "NOW";

/// An inject of the play, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What the file says.
    pub inject: Arc<Inject>,
    pub(super) basis: Basis,
    pub(super) status: Status,
    /// A controller has approved it at some time.
    pub(super) approved: bool,
    /// It was overdue at some time.
    pub(super) entered: bool,
    /// When its status became what it is.
    pub(super) point: Option<Point>,
    /// What was said with it.
    pub(super) what: String,
    /// By how much a controller has moved it, in milliseconds of story.
    pub(super) moved: i64,
    /// When an order last put it where it is now: it cannot have been due before.
    pub(super) known: StoryTime,
}

/// From one status no record leads to that other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("inject {serial} is {from}, and does not become {to:?}")]
pub struct NoSuchStep {
    /// Which inject.
    pub serial: Serial,
    /// How it stands.
    pub from: Status,
    /// What the record says.
    pub to: InjectStatus,
}

impl Step {
    pub(super) fn new(inject: Arc<Inject>, basis: Basis) -> Self {
        Self {
            inject,
            basis,
            status: Status::Pending,
            approved: false,
            entered: false,
            point: None,
            what: String::new(),
            moved: 0,
            known: StoryTime::STARTEX,
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// What was said of it: a result, a reason.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// When it became what it is: line and story. `None` while it is as the file has it.
    #[must_use]
    pub const fn since(&self) -> Option<Point> {
        self.point
    }

    /// It needs a controller's approval, and has none.
    pub(super) fn unapproved(&self) -> bool {
        self.inject.approve == Approve::Hand && !self.approved
    }

    /// Waiting, as before any controller was asked.
    pub(super) fn reopen(&mut self) {
        self.status = match self.approved {
            true => Status::Approved,
            false => Status::Pending,
        };
    }

    /// Whether a record may say so of it.
    pub(super) fn admits(&self, to: InjectStatus) -> Result<(), NoSuchStep> {
        match leads(self.status, to) {
            true => Ok(()),
            false => Err(NoSuchStep {
                serial: self.inject.serial,
                from: self.status,
                to,
            }),
        }
    }

    /// Takes what a record says of it. `moved` is what a record of a move says, in milliseconds.
    pub(super) fn take(
        &mut self,
        to: InjectStatus,
        what: &str,
        moved: i64,
        point: Point,
    ) -> Result<(), NoSuchStep> {
        self.admits(to)?;
        match to {
            InjectStatus::Approved if what == NOW => self.status = Status::Called,
            InjectStatus::Approved => {
                self.approved = true;
                self.reopen();
            }
            InjectStatus::Unskipped => {
                self.known = point.story;
                self.reopen();
            }
            InjectStatus::Moved => {
                self.moved = self.moved.saturating_add(moved);
                self.put(point.story);
            }
            InjectStatus::Entered => {
                self.entered = true;
                self.status = Status::Entered;
            }
            InjectStatus::Firing => self.status = Status::Firing,
            InjectStatus::Delivered => self.status = Status::Delivered,
            InjectStatus::Completed => self.status = Status::Completed,
            InjectStatus::Skipped if plant::active("skipped-inject-comes") => self.reopen(),
            InjectStatus::Skipped => self.status = Status::Skipped,
            InjectStatus::Failed => self.status = Status::Failed,
            InjectStatus::Unknown => self.status = Status::Unknown,
            InjectStatus::NotNeeded => self.status = Status::NotNeeded,
        }
        if to != InjectStatus::Moved {
            what.clone_into(&mut self.what);
            self.point = Some(point);
        }
        Ok(())
    }

    /// An order has put it where it is, at this moment: whether it is overdue is judged anew.
    pub(super) fn put(&mut self, story: StoryTime) {
        self.known = story;
        self.judge_anew();
    }

    /// Whether it is overdue is judged anew.
    pub(super) fn judge_anew(&mut self) {
        if self.status == Status::Entered {
            self.reopen();
        }
    }
}

/// Whether a record may say so of an inject that stands so. Each is begun once.
const fn leads(from: Status, to: InjectStatus) -> bool {
    match to {
        InjectStatus::Entered | InjectStatus::NotNeeded => from.is_open(),
        InjectStatus::Approved => from.is_open(),
        InjectStatus::Firing => from.is_open() || matches!(from, Status::Called),
        InjectStatus::Delivered | InjectStatus::Failed | InjectStatus::Unknown => {
            matches!(from, Status::Firing)
        }
        InjectStatus::Completed => !matches!(from, Status::Completed | Status::Skipped | Status::NotNeeded),
        InjectStatus::Skipped => from.is_open() || matches!(from, Status::Called),
        InjectStatus::Unskipped => matches!(from, Status::Skipped),
        InjectStatus::Moved => from.is_open() || matches!(from, Status::Skipped),
    }
}

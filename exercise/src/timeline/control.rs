//! One word for every kind of record.

use crate::record::Kind;

/// One word for what a record is.
#[must_use]
pub(crate) const fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Startex(_) => "STARTEX",
        Kind::Tick => "TICK",
        Kind::Clock { .. } => "CLOCK",
        Kind::Inject { .. } => "INJECT",
        Kind::Fault { .. } => "FAULT",
        Kind::Process { .. } => "PROCESS",
        Kind::Note { .. } => "NOTE",
        Kind::Rating { .. } => "RATING",
        Kind::Observed { .. } => "OBSERVED",
        Kind::Seat { .. } => "SEAT",
        Kind::Named { .. } => "NAMED",
        Kind::Played { .. } => "PLAYED",
        Kind::Stated { .. } => "STATED",
        Kind::Refused { .. } => "REFUSED",
        Kind::Resumed { .. } => "RESUMED",
        Kind::Annex { .. } => "ANNEX",
        Kind::Improvement { .. } => "IMPROVEMENT",
        Kind::Duress { .. } => "DURESS",
        Kind::Endex { .. } => "ENDEX",
    }
}

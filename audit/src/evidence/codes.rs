//! The names of codes, as reports print them (`statement.proto` has the numbers).

/// The name of a code; `?` for one that this version does not know.
pub(super) fn word(names: &[(u32, &'static str)], code: u32) -> &'static str {
    names
        .iter()
        .find(|(known, _)| *known == code)
        .map_or("?", |(_, name)| name)
}

pub(super) const RUNGS: [(u32, &str); 12] = [
    (4, "DELIVERED"),
    (5, "ALERTED"),
    (6, "DISPLAYED"),
    (7, "ACKNOWLEDGED"),
    (8, "TRANSLATED"),
    (9, "PRESENTED"),
    (20, "HOLDING"),
    (21, "READ_BACK"),
    (22, "INSUFFICIENT"),
    (23, "DECLINED"),
    (24, "CONFIRMED"),
    (25, "CORRECTED"),
];
pub(super) const SERVICES: [(u32, &str); 11] = [
    (1, "CHECK"),
    (2, "CHECK_ANSWER"),
    (3, "PATH_OUTAGE"),
    (4, "PATH_RESTORED"),
    (5, "CLOCK_STEP"),
    (6, "DESK_OPENS"),
    (7, "DESK_CLOSES"),
    (8, "OVERDUE"),
    (9, "NON_DELIVERY"),
    (10, "CLOCK_OFFSETS"),
    (11, "NOT_OPENED"),
];
pub(super) const PRECEDENCES: [(u32, &str); 6] = [
    (1, "DEFERRED"),
    (2, "ROUTINE"),
    (3, "PRIORITY"),
    (4, "IMMEDIATE"),
    (5, "FLASH"),
    (6, "OVERRIDE"),
];
pub(super) const FUNCTIONS: [(u32, &str); 6] = [
    (1, "NOTIFY"),
    (2, "QUERY"),
    (3, "REPLY"),
    (4, "UPDATE"),
    (5, "CANCEL"),
    (6, "ERROR"),
];
pub(super) const ANSWERS: [(u32, &str); 14] = [
    (1, "ROGER"),
    (2, "AFFIRM"),
    (3, "NEGATIVE"),
    (4, "ACCEPT"),
    (5, "UNABLE"),
    (6, "COUNTER"),
    (7, "DECLINE"),
    (8, "YES"),
    (9, "NO"),
    (10, "UNKNOWN"),
    (11, "SUFFICIENT"),
    (12, "INSUFFICIENT"),
    (13, "STANDBY"),
    (14, "FREE_TEXT"),
];

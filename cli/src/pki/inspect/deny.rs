//! A deny-list, line by line. Whether its officers could sign is checked where it is taken over; here it is only read.

use std::path::Path;

use data_encoding::BASE64;
use hotline_audit::SignedStatement;
use hotline_audit::statement::{Deny, DenyOrder};
use hotline_core::time::WallTime;

use super::Report;
use crate::pki::error::PkiError;

/// Explains a deny-list.
///
/// # Errors
/// If a line is no order of two officers.
pub(super) fn list(path: &Path, text: &str) -> Result<Report, PkiError> {
    let mut report = Report::new("A deny-list: identities that two officers of their own side have ended");
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let unreadable = |why: String| PkiError::unreadable(path, "a deny-list", why);
        let mut officers = Vec::new();
        let mut order = None;
        for part in line.split(' ') {
            let bytes = BASE64
                .decode(part.as_bytes())
                .map_err(|e| unreadable(e.to_string()))?;
            let signed = SignedStatement::parse(&bytes).map_err(|e| unreadable(e.to_string()))?;
            let said = Deny::decode(&signed.payload).map_err(|e| unreadable(e.to_string()))?;
            order = Some(DenyOrder::decode(&said.order).map_err(|e| unreadable(e.to_string()))?);
            officers.push(said.officer);
        }
        let Some(order) = order else { continue };
        report.line("ends", &order.identity, order.reason.clone());
        report.chance(
            "order",
            format!(
                "{} at {}",
                order.number,
                WallTime::from_unix_ms(order.claimed_time_ms).rfc3339()
            ),
            "Its number in the list, and the time that its officers claim.",
        );
        if order.compromised_since_ms > 0 {
            report.chance(
                "in doubt since",
                WallTime::from_unix_ms(order.compromised_since_ms).rfc3339(),
                "What was signed from then on is marked REVIEW; what came after the order is quarantined.",
            );
        }
        report.line(
            "signed by",
            officers.join(" and "),
            "Two officers of that side; one of them must be a SECURITY_OFFICER in its roster.",
        );
    }
    Ok(report)
}

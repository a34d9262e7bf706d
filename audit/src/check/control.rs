//! Control's records and orders: who signed, and that an order belongs to the record that holds it.

use super::{StatementError, When, check_named, domain_of, inside, signed_by, wrong_type};
use crate::dsse::{PayloadType, SignedStatement};
use crate::hash::Hash;
use crate::key::{KeyEntry, Purpose, RosterSet};
use crate::statement::{Control, ControlOrder};
use crate::strict::peek_bytes;

/// A control record that is genuine, with the order inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlVerified {
    /// The envelope with its exact bytes.
    pub statement: SignedStatement,
    /// What it says.
    pub record: Control,
    /// The order that it carries out, if it carries out one.
    pub order: Option<ByController>,
    /// Hash of its bytes.
    pub hash: Hash,
}

/// A controller's order that is genuine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByController {
    /// What was ordered.
    pub said: ControlOrder,
    /// Hash of the signed bytes.
    pub hash: Hash,
}

/// Verifies a control record and the order inside it.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_control(
    bytes: &[u8],
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<ControlVerified, StatementError> {
    control_record(bytes, rosters, When::At(now_ms))
}

/// Verifies a control record as an archive does: signature, purpose and subject count; whether a key has ended is for the
/// caller to judge.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_control_archived(bytes: &[u8], rosters: &RosterSet) -> Result<ControlVerified, StatementError> {
    control_record(bytes, rosters, When::Archive)
}

/// Verifies a controller's order by itself.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_control_order(
    bytes: &[u8],
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<ByController, StatementError> {
    control_order(bytes, rosters, When::At(now_ms))
}

pub(crate) fn control_record(
    bytes: &[u8],
    rosters: &RosterSet,
    when: When,
) -> Result<ControlVerified, StatementError> {
    let (statement, entry) = by_control(bytes, PayloadType::Control, rosters, when)?;
    let record = Control::decode(&statement.payload)?;
    check_named(entry, record.key_statement, &record.conductor)?;
    let order = if record.order.is_empty() {
        None
    } else {
        let inside = |error| inside("order", 0, error);
        let order = control_order(&record.order, rosters, when).map_err(inside)?;
        belongs(&order.said, &record).map_err(inside)?;
        Some(order)
    };
    let hash = statement.hash();
    Ok(ControlVerified {
        statement,
        record,
        order,
        hash,
    })
}

fn control_order(bytes: &[u8], rosters: &RosterSet, when: When) -> Result<ByController, StatementError> {
    let (statement, entry) = by_control(bytes, PayloadType::ControlOrder, rosters, when)?;
    let said = ControlOrder::decode(&statement.payload)?;
    check_named(entry, said.key_statement, &said.controller)?;
    Ok(ByController {
        said,
        hash: statement.hash(),
    })
}

/// A controller orders in its own exercise, and the conductor does what controllers of its own trust domain order.
fn belongs(order: &ControlOrder, record: &Control) -> Result<(), StatementError> {
    if domain_of(&order.controller) != domain_of(&record.conductor) {
        return Err(StatementError::WrongDomain {
            signer: order.controller.clone(),
            named: record.conductor.clone(),
        });
    }
    if order.exercise != record.exercise {
        return Err(StatementError::OrderMismatch("exercise"));
    }
    Ok(())
}

/// The envelope, and the CONTROL key that signed it. Both kinds name its key statement in field 4.
fn by_control<'r>(
    bytes: &[u8],
    kind: PayloadType,
    rosters: &'r RosterSet,
    when: When,
) -> Result<(SignedStatement, &'r KeyEntry), StatementError> {
    let statement = SignedStatement::parse(bytes)?;
    if statement.payload_type != kind {
        return Err(wrong_type());
    }
    let named = peek_bytes(&statement.payload, 4);
    let entry = signed_by(&statement, named, Purpose::Control, rosters, when)?;
    Ok((statement, entry))
}

#[cfg(test)]
mod tests;

//! What officers signed, each kind by itself: envelope, key, signature, strict reader, and that key and name agree.

use super::{ByOfficer, StatementError, When, by_officer, check_desk, check_named, signed_by, wrong_type};
use crate::dsse::{PayloadType, SignedStatement};
use crate::key::{KeyEntry, Purpose, RosterSet};
use crate::statement::{
    Approval, CharterConsent, OfficerAct, OfficerAnnex, OfficerOrder, OfficerWatch, ReportSignature,
};
use crate::strict::peek_bytes;

pub(super) fn approval(
    bytes: &[u8],
    rosters: &RosterSet,
    when: When,
) -> Result<ByOfficer<Approval>, StatementError> {
    let (statement, entry) = officer_statement(bytes, PayloadType::Approval, rosters, when)?;
    let said = Approval::decode(&statement.payload)?;
    check_named(entry, said.key_statement, &said.officer)?;
    check_desk(entry, &said.desk)?;
    Ok(by_officer(said, entry, &statement))
}

pub(super) fn officer_act(
    bytes: &[u8],
    rosters: &RosterSet,
    when: When,
) -> Result<ByOfficer<OfficerAct>, StatementError> {
    let (statement, entry) = officer_statement(bytes, PayloadType::OfficerAct, rosters, when)?;
    let said = OfficerAct::decode(&statement.payload)?;
    check_named(entry, said.key_statement, &said.officer)?;
    check_desk(entry, &said.desk)?;
    Ok(by_officer(said, entry, &statement))
}

pub(super) fn officer_annex(
    bytes: &[u8],
    rosters: &RosterSet,
    when: When,
) -> Result<ByOfficer<OfficerAnnex>, StatementError> {
    let (statement, entry) = officer_statement(bytes, PayloadType::OfficerAnnex, rosters, when)?;
    let said = OfficerAnnex::decode(&statement.payload)?;
    check_named(entry, said.key_statement, &said.officer)?;
    check_desk(entry, &said.desk)?;
    Ok(by_officer(said, entry, &statement))
}

pub(super) fn consent(
    bytes: &[u8],
    rosters: &RosterSet,
    when: When,
) -> Result<ByOfficer<CharterConsent>, StatementError> {
    let (statement, entry) = officer_statement(bytes, PayloadType::CharterConsent, rosters, when)?;
    let said = CharterConsent::decode(&statement.payload)?;
    check_named(entry, said.key_statement, &said.officer)?;
    Ok(by_officer(said, entry, &statement))
}

pub(super) fn report_signature(
    bytes: &[u8],
    rosters: &RosterSet,
    when: When,
) -> Result<ByOfficer<ReportSignature>, StatementError> {
    let (statement, entry) = officer_statement(bytes, PayloadType::ReportSignature, rosters, when)?;
    let said = ReportSignature::decode(&statement.payload)?;
    check_named(entry, said.key_statement, &said.officer)?;
    Ok(by_officer(said, entry, &statement))
}

pub(super) fn officer_watch(
    bytes: &[u8],
    rosters: &RosterSet,
    when: When,
) -> Result<ByOfficer<OfficerWatch>, StatementError> {
    let (statement, entry) = officer_statement(bytes, PayloadType::OfficerWatch, rosters, when)?;
    let said = OfficerWatch::decode(&statement.payload)?;
    check_named(entry, said.key_statement, &said.officer)?;
    check_desk(entry, &said.desk)?;
    Ok(by_officer(said, entry, &statement))
}

pub(super) fn officer_order(
    bytes: &[u8],
    rosters: &RosterSet,
    when: When,
) -> Result<ByOfficer<OfficerOrder>, StatementError> {
    let (statement, entry) = officer_statement(bytes, PayloadType::OfficerOrder, rosters, when)?;
    let said = OfficerOrder::decode(&statement.payload)?;
    check_named(entry, said.key_statement, &said.officer)?;
    check_desk(entry, &said.desk)?;
    Ok(by_officer(said, entry, &statement))
}

/// All kinds of officers' statements name the key statement in field 2.
fn officer_statement<'r>(
    bytes: &[u8],
    kind: PayloadType,
    rosters: &'r RosterSet,
    when: When,
) -> Result<(SignedStatement, &'r KeyEntry), StatementError> {
    let statement = SignedStatement::parse(bytes)?;
    if statement.payload_type != kind {
        return Err(wrong_type());
    }
    let entry = signed_by(
        &statement,
        peek_bytes(&statement.payload, 2),
        Purpose::Officer,
        rosters,
        when,
    )?;
    Ok((statement, entry))
}

//! One entry of a log, by itself and in the chain of its sender.

use super::{Auditor, SeenSelf};
use crate::check::{self, Parts, When};
use crate::dsse::{PayloadType, SignedStatement};
use crate::hash::Hash;
use crate::key::KeyRefusal;
use crate::strict::StrictError;
use crate::verify::chains::Place;
use crate::verify::report::{Review, Unfit};

impl Auditor<'_> {
    pub(super) fn judge(&mut self, index: u64, entry: &[u8]) -> Result<(), (&'static str, String)> {
        let statement = SignedStatement::parse(entry).map_err(malformed)?;
        self.check_place(statement.payload_type)?;
        match statement.payload_type {
            PayloadType::Control => self.judge_control(index, entry),
            PayloadType::Key | PayloadType::SealKey | PayloadType::Revocation => {
                self.judge_roster_entry(index, &statement)
            }
            PayloadType::Deny => self.judge_deny(index, &statement),
            PayloadType::PeerCheckpoint | PayloadType::CosignRefused | PayloadType::LogLink => {
                self.judge_relay_record(index, entry)
            }
            PayloadType::Message
            | PayloadType::Receipt
            | PayloadType::Act
            | PayloadType::Annex
            | PayloadType::Charter
            | PayloadType::Service
            | PayloadType::Watch
            | PayloadType::Lifecycle
            | PayloadType::Approval
            | PayloadType::OfficerAct
            | PayloadType::OfficerAnnex
            | PayloadType::CharterConsent
            | PayloadType::OfficerWatch
            | PayloadType::OfficerOrder
            | PayloadType::Presence
            | PayloadType::ControlOrder
            | PayloadType::ReportSignature => self.judge_desk_statement(index, entry),
        }
    }

    fn judge_desk_statement(&mut self, index: u64, entry: &[u8]) -> Result<(), (&'static str, String)> {
        let rosters = self.trust.rosters();
        let refused = |error: check::StatementError| (error.rule(), error.to_string());
        let verified = check::desk_statement(entry, rosters, When::Archive).map_err(refused)?;
        let header = verified.header();
        let parts = check::parts(&verified.payload, rosters, When::Archive);
        self.judge_key(index, &header.key_statement, header.claimed_time_ms)?;
        for (key, claimed_ms) in parts.iter().flat_map(keys_inside) {
            self.judge_key_inside(index, &key, claimed_ms)?;
        }
        *self
            .kinds
            .entry(kind_name(verified.statement.payload_type))
            .or_default() += 1;
        self.link(index, &Place::of(header), verified.hash)?;
        if let Err(error) = &parts {
            self.judge_unfit(index, &header.sender, error)?;
        }
        let origin = self
            .checkpoint
            .as_ref()
            .map(|checkpoint| checkpoint.origin.as_str());
        for seen in header
            .seen
            .iter()
            .filter(|seen| Some(seen.origin.as_str()) == origin)
        {
            let sender = header.sender.clone();
            self.seen.push(SeenSelf {
                index,
                sender,
                size: seen.size,
                root: seen.root,
            });
        }
        Ok(())
    }

    /// Takes its place in the chain of its signer.
    pub(super) fn link(
        &mut self,
        index: u64,
        place: &Place<'_>,
        hash: Hash,
    ) -> Result<(), (&'static str, String)> {
        match self.chains.add(index, place, hash) {
            Some(contradiction) => Err((contradiction.rule, contradiction.explanation)),
            None => Ok(()),
        }
    }

    /// What is inside a statement was signed by nobody, or does not belong there. Neither relays nor the desks that get it
    /// can refuse to log what its sender has signed; a sender's own log is another matter.
    fn judge_unfit(
        &mut self,
        index: u64,
        sender: &str,
        error: &check::StatementError,
    ) -> Result<(), (&'static str, String)> {
        let (rule, explanation) = (error.rule(), error.to_string());
        if self.owner().is_some_and(|owner| owner == sender) {
            return Err((rule, explanation));
        }
        self.unfit.push(Unfit {
            index,
            sender: sender.to_owned(),
            rule,
            explanation,
        });
        Ok(())
    }

    /// As [`Auditor::judge_key`], for what an officer signed inside a statement. A relay does not look in there, so what
    /// it took behind the end of an officer's key does not speak against its log; it is for people to judge.
    fn judge_key_inside(
        &mut self,
        index: u64,
        key: &Hash,
        claimed_ms: u64,
    ) -> Result<(), (&'static str, String)> {
        match self.judge_key(index, key, claimed_ms) {
            Err((rule, explanation)) if self.revoked_at.contains_key(key) => {
                self.review.push(Review {
                    index,
                    rule,
                    explanation,
                });
                Ok(())
            }
            judged => judged,
        }
    }

    /// Keys that ended or were not valid are for people to judge, unless this very log says when they ended.
    pub(super) fn judge_key(
        &mut self,
        index: u64,
        key: &Hash,
        claimed_ms: u64,
    ) -> Result<(), (&'static str, String)> {
        let rosters = self.trust.rosters();
        let entry = rosters
            .by_hash(key)
            .ok_or(KeyRefusal::Unknown(*key))
            .map_err(|r| (r.rule(), r.to_string()))?;
        if let Some(at) = self.revoked_at.get(key) {
            let why = format!(
                "the key of {} was revoked at #{at}, before this",
                entry.statement.subject
            );
            return Err(("REVOKED_KEY", why));
        }
        for doubt in [entry.check_not_revoked(), entry.check_validity(claimed_ms)] {
            if let Err(doubt) = doubt {
                self.review.push(Review {
                    index,
                    rule: doubt.rule(),
                    explanation: doubt.to_string(),
                });
            }
        }
        Ok(())
    }
}

/// The keys that signed what is inside a statement, with the times they claim.
fn keys_inside(parts: &Parts) -> Vec<(Hash, u64)> {
    let mut keys = Vec::new();
    match parts {
        Parts::Message(approvals) => {
            keys.extend(
                approvals
                    .iter()
                    .map(|by| (by.key_statement, by.said.claimed_time_ms)),
            );
        }
        Parts::Receipt | Parts::Service => {}
        Parts::Act(by) => keys.push((by.key_statement, by.said.claimed_time_ms)),
        Parts::Annex(by) => keys.push((by.key_statement, by.said.claimed_time_ms)),
        Parts::Watch(by) => keys.push((by.key_statement, by.said.claimed_time_ms)),
        Parts::Lifecycle(by) => keys.push((by.key_statement, by.said.claimed_time_ms)),
        Parts::Charter(_, consents) => {
            keys.extend(
                consents
                    .iter()
                    .map(|by| (by.key_statement, by.said.claimed_time_ms)),
            );
        }
    }
    keys
}

pub(super) fn malformed(error: StrictError) -> (&'static str, String) {
    let error = check::StatementError::from(error);
    (error.rule(), error.to_string())
}

/// A short name of a payload type, for counting.
pub(crate) fn kind_name(kind: PayloadType) -> &'static str {
    match kind {
        PayloadType::Message => "message",
        PayloadType::Receipt => "receipt",
        PayloadType::Act => "act",
        PayloadType::Annex => "annex",
        PayloadType::Charter => "charter",
        PayloadType::Service => "service",
        PayloadType::Watch => "watch",
        PayloadType::Lifecycle => "lifecycle",
        PayloadType::Approval => "approval",
        PayloadType::OfficerAct => "officer act",
        PayloadType::OfficerAnnex => "officer annex",
        PayloadType::CharterConsent => "charter consent",
        PayloadType::OfficerWatch => "officer watch",
        PayloadType::OfficerOrder => "officer order",
        PayloadType::Presence => "presence",
        PayloadType::PeerCheckpoint => "peer checkpoint",
        PayloadType::CosignRefused => "cosign refused",
        PayloadType::LogLink => "log link",
        PayloadType::Key => "key",
        PayloadType::SealKey => "seal key",
        PayloadType::Revocation => "revocation",
        PayloadType::Deny => "deny",
        PayloadType::Control => "control record",
        PayloadType::ControlOrder => "control order",
        PayloadType::ReportSignature => "report signature",
    }
}

//! The conductor's pen: it signs what a verifier takes, and reads what it signed.

use hotline_audit::{
    Hash, LogSigner, PayloadType, Purpose, RosterSet, SignedStatement, SigningKey, check,
    statement::{Control, MAX_CONTROL_DETAIL, MAX_CONTROL_SUBJECT},
};
use hotline_core::identity::Role;
use hotline_ledger::Stored;

use super::{Entropy, Keys, LogError};

/// What signs a record.
pub(super) struct Pen {
    pub(super) identity: String,
    exercise: String,
    key_statement: Hash,
    key: SigningKey,
    rosters: RosterSet,
    pub(super) entropy: Entropy,
}

impl Pen {
    pub(super) fn of(keys: Keys) -> Result<(Self, LogSigner), LogError> {
        let Keys {
            identity,
            exercise,
            statement,
            log,
            rosters,
            entropy,
        } = keys;
        let me = identity.to_string();
        if identity.role() != Role::Control {
            return Err(LogError::NotControl(me));
        }
        let enrolled = |purpose: Purpose, key: &SigningKey| {
            rosters
                .rosters()
                .flat_map(|roster| roster.keys_of(&me, purpose))
                .find(|entry| entry.key == key.public() && entry.revoked.is_none())
                .map(|entry| entry.hash)
                .ok_or_else(|| LogError::NotEnrolled {
                    identity: me.clone(),
                    purpose,
                })
        };
        let key_statement = enrolled(Purpose::Control, &statement)?;
        enrolled(Purpose::Log, &log)?;
        let signer =
            LogSigner::new(&identity.origin(), log).map_err(|error| LogError::LogKey(error.to_string()))?;
        let pen = Self {
            identity: me,
            exercise,
            key_statement,
            key: statement,
            rosters,
            entropy,
        };
        Ok((pen, signer))
    }

    /// The next record, still saying nothing.
    pub(super) fn blank(&mut self, sequence: u64, previous: Hash, order: Option<&[u8]>) -> Control {
        let mut id = [0; 16];
        (self.entropy)(&mut id);
        Control {
            id,
            exercise: self.exercise.clone(),
            conductor: self.identity.clone(),
            key_statement: self.key_statement,
            sequence,
            previous,
            wall_ms: 0,
            line_ms: 0,
            story_ms: 0,
            running: 0,
            rate: 0,
            kind: 0,
            subject: String::new(),
            detail: String::new(),
            order: order.unwrap_or_default().to_vec(),
        }
    }

    /// Signs what a verifier takes, and nothing else.
    pub(super) fn sign(&self, control: &Control) -> Result<SignedStatement, LogError> {
        for (what, bytes, limit) in [
            ("detail", control.detail.len(), MAX_CONTROL_DETAIL),
            ("subject", control.subject.len(), MAX_CONTROL_SUBJECT),
        ] {
            if bytes > limit {
                return Err(LogError::TooLong { what, bytes, limit });
            }
        }
        let statement = SignedStatement::sign(PayloadType::Control, &control.encode(), &self.key)
            .map_err(|error| LogError::Refused(error.into()))?;
        check::verify_control_archived(statement.bytes(), &self.rosters).map_err(LogError::Refused)?;
        Ok(statement)
    }

    /// The genuine record in a leaf.
    pub(super) fn read(&self, stored: &Stored) -> Result<Control, LogError> {
        check::verify_control_archived(&stored.bytes, &self.rosters)
            .map(|verified| verified.record)
            .map_err(|why| LogError::NotGenuine {
                index: stored.index,
                why,
            })
    }

    /// It is ours, of this exercise, and as far along as its leaf.
    pub(super) fn check_place(&self, stored: &Stored, control: &Control) -> Result<(), LogError> {
        let index = stored.index;
        if control.conductor != self.identity || control.sequence != index.saturating_add(1) {
            return Err(LogError::Chain(index));
        }
        if control.exercise != self.exercise {
            return Err(LogError::OtherExercise {
                found: control.exercise.clone(),
                asked: self.exercise.clone(),
            });
        }
        Ok(())
    }
}

//! Making rosters: what a side's security officer does with the statement root.

use super::{Purpose, Roster, RosterError, SealEnrolment};
use crate::dsse::{PayloadType, PublicKey, SignedStatement, SigningKey};
use crate::hash::Hash;
use crate::statement::{KeyStatement, Revocation, SEAL_SUITE_XWING, SealKey};
use crate::strict::StrictError;

/// Who is to have which key.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// What the key is for.
    pub purpose: Purpose,
    /// Whose it is, e.g. `spiffe://exercise.avelia.example/desk/ops`.
    pub subject: String,
    /// Officer roles, ascending; empty for everybody else.
    pub roles: Vec<u32>,
    /// The key.
    pub public_key: PublicKey,
    /// First moment of validity, milliseconds since 1970 (UTC), at least 1.
    pub not_before_ms: u64,
    /// Last moment of validity, milliseconds since 1970 (UTC).
    pub not_after_ms: u64,
}

/// Appends entries to a roster, signed by its statement root.
#[derive(Debug)]
pub struct RosterBuilder {
    roster: Roster,
    root: SigningKey,
}

impl RosterBuilder {
    /// A new roster.
    ///
    /// # Errors
    /// When the trust domain is none.
    pub fn new(trust_domain: &str, root: SigningKey) -> Result<RosterBuilder, RosterError> {
        Ok(RosterBuilder {
            roster: Roster::empty(trust_domain, root.public())?,
            root,
        })
    }

    /// Goes on with an existing roster. Entries signed by another root than the roster's are refused when appended.
    #[must_use]
    pub fn resume(roster: Roster, root: SigningKey) -> RosterBuilder {
        RosterBuilder { roster, root }
    }

    /// Enrols a key and returns the hash of its key statement.
    ///
    /// # Errors
    /// When a reader would refuse the entry: a weak or reused key, a subject of another trust domain, and so on.
    pub fn enrol(&mut self, enrolment: Enrolment) -> Result<Hash, RosterError> {
        let statement = KeyStatement {
            trust_domain: self.roster.trust_domain().to_owned(),
            number: self.roster.next_number(),
            previous: self.previous(),
            purpose: enrolment.purpose.to_wire(),
            subject: enrolment.subject,
            roles: enrolment.roles,
            public_key: *enrolment.public_key.as_bytes(),
            not_before_ms: enrolment.not_before_ms,
            not_after_ms: enrolment.not_after_ms,
        };
        self.append(PayloadType::Key, &statement.encode())
    }

    /// Enrols a key for sealing and returns the hash of its roster entry.
    ///
    /// # Errors
    /// When a reader would refuse the entry: a weak or reused key, a subject that is no desk and no escrow, and so on.
    pub fn enrol_seal_key(&mut self, enrolment: SealEnrolment) -> Result<Hash, RosterError> {
        let statement = SealKey {
            trust_domain: self.roster.trust_domain().to_owned(),
            number: self.roster.next_number(),
            previous: self.previous(),
            subject: enrolment.subject,
            suite: SEAL_SUITE_XWING,
            public_key: enrolment.public_key,
            not_before_ms: enrolment.not_before_ms,
            not_after_ms: enrolment.not_after_ms,
        };
        self.append(PayloadType::SealKey, &statement.encode())
    }

    /// Revokes the key with this key-statement hash and returns the hash of the revocation.
    ///
    /// # Errors
    /// When there is no such key, or the reason is empty.
    pub fn revoke(
        &mut self,
        key_statement: Hash,
        reason: &str,
        claimed_time_ms: u64,
    ) -> Result<Hash, RosterError> {
        let revocation = Revocation {
            trust_domain: self.roster.trust_domain().to_owned(),
            number: self.roster.next_number(),
            previous: self.previous(),
            key_statement,
            reason: reason.to_owned(),
            claimed_time_ms,
        };
        self.append(PayloadType::Revocation, &revocation.encode())
    }

    /// The roster as it stands.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The finished roster.
    #[must_use]
    pub fn finish(self) -> Roster {
        self.roster
    }

    fn previous(&self) -> Hash {
        self.roster.head().map_or(Hash::ZERO, |head| head.hash)
    }

    fn append(&mut self, kind: PayloadType, payload: &[u8]) -> Result<Hash, RosterError> {
        let statement =
            SignedStatement::sign(kind, payload, &self.root).map_err(|fault| self.refused(fault))?;
        self.roster.append(statement.bytes())
    }

    fn refused(&self, fault: StrictError) -> RosterError {
        RosterError::Entry {
            trust_domain: self.roster.trust_domain().to_owned(),
            number: self.roster.next_number(),
            fault: fault.into(),
        }
    }
}

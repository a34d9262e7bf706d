//! What stands in a relay's log beside the statements that it carries: its own records, and what enrols and ends keys.

use super::Auditor;
use crate::check::{self, When};
use crate::dsse::{PayloadType, SignedStatement};
use crate::hash::Hash;
use crate::key::{KeyRefusal, Purpose, Subject, origin_of, subject_of_origin};
use crate::statement::{Deny, DenyOrder, KeyStatement, LogLink, RelayRecord, Revocation, SealKey};
use crate::verify::auditor::entry::{kind_name, malformed};
use crate::verify::report::Review;

type Judged = Result<(), (&'static str, String)>;

impl Auditor<'_> {
    /// A relay's record stands in the log of that very relay.
    pub(super) fn judge_relay_record(&mut self, index: u64, entry: &[u8]) -> Judged {
        let rosters = self.trust.rosters();
        let verified = check::relay_record(entry, rosters, When::Archive)
            .map_err(|error| (error.rule(), error.to_string()))?;
        let record = &verified.record;
        let origin = self.origin();
        if origin_of(record.relay()) != origin.as_deref() {
            let why = format!("it is a record of {}, in a log that is another's", record.relay());
            return Err(("WRONG_SENDER", why));
        }
        self.judge_key(index, &record.key_statement(), record.claimed_time_ms())?;
        self.once(verified.hash)?;
        match record {
            RelayRecord::PeerCheckpoint(said) => self.judge_peer_note(index, &said.note)?,
            RelayRecord::CosignRefused(_) => {}
            RelayRecord::LogLink(said) => judge_link(index, said, origin.as_deref())?,
        }
        self.count(verified.statement.payload_type);
        Ok(())
    }

    /// The checkpoint of another log. Which cosignatures stand under it is judged by whoever has a policy; that nobody we
    /// know has signed it, or that it is none, is for people to look at: another side chose those bytes, and they must not
    /// spoil the log that holds them.
    fn judge_peer_note(&mut self, index: u64, note: &[u8]) -> Judged {
        let parsed = crate::note::Note::parse(note)
            .ok()
            .and_then(|note| crate::Checkpoint::danger_parse_extended(&note.text).ok());
        if parsed.is_some_and(|checkpoint| Some(checkpoint.origin) == self.origin()) {
            let why = "it holds a checkpoint of this very log";
            return Err(("WRONG_LOG", why.to_owned()));
        }
        if let Err(refusal) = self.trust.checkpoint(note) {
            self.review.push(Review {
                index,
                rule: refusal.rule(),
                explanation: format!("the checkpoint inside it is not believed: {refusal}"),
            });
        }
        Ok(())
    }

    /// An entry of a roster: the root that we trust for its trust domain has signed it.
    pub(super) fn judge_roster_entry(&mut self, index: u64, statement: &SignedStatement) -> Judged {
        let payload = &statement.payload;
        let (trust_domain, revoked) = match statement.payload_type {
            PayloadType::Key => (
                KeyStatement::decode(payload).map_err(malformed)?.trust_domain,
                None,
            ),
            PayloadType::SealKey => (SealKey::decode(payload).map_err(malformed)?.trust_domain, None),
            _ => {
                let revocation = Revocation::decode(payload).map_err(malformed)?;
                (revocation.trust_domain, Some(revocation.key_statement))
            }
        };
        let roster = self.trust.rosters().roster(&trust_domain);
        let roster = roster.ok_or_else(|| {
            (
                "UNKNOWN_KEY",
                format!("no statement root of {trust_domain} is trusted"),
            )
        })?;
        if !statement.verify(roster.root()) {
            return Err((
                "BAD_SIGNATURE",
                format!("not signed by the statement root of {trust_domain}"),
            ));
        }
        self.once(statement.hash())?;
        if let Some(key) = revoked.filter(|key| roster.by_hash(key).is_some()) {
            self.revoked_at.entry(key).or_insert(index);
        }
        self.count(statement.payload_type);
        Ok(())
    }

    /// One of the two statements of an order of a deny-list. With both, every key of the identity has ended, if the order
    /// counts by the deny-list that we hold.
    pub(super) fn judge_deny(&mut self, index: u64, statement: &SignedStatement) -> Judged {
        let said = Deny::decode(&statement.payload).map_err(malformed)?;
        let order = DenyOrder::decode(&said.order).map_err(malformed)?;
        let rosters = self.trust.rosters();
        let refused = |refusal: KeyRefusal| (refusal.rule(), refusal.to_string());
        let key = rosters
            .by_hash(&said.key_statement)
            .ok_or_else(|| refused(KeyRefusal::Unknown(said.key_statement)))?;
        key.check_purpose(Purpose::Officer).map_err(refused)?;
        key.check_subject(&said.officer).map_err(refused)?;
        if !statement.verify(&key.key) {
            return Err((
                "BAD_SIGNATURE",
                format!("the signature is not that of {}", said.officer),
            ));
        }
        if key.statement.trust_domain != order.trust_domain {
            let why = format!("{} cannot speak for {}", said.officer, order.trust_domain);
            return Err(("WRONG_DOMAIN", why));
        }
        self.once(statement.hash())?;
        let hash = Hash::of(&said.order);
        let signers = self.denied_by.entry(hash).or_default();
        signers.insert(said.officer);
        let counts = rosters
            .denial(&order.identity)
            .is_some_and(|denial| denial.hash == hash);
        if signers.len() >= 2 && counts {
            for key in rosters.rosters().flat_map(crate::key::Roster::keys) {
                if key.statement.subject == order.identity {
                    self.revoked_at.entry(key.hash).or_insert(index);
                }
            }
        }
        self.count(statement.payload_type);
        Ok(())
    }

    /// What stands in no chain is still to stand here once only.
    fn once(&mut self, hash: Hash) -> Judged {
        if self.unchained.insert(hash) {
            return Ok(());
        }
        Err(("DUPLICATE", "the same bytes stand in this log already".to_owned()))
    }

    fn count(&mut self, kind: PayloadType) {
        *self.kinds.entry(kind_name(kind)).or_default() += 1;
    }

    fn origin(&self) -> Option<String> {
        self.checkpoint
            .as_ref()
            .map(|checkpoint| checkpoint.origin.clone())
    }
}

/// A link opens a log, and names another relay's of the same side.
fn judge_link(index: u64, link: &LogLink, origin: Option<&str>) -> Judged {
    if index != 0 {
        return Err(("MISPLACED_LINK", "it stands behind the first entry".to_owned()));
    }
    let old = subject_of_origin(&link.old_origin);
    let (old, new) = (Subject::parse(&old), Subject::parse(&link.relay));
    let sides = old
        .zip(new)
        .map(|(old, new)| (old.role, old.domain == new.domain));
    if sides != Some(("relay", true)) || Some(link.old_origin.as_str()) == origin {
        let why = format!("{:?} is no other relay's log of the same side", link.old_origin);
        return Err(("WRONG_DOMAIN", why));
    }
    if link.old_note.is_empty() {
        return Ok(());
    }
    let old = crate::Checkpoint::danger_parse_unverified(&link.old_note)
        .map_err(|error| ("MALFORMED", format!("its note: {error}")))?;
    if old.origin == link.old_origin {
        Ok(())
    } else {
        let why = format!("its note is of {:?}, not of {:?}", old.origin, link.old_origin);
        Err(("WRONG_LOG", why))
    }
}

//! A change of keys, carried out: who may announce and agree, and the moment at which this desk signs with its new key.

use std::{sync::Arc, time::Duration};

use hotline_audit::{Hash, PublicKey, Purpose, SigningKey, statement::OfficerOrder};
use hotline_core::{channel::RekeyPhase, id::Hash32, text::inert_line, time::WallTime};

use super::{Engine, Signing};
use crate::{rekey, round::Round, side::Directory, standing::RekeyView, station::signing_key};

/// Where a key lies that was made to replace the one beside it: `statement.next.key` beside `statement.key`.
const NEXT: &str = "next.key";

/// How often a new key's file is looked for that both sides signed for and that was not there. 1 minute: somebody is
/// bringing it.
const LOOKED_FOR_EVERY: Duration = Duration::from_secs(60);

impl Engine {
    /// A side announces keys of its own desks, and agrees to what the other side announced, word for word.
    ///
    /// # Errors
    /// In words, why it is not placed.
    pub(super) fn may_rekey(&self, said: &OfficerOrder, trust: &Directory) -> Result<(), String> {
        let key = said.subject_sha256.ok_or("it names no key")?;
        let until = WallTime::from_unix_ms(said.review_by_ms);
        if until <= self.wall() {
            return Err("the time in which both keys count is over".into());
        }
        let entry = trust.rosters().by_hash(&key).ok_or_else(|| {
            format!("no roster here holds key statement {key}: take the newest trust file over with hotline pki trust")
        })?;
        entry
            .check_purpose(Purpose::Statement)
            .map_err(|error| error.to_string())?;
        entry
            .check_standing(self.wall().unix_ms())
            .map_err(|error| error.to_string())?;
        let domain = entry.statement.trust_domain.as_str();
        let Some(reference) = &said.consents_to else {
            if domain != self.me.domain().as_str() {
                return Err(format!("the key is one of {domain}, which announces its own"));
            }
            let mine = entry.statement.subject == self.me.to_string();
            return if mine && key == self.pen.key_statement {
                Err("this desk signs with that key already".into())
            } else {
                Ok(())
            };
        };
        let first = Hash32(reference.sha256.0);
        let rekeys = self.channels.orders.rekeys();
        let announced = rekeys
            .iter()
            .find(|rekey| rekey.announced.hash == first && rekey.announced.desk.domain() != self.me.domain())
            .ok_or("what it agrees to is no REKEY of the other side")?;
        let same = announced.key == Hash32(key.0)
            && announced.from == WallTime::from_unix_ms(said.effective_ms)
            && announced.until == until;
        if !same || domain != announced.announced.desk.domain().as_str() {
            return Err("it names another key or another time than what it agrees to".into());
        }
        let rest = announced.least_rest();
        if until.distance(self.wall()) < rest {
            return Err(format!(
                "the time in which both keys count is over in less than {} s, and the other side may not hear of it in time: let it announce the key again",
                rest.as_secs().max(1)
            ));
        }
        Ok(())
    }

    /// Signs with the new key from the moment that both sides signed for.
    pub(super) fn rotate(&mut self, round: &mut Round) {
        if !matches!(self.signing, Signing::Open) {
            return;
        }
        let directory = Arc::clone(&round.trust);
        let rosters = directory.rosters();
        let Some(due) = rekey::due(&self.channels.orders, rosters, &self.me, self.wall()) else {
            return;
        };
        let held = rosters.by_hash(&self.pen.key_statement);
        let newer = held.is_none_or(|held| held.statement.number < due.statement.number);
        let now = self.line();
        let lacking = self.rekey_lacking.filter(|(hash, _)| *hash == due.hash);
        if !newer || lacking.is_some_and(|(_, again)| now < again) {
            return;
        }
        let Some(key) = self.key_file_of(&due.key) else {
            self.rekey_lacking = Some((due.hash, now.after(LOOKED_FOR_EVERY)));
            if lacking.is_some() {
                return;
            }
            let file = self.config.statement_key.with_extension(NEXT);
            let what = format!(
                "both sides signed for a new key of this desk, and {} does not hold it; the old key counts until the time named",
                file.display()
            );
            self.alarm("REKEY_NO_KEY", what, round);
            return;
        };
        self.rekey_lacking = None;
        self.pen.key = key;
        self.pen.key_statement = due.hash;
        tracing::warn!(
            event = "security",
            kind = "OWN_KEY_NEW",
            "this desk signs with its new key"
        );
    }

    /// The key with this public half, in the file of the settings or in the one beside it.
    fn key_file_of(&self, wanted: &PublicKey) -> Option<SigningKey> {
        let own = &self.config.statement_key;
        let files = [own.with_extension(NEXT), own.clone()];
        let mut keys = files.iter().filter_map(|file| signing_key(file).ok());
        keys.find(|key| key.public() == *wanted)
    }

    /// Why a statement is not believed that was signed with a key in whose place another one is: it claims a time at which
    /// only that one counted. One that claims an earlier time may have been under way.
    pub(super) fn signed_with_replaced(
        &self,
        key: &Hash,
        claimed_ms: u64,
        trust: &Directory,
    ) -> Option<String> {
        let until = rekey::replaced(&self.channels.orders, trust.rosters(), key, self.wall())?;
        (claimed_ms > until.unix_ms()).then(|| {
            format!(
                "its key counted until {}, and both sides have signed for another one since",
                until.rfc3339()
            )
        })
    }

    /// Why a message that came behind the end of its key's time is for people to look at.
    pub(super) fn came_with_replaced(&self, key: &Hash, stored: WallTime) -> Option<String> {
        let trust = self.trust.directory();
        let until = rekey::replaced(&self.channels.orders, trust.rosters(), key, self.wall())?;
        (stored > until).then(|| {
            format!(
                "it came after {}, when both sides counted only the new key of its desk",
                until.rfc3339()
            )
        })
    }

    /// Every change of keys, as people see it.
    pub(super) fn rekey_views(&self) -> Vec<RekeyView> {
        let trust = self.trust.directory();
        let now = self.wall();
        let rekeys = self.channels.orders.rekeys().into_iter();
        let view = |rekey: hotline_core::channel::Rekey<'_>| {
            let phase = rekey.phase(now);
            let entry = rekey::entry_of(&rekey, trust.rosters());
            RekeyView {
                key: rekey.key.to_string(),
                subject: entry.map_or_else(String::new, |entry| entry.statement.subject.clone()),
                phase: phase.name().to_owned(),
                plain: phase.plain().to_owned(),
                by: rekey.announced.officer.to_string(),
                agreed_by: rekey.consent.map(|consent| consent.officer.to_string()),
                from_ms: rekey.from.unix_ms(),
                until_ms: rekey.until.unix_ms(),
                reason: inert_line(&rekey.announced.reason).text,
                first: self.statement_view(rekey.announced),
                open: phase == RekeyPhase::Proposed && rekey.announced.desk.domain() != self.me.domain(),
            }
        };
        rekeys.map(view).collect()
    }
}

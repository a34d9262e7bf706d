//! Opening what comes: one desk's keys, its rule, and what it keeps of what it has opened.

use hotline_audit::{
    Hash, SignedStatement,
    key::RosterSet,
    opening::{Opening, content_of},
    sealed::SealContext,
    statement::{Annex, Content, ContentError, Message, OfficerAnnex, Payload},
};
use hotline_ledger::Record;

use super::{NotOpened, SealRule, SealSecret, open};
use crate::{config::DeskConfig, memory, station::OpenError};

/// Salt and text of a statement, or why they cannot be read here.
pub type Words = Result<Opening, NotOpened>;

/// Of a statement that nobody has opened.
pub(crate) static NOTHING_OPENED: Words = Err(NotOpened::Content(ContentError::Sealed));

/// How one desk opens.
#[derive(Clone, Debug)]
pub struct Opener {
    me: String,
    rule: SealRule,
    /// The newest first; none of a desk that has no key.
    secrets: Vec<SealSecret>,
}

impl Opener {
    /// With the key of a desk's settings.
    ///
    /// # Errors
    /// [`OpenError`] names the key file and what is wrong with it.
    pub fn load(config: &DeskConfig) -> Result<Self, OpenError> {
        Ok(Self {
            me: config.identity.to_string(),
            rule: config.seal,
            secrets: secrets(config)?,
        })
    }

    /// Reads the key files anew: a new key is enrolled while the desk runs. Those that were read stay, if that fails.
    ///
    /// # Errors
    /// [`OpenError`] names the key file and what is wrong with it.
    pub fn reload(&mut self, config: &DeskConfig) -> Result<(), OpenError> {
        self.secrets = secrets(config)?;
        Ok(())
    }

    /// Of a desk that has no key for sealing.
    #[cfg(test)]
    pub(crate) fn without_key(me: String, rule: SealRule) -> Self {
        Self {
            me,
            rule,
            secrets: Vec::new(),
        }
    }

    /// The words of a message as it comes: opened, checked against its commitment, and sealed where that is the rule.
    ///
    /// # Errors
    /// [`NotOpened`].
    pub fn message(&self, message: &Message, rosters: &RosterSet) -> Words {
        let context = || SealContext::message(&message.header, &message.channel, &message.content.commitment);
        self.content(&message.content, context, rosters)
    }

    /// The words of a translation as it comes; none of what has no words.
    #[must_use]
    pub fn annex(&self, annex: &Annex, rosters: &RosterSet) -> Option<Words> {
        let content = annex.content.as_ref()?;
        let said =
            SignedStatement::parse(&annex.annex).and_then(|signed| OfficerAnnex::decode(&signed.payload));
        let Ok(said) = said else {
            return Some(Err(NotOpened::Ciphertext));
        };
        let context = || SealContext::annex(&said, &content.commitment);
        Some(self.content(content, context, rosters))
    }

    /// The words of any statement as it comes; none of what has no words.
    #[must_use]
    pub fn payload(&self, payload: &Payload, rosters: &RosterSet) -> Option<Words> {
        match payload {
            Payload::Message(message) => Some(self.message(message, rosters)),
            Payload::Annex(annex) => self.annex(annex, rosters),
            _ => None,
        }
    }

    /// The words of a statement of our own ledger. What came in the clear before this line sealed stays readable: whether
    /// it might was judged when it came.
    #[must_use]
    pub fn recalled(&self, payload: &Payload, rosters: &RosterSet, kept: Option<Opening>) -> Option<Words> {
        let content = content_of(payload)?;
        if !content.is_sealed() {
            return Some(Opening::in_the_clear(content).map_err(NotOpened::from));
        }
        match kept.filter(|opening| opening.fits(content)) {
            Some(opening) => Some(Ok(opening)),
            None => self.payload(payload, rosters),
        }
    }

    /// The escrows of this side that a content leaves out which is sealed; of one that cannot be read, none.
    #[must_use]
    pub fn lacking_escrows(&self, content: &Content, rosters: &RosterSet, now_ms: u64) -> Vec<String> {
        if content.suite != Content::SUITE_XWING {
            return Vec::new();
        }
        let (Ok(me), Ok(container)) = (self.me.parse(), content.container()) else {
            return Vec::new();
        };
        super::recipients::lacking_escrows(&container, &me, rosters, now_ms)
    }

    fn content(
        &self,
        content: &Content,
        context: impl FnOnce() -> SealContext,
        rosters: &RosterSet,
    ) -> Words {
        if !content.is_sealed() {
            let opening = Opening::in_the_clear(content)?;
            return match self.rule {
                SealRule::Required => Err(NotOpened::Unsealed),
                SealRule::Offered => Ok(opening),
            };
        }
        let container = super::container(content)?;
        let others = NotOpened::NotForUs(container.wraps.len());
        let wrapped = |secret: &SealSecret| {
            let mut keys = secret.enrolled(&self.me, rosters);
            keys.find(|key| container.wrap_for(key).is_some())
        };
        let mut secrets = self.secrets.iter();
        let mine = secrets.find_map(|secret| Some((wrapped(secret)?, secret)));
        let (key, secret) = mine.ok_or(others)?;
        open(content, &context(), (&key, secret))
    }
}

fn secrets(config: &DeskConfig) -> Result<Vec<SealSecret>, OpenError> {
    let file = config.seal_key.as_deref();
    file.map_or_else(|| Ok(Vec::new()), SealSecret::load_all)
}

/// What is kept of a sealed statement that was opened.
#[must_use]
pub fn opening_record(statement: &Hash, opening: &Opening) -> Record {
    Record::Put {
        space: memory::OPENING,
        key: statement.as_bytes().to_vec(),
        value: [opening.salt.as_slice(), opening.text.as_bytes()].concat(),
    }
}

/// Reads that record back.
#[must_use]
pub fn read_opening(key: &[u8], value: &[u8]) -> Option<(Hash, Opening)> {
    let (salt, text) = value.split_first_chunk::<32>()?;
    let opening = Opening {
        salt: *salt,
        text: std::str::from_utf8(text).ok()?.to_owned(),
    };
    Some((Hash::from_slice(key)?, opening))
}

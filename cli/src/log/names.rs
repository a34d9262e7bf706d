//! What statements are called: `A-0017` for a message, the beginning of its hash for what has no name.
//!
//! A message bears its number; the prefix is its desk's and stands in the trust folders (`side.toml`). It is a habit, no
//! evidence: without a trust folder the name reads `?-0017`, and nothing else is missing.

use std::{collections::BTreeMap, fs, ops::ControlFlow, path::PathBuf};

use hotline_audit::{
    Hash, SignedStatement,
    statement::{Message, Payload},
};
use hotline_client::side_file::SideFile;
use hotline_core::name::MessageName;

use super::{read::Source, trust};
use crate::{exit::Failure, pki::layout};

/// Hex digits by which a statement without a name is called.
const CALLED: usize = 16;

/// Names of the messages in a log.
#[derive(Clone, Debug, Default)]
pub struct Names {
    prefixes: BTreeMap<String, String>,
    messages: BTreeMap<Hash, String>,
}

impl Names {
    /// The prefixes that these trust folders tell; what cannot be read tells none.
    #[must_use]
    pub fn of_trust(folders: &[PathBuf]) -> Self {
        let mut prefixes = BTreeMap::new();
        for side in trust::sides(folders) {
            let text = fs::read_to_string(side.join(layout::SIDE)).unwrap_or_default();
            let Ok(side) = SideFile::parse(&text) else {
                continue;
            };
            prefixes.extend(side.desk.into_iter().map(|desk| (desk.identity, desk.prefix)));
        }
        Self {
            prefixes,
            messages: BTreeMap::new(),
        }
    }

    /// Learns the names of all messages in a log, so that receipts can call them by name.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn learn(&mut self, log: &Source) -> Result<(), Failure> {
        log.each(&mut |_, bytes| {
            if let Some(Payload::Message(message)) = payload(&bytes) {
                let name = self.of(&message);
                self.messages.insert(Hash::of(&bytes), name);
            }
            ControlFlow::Continue(())
        })?;
        Ok(())
    }

    /// The name of a message.
    #[must_use]
    pub fn of(&self, message: &Message) -> String {
        let prefix = self.prefixes.get(&message.header.sender);
        let name = prefix.and_then(|prefix| MessageName::new(prefix, message.number).ok());
        name.map_or_else(|| format!("?-{:04}", message.number), |name| name.to_string())
    }

    /// What a statement with this hash is called.
    #[must_use]
    pub fn called(&self, statement: &Hash) -> String {
        self.messages
            .get(statement)
            .cloned()
            .unwrap_or_else(|| short(statement))
    }

    /// Whether any prefix is known.
    #[must_use]
    pub fn has_prefixes(&self) -> bool {
        !self.prefixes.is_empty()
    }
}

/// The beginning of a hash.
#[must_use]
pub fn short(hash: &Hash) -> String {
    hash.to_string().chars().take(CALLED).collect()
}

/// What a statement of a chain says; `None` if the bytes are no such statement.
#[must_use]
pub fn payload(bytes: &[u8]) -> Option<Payload> {
    Payload::parse(&SignedStatement::parse(bytes).ok()?).ok()
}

//! What people and scripts see of one entry.

use serde::Serialize;

/// One entry. This is the `--json` object too; fields are only added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EntryView {
    /// Place in the log, from 0.
    pub index: u64,
    /// `message`, `receipt`, `act`, `annex`, `charter`, or what else it is.
    pub kind: String,
    /// SHA-256 of the exact bytes, hex.
    pub sha256: String,
    /// 16 bytes, hex.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The signing desk.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sender: String,
    /// The desks it names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Chain epoch and place in it, `1.17`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// When its sender says it was signed, milliseconds since 1970. A claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_time_ms: Option<u64>,
    /// The same as a date-time group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dtg: String,
    /// What people call it: `A-0017`. Messages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `FLASH`. Messages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precedence: Option<String>,
    /// `FORMAL`. Messages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// `EXERCISE`. Messages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_type: Option<String>,
    /// `QUERY`. Messages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The channel of a message or charter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// What closes its dialogue. Messages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// The answer it gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The rung that a receipt or act climbs, formal name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rung: Option<String>,
    /// The officer of an act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    /// The messages it is about, by name or hash.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// Relays whose signed acceptance is kept in this desk's ledger.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held_by: Vec<String>,
    /// The words of a message or act, inert; only if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What it says, in plain words.
    pub plain: String,
}

impl EntryView {
    /// As one line (and the words below it, if they are shown).
    #[must_use]
    pub fn to_text(&self) -> String {
        let sender = self.sender.strip_prefix("spiffe://").unwrap_or(&self.sender);
        let mut line = format!("#{:<5} {:<8} {}", self.index, self.kind, self.plain);
        if !sender.is_empty() {
            line.push_str(&format!("  · {sender} {}, {}", self.place, self.dtg));
        }
        if !self.held_by.is_empty() {
            line.push_str(&format!(" · held by relay {}", self.held_by.join(", ")));
        }
        for words in self.text.iter().flat_map(|text| text.lines()) {
            line.push_str("\n         | ");
            line.push_str(words);
        }
        line
    }
}

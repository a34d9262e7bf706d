//! What whoever joins and control say to each other until certificates are there: one JSON object a line.
//!
//! ```text
//! joiner   knock {number, pake}          control  pake {pake}
//! joiner   prove {proof}                 control  offer {proof, ...}      or refused {"wrong code"}
//! joiner   enrol {request}               both show words; people compare them
//! joiner   compared {same}               control  enrolled {certificate, ...}  or refused {what}
//! ```

use serde::{Deserialize, Serialize};

/// Longest line of a joiner, in bytes. 64 KiB: keys of sixteen officers, four times over.
pub const LINE_MAX: u64 = 64 * 1024;
/// Longest line of control while somebody joins, in bytes. 256 KiB: control's roster with many controllers.
pub const OFFER_MAX: u64 = 256 * 1024;

/// What whoever joins says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "join", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FromJoiner {
    /// It has a code.
    Knock {
        /// The code's number.
        number: u16,
        /// SPAKE2, base64.
        pake: String,
    },
    /// It knows the code.
    Prove {
        /// The proof, base64.
        proof: String,
    },
    /// It has made keys.
    Enrol {
        /// A [`super::keys::KeyRequest`] as JSON: this exact text is compared.
        request: String,
    },
    /// The person there has compared control's words.
    Compared {
        /// Whether they are the same.
        same: bool,
    },
}

/// What control says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "control", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ToJoiner {
    /// Its half of the exchange.
    Pake {
        /// SPAKE2, base64.
        pake: String,
    },
    /// The code is right. This is what it lets somebody be.
    Offer(Box<Offer>),
    /// No.
    Refused {
        /// Why. Of a code that is unknown, used, over or wrong no more than "wrong code".
        what: String,
    },
    /// The keys are certified.
    Enrolled {
        /// For the control plane, PEM.
        certificate: String,
        /// Control's roster, with a new controller in it.
        roster: String,
        /// What the folder is called in which the report will lie, where control is; empty for a seat.
        folder: String,
    },
}

/// What a code lets somebody be, and whom they join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Control knows the code too, base64.
    pub proof: String,
    /// The exercise's identifier.
    pub exercise: String,
    /// What is played: `Mid-air collision`.
    pub title: String,
    /// Who control is.
    pub conductor: String,
    /// Control's CA, PEM.
    pub ca: String,
    /// Control's statement root: the line of `root.pub`.
    pub root: String,
    /// As what.
    pub part: PartWord,
}

/// A part that is offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PartWord {
    /// Who sits at a seat.
    Seat {
        /// The seat: `B`.
        seat: String,
        /// Its desk's identity.
        desk: String,
        /// Its officers' identities.
        officers: Vec<String>,
    },
    /// Somebody who orders.
    Controller,
    /// Somebody who looks.
    Observer,
}

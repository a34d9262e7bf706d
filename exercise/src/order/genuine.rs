//! Whether an order is a controller's.

use hotline_audit::{Hash, RosterSet, check, key::Subject};

use super::{Command, Refusal};

/// Whose orders are carried out.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Control's own roster.
    pub rosters: RosterSet,
    /// The exercise's identifier.
    pub exercise: String,
    /// Who carries out: it orders nothing.
    pub conductor: String,
}

/// An order that a controller of this exercise has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genuine {
    /// Its random bytes: an order is carried out once.
    pub id: [u8; 16],
    /// The controller's name: `lindqvist`.
    pub controller: String,
    /// What is ordered.
    pub command: Command,
    /// The newest record about it that the controller has seen.
    pub expects: Hash,
    /// The exact bytes.
    pub bytes: Vec<u8>,
}

impl Genuine {
    /// Proves an order.
    ///
    /// # Errors
    /// [`Refusal`]: not a controller's (173), or what no order says (171).
    pub fn of(bytes: Vec<u8>, authority: &Authority, now_ms: u64) -> Result<Self, Refusal> {
        let proven = check::verify_control_order(&bytes, &authority.rosters, now_ms)
            .map_err(|error| Refusal::stranger(error.to_string()))?;
        let signed = proven.said;
        if signed.exercise != authority.exercise {
            return Err(Refusal::stranger("it was signed for another exercise".into()));
        }
        let domain = |identity| Subject::parse(identity).map(|subject| subject.domain);
        if domain(&signed.controller) != domain(&authority.conductor) {
            return Err(Refusal::stranger("it was signed in another trust domain".into()));
        }
        if signed.controller == authority.conductor {
            return Err(Refusal::stranger(
                "the conductor carries out, and orders nothing".into(),
            ));
        }
        let command = Command::parse(&signed).map_err(|error| Refusal::state(error.to_string(), UPDATE))?;
        let name = signed.controller.rsplit('/').next().unwrap_or_default();
        Ok(Self {
            id: signed.id,
            controller: name.to_owned(),
            command,
            expects: signed.expects,
            bytes,
        })
    }
}

const UPDATE: &str = "use the hotline program that runs the exercise";

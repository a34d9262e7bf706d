//! From a code that people read aloud to a key that only the two ends of one connection have.
//!
//! SPAKE2 (crate `spake2`, group of Ed25519) makes a key of a short password; who does not know it learns nothing but
//! whether one guess was right. The key is then bound to the TLS connection that carried it: its binding is the salt of an
//! HKDF, so that somebody between the two, who has one connection with each, has two keys that do not fit.
//!
//! ```text
//! K       = SPAKE2(password = code, A = "hotline joiner", B = "hotline control")
//! PRK     = HKDF-SHA256-Extract(salt = binding of the connection, K)
//! joiner  = HMAC-SHA256(HKDF-Expand(PRK, "hotline/join/v1 joiner"),  "confirmed")     sent by who joins, first
//! control = HMAC-SHA256(HKDF-Expand(PRK, "hotline/join/v1 control"), "confirmed")     sent by control, once that holds
//! session = HKDF-Expand(PRK, "hotline/join/v1 session")                               in what is compared by voice
//! ```

use ring::{hkdf, hmac};
use spake2::{Ed25519Group, Identity, Password, Spake2};

use super::code::Code;

/// Name of who joins, in the exchange.
const JOINER: &[u8] = b"hotline joiner";
/// Name of control, in the exchange.
const CONTROL: &[u8] = b"hotline control";
/// What a proof is over.
const CONFIRMED: &[u8] = b"confirmed";
const JOINER_INFO: &[u8] = b"hotline/join/v1 joiner";
const CONTROL_INFO: &[u8] = b"hotline/join/v1 control";
const SESSION_INFO: &[u8] = b"hotline/join/v1 session";

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Who joins.
    Joiner,
    /// Control.
    Control,
}

/// What the other end sent is no part of an exchange, or what it proved is not so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("wrong code")]
pub struct WrongCode;

/// An exchange that waits for the other end's message.
pub struct Exchange {
    end: End,
    spake: Spake2<Ed25519Group>,
}

/// What both ends have.
pub struct Shared {
    end: End,
    joiner: hmac::Key,
    control: hmac::Key,
    session: [u8; 32],
}

/// Begins; gives the message for the other end.
#[must_use]
pub fn begin(end: End, code: &Code) -> (Exchange, Vec<u8>) {
    let password = Password::new(code.password());
    let (a, b) = (Identity::new(JOINER), Identity::new(CONTROL));
    let (spake, message) = match end {
        End::Joiner => Spake2::<Ed25519Group>::start_a(&password, &a, &b),
        End::Control => Spake2::<Ed25519Group>::start_b(&password, &a, &b),
    };
    (Exchange { end, spake }, message)
}

impl Exchange {
    /// Takes the other end's message.
    ///
    /// # Errors
    /// It is no message of an exchange.
    pub fn finish(self, message: &[u8], binding: &[u8; 32]) -> Result<Shared, WrongCode> {
        let key = self.spake.finish(message).map_err(|_| WrongCode)?;
        Shared::of(self.end, &key, binding)
    }
}

impl Shared {
    fn of(end: End, key: &[u8], binding: &[u8; 32]) -> Result<Self, WrongCode> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, binding).extract(key);
        let proof = |info| Ok(hmac::Key::new(hmac::HMAC_SHA256, &expand(&prk, info)?));
        Ok(Self {
            end,
            joiner: proof(JOINER_INFO)?,
            control: proof(CONTROL_INFO)?,
            session: expand(&prk, SESSION_INFO)?,
        })
    }

    /// What proves to the other end that this one knows the code.
    #[must_use]
    pub fn proof(&self) -> Vec<u8> {
        let key = match self.end {
            End::Joiner => &self.joiner,
            End::Control => &self.control,
        };
        hmac::sign(key, CONFIRMED).as_ref().to_vec()
    }

    /// Whether the other end has proven it.
    ///
    /// # Errors
    /// It has not, or somebody is between the two.
    pub fn proven(&self, proof: &[u8]) -> Result<(), WrongCode> {
        let key = match self.end {
            End::Joiner => &self.control,
            End::Control => &self.joiner,
        };
        hmac::verify(key, CONFIRMED, proof).map_err(|_| WrongCode)
    }

    /// What only these two ends have: goes into what is compared by voice.
    #[must_use]
    pub const fn session(&self) -> &[u8; 32] {
        &self.session
    }
}

fn expand(prk: &hkdf::Prk, info: &[u8]) -> Result<[u8; 32], WrongCode> {
    let mut out = [0; 32];
    let info = [info];
    let expanded = prk.expand(&info, hkdf::HKDF_SHA256);
    expanded
        .and_then(|okm| okm.fill(&mut out))
        .map_err(|_| WrongCode)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use data_encoding::HEXLOWER;

    use super::*;

    fn exchange(ours: &str, theirs: &str, bindings: [[u8; 32]; 2]) -> (Shared, Shared) {
        let (joiner, hello) = begin(End::Joiner, &ours.parse().unwrap());
        let (control, answer) = begin(End::Control, &theirs.parse().unwrap());
        (
            joiner.finish(&answer, &bindings[0]).unwrap(),
            control.finish(&hello, &bindings[1]).unwrap(),
        )
    }

    #[test]
    fn both_ends_of_one_connection_with_the_same_code_prove_it_to_each_other() {
        let (joiner, control) = exchange("7-abandon-zoo", "7-abandon-zoo", [[1; 32]; 2]);
        assert_eq!(control.proven(&joiner.proof()), Ok(()));
        assert_eq!(joiner.proven(&control.proof()), Ok(()));
        assert_eq!(joiner.session(), control.session());
        // Neither end takes its own proof for the other's.
        assert_eq!(joiner.proven(&joiner.proof()), Err(WrongCode));
    }

    #[test]
    fn another_code_proves_nothing() {
        let (joiner, control) = exchange("7-abandon-zoo", "7-zoo-abandon", [[1; 32]; 2]);
        assert_eq!(control.proven(&joiner.proof()), Err(WrongCode));
        assert_eq!(joiner.proven(&control.proof()), Err(WrongCode));
    }

    #[test]
    fn somebody_between_the_two_who_hands_everything_on_is_found() {
        let (joiner, control) = exchange("7-abandon-zoo", "7-abandon-zoo", [[1; 32], [2; 32]]);
        assert_eq!(control.proven(&joiner.proof()), Err(WrongCode));
        assert_eq!(joiner.proven(&control.proof()), Err(WrongCode));
    }

    #[test]
    fn what_is_no_message_of_an_exchange_is_a_wrong_code_and_nothing_else() {
        for message in [&b""[..], &[0; 33], &[0xff; 33], &[0x42; 7], &[0x41; 1000]] {
            let (control, _) = begin(End::Control, &"7-abandon-zoo".parse().unwrap());
            let finished = control.finish(message, &[1; 32]);
            assert!(finished.is_err() || finished.unwrap().proven(&[0; 32]).is_err());
        }
    }

    /// Computed apart from this code, with Python's hmac and hashlib: the example of `exercise/JOIN.md`.
    #[test]
    fn the_worked_example_of_the_key_schedule_holds() {
        let (key, binding) = ([0x11; 32], [0x22; 32]);
        let joiner = Shared::of(End::Joiner, &key, &binding).unwrap();
        let control = Shared::of(End::Control, &key, &binding).unwrap();
        assert_eq!(HEXLOWER.encode(&joiner.proof()), EXAMPLE[0]);
        assert_eq!(HEXLOWER.encode(&control.proof()), EXAMPLE[1]);
        assert_eq!(HEXLOWER.encode(joiner.session()), EXAMPLE[2]);
    }

    const EXAMPLE: [&str; 3] = [
        "f7dfe1ea9eef11a5e2ab816062a17b01f46123725bf0cb4b35f0d0e420b3087f",
        "e2de3a002994b49d0d3432b9b353bd70e5313e8f2d04270139ea59e92cc7936a",
        "8195cf2532bbd6b6d696d145fe86854e28c0b801c086ab2b4c5e551e58afba45",
    ];
}

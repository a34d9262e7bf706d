//! X25519MLKEM768: the key exchange that a recording of today does not give away to a quantum computer of tomorrow.
//!
//! ML-KEM-768 (FIPS 203) and X25519 side by side, and TLS takes both secrets: whoever wants the session's keys must break
//! both. Formats are those of draft-ietf-tls-ecdhe-mlkem, so that other TLS libraries agree with us:
//!
//! | | |
//! |---|---|
//! | client's share | ML-KEM encapsulation key (1,184 bytes), then X25519 (32) |
//! | server's share | ML-KEM ciphertext (1,088 bytes), then X25519 (32) |
//! | secret | ML-KEM's (32 bytes), then X25519's (32) |
//!
//! X25519 is ring's, and refuses a result of zeros. ML-KEM is the `ml-kem` crate's, which X-Wing takes as well; nobody has
//! audited it, and a fault in it leaves what X25519 gives. This file puts the two together and does nothing else. Its
//! known answers (`tests/vectors/`) are those of the X-Wing draft, whose public key and ciphertext are these very shares.

use std::fmt;

use ml_kem::kem::{Decapsulate, Key, KeyExport, KeyInit};
use ml_kem::ml_kem_768::{Ciphertext, DecapsulationKey, EncapsulationKey};
use ml_kem::{B32, Seed};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::crypto::{
    ActiveKeyExchange, CompletedKeyExchange, CryptoProvider, GetRandomFailed, SharedSecret, SupportedKxGroup,
    ring as classical,
};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};
use zeroize::{Zeroize as _, Zeroizing};

/// An ML-KEM-768 encapsulation key, in bytes.
const ENCAPSULATION_KEY: usize = 1184;
/// An ML-KEM-768 ciphertext, in bytes.
const CIPHERTEXT: usize = 1088;
/// A public key of X25519, and each of the two secrets, in bytes.
const WORD: usize = 32;

/// The group, as rustls takes it.
pub static X25519MLKEM768: &dyn SupportedKxGroup = &Hybrid {
    x25519: classical::kx_group::X25519,
};

/// ring's provider, with the hybrid group before its own: both ends that have it agree on it.
#[must_use]
pub fn provider() -> CryptoProvider {
    let mut provider = classical::default_provider();
    provider.kx_groups.insert(0, X25519MLKEM768);
    provider
}

struct Hybrid {
    x25519: &'static dyn SupportedKxGroup,
}

/// The client's half, until the server has answered.
struct Offer {
    ml_kem: DecapsulationKey,
    x25519: Box<dyn ActiveKeyExchange>,
    share: Vec<u8>,
}

impl SupportedKxGroup for Hybrid {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let seed = chance()?;
        Ok(Box::new(Offer::new(&seed, self.x25519.start()?)))
    }

    fn start_and_complete(&self, client_share: &[u8]) -> Result<CompletedKeyExchange, Error> {
        let (key, x25519) = split::<ENCAPSULATION_KEY>(client_share)?;
        let message = chance()?;
        answer(&message, key, self.x25519.start_and_complete(x25519)?)
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

impl fmt::Debug for Hybrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("X25519MLKEM768")
    }
}

impl Offer {
    /// Of a fresh seed (`d`, then `z`) and a fresh X25519 key.
    fn new(seed: &[u8; 64], x25519: Box<dyn ActiveKeyExchange>) -> Self {
        let seed: &Seed = seed.into();
        let ml_kem = <DecapsulationKey as KeyInit>::new(seed);
        let key = ml_kem.encapsulation_key().to_bytes();
        let share = [key.as_slice(), x25519.pub_key()].concat();
        Self {
            ml_kem,
            x25519,
            share,
        }
    }
}

impl ActiveKeyExchange for Offer {
    fn complete(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, Error> {
        let (ciphertext, x25519) = split::<CIPHERTEXT>(server_share)?;
        let ciphertext: &Ciphertext = ciphertext.into();
        let x25519 = self.x25519.complete(x25519)?;
        // A ciphertext that was not made for this key gives a secret that only we know: the handshake then fails.
        let mut ml_kem = self.ml_kem.decapsulate(ciphertext);
        let both = both(ml_kem.as_slice(), &x25519);
        ml_kem.as_mut_slice().zeroize();
        Ok(both)
    }

    fn hybrid_component(&self) -> Option<(NamedGroup, &[u8])> {
        Some((self.x25519.group(), self.x25519.pub_key()))
    }

    fn complete_hybrid_component(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, Error> {
        self.x25519.complete(server_share)
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }
}

/// The server's half, of a fresh `message` and X25519's answer.
fn answer(
    message: &[u8; WORD],
    key: &[u8; ENCAPSULATION_KEY],
    x25519: CompletedKeyExchange,
) -> Result<CompletedKeyExchange, Error> {
    let key: &Key<EncapsulationKey> = key.into();
    // A key with a coefficient that is not below the modulus is refused here (FIPS 203, 7.2).
    let key = EncapsulationKey::new(key).map_err(|_| unusable())?;
    let message: &B32 = message.into();
    let (ciphertext, mut ml_kem) = key.encapsulate_deterministic(message);
    let secret = both(ml_kem.as_slice(), &x25519.secret);
    ml_kem.as_mut_slice().zeroize();
    Ok(CompletedKeyExchange {
        group: NamedGroup::X25519MLKEM768,
        pub_key: [ciphertext.as_slice(), &x25519.pub_key].concat(),
        secret,
    })
}

/// ML-KEM's part of a share, and X25519's.
fn split<const ML_KEM: usize>(share: &[u8]) -> Result<(&[u8; ML_KEM], &[u8]), Error> {
    match share.split_first_chunk::<ML_KEM>() {
        Some((ml_kem, x25519)) if x25519.len() == WORD => Ok((ml_kem, x25519)),
        Some(_) | None => Err(unusable()),
    }
}

fn both(ml_kem: &[u8], x25519: &SharedSecret) -> SharedSecret {
    // Wiped when rustls drops it.
    SharedSecret::from([ml_kem, x25519.secret_bytes()].concat())
}

fn chance<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    let mut bytes = Zeroizing::new([0; N]);
    SystemRandom::new()
        .fill(bytes.as_mut_slice())
        .map_err(|_| Error::from(GetRandomFailed))?;
    Ok(bytes)
}

fn unusable() -> Error {
    PeerMisbehaved::InvalidKeyShare.into()
}

#[cfg(test)]
mod tests;

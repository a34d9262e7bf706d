//! The crypto provider of every simulated node: ring's, which remembers the signatures under certificates.
//!
//! A schedule makes hundreds of handshakes with the same few certificates. Whether the CA's signature under one of them
//! verifies follows from its bytes alone, so each is computed once per thread; what does not verify is computed every
//! time. Signatures made in a handshake are new each time, and take ring's way.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use rustls::{
    crypto::{CryptoProvider, ring},
    pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm},
};

/// Most certificates that are remembered; then it begins anew. A line has two for each node.
const MOST: usize = 64;

/// Public key, bytes that were signed, and signature.
type Signed = (Vec<u8>, Vec<u8>, Vec<u8>);

thread_local! {
    static KNOWN: RefCell<BTreeSet<Signed>> = const { RefCell::new(BTreeSet::new()) };
}

/// The provider, the same for all nodes.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        let mut provider = ring::default_provider();
        let algorithms = &mut provider.signature_verification_algorithms;
        let remembering: Vec<&'static dyn SignatureVerificationAlgorithm> = algorithms
            .all
            .iter()
            .map(|algorithm| {
                let algorithm: &'static dyn SignatureVerificationAlgorithm =
                    Box::leak(Box::new(Remembers(*algorithm)));
                algorithm
            })
            .collect();
        algorithms.all = remembering.leak();
        Arc::new(provider)
    });
    Arc::clone(&PROVIDER)
}

#[derive(Debug)]
struct Remembers(&'static dyn SignatureVerificationAlgorithm);

impl SignatureVerificationAlgorithm for Remembers {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let signed = (key.to_vec(), message.to_vec(), signature.to_vec());
        if KNOWN.with_borrow(|known| known.contains(&signed)) {
            return Ok(());
        }
        self.0.verify_signature(key, message, signature)?;
        KNOWN.with_borrow_mut(|known| {
            if known.len() >= MOST {
                known.clear();
            }
            known.insert(signed);
        });
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

//! `certs-example/TOUR.md`: one file of each kind, explained line by line, made from the example's declared files.
//!
//! The tour is made at a fixed time with seeded randomness, so its dates, serial numbers and Ed25519 keys are the same
//! each time; what still depends on chance (P-256 keys, and what is computed from them) is left out. A test makes it
//! anew and compares.

use std::path::Path;

use hotline_audit::Hash;
use hotline_core::time::WallTime;

use super::declaration::Declaration;
use super::error::PkiError;
use super::example::AVELIA;
use super::{export, init, inspect};

/// When the tour's identities were made: 22 November 2026, 10:42 UTC.
const MADE: WallTime = WallTime::from_unix_ms(1_795_344_120_000);
/// When somebody looks at them: five hours later.
const SEEN: WallTime = WallTime::from_unix_ms(1_795_344_120_000 + 5 * 3_600_000);
/// The domain that is shown.
const DOMAIN: &str = "exercise.avelia.example";
/// Name of the exported file.
const TRUST_FILE: &str = "avelia.trust";

const OPENING: &str = "\
# A tour of the example's files

What `hotline pki inspect FILE` says about one file of each kind, as made from `avelia.toml` by
`hotline pki init`. Dates are those of one moment; keys and fingerprints are other ones each time.
A test makes this page anew and compares; `hotline pki tour` prints it.
";

/// What is shown, and why it is worth a look.
const STOPS: [(&str, &str); 12] = [
    (
        "ca.crt",
        "Each side has one CA for each of its domains, and nobody else's CA can issue a name in that domain.",
    ),
    (
        "relay/north/tls.crt",
        "A relay answers calls. It is the only kind of certificate that carries host names too.",
    ),
    (
        "desk/ops/tls.crt",
        "A desk makes calls. Its identity is what messages are addressed to.",
    ),
    (
        "officer/okoye/tls.crt",
        "An officer is a person. The certificate lets an officer's tool call; signing is another key's task.",
    ),
    ("crl.pem", "What has ended early. It is empty on the first day."),
    (
        "root.pub",
        "The statement root stands beside the CA: the CA says who may connect, the root who may sign.",
    ),
    ("roster", "Who may sign what, and until when. It only grows."),
    ("officer/okoye/officer.key", "A private key is never shown."),
    (
        "desk/ops/seal.key",
        "What is sealed to a desk, this opens. An escrow has a key of the same form, and no certificate.",
    ),
    (
        "trust/exercise.avelia.example/charter/MINISTER/terms",
        "What both sides agree the channel to be, as exact bytes.",
    ),
    (
        "trust/exercise.avelia.example/charter/MINISTER/exercise.avelia.example.consent",
        "One side's signature on those bytes.",
    ),
    (
        TRUST_FILE,
        "All of this in one file for the other side: `hotline pki export`.",
    ),
];

/// Makes the example in the empty folder `workplace` and returns the page.
///
/// # Errors
/// If the example cannot be made there.
pub fn tour(workplace: &Path) -> Result<String, PkiError> {
    let declaration = Declaration::parse(AVELIA, "avelia.toml")?.only(DOMAIN)?;
    let mut counter = 0_u64;
    let mut seeded = |bytes: &mut [u8]| {
        for chunk in bytes.chunks_mut(32) {
            counter += 1;
            let block = Hash::of_parts(&[b"hotline tour", &counter.to_be_bytes()]);
            chunk.copy_from_slice(&block.as_bytes()[..chunk.len()]);
        }
    };
    init::init(&declaration, workplace, MADE, &mut seeded)?;
    let folder = workplace.join(DOMAIN);
    export::export(&folder, &folder.join(TRUST_FILE), MADE)?;
    let mut page = OPENING.to_owned();
    for (file, why) in STOPS {
        let report = inspect::inspect(&folder.join(file), SEEN)?;
        page.push_str(&format!(
            "\n## {file}\n\n{why}\n\n```text\n{}```\n",
            report.text_without_chance()
        ));
    }
    Ok(page)
}

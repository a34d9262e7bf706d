//! Where things lie in a domain's folder. One place, so that the verbs, the demo and tests agree.
//!
//! ```text
//! <domain>/
//!   ca.crt  ca.key  crl.pem          the CA, its key, its revocation list
//!   root.key  root.pub  roster       the statement root, and the key statements it signed
//!   issued  pki.toml                 every certificate ever issued; what later verbs need to remember
//!   relay/<name>/    tls.crt tls.key log.key witness.key mirror.key relay.toml
//!   desk/<name>/     tls.crt tls.key statement.key log.key seal.key desk.toml
//!   escrow/archive/  escrow.key
//!   officer/<name>/  tls.crt tls.key officer.key
//!   trust/<domain>/  side.toml ca.crt crl.pem root.pub roster [deny] charter/<channel>/{terms,<domain>.consent}
//! ```
//!
//! Control of an exercise has a smaller folder of the same kind: [`super::excon`].
//!
//! `trust/` holds our own domain from the start and each domain trusted later. Relays and desks need `trust/` and their
//! own folder, nothing else; `ca.key`, `root.key` and `escrow.key` belong on a machine that is switched off between uses.

/// The CA's certificate.
pub const CA_CERTIFICATE: &str = "ca.crt";
/// The CA's key.
pub const CA_KEY: &str = "ca.key";
/// The CA's revocation list.
pub const REVOCATION_LIST: &str = "crl.pem";
/// The statement root's key.
pub const ROOT_KEY: &str = "root.key";
/// The statement root's public half, one line of text.
pub const ROOT_PUBLIC: &str = "root.pub";
/// The key statements and revocations, one a line.
pub const ROSTER: &str = "roster";
/// Every certificate ever issued, one a line.
pub const ISSUED: &str = "issued";
/// Who two officers of the side have ended, in its trust folder.
pub const DENY: &str = "deny";
/// An order to end somebody that waits for its second officer.
pub const DENY_PENDING: &str = "deny.pending";
/// What later verbs need to remember.
pub const SETTINGS: &str = "pki.toml";
/// Folder with one folder per trusted domain.
pub const TRUST: &str = "trust";
/// What a trust folder says about its side.
pub const SIDE: &str = "side.toml";
/// Folder with one folder per channel.
pub const CHARTER: &str = "charter";
/// The exact bytes of a charter's terms.
pub const TERMS: &str = "terms";
/// A holder's TLS certificate.
pub const TLS_CERTIFICATE: &str = "tls.crt";
/// The key of that certificate.
pub const TLS_KEY: &str = "tls.key";
/// The key of a relay's or desk's log.
pub const LOG_KEY: &str = "log.key";
/// The key with which a relay cosigns the other side's checkpoints.
pub const WITNESS_KEY: &str = "witness.key";
/// The key with which it says besides that it holds their entries.
pub const MIRROR_KEY: &str = "mirror.key";
/// The key with which a desk signs statements.
pub const STATEMENT_KEY: &str = "statement.key";
/// The key that is to take its place.
pub const NEXT_STATEMENT_KEY: &str = "statement.next.key";
/// The key with which a desk opens what is sealed to it.
pub const SEAL_KEY: &str = "seal.key";
/// The key with which a side opens, later, whatever was sealed to or by it.
pub const ESCROW_KEY: &str = "escrow.key";
/// Name of the escrow that a side begins with.
pub const ESCROW: &str = "archive";
/// The key with which an officer signs.
pub const OFFICER_KEY: &str = "officer.key";
/// The key with which somebody of control signs records and orders.
pub const CONTROL_KEY: &str = "control.key";
/// Folder with one folder per control identity.
pub const CONTROL: &str = "control";
/// A relay's settings.
pub const RELAY_SETTINGS: &str = "relay.toml";
/// A desk's settings.
pub const DESK_SETTINGS: &str = "desk.toml";

/// File of one domain's consent, beside the terms.
#[must_use]
pub fn consent(domain: &str) -> String {
    format!("{domain}.consent")
}

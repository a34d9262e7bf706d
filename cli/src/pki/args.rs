//! What people type after `hotline pki`. What becomes of it is in `run`; the verbs themselves are functions that the
//! demo and tests call without a command line.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use hotline_audit::Hash;
use hotline_core::words::OfficerRole;

use super::declaration::{DeclaredDesk, DeclaredOfficer, DeclaredRelay};
use super::issue::Newcomer;
pub use super::run::{run, run_at};

/// `hotline pki`: identities, keys and trust.
#[derive(Debug, Args)]
pub struct PkiArgs {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Makes a side's CA, statement root, relays, desks and officers from a declared file.
    Init(InitArgs),
    /// Issues one more relay, desk or officer.
    Issue(IssueArgs),
    /// Lists everybody in a domain's folder and how long they live.
    List(ListArgs),
    /// Explains a file line by line: certificate, list, roster, key, charter or trust file.
    Inspect(InspectArgs),
    /// Ends an identity, by two officers: its certificates and its signing keys, on a running line within a second.
    Revoke(RevokeArgs),
    /// Makes a new certificate for somebody whose old one ends soon.
    Renew(RenewArgs),
    /// Makes a new key for a desk's statements, beside the old one: hotline channel rekey announces it. Or, with --seal, a
    /// new key for sealing, of a desk or an escrow.
    Rotate(RotateArgs),
    /// Writes our trust file for the other side, and the words to read aloud.
    Export(ExportArgs),
    /// Takes over the other side's trust file, or its deny-list.
    Trust(TrustArgs),
    /// Goes over to a backup desk, after the other one was ended: ours, or the other side's.
    UseBackup(UseBackupArgs),
    /// Puts an officer's key under a passphrase, or under two: one of every day, and one for duress.
    Seal(SealArgs),
    /// Signs a charter anew with another releaser's key.
    Consent(ConsentArgs),
    /// Prints certs-example/TOUR.md, made anew.
    Tour,
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The declared file, e.g. certs-example/avelia.toml.
    #[arg(long, value_name = "FILE")]
    pub(super) from: PathBuf,
    /// Where the domains' folders are made.
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Only this one of the declared domains.
    #[arg(long, value_name = "NAME")]
    pub(super) domain: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Dir {
    /// The folder of one domain, e.g. DIR/exercise.avelia.example.
    #[arg(long, value_name = "DIR/DOMAIN")]
    pub(super) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct IssueArgs {
    #[command(subcommand)]
    pub(super) who: Who,
}

#[derive(Debug, Subcommand)]
pub(super) enum Who {
    /// One more relay.
    Relay {
        #[command(flatten)]
        dir: Dir,
        /// Its name, e.g. west.
        name: String,
        /// Where it listens for QUIC, and where desks find it.
        #[arg(long, value_name = "IP:PORT")]
        quic: SocketAddr,
        /// Where it listens for TCP, and where desks find it.
        #[arg(long, value_name = "IP:PORT")]
        tcp: SocketAddr,
        /// Loopback address of its health and metrics.
        #[arg(long, value_name = "IP:PORT")]
        status: SocketAddr,
        /// A DNS name in its certificate; may be repeated.
        #[arg(long, value_name = "NAME")]
        dns: Vec<String>,
        /// An IP address in its certificate; may be repeated.
        #[arg(long, value_name = "IP")]
        ip: Vec<IpAddr>,
    },
    /// One more desk.
    Desk {
        #[command(flatten)]
        dir: Dir,
        /// Its name, e.g. plans.
        name: String,
        /// What its messages are called, e.g. A2.
        #[arg(long)]
        prefix: String,
    },
    /// One more escrow: a key that opens whatever our desks send or receive from now on.
    Escrow {
        #[command(flatten)]
        dir: Dir,
        /// Its name, e.g. archive.
        name: String,
    },
    /// One more officer.
    Officer {
        #[command(flatten)]
        dir: Dir,
        /// The name, e.g. okoye.
        name: String,
        /// A role, e.g. WATCH_OFFICER; may be repeated.
        #[arg(long = "role", value_name = "ROLE", required = true, value_parser = officer_role)]
        roles: Vec<OfficerRole>,
        /// The desk at which the officer sits.
        #[arg(long)]
        desk: String,
        /// The public half of an Ed25519 key that stays elsewhere, in base64; else a key is made here.
        #[arg(long, value_name = "BASE64")]
        public_key: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) dir: Dir,
    /// As JSON, for programs.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// The file.
    pub(super) file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    #[command(flatten)]
    pub(super) dir: Dir,
    /// Who: `officer okoye`, `officer/okoye` or the whole identity.
    #[arg(num_args = 1..=2, required = true)]
    pub(super) name: Vec<String>,
    /// Why, in words that both sides will read.
    #[arg(long)]
    pub(super) reason: Option<String>,
    /// An officer who signs the order; two are needed, one a SECURITY_OFFICER. With one, the order waits for the second,
    /// who types the same with his or her own name.
    #[arg(long, value_name = "NAME")]
    pub(super) officer: Vec<String>,
    /// Since when its keys may have been in other hands: 40m (ago), or 2026-11-26T04:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// A file with the passphrase of a sealed officer's key; one for each sealed key, in the order of the officers.
    #[arg(long, value_name = "FILE")]
    pub(super) passphrase_file: Vec<PathBuf>,
    /// Without officers' signatures: only for a side that has no two officers yet.
    #[arg(long, conflicts_with = "officer")]
    pub(super) without_officers: bool,
}

#[derive(Debug, Args)]
pub(super) struct RenewArgs {
    /// The holder's folder, e.g. DIR/exercise.avelia.example/desk/ops.
    pub(super) path: PathBuf,
    /// Makes a new TLS key too.
    #[arg(long)]
    pub(super) new_key: bool,
}

#[derive(Debug, Args)]
pub(super) struct RotateArgs {
    /// The desk's folder, e.g. DIR/exercise.avelia.example/desk/ops; with --seal also an escrow's.
    pub(super) path: PathBuf,
    /// Puts the new key in the old one's place, once the desk signs with it; the old one is kept beside it.
    #[arg(long)]
    pub(super) finish: bool,
    /// Makes and enrols a new key for sealing instead; the old one is kept beside it, and still opens.
    #[arg(long, conflicts_with = "finish")]
    pub(super) seal: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    pub(super) dir: Dir,
    /// The trust file to write, e.g. avelia.trust.
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct TrustArgs {
    #[command(flatten)]
    pub(super) dir: Dir,
    /// The other side's trust file.
    pub(super) file: PathBuf,
    /// The words that the other side read aloud.
    #[arg(long, value_name = "WORDS", conflicts_with = "yes")]
    pub(super) words: Option<String>,
    /// Takes the file without words: only for two sides that you made yourself.
    #[arg(long)]
    pub(super) yes: bool,
    /// Takes a new CA or root for a domain that is trusted already.
    #[arg(long)]
    pub(super) replace: bool,
}

#[derive(Debug, Args)]
pub(super) struct UseBackupArgs {
    #[command(flatten)]
    pub(super) dir: Dir,
    /// Which desk: ours as desk/ops-backup, the other side's by its whole identity.
    pub(super) name: String,
    /// The words that the other side read aloud.
    #[arg(long, value_name = "WORDS", conflicts_with = "yes")]
    pub(super) words: Option<String>,
    /// Without words: only for two sides that you made yourself.
    #[arg(long)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct SealArgs {
    #[command(flatten)]
    pub(super) dir: Dir,
    /// Who: `officer okoye` or `officer/okoye`.
    #[arg(num_args = 1..=2, required = true)]
    pub(super) name: Vec<String>,
    /// A file with the passphrase in its first line, instead of asking.
    #[arg(long, value_name = "FILE")]
    pub(super) passphrase_file: Option<PathBuf>,
    /// Sets a second passphrase too, for an officer under duress: it opens the key as the first does, and this book, which
    /// is the security officer's, tells when it was typed. The officer is written into it; it is made if it is not there.
    #[arg(long, value_name = "FILE")]
    pub(super) duress_book: Option<PathBuf>,
    /// A file with the second passphrase, instead of asking.
    #[arg(long, value_name = "FILE", requires = "duress_book")]
    pub(super) second_passphrase_file: Option<PathBuf>,
    /// A file with the passphrase that a sealed key has now, instead of asking: it is sealed anew.
    #[arg(long, value_name = "FILE")]
    pub(super) present_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ConsentArgs {
    #[command(flatten)]
    pub(super) dir: Dir,
    /// Who: `officer moreau` or `officer/moreau`.
    #[arg(num_args = 1..=2, required = true)]
    pub(super) name: Vec<String>,
    /// The channel, e.g. MINISTER.
    #[arg(long)]
    pub(super) channel: String,
    /// The SHA-256 of the codebook that both sides are to hold, if it is another one than the charter names; the other side
    /// consents to the same words.
    #[arg(long, value_name = "SHA256")]
    pub(super) codebook: Option<Hash>,
    /// A file with the passphrase in its first line, if the key is sealed.
    #[arg(long, value_name = "FILE")]
    pub(super) passphrase_file: Option<PathBuf>,
}

impl Who {
    /// Where, and who is to be issued an identity.
    pub(super) fn newcomer(self) -> (PathBuf, Newcomer) {
        match self {
            Self::Relay {
                dir,
                name,
                quic,
                tcp,
                status,
                dns,
                ip,
            } => (
                dir.dir,
                Newcomer::Relay(DeclaredRelay {
                    name,
                    quic,
                    tcp,
                    status,
                    dns,
                    ips: ip,
                }),
            ),
            Self::Escrow { dir, name } => (dir.dir, Newcomer::Escrow(name)),
            Self::Desk { dir, name, prefix } => (dir.dir, Newcomer::Desk(DeclaredDesk { name, prefix })),
            Self::Officer {
                dir,
                name,
                mut roles,
                desk,
                public_key,
            } => {
                roles.sort_unstable();
                roles.dedup();
                let officer = DeclaredOfficer { name, roles, desk };
                let newcomer = match public_key {
                    Some(key) => Newcomer::OfficerWithKey(officer, key),
                    None => Newcomer::Officer(officer),
                };
                (dir.dir, newcomer)
            }
        }
    }
}

fn officer_role(text: &str) -> Result<OfficerRole, String> {
    let known = || {
        OfficerRole::ALL
            .iter()
            .map(|role| role.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    text.parse().map_err(|_| format!("a role is one of {}", known()))
}

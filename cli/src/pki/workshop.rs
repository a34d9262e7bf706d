//! Making identities: the one place where `init`, `issue` and `renew` get certificates and key statements from.
//!
//! A workshop is a domain's CA, statement root and books, open for work. What it makes goes into a folder that is still
//! aside; the books (roster, record of certificates, side file) are written by the verb when all is made.

use std::{collections::BTreeMap, net::IpAddr};

use data_encoding::HEXLOWER;
use hotline_audit::{
    Enrolment, Hash, PublicKey, Purpose, RosterBuilder, RosterError, SigningKey, key::SealEnrolment,
    statement::SEAL_KEY_BYTES,
};
use hotline_client::seal;
use hotline_core::identity::{Identity, Role, TrustDomain};
use hotline_core::time::WallTime;
use hotline_core::words::OfficerRole;
use rcgen::PublicKeyData;
use zeroize::Zeroizing;

use super::certificate::{self, Authority, Leaf, TheirKey, Validity};
use super::declaration::{DeclaredDesk, DeclaredOfficer, DeclaredRelay};
use super::error::PkiError;
use super::files::{Aside, Audience};
use super::folder::{DomainFolder, Held};
use super::settings::{self, DeskSettings, PkiSettings};
use super::side::{self, SideDesk, SideFile, SideOfficer, SideRelay};
use super::{files, keys, layout};

/// A domain's CA, statement root and books, open for work.
pub struct Workshop<'a> {
    pub(super) domain: TrustDomain,
    pub(super) authority: Authority,
    pub(super) roster: RosterBuilder,
    pub(super) side: SideFile,
    pub(super) settings: PkiSettings,
    pub(super) issued: String,
    /// Whether desks get keys for sealing.
    pub(super) seals: bool,
    pub(super) now: WallTime,
    pub(super) entropy: &'a mut dyn FnMut(&mut [u8]),
    /// Nothing to hold while the folder is still aside.
    pub(super) _held: Option<Held>,
}

/// Where a holder's files go: a folder aside, and the path below it (empty, or ending in a slash).
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub aside: &'a Aside,
    pub below: &'a str,
}

impl Bench<'_> {
    fn secret(&self, name: &str, text: &str) -> Result<(), PkiError> {
        self.aside
            .write(&format!("{}{name}", self.below), text.as_bytes(), Audience::Owner)
    }

    fn public(&self, name: &str, text: &str) -> Result<(), PkiError> {
        self.aside.write(
            &format!("{}{name}", self.below),
            text.as_bytes(),
            Audience::Anybody,
        )
    }
}

/// Public halves of a desk's keys, made where the desk is.
#[derive(Clone, Debug)]
pub struct DeskKeys {
    /// Of its TLS key.
    pub tls: TheirKey,
    /// Of what signs its statements.
    pub statement: PublicKey,
    /// Of what signs its log.
    pub log: PublicKey,
    /// Of what opens what is sealed to it, if it has that.
    pub seal: Option<Box<[u8; SEAL_KEY_BYTES]>>,
}

/// Public halves of an officer's keys, made where the officer is.
#[derive(Clone, Debug)]
pub struct OfficerKeys {
    /// Of its TLS key.
    pub tls: TheirKey,
    /// Of what it signs with.
    pub officer: PublicKey,
}

/// Who brings keys of their own, by declared name.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// Desks.
    pub desks: BTreeMap<String, DeskKeys>,
    /// Officers.
    pub officers: BTreeMap<String, OfficerKeys>,
}

/// A key that was just made and enrolled.
pub(super) struct Enrolled {
    pub key: SigningKey,
    pub key_statement: Hash,
}

impl<'a> Workshop<'a> {
    /// Opens the workshop of an existing folder.
    ///
    /// # Errors
    /// If a key is missing or may be read by others, or the CA has ended.
    pub fn open(
        folder: &DomainFolder,
        now: WallTime,
        entropy: &'a mut dyn FnMut(&mut [u8]),
    ) -> Result<Self, PkiError> {
        let held = folder.hold()?;
        let authority = folder.authority()?;
        if authority.not_after_ms() <= now.unix_ms() {
            let at = WallTime::from_unix_ms(authority.not_after_ms()).rfc3339();
            return Err(PkiError::Ended {
                what: format!("the CA of {}", folder.domain()),
                at,
            });
        }
        Ok(Self {
            domain: folder.domain().clone(),
            authority,
            roster: RosterBuilder::resume(folder.roster()?, folder.statement_root()?),
            side: folder.side()?,
            settings: folder.settings()?,
            issued: folder.text(layout::ISSUED)?,
            seals: true,
            now,
            entropy,
            _held: Some(held),
        })
    }

    /// Writes the books back into the folder, each whole.
    ///
    /// # Errors
    /// What the system said.
    pub fn save(&self, folder: &DomainFolder) -> Result<(), PkiError> {
        let roster = self.roster_text();
        let trust = folder.trust(&self.domain);
        for (path, text) in [
            (folder.file(layout::ISSUED), self.issued.as_str()),
            (folder.file(layout::ROSTER), roster.as_str()),
            (trust.join(layout::ROSTER), roster.as_str()),
            (trust.join(layout::SIDE), &side::to_text(&self.side)?),
        ] {
            files::replace(&path, text.as_bytes(), Audience::Anybody)?;
        }
        Ok(())
    }

    /// The roster's file.
    pub(super) fn roster_text(&self) -> String {
        format!(
            "# Who may sign for {}: key statements and revocations. Read it with: hotline pki inspect FILE\n{}",
            self.domain,
            self.roster.roster().to_text()
        )
    }

    /// Whether every key of this identity is revoked.
    pub(super) fn is_gone(&self, identity: &Identity) -> bool {
        let subject = identity.to_string();
        let mut keys = self
            .roster
            .roster()
            .keys()
            .filter(|key| key.statement.subject == subject)
            .peekable();
        keys.peek().is_some() && keys.all(|key| key.revoked.is_some())
    }

    /// Takes somebody out of what our trust folder says about us.
    pub(super) fn forget(&mut self, identity: &Identity) {
        let gone = identity.to_string();
        self.side.relay.retain(|relay| relay.identity != gone);
        self.side.desk.retain(|desk| desk.identity != gone);
        self.side
            .officer
            .retain(|officer| officer.identity != gone && officer.desk != gone);
    }

    /// Ends every key of this identity that has not ended yet, and returns how many those were.
    pub(super) fn revoke_keys(&mut self, identity: &Identity, reason: &str) -> Result<usize, PkiError> {
        let subject = identity.to_string();
        let mut living: Vec<_> = self
            .roster
            .roster()
            .keys()
            .filter(|key| key.statement.subject == subject && key.revoked.is_none())
            .map(|key| (key.statement.number, key.hash))
            .collect();
        let sealing = self.roster.roster().seal_keys();
        living.extend(
            sealing
                .filter(|key| key.statement.subject == subject && key.revoked.is_none())
                .map(|key| (key.statement.number, key.hash)),
        );
        living.sort_unstable();
        for (_, hash) in &living {
            self.roster
                .revoke(*hash, reason, self.now.unix_ms())
                .map_err(|e| PkiError::making("a revocation", e))?;
        }
        Ok(living.len())
    }

    /// Everything a relay needs.
    pub(super) fn relay(&mut self, bench: Bench<'_>, relay: &DeclaredRelay) -> Result<Identity, PkiError> {
        let identity = self.identity(Role::Relay, &relay.name)?;
        self.tls(bench, &identity, &relay.dns, &relay.ips)?;
        self.enrol_new(bench, layout::LOG_KEY, Purpose::Log, &identity, &[])?;
        self.enrol_new(bench, layout::WITNESS_KEY, Purpose::Witness, &identity, &[])?;
        self.enrol_new(bench, layout::MIRROR_KEY, Purpose::Mirror, &identity, &[])?;
        bench.public(layout::RELAY_SETTINGS, &settings::relay(&identity, relay))?;
        self.side.relay.push(SideRelay {
            identity: identity.to_string(),
            quic: relay.quic,
            tcp: relay.tcp,
        });
        Ok(identity)
    }

    /// Everything a desk needs.
    pub(super) fn desk(&mut self, bench: Bench<'_>, desk: &DeclaredDesk) -> Result<Identity, PkiError> {
        let identity = self.identity(Role::Desk, &desk.name)?;
        self.tls(bench, &identity, &[], &[])?;
        self.enrol_new(bench, layout::STATEMENT_KEY, Purpose::Statement, &identity, &[])?;
        self.enrol_new(bench, layout::LOG_KEY, Purpose::Log, &identity, &[])?;
        if self.seals {
            self.enrol_new_seal(bench, layout::SEAL_KEY, &identity)?;
        }
        self.desk_settings(bench, desk, identity, self.seals)
    }

    /// An escrow: a key for sealing, and nothing else.
    pub(super) fn escrow(&mut self, bench: Bench<'_>, name: &str) -> Result<Identity, PkiError> {
        let identity = self.identity(Role::Escrow, name)?;
        self.enrol_new_seal(bench, layout::ESCROW_KEY, &identity)?;
        Ok(identity)
    }

    /// The same for a desk whose keys were made elsewhere.
    pub(super) fn desk_of(
        &mut self,
        bench: Bench<'_>,
        desk: &DeclaredDesk,
        keys: &DeskKeys,
    ) -> Result<Identity, PkiError> {
        let identity = self.identity(Role::Desk, &desk.name)?;
        self.tls_of(bench, &identity, &keys.tls)?;
        self.enrol(Purpose::Statement, &identity, &[], keys.statement)?;
        self.enrol(Purpose::Log, &identity, &[], keys.log)?;
        if let Some(key) = &keys.seal {
            self.enrol_seal(&identity, key.clone())?;
        }
        self.desk_settings(bench, desk, identity, keys.seal.is_some())
    }

    fn desk_settings(
        &mut self,
        bench: Bench<'_>,
        desk: &DeclaredDesk,
        identity: Identity,
        seals: bool,
    ) -> Result<Identity, PkiError> {
        let text = settings::desk(&DeskSettings {
            identity: &identity,
            prefix: &desk.prefix,
            peer: &self.settings.peer,
            exercise: &self.side.exercise,
            channel: &self.settings.channel,
            seals,
        });
        bench.public(layout::DESK_SETTINGS, &text)?;
        self.side.desk.push(SideDesk {
            identity: identity.to_string(),
            prefix: desk.prefix.clone(),
        });
        Ok(identity)
    }

    /// Everything an officer needs whose key is made here.
    pub(super) fn officer(
        &mut self,
        bench: Bench<'_>,
        officer: &DeclaredOfficer,
    ) -> Result<(Identity, Enrolled), PkiError> {
        let identity = self.officer_without_key(bench, officer)?;
        let enrolled = self.enrol_new(
            bench,
            layout::OFFICER_KEY,
            Purpose::Officer,
            &identity,
            &officer.roles,
        )?;
        Ok((identity, enrolled))
    }

    /// An officer whose signing key stays elsewhere, e.g. on a card: only its public half is enrolled.
    pub(super) fn officer_with(
        &mut self,
        bench: Bench<'_>,
        officer: &DeclaredOfficer,
        key: PublicKey,
    ) -> Result<Identity, PkiError> {
        let identity = self.officer_without_key(bench, officer)?;
        self.enrol(Purpose::Officer, &identity, &officer.roles, key)?;
        Ok(identity)
    }

    /// An officer whose keys were all made elsewhere.
    pub(super) fn officer_of(
        &mut self,
        bench: Bench<'_>,
        officer: &DeclaredOfficer,
        keys: &OfficerKeys,
    ) -> Result<Identity, PkiError> {
        let identity = self.officer_named(officer)?;
        self.tls_of(bench, &identity, &keys.tls)?;
        self.enrol(Purpose::Officer, &identity, &officer.roles, keys.officer)?;
        Ok(identity)
    }

    /// A new TLS certificate for a key.
    pub(super) fn certificate(
        &mut self,
        identity: &Identity,
        dns: &[String],
        ips: &[IpAddr],
        key: &impl PublicKeyData,
    ) -> Result<String, PkiError> {
        let validity = Validity::starting(self.now, self.settings.certificate())
            .ending_by(self.authority.not_after_ms());
        let leaf = Leaf {
            identity: identity.clone(),
            dns: dns.to_vec(),
            ips: ips.to_vec(),
            validity,
            serial: self.random(),
        };
        let certificate = self.authority.issue(&leaf, key)?;
        let serial = HEXLOWER.encode(&certificate::serial_bytes(leaf.serial));
        let end = WallTime::from_unix_ms(validity.not_after_ms).rfc3339();
        self.issued.push_str(&format!("{serial} {identity} {end}\n"));
        Ok(certificate.pem())
    }

    /// Fresh random bytes.
    pub(super) fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.entropy)(&mut bytes);
        bytes
    }

    fn officer_without_key(
        &mut self,
        bench: Bench<'_>,
        officer: &DeclaredOfficer,
    ) -> Result<Identity, PkiError> {
        let identity = self.officer_named(officer)?;
        self.tls(bench, &identity, &[], &[])?;
        Ok(identity)
    }

    fn officer_named(&mut self, officer: &DeclaredOfficer) -> Result<Identity, PkiError> {
        let identity = self.identity(Role::Officer, &officer.name)?;
        let desk = self.identity(Role::Desk, &officer.desk)?;
        self.side.officer.push(SideOfficer {
            identity: identity.to_string(),
            desk: desk.to_string(),
        });
        Ok(identity)
    }

    /// A certificate for a TLS key that was made elsewhere.
    fn tls_of(&mut self, bench: Bench<'_>, identity: &Identity, key: &TheirKey) -> Result<(), PkiError> {
        let certificate = self.certificate(identity, &[], &[], key)?;
        bench.public(layout::TLS_CERTIFICATE, &certificate)
    }

    fn tls(
        &mut self,
        bench: Bench<'_>,
        identity: &Identity,
        dns: &[String],
        ips: &[IpAddr],
    ) -> Result<(), PkiError> {
        let key = certificate::new_key()?;
        bench.public(
            layout::TLS_CERTIFICATE,
            &self.certificate(identity, dns, ips, &key)?,
        )?;
        bench.secret(layout::TLS_KEY, &key.serialize_pem())
    }

    fn enrol_new(
        &mut self,
        bench: Bench<'_>,
        file: &str,
        purpose: Purpose,
        identity: &Identity,
        roles: &[OfficerRole],
    ) -> Result<Enrolled, PkiError> {
        let (key, text) = keys::new_signing_key(self.entropy);
        bench.secret(file, &text)?;
        let key_statement = self.enrol(purpose, identity, roles, key.public())?;
        Ok(Enrolled { key, key_statement })
    }

    fn enrol_new_seal(
        &mut self,
        bench: Bench<'_>,
        file: &str,
        identity: &Identity,
    ) -> Result<Hash, PkiError> {
        let (text, public_key) = self.new_seal_key()?;
        bench.secret(file, &text)?;
        self.enrol_seal(identity, public_key)
    }

    /// A new key for sealing: the text of its file, and the public half.
    pub(super) fn new_seal_key(
        &mut self,
    ) -> Result<(Zeroizing<String>, Box<[u8; SEAL_KEY_BYTES]>), PkiError> {
        let seed = Zeroizing::new(self.random());
        seal::key_file(&seed).map_err(|why| PkiError::making("a key for sealing", why))
    }

    pub(super) fn enrol_seal(
        &mut self,
        identity: &Identity,
        public_key: Box<[u8; SEAL_KEY_BYTES]>,
    ) -> Result<Hash, PkiError> {
        let validity = Validity::starting(self.now, self.settings.key_statement());
        let enrolment = SealEnrolment {
            subject: identity.to_string(),
            public_key,
            not_before_ms: validity.not_before_ms,
            not_after_ms: validity.not_after_ms,
        };
        let refused = |e: RosterError| PkiError::KeyRefused {
            identity: identity.to_string(),
            why: e.to_string(),
        };
        self.roster.enrol_seal_key(enrolment).map_err(refused)
    }

    pub(super) fn enrol(
        &mut self,
        purpose: Purpose,
        identity: &Identity,
        roles: &[OfficerRole],
        public_key: PublicKey,
    ) -> Result<Hash, PkiError> {
        let validity = Validity::starting(self.now, self.settings.key_statement());
        let enrolment = Enrolment {
            purpose,
            subject: identity.to_string(),
            roles: roles.iter().map(|role| role.to_wire()).collect(),
            public_key,
            not_before_ms: validity.not_before_ms,
            not_after_ms: validity.not_after_ms,
        };
        let refused = |e: RosterError| PkiError::KeyRefused {
            identity: identity.to_string(),
            why: e.to_string(),
        };
        self.roster.enrol(enrolment).map_err(refused)
    }

    fn identity(&self, role: Role, name: &str) -> Result<Identity, PkiError> {
        Identity::new(self.domain.clone(), role, name).map_err(|e| PkiError::Usage { why: e.to_string() })
    }
}

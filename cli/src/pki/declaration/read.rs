//! From TOML text to a [`Declaration`]: types, required and unknown keys. Meaning is checked in `check`.
//!
//! It walks the parsed table by hand rather than deriving serde types, because each fault must name its key, the value
//! found and one that would work, and because all faults are told at once.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use hotline_audit::Hash;
use hotline_core::identity::{TrustDomain, World};
use hotline_core::words::OfficerRole;
use toml::Table;

use super::{
    Declaration, DeclaredCharter, DeclaredDesk, DeclaredOfficer, DeclaredPeer, DeclaredRelay, Lifetimes,
};
use crate::pki::error::{Fault, PkiError};
use section::{Faults, Section};

mod section;

/// Reads the whole file.
pub(super) fn declaration(text: &str, file: &str) -> Result<Declaration, PkiError> {
    let table = text.parse::<Table>().map_err(|error| PkiError::Declared {
        file: file.to_owned(),
        faults: vec![Fault {
            key: "the file".into(),
            found: "text that is not TOML".into(),
            why: error.to_string().trim_end().replace('\n', "\n      "),
            works: "key = \"value\" lines and [table] headings, as in certs-example/avelia.toml".into(),
        }],
    })?;
    let mut faults = Faults(Vec::new());
    let read = Section {
        at: String::new(),
        table,
    }
    .declaration(file, &mut faults);
    match (read, faults.0.is_empty()) {
        (Some(declaration), true) => Ok(declaration),
        (_, _) => Err(PkiError::Declared {
            file: file.to_owned(),
            faults: faults.0,
        }),
    }
}

impl Section {
    fn declaration(mut self, file: &str, faults: &mut Faults) -> Option<Declaration> {
        let side = self.text("side", "\"Avelia\"", faults);
        let prefix = self.text("prefix", "\"A\"", faults);
        let lifetimes = self
            .section("lifetimes", faults)
            .map(|section| section.lifetimes(faults));
        let exercise = self
            .optional_section("exercise", faults)
            .map(|section| section.identifier(faults));
        let operation = self
            .optional_section("operation", faults)
            .map(|section| section.identifier(faults));
        let domains = self.sections("domain", faults, Section::domain);
        let relays = self.sections("relay", faults, Section::relay);
        let desks = self.sections("desk", faults, Section::desk);
        let officers = self.sections("officer", faults, Section::officer);
        let peer = self
            .section("peer", faults)
            .and_then(|section| section.peer(faults));
        let charter = self
            .section("charter", faults)
            .and_then(|section| section.charter(faults));
        self.end(faults);
        Some(Declaration {
            file: file.to_owned(),
            side: side?,
            prefix: prefix?,
            domains,
            lifetimes: lifetimes??,
            exercise: exercise.flatten(),
            operation: operation.flatten(),
            relays,
            desks,
            officers,
            peer: peer?,
            charter: charter?,
            seals: true,
        })
    }

    fn lifetimes(mut self, faults: &mut Faults) -> Option<Lifetimes> {
        let authority = self.parsed("authority", "\"30d\"", lifetime, faults);
        let certificate = self.parsed("certificate", "\"24h\"", lifetime, faults);
        let key_statement = self.parsed("key_statement", "\"30d\"", lifetime, faults);
        self.end(faults);
        Some(Lifetimes {
            authority: authority?,
            certificate: certificate?,
            key_statement: key_statement?,
        })
    }

    fn identifier(mut self, faults: &mut Faults) -> Option<String> {
        let id = self.text("id", "\"HARBOUR-26\"", faults);
        self.end(faults);
        id
    }

    fn domain(mut self, faults: &mut Faults) -> Option<TrustDomain> {
        let works = "\"exercise.avelia.example\"";
        let name = self.parsed(
            "name",
            works,
            |text| TrustDomain::parse(text).map_err(|e| e.to_string()),
            faults,
        );
        let kind = self.parsed("kind", "\"EXERCISE\"", world, faults);
        let key = self.key("kind");
        self.end(faults);
        let (name, kind) = (name?, kind?);
        if name.world() != kind {
            faults.add(
                key,
                format!("{:?} for {name}", kind.name()),
                "a domain is EXERCISE exactly if its name starts with \"exercise.\"",
                &format!("kind = {:?}", name.world().name()),
            );
        }
        Some(name)
    }

    fn relay(mut self, faults: &mut Faults) -> Option<DeclaredRelay> {
        let name = self.text("name", "\"north\"", faults);
        let quic = self.parsed("quic", "\"127.0.0.1:7401\"", address, faults);
        let tcp = self.parsed("tcp", "\"127.0.0.1:7401\"", address, faults);
        let status = self.parsed("status", "\"127.0.0.1:7491\"", address, faults);
        let dns = self.list("dns", "[\"localhost\"]", |text| Ok(text.to_owned()), faults);
        let ips = self.list(
            "ips",
            "[\"127.0.0.1\"]",
            |text| IpAddr::from_str(text).map_err(|e| e.to_string()),
            faults,
        );
        self.end(faults);
        Some(DeclaredRelay {
            name: name?,
            quic: quic?,
            tcp: tcp?,
            status: status?,
            dns: dns?,
            ips: ips?,
        })
    }

    fn desk(mut self, faults: &mut Faults) -> Option<DeclaredDesk> {
        let name = self.text("name", "\"ops\"", faults);
        let prefix = self.text("prefix", "\"A\"", faults);
        self.end(faults);
        Some(DeclaredDesk {
            name: name?,
            prefix: prefix?,
        })
    }

    fn officer(mut self, faults: &mut Faults) -> Option<DeclaredOfficer> {
        let name = self.text("name", "\"okoye\"", faults);
        let desk = self.text("desk", "\"ops\"", faults);
        let roles = self.list("roles", "[\"WATCH_OFFICER\", \"DRAFTER\"]", officer_role, faults);
        self.end(faults);
        let mut roles = roles?;
        roles.sort_by_key(|role| role.to_wire());
        roles.dedup();
        Some(DeclaredOfficer {
            name: name?,
            roles,
            desk: desk?,
        })
    }

    fn peer(mut self, faults: &mut Faults) -> Option<DeclaredPeer> {
        let side = self.text("side", "\"Borenia\"", faults);
        let works = "[\"exercise.borenia.example\", \"borenia.example\"]";
        let domains = self.list(
            "domains",
            works,
            |text| TrustDomain::parse(text).map_err(|e| e.to_string()),
            faults,
        );
        let desk = self.text("desk", "\"ops\"", faults);
        self.end(faults);
        Some(DeclaredPeer {
            side: side?,
            domains: domains?,
            desk: desk?,
        })
    }

    /// The codebook's hash where one is agreed; `None` if it cannot be read.
    fn codebook(&mut self, faults: &mut Faults) -> Option<Option<Hash>> {
        if !self.has("codebook") {
            return Some(None);
        }
        let works = "the 64 hexadecimals of its SHA-256, in quotes";
        let read = |text: &str| text.parse::<Hash>().map_err(|error| error.to_string());
        self.parsed("codebook", works, read, faults).map(Some)
    }

    fn charter(mut self, faults: &mut Faults) -> Option<DeclaredCharter> {
        let channel = self.text("channel", "\"MINISTER\"", faults);
        let level = self.text("level", "\"ministers and their duty officers\"", faults);
        let scope = self.text(
            "scope",
            "\"incidents between the armed forces of both sides\"",
            faults,
        );
        let hours = self.text("hours", "\"always\"", faults);
        let receipt_policy = self.text("receipt_policy", "\"acknowledged by a named officer\"", faults);
        let codebook = self.codebook(faults);
        self.end(faults);
        Some(DeclaredCharter {
            channel: channel?,
            level: level?,
            scope: scope?,
            hours: hours?,
            receipt_policy: receipt_policy?,
            codebook: codebook?,
        })
    }
}

fn world(text: &str) -> Result<World, String> {
    match text {
        "EXERCISE" => Ok(World::Exercise),
        "OPERATION" => Ok(World::Operation),
        _ => Err("a domain's kind is EXERCISE or OPERATION".into()),
    }
}

fn officer_role(text: &str) -> Result<OfficerRole, String> {
    text.parse().map_err(|_| {
        "a role is one of DRAFTER, RELEASER, WATCH_OFFICER, TRANSLATOR, DUTY_OFFICER, PRINCIPAL, SECURITY_OFFICER, \
         AUDITOR"
            .into()
    })
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "an IP address and a port are needed".into())
}

/// Reads "90m", "24h" or "30d".
pub(super) fn lifetime(text: &str) -> Result<Duration, String> {
    let why = || "a lifetime is a whole number of minutes, hours or days".to_owned();
    let unit = text.chars().last().ok_or_else(why)?;
    let seconds: u64 = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(why()),
    };
    let number: u64 = text.trim_end_matches(unit).parse().map_err(|_| why())?;
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(why)
}

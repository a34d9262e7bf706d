//! Names that certificates, keys and statements carry: `spiffe://exercise.avelia.example/desk/ops`.
//!
//! An identity is compared exactly, byte for byte; there is one way to write each, so text that is not that one way is
//! refused here and never "normalised". Whether a certificate or key really belongs to a name is decided elsewhere.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A side's name space, such as `avelia.example` or `exercise.avelia.example`. It selects the one CA and the one key
/// roster that may speak for its identities.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustDomain(Arc<str>);

/// Whether a trust domain is played or real. The two never shake hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum World {
    /// The domain's first label is `exercise`.
    Exercise,
    /// Any other domain.
    Operation,
}

/// What kind of party an identity names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A workstation where people read and write.
    Desk,
    /// A server that keeps, logs and passes on.
    Relay,
    /// A person with a signing key.
    Officer,
    /// Exercise control.
    Control,
    /// A side's own archive, to which every message of its line is sealed as well. It connects nowhere.
    Escrow,
}

/// One party: trust domain, role and name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    domain: TrustDomain,
    role: Role,
    name: Arc<str>,
}

/// What is wrong with a text that should be an identity or one of its parts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// It does not begin with `spiffe://`.
    #[error("it does not begin with {SCHEME}")]
    NoScheme,
    /// It is not `spiffe://<trust domain>/<role>/<name>` and nothing more.
    #[error("it is not {SCHEME}<trust domain>/<role>/<name>")]
    WrongShape,
    /// The trust domain is empty, too long, or has a label outside `[a-z0-9-]{{1,63}}`.
    #[error("the trust domain {} is not lower-case labels of a-z, 0-9 and inner hyphens, at most {MAX_DOMAIN} bytes", shown(.found))]
    BadDomain {
        /// What stood there.
        found: String,
    },
    /// The role is not one of `desk`, `relay`, `officer`, `control`, `escrow`.
    #[error("the role {} is not desk, relay, officer, control or escrow", shown(.found))]
    UnknownRole {
        /// What stood there.
        found: String,
    },
    /// The name is not `[a-z0-9-]{1,63}`.
    #[error("the name {} is not 1 to {MAX_NAME} of a-z, 0-9 and hyphen", shown(.found))]
    BadName {
        /// What stood there.
        found: String,
    },
}

// === impl TrustDomain ===

impl TrustDomain {
    /// Reads a trust domain.
    ///
    /// # Errors
    /// [`IdentityError::BadDomain`] unless it is dot-separated lower-case labels (1 to 63 of `a-z`, `0-9` and inner
    /// hyphens), at most 255 bytes. The bare word `exercise` is refused: it looks played and would count as real.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        let good = text.len() <= MAX_DOMAIN && text != EXERCISE_LABEL && text.split('.').all(is_label);
        if good {
            Ok(Self(text.into()))
        } else {
            Err(IdentityError::BadDomain { found: excerpt(text) })
        }
    }

    /// Whether this domain is played or real.
    pub fn world(&self) -> World {
        match self.0.split_once('.') {
            Some((EXERCISE_LABEL, _)) => World::Exercise,
            Some(_) | None => World::Operation,
        }
    }

    /// The domain as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TrustDomain {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        Self::parse(text)
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl World ===

impl World {
    /// The word on screens: `EXERCISE` or `OPERATION`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exercise => "EXERCISE",
            Self::Operation => "OPERATION",
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// === impl Role ===

impl Role {
    /// The word in an identity: `desk`, `relay`, `officer`, `control` or `escrow`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Relay => "relay",
            Self::Officer => "officer",
            Self::Control => "control",
            Self::Escrow => "escrow",
        }
    }
}

impl FromStr for Role {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        match text {
            "desk" => Ok(Self::Desk),
            "relay" => Ok(Self::Relay),
            "officer" => Ok(Self::Officer),
            "control" => Ok(Self::Control),
            "escrow" => Ok(Self::Escrow),
            other => Err(IdentityError::UnknownRole {
                found: excerpt(other),
            }),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// === impl Identity ===

impl Identity {
    /// Puts an identity together.
    ///
    /// # Errors
    /// [`IdentityError::BadName`] unless `name` is `[a-z0-9-]{1,63}`.
    pub fn new(domain: TrustDomain, role: Role, name: &str) -> Result<Self, IdentityError> {
        if is_name(name) {
            Ok(Self {
                domain,
                role,
                name: name.into(),
            })
        } else {
            Err(IdentityError::BadName { found: excerpt(name) })
        }
    }

    /// Whose it is.
    pub fn domain(&self) -> &TrustDomain {
        &self.domain
    }

    /// What it is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The last part: `ops` of `…/desk/ops`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is played or real.
    pub fn world(&self) -> World {
        self.domain.world()
    }

    /// The identity without its scheme, `exercise.avelia.example/relay/north`: the origin of a log.
    pub fn origin(&self) -> String {
        format!("{}/{}/{}", self.domain, self.role, self.name)
    }
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let rest = text.strip_prefix(SCHEME).ok_or(IdentityError::NoScheme)?;
        let mut parts = rest.split('/');
        let (Some(domain), Some(role), Some(name), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(IdentityError::WrongShape);
        };
        Self::new(TrustDomain::parse(domain)?, role.parse()?, name)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}/{}", self.domain, self.role, self.name)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.domain, self.role, self.name)
    }
}

// === helpers ===

/// `[a-z0-9-]{1,63}`: names of identities, relays among them.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn is_label(text: &str) -> bool {
    is_name(text) && !text.starts_with('-') && !text.ends_with('-')
}

/// The first part of a stranger's text, enough to recognise it by.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(MAX_EXCERPT).collect()
}

/// A stranger's text inside one of our sentences: quoted and inert.
pub(crate) fn shown(text: &str) -> String {
    format!("\"{}\"", crate::text::inert_line(text).text)
}

/// The scheme all identities carry.
pub const SCHEME: &str = "spiffe://";
/// Bytes of a trust domain at most: the limit of a DNS name and of SPIFFE.
pub const MAX_DOMAIN: usize = 255;
/// Bytes of a name at most: the limit of a DNS label.
pub const MAX_NAME: usize = 63;
const EXERCISE_LABEL: &str = "exercise";
/// Characters of refused text that an error repeats.
const MAX_EXCERPT: usize = 80;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_identity_is_written_as_it_was_read() {
        let text = "spiffe://exercise.avelia.example/desk/ops";
        let identity: Identity = text.parse().unwrap();
        assert_eq!(identity.to_string(), text);
        assert_eq!(identity.domain().as_str(), "exercise.avelia.example");
        assert_eq!(identity.role(), Role::Desk);
        assert_eq!(identity.name(), "ops");
        assert_eq!(identity.origin(), "exercise.avelia.example/desk/ops");
    }

    #[test]
    fn only_the_one_exact_spelling_is_an_identity() {
        for text in [
            "",
            "spiffe://",
            "SPIFFE://avelia.example/desk/ops",
            "https://avelia.example/desk/ops",
            "spiffe://avelia.example",
            "spiffe://avelia.example/desk",
            "spiffe://avelia.example/desk/",
            "spiffe://avelia.example/desk/ops/",
            "spiffe://avelia.example/desk/ops/x",
            "spiffe://avelia.example//desk/ops",
            "spiffe://avelia.example/desk/ops?x=1",
            "spiffe://avelia.example/desk/ops#x",
            "spiffe://avelia.example/desk/o%70s",
            "spiffe://avelia.example/desk/Ops",
            "spiffe://avelia.example/desk/o_s",
            "spiffe://avelia.example/desk/öps",
            "spiffe://Avelia.example/desk/ops",
            "spiffe://avelia..example/desk/ops",
            "spiffe://.avelia.example/desk/ops",
            "spiffe://avelia.example./desk/ops",
            "spiffe://-avelia.example/desk/ops",
            "spiffe://avelia-.example/desk/ops",
            "spiffe://avelia.example:443/desk/ops",
            "spiffe://user@avelia.example/desk/ops",
            "spiffe://avelia.example/Desk/ops",
            "spiffe://avelia.example/clerk/ops",
            " spiffe://avelia.example/desk/ops",
            "spiffe://avelia.example/desk/ops\n",
            "spiffe://exercise/desk/ops",
        ] {
            assert!(text.parse::<Identity>().is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn names_and_domains_end_at_their_limits() {
        let domain = TrustDomain::parse("avelia.example").unwrap();
        assert!(Identity::new(domain.clone(), Role::Relay, &"n".repeat(63)).is_ok());
        assert!(Identity::new(domain.clone(), Role::Relay, &"n".repeat(64)).is_err());
        assert!(Identity::new(domain, Role::Relay, "").is_err());
        let long = vec!["a".repeat(63); 4].join(".");
        assert_eq!(long.len(), 255);
        assert!(TrustDomain::parse(&long).is_ok());
        assert!(TrustDomain::parse(&format!("{long}a")).is_err());
        assert!(TrustDomain::parse(&"a".repeat(64)).is_err());
    }

    #[test]
    fn a_domain_is_an_exercise_only_by_its_whole_first_label() {
        let world = |text: &str| TrustDomain::parse(text).unwrap().world();
        assert_eq!(world("exercise.avelia.example"), World::Exercise);
        assert_eq!(world("avelia.example"), World::Operation);
        assert_eq!(world("exercises.avelia.example"), World::Operation);
        assert_eq!(world("avelia.exercise.example"), World::Operation);
        assert!(TrustDomain::parse("exercise").is_err());
    }

    #[test]
    fn an_error_repeats_refused_text_only_inert() {
        let error = "spiffe://avelia.example/desk/\u{1b}[2J"
            .parse::<Identity>()
            .unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
        assert!(error.to_string().contains("‹U+001B›"), "{error}");
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_back_the_same(text in "spiffe://[a-z0-9.-]{0,20}/(desk|relay|officer|control)/[a-z0-9-]{0,10}") {
            if let Ok(identity) = text.parse::<Identity>() {
                prop_assert_eq!(identity.to_string(), text);
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>()) {
            let _ = text.parse::<Identity>();
            let _ = format!("spiffe://{text}").parse::<Identity>();
        }
    }
}

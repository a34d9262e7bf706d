//! Identities as they stand in key statements: `spiffe://<trust domain>/<role>/<name>`, exactly.
//!
//! The core rules have a richer type; evidence needs only to take the text apart, and to be as strict about it.

/// An identity, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Its trust domain.
    pub domain: &'a str,
    /// `desk`, `relay`, `officer`, `control` or `escrow`.
    pub role: &'a str,
    /// Its name within domain and role.
    pub name: &'a str,
}

impl<'a> Subject<'a> {
    /// Takes an identity apart; `None` when it is not exactly of the form.
    #[must_use]
    pub fn parse(identity: &'a str) -> Option<Subject<'a>> {
        let mut parts = identity.strip_prefix(SCHEME)?.split('/');
        let (domain, role, name) = (parts.next()?, parts.next()?, parts.next()?);
        let fits =
            parts.next().is_none() && is_trust_domain(domain) && ROLES.contains(&role) && is_label(name);
        fits.then_some(Subject { domain, role, name })
    }
}

/// True for lowercase DNS-like names of at most 255 bytes.
#[must_use]
pub fn is_trust_domain(text: &str) -> bool {
    text.len() <= 255
        && text
            .split('.')
            .all(|label| is_label(label) && !label.starts_with('-') && !label.ends_with('-'))
}

/// The origin of an identity's log: the identity without its scheme.
#[must_use]
pub fn origin_of(identity: &str) -> Option<&str> {
    identity.strip_prefix(SCHEME)
}

/// The identity whose log has this origin.
#[must_use]
pub fn subject_of_origin(origin: &str) -> String {
    format!("{SCHEME}{origin}")
}

const SCHEME: &str = "spiffe://";
const ROLES: [&str; 5] = ["desk", "relay", "officer", "control", "escrow"];

fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

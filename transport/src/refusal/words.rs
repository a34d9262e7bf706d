//! The sentences of refusals: who refused whom, why, and the command that mends it.
//!
//! People read these at three in the morning. Each names the certificate, gives dates as dates and ages as ages, and
//! ends in one thing to do. Where the mending is the other side's, it says so.

use std::time::Duration;

use hotline_core::time::WallTime;

use super::{Bound, By, Reason, Refusal};
use crate::agreed::KeyExchange;

pub(super) fn sentence(refusal: &Refusal) -> String {
    let place = format!("{} ({})", refusal.remote, refusal.door);
    let why = why(refusal);
    let certificate = refusal
        .certificate
        .as_ref()
        .map_or_else(String::new, |found| format!(" {}", found.called()));
    if !concerns_certificate(&refusal.reason) {
        let called = refusal
            .called
            .as_ref()
            .map_or_else(String::new, |called| format!("{called} at "));
        return match refusal.by {
            By::Ours => format!("we refused {called}{place}: {why}"),
            By::Peer => format!("{called}{place} refused us: {why}"),
            By::Network => format!("{called}{place} gave no answer: {why}"),
        };
    }
    match refusal.by {
        By::Ours | By::Network => format!("we refused the certificate{certificate} of {place}: {why}"),
        By::Peer => format!("{place} refused our certificate{certificate}: {why}"),
    }
}

/// The reason alone.
fn why(refusal: &Refusal) -> String {
    match &refusal.reason {
        Reason::UnknownIssuer {
            issuer,
            trusted: Some(trusted),
        } => {
            format!("it was issued by {issuer}, and for its domain we trust {trusted}")
        }
        Reason::UnknownIssuer {
            issuer,
            trusted: None,
        } => format!("they do not trust its issuer {issuer}"),
        Reason::UnknownDomain { domain, trusted } => {
            let known: Vec<&str> = trusted
                .iter()
                .map(hotline_core::identity::TrustDomain::as_str)
                .collect();
            format!("we trust no CA for {domain}, only for {}", listed(&known))
        }
        Reason::IssuerOutOfDate {
            issuer,
            not_before,
            not_after,
            now,
        } => format!(
            "its CA {issuer} is valid from {} to {}, and our clock says {}",
            not_before.rfc3339(),
            not_after.rfc3339(),
            now.rfc3339()
        ),
        Reason::Expired { not_after, now } => format!(
            "it expired {} ago, on {} (our clock says {})",
            span(now.distance(*not_after)),
            not_after.rfc3339(),
            now.rfc3339()
        ),
        Reason::NotYetValid { not_before, now } => format!(
            "it becomes valid in {0}, on {1} (our clock says {2}); it exists already, so this is a clock skew: our clock is \
             behind by {0} or more, or its issuer's was ahead",
            span(not_before.distance(*now)),
            not_before.rfc3339(),
            now.rfc3339()
        ),
        Reason::ClocksDisagree {
            not_before,
            not_after,
            now,
        } => format!(
            "they find it out of date, and by our clock ({}) it is valid from {} to {}",
            now.rfc3339(),
            not_before.rfc3339(),
            not_after.rfc3339()
        ),
        Reason::WrongName { expected, found } => format!("we called {expected}, and {found} answered"),
        Reason::UnusableName { fault } => fault.to_string(),
        Reason::BadCertificate => {
            "they find it bad, most likely its name is not the one they expect".to_owned()
        }
        Reason::WrongRole { found, accepted } => {
            let names: Vec<&str> = accepted.iter().map(|role| role.name()).collect();
            format!(
                "its role is {found}, and only {} may come in here",
                listed(&names)
            )
        }
        Reason::WrongWorld { ours, theirs } => {
            format!("it belongs to {theirs} and we to {ours}; the two never talk to each other")
        }
        Reason::AccessDenied => "they do not let its role or world in".to_owned(),
        Reason::WrongPurpose => {
            "it is not made for this side of a connection (extended key usage)".to_owned()
        }
        Reason::Revoked { serial } => format!("its issuer has revoked it (serial {serial})"),
        Reason::Denied { why } => format!("two officers of its own side have ended this identity: {why}"),
        Reason::ChainTooLong { sent } => format!("its chain has {sent} certificates where 2 are allowed"),
        Reason::BadSignature => "a signature is wrong: key and certificate do not belong together".to_owned(),
        Reason::Malformed { detail } => format!("it is malformed: {detail}"),
        Reason::NoCertificate => match refusal.by {
            By::Peer => "we showed no certificate".to_owned(),
            By::Ours | By::Network => "they showed no certificate".to_owned(),
        },
        Reason::Alpn {
            wanted,
            agreed: Some(agreed),
        } => {
            format!("this door speaks {wanted}, and the other end speaks {agreed}")
        }
        Reason::Alpn { wanted, agreed: None } => {
            format!("this door speaks {wanted}, and the other end offers no such protocol")
        }
        Reason::NoCommonProtocol { detail } => {
            format!("there is no common protocol version or cipher; only TLS 1.3 is spoken here ({detail})")
        }
        Reason::ClassicalOnly { ours, theirs } => keys_differ(ours, theirs.as_deref()),
        Reason::HandshakeTimeout { limit } => format!("the handshake did not end within {}", span(*limit)),
        Reason::Unreachable { detail } => detail.clone(),
        Reason::Busy { bound, limit } => {
            let what = match bound {
                Bound::ConnectionsOfIdentity => "connections of one identity",
                Bound::Connections => "connections",
                Bound::Handshakes => "handshakes in progress",
            };
            let most = limit.map_or_else(String::new, |limit| format!(", which is {limit}"));
            format!("the bound on {what} is reached{most}")
        }
        Reason::BrokenOff {
            alert: Some(alert),
            detail,
        } => format!("the handshake was broken off, alert {alert} ({detail})"),
        Reason::BrokenOff { alert: None, detail } => format!("the handshake was broken off ({detail})"),
    }
}

pub(super) fn next_step(refusal: &Refusal) -> String {
    let file = refusal
        .file
        .as_ref()
        .map_or_else(|| "FILE".to_owned(), |file| file.display().to_string());
    let theirs = refusal.by != By::Peer;
    match &refusal.reason {
        Reason::UnknownIssuer { .. } | Reason::UnknownDomain { .. } if theirs => {
            "if their CA is new, compare its fingerprint with them by voice, then run: hotline pki trust FILE"
                .to_owned()
        }
        Reason::UnknownIssuer { .. } | Reason::UnknownDomain { .. } => {
            "give them your CA certificate and its fingerprint by voice; they run: hotline pki trust FILE"
                .to_owned()
        }
        Reason::IssuerOutOfDate { .. } => "compare the clocks, then run: hotline pki inspect FILE".to_owned(),
        Reason::Expired { .. } | Reason::NotYetValid { .. } if theirs => {
            "compare the clocks; if they agree, they run: hotline pki renew".to_owned()
        }
        Reason::Expired { .. } => "run: hotline pki renew".to_owned(),
        Reason::NotYetValid { .. } | Reason::ClocksDisagree { .. } => {
            format!("compare the clocks of both ends, then run: hotline pki inspect {file}")
        }
        Reason::WrongName { .. } => {
            "check the address against the names in trust/*/side.toml: hotline desk status".to_owned()
        }
        Reason::WrongRole { .. }
        | Reason::AccessDenied
        | Reason::WrongPurpose
        | Reason::WrongWorld { .. } => {
            format!("check which certificate is used here: hotline pki inspect {file}")
        }
        Reason::Revoked { .. } | Reason::Denied { .. } if theirs => {
            "they need a new certificate; call them by another way first".to_owned()
        }
        Reason::Revoked { .. } | Reason::Denied { .. } => {
            "ask your security officer why, then run: hotline pki issue ROLE".to_owned()
        }
        Reason::UnusableName { .. }
        | Reason::BadCertificate
        | Reason::ChainTooLong { .. }
        | Reason::BadSignature
        | Reason::Malformed { .. } => format!("look at it: hotline pki inspect {file}"),
        Reason::NoCertificate => {
            "set tls.certificate and tls.key in the settings file: hotline pki list shows what was issued".to_owned()
        }
        Reason::Alpn { .. } | Reason::NoCommonProtocol { .. } => {
            "compare the versions and the port numbers of both ends: hotline desk status".to_owned()
        }
        Reason::ClassicalOnly { .. } => {
            "bring the older end up to date, or set key_exchange = \"hybrid-first\" where \"hybrid-only\" stands; then \
             run: hotline doctor"
                .to_owned()
        }
        Reason::HandshakeTimeout { .. } => {
            "the port may be closed or UDP blocked on the way; see whether the other door is up: hotline desk status"
                .to_owned()
        }
        Reason::Unreachable { .. } => "check the address and that the relay runs: hotline desk status".to_owned(),
        Reason::Busy { .. } => {
            "it is tried again by itself; if it stays, look for a second instance of this identity".to_owned()
        }
        Reason::BrokenOff { .. } => "run: hotline desk status".to_owned(),
    }
}

fn concerns_certificate(reason: &Reason) -> bool {
    match reason {
        Reason::UnknownIssuer { .. }
        | Reason::UnknownDomain { .. }
        | Reason::IssuerOutOfDate { .. }
        | Reason::Expired { .. }
        | Reason::NotYetValid { .. }
        | Reason::ClocksDisagree { .. }
        | Reason::WrongName { .. }
        | Reason::UnusableName { .. }
        | Reason::BadCertificate
        | Reason::WrongRole { .. }
        | Reason::WrongWorld { .. }
        | Reason::AccessDenied
        | Reason::WrongPurpose
        | Reason::Revoked { .. }
        | Reason::Denied { .. }
        | Reason::ChainTooLong { .. }
        | Reason::BadSignature
        | Reason::Malformed { .. } => true,
        Reason::NoCertificate
        | Reason::Alpn { .. }
        | Reason::NoCommonProtocol { .. }
        | Reason::ClassicalOnly { .. }
        | Reason::HandshakeTimeout { .. }
        | Reason::Unreachable { .. }
        | Reason::Busy { .. }
        | Reason::BrokenOff { .. } => false,
    }
}

/// Why two ends did not agree on keys.
fn keys_differ(ours: &[KeyExchange], theirs: Option<&[KeyExchange]>) -> String {
    let names = |ways: &[KeyExchange]| listed(&ways.iter().map(|way| way.name()).collect::<Vec<_>>());
    let hybrid = KeyExchange::Hybrid;
    let only = format!("our settings take nothing but {hybrid} (key_exchange = \"hybrid-only\")");
    match theirs {
        Some(theirs) => format!(
            "they offer only a classical key exchange ({}), and {only}",
            names(theirs)
        ),
        None if ours.contains(&hybrid) => format!("they have no key exchange that we offer, and {only}"),
        None => format!(
            "they take no key exchange that we offer ({}); most likely their settings take nothing but {hybrid} \
             (key_exchange = \"hybrid-only\")",
            names(ours)
        ),
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        "nobody".to_owned()
    } else {
        names.join(", ")
    }
}

/// A length of time as people say it: two units at most.
fn span(length: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = length.as_secs();
    match seconds {
        0 => format!("{} ms", length.as_millis()),
        1..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h {} min", seconds / HOUR, seconds % HOUR / MINUTE),
        DAY.. => format!("{} d {} h", seconds / DAY, seconds % DAY / HOUR),
    }
}

/// What our own certificate's dates say about a peer that calls it out of date.
pub(super) fn dates_by_our_clock(not_before: WallTime, not_after: WallTime, now: WallTime) -> Reason {
    if now > not_after {
        Reason::Expired { not_after, now }
    } else if now < not_before {
        Reason::NotYetValid { not_before, now }
    } else {
        Reason::ClocksDisagree {
            not_before,
            not_after,
            now,
        }
    }
}

#[cfg(test)]
mod tests;

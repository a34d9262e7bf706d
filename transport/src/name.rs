//! The one name of a peer: the URI in its certificate.
//!
//! Common names, DNS names, IP names, the TLS server name: none of these is ever an identity here. A leaf has
//! exactly one URI name, and core's [`Identity`] says exactly how it is written. Two readers (webpki's and
//! x509-parser's) must agree on it, so that a certificate which one of them reads differently names nobody.

use hotline_core::identity::Identity;
use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::certificate::shown;
use crate::refusal::NameFault;

/// Reads the identity that a leaf claims. Claimed: nobody has verified it yet.
///
/// # Errors
/// A [`NameFault`] unless there is exactly one URI name and it is exactly an identity.
pub(crate) fn claimed_identity(leaf: &CertificateDer<'_>) -> Result<Identity, NameFault> {
    let (_, parsed) = X509Certificate::from_der(leaf.as_ref()).map_err(|_| NameFault::Unreadable)?;
    let claimed = claimed_uris(&parsed);
    let uri = match claimed.as_slice() {
        [] => return Err(NameFault::NoUri),
        [one] => one,
        many => {
            return Err(NameFault::SeveralUris {
                found: many.iter().map(|uri| shown(uri)).collect(),
            });
        }
    };
    let checked = EndEntityCert::try_from(leaf).map_err(|_| NameFault::Unreadable)?;
    if checked.valid_uri_names().ne([uri.as_str()]) {
        return Err(NameFault::Unreadable);
    }
    uri.parse().map_err(|error| NameFault::NotAnIdentity {
        found: shown(uri),
        error,
    })
}

/// Every URI name in the certificate, over all extensions; one that is not text is shown as such, never skipped.
pub(crate) fn claimed_uris(certificate: &X509Certificate<'_>) -> Vec<String> {
    const URI_TAG: u32 = 6;
    let mut uris = Vec::new();
    for extension in certificate.iter_extensions() {
        let ParsedExtension::SubjectAlternativeName(names) = extension.parsed_extension() else {
            continue;
        };
        for name in &names.general_names {
            match name {
                GeneralName::URI(uri) => uris.push((*uri).to_owned()),
                GeneralName::Invalid(tag, _) if tag.0 == URI_TAG => {
                    uris.push("(a URI name that is not text)".to_owned());
                }
                // Names of other kinds may be there for stock gRPC clients; they name nobody here.
                _ => {}
            }
        }
    }
    uris
}

//! Base64 as every format here has it: RFC 4648 §4, padded at its end, one writing for each value.

use data_encoding::BASE64;

/// The bytes of a text; `None` for anything but the one writing of these bytes. `data_encoding` alone would take padding
/// between blocks as well.
#[must_use]
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    if text.trim_end_matches('=').contains('=') {
        return None;
    }
    BASE64.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn each_value_has_one_base64_text() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("AA==", b"\0"),
            ("AAA=", b"\0\0"),
            ("AAAA", b"\0\0\0"),
        ] {
            assert_eq!(decode(text).unwrap(), bytes);
        }
        for other in [
            "AA", "AB==", "AA=", "AA==AAAA", "AAA=AAA=", "AAAA====", "AAA A", "AAA\n", "-_==", "=",
        ] {
            assert_eq!(decode(other), None, "{other:?}");
        }
    }
}

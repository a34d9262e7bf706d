//! Writes one message in its one encoding.

use super::wire::WireType;

/// Writes the fields of one message. The caller asks in ascending order.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// An empty message.
    #[must_use]
    pub fn new() -> Writer {
        Writer::default()
    }

    /// Text; empty is left out.
    #[must_use]
    pub fn text(self, number: u32, text: &str) -> Writer {
        self.bytes(number, text.as_bytes())
    }

    /// Bytes; empty is left out.
    #[must_use]
    pub fn bytes(self, number: u32, bytes: &[u8]) -> Writer {
        if bytes.is_empty() {
            self
        } else {
            self.delimited(number, bytes)
        }
    }

    /// Number; 0 is left out.
    #[must_use]
    pub fn number(mut self, number: u32, value: u64) -> Writer {
        if value != 0 {
            self.put_varint(u64::from(number) << 3);
            self.put_varint(value);
        }
        self
    }

    /// Each item as one repetition, empty ones too.
    #[must_use]
    pub fn repeated<I: AsRef<[u8]>>(self, number: u32, items: impl IntoIterator<Item = I>) -> Writer {
        items
            .into_iter()
            .fold(self, |writer, item| writer.delimited(number, item.as_ref()))
    }

    /// A message that is present, even if empty.
    #[must_use]
    pub fn message(self, number: u32, encoded: &[u8]) -> Writer {
        self.delimited(number, encoded)
    }

    /// Codes as one packed field; none at all is left out.
    #[must_use]
    pub fn packed_codes(self, number: u32, codes: &[u32]) -> Writer {
        let mut packed = Writer::new();
        for code in codes {
            packed.put_varint(u64::from(*code));
        }
        self.bytes(number, &packed.out)
    }

    /// The encoded message.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    fn delimited(mut self, number: u32, bytes: &[u8]) -> Writer {
        self.put_varint((u64::from(number) << 3) | WireType::Delimited as u64);
        self.put_varint(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
        self
    }

    fn put_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }
}

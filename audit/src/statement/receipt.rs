//! DELIVERED, ALERTED and DISPLAYED: what a desk signs by itself.

use super::{Header, MAX_RECEIPT_ITEMS};
use crate::hash::Hash;
use crate::strict::{Reader, StrictError, Writer};

/// A receipt for messages of one desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Sender of the receipt and its place in the chain.
    pub header: Header,
    /// 4 DELIVERED, 5 ALERTED, 6 DISPLAYED.
    pub rung: u32,
    /// The desk whose messages these are.
    pub subject: String,
    /// The messages; at least one.
    pub items: Vec<ReceiptItem>,
}

impl Receipt {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one receipt payload; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Receipt, StrictError> {
        let mut reader = Reader::new("ReceiptPayload", bytes);
        let receipt = Receipt {
            header: Header::decode(reader.bytes(1, "header")?)?,
            rung: reader.code(2, "rung", 4..=6)?,
            subject: reader.text(3, "subject")?,
            items: reader
                .repeated_some(4, "items", MAX_RECEIPT_ITEMS)?
                .into_iter()
                .map(ReceiptItem::decode)
                .collect::<Result<_, _>>()?,
        };
        reader.finish()?;
        Ok(receipt)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .message(1, &self.header.encode())
            .number(2, u64::from(self.rung))
            .text(3, &self.subject)
            .repeated(4, self.items.iter().map(ReceiptItem::encode))
            .finish()
    }
}

/// One message of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptItem {
    /// Its id.
    pub id: [u8; 16],
    /// Hash of its bytes.
    pub sha256: Hash,
    /// The leg on which the first copy came.
    pub leg: String,
}

impl ReceiptItem {
    /// Strictly reads one.
    ///
    /// # Errors
    /// When the bytes are not exactly one receipt item.
    pub fn decode(bytes: &[u8]) -> Result<ReceiptItem, StrictError> {
        let mut reader = Reader::new("ReceiptItem", bytes);
        let item = ReceiptItem {
            id: reader.array(1, "id")?,
            sha256: reader.hash(2, "sha256")?,
            leg: reader.text(3, "leg")?,
        };
        reader.finish()?;
        Ok(item)
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .bytes(1, &self.id)
            .bytes(2, self.sha256.as_bytes())
            .text(3, &self.leg)
            .finish()
    }
}

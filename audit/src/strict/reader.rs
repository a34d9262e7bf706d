//! Reads one message, field by field, in the order of the schema.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use super::wire::{MAX_FIELD_NUMBER, WireType, varint};
use super::{StrictError, StrictFault};
use crate::hash::Hash;

/// The key of a field: its number, its wire type, and what follows.
struct FieldKey<'a> {
    number: u64,
    wire: u64,
    rest: &'a [u8],
}

/// Reads the fields of one message in ascending order.
pub struct Reader<'a> {
    message: &'static str,
    rest: &'a [u8],
    last: u64,
}

impl<'a> Reader<'a> {
    /// A reader of `bytes`, which are to be one `message`.
    #[must_use]
    pub fn new(message: &'static str, bytes: &'a [u8]) -> Reader<'a> {
        Reader {
            message,
            rest: bytes,
            last: 0,
        }
    }

    /// An error about a field of this message.
    pub fn error(&self, field: impl Into<Cow<'static, str>>, fault: StrictFault) -> StrictError {
        StrictError::new(self.message, field, fault)
    }

    /// Ends the message: nothing may be left.
    ///
    /// # Errors
    /// When bytes remain; the error says whether they are a duplicate, an unknown or a misplaced field, or none at all.
    pub fn finish(self) -> Result<(), StrictError> {
        match self.peek()? {
            None => Ok(()),
            Some(next) => Err(self.misplaced(next.number)),
        }
    }

    /// A length-delimited field that must be present and not empty.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn bytes(&mut self, number: u64, field: &'static str) -> Result<&'a [u8], StrictError> {
        self.optional_bytes(number, field)?
            .ok_or_else(|| self.error(field, StrictFault::Missing))
    }

    /// A length-delimited field that may be absent, but not present and empty.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn optional_bytes(
        &mut self,
        number: u64,
        field: &'static str,
    ) -> Result<Option<&'a [u8]>, StrictError> {
        match self.delimited(number, field)? {
            Some([]) => Err(self.error(field, StrictFault::DefaultPresent)),
            other => Ok(other),
        }
    }

    /// A field of exactly `N` bytes that must be present.
    ///
    /// # Errors
    /// When it is missing, malformed or of another length.
    pub fn array<const N: usize>(
        &mut self,
        number: u64,
        field: &'static str,
    ) -> Result<[u8; N], StrictError> {
        self.optional_array(number, field)?
            .ok_or_else(|| self.error(field, StrictFault::Missing))
    }

    /// A field of exactly `N` bytes that may be absent.
    ///
    /// # Errors
    /// When it is malformed or of another length.
    pub fn optional_array<const N: usize>(
        &mut self,
        number: u64,
        field: &'static str,
    ) -> Result<Option<[u8; N]>, StrictError> {
        let Some(bytes) = self.optional_bytes(number, field)? else {
            return Ok(None);
        };
        let array = bytes.try_into().map_err(|_| {
            self.error(
                field,
                StrictFault::Length {
                    expected: N,
                    found: bytes.len(),
                },
            )
        })?;
        Ok(Some(array))
    }

    /// A hash that must be present.
    ///
    /// # Errors
    /// When it is missing or not 32 bytes.
    pub fn hash(&mut self, number: u64, field: &'static str) -> Result<Hash, StrictError> {
        self.array(number, field).map(Hash)
    }

    /// Text that must be present and not empty.
    ///
    /// # Errors
    /// When it is missing or not UTF-8.
    pub fn text(&mut self, number: u64, field: &'static str) -> Result<String, StrictError> {
        let bytes = self.bytes(number, field)?;
        self.utf8(bytes, field)
    }

    /// Text that may be absent, which reads as empty.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn optional_text(&mut self, number: u64, field: &'static str) -> Result<String, StrictError> {
        match self.optional_bytes(number, field)? {
            Some(bytes) => self.utf8(bytes, field),
            None => Ok(String::new()),
        }
    }

    /// A number that must be present, hence at least 1.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn number(&mut self, number: u64, field: &'static str) -> Result<u64, StrictError> {
        self.optional_number(number, field)?
            .ok_or_else(|| self.error(field, StrictFault::Missing))
    }

    /// A number that may be absent, which reads as 0.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn number_or_none(&mut self, number: u64, field: &'static str) -> Result<u64, StrictError> {
        Ok(self.optional_number(number, field)?.unwrap_or(0))
    }

    /// A code that must be present and one of the values that are defined.
    ///
    /// # Errors
    /// When it is missing, malformed or not defined.
    pub fn code(
        &mut self,
        number: u64,
        field: &'static str,
        defined: RangeInclusive<u32>,
    ) -> Result<u32, StrictError> {
        match self.optional_code(number, field, defined)? {
            0 => Err(self.error(field, StrictFault::Missing)),
            code => Ok(code),
        }
    }

    /// A code that may be absent, which reads as 0.
    ///
    /// # Errors
    /// When it is malformed or not defined.
    pub fn optional_code(
        &mut self,
        number: u64,
        field: &'static str,
        defined: RangeInclusive<u32>,
    ) -> Result<u32, StrictError> {
        let Some(value) = self.optional_number(number, field)? else {
            return Ok(0);
        };
        u32::try_from(value)
            .ok()
            .filter(|code| defined.contains(code))
            .ok_or_else(|| self.error(field, StrictFault::OutOfRange { value }))
    }

    /// All repetitions of a length-delimited field; none of them empty.
    ///
    /// # Errors
    /// When there are more than `limit`, or one is malformed.
    pub fn repeated(
        &mut self,
        number: u64,
        field: &'static str,
        limit: usize,
    ) -> Result<Vec<&'a [u8]>, StrictError> {
        let mut items = Vec::new();
        while let Some(next) = self.peek()? {
            if next.number != number {
                break;
            }
            if items.len() == limit {
                return Err(self.error(field, StrictFault::TooMany { limit }));
            }
            // Allow the same number again, which `delimited` refuses as a duplicate.
            self.last = number - 1;
            items.push(self.bytes(number, field)?);
        }
        Ok(items)
    }

    /// Like [`Reader::repeated`], with at least one.
    ///
    /// # Errors
    /// When there is none, there are more than `limit`, or one is malformed.
    pub fn repeated_some(
        &mut self,
        number: u64,
        field: &'static str,
        limit: usize,
    ) -> Result<Vec<&'a [u8]>, StrictError> {
        let items = self.repeated(number, field, limit)?;
        if items.is_empty() {
            Err(self.error(field, StrictFault::Missing))
        } else {
            Ok(items)
        }
    }

    /// A packed list of codes in ascending order; absent reads as empty.
    ///
    /// # Errors
    /// When a code is malformed, not defined, or not larger than the one before it.
    pub fn packed_codes(
        &mut self,
        number: u64,
        field: &'static str,
        defined: RangeInclusive<u32>,
    ) -> Result<Vec<u32>, StrictError> {
        let Some(mut bytes) = self.optional_bytes(number, field)? else {
            return Ok(Vec::new());
        };
        let mut codes: Vec<u32> = Vec::new();
        while !bytes.is_empty() {
            let (value, rest) = varint(bytes).map_err(|fault| self.error(field, fault))?;
            let code = u32::try_from(value)
                .ok()
                .filter(|code| defined.contains(code))
                .ok_or_else(|| self.error(field, StrictFault::OutOfRange { value }))?;
            if codes.last().is_some_and(|last| *last >= code) {
                return Err(self.error(field, StrictFault::NotAscending));
            }
            codes.push(code);
            bytes = rest;
        }
        Ok(codes)
    }

    /// A number that may be absent.
    ///
    /// # Errors
    /// When it is malformed, or 0, which is written by leaving it out.
    pub fn optional_number(&mut self, number: u64, field: &'static str) -> Result<Option<u64>, StrictError> {
        let Some(rest) = self.take_tag(number, field, WireType::Varint)? else {
            return Ok(None);
        };
        let (value, rest) = varint(rest).map_err(|fault| self.error(field, fault))?;
        self.rest = rest;
        if value == 0 {
            return Err(self.error(field, StrictFault::DefaultPresent));
        }
        Ok(Some(value))
    }

    fn delimited(&mut self, number: u64, field: &'static str) -> Result<Option<&'a [u8]>, StrictError> {
        let Some(rest) = self.take_tag(number, field, WireType::Delimited)? else {
            return Ok(None);
        };
        let (length, rest) = varint(rest).map_err(|fault| self.error(field, fault))?;
        let (bytes, rest) = usize::try_from(length)
            .ok()
            .and_then(|length| rest.split_at_checked(length))
            .ok_or_else(|| self.error(field, StrictFault::CutShort))?;
        self.rest = rest;
        Ok(Some(bytes))
    }

    /// Consumes the key of field `number` if it comes next. A lower number there is a field nobody asked for.
    fn take_tag(
        &mut self,
        number: u64,
        field: &'static str,
        expected: WireType,
    ) -> Result<Option<&'a [u8]>, StrictError> {
        match self.peek()? {
            None => Ok(None),
            Some(next) if next.number > number => Ok(None),
            Some(next) if next.number == number && self.last < number => {
                if next.wire != expected as u64 {
                    return Err(self.error(field, StrictFault::BadTag));
                }
                self.last = number;
                Ok(Some(next.rest))
            }
            Some(next) => Err(self.misplaced(next.number)),
        }
    }

    /// The key of the next field.
    fn peek(&self) -> Result<Option<FieldKey<'a>>, StrictError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let behind = || format!("behind field {}", self.last);
        let (key, rest) = varint(self.rest).map_err(|fault| self.error(behind(), fault))?;
        let (number, wire) = (key >> 3, key & 7);
        if number == 0 || number > MAX_FIELD_NUMBER {
            return Err(self.error(behind(), StrictFault::BadTag));
        }
        Ok(Some(FieldKey { number, wire, rest }))
    }

    fn misplaced(&self, number: u64) -> StrictError {
        let fault = match number.cmp(&self.last) {
            std::cmp::Ordering::Less => StrictFault::OutOfOrder,
            std::cmp::Ordering::Equal => StrictFault::Duplicate,
            std::cmp::Ordering::Greater => StrictFault::Unknown,
        };
        self.error(format!("field {number}"), fault)
    }

    pub(crate) fn utf8(&self, bytes: &[u8], field: &'static str) -> Result<String, StrictError> {
        std::str::from_utf8(bytes)
            .map(str::to_owned)
            .map_err(|_| self.error(field, StrictFault::NotUtf8))
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Reader({} behind field {}, {} bytes left)",
            self.message,
            self.last,
            self.rest.len()
        )
    }
}

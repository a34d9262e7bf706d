//! INSUFFICIENT(fields): which fields of a message lack or say too little, as the text of an officer's act.

use crate::codebook::{Code, fields};

/// A text that names no fields of a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotInsufficient {
    /// No field is named.
    #[error("INSUFFICIENT names at least one field: \"fields: area,scale\"")]
    NoFields,
    /// Not a field of this code, or named twice, or out of order.
    #[error("{code} has no field {field} at this place")]
    NoSuchField {
        /// The code.
        code: String,
        /// What was named, in quotation marks, made inert.
        field: String,
    },
}

/// The text that names these fields of a code: `fields: area,scale`, in the codebook's order, each once.
///
/// # Errors
/// [`NotInsufficient`].
pub fn insufficient(code: &Code, named: &[&str]) -> Result<String, NotInsufficient> {
    if let Some(unknown) = named.iter().find(|id| code.field(id).is_none()) {
        return Err(no_field(code, unknown));
    }
    let ids: Vec<&str> = code
        .fields
        .iter()
        .map(|field| field.id.as_str())
        .filter(|id| named.contains(id))
        .collect();
    if ids.is_empty() {
        Err(NotInsufficient::NoFields)
    } else {
        Ok(format!("{PREFIX}{}", ids.join(",")))
    }
}

/// The fields that such a text names.
///
/// # Errors
/// [`NotInsufficient`]: the text is no such list, and stays words.
pub fn read_insufficient(code: &Code, text: &str) -> Result<Vec<String>, NotInsufficient> {
    let list = text.strip_prefix(PREFIX).ok_or(NotInsufficient::NoFields)?;
    let mut left = code.fields.iter();
    list.split(',')
        .map(|id| {
            left.find(|field| field.id == id)
                .map(|field| field.id.clone())
                .ok_or_else(|| no_field(code, id))
        })
        .collect()
}

fn no_field(code: &Code, id: &str) -> NotInsufficient {
    NotInsufficient::NoSuchField {
        code: code.id.clone(),
        field: fields::shown(id),
    }
}

const PREFIX: &str = "fields: ";

//! The report as JSON (`schema/report.v1.json`): sorted keys, no white space, ASCII only, one line feed at the end.
//!
//! The order is made here and is no matter of how a library was built. Texts are as they were signed; ASCII, because a file
//! that is printed on a terminal must not be able to act there.

use serde_json::Value;

use super::model::Model;

/// The JSON.
///
/// # Errors
/// [`serde_json::Error`]: never for a model, whose keys are all texts.
pub fn json(model: &Model) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = String::new();
    write(&serde_json::to_value(model)?, &mut out);
    out.push('\n');
    Ok(out.into_bytes())
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (number, (name, value)) in sorted.into_iter().enumerate() {
                comma(number, out);
                quoted(name, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                comma(number, out);
                write(item, out);
            }
            out.push(']');
        }
        Value::String(text) => quoted(text, out),
        // Whole numbers, booleans and null have one spelling.
        other => out.push_str(&other.to_string()),
    }
}

fn comma(number: usize, out: &mut String) {
    if number > 0 {
        out.push(',');
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            ' '..='~' => out.push(c),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn json_is_sorted_ascii_and_reads_back_as_it_was() {
        let value =
            serde_json::json!({ "b": [1, -2, null, true], "a": { "é\u{1f600}\u{202e}": "\"\\\n\u{7f}" } });
        let mut out = String::new();
        write(&value, &mut out);
        assert_eq!(
            out,
            r#"{"a":{"\u00e9\ud83d\ude00\u202e":"\"\\\n\u007f"},"b":[1,-2,null,true]}"#
        );
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), value);
    }
}

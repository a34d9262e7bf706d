//! The one writing of a report.

use std::fmt::Write as _;

use serde_json::Value;

/// JSON without white space, keys sorted by their bytes, ASCII only, whole numbers from 0 to 2⁵³ − 1 (what every reader of JSON
/// keeps whole), no `null`. `None` for a value that has no such writing.
#[must_use]
pub fn canonical(value: &Value) -> Option<String> {
    let mut out = String::new();
    write(value, &mut out)?;
    Some(out)
}

/// Largest number.
const MOST: u64 = (1 << 53) - 1;

fn write(value: &Value, out: &mut String) -> Option<()> {
    match value {
        Value::Null => return None,
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => {
            let number = number.as_u64().filter(|number| *number <= MOST)?;
            let _ = write!(out, "{number}");
        }
        Value::String(string) => text(string, out),
        Value::Array(list) => {
            out.push('[');
            for (no, each) in list.iter().enumerate() {
                if no > 0 {
                    out.push(',');
                }
                write(each, out)?;
            }
            out.push(']');
        }
        Value::Object(object) => {
            // Sorted here, and not by how a library was built.
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort();
            out.push('{');
            for (no, key) in keys.into_iter().enumerate() {
                if no > 0 {
                    out.push(',');
                }
                text(key, out);
                out.push(':');
                write(&object[key], out)?;
            }
            out.push('}');
        }
    }
    Some(())
}

fn text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

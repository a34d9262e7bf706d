//! Holds an object against one of the published JSON schemas (`cli/schema`).
//!
//! Knows what those use, and no more: a word of a schema that it does not know is an error, so that nothing is passed over.

use serde_json::{Map, Value};

/// Words of a schema that only people read.
const FOR_PEOPLE: [&str; 4] = ["$schema", "title", "description", "$defs"];

/// Everything in `value` that the schema does not allow, each with its place.
///
/// # Panics
/// If the schema says something that this reader does not know.
#[must_use]
pub fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Reader { whole: schema }.hold(schema, value, "$", &mut found);
    found
}

struct Reader<'a> {
    whole: &'a Value,
}

impl Reader<'_> {
    fn hold(&self, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
        let rules = schema
            .as_object()
            .unwrap_or_else(|| panic!("{place}: a schema is an object"));
        for (rule, says) in rules {
            match rule.as_str() {
                "$ref" => self.hold(self.named(says), value, place, found),
                "type" => kind(says, value, place, found),
                "const" if value != says => found.push(format!("{place} is not {says}")),
                "enum" => {
                    let allowed = says
                        .as_array()
                        .unwrap_or_else(|| panic!("{place}: enum is a list"));
                    if !allowed.contains(value) {
                        found.push(format!("{place} is {value}, and not one of {says}"));
                    }
                }
                "minimum" => {
                    if value.as_f64().is_some_and(|number| Some(number) < says.as_f64()) {
                        found.push(format!("{place} is below {says}"));
                    }
                }
                "anyOf" => self.any(says, value, place, found),
                "required" => required(says, value, place, found),
                "properties" => self.properties(says, value, place, found),
                "additionalProperties" => self.others(rules, says, value, place, found),
                "items" => {
                    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.hold(says, item, &format!("{place}[{number}]"), found);
                    }
                }
                "const" => {}
                known if FOR_PEOPLE.contains(&known) => {}
                unknown => panic!("{place}: this reader does not know \"{unknown}\""),
            }
        }
    }

    fn named(&self, name: &Value) -> &Value {
        let name = name.as_str().and_then(|name| name.strip_prefix("#/$defs/"));
        let found = name.and_then(|name| self.whole["$defs"].get(name));
        found.unwrap_or_else(|| panic!("{name:?} is not defined"))
    }

    fn any(&self, says: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
        let ways = says
            .as_array()
            .unwrap_or_else(|| panic!("{place}: anyOf is a list"));
        let tried: Vec<Vec<String>> = ways
            .iter()
            .map(|way| {
                let mut wrong = Vec::new();
                self.hold(way, value, place, &mut wrong);
                wrong
            })
            .collect();
        if tried.iter().all(|wrong| !wrong.is_empty()) {
            found.extend(tried.into_iter().flatten());
        }
    }

    fn properties(&self, says: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
        for (name, schema) in says.as_object().into_iter().flatten() {
            if let Some(value) = value.get(name) {
                self.hold(schema, value, &format!("{place}.{name}"), found);
            }
        }
    }

    fn others(
        &self,
        rules: &Map<String, Value>,
        says: &Value,
        value: &Value,
        place: &str,
        found: &mut Vec<String>,
    ) {
        let known = |name: &str| {
            let named = rules
                .get("properties")
                .and_then(|properties| properties.get(name));
            named.is_some()
        };
        for (name, value) in value.as_object().into_iter().flatten() {
            let place = format!("{place}.{name}");
            match says {
                _ if known(name) => {}
                Value::Bool(true) => {}
                Value::Bool(false) => found.push(format!("{place} is not described")),
                schema => self.hold(schema, value, &place, found),
            }
        }
    }
}

fn kind(says: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    let is = |kind: &Value| match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("number") => value.is_number(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        other => panic!("{place}: this reader does not know the type {other:?}"),
    };
    let fits = match says {
        Value::Array(kinds) => kinds.iter().any(is),
        kind => is(kind),
    };
    if !fits {
        found.push(format!("{place} is {value}, and should be {says}"));
    }
}

fn required(says: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    // Of something that is no object, `type` says so.
    let Some(object) = value.as_object() else { return };
    for name in says.as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            found.push(format!("{place}.{name} is missing"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "title": "for people",
            "type": "object",
            "required": ["name", "times"],
            "additionalProperties": false,
            "properties": {
                "name": { "const": "latency" },
                "times": { "type": "array", "items": { "$ref": "#/$defs/time" } },
                "seed": { "type": ["integer", "null"], "minimum": 0 },
                "run": { "anyOf": [{ "$ref": "#/$defs/time" }, { "type": "null" }] },
                "by": { "type": "object", "additionalProperties": { "enum": ["a", "b"] } },
            },
            "$defs": { "time": { "type": "number" } },
        })
    }

    #[test]
    fn what_the_schema_describes_is_allowed() {
        let value =
            json!({ "name": "latency", "times": [1, 2.5], "seed": null, "run": null, "by": { "x": "a" } });
        assert_eq!(violations(&schema(), &value), Vec::<String>::new());
    }

    #[test]
    fn everything_else_is_told_with_its_place() {
        let value = json!({
            "name": "other", "times": [1, "two"], "seed": -1, "run": "x", "by": { "x": "c" }, "more": 1,
        });
        let found = violations(&schema(), &value).join("\n");
        for place in [
            "$.name",
            "$.times[1]",
            "$.seed",
            "$.run",
            "$.by.x",
            "$.more is not described",
        ] {
            assert!(found.contains(place), "{place} in\n{found}");
        }
        assert_eq!(
            violations(&schema(), &json!({ "name": "latency" })),
            ["$.times is missing"]
        );
    }

    #[test]
    #[should_panic(expected = "does not know \"pattern\"")]
    fn a_rule_that_is_not_known_is_no_rule_that_is_kept() {
        let _ = violations(&json!({ "pattern": "x" }), &json!("x"));
    }
}

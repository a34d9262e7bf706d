//! The JSON is held against its published schema, by the house's own reader of schemas.

use serde_json::Value;

use super::sample;
use crate::{report::json, testing::house};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../schema/report.v1.json")).unwrap()
}

/// In what a report's JSON is not what its schema describes.
pub(in crate::report) fn violations(json: &[u8]) -> Vec<String> {
    house::violations(&schema(), &serde_json::from_slice(json).unwrap())
}

#[test]
fn the_json_is_what_its_schema_describes() {
    let json = json(&sample::model()).unwrap();
    assert_eq!(violations(&json), Vec::<String>::new());
}

#[test]
fn every_key_of_the_schema_is_in_the_json_of_a_full_report() {
    let value: Value = serde_json::from_slice(&json(&sample::model()).unwrap()).unwrap();
    let schema = schema();
    for name in schema["properties"].as_object().unwrap().keys() {
        assert!(value.get(name).is_some(), "{name}");
    }
}

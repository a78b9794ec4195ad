//! docs/summary.schema.json against the summaries of the fixtures and of the sample.
//!
//! Owns a reader of the few keywords that the schema uses. It is stricter than JSON Schema in one point: a field that the schema does
//! not describe is an error, so that nothing is published undescribed.

use serde_json::Value;

use super::fixture::{alone, nothing, organisation};
use super::{build, compare, summary};

/// What is wrong with `value` by `schema`, with the place.
fn violations(schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let known = ["$schema", "$id", "title", "description", "type", "enum", "const", "properties", "required", "items"];
    let keywords = schema.as_object().unwrap().keys().filter(|key| *key != "additionalProperties");
    wrong.extend(keywords.filter(|key| !known.contains(&key.as_str())).map(|key| format!("keyword {key} is not read")));
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().map(|one| one.as_str().unwrap()).collect(),
        _ => Vec::new(),
    };
    let is = |name: &&str| match *name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    if !types.is_empty() && !types.iter().any(is) {
        wrong.push(format!("{place}: {value} is none of {types:?}"));
    }
    if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
        wrong.push(format!("{place}: {value} is not in the enumeration"));
    }
    if !schema["const"].is_null() && schema["const"] != *value {
        wrong.push(format!("{place}: {value} is not {}", schema["const"]));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        wrong.extend(violations(&schema["items"], item, &format!("{place}[{index}]")));
    }
    let Some(object) = value.as_object() else { return wrong };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            wrong.push(format!("{place}: {name} is missing"));
        }
    }
    for (name, field) in object {
        let place = format!("{place}.{name}");
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(schema), _) | (None, Some(schema)) => wrong.extend(violations(schema, field, &place)),
            (None, None) => wrong.push(format!("{place} is not described")),
        }
    }
    wrong
}

/// A JSON file of the repository.
fn file(path: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn summaries_are_as_published() {
    let schema = file("docs/summary.schema.json");
    let mut compared = organisation();
    compared.earlier = Some(compare::earlier(&summary::render(&build(&compared)).unwrap()).unwrap());
    let lakes = [("organisation", organisation()), ("alone", alone()), ("nothing", nothing()), ("compared", compared)];
    for (name, inputs) in lakes {
        let summary: Value = serde_json::from_str(&summary::render(&build(&inputs)).unwrap()).unwrap();
        assert_eq!(violations(&schema, &summary, name), Vec::<String>::new());
    }
    assert_eq!(violations(&schema, &file("reports/sample/summary.json"), "sample"), Vec::<String>::new());
}

#[test]
fn what_is_wrong_is_found() {
    let schema: Value = serde_json::json!({
        "type": "object", "required": ["a"],
        "properties": {"a": {"type": ["integer", "null"]}, "b": {"type": "array", "items": {"enum": ["x"]}}},
    });
    let found = |value: Value| violations(&schema, &value, "$").len();
    assert_eq!(found(serde_json::json!({"a": null, "b": ["x"]})), 0);
    assert_eq!(found(serde_json::json!({"b": ["y"], "c": 1})), 3);
    assert_eq!(found(serde_json::json!({"a": 1.5})), 1);
}

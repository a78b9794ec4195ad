//! What a reader's program makes of an output, as counts: the elements of a page after a browser's parsing, the blocks of a document
//! after a Markdown parser's, the rows of a table, the structure of JSON. Texts do not count; everything else does. Used by the unit
//! tests of the report too, by path.

use super::payloads::is_steering;
use html5ever::tendril::TendrilSink;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use pulldown_cmark::{Event, Options, Parser, Tag};
use std::collections::BTreeMap;

/// How often each thing stands in an output.
pub type Shape = BTreeMap<String, usize>;

/// The elements of a page with the names of their attributes and those values that mean something to a browser, counted after parsing as
/// a browser does (the WHATWG algorithm).
///
/// # Panics
/// When something leads out of the page, runs, or steers.
pub fn of_page(page: &str) -> Shape {
    let dom = html5ever::parse_document(RcDom::default(), html5ever::ParseOpts::default()).one(page);
    let mut shape = Shape::new();
    let mut stack: Vec<Handle> = vec![dom.document];
    while let Some(node) = stack.pop() {
        let what = match &node.data {
            NodeData::Element { name, attrs, .. } => {
                let mut words = vec![name.local.to_string()];
                for attribute in attrs.borrow().iter() {
                    let (name, value) = (attribute.name.local.to_string(), attribute.value.to_string());
                    assert!(!name.starts_with("on") && name != "style", "an attribute {name}: {value}");
                    if ["href", "src", "srcset", "action", "data", "formaction"].contains(&name.as_str()) {
                        assert!(value.starts_with('#'), "{name} leads out: {value}");
                    }
                    words.push(if ["class", "role", "http-equiv", "name"].contains(&name.as_str()) {
                        format!("{name}={value}")
                    } else {
                        name
                    });
                }
                words.sort();
                words.join(" ")
            }
            NodeData::Comment { .. } => "comment".to_owned(),
            NodeData::Doctype { name, .. } => format!("doctype {name}"),
            NodeData::ProcessingInstruction { .. } => "instruction".to_owned(),
            NodeData::Text { .. } | NodeData::Document => String::new(),
        };
        assert!(!what.starts_with("script") && !what.starts_with("iframe"), "{what}");
        if !what.is_empty() {
            *shape.entry(what).or_default() += 1;
        }
        stack.extend(node.children.borrow().iter().cloned());
    }
    assert_eq!(page.find(is_steering), None, "a steering character in a page");
    shape
}

/// The blocks and spans of a document, as GitHub's dialect has them.
///
/// # Panics
/// When it has a link, an image, HTML, a mention, a bare address or a steering character.
pub fn of_document(document: &str) -> Shape {
    let mut shape = Shape::new();
    let mut told = String::new();
    let mut in_code = false;
    for event in Parser::new_ext(document, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        let what = match &event {
            Event::Start(tag) => {
                let forbidden = matches!(
                    tag,
                    Tag::Link { .. }
                        | Tag::Image { .. }
                        | Tag::HtmlBlock
                        | Tag::FootnoteDefinition(_)
                        | Tag::MetadataBlock(_)
                );
                assert!(!forbidden, "{tag:?}");
                in_code |= matches!(tag, Tag::CodeBlock(_));
                match tag {
                    Tag::CodeBlock(_) => "CodeBlock".to_owned(),
                    Tag::Table(columns) => format!("Table {}", columns.len()),
                    Tag::Heading { level, .. } => format!("Heading {level}"),
                    other => format!("{other:?}"),
                }
            }
            Event::End(end) => {
                in_code &= !format!("{end:?}").contains("CodeBlock");
                told.push('\n');
                continue;
            }
            Event::Text(text) => {
                if !in_code {
                    told.push_str(text);
                }
                continue;
            }
            Event::Code(_) => "Code".to_owned(),
            Event::SoftBreak | Event::HardBreak => {
                told.push('\n');
                continue;
            }
            Event::Rule => "Rule".to_owned(),
            other => panic!("{other:?}"),
        };
        *shape.entry(what).or_default() += 1;
    }
    // What hosts make of plain text: the word joiner after these is what stops them.
    for (index, _) in told.match_indices(['@', '#']) {
        let next = told[index + 1..].chars().next().unwrap_or(' ');
        assert!(!next.is_ascii_alphanumeric(), "{}", around(&told, index));
    }
    let lower = told.to_lowercase();
    assert!(!lower.contains("://"), "{}", around(&lower, lower.find("://").unwrap_or(0)));
    for (index, _) in lower.match_indices("www.") {
        let next = lower[index + 4..].chars().next().unwrap_or(' ');
        assert!(!next.is_alphanumeric(), "{}", around(&lower, index));
    }
    assert_eq!(document.find(is_steering), None, "a steering character in a document");
    *shape.entry("lines".to_owned()).or_default() += document.lines().count();
    shape
}

/// The rows of a table by their number of cells, and its header.
///
/// # Panics
/// When a text cell would be a formula.
pub fn of_table(table: &str) -> Shape {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(table.as_bytes());
    let mut shape = Shape::from([(format!("{:?}", reader.headers().expect("a header")), 1)]);
    for row in reader.records() {
        let row = row.expect("a row");
        for cell in &row {
            let seen = cell.trim_start_matches(|character: char| character.is_whitespace() || is_steering(character));
            let formula = seen.starts_with(['=', '+', '@', '＝', '＋', '－', '＠'])
                || seen.starts_with('-') && cell.parse::<f64>().is_err();
            assert!(!formula, "a formula: {cell:?}");
        }
        *shape.entry(format!("row of {}", row.len())).or_default() += 1;
    }
    shape
}

/// The structure of JSON: which keys hold what, how often. Keys that are data count as one name.
///
/// # Panics
/// When it is no JSON, or has a steering character that is not an escape.
pub fn of_json(json: &str) -> Shape {
    assert_eq!(json.find(is_steering), None, "a steering character in JSON");
    let value: serde_json::Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json:.300}"));
    let mut shape = Shape::new();
    let mut stack = vec![(String::new(), &value)];
    while let Some((path, value)) = stack.pop() {
        let kind = match value {
            serde_json::Value::Object(members) => {
                for (name, member) in members {
                    // Keys of our own are words; anything else is data, and counts as such.
                    // The signals of a summary stand under their names, people in run.json under pseudonyms.
                    let own = !path.ends_with(".signals")
                        && !path.ends_with(".people")
                        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
                    stack.push((format!("{path}.{}", if own { name } else { "?" }), member));
                }
                "object"
            }
            serde_json::Value::Array(items) => {
                stack.extend(items.iter().map(|item| (format!("{path}[]"), item)));
                "array"
            }
            serde_json::Value::String(_) => "text",
            serde_json::Value::Number(_) => "number",
            serde_json::Value::Null => "null",
            serde_json::Value::Bool(_) => "bool",
        };
        *shape.entry(format!("{path} {kind}")).or_default() += 1;
    }
    shape
}

/// A few characters on both sides of a place.
fn around(text: &str, index: usize) -> String {
    let before: String = text[..index].chars().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect();
    let after: String = text[index..].chars().take(30).collect();
    format!("{before}{after}")
}

/// What stands in one shape and not in the other, for a message that can be read.
pub fn difference(one: &Shape, other: &Shape) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let count = |shape: &Shape, name: &str| shape.get(name).copied().unwrap_or(0);
    names
        .into_iter()
        .filter(|name| count(one, name) != count(other, name))
        .map(|name| format!("{name}: {} instead of {}", count(one, name), count(other, name)))
        .collect()
}

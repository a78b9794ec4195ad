//! The language of `[[mapping]]`, as it is written, and its check: what cannot work is an error of the configuration and not a reject on every row.

use super::fields::{Field, Piece, Rule};
use super::times::{TimeFormat, Times};
use super::{Mapping, PathPattern};
use crate::sources::canonical::Table;
use crate::sources::tabular::{Layout as _, WIDTH};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One `[[mapping]]`. `docs/mappings.md` explains each key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: String,
    table: String,
    path: Option<String>,
    #[serde(default)]
    recognise: Vec<String>,
    #[serde(default)]
    time_formats: Vec<String>,
    time_zone: Option<String>,
    #[serde(default)]
    fields_short: usize,
    fields: BTreeMap<String, toml::Value>,
}

/// One rule of a field.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenRule {
    column: Option<String>,
    values: BTreeMap<String, String>,
    other: Option<String>,
    split: Option<String>,
    value: Option<String>,
    when: Option<String>,
    template: Option<String>,
}

impl TryFrom<Written> for Mapping {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let name = written.name.trim().to_owned();
        check(written, name.clone()).map_err(|message| format!("mapping `{name}`: {message}"))
    }
}

fn check(written: Written, name: String) -> Result<Mapping, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if name.is_empty() || !name.bytes().all(plain) {
        return Err("a name is letters, digits, `_` and `-`".to_owned());
    }
    let table = match written.table.as_str() {
        "events" => Table::Events,
        "outcomes" => Table::Outcomes,
        other => return Err(format!("`table` is events or outcomes, not `{other}`")),
    };
    let mut columns = Vec::new();
    let mut fields = Vec::new();
    for (field, rules) in written.fields {
        let number = table.number(&field).ok_or_else(|| {
            format!("`{field}` is no field of {}; fields are {}", written.table, table.names().join(", "))
        })?;
        let in_field = |message: String| format!("field `{field}`: {message}");
        let rules = rules_of(rules).map_err(in_field)?;
        let rules: Result<_, String> = rules.into_iter().map(|rule| rule_of(rule, &mut columns)).collect();
        fields.push(Field {
            number,
            is_list: table.is_list(number),
            is_moment: table.is_moment(number),
            // Ids of two mappings may be the same number.
            prefix: (field == "event_id").then(|| format!("{name}:")),
            rules: rules.map_err(in_field)?,
        });
    }
    for required in table.required() {
        if !fields.iter().any(|field: &Field| table.names().get(field.number) == Some(required)) {
            return Err(format!("nothing is said of `{required}`, without which a row is nothing"));
        }
    }
    if columns.len() > WIDTH {
        return Err(format!("it reads {} columns; {WIDTH} is the limit", columns.len()));
    }
    let landmarks = if written.recognise.is_empty() { columns.clone() } else { written.recognise };
    if landmarks.is_empty() {
        return Err("it reads no column".to_owned());
    }
    if let Some(stranger) = landmarks.iter().find(|name| name.contains('.') && !columns.contains(name)) {
        return Err(format!("`recognise`: `{stranger}` is read by no field"));
    }
    // NDJSON knows only columns that have a number.
    for landmark in &landmarks {
        if !columns.contains(landmark) && columns.len() < WIDTH {
            columns.push(landmark.clone());
        }
    }
    let path = written.path.as_deref().map(|path| pattern(path).map_err(|error| format!("`path`: {error}")));
    let zone = match &written.time_zone {
        Some(zone) => {
            Some(jiff::tz::TimeZone::get(zone).map_err(|_| format!("`time_zone`: there is no zone `{zone}`"))?)
        }
        None => None,
    };
    let formats: Result<_, String> = written.time_formats.iter().map(|format| TimeFormat::new(format)).collect();
    Ok(Mapping {
        name,
        table,
        columns,
        landmarks,
        fields,
        path: path.transpose()?,
        times: Times { formats: formats.map_err(|message| format!("`time_formats`: {message}"))?, zone },
        fields_short: written.fields_short,
    })
}

/// A pattern that fits at any directory, as those of `[[identity]]` do.
fn pattern(path: &str) -> Result<PathPattern, globset::Error> {
    let anywhere = format!("{{**/,}}{}", path.trim_start_matches('/'));
    let glob = globset::GlobBuilder::new(&anywhere).literal_separator(true).build()?;
    Ok(PathPattern { written: path.to_owned(), matcher: glob.compile_matcher() })
}

/// A field is said by a column's name, one rule, or several in their order.
fn rules_of(value: toml::Value) -> Result<Vec<WrittenRule>, String> {
    let several = match value {
        toml::Value::Array(rules) => rules,
        one => vec![one],
    };
    if several.is_empty() {
        return Err("an empty list says nothing".to_owned());
    }
    several
        .into_iter()
        .map(|rule| match rule {
            toml::Value::String(column) => Ok(WrittenRule { column: Some(column), ..WrittenRule::default() }),
            toml::Value::Table(_) => rule.try_into().map_err(|error: toml::de::Error| error.message().to_owned()),
            other => Err(format!("a rule is a column's name or a table, not {}", other.type_str())),
        })
        .collect()
}

fn rule_of(rule: WrittenRule, columns: &mut Vec<String>) -> Result<Rule, String> {
    let WrittenRule { column, values, other, split, value, when, template } = rule;
    let translates = !values.is_empty() || other.is_some();
    match (column, value, template) {
        (Some(column), None, None) if when.is_none() => Ok(Rule::Column {
            column: number(&column, columns),
            values: values.into_iter().map(|(from, to)| (from.trim().to_lowercase(), to)).collect(),
            other,
            split,
        }),
        (None, Some(value), None) if !translates && split.is_none() => {
            Ok(Rule::Constant { value, when: when.map(|when| number(&when, columns)) })
        }
        (None, None, Some(template)) if !translates && split.is_none() && when.is_none() => {
            Ok(Rule::Template(pieces(&template, columns)?))
        }
        _ => Err("a rule is a `column` (with `values`, `other`, `split`), a `value` (with `when`) or a `template`"
            .to_owned()),
    }
}

fn number(column: &str, columns: &mut Vec<String>) -> usize {
    columns.iter().position(|known| known == column).unwrap_or_else(|| {
        columns.push(column.to_owned());
        columns.len() - 1
    })
}

/// `{Repository}#{Number}`: columns between braces.
fn pieces(template: &str, columns: &mut Vec<String>) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (column, behind) = after.split_once('}').ok_or("a brace of `template` is not closed")?;
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(Piece::Column(number(column, columns)));
        rest = behind;
    }
    if pieces.is_empty() {
        return Err("`template` names no column; write {Column}, or use `value`".to_owned());
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

//! The comment header of a model file: what a model is, what it reads, and its parameters.
//!
//! Owns the syntax (`-- key: value`, continued on lines that are indented further) and the types of parameters.
//! Owns no files and no order, which are [`super::models`]'s, and no SQL.

use datafusion::scalar::ScalarValue;
use std::fmt;

/// Keys that a header may have, in the order in which the house writes them.
const KEYS: &[&str] = &[
    "model",
    "grain",
    "reads",
    "family",
    "measures",
    "suggests",
    "innocent",
    "abstains",
    "evasion",
    "reference",
    "params",
    "store",
    "part",
];

/// The parameters that say to a model with `part: slice` which slice it works on, and of how many.
pub(super) const SLICE_PARAMS: [&str; 2] = ["slice", "slices"];

/// How the result of a model is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// Computed anew by each reader, which then reads only the columns that it needs.
    View,
    /// Computed once.
    Table,
}

/// In which pieces a model may be run, with the same rows in any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All at once.
    Whole,
    /// `part: person`: each row is made of one person's or one session's steps alone, so buckets of people.
    Person,
    /// `part: slice`: each row is made of what falls in one slice of a key's hashes, which the model picks itself by its parameters
    /// `$slice`, from 0, and `$slices`, of which the engine gives the values.
    Slice,
}

/// A typed parameter value.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// Whole number.
    Int(i64),
    /// Number with a fraction.
    Float(f64),
    /// Text, in single quotes in a header.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
}

impl ParamValue {
    /// Reads the spelling of a header: `true`, `3`, `0.5`, `'text'`.
    pub fn parse(word: &str) -> Option<Self> {
        if let Some(text) = word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return (!text.contains('\'')).then(|| Self::Text(text.to_owned()));
        }
        match word {
            "true" => return Some(Self::Bool(true)),
            "false" => return Some(Self::Bool(false)),
            _ => {}
        }
        if let Ok(number) = word.parse() {
            return Some(Self::Int(number));
        }
        let starts_like_a_number = word.starts_with(|first: char| first.is_ascii_digit() || first == '-');
        let number = word.parse::<f64>().ok().filter(|number| number.is_finite());
        number.filter(|_| starts_like_a_number).map(Self::Float)
    }

    /// The name of the type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "text",
            Self::Bool(_) => "bool",
        }
    }

    /// This value as the type of `default`: the same type, or a whole number where a float is wanted.
    pub fn as_type_of(&self, default: &Self) -> Option<Self> {
        match (self, default) {
            (Self::Int(number), Self::Float(_)) => Some(Self::Float(*number as f64)),
            (Self::Int(_), Self::Int(_))
            | (Self::Float(_), Self::Float(_))
            | (Self::Text(_), Self::Text(_))
            | (Self::Bool(_), Self::Bool(_)) => Some(self.clone()),
            _ => None,
        }
    }

    /// The value as DataFusion binds it.
    pub fn to_scalar(&self) -> ScalarValue {
        match self {
            Self::Int(number) => ScalarValue::Int64(Some(*number)),
            Self::Float(number) => ScalarValue::Float64(Some(*number)),
            Self::Text(text) => ScalarValue::Utf8(Some(text.clone())),
            Self::Bool(flag) => ScalarValue::Boolean(Some(*flag)),
        }
    }
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Bool(flag) => write!(f, "{flag}"),
        }
    }
}

/// A parameter with its default.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Name, bound as `$name`.
    pub name: String,
    /// Default; its type is the parameter's.
    pub default: ParamValue,
}

/// What the header of a model file says. Prose that a model does not need is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Name; the file is named for it.
    pub model: String,
    /// What one row is.
    pub grain: String,
    /// Models and base tables that it reads.
    pub reads: Vec<String>,
    /// Evidence family of a signal: `REDUNDANCY`, `AGENT-WASTE`, `NO-CONSUMPTION`, `CLOCK`, `INCENTIVE`, `SPEND`.
    pub family: String,
    /// What is measured.
    pub measures: String,
    /// What a high reading suggests.
    pub suggests: String,
    /// What innocently looks like it.
    pub innocent: String,
    /// When it says nothing.
    pub abstains: String,
    /// How it can be evaded, and what counters that.
    pub evasion: String,
    /// Where the definition comes from.
    pub reference: String,
    /// Parameters, in the order of the file.
    pub params: Vec<Param>,
    /// What the model may be worked on in, one piece after the other.
    pub part: Part,
    /// The model that says which people share sessions, for the one that the buckets begin with: `part: person, shared by MODEL`.
    pub shared: Option<String>,
    /// How the result is kept; views for `stg_`, tables for the rest unless the header says otherwise.
    pub store: Store,
}

/// What is wrong with a header, and on which line (from 1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct HeaderError {
    /// Line in the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// One `-- key: value` with its continuation lines joined by blanks.
struct Field {
    line: usize,
    key: &'static str,
    value: String,
}

impl Header {
    /// What must have run before: what is read, and what the buckets are made of.
    pub fn needs(&self) -> impl Iterator<Item = &String> {
        self.reads.iter().chain(&self.shared)
    }

    /// Parses the comment lines that a file begins with.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let fields = fields(text)?;
        let value = |key: &str| fields.iter().find(|field| field.key == key);
        let prose = |key: &str| value(key).map(|field| field.value.clone()).unwrap_or_default();
        let required = |key: &str| match value(key) {
            Some(field) if !field.value.is_empty() => Ok(field.value.clone()),
            Some(field) => Err(HeaderError { line: field.line, problem: format!("`{key}` is empty") }),
            None => Err(HeaderError { line: 1, problem: format!("the header has no `{key}`") }),
        };
        let model = required("model")?;
        let store = match value("store") {
            None if model.starts_with("stg_") => Store::View,
            None => Store::Table,
            Some(field) => match field.value.as_str() {
                "view" => Store::View,
                "table" => Store::Table,
                other => {
                    let problem = format!("`store` is `view` or `table`, not `{other}`");
                    return Err(HeaderError { line: field.line, problem });
                }
            },
        };
        let (part, shared) = part(value("part"))?;
        let params = value("params").map(params).transpose()?.unwrap_or_default();
        if part == Part::Slice && !SLICE_PARAMS.iter().all(|name| params.iter().any(|param| param.name == *name)) {
            return Err(HeaderError {
                line: 1,
                problem: "`part: slice` takes `slice = 0, slices = 1` in `params`".into(),
            });
        }
        Ok(Self {
            part,
            shared,
            grain: required("grain")?,
            reads: required("reads")?.split(',').map(|name| name.trim().to_owned()).collect(),
            family: prose("family"),
            measures: prose("measures"),
            suggests: prose("suggests"),
            innocent: prose("innocent"),
            abstains: prose("abstains"),
            evasion: prose("evasion"),
            reference: prose("reference"),
            params,
            model,
            store,
        })
    }
}

/// `slice`, `person`, or `person, shared by MODEL`.
fn part(field: Option<&Field>) -> Result<(Part, Option<String>), HeaderError> {
    let Some(field) = field else { return Ok((Part::Whole, None)) };
    if field.value == "slice" {
        return Ok((Part::Slice, None));
    }
    match field.value.strip_prefix("person").map(|rest| (rest, rest.strip_prefix(", shared by "))) {
        Some(("", _)) => Ok((Part::Person, None)),
        Some((_, Some(model))) if !model.is_empty() => Ok((Part::Person, Some(model.to_owned()))),
        _ => {
            let problem = format!("`part` is `slice`, `person` or `person, shared by MODEL`, not `{}`", field.value);
            Err(HeaderError { line: field.line, problem })
        }
    }
}

fn fields(text: &str) -> Result<Vec<Field>, HeaderError> {
    let mut fields: Vec<Field> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let wrong = |problem: String| HeaderError { line: line_number, problem };
        let Some(comment) = line.strip_prefix("--") else { break };
        if comment.starts_with("  ") {
            let Some(field) = fields.last_mut() else {
                return Err(wrong("a continuation line before the first key".into()));
            };
            if !field.value.is_empty() {
                field.value.push(' ');
            }
            field.value.push_str(comment.trim());
            continue;
        }
        let Some((key, value)) = comment.trim_start().split_once(':') else {
            return Err(wrong("expected `-- key: value`, or a continuation indented by two blanks".into()));
        };
        let Some(known) = KEYS.iter().copied().find(|known| *known == key) else {
            return Err(wrong(format!("unknown key `{key}`; known are {}", KEYS.join(", "))));
        };
        if fields.iter().any(|field| field.key == known) {
            return Err(wrong(format!("`{key}` is there twice")));
        }
        fields.push(Field { line: line_number, key: known, value: value.trim().to_owned() });
    }
    Ok(fields)
}

fn params(field: &Field) -> Result<Vec<Param>, HeaderError> {
    let mut params: Vec<Param> = Vec::new();
    for item in split_outside_quotes(&field.value) {
        let wrong = |problem: String| HeaderError { line: field.line, problem };
        let Some((name, word)) = item.split_once('=').map(|(name, word)| (name.trim(), word.trim())) else {
            return Err(wrong(format!("parameter `{item}` is not `name = value`")));
        };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
            return Err(wrong(format!("parameter name `{name}` is not lower-case snake case")));
        }
        let Some(default) = ParamValue::parse(word) else {
            return Err(wrong(format!("parameter `{name}`: `{word}` is no int, float, 'text', true or false")));
        };
        if params.iter().any(|param| param.name == name) {
            return Err(wrong(format!("parameter `{name}` is there twice")));
        }
        params.push(Param { name: name.to_owned(), default });
    }
    Ok(params)
}

fn split_outside_quotes(list: &str) -> Vec<&str> {
    let mut quoted = false;
    let items = list.split(move |c| {
        quoted ^= c == '\'';
        c == ',' && !quoted
    });
    items.map(str::trim).filter(|item| !item.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multi_line_values_and_typed_parameters() {
        let header = Header::parse(
            "-- model: sig_x\n-- grain: one session\n-- reads: int_calls,\n--   fct_sessions\n-- measures: calls: how\n\
             --   often\n-- params: least = 3, share = 0.5, word = 'a, b', strict = true\nselect 1\n",
        )
        .unwrap();
        assert_eq!(header.reads, ["int_calls", "fct_sessions"]);
        assert_eq!(header.measures, "calls: how often");
        assert_eq!(header.store, Store::Table);
        assert_eq!((header.part, header.shared), (Part::Whole, None));
        let part = |part: &str| {
            let params = "slice = 0, slices = 1";
            let text = format!("-- model: a\n-- grain: b\n-- reads: c\n-- params: {params}\n-- part: {part}");
            let header = Header::parse(&text).unwrap();
            (header.part, header.shared)
        };
        assert_eq!(part("slice"), (Part::Slice, None));
        assert_eq!(part("person"), (Part::Person, None));
        assert_eq!(part("person, shared by int_b"), (Part::Person, Some("int_b".to_owned())));
        let params: Vec<String> = header.params.iter().map(|p| format!("{}={}", p.name, p.default)).collect();
        assert_eq!(params, ["least=3", "share=0.5", "word='a, b'", "strict=true"]);
    }

    #[test]
    fn problems_name_the_line() {
        let wrong = |text: &str| {
            let error = Header::parse(text).unwrap_err();
            format!("{}: {}", error.line, error.problem)
        };
        assert_eq!(wrong("select 1"), "1: the header has no `model`");
        assert_eq!(wrong("-- model: a\n-- grain:\n-- reads: b"), "2: `grain` is empty");
        assert_eq!(wrong("--   early"), "1: a continuation line before the first key");
        assert!(wrong("-- model: a\n-- colour: red").starts_with("2: unknown key `colour`"));
        assert_eq!(wrong("-- model: a\n-- model: b"), "2: `model` is there twice");
        let with = |params: &str| wrong(&format!("-- model: a\n-- grain: b\n-- reads: c\n-- params: {params}"));
        assert_eq!(with("x"), "4: parameter `x` is not `name = value`");
        assert_eq!(with("x = nan"), "4: parameter `x`: `nan` is no int, float, 'text', true or false");
        assert_eq!(with("x = 1, x = 2"), "4: parameter `x` is there twice");
        assert_eq!(
            wrong("-- model: a\n-- grain: b\n-- reads: c\n-- store: disk").split(',').next(),
            Some("4: `store` is `view` or `table`")
        );
        let with = |part: &str| wrong(&format!("-- model: a\n-- grain: b\n-- reads: c\n-- part: {part}"));
        assert_eq!(with("team"), "4: `part` is `slice`, `person` or `person, shared by MODEL`, not `team`");
        assert!(with("person, shared by ").starts_with("4: `part` is"));
        assert_eq!(with("slice"), "1: `part: slice` takes `slice = 0, slices = 1` in `params`");
    }

    #[test]
    fn a_whole_number_may_stand_for_a_float_but_nothing_else_changes_type() {
        let float = ParamValue::Float(0.5);
        assert_eq!(ParamValue::Int(2).as_type_of(&float), Some(ParamValue::Float(2.0)));
        assert_eq!(float.as_type_of(&ParamValue::Int(2)), None);
        assert_eq!(ParamValue::Text("2".into()).as_type_of(&float), None);
    }
}

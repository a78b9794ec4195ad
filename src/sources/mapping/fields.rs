//! From the cells of a foreign row to the cell of one canonical field.

use super::times::Times;
use crate::sources::tabular::Cell;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A canonical field and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Its number in the canonical row.
    pub(super) number: usize,
    pub(super) is_list: bool,
    pub(super) is_moment: bool,
    /// Put before a text.
    pub(super) prefix: Option<String>,
    /// The first that gives something decides; a list takes what all of them give.
    pub(super) rules: Vec<Rule>,
}

/// One way to fill a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    /// What a column says, translated where the mapping knows the word. Keys are in lower case.
    Column { column: usize, values: BTreeMap<String, String>, other: Option<String>, split: Option<String> },
    /// Always the same, or only where a column has something.
    Constant { value: String, when: Option<usize> },
    /// Columns put together; nothing when one of them has nothing.
    Template(Vec<Piece>),
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Column(usize),
}

impl Field {
    /// Whether the field is filled from this column as it stands.
    pub(super) fn reads(&self, number: usize) -> bool {
        self.rules.iter().any(|rule| matches!(rule, Rule::Column { column, .. } if *column == number))
    }

    /// The canonical cell of a row.
    pub(super) fn cell<'b>(&'b self, cells: &'b [Cell<'_>], times: &Times) -> Cell<'b> {
        if self.is_list {
            let items: Vec<Cow<'b, str>> = self.rules.iter().flat_map(|rule| rule.items(cells)).collect();
            return if items.is_empty() { Cell::Null } else { Cell::List(items) };
        }
        let cell = self.rules.iter().map(|rule| rule.cell(cells)).find(|cell| !is_nothing(cell)).unwrap_or_default();
        let cell = if self.is_moment { moment(cell, times) } else { cell };
        match (&self.prefix, cell) {
            (Some(prefix), Cell::Text(text)) => Cell::Text(Cow::Owned(format!("{prefix}{text}"))),
            (Some(prefix), Cell::Integer(number)) => Cell::Text(Cow::Owned(format!("{prefix}{number}"))),
            (_, cell) => cell,
        }
    }
}

impl Rule {
    fn cell<'b>(&'b self, cells: &'b [Cell<'_>]) -> Cell<'b> {
        match self {
            Rule::Column { column, values, other, .. } => {
                let cell = seen(&cells[*column]);
                if values.is_empty() && other.is_none() || is_nothing(&cell) {
                    return cell;
                }
                let Some(word) = text_of(&cell) else { return cell };
                match values.get(&word.trim().to_lowercase()).or(other.as_ref()) {
                    Some(translated) => Cell::Text(Cow::Borrowed(translated)),
                    // A word that the mapping does not know goes on as it is, to be rejected where a vocabulary is closed.
                    None => cell,
                }
            }
            Rule::Constant { value, when } => {
                let holds = when.is_none_or(|column| !is_nothing(&seen(&cells[column])));
                if holds { Cell::Text(Cow::Borrowed(value)) } else { Cell::Null }
            }
            Rule::Template(pieces) => {
                let mut whole = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => whole.push_str(text),
                        Piece::Column(column) => match text_of(&seen(&cells[*column])) {
                            Some(text) if !text.trim().is_empty() => whole.push_str(text.trim()),
                            _ => return Cell::Null,
                        },
                    }
                }
                Cell::Text(Cow::Owned(whole))
            }
        }
    }

    /// What the rule adds to a list.
    fn items<'b>(&'b self, cells: &'b [Cell<'_>]) -> Vec<Cow<'b, str>> {
        let separator = match self {
            Rule::Column { split: Some(split), .. } => split.as_str(),
            _ => ";",
        };
        // Several columns of one name are a list already; each of them may hold several.
        let texts: Vec<Cow<'b, str>> = match self {
            Rule::Column { column, .. } => match &cells[*column] {
                Cell::List(items) => items.iter().map(|item| Cow::Borrowed(item.as_ref())).collect(),
                _ => text_of(&self.cell(cells)).into_iter().map(|text| Cow::Owned(text.into_owned())).collect(),
            },
            _ => text_of(&self.cell(cells)).into_iter().map(|text| Cow::Owned(text.into_owned())).collect(),
        };
        let split = texts.iter().flat_map(|text| text.split(separator)).map(str::trim);
        split.filter(|item| !item.is_empty()).map(|item| Cow::Owned(item.to_owned())).collect()
    }
}

/// A cell as the mapping sees it: without the apostrophe that guards spreadsheets against formulas, and of several columns of one name the first.
fn seen<'b>(cell: &'b Cell<'_>) -> Cell<'b> {
    let unguarded = |text: &'b str| match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => Cell::Text(Cow::Borrowed(rest)),
        _ => Cell::Text(Cow::Borrowed(text)),
    };
    match cell {
        Cell::Null => Cell::Null,
        Cell::Text(text) => unguarded(text.as_ref()),
        Cell::List(items) => items.first().map_or(Cell::Null, |first| unguarded(first.as_ref())),
        Cell::Integer(number) => Cell::Integer(*number),
        Cell::Float(number) => Cell::Float(*number),
        Cell::Flag(flag) => Cell::Flag(*flag),
        Cell::Moment(us) => Cell::Moment(*us),
        Cell::WallClock(us) => Cell::WallClock(*us),
        Cell::Json(json) => Cell::Json(json),
        Cell::Bad => Cell::Bad,
    }
}

fn is_nothing(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Null => true,
        Cell::Text(text) => text.trim().is_empty(),
        Cell::List(items) => items.is_empty(),
        _ => false,
    }
}

/// What a cell says as a word; null for what is no word.
fn text_of<'b>(cell: &Cell<'b>) -> Option<Cow<'b, str>> {
    match cell {
        Cell::Text(text) => Some(text.clone()),
        Cell::Integer(number) => Some(Cow::Owned(number.to_string())),
        Cell::Float(number) => Some(Cow::Owned(number.to_string())),
        Cell::Flag(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Cell::Json(json) => serde_json::from_str::<String>(json).ok().map(Cow::Owned).or(Some(Cow::Borrowed(*json))),
        _ => None,
    }
}

/// A cell as a moment that the canonical format reads. What is none stays as it is, to be rejected there.
fn moment<'b>(cell: Cell<'b>, times: &Times) -> Cell<'b> {
    let count = match &cell {
        Cell::Integer(number) => times.count(*number as f64),
        Cell::Float(number) => times.count(*number),
        Cell::WallClock(us) => times.wall_clock(*us),
        _ => None,
    };
    match (&cell, count) {
        (_, Some(us)) => Cell::Moment(us),
        (Cell::Text(text), None) => times.read(text).map_or(cell.clone(), |read| Cell::Text(Cow::Owned(read))),
        _ => cell,
    }
}

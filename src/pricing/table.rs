//! `prices.tsv`: one line a model, parsed when it is asked for.

use rustc_hash::FxHashMap;
use std::sync::LazyLock;

static TABLE: &str = include_str!("prices.tsv");

/// Lines by lower-case model name.
static LINES: LazyLock<FxHashMap<&'static str, &'static str>> =
    LazyLock::new(|| TABLE.lines().skip(2).filter_map(|line| Some((line.split('\t').next()?, line))).collect());

/// Pico-dollars per token; null where the table has no price.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rates {
    pub(super) input: Option<i64>,
    pub(super) output: Option<i64>,
    pub(super) cache_read: Option<i64>,
    pub(super) cache_write: Option<i64>,
    pub(super) cache_write_1h: Option<i64>,
    pub(super) reasoning: Option<i64>,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Name in the table, lower case.
    pub(super) model: &'static str,
    /// LiteLLM's name of the provider.
    pub(super) provider: &'static str,
    /// Up to the first threshold.
    pub(super) base: Rates,
    /// Factor of fast mode in thousandths.
    pub(super) fast_per_mille: Option<i64>,
    /// Above so many tokens on the input side, these rates, ascending.
    pub(super) tiers: Vec<(i64, Rates)>,
}

/// The litellm versions, from the first line.
pub(super) fn version() -> &'static str {
    TABLE.lines().next().and_then(|line| line.strip_prefix("# litellm ")).unwrap_or("")
}

/// The row of this exact lower-case name.
pub(super) fn row(model: &str) -> Option<Row> {
    LINES.get(model).and_then(|line| parse(line))
}

fn parse(line: &'static str) -> Option<Row> {
    let mut fields = line.split('\t');
    let (model, provider) = (fields.next()?, fields.next()?);
    let base = rates(&mut fields)?;
    let fast_per_mille = number(fields.next()?)?;
    let tiers = fields
        .next()?
        .split(';')
        .filter(|tier| !tier.is_empty())
        .map(|tier| {
            let mut fields = tier.split(':');
            Some((fields.next()?.parse().ok()?, rates(&mut fields)?))
        })
        .collect::<Option<_>>()?;
    Some(Row { model, provider, base, fast_per_mille, tiers })
}

fn rates<'a>(fields: &mut impl Iterator<Item = &'a str>) -> Option<Rates> {
    let mut next = || number(fields.next()?);
    Some(Rates {
        input: next()?,
        output: next()?,
        cache_read: next()?,
        cache_write: next()?,
        cache_write_1h: next()?,
        reasoning: next()?,
    })
}

/// An empty field is no price; anything else must be a number.
fn number(field: &str) -> Option<Option<i64>> {
    if field.is_empty() { Some(None) } else { field.parse().ok().map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_parses_and_is_sorted_with_ascending_tiers() {
        let lines: Vec<&str> = TABLE.lines().skip(2).collect();
        assert!(lines.len() > 1_000 && TABLE.len() < 250_000);
        let names: Vec<&str> = lines.iter().map(|line| line.split('\t').next().unwrap()).collect();
        assert!(names.is_sorted());
        assert_eq!(LINES.len(), lines.len(), "a name stands twice");
        for line in lines {
            let row = parse(line).unwrap_or_else(|| panic!("{line}"));
            assert!(row.base.input.is_some() && row.base.output.is_some(), "{line}");
            assert!(row.tiers.is_sorted_by_key(|(threshold, _)| *threshold), "{line}");
            assert_eq!(row.model, row.model.to_lowercase());
        }
        assert!(version().starts_with("1."));
    }
}

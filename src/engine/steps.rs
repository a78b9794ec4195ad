//! The steps of a model: its common table expressions, and which of them are worth computing once.
//!
//! Owns the reading of a statement's `with`. DataFusion puts the text of a common table expression in the place of its name, so what three others
//! read is computed three times. Here such a step becomes a query of its own, whose rows the ones after it read as a table.
//! Owns no running and no keeping of rows.
//!
//! A step that only picks columns and rows of one table stays where it is: DataFusion reads no more of the table than each reader needs.

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::{
    Cte, Expr, GroupByExpr, ObjectName, Query, SetExpr, Statement, TableFactor, Visit, With, visit_expressions,
    visit_relations,
};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Readers from which on a step that only picks rows of one table is computed once too: so often the table is not read.
const READERS_OF_A_CHOICE: usize = 3;

/// A statement as the queries that it is run as.
pub(super) struct Steps {
    /// Steps with several readers, each with its name, in the order of the text.
    pub(super) shared: Vec<(String, Parsed)>,
    /// What gives the rows of the model.
    pub(super) last: Parsed,
}

impl Steps {
    /// Takes a statement apart. A step that has the name of one of the `tables` stays where it is.
    pub(super) fn of(state: &SessionState, sql: &str, tables: &[String]) -> Result<Self> {
        let dialect = state.config_options().sql_parser.dialect;
        let query = match state.sql_to_statement(sql, &dialect)? {
            Parsed::Statement(statement) => match *statement {
                Statement::Query(query) => query,
                other => return Err(DataFusionError::Plan(format!("a model is one SELECT statement, not {other}"))),
            },
            other => return Err(DataFusionError::Plan(format!("a model is one SELECT statement, not {other}"))),
        };
        let mut last = *query;
        if last.with.as_ref().is_some_and(|with| with.recursive) {
            return Ok(Self { shared: Vec::new(), last: parsed(last) });
        }
        let steps = last.with.take().map(|with| with.cte_tables).unwrap_or_default();
        let mut kept: Vec<Cte> = Vec::new();
        let mut shared = Vec::new();
        for (place, step) in steps.iter().enumerate() {
            let name = step.alias.name.value.as_str();
            let later = steps[place + 1..].iter().map(|other| readers(other.query.as_ref(), name));
            let readers = later.sum::<usize>() + readers(&last, name);
            let can_be_table =
                step.alias.columns.is_empty() && step.query.with.is_none() && tables.iter().all(|table| table != name);
            if can_be_table && readers >= if is_choice(&step.query) { READERS_OF_A_CHOICE } else { 2 } {
                shared.push((name.to_owned(), parsed(with_steps(step.query.as_ref().clone(), &kept))));
            } else {
                kept.push(step.clone());
            }
        }
        Ok(Self { shared, last: parsed(with_steps(last, &kept)) })
    }
}

fn parsed(query: Query) -> Parsed {
    Parsed::Statement(Box::new(Statement::Query(Box::new(query))))
}

/// How often a query names a table.
fn readers(query: &impl Visit, table: &str) -> usize {
    let mut found = 0;
    let _: ControlFlow<()> = visit_relations(query, |relation: &ObjectName| {
        found += usize::from(is_named(relation, table));
        ControlFlow::Continue(())
    });
    found
}

fn is_named(relation: &ObjectName, table: &str) -> bool {
    matches!(relation.0.as_slice(), [part] if part.as_ident().is_some_and(|ident| ident.value == table))
}

/// The query with those of the `steps` that it reads, directly or through others of them.
fn with_steps(mut query: Query, steps: &[Cte]) -> Query {
    let mut needed = BTreeSet::new();
    for (place, step) in steps.iter().enumerate().rev() {
        let name = step.alias.name.value.as_str();
        let by_steps = needed.iter().any(|reader: &usize| readers(steps[*reader].query.as_ref(), name) > 0);
        if by_steps || readers(&query, name) > 0 {
            needed.insert(place);
        }
    }
    let cte_tables: Vec<Cte> = needed.into_iter().map(|place| steps[place].clone()).collect();
    if !cte_tables.is_empty() {
        let with_token = datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken::empty();
        query.with = Some(With { with_token, recursive: false, cte_tables });
    }
    query
}

/// Whether a query only picks columns and rows of one table.
fn is_choice(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let [from] = select.from.as_slice() else { return false };
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    if is_grouped || select.distinct.is_some() || select.having.is_some() || !from.joins.is_empty() {
        return false;
    }
    if !matches!(from.relation, TableFactor::Table { args: None, .. }) {
        return false;
    }
    let made = visit_expressions(select, |expression: &Expr| match expression {
        Expr::Function(function)
            if function.over.is_some() || MAKES_ROWS.contains(&function.name.to_string().as_str()) =>
        {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    made.is_continue()
}

/// Functions that make other rows of those that are there.
const MAKES_ROWS: [&str; 6] = ["unnest", "count", "sum", "min", "max", "avg"];

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::SessionContext;

    fn steps(sql: &str) -> (Vec<String>, String) {
        let steps = Steps::of(&SessionContext::new().state(), sql, &["events".to_owned()]).unwrap();
        let shared = steps.shared.into_iter().map(|(name, query)| format!("{name}: {query}")).collect();
        (shared, steps.last.to_string())
    }

    #[test]
    fn a_step_with_two_readers_is_computed_once_with_what_it_reads() {
        let (shared, last) = steps(
            "with plain as (select a from events), sums as (select a, sum(b) as b from plain group by a), \
             other as (select b from sums) select * from sums join other on sums.b = other.b",
        );
        let sums = "sums: WITH plain AS (SELECT a FROM events) SELECT a, sum(b) AS b FROM plain GROUP BY a";
        assert_eq!(shared, [sums]);
        assert_eq!(last, "WITH other AS (SELECT b FROM sums) SELECT * FROM sums JOIN other ON sums.b = other.b");
    }

    #[test]
    fn one_reader_names_of_tables_and_choices_stay() {
        let stays = |sql: &str| assert_eq!(steps(sql).0, Vec::<String>::new(), "{sql}");
        stays("with sums as (select sum(b) as b from events) select * from sums");
        stays("with events as (select distinct a from logs) select * from events union all select * from events");
        stays("with some as (select a from events where a > 1) select * from some union all select * from some");
        stays("select 1");
        let recursive =
            "WITH RECURSIVE n AS (SELECT max(a) AS a FROM events UNION ALL SELECT a - 1 FROM n) SELECT * FROM n";
        assert_eq!(steps(recursive), (Vec::new(), recursive.to_owned()));
        let thrice = "with some as (select a from events where a > 1) \
                      select * from some union all select * from some union all select * from some";
        assert_eq!(steps(thrice).0.len(), 1);
        for work in ["select lag(a) over (order by a) as a from events", "select unnest(a) as a from events"] {
            let sql = format!("with some as ({work}) select * from some union all select * from some");
            assert_eq!(steps(&sql).0.len(), 1, "{sql}");
        }
    }

    #[test]
    fn only_queries_are_models() {
        assert!(Steps::of(&SessionContext::new().state(), "drop table events", &[]).is_err());
    }
}

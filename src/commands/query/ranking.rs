//! People are not ranked, by SQL neither: an answer whose rows name people is not put in order by what was measured of them, and they are
//! not picked by how they were judged.
//!
//! Owns the check of a question's plan: what each column is made of, through joins, sums and subqueries. A rail for whoever asks and no wall:
//! those who may ask have the tables (docs/disclosure.md). Owns no rights and no rows.

use crate::commands::RefusedError;
use arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, JoinType};
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};
use std::sync::Arc;

/// Columns that say who. The unit of a reading is a session or a person's week; an id of the logs is somebody's, whosever it is.
const WHO: [&str; 8] = ["actor", "actor_id", "aliases", "identity", "key_id", "looks_like", "os_user", "unit_id"];
/// Columns that say how somebody is judged.
const JUDGED: [&str; 4] = ["score_db", "band", "weight_db", "p"];
/// The table of the parts of scores, whose columns mean something else for a unit than for a part of it: `family` is a pseudonym there and `name` a
/// band.
const EVIDENCE: &str = "evidence";
/// Its columns that say how somebody is judged.
const JUDGED_IN_EVIDENCE: [&str; 3] = ["name", "hundredths", "decibans"];
/// Numbers that measure nobody: where a record stands.
const PLACES: [&str; 4] = ["byte_offset", "line", "version", "rank"];

/// What a column is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Made {
    who: bool,
    measured: bool,
    judged: bool,
    /// The least or the most that was measured of anybody.
    extreme: bool,
}

impl Made {
    /// A column of a table.
    fn stored(table: &str, name: &str, data_type: &DataType) -> Self {
        let judged = is_judged(table, name);
        let measured = judged || data_type.is_numeric() && !PLACES.contains(&name);
        let who = WHO.contains(&name) || (table, name) == (EVIDENCE, "family");
        Self { who, measured, judged, extreme: false }
    }

    fn and(self, other: Self) -> Self {
        Self {
            who: self.who || other.who,
            measured: self.measured || other.measured,
            judged: self.judged || other.judged,
            extreme: self.extreme || other.extreme,
        }
    }

    fn all(of: impl IntoIterator<Item = Self>) -> Self {
        of.into_iter().fold(Self::default(), Self::and)
    }
}

/// Whether a column of a table says how somebody is judged.
fn is_judged(table: &str, name: &str) -> bool {
    JUDGED.contains(&name) || table == EVIDENCE && JUDGED_IN_EVIDENCE.contains(&name)
}

/// Refuses a question that ranks people; the plan is the optimised one, which reads no column in vain.
pub(super) fn check(plan: &LogicalPlan) -> anyhow::Result<()> {
    if !Made::all(made(plan)).who {
        return Ok(());
    }
    let mut ranks = false;
    plan.apply_with_subqueries(|node| {
        ranks |= is_ranking(node);
        Ok::<_, DataFusionError>(if ranks { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    if ranks {
        return Err(RefusedError(
            "people are not ranked: rows that name them are put in order by names and times, not by what was measured, and are not picked by score or band. \
             Ask for groups, or for sessions without `actor`; `footlight explain UNIT --out OUT` shows one unit"
                .to_owned(),
        )
        .into());
    }
    Ok(())
}

/// Whether a step puts rows in order by a measure, finds their place in it, or picks them by a judgement.
fn is_ranking(node: &LogicalPlan) -> bool {
    match node {
        LogicalPlan::Sort(sort) => is_by_measure(&sort.expr, &sort.input),
        LogicalPlan::Projection(projection) => is_picked(projection.expr.iter(), &projection.input),
        LogicalPlan::Window(window) => {
            let by_measure = |expr: &Expr| match bare(expr) {
                Expr::WindowFunction(function) => is_by_measure(&function.params.order_by, &window.input),
                _ => false,
            };
            window.window_expr.iter().any(by_measure) || is_picked(window.window_expr.iter(), &window.input)
        }
        LogicalPlan::Aggregate(sums) => {
            let by_measure = |expr: &Expr| match bare(expr) {
                Expr::AggregateFunction(function) => is_by_measure(&function.params.order_by, &sums.input),
                _ => false,
            };
            let (columns, groups) = over(&sums.input, sums.group_expr.iter());
            let groups = Made::all(groups);
            // The names of a band, in one row.
            let lists = |expr: &Expr| of_columns(expr, &sums.input, &columns).who;
            sums.aggr_expr.iter().any(by_measure)
                || groups.judged && !groups.who && sums.aggr_expr.iter().any(lists)
                || is_picked(sums.group_expr.iter().chain(&sums.aggr_expr), &sums.input)
        }
        LogicalPlan::Filter(filter) => {
            let columns = made(&filter.input);
            let of_side = |side: &Expr| of_columns(side, &filter.input, &columns);
            of_side(&filter.predicate).judged || is_held_against_others(&filter.predicate, false, of_side)
        }
        LogicalPlan::Join(join) => {
            let on = join.on.iter().any(|(left, right)| {
                let (left, right) = (of(left, &join.left), of(right, &join.right));
                left.and(right).judged || is_place(left, right)
            });
            let of_side = |side: &Expr| of(side, &join.left).and(of(side, &join.right));
            // Whoever is joined with all who have more is counted to a place.
            on || join.filter.iter().any(|expr| of_side(expr).judged || is_held_against_others(expr, true, of_side))
        }
        // Filters of a scan may be about columns that it does not hand on.
        LogicalPlan::TableScan(scan) => scan
            .filters
            .iter()
            .any(|expr| expr.column_refs().iter().any(|column| is_judged(scan.table_name.table(), &column.name))),
        _ => false,
    }
}

/// Rows that are in the order of names are in no order of measures, whatever decides between rows of one name.
fn is_by_measure(keys: &[Sort], input: &LogicalPlan) -> bool {
    let made = keys.iter().map(|key| of(&key.expr, input));
    made.take_while(|made| made.measured || !made.who).any(|made| made.measured)
}

/// Whether an expression picks names by a judgement, as `case` and `filter` do, or by a measure that was written before them, as the largest of
/// `concat(tokens, actor)`.
fn is_picked<'a>(exprs: impl Iterator<Item = &'a Expr>, input: &LogicalPlan) -> bool {
    let columns = made(input);
    exprs.map(bare).filter(|expr| !matches!(expr, Expr::Column(_))).any(|expr| {
        let made = of_columns(expr, input, &columns);
        made.who && (made.judged || made.measured && compares(expr))
    })
}

/// Whether rows are picked by how what was measured of one stands to what was of others: to the most or the least of it, and in a join to any.
fn is_held_against_others(predicate: &Expr, joins: bool, of_side: impl Fn(&Expr) -> Made) -> bool {
    let is_one = |part: &Expr| match part {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (left, right) = (of_side(left), of_side(right));
            match op {
                Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq => {
                    joins && left.measured && right.measured || is_place(left, right)
                }
                Operator::Eq | Operator::NotEq => is_place(left, right),
                _ => false,
            }
        }
        _ => false,
    };
    predicate.exists(|part| Ok(is_one(part))).unwrap_or(true)
}

/// Whether two values that are compared are a measure and the first or last of its order.
fn is_place(left: Made, right: Made) -> bool {
    left.measured && right.measured && (left.extreme || right.extreme)
}

/// Whether an expression puts values in order, or takes the first or last of them.
fn compares(expr: &Expr) -> bool {
    let compares = |part: &Expr| match part {
        Expr::AggregateFunction(function) => is_extreme(function.func.name()),
        Expr::WindowFunction(function) => is_extreme(function.fun.name()),
        Expr::ScalarFunction(function) => ["array_sort", "array_min", "array_max"].contains(&function.name()),
        _ => false,
    };
    expr.exists(|part| Ok(compares(part))).unwrap_or(true)
}

/// What each column that a step hands on is made of.
fn made(plan: &LogicalPlan) -> Vec<Made> {
    let below = || plan.inputs().into_iter().flat_map(made).collect::<Vec<Made>>();
    let columns = match plan {
        LogicalPlan::TableScan(scan) => {
            let stored = |field: &Arc<Field>| Made::stored(scan.table_name.table(), field.name(), field.data_type());
            scan.projected_schema.fields().iter().map(stored).collect()
        }
        LogicalPlan::Projection(projection) => over(&projection.input, projection.expr.iter()).1,
        LogicalPlan::Aggregate(sums) => {
            let mut columns = over(&sums.input, sums.group_expr.iter().chain(&sums.aggr_expr)).1;
            // The most of each person is nobody's place among others.
            if Made::all(columns.iter().take(sums.group_expr.len()).copied()).who {
                columns.iter_mut().for_each(|column| column.extreme = false);
            }
            columns
        }
        LogicalPlan::Window(window) => {
            let (mut columns, added) = over(&window.input, window.window_expr.iter());
            columns.extend(added);
            columns
        }
        LogicalPlan::Join(join) => match join.join_type {
            JoinType::LeftSemi | JoinType::LeftAnti => made(&join.left),
            JoinType::RightSemi | JoinType::RightAnti => made(&join.right),
            JoinType::LeftMark => [made(&join.left), vec![Made::default()]].concat(),
            JoinType::RightMark => [made(&join.right), vec![Made::default()]].concat(),
            _ => below(),
        },
        LogicalPlan::Union(union) => {
            let parts: Vec<Vec<Made>> = union.inputs.iter().map(|part| made(part)).collect();
            let width = plan.schema().fields().len();
            (0..width).map(|at| Made::all(parts.iter().filter_map(|part| part.get(at).copied()))).collect()
        }
        // Filters, sorts, limits and aliases hand on what they get; anything else is judged by its width, below.
        _ => below(),
    };
    let width = plan.schema().fields().len();
    if columns.len() == width { columns } else { vec![Made::all(below()); width] }
}

/// What the columns of a step are made of, and what expressions over them are. The step is looked at once for all of them: once for each
/// would be once for each at every step below, and a question of a few joins would take minutes.
fn over<'a>(input: &LogicalPlan, exprs: impl Iterator<Item = &'a Expr>) -> (Vec<Made>, Vec<Made>) {
    let columns = made(input);
    let made = exprs.map(|expr| of_columns(expr, input, &columns)).collect();
    (columns, made)
}

/// What an expression over the columns of a step is made of.
fn of(expr: &Expr, input: &LogicalPlan) -> Made {
    of_columns(expr, input, &made(input))
}

/// [`of`], with what the columns of the step are made of.
fn of_columns(expr: &Expr, input: &LogicalPlan, columns: &[Made]) -> Made {
    let column = |name| input.schema().index_of_column(name).ok().and_then(|at| columns.get(at).copied());
    let all = || Made::all(expr.column_refs().into_iter().filter_map(column));
    match bare(expr) {
        // How many there are names nobody.
        Expr::AggregateFunction(function) if is_count(function.func.name()) => {
            Made { who: false, measured: true, ..all() }
        }
        Expr::AggregateFunction(function) if is_extreme(function.func.name()) => {
            Made { extreme: all().measured, ..all() }
        }
        Expr::WindowFunction(function) => {
            let has_who = |exprs: &[Expr]| exprs.iter().any(|expr| of_columns(expr, input, columns).who);
            let counts = is_count(function.fun.name());
            let extreme = is_extreme(function.fun.name()) && !has_who(&function.params.partition_by);
            let who = has_who(&function.params.args) && !counts;
            let all = all();
            Made { who, measured: all.measured || counts, extreme: extreme && all.measured, ..all }
        }
        Expr::ScalarSubquery(subquery) => Made::all(made(&subquery.subquery)),
        _ => all(),
    }
}

fn is_count(function: &str) -> bool {
    function.starts_with("count") || function.starts_with("approx_distinct")
}

fn is_extreme(function: &str) -> bool {
    ["min", "max"].contains(&function)
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_the_results_that_holds_a_pseudonym_says_who() {
        // The sentences of OUT/views.sql: a column without one fails a test of its own.
        let (mut table, mut held) = (String::new(), Vec::new());
        for line in crate::results::views().lines() {
            if let Some(view) = line.strip_prefix("create or replace view ") {
                view.trim_end_matches(" as").clone_into(&mut table);
            }
            let Some((column, words)) = line.strip_prefix("    ").and_then(|line| line.split_once(" -- ")) else {
                continue;
            };
            if words.to_lowercase().contains("pseudonym") {
                held.push((table.clone(), column.trim_end_matches(',').trim_matches('"').to_owned()));
            }
        }
        assert!(held.len() >= 9 && held.contains(&("identities".to_owned(), "looks_like".to_owned())), "{held:?}");
        for (table, column) in held {
            assert!(Made::stored(&table, &column, &DataType::Utf8).who, "{table}.{column}");
        }
    }
}

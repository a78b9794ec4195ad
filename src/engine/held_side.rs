//! Which side a join without keys holds.
//!
//! Owns that it is the side of few rows. Owns no limit of memory, which is [`super::memory`]'s, and no copying of what is held, which is [`super::compact`]'s.
//!
//! Such a join holds its left side whole, cannot spill it, and passes the rows of its right side by. DataFusion changes the sides by statistics, which the result of a join
//! or an aggregate seldom has: a hundred million steps' weeks stood on the left of a date, and were refused 1.5 GB. How many rows there are can often be told from the plan.

use datafusion::common::JoinType;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{CrossJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use std::sync::Arc;

/// Rows that are few: one batch.
const FEW: usize = 8_192;

/// Puts the side of few rows on the left of joins without keys. It comes before partitions are dealt out.
#[derive(Debug)]
pub(super) struct FewRowsHeld;

impl PhysicalOptimizerRule for FewRowsHeld {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let swap = |node: Arc<dyn ExecutionPlan>| {
            let is_wrong = |left, right| at_most(FEW, right) && !at_most(FEW, left);
            let swapped = if let Some(join) = node.downcast_ref::<CrossJoinExec>() {
                is_wrong(join.left(), join.right()).then(|| join.swap_inputs())
            } else if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
                let is_inner = *join.join_type() == JoinType::Inner;
                (is_inner && is_wrong(join.left(), join.right())).then(|| join.swap_inputs())
            } else {
                None
            };
            Ok(swapped.transpose()?.map_or_else(|| Transformed::no(node), Transformed::yes))
        };
        plan.transform_up(swap).data()
    }

    fn name(&self) -> &str {
        "few_rows_held"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether a plan is known to have no more than so many rows.
fn at_most(most: usize, plan: &Arc<dyn ExecutionPlan>) -> bool {
    if plan.downcast_ref::<AggregateExec>().is_some_and(|aggregate| aggregate.group_expr().is_empty()) {
        return true;
    }
    if plan.is::<ProjectionExec>() || plan.is::<FilterExec>() || plan.is::<CoalescePartitionsExec>() {
        return plan.children().into_iter().all(|child| at_most(most, child));
    }
    if let Some(join) = plan.downcast_ref::<CrossJoinExec>() {
        let (left, right) = (join.left(), join.right());
        return at_most(1, left) && at_most(most, right) || at_most(most, left) && at_most(1, right);
    }
    let statistics = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new());
    statistics.is_ok_and(|known| matches!(known.num_rows, Precision::Exact(rows) if rows <= most))
}

#[cfg(test)]
mod tests {
    use crate::engine::{Engine, Limits};
    use datafusion::physical_plan::displayable;

    async fn plan_of(engine: &Engine, sql: &str) -> String {
        let plan = engine.context().sql(sql).await.unwrap().create_physical_plan().await.unwrap();
        displayable(plan.as_ref()).indent(false).to_string()
    }

    #[test]
    fn the_side_of_few_rows_is_held() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let engine = Engine::new(&Limits::default()).unwrap();
            let weeks = "(select value % 50000 as week, count(*) as n from range(0, 100000) group by 1) as weeks";
            for (join, name, expected) in [
                ("cross join (select max(value) as last from range(0, 10)) as known", "CrossJoinExec", 50_000),
                (
                    "join (select max(value) as last from range(0, 10)) as known on weeks.week < known.last",
                    "NestedLoopJoinExec",
                    9,
                ),
                ("cross join (select 1 as last union all select 2) as known", "CrossJoinExec", 100_000),
            ] {
                let sql = format!("select weeks.week, known.last from {weeks} {join}");
                let plan = plan_of(&engine, &sql).await;
                let (_, join) = plan.split_once(name).unwrap();
                let (_, sides) = join.split_once('\n').unwrap();
                let held = sides.find("value % 50000").or_else(|| sides.find("week")).unwrap_or(usize::MAX);
                let few = sides.find("last").unwrap();
                assert!(few < held, "{plan}");
                let rows: usize = engine.rows(&sql).await.unwrap().iter().map(|batch| batch.num_rows()).sum();
                assert_eq!(rows, expected);
            }
        });
    }
}

//! Plans that Ballista 55 can run as they are meant, and what is done about the others.
//!
//! Owns the looking and the exchange of tables. What is written to files and where plans run is [`super::Cluster`]'s.

use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::listing::ListingTable;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::Result;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan};
use std::sync::Arc;

/// Whether the cluster may run the plan. Ballista refuses recursion, and forgets the filter of a window function on the way to executors,
/// which would be wrong rows without an error.
pub(super) fn can_travel(plan: &LogicalPlan) -> Result<bool> {
    let mut travels = true;
    plan.apply_with_subqueries(|node| {
        travels &= !matches!(node, LogicalPlan::RecursiveQuery(_));
        for expression in node.expressions() {
            travels &= !expression.exists(|part| Ok(is_filtered_window(part)))?;
        }
        Ok(if travels { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    })?;
    Ok(travels)
}

fn is_filtered_window(expression: &Expr) -> bool {
    let Expr::WindowFunction(window) = expression else { return false };
    let WindowFunction { params, .. } = window.as_ref();
    params.filter.is_some()
}

/// Readings of tables that are no files: those in memory, and table functions. Of each table one.
pub(super) fn scans_of_here(plan: &LogicalPlan) -> Result<Vec<TableScan>> {
    let mut scans: Vec<TableScan> = Vec::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && !is_listed(&source_as_provider(&scan.source)?)
            && scans.iter().all(|known| known.table_name != scan.table_name)
        {
            scans.push(scan.clone());
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(scans)
}

/// The plan with other tables in place of those of the same names.
pub(super) fn with_tables(plan: LogicalPlan, tables: &[(String, Arc<dyn TableProvider>)]) -> Result<LogicalPlan> {
    if tables.is_empty() {
        return Ok(plan);
    }
    let changed = plan.transform_down_with_subqueries(|node| match node {
        LogicalPlan::TableScan(scan) => {
            let name = scan.table_name.to_string();
            match tables.iter().find(|(other, _)| *other == name) {
                Some((_, table)) if !is_listed(&source_as_provider(&scan.source)?) => {
                    let source = provider_as_source(Arc::clone(table));
                    Ok(Transformed::yes(LogicalPlan::TableScan(TableScan { source, ..scan })))
                }
                _ => Ok(Transformed::no(LogicalPlan::TableScan(scan))),
            }
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(changed.data)
}

/// Whether a table is a list of files.
pub(super) fn is_listed(table: &Arc<dyn TableProvider>) -> bool {
    table.downcast_ref::<ListingTable>().is_some()
}

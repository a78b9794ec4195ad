//! What the engine asks of other machines that make the rows of models in its place.
//!
//! Owns the questions only: the machines are [`super::distributed`]'s, which is built with the feature `cluster`. The order of work, the steps of
//! models and everything that is done with their rows stay the engine's.

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::prelude::DataFrame;
use futures::future::BoxFuture;
use std::path::PathBuf;
use std::sync::Arc;

/// Rows that are kept where every machine can read them.
pub struct Shared {
    /// The table of them.
    pub table: Arc<dyn TableProvider>,
    /// How many.
    pub rows: usize,
}

/// Machines that run plans over files which they all can read.
pub trait Workers: Send + Sync {
    /// Where files and objects are opened.
    fn stores(&self) -> Arc<dyn ObjectStoreRegistry>;

    /// Whether the machines can read the table, or it is in the memory of this process.
    fn can_read(&self, table: &Arc<dyn TableProvider>) -> Result<bool>;

    /// The table of the lake of this name, which is made of Parquet files on a disk of this machine and has these columns.
    fn files<'a>(
        &'a self,
        name: &'a str,
        schema: SchemaRef,
        files: Vec<PathBuf>,
    ) -> BoxFuture<'a, Result<Arc<dyn TableProvider>>>;

    /// Makes the rows of a frame and keeps them in one file, of which `label` is a part of the name.
    fn keep<'a>(&'a self, frame: DataFrame, label: &'a str) -> BoxFuture<'a, Result<Shared>>;
}

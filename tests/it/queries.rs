//! Tests of the models in `queries/`: each `.sql` has its `.slt` beside it, and keeps to the house's form.
//!
//! An `.slt` file is sqllogictest with two statements of our own:
//! - `table NAME, ...` makes these base tables or models as empty tables with their true columns, to be filled by `insert`;
//! - `model NAME parameter=value ...` runs the model over the tables that are there and registers its result.
//!   Both stand under `statement ok`. Plain SQL (`create table x as ...`) works too. `query` blocks sort by their own `order by`.
//!
//! Run one file, or several with commas between, with `FOOTLIGHT_SLT=fct_sessions cargo test --test it -- queries`; with `FOOTLIGHT_SLT_RENEW=1` the expected rows
//! are written anew, to be read and judged before they are committed.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::datasource::MemTable;
use footlight::engine::tables::{BASE_TABLES, configuration_schema};
use footlight::engine::{Engine, EngineError, Limits, Model, Models, Overrides, ParamValue};
use sqllogictest::{DB, DBOutput, DefaultColumnType, Runner};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LAKE_TABLES: &str = include_str!("lake_tables.sql");

pub(crate) fn queries_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("queries")
}

fn files_with(extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(queries_directory()).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(future)
}

/// An engine with every base table, empty, into which rows can be inserted.
pub(crate) async fn engine_over_empty_tables(limits: &Limits) -> Engine {
    let engine = Engine::new(limits).unwrap();
    for statement in LAKE_TABLES.split(';').filter(|statement| statement.contains("create table")) {
        engine.context().sql(statement).await.unwrap();
    }
    for table in BASE_TABLES {
        if let Some(schema) = configuration_schema(table) {
            fillable(&engine, table, schema).unwrap();
        }
    }
    engine
}

/// Registers a table without rows, into which some can be inserted.
fn fillable(engine: &Engine, name: &str, schema: SchemaRef) -> Result<(), DatabaseError> {
    Ok(engine.register(name, Arc::new(MemTable::try_new(schema, vec![Vec::new()])?))?)
}

/// One `.slt` file's database.
struct Database {
    engine: Engine,
    models: Arc<Models>,
    schemas: Arc<Schemas>,
}

/// Columns of base tables and models, or why a model has none.
type Schemas = BTreeMap<String, Result<SchemaRef, String>>;

/// The columns that a run over empty base tables gives.
async fn schemas(models: &Models) -> Schemas {
    let engine = engine_over_empty_tables(&Limits::default()).await;
    let mut schemas = Schemas::new();
    for name in BASE_TABLES.iter().copied().chain(models.iter().map(Model::name)) {
        if let Some(model) = models.get(name)
            && let Err(error) = engine.run_model(model, &Overrides::new()).await
        {
            schemas.insert(name.to_owned(), Err(error.to_string()));
            continue;
        }
        let table = engine.context().table(name).await.unwrap();
        let nullable = |field: &Arc<Field>| field.as_ref().clone().with_nullable(true);
        let fields: Vec<_> = table.schema().as_arrow().fields().iter().map(nullable).collect();
        schemas.insert(name.to_owned(), Ok(Arc::new(Schema::new(fields))));
    }
    schemas
}

#[derive(Debug, thiserror::Error)]
enum DatabaseError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("{0}")]
    Sql(#[from] datafusion::error::DataFusionError),
    #[error("{0}")]
    Usage(String),
}

impl Database {
    /// `table NAME, ...`: empty tables with their true columns.
    async fn empty_tables(&self, names: &str) -> Result<(), DatabaseError> {
        for name in names.split(',').map(str::trim) {
            let schema = self.schemas.get(name).cloned();
            let schema = schema.unwrap_or_else(|| Err(format!("there is no base table or model `{name}`")));
            fillable(&self.engine, name, schema.map_err(DatabaseError::Usage)?)?;
        }
        Ok(())
    }

    /// `model NAME parameter=value ...`
    async fn model(&self, words: &str) -> Result<(), DatabaseError> {
        let mut words = words.split_whitespace();
        let name = words.next().unwrap_or_default();
        let Some(model) = self.models.get(name) else {
            return Err(DatabaseError::Usage(format!("there is no model `{name}`")));
        };
        let mut overrides = Overrides::new();
        for word in words {
            let parsed = word.split_once('=').and_then(|(param, value)| Some((param, ParamValue::parse(value)?)));
            let Some((param, value)) = parsed else {
                return Err(DatabaseError::Usage(format!("`{word}` is not parameter=value")));
            };
            overrides.insert(format!("{name}.{param}"), value);
        }
        self.models.check_overrides(&overrides).map_err(EngineError::from)?;
        self.engine.run_model(model, &overrides).await?;
        Ok(())
    }
}

impl DB for Database {
    type Error = DatabaseError;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, DatabaseError> {
        if let Some(names) = sql.strip_prefix("table ") {
            block_on(self.empty_tables(names))?;
            return Ok(DBOutput::StatementComplete(0));
        }
        if let Some(words) = sql.strip_prefix("model ") {
            block_on(self.model(words))?;
            return Ok(DBOutput::StatementComplete(0));
        }
        block_on(async {
            let frame = self.engine.context().sql(sql).await?;
            let types = frame.schema().fields().iter().map(|field| column_type(field.data_type())).collect::<Vec<_>>();
            let batches = frame.collect().await?;
            if types.is_empty() || sql.starts_with("insert ") {
                return Ok(DBOutput::StatementComplete(0));
            }
            Ok(DBOutput::Rows { types, rows: batches.iter().flat_map(shown_rows).collect() })
        })
    }
}

fn column_type(kind: &DataType) -> DefaultColumnType {
    match kind {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => DefaultColumnType::Text,
        DataType::Float32 | DataType::Float64 => DefaultColumnType::FloatingPoint,
        kind if kind.is_integer() => DefaultColumnType::Integer,
        _ => DefaultColumnType::Any,
    }
}

/// Rows as text: floats rounded to 6 decimals, null as NULL, empty text as (empty).
pub(crate) fn shown_rows(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let show = |array: &dyn Array, row: usize| {
        if let Some(floats) = array.as_primitive_opt::<Float64Type>().filter(|floats| floats.is_valid(row)) {
            return shown_float(floats.value(row));
        }
        let text = ArrayFormatter::try_new(array, &options).unwrap().value(row).to_string();
        if text.is_empty() { "(empty)".to_owned() } else { text }
    };
    (0..batch.num_rows()).map(|row| batch.columns().iter().map(|array| show(array, row)).collect()).collect()
}

fn shown_float(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[test]
fn every_slt_file_passes() {
    let models = Arc::new(Models::with_directory(&queries_directory()).unwrap());
    let schemas = Arc::new(block_on(schemas(&models)));
    let only = std::env::var("FOOTLIGHT_SLT").ok();
    let mut failures = Vec::new();
    for path in files_with("slt") {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if only.as_deref().is_some_and(|only| only.split(',').all(|name| name != stem)) {
            continue;
        }
        let runner = |joins_sort: bool| {
            let (models, schemas) = (&models, &schemas);
            Runner::new(move || async move {
                let engine = Engine::new(&Limits { joins_sort, ..Limits::default() })?;
                Ok::<_, DatabaseError>(Database { engine, models: Arc::clone(models), schemas: Arc::clone(schemas) })
            })
        };
        if std::env::var_os("FOOTLIGHT_SLT_RENEW").is_some() {
            let mut runner = runner(false);
            let renewed = runner.update_test_file(
                &path,
                " ",
                sqllogictest::default_validator,
                sqllogictest::default_normalizer,
                sqllogictest::default_column_validator,
            );
            futures::executor::block_on(renewed).unwrap();
            continue;
        }
        for joins_sort in [false, true] {
            if let Err(error) = runner(joins_sort).run_file(&path) {
                let joins = if joins_sort { " (where joins sort)" } else { "" };
                failures.push(format!("{}{joins}", error.display(false)));
            }
        }
    }
    assert!(failures.is_empty(), "{} of the .slt files fail:\n\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn every_model_runs_over_empty_tables() {
    let models = Models::with_directory(&queries_directory()).unwrap();
    block_on(async {
        let engine = engine_over_empty_tables(&Limits::default()).await;
        engine.run(&models, &Overrides::new()).await.unwrap();
        for model in models.iter() {
            engine.rows(&format!("select * from {}", model.name())).await.unwrap();
        }
    });
}

#[test]
fn every_model_keeps_the_form_of_the_house() {
    let mut problems = Vec::new();
    for path in files_with("sql") {
        let file = path.display().to_string();
        let sql = std::fs::read_to_string(&path).unwrap();
        let mut problem = |text: &str| problems.push(format!("{file}: {text}"));
        let model = Model::parse(file.clone(), &sql).unwrap();
        let header = &model.header;
        if !path.with_extension("slt").exists() {
            problem("has no .slt beside it");
        }
        if sql.lines().count() >= 80 {
            problem("is not under 80 lines");
        }
        if !["stg_", "int_", "fct_", "sig_", "rpt_"].iter().any(|prefix| model.name().starts_with(prefix)) {
            problem("has none of the prefixes stg_ int_ fct_ sig_ rpt_");
        }
        if model.name().starts_with("sig_") {
            let prose = [
                (&header.family, "family"),
                (&header.measures, "measures"),
                (&header.suggests, "suggests"),
                (&header.innocent, "innocent"),
                (&header.abstains, "abstains"),
                (&header.evasion, "evasion"),
                (&header.reference, "reference"),
            ];
            for (text, key) in prose {
                if text.is_empty() {
                    problem(&format!("is a signal without `{key}`"));
                }
            }
        }
        let code = code_of(&sql);
        if code.chars().any(|c| c.is_ascii_uppercase()) {
            problem("has upper case outside comments and texts");
        }
        for name in &header.reads {
            if !code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|word| word == name) {
                problem(&format!("declares that it reads `{name}` and does not"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_slt_file_belongs_to_a_model() {
    let strays: Vec<_> = files_with("slt").into_iter().filter(|path| !path.with_extension("sql").exists()).collect();
    assert!(strays.is_empty(), "{strays:?}");
}

/// The SQL without comments and without the contents of texts.
fn code_of(sql: &str) -> String {
    let uncommented = sql.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code));
    let joined = uncommented.collect::<Vec<_>>().join("\n");
    joined.split('\'').step_by(2).collect::<Vec<_>>().join(" ")
}

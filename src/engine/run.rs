//! A run of models: each after what it reads, as many at once as there are threads.
//!
//! Owns the order of work and what a model sees: a session of its own, in which the tables that it reads have their names, whole or one
//! bucket of people, and the slice that it is to pick. Owns no keeping of rows, which is [`super::store`]'s, and no choice of buckets, which is [`super::buckets`]'.
//!
//! A job is a model over everything, over one bucket, or over one slice. One with little to read is one partition: rows are not dealt out and gathered
//! again, other jobs use the other threads, and floating-point sums have one order. Only whole models over large tables are divided.

use super::buckets::Buckets;
use super::header::{Part, SLICE_PARAMS};
use super::steps::Steps;
use super::store::{Filled, Held, Place, Shelf};
use super::{Engine, EngineError, Model, ModelRun, Overrides, PERSON, ParamValue, Store, read_only};
use datafusion::catalog::{MemoryCatalogProviderList, TableProvider};
use datafusion::common::ParamValues;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::sql::parser::Statement;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Rows from which on a table is worth dividing among threads. Of base tables the number is not known, so they are.
const ROWS_TO_DIVIDE: usize = 100_000;

/// A model over everything, or over a piece of it.
#[derive(Clone, Copy)]
struct Job {
    model: usize,
    piece: Piece,
    way: Way,
}

/// What a job works on.
#[derive(Clone, Copy)]
enum Piece {
    Whole,
    Bucket(usize),
    Slice { number: usize, of: usize },
}

impl Piece {
    /// Which part of the result it makes.
    fn number(self) -> usize {
        match self {
            Self::Whole => 0,
            Self::Bucket(number) | Self::Slice { number, .. } => number,
        }
    }

    fn bucket(self) -> Option<usize> {
        if let Self::Bucket(number) = self { Some(number) } else { None }
    }
}

/// How a job is run. One that is refused memory is run the next way, and fails after the last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Beside others.
    Shared,
    /// While nothing else runs.
    Alone,
    /// Alone, and joins sort both of their sides, which goes to files, where otherwise they hold one side in memory.
    Sorting,
}

impl Way {
    fn next(self) -> Option<Self> {
        match self {
            Self::Shared => Some(Self::Alone),
            Self::Alone => Some(Self::Sorting),
            Self::Sorting => None,
        }
    }
}

/// How a job ended.
struct Ended {
    job: Job,
    filled: Result<Filled, DataFusionError>,
    took: Duration,
}

/// A model of which jobs are left.
struct Open {
    shelf: Arc<Shelf>,
    jobs_left: usize,
    filled: Vec<Filled>,
    took: Duration,
}

/// One run of models over one engine.
pub(super) struct Run<'a> {
    engine: &'a Engine,
    overrides: &'a Overrides,
    models: Vec<&'a Model>,
    /// Models that have not begun, in order.
    waiting: Vec<usize>,
    /// Names of models that are not finished.
    unfinished: BTreeSet<&'a str>,
    open: BTreeMap<usize, Open>,
    ready: VecDeque<Job>,
    /// Jobs that were refused memory and run once more, alone.
    refused: VecDeque<Job>,
    under_way: JoinSet<Ended>,
    is_alone: bool,
    buckets: Arc<Buckets>,
    /// Whether a model's result stays when no other model reads it any more.
    stays: &'a (dyn Fn(&str) -> bool + Sync),
    /// How many models have yet to read each one: a view reads for as long as it is read itself.
    readers: BTreeMap<&'a str, usize>,
    /// The parts of kept models, by bucket.
    parts: BTreeMap<&'a str, Vec<Arc<dyn TableProvider>>>,
    /// What kept models take in memory.
    bytes: BTreeMap<&'a str, usize>,
    rows: BTreeMap<&'a str, usize>,
    runs: BTreeMap<usize, ModelRun>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        models: Vec<&'a Model>,
        overrides: &'a Overrides,
        stays: &'a (dyn Fn(&str) -> bool + Sync),
    ) -> Self {
        let mut readers = BTreeMap::new();
        for name in models.iter().flat_map(|model| model.header.needs()) {
            *readers.entry(name.as_str()).or_default() += 1;
        }
        Self {
            engine,
            overrides,
            stays,
            readers,
            bytes: BTreeMap::new(),
            waiting: (0..models.len()).collect(),
            unfinished: models.iter().map(|model| model.name()).collect(),
            models,
            open: BTreeMap::new(),
            ready: VecDeque::new(),
            refused: VecDeque::new(),
            under_way: JoinSet::new(),
            is_alone: false,
            buckets: Arc::default(),
            parts: BTreeMap::new(),
            rows: BTreeMap::new(),
            runs: BTreeMap::new(),
        }
    }

    /// Runs every model and says how, in their order.
    pub(super) async fn finish(mut self) -> Result<Vec<ModelRun>, EngineError> {
        let read: BTreeSet<&str> =
            self.models.iter().flat_map(|model| model.header.needs()).map(String::as_str).collect();
        self.engine.share(read.difference(&self.unfinished).copied()).await?;
        loop {
            while let Some(job) = self.next().await? {
                self.start(job).await?;
            }
            match self.under_way.join_next().await {
                Some(Ok(ended)) => self.end(ended).await?,
                Some(Err(stopped)) => return Err(DataFusionError::External(Box::new(stopped)).into()),
                None => break,
            }
        }
        Ok(self.runs.into_values().collect())
    }

    /// The next job, unless as much is under way as may be.
    async fn next(&mut self) -> Result<Option<Job>, EngineError> {
        if self.is_alone || self.under_way.len() >= self.engine.limits.threads.max(1) {
            return Ok(None);
        }
        if !self.refused.is_empty() {
            return Ok(if self.under_way.is_empty() { self.refused.pop_front() } else { None });
        }
        while self.ready.is_empty() {
            let can_begin =
                |place: &usize| !self.models[*place].header.needs().any(|name| self.unfinished.contains(name.as_str()));
            let Some(at) = self.waiting.iter().position(can_begin) else { return Ok(None) };
            let place = self.waiting.remove(at);
            self.begin(place).await.map_err(|error| self.failed(place, error))?;
        }
        Ok(self.ready.pop_front())
    }

    fn failed(&self, place: usize, error: DataFusionError) -> EngineError {
        EngineError::Run { file: self.models[place].file.clone(), source: Box::new(error) }
    }

    /// Makes a model's jobs; a view has none.
    async fn begin(&mut self, place: usize) -> Result<(), DataFusionError> {
        let model = self.models[place];
        if model.header.store == Store::View {
            let params = model.params(self.overrides).map_err(|error| DataFusionError::External(Box::new(error)))?;
            let frame = self.engine.context.sql_with_options(&model.sql, read_only()).await?;
            self.engine.replace(model.name(), bound(frame, &params)?.into_view())?;
            self.unfinished.remove(model.name());
            self.runs.insert(place, ModelRun { model: model.name().to_owned(), rows: None, took: Duration::ZERO });
            return Ok(());
        }
        if let Some(shared) = &model.header.shared {
            self.buckets = Arc::new(self.engine.buckets(shared).await?);
        }
        let pieces = match model.header.part {
            Part::Whole => 1,
            Part::Person => self.buckets.count(),
            Part::Slice => self.buckets.slices(),
        };
        let reads_parts = model.header.reads.iter().any(|name| self.parts.contains_key(name.as_str()));
        let jobs: Vec<Piece> = match model.header.part {
            Part::Person if pieces > 1 && reads_parts => (0..pieces).map(Piece::Bucket).collect(),
            Part::Slice if pieces > 1 => (0..pieces).map(|number| Piece::Slice { number, of: pieces }).collect(),
            _ => vec![Piece::Whole],
        };
        let directory = self.engine.scratch().join(model.name());
        let shelf = Arc::new(Shelf::new(directory, pieces, &self.engine.held));
        let open = Open { shelf, jobs_left: jobs.len(), filled: Vec::new(), took: Duration::ZERO };
        self.open.insert(place, open);
        let way = if self.engine.limits.threads <= 1 { Way::Alone } else { Way::Shared };
        self.ready.extend(jobs.into_iter().map(|piece| Job { model: place, piece, way }));
        Ok(())
    }

    /// Sets a job going.
    async fn start(&mut self, job: Job) -> Result<(), EngineError> {
        let model = self.models[job.model];
        let Some(open) = self.open.get(&job.model) else { return Ok(()) };
        let shelf = Arc::clone(&open.shelf);
        let mut params = model.params(self.overrides)?;
        if let Piece::Slice { number, of } = job.piece {
            params.retain(|(name, _)| !SLICE_PARAMS.contains(&name.as_str()));
            let values = [number, of].map(|value| ParamValue::Int(value as i64));
            params.extend(SLICE_PARAMS.map(str::to_owned).into_iter().zip(values));
        }
        let session = self.session(model, job).await.map_err(|error| self.failed(job.model, error))?;
        let place = match job.piece {
            Piece::Whole if shelf.buckets() > 1 => Place::ByPerson(Arc::clone(&self.buckets), PERSON),
            piece => Place::Bucket(piece.number()),
        };
        let work = Work {
            session,
            sql: model.sql.clone(),
            params,
            reads: model.header.reads.clone(),
            directory: self.engine.scratch().join(format!("{}-{}", model.name(), job.piece.number())),
            held: Arc::clone(&self.engine.held),
        };
        self.is_alone = job.way != Way::Shared;
        self.under_way.spawn(async move {
            let started = Instant::now();
            let filled = work.keep(&shelf, &place).await;
            Ended { job, filled, took: started.elapsed() }
        });
        Ok(())
    }

    /// A session in which the tables that the model reads have their names.
    async fn session(&self, model: &Model, job: Job) -> Result<SessionContext, DataFusionError> {
        let Job { piece, way, .. } = job;
        let known_small = |name: &String| self.rows.get(name.as_str()).is_some_and(|rows| *rows < ROWS_TO_DIVIDE);
        let is_divided = matches!(piece, Piece::Whole) && !model.header.reads.iter().all(known_small);
        let partitions = if is_divided { self.engine.limits.threads.max(1) } else { 1 };
        let joins_sort = way == Way::Sorting || self.engine.limits.joins_sort;
        // Of one partition DataFusion plans no joins that sort.
        let partitions = if joins_sort { partitions.max(2) } else { partitions };
        let outer = self.engine.context.state();
        let mut config =
            outer.config().clone().with_target_partitions(partitions).with_create_default_catalog_and_schema(true);
        config.options_mut().optimizer.prefer_hash_join = !joins_sort;
        let state = SessionStateBuilder::new_from_existing(outer)
            .with_config(config)
            .with_catalog_list(Arc::new(MemoryCatalogProviderList::new()))
            .build();
        let session = SessionContext::new_with_state(state);
        for name in &model.header.reads {
            let part = piece.bucket().and_then(|bucket| self.parts.get(name.as_str())?.get(bucket));
            let table = match part {
                Some(part) => Arc::clone(part),
                None => self.engine.context.table_provider(name.as_str()).await?,
            };
            session.register_table(name.as_str(), table)?;
        }
        Ok(session)
    }

    /// Takes what a job made; after a model's last one the model is there to be read.
    async fn end(&mut self, ended: Ended) -> Result<(), EngineError> {
        let Ended { job, filled, took } = ended;
        self.is_alone = false;
        let filled = match filled {
            Ok(filled) => filled,
            Err(error) => match job.way.next() {
                Some(way) if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) => {
                    let model = self.models[job.model].name();
                    tracing::debug!(model, piece = job.piece.number(), %error, "refused memory, runs once more");
                    self.refused.push_back(Job { way, ..job });
                    return Ok(());
                }
                _ => return Err(self.failed(job.model, error)),
            },
        };
        let Some(open) = self.open.get_mut(&job.model) else { return Ok(()) };
        open.filled.push(filled);
        open.took += took;
        open.jobs_left -= 1;
        if open.jobs_left > 0 {
            return Ok(());
        }
        let Some(open) = self.open.remove(&job.model) else { return Ok(()) };
        let model = self.models[job.model];
        let kept = open.shelf.close(open.filled, &self.engine.context).await;
        let kept = kept.and_then(|kept| self.engine.replace(model.name(), Arc::clone(&kept.whole)).map(|()| kept));
        let kept = kept.map_err(|error| self.failed(job.model, error))?;
        tracing::debug!(model = model.name(), rows = kept.rows, seconds = open.took.as_secs_f64(), "ran");
        self.engine.held.hold(kept.bytes);
        let run = ModelRun { model: model.name().to_owned(), rows: Some(kept.rows), took: open.took };
        self.runs.insert(job.model, run);
        self.rows.insert(model.name(), kept.rows);
        if model.header.part == Part::Person && kept.parts.len() > 1 {
            self.parts.insert(model.name(), kept.parts);
        }
        self.bytes.insert(model.name(), kept.bytes);
        self.unfinished.remove(model.name());
        self.drop_what_was_read(model).map_err(|error| self.failed(job.model, error))
    }

    /// Drops the results that `model` was the last to read, unless they stay. Those of base tables always do.
    fn drop_what_was_read(&mut self, model: &'a Model) -> Result<(), DataFusionError> {
        let mut readers = vec![model];
        while let Some(reader) = readers.pop() {
            for name in reader.header.needs() {
                let Some(left) = self.readers.get_mut(name.as_str()) else { continue };
                *left -= 1;
                if *left > 0 || (self.stays)(name) {
                    continue;
                }
                let Some(read) = self.models.iter().find(|model| model.name() == name) else { continue };
                let bytes = self.bytes.remove(name.as_str());
                self.parts.remove(name.as_str());
                self.engine.forget(name, bytes.unwrap_or(0))?;
                if bytes.is_none() {
                    readers.push(read);
                }
            }
        }
        Ok(())
    }
}

/// What a job does, with all that it needs.
struct Work {
    session: SessionContext,
    sql: String,
    params: Vec<(String, ParamValue)>,
    reads: Vec<String>,
    /// For the rows of shared steps that do not fit in memory.
    directory: PathBuf,
    held: Arc<Held>,
}

impl Work {
    /// Computes the shared steps one after the other, then the rows of the model, and keeps these.
    async fn keep(self, shelf: &Shelf, place: &Place) -> Result<Filled, DataFusionError> {
        let steps = Steps::of(&self.session.state(), &self.sql, &self.reads)?;
        let mut lent = Vec::with_capacity(steps.shared.len());
        for (name, step) in steps.shared {
            let shelf = Shelf::for_step(self.directory.join(&name), &self.held);
            let filled = shelf.keep(self.frame(step).await?, &Place::Bucket(0)).await?;
            let kept = shelf.close(vec![filled], &self.session).await?;
            lent.push(Held::lend(&self.held, kept.bytes));
            self.session.register_table(name, kept.whole)?;
        }
        let filled = shelf.keep(self.frame(steps.last).await?, place).await;
        if self.directory.exists() {
            std::fs::remove_dir_all(&self.directory)?;
        }
        filled
    }

    async fn frame(&self, statement: Statement) -> Result<DataFrame, DataFusionError> {
        let state = self.session.state();
        let plan = state.statement_to_plan(statement).await?;
        read_only().verify_plan(&plan)?;
        bound(DataFrame::new(state, plan), &self.params)
    }
}

/// The frame with the parameters' values.
fn bound(frame: DataFrame, params: &[(String, ParamValue)]) -> Result<DataFrame, DataFusionError> {
    if params.is_empty() {
        return Ok(frame);
    }
    let values = params.iter().map(|(name, value)| (name.clone(), value.to_scalar())).collect::<Vec<_>>();
    frame.with_param_values(ParamValues::from(values))
}

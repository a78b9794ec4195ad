//! Keeping the result of a model: in memory while it is small, in temporary Parquet files once it is not.
//!
//! Owns the switch between the two, so that memory does not grow with the input, and the parts of a result that is kept by bucket of people.
//! Partitions are written beside each other, each by a task of its own. Where other machines work ([`super::workers`]), they keep the rows.

use super::buckets::Buckets;
use super::compact::compacted;
use super::workers::{Shared, Workers};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::DFSchema;
use datafusion::datasource::{MemTable, ViewTable};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::logical_expr::{EmptyRelation, LogicalPlan};
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::execute_stream_partitioned;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionContext};
use futures::TryStreamExt as _;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::task::JoinSet;

/// What may stay in memory of results.
pub(super) struct Held {
    /// Rows of one.
    pub(super) rows: usize,
    /// Bytes of one.
    pub(super) bytes: usize,
    /// Bytes of all.
    pub(super) all_bytes: usize,
    /// Bytes of encoded columns that one result may wait with before it writes them.
    pub(super) waiting_bytes: usize,
    /// Bytes of rows that one task may gather before it deals them out to buckets.
    undealt_bytes: usize,
    /// What is in memory, counted in the engine's pool.
    kept: MemoryReservation,
    /// The machines that make and keep rows in place of this process.
    pub(super) workers: Option<Arc<dyn Workers>>,
}

impl Held {
    /// A sixteenth of the memory for one result and a quarter for all: a few are read at once, and their sorts and joins need the rest.
    pub(super) fn new(rows: usize, memory_bytes: usize, pool: &Arc<dyn MemoryPool>) -> Self {
        let kept = MemoryConsumer::new("results of models").register(pool);
        let (bytes, all_bytes, waiting_bytes) = (memory_bytes / 16, memory_bytes / 4, memory_bytes / 8);
        Self {
            rows,
            bytes,
            all_bytes,
            waiting_bytes,
            undealt_bytes: (memory_bytes / 64).min(256 << 20),
            kept,
            workers: None,
        }
    }

    /// Counts a result until it is released.
    pub(super) fn hold(&self, bytes: usize) {
        self.kept.grow(bytes);
    }

    /// Counts a result no longer.
    pub(super) fn release(&self, bytes: usize) {
        self.kept.shrink(bytes);
    }

    /// Counts rows until what is returned is dropped.
    pub(super) fn lend(held: &Arc<Self>, bytes: usize) -> Lent {
        held.hold(bytes);
        Lent { held: Arc::clone(held), bytes }
    }
}

/// Memory of rows that only one model needs.
pub(super) struct Lent {
    held: Arc<Held>,
    bytes: usize,
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.held.release(self.bytes);
    }
}

/// How much of one result has come so far, over all its tasks.
#[derive(Default)]
struct Tally {
    rows: AtomicUsize,
    bytes: AtomicUsize,
    to_files: AtomicBool,
}

/// Where the rows of a stream belong.
#[derive(Clone)]
pub(super) enum Place {
    /// In one bucket.
    Bucket(usize),
    /// In the bucket of the person that the column names.
    ByPerson(Arc<Buckets>, &'static str),
}

/// One result that is being kept, by bucket.
pub(super) struct Shelf {
    directory: PathBuf,
    buckets: usize,
    held: Arc<Held>,
    tally: Arc<Tally>,
    /// Whether string views stay views.
    keeps_views: bool,
}

/// The rows of one plan, as they were kept.
pub(super) enum Filled {
    /// By this process.
    Here(SchemaRef, Vec<Done>),
    /// By other machines.
    There(Shared),
}

/// A kept result: the whole, and its part of each bucket.
pub(super) struct Kept {
    pub(super) whole: Arc<dyn TableProvider>,
    pub(super) parts: Vec<Arc<dyn TableProvider>>,
    pub(super) rows: usize,
    /// What it takes in memory.
    pub(super) bytes: usize,
}

impl Shelf {
    /// An empty shelf; files go to `directory`, which is made when it is needed.
    pub(super) fn new(directory: PathBuf, buckets: usize, held: &Arc<Held>) -> Self {
        Self { directory, buckets, held: Arc::clone(held), tally: Arc::default(), keeps_views: false }
    }

    /// A shelf for a step of a model: what reads it is planned for the very types that it gives.
    pub(super) fn for_step(directory: PathBuf, held: &Arc<Held>) -> Self {
        Self { keeps_views: true, ..Self::new(directory, 1, held) }
    }

    /// Into how many parts the result goes.
    pub(super) fn buckets(&self) -> usize {
        self.buckets
    }

    /// Runs `frame` and keeps its rows. Several may be kept at once if their buckets differ.
    pub(super) async fn keep(&self, frame: DataFrame, place: &Place) -> Result<Filled> {
        if let Some(workers) = &self.held.workers {
            let label = self.directory.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            return Ok(Filled::There(workers.keep(frame, &label).await?));
        }
        let planned = Arc::clone(frame.schema().inner());
        let context = Arc::new(frame.task_ctx());
        let plan = frame.create_physical_plan().await?;
        let streams = execute_stream_partitioned(Arc::clone(&plan), context)?;
        let schema = streams.first().map_or(planned, |stream| stream.schema());
        let schema = if self.keeps_views { schema } else { without_views(&schema) };
        let mut tasks = JoinSet::new();
        let files = match place {
            Place::Bucket(_) => streams.len(),
            Place::ByPerson(..) => streams.len() * self.buckets,
        };
        for (number, stream) in streams.into_iter().enumerate() {
            let task = Task {
                directory: self.directory.clone(),
                number,
                schema: Arc::clone(&schema),
                place: place.clone(),
                held: Arc::clone(&self.held),
                tally: Arc::clone(&self.tally),
                waiting_bytes: self.held.waiting_bytes / files.max(1),
                rows: 0,
                inside: (0..self.buckets).map(|_| Vec::new()).collect(),
                outside: (0..self.buckets).map(|_| None).collect(),
                undealt: Vec::new(),
                undealt_bytes: 0,
            };
            tasks.spawn(task.run(stream));
        }
        let mut partitions = Vec::new();
        while let Some(finished) = tasks.join_next().await {
            partitions.push(finished.map_err(|error| DataFusionError::External(Box::new(error)))??);
        }
        if tracing::enabled!(tracing::Level::TRACE) {
            let plan = DisplayableExecutionPlan::with_metrics(plan.as_ref());
            tracing::trace!(result = %self.directory.display(), "{}", plan.indent(false));
        }
        // The order of partitions, whoever was ready first.
        partitions.sort_by_key(|done| done.number);
        Ok(Filled::Here(schema, partitions))
    }

    /// The kept result. Once a part is in files, all of it goes there.
    pub(super) async fn close(&self, filled: Vec<Filled>, context: &SessionContext) -> Result<Kept> {
        let mut schema = Arc::new(Schema::empty());
        let mut rows = 0;
        let mut batches = vec![Vec::new(); self.buckets];
        let mut files = vec![Vec::new(); self.buckets];
        for one in filled {
            let partitions = match one {
                Filled::Here(columns, partitions) => {
                    schema = columns;
                    partitions
                }
                // Other machines keep a result whole.
                Filled::There(Shared { table, rows }) => {
                    return Ok(Kept { whole: table, parts: Vec::new(), rows, bytes: 0 });
                }
            };
            for done in partitions {
                rows += done.rows;
                batches.iter_mut().zip(done.inside).for_each(|(batches, more)| batches.extend(more));
                files.iter_mut().zip(done.files).for_each(|(files, file)| files.extend(file));
            }
        }
        if rows == 0 {
            let parts = (0..self.buckets).map(|_| nothing(&schema)).collect::<Result<_>>()?;
            return Ok(Kept { whole: nothing(&schema)?, parts, rows, bytes: 0 });
        }
        if !self.tally.to_files.load(Ordering::Relaxed) {
            let bytes = batches.iter().flatten().map(RecordBatch::get_array_memory_size).sum();
            let table = |partitions: Vec<Vec<RecordBatch>>| -> Result<Arc<dyn TableProvider>> {
                Ok(Arc::new(MemTable::try_new(Arc::clone(&schema), partitions)?))
            };
            let parts = batches.iter().map(|batches| table(vec![batches.clone()])).collect::<Result<_>>()?;
            return Ok(Kept { whole: table(vec![batches.concat()])?, parts, rows, bytes });
        }
        for (bucket, batches) in batches.iter_mut().enumerate() {
            if !batches.is_empty() {
                let mut file = Outside::create(&self.directory, bucket, "rest", &schema)?;
                for batch in batches.drain(..) {
                    file.writer.write(&batch)?;
                }
                files[bucket].push(file.close()?);
            }
        }
        let read = async |files: Vec<String>| -> Result<Arc<dyn TableProvider>> {
            if files.is_empty() {
                return nothing(&schema);
            }
            let options = ParquetReadOptions::default().schema(&schema);
            Ok(context.read_parquet(files, options).await?.into_view())
        };
        let whole = read(files.concat()).await?;
        let mut parts = Vec::with_capacity(self.buckets);
        for files in files {
            parts.push(read(files).await?);
        }
        Ok(Kept { whole, parts, rows, bytes: 0 })
    }
}

/// The keeping of one partition.
struct Task {
    directory: PathBuf,
    number: usize,
    schema: SchemaRef,
    place: Place,
    held: Arc<Held>,
    tally: Arc<Tally>,
    waiting_bytes: usize,
    rows: usize,
    inside: Vec<Vec<RecordBatch>>,
    outside: Vec<Option<Outside>>,
    /// Rows that are to be dealt out to the files of buckets, and how many bytes they are: of hundreds of buckets one batch has a few rows each.
    undealt: Vec<RecordBatch>,
    undealt_bytes: usize,
}

/// What a task has kept.
pub(super) struct Done {
    number: usize,
    rows: usize,
    inside: Vec<Vec<RecordBatch>>,
    files: Vec<Option<String>>,
}

impl Task {
    async fn run(mut self, mut stream: SendableRecordBatchStream) -> Result<Done> {
        while let Some(batch) = stream.try_next().await? {
            let batch = kept(&batch, &self.schema)?;
            match self.place.clone() {
                Place::Bucket(bucket) => self.take(bucket, batch)?,
                Place::ByPerson(..) if self.tally.to_files.load(Ordering::Relaxed) => {
                    self.undealt_bytes += batch.get_array_memory_size();
                    self.undealt.push(batch);
                    if self.undealt_bytes > self.held.undealt_bytes {
                        self.deal_out()?;
                    }
                }
                Place::ByPerson(buckets, column) => {
                    for (bucket, batch) in buckets.split(&batch, column)? {
                        self.take(bucket, batch)?;
                    }
                }
            }
        }
        self.deal_out()?;
        let mut files = Vec::with_capacity(self.outside.len());
        for outside in self.outside {
            files.push(outside.map(Outside::close).transpose()?);
        }
        Ok(Done { number: self.number, rows: self.rows, inside: self.inside, files })
    }

    /// Writes what waits to the files of its buckets.
    fn deal_out(&mut self) -> Result<()> {
        self.undealt_bytes = 0;
        let undealt = std::mem::take(&mut self.undealt);
        let Place::ByPerson(buckets, column) = self.place.clone() else { return Ok(()) };
        if undealt.is_empty() {
            return Ok(());
        }
        let together = concat_batches(&self.schema, &undealt)?;
        drop(undealt);
        for (bucket, batch) in buckets.sliced(&together, column)? {
            self.take(bucket, batch)?;
        }
        Ok(())
    }

    fn take(&mut self, bucket: usize, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        let rows = self.tally.rows.fetch_add(batch.num_rows(), Ordering::Relaxed) + batch.num_rows();
        if !self.tally.to_files.load(Ordering::Relaxed) {
            let size = batch.get_array_memory_size();
            let bytes = self.tally.bytes.fetch_add(size, Ordering::Relaxed) + size;
            let all_bytes = bytes + self.held.kept.size();
            if rows <= self.held.rows && bytes <= self.held.bytes && all_bytes <= self.held.all_bytes {
                self.inside[bucket].push(batch);
                return Ok(());
            }
            self.tally.to_files.store(true, Ordering::Relaxed);
        }
        for before in 0..self.inside.len() {
            for batch in std::mem::take(&mut self.inside[before]) {
                self.write(before, &batch)?;
            }
        }
        self.write(bucket, &batch)
    }

    fn write(&mut self, bucket: usize, batch: &RecordBatch) -> Result<()> {
        let file = match &mut self.outside[bucket] {
            Some(file) => file,
            none => none.insert(Outside::create(&self.directory, bucket, &self.number.to_string(), &self.schema)?),
        };
        file.writer.write(batch)?;
        if file.writer.memory_size() > self.waiting_bytes {
            file.writer.flush()?;
        }
        Ok(())
    }
}

/// A temporary file.
struct Outside {
    path: PathBuf,
    writer: ArrowWriter<File>,
}

impl Outside {
    fn create(directory: &Path, bucket: usize, name: &str, schema: &SchemaRef) -> Result<Self> {
        // Hundreds of files of some sixty columns are open at once. A column that zstd compresses keeps two contexts of some 100 KB each, and
        // statistics stay in memory until the end of the file: plans ask for those of whole columns, nobody for those of pages.
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::LZ4_RAW)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true);
        for field in schema.fields() {
            // Hashes and their lists are hardly ever twice the same: a dictionary would be built and thrown away.
            if matches!(field.data_type(), DataType::List(_) | DataType::Binary | DataType::Int64) {
                let path = match field.data_type() {
                    DataType::List(item) => vec![field.name().clone(), "list".to_owned(), item.name().clone()],
                    _ => vec![field.name().clone()],
                };
                properties = properties.set_column_dictionary_enabled(path.into(), false);
            }
        }
        let path = directory.join(format!("{bucket:03}-{name}.parquet"));
        let file = std::fs::create_dir_all(directory).and_then(|()| File::create(&path));
        let file = file.map_err(|error| DataFusionError::IoError(error).context(path.display().to_string()))?;
        Ok(Self { path, writer: ArrowWriter::try_new(file, Arc::clone(schema), Some(properties.build()))? })
    }

    /// The path of the finished file.
    fn close(self) -> Result<String> {
        self.writer.close()?;
        self.path.into_os_string().into_string().map_err(|path| {
            DataFusionError::Execution(format!(
                "the path of temporary files is not UTF-8: {}",
                Path::new(&path).display()
            ))
        })
    }
}

/// A table without rows that plans know to have none: joins with it are no joins.
pub(super) fn nothing(schema: &Schema) -> Result<Arc<dyn TableProvider>> {
    let schema = Arc::new(DFSchema::try_from(schema.clone())?);
    let plan = LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema });
    Ok(Arc::new(ViewTable::new(plan, None)))
}

/// The schema with plain strings in place of string views.
pub(super) fn without_views(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8)),
        DataType::BinaryView => Arc::new(field.as_ref().clone().with_data_type(DataType::Binary)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Fields>(), schema.metadata().clone()))
}

/// The batch in the columns of `schema`, without what others share with it, which would stay in memory and be counted with it.
fn kept(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let cast = |(column, field): (&ArrayRef, &Arc<Field>)| cast(column, field.data_type());
    let columns = batch.columns().iter().zip(schema.fields()).map(cast).collect::<std::result::Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    compacted(&RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

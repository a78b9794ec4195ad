//! What was typed. Types only, no logic: commands resolve these into settings.

use clap::builder::ArgPredicate;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Detects AI theater: joins AI-tool logs to what came of the work, and says how much of the usage is real, how much is
/// waste and how much was made to be counted. People are never ranked.
#[derive(Debug, Parser)]
#[command(name = "footlight", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Print one JSON object on standard output instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Configuration file [default: footlight.toml in the current directory, if there is one].
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say more: -v for debug, -vv for trace.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say less: errors only, no progress.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Colour in the terminal.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Threads [default: all cores].
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<usize>,
    /// Memory of the SQL engine, for example 512MiB or 4GiB [default: 1GiB].
    #[arg(long, global = true, value_name = "SIZE", value_parser = parse_size)]
    pub memory: Option<usize>,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ingest what is new, score, cluster and report: the batch job.
    Run(RunArgs),
    /// Read logs and repositories into the lake; what was read before is not read again.
    Ingest(IngestArgs),
    /// Score a lake and write OUT/tables/*.parquet.
    Score(ScoreArgs),
    /// Write OUT/report.html, report.md, report.csv, report.parquet and summary.json from OUT/tables.
    Report(ReportArgs),
    /// Show the evidence of one session or person's week: what, why, when it would be innocent, and how it adds up.
    Explain(ExplainArgs),
    /// Write one person's own file: what is held about them, how it was read and why, how to object.
    Subject(SubjectArgs),
    /// List the ids of a lake: whose each is, how sure that is, and what contradicts itself.
    Identities(IdentitiesArgs),
    /// Take one person out of the lake, keep them out, and leave a receipt.
    Forget(ForgetArgs),
    /// Remove what is older than its retention, join small files, and remove files that are no part of the lake any more.
    Gc(GcArgs),
    /// Read every byte of the lake and say whether it is whole: exit code 12 when it is not.
    Verify(VerifyArgs),
    /// Say what the lake holds, how fresh it is and how the last run ended.
    Status(StatusArgs),
    /// Ask the lake and the result tables in SQL, read-only.
    Query(QueryArgs),
    /// Pass or fail a run by its figures, for scheduled jobs: exit code 4 when a gate fails.
    Check(CheckArgs),
    /// Compare the lake with what was billed, by day, model and team: exit code 4 beyond a tolerance.
    Reconcile(ReconcileArgs),
    /// Show the effective configuration.
    Config(ConfigArgs),
    /// Write down what is done with data about people, from the real configuration.
    Policy(PolicyArgs),
    /// Write what the lake holds in the shape of another tool.
    Export(ExportArgs),
    /// List the log formats, and what each can and cannot tell; or try one on a file.
    Sources(SourcesArgs),
    /// List the signals, and what each measures, suggests and forgives.
    Signals,
    /// Write a labelled organisation of invented people, to test detection on.
    Simulate(SimulateArgs),
    /// Compare what a run wrote with the truth of a simulated organisation.
    Evaluate(EvaluateArgs),
    /// Run the whole pipeline on the built-in sample and leave its report in reports/demo/.
    Demo(DemoArgs),
    /// Start a part of a cluster that runs the queries of `--engine ballista`; needs a build with the feature `cluster`.
    Cluster(ClusterArgs),
    /// Print shell completions.
    Completions {
        /// Shell.
        shell: clap_complete::Shell,
    },
}

/// `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// What to read.
    #[command(flatten)]
    pub ingest: IngestArgs,
    /// Where to write.
    #[command(flatten)]
    pub out: OutArgs,
    /// How to score.
    #[command(flatten)]
    pub scoring: ScoringArgs,
    /// Compare with an earlier report, such as the one that is about to be replaced.
    #[command(flatten)]
    pub compared: CompareArgs,
    /// Say what would be read and run, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// `ingest`.
#[derive(Debug, Args)]
pub struct IngestArgs {
    /// Files, directories or git repositories to read.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    pub input: Vec<PathBuf>,
    /// The lake, created when missing.
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,
    /// Log format: `auto` recognises each file by its content; else a name of `footlight sources`.
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub source: String,
    /// Leave out files whose name matches, for example '**/archive/**'; may be given several times.
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Longest line in bytes; longer ones are quarantined.
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 20)]
    pub max_line: usize,
    /// Seconds to wait for another run on the same lake.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub lock_timeout: u64,
}

/// Where results go.
#[derive(Debug, Args)]
pub struct OutArgs {
    /// Directory for tables and reports.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// How to score.
#[derive(Debug, Args)]
pub struct ScoringArgs {
    /// Score as of this moment, and nothing later, RFC 3339 or YYYY-MM-DD [default: the newest event].
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Score only what happened from this moment on, RFC 3339 or YYYY-MM-DD [default: everything].
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Directory of model files that replace or add to the built-in ones.
    #[arg(long, value_name = "DIR")]
    pub queries: Option<PathBuf>,
    /// Seed of everything that is drawn at random.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Which machines run the queries.
    #[command(flatten)]
    pub machines: MachinesArgs,
}

/// Which machines run the queries.
#[derive(Debug, Default, Args)]
pub struct MachinesArgs {
    /// What runs the queries: this process, or a Ballista cluster; --threads is then how many tasks the cluster runs at once.
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub engine: EngineName,
    /// Scheduler of the cluster, as `footlight cluster scheduler` was told.
    #[arg(long, value_name = "HOST:PORT", required_if_eq("engine", "ballista"))]
    pub scheduler: Option<String>,
    /// Directory or s3://BUCKET/PREFIX that every machine of the cluster reads and writes under this name [default: OUT].
    #[arg(long, value_name = "PLACE")]
    pub shared: Option<String>,
}

/// What runs the queries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// This process.
    #[default]
    Local,
    /// A Ballista cluster.
    Ballista,
}

/// `cluster`.
#[derive(Debug, Args)]
pub struct ClusterArgs {
    /// Which part.
    #[command(subcommand)]
    pub command: ClusterCommand,
}

/// The parts of a cluster.
#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// Start Ballista's scheduler: it plans queries and hands out tasks. Anybody who reaches its port can run queries.
    Scheduler(SchedulerArgs),
    /// Start one of Ballista's executors: it runs as many tasks at once as --threads says, in --memory together.
    Executor(ExecutorArgs),
}

/// `cluster scheduler`.
#[derive(Debug, Args)]
pub struct SchedulerArgs {
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50050")]
    pub bind: std::net::SocketAddr,
    /// Host name under which executors reach this machine [default: the address of --bind].
    #[arg(long, value_name = "HOST")]
    pub advertise: Option<String>,
}

/// `cluster executor`.
#[derive(Debug, Args)]
pub struct ExecutorArgs {
    /// The scheduler.
    #[arg(long, value_name = "HOST:PORT")]
    pub scheduler: String,
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub bind: std::net::IpAddr,
    /// Host name under which other machines reach this one [default: the address that the scheduler sees].
    #[arg(long, value_name = "HOST")]
    pub advertise: Option<String>,
    /// Port for rows that others fetch.
    #[arg(long, value_name = "PORT", default_value_t = 50051)]
    pub port: u16,
    /// Port for tasks from the scheduler.
    #[arg(long, value_name = "PORT", default_value_t = 50052)]
    pub task_port: u16,
    /// Directory for shuffled and spilled rows.
    #[arg(long, value_name = "DIR")]
    pub work_dir: PathBuf,
}

/// `score`.
#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// The lake.
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,
    /// Where to write.
    #[command(flatten)]
    pub out: OutArgs,
    /// How to score.
    #[command(flatten)]
    pub scoring: ScoringArgs,
}

/// `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Where `score` wrote its tables, and where the report goes.
    #[command(flatten)]
    pub out: OutArgs,
    /// Compare with an earlier report.
    #[command(flatten)]
    pub compared: CompareArgs,
    /// The lake, for its release ledger: what earlier reports published is looked at, and what this one does is taken down.
    #[arg(long, value_name = "DIR")]
    pub lake: Option<PathBuf>,
    /// Say how many cells would be published, kept as they were and withheld, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// What a report is compared with.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Say what moved, what was restated and why: since the report whose summary.json is named, or since the lake was as LAKE@VERSION or
    /// LAKE@TIME says (lake@3, lake@2026-06-30, lake@2026-06-30T12:00:00Z), which is then scored again with the configuration and models of
    /// now, so that only what was read since can differ. `footlight status` lists the versions; `gc` removes those that are older than
    /// [retention] versions.
    #[arg(long, value_name = "REPORT.json|LAKE@VERSION")]
    pub compare: Option<String>,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Session id, or `PSEUDONYM/2026-W07` for a person's week.
    pub unit: String,
    /// Where `score` wrote its tables.
    #[command(flatten)]
    pub out: OutArgs,
    /// The lake, for real names and to write the access log.
    #[arg(long, value_name = "DIR")]
    pub lake: Option<PathBuf>,
    /// Show the real account behind the pseudonym; needs --reason and --lake, and leaves a line in the access log.
    #[arg(long, requires_all = ["reason", "lake"])]
    pub identify: bool,
    /// Why the real account must be seen.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Write the case as one self-contained page.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// `subject`.
#[derive(Debug, Args)]
pub struct SubjectArgs {
    /// Whose file: an account, one of its aliases, or its pseudonym.
    #[arg(long, value_name = "NAME")]
    pub id: String,
    /// The lake, for what is held and to write the access log.
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,
    /// Where `score` wrote its tables.
    #[command(flatten)]
    pub out: OutArgs,
    /// Why the file is made, for example who asked for it and when.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Where to write subject.html, subject.md and subject.json [default: OUT/subjects/PSEUDONYM].
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
}

/// `identities`.
#[derive(Debug, Args)]
pub struct IdentitiesArgs {
    /// The lake.
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,
    /// Only what contradicts itself.
    #[arg(long)]
    pub conflicts: bool,
    /// Show the ids as the logs have them; needs --reason and is written to the access log.
    #[arg(long)]
    pub identify: bool,
    /// Why the real ids must be seen.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// `forget`.
#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// Who: an account, one of its aliases, or its pseudonym.
    #[arg(long, value_name = "NAME")]
    pub id: String,
    /// The lake.
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,
    /// Why, for example who asked for it and when; it goes to the access log without the name.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Say what would be removed, and remove nothing.
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Remove it: this cannot be undone.
    #[arg(long)]
    pub yes: bool,
    /// Seconds to wait for another run on the same lake.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub lock_timeout: u64,
}

/// `gc`.
#[derive(Debug, Args)]
pub struct GcArgs {
    /// The lake.
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,
    /// Count ages back from this moment, RFC 3339 or YYYY-MM-DD [default: now].
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Say what would be removed, and remove nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Seconds to wait for another run on the same lake.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub lock_timeout: u64,
}

/// `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The lake.
    #[arg(value_name = "LAKE")]
    pub lake: PathBuf,
    /// Also say whether anything is older than its retention: exit code 4 when something is.
    #[arg(long)]
    pub retention: bool,
    /// Count ages back from this moment, RFC 3339 or YYYY-MM-DD [default: now].
    #[arg(long, value_name = "TIME", requires = "retention")]
    pub as_of: Option<String>,
}

/// `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The lake.
    #[arg(value_name = "LAKE")]
    pub lake: PathBuf,
}

/// `sources`.
#[derive(Debug, Args)]
pub struct SourcesArgs {
    /// What to do; lists the formats when left out.
    #[command(subcommand)]
    pub command: Option<SourcesCommand>,
}

/// The verbs of `sources`.
#[derive(Debug, Subcommand)]
pub enum SourcesCommand {
    /// Show what would be read of a file: which source has it and why, first records, counts and rejects. Writes nothing.
    Try(SourcesTryArgs),
}

/// `sources try`.
#[derive(Debug, Args)]
pub struct SourcesTryArgs {
    /// Files, or directories of git repositories.
    #[arg(value_name = "FILE", required = true)]
    pub file: Vec<PathBuf>,
    /// Log format: `auto` recognises each file by its content; else a name of `footlight sources`.
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub source: String,
    /// First records and rejects to show of each file.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub records: usize,
}

/// `reconcile`.
#[derive(Debug, Args)]
pub struct ReconcileArgs {
    /// Bills: exports of Anthropic, OpenAI, Cursor, GitHub Copilot, LiteLLM or FOCUS, or a table that a [[mapping]] describes.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pub bill: Vec<PathBuf>,
    /// The lake.
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,
    /// Share of what was billed that may be missing from the logs, or stand in them above the bill: 5% or 0.05.
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = parse_tolerance)]
    pub tolerance: f64,
    /// First day that is compared, YYYY-MM-DD in UTC [default: the bill's first].
    #[arg(long, value_name = "DAY")]
    pub from: Option<jiff::civil::Date>,
    /// Last day that is compared [default: the bill's last].
    #[arg(long, value_name = "DAY")]
    pub to: Option<jiff::civil::Date>,
    /// Write the lines alone, as rows: table, csv, json or ndjson.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<RowFormat>,
}

/// `query`.
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// One SELECT statement. Lake tables by name; result tables as well when --out is given.
    pub sql: String,
    /// The lake.
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,
    /// Where `score` wrote its tables.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How to write the rows [default: by the name of --output, else a table].
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<RowFormat>,
    /// Write all rows to a file.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave CSV text as it is, even where a spreadsheet would take it for a formula.
    #[arg(long)]
    pub csv_raw: bool,
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Where `score` wrote its results.
    #[command(flatten)]
    pub out: OutArgs,
    /// Fail when this holds: SQL over the figures of the run, such as "quarantined > 100"; may be given several times. A figure that
    /// is not known fails. Without any, the figures are listed.
    #[arg(long, value_name = "EXPR")]
    pub fail_on: Vec<String>,
}

/// `config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: ConfigKind,
}

/// What `config` can do.
#[derive(Debug, Subcommand)]
pub enum ConfigKind {
    /// List every setting with its effective value, parameters of models included.
    Show(ConfigShowArgs),
}

/// `config show`.
#[derive(Debug, Args)]
pub struct ConfigShowArgs {
    /// Say where each value comes from: default, file and line, or flag.
    #[arg(long)]
    pub origin: bool,
    /// Directory of model files that replace or add to the built-in ones.
    #[arg(long, value_name = "DIR")]
    pub queries: Option<PathBuf>,
}

/// `policy`.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PolicyCommand,
}

/// The verbs of `policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// The data-protection annex: purposes, data and why, retention, recipients, disclosure rules, keys, rights and a notice, as Markdown or with
    /// --json.
    Export(PolicyExportArgs),
}

/// `policy export`.
#[derive(Debug, Args)]
pub struct PolicyExportArgs {
    /// Write to a file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// What to write.
    #[command(subcommand)]
    pub what: ExportKind,
}

/// What `export` can write.
#[derive(Debug, Subcommand)]
pub enum ExportKind {
    /// Cost and usage in the columns of FOCUS 1.2 that logs can fill, by day and model of the whole organisation.
    Focus(FocusArgs),
}

/// `export focus`.
#[derive(Debug, Args)]
pub struct FocusArgs {
    /// The lake.
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,
    /// Where to write: a name that ends in .csv or .parquet.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// BillingAccountId of every charge, which no log knows.
    #[arg(long, value_name = "ID")]
    pub billing_account: Option<String>,
    /// Leave CSV text as it is, even where a spreadsheet would take it for a formula.
    #[arg(long)]
    pub csv_raw: bool,
}

/// Formats of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// For people: numbers right, long text cut to the terminal.
    Table,
    /// With a header; text that a spreadsheet would take for a formula gets an apostrophe.
    Csv,
    /// An array of objects.
    Json,
    /// One object a line.
    Ndjson,
    /// A Parquet file; needs --output.
    Parquet,
}

/// `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Where to write: input/ (logs, roster, footlight.toml) and truth/.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Seed: the same one gives the same bytes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// People; service accounts come on top [default with --adversary: 120].
    #[arg(long, value_name = "N", default_value_t = 240, default_value_if("adversary", "true", "120"), value_parser = clap::value_parser!(u32).range(12..))]
    pub people: u32,
    /// Weeks.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(2..=520))]
    pub weeks: u32,
    /// Sessions of the median person in an average week; weekly targets follow [default with --adversary or --events: 1.05].
    #[arg(long, value_name = "SESSIONS", default_value_t = 3.0, default_value_ifs([("adversary", ArgPredicate::Equals("true".into()), Some("1.05")), ("events", ArgPredicate::IsPresent, Some("1.05"))]), value_parser = parse_pace)]
    pub pace: f64,
    /// What people were told, and what they make of it.
    #[arg(long, value_name = "WORLD", default_value = "quota")]
    pub world: World,
    /// Share of people who make usage to be counted.
    #[arg(long, value_name = "SHARE", default_value_t = 0.15, value_parser = parse_share)]
    pub theater_share: f64,
    /// Use only these families of theater, several with commas or given several times; `held-out` is all those that are made only when
    /// asked for [default: all twelve others].
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub family: Vec<String>,
    /// Leave texts, arguments and patches out.
    #[arg(long)]
    pub strip_text: bool,
    /// Format of the logs of those who use Claude Code; everything else is canonical.
    #[arg(long, value_name = "FORMAT", default_value = "canonical")]
    pub format: LogFormat,
    /// At least so many events, for measuring: divisions of 120 people, made in parallel and without truth/.
    #[arg(long, value_name = "N", conflicts_with_all = ["adversary", "people", "format"], value_parser = clap::value_parser!(u64).range(1..))]
    pub events: Option<u64>,
    /// Plain NDJSON, not compressed.
    #[arg(long, requires = "events")]
    pub plain: bool,
    /// Somebody who adapts.
    #[command(flatten)]
    pub adversary: AdversaryArgs,
}

/// `simulate --adversary`.
#[derive(Debug, Args)]
pub struct AdversaryArgs {
    /// Let those who play adapt: change one thing at a time, ingest and score, keep what lowers their score. Writes the evasion
    /// frontier to OUT/evasion.md and no organisation. --family names the families to start from.
    #[arg(long)]
    pub adversary: bool,
    /// The metric must stay inflated at least so many times; several with commas.
    #[arg(long, value_name = "X", value_delimiter = ',', default_value = "1.25,1.5,2", value_parser = parse_inflation, requires = "adversary")]
    pub inflation: Vec<f64>,
    /// Proposals for each family and inflation; each is an organisation to ingest and score.
    #[arg(long, value_name = "N", default_value_t = 6, requires = "adversary")]
    pub steps: u32,
    /// The metric that must stay inflated.
    #[arg(long, value_name = "METRIC", default_value = "tokens", requires = "adversary")]
    pub metric: InflatedMetric,
}

/// Metrics of `simulate --adversary`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum InflatedMetric {
    /// Tokens of every kind.
    Tokens,
    /// Days with a session.
    ActiveDays,
}

/// Formats of `simulate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum LogFormat {
    /// The public interchange format.
    Canonical,
    /// Claude Code's session transcripts.
    ClaudeCode,
}

/// The worlds of `simulate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum World {
    /// Theater, and no policy that would ask for it.
    NoIncentive,
    /// A weekly quota is announced after a third of the time.
    Quota,
    /// A ranking by tokens is published after a third of the time.
    Leaderboard,
    /// A quota; theater comes with commits made for it.
    GamedOutcomes,
    /// A quota, no theater and nobody who looks like it.
    Clean,
}

/// `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// The truth directory that `simulate` wrote.
    #[arg(long, value_name = "DIR")]
    pub truth: PathBuf,
    /// Where `run` wrote its results.
    #[command(flatten)]
    pub out: OutArgs,
    /// The lake of that run, for the baseline of exact duplicate prompts; left out without it.
    #[arg(long, value_name = "DIR")]
    pub lake: Option<PathBuf>,
    /// Bootstrap resamples of people for the intervals.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub resamples: u32,
    /// Seed of the bootstrap and of the isolation forest.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where to leave the report.
    #[arg(long, value_name = "DIR", default_value = "reports/demo")]
    pub out: PathBuf,
}

/// Reads a share between 0 and 0.5.
fn parse_share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| format!("`{text}` is no share; write 0.15"))?;
    if (0.0..=0.5).contains(&share) { Ok(share) } else { Err(format!("{share} is not between 0 and 0.5")) }
}

fn parse_pace(text: &str) -> Result<f64, String> {
    let pace: f64 = text.parse().map_err(|_| format!("`{text}` is no number; write 3"))?;
    if (0.1..=50.0).contains(&pace) { Ok(pace) } else { Err(format!("{pace} is not between 0.1 and 50")) }
}

fn parse_inflation(text: &str) -> Result<f64, String> {
    let inflation: f64 = text.parse().map_err(|_| format!("`{text}` is no number; write 1.5"))?;
    if inflation > 1.0 && inflation <= 10.0 {
        Ok(inflation)
    } else {
        Err(format!("{inflation} is not between 1 and 10"))
    }
}

/// Reads `5%` or a share from 0 to 1.
fn parse_tolerance(text: &str) -> Result<f64, String> {
    let (digits, whole) = text.trim().strip_suffix('%').map_or((text.trim(), 1.0), |digits| (digits.trim(), 100.0));
    let number: f64 = digits.parse().map_err(|_| format!("`{text}` is no share; write 5% or 0.05"))?;
    let share = number / whole;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(format!("{text} is not between 0% and 100%")) }
}

/// Reads `512MiB`, `4GiB`, `2GB` or a number of bytes.
fn parse_size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: usize = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        other => return Err(format!("`{other}` is no unit of size; use MiB or GiB")),
    };
    let number: usize = digits.parse().map_err(|_| format!("`{text}` is no size; write 512MiB or 4GiB"))?;
    number.checked_mul(unit).ok_or_else(|| format!("{text} is too large"))
}

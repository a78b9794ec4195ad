//! Fixtures of invented exports, the checks of the language, and that the example of docs/mappings.md is the one that is tested.

use super::{Declared, Mapping};
use crate::sources::testing::{Recorded, file_input, input_of};
use crate::sources::{Probe, Source, SourceOptions, Unit, recognise};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

const CONFIGURATION: &str = include_str!("fixtures/footlight.toml");

/// The part of footlight.toml that is of this module.
#[derive(Debug, serde::Deserialize)]
struct Configuration {
    mapping: Vec<Mapping>,
}

fn options_of(text: &str) -> SourceOptions {
    let Configuration { mapping } = toml::from_str(text).unwrap();
    SourceOptions { mappings: mapping, ..SourceOptions::default() }
}

fn options() -> SourceOptions {
    options_of(CONFIGURATION)
}

fn read(path: &Path, name: &str) -> Recorded {
    let mut input = file_input(path, name);
    input.options = Arc::new(options());
    let mut sink = Recorded::default();
    Declared.read(&input, &mut sink).unwrap();
    sink
}

fn read_bytes(name: &str, bytes: &[u8]) -> Recorded {
    let (input, _guard) = input_of(name, bytes);
    read(&input.path, name)
}

fn fixture(file: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources/mapping/fixtures").join(file)).unwrap()
}

fn assert_snapshot(file: &str, read: &Recorded) {
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(file, read.snapshot());
    });
}

fn recognised_by(name: &str, head: &[u8]) -> Option<String> {
    let options = options();
    let probe = Probe { path: Path::new(name), unit: Unit::File, head, options: &options };
    recognise(&probe).map(|source| format!("{} {}", source.name(), source.recognised_by(&probe)))
}

#[test]
fn a_csv_export_of_tickets() {
    assert_snapshot("helpdesk.csv", &read_bytes("helpdesk.csv", &fixture("helpdesk.csv")));
}

#[test]
fn an_ndjson_export_of_events_with_objects_inside() {
    assert_snapshot("requests.ndjson", &read_bytes("gateway/requests.ndjson", &fixture("requests.ndjson")));
}

#[test]
fn files_are_recognised_by_their_columns_and_where_it_says_so_by_name() {
    assert_eq!(
        recognised_by("anything.csv", &fixture("helpdesk.csv")).as_deref(),
        Some("mapping mapping `helpdesk`: it has the columns Agent, Queue, Ticket, Linked, State, Closed, Opened")
    );
    let gateway = recognised_by("x/gateway/may.ndjson", &fixture("requests.ndjson")).unwrap();
    assert!(gateway.starts_with("mapping mapping `gateway`: its name fits gateway/* and it has"), "{gateway}");
    assert_eq!(recognised_by("elsewhere/may.ndjson", &fixture("requests.ndjson")), None);
    assert_eq!(recognised_by("x.csv", b"Ticket;State\n"), None, "columns are missing");
    assert!(recognised_by("wiki.parquet", b"PAR1").unwrap().contains("wiki"));
    assert_eq!(recognised_by("other.parquet", b"PAR1"), None);
}

#[test]
fn a_file_that_is_not_a_mappings_is_told_why() {
    let options = options();
    let why = |number: usize, name: &str, head: &[u8]| {
        options.mappings[number].mismatch(&Probe { path: Path::new(name), unit: Unit::File, head, options: &options })
    };
    assert_eq!(why(0, "x.csv", &fixture("helpdesk.csv")), None);
    let lacks = why(0, "x.csv", b"Ticket;State;Agent;Opened;Closed\n").unwrap();
    assert_eq!(lacks, "it lacks the columns Queue, Linked");
    let both = why(1, "x.ndjson", b"{\"request\":1}").unwrap();
    assert_eq!(
        both,
        "its name does not fit gateway/*, and no line at its beginning has all of request, user.email, usage.in"
    );
    assert_eq!(why(0, "x.parquet", b"PAR1").unwrap(), "a Parquet file is recognised by `path` alone");
}

#[test]
fn a_declared_mapping_comes_before_what_is_built_in() {
    let text = r#"
        [[mapping]]
        name = "our-linear"
        table = "outcomes"
        fields = { outcome_id = "ID", kind = { value = "ticket" }, status = { value = "open" }, ts = "Created" }
    "#;
    let options = options_of(text);
    let head =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources/linear/fixtures/export_30_columns.csv"))
            .unwrap();
    let probe = Probe { path: Path::new("export.csv"), unit: Unit::File, head: &head, options: &options };
    assert_eq!(recognise(&probe).map(Source::name), Some("mapping"));
}

#[test]
fn what_cannot_work_is_an_error_of_the_configuration() {
    let base = [
        ("outcome_id", "\"A\""),
        ("kind", "{ value = \"ticket\" }"),
        ("status", "{ value = \"open\" }"),
        ("ts", "\"T\""),
    ];
    let written = |head: &str, changed: &str, to: Option<&str>| {
        let mut text = format!("[[mapping]]\nname = \"x\"\ntable = \"outcomes\"\n{head}\n[mapping.fields]\n");
        let mut fields: Vec<(&str, &str)> = base.to_vec();
        fields.retain(|(name, _)| *name != changed);
        fields.extend(to.map(|to| (changed, to)));
        for (name, rule) in fields {
            text.push_str(&format!("{name} = {rule}\n"));
        }
        toml::from_str::<Configuration>(&text).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(written("", "", None), Ok(()));
    for (head, changed, to, message) in [
        ("", "ts", None, "nothing is said of `ts`"),
        ("", "tokens", Some("\"A\""), "`tokens` is no field of outcomes"),
        ("", "refs", Some("{ column = \"A\", value = \"B\" }"), "a rule is a `column`"),
        ("", "refs", Some("{ colum = \"A\" }"), "unknown field `colum`"),
        ("", "refs", Some("7"), "a rule is a column's name or a table"),
        ("", "refs", Some("[]"), "an empty list"),
        ("", "repo", Some("{ template = \"{A\" }"), "not closed"),
        ("", "repo", Some("{ template = \"A\" }"), "names no column"),
        ("time_zone = \"Mars/Olympus\"", "", None, "there is no zone `Mars/Olympus`"),
        ("time_formats = [\"DD.MM.YYYY\"]", "", None, "neither a pattern"),
        ("time_formats = [\"%d %!\"]", "", None, "time_formats"),
        ("path = \"a[\"", "", None, "`path`"),
        ("color = \"red\"", "", None, "unknown field `color`"),
    ] {
        let error = written(head, changed, to).unwrap_err();
        assert!(error.contains(message), "{message}: {error}");
    }
    let roster = "[[mapping]]\nname = \"x\"\ntable = \"roster\"\nfields = { actor_id = \"A\" }";
    assert!(toml::from_str::<Configuration>(roster).unwrap_err().to_string().contains("events or outcomes"));
    let wide: Vec<String> = (0..40).map(|number| format!("\"c{number}\"")).collect();
    assert!(written("", "refs", Some(&format!("[{}]", wide.join(",")))).unwrap_err().contains("32 is the limit"));
}

/// A block of docs/mappings.md: of those in a language the one with this number.
fn manual(language: &str, number: usize) -> &'static str {
    let blocks = include_str!("../../../docs/mappings.md").split("```").skip(1).step_by(2);
    let mut found = blocks.filter_map(|block| block.strip_prefix(language)).skip(number);
    found.next().unwrap_or_else(|| panic!("no {language} in docs/mappings.md"))
}

#[test]
fn the_example_of_the_manual_is_the_one_that_is_tested() {
    let mapping = manual("toml\n", 0);
    assert!(
        CONFIGURATION.contains(mapping.trim()),
        "the mapping of docs/mappings.md is not that of fixtures/footlight.toml"
    );
    let export = manual("csv\n", 0);
    assert!(
        fixture("helpdesk.csv").starts_with(export.trim().as_bytes()),
        "the rows of docs/mappings.md are not those of helpdesk.csv"
    );
}

#[test]
fn the_manual_reads_deployments() {
    let (mut input, _guard) = input_of("deployments.csv", manual("csv\n", 1).as_bytes());
    input.options = Arc::new(options_of(manual("toml\n", 1)));
    let mut read = Recorded::default();
    Declared.read(&input, &mut read).unwrap();
    assert!(read.rejects.is_empty(), "{:?}", read.rejects);
    let commit = |last: &str| format!("{}{last}", "0".repeat(38));
    let told: Vec<_> = read
        .outcomes
        .iter()
        .map(|(_, outcome)| {
            (outcome.outcome_id.clone(), outcome.kind.as_str(), outcome.status.as_str(), outcome.refs.clone())
        })
        .collect();
    let deployment = |place: &str, status, last: &str| {
        (format!("cart/{place}/{}", commit(last)), "deployment", status, vec![commit(last)])
    };
    assert_eq!(told, [deployment("production", "landed", "c2"), deployment("staging", "abandoned", "c3")]);
}

#[test]
fn a_grown_file_is_read_from_its_tail() {
    let whole = fixture("helpdesk.csv");
    let (mut input, _guard) = input_of("helpdesk.csv", &whole);
    input.options = Arc::new(options());
    input.start = Declared.read(&input, &mut Recorded::default()).unwrap();
    let more = [whole.as_slice(), b"H-9;eu;solved;ada@example.test;01.06.2026 09:00;;;\n"].concat();
    std::fs::write(&input.path, &more).unwrap();
    let mut sink = Recorded::default();
    assert_eq!(Declared.read(&input, &mut sink).unwrap(), more.len() as u64);
    assert_eq!(
        sink.outcomes.iter().map(|(_, outcome)| outcome.outcome_id.as_str()).collect::<Vec<_>>(),
        ["helpdesk/eu/H-9"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn no_change_makes_it_panic(csv in any::<bool>(), edits in prop::collection::vec((any::<usize>(), any::<u8>()), 0..20)) {
        let (file, name) = if csv { ("helpdesk.csv", "helpdesk.csv") } else { ("requests.ndjson", "gateway/requests.ndjson") };
        let mut bytes = fixture(file);
        for (at, byte) in edits {
            let length = bytes.len();
            bytes[at % length] = byte;
        }
        let (mut input, _guard) = input_of(name, &bytes);
        input.options = Arc::new(options());
        // A file whose header was hit is nobody's.
        if let Ok(end) = Declared.read(&input, &mut Recorded::default()) {
            prop_assert!(end <= bytes.len() as u64);
        }
    }

    /// Any text is one that a rule survives, and its absence is.
    #[test]
    fn no_cell_makes_it_panic(cells in prop::collection::vec("[ -~é'\"]{0,12}", 8)) {
        let mut writer = ::csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
        writer.write_record(["Ticket", "Queue", "State", "Agent", "Opened", "Closed", "Linked", "Linked"]).unwrap();
        writer.write_record(&cells).unwrap();
        let read = read_bytes("helpdesk.csv", &writer.into_inner().unwrap());
        prop_assert!(read.outcomes.len() + read.rejects.len() >= 1);
    }
}

#[cfg(feature = "engine")]
#[test]
fn a_parquet_export_with_typed_columns() {
    use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, ParquetWriter, Series, TimeUnit};
    let text = |name: &str, values: [&str; 2]| -> Column { Series::new(name.into(), values).into_column() };
    let edited = Series::new("edited".into(), [1_780_304_400_000_i64, 1_780_304_460_000]);
    let edited = edited.cast(&polars::prelude::DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap().into_column();
    let published = Series::new("published".into(), [true, false]).into_column();
    let columns = vec![
        text("page", ["runbook", "draft"]),
        text("author", ["ada@example.test", "grace@example.test"]),
        text("labels", ["PROJ-7;PROJ-8", ""]),
        edited,
        published,
    ];
    let mut frame = DataFrame::new(2, columns).unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).unwrap();
    assert_snapshot("wiki.parquet", &read_bytes("wiki.parquet", &bytes));
}

#[test]
fn a_mapping_is_named_and_compared_whole() {
    let mappings = options().mappings;
    assert_eq!(mappings.iter().map(Mapping::name).collect::<Vec<_>>(), ["helpdesk", "gateway", "wiki"]);
    assert_eq!(mappings[0], options().mappings[0]);
}

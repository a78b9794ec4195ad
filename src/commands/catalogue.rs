//! `footlight sources` and `footlight signals`: what there is to read, and what there is to measure.

use super::Exit;
use crate::engine::Models;
use crate::engine::header::Header;
use crate::output::Printer;
use crate::report;
use crate::report::inputs::{QueryText, SignalEntry};
use crate::sources;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// Columns of a table that is not written to a terminal.
const PIPE_WIDTH: u16 = 140;

/// A source for `--json` and the README.
#[derive(Debug, Serialize)]
struct SourceEntry {
    name: &'static str,
    title: &'static str,
    files: &'static str,
    tells: &'static str,
    cannot_tell: &'static str,
}

/// `footlight sources`.
pub fn sources(printer: Printer) -> anyhow::Result<Exit> {
    let entries: Vec<SourceEntry> = sources::ALL
        .iter()
        .map(|source| {
            let about = source.description();
            SourceEntry {
                name: source.name(),
                title: about.title,
                files: about.files,
                tells: about.tells,
                cannot_tell: about.cannot_tell,
            }
        })
        .collect();
    let mut table = table(&["source", "reads", "tells", "cannot tell"]);
    for entry in &entries {
        table.add_row([entry.name, entry.files, entry.tells, entry.cannot_tell]);
    }
    printer.text(&format!("{table}\n"))?;
    printer.json(&serde_json::json!({ "schema_version": 1, "status": "ok", "exit_code": 0, "sources": entries }))?;
    Ok(Exit::Done)
}

/// `footlight signals`.
pub fn signals(printer: Printer) -> anyhow::Result<Exit> {
    let entries = entries(&Models::embedded()?);
    let mut table = table(&["signal", "family", "measures", "suggests", "innocent when"]);
    for entry in &entries {
        table.add_row([&entry.name, &entry.family, &entry.measures, &entry.suggests, &entry.innocent]);
    }
    printer.text(&format!("{table}\n"))?;
    printer.json(&serde_json::json!({ "schema_version": 1, "status": "ok", "exit_code": 0, "signals": entries }))?;
    Ok(Exit::Done)
}

/// The SQL of the models that the report names, by file.
pub fn queries(models: &Models) -> Vec<QueryText> {
    let named = |file: &String| report::names_query(file);
    let mut queries: Vec<QueryText> = models
        .iter()
        .map(|model| (format!("queries/{}.sql", model.name()), &model.sql))
        .filter(|(file, _)| named(file))
        .map(|(file, sql)| QueryText { file, sql: sql.clone() })
        .collect();
    queries.sort_by(|one, two| one.file.cmp(&two.file));
    queries
}

/// One hash over the models by name, so that two runs can say that they asked the same.
pub fn hash(models: &Models) -> String {
    let mut sorted: Vec<_> = models.iter().map(|model| (model.name(), model.sql.as_str())).collect();
    sorted.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for text in sorted.iter().flat_map(|(name, sql)| [*name, *sql]) {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// The signals among the models, by name, from their headers.
pub fn entries(models: &Models) -> Vec<SignalEntry> {
    let mut entries: Vec<SignalEntry> = models
        .iter()
        .filter_map(|model| {
            let header = &model.header;
            Some(SignalEntry {
                name: model.name().strip_prefix("sig_")?.to_owned(),
                family: header.family.clone(),
                measures: with_defaults(header, &header.measures),
                suggests: with_defaults(header, &header.suggests),
                innocent: with_defaults(header, &header.innocent),
                reference: header.reference.clone(),
            })
        })
        .collect();
    entries.sort_by(|one, two| one.name.cmp(&two.name));
    entries
}

/// A header's text with the default values in place of its parameters.
fn with_defaults(header: &Header, text: &str) -> String {
    let mut params: Vec<_> = header.params.iter().collect();
    // The longest names first: `$min_lines` must not be read as `$min`.
    params.sort_by_key(|param| std::cmp::Reverse(param.name.len()));
    params
        .into_iter()
        .fold(text.to_owned(), |text, param| text.replace(&format!("${}", param.name), &param.default.to_string()))
}

/// The README's table of sources.
pub fn sources_markdown() -> String {
    let mut text = String::from("| source | reads | tells | cannot tell |\n|---|---|---|---|\n");
    for source in sources::ALL {
        let about = source.description();
        text.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            source.name(),
            about.files,
            about.tells,
            about.cannot_tell
        ));
    }
    text
}

/// The README's table of signals.
pub fn signals_markdown(models: &Models) -> String {
    let mut text = String::from("| signal | family | measures | innocent when |\n|---|---|---|---|\n");
    for entry in entries(models) {
        text.push_str(&format!("| `{}` | {} | {} | {} |\n", entry.name, entry.family, entry.measures, entry.innocent));
    }
    text
}

/// docs/signals.md: everything that the header of each signal says, one section a signal.
pub fn signals_page(models: &Models) -> String {
    let mut page = String::from(SIGNALS_INTRODUCTION);
    let mut signals: Vec<&Header> =
        models.iter().map(|model| &model.header).filter(|header| header.model.starts_with("sig_")).collect();
    signals.sort_by(|one, two| one.model.cmp(&two.model));
    page.push_str("| signal | one reading is about | family |\n|---|---|---|\n");
    for header in &signals {
        let name = header.model.trim_start_matches("sig_");
        page.push_str(&format!("| [`{name}`](#{name}) | {} | {} |\n", header.grain, header.family));
    }
    for header in &signals {
        let name = header.model.trim_start_matches("sig_");
        page.push_str(&format!("\n## {name}\n"));
        let parts = [
            ("Measures", &header.measures),
            ("Suggests", &header.suggests),
            ("Innocent when", &header.innocent),
            ("Abstains on", &header.abstains),
            ("Evaded by", &header.evasion),
            ("Source", &header.reference),
        ];
        for (title, text) in parts.into_iter().filter(|(_, text)| !text.is_empty()) {
            page.push_str(&format!("**{title}**: {}\n\n", with_defaults(header, text)));
        }
        let params: Vec<String> =
            header.params.iter().map(|param| format!("`{} = {}`", param.name, param.default)).collect();
        if !params.is_empty() {
            page.push_str(&format!("**Parameters**: {}\n\n", params.join(", ")));
        }
        page.push_str(&format!(
            "Family {}; one row is {}; [the SQL](../queries/{}.sql).\n",
            header.family, header.grain, header.model
        ));
    }
    page
}

const SIGNALS_INTRODUCTION: &str = "# The signals

This page is made from the headers of `queries/sig_*.sql` and tested against them; parameters are shown with their defaults and can be set in
`footlight.toml` under `[params.sig_NAME]`. `footlight signals` prints a shorter table.

A signal gives a value and either speaks or abstains with a reason. A value alone says nothing: it is compared with the values of the same stratum
(client, role, trigger) with the volume of use taken out, and becomes a conformal p. Evidence is the p in decibans, at most what the
reading supports by itself, times the discounts that the innocent explanations earn; a family counts its strongest signal, under a cap, and unused output no more
than repetition, loops, clocks or the incentive beside it. No signal is theater: a person's week is put before a reviewer only when two families agree, one of them about
unused output or about the incentive, and a second calibration with a false discovery rate of 5 % passes.

[The registers](registers.md) say, look-alike by look-alike and evasion by evasion, which model answers it and which test shows it; [the statistics](statistics.md) what each formula is held against.

";

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    // In a pipe there is no width to keep to, and a row would be as long as its sentences.
    if table.width().is_none() {
        table.set_width(PIPE_WIDTH);
    }
    table
}

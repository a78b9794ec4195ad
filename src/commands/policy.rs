//! `footlight policy export`: the data-protection annex from the real configuration, for a record of processing (GDPR art. 30), an impact assessment
//! (art. 35), an agreement with a works council, and the notice to those it is about.
//!
//! Owns the wording. What is held and why is the lake's, and every number comes from the settings; nothing depends on a clock, so that two annexes
//! differ only where the policy does.

use super::settings::Settings;
use super::{Exit, run_facts};
use crate::cli::{Global, PolicyExportArgs};
use crate::lake::Table;
use crate::lake::purposes::{CATEGORIES, category};
use crate::output::Printer;
use crate::privacy::FLOOR;
use crate::report::escape::{Markdown, plain};
use crate::results::write_file;
use anyhow::Context;
use askama::filters::Escaper;
use serde::Serialize;
use std::fmt::Write as _;

/// The annex.
#[derive(Debug, Serialize)]
struct Annex {
    schema_version: u32,
    title: String,
    footlight_version: &'static str,
    policy_hash: String,
    purposes: &'static [&'static str],
    not_for: &'static [&'static str],
    data: Vec<Data>,
    never_stored: &'static [&'static str],
    beside_the_tables: Vec<(&'static str, &'static str)>,
    retention: Vec<Retention>,
    recipients: Vec<Recipient>,
    release: Vec<String>,
    identity_rules: usize,
    keys: Vec<String>,
    automated_decisions: &'static [&'static str],
    rights: Vec<Right>,
    measures: &'static [&'static str],
    to_fill_in: &'static [&'static str],
    notice: String,
}

#[derive(Debug, Serialize)]
struct Data {
    category: &'static str,
    why: &'static str,
    is_identifying: bool,
    /// Columns by table.
    columns: Vec<(&'static str, Vec<String>)>,
}

#[derive(Debug, Serialize)]
struct Retention {
    key: &'static str,
    what: &'static str,
    /// As configured; none when it is kept until somebody removes it.
    age: Option<String>,
}

#[derive(Debug, Serialize)]
struct Recipient {
    output: &'static str,
    holds: &'static str,
    meant_for: &'static str,
}

#[derive(Debug, Serialize)]
struct Right {
    right: &'static str,
    served_by: &'static str,
}

const PURPOSES: &[&str] = &[
    "to tell how much of the paid use of AI tools comes with outcomes, how much is honest waste that advice can reduce, and how much was made for a metric",
    "to tell which targets and rankings invite use for their own sake, so that they can be changed",
    "to give every person their own data and readings",
];

const NOT_FOR: &[&str] = &[
    "evaluation, ranking, pay, promotion, discipline or dismissal of individuals",
    "attendance, working time or the time of day at which somebody works",
    "reading what people asked or were answered",
];

const NEVER_STORED: &[&str] = &[
    "text of prompts, answers, results and patches",
    "arguments of tools",
    "text of records that could not be read: the quarantine has the place and the reason",
];

const AUTOMATED: &[&str] = &[
    "No decision about a person is made by the program, and no output asks for one. Scores are readings of written definitions with their uncertainty; a signal is not evidence against anyone (GDPR art. 22; CJEU C-634/21).",
    "Nobody is ranked: no output sorts or filters people by score, and names are shown for one unit at a time, for a reason that is logged.",
    "Whoever acts on a reading must look at the evidence and its innocent explanations, hear the person, and record an objection where there is one.",
];

const MEASURES: &[&str] = &[
    "no connection is opened: nothing leaves the machine that is not copied by somebody",
    "the lake, results and reports are local files; the operator closes their directories to others",
    "one writer at a time by a file lock; commits are synced; damage is found by footlight verify",
    "prompt text is dropped at the door; hostile text in names is neutralised in every output",
    "the access log has who looked behind a pseudonym, when, for which unit and why; it is appended and never shortened",
    "user SQL cannot change anything, and reads no other files",
];

const TO_FILL_IN: &[&str] = &[
    "controller, representative and data protection officer",
    "legal basis, and the balancing where it is legitimate interest",
    "agreement with the works council, and its date",
    "who runs footlight, who receives the report, and who may use --identify",
    "processors and transfers outside the organisation, if the lake or the reports are stored elsewhere",
    "result of the impact assessment",
];

/// Runs the command.
pub fn run(args: &PolicyExportArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(global)?;
    let annex = annex(&settings)?;
    let text = markdown(&annex);
    let json = serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "annex": annex, "output": args.output,
    });
    match &args.output {
        Some(path) => {
            let written = if printer.json { format!("{}\n", serde_json::to_string_pretty(&annex)?) } else { text };
            write_file(path, written.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
            printer.text(&format!("policy {}: {}\n", annex.policy_hash, path.display()))?;
        }
        None => printer.text(&text)?,
    }
    printer.json(&json)?;
    Ok(Exit::Done)
}

fn annex(settings: &Settings) -> anyhow::Result<Annex> {
    let config = &settings.config;
    let title = plain(config.title.as_deref().unwrap_or("AI usage"));
    let key = match &config.privacy.key_file {
        Some(_) => "a key file that the configuration names, outside the lake",
        None => {
            "pseudonym.key in the lake, made at first use; keep it elsewhere with [privacy] key_file to have it apart from the data"
        }
    };
    let min_people = config.privacy.min_people;
    Ok(Annex {
        schema_version: 1,
        footlight_version: env!("CARGO_PKG_VERSION"),
        policy_hash: run_facts::policy_hash(settings)?,
        purposes: PURPOSES,
        not_for: NOT_FOR,
        data: data(),
        never_stored: NEVER_STORED,
        beside_the_tables: vec![
            ("runs", "a record of each run: arguments, counts, times and the policy hash; paths of inputs as they were typed"),
            ("access_log", "who looked behind which pseudonym, when and why"),
            ("tombstones", "keyed names and sessions of people who were forgotten, so that they stay out"),
            ("receipts", "what was removed, when and under which policy; no names"),
        ],
        retention: retention(settings),
        recipients: recipients(),
        release: vec![
            format!("a published cell has {min_people} people or more; configuration cannot lower that under {FLOOR}"),
            "of a magnitude, no person holds over 50 % and no two over 67 %".to_owned(),
            "shares near 0 % and 100 % are shown as a bound, so that nobody's behaviour follows from all or none".to_owned(),
            "where one hidden cell could be found by subtraction, a second one is hidden".to_owned(),
        ],
        identity_rules: config.identity.len(),
        keys: vec![
            format!("pseudonyms are HMAC-SHA256 under {key}; mode 0600, refused when others can read it, never an argument or in the environment"),
            "with the key a pseudonym can be led back, so results with pseudonyms are personal data of whoever holds it (GDPR art. 4(5))".to_owned(),
            "without the key the pseudonyms of results lead back to nobody: destroying it is erasure of the link".to_owned(),
        ],
        automated_decisions: AUTOMATED,
        rights: rights(),
        measures: MEASURES,
        to_fill_in: TO_FILL_IN,
        notice: notice(settings, &title),
        title,
    })
}

fn data() -> Vec<Data> {
    CATEGORIES
        .iter()
        .map(|held| {
            let columns = Table::ALL.into_iter().map(|table| {
                let schema = table.schema();
                let names = schema.fields().iter().map(|field| field.name().clone());
                (table.name(), names.filter(|name| category(table, name) == Some(*held)).collect::<Vec<_>>())
            });
            Data {
                category: held.title,
                why: held.why,
                is_identifying: held.is_identifying,
                columns: columns.filter(|(_, names)| !names.is_empty()).collect(),
            }
        })
        .collect()
}

fn retention(settings: &Settings) -> Vec<Retention> {
    let what = |key: &str| match key {
        "raw" => "original logs, where ingest reads them: footlight names those that are older and removes none",
        "events" => "events, outcomes and facts, in whole weeks; roster entries of people who left before",
        "aggregates" => "sums of admin reports and of other readers",
        "quarantine" => "places and reasons of input that could not be read",
        "runs" => "records of runs",
        _ => "data files that newer ones replaced, for readers of older versions",
    };
    let entries = settings.config.retention.entries();
    entries
        .into_iter()
        .map(|(key, age)| Retention { key, what: what(key), age: age.map(|age| age.to_string()) })
        .collect()
}

fn recipients() -> Vec<Recipient> {
    vec![
        Recipient {
            output: "report.html, report.md, report.csv, report.parquet, summary.json",
            holds: "sums and tests of the organisation and of teams that are large enough; no person, no pseudonym",
            meant_for: "leaders, staff and their representatives",
        },
        Recipient {
            output: "OUT/tables, run.json",
            holds: "rows of sessions and weeks under pseudonyms",
            meant_for: "the analysts who answer for the run",
        },
        Recipient {
            output: "footlight explain",
            holds: "one unit's evidence under its pseudonym; the account only with --identify and a reason, which is logged",
            meant_for: "whoever examines a case",
        },
        Recipient { output: "footlight subject", holds: "everything about one person", meant_for: "that person" },
        Recipient {
            output: "footlight export focus",
            holds: "cost by day and model, small groups pooled",
            meant_for: "finance",
        },
        Recipient {
            output: "footlight query, the lake itself",
            holds: "accounts, paths and names as the logs have them",
            meant_for: "the operators; to be protected like the logs",
        },
    ]
}

fn rights() -> Vec<Right> {
    [
        ("to be informed (13, 14; AI Act 26(7))", "the notice below; footlight signals and docs/signals.md say what each reading means"),
        ("access and portability (15, 20)", "footlight subject --id NAME: own data, readings and reasons as HTML, Markdown and JSON"),
        ("rectification (16)", "the roster, [[identity]], [[calendar]] and [[automation]] in footlight.toml; then run again"),
        ("erasure (17)", "footlight forget --id NAME --yes: rows, older versions and names in records go, a keyed tombstone keeps them out, a receipt proves it"),
        ("restriction and objection (18, 21)", "objections.csv: an open one marks a unit as contested, an accepted one takes it out of the scores"),
        ("no decision by machine alone (22)", "see automated decisions"),
        ("storage limitation (5(1)(e))", "[retention] with footlight gc; footlight verify --retention proves it"),
    ]
    .into_iter()
    .map(|(right, served_by)| Right { right, served_by })
    .collect()
}

fn notice(settings: &Settings, title: &str) -> String {
    let config = &settings.config;
    let age = config
        .retention
        .events
        .map_or_else(|| "until it is removed by hand".to_owned(), |age| format!("for {age} (d: days, m: months)"));
    format!(
        "{title}: from [DATE], [ORGANISATION] evaluates the logs of the AI tools that it provides with the program footlight. It counts use and cost, \
         joins them to outcomes such as commits and tickets, and looks for use that was made for a metric. It does not keep what you asked or were \
         answered. Results are shown for groups of {} people or more; nobody is ranked, and no decision about you follows from it. Data about steps of \
         work are kept {age}. You can see your own data and readings, have them corrected, object to a reading, and have your data erased: \
         [CONTACT]. Legal basis: [BASIS]. Data protection officer: [CONTACT]. You can complain to [AUTHORITY].",
        config.privacy.min_people
    )
}

fn markdown(annex: &Annex) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# Data protection annex: {}\n", escaped(&annex.title));
    let _ = writeln!(
        out,
        "Written by footlight {} from its configuration, policy `{}`, the same hash as in the footer of each report made under it. Not legal advice.",
        annex.footlight_version, annex.policy_hash
    );
    list(&mut out, "Purposes", annex.purposes);
    list(&mut out, "Not for", annex.not_for);
    let _ = writeln!(out, "\n## Data, and why\n\n| category | columns of the lake | why |\n|---|---|---|");
    for data in &annex.data {
        let columns: Vec<String> =
            data.columns.iter().map(|(table, names)| format!("`{table}`: {}", names.join(", "))).collect();
        let mark = if data.is_identifying { " (can identify)" } else { "" };
        let _ = writeln!(out, "| {}{mark} | {} | {} |", data.category, columns.join("; "), data.why);
    }
    let _ = writeln!(
        out,
        "\nKeys, versions, hashes of rows and files, and counts of records keep the tables in order and say nothing of anybody."
    );
    let _ = writeln!(out, "\nBeside the tables:\n");
    for (name, holds) in &annex.beside_the_tables {
        let _ = writeln!(out, "- `{name}`: {holds}");
    }
    list(&mut out, "Never stored", annex.never_stored);
    let _ = writeln!(out, "\n## Retention\n\n| key | what | kept |\n|---|---|---|");
    for one in &annex.retention {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} |",
            one.key,
            one.what,
            one.age.as_deref().unwrap_or("until removed by hand")
        );
    }
    let _ = writeln!(
        out,
        "\nEnforced by `footlight gc`, which removes whole ISO weeks, so that up to six days more are kept, and replaced files for the time of `versions` more. \
         The roster, the ledger of files and the access log have no retention."
    );
    let _ = writeln!(out, "\n## Outputs and recipients\n\n| output | holds | meant for |\n|---|---|---|");
    for one in &annex.recipients {
        let _ = writeln!(out, "| {} | {} | {} |", one.output, one.holds, one.meant_for);
    }
    list(&mut out, "Release of small groups", &annex.release);
    list(&mut out, "Keys and identity", &annex.keys);
    let _ = writeln!(out, "- {} rules of [[identity]] say whose a log is", annex.identity_rules);
    list(&mut out, "Automated decisions", annex.automated_decisions);
    let _ = writeln!(out, "\n## Rights, and the commands that serve them\n\n| right | served by |\n|---|---|");
    for one in &annex.rights {
        let _ = writeln!(out, "| {} | {} |", one.right, one.served_by);
    }
    list(&mut out, "Technical and organisational measures", annex.measures);
    list(&mut out, "To be filled in by the controller", annex.to_fill_in);
    let _ = writeln!(out, "\n## Notice\n\n{}", escaped(&annex.notice));
    out
}

fn list(out: &mut String, title: &str, lines: &[impl AsRef<str>]) {
    let _ = writeln!(out, "\n## {title}\n");
    for line in lines {
        let _ = writeln!(out, "- {}", line.as_ref());
    }
}

/// Text of the configuration, which no reader of Markdown obeys.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    // A string takes everything that is written to it.
    let _ = Markdown.write_escaped_str(&mut out, text);
    out
}

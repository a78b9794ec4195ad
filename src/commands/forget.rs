//! `footlight forget`: takes one person out of the lake, keeps them out, and leaves a receipt.
//!
//! Owns who is meant and what is told. Which rows are theirs is [`super::erasure`]'s, rewriting and purging are the lake's.

use super::erasure::{Erased, Swept};
use super::expiry::texts;
use super::identity::{IdentityResolver, UNASSIGNED};
use super::receipts::{Receipt, write_receipt};
use super::redaction::Redaction;
use super::settings::Settings;
use super::{Exit, UsageError, access, base_tables, run_facts, subject};
use crate::cli::{ForgetArgs, Global};
use crate::engine::Engine;
use crate::lake::{Lake, LakeError, Table};
use crate::output::Printer;
use crate::privacy::{Domain, Pseudonyms, Tombstone, Tombstones, ledger_members};
use anyhow::Context;
use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::time::Duration;

/// What the lake cannot reach; said in every receipt.
const ELSEWHERE: [&str; 5] = [
    "the original logs, repositories and rosters that ingest reads",
    "results and reports in OUT directories, which have the pseudonym and sums: run score and report again",
    "what was written about the person alone: OUT/subjects, case files, the rows of queries; delete it",
    "footlight.toml and objections.csv, where they name the person",
    "backups and copies of the lake",
];

/// Everything by which the lake knows a person.
struct Known {
    account: String,
    /// Account, aliases and what logs call them, where that means them and nobody else.
    names: BTreeSet<String>,
    /// Operating-system users of their rows, which are looked for in what remains.
    os_users: BTreeSet<String>,
    /// Sessions in which nobody else took part.
    sessions: BTreeSet<String>,
}

impl Known {
    /// First and last names, as far as the names have them: words before the `@`.
    fn words(&self) -> BTreeSet<String> {
        let local = self.names.iter().filter_map(|name| name.split('@').next());
        let words = local.flat_map(|name| name.split(|c: char| !c.is_alphanumeric()));
        words
            .filter(|word| word.chars().count() > 3 && word.chars().any(char::is_alphabetic))
            .map(str::to_owned)
            .collect()
    }
}

/// Text of other people that names the person still, after everything of their own has gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Remainder {
    table: &'static str,
    column: String,
    rows: usize,
}

/// Runs the command.
pub async fn run(args: &ForgetArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    access::check_reason("forget", &args.reason)?;
    let settings = Settings::resolve(global)?;
    Lake::open(&args.lake)?;
    let lake = if args.dry_run {
        Lake::open(&args.lake)?
    } else {
        Lake::open_for_writing(&args.lake, Duration::from_secs(args.lock_timeout)).await?
    };
    let pseudonyms = Pseudonyms::open(settings.config.privacy.key_file.as_deref(), lake.root())?;
    let tombstones = Tombstones::read(lake.root(), pseudonyms.clone())?;
    let Some(known) = known(&lake, &settings, &args.id, &pseudonyms).await? else {
        return nothing_found(args, tombstones, &settings, &lake, printer).await;
    };
    let pseudonym = pseudonyms.of(Domain::Actor, &known.account);
    let tombstone = tombstone(&tombstones, &known);
    let tombstone_id = tombstone.tombstone_id.clone();
    let mut with_them = tombstones.clone();
    with_them.add(tombstone);
    let mut erased = Erased::new(with_them, &settings)?;
    if args.dry_run || !args.yes {
        let plan = erased.plan(&lake).await?;
        // Without the pseudonym: whoever only looks leaves no line in the access log.
        printer.text(&planned_text(&plan))?;
        let exit = if args.dry_run { Exit::Done } else { Exit::Usage };
        printer.json(&serde_json::json!({
            "schema_version": 1, "status": exit.word(), "exit_code": exit as u8, "dry_run": true, "found": true,
            "tables": plan.tables, "own_inputs": plan.own_files.len(), "ledger_lines": plan.ledger_lines, "sessions": known.sessions.len(),
        }))?;
        if !args.dry_run {
            printer.error("footlight: nothing was removed: add --yes to remove it, or --dry-run to only look");
        }
        return Ok(exit);
    }
    let redaction = Redaction::new(known.names.iter().chain(&known.os_users), known.sessions.iter())?;
    // What people write as reasons calls a person by a part of the name.
    let words = known.words();
    let prose = Redaction::new(known.names.iter().chain(&known.os_users).chain(&words), known.sessions.iter())?;
    access::log(&lake, "forget", &pseudonym, &prose.without(&args.reason, &pseudonym))?;
    // Before the sweep: when that is cut short nobody knows the names any more.
    let files = Redaction::of_files(&erased.plan(&lake).await?.own_files)?;
    let records = redaction.and(&files).run_records(lake.root())?;
    let lines = prose.access_log(lake.root(), &pseudonym)?;
    let swept = erased.sweep(&lake).await?;
    let remainders = remainders(&lake, &redaction).await?;
    let receipt = Receipt {
        tombstone_id: Some(tombstone_id.clone()),
        inputs_masked: Some(swept.own_files.len()),
        run_records_changed: Some(records),
        access_log_lines_changed: Some(lines),
        release_ledger_lines_changed: Some(swept.ledger_lines),
        named_by_others: Some(serde_json::to_value(&remainders)?),
        not_in_the_lake: ELSEWHERE.to_vec(),
        ..Receipt::new("forget", run_facts::policy_hash(&settings)?, swept.tables, swept.purged)
    };
    let path = write_receipt(lake.root(), &receipt)?;
    printer.text(&done_text(&receipt, &remainders, &path.display().to_string()))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "found": true, "receipt": receipt, "written_to": path,
    }))?;
    Ok(Exit::Done)
}

/// Who is meant is not in the lake. Somebody who was forgotten is told so; a name that nobody ever had is a mistake of typing.
async fn nothing_found(
    args: &ForgetArgs,
    tombstones: Tombstones,
    settings: &Settings,
    lake: &Lake,
    printer: Printer,
) -> anyhow::Result<Exit> {
    let known = tombstones.of_name(&args.id).and_then(|place| tombstones.get(place)).cloned();
    let Some(tombstone) = known else {
        return Err(UsageError(
            "--id: nothing was found: no account, alias or pseudonym of this lake is called so, and nobody of that name was forgotten"
                .to_owned(),
        )
        .into());
    };
    let mut erased = Erased::new(tombstones, settings)?;
    let was_cut_short = erased.is_unfinished();
    if was_cut_short && args.yes && !args.dry_run {
        erased.sweep(lake).await?;
    }
    let text = format!(
        "nothing was found: they were forgotten on {}, tombstone {}{}\n",
        tombstone.erased_at,
        tombstone.tombstone_id,
        if was_cut_short { "; that was cut short, and is finished now with --yes" } else { "" }
    );
    printer.text(&text)?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "found": false,
        "tombstone_id": tombstone.tombstone_id, "erased_at": tombstone.erased_at, "was_cut_short": was_cut_short,
    }))?;
    Ok(Exit::Done)
}

/// Everything by which the lake knows whoever is meant; none when it does not know them.
async fn known(lake: &Lake, settings: &Settings, id: &str, pseudonyms: &Pseudonyms) -> anyhow::Result<Option<Known>> {
    let engine = Engine::new(&settings.engine_limits())?;
    let base = base_tables::register(&engine, lake, &settings.config, base_tables::Span::default()).await?;
    // Not that of scoring: of whom the roster says two things nobody is scored, and they can be forgotten all the same.
    let resolver = IdentityResolver::new(&settings.config.identity, &base.roster).context("[[identity]] path")?;
    let mut names = BTreeSet::new();
    let mut raw = BTreeSet::new();
    for (table, columns) in [
        (Table::Events, ["actor_id"].as_slice()),
        (Table::Outcomes, &["actor_id"]),
        (Table::Aggregates, &["actor_id", "key_id"]),
    ] {
        for column in columns {
            lake.scan(table, columns, |batch| {
                for name in distinct(texts(table, batch, column)?) {
                    if !raw.contains(name) {
                        raw.insert(name.to_owned());
                    }
                }
                Ok(())
            })
            .await?;
        }
    }
    // Accounts that only an admin report has are no actors of scoring; they can be forgotten as well.
    let in_reports = raw.iter().find(|name| name.trim().to_lowercase() == id.trim().to_lowercase());
    let account = match subject::account(id, &base, &resolver, pseudonyms) {
        Ok(account) => account,
        Err(_) => match in_reports {
            Some(name) => resolver.session_actor(name, "", ""),
            None => return Ok(None),
        },
    };
    let is_theirs =
        |name: &str| resolver.session_actor(name, "", "") == account || resolver.outcome(name).actor == account;
    names.insert(account.clone());
    let aliases = base.roster.iter().filter(|entry| entry.actor_id == account).flat_map(|entry| &entry.aliases);
    names.extend(aliases.filter(|alias| is_theirs(alias)).cloned());
    names.extend(raw.into_iter().filter(|name| is_theirs(name)));
    let mut known = Known { account, names, os_users: BTreeSet::new(), sessions: BTreeSet::new() };
    sessions(lake, &resolver, &mut known).await?;
    Ok(Some(known))
}

/// Finds the sessions in which the person took part and nobody else: theirs, and those that these started for which no log names a person.
async fn sessions(lake: &Lake, resolver: &IdentityResolver, known: &mut Known) -> Result<(), LakeError> {
    #[derive(Default)]
    struct Took {
        they: bool,
        others: bool,
        parents: HashSet<String>,
    }
    let mut took = BTreeMap::<String, Took>::new();
    let (mut os_users, mut of_others) = (BTreeSet::new(), BTreeSet::new());
    let columns = ["actor_id", "os_user", "source_file", "session_id", "parent_session_id"];
    let mut answers = HashMap::<[String; 3], Option<bool>>::new();
    lake.scan(Table::Events, &columns, |batch| {
        let text = |column| texts(Table::Events, batch, column);
        let (actors, users, files) = (text("actor_id")?, text("os_user")?, text("source_file")?);
        let (sessions, parents) = (text("session_id")?, text("parent_session_id")?);
        let at = |column: &StringArray, row: usize| {
            if column.is_null(row) { String::new() } else { column.value(row).to_owned() }
        };
        for row in 0..batch.num_rows() {
            let asked = [at(actors, row), at(users, row), at(files, row)];
            let answer = *answers.entry(asked.clone()).or_insert_with(|| {
                let actor = resolver.session_actor(&asked[0], &asked[1], &asked[2]);
                (actor != UNASSIGNED).then(|| actor == known.account)
            });
            let one = took.entry(at(sessions, row)).or_default();
            one.they |= answer == Some(true);
            one.others |= answer == Some(false);
            let users = if answer == Some(true) { &mut os_users } else { &mut of_others };
            if !asked[1].is_empty() && !users.contains(&asked[1]) {
                users.insert(asked[1].clone());
            }
            if !parents.is_null(row) && !one.parents.contains(parents.value(row)) {
                one.parents.insert(parents.value(row).to_owned());
            }
        }
        Ok(())
    })
    .await?;
    // A user that several people go by names nobody.
    known.os_users = os_users.difference(&of_others).cloned().collect();
    known.sessions.extend(took.iter().filter(|(_, one)| one.they && !one.others).map(|(session, _)| session.clone()));
    loop {
        let children: Vec<String> = took
            .iter()
            .filter(|(session, one)| {
                !one.others
                    && !known.sessions.contains(*session)
                    && one.parents.iter().any(|parent| known.sessions.contains(parent))
            })
            .map(|(session, _)| session.clone())
            .collect();
        if children.is_empty() {
            return Ok(());
        }
        known.sessions.extend(children);
    }
}

fn distinct(column: &StringArray) -> BTreeSet<&str> {
    column.iter().flatten().filter(|name| !name.trim().is_empty()).collect()
}

/// The tombstone of a person; what an earlier one had is kept.
fn tombstone(tombstones: &Tombstones, known: &Known) -> Tombstone {
    let mut tombstone = tombstones.begin(&known.account, &jiff::Timestamp::now().to_string());
    let earlier = tombstones.all().iter().find(|one| one.tombstone_id == tombstone.tombstone_id);
    if let Some(earlier) = earlier {
        tombstone.names.clone_from(&earlier.names);
        tombstone.sessions.clone_from(&earlier.sessions);
    }
    tombstone.names.extend(known.names.iter().map(|name| tombstones.name(name)));
    tombstone.sessions.extend(known.sessions.iter().map(|session| tombstones.session(session)));
    // By every name: a name may have been a person of its own in earlier reports.
    tombstone.ledger_members =
        known.names.iter().flat_map(|name| ledger_members(tombstones.pseudonyms(), name)).collect();
    tombstone
}

/// Where text of other people names the person still: paths, branches, names of shared inputs.
async fn remainders(lake: &Lake, redaction: &Redaction) -> Result<Vec<Remainder>, LakeError> {
    let mut found = BTreeMap::<(usize, String), usize>::new();
    for table in Table::ALL {
        let schema = table.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        lake.scan(table, &names, |batch: &RecordBatch| {
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                let values = column.as_list_opt::<i32>().map_or_else(|| column.clone(), |list| list.values().clone());
                let Some(values) = values.as_string_opt::<i32>() else { continue };
                let rows = values.iter().flatten().filter(|text| redaction.is_in(text)).count();
                if rows > 0 {
                    *found.entry((table.index(), field.name().clone())).or_default() += rows;
                }
            }
            Ok(())
        })
        .await?;
    }
    let table = |index: usize| Table::ALL.get(index).map_or("", |table| table.name());
    Ok(found.into_iter().map(|((index, column), rows)| Remainder { table: table(index), column, rows }).collect())
}

fn planned_text(plan: &Swept) -> String {
    let mut text = "would remove of them:\n".to_owned();
    for table in &plan.tables {
        if table.rows_removed + table.rows_changed > 0 {
            let _ = writeln!(
                text,
                "  {:>9} of {} rows of {}, and change {}; {} of {} files",
                table.rows_removed,
                table.rows_before,
                table.table,
                table.rows_changed,
                table.files_replaced,
                table.files_before
            );
        }
    }
    let _ = writeln!(
        text,
        "  {:>9} inputs held nothing else; older versions of the lake can no longer be read",
        plan.own_files.len()
    );
    let _ = writeln!(
        text,
        "  {:>9} lines of the release ledger: published figures stay, who is in them goes",
        plan.ledger_lines
    );
    text
}

fn done_text(receipt: &Receipt, remainders: &[Remainder], path: &str) -> String {
    let mut text = String::new();
    for table in receipt.tables.iter().filter(|table| table.rows_removed > 0) {
        let _ =
            writeln!(text, "  {:>9} of {} rows removed from {}", table.rows_removed, table.rows_before, table.table);
    }
    let _ = writeln!(text, "  {:>9} data files purged, {} bytes", receipt.purged.files, receipt.purged.bytes);
    if let Some(lines) = receipt.release_ledger_lines_changed {
        let _ = writeln!(text, "  {lines:>9} lines of the release ledger know them no more");
    }
    for remainder in remainders {
        let _ = writeln!(
            text,
            "  {:>9} texts of others name them still: {}.{}",
            remainder.rows, remainder.table, remainder.column
        );
    }
    let _ = writeln!(text, "receipt: {path}\nnot in the lake, and not removed:");
    for place in &receipt.not_in_the_lake {
        let _ = writeln!(text, "  - {place}");
    }
    text
}

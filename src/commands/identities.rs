//! `footlight identities`: every id of a lake, whose it is, how sure that is, and what contradicts itself. Real ids only with a reason, and a
//! line in the access log.

use super::identity::{Confidence, IdentityLink, UNASSIGNED};
use super::settings::Settings;
use super::{Exit, RefusedError, access, base_tables};
use crate::cli::{Global, IdentitiesArgs};
use crate::engine::Engine;
use crate::lake::Lake;
use crate::output::Printer;
use crate::privacy::{Domain, Pseudonyms, terminal};
use crate::score::rows::IdentityRow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Runs the command.
pub async fn run(args: &IdentitiesArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    match (&args.reason, args.identify) {
        (Some(reason), true) => access::check_reason("--identify", reason)?,
        (None, true) => return Err(RefusedError("--identify needs --reason".into()).into()),
        (_, false) => {}
    }
    let settings = Settings::resolve(global)?;
    let lake = Lake::open(&args.lake)?;
    let pseudonyms = Pseudonyms::open(settings.config.privacy.key_file.as_deref(), lake.root())?;
    let engine = Engine::new(&settings.engine_limits())?;
    let base = base_tables::register(&engine, &lake, &settings.config, base_tables::Span::default()).await?;
    let links = base.links.iter().filter(|link| !args.conflicts || link.is_conflict);
    let listed: Vec<IdentityRow> = if args.identify {
        access::log(&lake, "identities --identify", "(all)", args.reason.as_deref().unwrap_or_default())?;
        links.map(named).collect()
    } else {
        // In the order of the names, as they come, a list of staff would tell whose each pseudonym is.
        rows(links, |actor| pseudonyms.of(Domain::Actor, actor))
    };
    printer.text(&text(&listed, &base.links))?;
    printer.json(&serde_json::json!({
        "schema_version": 1, "status": Exit::Done.word(), "exit_code": 0, "identities": listed,
    }))?;
    Ok(Exit::Done)
}

/// The list under pseudonyms and in their order, as `OUT/tables/identities.parquet` has it.
pub fn rows<'a>(
    links: impl IntoIterator<Item = &'a IdentityLink>,
    rename: impl Fn(&str) -> String,
) -> Vec<IdentityRow> {
    let mut rows: Vec<IdentityRow> = links.into_iter().map(|link| row(link, &rename)).collect();
    rows.sort_by(|one, two| (&one.actor, &one.form, &one.identity).cmp(&(&two.actor, &two.form, &two.identity)));
    rows
}

fn row(link: &IdentityLink, rename: &impl Fn(&str) -> String) -> IdentityRow {
    let name = |id: &str| if id.is_empty() || id == UNASSIGNED { id.to_owned() } else { rename(id) };
    with(link, name(&link.id), name(&link.actor), link.looks_like.as_deref().map(name))
}

fn named(link: &IdentityLink) -> IdentityRow {
    with(link, link.id.clone(), link.actor.clone(), link.looks_like.clone())
}

fn with(link: &IdentityLink, identity: String, actor: String, looks_like: Option<String>) -> IdentityRow {
    IdentityRow {
        identity,
        form: link.form.as_str().to_owned(),
        actor,
        confidence: link.confidence.as_str().to_owned(),
        conflict: link.is_conflict,
        reason: link.reason.clone(),
        looks_like,
        events: link.events,
        outcomes: link.outcomes,
    }
}

/// How many ids are known how, the surest first, and how many contradict themselves.
pub fn counts(links: &[IdentityLink]) -> (Vec<(String, i64)>, i64) {
    let mut by_confidence = BTreeMap::<Confidence, i64>::new();
    for link in links {
        *by_confidence.entry(link.confidence).or_default() += 1;
    }
    let counts = Confidence::ALL.iter().filter_map(|one| Some((one.as_str().to_owned(), *by_confidence.get(one)?)));
    (counts.collect(), links.iter().filter(|link| link.is_conflict).count() as i64)
}

fn text(rows: &[IdentityRow], links: &[IdentityLink]) -> String {
    let mut out = String::new();
    for row in rows {
        let _ = write!(
            out,
            "{:<8} {} -> {}  {}, {} events, {} outcomes",
            row.form,
            terminal(if row.identity.is_empty() { "(none)" } else { &row.identity }),
            terminal(&row.actor),
            row.confidence,
            row.events,
            row.outcomes
        );
        if !row.reason.is_empty() {
            let _ = write!(out, "; {}{}", if row.conflict { "conflict: " } else { "" }, row.reason);
        }
        if let Some(looks_like) = &row.looks_like {
            let _ = write!(
                out,
                "; looks like {}, which is not used: add it to the roster's aliases if it is",
                terminal(looks_like)
            );
        }
        out.push('\n');
    }
    let (known, conflicts) = counts(links);
    let known: Vec<String> = known.iter().map(|(confidence, count)| format!("{count} {confidence}")).collect();
    let _ = writeln!(out, "{} ids: {}; {conflicts} conflicts", links.len(), known.join(", "));
    out
}

//! What the models found, as rows for the judgement.

use super::Days;
use crate::engine::Engine;
use crate::engine::rows::Columns;
use crate::privacy::{Domain, Pseudonyms};
use crate::report::reconciliation::{AccountLine, CheckRow, Row, Surroundings, TeamLine};
use std::collections::BTreeMap;

/// The lines of the comparison.
pub(super) async fn lines(engine: &Engine) -> anyhow::Result<Vec<Row>> {
    let sql = "select *, cast(period_from as varchar) as day from rpt_reconciliation";
    let mut rows = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let text = |name: &str| columns.text(name);
        let long = |name: &str| columns.integer(name);
        let (scope, period, day, model) = (text("scope")?, text("period")?, text("day")?, text("model")?);
        let (reports, has_tokens) = (text("reports")?, columns.boolean("has_tokens")?);
        let (billed, logged) = (long("billed_tokens")?, long("logged_tokens")?);
        let (cost, logged_cost) = (columns.micro_usd("billed_cost_usd")?, columns.micro_usd("logged_cost_usd")?);
        let (requests, completions) = (long("billed_requests")?, long("completions")?);
        let (reported, without_cost) = (columns.micro_usd("reported_cost_usd")?, long("completions_without_cost")?);
        let (without, lower) = (long("completions_without_usage")?, long("lower_bound_completions")?);
        for row in 0..batch.num_rows() {
            rows.push(Row {
                scope: scope.required(row)?,
                period: period.required(row)?,
                period_from: day.required(row)?,
                model: model.required(row)?,
                reports: reports.required(row)?,
                has_tokens: has_tokens.get(row).unwrap_or(false),
                billed_tokens: billed.get(row),
                logged_tokens: logged.get(row),
                billed_cost_micro_usd: cost.get(row),
                logged_cost_micro_usd: logged_cost.get(row),
                reported_cost_micro_usd: reported.get(row),
                billed_requests: requests.get(row),
                completions: completions.required(row)?,
                completions_without_usage: without.required(row)?,
                completions_without_cost: without_cost.required(row)?,
                lower_bound_completions: lower.required(row)?,
            });
        }
    }
    Ok(rows)
}

/// First and last day of the logs and newest period of the bill, by scope; whether pages of the bill are missing is known to who read it.
pub(super) async fn surroundings(engine: &Engine, pages_missing: bool) -> anyhow::Result<Surroundings> {
    let logged = "select s.scope, cast(min(l.utc_day) as varchar) as first, cast(max(l.utc_day) as varchar) as last
        from (select distinct scope from int_billed) as s
        inner join int_logged_use as l on l.client_name = s.scope or l.maker = s.scope
        group by 1";
    let mut logged_days = BTreeMap::new();
    for batch in engine.rows(logged).await? {
        let columns = Columns::new(&batch);
        let (scope, first, last) = (columns.text("scope")?, columns.text("first")?, columns.text("last")?);
        for row in 0..batch.num_rows() {
            logged_days.insert(scope.required(row)?, (first.required(row)?, last.required(row)?));
        }
    }
    let billed = "select scope, cast(max(period_from) as varchar) as newest from int_billed group by 1";
    let mut newest_billed = BTreeMap::new();
    for batch in engine.rows(billed).await? {
        let columns = Columns::new(&batch);
        let (scope, newest) = (columns.text("scope")?, columns.text("newest")?);
        for row in 0..batch.num_rows() {
            newest_billed.insert(scope.required(row)?, newest.required(row)?);
        }
    }
    Ok(Surroundings { logged_days, newest_billed, pages_missing })
}

/// Teams by month; cells of fewer people than the floor are hidden, with a second one where the total would give a single one away.
pub(super) async fn teams(engine: &Engine, floor: i64) -> anyhow::Result<Vec<TeamLine>> {
    let sql =
        "select *, cast(month as varchar) as month_name from rpt_reconciliation_teams order by scope, month, team_id";
    let mut teams: Vec<(TeamLine, i64)> = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let (scope, month, team) = (columns.text("scope")?, columns.text("month_name")?, columns.text("team_id")?);
        let people = columns.integer("people")?;
        let (billed, logged) = (columns.integer("billed_tokens")?, columns.integer("logged_tokens")?);
        let (cost, logged_cost) = (columns.micro_usd("billed_cost_usd")?, columns.micro_usd("logged_cost_usd")?);
        for row in 0..batch.num_rows() {
            let people = people.required(row)?;
            let line = TeamLine {
                scope: scope.required(row)?,
                month: month.required(row)?,
                team_id: team.required(row)?,
                suppressed: people < floor,
                billed_tokens: billed.get(row),
                logged_tokens: logged.get(row),
                billed_cost_micro_usd: cost.get(row),
                logged_cost_micro_usd: logged_cost.get(row),
            };
            teams.push((line, people));
        }
    }
    for cells in teams.chunk_by_mut(|(one, _), (two, _)| (&one.scope, &one.month) == (&two.scope, &two.month)) {
        if cells.iter().filter(|(line, _)| line.suppressed).count() == 1
            && let Some((next, _)) =
                cells.iter_mut().filter(|(line, _)| !line.suppressed).min_by_key(|(_, people)| *people)
        {
            next.suppressed = true;
        }
    }
    Ok(teams.into_iter().map(|(line, _)| if line.suppressed { hidden(line) } else { line }).collect())
}

fn hidden(line: TeamLine) -> TeamLine {
    TeamLine {
        billed_tokens: None,
        logged_tokens: None,
        billed_cost_micro_usd: None,
        logged_cost_micro_usd: None,
        ..line
    }
}

/// Workspaces and keys by month, in the order of names. A key may be one person's, so it is shown under a pseudonym.
pub(super) async fn accounts(engine: &Engine, pseudonyms: &Pseudonyms) -> anyhow::Result<Vec<AccountLine>> {
    let sql = "select *, cast(month as varchar) as month_name from rpt_reconciliation_accounts order by scope, month, kind, account";
    let mut accounts = Vec::new();
    for batch in engine.rows(sql).await? {
        let columns = Columns::new(&batch);
        let text = |name: &str| columns.text(name);
        let (scope, month, kind) = (text("scope")?, text("month_name")?, text("kind")?);
        let (account, team) = (text("account")?, text("team_id")?);
        let (tokens, cost) = (columns.integer("tokens")?, columns.micro_usd("cost_usd")?);
        for row in 0..batch.num_rows() {
            let kind = kind.required(row)?;
            let account = account.required(row)?;
            accounts.push(AccountLine {
                scope: scope.required(row)?,
                month: month.required(row)?,
                account: if kind == "key" { pseudonyms.of(Domain::Actor, &account) } else { account },
                kind,
                team_id: team.get(row),
                billed_tokens: tokens.get(row),
                billed_cost_micro_usd: cost.get(row),
            });
        }
    }
    Ok(accounts)
}

/// What is unusual about the logs of these days.
pub(super) async fn checks(engine: &Engine, days: Days) -> anyhow::Result<Vec<CheckRow>> {
    let day = |column: &str| format!("cast(arrow_cast({column}, 'Timestamp(Microsecond, None)') as date)");
    let (first, last) = (day("first_at"), day("last_at"));
    let from = days.from.map(|from| format!(" and {last} >= date '{from}'")).unwrap_or_default();
    let to = days.to.map(|to| format!(" and {first} <= date '{to}'")).unwrap_or_default();
    let sql = format!(
        "select log_check, session_id, records, tokens, cast({first} as varchar) as first_day, cast({last} as varchar) as last_day
        from fct_log_checks where true{from}{to}
        union all
        select 'copied_log', null, records, null, null, null from int_copied_logs
        order by log_check, session_id"
    );
    let mut rows = Vec::new();
    for batch in engine.rows(&sql).await? {
        let columns = Columns::new(&batch);
        let text = |name: &str| columns.text(name);
        let (check, session) = (text("log_check")?, text("session_id")?);
        let (records, tokens) = (columns.integer("records")?, columns.integer("tokens")?);
        let (first, last) = (text("first_day")?, text("last_day")?);
        for row in 0..batch.num_rows() {
            rows.push(CheckRow {
                check: check.required(row)?,
                session_id: session.get(row),
                records: records.required(row)?,
                tokens: tokens.get(row),
                first_day: first.get(row),
                last_day: last.get(row),
            });
        }
    }
    Ok(rows)
}

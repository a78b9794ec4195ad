//! The rows of each view, in the order of the page.
//!
//! Owns ids, cells and units. How a row is written is the parent's.

use super::{Row, View, written};
use crate::report::model::{Quantity, Report};
use crate::report::quantities::{Count, Maybe, Share};

/// A count behind a row; unknown where it is withheld.
fn behind(count: Maybe<Count>) -> Count {
    count.0.unwrap_or_default()
}

/// Every figure, view by view.
pub(super) fn rows(report: &Report) -> Vec<Row> {
    [
        figures(report),
        comparison(report),
        weeks(report),
        money(report),
        funnel(report),
        measuring(report),
        population(report),
        findings_and_signals(report),
        people(report),
        teams(report),
        totals(report),
        actions(report),
        quality(report),
        coverage(report),
    ]
    .into_iter()
    .flat_map(|view| view.rows)
    .collect()
}

fn figures(report: &Report) -> View {
    let mut view = View::new("figures");
    for figure in &report.figures {
        view.add(figure.id, "", figure.unit, figure.value, false).between(figure.low, figure.high).of(behind(figure.n));
    }
    view
}

fn comparison(report: &Report) -> View {
    let mut view = View::new("changes");
    let Some(comparison) = &report.comparison else { return view };
    for row in &comparison.moved {
        for (when, range) in [("then", &row.before), ("now", &row.now)] {
            let unit = range.value.0.map_or("", unit_of);
            view.add(&row.id, when, unit, range.value, false).between(range.low, range.high);
        }
    }
    for row in &comparison.restated {
        for (when, value) in [("then", row.before), ("now", row.now)] {
            let unit = value.0.map_or("", unit_of);
            let id = format!("restated_{}", row.what.replace(' ', "_"));
            view.add(&id, &format!("{} {when}", row.iso_week), unit, value, false);
        }
    }
    view
}

fn unit_of(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Money(_) => "micro_usd",
        Quantity::Share(_) => "share",
        Quantity::Count(_) => "count",
        Quantity::Tokens(_) => "tokens",
        Quantity::Number(_) => "number",
    }
}

fn weeks(report: &Report) -> View {
    let mut view = View::new("weeks");
    for week in &report.weeks {
        let cell = &week.iso_week;
        let hidden = week.active_actors.0.is_none();
        view.add("week_active_people", cell, "people", week.active_actors, hidden);
        view.add("week_sessions", cell, "count", week.sessions, hidden);
        view.add("week_prompts", cell, "count", week.prompts, hidden);
        view.add("week_tokens", cell, "tokens", week.tokens, hidden);
        view.add("week_cost", cell, "micro_usd", week.cost, hidden);
        view.add("week_outcomes", cell, "count", week.outcomes, hidden);
    }
    view
}

fn money(report: &Report) -> View {
    let mut view = View::new("money");
    let money = &report.money;
    view.add("money_total", "", "micro_usd", money.total, money.has_price).of(behind(money.priced_sessions));
    view.add("money_total_tokens", "", "tokens", money.total_tokens, true);
    for part in &money.parts {
        let id = format!("money_{}", part.id);
        view.add(&id, "", "micro_usd", part.cost, part.withheld)
            .between(part.cost_low, part.cost_high)
            .of(behind(part.sessions));
        view.add(&format!("{id}_share"), "", "share", part.share, part.withheld)
            .between(part.share_low, part.share_high)
            .of(behind(part.sessions));
        view.add(&format!("{id}_tokens"), "", "tokens", part.tokens, part.withheld).of(behind(part.sessions));
    }
    view
}

fn funnel(report: &Report) -> View {
    let mut view = View::new("funnel");
    for step in &report.funnel {
        view.add(&format!("funnel_{}", step.id), "", "people", step.people, false);
        view.add(&format!("funnel_{}_of_previous", step.id), "", "share", step.of_previous, false);
    }
    view
}

fn measuring(report: &Report) -> View {
    let mut view = View::new("measuring");
    for kpi in &report.measuring.kpis {
        let name = format!("{}, {} since {}", kpi.target, kpi.kind, kpi.since);
        for side in &kpi.sides {
            for (when, mean) in [("before", side.before), ("after", side.after)] {
                view.add(
                    &format!("mean_{when}"),
                    &format!("{name}: {}", side.what),
                    unit_of(mean.value),
                    mean.value,
                    false,
                )
                .between(mean.low, mean.high)
                .of(mean.weeks);
            }
        }
        for bin in &kpi.bins {
            let cell = format!("{name}: from {}", written(bin.from));
            view.add("bin_weeks_before", &cell, "weeks", bin.before, true);
            view.add("bin_weeks_after", &cell, "weeks", bin.after, true);
            view.add("bin_weeks_expected", &cell, "weeks", bin.expected, bin.after.0.is_none());
        }
    }
    if let Some(found) = &report.measuring.rank_agreement {
        for (when, tau) in [("before", found.before), ("after", found.after)] {
            view.add(&format!("rank_agreement_{when}"), "", "tau", tau.value, false)
                .between(tau.low, tau.high)
                .of(found.people);
        }
    }
    view
}

fn population(report: &Report) -> View {
    let mut view = View::new("population");
    for test in &report.population {
        let unit = if test.estimate_unit.is_empty() { "estimate" } else { test.estimate_unit.as_str() };
        view.add(&test.test, &test.scope, unit, test.estimate, false).between(test.low, test.high).of(test.n);
        view.add(&format!("{}_p", test.test), &test.scope, "probability", test.p, false).of(test.n);
    }
    view
}

fn findings_and_signals(report: &Report) -> View {
    let mut view = View::new("findings");
    for finding in &report.findings {
        let cell = &finding.finding;
        let (hidden, of) = (finding.sessions.0.is_none(), behind(finding.sessions));
        view.add("finding_sessions", cell, "count", finding.sessions, hidden);
        view.add("finding_times", cell, "count", finding.count, hidden).of(of);
        view.add("finding_tokens", cell, "tokens", finding.tokens, hidden).of(of);
        view.add("finding_cost", cell, "micro_usd", finding.cost, hidden).of(of);
    }
    view.name = "signals";
    for signal in &report.signals {
        let cell = &signal.signal;
        let of = behind(signal.spoke);
        view.add("signal_spoke", cell, "count", signal.spoke, true);
        view.add("signal_unusual", cell, "count", signal.unusual, signal.prevalence.0.is_some()).of(of);
        view.add("signal_prevalence", cell, "share", signal.prevalence, signal.unusual.0.is_some()).of(of);
        view.add("signal_abstained", cell, "count", signal.abstained, true);
    }
    view.name = "reasons";
    view.add("reason_sessions", "", "count", report.reasons.sessions, true);
    for reason in &report.reasons.signals {
        view.add("reason_sessions", &reason.signal, "count", reason.sessions, true);
        view.add("reason_share", &reason.signal, "share", reason.share, true);
    }
    view
}

fn people(report: &Report) -> View {
    let mut view = View::new("cohorts");
    for cohort in &report.cohorts {
        view.add("cohort_people", &cohort.start, "people", cohort.people, true);
        for cell in &cohort.cells {
            view.add("cohort_active", &format!("{} week {}", cohort.start, cell.week), "share", cell.share, true);
        }
    }
    view.name = "archetypes";
    for archetype in &report.archetypes {
        let cell = &archetype.name;
        view.add("archetype_sessions", cell, "count", archetype.sessions, true);
        view.add("archetype_share", cell, "share", archetype.share, true);
        view.add("archetype_people", cell, "people", archetype.actors, true);
    }
    view.name = "systems";
    for system in &report.systems {
        let (cell, hidden) = (&system.system, system.suppressed);
        for (id, value) in [("writes", system.writes), ("sends", system.sends), ("executes", system.executes)] {
            view.add(&format!("system_{id}"), cell, "count", value, hidden);
        }
        let shares: [(&str, Maybe<Share>); 6] = [
            ("started_by_human", system.started_by_human),
            ("started_by_machine", system.started_by_machine),
            ("approved_by_human", system.approved_by_human),
            ("approval_unknown", system.approval_unknown),
            ("off_hours", system.off_hours),
            ("unattended", system.unattended),
        ];
        for (id, value) in shares {
            view.add(&format!("system_{id}"), cell, "share", value, hidden);
        }
    }
    view.name = "automation";
    for job in report.automation.lines() {
        let (cell, hidden) = (&job.job, job.suppressed);
        view.add("job_runs", cell, "count", job.runs, hidden);
        view.add("job_tokens", cell, "tokens", job.tokens, hidden);
        view.add("job_cost", cell, "micro_usd", job.cost, hidden);
        view.add("job_followed_runs", cell, "count", job.followed_runs, hidden);
        view.add("job_uptake", cell, "share", job.uptake, hidden);
        view.add("job_lines_landed", cell, "share", job.lines_landed, hidden);
        view.add("job_cost_not_taken_up", cell, "micro_usd", job.cost_not_taken_up, hidden);
    }
    view
}

fn teams(report: &Report) -> View {
    let mut view = View::new("quadrant");
    view.add("quadrant_usage_centre", "", "tokens", report.quadrant.usage_centre, false).of(report.quadrant.weeks);
    view.add("quadrant_outcome_centre", "", "share", report.quadrant.outcome_centre, false).of(report.quadrant.weeks);
    for team in &report.quadrant.teams {
        view.add("quadrant_usage", &team.team_id, "tokens", team.usage, false)
            .between(team.usage_low, team.usage_high)
            .of(team.weeks);
        view.add("quadrant_outcome", &team.team_id, "share", team.outcome, false)
            .between(team.outcome_low, team.outcome_high)
            .of(team.weeks);
    }
    view.name = "teams";
    for team in &report.teams {
        let (cell, hidden) = (format!("{} {}", team.team_id, team.iso_week), team.suppressed);
        view.add("team_active_people", &cell, "people", team.active_actors, hidden);
        view.add("team_tokens", &cell, "tokens", team.tokens, hidden);
        view.add("team_cost", &cell, "micro_usd", team.cost, hidden);
        view.add("team_outcomes", &cell, "count", team.outcomes, hidden);
        view.add("team_with_outcome", &cell, "share", None::<Share>, hidden)
            .between(team.with_outcome_low, team.with_outcome_high);
        view.add("team_flagged", &cell, "share", team.flagged, hidden).between(team.flagged_low, team.flagged_high);
    }
    view
}

fn totals(report: &Report) -> View {
    let mut view = View::new("models");
    for model in &report.models {
        let cell = &model.model;
        let (hidden, of) = (model.completions.0.is_none(), behind(model.completions));
        view.add("model_responses", cell, "count", model.completions, hidden);
        for (id, tokens) in [
            ("input", model.input_tokens),
            ("output", model.output_tokens),
            ("cache_read", model.cache_read_tokens),
            ("cache_write", model.cache_write_tokens),
        ] {
            view.add(&format!("model_{id}_tokens"), cell, "tokens", tokens, hidden).of(of);
        }
        view.add("model_cost", cell, "micro_usd", model.cost, hidden).of(of);
    }
    view.name = "days";
    for day in &report.days {
        view.add("day_sessions", &day.day, "count", day.sessions, false);
        view.add("day_prompts", &day.day, "count", day.prompts, false);
        view.add("day_tokens", &day.day, "tokens", day.tokens, false);
        view.add("day_cost", &day.day, "micro_usd", day.cost, false);
    }
    view
}

fn coverage(report: &Report) -> View {
    let mut view = View::new("coverage");
    let coverage = &report.coverage;
    let has_bill = !coverage.months.is_empty();
    view.add("coverage", "", "share", coverage.share, has_bill).between(coverage.low, coverage.high);
    for month in &coverage.months {
        let cell = format!("{} {}", month.month, month.scope);
        view.add("coverage_month", &cell, "share", month.share, true).between(month.low, month.high);
        view.add("coverage_billed", &cell, month.measure, month.billed, true);
        view.add("coverage_logged", &cell, month.measure, month.logged, true);
    }
    for row in &report.seats {
        view.add("seats", &row.product, "people", row.seats, row.suppressed);
        view.add("seats_used", &row.product, "people", row.used, row.suppressed);
        view.add("seats_idle", &row.product, "people", row.idle, row.suppressed).between(row.idle, row.idle_high);
        view.add("seats_never_used", &row.product, "people", row.never_used, row.suppressed);
        view.add("seats_idle_cost", &row.product, "micro_usd", None::<i64>, row.suppressed)
            .between(row.idle_cost_low, row.idle_cost_high);
    }
    if let Some(idle) = report.idle_seats {
        view.add("idle_seats", "", "micro_usd", None::<i64>, false).between(idle.cost_low, idle.cost_high);
    }
    for row in &report.retention {
        view.add(
            &format!("retention_{}", row.state),
            &format!("{} {} to {}", row.source, row.from, row.to),
            "days",
            row.kept_days,
            false,
        );
    }
    view
}

fn actions(report: &Report) -> View {
    let mut view = View::new("actions");
    for action in &report.actions {
        let (low, high) = (action.expected_low, action.expected_high);
        view.add("action_expected", action.id, "micro_usd", Maybe::<Count>(None), false).between(low, high);
    }
    view
}

fn quality(report: &Report) -> View {
    let (mut view, quality) = (View::new("quality"), &report.data_quality);
    let told = |count: Count| Maybe(Some(count));
    for (id, count) in [
        ("files_read", told(quality.files_read)),
        ("events", told(quality.events)),
        ("duplicates", told(quality.duplicates)),
        ("merged_by_id", quality.merged_by_id),
        ("merged_by_counts", quality.merged_by_counts),
        ("identity_conflicts", told(quality.identity_conflicts)),
        ("quarantined", told(quality.quarantined)),
        ("suppressed_cells", told(quality.suppressed_cells)),
        ("cells", told(quality.cells)),
    ] {
        view.add(id, "", "count", count, true);
    }
    for source in &quality.sources {
        view.add("source_seen", &source.source, "count", source.seen, true);
        view.add("source_counted", &source.source, "count", source.counted, true);
        view.add("source_tokens_counted", &source.source, "tokens", source.tokens_counted, true);
    }
    for identity in &quality.identities {
        view.add("identities", &identity.reason, "count", identity.count, false);
    }
    let released = &report.released;
    for (id, count) in
        [("cells_published", released.published), ("cells_kept", released.kept), ("cells_withheld", released.withheld)]
    {
        view.add(id, "", "count", count, false);
    }
    for reason in &quality.quarantined_by_reason {
        view.add("quarantined", &reason.reason, "count", reason.count, false);
    }
    for kind in &quality.ignored_kinds {
        view.add("ignored", &kind.reason, "count", kind.count, false);
    }
    for (id, share) in [
        ("missing_usage", quality.missing_usage),
        ("lower_bound_outputs", quality.lower_bound_outputs),
        ("outcome_coverage", quality.outcome_coverage),
    ] {
        view.add(id, "", "share", share, false);
    }
    view.add("unassigned_tokens", "", "share", quality.unassigned_tokens, false);
    view.add("scored_sessions", "", "share", quality.scored_sessions, false);
    view
}

//! The report as a whole: what it says of three invented lakes, and that no text from a log can change its shape.

use std::collections::BTreeSet;

use super::fixture::{alone, nothing, organisation, signal_rows};
use super::injection::of_page;
use super::inputs::{Inputs, WeekTotals};
use super::model::Verdict;
use super::readings::Readings;
use super::{Report, build, build_with_ledger, compare, html, markdown, render, summary, tidy};
use crate::privacy::{Ledger, Pseudonyms};
use crate::score::rows::SessionRow;

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Every format of a report, by file name.
fn rendered(report: &Report) -> Vec<(&'static str, String)> {
    render(report).unwrap().into()
}

fn lakes() -> [(&'static str, Inputs); 3] {
    [("organisation", organisation()), ("alone", alone()), ("nothing", nothing())]
}

/// Writes the three pages where a browser can open them: `cargo test --lib -- --ignored pages_to_look_at`.
#[test]
#[ignore = "writes to the temporary directory, for looking at"]
fn pages_to_look_at() {
    let folder = std::env::temp_dir().join("footlight-report");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, inputs) in lakes() {
        for (file, text) in rendered(&build(&inputs)) {
            let extension = file.rsplit('.').next().unwrap();
            std::fs::write(folder.join(format!("{name}.{extension}")), text).unwrap();
        }
    }
}

#[test]
fn markdown_of_three_lakes() {
    for (name, inputs) in lakes() {
        snapshot(&format!("{name}.md"), &markdown::render(&build(&inputs)).unwrap());
    }
}

#[test]
fn summaries_of_three_lakes() {
    for (name, inputs) in lakes() {
        snapshot(&format!("{name}.json"), &summary::render(&build(&inputs)).unwrap());
    }
}

#[test]
fn the_order_of_the_inputs_does_not_matter() {
    let mut reversed = organisation();
    reversed.sessions.reverse();
    reversed.actor_weeks.reverse();
    let mut readings = signal_rows(&reversed.sessions);
    readings.reverse();
    reversed.signals = Readings::of(&reversed.sessions, &readings);
    reversed.findings.reverse();
    reversed.teams.reverse();
    reversed.population.reverse();
    reversed.attribution.reverse();
    reversed.outcomes.reverse();
    reversed.days.reverse();
    reversed.models.reverse();
    reversed.weeks.reverse();
    reversed.policies.reverse();
    reversed.kpis.reverse();
    reversed.queries.reverse();
    reversed.catalogue.reverse();
    reversed.archetypes.reverse();
    reversed.systems.reverse();
    reversed.declared.reverse();
    reversed.run.quarantined.reverse();
    reversed.run.ignored_kinds.reverse();
    assert_eq!(rendered(&build(&organisation())), rendered(&build(&reversed)));
}

#[test]
fn headline_ids_are_anchors_in_the_page_and_keys_in_the_summary() {
    let report = build(&organisation());
    let page = html::render(&report).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary::render(&report).unwrap()).unwrap();
    assert_eq!(summary["schema_version"], 1);
    for id in ["spend", "linked_share", "sustained_share", "theater_like_share"] {
        assert!(page.contains(&format!(r#"id="figure-{id}""#)), "{id}");
        assert!(page.contains(&format!(r#"id="why-{id}""#)), "{id}");
        assert!(summary["figures"][id]["value"].is_number(), "{id}");
        for query in summary["figures"][id]["queries"].as_array().unwrap() {
            assert!(summary["queries"][query.as_str().unwrap()].is_string(), "{query}");
        }
    }
    let parts = summary["money"]["parts"].as_array().unwrap();
    // Each is rounded for itself, and what is withheld says so.
    for part in parts {
        assert_eq!(part["cost"].is_null(), part["withheld"].as_bool().unwrap(), "{part}");
    }
    let sum: i64 = parts.iter().filter_map(|part| part["cost"].as_i64()).sum();
    assert!(sum <= summary["money"]["total"].as_i64().unwrap() * 21 / 20, "{sum}");
}

#[test]
fn agreement_is_shown_only_while_its_test_speaks() {
    let mut inputs = organisation();
    assert!(build(&inputs).measuring.rank_agreement.is_none());
    let decoupling = inputs.population.iter_mut().find(|row| row.test == "metric_decoupling").unwrap();
    decoupling.status = "speak".into();
    (decoupling.estimate, decoupling.ci_low, decoupling.ci_high) = (Some(0.38), Some(0.11), Some(0.66));
    decoupling.p = Some(0.004);
    let report = build(&inputs);
    let [quota, board] = &report.measuring.kpis[..] else { panic!() };
    insta::assert_snapshot!(quota.instead.join("\n").replace('\u{a0}', " "), @r"
    Spend with an outcome, now 45 % (35 % to 50 %), and the step Kept of the funnel: both need work that lands and stays.
    No line: keep prompts as a cost that is read as it falls, so that nothing is gained by passing a mark.
    Not prompts as a stand-in for value: the order of people by use no longer tells their order by outcomes.
    ");
    assert!(board.instead.is_empty() && board.reading.text() == "cannot be told");
    snapshot("agreed.json", &summary::render(&report).unwrap());
    let page = html::render(&report).unwrap();
    assert!(page.contains("Rank agreement of use and outcomes, before and after</title>"));
    assert!(page.contains("Lower than before: use tells less of who lands what."));
}

#[test]
fn why_leads_to_the_sql() {
    let report = build(&organisation());
    let page = html::render(&report).unwrap();
    let spend = page.split(r#"id="why-spend""#).nth(1).unwrap().split("</dd>").next().unwrap();
    assert!(spend.contains(r##"<a href="#sql-queries-stg-events-sql">"##), "{spend}");
    assert!(page.contains(r#"<pre id="sql-queries-stg-events-sql""#));
    assert!(page.contains("select 1 &#60; 2 as x") || page.contains("select 1 &lt; 2 as x"));
    let theater = report.method.iter().find(|entry| entry.id == "theater_like_share").unwrap();
    assert_eq!(theater.queries, ["queries/fct_sessions.sql", "queries/sig_orphan_output.sql"]);
}

/// The organisation a week earlier: the last weeks unknown, one week with fewer sessions, another configuration.
fn earlier_summary() -> String {
    let mut before = organisation();
    before.weeks.truncate(11);
    before.weeks[10].partial = true;
    before.weeks[7].sessions -= 10;
    before.weeks[7].tokens = before.weeks[7].tokens.map(|tokens| tokens * 9 / 10);
    before.run.events -= 40_000;
    before.run.policy_hash = "000011112222".into();
    before.run.as_of = "2026-11-11T06:00:00Z".parse().ok();
    before.sessions.iter_mut().for_each(|session| {
        if session.outcome_link == "linked" {
            session.outcome_link = "none".into();
        }
    });
    summary::render(&build(&before)).unwrap()
}

#[test]
fn a_comparison_says_what_moved_and_what_was_restated_and_why() {
    let mut inputs = organisation();
    inputs.earlier = Some(compare::earlier(&earlier_summary()).unwrap());
    let report = build(&inputs);
    snapshot("compared.md", &markdown::render(&report).unwrap());
    snapshot("compared.json", &summary::render(&report).unwrap());
    let comparison = report.comparison.as_ref().unwrap();
    insta::assert_snapshot!(comparison.sentence.replace('\u{a0}', " "), @"Since the report as of 2026-11-11, Spend with an outcome is higher (45 %, <10 % then); no other number moved beyond its interval; 1 week was restated (late input, the configuration).");
    let restated: Vec<(&str, &str)> = comparison.restated.iter().map(|row| (row.iso_week.as_str(), row.what)).collect();
    // The week that was not whole then is completed now, not restated.
    assert_eq!(restated, [("2026-W42", "sessions"), ("2026-W42", "tokens")]);
    assert!(report.weeks.iter().filter(|week| week.restated).map(|week| &week.iso_week).eq(["2026-W42"]));
    let page = html::render(&report).unwrap();
    assert!(page.contains(r#"id="changes""#) && page.contains(r#"class="restated""#));
    let json: serde_json::Value = serde_json::from_str(&summary::render(&report).unwrap()).unwrap();
    assert_eq!(json["comparison"]["moved"][1]["change"], "higher");
    assert_eq!(json["answer"]["what_changed"], json["comparison"]["sentence"]);
}

#[test]
fn a_week_that_left_the_period_or_is_withheld_was_not_restated() {
    // `--since` has moved: the first week is gone, the second is cut, and there are fewer events. Two others are withheld, on one side each.
    let mut before = organisation();
    let hide = |week: &mut WeekTotals| {
        *week = WeekTotals { withheld: true, tokens: None, cost_micro_usd: None, outcomes: None, ..week.clone() };
    };
    hide(&mut before.weeks[6]);
    let mut inputs = organisation();
    let first = inputs.weeks.remove(0).iso_week;
    inputs.weeks[0].partial = true;
    hide(&mut inputs.weeks[3]);
    inputs.run.events -= 40_000;
    inputs.earlier = Some(compare::earlier(&summary::render(&build(&before)).unwrap()).unwrap());
    let report = build(&inputs);
    let comparison = report.comparison.as_ref().unwrap();
    assert!(comparison.restated.is_empty() && !report.weeks.iter().any(|week| week.restated), "{comparison:?}");
    assert_eq!(comparison.left_weeks, [first.as_str(), inputs.weeks[0].iso_week.as_str()]);
    assert!(comparison.sentence.ends_with("; no week was restated; 2 weeks are no longer whole in the period."));
    assert!(comparison.reasons[0].starts_with("other input: "), "{:?}", comparison.reasons);
    for text in [html::render(&report).unwrap(), markdown::render(&report).unwrap()] {
        assert!(text.contains(&format!("No longer whole in the period: {first}, ")));
    }
}

#[test]
fn the_same_report_has_not_changed_and_other_files_are_no_reports() {
    let mut inputs = organisation();
    inputs.earlier = Some(compare::earlier(&summary::render(&build(&inputs)).unwrap()).unwrap());
    let comparison = build(&inputs).comparison.unwrap();
    assert!(comparison.restated.is_empty() && comparison.reasons.is_empty(), "{comparison:?}");
    assert!(comparison.moved.iter().all(|row| row.change.text() != "higher" && row.change.text() != "lower"));
    assert!(compare::earlier("{}").unwrap_err().to_string().starts_with("not a summary.json"));
    let other = r#"{"schema_version":9,"run":{"as_of":"","period_start":"","period_end":"","footlight_version":"","policy_hash":""}}"#;
    assert_eq!(compare::earlier(other).unwrap_err().to_string(), "its schema version is 9, this footlight reads 1");
}

/// An earlier report is a file like any other: its texts are as hostile as those of a log.
#[test]
fn no_text_of_an_earlier_report_changes_the_shape_of_the_page() {
    let shape = |text: &str| {
        let mut json: serde_json::Value = serde_json::from_str(&earlier_summary()).unwrap();
        for field in ["as_of", "period_start", "period_end", "footlight_version", "policy_hash"] {
            json["run"][field] = format!("{text}x").into();
        }
        json["weeks"][3]["iso_week"] = format!("{text}x").into();
        let mut inputs = organisation();
        inputs.earlier = Some(compare::earlier(&json.to_string()).unwrap());
        let report = build(&inputs);
        (of_page(&html::render(&report).unwrap()), markdown::render(&report).unwrap().lines().count())
    };
    let benign = shape("benign");
    for payload in ["<script>alert(1)</script>", "</td></tr></table><b>", "| a |\n\n# x", "\" onmouseover=\"x"] {
        assert_eq!(shape(payload), benign, "{payload:?}");
    }
}

#[test]
fn the_table_has_every_headline_and_no_cell_twice() {
    let report = build(&organisation());
    let table = tidy::render(&report).unwrap();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    assert_eq!(
        reader.headers().unwrap().iter().collect::<Vec<_>>(),
        ["id", "view", "cell", "unit", "value", "low", "high", "n", "suppressed"]
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let keys: BTreeSet<(&str, &str)> = rows.iter().map(|row| (&row[0], &row[2])).collect();
    assert_eq!(keys.len(), rows.len());
    let summary: serde_json::Value = serde_json::from_str(&summary::render(&report).unwrap()).unwrap();
    for id in ["spend", "linked_share", "sustained_share", "theater_like_share"] {
        let row = rows.iter().find(|row| &row[0] == id).unwrap();
        assert_eq!(row[4], summary["figures"][id]["value"].to_string(), "{id}");
        assert_eq!(row[5], summary["figures"][id]["low"].to_string(), "{id}");
    }
    let hidden: Vec<&csv::StringRecord> = rows.iter().filter(|row| &row[8] == "true").collect();
    assert!(!hidden.is_empty() && hidden.iter().all(|row| row[4].is_empty()));
    snapshot("organisation.csv", &table);
}

#[test]
fn teams_that_may_not_be_seen_are_in_no_picture() {
    let mut inputs = organisation();
    for team in inputs.teams.iter_mut().filter(|team| team.suppressed) {
        (team.tokens, team.active_actors) = (Some(777_777_000), Some(12));
        (team.tokens_with_outcome_low, team.tokens_with_outcome_high) = (Some(1), Some(2));
    }
    // A team whose weeks are withheld has a place by its sum over the period, and none of the withheld rows is in it.
    let all = build(&inputs).quadrant;
    let names = |quadrant: &super::model::views::Quadrant| -> Vec<String> {
        quadrant.teams.iter().map(|team| team.team_id.clone()).collect()
    };
    assert_eq!(names(&all), ["data", "mobile", "payments", "platform"]);
    assert_eq!(all.left_out.0, 0);
    assert!(all.teams.iter().all(|team| !team.distinguishable && team.usage_high.0 < 20_000_000), "{all:?}");
    // Of a few people there is none, nor of the next smallest, which the total would tell them by.
    let kept: BTreeSet<String> = inputs
        .actor_weeks
        .iter()
        .filter(|row| row.team_id == "payments")
        .map(|row| row.actor.clone())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .take(3)
        .collect();
    inputs.actor_weeks.retain(|row| row.team_id != "payments" || kept.contains(&row.actor));
    let few = build(&inputs).quadrant;
    assert!(!names(&few).contains(&"payments".to_owned()) && few.left_out.0 == 2, "{few:?}");
}

#[test]
fn a_team_that_its_weeks_would_tell_of_is_left_out_for_that_reason() {
    let mut inputs = organisation();
    // The first two weeks of the team are withheld, and three people's.
    let three: BTreeSet<String> =
        inputs.actor_weeks.iter().filter(|row| row.team_id == "mobile").map(|row| row.actor.clone()).take(3).collect();
    let early = |week: &str| matches!(week, "2026-W35" | "2026-W36");
    inputs.actor_weeks.retain(|row| row.team_id != "mobile" || !early(&row.iso_week) || three.contains(&row.actor));
    let report = build(&inputs);
    assert!(report.quadrant.teams.iter().all(|team| team.team_id != "mobile"), "{:?}", report.quadrant);
    let of = |reason: &str| report.released.notes.iter().find(|note| note.ends_with(&format!(": {reason}.")));
    let beside = "a sum over the period that would give away a few people beside its weeks";
    assert_eq!(
        of(beside).map(String::as_str),
        Some("1 cell is withheld: a sum over the period that would give away a few people beside its weeks.")
    );
    // An archetype of two teams is not one of people without a cell.
    assert_eq!(of("people who belong to no cell"), None, "{:?}", report.released.notes);
}

#[test]
fn a_spend_that_is_withheld_is_not_said_to_have_no_price() {
    let mut inputs = organisation();
    // One person is nearly all of it, and of each part.
    inputs.findings.clear();
    let of_one = inputs.sessions.iter_mut().filter(|session| session.actor == "p00k3q");
    for (number, session) in of_one.enumerate() {
        let (link, band) =
            [("linked", "none"), ("none", "none"), ("none", "review"), ("none", "insufficient")][number % 4];
        (session.outcome_link, session.band) = (link.into(), band.into());
        session.cost_micro_usd = Some(1_000_000_000_000);
        inputs.findings.push(crate::score::rows::FindingRow {
            session_id: session.session_id.clone(),
            finding: "identical_calls".into(),
            cost_micro_usd: Some(400_000_000_000),
            ..Default::default()
        });
    }
    let report = build(&inputs);
    assert_eq!(report.money.total.0, None);
    assert!(report.answer.is_it_real.starts_with("How the spend splits is withheld"), "{}", report.answer.is_it_real);
}

#[test]
fn one_persons_late_sessions_are_in_no_count_beside_figures_that_are_kept() {
    let mut ledger = Ledger::in_memory(&Pseudonyms::with_key([7; 32]));
    let mut inputs = organisation();
    let first = build_with_ledger(&inputs, &mut ledger).unwrap();
    ledger.commit().unwrap();
    let theirs: Vec<SessionRow> = inputs.sessions.iter().filter(|session| session.actor == "p00k3q").cloned().collect();
    for late in ["x", "y", "z"] {
        let again = |session: &SessionRow| SessionRow {
            session_id: format!("{}{late}", session.session_id),
            ..session.clone()
        };
        inputs.sessions.extend(theirs.iter().map(again));
    }
    for of in inputs.signals.signals.values_mut() {
        of.abstained += 60;
        *of.abstained_of.entry("p00k3q".to_owned()).or_default() += 60;
        *of.reasons.entry("too_few_observations".to_owned()).or_default() += 60;
    }
    let told = |report: &Report| {
        let money = [report.money.priced_sessions, report.money.unpriced_sessions];
        let behind = report.figures.iter().map(|figure| figure.n).chain(money);
        let signals = report.signals.iter().flat_map(|signal| [signal.spoke, signal.abstained]);
        behind.chain(signals).map(|count| count.0).collect::<Vec<_>>()
    };
    let second = build_with_ledger(&inputs, &mut ledger).unwrap();
    assert_eq!((second.money.total, told(&second)), (first.money.total, told(&first)));
    // A report that knows of no other tells how it is.
    let alone = told(&build(&inputs));
    assert!(alone.iter().zip(told(&first)).filter(|(now, then)| **now != *then).count() > 6, "{alone:?}");
}

#[test]
fn every_link_leads_to_a_place_in_the_page_and_ids_are_unique() {
    for (name, inputs) in lakes() {
        let page = html::render(&build(&inputs)).unwrap();
        let values = |attribute: &str| -> Vec<String> {
            page.split(&format!(" {attribute}=\""))
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().to_owned())
                .collect()
        };
        let ids = values("id");
        let unique: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{name}");
        for link in values("href") {
            let target = link.strip_prefix('#').unwrap_or_else(|| panic!("{name}: {link} leaves the page"));
            assert!(ids.iter().any(|id| id == target), "{name}: {link}");
        }
    }
}

#[test]
fn the_page_loads_nothing_runs_nothing_and_styles_by_one_hashed_sheet() {
    use sha2::Digest;
    for (name, inputs) in lakes() {
        let page = html::render(&build(&inputs)).unwrap();
        for shape in of_page(&page).keys() {
            let mut words = shape.split(' ');
            assert!(
                words.all(|word| {
                    ![
                        "link", "img", "image", "object", "embed", "base", "form", "use", "src", "srcset", "action",
                        "ping",
                    ]
                    .contains(&word)
                }),
                "{shape}"
            );
        }
        assert!(!page.contains("://") && !page.contains("url("), "{name}");
        let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        let hash: String = sha2::Sha256::digest(style.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let declared = page.split("'sha256-").nth(1).unwrap().split('\'').next().unwrap();
        assert_eq!(hex_of_base64(declared), hash, "{name}");
        assert!(page.len() < 1_500_000, "{name}: {} bytes", page.len());
    }
}

fn hex_of_base64(text: &str) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String =
        text.trim_end_matches('=').chars().map(|letter| format!("{:06b}", alphabet.find(letter).unwrap())).collect();
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| format!("{:02x}", u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap()))
        .collect()
}

#[test]
fn templates_escape_everything() {
    for template in [include_str!("templates/report.html"), include_str!("templates/report.md")] {
        assert!(!template.contains("|safe") && !template.contains("| safe") && !template.contains("escape"));
    }
}

#[test]
fn nobody_is_named_and_suppressed_cells_hold_nothing() {
    let mut inputs = organisation();
    for team in inputs.teams.iter_mut().filter(|team| team.suppressed) {
        team.tokens = Some(777_777_777_000_000);
        team.active_actors = Some(31_337);
        team.cost_micro_usd = Some(31_337_000_000);
    }
    let report = build(&inputs);
    let hidden = report.teams.iter().find(|team| team.suppressed).unwrap();
    assert!(hidden.tokens.0.is_none() && hidden.cost.0.is_none() && hidden.active_actors.0.is_none());
    for (file, text) in rendered(&report) {
        for forbidden in ["k3q", "31,337", "31337", "778 T", "778\u{a0}T", "777777777"] {
            assert!(!text.contains(forbidden), "{forbidden} in {file}");
        }
    }
}

#[test]
fn words_stay_apart_from_verdicts_on_people() {
    let mut many = lakes().map(|(_, inputs)| inputs).to_vec();
    let mut thin = organisation();
    thin.sessions.iter_mut().for_each(|session| session.band = "insufficient".into());
    thin.population.clear();
    let mut real = organisation();
    real.population.clear();
    real.sessions.iter_mut().for_each(|session| session.outcome_link = "linked".into());
    let mut metric = organisation();
    metric.sessions.iter_mut().for_each(|session| {
        session.outcome_link = "none".into();
        session.band = "review".into();
    });
    many.extend([thin, real, metric]);
    let mut verdicts = Vec::new();
    for inputs in &many {
        let report = build(inputs);
        verdicts.push(report.answer.verdict);
        for (file, text) in rendered(&report) {
            for word in ["fake", "fraud", "cheat", "lazy", "guilty", "culprit", "offender", "top user", "worst user"] {
                assert!(!text.to_lowercase().contains(word), "{word} in {file}");
            }
        }
    }
    use Verdict::{Insufficient, Mixed, MostlyReal, PartlyForTheMetric};
    assert_eq!(verdicts, [Mixed, Insufficient, Insufficient, Insufficient, MostlyReal, PartlyForTheMetric]);
}

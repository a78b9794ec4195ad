//! The report as a whole: what it says of three invented lakes, and that no text from a log can change its shape.

use std::collections::BTreeSet;

use super::fixture::{alone, nothing, organisation};
use super::injection::elements;
use super::inputs::Inputs;
use super::model::Verdict;
use super::{Report, build, html, markdown, render, summary};

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Every format of a report, by file name.
fn rendered(report: &Report) -> [(&'static str, String); 3] {
    render(report).unwrap()
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
    reversed.signals.reverse();
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
    reversed.catalogue.reverse();
    reversed.archetypes.reverse();
    reversed.systems.reverse();
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
    }
    let parts = summary["money"]["parts"].as_array().unwrap();
    let sum: i64 = parts.iter().map(|part| part["cost"].as_i64().unwrap()).sum();
    assert_eq!(sum, summary["money"]["total"].as_i64().unwrap());
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
    insta::assert_snapshot!(quota.instead.join("\n").replace('\u{a0}', " "), @"");
    assert!(board.instead.is_empty() && board.reading.text() == "cannot be told");
    let page = html::render(&report).unwrap();
    assert!(page.contains("Rank agreement of use and outcomes, before and after</title>"));
    assert!(page.contains("Lower than before: use tells less of who lands what."));
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
        for shape in elements(&page).keys() {
            let mut words = shape.split([' ', '=', '\n', '/']).filter(|word| !word.is_empty());
            let element = words.next().unwrap();
            assert!(
                !["script", "link", "iframe", "img", "image", "object", "embed", "base", "form", "use"]
                    .contains(&element)
            );
            for attribute in words {
                assert!(
                    !attribute.starts_with("on") && !["style", "src", "srcset", "action", "ping"].contains(&attribute),
                    "{shape}"
                );
            }
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

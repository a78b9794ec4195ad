//! The report as a whole: what it says of three invented lakes, and that no text from a log can change its shape.

use std::collections::{BTreeMap, BTreeSet};

use super::fixture::{alone, nothing, organisation};
use super::inputs::{Inputs, SignalEntry};
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
    reversed.catalogue.reverse();
    reversed.archetypes.reverse();
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
    for (file, text) in rendered(&build(&inputs)) {
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

/// Hostile texts: every opening that a page, a table, a chat or a terminal could obey, in every dressing.
fn payloads() -> Vec<String> {
    let seeds = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "</td></tr></table><b>",
        "</title><script>",
        "</style><style>*{display:none}",
        "</desc></svg><iframe src=//evil.example>",
        "\" onmouseover=\"x",
        "' autofocus onfocus='x",
        "--><!--",
        "<![CDATA[",
        "]]>",
        "&lt;b&gt;",
        "&#60;script&#62;",
        "{{ 7*7 }}",
        "{% include \"x\" %}",
        "![x](http://evil.example/p.png)",
        "[x](javascript:alert(1))",
        "| a | b |",
        "\n\n# heading\n\n- item\n",
        "```\ncode\n```",
        "@everyone",
        "#1 GH-2",
        "http://evil.example",
        "www.evil.example",
        "<a href=http://evil.example>x</a>",
        "~~~",
        "***",
        "___",
        "\u{1b}[2J\u{1b}]8;;http://evil.example\u{7}x",
        "\u{9b}31m",
        "\u{202e}gnp.exe",
        "\u{e0041}\u{e0042}",
        "\0\u{8}\u{7f}",
        "=cmd|'/c calc'!A0",
        "\u{ff1c}script\u{ff1e}",
        "<mailto:a@b.example>",
        "<details open ontoggle=alert(1)>",
        "\\",
        "`",
        "\u{2028}\u{2029}",
    ];
    let dressings: [fn(&str) -> String; 6] = [
        str::to_owned,
        |seed| format!("\"{seed}"),
        |seed| format!("'>{seed}"),
        |seed| format!("{seed}{seed}"),
        |seed| seed.to_uppercase(),
        |seed| format!("{}{seed}", "x".repeat(235)),
    ];
    dressings.iter().flat_map(|dress| seeds.iter().map(|seed| dress(seed))).collect()
}

/// The organisation cut down to a few rows of each table.
fn small() -> Inputs {
    let mut inputs = organisation();
    inputs.sessions.truncate(24);
    inputs.signals.truncate(96);
    inputs.actor_weeks.truncate(12);
    inputs.attribution.truncate(12);
    inputs.outcomes.truncate(12);
    inputs.findings.truncate(12);
    inputs.days.truncate(3);
    inputs.run.calibration_notes.push("note".into());
    inputs
}

/// The inputs with `text` before every string. Words that decide which table a row goes to are kept in half of the runs, so that
/// both the full tables and the unknown words are tried.
fn poisoned(inputs: &Inputs, text: &str, keep_vocabulary: bool) -> Inputs {
    let mut inputs = inputs.clone();
    let poison = |field: &mut String| *field = format!("{text}{field}");
    let word = |field: &mut String| {
        if !keep_vocabulary {
            *field = format!("{text}{field}")
        }
    };
    let run = &mut inputs.run;
    for field in [&mut run.title, &mut run.footlight_version, &mut run.policy_hash, &mut run.calibration_rung] {
        poison(field);
    }
    run.reproduce.iter_mut().chain(&mut run.unpriced_models).chain(&mut run.calibration_notes).for_each(poison);
    run.quarantined.iter_mut().chain(&mut run.ignored_kinds).for_each(|(reason, _)| poison(reason));
    for row in &mut inputs.sessions {
        for field in [&mut row.session_id, &mut row.actor, &mut row.team_id, &mut row.client, &mut row.archetype] {
            poison(field);
        }
        for field in [&mut row.trigger, &mut row.outcome_link, &mut row.band, &mut row.iso_week] {
            word(field);
        }
    }
    for row in &mut inputs.actor_weeks {
        [&mut row.actor, &mut row.team_id].into_iter().for_each(poison);
        [&mut row.iso_week, &mut row.band].into_iter().for_each(word);
    }
    for row in &mut inputs.signals {
        [&mut row.unit_id, &mut row.signal, &mut row.family, &mut row.evidence].into_iter().for_each(poison);
        row.abstain_reason.iter_mut().for_each(poison);
        [&mut row.scope, &mut row.status].into_iter().for_each(word);
    }
    for row in &mut inputs.findings {
        [&mut row.session_id, &mut row.evidence].into_iter().for_each(poison);
        word(&mut row.finding);
    }
    for row in &mut inputs.teams {
        poison(&mut row.team_id);
        word(&mut row.iso_week);
    }
    for row in &mut inputs.population {
        [&mut row.scope, &mut row.note].into_iter().for_each(poison);
        [&mut row.test, &mut row.status].into_iter().for_each(word);
    }
    for row in &mut inputs.attribution {
        [&mut row.session_id, &mut row.outcome_id].into_iter().for_each(poison);
        word(&mut row.tier);
    }
    inputs.outcomes.iter_mut().for_each(|row| poison(&mut row.outcome_id));
    inputs.models.iter_mut().for_each(|row| poison(&mut row.model));
    inputs.weeks.iter_mut().for_each(|row| word(&mut row.iso_week));
    inputs.policies.iter_mut().for_each(|row| poison(&mut row.label));
    inputs.archetypes.iter_mut().for_each(|row| poison(&mut row.name));
    for row in &mut inputs.catalogue {
        let SignalEntry { name, family, measures, suggests, innocent, reference } = row;
        [name, family, measures, suggests, innocent, reference].into_iter().for_each(poison);
    }
    inputs
}

/// How often each element, with the names of its attributes, stands in a page. Reads tags as a browser does: a tag opens at `<`
/// before a letter, `/` or `!`, and ends at the first `>` outside quotes.
fn elements(page: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let bytes: Vec<char> = page.chars().collect();
    let mut at = 0;
    while at < bytes.len() {
        let opens = bytes[at] == '<'
            && bytes.get(at + 1).is_some_and(|next| next.is_ascii_alphabetic() || "/!?".contains(*next));
        if !opens {
            at += 1;
            continue;
        }
        let (mut shape, mut quote) = (String::new(), None);
        at += 1;
        while at < bytes.len() && (quote.is_some() || bytes[at] != '>') {
            match quote {
                Some(open) if bytes[at] == open => quote = None,
                Some(_) => {}
                None if bytes[at] == '"' || bytes[at] == '\'' => quote = Some(bytes[at]),
                None => shape.push(bytes[at]),
            }
            at += 1;
        }
        *counts.entry(shape).or_insert(0) += 1;
    }
    counts
}

/// Characters with a meaning in Markdown that no backslash takes it from, and lines.
fn markdown_shape(text: &str) -> BTreeMap<char, usize> {
    let mut counts = BTreeMap::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '\n' | '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '!' | '~' | '#' => {
                *counts.entry(character).or_insert(0) += 1
            }
            _ => {}
        }
    }
    counts
}

#[test]
fn no_text_changes_the_shape_of_the_page_the_document_or_the_summary() {
    let (payloads, small) = (payloads(), small());
    assert!(payloads.len() >= 200, "{}", payloads.len());
    for keep_vocabulary in [true, false] {
        let benign = rendered(&build(&poisoned(&small, "benign", keep_vocabulary)));
        // Unknown words leave most tables short: the bare seeds are enough there.
        let tried = if keep_vocabulary { payloads.len() } else { payloads.len() / 6 };
        for payload in payloads.iter().take(tried) {
            let [(_, page), (_, document), (_, json)] = rendered(&build(&poisoned(&small, payload, keep_vocabulary)));
            assert_eq!(elements(&page), elements(&benign[0].1), "{payload:?}");
            assert_eq!(markdown_shape(&document), markdown_shape(&benign[1].1), "{payload:?}");
            assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{payload:?}");
            assert!(!document.contains("://") && !document.contains("@e"), "{payload:?}");
            for text in [&page, &document, &json] {
                let obeyed = |c: char| {
                    c.is_control() && c != '\n'
                        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
                };
                assert_eq!(text.find(obeyed), None, "{payload:?}");
            }
        }
    }
}

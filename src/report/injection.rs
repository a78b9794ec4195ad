//! No text from a log changes the shape of what it is printed in: hostile texts in every field, compared with a harmless run.

use std::collections::BTreeMap;

use super::fixture::organisation;
use super::inputs::{Inputs, SignalEntry};
use super::{build, render};

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
        [&mut row.unit_id, row.signal.to_mut(), row.family.to_mut(), &mut row.evidence].into_iter().for_each(poison);
        row.abstain_reason.iter_mut().for_each(poison);
        [row.scope.to_mut(), row.status.to_mut()].into_iter().for_each(word);
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
    inputs.queries.iter_mut().for_each(|query| poison(&mut query.sql));
    for kpi in &mut inputs.kpis {
        [&mut kpi.kind, &mut kpi.target].into_iter().for_each(poison);
        [&mut kpi.metric, &mut kpi.scope].into_iter().for_each(word);
    }
    inputs.archetypes.iter_mut().for_each(|row| poison(&mut row.name));
    inputs.systems.iter_mut().for_each(|row| poison(&mut row.system));
    for row in &mut inputs.catalogue {
        let SignalEntry { name, family, measures, suggests, innocent, reference } = row;
        [name, family, measures, suggests, innocent, reference].into_iter().for_each(poison);
    }
    inputs
}

/// How often each element, with the names of its attributes, stands in a page. Reads tags as a browser does: a tag opens at `<`
/// before a letter, `/` or `!`, and ends at the first `>` outside quotes.
pub(super) fn elements(page: &str) -> BTreeMap<String, usize> {
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
        let benign = render(&build(&poisoned(&small, "benign", keep_vocabulary))).unwrap();
        // Unknown words leave most tables short: the bare seeds are enough there.
        let tried = if keep_vocabulary { payloads.len() } else { payloads.len() / 6 };
        for payload in payloads.iter().take(tried) {
            let [(_, page), (_, document), (_, json), (_, table)] =
                render(&build(&poisoned(&small, payload, keep_vocabulary))).unwrap();
            assert_eq!(elements(&page), elements(&benign[0].1), "{payload:?}");
            assert_eq!(markdown_shape(&document), markdown_shape(&benign[1].1), "{payload:?}");
            assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{payload:?}");
            let rows = |table: &str| -> usize {
                let mut reader = csv::Reader::from_reader(table.as_bytes());
                let formula = |cell: &str| cell.starts_with(['=', '+', '@']) || cell.starts_with("-c");
                reader.records().map(Result::unwrap).inspect(|row| assert!(!row.iter().any(formula), "{row:?}")).count()
            };
            assert_eq!(rows(&table), rows(&benign[3].1), "{payload:?}");
            assert!(!document.contains("://") && !document.contains("@e"), "{payload:?}");
            for text in [&page, &document, &json, &table] {
                let obeyed = |c: char| {
                    c.is_control() && c != '\n'
                        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
                };
                assert_eq!(text.find(obeyed), None, "{payload:?}");
            }
        }
    }
}

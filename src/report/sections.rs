//! What the sections of the page say where numbers are few, unknown or withheld, and that each leads to how its numbers come about.

use super::fixture::{alone, nothing, organisation};
use super::inputs::Inputs;
use super::quantities::Count;
use super::{build, compare, html, markdown, summary};

/// The page of the organisation whose weeks have these outcomes.
fn page_of(outcomes: impl Fn(usize) -> Option<i64>) -> String {
    let mut inputs = organisation();
    for (number, week) in inputs.weeks.iter_mut().enumerate() {
        week.outcomes = outcomes(number);
    }
    html::render(&build(&inputs)).unwrap()
}

const NO_SOURCE: &str = "No outcome source covers these weeks";
const TOO_FEW: &str = "Too few outcomes landed in these weeks to draw";
const FROM: &str = "on outcomes are not known: no bar there is not none";

#[test]
fn few_outcomes_are_not_a_missing_source() {
    let few = page_of(|_| Some(0));
    assert!(few.contains(TOO_FEW) && !few.contains(NO_SOURCE) && !few.contains(FROM));
    let none = page_of(|_| None);
    assert!(none.contains(NO_SOURCE) && !none.contains(TOO_FEW) && !none.contains(FROM));
    let young = page_of(|number| (number < 10).then_some(30));
    assert!(young.contains(&format!("From 2026-W45 {FROM}")) && !young.contains(NO_SOURCE) && !young.contains(TOO_FEW));
    assert!(!page_of(|_| Some(30)).contains(FROM));
}

/// The tables of weeks and of teams, in the page and in the text, where each week and team has so many outcomes.
fn tables(mut inputs: Inputs, outcomes: i64) -> [String; 2] {
    inputs.weeks.iter_mut().for_each(|week| week.outcomes = Some(outcomes));
    // Those of teams come rounded.
    for team in inputs.teams.iter_mut().filter(|team| !team.suppressed) {
        team.outcomes = Some(crate::privacy::rounding::count(outcomes));
    }
    let report = build(&inputs);
    let page = html::render(&report).unwrap();
    let section = |name: &str| {
        let from = page.split(&format!(r#"<section aria-labelledby="{name}">"#)).nth(1).unwrap();
        from.split("</section>").next().unwrap().replace("&lt;", "&#60;")
    };
    let text = markdown::render(&report).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| 2026-W") || line.contains(" | 2026-W"));
    [section("weeks") + &section("teams"), rows.collect::<Vec<_>>().join("\n")]
}

#[test]
fn none_and_few_look_alike_and_not_like_none() {
    let [page, text] = tables(organisation(), 0);
    assert_eq!([page.clone(), text.clone()], tables(organisation(), 2));
    let cells = page.matches(r#"<td class="number">&#60;5</td>"#).count();
    assert!(cells >= 12 + 3, "weeks and teams: {cells}");
    let row = text.lines().find(|line| line.starts_with("| 2026-W36 |")).unwrap();
    assert!(row.ends_with("| &lt;5 |"), "{row}");
    // Machines read the number, and a report of a person rounds nothing.
    let mut inputs = organisation();
    inputs.weeks.iter_mut().for_each(|week| week.outcomes = Some(2));
    let json: serde_json::Value = serde_json::from_str(&summary::render(&build(&inputs)).unwrap()).unwrap();
    assert_eq!(json["weeks"][1]["outcomes"], 0);
    let [page, text] = tables(alone(), 0);
    assert!(!page.contains("&#60;5") && !text.contains("&lt;5"), "{text}");
}

#[test]
fn every_section_with_numbers_leads_to_how_they_come_about() {
    let mut compared = organisation();
    compared.earlier = Some(compare::earlier(&summary::render(&build(&compared)).unwrap()).unwrap());
    for (name, inputs) in
        [("organisation", organisation()), ("alone", alone()), ("nothing", nothing()), ("compared", compared)]
    {
        let page = html::render(&build(&inputs)).unwrap();
        let sections: Vec<&str> = page.split("<section ").skip(1).collect();
        assert!(sections.len() > 15, "{name}: {}", sections.len());
        for section in sections {
            let section = section.split("</section>").next().unwrap();
            let title = section.split('>').next().unwrap();
            if !section.contains(r#"class="number"#) && !section.contains(r#"class="facts"#) {
                continue;
            }
            let links: Vec<&str> =
                section.split(r##"href="#why-"##).skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
            assert!(!links.is_empty(), "{name}: {title} explains no number");
            for link in links {
                assert!(page.contains(&format!(r#"<div id="why-{link}">"#)), "{name}: {title} leads to {link}");
            }
        }
    }
}

#[test]
fn what_withheld_means_is_said_where_something_may_be() {
    for (inputs, is_protected) in [(organisation(), true), (alone(), false)] {
        let report = build(&inputs);
        for text in [html::render(&report).unwrap(), markdown::render(&report).unwrap()] {
            assert_eq!(text.contains("is not zero: fewer than"), is_protected);
            assert!(text.contains("An outcome is a change, ticket or document that landed"));
        }
    }
}

#[test]
fn sources_and_models_that_are_withheld_say_why() {
    let mut report = build(&organisation());
    let said = "since too few people use it";
    for source in &mut report.data_quality.sources {
        source.counted.0 = Some(Count(5));
    }
    let page = html::render(&report).unwrap();
    assert!(!page.contains(said) && page.contains("What each source saw"));
    for source in &mut report.data_quality.sources {
        (source.seen.0, source.counted.0) = (None, None);
    }
    assert!(!report.withheld_sources().is_empty());
    let page = html::render(&report).unwrap();
    assert!(page.contains(said) && !page.contains("What each source saw"));
    assert!(markdown::render(&report).unwrap().contains(said));
    let why = "both are in the total above";
    report.models.iter_mut().for_each(|model| model.completions.0 = None);
    assert!(html::render(&report).unwrap().contains(why) && markdown::render(&report).unwrap().contains(why));
    report.models.iter_mut().for_each(|model| model.completions.0 = Some(Count(5)));
    assert!(!html::render(&report).unwrap().contains(why) && !markdown::render(&report).unwrap().contains(why));
}

#[test]
fn shares_of_teams_in_a_band_say_what_they_are_and_what_a_band_is() {
    let report = build(&organisation());
    let page = html::render(&report).unwrap();
    for text in [page, markdown::render(&report).unwrap()] {
        let text = text.replace("&#160;", " ").replace('\u{a0}', " ").replace('\\', "");
        assert!(text.contains("Active people in look or review (90 % interval)"));
        assert!(text.contains("no verdict on a team or anybody in it"));
        assert!(text.contains("Worth asking about"));
        assert!(!text.contains("In look or review, 90"));
    }
}

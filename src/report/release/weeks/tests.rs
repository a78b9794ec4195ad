//! Which cells of teams and weeks are shown, and what of them.

use super::*;

/// A week in which somebody of a team used a thousand tokens.
fn used(team: &str, person: usize, week: &str) -> ActorWeekRow {
    ActorWeekRow {
        actor: format!("{team}{person:02}"),
        team_id: team.to_owned(),
        iso_week: week.to_owned(),
        sessions: 1,
        tokens: Some(1_000),
        ..ActorWeekRow::default()
    }
}

/// Rows of teams in which so many of so many people are flagged, the same ones in each of these weeks.
fn rows(weeks: u8, teams: &[(&str, usize, usize)]) -> Vec<TeamRow> {
    let mut actor_weeks = Vec::new();
    for week in 1..=weeks {
        for (team, flagged, people) in teams {
            actor_weeks.extend((0..*people).map(|person| ActorWeekRow {
                band: if person < *flagged { "review" } else { "none" }.to_owned(),
                ..used(team, person, &format!("2026-W{week:02}"))
            }));
        }
    }
    let input = TeamWeeks {
        links: &[],
        actor_weeks: &actor_weeks,
        weeks: Vec::new(),
        roster_size: &|_, _| 0,
        roster_teams: &BTreeSet::new(),
    };
    team_weeks(input, Rules::default(), None).unwrap().0
}

#[test]
fn tokens_that_no_log_states_are_not_none() {
    let unstated = |person| ActorWeekRow { tokens: None, ..used("mobile", person, "2026-W10") };
    let mut actor_weeks: Vec<_> = (0..12).map(unstated).collect();
    actor_weeks.extend((0..20).map(|person| used("web", person, "2026-W10")));
    let input = TeamWeeks {
        links: &[],
        actor_weeks: &actor_weeks,
        weeks: Vec::new(),
        roster_size: &|_, _| 0,
        roster_teams: &BTreeSet::new(),
    };
    let (rows, _, _) = team_weeks(input, Rules::default(), None).unwrap();
    let told = |row: &TeamRow| [row.tokens, row.tokens_with_outcome_low, row.tokens_with_outcome_high];
    assert_eq!((rows[0].active_actors, rows[0].suppressed, told(&rows[0])), (Some(10), false, [None; 3]));
    assert_eq!(told(&rows[1]), [Some(20_000), Some(0), Some(0)]);
}

#[test]
fn a_week_without_a_team_looks_like_one_of_few() {
    let weeks = ["2026-W10", "2026-W11", "2026-W12"];
    let mut actor_weeks: Vec<_> =
        weeks.iter().flat_map(|week| (0..20).map(|person| used("web", person, week))).collect();
    let of_legal = |actor_weeks: &[ActorWeekRow], on_roster: &[&str]| {
        let roster_teams: BTreeSet<&str> = on_roster.iter().copied().collect();
        let input = TeamWeeks {
            links: &[],
            actor_weeks,
            weeks: Vec::new(),
            roster_size: &|_, _| 0,
            roster_teams: &roster_teams,
        };
        let (rows, _, done) = team_weeks(input, Rules::default(), None).unwrap();
        (rows.into_iter().filter(|row| row.team_id == "legal").collect::<Vec<TeamRow>>(), done.withheld)
    };
    // Of a team on the roster neither does a report tell that another has its first row.
    let before = of_legal(&actor_weeks, &["legal", "web"]);
    actor_weeks.push(used("legal", 0, "2026-W11"));
    let alike = weeks.map(|week| {
        hidden_row(TeamRow { team_id: "legal".to_owned(), iso_week: week.to_owned(), ..TeamRow::default() })
    });
    assert_eq!((before.0.as_slice(), before.1), (alike.as_slice(), 3));
    assert_eq!(of_legal(&actor_weeks, &["legal", "web"]), before);
    assert_eq!(of_legal(&actor_weeks, &[]), before);
    // Where nobody can be protected nothing is told of those who did nothing.
    assert_eq!(of_legal(&actor_weeks[..5], &["legal"]), (Vec::new(), 1));
}

#[test]
fn what_is_withheld_beside_a_team_of_one_is_so_in_every_week() {
    let weeks = ["2026-W10", "2026-W11", "2026-W12"];
    let shown = |of_legal: &[&str], on_roster: &[&str], legal_has: i64| {
        let teams = [("blue", 14), ("green", 15), ("red", 16)];
        let of_all = weeks.iter().flat_map(|week| teams.iter().map(move |(team, people)| (*week, *team, *people)));
        let mut actor_weeks: Vec<ActorWeekRow> = of_all
            .flat_map(|(week, team, people)| (0..people).map(move |person| (week, team, person)))
            .map(|(week, team, person)| used(team, person, week))
            .collect();
        actor_weeks.extend(of_legal.iter().map(|week| used("legal", 0, week)));
        let total = |week: &&str| WeekTotals {
            iso_week: (*week).to_owned(),
            active_actors: 45,
            tokens: Some(45_000),
            ..WeekTotals::default()
        };
        let roster_teams: BTreeSet<&str> = on_roster.iter().copied().collect();
        let input = TeamWeeks {
            links: &[],
            actor_weeks: &actor_weeks,
            weeks: weeks.iter().map(total).collect(),
            roster_size: &|team, _| if team == "legal" { legal_has } else { 16 },
            roster_teams: &roster_teams,
        };
        let (rows, totals, _) = team_weeks(input, Rules::default(), None).unwrap();
        assert!(totals.iter().all(|week| week.tokens == Some(45_000)), "{totals:?}");
        let visible = rows.into_iter().filter(|row| !row.suppressed).map(|row| (row.team_id, row.iso_week));
        visible.collect::<Vec<_>>()
    };
    let of_two = shown(&weeks, &[], 1);
    assert_eq!(of_two.len(), 6, "{of_two:?}");
    assert!(of_two.iter().all(|(team, _)| team != "blue"), "{of_two:?}");
    // In one week, in none yet, and without a roster.
    assert_eq!(shown(&["2026-W11"], &["legal"], 1), of_two);
    assert_eq!(shown(&[], &["legal"], 1), of_two);
    assert_eq!(shown(&["2026-W11"], &[], 0), of_two);
    // Of a team of many nobody is told from others.
    assert_eq!(shown(&[], &["legal"], 12).len(), 9);
    assert_eq!(shown(&[], &[], 0).len(), 9);
}

#[test]
fn weeks_of_one_team_are_no_teams() {
    let rows = rows(12, &[("red", 10, 40)]);
    assert_eq!(rows.len(), 12);
    for row in rows {
        // Beta(5.1, 14.9) and 10 of 40 people: .165 to .348. Twelve agreeing teams would leave .24 to .26.
        assert_eq!((row.flagged_low, row.flagged_high), (Some(0.15), Some(0.35)), "{}", row.iso_week);
    }
}

#[test]
fn whoever_is_not_known_stands_in_nobodys_place() {
    let of = |team: &str, people: usize, tokens: i64| {
        let row = move |actor: String, team: &str| ActorWeekRow {
            actor,
            team_id: team.to_owned(),
            iso_week: "2026-W07".to_owned(),
            sessions: 1,
            tokens: Some(tokens),
            ..ActorWeekRow::default()
        };
        (0..people).map(|person| row(format!("{team}{person:02}"), team)).collect::<Vec<_>>()
    };
    let mut actor_weeks = [of("red", 20, 5_000_000), of("blue", 9, 6_666_667)].concat();
    let [mut nobody] = <[ActorWeekRow; 1]>::try_from(of(UNASSIGNED, 1, 40_000_000)).unwrap();
    nobody.actor = UNASSIGNED.to_owned();
    actor_weeks.push(nobody);
    let week = WeekTotals {
        iso_week: "2026-W07".to_owned(),
        active_actors: 30,
        sessions: 30,
        tokens: Some(200_000_003),
        ..WeekTotals::default()
    };
    let input = TeamWeeks {
        links: &[],
        actor_weeks: &actor_weeks,
        weeks: vec![week],
        roster_size: &|_, _| 0,
        roster_teams: &BTreeSet::new(),
    };
    let (rows, weeks, _) = team_weeks(input, Rules::default(), None).unwrap();
    // The total less red and less the use of nobody known, of which the report says the share, would be that of nine people.
    assert!(rows.iter().all(|row| row.suppressed), "{rows:?}");
    assert_eq!(weeks[0].tokens, Some(200_000_000));
}

#[test]
fn teams_of_a_week_are_compared_together() {
    let usual = [("blue", 2, 20), ("green", 2, 20), ("grey", 2, 20)];
    let mut teams = usual.to_vec();
    teams.push(("red", 9, 20));
    // Its interval begins above the organisation's .19, as that of one team in ten does by chance (p = .06).
    let red = |rows: Vec<TeamRow>| rows.into_iter().find(|row| row.team_id == "red").unwrap();
    let row = red(rows(1, &teams));
    assert_eq!((row.flagged_low, row.flagged_distinguishable), (Some(0.2), Some(false)));
    teams[3].1 = 14;
    assert_eq!(red(rows(1, &teams)).flagged_distinguishable, Some(true));
}

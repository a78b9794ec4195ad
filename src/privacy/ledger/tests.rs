use super::*;
use crate::privacy::{Domain, Hidden, PanelCell, Rules};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn pseudonyms() -> Pseudonyms {
    Pseudonyms::with_key([7; 32])
}

fn cell(name: &str, people: std::ops::Range<usize>, tokens: u64) -> PanelCell {
    let part = Contribution { tokens, cost: tokens * 3, rest: 1 };
    let members: Members = people.map(|person| (format!("p{person}"), part)).collect();
    PanelCell { name: name.into(), value: serde_json::json!([tokens, members.len()]), members, ..PanelCell::default() }
}

fn panel(cells: Vec<PanelCell>, with_total: bool) -> Panel {
    let total = with_total.then(|| serde_json::json!("total"));
    Panel { view: "weeks".into(), from: "2026-02-09".into(), to: "2026-02-15".into(), cells, total, ..Panel::default() }
}

/// Decides and takes down, as a report does.
fn publish(ledger: &mut Ledger, panel: &Panel) -> Decision {
    let decision = Rules::default().decide(panel, &ledger.history(panel));
    ledger.record(panel, &decision).unwrap();
    ledger.commit().unwrap();
    decision
}

#[test]
fn a_few_people_more_are_not_published() {
    let mut ledger = Ledger::in_memory(&pseudonyms());
    let first = panel(vec![cell("a", 0..20, 100)], false);
    assert_eq!(publish(&mut ledger, &first).cells, [Verdict::Fresh]);
    // The same again is the same again, and leaves no trace.
    let again = Rules::default().decide(&first, &ledger.history(&first));
    assert_eq!(again.cells, [Verdict::Fresh]);
    ledger.record(&first, &again).unwrap();
    assert_eq!(ledger.pending(), 0);
    for joined in [21, 29] {
        let more = panel(vec![cell("a", 0..joined, 100)], false);
        assert_eq!(publish(&mut ledger, &more).cells, [Verdict::Kept(serde_json::json!([100, 20]))]);
    }
    let many = panel(vec![cell("a", 0..30, 100)], false);
    assert_eq!(publish(&mut ledger, &many).cells, [Verdict::Fresh]);
    // Ten have come; between this and the first report nobody else has.
    let back = panel(vec![cell("a", 0..25, 100)], false);
    assert_eq!(publish(&mut ledger, &back).cells, [Verdict::Kept(serde_json::json!([100, 30]))]);
}

#[test]
fn late_data_of_one_person_is_not_published_either() {
    let mut ledger = Ledger::in_memory(&pseudonyms());
    publish(&mut ledger, &panel(vec![cell("a", 0..20, 100)], false));
    let mut late = cell("a", 0..20, 100);
    late.members.get_mut("p3").unwrap().tokens = 700;
    assert!(matches!(publish(&mut ledger, &panel(vec![late], false)).cells[0], Verdict::Kept(_)));
    // A longer window: everybody went on, and one above all.
    let mut longer = panel(vec![cell("a", 0..20, 160)], false);
    longer.to = "2026-02-22".into();
    assert_eq!(publish(&mut ledger, &longer).cells, [Verdict::Fresh]);
    longer.to = "2026-03-01".into();
    longer.cells = vec![cell("a", 0..20, 170)];
    longer.cells[0].members.get_mut("p3").unwrap().tokens = 1_500;
    assert!(matches!(publish(&mut ledger, &longer).cells[0], Verdict::Kept(_)));
    // A window that began on another day cannot show the figures of this one.
    longer.from = "2026-02-10".into();
    assert_eq!(publish(&mut ledger, &longer).cells, [Verdict::Hidden(Hidden::Differenced)]);
    // Another period has nothing in common with these.
    (longer.from, longer.to) = ("2026-03-02".into(), "2026-03-08".into());
    longer.cells = vec![cell("a", 0..21, 170)];
    assert_eq!(publish(&mut ledger, &longer).cells, [Verdict::Fresh]);
}

#[test]
fn what_a_comparison_told_is_held_against_and_never_shown_again() {
    let mut ledger = Ledger::in_memory(&pseudonyms());
    let now = panel(vec![cell("a", 0..40, 100)], false);
    publish(&mut ledger, &now);
    ledger.look_back(true);
    // Before fifteen people's records came, and before those of one.
    let few = publish(&mut ledger, &panel(vec![cell("a", 0..39, 100)], false));
    assert_eq!(few.cells, [Verdict::Kept(serde_json::json!([100, 40]))]);
    assert_eq!(publish(&mut ledger, &panel(vec![cell("a", 0..25, 100)], false)).cells, [Verdict::Fresh]);
    ledger.look_back(false);
    // Nothing has happened since: the report is what it was, and neither leaves a second trace.
    assert_eq!(publish(&mut ledger, &now).cells, [Verdict::Fresh]);
    let lines = ledger.entries["weeks"]["a"].len();
    assert_eq!(lines, 2);
    // A few people more than the comparison told of are a few people too, and what stands in for them is the figure of now.
    let close = panel(vec![cell("a", 0..27, 100)], false);
    assert_eq!(publish(&mut ledger, &close).cells, [Verdict::Kept(serde_json::json!([100, 40]))]);
}

#[test]
fn what_was_hidden_together_stays_hidden_together() {
    let mut ledger = Ledger::in_memory(&pseudonyms());
    let teams = |small: usize| vec![cell("a", 0..40, 100), cell("b", 40..60, 100), cell("c", 60..60 + small, 100)];
    let first = publish(&mut ledger, &panel(teams(4), true));
    assert_eq!(
        first.cells,
        [Verdict::Fresh, Verdict::Hidden(Hidden::Complementary), Verdict::Hidden(Hidden::TooFewPeople)]
    );
    assert_eq!(first.total, Verdict::Fresh);
    assert_eq!(publish(&mut ledger, &panel(teams(4), true)), first);
    // Six more come late: c alone may be shown now, and the rest of what was hidden with it would be b as it was.
    let later = publish(&mut ledger, &panel(teams(12), true));
    assert!(matches!(later.total, Verdict::Kept(_)), "{later:?}");
    assert!(matches!(later.cells[1], Verdict::Hidden(_)), "{later:?}");
    assert!(matches!(later.cells[2], Verdict::Hidden(_)), "{later:?}");
}

#[test]
fn the_file_names_nobody_and_outlives_a_torn_line() {
    let lake = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(lake.path(), &pseudonyms()).unwrap();
    assert_eq!(ledger.report(), 1);
    publish(&mut ledger, &panel(vec![cell("a", 0..20, 123_456_789)], false));
    drop(ledger);
    let path = lake.path().join(LEDGER);
    let text = std::fs::read_to_string(&path).unwrap();
    let plain: Vec<u8> = 123_456_789_u64.to_be_bytes().into();
    assert!(!text.contains("p1") && !text.contains(&hexadecimal(&plain)), "{text}");
    // Equal amounts of two people, or of one person in two lines, do not look equal.
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    let members = line["members"].as_str().unwrap();
    let sealed: std::collections::BTreeSet<&str> = (0..20).map(|at| &members[at * 64 + 16..at * 64 + 64]).collect();
    assert_eq!((members.len(), sealed.len()), (20 * 64, 20));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::write(&path, format!("{text}{{\"report\":2,\"ke")).unwrap();
    let mut ledger = Ledger::open(lake.path(), &pseudonyms()).unwrap();
    assert_eq!(ledger.report(), 2);
    let more = publish(&mut ledger, &panel(vec![cell("a", 0..22, 123_456_789)], false));
    assert!(matches!(more.cells[0], Verdict::Kept(_)));
    drop(ledger);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    let other = Ledger::open(lake.path(), &Pseudonyms::with_key([8; 32])).unwrap_err();
    assert!(matches!(other, LedgerError::OtherKey { .. }), "{other}");
    std::fs::write(&path, text.replace("\"members\":\"", "\"members\":\"0")).unwrap();
    assert!(matches!(Ledger::open(lake.path(), &pseudonyms()), Err(LedgerError::Damaged { line: 1, .. })));
}

#[test]
fn after_a_rotation_weeks_stay_as_they_were() {
    let mut ledger = Ledger::in_memory(&pseudonyms());
    let one = panel(vec![cell("a", 0..20, 100)], false);
    publish(&mut ledger, &one);
    // The same people under other pseudonyms: nobody can be recognised, so nothing new may be said of the same week.
    let entries = ledger.entries.get_mut("weeks").unwrap().get_mut("a").unwrap();
    entries[0] = Arc::new(Earlier { comparable: false, ..(*entries[0]).clone() });
    let renamed = panel(vec![cell("a", 100..121, 100)], false);
    assert_eq!(publish(&mut ledger, &renamed).cells, [Verdict::Kept(serde_json::json!([100, 20]))]);
    // A window that has grown is another cell.
    let longer = Panel { to: "2026-02-22".into(), ..renamed };
    assert_eq!(publish(&mut ledger, &longer).cells, [Verdict::Fresh]);
}

proptest! {
    #[test]
    fn members_come_back_as_they_were_sealed(
        members in proptest::collection::btree_map(any::<u64>(), any::<[u64; 3]>(), 0..30),
    ) {
        let key = Key(pseudonyms().release_key());
        let mut line = Line {
            report: 1, key: String::new(), epoch: String::new(), view: String::new(), cell: String::new(), from: String::new(), to: String::new(),
            hash: None, value: None, nonce: "00".into(), members: String::new(),
            looks_back: false,
        };
        line.members = sealed(&key, &line.nonce, &members);
        prop_assert_eq!(opened(&key, &line), Some(members));
    }

    /// Whatever two reports publish of a table, no difference of published cells, totals and what is left of totals is about a few.
    #[test]
    fn no_two_versions_differ_by_a_few(
        teams in proptest::collection::vec((0_usize..25, 0_usize..25), 1..7), later in 1_u64..4,
    ) {
        let rules = Rules::default();
        let build = |second: bool| -> Vec<PanelCell> {
            let mut cells = Vec::new();
            for (number, (first, change)) in teams.iter().enumerate() {
                let people = if second { (first + change).saturating_sub(12) } else { *first };
                let mut one = cell(&format!("t{number}"), number * 100..number * 100 + people, 100);
                if second && change % 3 == 0 {
                    one.members.values_mut().for_each(|part| part.tokens *= later);
                }
                cells.push(one);
            }
            cells
        };
        let mut ledger = Ledger::in_memory(&pseudonyms());
        let (one, two) = (panel(build(false), true), panel(build(true), true));
        let (first, second) = (publish(&mut ledger, &one), publish(&mut ledger, &two));
        let sum = |panel: &Panel, decision: &Decision, shown: bool| -> BTreeMap<String, u64> {
            let cells = panel.cells.iter().zip(&decision.cells).filter(|(_, verdict)| shown || !verdict.is_fresh());
            cells.flat_map(|(cell, _)| cell.members.iter().map(|(who, part)| (who.clone(), part.tokens))).collect()
        };
        let few = |now: &BTreeMap<String, u64>, then: &BTreeMap<String, u64>| -> bool {
            let names: std::collections::BTreeSet<&String> = now.keys().chain(then.keys()).collect();
            let moved = names.iter().filter(|who| now.get(**who) != then.get(**who)).count();
            (1..rules.people()).contains(&moved)
        };
        for (at, cell) in two.cells.iter().enumerate() {
            if first.cells[at].is_fresh() && second.cells[at].is_fresh() {
                let tokens = |cell: &PanelCell| cell.members.iter().map(|(who, part)| (who.clone(), part.tokens)).collect();
                prop_assert!(!few(&tokens(cell), &tokens(&one.cells[at])), "{}", cell.name);
            }
        }
        if first.total.is_fresh() && second.total.is_fresh() {
            prop_assert!(!few(&sum(&two, &second, true), &sum(&one, &first, true)));
            let rest = sum(&two, &second, false);
            prop_assert!(rest.is_empty() || rest.len() >= rules.people());
        }
    }
}

#[test]
fn who_is_forgotten_is_a_stranger_in_every_line_and_nothing_else_changes() {
    let lake = tempfile::tempdir().unwrap();
    let key = pseudonyms();
    let named = |person: usize| key.of(Domain::Actor, &format!("p{person}@example.com"));
    let week = |from: &str, to: &str, tokens: u64| {
        let part = Contribution { tokens, cost: tokens * 3, rest: 7 };
        let members: Members = (0..20).map(|person| (named(person), part)).collect();
        let value = serde_json::json!([tokens]);
        let cell = PanelCell { name: "a".into(), value, members, ..PanelCell::default() };
        Panel { from: from.into(), to: to.into(), ..panel(vec![cell], true) }
    };
    let weeks = [week("2026-02-09", "2026-02-15", 123_457), week("2026-02-16", "2026-02-22", 654_321)];
    let mut ledger = Ledger::open(lake.path(), &key).unwrap();
    for panel in &weeks {
        assert_eq!(publish(&mut ledger, panel).total, Verdict::Fresh);
    }
    drop(ledger);
    let ids = |person: usize| -> BTreeSet<String> {
        ledger_members(&key, &format!("p{person}@example.com")).into_iter().collect()
    };
    let lines_of = |person: usize| Ledger::open(lake.path(), &key).unwrap().lines_with(&ids(person));
    assert_eq!((lines_of(3), lines_of(4), lines_of(20)), (4, 4, 0), "a cell and a total a week");
    let before = std::fs::read_to_string(lake.path().join(LEDGER)).unwrap();
    assert!(ids(3).iter().all(|id| before.contains(id)));

    assert_eq!(Ledger::forget(lake.path(), &key, &ids(20)).unwrap(), 0);
    assert_eq!(
        std::fs::read_to_string(lake.path().join(LEDGER)).unwrap(),
        before,
        "of whom nothing is known nothing goes"
    );
    assert_eq!(Ledger::forget(lake.path(), &key, &ids(3)).unwrap(), 4);
    let after = std::fs::read_to_string(lake.path().join(LEDGER)).unwrap();
    assert!(ids(3).iter().all(|id| !after.contains(id)));
    assert_eq!((lines_of(3), lines_of(4)), (0, 4));
    let figures = |text: &str| -> Vec<serde_json::Value> {
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.map(|line| serde_json::json!([line["cell"], line["value"], line["hash"], line["report"]])).collect()
    };
    assert_eq!(figures(&after), figures(&before), "what was published stays");
    // One stranger in all lines, with amounts that say no more than the figures do.
    let ledger = Ledger::open(lake.path(), &key).unwrap();
    let known: BTreeSet<MemberId> = (0..20).flat_map(|person| parsed_ids(&ids(person))).collect();
    let strangers: BTreeSet<(MemberId, [u64; 3])> = ledger
        .entries
        .values()
        .flat_map(BTreeMap::values)
        .flatten()
        .flat_map(|entry| entry.members.iter().filter(|(id, _)| !known.contains(id)).map(|(id, parts)| (*id, *parts)))
        .collect();
    assert_eq!(strangers.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len(), 1);
    let amounts: Vec<[u64; 3]> = strangers.iter().map(|(_, parts)| *parts).collect();
    assert_eq!(amounts, [[120_000, 370_000, 1], [650_000, 2_000_000, 1]]);

    // The next report of the same week, without them: nobody's difference is to be seen.
    let mut ledger = ledger;
    let mut gone = weeks[0].clone();
    gone.cells[0].members.remove(&named(3));
    gone.cells[0].value = serde_json::json!(["less"]);
    let decision = publish(&mut ledger, &gone);
    assert_eq!(decision.cells, [Verdict::Kept(serde_json::json!([123_457]))]);
    drop(ledger);
    // A second time there is nothing to take out.
    assert_eq!(Ledger::forget(lake.path(), &key, &ids(3)).unwrap(), 0);
}

fn parsed_ids(ids: &BTreeSet<String>) -> Vec<MemberId> {
    ids.iter().map(|id| MemberId::from_str_radix(id, 16).unwrap()).collect()
}

#[test]
#[cfg(unix)]
fn whoever_waited_for_the_ledger_writes_into_the_one_that_took_its_place() {
    let lake = tempfile::tempdir().unwrap();
    let key = pseudonyms();
    publish(&mut Ledger::open(lake.path(), &key).unwrap(), &panel(vec![cell("a", 0..20, 100)], false));
    let held = Ledger::open(lake.path(), &key).unwrap();
    let waiting = std::thread::spawn({
        let (path, key) = (lake.path().to_owned(), key.clone());
        move || publish(&mut Ledger::open(&path, &key).unwrap(), &panel(vec![cell("b", 20..40, 100)], false))
    });
    std::thread::sleep(std::time::Duration::from_millis(50));
    let path = lake.path().join(LEDGER);
    std::fs::copy(&path, lake.path().join("new")).unwrap();
    std::fs::rename(lake.path().join("new"), &path).unwrap();
    drop(held);
    waiting.join().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
}

#[test]
fn whoever_is_not_known_was_a_member_once_and_has_not_left() {
    let lake = tempfile::tempdir().unwrap();
    let mut with_nobody = cell("a", 0..20, 100);
    with_nobody.members.extend([(NOBODY.to_owned(), Contribution { tokens: 500, cost: 1_500, rest: 1 })]);
    let first = publish(&mut Ledger::open(lake.path(), &pseudonyms()).unwrap(), &panel(vec![with_nobody], false));
    assert_eq!(first.cells, [Verdict::Fresh]);
    let mut ledger = Ledger::open(lake.path(), &pseudonyms()).unwrap();
    let known = panel(vec![cell("a", 0..20, 100)], false);
    assert_eq!(publish(&mut ledger, &known).cells, [Verdict::Fresh]);
}

/// A total of now less cells as an earlier report had them leaves those whom they have changed by, and whoever is hidden. To hide a cell
/// now that was shown then is of no use.
#[test]
fn a_fresh_total_gives_nobody_away_beside_cells_of_earlier_reports() {
    let mut ledger = Ledger::in_memory(&pseudonyms());
    let mut nobodys = cell("(unassigned)", 60..61, 50_000);
    nobodys.barred = Some(Hidden::Remainder);
    let two_alone = || [nobodys.clone(), cell("c", 61..62, 50_000)];
    let with = |mut cells: Vec<PanelCell>| {
        cells.extend(two_alone());
        panel(cells, true)
    };
    // Two people are most of it: the teams are shown, the total is not.
    let decision = publish(&mut ledger, &with(vec![cell("a", 0..20, 100), cell("b", 20..40, 100)]));
    assert_eq!(decision.total, Verdict::Hidden(Hidden::Dominated));
    assert_eq!(decision.cells[..2], [Verdict::Fresh, Verdict::Fresh]);
    // Five have come into one team, which is shown as it was. With them nobody dominates the total any more; less both teams it would be theirs
    // and that of the two.
    let mut grown = cell("b", 20..40, 100);
    grown.members.extend(cell("b", 40..45, 25_000).members);
    let later = publish(&mut ledger, &with(vec![cell("a", 0..20, 100), grown]));
    assert!(matches!(later.cells[1], Verdict::Kept(_)), "{later:?}");
    assert_eq!((&later.total, &later.cells[0]), (&Verdict::Hidden(Hidden::Differenced), &Verdict::Fresh));
}

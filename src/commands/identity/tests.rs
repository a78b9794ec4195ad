use super::forms;
use super::*;
use proptest::prelude::*;

fn person(actor_id: &str, aliases: &[&str]) -> RosterEntry {
    RosterEntry {
        actor_id: actor_id.into(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        team_id: None,
        role: None,
        is_service: false,
        time_zone: None,
        active_from: None,
        active_to: None,
        licences: Vec::new(),
    }
}

fn rule(text: &str) -> IdentityRule {
    toml::from_str(text).unwrap()
}

#[test]
fn rules_come_first_in_order_then_aliases_then_the_log_then_nobody() {
    let roster = [person("ada", &["Ada@Example.com", "alovelace"]), person("bob", &["bob@example.com"])];
    let rules = [rule("path = \"exports/{actor}/**\""), rule("os_user = \"dev\"\nactor = \"bob\"")];
    let resolver = IdentityResolver::new(&rules, &roster).unwrap();
    assert_eq!(resolver.session_actor("", "dev", "logs/exports/alovelace/claude/x.jsonl"), "ada");
    assert_eq!(resolver.session_actor("", "dev", "logs/other/x.jsonl"), "bob");
    assert_eq!(resolver.session_actor("ADA@example.com", "", "x"), "ada");
    assert_eq!(resolver.session_actor("eve@example.com", "", "x"), "eve@example.com");
    assert_eq!(resolver.session_actor("", "alovelace", "x"), "ada");
    assert_eq!(resolver.session_actor("", "stranger", "x"), UNASSIGNED);
    assert_eq!(resolver.outcome("bob@EXAMPLE.com").actor, "bob");
    assert_eq!(resolver.outcome("").actor, UNASSIGNED);
}

#[test]
fn an_alias_of_two_people_is_nobodys_and_patterns_are_literal() {
    let roster = [person("ada", &["shared"]), person("bob", &["shared"])];
    let resolver = IdentityResolver::new(&[rule("path = \"a.b/{actor}/*.jsonl\"")], &roster).unwrap();
    let shared = resolver.session("shared", "ada", "x");
    assert_eq!((shared.actor.as_str(), shared.reason), (UNASSIGNED, CLAIMED_TWICE), "and no weaker evidence is asked");
    assert_eq!(resolver.session_actor("", "", "a.b/ada/x.jsonl"), "ada");
    assert_eq!(resolver.session_actor("", "", "aXb/ada/x.jsonl"), UNASSIGNED);
    assert_eq!(resolver.session_actor("", "", "a.b/ada/deep/x.jsonl"), UNASSIGNED);
}

#[test]
fn how_sure_a_link_is_goes_from_the_roster_to_the_home_directory() {
    let roster = [person("ada@example.com", &["adal", "ada"]), person("bob@example.com", &["bob+work@example.com"])];
    let resolver = IdentityResolver::new(&[], &roster).unwrap();
    let cases = [
        ("ADA@example.com ", "ada@example.com", Confidence::Roster),
        ("AdaL", "ada@example.com", Confidence::Roster),
        ("ada+ci@example.com", "ada@example.com", Confidence::Email),
        ("bob+work@example.com", "bob@example.com", Confidence::Roster),
        ("4711+AdaL@users.noreply.github.com", "ada@example.com", Confidence::Login),
        ("7+eve@users.noreply.github.com", "eve", Confidence::Itself),
        ("Eve", "eve", Confidence::Itself),
        ("Eve+x@example.com", "eve@example.com", Confidence::Itself),
        ("noreply@github.com", UNASSIGNED, Confidence::Unknown),
        ("", UNASSIGNED, Confidence::Unknown),
    ];
    for (id, actor, confidence) in cases {
        let found = resolver.outcome(id);
        assert_eq!((found.actor.as_str(), found.confidence), (actor, confidence), "{id}");
    }
    assert_eq!(resolver.session("", "ada", "x").confidence, Confidence::OsUser);
    assert!(Confidence::ALL.is_sorted());
    // A name alone resolves nothing, however much it looks like somebody.
    assert_eq!(resolver.outcome("Ada Lovelace").confidence, Confidence::Itself);
}

#[test]
fn an_id_is_its_owners_also_where_another_claims_it_and_two_owners_are_none() {
    let roster = [person("ada", &[]), person("bob", &["ada"])];
    assert_eq!(IdentityResolver::new(&[], &roster).unwrap().session_actor("ada", "", ""), "ada");
    let roster = [person("ada", &[]), person("Ada", &[])];
    let resolver = IdentityResolver::new(&[], &roster).unwrap();
    assert_eq!(resolver.session_actor("ada", "", ""), UNASSIGNED);
    assert_eq!(resolver.contested().collect::<Vec<_>>(), [("ada", 2)]);
}

fn resolver_of(roster: &Roster) -> IdentityResolver {
    IdentityResolver::new(&[], &roster.entries).unwrap().barring(roster.of_two_kinds())
}

fn row(actor_id: &str, aliases: &[&str], team: &str, is_service: bool) -> RosterEntry {
    RosterEntry { team_id: Some(team.to_owned()), is_service, ..person(actor_id, aliases) }
}

fn as_of() -> jiff::civil::Date {
    jiff::civil::date(2026, 6, 1)
}

#[test]
fn rows_that_contradict_each_other_are_listed_and_the_last_one_decides() {
    let roster = Roster::of(
        vec![
            (row("ada", &["a1"], "red", false), 2),
            (row("ada", &["a2"], "blue", false), 2),
            (row("ada", &["a0"], "green", false), 1),
            (row("bob", &["b1"], "red", false), 1),
            (row("bob", &["b2"], "red", true), 1),
            (row("cy", &[], "red", false), 1),
            (row("cy", &["c1"], "red", false), 2),
        ],
        as_of(),
    );
    let ada = &roster.entries[0];
    assert_eq!(
        (ada.team_id.as_deref(), ada.aliases.join(" ").as_str()),
        (Some("blue"), "a1 a2"),
        "an earlier run's row is replaced"
    );
    assert_eq!(roster.contradictions["ada"], ["team_id"]);
    assert_eq!(roster.contradictions["bob"], ["kind"]);
    assert!(!roster.contradictions.contains_key("cy"));
    let resolver = resolver_of(&roster);
    assert_eq!(resolver.session_actor("b1", "", ""), UNASSIGNED, "person or service is not guessed");
    let mut links = Links::default();
    links.add(&resolver.session("a1", "", ""), 3, 0);
    links.add(&resolver.session("bob", "", ""), 2, 0);
    links.add(&resolver.outcome("C Y"), 0, 1);
    let listed: Vec<String> = links
        .finish(&roster, &resolver)
        .into_iter()
        .map(|link| format!("{} {} {} {} {}", link.id, link.actor, link.confidence.as_str(), link.events, link.reason))
        .collect();
    assert_eq!(
        listed,
        [
            "a1 ada roster 3 ",
            "ada ada unknown 0 the roster has rows for it that contradict each other in team_id",
            "bob (unassigned) unknown 2 the roster has rows for it that contradict each other in kind",
            "C Y C Y itself 0 ",
        ]
    );
}

#[test]
fn the_row_that_was_in_force_decides_and_a_history_is_no_contradiction() {
    let dated = |team: &str, from: &str, to: &str| {
        let day = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        (RosterEntry { active_from: day(from), active_to: day(to), ..row("ada", &[], team, false) }, 1)
    };
    let history = [
        dated("red", "2025-01-01", "2026-03-31"),
        dated("blue", "2026-04-01", "2026-08-31"),
        dated("green", "2026-09-01", ""),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        for (day, team) in
            [("2026-03-31", "red"), ("2026-04-01", "blue"), ("2026-06-01", "blue"), ("2030-01-01", "green")]
        {
            let roster = Roster::of(order.map(|at| history[at].clone()).to_vec(), day.parse().unwrap());
            let ada = &roster.entries[0];
            assert_eq!(ada.team_id.as_deref(), Some(team), "{day}");
            assert_eq!((ada.active_from.as_deref(), ada.active_to.as_deref()), (Some("2025-01-01"), None));
            assert!(roster.contradictions.is_empty(), "{:?}", roster.contradictions);
        }
    }
    // Before all of them, and where two hold at once: the one that began last, and it is said.
    let cases = [
        (vec![dated("red", "2025-01-01", ""), dated("blue", "2026-04-01", "")], "blue", true),
        (vec![dated("blue", "2026-04-01", ""), dated("red", "2025-01-01", "")], "blue", true),
        (vec![dated("red", "2027-01-01", ""), dated("blue", "2026-07-01", "2026-12-31")], "red", false),
        (vec![dated("red", "", ""), dated("blue", "no date", "")], "blue", true),
    ];
    for (rows, team, contradicts) in cases {
        let roster = Roster::of(rows, as_of());
        assert_eq!(
            (roster.entries[0].team_id.as_deref(), !roster.contradictions.is_empty()),
            (Some(team), contradicts)
        );
    }
}

#[test]
fn what_only_looks_like_somebody_is_said_and_not_used() {
    let roster = Roster::of(
        vec![
            (row("ada.quill@example.com", &[], "red", false), 1),
            (row("bob@example.com", &[], "red", false), 1),
            (row("bob@other.example.com", &[], "red", false), 1),
        ],
        as_of(),
    );
    let resolver = resolver_of(&roster);
    let mut links = Links::default();
    for id in ["Quill Ada", "ada.quill", "bob", "stranger"] {
        links.add(&resolver.outcome(id), 0, 1);
    }
    links.add(&resolver.session("", "ada.quill", ""), 1, 0);
    let looks: Vec<(String, Option<String>)> =
        links.finish(&roster, &resolver).into_iter().map(|link| (link.actor, link.looks_like)).collect();
    let ada = Some("ada.quill@example.com".to_owned());
    let expected =
        [("ada.quill", ada.clone()), ("bob", None), ("stranger", None), ("Quill Ada", ada.clone()), (UNASSIGNED, ada)];
    assert_eq!(looks, expected.map(|(actor, looks)| (actor.to_owned(), looks)));
}

/// Names out of few, so that they meet: ids, tagged and hidden addresses, other writings.
fn a_name() -> impl Strategy<Value = String> {
    (prop::sample::select(vec!["ada", "bob", "cy"]), 0..7usize).prop_map(|(name, form)| match form {
        0 => name.to_owned(),
        1 => format!("{name}@example.com"),
        2 => format!("{name}+tag@example.com"),
        3 => format!("{}@Example.com", name.to_uppercase()),
        4 => format!("17+{name}@users.noreply.github.com"),
        5 => format!(" {name} "),
        _ => format!("{name} {name}son"),
    })
}

proptest! {
    #[test]
    fn the_order_of_the_roster_and_of_aliases_does_not_matter(
        people in prop::collection::vec((a_name(), prop::collection::vec(a_name(), 0..4)), 1..6),
        ids in prop::collection::vec(a_name(), 1..12),
        seed in any::<u64>(),
    ) {
        let rows = |reversed: bool| {
            let mut rows: Vec<(RosterEntry, i64)> = people
                .iter()
                .map(|(id, aliases)| {
                    let mut aliases: Vec<&str> = aliases.iter().map(String::as_str).collect();
                    if reversed {
                        aliases.reverse();
                    }
                    (person(id, &aliases), 1)
                })
                .collect();
            if reversed {
                let middle = (seed as usize) % rows.len();
                rows.rotate_left(middle);
                rows.reverse();
            }
            Roster::of(rows, as_of())
        };
        let (one, two) = (rows(false), rows(true));
        prop_assert_eq!(&one, &two);
        let resolvers = [&one, &two].map(resolver_of);
        let list = |resolver: &IdentityResolver, ids: &mut dyn Iterator<Item = &String>| {
            let mut links = Links::default();
            ids.for_each(|id| links.add(&resolver.outcome(id), 0, 1));
            links.finish(&one, resolver)
        };
        prop_assert_eq!(list(&resolvers[0], &mut ids.iter()), list(&resolvers[1], &mut ids.iter().rev()));
    }

    /// Two ids become one actor only along what is certain: the same writing, the same mailbox, a login in a forge's address, one roster entry.
    #[test]
    fn merging_is_transitive_only_over_strong_links(
        people in prop::collection::vec((a_name(), prop::collection::vec(a_name(), 0..3)), 0..4),
        one in a_name(),
        two in a_name(),
    ) {
        let roster = Roster::of(
            people
                .iter()
                .map(|(id, aliases)| (person(id, &aliases.iter().map(String::as_str).collect::<Vec<_>>()), 1))
                .collect(),
            as_of(),
        );
        let resolver = resolver_of(&roster);
        let strong = |id: &str| match forms::reduced(id) {
            Some(forms::Reduced::Mailbox(mailbox)) => mailbox,
            Some(forms::Reduced::Login(login)) => login,
            _ => forms::exact(id),
        };
        let (first, second) = (resolver.outcome(&one), resolver.outcome(&two));
        if first.actor == second.actor && first.actor != UNASSIGNED && strong(&one) != strong(&two) {
            let entry = roster.entries.iter().find(|entry| entry.actor_id == first.actor);
            prop_assert!(entry.is_some(), "only the roster joins {one:?} and {two:?}");
            let names: Vec<String> = entry
                .into_iter()
                .flat_map(|entry| entry.aliases.iter().chain([&entry.actor_id]))
                .flat_map(|name| [strong(name), forms::exact(name)])
                .collect();
            prop_assert!(names.contains(&strong(&one)) && names.contains(&strong(&two)));
        }
        // Without a roster equal strong forms are one actor, and nothing else is.
        let alone = IdentityResolver::new(&[], &[]).unwrap();
        let same = alone.outcome(&one).actor == alone.outcome(&two).actor;
        prop_assert_eq!(same, strong(&one) == strong(&two));
    }
}

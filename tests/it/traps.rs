//! `docs/traps.md` names a fixture and a test for each trap of the log formats and each reject reason: they must be there, and no fixture
//! may be left out. What a test asserts is its own business.

use footlight::sources::{ALL, Reason};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A row of the tables: the heading above it, and its cells.
struct Row {
    section: String,
    cells: Vec<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rows below each table's header.
fn rows() -> Vec<Row> {
    let page = fs::read_to_string(root().join("docs/traps.md")).unwrap();
    let (mut rows, mut section, mut in_body) = (Vec::new(), String::new(), false);
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading.to_owned();
        }
        in_body = line.starts_with('|') && (in_body || line.starts_with("|---"));
        if in_body && !line.starts_with("|---") {
            let cells = line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
            rows.push(Row { section: section.clone(), cells });
        }
    }
    rows
}

/// What stands in backquotes.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The files of a directory; none where there is no such directory.
fn files_below(directory: &Path) -> BTreeSet<PathBuf> {
    walkdir::WalkDir::new(directory)
        .into_iter()
        .filter_map(|entry| Some(entry.ok()?.into_path()))
        .filter(|path| path.is_file())
        .collect()
}

/// The files that define a test of this name, with their texts.
fn defining<'a>(name: &str, texts: &'a [(PathBuf, String)]) -> Vec<&'a (PathBuf, String)> {
    let definition = format!("fn {name}(");
    texts.iter().filter(|(_, text)| text.contains(&definition)).collect()
}

fn texts_below(directories: &[&str]) -> Vec<(PathBuf, String)> {
    directories
        .iter()
        .flat_map(|directory| files_below(&root().join(directory)))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn every_trap_has_its_fixture_and_its_test() {
    let everywhere = texts_below(&["src", "tests"]);
    let mut named = BTreeSet::new();
    let mut missing = Vec::new();
    for Row { section, cells } in rows().iter().filter(|row| row.section != "Reject reasons") {
        let [trap, fixtures, tests] = cells.as_slice() else { panic!("{section}: {cells:?} has not three cells") };
        let all = files_below(&root().join("src/sources").join(section).join("fixtures"));
        for fixture in names(fixtures) {
            // The end of a path is enough: OpenClaw's names are long.
            let files: Vec<_> = all.iter().filter(|path| path.to_string_lossy().ends_with(fixture)).collect();
            if files.is_empty() {
                missing.push(format!("{section}: {trap}: no fixture {fixture}"));
            }
            named.extend(files.into_iter().cloned());
        }
        let own = format!("src/sources/{section}");
        let texts = if root().join(&own).is_dir() { texts_below(&[&own]) } else { everywhere.clone() };
        let tests = names(tests);
        if tests.is_empty() {
            missing.push(format!("{section}: {trap}: no test is named"));
        }
        missing.extend(
            tests
                .into_iter()
                .filter(|test| defining(test, &texts).is_empty())
                .map(|test| format!("{section}: {trap}: no test {test}")),
        );
    }
    assert!(missing.is_empty(), "{missing:#?}");
    for source in ALL.iter().map(|source| source.name()) {
        let all = files_below(&root().join("src/sources").join(source).join("fixtures"));
        let unnamed: Vec<_> = all.difference(&named).collect();
        assert!(unnamed.is_empty(), "docs/traps.md does not say what these are for: {unnamed:#?}");
    }
}

#[test]
fn every_reject_reason_has_a_test_that_names_it() {
    let texts = texts_below(&["src", "tests"]);
    let rows = rows();
    let tested: Vec<(&str, Vec<&str>)> = rows
        .iter()
        .filter(|row| row.section == "Reject reasons")
        .map(|row| (names(&row.cells[0])[0], names(&row.cells[2])))
        .collect();
    let listed: Vec<&str> = tested.iter().map(|(reason, _)| *reason).collect();
    assert_eq!(listed, Reason::ALL.iter().map(|reason| reason.as_str()).collect::<Vec<_>>());
    for (reason, tests) in tested {
        assert!(!tests.is_empty(), "{reason} has no test");
        for test in tests {
            let files = defining(test, &texts);
            assert!(!files.is_empty(), "{reason}: no test {test}");
            // The word stands in the test's file or in a snapshot beside it.
            let says = files.iter().any(|(path, text)| {
                let snapshots = path.parent().unwrap().join("snapshots");
                text.contains(&format!("\"{reason}\""))
                    || snapshots.is_dir()
                        && files_below(&snapshots)
                            .iter()
                            .any(|snapshot| fs::read_to_string(snapshot).unwrap().contains(&format!(" {reason} ")))
            });
            assert!(says, "{reason}: {test} says nothing of it");
        }
    }
}

#[test]
fn every_source_has_a_fuzz_target_and_a_row_for_it() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let page = fs::read_to_string(root().join("docs/fuzzing.md")).unwrap();
    for source in ALL.iter().map(|source| source.name()) {
        assert!(manifest.contains(&format!("name = \"{source}\"\npath = \"targets/{source}.rs\"")), "{source}");
        let target = fs::read_to_string(root().join(format!("fuzz/targets/{source}.rs"))).unwrap();
        assert!(target.contains(&format!("laws::fuzz(\"{source}\", data)")), "{source}");
        assert!(page.contains(&format!("| `{source}` |")), "{source}");
    }
}

//! docs/notebooks.md with real readers: its Python is run over the sample with DuckDB, Polars and Delta.
//!
//! Python with the packages is not everywhere: `FOOTLIGHT_PYTHON` names an interpreter, else `python3` is tried, and what is missing is said.

use crate::sample::{OUT, demo, footlight};
use std::path::Path;
use std::process::Command;

fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn python() -> String {
    std::env::var("FOOTLIGHT_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

fn has(package: &str) -> bool {
    Command::new(python())
        .args(["-c", &format!("import {package}")])
        .output()
        .is_ok_and(|output| output.status.success())
}

/// The Python blocks of a document in their order.
fn python_blocks(text: &str) -> Vec<&str> {
    text.split("```python\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
#[allow(clippy::print_stderr)] // a test that does not run must say so
fn the_notebook_runs() {
    if let Some(missing) = ["duckdb", "polars"].into_iter().find(|package| !has(package)) {
        eprintln!("docs/notebooks.md is not run: {} has no {missing}; set FOOTLIGHT_PYTHON", python());
        return;
    }
    let has_delta = has("deltalake");
    if !has_delta {
        eprintln!("the part of docs/notebooks.md about the lake is not run: {} has no deltalake", python());
    }
    let text = document("docs/notebooks.md");
    let blocks = python_blocks(&text);
    assert!(blocks.len() > 6, "the blocks were not found");
    let dir = tempfile::tempdir().unwrap();
    let focus = dir.path().join("focus.parquet");
    let lake = demo().join(OUT).join("lake");
    let (code, _, stderr) =
        footlight(demo(), &["export", "focus", "--lake", lake.to_str().unwrap(), "--out", focus.to_str().unwrap()]);
    assert_eq!(code, 0, "{stderr}");
    let mut script = String::new();
    for block in blocks.into_iter().filter(|block| has_delta || !(block.contains("delta") || block.contains("Delta"))) {
        script.push_str(block);
    }
    // The words of the columns reach DuckDB, and the lake and the tables agree on what was said.
    script.push_str(
        r#"
views = con.sql("select view_name from duckdb_views() where not internal order by 1").fetchall()
assert len(views) == 17, views
assert con.sql("select count(*) from organisation_weeks").fetchall()[0][0] > 20
assert con.sql("select sum(ListCost) from 'focus.parquet'").fetchall() == con.sql("select sum(cost_usd) from sessions").fetchall()
print("the notebook ran to its end")
"#,
    );
    std::fs::write(dir.path().join("notebook.py"), script).unwrap();
    link(&demo().join(OUT), &dir.path().join("out"));
    link(&lake, &dir.path().join("lake"));
    let output = Command::new(python()).arg("notebook.py").current_dir(dir.path()).output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success() && stdout.contains("the notebook ran to its end"), "{stdout}\n{stderr}");
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) {
    std::os::unix::fs::symlink(from, to).unwrap();
}

#[cfg(not(unix))]
fn link(from: &Path, to: &Path) {
    std::os::windows::fs::symlink_dir(from, to).unwrap();
}

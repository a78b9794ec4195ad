//! The import rule of ARCHITECTURE.md: imports point one way.

use std::fs;
use std::path::{Path, PathBuf};

/// Which modules of the crate each module may use, besides itself. Order is the pipeline's.
const ALLOWED: &[(&str, &[&str])] = &[
    ("events", &[]),
    ("fingerprint", &["events"]),
    ("pricing", &["events"]),
    ("sources", &["events", "fingerprint"]),
    ("lake", &["events"]),
    ("ingest", &["events", "sources", "lake", "pricing", "privacy"]),
    ("engine", &["lake"]),
    ("privacy", &[]),
    ("config", &["sources", "privacy"]),
    ("score", &["engine"]),
    ("cluster", &["score"]),
    ("report", &["score", "cluster", "privacy"]),
    ("results", &["engine", "lake", "score", "report", "privacy"]),
    ("simulate", &[]),
    ("evaluate", &[]),
    ("output", &["ingest", "privacy"]),
    ("cli", &[]),
];

#[test]
fn imports_point_one_way() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        if module == "commands" {
            continue;
        }
        let allowed = ALLOWED.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed);
        let Some(allowed) = allowed else {
            wrong.push(format!("{} is in no layer", path.display()));
            continue;
        };
        for used in used_modules(&text) {
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{} uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn architecture_md_tells_the_same_rule() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).unwrap();
    for (module, allowed) in ALLOWED {
        let start = format!("| `{module}` |");
        let row = text.lines().find(|line| line.starts_with(&start));
        let cell = row.and_then(|row| row.trim_end_matches(" |").rsplit(" | ").next());
        // Every other piece between back-quotes is a name.
        let told: Option<Vec<&str>> = cell.map(|cell| cell.split('`').skip(1).step_by(2).collect());
        assert_eq!(told.as_deref(), Some(*allowed), "the row of {module}");
    }
}

#[test]
fn nobody_uses_the_commands() {
    let users: Vec<String> = sources()
        .into_iter()
        .filter(|(path, text)| module_of(path) != "commands" && used_modules(text).contains(&"commands".to_owned()))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(users.is_empty(), "{users:?}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut directories = vec![root()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(root()).unwrap().to_path_buf(), text));
            }
        }
    }
    files.retain(|(path, _)| path != Path::new("lib.rs") && path != Path::new("main.rs"));
    assert!(files.len() > 30, "the source tree was not found");
    files
}

fn module_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// Modules named after `crate::`, outside comments; braces of a grouped `use crate::{a, b}` too.
fn used_modules(text: &str) -> Vec<String> {
    let mut used = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for part in line.split("crate::").skip(1) {
            let names: Vec<&str> = match part.strip_prefix('{') {
                Some(group) => group.split(',').collect(),
                None => vec![part],
            };
            for name in names {
                let name: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !name.is_empty() {
                    used.push(name);
                }
            }
        }
    }
    used
}

#[test]
fn there_is_one_arrow() {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    assert_eq!(lock.matches("name = \"arrow-schema\"").count(), 1);
}

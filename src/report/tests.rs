//! The report as a whole: what it says of three invented lakes, and that no text from a log can change its shape.

use super::fixture::{alone, nothing, organisation};
use super::inputs::Inputs;
use super::{build, html, markdown, summary};

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Writes the three pages where a browser can open them: `cargo test --lib -- --ignored pages_to_look_at`.
#[test]
#[ignore = "writes to the temporary directory, for looking at"]
fn pages_to_look_at() {
    let folder = std::env::temp_dir().join("footlight-report");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, inputs) in [("organisation", organisation()), ("alone", alone()), ("nothing", nothing())] {
        let report = build(&inputs);
        std::fs::write(folder.join(format!("{name}.html")), html::render(&report).unwrap()).unwrap();
        std::fs::write(folder.join(format!("{name}.md")), markdown::render(&report).unwrap()).unwrap();
    }
}

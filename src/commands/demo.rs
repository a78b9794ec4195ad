//! `footlight demo`: the whole pipeline on the sample that the binary carries, in any directory.

use super::settings::Settings;
use super::{Exit, run as batch};
use crate::cli::{CompareArgs, DemoArgs, Global, IngestArgs, MachinesArgs, OutArgs, RunArgs, ScoringArgs};
use crate::output::Printer;
use anyhow::Context;
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};

static SAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/data/sample");

/// Runs the command: the sample goes to OUT/sample and the lake to OUT/lake, so that everything the report says can be asked again.
pub async fn run(args: &DemoArgs, global: &Global, printer: Printer) -> anyhow::Result<Exit> {
    let sample = args.out.join("sample");
    extract(&SAMPLE, &sample).with_context(|| format!("cannot write the sample to {}", sample.display()))?;
    let global = Global { config: Some(sample.join("footlight.toml")), color: global.color, ..*global };
    let settings = Settings::resolve(&global)?;
    let run_args = RunArgs {
        compared: CompareArgs { compare: None },
        ingest: IngestArgs {
            input: vec![sample],
            lake: args.out.join("lake"),
            source: "auto".to_owned(),
            exclude: Vec::new(),
            max_line: 16 << 20,
            lock_timeout: 0,
        },
        out: OutArgs { out: args.out.clone() },
        scoring: ScoringArgs { as_of: None, since: None, queries: None, seed: 1, machines: MachinesArgs::default() },
        dry_run: false,
    };
    // The sample has damaged lines on purpose, so that the report has a quarantine to show: the demo is done all the same.
    let ends = |exit: Exit| if exit == Exit::Partial { Exit::Done } else { exit };
    let exit = batch::pipeline(&run_args, &settings, printer, ends).await?;
    printer.note(&format!(
        "Try: footlight query --lake {} \"select source, kind, count(*) from events group by all\"",
        run_args.ingest.lake.display()
    ));
    Ok(exit)
}

/// Writes the sample, leaving files alone that are there already with the same content, so that a second demo finds nothing new.
fn extract(directory: &Dir<'_>, target: &Path) -> std::io::Result<()> {
    for file in directory.files() {
        let path: PathBuf = target.join(file.path());
        if std::fs::read(&path).is_ok_and(|present| present == file.contents()) {
            continue;
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, file.contents())?;
        if path.extension().is_some_and(|extension| extension == "key") {
            only_for_owner(&path)?;
        }
    }
    directory.dirs().try_for_each(|directory| extract(directory, target))
}

#[cfg(unix)]
fn only_for_owner(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn only_for_owner(_: &Path) -> std::io::Result<()> {
    Ok(())
}

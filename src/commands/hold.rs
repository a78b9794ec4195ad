//! One process at a time writes an OUT, and finds nothing in it that a killed one left half-done.
//!
//! Owns the lock and the tidying. The lock's file lies in the lake, beside what is remembered of the same OUT ([`super::standing`]), so that OUT holds
//! results and nothing else.

use super::{earlier, standing};
use crate::lake::{self, Lake, LakeError};
use crate::results::tables_directory;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How the names of temporary directories in OUT begin: the engine's, those of a cluster that has no other place, and the results of a lake as it was.
const TEMPORARY: [&str; 3] = ["footlight-", "footlight-cluster-", earlier::SCRATCH];

/// An OUT that this process alone writes, until this value is dropped or the process dies.
pub struct Hold {
    _lock: File,
}

/// Makes OUT where there is none and holds it. Waits up to `wait` for another run, then [`LakeError::Locked`]. What a killed run left beside its results is
/// removed.
pub async fn hold(lake: &Lake, out: &Path, wait: Duration) -> Result<Hold, LakeError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| LakeError::from(error).at(&path)
    };
    fs::create_dir_all(out).map_err(at(out))?;
    let path = standing::place(lake.root(), out, "lock").map_err(at(out))?;
    let directory = path.parent().unwrap_or(lake.root());
    fs::create_dir_all(directory).map_err(at(directory))?;
    let lock = lake::lock(&path, out, wait).await?;
    tidy(out).map_err(at(out))?;
    Ok(Hold { _lock: lock })
}

/// Removes temporary directories and tables that were never put in their place.
fn tidy(out: &Path) -> io::Result<()> {
    for entry in fs::read_dir(out)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_left = |prefix: &&str| name.to_str().and_then(|name| name.strip_prefix(*prefix)).is_some_and(is_random);
        if entry.file_type()?.is_dir() && TEMPORARY.iter().any(is_left) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    let tables = match fs::read_dir(tables_directory(out)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in tables {
        let entry = entry?;
        if entry.file_name().to_str().and_then(|name| name.strip_prefix(".tmp")).is_some_and(is_random) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether this is how a temporary name ends.
fn is_random(end: &str) -> bool {
    end.len() == 6 && end.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_nothing_left_of_the_killed() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let (root, out) = (directory.path().join("lake"), directory.path().join("out"));
            let lake = Lake::open_for_writing(&root, Duration::ZERO).await.unwrap();
            for left in [
                "footlight-Ab3xYz",
                "footlight-cluster-Ab3xYz",
                ".footlight-then-Ab3xYz",
                "footlight-notes",
                "footlight-cluster-notes",
                "tables",
            ] {
                fs::create_dir_all(out.join(left)).unwrap();
            }
            for left in ["tables/.tmpAb3xYz", "tables/sessions.parquet", "footlight-123456"] {
                fs::write(out.join(left), "half").unwrap();
            }
            let held = hold(&lake, &out, Duration::ZERO).await.unwrap();
            let names = |of: &Path| {
                let mut names: Vec<_> = fs::read_dir(of).unwrap().map(|entry| entry.unwrap().file_name()).collect();
                names.sort();
                names
            };
            assert_eq!(names(&out), ["footlight-123456", "footlight-cluster-notes", "footlight-notes", "tables"]);
            assert_eq!(names(&out.join("tables")), ["sessions.parquet"]);
            let second = hold(&lake, &out, Duration::ZERO).await;
            assert!(matches!(second, Err(LakeError::Locked(path)) if path == out));
            drop(held);
            assert!(hold(&lake, &out, Duration::ZERO).await.is_ok());
        });
    }

    #[test]
    fn results_of_a_killed_comparison_go_and_nobody_elses() {
        let out = tempfile::tempdir().unwrap();
        for left in [".footlight-then-Ab3xYz", ".footlight-then-notes-of-mine", ".tmpAb3xYz"] {
            fs::create_dir_all(out.path().join(left)).unwrap();
        }
        tidy(out.path()).unwrap();
        let mut names: Vec<_> = fs::read_dir(out.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".footlight-then-notes-of-mine", ".tmpAb3xYz"]);
    }
}

//! A git directory of our own that shows another repository's objects and refs.
//!
//! History and blame are read through it, so that the configuration, attributes, hooks and grafts of the repository are not merely overridden but
//! never read: some settings cannot be overridden (`blame.ignoreRevsFile` opens any file and quotes it in its error message).
//! Owns the temporary directory's layout; nothing is written anywhere else. Having a place to write also buys speed: a commit graph with
//! changed-path filters, which makes blame of a long history about three times as fast.

use super::command::{Git, GitError};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Makes the directory `target` show the repository that `original` reads.
pub(super) fn create(original: &Git, target: &Path) -> Result<Git, GitError> {
    let objects = PathBuf::from(original.text(&["rev-parse", "--git-path", "objects"])?);
    let shallow = PathBuf::from(original.text(&["rev-parse", "--git-path", "shallow"])?);
    let format = original.text(&["rev-parse", "--show-object-format"])?;
    fs::create_dir_all(target.join("refs"))?;
    fs::create_dir_all(target.join("objects/info"))?;
    fs::create_dir_all(target.join("objects/pack"))?;
    fs::write(target.join("objects/info/alternates"), quoted(&objects))?;
    fs::write(target.join("config"), configuration(&format))?;
    fs::write(target.join("HEAD"), head(original)?)?;
    if shallow.is_file() {
        fs::copy(shallow, target.join("shallow"))?;
    }
    // Sorted by name as `packed-refs` must be, which is how git lists them.
    let refs = original.text(&["for-each-ref", "--format=%(objectname) %(refname)"])?;
    // An empty line is none that git understands.
    let end = if refs.is_empty() { "" } else { "\n" };
    fs::write(target.join("packed-refs"), format!("# pack-refs with: sorted\n{refs}{end}"))?;
    let git = Git::new(target);
    // Only for speed, and impossible in a shallow or damaged repository.
    git.text_if_any(&["commit-graph", "write", "--reachable", "--changed-paths", "--no-progress"])?;
    Ok(git)
}

/// A line of `objects/info/alternates`, C-quoted so that any path is one line.
fn quoted(path: &Path) -> Vec<u8> {
    let mut line = vec![b'"'];
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', byte]),
            b'\n' => line.extend(b"\\n"),
            _ => line.push(byte),
        }
    }
    line.extend(b"\"\n");
    line
}

fn configuration(object_format: &str) -> String {
    let (version, extensions) = match object_format {
        "sha256" => (1, "[extensions]\n\tobjectFormat = sha256\n"),
        _ => (0, ""),
    };
    format!("[core]\n\trepositoryFormatVersion = {version}\n\tbare = true\n{extensions}")
}

/// What HEAD says: a branch, or the commit that is checked out.
fn head(original: &Git) -> Result<String, GitError> {
    Ok(match original.text_if_any(&["symbolic-ref", "--quiet", "HEAD"])? {
        Some(branch) => format!("ref: {branch}\n"),
        None => match original.text_if_any(&["rev-parse", "--verify", "--quiet", "HEAD"])? {
            Some(commit) => format!("{commit}\n"),
            None => "ref: refs/heads/main\n".to_owned(),
        },
    })
}

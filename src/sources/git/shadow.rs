//! A git directory of our own that shows another repository's objects and refs.
//!
//! History and blame are read through it, so that the configuration, attributes, hooks and grafts of the repository are not merely overridden but
//! never read: some settings cannot be overridden (`blame.ignoreRevsFile` opens any file and quotes it in its error message).
//! Owns the temporary directory's layout; nothing is written anywhere else.

use super::command::{Git, GitError};
use std::fs;
use std::path::{Path, PathBuf};

/// Makes the directory `target` show the repository that `original` reads.
pub(super) fn create(original: &Git, target: &Path) -> Result<Git, GitError> {
    let objects = PathBuf::from(original.text(&["rev-parse", "--git-path", "objects"])?);
    let shallow = PathBuf::from(original.text(&["rev-parse", "--git-path", "shallow"])?);
    let format = original.text(&["rev-parse", "--show-object-format"])?;
    fs::create_dir_all(target.join("refs"))?;
    fs::write(target.join("config"), configuration(&format))?;
    fs::write(target.join("HEAD"), head(original)?)?;
    if shallow.is_file() {
        fs::copy(shallow, target.join("shallow"))?;
    }
    // Sorted by name as `packed-refs` must be, which is how git lists them.
    let refs = original.text(&["for-each-ref", "--format=%(objectname) %(refname)"])?;
    fs::write(target.join("packed-refs"), format!("# pack-refs with: sorted\n{refs}\n"))?;
    Ok(Git::new(target).with_objects(objects))
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

//! Which files nobody wrote: lock files, vendored trees, generated and minified code. Their lines are counted like any
//! others and never fingerprinted, since a match there says nothing about who did the work. What a commit does not have
//! no session may be asked for, so both sides keep to one rule.

const NAMES: &[&str] = &[
    "bun.lock",
    "bun.lockb",
    "cargo.lock",
    "composer.lock",
    "flake.lock",
    "gemfile.lock",
    "go.sum",
    "gradle.lockfile",
    "mix.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "package.resolved",
    "packages.lock.json",
    "pdm.lock",
    "pipfile.lock",
    "pnpm-lock.yaml",
    "podfile.lock",
    "poetry.lock",
    "pubspec.lock",
    "uv.lock",
    "yarn.lock",
];

const ENDINGS: &[&str] = &[
    ".designer.cs",
    ".freezed.dart",
    ".g.cs",
    ".g.dart",
    ".generated.cs",
    ".generated.go",
    ".generated.ts",
    ".map",
    ".min.css",
    ".min.js",
    ".min.mjs",
    ".pb.cc",
    ".pb.go",
    ".pb.h",
    ".snap",
    "_grpc.pb.go",
    "_pb2.py",
    "_pb2.pyi",
    "_pb2_grpc.py",
    "zz_generated.deepcopy.go",
];

const DIRECTORIES: &[&str] = &[
    "__snapshots__",
    "bower_components",
    "dist",
    "node_modules",
    "pods",
    "third_party",
    "thirdparty",
    "vendor",
    "vendored",
];

/// Whether a path in a repository is a lock file, vendored, generated or minified, by its name alone (no attribute of the
/// repository is read: the repository's author would decide what counts).
pub(super) fn is_generated(path: &[u8]) -> bool {
    let path = String::from_utf8_lossy(path).to_ascii_lowercase();
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
    NAMES.contains(&name)
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || directory.split('/').any(|part| DIRECTORIES.contains(&part))
}

/// The same of the path that a log has of a file, and of the directory or remote that it gives for the repository.
#[cfg(any(feature = "engine", test))]
pub(crate) fn is_generated_in_log(path: &str, repo: Option<&str>) -> bool {
    let slashed = |text: &str| text.replace('\\', "/");
    is_generated(below(&slashed(path), &slashed(repo.unwrap_or(""))).as_bytes())
}

/// What of a path lies below its repository's directory, or below one that has the name of its remote; else the file's name: directories above a repository
/// say nothing of what is in it. A relative path is one of the repository.
#[cfg(any(feature = "engine", test))]
fn below<'a>(path: &'a str, repo: &str) -> &'a str {
    if !(path.starts_with(['/', '~']) || path.as_bytes().get(1) == Some(&b':')) {
        return path;
    }
    let repo = repo.trim_end_matches('/');
    let inside = || path.strip_prefix(repo).filter(|_| !repo.is_empty())?.strip_prefix('/');
    let named = || {
        let name = repo.rsplit(['/', ':']).next()?.trim_end_matches(".git");
        path.split_once(&format!("/{name}/")).filter(|_| !name.is_empty()).map(|(_, rest)| rest)
    };
    inside().or_else(named).or_else(|| path.rsplit('/').next()).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::{is_generated, is_generated_in_log};

    #[test]
    fn of_a_logged_path_only_what_is_in_the_repository_decides() {
        let generated = |path, repo| is_generated_in_log(path, Some(repo));
        assert!(generated("/w/shop/services/vendor/pay.rs", "/w/shop"));
        assert!(generated("/w/shop/services/vendor/pay.rs", "/w/shop/"));
        assert!(generated(r"C:\w\shop\vendor\pay.rs", r"C:\w\shop"));
        assert!(generated("services/vendor/pay.rs", "/w/shop"));
        assert!(generated("/w/shop/vendor/pay.rs", "git@h.test:a/shop.git"));
        assert!(generated("~/elsewhere/yarn.lock", "/w/shop"));
        assert!(!generated("/home/ada/vendor/shop/src/pay.rs", "/home/ada/vendor/shop"));
        assert!(!generated("/home/ada/vendor/shop/src/pay.rs", "https://h.test/a/shop.git"));
        assert!(!generated("/home/ada/vendor/pay.rs", "https://h.test/a/shop.git"));
        assert!(!is_generated_in_log("/home/ada/dist/pay.rs", None));
        assert!(is_generated_in_log("dist/pay.js", None));
    }

    #[test]
    fn names_endings_and_directories_decide() {
        for path in ["Cargo.lock", "web/package-lock.json", "a/vendor/b.go", "x/api.pb.go", "js/app.min.js"] {
            assert!(is_generated(path.as_bytes()), "{path}");
        }
        for path in ["src/lock.rs", "vendor.rs", "distance/a.rs", "map.rs"] {
            assert!(!is_generated(path.as_bytes()), "{path}");
        }
    }
}

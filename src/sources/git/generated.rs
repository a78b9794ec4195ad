//! Which files nobody wrote: lock files, vendored trees, generated and minified code. Their lines are counted like any
//! others and never fingerprinted, since a match there says nothing about who did the work.

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

/// Whether a path is a lock file, vendored, generated or minified, by its name alone (no attribute of the repository is read:
/// the repository's author would decide what counts).
pub(super) fn is_generated(path: &[u8]) -> bool {
    let path = String::from_utf8_lossy(path).to_ascii_lowercase();
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
    NAMES.contains(&name)
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || directory.split('/').any(|part| DIRECTORIES.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::is_generated;

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

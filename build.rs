//! Makes cargo notice models and sample files that were added or removed (both are embedded in the binary), and packs relocations where the
//! system can read them.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=queries");
    println!("cargo::rerun-if-changed=data/sample");
    if is_built_for_itself() && glibc().is_some_and(|version| version >= (2, 36)) {
        // A million pointers of vtables are written at every start. Packed they are a hundredth of the bytes, and a start takes a quarter less.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether the binary is for a machine like this one, of a kind whose linkers know packed relocations.
fn is_built_for_itself() -> bool {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    variable("HOST") == variable("TARGET")
        && variable("CARGO_CFG_TARGET_OS") == "linux"
        && variable("CARGO_CFG_TARGET_ENV") == "gnu"
}

/// The version of this system's C library. Packed relocations are read from 2.36 on, and a binary that has them does not start on an older one.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?.stdout;
    let said = String::from_utf8(said).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}

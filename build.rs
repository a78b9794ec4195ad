//! Makes cargo notice models and sample files that were added or removed: both are embedded in the binary.
fn main() {
    println!("cargo::rerun-if-changed=queries");
    println!("cargo::rerun-if-changed=data/sample");
}

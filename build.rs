//! Makes cargo notice models that were added to or removed from `queries/`, which are embedded in the binary.
fn main() {
    println!("cargo::rerun-if-changed=queries");
}

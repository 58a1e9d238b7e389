//! How the program is linked.

use std::env;

/// A release build for Linux is linked to a fixed address. At a chance one the loader has 83,000 addresses to write at
/// each start: two megabytes of a list that it reads, and nearly two of pages that are then this process's own, in every
/// agent's process on the box. The price: stack, heap and libraries still lie at chance addresses, the program does not.
fn main() {
    println!("cargo::rerun-if-changed=.cargo/build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|it| it == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

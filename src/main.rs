//! The `deskline` program: hands over to the library.

fn main() {}

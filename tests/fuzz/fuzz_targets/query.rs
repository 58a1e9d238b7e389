//! Any text as a query: an error at most.
#![no_main]

use deskline::domain::query::Query;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = Query::parse(text);
});

//! Any bytes as an answer of any vendor: nothing panics.
#![no_main]

use deskline::channels::fuzzing;

libfuzzer_sys::fuzz_target!(|body: &[u8]| fuzzing::answers(body));

//! An agent's day, by keys alone: what agents and leads really do, one task a test, written from what the program
//! promises. [`script`] has the language. What other stories hold already is not said again here: sending, refusing
//! and reading back in `skyhub`, `dsco`, `thg`, `whatsapp` and `outbox`, macros and `m 1 Esc E` in `canned`, presence,
//! promises and one text for many in `team`, bursts and dropped lines in `keys`.

mod find;
mod outbox;
mod program;
mod script;
mod team;
mod triage;
mod write;

/// `NAME: CHANNELS => SCRIPT`, each a test.
macro_rules! tasks {
    ($($name:ident: $($channel:literal),* => $script:literal)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            super::script::play(&[$($channel),*], $script).await;
        })*
    };
}
use tasks;

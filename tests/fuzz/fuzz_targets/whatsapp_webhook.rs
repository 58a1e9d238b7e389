//! Any bytes as a webhook: nothing panics, and an unsigned body verifies for nobody.
#![no_main]

use deskline::channels::{
    Webhook,
    whatsapp::{Hook, Trust},
};

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let hook = Hook {
        path: "/hook".into(),
        trust: Trust::Signed { app_secret: "secret".into(), verify_token: "token".into(), rewritten: true },
        phone_number_id: Some("106540352242922".into()),
        public_url: None,
    };
    assert!(!hook.verifies(None, body));
    assert!(!hook.verifies(Some(&format!("sha256={}", "0".repeat(64))), body));
    for alone in [true, false] {
        let _ = hook.parse(body, chrono::DateTime::UNIX_EPOCH, alone);
    }
});

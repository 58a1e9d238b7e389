//! Whatever a vendor, a customer or a colleague wrote: no control and no override in a printed line, and no line more.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    app::tests::{
        fixture::{message, now, rows},
        writing::outbox_row,
    },
    domain::{Direction, RowState},
};

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "\u{1b}[2J",
            "\u{1b}]0;x\u{7}",
            "\u{9b}31m",
            "\r",
            "\n",
            "\t",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{feff}",
            "\u{2028}",
            "\u{85}",
            "\u{e0001}",
            "ab",
            " ",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

fn is_harmless(text: &str) -> bool {
    !text.chars().any(|it| {
        (it.is_control() && it != '\n')
            || matches!(
                it,
                '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{ad}'
            )
            || ('\u{202a}'..='\u{202e}').contains(&it)
            || ('\u{2066}'..='\u{2069}').contains(&it)
    })
}

fn one_line(what: &str, text: &str) -> Result<(), TestCaseError> {
    let shown = shown(text);
    prop_assert!(!shown.contains('\n'), "{what} has two lines: {shown:?}");
    prop_assert!(is_harmless(&shown), "{what}: {}", shown.escape_debug());
    Ok(())
}

proptest! {
    #[test]
    fn what_a_vendor_wrote_is_one_printed_line_without_a_control(text in hostile()) {
        let mut row = rows().remove(0);
        row.counterpart.name.clone_from(&text);
        row.subject = Some(text.clone());
        row.last_line = Some(text.clone());
        row.assignee = Some(text.clone());
        row.drift = Some(text.clone());
        row.order = json!({ text.clone(): text, "n": [text] }).as_object().cloned();
        row.remote_status = json!({ "status": text }).as_object().cloned();
        for product in &mut row.products {
            product.title = Some(text.clone());
            product.sku.clone_from(&text);
        }
        one_line("list", &conversation_line(&row, now()))?;
        for line in conversation_head(&row, now()) {
            one_line("head", &line)?;
        }
        let mut said = message(1, 17, Direction::Inbound, &text, &text);
        said.error = Some(text.clone());
        for line in message_lines(&said, chrono_tz::UTC) {
            one_line("message", &line)?;
        }
        let event = Event {
            seq: 1,
            at: now(),
            actor: Some(text.clone()),
            what: text.clone(),
            details: json!({ "why": text }).as_object().cloned().unwrap(),
        };
        one_line("event", &event_line(&event, chrono_tz::UTC))?;
        for state in [RowState::Failed, RowState::Uncertain, RowState::Held] {
            let row = OutboxRow {
                state,
                author: text.clone(),
                reason: Some(text.clone()),
                error: Some(text.clone()),
                ..outbox_row(3, 17)
            };
            one_line("outbox", &row_line(&row, now()))?;
        }
        // Errors, doctor, report, config: whole texts, which may have lines of their own.
        let error = format!("deskline: {text}");
        prop_assert!(is_harmless(&shown(&error)), "{}", error);
        let json = to_json_line(&json!({ "text": text }));
        prop_assert!(is_harmless(&json), "{}", json);
    }
}

//! Whatever a customer, a vendor or a colleague writes: no control and no bidi override in any cell of any screen at any
//! size, nor in any plain line; and every row is as wide as the screen.

use proptest::prelude::*;
use serde_json::json;

use super::{picture, render_cells};
use crate::{
    app::{
        Msg,
        canned::{Canned, Shelf},
        tests::{
            fixture::{Desk, message, now, rows},
            writing::outbox_row,
        },
    },
    domain::{
        Action, Direction, Lang, OutboxRow, Priority, RowState,
        attachment::StoredFile,
        outbox::{Event, Lookup, NewConversation, Outgoing},
    },
    ui::{Theme, linear},
};

/// What breaks columns and terminals, often.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "\u{1b}[2J",
            "\u{1b}]0;x\u{7}",
            "\u{9b}31m",
            "\0",
            "\r",
            "\n",
            "\t",
            "\u{7f}",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{feff}",
            "\u{2028}",
            "\u{ad}",
            "👩‍👩‍👧‍👦",
            "🇧🇷",
            "👍🏽",
            "日本語",
            "ﷺ",
            "שלום",
            "e\u{301}\u{302}\u{303}",
            "\u{0e33}",
            "\u{1f1e6}",
            "ａ",
            "\u{e0001}",
            "\u{fff9}",
            " ",
            "ab",
            "--",
            "#",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn desk(text: &str, size: (u16, u16), lang: Lang) -> Desk {
    let mut desk = Desk::open(size);
    desk.model.lang = lang;
    desk.store = rows();
    for row in &mut desk.store {
        row.counterpart.name = text.into();
        row.counterpart.addressee = format!("CUSTOMER {text}");
        row.counterpart.note = Some(text.into());
        row.subject = Some(text.into());
        row.last_line = Some(text.into());
        row.customer.name = Some(text.into());
        row.customer.email = Some(text.into());
        row.assignee = Some(text.into());
        row.labels = vec![text.into()];
        row.lang = Some(text.into());
        row.priority = Some(Priority::High);
        row.drift = Some(text.into());
        row.due_clock = Some(text.into());
        row.remote_id = format!("{text}/x");
        row.order = json!({ "number": text }).as_object().cloned();
        row.remote_status = json!({ "status": text }).as_object().cloned();
    }
    for thread in desk.threads.values_mut() {
        let mut said = message(7, 17, Direction::Outbound, text, text);
        said.error = Some(text.into());
        said.reactions = vec![text.into()];
        thread.push(said);
        for message in thread.iter_mut() {
            message.body = text.into();
            message.author.name = Some(text.into());
            for file in &mut message.attachments {
                file.name = Some(text.into());
                file.mime = Some(text.into());
            }
        }
    }
    desk.model.members = vec![text.into()];
    desk.model.list.views[1].name = text.into();
    desk.outbox = outbox(text);
    desk.history = ["state", text]
        .map(|what| Event {
            seq: 1,
            at: now(),
            actor: Some(text.into()),
            what: what.into(),
            details: json!({ "from": text, "to": text, "why": text }).as_object().cloned().unwrap(),
        })
        .to_vec();
    desk.preview = Some(text.into());
    desk.shelf = Shelf {
        replies: vec![Canned {
            name: text.into(),
            lang: None,
            title: text.into(),
            channels: Vec::new(),
            tags: vec![text.into()],
            body: text.into(),
            then: crate::app::canned::Macro { add: vec![text.into()], ..Default::default() },
        }],
        broken: vec![(text.into(), text.into())],
        ..Shelf::default()
    };
    desk.model.options.filters = vec![(text.into(), vec![text.into()])];
    desk.keys(".");
    desk.answer();
    desk
}

/// A row in each state that a person reads about, and what else can stand in one.
fn outbox(text: &str) -> Vec<OutboxRow> {
    let outgoing = Outgoing {
        text: text.into(),
        file: Some(StoredFile { sha256: "0".repeat(64), name: text.into(), mime: text.into(), size: 1 }),
        ..Outgoing::default()
    };
    let states = [RowState::Uncertain, RowState::Failed, RowState::Parked, RowState::Held, RowState::Later];
    let mut all: Vec<OutboxRow> = states
        .into_iter()
        .zip(31..)
        .map(|(state, n)| OutboxRow {
            state,
            action: Action::Reply(outgoing.clone()),
            author: text.into(),
            reason: Some(text.into()),
            error: Some(text.into()),
            not_before: Some(now()),
            lookups: vec![Lookup { at: now(), found: text.into() }],
            ..outbox_row(n, 17)
        })
        .collect();
    let new = NewConversation {
        to: Some(text.into()),
        title: Some(text.into()),
        order: Some(text.into()),
        ..NewConversation::default()
    };
    all.push(OutboxRow { action: Action::Create(new), channel: "wa-br".into(), ..outbox_row(41, 99) });
    all
}

fn harmless(what: &str, text: &str) -> Result<(), TestCaseError> {
    let bad = |it: char| {
        it.is_control()
            || matches!(
                it,
                '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{ad}'
            )
            || ('\u{202a}'..='\u{202e}').contains(&it)
            || ('\u{2066}'..='\u{2069}').contains(&it)
    };
    prop_assert!(!text.contains(bad), "{what}: {}", text.escape_debug());
    Ok(())
}

fn looks(desk: &Desk, theme: &Theme) -> Result<(), TestCaseError> {
    if desk.model.size.0 > 0 && desk.model.size.1 > 0 {
        // Held to its width, line by line.
        let _ = picture(desk, theme);
        for symbol in render_cells(desk, theme) {
            harmless(&format!("cell in {}", desk.model.place()), &symbol)?;
        }
    }
    for line in linear::page(&desk.model, desk.now, theme.utf8).lines() {
        harmless("line", line)?;
        prop_assert!(theme.utf8 || line.is_ascii(), "{line}");
    }
    harmless("title", &super::super::window_title(&desk.model))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn nothing_hostile_reaches_a_cell_or_a_plain_line(
        text in hostile(),
        columns in prop_oneof![1_u16..=250, prop::sample::select(vec![19, 20, 59, 60, 79, 80, 99, 100, 120, 159, 160])],
        rows in prop_oneof![1_u16..=80, prop::sample::select(vec![4, 5, 15, 16, 24, 40])],
        ascii in any::<bool>(),
        lang in prop::sample::select(vec![Lang::En, Lang::De, Lang::PtBr]),
    ) {
        let theme = if ascii { Theme::mono().ascii() } else { Theme::dark() };
        let size = (columns, rows);
        // Each script ends on another screen.
        for script in ["x", "Enter", "Enter d", "d", "g o", "c", ": a", "?", "s", "a a", "z 3", "t v", "/ v", "L", "Enter e", "Enter z 1", "g o j", "g o j j j",
            "g o D", "g r", "g r b", "g r b b b", "g r Enter", "m", "Enter m", "Enter k o", "Enter k v", "Enter k S", "t",
            "Enter r Ctrl-x f", "Enter r Ctrl-x m", "g D", "g c", "Enter g s", "* a", "Enter i x", "x e", "x r", "x x r y", "Enter r Ctrl-x v", "Enter d ?", "Enter k v ?"] {
            let mut desk = desk(&text, size, lang);
            for key in script.split(' ') {
                desk.keys(key);
                desk.answer();
            }
            desk.wait(450);
            looks(&desk, &theme)?;
        }
        for kind in ["r", "i"] {
            let mut desk = desk(&text, size, lang);
            desk.keys("Enter");
            desk.answer();
            desk.keys(kind);
            desk.answer();
            desk.send(crate::app::Msg::Input(crate::app::Input::Paste(text.clone())));
            looks(&desk, &theme)?;
            desk.keys("Esc");
            desk.keys("v");
            looks(&desk, &theme)?;
        }
        let mut paths = desk(&text, size, lang);
        paths.keys("j j Enter");
        paths.answer();
        paths.keys("r Ctrl-x a");
        let asked = paths.others.iter().rev().find_map(|effect| match effect {
            crate::app::Effect::CompletePath(ticket, _) => Some(*ticket),
            _ => None,
        });
        if let Some(ticket) = asked {
            paths.send(Msg::PathCompletions(ticket, vec![text.clone(), format!("/tmp/{text}")]));
        }
        looks(&paths, &theme)?;
        let mut said = desk(&text, size, lang);
        said.model.notice = Some(text.clone());
        for health in &mut said.model.health {
            health.trouble = Some(text.clone());
            health.short.clone_from(&text);
        }
        looks(&said, &theme)?;
    }
}

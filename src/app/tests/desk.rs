//! The window: locked, laid out, zoomed, pointed at.

use chrono::Duration;

use super::fixture::{Desk, options};
use crate::app::{
    Effect, Input, Msg, Outcome, Pointer, Request, Screen, Start, Wish,
    actions::{Act, place},
    layout::Layout,
};
use crate::domain::{
    Action,
    outbox::{LocalChange, SetFields},
};

fn session(desk: &Desk) -> serde_json::Value {
    desk.wished
        .iter()
        .rev()
        .find_map(|(_, wish)| match wish {
            Wish::SaveSession(session) => Some(session.clone()),
            _ => None,
        })
        .unwrap()
}

fn named(desk: &mut Desk, action: &str) {
    desk.keys(":");
    desk.type_in(action);
    desk.keys("Enter");
    desk.answer();
}

#[test]
fn a_locked_screen_opens_with_enter_twice_and_with_nothing_else() {
    let mut desk = Desk::opened((80, 24));
    desk.keys("L");
    assert_eq!(desk.model.place(), place::LOCKED);
    desk.wished.clear();
    for keys in ["e", "Esc", "q", "r", "Enter x Enter", "Ctrl-z", "Enter j"] {
        desk.keys(keys);
        assert_eq!(desk.model.place(), place::LOCKED, "{keys}");
    }
    desk.send(Msg::Input(Input::Paste("\n\n".into())));
    assert!(desk.model.locked.is_some() && desk.wished.is_empty());
    desk.keys("Enter Enter");
    assert_eq!(desk.model.place(), place::THREAD);
}

#[test]
fn a_word_opens_a_locked_screen_where_one_is_set() {
    let mut desk =
        Desk::with(crate::app::AppOptions { pin: Some("maracujá 7".into()), ..options((80, 24)) });
    desk.keys("L Enter Enter Enter");
    assert!(desk.model.locked.is_some());
    desk.type_in("wrong");
    desk.keys("Enter");
    assert!(desk.model.locked.is_some());
    desk.type_in("maracujá 7");
    desk.keys("Enter");
    assert!(desk.model.locked.is_none());
}

#[test]
fn nothing_counts_as_read_behind_a_lock() {
    let mut desk = Desk::opened((80, 24));
    desk.keys("L");
    desk.wished.clear();
    desk.wait(1000);
    assert!(desk.changes().is_empty());
}

#[test]
fn layout_and_zoom_are_remembered() {
    let mut desk = Desk::open((120, 40));
    assert!(desk.model.side_by_side());
    named(&mut desk, "layout-one");
    assert!(!desk.model.side_by_side());
    assert_eq!(session(&desk)["layout"], "one");
    named(&mut desk, "layout side");
    desk.keys("+");
    assert_eq!(session(&desk)["zoom"], true);
    let (saved, effects) = (session(&desk), desk.model.start(desk.now));
    let ticket = effects.iter().find_map(|effect| match effect {
        Effect::Load(ticket, crate::app::Request::Session) => Some(*ticket),
        _ => None,
    });
    desk.model.zoomed = false;
    desk.model.layout = Layout::Auto;
    desk.send(Msg::Loaded(ticket.unwrap(), crate::app::Loaded::Session(Some(saved))));
    assert!(desk.model.zoomed && desk.model.layout == Layout::Side);
    desk.keys("_");
    assert!(desk.model.side_by_side());
    desk.done(Outcome::Done);
}

#[test]
fn panes_fill_the_width_in_every_layout() {
    for width in 1..=300 {
        let mut desk = Desk::open((width, 40));
        for (layout, name) in Layout::ALL {
            desk.model.layout = layout;
            let panes = desk.model.panes();
            let rules = if panes.views > 0 { 3 } else { u16::from(desk.model.side_by_side()) };
            let sum = if desk.model.side_by_side() {
                panes.views + panes.list + panes.thread + panes.details + rules
            } else {
                panes.list
            };
            assert_eq!(sum, width, "{name} at {width}: {panes:?}");
        }
    }
}

#[test]
fn a_click_selects_and_a_second_one_opens() {
    let mut desk = Desk::open((80, 24));
    desk.keys("F2");
    assert!(desk.others.contains(&Effect::Mouse(true)) && desk.model.mouse);
    let click = |desk: &mut Desk, column, row| {
        desk.send(Msg::Input(Input::Point(Pointer::Click { column, row })));
        desk.answer();
    };
    click(&mut desk, 10, 5);
    assert_eq!(desk.model.list.selected, Some(crate::domain::ConversationId(21)));
    assert_eq!(desk.model.screen, Screen::List);
    click(&mut desk, 10, 5);
    assert_eq!(desk.model.screen, Screen::Thread);
    click(&mut desk, 10, 23);
    click(&mut desk, 200, 200);
    desk.send(Msg::Input(Input::Point(Pointer::Wheel { column: 1, down: false })));
    assert_eq!(desk.model.keymap.key_of(place::LIST, Act::Mouse).as_deref(), Some("F2"));
}

#[test]
fn a_figure_opens_what_it_is_made_of_and_that_the_conversation() {
    let mut desk = Desk::opened((80, 24));
    desk.keys("q g r");
    desk.answer();
    desk.keys("j j Enter");
    desk.answer();
    let item = desk.model.report.items()[0].clone();
    assert!(desk.model.report.name(item.conversation).contains("João"));
    desk.keys("Esc");
    assert_eq!(desk.model.report.opened, None);
    desk.keys("b");
    desk.answer();
    assert_eq!(desk.model.report.by, crate::domain::report::By::Channel);
    desk.keys("Enter Enter");
    desk.answer();
    assert_eq!(desk.model.screen, crate::app::Screen::Thread);
}

#[test]
fn of_several_files_one_is_chosen_and_looked_at() {
    let mut desk = Desk::opened((80, 24));
    let thread = desk.model.thread.as_mut().unwrap();
    thread.selected = thread.messages.iter().position(|it| !it.attachments.is_empty()).unwrap();
    desk.keys("v");
    desk.answer();
    assert_eq!(desk.model.place(), place::PANEL);
    assert!(desk.model.preview.as_ref().unwrap().title.starts_with("nota.pdf"));
    desk.keys("Esc");
    assert_eq!(desk.model.place(), place::THREAD);
    let thread = desk.model.thread.as_mut().unwrap();
    let mut messages = thread.messages.to_vec();
    let message = messages.iter_mut().find(|it| !it.attachments.is_empty()).unwrap();
    let mut second = message.attachments[0].clone();
    (second.n, second.name) = (2, Some("foto.jpg".into()));
    message.attachments.push(second);
    thread.messages = messages.into();
    desk.keys("S");
    desk.type_in("foto");
    desk.keys("Enter");
    let saved = desk.others.iter().any(|it| matches!(it, Effect::SaveAttachment { n: 2, .. }));
    assert!(saved, "{:?}", desk.others);
}

#[test]
fn work_in_the_composer_is_measured_and_a_long_rest_is_not() {
    let mut desk = Desk::opened((80, 24));
    desk.keys("r");
    desk.answer();
    desk.wait(5_000);
    desk.type_in("oi");
    desk.wait(600_000);
    desk.type_in(" tudo");
    desk.keys("Esc k");
    let handled = desk.wished.iter().find_map(|(_, wish)| match wish {
        Wish::Handled { ms, .. } => Some(*ms),
        _ => None,
    });
    assert_eq!(handled, Some(125_000));
}

/// A desk without channels and without anything stored.
pub(super) fn first_start() -> Desk {
    let mut desk = Desk::unread(crate::app::AppOptions { descriptors: Vec::new(), ..options((80, 24)) });
    desk.store.clear();
    desk.answer();
    for view in &mut desk.model.list.views {
        view.count = Some(crate::domain::desk::Count { total: 0, at_risk: 0, more: false });
    }
    desk
}

#[test]
fn a_first_start_offers_the_demo_and_an_example() {
    let mut desk = first_start();
    assert_eq!(desk.model.place(), place::WELCOME);
    desk.model.options.config_file = Some("/home/ana/.config/deskline/config.toml".into());
    assert!(
        desk.model
            .welcome_lines()
            .iter()
            .any(|line| line == "d  the demo: four vendors, live customers, nothing is kept")
    );
    desk.keys("w d t");
    assert!(
        matches!(&desk.others[..], [Effect::WriteExample(_, file), Effect::Start(Start::Demo), Effect::Start(Start::Tutor)] if file.ends_with("config.toml"))
    );
    assert!(crate::app::example().lines().all(|line| line.is_empty() || line.starts_with('#')));
}

#[test]
fn the_tutor_goes_on_when_it_was_done_and_names_the_keys_as_they_are() {
    let mut options = crate::app::AppOptions { tutor: true, demo: true, ..options((80, 24)) };
    options.preset = "arrows".into();
    let mut desk = Desk::with(options);
    assert_eq!(desk.model.size, (80, 20));
    let lesson = |desk: &Desk| desk.model.lesson().unwrap();
    assert!(lesson(&desk).1.contains("Down goes down, Up up"), "{:?}", lesson(&desk));
    desk.keys("x");
    assert_eq!(lesson(&desk).0, "lesson 2 of 25");
    desk.keys("3");
    desk.answer();
    desk.keys("Home Enter");
    desk.answer();
    assert_eq!(lesson(&desk).0, "lesson 4 of 25");
    desk.keys("d Esc r");
    desk.answer();
    desk.type_in("sai hoje mesmo");
    desk.keys("Esc");
    assert!(lesson(&desk).1.contains("y sends"), "{:?}", lesson(&desk));
    desk.keys("y");
    desk.all_done();
    assert!(lesson(&desk).1.contains("u takes it back"), "{:?}", lesson(&desk));
    assert!(!lesson(&desk).1.contains(['{', '}']));
}

#[test]
fn labels_that_are_used_here_complete_what_is_typed() {
    let mut desk = Desk::open((80, 24));
    desk.model.list.rows[1].labels = vec!["vip".into(), "shipping".into()];
    desk.model.list.rows[2].labels = vec!["vip".into()];
    let titles = |desk: &Desk| -> Vec<String> {
        desk.model.picker.as_ref().unwrap().choices.iter().map(|it| it.title.clone()).collect()
    };
    desk.keys("t");
    assert_eq!(titles(&desk), ["vip", "shipping"]);
    desk.type_in("vi");
    assert_eq!(titles(&desk), ["vi", "vip"], "Enter takes what was typed");
    desk.keys("Down Tab");
    assert_eq!(desk.model.picker.as_ref().unwrap().text(), "vip");
    desk.type_in(" +ship");
    assert_eq!(titles(&desk), ["vip +ship", "vip +shipping"]);
    desk.keys("Down Enter");
    let added = desk.changes().into_iter().find_map(|it| match it {
        LocalChange::Label { add, remove } => Some((add.clone(), remove.clone())),
        _ => None,
    });
    assert_eq!(added.unwrap(), (vec!["vip".to_owned(), "shipping".to_owned()], Vec::new()));
}

#[test]
fn a_long_finding_is_told_once_and_whole() {
    let mut desk = Desk::opened((80, 24));
    desk.keys("r");
    desk.answer();
    desk.type_in(&format!("https://example.com/{}", "a/".repeat(60)));
    desk.keys("Esc");
    let finding = desk.model.review.as_ref().unwrap().findings[0].clone();
    let lines = desk.model.finding_text(&finding);
    assert!(!lines.is_empty() && !finding.text.is_empty());
    assert!(lines.iter().all(|line| crate::domain::text::columns(line) <= 76));
    assert!(desk.model.finding_lines(&finding).iter().all(|line| !lines.contains(line)));
}

#[test]
fn our_reference_the_title_and_the_due_date_are_set_at_the_vendor_that_keeps_them() {
    let mut desk = Desk::open((80, 24));
    // The first row is SkyHub's.
    desk.keys("g g s f");
    if desk.model.target().is_some_and(|row| row.kind.as_str() == "dsco") {
        desk.keys("Esc j s f");
    }
    assert!(desk.model.picker.is_none(), "this vendor keeps none");
    let at = desk.model.list.shown().iter().position(|row| row.kind.as_str() == "dsco").unwrap();
    desk.keys("g g");
    for _ in 0..at {
        desk.keys("j");
    }
    desk.keys("s f Tab Ctrl-u");
    desk.type_in(&"x".repeat(51));
    assert!(desk.model.picker.as_ref().unwrap().note.contains("51 characters"));
    desk.keys("Enter Enter");
    assert!(desk.commits().is_empty(), "nothing is cut behind anybody's back");
    // What cannot be taken stays, under the cursor, with what is wrong.
    let picker = desk.model.picker.as_ref().expect("the fields are open still");
    assert!(picker.refused && picker.text() == "x".repeat(51) && picker.note.contains("51 characters"));
    desk.keys("Esc");
    let title = SetFields { title: Some("Late order".into()), ..SetFields::default() };
    let reference = SetFields { reference: Some("ticket-42".into()), ..SetFields::default() };
    for (at, typed, fields) in [(0, "ticket-42", reference), (1, "Late order", title)] {
        desk.keys("s f");
        desk.keys(["Ctrl-u", "Tab Ctrl-u"][at]);
        desk.type_in(typed);
        desk.keys(["Enter Enter Enter", "Enter Enter"][at]);
        let commit = desk.commits().into_iter().next_back().unwrap().clone();
        assert_eq!(commit.actions, [Action::Set(fields)]);
        assert!(commit.held_until.is_some());
    }
    desk.keys("s f Tab Tab");
    desk.type_in("soon");
    desk.keys("Enter");
    let picker = desk.model.picker.as_ref().expect("open still");
    assert!(picker.refused && picker.text() == "soon" && picker.note.contains("no time"), "{}", picker.note);
    desk.keys("Ctrl-u");
    assert!(!desk.model.picker.as_ref().unwrap().refused);
    desk.type_in("tomorrow");
    desk.keys("Enter");
    assert!(matches!(
        desk.commits().into_iter().next_back().unwrap().actions.as_slice(),
        [Action::Set(SetFields { due: Some(_), title: None, reference: None })]
    ));
}

#[test]
fn a_window_that_could_not_see_for_a_while_does_not_accuse_the_engine_at_once() {
    let mut desk = Desk::open((80, 24));
    let due = desk.now;
    desk.model.health[0].poll_due = Some(due);
    for _ in 0..4 {
        desk.wait(60_000);
        assert!(desk.model.awake.is_none());
    }
    let asked = desk.asked.iter().any(|(_, request)| matches!(request, Request::Health));
    assert!(asked, "a quiet poll rings nobody: the store is asked before it is missed");
    let late = |desk: &Desk| desk.model.health[0].no_poll_since(desk.model.health_at, desk.model.awake);
    desk.model.health_at = desk.now;
    assert_eq!(late(&desk), Some(due));
    // The lid was shut for a night, over the engine too.
    desk.now += Duration::hours(8);
    desk.wait(0);
    desk.model.health_at = desk.now;
    assert_eq!(late(&desk), None);
}

#[test]
fn a_snooze_says_what_its_deadline_makes_of_it() {
    let mut desk = Desk::opened((80, 24));
    let mut due = |minutes: i64| {
        let at = Some(desk.now + chrono::Duration::minutes(minutes));
        if let Some(row) = desk.model.thread.as_mut().and_then(|it| it.conversation.as_mut()) {
            row.due_at = at;
        }
        desk.wished.clear();
        desk.keys("z w");
        desk.all_done();
        desk.model.safety().unwrap_or_default()
    };
    let soon = due(10);
    assert!(soon.starts_with("asleep only till its deadline is near: it wakes at once"), "{soon}");
    let later = due(180);
    assert!(later.contains(", when its deadline is near: 17"), "{later}");
    let after = due(60 * 24 * 20);
    assert!(after.starts_with("asleep until Mon") && !after.contains("deadline"), "{after}");
}

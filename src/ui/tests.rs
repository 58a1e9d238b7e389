//! Pictures of the screens, with style. Every line is held to its width.

mod audit;
mod hostile;
mod languages;

use std::fmt::Write as _;

use ratatui::{Terminal, backend::TestBackend, style::Style};

use super::{Theme, render};
use crate::{
    app::{
        Msg, Outcome,
        msg::{Input, Pointer},
        tests::fixture::{Desk, options},
    },
    domain::{
        Gate, GateEvidence,
        desk::{Count, Refusal},
    },
};

/// The picture's lines, then where its style is not plain: `row: from-to style`.
fn picture(desk: &Desk, theme: &Theme) -> String {
    let (width, height) = desk.model.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| render(&desk.model, theme, desk.now, frame)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let mut text = String::new();
    let mut styles = String::new();
    for y in 0..height {
        let mut line = String::new();
        let mut skip = 0;
        let mut cells = 0;
        for x in 0..width {
            let symbol = buffer[(x, y)].symbol();
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let wide = unicode_width::UnicodeWidthStr::width(symbol).max(1);
            skip = wide - 1;
            cells += wide;
            line.push_str(symbol);
        }
        assert_eq!(cells, usize::from(width), "line {y} is held to its width: {line}");
        writeln!(text, "{}", line.trim_end()).unwrap();
        let mut start = 0;
        for x in 1..=width {
            let style = buffer[(start, y)].style();
            if x == width || buffer[(x, y)].style() != style {
                if style != Style::default() && style != plain() {
                    writeln!(styles, "{y}: {start}-{} {}", x - 1, spelled(style)).unwrap();
                }
                start = x;
            }
        }
    }
    format!("{text}~~~\n{styles}")
}

/// The symbols of all cells.
fn render_cells(desk: &Desk, theme: &Theme) -> Vec<String> {
    let (width, height) = desk.model.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| render(&desk.model, theme, desk.now, frame)).unwrap();
    terminal.backend().buffer().content().iter().map(|cell| cell.symbol().to_owned()).collect()
}

fn plain() -> Style {
    ratatui::buffer::Cell::default().style()
}

fn spelled(style: Style) -> String {
    let colour = style
        .fg
        .filter(|it| *it != ratatui::style::Color::Reset)
        .map_or_else(String::new, |it| it.to_string());
    let bold =
        if style.add_modifier.is_empty() { String::new() } else { format!(" {:?}", style.add_modifier) };
    format!("{colour}{bold}").trim().to_owned()
}

fn counted(mut desk: Desk) -> Desk {
    let counts = [(2, 0), (7, 2), (12, 0), (58, 0), (9, 0), (4, 0)];
    for (view, (total, at_risk)) in desk.model.list.views.iter_mut().zip(counts) {
        view.count = Some(Count { total, at_risk, more: false });
    }
    desk
}

#[test]
fn list() {
    let mut desk = counted(Desk::open((80, 24)));
    desk.keys("x k");
    insta::assert_snapshot!("list_80x24", picture(&desk, &Theme::dark()));
    insta::assert_snapshot!("list_80x24_ascii", picture(&desk, &Theme::mono().ascii()));
    for (name, size) in [("list_120x40", (120, 40)), ("list_200x60", (200, 60))] {
        let mut desk = counted(Desk::open(size));
        desk.wait(250);
        desk.answer();
        insta::assert_snapshot!(name, picture(&desk, &Theme::dark()));
    }
}

/// The line of a picture that has a text.
fn line_of(desk: &Desk, text: &str) -> String {
    let picture = picture(desk, &Theme::mono());
    picture.lines().find(|line| line.contains(text)).unwrap_or_default().to_owned()
}

#[test]
fn a_head_that_does_not_fit_is_its_first_word_whole() {
    let mut desk = Desk::open((120, 40));
    desk.wait(250);
    desk.answer();
    assert!(line_of(&desk, "CUSTOMER").contains(" SUBJECT   "), "{}", line_of(&desk, "CUSTOMER"));
}

#[test]
fn what_does_not_work_keeps_its_key_in_the_menu_and_says_why_beside_it() {
    let mut desk = Desk::opened((120, 40));
    desk.keys("?");
    let line = line_of(&desk, "assign to a team");
    assert!(line.starts_with("  a t ") && line.contains("not here: no team is configured"), "{line}");
}

#[test]
fn what_is_held_names_the_key_that_is_bound_to_undo() {
    let mut desk = Desk::opened((80, 24));
    desk.model.keymap = crate::app::keymap::Keymap::with("gmail", &[]);
    let lines = crate::app::thread_lines::lines(
        &[crate::domain::Message {
            delivery: Some(crate::domain::Delivery::Held),
            ..crate::app::tests::fixture::message(9, 17, crate::domain::Direction::Outbound, "ana", "oi")
        }],
        &crate::app::thread_lines::Frame {
            width: 80,
            lang: crate::domain::Lang::En,
            zone: chrono_tz::UTC,
            now: desk.now,
            new: &std::collections::BTreeSet::new(),
            folds: crate::app::thread_lines::Folds { quotes: false, events: false, old: false },
            name: "",
            held: &[(crate::domain::MessageId(9), desk.now + chrono::Duration::seconds(8))],
            undo: &desk.model.key(crate::app::actions::place::THREAD, crate::app::actions::Act::Undo),
        },
    );
    assert!(lines[0].text.contains("held 8 s, z takes it back"), "{}", lines[0].text);
}

#[test]
fn the_head_says_till_when_a_reply_is_held() {
    let mut desk = Desk::opened((80, 24));
    let row = crate::domain::OutboxRow {
        state: crate::domain::RowState::Held,
        message: Some(crate::domain::MessageId(2)),
        not_before: Some(desk.now + chrono::Duration::seconds(10)),
        ..crate::app::tests::writing::outbox_row(31, 17)
    };
    let thread = desk.model.thread.as_mut().unwrap();
    thread.rows = vec![row];
    thread.conversation.as_mut().unwrap().due_at = None;
    let head = line_of(&desk, "SKYH João dos Santos");
    assert!(head.contains("held till "), "{head}");
    desk.model.thread.as_mut().unwrap().rows.clear();
    assert!(line_of(&desk, "SKYH João dos Santos").contains("no deadline"));
}

#[test]
fn a_range_that_has_begun_says_how_it_ends_until_it_does() {
    let mut desk = Desk::open((80, 24));
    desk.keys("v j");
    assert!(!line_of(&desk, "a range begins here: move, then v again").is_empty());
    desk.keys("v");
    assert!(line_of(&desk, "a range begins here").is_empty());
    assert!(!line_of(&desk, "2 marked").is_empty());
}

#[test]
fn all_that_may_follow_a_key_is_seen_in_a_small_window() {
    for size in [(40, 10), (60, 15), (80, 24)] {
        for (write, keys) in [(false, "s"), (false, "g"), (false, "a"), (false, "z"), (true, "Ctrl-x")] {
            let mut desk = Desk::opened(size);
            if write {
                desk.keys("r");
                desk.answer();
            }
            desk.keys(keys);
            desk.wait(400);
            let shown = render_cells(&desk, &Theme::mono()).concat();
            let follow = desk.model.keymap.following(desk.model.place(), &desk.model.prefix);
            assert!(!follow.is_empty());
            for (_, act) in follow {
                let title: String = act.row().title_in(desk.model.lang).chars().take(8).collect();
                assert!(
                    shown.contains(title.trim_end()),
                    "{size:?} {keys}: {title}: {}",
                    picture(&desk, &Theme::mono())
                );
            }
        }
    }
    let mut desk = Desk::open((40, 10));
    desk.keys("s");
    desk.wait(400);
    assert!(!line_of(&desk, "r: SkyHub is told ARCHIVED").is_empty(), "{}", picture(&desk, &Theme::mono()));
}

#[test]
fn the_text_of_a_new_conversation_is_seen_and_reviewed_in_a_small_window() {
    for size in [(40, 10), (61, 18)] {
        let mut desk = Desk::open(size);
        desk.keys("c");
        desk.answer();
        let mut fields = 0;
        while !desk.model.form.as_ref().unwrap().in_text() && fields < 20 {
            desk.keys("Tab");
            fields += 1;
        }
        desk.type_in("Where is my order?");
        assert!(!line_of(&desk, "# Where is my order?").is_empty(), "{}", picture(&desk, &Theme::mono()));
        desk.keys("Esc");
        assert!(desk.model.review.is_some());
        assert!(!line_of(&desk, "e edit").is_empty(), "{}", picture(&desk, &Theme::mono()));
    }
    let mut desk = Desk::open((80, 24));
    desk.keys("c");
    desk.answer();
    while !desk.model.form.as_ref().unwrap().in_text() {
        desk.keys("Tab");
    }
    desk.keys("Esc");
    assert!(desk.model.form.is_none() && desk.model.review.is_none(), "there is nothing to review");
}

#[test]
fn a_click_on_a_tab_shows_its_view() {
    for (size, opened) in [((40, 10), false), ((80, 24), false), ((120, 40), true), ((200, 60), true)] {
        let mut desk = counted(if opened { Desk::opened(size) } else { Desk::open(size) });
        desk.keys("F2");
        let line: String =
            render_cells(&desk, &Theme::mono()).iter().take(usize::from(size.0)).cloned().collect();
        let at = |text: &str| line.find(text).unwrap_or_else(|| panic!("{text} in {line}"));
        for (number, view) in [("3 ", 3), ("1 ", 1)] {
            let column = u16::try_from(at(number)).unwrap();
            let hit = super::tab_at(&desk.model, desk.now, column);
            assert_eq!(hit, Some(view), "{size:?} {line}");
            desk.send(Msg::Input(Input::Point(Pointer::Tab(view))));
            desk.answer();
            assert_eq!(desk.model.list.view, view);
        }
        let end = super::tab_at(&desk.model, desk.now, size.0 - 1);
        assert_eq!(end, None, "the channel's word is no view");
    }
    let desk = Desk::opened((80, 24));
    assert_eq!(super::tab_at(&desk.model, desk.now, 3), None, "a conversation's head is no tab");
}

#[test]
fn what_is_wrong_with_a_query_is_read_whole_under_its_term() {
    let mut desk = Desk::open((80, 24));
    desk.keys("/");
    desk.type_in("statu:open");
    desk.answer();
    assert!(line_of(&desk, "there is no key").contains("^ statu:open"));
    assert!(!line_of(&desk, "before after due gate has").is_empty(), "{}", picture(&desk, &Theme::mono()));
}

#[test]
fn conversation() {
    for (name, size) in [
        ("conversation_80x24", (80, 24)),
        ("conversation_120x40", (120, 40)),
        ("conversation_200x60", (200, 60)),
    ] {
        insta::assert_snapshot!(name, picture(&counted(Desk::opened(size)), &Theme::dark()));
    }
}

#[test]
fn composer() {
    for (name, size) in [("composer_80x24", (80, 24)), ("composer_120x40", (120, 40))] {
        let mut desk = Desk::opened(size);
        desk.keys("r");
        desk.answer();
        desk.type_in("Olá João, pedimos desculpas");
        desk.wait(200);
        desk.all_done();
        insta::assert_snapshot!(name, picture(&desk, &Theme::dark()));
    }
    let mut desk = Desk::opened((80, 24));
    desk.keys("i");
    desk.answer();
    desk.type_in("only us");
    insta::assert_snapshot!("composer_note", picture(&desk, &Theme::light()));
}

#[test]
fn a_colleague_is_shown_under_the_composer_and_thanks_as_such() {
    let mut desk = Desk::opened((80, 24));
    desk.present = vec![crate::domain::presence::Present {
        agent: "jon".into(),
        place: "pts/9".into(),
        since: Some(desk.now - chrono::Duration::seconds(20)),
        writing: None,
    }];
    desk.store[1].thanked = true;
    desk.store[1].status = crate::domain::Status::Resolved;
    desk.store[1].outbox = None;
    desk.store[1].last_line = Some("Obrigado!".into());
    desk.send(Msg::StoreChanged);
    desk.keys("r");
    desk.answer();
    desk.type_in("Olá João, pedimos desculpas");
    insta::assert_snapshot!("presence", picture(&desk, &Theme::dark()));
    desk.keys("Esc k q");
    insta::assert_snapshot!("thanks", picture(&desk, &Theme::dark()));
}

#[test]
fn one_text_for_many() {
    for (name, size) in [("once_80x24", (80, 24)), ("once_120x40", (120, 40))] {
        let mut desk = Desk::open(size);
        desk.keys("x x x x x r");
        desk.answer();
        desk.type_in("Olá {{customer.first_name}}, pedimos desculpas");
        if size.0 == 80 {
            insta::assert_snapshot!("once_composer", picture(&desk, &Theme::dark()));
        }
        desk.keys("Esc Down Down");
        insta::assert_snapshot!(name, picture(&desk, &Theme::dark()));
    }
}

#[test]
fn borders_use_the_words_of_the_specification() {
    let mut desk = Desk::open((80, 24));
    desk.store[1].gate = GateEvidence::said(Gate::RemoteClosed);
    desk.store[2].gate = GateEvidence::Window { until: desk.now };
    desk.send(Msg::StoreChanged);
    desk.answer();
    let mut borders = String::new();
    for id in [17, 19, 21, 23, 24] {
        let row = desk.model.known(crate::domain::ConversationId(id)).unwrap();
        for kind in [crate::domain::DraftKind::Reply, crate::domain::DraftKind::Note] {
            let (fill, parts) = desk.model.border(row, kind, false);
            let between = format!(" {fill}{fill} ");
            writeln!(borders, "{fill}{fill}{fill} {}", parts.join(&between)).unwrap();
        }
    }
    insta::assert_snapshot!(borders);
}

#[test]
fn review_bar() {
    let mut desk = Desk::opened((80, 24));
    desk.keys("r");
    desk.answer();
    desk.type_in("Olá João, pedimos desculpas pelo atraso na entrega do pedido");
    desk.keys("Esc");
    insta::assert_snapshot!("review_clean", picture(&desk, &Theme::dark()));
    desk.keys("e");
    desk.type_in(" joao@example.com https://example.com");
    desk.keys("Esc");
    insta::assert_snapshot!("review_amber", picture(&desk, &Theme::dark()));
    let mut desk = Desk::opened((80, 24));
    desk.keys("i");
    desk.answer();
    desk.type_in("for us");
    desk.keys("Esc");
    insta::assert_snapshot!("review_note", picture(&desk, &Theme::dark()));
}

#[test]
fn pop_ups() {
    let mut desk = counted(Desk::open((80, 24)));
    desk.keys("s");
    desk.wait(400);
    insta::assert_snapshot!("popup_status", picture(&desk, &Theme::dark()));
    desk.keys("Esc :");
    desk.type_in("assign");
    insta::assert_snapshot!("popup_palette", picture(&desk, &Theme::dark()));
    desk.keys("Esc z 3");
    desk.type_in("d");
    insta::assert_snapshot!("popup_snooze", picture(&desk, &Theme::dark()));
    desk.keys("Esc ?");
    insta::assert_snapshot!("popup_help", picture(&desk, &Theme::dark()));
    desk.keys("Esc e Y");
    desk.done(Outcome::Refused(Refusal::Changed {
        arrived: vec![crate::app::tests::fixture::message(
            9,
            17,
            crate::domain::Direction::Inbound,
            "João",
            "Ainda nada",
        )],
        rev: 13,
    }));
    insta::assert_snapshot!("popup_question", picture(&desk, &Theme::dark()));
}

#[test]
fn held_and_demo() {
    let mut options = options((80, 24));
    options.demo = true;
    let mut desk = counted(Desk::with(options));
    desk.keys("r");
    desk.answer();
    desk.type_in("oi");
    insta::assert_snapshot!("demo_composer", picture(&desk, &Theme::dark()));
    desk.keys("Esc y");
    desk.all_done();
    desk.wait(2000);
    desk.keys("q");
    insta::assert_snapshot!("held", picture(&desk, &Theme::dark()));
}

#[test]
fn form_outbox_and_details() {
    let mut desk = Desk::open((80, 24));
    desk.keys("c");
    desk.answer();
    desk.keys("Tab");
    desk.type_in("Acme");
    insta::assert_snapshot!("form", picture(&desk, &Theme::dark()));
    let mut desk = Desk::open((80, 24));
    desk.keys("g o");
    desk.answer();
    insta::assert_snapshot!("outbox_empty", picture(&desk, &Theme::dark()));
    let mut desk = Desk::opened((80, 24));
    desk.keys("d");
    desk.answer();
    insta::assert_snapshot!("details", picture(&desk, &Theme::dark()));
    let mut desk = Desk::opened((80, 24));
    desk.keys("q g r");
    desk.answer();
    insta::assert_snapshot!("report", picture(&desk, &Theme::dark()));
}

#[test]
fn every_size_is_survived_and_held_to_its_width() {
    for size in [
        (1, 1),
        (10, 3),
        (20, 5),
        (30, 8),
        (59, 15),
        (60, 16),
        (79, 24),
        (99, 30),
        (100, 16),
        (160, 50),
        (300, 90),
    ] {
        let mut desk = counted(Desk::opened(size));
        picture(&desk, &Theme::dark());
        desk.keys("r");
        desk.answer();
        desk.type_in("日本語 👩‍👩‍👧 שלום and a long line that has to be wrapped somewhere in the middle of it");
        picture(&desk, &Theme::dark());
        desk.keys("Esc");
        picture(&desk, &Theme::mono().ascii());
        desk.keys("k s");
        desk.wait(400);
        picture(&desk, &Theme::light());
        desk.keys("Esc : Esc d");
        picture(&desk, &Theme::dark());
    }
}

#[test]
fn hostile_names_and_bodies_reach_the_screen_as_marks_only() {
    let evil = "a\u{1b}]0;x\u{7}\u{202e}b\u{200b}\u{9b}c";
    let mut desk = Desk::open((80, 24));
    desk.store[0].counterpart.name = evil.into();
    desk.store[0].subject = Some(evil.into());
    desk.threads.get_mut(&17).unwrap()[0].body = evil.into();
    desk.threads.get_mut(&17).unwrap()[0].author.name = Some(evil.into());
    desk.send(Msg::StoreChanged);
    desk.answer();
    for keys in ["k", "Enter"] {
        desk.keys(keys);
        desk.answer();
        let picture = picture(&desk, &Theme::dark());
        assert!(!picture.contains(|it: char| it != '\n' && (it.is_control() || matches!(it, '\u{202e}' | '\u{200b}'))));
    }
}

#[test]
fn moving_the_cursor_changes_two_cells() {
    let mut desk = counted(Desk::open((80, 24)));
    let draw = |desk: &Desk| {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| render(&desk.model, &Theme::dark(), desk.now, frame)).unwrap();
        terminal.backend().buffer().clone()
    };
    let before = draw(&desk);
    desk.keys("j");
    let after = draw(&desk);
    assert_eq!(before.diff(&after).len(), 2);
}

#[test]
fn the_bar_names_everything_and_is_whole_at_every_width() {
    for size in [(20, 5), (40, 12), (60, 16), (80, 24), (100, 30), (120, 40), (160, 40), (200, 60)] {
        let mut desk = Desk::opened(size);
        desk.model.options.demo = true;
        desk.keys("r");
        desk.answer();
        desk.type_in("ligue para 11 98765-4321");
        let shown = picture(&desk, &Theme::dark());
        if size.0 >= 60 && size.1 >= 16 {
            assert!(shown.contains("## DEMO"), "{size:?}\n{shown}");
            assert!(
                shown.contains("TO CUSTOMER João dos") && shown.contains("(17) via americanas"),
                "{shown}"
            );
        }
        desk.keys("Esc");
        let shown = picture(&desk, &Theme::dark());
        assert!(shown.contains("Y send all the same") || size.0 < 30, "{size:?}\n{shown}");
        let findings = &desk.model.review.as_ref().unwrap().findings;
        assert!(findings.iter().all(|it| shown.contains(&it.text[..12])), "{size:?}\n{shown}");
        assert!(size.1 < 16 || shown.contains("D discard (asks)"), "{size:?}\n{shown}");
    }
}

#[test]
fn the_composers_footer_offers_only_what_the_gate_lets_through() {
    let mut desk = Desk::open((80, 24));
    desk.store[1].gate = GateEvidence::said(Gate::RemoteClosed);
    desk.store[2].gate = GateEvidence::Window { until: desk.now };
    desk.send(Msg::StoreChanged);
    desk.answer();
    let mut footers = Vec::new();
    for id in ["17", "19", "21", "24"] {
        desk.keys(":");
        desk.type_in(id);
        desk.keys("Enter");
        desk.answer();
        desk.keys("r");
        desk.answer();
        let cells = render_cells(&desk, &Theme::dark()).concat();
        footers.push(cells.chars().rev().take(80).collect::<Vec<_>>().into_iter().rev().collect::<String>());
        desk.keys("Esc");
    }
    assert!(footers[0].contains("Esc, then y: send"), "{footers:?}");
    assert!(footers[1].contains("Esc, then Y: reopen and send"), "{footers:?}");
    assert!(!footers[2].contains("send") && footers[2].contains("^X m canned"), "{footers:?}");
    assert!(!footers[3].contains("send") && footers[3].contains("^X n internal"), "{footers:?}");
}

#[test]
fn the_header_names_the_worst_channel() {
    use crate::{app::EngineState, domain::ChannelHealth};
    let mut desk = Desk::open((120, 40));
    let health = |name: &str, short: &str| ChannelHealth {
        channel: name.into(),
        short: short.into(),
        ok_at: None,
        failing_since: None,
        trouble: None,
        error: None,
        engine: None,
        last_webhook: None,
        poll_due: None,
        notice: None,
    };
    let end = |desk: &Desk| picture(desk, &Theme::dark()).lines().next().unwrap().to_owned();
    desk.model.health = vec![health("americanas", "SKYH"), health("wa-br", "WAPP")];
    assert!(end(&desk).ends_with(" ok"));
    desk.model.engine = EngineState::Elsewhere("deskline@desk1".into());
    assert!(end(&desk).ends_with("ok, sync by deskline@desk1"));
    desk.model.health[1].last_webhook = Some(desk.now - chrono::Duration::minutes(200));
    assert!(end(&desk).ends_with("WAPP no webhook 3h"), "{}", end(&desk));
    for channel in &mut desk.model.health {
        channel.failing_since = Some(desk.now - chrono::Duration::minutes(12));
        channel.trouble = Some("unreachable".into());
    }
    assert!(end(&desk).ends_with("offline 12m"));
    desk.model.health[0].trouble = Some("401".into());
    desk.model.health[1].failing_since = None;
    assert!(end(&desk).contains("SKYH 401 "));
    desk.model.health[0].failing_since = None;
    desk.model.health[0].poll_due = Some(desk.now - chrono::Duration::minutes(2));
    desk.model.health_at = desk.now;
    assert!(end(&desk).ends_with(" WAPP no webhook 3h"), "a poll may be a little late: {}", end(&desk));
    desk.model.health[0].poll_due = Some(desk.now - chrono::Duration::minutes(12));
    assert!(end(&desk).ends_with("SKYH no poll 12m"), "{}", end(&desk));
    desk.model.health[0].channel = "gone".into();
    assert!(
        end(&desk).ends_with(" WAPP no webhook 3h"),
        "what is configured no more is nobody's: {}",
        end(&desk)
    );
    desk.model.engine = EngineState::Nobody { since: desk.now };
    assert!(end(&desk).ends_with("NO ENGINE"));
}

#[test]
fn what_has_no_room_in_the_upper_border_stands_in_the_lower_one() {
    let mut options = options((80, 24));
    options.demo = true;
    let mut desk = Desk::with(options);
    desk.store[2].gate = GateEvidence::Window { until: desk.now - chrono::Duration::days(3) };
    desk.send(Msg::StoreChanged);
    desk.answer();
    desk.keys("j j r");
    desk.answer();
    let cells = render_cells(&desk, &Theme::dark()).concat();
    for words in ["WINDOW SHUT since ", ": template only", "## ^X m picks one", "### draft kept", "## DEMO"] {
        assert!(cells.contains(words), "{words}: {cells}");
    }
}

#[test]
fn both_sources_of_a_key_conflict_can_be_read_at_80_columns() {
    let mut options = options((80, 24));
    let binding = |action: &str, line: u8| crate::app::keymap::Binding {
        place: None,
        action: action.into(),
        keys: vec!["B".into()],
        source: format!("/home/ana/.config/deskline/config.toml:{line}"),
    };
    options.bindings = vec![binding("resolve", 14), binding("copy", 15)];
    let desk = Desk::with(options);
    let cells = render_cells(&desk, &Theme::dark());
    let lines: Vec<String> = cells.chunks(80).map(<[String]>::concat).collect();
    let said = lines[21..].iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    for source in ["config.toml:14", "config.toml:15", "the later one counts"] {
        assert!(said.contains(source), "{source}: {said}");
    }
}

#[test]
fn the_header_of_a_conversation_and_the_tabs_are_cut_in_no_word() {
    let mut options = options((80, 24));
    options.demo = true;
    let mut desk = counted(Desk::with(options));
    let line = |desk: &Desk| render_cells(desk, &Theme::dark())[..80].concat();
    let tabs = line(&desk);
    assert!(tabs.contains("Fix 2") && tabs.contains("5 Snooz") && tabs.contains(". 12"), "{tabs}");
    desk.keys("Enter");
    desk.answer();
    let head = line(&desk);
    assert!(head.contains("João dos Santos") && head.contains("due 4m") && !head.contains('…'), "{head}");
}

#[test]
fn every_column_stands_in_a_list_beside_a_conversation() {
    for width in [100, 120, 160, 200] {
        let mut desk = Desk::open((width, 40));
        desk.wait(250);
        desk.answer();
        let cells = render_cells(&desk, &Theme::dark());
        let heads = cells.chunks(usize::from(width)).nth(2).unwrap().concat();
        for head in ["DUE", "CH", "LG", "CUSTOMER", "WHO", "WAIT"] {
            assert!(heads.contains(head), "{width}: {head}: {heads}");
        }
    }
}

#[test]
fn what_was_looked_for_is_read_whole_before_anybody_says_that_it_is_there() {
    use crate::{
        app::tests::writing::outbox_row,
        domain::{OutboxRow, RowState, outbox::Lookup},
    };
    let mut desk = Desk::open((80, 24));
    desk.keys("g o");
    desk.answer();
    let look = |n: i64| Lookup {
        at: desk.now - chrono::Duration::minutes(n),
        found: format!(
            "look {n}: read the newest 40 messages of the chat Lojas Americanas-200123456789001/CUSTOMER_SELLER and \
             found none with this text that was written after 06 Jun 21:40, look {n} ends"
        ),
    };
    let lookups = vec![look(16), look(6), look(2), look(1)];
    let mut rows: Vec<OutboxRow> = (20..32).map(|n| outbox_row(n, 17)).collect();
    rows.push(OutboxRow {
        state: RowState::Uncertain,
        lookups,
        error: Some("no answer came: time ran out".into()),
        ..outbox_row(32, 17)
    });
    desk.model.outbox.selected = rows.len() - 1;
    desk.model.outbox.rows = rows;
    let cells = render_cells(&desk, &Theme::dark());
    let lines: Vec<String> = cells.chunks(80).map(|line| line.concat().trim().to_owned()).collect();
    let all = lines.join(" ");
    for n in [16, 6, 2, 1] {
        assert!(all.contains(&format!("look {n} ends")), "{lines:#?}");
    }
    assert!(lines.iter().any(|line| line.contains('>') && line.contains("32")), "{lines:#?}");
    assert!(all.contains("no answer came: time ran out"), "{lines:#?}");
}

fn lines(desk: &Desk) -> Vec<String> {
    let width = usize::from(desk.model.size.0);
    render_cells(desk, &Theme::dark())
        .chunks(width)
        .map(|cells| cells.concat().trim_end().to_owned())
        .collect()
}

#[test]
fn the_composer_is_the_picture_of_the_specification() {
    let mut desk = Desk::open((80, 24));
    let due = desk.now + chrono::Duration::seconds(4 * 60 + 30);
    desk.store[0].due_at = Some(due);
    desk.store[0].waiting_since = Some(due - chrono::Duration::hours(24));
    desk.model.options.descriptors[0].capabilities.files =
        desk.model.options.descriptors[2].capabilities.files.clone();
    desk.send(Msg::StoreChanged);
    desk.answer();
    desk.keys("Enter");
    desk.answer();
    desk.keys("r");
    desk.answer();
    desk.type_in("Olá João, pedimos desculpas");
    desk.wait(200);
    desk.all_done();
    let shown = lines(&desk);
    assert_eq!(shown[0], " 17  SKYH João dos Santos   OPEN   me   pt   due 4m (Americanas 24 h)    msg 2/2");
    assert!(
        shown.contains(
            &"### TO CUSTOMER João dos Santos (17) via americanas (SkyHub) ## saved 21:52:00 #".into()
        ),
        "{shown:#?}"
    );
    assert_eq!(shown[23], " Esc, then y: send   Esc, then k: keep   ^X m canned  ^X a attach  ^X n internal");
    // Where the channel takes no files it is said in that place.
    desk.model.options.descriptors[0].capabilities.files = None;
    assert_eq!(
        lines(&desk)[23],
        " Esc, then y: send   Esc, then k: keep   ^X m canned  no files  ^X n internal"
    );
    // DEMO costs the vendor's name its place, not the time of the save, and neither does a long name.
    desk.model.options.demo = true;
    let saved = "### TO CUSTOMER João dos Santos (17) via americanas ## DEMO ## saved 21:52:00 ##";
    assert!(lines(&desk).contains(&saved.to_owned()), "{:#?}", lines(&desk));
    desk.model.options.demo = false;
    desk.store[0].counterpart.name = "Maximiliana Fernandes de Albuquerque".into();
    desk.store[0].counterpart.addressee = "CUSTOMER Maximiliana Fernandes de Albuquerque".into();
    desk.send(Msg::StoreChanged);
    desk.answer();
    let saved = lines(&desk).into_iter().find(|line| line.contains("saved")).unwrap();
    assert!(
        saved.starts_with("### TO CUSTOMER Maximiliana Fernan") && saved.contains("… (17) via"),
        "{saved}"
    );
}

#[test]
fn a_text_of_another_window_names_its_reader_and_what_can_be_done() {
    let mut desk = Desk::opened((80, 24));
    desk.model.options.demo = true;
    desk.keys("r");
    desk.answer();
    desk.model.composer.as_mut().unwrap().held =
        Some(crate::domain::DraftHeld { place: "pts/4".into(), at: desk.now - chrono::Duration::minutes(3) });
    let shown = lines(&desk);
    let borders: Vec<&String> = shown.iter().filter(|line| line.starts_with("###")).collect();
    assert!(borders[0].starts_with("### TO CUSTOMER João dos Santos (17) via americanas (SkyHub) ## DEMO"));
    assert!(
        borders[1].starts_with("### you are writing this in pts/4, 3 min ago: t take over #"),
        "{borders:?}"
    );
    assert_eq!(shown[23], " t take over   Esc back");
}

#[test]
fn a_new_conversation_names_its_reader_in_the_words_of_its_kind() {
    let mut desk = Desk::open((80, 24));
    desk.keys("c");
    desk.answer();
    let borders = |desk: &Desk| lines(desk).into_iter().find(|line| line.starts_with("### TO")).unwrap();
    assert!(borders(&desk).starts_with("### TO RETAILER nobody yet (new) via dsco-supplier #"));
    assert!(lines(&desk)[23].contains("Esc close") && !lines(&desk)[23].contains("review"));
    desk.keys("Tab");
    desk.type_in("Acme");
    assert!(borders(&desk).starts_with("### TO RETAILER Acme (new) via dsco-supplier #"));
    assert!(lines(&desk)[23].contains("Esc review"));
    desk.keys("BackTab");
    desk.type_in("myp");
    assert!(
        borders(&desk).starts_with("### TO THG CUSTOMER SERVICES (new) via myprotein #"),
        "{}",
        borders(&desk)
    );
    assert!(lines(&desk).iter().any(|line| line.trim_end() == "  to         THG CUSTOMER SERVICES"));
}

#[test]
fn a_subject_that_is_the_last_message_is_said_once() {
    let mut desk = Desk::open((80, 24));
    for (subject, line) in [
        ("Onde está o pedido?", "Onde está o pedido?"),
        ("Onde está  o pedido", "onde está o pedido? Comprei há duas semanas"),
        ("Onde está o pedido? Comprei há…", "Onde está o pedido? Comprei há duas semanas"),
    ] {
        desk.store[0].subject = Some(subject.into());
        desk.store[0].last_line = Some(line.into());
        desk.send(Msg::StoreChanged);
        desk.answer();
        assert!(!lines(&desk)[3].contains(" / "), "{}", lines(&desk)[3]);
    }
    desk.store[0].subject = Some("Onde está?".into());
    desk.store[0].last_line = Some("Obrigado!".into());
    desk.send(Msg::StoreChanged);
    desk.answer();
    assert!(lines(&desk)[3].contains(" / "));
}

use proptest::prelude::*;
use ratatui::{
    Terminal,
    style::{Style, Stylize},
    text::{Line, Span},
    widgets::Paragraph,
};

use super::*;
use crate::domain::text::SafeText;

fn terminal(columns: u16, rows: u16) -> Terminal<FrameBackend> {
    let Ok(terminal) = Terminal::new(FrameBackend::new(columns, rows, true));
    terminal
}

fn draw(terminal: &mut Terminal<FrameBackend>, lines: Vec<Line<'_>>, cursor: Option<(u16, u16)>) -> String {
    draw_with(terminal, &mut WideCells::default(), lines, cursor)
}

/// Draws lines and gives back what the frame wrote.
fn draw_with(
    terminal: &mut Terminal<FrameBackend>,
    wide: &mut WideCells,
    lines: Vec<Line<'_>>,
    cursor: Option<(u16, u16)>,
) -> String {
    let Ok(_) = terminal.draw(|frame| {
        frame.render_widget(Paragraph::new(lines), frame.area());
        if let Some(cursor) = cursor {
            frame.set_cursor_position(cursor);
        }
        wide.refresh(frame.buffer_mut());
    });
    let out = terminal.backend().collected().to_owned();
    terminal.backend_mut().written();
    out
}

#[test]
fn a_frame_that_changes_nothing_writes_nothing() {
    let mut terminal = terminal(40, 5);
    draw(&mut terminal, vec![Line::from("hello".red())], None);
    assert_eq!(draw(&mut terminal, vec![Line::from("hello".red())], None), "");
}

#[test]
fn a_typed_character_costs_one_byte() {
    let mut terminal = terminal(40, 5);
    draw(&mut terminal, vec![Line::from("ab")], Some((2, 0)));
    assert_eq!(draw(&mut terminal, vec![Line::from("abc")], Some((3, 0))), "c");
}

#[test]
fn a_gutter_mark_costs_a_few_bytes() {
    let mut terminal = terminal(80, 24);
    let lines =
        |at: usize| (0..20).map(|row| Line::from(if row == at { "> row" } else { "  row" })).collect();
    draw(&mut terminal, lines(3), None);
    assert_eq!(draw(&mut terminal, lines(4), None), "\x1b[4H \r\n>");
}

#[test]
fn a_style_is_one_sequence_and_outlives_the_frame() {
    let mut terminal = terminal(40, 5);
    let out = draw(&mut terminal, vec![Line::from("x".red().on_black().bold())], None);
    assert!(out.contains("\x1b[;1;31;40mx"), "{out:?}");
    let out = draw(&mut terminal, vec![Line::from("y".red().on_black().bold())], None);
    assert_eq!(out, "\ry");
}

#[test]
fn the_half_that_a_wide_character_leaves_behind_is_drawn() {
    let mut terminal = terminal(12, 2);
    let mut wide = WideCells::default();
    draw_with(&mut terminal, &mut wide, vec![Line::from(" 日本")], None);
    let out = draw_with(&mut terminal, &mut wide, vec![Line::from("日本".underlined())], None);
    assert_eq!(out, "\r\x1b[4m日本\x1b[m ");
}

#[test]
fn no_control_character_passes_whatever_a_cell_holds() {
    let mut backend = FrameBackend::new(10, 2, true);
    let mut cell = Cell::default();
    cell.set_symbol("\u{1b}[2J");
    let Ok(()) = backend.draw(std::iter::once((0, 0, &cell)));
    assert!(!backend.collected().contains("[2J"));
    assert!(backend.collected().ends_with('?'));
}

#[test]
fn without_utf8_every_cell_is_ascii() {
    let mut terminal = Terminal::new(FrameBackend::new(20, 2, false)).unwrap_or_else(|never| match never {});
    let out = draw(&mut terminal, vec![Line::from("┌─ João 日本")], None);
    assert!(out.is_ascii());
    assert!(out.contains("+-\x1b[CJo?o\x1b[C????"), "{out:?}");
}

#[test]
fn what_follows_a_risky_cluster_is_addressed_absolutely() {
    let mut terminal = terminal(20, 2);
    let out = draw(&mut terminal, vec![Line::from("a👨‍👩‍👧|")], None);
    assert!(out.contains("\x1b[1;4H|"), "{out:?}");
}

#[derive(Debug, Clone)]
struct Piece {
    text: String,
    style: Style,
}

fn pieces() -> impl Strategy<Value = Vec<Vec<Piece>>> {
    let colors =
        [Color::Reset, Color::Red, Color::LightBlue, Color::White, Color::Indexed(200), Color::Rgb(1, 2, 3)];
    let color = prop::sample::select(colors.to_vec());
    let modifier = (0_u16..512).prop_map(|bits| {
        // What vt100 knows of.
        Modifier::from_bits_truncate(bits)
            & (Modifier::BOLD | Modifier::ITALIC | Modifier::UNDERLINED | Modifier::REVERSED)
    });
    let text = prop::sample::select(vec![
        "",
        " ",
        "abc",
        "é",
        "日本",
        "│",
        "x y",
        "long text that runs to the edge",
    ]);
    let piece = (text, color.clone(), color, modifier).prop_map(|(text, fg, bg, modifier)| Piece {
        text: SafeText::line(text).into_string(),
        style: Style::new().fg(fg).bg(bg).add_modifier(modifier),
    });
    prop::collection::vec(prop::collection::vec(piece, 0..4), 0..6)
}

/// What a person sees in a cell: a blank that was never written looks like one that was.
fn look(terminal: &vt100::Parser, row: u16, column: u16) -> (String, vt100::Color, vt100::Color, [bool; 4]) {
    let cell = terminal.screen().cell(row, column).expect("a cell");
    let text = if cell.contents() == " " { String::new() } else { cell.contents().to_owned() };
    // The colour of a letter that is not there is not seen, unless it is the ground.
    let blank = text.is_empty() && !cell.underline() && !cell.inverse();
    let fg = if blank { vt100::Color::Default } else { cell.fgcolor() };
    let bold = [cell.bold() && !blank, cell.italic() && !blank, cell.underline(), cell.inverse()];
    (text, fg, cell.bgcolor(), bold)
}

proptest! {
    /// The picture that a terminal ends up with is the one that was drawn, frame after frame.
    #[test]
    fn a_terminal_shows_what_was_drawn(frames in prop::collection::vec((pieces(), 0_u16..12, 0_u16..6), 1..6)) {
        let mut terminal = terminal(12, 6);
        let mut wide = WideCells::default();
        let mut shown = vt100::Parser::new(
            6.try_into().expect("not zero"), 12.try_into().expect("not zero"), 0,
        );
        for (frame, x, y) in frames {
            let lines = || frame.iter()
                .map(|line| line.iter().map(|piece| Span::styled(&*piece.text, piece.style)).collect::<Line<'_>>())
                .collect::<Vec<_>>();
            shown.process(draw_with(&mut terminal, &mut wide, lines(), Some((x, y))).as_bytes());

            let mut fresh = Terminal::new(FrameBackend::new(12, 6, true)).unwrap_or_else(|never| match never {});
            let mut expected = vt100::Parser::new(
                6.try_into().expect("not zero"), 12.try_into().expect("not zero"), 0,
            );
            expected.process(draw(&mut fresh, lines(), Some((x, y))).as_bytes());
            for row in 0..6 {
                for column in 0..12 {
                    prop_assert_eq!(look(&shown, row, column), look(&expected, row, column));
                }
            }
            prop_assert_eq!(shown.screen().cursor_position(), (y, x));
        }
    }
}

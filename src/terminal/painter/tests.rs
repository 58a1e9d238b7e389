use proptest::prelude::*;
use ratatui::{
    layout::Rect,
    style::{Style, Stylize},
    text::{Line, Span},
    widgets::{Paragraph, Widget},
};

use super::*;
use crate::domain::text::SafeText;

/// A terminal that nothing has been drawn on.
struct Empty {
    painter: Painter,
    drawn: Buffer,
}

fn terminal(columns: u16, rows: u16) -> Empty {
    Empty { painter: Painter::new(true), drawn: Buffer::empty(Rect::new(0, 0, columns, rows)) }
}

/// Draws lines and gives back what the frame wrote.
fn draw(terminal: &mut Empty, lines: Vec<Line<'_>>, cursor: Option<(u16, u16)>) -> String {
    let mut next = Buffer::empty(terminal.drawn.area);
    Paragraph::new(lines).render(next.area, &mut next);
    terminal.painter.paint(&terminal.drawn, &next, cursor.map(Position::from));
    terminal.drawn = next;
    let out = terminal.painter.collected().to_owned();
    terminal.painter.written();
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
fn a_letter_is_written_again_where_that_is_shorter_than_a_step() {
    let mut terminal = terminal(40, 5);
    draw(&mut terminal, vec![Line::from("a parcel"), Line::from("two")], None);
    assert_eq!(
        draw(&mut terminal, vec![Line::from("A pARcel"), Line::from("twO")], None),
        "\x1b[HA pAR\x08\x08\x08\nO"
    );
    assert_eq!(
        draw(&mut terminal, vec![Line::from("A pARceL"), Line::from("tWO")], None),
        "\x1b[1;8HL\x1b[2G\nW"
    );
}

#[test]
fn the_blank_end_of_a_line_is_erased() {
    let mut terminal = terminal(40, 5);
    draw(&mut terminal, vec![Line::from("where is it now".red())], None);
    assert_eq!(draw(&mut terminal, vec![Line::from("where".red())], None), "\x1b[6G\x1b[K");
    assert_eq!(draw(&mut terminal, vec![Line::from("w".red())], None), "\x08\x08\x08\x08\x1b[K");
}

#[test]
fn many_blanks_within_a_line_are_erased_and_stepped_over() {
    let mut terminal = terminal(40, 5);
    let two = |left: &'static str| vec![Line::from(format!("{left:30}right"))];
    draw(&mut terminal, two("the words of the one before"), None);
    assert_eq!(draw(&mut terminal, two("the next"), None), "\x1b[5Gnext\x1b[22X");
}

#[test]
fn rows_further_down_are_reached_by_line_feeds_where_that_is_shorter() {
    let mut terminal = terminal(80, 24);
    let lines = |changed: [&'static str; 2]| -> Vec<Line<'_>> {
        let word = |y| {
            if y == 2 {
                changed[0]
            } else if y == 5 {
                changed[1]
            } else {
                "en"
            }
        };
        (0..9).map(|y| Line::from(format!("{:70}{}", "", word(y)))).collect()
    };
    draw(&mut terminal, lines(["en", "en"]), None);
    let next = lines(["de", "pt"]);
    assert_eq!(draw(&mut terminal, next, None), "\x1b[3;71Hde\x08\x08\n\n\npt");
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
fn rows_of_two_styles_change_the_style_once() {
    let mut terminal = terminal(40, 5);
    let row = || Line::from(vec![Span::raw("who   "), "what".bold(), Span::raw("   when")]);
    assert_eq!(
        draw(&mut terminal, vec![row(), row()], None),
        "\x1b[H\x1b[mwho\x1b[10Cwhen\r\nwho\x1b[10Cwhen\x1b[1;7H\x1b[1mwhat\x08\x08\x08\x08\nwhat\x1b[?25l"
    );
}

#[test]
fn the_half_that_a_wide_character_leaves_behind_is_drawn() {
    let mut terminal = terminal(12, 2);
    draw(&mut terminal, vec![Line::from(" 日本")], None);
    let out = draw(&mut terminal, vec![Line::from("日本".underlined())], None);
    assert_eq!(out, "\x08 \r\x1b[4m日本");
}

#[test]
fn no_control_character_passes_whatever_a_cell_holds() {
    let (drawn, mut next) = (Buffer::empty(Rect::new(0, 0, 10, 2)), Buffer::empty(Rect::new(0, 0, 10, 2)));
    next[(0, 0)].set_symbol("\u{1b}[2J");
    let mut painter = Painter::new(true);
    painter.paint(&drawn, &next, None);
    assert!(!painter.collected().contains("[2J"));
    assert!(painter.collected().contains('?'));
}

#[test]
fn without_utf8_every_cell_is_ascii() {
    let mut terminal = Empty { painter: Painter::new(false), ..terminal(20, 2) };
    let out = draw(&mut terminal, vec![Line::from("┌─ João 日本")], None);
    assert!(out.is_ascii());
    assert!(out.contains("+- Jo?o ????"), "{out:?}");
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

/// The terminal of the property below.
fn blank() -> Empty {
    terminal(12, 6)
}

proptest! {
    /// The picture that a terminal ends up with is the one that was drawn, frame after frame.
    #[test]
    fn a_terminal_shows_what_was_drawn(frames in prop::collection::vec((pieces(), 0_u16..12, 0_u16..6), 1..6)) {
        let mut terminal = terminal(12, 6);
        let mut shown = vt100::Parser::new(
            6.try_into().expect("not zero"), 12.try_into().expect("not zero"), 0,
        );
        for (frame, x, y) in frames {
            let lines = || frame.iter()
                .map(|line| line.iter().map(|piece| Span::styled(&*piece.text, piece.style)).collect::<Line<'_>>())
                .collect::<Vec<_>>();
            shown.process(draw(&mut terminal, lines(), Some((x, y))).as_bytes());

            let mut fresh = blank();
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

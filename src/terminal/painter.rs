//! What changed from one picture to the next, as few bytes.
//!
//! crossterm's backend writes 25 bytes for an unchanged frame and 65 for a typed character: it forgets colours and
//! cursor after each frame. This one remembers both, moves the cursor by the shortest way, writes a letter again where
//! that is shorter than stepping over it, and puts a style into one sequence. What has one style is written together,
//! line by line, where that is shorter than row by row: a page of a list is so by a sixth. It is also the last guard of
//! the screen: no control character passes, whatever a cell holds.

#[cfg(test)]
mod tests;

use std::{fmt::Write as _, ops::Range};

use ratatui::{
    buffer::{Buffer, Cell},
    layout::Position,
    style::{Color, Modifier},
};

use crate::domain::text::{ascii, columns, steady};

/// A step to the right takes three or four bytes: up to so many letters are written again instead.
const STEP: u16 = 3;
/// From so many blanks on the rest of a line is erased instead.
const ERASE: usize = 4;

/// So many within a line: there the rest has to be stepped to.
const ERASE_WITHIN: usize = 8;

/// Collects a frame as bytes; [`super::screen::Screen`] writes them.
#[derive(Debug, Clone)]
pub struct Painter {
    out: String,
    width: u16,
    utf8: bool,
    /// Where the terminal's cursor is, as long as that is certain.
    cursor: Option<Position>,
    cursor_shown: Option<bool>,
    /// What the terminal draws with, as long as that is certain.
    pen: Option<Pen>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    const PLAIN: Self = Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };
}

impl Pen {
    fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }

    /// Whether a blank looks the same with both: it shows no letter.
    fn blanks_as(self, other: Self) -> bool {
        let seen = Modifier::UNDERLINED | Modifier::REVERSED | Modifier::CROSSED_OUT;
        self.bg == other.bg && !self.modifier.intersects(seen) && !other.modifier.intersects(seen)
    }
}

/// Neighbours in a line that are written with one pen.
#[derive(Debug)]
struct Run {
    y: u16,
    cells: Range<usize>,
    pen: Pen,
    /// Nothing but blanks.
    erases: bool,
}

/// What is to be written where a line differs from the one that is shown.
fn changes(y: u16, drawn: &[Cell], next: &[Cell], runs: &mut Vec<Run>) {
    let mut x = 0;
    // What is left of a wide character whose first half is written over: terminals differ about what they put there.
    let mut half = false;
    while x < next.len() {
        let (cell, changed) = (&next[x], half || next[x] != drawn[x]);
        let end = if x + 1 < next.len() && is_wide(cell.symbol()) { x + 2 } else { x + 1 };
        half = changed && is_wide(drawn[x].symbol());
        if changed {
            // A blank is drawn with any pen that leaves nothing in it.
            let own = Pen::of(cell);
            let kept =
                runs.last().map(|last| last.pen).filter(|pen| cell.symbol() == " " && pen.blanks_as(own));
            let pen = kept.unwrap_or(own);
            // What is blank already is erased with what is not.
            let blanks = x..x + next[x..].iter().take_while(|cell| is_blank(cell)).count();
            let gone = drawn[blanks.clone()].iter().filter(|cell| !is_blank(cell)).count();
            if gone >= if blanks.end == next.len() { ERASE } else { ERASE_WITHIN } {
                x = blanks.end;
                half = is_wide(drawn[x - 1].symbol());
                runs.push(Run { y, cells: blanks, pen, erases: true });
                continue;
            }
            match runs.last_mut() {
                Some(last) if last.y == y && last.cells.end == x && last.pen == pen && !last.erases => {
                    last.cells.end = end;
                }
                _ => runs.push(Run { y, cells: x..end, pen, erases: false }),
            }
        }
        if end == x + 2 {
            half = changed && is_wide(drawn[x + 1].symbol());
        }
        x = end;
    }
}

impl Painter {
    /// One that knows nothing of its terminal. Without `utf8` every cell is drawn in ASCII.
    pub fn new(utf8: bool) -> Self {
        Self { out: String::new(), width: 0, utf8, cursor: None, cursor_shown: None, pen: None }
    }

    /// Writes what makes `drawn`, which the terminal shows, into `next`, and puts the cursor where it belongs.
    pub fn paint(&mut self, drawn: &Buffer, next: &Buffer, cursor: Option<Position>) {
        self.width = next.area.width;
        let row = usize::from(self.width.max(1));
        let mut runs = Vec::new();
        for (y, (drawn, next)) in (0..).zip(drawn.content.chunks(row).zip(next.content.chunks(row))) {
            if drawn != next {
                changes(y, drawn, next, &mut runs);
            }
        }
        let line = |y: u16| &next.content[usize::from(y) * row..][..row];
        let mut by_pen = self.clone();
        for run in &runs {
            self.run(run, line(run.y));
        }
        let mut pens: Vec<Pen> = by_pen.pen.into_iter().collect();
        for run in &runs {
            if !pens.contains(&run.pen) {
                pens.push(run.pen);
            }
        }
        runs.sort_by_key(|run| pens.iter().position(|pen| *pen == run.pen));
        for run in &runs {
            by_pen.run(run, line(run.y));
        }
        if by_pen.out.len() < self.out.len() {
            *self = by_pen;
        }
        match cursor {
            Some(at) => {
                self.show_cursor(true);
                self.go_to(at);
            }
            None => self.show_cursor(false),
        }
    }

    fn run(&mut self, run: &Run, line: &[Cell]) {
        if run.erases {
            self.step_to(run.y, run.cells.start, line);
            self.set_pen_for(&line[run.cells.start]);
            // The cursor stays where it is.
            if run.cells.end == line.len() {
                self.out.push_str("\x1b[K");
            } else {
                self.push(format_args!("\x1b[{}X", run.cells.len()));
            }
            return;
        }
        let mut x = run.cells.start;
        while x < run.cells.end {
            self.step_to(run.y, x, line);
            self.put(run.y, x, &line[x]);
            x += if is_wide(line[x].symbol()) { 2 } else { 1 };
        }
    }

    /// Goes to a cell: over a few letters that the pen can write as they are by writing them.
    fn step_to(&mut self, y: u16, x: usize, next: &[Cell]) {
        let to = Position { x: u16::try_from(x).unwrap_or(u16::MAX), y };
        if let (Some(from), Some(pen)) = (self.cursor, self.pen)
            && from.y == y
            && from.x < to.x
            && to.x - from.x <= STEP
            && next[usize::from(from.x)..x].iter().all(|cell| is_drawn_by(pen, cell))
        {
            for cell in &next[usize::from(from.x)..x] {
                self.out.push_str(cell.symbol());
            }
            self.cursor = Some(to);
        }
        self.go_to(to);
    }

    fn put(&mut self, y: u16, x: usize, cell: &Cell) {
        self.set_pen_for(cell);
        self.write(Position { x: u16::try_from(x).unwrap_or(u16::MAX), y }, cell.symbol());
    }

    /// Empties the screen.
    pub fn clear(&mut self) {
        // The terminal fills with the ground it draws with.
        self.set_pen(Pen::PLAIN);
        self.out.push_str("\x1b[2J");
    }

    fn show_cursor(&mut self, shown: bool) {
        if self.cursor_shown != Some(shown) {
            self.out.push_str(if shown { "\x1b[?25h" } else { "\x1b[?25l" });
            self.cursor_shown = Some(shown);
        }
    }

    /// Draws what is no text from a cell on; the cursor is anywhere afterwards.
    pub fn picture(&mut self, at: Position, bytes: &str) {
        self.go_absolutely(at);
        self.out.push_str(bytes);
        self.cursor = None;
    }

    /// Writes what is neither text nor moves the cursor.
    pub fn say(&mut self, bytes: &str) {
        self.out.push_str(bytes);
    }

    /// Something else has written: where, and with what, is not known.
    pub fn lose_the_pen(&mut self) {
        (self.cursor, self.pen) = (None, None);
    }

    /// Nothing is certain any more: somebody else has written to the terminal.
    pub fn forget(&mut self) {
        self.cursor = None;
        self.cursor_shown = None;
        self.pen = None;
    }

    /// The bytes collected so far.
    pub fn collected(&self) -> &str {
        &self.out
    }

    /// Forgets the collected bytes: they are written.
    pub fn written(&mut self) {
        self.out.clear();
    }

    fn push(&mut self, args: std::fmt::Arguments<'_>) {
        self.out.write_fmt(args).expect("writing to a String cannot fail");
    }

    fn go_to(&mut self, to: Position) {
        let Some(from) = self.cursor.filter(|from| *from != to) else {
            if self.cursor.is_none() {
                self.go_absolutely(to);
            }
            return;
        };
        // Output is raw: a line feed keeps the column.
        let way = to.y.checked_sub(from.y).map(|down| sideways(from.x, to.x) + &"\n".repeat(down.into()));
        match way.filter(|way| way.len() < absolutely(to).len()) {
            Some(way) => self.out.push_str(&way),
            None => self.out.push_str(&absolutely(to)),
        }
        self.cursor = Some(to);
    }

    fn go_absolutely(&mut self, to: Position) {
        self.out.push_str(&absolutely(to));
        self.cursor = Some(to);
    }

    /// The pen of a cell; a blank is drawn with any that leaves nothing in it.
    fn set_pen_for(&mut self, cell: &Cell) {
        let pen = Pen::of(cell);
        if !(cell.symbol() == " " && self.pen.is_some_and(|now| now.blanks_as(pen))) {
            self.set_pen(pen);
        }
    }

    fn set_pen(&mut self, pen: Pen) {
        if self.pen == Some(pen) {
            return;
        }
        let afresh = sgr(Pen::PLAIN, pen, true);
        let codes = match self.pen {
            Some(old) => {
                let change = sgr(old, pen, false);
                if change.len() <= afresh.len() { change } else { afresh }
            }
            None => afresh,
        };
        self.push(format_args!("\x1b[{codes}m"));
        self.pen = Some(pen);
    }

    fn write(&mut self, at: Position, symbol: &str) {
        let symbol = if symbol.is_empty() { " " } else { symbol };
        let hostile = symbol.chars().any(char::is_control);
        let width = u16::try_from(if hostile { 1 } else { columns(symbol) }).unwrap_or(u16::MAX);
        if hostile {
            self.out.push('?');
        } else if self.utf8 {
            self.out.push_str(symbol);
        } else {
            self.out.push_str(&ascii(symbol));
        }
        // At the right edge terminals differ about where the cursor is; after a cluster that they measure differently
        // too. The next cell is then addressed absolutely, so that one emoji cannot push the rest of its line.
        let end = at.x.saturating_add(width);
        let certain = end < self.width && (symbol.is_ascii() || !self.utf8 || is_steady(symbol));
        self.cursor = certain.then_some(Position { x: end, y: at.y });
    }
}

fn absolutely(to: Position) -> String {
    match (to.x, to.y) {
        (0, 0) => "\x1b[H".into(),
        (0, y) => format!("\x1b[{}H", y + 1),
        (x, y) => format!("\x1b[{};{}H", y + 1, x + 1),
    }
}

/// The shortest way along a line.
fn sideways(from: u16, to: u16) -> String {
    match (to.checked_sub(from), from.saturating_sub(to)) {
        (Some(0), _) => String::new(),
        (Some(1), _) => "\x1b[C".into(),
        _ if to == 0 => "\r".into(),
        (None, left @ 1..=4) => "\u{8}".repeat(left.into()),
        (Some(by), _) if by <= to => format!("\x1b[{by}C"),
        (None, by) if by <= to => format!("\x1b[{by}D"),
        _ => format!("\x1b[{}G", to + 1),
    }
}

fn is_wide(symbol: &str) -> bool {
    symbol.len() > 1 && columns(symbol) > 1
}

/// A blank on the terminal's own ground.
fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && Pen::of(cell).blanks_as(Pen::PLAIN)
}

/// Whether a pen writes this cell as it is, in one byte.
fn is_drawn_by(pen: Pen, cell: &Cell) -> bool {
    match cell.symbol().as_bytes() {
        b" " => Pen::of(cell).blanks_as(pen),
        [b'!'..=b'~'] => Pen::of(cell) == pen,
        _ => false,
    }
}

fn is_steady(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    matches!((chars.next(), chars.next()), (Some('\0'..='\u{2ff}' | '\u{2500}'..='\u{257f}'), None))
        || steady(symbol) == symbol
}

/// The parameters of the SGR sequence that leads from one pen to another.
fn sgr(from: Pen, to: Pen, reset: bool) -> String {
    let mut codes: Vec<String> = Vec::new();
    if reset {
        codes.push(String::new());
    } else {
        let off = from.modifier - to.modifier;
        for (modifier, code) in [
            (Modifier::BOLD | Modifier::DIM, "22"),
            (Modifier::ITALIC, "23"),
            (Modifier::UNDERLINED, "24"),
            (Modifier::SLOW_BLINK | Modifier::RAPID_BLINK, "25"),
            (Modifier::REVERSED, "27"),
            (Modifier::HIDDEN, "28"),
            (Modifier::CROSSED_OUT, "29"),
        ] {
            if off.intersects(modifier) {
                codes.push(code.to_owned());
            }
        }
    }
    let mut on = to.modifier - from.modifier;
    if !reset && (from.modifier - to.modifier).intersects(Modifier::BOLD | Modifier::DIM) {
        // 22 ends both.
        on |= to.modifier & (Modifier::BOLD | Modifier::DIM);
    }
    for (modifier, code) in [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::ITALIC, "3"),
        (Modifier::UNDERLINED, "4"),
        (Modifier::SLOW_BLINK, "5"),
        (Modifier::RAPID_BLINK, "6"),
        (Modifier::REVERSED, "7"),
        (Modifier::HIDDEN, "8"),
        (Modifier::CROSSED_OUT, "9"),
    ] {
        if on.contains(modifier) {
            codes.push(code.to_owned());
        }
    }
    if from.fg != to.fg {
        codes.push(color(to.fg, 30));
    }
    if from.bg != to.bg {
        codes.push(color(to.bg, 40));
    }
    codes.join(";")
}

/// The SGR parameters of a colour; `base` is 30 for text, 40 for the ground.
fn color(color: Color, base: u8) -> String {
    let named = |index: u8| (if index < 8 { base + index } else { base + 60 + index - 8 }).to_string();
    match color {
        Color::Reset => (base + 9).to_string(),
        Color::Black => named(0),
        Color::Red => named(1),
        Color::Green => named(2),
        Color::Yellow => named(3),
        Color::Blue => named(4),
        Color::Magenta => named(5),
        Color::Cyan => named(6),
        Color::Gray => named(7),
        Color::DarkGray => named(8),
        Color::LightRed => named(9),
        Color::LightGreen => named(10),
        Color::LightYellow => named(11),
        Color::LightBlue => named(12),
        Color::LightMagenta => named(13),
        Color::LightCyan => named(14),
        Color::White => named(15),
        Color::Indexed(index) => format!("{};5;{index}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

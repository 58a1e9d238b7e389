//! ratatui's backend that counts bytes.
//!
//! crossterm's writes 25 bytes for an unchanged frame and 65 for a typed character: it forgets colours and cursor
//! after each frame. This one remembers both, moves the cursor by the shortest way and puts a style into one
//! sequence. It is also the last guard of the screen: no control character passes, whatever a cell holds.

mod halves;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use ratatui::{
    backend::{Backend, ClearType, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
    style::{Color, Modifier},
};

pub use self::halves::WideCells;
use crate::domain::text::{ascii, columns, steady};

/// Collects a frame as bytes; [`super::screen::Screen`] writes them.
#[derive(Debug)]
pub struct FrameBackend {
    out: String,
    size: Size,
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
    underline: Color,
    modifier: Modifier,
}

impl Pen {
    const PLAIN: Self =
        Self { fg: Color::Reset, bg: Color::Reset, underline: Color::Reset, modifier: Modifier::empty() };
}

/// What a backend that writes to memory fails with: never.
pub type Never = std::convert::Infallible;

impl FrameBackend {
    /// A backend for a screen of `columns` by `rows`. Without `utf8` every cell is drawn in ASCII.
    pub fn new(columns: u16, rows: u16, utf8: bool) -> Self {
        let size = Size { width: columns, height: rows };
        Self { out: String::with_capacity(64 << 10), size, utf8, cursor: None, cursor_shown: None, pen: None }
    }

    /// The terminal has another size now.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.size = Size { width: columns, height: rows };
        self.cursor = None;
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
        if from.y == to.y {
            match to.x.checked_sub(from.x) {
                Some(1) => self.out.push_str("\x1b[C"),
                Some(right) => self.push(format_args!("\x1b[{right}C")),
                None if to.x == 0 => self.out.push('\r'),
                None if from.x - to.x <= 4 => (to.x..from.x).for_each(|_| self.out.push('\u{8}')),
                None => self.push(format_args!("\x1b[{}D", from.x - to.x)),
            }
            self.cursor = Some(to);
        } else if to.y == from.y + 1 && to.x == 0 {
            self.out.push_str("\r\n");
            self.cursor = Some(to);
        } else {
            self.go_absolutely(to);
        }
    }

    fn go_absolutely(&mut self, to: Position) {
        match (to.x, to.y) {
            (0, 0) => self.out.push_str("\x1b[H"),
            (0, y) => self.push(format_args!("\x1b[{}H", y + 1)),
            (x, y) => self.push(format_args!("\x1b[{};{}H", y + 1, x + 1)),
        }
        self.cursor = Some(to);
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

    fn put(&mut self, at: Position, symbol: &str) {
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
        let certain = end < self.size.width && (symbol.is_ascii() || !self.utf8 || is_steady(symbol));
        self.cursor = certain.then_some(Position { x: end, y: at.y });
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
    if from.underline != to.underline {
        codes.push(color(to.underline, 50));
    }
    codes.join(";")
}

/// The SGR parameters of a colour; `base` is 30 for text, 40 for the ground, 50 for the underline.
fn color(color: Color, base: u8) -> String {
    let named = |index: u8| match (base, index) {
        (50, _) => format!("58:5:{index}"),
        (_, 0..=7) => (base + index).to_string(),
        _ => (base + 60 + index - 8).to_string(),
    };
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
        Color::Indexed(index) if base == 50 => format!("58:5:{index}"),
        Color::Indexed(index) => format!("{};5;{index}", base + 8),
        Color::Rgb(r, g, b) if base == 50 => format!("58:2::{r}:{g}:{b}"),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

impl Backend for FrameBackend {
    type Error = Never;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Never>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        for (x, y, cell) in content {
            let at = Position { x, y };
            self.go_to(at);
            self.set_pen(Pen {
                fg: cell.fg,
                bg: cell.bg,
                underline: cell.underline_color,
                modifier: cell.modifier,
            });
            self.put(at, cell.symbol());
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> Result<(), Never> {
        if self.cursor_shown != Some(false) {
            self.out.push_str("\x1b[?25l");
            self.cursor_shown = Some(false);
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> Result<(), Never> {
        if self.cursor_shown != Some(true) {
            self.out.push_str("\x1b[?25h");
            self.cursor_shown = Some(true);
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> Result<Position, Never> {
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Never> {
        self.go_to(position.into());
        Ok(())
    }

    fn clear(&mut self) -> Result<(), Never> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> Result<(), Never> {
        // The terminal fills with the ground it draws with.
        self.set_pen(Pen::PLAIN);
        self.out.push_str(match clear_type {
            ClearType::All => "\x1b[2J",
            ClearType::AfterCursor => "\x1b[J",
            ClearType::BeforeCursor => "\x1b[1J",
            ClearType::CurrentLine => "\x1b[2K",
            ClearType::UntilNewLine => "\x1b[K",
        });
        Ok(())
    }

    fn size(&self) -> Result<Size, Never> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> Result<WindowSize, Never> {
        Ok(WindowSize { columns_rows: self.size, pixels: Size::default() })
    }

    fn flush(&mut self) -> Result<(), Never> {
        Ok(())
    }

    fn scroll_region_up(&mut self, region: std::ops::Range<u16>, amount: u16) -> Result<(), Never> {
        self.scroll(region, amount, 'S');
        Ok(())
    }

    fn scroll_region_down(&mut self, region: std::ops::Range<u16>, amount: u16) -> Result<(), Never> {
        self.scroll(region, amount, 'T');
        Ok(())
    }
}

impl FrameBackend {
    fn scroll(&mut self, region: std::ops::Range<u16>, amount: u16, direction: char) {
        if amount == 0 || region.is_empty() {
            return;
        }
        self.set_pen(Pen::PLAIN);
        self.push(format_args!("\x1b[{};{}r\x1b[{amount}{direction}\x1b[r", region.start + 1, region.end));
        // Setting the region moves the cursor, home or not.
        self.cursor = None;
    }
}

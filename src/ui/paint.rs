//! Writing into the picture: every text is safe, fits its place and never runs over.

use std::sync::Arc;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::theme::Theme;
use crate::{
    app::preview,
    domain::text::{SafeText, ascii, columns, fit, is_simple},
};

/// The picture with its theme.
pub struct Paint<'a> {
    /// The picture.
    pub buf: &'a mut Buffer,
    /// The colours.
    pub theme: &'a Theme,
    /// What the terminal is to draw itself.
    pub placed: Option<Placed>,
}

/// A picture that the terminal draws itself, over cells that stay blank.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The cells.
    pub area: Rect,
    /// Points in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green, blue.
    pub points: Arc<[u8]>,
}

impl Placed {
    /// The same picture in so many points.
    pub fn scaled(&self, width: u32, height: u32) -> Vec<u8> {
        preview::scaled(&self.points, (self.width, self.height), (width, height))
    }
}

impl PartialEq for Placed {
    fn eq(&self, other: &Self) -> bool {
        self.area == other.area && Arc::ptr_eq(&self.points, &other.points)
    }
}

impl Paint<'_> {
    /// Writes foreign or own text into `width` cells: made safe, cut with an ellipsis, the rest left blank.
    pub fn text(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) {
        let ellipsis = if self.theme.utf8 { "…" } else { "." };
        let text = fit(text, usize::from(width), ellipsis);
        self.raw(x, y, width, &text, style);
    }

    /// The same, against the right edge.
    pub fn right(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) {
        let safe = SafeText::line(text);
        let cells = u16::try_from(columns(&safe)).unwrap_or(u16::MAX).min(width);
        self.text(x + width - cells, y, cells, text, style);
    }

    /// A line of a body, which has nothing to its right: safe already, kept as it is.
    pub fn body(&mut self, x: u16, y: u16, width: u16, line: &str, style: Style) {
        self.raw(x, y, width, line, style);
    }

    fn raw(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) {
        if y >= self.buf.area.bottom() || x >= self.buf.area.right() {
            return;
        }
        let text = if self.theme.utf8 { text.into() } else { ascii(text) };
        let width = width.min(self.buf.area.right() - x);
        // Blanks at the end stand there already.
        let text = text.trim_end_matches(' ');
        if !is_simple(text) {
            self.buf.set_stringn(x, y, text, usize::from(width), style);
            return;
        }
        for (ch, x) in text.chars().zip(x..x + width) {
            self.buf[(x, y)].set_char(ch).set_style(style);
        }
    }

    /// Pieces one after the other; answers where the next one would stand.
    pub fn pieces(&mut self, x: u16, y: u16, width: u16, pieces: &[(&str, Style)]) -> u16 {
        let mut at = x;
        for (text, style) in pieces {
            let safe = SafeText::line(text);
            let cells = u16::try_from(columns(&safe)).unwrap_or(u16::MAX).min((x + width).saturating_sub(at));
            self.text(at, y, cells, text, *style);
            at += cells;
        }
        at
    }

    /// A line of one character.
    pub fn rule(&mut self, x: u16, y: u16, width: u16, fill: &str, style: Style) {
        self.raw(x, y, width, &fill.repeat(usize::from(width)), style);
    }

    /// Blanks.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buf.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                self.buf[(x, y)].reset();
            }
        }
    }
}

/// The cells that a safe form of this text takes.
pub fn cells(text: &str) -> u16 {
    u16::try_from(columns(&SafeText::line(text))).unwrap_or(u16::MAX)
}

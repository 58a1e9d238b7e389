//! How many cells a text takes, and how to make it take exactly so many.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{SafeText, steady::steady};

/// The cells that `text` takes on one line, cluster by cluster as the screen lays it out.
///
/// Not the width of the whole string: that joins what stands in neighbouring cells (Arabic lam-alef).
pub fn columns(text: &str) -> usize {
    if is_simple(text) {
        return text.chars().count();
    }
    text.graphemes(true).map(cluster_columns).sum()
}

/// Whether each character of a text stands alone in one cell, whatever is beside it, and is what it looks like. So are
/// nearly all texts that are not Asian, and looking for their clusters was a third of what drawing a page took.
pub fn is_simple(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || text.chars().all(is_simple_char)
}

/// The same for one character: Latin letters, dashes and quotes, frames.
pub(super) fn is_simple_char(ch: char) -> bool {
    matches!(ch, ' '..='~' | '\u{A1}'..='\u{AC}' | '\u{AE}'..='\u{2FF}' | '\u{2010}'..='\u{2027}' | '\u{2500}'..='\u{257F}')
}

pub(super) fn cluster_columns(cluster: &str) -> usize {
    cluster.width()
}

pub(super) fn char_columns(ch: char) -> usize {
    ch.width().unwrap_or(0)
}

/// `text` made safe, steady (see [`steady`]) and exactly `width` cells wide: cut between clusters with `ellipsis` at
/// the end, or padded with spaces.
///
/// An ellipsis that would leave no room for text is left out.
pub fn fit(text: &str, width: usize, ellipsis: &str) -> SafeText<'static> {
    // A column needs the head of a long text only, unless that head is nearly all hidden characters.
    if let Some((head, _)) = text.char_indices().nth((width + 1) * CHARS_PER_CELL) {
        let safe = SafeText::line(&text[..head]);
        let steady = steady(&safe);
        // What the cut itself did to the last cluster stands beyond the width.
        if columns(&steady) > width + 2 * CHARS_PER_CELL {
            return cut(&steady, width, ellipsis);
        }
    }
    let safe = SafeText::line(text);
    cut(&steady(&safe), width, ellipsis)
}

/// More than any honest text has in one cell.
const CHARS_PER_CELL: usize = 16;

pub(super) fn cut(text: &str, width: usize, ellipsis: &str) -> SafeText<'static> {
    let full = columns(text);
    let mut out = String::with_capacity(text.len().min(width * 4) + width);
    let taken = if full <= width {
        out.push_str(text);
        full
    } else {
        let mark = columns(ellipsis);
        let (ellipsis, room) = if mark < width { (ellipsis, width - mark) } else { ("", width) };
        let mut taken = 0;
        if is_simple(text) {
            out.extend(text.chars().take(room));
            out.push_str(ellipsis);
            return SafeText(out.into());
        }
        for cluster in text.graphemes(true) {
            let cells = cluster_columns(cluster);
            if taken + cells > room {
                break;
            }
            out.push_str(cluster);
            taken += cells;
        }
        out.push_str(ellipsis);
        taken + columns(ellipsis)
    };
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(taken)));
    SafeText(out.into())
}

//! Safe text cut into lines of a width.

use textwrap::{core::Fragment, wrap_algorithms::wrap_first_fit};
use unicode_segmentation::UnicodeSegmentation;

use super::{
    SafeText,
    class::{Script, script},
    width::{cluster_columns, columns},
};

/// The lines of `text`, none wider than `width` cells, each a slice of it.
///
/// Broken at spaces, which are left out at the end of a line; between ideographs; and, where a word is longer than
/// a line, between clusters, never inside one. Leading spaces stay. Only a cluster that is itself wider than `width`
/// stands alone and sticks out.
pub fn wrap<'a>(text: &'a SafeText<'_>, width: usize) -> Vec<SafeText<'a>> {
    let mut out = Vec::new();
    for line in text.as_str().split('\n') {
        if columns(line) <= width {
            out.push(SafeText(line.into()));
            continue;
        }
        let pieces = pieces(line, width);
        for run in wrap_first_fit(&pieces, &[to_f64(width)]) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            out.push(SafeText(line[first.start..last.end].into()));
        }
    }
    out
}

/// What is not broken: a word, or as much of it as fits a line, and the spaces behind it.
#[derive(Debug)]
struct Piece {
    start: usize,
    end: usize,
    columns: usize,
    spaces: usize,
}

impl Fragment for Piece {
    fn width(&self) -> f64 {
        to_f64(self.columns)
    }

    fn whitespace_width(&self) -> f64 {
        to_f64(self.spaces)
    }

    fn penalty_width(&self) -> f64 {
        0.0
    }
}

fn pieces(line: &str, width: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut breakable = false;
    for (at, cluster) in line.grapheme_indices(true) {
        let cells = cluster_columns(cluster);
        if cluster == " " {
            match pieces.last_mut() {
                Some(piece) if piece.end > piece.start || piece.spaces > 0 => piece.spaces += 1,
                // Spaces in front are part of the first word.
                _ => pieces.push(Piece { start: at, end: at, columns: 0, spaces: 1 }),
            }
            continue;
        }
        let ideograph = is_ideograph(cluster);
        match pieces.last_mut() {
            Some(piece)
                if piece.end == piece.start
                    && piece.spaces > 0
                    && piece.spaces < width / 2
                    && piece.spaces + cells <= width =>
            {
                piece.columns = piece.spaces + cells;
                piece.spaces = 0;
                piece.end = at + cluster.len();
            }
            Some(piece)
                if piece.spaces == 0 && !ideograph && !breakable && piece.columns + cells <= width =>
            {
                piece.columns += cells;
                piece.end = at + cluster.len();
            }
            _ => pieces.push(Piece { start: at, end: at + cluster.len(), columns: cells, spaces: 0 }),
        }
        breakable = ideograph;
    }
    pieces
}

fn is_ideograph(cluster: &str) -> bool {
    cluster.chars().next().is_some_and(|ch| {
        !ch.is_ascii() && matches!(script(ch), Script::Han | Script::Hiragana | Script::Katakana)
    })
}

/// Widths of a screen are far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "a width in cells is small")]
fn to_f64(cells: usize) -> f64 {
    cells as f64
}

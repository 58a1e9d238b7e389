//! The second halves of wide characters.

use ratatui::{
    buffer::{Buffer, CellDiffOption},
    layout::Position,
};

use crate::domain::text::columns;

/// Remembers where wide characters stand on the terminal.
///
/// Overwriting the first half of one leaves its second half to the terminal, and terminals differ about what they put
/// there. ratatui's comparison takes that half for blank and skips it; this has it drawn.
#[derive(Debug, Default)]
pub struct WideCells(Vec<Position>);

impl WideCells {
    /// Has the halves drawn that `next` leaves behind, and remembers `next`. Call once for each frame, after rendering.
    pub fn refresh(&mut self, next: &mut Buffer) {
        let is_wide = |symbol: &str| symbol.len() > 1 && columns(symbol) > 1;
        for Position { x, y } in self.0.drain(..) {
            let stays = next.cell((x, y)).is_some_and(|cell| is_wide(cell.symbol()));
            if !stays && let Some(half) = next.cell_mut((x.saturating_add(1), y)) {
                half.diff_option = CellDiffOption::AlwaysUpdate;
            }
        }
        for (index, cell) in next.content.iter().enumerate() {
            if is_wide(cell.symbol()) {
                let (x, y) = next.pos_of(index);
                self.0.push(Position { x, y });
            }
        }
    }
}

//! What a click and the wheel mean, where the mouse is ours (a key toggles it): the cursor goes where it is clicked, a
//! second click opens, the wheel moves. Nothing that a customer could notice hangs on the mouse.

use super::{
    actions::place,
    model::{Model, Screen},
    msg::{Effect, Pointer},
};

/// Messages or rows that one notch of the wheel moves by.
const NOTCH: usize = 3;

impl Model {
    /// The key that toggles it.
    pub(super) fn toggle_mouse(&mut self) {
        self.mouse = !self.mouse;
        self.fx.push(Effect::Mouse(self.mouse));
        self.say(if self.mouse {
            self.lang.tr("the mouse is deskline's: click selects, click again opens; Shift selects text in most terminals")
        } else {
            self.lang.tr("the mouse is the terminal's: it selects text")
        });
    }

    pub(super) fn point(&mut self, pointer: Pointer) {
        if !matches!(self.place(), place::LIST | place::THREAD | place::COMPOSER | place::OUTBOX) {
            return;
        }
        self.end_prefix();
        match pointer {
            Pointer::Click { column, row } => self.click(column, row),
            Pointer::Tab(view) => self.view_clicked(view),
            Pointer::Wheel { column, down } => self.wheel(column, down),
        }
    }

    /// Whether a column belongs to the list, and how far down its rows begin.
    fn over_list(&self, column: u16) -> bool {
        let panes = self.panes();
        if !self.side_by_side() {
            return self.screen == Screen::List;
        }
        let from = if panes.views > 0 { panes.views + 1 } else { 0 };
        (from..from + panes.list).contains(&column)
    }

    fn wheel(&mut self, column: u16, down: bool) {
        if self.screen == Screen::Outbox {
            self.outbox_act(if down { super::actions::Act::Next } else { super::actions::Act::Previous });
        } else if self.over_list(column) {
            if self.screen == Screen::List {
                self.step(if down { 1 } else { -1 });
            }
        } else if self.thread.is_some() {
            let top = self.thread.as_ref().map_or(0, |thread| thread.top);
            self.scroll_lines(if down { top + NOTCH } else { top.saturating_sub(NOTCH) });
        }
    }

    fn view_clicked(&mut self, view: usize) {
        if view < self.list.views.len() {
            self.park_composer();
            self.show_view(view);
        }
    }

    fn click(&mut self, column: u16, row: u16) {
        let small = self.size.0 < 60 || self.size.1 < 16;
        let panes = self.panes();
        if panes.views > 0 && column < panes.views {
            let shown: Vec<usize> =
                (0..self.list.views.len()).filter(|view| *view != 0 || self.fix_shown()).collect();
            if let Some(view) = row.checked_sub(2).and_then(|at| shown.get(usize::from(at))) {
                self.view_clicked(*view);
            }
        } else if self.over_list(column) {
            let first = if small { 1 } else { 3 };
            let Some(at) = row.checked_sub(first).map(usize::from).filter(|at| *at < self.list_height())
            else {
                return;
            };
            let hit = self.list.shown().get(self.list.top + at).map(|row| row.id);
            match hit {
                Some(id) if self.list.selected == Some(id) => self.open_conversation(id),
                Some(id) => {
                    if self.screen == Screen::Thread {
                        self.leave_thread();
                    }
                    self.select(id);
                }
                None => {}
            }
        } else if self.screen == Screen::Thread || self.side_by_side() {
            let first = match (small, self.side_by_side()) {
                (true, _) => 1,
                (false, true) => 5,
                (false, false) => 3,
            };
            let Some(at) = row.checked_sub(first).map(usize::from).filter(|at| *at < self.thread_height())
            else {
                return;
            };
            let top = self.thread.as_ref().map_or(0, |thread| thread.top);
            let message = self.thread_lines().get(top + at).map(|line| line.message);
            if let Some((message, id)) = message.zip(self.thread.as_ref().map(|thread| thread.id)) {
                if self.screen == Screen::List {
                    self.open_conversation(id);
                }
                if let Some(thread) = &mut self.thread {
                    thread.selected = message;
                }
            }
        }
    }
}

//! Where the panes stand: by the width of the screen, or as the agent wants them (`:layout`).

use super::{
    actions::Act,
    model::{Model, Screen},
};
use crate::domain::lang::tr;

/// How many panes stand side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// By the width: one below 100 columns, list and conversation from there, views and details too from 160.
    #[default]
    Auto,
    /// One at every width.
    One,
    /// List and conversation, from 80 columns on.
    Side,
    /// Views, list, conversation and details, from 140 columns on.
    Wide,
}

impl Layout {
    /// All of them with their names.
    pub const ALL: [(Self, &str); 4] =
        [(Self::Auto, "auto"), (Self::One, "one"), (Self::Side, "side"), (Self::Wide, "wide")];

    /// Its name in the palette and in what is remembered.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(layout, _)| *layout == self).map_or("auto", |(_, name)| name)
    }

    /// The layout of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(layout, _)| *layout)
    }

    /// From how many columns on list and conversation stand side by side, and views and details beside them.
    fn widths(self) -> (u16, u16) {
        match self {
            Self::Auto => (100, 160),
            Self::One => (u16::MAX, u16::MAX),
            Self::Side => (80, u16::MAX),
            Self::Wide => (80, 140),
        }
    }
}

/// Where the panes of list and conversation stand, in columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panes {
    /// Views, where there is room for four.
    pub views: u16,
    /// The list.
    pub list: u16,
    /// The conversation.
    pub thread: u16,
    /// Details, where there is room for four.
    pub details: u16,
}

/// The narrowest list that says anything beside a conversation.
const LIST: u16 = 42;

/// The narrowest list that has all its columns: who reads, who answers, in which language, and since when.
const WHOLE: u16 = 53;

/// The narrowest composer that need not borrow from the list.
const COMPOSER: u16 = 80;

impl Model {
    /// Whether list and conversation stand side by side.
    pub fn side_by_side(&self) -> bool {
        self.size.0 >= self.layout.widths().0
            && self.size.1 >= 16
            && !self.zoomed
            && matches!(self.screen, Screen::List | Screen::Thread)
    }

    /// Whether the details have a pane of their own.
    pub fn details_beside(&self) -> bool {
        self.size.0 >= self.layout.widths().1 && self.side_by_side()
    }

    /// The widths of the panes; rules of one column stand between them.
    pub fn panes(&self) -> Panes {
        let width = self.size.0;
        if !self.side_by_side() {
            return Panes { views: 0, list: width, thread: width, details: 0 };
        }
        if !self.details_beside() {
            let list = (width / 2).clamp(LIST, width.saturating_sub(LIST / 2));
            let list = if width >= 100 { list.max(WHOLE) } else { list.min(width - 37) };
            return Panes { views: 0, list, thread: width - list - 1, details: 0 };
        }
        let (views, details) = (18, (width / 5).clamp(30, 44));
        let rest = width - views - details - 3;
        let list = (rest / 2).max(WHOLE);
        Panes { views, list, thread: rest - list, details }
    }

    /// The columns of the composer: its pane, or list and conversation together where the pane is too narrow for a
    /// border that says who reads it.
    pub fn composer_columns(&self) -> (u16, u16) {
        let panes = self.panes();
        if !self.side_by_side() {
            return (0, self.size.0);
        }
        let list = if panes.views > 0 { panes.views + 1 } else { 0 };
        if panes.thread >= COMPOSER {
            (list + panes.list + 1, panes.thread)
        } else {
            (list, panes.list + 1 + panes.thread)
        }
    }

    /// `:layout`: another one, kept for the next start.
    pub(super) fn set_layout(&mut self, act: Act) {
        let layout = match act {
            Act::LayoutOne => Layout::One,
            Act::LayoutSide => Layout::Side,
            Act::LayoutWide => Layout::Wide,
            _ => Layout::Auto,
        };
        self.layout = layout;
        self.zoomed = false;
        let (side, wide) = layout.widths();
        let width = self.size.0;
        self.say(match layout {
            Layout::Side if width < side => {
                tr!(self.lang, "layout side: from {side} columns on; here are {width}", side, width)
            }
            Layout::Wide if width < wide => {
                tr!(self.lang, "layout wide: from {wide} columns on; here are {width}", wide, width)
            }
            _ => tr!(self.lang, "layout {name}", name = layout.name()),
        });
        self.rearranged();
    }

    /// `+` and `_`: the focused pane alone, or all of them; kept for the next start.
    pub(super) fn zoom(&mut self, zoomed: bool) {
        if zoomed && !self.zoomed && !self.side_by_side() {
            self.say(self.lang.tr("one pane only at this width"));
            return;
        }
        self.zoomed = zoomed;
        self.zoomed_details = zoomed && self.details.is_some();
        self.rearranged();
    }

    /// Away with the details, and with a zoom that was for them.
    pub(super) fn close_details(&mut self) {
        self.details = None;
        if self.zoomed_details {
            self.zoom(false);
        }
    }

    fn rearranged(&mut self) {
        self.resized();
        self.load_details();
        self.session_changed();
    }
}

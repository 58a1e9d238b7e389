//! Colours: sixteen of them, on the terminal's own foreground and background. Letters carry every state without them.

use ratatui::style::{Color, Modifier, Style};

/// Who draws pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// We do, as half blocks, where all colours are proved.
    Cells,
    /// The terminal does.
    Terminal {
        /// The width and height of a cell, in points.
        cell: (u16, u16),
    },
}

/// How everything looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Whether frames may be drawn in UTF-8.
    pub utf8: bool,
    /// Whether the terminal has said that it shows all colours.
    pub truecolor: bool,
    /// Who draws pictures.
    pub pictures: Pictures,
    /// Words.
    pub plain: Style,
    /// What matters less.
    pub dim: Style,
    /// What matters more.
    pub strong: Style,
    /// Rules and frames.
    pub rule: Style,
    /// The cursor's mark and the selected row's name.
    pub cursor: Style,
    /// Deadlines at risk, failures.
    pub alarm: Style,
    /// Unread.
    pub unread: Style,
    /// What the other side reads: borders of replies.
    pub public: Style,
    /// What only the team reads: borders of notes.
    pub note: Style,
    /// Where sending is forbidden.
    pub shut: Style,
    /// The footer's sentences.
    pub notice: Style,
    /// Held, undo.
    pub safety: Style,
    /// Keys in hints.
    pub key: Style,
}

impl Theme {
    /// For dark backgrounds.
    pub fn dark() -> Self {
        Self {
            utf8: true,
            truecolor: false,
            pictures: Pictures::Cells,
            plain: Style::new(),
            // Not a grey: Solarized and others have their background in its place.
            dim: Style::new().add_modifier(Modifier::DIM),
            strong: Style::new().add_modifier(Modifier::BOLD),
            rule: Style::new().add_modifier(Modifier::DIM),
            cursor: Style::new().fg(Color::LightYellow).add_modifier(Modifier::BOLD),
            alarm: Style::new().fg(Color::LightRed).add_modifier(Modifier::BOLD),
            unread: Style::new().fg(Color::LightCyan).add_modifier(Modifier::BOLD),
            public: Style::new().fg(Color::LightGreen),
            note: Style::new().fg(Color::LightYellow),
            shut: Style::new().fg(Color::LightRed),
            notice: Style::new().fg(Color::LightYellow),
            safety: Style::new().fg(Color::LightCyan),
            key: Style::new().add_modifier(Modifier::BOLD),
        }
    }

    /// For light backgrounds.
    pub fn light() -> Self {
        Self {
            cursor: Style::new().fg(Color::Blue).add_modifier(Modifier::BOLD),
            alarm: Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
            unread: Style::new().fg(Color::Blue).add_modifier(Modifier::BOLD),
            public: Style::new().fg(Color::Green),
            note: Style::new().fg(Color::Magenta),
            shut: Style::new().fg(Color::Red),
            notice: Style::new().fg(Color::Magenta),
            safety: Style::new().fg(Color::Blue),
            ..Self::dark()
        }
    }

    /// Without colours (`NO_COLOR`).
    pub fn mono() -> Self {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        Self {
            utf8: true,
            truecolor: false,
            pictures: Pictures::Cells,
            plain: Style::new(),
            dim: Style::new(),
            strong: bold,
            rule: Style::new(),
            cursor: bold,
            alarm: bold,
            unread: bold,
            public: Style::new(),
            note: Style::new(),
            shut: bold,
            notice: bold,
            safety: bold,
            key: bold,
        }
    }

    /// The theme of a name (`dark`, `light`, `mono`).
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "dark" => Some(Self::dark()),
            "light" => Some(Self::light()),
            "mono" => Some(Self::mono()),
            _ => None,
        }
    }

    /// The same with frames in ASCII.
    #[must_use]
    pub fn ascii(mut self) -> Self {
        self.utf8 = false;
        self
    }

    /// A horizontal rule.
    pub fn line(&self) -> &'static str {
        if self.utf8 { "─" } else { "-" }
    }

    /// A vertical rule.
    pub fn bar(&self) -> &'static str {
        if self.utf8 { "│" } else { "|" }
    }
}

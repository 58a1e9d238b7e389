//! What one complete sequence means.

use crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use termina::{
    Event, Parser,
    escape::{
        csi::{Csi, Cursor},
        osc::{ColorOrQuery, DynamicColorNumber, Osc},
    },
    event as theirs,
};

use super::{InputEvent, TerminalAnswer};

/// A key joins the run of its read; anything else ends it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Key(KeyEvent),
    Event(InputEvent),
}

/// The key that a single byte below 0x80 is. Esc is not asked for here.
pub(super) fn single(byte: u8) -> Option<KeyEvent> {
    let control = |letter: u8| Some(KeyEvent::new(KeyCode::Char(char::from(letter)), KeyModifiers::CONTROL));
    match byte {
        b'\r' => Some(KeyCode::Enter.into()),
        b'\t' => Some(KeyCode::Tab.into()),
        0x7f => Some(KeyCode::Backspace.into()),
        0x00 => control(b' '),
        0x01..=0x1a => control(byte | 0x60),
        // Ctrl-\ Ctrl-] Ctrl-^ Ctrl-_
        0x1c..=0x1f => control(byte | 0x40),
        b' '..=b'~' => Some(char_key(char::from(byte))),
        _ => None,
    }
}

pub(super) fn char_key(ch: char) -> KeyEvent {
    let modifiers = if ch.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    KeyEvent::new(KeyCode::Char(ch), modifiers)
}

/// What the sequence says, if it says anything to us.
pub(super) fn event(sequence: &[u8]) -> Option<Meaning> {
    match sequence {
        [0x1b, b'[', b'?', .., b'c' | b'u' | b'y' | b'n'] => Some(answer(private_report(sequence))),
        [0x1b, b'P', body @ ..] => Some(answer(drawn_with(body))),
        [0x1b, b'_', b'G', body @ ..] if body.windows(3).any(|it| it == b";OK") => {
            Some(answer(TerminalAnswer::KittyPictures))
        }
        [0x1b, b'_', ..] => Some(answer(TerminalAnswer::Other)),
        [0x1b, b'[', b'6', b';', body @ .., b't'] => Some(answer(cell(body))),
        [0x1b, b'O', b'1'..=b'9', last] => parse(&[0x1b, b'[', b'1', b';', sequence[2], *last]),
        [0x1b, b'O', last] => application_key(*last).map(Meaning::Key).or_else(|| parse(sequence)),
        // modifyOtherKeys: the same as CSI u in another order.
        [0x1b, b'[', b'2', b'7', b';', body @ .., b'~'] => {
            let body = std::str::from_utf8(body).ok()?;
            let (modifiers, code) = body.split_once(';')?;
            parse(format!("\x1b[{code};{modifiers}u").as_bytes())
        }
        // termina gives up in the middle of any other beginning and would read the rest as letters.
        [0x1b, b'[', b'0'..=b'9' | b'<' | b'>' | b'M' | b'[', ..] | [0x1b, b']', ..] | [0x1b, b'[', _] => {
            parse(sequence)
        }
        _ => None,
    }
}

/// The keypad in application mode, where termina knows arrows and F1 to F4 only.
fn application_key(last: u8) -> Option<KeyEvent> {
    match last {
        b' ' => single(b' '),
        b'I' => single(b'\t'),
        b'M' => single(b'\r'),
        b'X' => single(b'='),
        b'j'..=b'y' => single(last - 0x40),
        b'E' => Some(KeyCode::KeypadBegin.into()),
        _ => None,
    }
}

fn answer(answer: TerminalAnswer) -> Meaning {
    Meaning::Event(InputEvent::Answer(answer))
}

/// `CSI ? …`: read here, since termina knows two modes only and the first digit of the kitty flags.
fn private_report(sequence: &[u8]) -> TerminalAnswer {
    let body = std::str::from_utf8(&sequence[3..sequence.len() - 1]).unwrap_or_default();
    match sequence.last() {
        // The first number is the terminal's class.
        Some(b'c') => TerminalAnswer::Device { sixel: body.split(';').skip(1).any(|it| it == "4") },
        Some(b'u') => body.parse().map_or(TerminalAnswer::Other, TerminalAnswer::KittyFlags),
        Some(b'y') => body
            .strip_suffix('$')
            .and_then(|body| body.split_once(';'))
            .and_then(|(mode, state)| {
                Some(TerminalAnswer::Mode { mode: mode.parse().ok()?, state: state.parse().ok()? })
            })
            .unwrap_or(TerminalAnswer::Other),
        _ => TerminalAnswer::Other,
    }
}

/// DECRQSS: what the terminal draws with, asked right after it was given [`super::PROBE`].
fn drawn_with(body: &[u8]) -> TerminalAnswer {
    let body = String::from_utf8_lossy(body);
    let numbers: Vec<&str> = body.split([';', ':', 'm']).filter(|it| !it.is_empty()).collect();
    let [red, green, blue] = super::PROBE.map(|it| it.to_string());
    // Between them some name a colour space, most leave its place empty.
    let found = body.starts_with("1$r")
        && numbers.windows(2).any(|it| it == ["38", "2"])
        && numbers.windows(3).any(|it| it == [red.as_str(), green.as_str(), blue.as_str()]);
    if found { TerminalAnswer::Truecolor } else { TerminalAnswer::Other }
}

/// `CSI 6 ; height ; width t`.
fn cell(body: &[u8]) -> TerminalAnswer {
    let numbers = std::str::from_utf8(body).ok().and_then(|body| body.split_once(';'));
    match numbers.map(|(height, width)| (height.parse(), width.parse())) {
        Some((Ok(height @ 1..), Ok(width @ 1..))) => TerminalAnswer::Cell { width, height },
        _ => TerminalAnswer::Other,
    }
}

fn parse(sequence: &[u8]) -> Option<Meaning> {
    let mut parser = Parser::default();
    parser.parse(sequence, false);
    let event = parser.pop()?;
    // More than one event from one sequence: it was torn, and its bytes read as letters.
    if parser.pop().is_some() {
        return None;
    }
    match event {
        Event::Key(key) => key_event(key).map(Meaning::Key),
        Event::Mouse(mouse) => Some(Meaning::Event(InputEvent::Mouse(mouse_event(mouse)))),
        Event::FocusIn => Some(Meaning::Event(InputEvent::FocusGained)),
        Event::FocusOut => Some(Meaning::Event(InputEvent::FocusLost)),
        Event::Csi(Csi::Cursor(Cursor::ActivePositionReport { line, col })) => {
            Some(answer(TerminalAnswer::Cursor(line.get(), col.get())))
        }
        Event::Osc(Osc::ChangeDynamicColors(which, colors)) => Some(answer(match (which, colors.first()) {
            (DynamicColorNumber::TextForegroundColor, Some(ColorOrQuery::Color(rgb))) => {
                TerminalAnswer::Foreground(rgb.red, rgb.green, rgb.blue)
            }
            (DynamicColorNumber::TextBackgroundColor, Some(ColorOrQuery::Color(rgb))) => {
                TerminalAnswer::Background(rgb.red, rgb.green, rgb.blue)
            }
            _ => TerminalAnswer::Other,
        })),
        Event::Csi(_) | Event::Osc(_) | Event::Dcs(_) => Some(answer(TerminalAnswer::Other)),
        Event::WindowResized(_) | Event::Paste(_) => None,
    }
}

fn key_event(key: theirs::KeyEvent) -> Option<KeyEvent> {
    let kind = match key.kind {
        theirs::KeyEventKind::Press => KeyEventKind::Press,
        theirs::KeyEventKind::Repeat => KeyEventKind::Repeat,
        theirs::KeyEventKind::Release => return None,
    };
    let mut modifiers = modifiers(key.modifiers);
    let code = match key.code {
        theirs::KeyCode::Backspace | theirs::KeyCode::Char('\u{8}') => KeyCode::Backspace,
        // An unknown functional key of the kitty protocol is no letter.
        theirs::KeyCode::Char(ch) if ch.is_control() || matches!(ch, '\u{E000}'..='\u{F8FF}') => return None,
        // Ctrl-_ where `_` is Shift and `-`.
        theirs::KeyCode::Char('-') if modifiers == KeyModifiers::CONTROL | KeyModifiers::SHIFT => {
            modifiers = KeyModifiers::CONTROL;
            KeyCode::Char('_')
        }
        theirs::KeyCode::Char(ch) => KeyCode::Char(ch),
        theirs::KeyCode::Enter => KeyCode::Enter,
        theirs::KeyCode::Tab => KeyCode::Tab,
        theirs::KeyCode::BackTab => KeyCode::BackTab,
        theirs::KeyCode::Escape => KeyCode::Esc,
        theirs::KeyCode::Left => KeyCode::Left,
        theirs::KeyCode::Right => KeyCode::Right,
        theirs::KeyCode::Up => KeyCode::Up,
        theirs::KeyCode::Down => KeyCode::Down,
        theirs::KeyCode::Home => KeyCode::Home,
        theirs::KeyCode::End => KeyCode::End,
        theirs::KeyCode::PageUp => KeyCode::PageUp,
        theirs::KeyCode::PageDown => KeyCode::PageDown,
        theirs::KeyCode::Insert => KeyCode::Insert,
        theirs::KeyCode::Delete => KeyCode::Delete,
        theirs::KeyCode::KeypadBegin => KeyCode::KeypadBegin,
        theirs::KeyCode::Menu => KeyCode::Menu,
        theirs::KeyCode::Pause => KeyCode::Pause,
        theirs::KeyCode::PrintScreen => KeyCode::PrintScreen,
        theirs::KeyCode::Function(n) => KeyCode::F(n),
        // Modifiers and locks alone, media keys: nothing here is bound to them.
        theirs::KeyCode::CapsLock
        | theirs::KeyCode::ScrollLock
        | theirs::KeyCode::NumLock
        | theirs::KeyCode::Null
        | theirs::KeyCode::Modifier(_)
        | theirs::KeyCode::Media(_) => return None,
    };
    Some(KeyEvent { code, modifiers, kind, state: KeyEventState::NONE })
}

fn modifiers(theirs: theirs::Modifiers) -> KeyModifiers {
    let pairs = [
        (theirs::Modifiers::SHIFT, KeyModifiers::SHIFT),
        (theirs::Modifiers::ALT, KeyModifiers::ALT),
        (theirs::Modifiers::CONTROL, KeyModifiers::CONTROL),
        (theirs::Modifiers::SUPER, KeyModifiers::SUPER),
        (theirs::Modifiers::HYPER, KeyModifiers::HYPER),
        (theirs::Modifiers::META, KeyModifiers::META),
    ];
    pairs.into_iter().filter(|(their, _)| theirs.contains(*their)).map(|(_, our)| our).collect()
}

fn mouse_event(mouse: theirs::MouseEvent) -> MouseEvent {
    let button = |button| match button {
        theirs::MouseButton::Left => MouseButton::Left,
        theirs::MouseButton::Right => MouseButton::Right,
        theirs::MouseButton::Middle => MouseButton::Middle,
    };
    let kind = match mouse.kind {
        theirs::MouseEventKind::Down(which) => MouseEventKind::Down(button(which)),
        theirs::MouseEventKind::Up(which) => MouseEventKind::Up(button(which)),
        theirs::MouseEventKind::Drag(which) => MouseEventKind::Drag(button(which)),
        theirs::MouseEventKind::Moved => MouseEventKind::Moved,
        theirs::MouseEventKind::ScrollDown => MouseEventKind::ScrollDown,
        theirs::MouseEventKind::ScrollUp => MouseEventKind::ScrollUp,
        theirs::MouseEventKind::ScrollLeft => MouseEventKind::ScrollLeft,
        theirs::MouseEventKind::ScrollRight => MouseEventKind::ScrollRight,
    };
    MouseEvent { kind, column: mouse.column, row: mouse.row, modifiers: modifiers(mouse.modifiers) }
}

//! The byte stream of a tty, cut into keys, pastes and answers.
//!
//! The grammar is ECMA-48's; what is ours is what happens at its edges. Esc is a key and Alt is not: `ESC x` is Esc,
//! then `x`. A sequence that has begun is put together or dropped whole: its bytes never become letters.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{InputEvent, Key, Moment, sequence};

/// How long the decoder waits for what may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// After an Esc that ends a read.
    pub escape: Duration,
    /// For the rest of a sequence that has begun.
    pub sequence: Duration,
    /// For the rest of a paste.
    pub paste: Duration,
}

impl Timing {
    /// For a terminal on this machine.
    pub const LOCAL: Self = Self {
        escape: Duration::from_millis(50),
        sequence: Duration::from_secs(1),
        paste: Duration::from_secs(2),
    };
    /// For a terminal at the other end of SSH.
    pub const SSH: Self = Self { escape: Duration::from_millis(150), ..Self::LOCAL };

    /// What fits the value of `SSH_TTY`; `escape` from the config goes before both.
    pub fn of(ssh_tty: Option<&str>, escape: Option<Duration>) -> Self {
        let timing = if ssh_tty.is_some_and(|tty| !tty.is_empty()) { Self::SSH } else { Self::LOCAL };
        Self { escape: escape.unwrap_or(timing.escape), ..timing }
    }
}

const PASTE_BEGIN: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";
/// Longer control sequences exist only in attacks and noise.
const MAX_SEQUENCE: usize = 256;
/// Longer answers (titles, clipboard) are swallowed, never kept.
const MAX_STRING: usize = 4096;
const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// Where in the grammar the stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ground,
    /// In a UTF-8 character that takes so many bytes.
    Utf8(usize),
    /// After ESC.
    Escape,
    /// After `ESC O`.
    Ss3,
    /// After `ESC [`.
    Csi,
    /// The three bytes after `ESC [ M`.
    Mouse,
    /// After `ESC ]`, `ESC P`, `ESC _`: not yet certain that it is not Esc and that key.
    Intro,
    /// In the string of an OSC, DCS or APC.
    Text,
    /// The same, at an ESC that may end it.
    TextEscape,
    /// In a bracketed paste.
    Paste,
}

/// Splits what a tty sends into events. Pure: time comes in as an argument.
#[derive(Debug)]
pub struct Decoder {
    timing: Timing,
    state: State,
    /// The bytes of the sequence that has begun, its introducer included.
    pending: Vec<u8>,
    /// The pending sequence has outgrown its bound and is only waited out.
    overlong: bool,
    paste: Vec<u8>,
    paste_left_out: usize,
    after_escape: bool,
    last_byte_at: Moment,
    /// Until then a read that is the tail of a sequence belongs to an Esc that was already given out.
    late_until: Moment,
    keys: Vec<Key>,
    out: Vec<InputEvent>,
}

impl Decoder {
    /// The longest paste that is kept, in bytes.
    pub const MAX_PASTE: usize = 8 << 20;

    /// A decoder at rest.
    pub fn new(timing: Timing) -> Self {
        Self {
            timing,
            state: State::Ground,
            pending: Vec::new(),
            overlong: false,
            paste: Vec::new(),
            paste_left_out: 0,
            after_escape: false,
            last_byte_at: Moment::ZERO,
            late_until: Moment::ZERO,
            keys: Vec::new(),
            out: Vec::new(),
        }
    }

    /// Takes the bytes of one read.
    pub fn feed(&mut self, now: Moment, bytes: &[u8]) -> Vec<InputEvent> {
        if bytes.is_empty() {
            return Vec::new();
        }
        self.last_byte_at = now;
        let late = now < std::mem::take(&mut self.late_until);
        if late && self.state == State::Ground && is_tail_of_a_key(bytes) {
            return Vec::new();
        }
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            if self.state == State::Paste {
                rest = self.take_paste(rest);
            } else {
                self.take(*byte);
                rest = after;
            }
        }
        self.flush()
    }

    /// When [`Decoder::timeout`] is due, if what comes next is being waited for.
    pub fn deadline(&self) -> Option<Moment> {
        let wait = match self.state {
            State::Ground | State::Utf8(_) => return None,
            // Intro: Esc and a key of that name, or an answer cut in two.
            State::Escape | State::Intro => self.timing.escape,
            State::Paste => self.timing.paste,
            State::Ss3 | State::Csi | State::Mouse | State::Text | State::TextEscape => self.timing.sequence,
        };
        Some(self.last_byte_at + wait)
    }

    /// Settles what was waited for, if its time is up.
    pub fn timeout(&mut self, now: Moment) -> Vec<InputEvent> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return Vec::new();
        }
        match self.state {
            State::Escape => {
                self.give_up_as_keys();
                self.late_until = now + self.timing.sequence;
            }
            State::Intro => self.give_up_as_keys(),
            State::Paste => self.end_paste(),
            _ => self.reset(),
        }
        self.after_escape = false;
        self.flush()
    }

    fn flush(&mut self) -> Vec<InputEvent> {
        self.end_run();
        std::mem::take(&mut self.out)
    }

    fn end_run(&mut self) {
        if !self.keys.is_empty() {
            self.out.push(InputEvent::Keys(std::mem::take(&mut self.keys)));
        }
    }

    fn take(&mut self, byte: u8) {
        match self.state {
            State::Ground => self.take_ground(byte),
            State::Utf8(length) => self.take_utf8(byte, length),
            State::Escape => self.take_escape(byte),
            State::Ss3 => self.take_ss3(byte),
            State::Csi => self.take_csi(byte),
            State::Mouse => self.take_mouse(byte),
            State::Intro => self.take_intro(byte),
            State::Text | State::TextEscape => self.take_text(byte),
            State::Paste => {}
        }
    }

    fn take_ground(&mut self, byte: u8) {
        match byte {
            ESC => self.begin(State::Escape, byte),
            0x00..=0x7f => self.key(sequence::single(byte)),
            0xc2..=0xdf => self.begin(State::Utf8(2), byte),
            0xe0..=0xef => self.begin(State::Utf8(3), byte),
            0xf0..=0xf4 => self.begin(State::Utf8(4), byte),
            // No UTF-8: dropped.
            _ => self.after_escape = false,
        }
    }

    fn take_utf8(&mut self, byte: u8, length: usize) {
        if byte & 0xc0 != 0x80 {
            self.reset();
            self.after_escape = false;
            self.take_ground(byte);
            return;
        }
        self.pending.push(byte);
        if self.pending.len() == length {
            let ch = std::str::from_utf8(&self.pending).ok().and_then(|text| text.chars().next());
            self.reset();
            match ch {
                Some(ch) if !ch.is_control() => self.key(Some(sequence::char_key(ch))),
                _ => self.after_escape = false,
            }
        }
    }

    fn take_escape(&mut self, byte: u8) {
        match byte {
            b'[' => self.go_on(State::Csi, byte),
            b'O' => self.go_on(State::Ss3, byte),
            b']' | b'P' | b'_' => self.go_on(State::Intro, byte),
            _ => {
                self.escape_key();
                self.take_ground(byte);
            }
        }
    }

    fn take_ss3(&mut self, byte: u8) {
        match byte {
            // Old xterm puts a modifier here.
            b'1'..=b'9' if self.pending.len() == 2 => self.pending.push(byte),
            b' ' | b'A'..=b'F' | b'H' | b'I' | b'M' | b'P'..=b'S' | b'X' | b'j'..=b'y' => {
                self.pending.push(byte);
                self.complete();
            }
            _ => self.give_up_and_take(byte),
        }
    }

    fn take_csi(&mut self, byte: u8) {
        match byte {
            // The Linux console's F1 to F5 are `ESC [ [ A` to `E`.
            b'[' if self.pending.len() == 2 => self.pending.push(byte),
            b'M' if self.pending.len() == 2 => self.go_on(State::Mouse, byte),
            0x20..=0x3f if self.pending.len() < MAX_SEQUENCE => self.pending.push(byte),
            0x20..=0x3f => self.overlong = true,
            0x40..=0x7e => {
                self.pending.push(byte);
                if self.pending == PASTE_BEGIN {
                    self.begin_paste();
                } else {
                    self.complete();
                }
            }
            _ => self.drop_and_take(byte),
        }
    }

    fn take_mouse(&mut self, byte: u8) {
        if byte == ESC {
            self.drop_and_take(byte);
            return;
        }
        self.pending.push(byte);
        if self.pending.len() == 6 {
            self.complete();
        }
    }

    /// Answers are `ESC ] digits ;`, `ESC P` with a parameter, `ESC _ G i =`. Anything else is Esc and keys.
    fn take_intro(&mut self, byte: u8) {
        let (kind, body) = (self.pending[1], &self.pending[2..]);
        let goes_on = match kind {
            b']' => byte.is_ascii_digit() && body.len() < 4,
            b'_' => (body.is_empty() && byte == b'G') || (body == b"G" && byte == b'i'),
            _ => false,
        };
        let certain = match kind {
            b']' => byte == b';' && !body.is_empty(),
            b'_' => body == b"Gi" && byte == b'=',
            _ => byte.is_ascii_digit() || matches!(byte, b'>' | b'!' | b'$' | b'+'),
        };
        if certain {
            self.go_on(State::Text, byte);
        } else if goes_on {
            self.pending.push(byte);
        } else {
            self.give_up_and_take(byte);
        }
    }

    fn take_text(&mut self, byte: u8) {
        match (self.state, byte) {
            (State::TextEscape, b'\\') => {
                self.pending.extend([ESC, byte]);
                self.complete();
            }
            (State::TextEscape, _) => {
                // Not the end: another sequence begins, and this one is lost.
                self.reset();
                self.begin(State::Escape, ESC);
                self.take(byte);
            }
            (_, ESC) => self.state = State::TextEscape,
            (_, BEL) => {
                self.pending.push(byte);
                self.complete();
            }
            (_, 0x18 | 0x1a) => self.reset(),
            _ if self.pending.len() < MAX_STRING => self.pending.push(byte),
            _ => self.overlong = true,
        }
    }

    fn begin(&mut self, state: State, byte: u8) {
        self.pending.clear();
        self.overlong = false;
        self.go_on(state, byte);
    }

    fn go_on(&mut self, state: State, byte: u8) {
        self.state = state;
        self.pending.push(byte);
    }

    fn reset(&mut self) {
        self.state = State::Ground;
        self.pending.clear();
        self.overlong = false;
    }

    /// The pending sequence is whole: it means something, or is dropped whole.
    fn complete(&mut self) {
        let event = if self.overlong { None } else { sequence::event(&self.pending) };
        self.reset();
        match event {
            Some(sequence::Meaning::Key(event)) => self.key(Some(event)),
            Some(sequence::Meaning::Event(event)) => {
                self.end_run();
                self.out.push(event);
            }
            None => {}
        }
        self.after_escape = false;
    }

    fn drop_and_take(&mut self, byte: u8) {
        self.reset();
        self.take_ground(byte);
    }

    fn give_up_and_take(&mut self, byte: u8) {
        self.give_up_as_keys();
        self.take_ground(byte);
    }

    /// What looked like a sequence was Esc and keys.
    fn give_up_as_keys(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        self.escape_key();
        for byte in pending.into_iter().skip(1) {
            self.take_ground(byte);
        }
    }

    fn escape_key(&mut self) {
        self.reset();
        self.after_escape = false;
        self.key(Some(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)));
        self.after_escape = true;
    }

    fn key(&mut self, event: Option<KeyEvent>) {
        if let Some(event) = event {
            self.keys.push(Key { event, after_escape: self.after_escape });
        }
        self.after_escape = false;
    }

    fn begin_paste(&mut self) {
        self.reset();
        self.end_run();
        self.state = State::Paste;
    }

    /// Takes bytes up to the end marker; gives back what follows it.
    fn take_paste<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        // The marker may have been cut: look again at as much of the old end as could begin it.
        let from = self.paste.len().saturating_sub(PASTE_END.len() - 1);
        let old = self.paste.len();
        self.paste.extend_from_slice(bytes);
        let end = self.paste[from..].windows(PASTE_END.len()).position(|window| window == PASTE_END);
        if let Some(at) = end {
            let end = from + at;
            self.paste.truncate(end);
            self.end_paste();
            &bytes[end + PASTE_END.len() - old..]
        } else {
            self.bound_paste();
            &[]
        }
    }

    /// Keeps no more than the bound, but always the tail in which an end marker may have begun.
    fn bound_paste(&mut self) {
        let tail = PASTE_END.len() - 1;
        let excess = self.paste.len().saturating_sub(Self::MAX_PASTE + tail);
        if excess > 0 {
            self.paste.drain(Self::MAX_PASTE..Self::MAX_PASTE + excess);
            self.paste_left_out += excess;
        }
    }

    fn end_paste(&mut self) {
        let mut bytes = std::mem::take(&mut self.paste);
        let truncated = self.paste_left_out > 0 || bytes.len() > Self::MAX_PASTE;
        bytes.truncate(Self::MAX_PASTE);
        self.paste_left_out = 0;
        self.reset();
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n").replace('\r', "\n");
        self.out.push(InputEvent::Paste { text, truncated });
    }
}

/// Whether a whole read is what follows the ESC of one key: `[B`, `OP`, `[15~`. Nobody types that in one read.
fn is_tail_of_a_key(bytes: &[u8]) -> bool {
    let whole = match bytes {
        [b'O', _] => true,
        [b'[', parameters @ .., b'A'..=b'~'] => parameters.iter().all(|byte| (0x20..=0x3f).contains(byte)),
        _ => false,
    };
    whole && sequence::event(&[&[ESC], bytes].concat()).is_some()
}

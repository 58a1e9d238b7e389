//! The one way from foreign text to [`super::SafeText`].

use std::{borrow::Cow, fmt::Write as _};

use unicode_segmentation::UnicodeSegmentation;

use super::{
    Marks,
    class::{
        Class, KEYCAP, VS15, VS16, ZWJ, ZWNJ, class, is_emoji, is_emoji_modifier, is_extending,
        is_pictograph, needs_joiners,
    },
    width::{char_columns, cluster_columns, columns, is_simple_char},
};

/// Accents kept on one letter: Vietnamese needs two, pointed Hebrew three.
const MAX_MARKS: usize = 4;
/// Characters kept in one cluster: the longest emoji in use has ten.
const MAX_CLUSTER: usize = 16;
const TAB: usize = 8;
/// What carries an accent that has no letter.
const CARRIER: char = '\u{25CC}';

/// Where the text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Shape {
    #[default]
    Line,
    Block,
}

pub(super) fn sanitise(text: &str, shape: Shape, marks: Marks) -> Cow<'_, str> {
    if text.chars().all(|ch| is_simple_char(ch) || (ch == '\n' && shape == Shape::Block)) {
        return Cow::Borrowed(text);
    }
    let mut out =
        Sanitiser { out: String::with_capacity(text.len() + 16), shape, marks, ..Sanitiser::default() };
    let mut chars = text.chars().peekable();
    while let Some(ch) = chars.next() {
        out.take(ch, chars.peek().copied());
    }
    out.end_hidden();
    out.end_cluster();
    Cow::Owned(bound_clusters(out.out, marks))
}

#[derive(Default)]
struct Sanitiser {
    out: String,
    shape: Shape,
    marks: Marks,
    /// The character before, if it went out as it is.
    before: Option<char>,
    accents: usize,
    accents_left_out: usize,
    hidden: Option<(char, usize)>,
    /// The byte after the last tab or line start, and the column there.
    column_from: (usize, usize),
}

impl Sanitiser {
    fn take(&mut self, ch: char, next: Option<char>) {
        if let Some((hidden, count)) = &mut self.hidden {
            if *hidden == ch {
                *count += 1;
                return;
            }
            self.end_hidden();
        }
        match (ch, self.shape) {
            ('\r', _) if next == Some('\n') => {}
            ('\n', Shape::Block) => {
                self.end_cluster();
                self.out.push('\n');
                self.before = None;
                self.column_from = (self.out.len(), 0);
            }
            ('\t', Shape::Line) => self.plain(' '),
            ('\t', Shape::Block) => {
                self.end_cluster();
                let column = self.column_from.1 + columns(&self.out[self.column_from.0..]);
                let stop = (column / TAB + 1) * TAB;
                self.out.extend(std::iter::repeat_n(' ', stop - column));
                self.before = Some(' ');
                self.column_from = (self.out.len(), stop);
            }
            _ => match class(ch) {
                Class::Plain => self.plain(ch),
                Class::Extending => self.extend(ch),
                Class::Joining if self.keeps_joiner(ch, next) => {
                    self.out.push(ch);
                    self.before = Some(ch);
                }
                Class::Control => {
                    self.end_cluster();
                    control_mark(&mut self.out, ch, self.marks);
                    self.before = None;
                }
                Class::Hidden | Class::Joining => self.hidden = Some((ch, 1)),
            },
        }
    }

    fn plain(&mut self, ch: char) {
        self.end_cluster();
        self.out.push(ch);
        self.before = Some(ch);
    }

    fn extend(&mut self, ch: char) {
        if self.before.is_none() {
            // An accent without a letter would sit on our own mark or on a frame.
            self.end_cluster();
            self.out.push(CARRIER);
        }
        self.accents += 1;
        if self.accents > MAX_MARKS {
            self.accents_left_out += 1;
        } else {
            self.out.push(ch);
            self.before = Some(ch);
        }
    }

    fn keeps_joiner(&self, ch: char, next: Option<char>) -> bool {
        let Some(before) = self.before else { return false };
        let pictograph_before = is_pictograph(before) || before == VS16 || is_emoji_modifier(before);
        match ch {
            VS16 if next == Some(KEYCAP) => is_emoji(before),
            VS15 | VS16 => is_pictograph(before) && is_emoji(before),
            ZWJ if pictograph_before => next.is_some_and(is_pictograph),
            ZWJ => needs_joiners(before),
            ZWNJ => {
                needs_joiners(before)
                    && next.is_some_and(|next| needs_joiners(next) && char_columns(next) > 0)
            }
            _ => false,
        }
    }

    fn end_hidden(&mut self) {
        if let Some((ch, count)) = self.hidden.take() {
            self.end_cluster();
            hidden_mark(&mut self.out, ch, count, self.marks);
            self.before = None;
        }
    }

    /// Says how many accents were left out of the cluster that ends here.
    fn end_cluster(&mut self) {
        if self.accents_left_out > 0 {
            left_out_mark(&mut self.out, self.accents_left_out, self.marks);
            self.before = None;
        }
        self.accents = 0;
        self.accents_left_out = 0;
    }
}

/// What single characters cannot show: clusters without width, and clusters without end (jamo, conjuncts).
fn bound_clusters(text: String, marks: Marks) -> String {
    let fits = |cluster: &str| {
        cluster.len() == 1
            || (cluster.chars().nth(MAX_CLUSTER).is_none()
                && cluster_columns(cluster) > 0
                && starts_well(cluster))
    };
    if text.graphemes(true).all(fits) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 32);
    for cluster in text.graphemes(true) {
        if fits(cluster) {
            out.push_str(cluster);
        } else if cluster_columns(cluster) == 0 || !starts_well(cluster) {
            for ch in cluster.chars() {
                hidden_mark(&mut out, ch, 1, marks);
            }
        } else {
            let end = cluster.char_indices().nth(MAX_CLUSTER).map_or(cluster.len(), |(at, _)| at);
            out.push_str(cluster[..end].trim_end_matches([ZWJ, ZWNJ]));
            left_out_mark(&mut out, cluster[end..].chars().count(), marks);
        }
    }
    out
}

fn starts_well(cluster: &str) -> bool {
    !cluster.starts_with([ZWJ, ZWNJ, VS15, VS16]) && !cluster.starts_with(is_extending)
}

fn control_mark(out: &mut String, ch: char, marks: Marks) {
    let picture = match (ch, marks) {
        ('\u{0}'..='\u{1F}', Marks::Unicode) => char::from_u32(0x2400 + u32::from(ch)),
        ('\u{7F}', Marks::Unicode) => Some('\u{2421}'),
        ('\u{0}'..='\u{1F}' | '\u{7F}', Marks::Ascii) => char::from_u32(u32::from(ch) ^ 0x40),
        _ => None,
    };
    match picture {
        Some(picture) if marks == Marks::Ascii => out.extend(['^', picture]),
        Some(picture) => out.push(picture),
        None => hidden_mark(out, ch, 1, marks),
    }
}

fn hidden_mark(out: &mut String, ch: char, count: usize, marks: Marks) {
    let (open, times, close) = brackets(marks);
    // Writing to a String cannot fail.
    let _ = write!(out, "{open}U+{:04X}", u32::from(ch));
    if count > 1 {
        let _ = write!(out, "{times}{count}");
    }
    out.push(close);
}

fn left_out_mark(out: &mut String, count: usize, marks: Marks) {
    let (open, _, close) = brackets(marks);
    let _ = write!(out, "{open}+{count}{close}");
}

const fn brackets(marks: Marks) -> (char, char, char) {
    match marks {
        Marks::Unicode => ('\u{2039}', '\u{D7}', '\u{203A}'),
        Marks::Ascii => ('<', 'x', '>'),
    }
}

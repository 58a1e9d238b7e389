//! What a terminal without UTF-8 is shown.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::width::cluster_columns;

/// `text` in ASCII, cell for cell: frames and typographic signs become their plain kin, everything else one `?` for
/// each of its cells, so that no column moves.
pub fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        if cluster.is_ascii() {
            out.push_str(cluster);
            continue;
        }
        let mut chars = cluster.chars();
        match (chars.next().and_then(plain), chars.next()) {
            (Some(kin), None) => out.push(kin),
            _ => out.extend(std::iter::repeat_n('?', cluster_columns(cluster))),
        }
    }
    Cow::Owned(out)
}

/// The ASCII character that says the same in one cell.
fn plain(ch: char) -> Option<char> {
    Some(match ch {
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' => ' ',
        '\u{2018}'..='\u{201B}' | '\u{2032}' | '\u{B4}' => '\'',
        '\u{201C}'..='\u{201F}' | '\u{2033}' | '\u{AB}' | '\u{BB}' => '"',
        '\u{2039}' | '\u{2190}' => '<',
        '\u{203A}' | '\u{2192}' => '>',
        '\u{2010}'..='\u{2014}'
        | '\u{2212}'
        | '\u{2500}'
        | '\u{2501}'
        | '\u{2504}'
        | '\u{2505}'
        | '\u{2508}'
        | '\u{2509}'
        | '\u{254C}'
        | '\u{254D}' => '-',
        '\u{2026}' => '.',
        '\u{D7}' => 'x',
        '\u{2022}' | '\u{B7}' | '\u{25CF}' => '*',
        '\u{25CC}' => 'o',
        '\u{2191}' => '^',
        '\u{2193}' => 'v',
        '\u{2550}' => '=',
        '\u{2502}' | '\u{2503}' | '\u{2506}' | '\u{2507}' | '\u{250A}' | '\u{250B}' | '\u{2551}'
        | '\u{254E}' | '\u{254F}' => '|',
        '\u{250C}'..='\u{254B}' | '\u{2552}'..='\u{2570}' => '+',
        '\u{2588}' => '#',
        _ => return None,
    })
}

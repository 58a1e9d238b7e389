//! Stand-ins of known width for what terminals disagree about.
//!
//! A column stays straight only if the terminal counts as we do. Emoji sequences, flags, keycaps, conjuncts and
//! right-to-left runs are counted or placed differently by every other terminal, so a column shows something plainer
//! in their place; a body, which has nothing to its right, keeps them.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::{
    class::{
        KEYCAP, Script, is_assigned, is_emoji_modifier, is_extending, is_mark_without_width,
        is_regional_indicator, is_right_to_left, is_wide_emoji, script,
    },
    width::{cluster_columns, is_simple},
};

/// What stands where nothing better can: one cell everywhere.
const STAND_IN: char = '\u{25AF}';

/// `text` with every cluster that terminals measure differently replaced by one that they do not.
///
/// A flag becomes its letters, a keycap its digit, a family its first member, a right-to-left run the name of its
/// script. Expects safe text of one line.
pub fn steady(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_simple(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    // A right-to-left run that is open: its script, and the neutral characters since its last letter.
    let mut run: Option<(&'static str, String)> = None;
    for cluster in text.graphemes(true) {
        let first = cluster.chars().next().unwrap_or(' ');
        if is_right_to_left(first) {
            run = Some((run.map_or_else(|| script_name(first), |(name, _)| name), String::new()));
            continue;
        }
        match &mut run {
            Some((_, neutral)) if !first.is_alphanumeric() => push_steady(neutral, cluster, first),
            _ => {
                end_run(&mut out, run.take());
                push_steady(&mut out, cluster, first);
            }
        }
    }
    end_run(&mut out, run);
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

fn end_run(out: &mut String, run: Option<(&'static str, String)>) {
    if let Some((name, neutral)) = run {
        out.extend(["\u{2039}", name, "\u{203A}", &neutral]);
    }
}

fn script_name(ch: char) -> &'static str {
    match script(ch) {
        Script::Arabic => "Arabic",
        Script::Hebrew => "Hebrew",
        _ => "RTL",
    }
}

fn push_steady(out: &mut String, cluster: &str, first: char) {
    let mut rest = cluster.chars().skip(1);
    if rest.next().is_none() {
        out.push(alone(first));
        return;
    }
    if is_regional_indicator(first) {
        out.extend(cluster.chars().map(alone));
        return;
    }
    if cluster.contains(KEYCAP) && first.is_ascii() {
        out.push(first);
        return;
    }
    // What has one code point of its own is safest as that: decomposed Hangul, a letter with its accent.
    let composed: String = cluster.nfc().collect();
    let mut chars = composed.chars();
    let first = chars.next().unwrap_or(first);
    let accents = chars.clone().count();
    let accents_only = chars.all(|ch| is_mark_without_width(ch) || matches!(ch, '\u{FF9E}' | '\u{FF9F}'));
    if accents_only && accents <= 2 && is_steady(first) && !is_wide_emoji(first) {
        out.push_str(&composed);
    } else {
        out.push(composed.chars().find(|ch| is_steady(*ch)).unwrap_or(STAND_IN));
    }
}

fn alone(ch: char) -> char {
    if is_regional_indicator(ch) {
        return char::from_u32(u32::from(ch) - 0x1F1E6 + u32::from('A')).unwrap_or(STAND_IN);
    }
    if is_steady(ch) { ch } else { STAND_IN }
}

/// Whether every terminal in use gives the character, alone, the width that we give it.
fn is_steady(ch: char) -> bool {
    if ch.is_ascii() {
        return !ch.is_ascii_control();
    }
    if is_right_to_left(ch) || is_extending(ch) || is_regional_indicator(ch) || is_emoji_modifier(ch) {
        return false;
    }
    let cells = cluster_columns(ch.encode_utf8(&mut [0; 4]));
    if !matches!(cells, 1 | 2) || !is_assigned(ch) {
        return false;
    }
    // Made wide in Unicode 16: half of the terminals do not know yet.
    let newly_wide = matches!(ch, '\u{2630}'..='\u{2637}' | '\u{268A}'..='\u{268F}' | '\u{4DC0}'..='\u{4DFF}'
        | '\u{1D300}'..='\u{1D376}');
    // Thai and Lao AM are one cell of their own to some, part of the letter before to others.
    let joins_backwards = matches!(ch, '\u{E33}' | '\u{EB3}');
    let new_emoji = matches!(ch, '\u{1F6D3}'..='\u{1F6EA}' | '\u{1F6F7}'..='\u{1F6FF}' | '\u{1F7E0}'..='\u{1F7FF}'
        | '\u{1FA00}'..='\u{1FAFF}');
    !(newly_wide || joins_backwards || new_emoji)
}

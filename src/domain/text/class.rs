//! What a character is, for the purposes of a terminal.

use icu_properties::{
    CodePointMapData, CodePointMapDataBorrowed, CodePointSetData, CodePointSetDataBorrowed,
    props::{
        BidiClass, DefaultIgnorableCodePoint, Emoji, EmojiModifier, EmojiPresentation, ExtendedPictographic,
        GeneralCategory, NoncharacterCodePoint,
    },
};

pub(super) use icu_properties::props::Script;

const CATEGORY: CodePointMapDataBorrowed<'static, GeneralCategory> =
    CodePointMapData::<GeneralCategory>::new();
const BIDI: CodePointMapDataBorrowed<'static, BidiClass> = CodePointMapData::<BidiClass>::new();
const SCRIPT: CodePointMapDataBorrowed<'static, Script> = CodePointMapData::<Script>::new();
const IGNORABLE: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<DefaultIgnorableCodePoint>();
const NONCHARACTER: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<NoncharacterCodePoint>();
const EMOJI: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<Emoji>();
const EMOJI_MODIFIER: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<EmojiModifier>();
const EMOJI_WIDE: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<EmojiPresentation>();
const PICTOGRAPH: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<ExtendedPictographic>();

pub(super) const ZWNJ: char = '\u{200C}';
pub(super) const ZWJ: char = '\u{200D}';
pub(super) const VS15: char = '\u{FE0E}';
pub(super) const VS16: char = '\u{FE0F}';
pub(super) const KEYCAP: char = '\u{20E3}';

/// What to do with a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A graphic character that starts something.
    Plain,
    /// A mark that is drawn on what stands before it.
    Extending,
    /// ZWJ, ZWNJ, VS15 or VS16: kept where its neighbours need it.
    Joining,
    /// C0, DEL or C1.
    Control,
    /// Everything that hides, reorders or cannot be drawn.
    Hidden,
}

pub(super) fn class(ch: char) -> Class {
    if matches!(ch, ' '..='~') {
        return Class::Plain;
    }
    if matches!(ch, ZWJ | ZWNJ | VS15 | VS16) {
        return Class::Joining;
    }
    match CATEGORY.get(ch) {
        GeneralCategory::Control => Class::Control,
        GeneralCategory::Format
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator
        | GeneralCategory::PrivateUse
        | GeneralCategory::Surrogate => Class::Hidden,
        _ if IGNORABLE.contains(ch) || NONCHARACTER.contains(ch) => Class::Hidden,
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark | GeneralCategory::SpacingMark => {
            Class::Extending
        }
        _ => Class::Plain,
    }
}

/// Whether `ch` is written as an escape in JSON: Cc, Cf, U+2028, U+2029.
pub(super) fn is_unsafe_in_json(ch: char) -> bool {
    match ch {
        ' '..='~' => false,
        '\u{2028}' | '\u{2029}' => true,
        _ => matches!(CATEGORY.get(ch), GeneralCategory::Control | GeneralCategory::Format),
    }
}

pub(super) fn is_mark_without_width(ch: char) -> bool {
    CATEGORY.get(ch) == GeneralCategory::NonspacingMark && !IGNORABLE.contains(ch)
}

pub(super) fn is_assigned(ch: char) -> bool {
    CATEGORY.get(ch) != GeneralCategory::Unassigned
}

pub(super) fn is_extending(ch: char) -> bool {
    class(ch) == Class::Extending
}

pub(super) fn is_pictograph(ch: char) -> bool {
    PICTOGRAPH.contains(ch)
}

pub(super) fn is_emoji(ch: char) -> bool {
    EMOJI.contains(ch)
}

pub(super) fn is_emoji_modifier(ch: char) -> bool {
    EMOJI_MODIFIER.contains(ch)
}

pub(super) fn is_wide_emoji(ch: char) -> bool {
    EMOJI_WIDE.contains(ch)
}

pub(super) fn is_regional_indicator(ch: char) -> bool {
    matches!(ch, '\u{1F1E6}'..='\u{1F1FF}')
}

pub(super) fn is_right_to_left(ch: char) -> bool {
    !ch.is_ascii()
        && matches!(BIDI.get(ch), BidiClass::RightToLeft | BidiClass::ArabicLetter | BidiClass::ArabicNumber)
}

pub(super) fn script(ch: char) -> Script {
    SCRIPT.get(ch)
}

/// Whether the character belongs to a script whose spelling needs ZWJ and ZWNJ (Unicode 23.2, RFC 5892 A.1).
pub(super) fn needs_joiners(ch: char) -> bool {
    !ch.is_ascii()
        && matches!(
            SCRIPT.get(ch),
            Script::Arabic
                | Script::Syriac
                | Script::Nko
                | Script::Mongolian
                | Script::Devanagari
                | Script::Bengali
                | Script::Gurmukhi
                | Script::Gujarati
                | Script::Oriya
                | Script::Tamil
                | Script::Telugu
                | Script::Kannada
                | Script::Malayalam
                | Script::Sinhala
                | Script::Khmer
                | Script::Myanmar
        )
}

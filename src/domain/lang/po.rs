//! Reads the part of gettext's PO format that the catalogues use: `msgctxt`, `msgid`, `msgstr`, texts over several
//! lines, comments. They are part of the program and a test reads them: what is not understood is skipped.

use super::Catalogue;

/// The sentences of a catalogue; those without a translation are left out.
pub fn read(text: &'static str) -> Catalogue {
    let mut catalogue = Catalogue::new();
    for [context, english, other] in entries(text) {
        if !english.is_empty() && !other.is_empty() {
            catalogue.insert((context, english), other);
        }
    }
    catalogue
}

/// Context, English and translation of every entry, in the order of the file.
pub fn entries(text: &'static str) -> Vec<[&'static str; 3]> {
    let mut entries = Vec::new();
    let mut entry = [""; 3];
    let mut field = 0;
    for line in text.lines().map(str::trim) {
        let begun = ["msgctxt ", "msgid ", "msgstr "].iter().position(|word| line.starts_with(word));
        if let Some(begun) = begun {
            // An entry ends where the next one begins.
            if begun < 2 && field == 2 {
                entries.push(std::mem::take(&mut entry));
            }
            field = begun;
        }
        if let Some((from, to)) = line.find('"').zip(line.rfind('"'))
            && from < to
            && !line.starts_with('#')
        {
            entry[field] = joined(entry[field], &line[from + 1..to]);
        }
    }
    entries.push(entry);
    entries
}

/// Most texts stand on one line and are used where they lie; what has to be put together is kept for good, once.
fn joined(before: &'static str, piece: &'static str) -> &'static str {
    if before.is_empty() && !piece.contains('\\') {
        return piece;
    }
    let piece = piece.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\");
    Box::leak(format!("{before}{piece}").into_boxed_str())
}

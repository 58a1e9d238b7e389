use proptest::prelude::*;

use super::*;

#[test]
fn a_senders_name_is_reduced_to_a_harmless_last_part() {
    for (theirs, ours) in [
        ("order.pdf", "order.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/", "file"),
        ("..", "file"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("nota fiscal (2).pdf", "nota fiscal (2).pdf"),
        ("São João.png", "São João.png"),
        ("", "file"),
    ] {
        assert_eq!(safe_file_name(theirs), ours, "{theirs:?}");
    }
    let long = format!("{}.pdf", "ã".repeat(400));
    let short = safe_file_name(&long);
    assert!(short.len() <= 160 && short.rsplit_once('.').is_some_and(|(_, end)| end == "pdf"), "{short}");
}

proptest! {
    #[test]
    fn no_name_leaves_its_folder_or_holds_a_control(theirs in "\\PC*|[\\x00-\\x1f./\\\\]*|.*") {
        let ours = safe_file_name(&theirs);
        prop_assert!(!ours.is_empty() && ours != "." && ours != ".." && !ours.starts_with(['.', '-']));
        prop_assert!(!ours.contains(['/', '\\', '\0']) && !ours.chars().any(char::is_control));
        prop_assert!(ours.len() <= 160);
    }
}

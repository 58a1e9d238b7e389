use super::*;
use crate::domain::Lang;

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

#[test]
fn a_text_is_shown_up_to_a_limit_and_a_program_is_not() {
    let short = file("Olá\n".as_bytes());
    assert_eq!(of(short.path(), "text/plain", Lang::En), PreviewBody::Text("Olá\n".into()));
    let long = file("ã".repeat(200_000).as_bytes());
    let PreviewBody::Text(text) = of(long.path(), "text/plain", Lang::En) else { panic!("no text") };
    assert!(text.len() < 200_000 && text.ends_with("not shown"));
    let program = file(b"\x7fELF\0\0");
    assert!(matches!(of(program.path(), "text/plain", Lang::En), PreviewBody::Nothing(_)));
}

#[test]
fn a_picture_is_made_small_and_a_broken_one_says_so() {
    let parcel = file(include_bytes!("../../../assets/demo/parcel.png"));
    let PreviewBody::Picture { width, height, points } = of(parcel.path(), "image/png", Lang::En) else {
        panic!("no picture")
    };
    assert_eq!(points.len(), (width * height * 3) as usize);
    assert!(width <= SIDE && height <= SIDE);
    let broken = file(b"\x89PNG\r\n\x1a\nnothing");
    assert!(matches!(of(broken.path(), "image/png", Lang::En), PreviewBody::Nothing(_)));
}

#[test]
fn what_cannot_be_shown_is_said_in_the_screens_language() {
    let program = file(b"\x7fELF\0\0");
    let PreviewBody::Nothing(why) = of(program.path(), "application/x-elf", Lang::De) else {
        panic!("shown")
    };
    assert_eq!(why, "application/x-elf lässt sich hier nicht zeigen; öffnen oder speichern");
}

use base64::{Engine, prelude::BASE64_STANDARD};
use ratatui::layout::Rect;

use super::*;

/// A photo of noise: nothing makes it small.
fn noise(width: u32, height: u32) -> Placed {
    let mut chance = fastrand::Rng::with_seed(7);
    let points: Vec<u8> = (0..width * height * 3).map(|_| chance.u8(..)).collect();
    Placed { area: Rect::new(0, 3, 40, 10), width, height, points: points.into() }
}

/// The control data and the payload of each command in `bytes`.
fn commands(bytes: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut rest = bytes;
    while let Some(inner) = rest.strip_prefix("\x1b_G") {
        let (command, after) = inner.split_once("\x1b\\").unwrap();
        let (control, payload) = command.split_once(';').unwrap_or((command, ""));
        all.push((control.to_owned(), payload.to_owned()));
        rest = after;
    }
    assert_eq!(rest, "", "nothing but commands");
    all
}

#[test]
fn kitty_gets_one_png_in_pieces_over_the_cells_and_answers_nothing() {
    let placed = noise(200, 100);
    let bytes = drawn(Protocol::Kitty, &placed, (8, 16), MOST).unwrap();
    let commands = commands(&bytes);
    assert!(commands.iter().all(|(control, payload)| control.contains("q=2") && payload.len() <= 4096));
    assert!(commands[0].0.contains("a=d"), "the one before is taken off first");
    let first = &commands[1].0;
    for part in ["a=T", "f=100", "C=1", "c=40", "r=10", "m=1"] {
        assert!(first.split(',').any(|it| it == part), "{part} in {first}");
    }
    assert!(commands.last().unwrap().0.contains("m=0"));
    let png: String = commands[1..].iter().map(|(_, payload)| payload.as_str()).collect();
    let png = BASE64_STANDARD.decode(png).unwrap();
    let reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), (200, 100));
}

#[test]
fn a_sixel_is_as_large_as_its_cells_and_never_larger() {
    let bytes = drawn(Protocol::Sixel, &noise(400, 200), (8, 16), MOST).unwrap();
    assert!(bytes.starts_with("\x1bP") && bytes.ends_with("\x1b\\"));
    // Raster attributes: width and height in points.
    let raster = bytes.split_once('"').unwrap().1;
    let numbers: Vec<u32> = raster
        .split(|it: char| !it.is_ascii_digit() && it != ';')
        .next()
        .unwrap()
        .split(';')
        .map(|it| it.parse().unwrap())
        .collect();
    assert_eq!(numbers[2..], [320, 160]);
    assert!(bytes[2..bytes.len() - 2].bytes().all(|it| (b' '..=b'~').contains(&it)), "nothing but letters");
}

#[test]
fn a_picture_is_made_smaller_until_it_fits_the_line() {
    for protocol in [Protocol::Kitty, Protocol::Sixel] {
        let placed = noise(640, 480);
        let cheap = drawn(protocol, &placed, (8, 16), MOST_SLOWLY).unwrap();
        assert!(cheap.len() <= MOST_SLOWLY && cheap.len() > MOST_SLOWLY / 8, "{}", cheap.len());
        assert_eq!(drawn(protocol, &placed, (8, 16), 100), None);
    }
}

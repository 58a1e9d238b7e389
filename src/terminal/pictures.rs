//! Pictures that a terminal draws itself: kitty's graphics protocol and sixel, each only where the terminal said that it
//! has it. Half blocks need neither: they are letters.
//!
//! A photo is worth its bytes only where somebody asked to look at it, and on a bad line not even then at any price: what
//! is sent is made smaller until it fits a budget.

use std::fmt::Write as _;

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::ui::Placed;

/// How the terminal takes pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// kitty's: PNG in pieces of base64, scaled by the terminal, on a layer of its own.
    Kitty,
    /// Rows of six points, drawn into the cells.
    Sixel,
}

/// The most bytes that a picture may cost.
pub const MOST: usize = 512 << 10;
/// The same over a line where each byte is felt.
pub const MOST_SLOWLY: usize = 48 << 10;
/// A picture of fewer points in a row shows nothing any more.
const LEAST: u32 = 24;
/// Our picture's name among the terminal's: any number that is ours alone.
const NAME: u32 = 20_261;
/// The pieces that kitty's protocol allows.
const PIECE: usize = 4096;

/// Takes our picture off a terminal of kitty's protocol, its data too. Nothing is answered.
pub fn removal() -> String {
    format!("\x1b_Ga=d,d=I,i={NAME},q=2\x1b\\")
}

/// What draws `placed` from its upper left cell on, in at most `most` bytes; `cell` is the width and height of a cell in
/// points. Nothing where it cannot be made small enough.
pub fn drawn(protocol: Protocol, placed: &Placed, cell: (u16, u16), most: usize) -> Option<String> {
    let room = u32::from(placed.area.width) * u32::from(cell.0);
    // kitty scales what comes; a sixel is as large as it is sent.
    let mut width = match protocol {
        Protocol::Kitty => placed.width.min(room.max(1)),
        Protocol::Sixel => room.min(placed.width * 2),
    };
    while width >= LEAST.min(placed.width) {
        let height = (placed.height * width / placed.width).max(1);
        let bytes = match protocol {
            Protocol::Kitty => kitty(placed, width, height)?,
            Protocol::Sixel => {
                let most_rows = u32::from(placed.area.height) * u32::from(cell.1);
                sixel(placed, width, height.min(most_rows.max(1)))?
            }
        };
        if bytes.len() <= most {
            return Some(bytes);
        }
        // Bytes grow with both sides; a tenth less at least, so that it ends.
        let area = u64::from(width).pow(2) * most as u64 / bytes.len() as u64;
        width = u32::try_from(area.isqrt()).unwrap_or(width).min(width * 9 / 10);
    }
    None
}

fn kitty(placed: &Placed, width: u32, height: u32) -> Option<String> {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&placed.scaled(width, height)).ok()?;
    writer.finish().ok()?;
    let coded = BASE64_STANDARD.encode(png);
    let mut out = removal();
    let mut pieces = coded.as_bytes().chunks(PIECE).peekable();
    let (columns, rows) = (placed.area.width, placed.area.height);
    let first = format!("a=T,f=100,i={NAME},p=1,q=2,C=1,c={columns},r={rows},");
    let mut head = first.as_str();
    while let Some(piece) = pieces.next() {
        let more = u8::from(pieces.peek().is_some());
        let piece = std::str::from_utf8(piece).ok()?;
        write!(out, "\x1b_G{head}m={more};{piece}\x1b\\").ok()?;
        head = "q=2,";
    }
    Some(out)
}

fn sixel(placed: &Placed, width: u32, height: u32) -> Option<String> {
    let rgba: Vec<u8> = placed
        .scaled(width, height)
        .chunks_exact(3)
        .flat_map(|point| [point[0], point[1], point[2], u8::MAX])
        .collect();
    let options = icy_sixel::EncodeOptions::default();
    icy_sixel::sixel_encode(&rgba, width as usize, height as usize, &options).ok()
}

#[cfg(test)]
mod tests;

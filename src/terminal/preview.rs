//! A stored file as far as a terminal can show it. Nothing of it is run, and nothing that claims to be large is believed.

use std::{io::Read, path::Path};

use crate::{
    app::preview::{PreviewBody, scaled},
    domain::{Lang, lang::tr},
};

/// Bytes of a text that are read.
const TEXT: u64 = 128 << 10;
/// The longer side of the small copy of a picture, in points.
const SIDE: u32 = 640;
/// Points of a picture that is decoded at most.
const MOST_POINTS: usize = 30_000_000;

/// What of a file can be shown.
pub fn of(path: &Path, mime: &str, lang: Lang) -> PreviewBody {
    let shown = match mime {
        "image/png" | "image/jpeg" => picture(path, lang),
        _ => text(path, lang).map_err(|error| error.to_string()),
    };
    match shown {
        Ok(Some(body)) => body,
        Ok(None) => PreviewBody::Nothing(tr!(lang, "{mime} cannot be shown here; open or save it", mime)),
        Err(why) => PreviewBody::Nothing(tr!(lang, "it cannot be shown: {why}", why)),
    }
}

fn text(path: &Path, lang: Lang) -> std::io::Result<Option<PreviewBody>> {
    let file = std::fs::File::open(path)?;
    let whole = file.metadata()?.len();
    let mut bytes = Vec::new();
    file.take(TEXT).read_to_end(&mut bytes)?;
    // What holds a NUL is no text, whatever its type says.
    if bytes.contains(&0) {
        return Ok(None);
    }
    let cut = whole > TEXT;
    let mut text = match std::str::from_utf8(&bytes) {
        Ok(text) => text.to_owned(),
        Err(error) if cut && error.error_len().is_none() => {
            String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned()
        }
        Err(_) => return Ok(None),
    };
    if cut {
        text.push_str("\n... ");
        text.push_str(lang.tr("the rest is not shown"));
    }
    Ok(Some(PreviewBody::Text(text)))
}

/// Points of a picture: how many in a row, how many rows, and three bytes for each.
struct Points {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

fn picture(path: &Path, lang: Lang) -> Result<Option<PreviewBody>, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let whole = if bytes.starts_with(b"\x89PNG") { png(&bytes, lang) } else { jpeg(&bytes, lang) }?;
    let (width, height, points) = small(&whole);
    Ok(Some(PreviewBody::Picture { width, height, points: points.into() }))
}

fn believed(width: usize, height: usize, lang: Lang) -> Result<(u32, u32), String> {
    match width.checked_mul(height) {
        Some(1..=MOST_POINTS) => Ok((u32::try_from(width).unwrap_or(0), u32::try_from(height).unwrap_or(0))),
        _ => Err(tr!(lang, "it says that it has {width} x {height} points", width, height)),
    }
}

fn png(bytes: &[u8], lang: Lang) -> Result<Points, String> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    decoder.set_limits(png::Limits { bytes: MOST_POINTS * 4 });
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let about = reader.info();
    let (width, height) = believed(about.width as usize, about.height as usize, lang)?;
    let size = reader.output_buffer_size().ok_or_else(|| lang.tr("it is too large"))?;
    let mut buffer = vec![0; size];
    let frame = reader.next_frame(&mut buffer).map_err(|error| error.to_string())?;
    let step = frame.color_type.samples();
    let rgb = buffer[..frame.buffer_size()]
        .chunks_exact(step)
        .flat_map(|point| match point {
            [grey] | [grey, _] => [*grey; 3],
            [red, green, blue, ..] => [*red, *green, *blue],
            [] => [0; 3],
        })
        .collect();
    Ok(Points { width, height, rgb })
}

fn jpeg(bytes: &[u8], lang: Lang) -> Result<Points, String> {
    let mut decoder = zune_jpeg::JpegDecoder::new(std::io::Cursor::new(bytes));
    decoder.decode_headers().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions().ok_or_else(|| lang.tr("it has no size"))?;
    let (width, height) = believed(width, height, lang)?;
    let rgb = decoder.decode().map_err(|error| error.to_string())?;
    if rgb.len() != (width * height * 3) as usize {
        return Err(lang.tr("its colours are not red, green and blue").to_owned());
    }
    Ok(Points { width, height, rgb })
}

/// A copy whose longer side has [`SIDE`] points at most.
fn small(of: &Points) -> (u32, u32, Vec<u8>) {
    let longer = of.width.max(of.height);
    let fit = |side: u32| if longer <= SIDE { side } else { (side * SIDE / longer).max(1) };
    let (width, height) = (fit(of.width), fit(of.height));
    (width, height, scaled(&of.rgb, (of.width, of.height), (width, height)))
}

#[cfg(test)]
mod tests;

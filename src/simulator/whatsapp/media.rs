//! Files: which kind takes what, and where they are kept.

use super::{Api, Media, Number};
use crate::simulator::wire::Turn;

const MB: usize = 1024 * 1024;

impl Number {
    /// Keeps bytes and gives them an id.
    pub(super) fn keep(&mut self, bytes: Vec<u8>, mime: &str, turn: &mut Turn<'_>) -> String {
        self.next_media += 1;
        let id = format!("10375{:010}{}", turn.rng.u32(..), self.next_media);
        self.media.insert(id.clone(), Media { bytes, mime: mime.into() });
        id
    }
}

/// Media types without their parameters.
fn bare(mime: &str) -> &str {
    mime.split(';').next().unwrap_or_default().trim()
}

/// Whether a type may be uploaded to the Cloud API at all.
pub(super) fn cloud_takes(mime: &str, size: usize) -> Result<(), String> {
    for kind in ["image", "video", "audio", "sticker", "document"] {
        if kind_takes(Api::Cloud, kind, mime, size).is_ok() {
            return Ok(());
        }
    }
    Err(format!(
        "Param file must be a file with one of the supported types and sizes. Received {mime} of {size} bytes"
    ))
}

/// Whether a kind of message takes a file.
pub(super) fn kind_takes(api: Api, kind: &str, mime: &str, size: usize) -> Result<(), String> {
    let mime = bare(mime);
    let (types, most): (&[&str], usize) = match kind {
        "audio" => {
            (&["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/ogg"], 16 * MB)
        }
        "image" => (&["image/jpeg", "image/png"], 5 * MB),
        "sticker" => (&["image/webp"], if api == Api::Cloud { 500 * 1024 } else { 100 * 1024 }),
        "video" => (&["video/mp4", "video/3gpp"], 16 * MB),
        _ => (
            &[
                "text/plain",
                "application/pdf",
                "application/msword",
                "application/vnd.ms-excel",
                "application/vnd.ms-powerpoint",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            ],
            100 * MB,
        ),
    };
    let any = api == Api::OnPremises && kind == "document" && mime.contains('/');
    if !any && !types.contains(&mime) {
        return Err(format!("{kind} does not take {mime}"));
    }
    if size > most {
        return Err(format!("{kind} takes at most {most} bytes, not {size}"));
    }
    Ok(())
}

//! The uploader on the shop's host: a token in, a token out.

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use serde_json::json;

use super::{Shop, Token, UPLOAD_PATH};
use crate::simulator::{
    book::BookAttachment,
    wire::{Call, Reply, Turn, sha256_hex, sniff},
};

/// What may be uploaded.
const TYPES: [&str; 5] = ["image/jpeg", "image/png", "image/gif", "application/pdf", "text/plain"];

impl Shop {
    /// Gives the shopper's token for uploads; needed once, at the start.
    pub fn prepare(&mut self, rng: &mut fastrand::Rng) {
        // Not a UUID, as the seed's is not: nobody may parse it.
        self.upload_token = format!("{:08X}-C5E6-617E-BFB2-MUM{:06X}", rng.u32(..), rng.u32(..0x0100_0000));
    }

    pub(super) fn upload(&mut self, call: &Call, turn: &mut Turn<'_>) -> Reply {
        let wanted = format!("/thg-shop{UPLOAD_PATH}");
        if call.target.split('?').next() != Some(wanted.as_str()) {
            turn.book.breach(format!("thg upload: nothing at {}", call.target));
            return Reply::text(404, "Not Found");
        }
        if call.method != "POST" || call.content_type() != "multipart/form-data" {
            turn.book.breach(format!("thg upload: {} with {:?}", call.method, call.header("content-type")));
            return Reply::text(400, "multipart/form-data expected");
        }
        if call.header("authorization").is_some() || call.header("cookie").is_some() {
            turn.book.breach("thg upload: credentials sent to the shop's host");
        }
        let failed = |code: u8| {
            Reply::json(
                200,
                &json!({"successful": false, "token": null, "mimeType": null, "errorCode": code}),
            )
        };
        let field =
            |name: &str| call.part(name).map(|part| String::from_utf8_lossy(&part.bytes).into_owned());
        let (upload, auth) = (field("uploadToken"), field("authToken"));
        let token = match (&upload, &auth) {
            (Some(one), Some(other)) if one != other => {
                turn.book.breach("thg upload: uploadToken and authToken differ");
                return failed(1);
            }
            (Some(one), _) => one,
            (None, Some(other)) if turn.switches.thg_auth_token_field => other,
            _ => {
                turn.book.breach("thg upload: no uploadToken");
                return failed(1);
            }
        };
        if *token != self.upload_token {
            return failed(1);
        }
        let Some(file) = call.part("attachment") else {
            turn.book.breach("thg upload: no attachment");
            return failed(4);
        };
        if file.file.is_none() {
            turn.book.breach("thg upload: the attachment has no file name");
        }
        if file.bytes.len() > turn.switches.thg_max_upload {
            return failed(2);
        }
        let mime = sniff(&file.bytes);
        if !TYPES.contains(&mime) {
            return failed(3);
        }
        self.next_upload += 1;
        let text = BASE64_STANDARD_NO_PAD.encode(format!("{}:{:032x}", self.next_upload, turn.rng.u128(..)));
        self.uploads.push(Token { text: text.clone(), used: false, at: turn.now });
        turn.book.attach(BookAttachment {
            vendor: "thg".into(),
            id: text.clone(),
            name: file.file.clone(),
            mime: mime.into(),
            size: file.bytes.len(),
            sha256: sha256_hex(&file.bytes),
            from_us: true,
            message: None,
        });
        Reply::json(200, &json!({"successful": true, "token": text, "mimeType": mime, "errorCode": 0}))
    }
}

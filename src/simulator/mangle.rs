//! Faults that change an answer after the vendor has given it.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{faults::What, wire::Reply};

/// Stands where broken bytes are put in after the JSON has been written.
const MARK: &str = "@@deskline-fault@@";

/// Names of fields that hold what people wrote.
const TEXTS: [&str; 5] = ["message", "content", "body", "text", "title"];

/// Applies a fault to an answer. Faults of the line itself (resets, pauses) are not done here.
pub(super) fn mangle(reply: &mut Reply, what: &What) {
    match what {
        What::StatusAfter { code, body } => {
            *reply = Reply::text(*code, body.clone());
            if body.starts_with('{') {
                reply.headers = vec![("content-type", "application/json".into())];
            }
        }
        What::Html => {
            reply.status = StatusCode::OK;
            reply.headers = vec![("content-type", "text/html; charset=utf-8".into())];
            reply.body = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We'll be back soon.</body></html>".to_vec();
        }
        What::Garbage => reply.body = b"{\"ok\":tru".to_vec(),
        What::TruncatedJson => reply.body.truncate(reply.body.len() / 2),
        What::Huge { bytes } => {
            reply.body = b"{\"padding\":\"".to_vec();
            reply.body.resize(*bytes, b'a');
            reply.body.extend_from_slice(b"\"}");
        }
        What::GzipBomb { bytes } => {
            reply.body = gzip_of_spaces(*bytes);
            reply.headers.push(("content-encoding", "gzip".into()));
        }
        What::ContentType { value } => {
            reply.headers.retain(|(name, _)| *name != "content-type");
            reply.headers.push(("content-type", value.clone()));
        }
        What::UnknownEnum { field } => edit(reply, |name, value| {
            if name == field && value.is_string() {
                *value = json!("SOMETHING_NEW");
            }
            true
        }),
        What::MissingField { field } => edit(reply, |name, _| name != field),
        What::ExtraFields => edit_objects(reply, &mut |object| {
            object.insert("addedLater".into(), json!({"nobody": ["knows", 1, null]}));
        }),
        What::LoneSurrogate => splice(reply, b"\\ud83d"),
        What::Nul => splice(reply, b"\\u0000"),
        What::InvalidUtf8 => splice(reply, &[0xff, 0xfe, 0xc3]),
        _ => {}
    }
}

fn edit(reply: &mut Reply, mut keep: impl FnMut(&str, &mut Value) -> bool) {
    fn walk(value: &mut Value, keep: &mut dyn FnMut(&str, &mut Value) -> bool) {
        match value {
            Value::Object(map) => {
                let names: Vec<String> = map.keys().cloned().collect();
                for name in names {
                    let Some(inner) = map.get_mut(&name) else { continue };
                    if keep(&name, inner) {
                        walk(inner, keep);
                    } else {
                        map.shift_remove(&name);
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|inner| walk(inner, keep)),
            _ => {}
        }
    }
    if let Ok(mut value) = serde_json::from_slice::<Value>(&reply.body) {
        walk(&mut value, &mut keep);
        reply.body = value.to_string().into_bytes();
    }
}

fn edit_objects(reply: &mut Reply, change: &mut dyn FnMut(&mut serde_json::Map<String, Value>)) {
    fn walk(value: &mut Value, change: &mut dyn FnMut(&mut serde_json::Map<String, Value>)) {
        match value {
            Value::Object(map) => {
                map.values_mut().for_each(|inner| walk(inner, change));
                change(map);
            }
            Value::Array(list) => list.iter_mut().for_each(|inner| walk(inner, change)),
            _ => {}
        }
    }
    if let Ok(mut value) = serde_json::from_slice::<Value>(&reply.body) {
        walk(&mut value, change);
        reply.body = value.to_string().into_bytes();
    }
}

/// Puts raw bytes behind the first text that people wrote.
fn splice(reply: &mut Reply, bytes: &[u8]) {
    let mut done = false;
    edit(reply, |name, value| {
        if let (false, true, Value::String(text)) = (done, TEXTS.contains(&name), value) {
            text.push_str(MARK);
            done = true;
        }
        true
    });
    if let Some(at) = reply.body.windows(MARK.len()).position(|window| window == MARK.as_bytes()) {
        reply.body.splice(at..at + MARK.len(), bytes.iter().copied());
    }
}

/// A gzip stream that unpacks to `{"a":"` and about `bytes` spaces, written bit by bit with the fixed code of RFC 1951:
/// a crate for this one fault would be the simulator's largest dependency.
fn gzip_of_spaces(bytes: usize) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut held, mut filled) = (0_u32, 0_u32);
    let mut push = |bits: u32, count: u32| {
        held |= bits << filled;
        filled += count;
        while filled >= 8 {
            out.push((held & 0xff) as u8);
            held >>= 8;
            filled -= 8;
        }
    };
    // Codes are sent from their highest bit, everything else from the lowest.
    let code = |value: u32, count: u32| value.reverse_bits() >> (32 - count);
    push(0b011, 3);
    for literal in b"{\"a\":\" " {
        push(code(0x30 + u32::from(*literal), 8), 8);
    }
    for _ in 0..bytes / 258 {
        push(code(0b1100_0101, 8), 8);
        push(0, 5);
    }
    push(0, 7);
    push(0, 7);
    // Checksum and length are left wrong: nobody who bounds what he unpacks gets there.
    out.extend_from_slice(&[0; 8]);
    out
}

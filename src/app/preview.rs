//! A file of the selected message in a pane: as text, or as a picture where the terminal proves its colours.

use std::sync::Arc;

use super::{
    actions::Act,
    model::{Load, Model},
    msg::{Effect, Request},
    popup::{Choice, PickerKind, What},
    words,
};
use crate::domain::{Attachment, Lang, MessageId, text::SafeText};

/// A file on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Its name, size and type.
    pub title: String,
    /// What of it can be shown; `None` until it has been read.
    pub body: Option<PreviewBody>,
    /// The first line on the screen.
    pub top: usize,
}

/// What of a file can be shown.
#[derive(Clone, Debug, PartialEq)]
pub enum PreviewBody {
    /// Its text, or the beginning of it; hostile until made safe.
    Text(String),
    /// A small copy of a picture: three bytes for each of `width` times `height` points.
    Picture {
        /// Points in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// Red, green, blue.
        points: Arc<[u8]>,
    },
    /// Why there is nothing to show.
    Nothing(String),
}

impl Model {
    /// Open, save or look at a file of the selected message; which, where it has several.
    pub(super) fn attachment(&mut self, act: Act) {
        let files = self.files_here();
        match files.as_slice() {
            [] => self.say(self.lang.tr("the selected message has no file")),
            [(message, file)] => self.take_file(act, *message, file.n),
            _ => self.open_picker(PickerKind::Files(act)),
        }
    }

    fn files_here(&self) -> Vec<(MessageId, Attachment)> {
        let message = self.thread.as_ref().and_then(|thread| thread.selected_message());
        message.into_iter().flat_map(|it| it.attachments.iter().map(|file| (it.id, file.clone()))).collect()
    }

    /// The files of the selected message, for a pop-up.
    pub(super) fn file_choices(&self) -> Vec<Choice> {
        self.files_here()
            .iter()
            .map(|(_, file)| Choice {
                title: format!("{} {}", file.n, name(file)),
                beside: about(self.lang, file),
                enabled: true,
                digit: None,
                what: What::Title,
            })
            .collect()
    }

    /// The file that was chosen, by the number at the head of its line.
    pub(super) fn file_chosen(&mut self, act: Act, title: &str) {
        let n = title.split(' ').next().and_then(|n| n.parse::<u32>().ok());
        let found = self.files_here().into_iter().find(|(_, file)| Some(file.n) == n);
        match found {
            Some((message, file)) => self.take_file(act, message, file.n),
            None => self.say(self.lang.tr("the selected message has no such file")),
        }
    }

    fn take_file(&mut self, act: Act, message: MessageId, n: u32) {
        match act {
            Act::Save => {
                let ticket = self.ticket();
                self.fx.push(Effect::SaveAttachment { ticket, message, n, to: None });
            }
            Act::Preview => {
                let file = self.files_here().into_iter().find(|(_, file)| file.n == n);
                let title = file
                    .map_or_else(String::new, |(_, it)| format!("{}  {}", name(&it), about(self.lang, &it)));
                self.preview = Some(Preview { title, body: None, top: 0 });
                self.load(Load::Preview, Request::Preview { message, n, lang: self.lang });
            }
            _ => {
                let ticket = self.ticket();
                self.fx.push(Effect::OpenFile(ticket, message, n));
            }
        }
    }

    pub(super) fn preview_loaded(&mut self, body: PreviewBody) {
        if let Some(preview) = &mut self.preview {
            preview.body = Some(body);
        }
    }
}

/// A picture in another size, each point the mean of those that it stands for.
pub fn scaled(points: &[u8], of: (u32, u32), to: (u32, u32)) -> Vec<u8> {
    let mut all = Vec::with_capacity((to.0 * to.1 * 3) as usize);
    let span = |at: u32, to: u32, from: u32| {
        let first = at * from / to;
        first..((at + 1) * from / to).max(first + 1)
    };
    for y in 0..to.1 {
        for x in 0..to.0 {
            let (mut sum, mut n) = ([0_u32; 3], 0);
            for row in span(y, to.1, of.1) {
                for column in span(x, to.0, of.0) {
                    let at = ((row * of.0 + column) * 3) as usize;
                    for (sum, value) in sum.iter_mut().zip(points.get(at..at + 3).unwrap_or_default()) {
                        *sum += u32::from(*value);
                    }
                    n += 1;
                }
            }
            all.extend(sum.map(|sum| u8::try_from(sum / n.max(1)).unwrap_or(u8::MAX)));
        }
    }
    all
}

fn name(file: &Attachment) -> String {
    SafeText::name(file.name.as_deref().unwrap_or("file")).into_string()
}

/// Size, type and whether it is here.
fn about(lang: Lang, file: &Attachment) -> String {
    let size = file.size.map_or_else(|| lang.tr("size unknown").to_owned(), words::bytes);
    let mime = SafeText::line(file.mime.as_deref().unwrap_or_else(|| lang.tr("type unknown"))).into_string();
    format!("{size}  {mime}  {}", lang.word("file", file.state.as_str()))
}

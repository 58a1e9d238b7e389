//! Reads the files of canned replies and the names of products. They are small and read when `m` opens, so that nobody
//! has to watch them.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use crate::app::canned::{ProductName, Shelf, name_of, parse};

/// The largest file of a canned reply, in bytes.
const MAX_REPLY: u64 = 64 * 1024;
/// As many files as a folder may hold.
const MAX_FILES: usize = 2000;
/// The largest file of products, in bytes.
const MAX_PRODUCTS: u64 = 64 << 20;

/// Where they are.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Folders of canned replies, the later wins.
    pub folders: Vec<PathBuf>,
    /// `sku,title,url`.
    pub products: Option<PathBuf>,
}

impl Files {
    /// Reads them all.
    pub async fn read(&self) -> Shelf {
        let files = self.clone();
        tokio::task::spawn_blocking(move || files.read_now()).await.unwrap_or_default()
    }

    fn read_now(&self) -> Shelf {
        let mut shelf = Shelf::default();
        let mut replies = BTreeMap::new();
        for folder in &self.folders {
            // A folder need not exist; what a colleague may not read is as good as not there.
            let Ok(entries) = fs::read_dir(folder) else { continue };
            let mut files: Vec<PathBuf> =
                entries.flatten().map(|entry| entry.path()).take(MAX_FILES).collect();
            files.sort();
            for path in files {
                let file = path.file_name().and_then(|it| it.to_str()).unwrap_or_default().to_owned();
                let Some((name, lang)) = name_of(&file) else { continue };
                match text(&path, MAX_REPLY).and_then(|text| parse(&name, lang.as_deref(), &text)) {
                    Ok(reply) => _ = replies.insert((name, lang), reply),
                    Err(why) => shelf.broken.push((file, why)),
                }
            }
        }
        shelf.replies = replies.into_values().collect();
        if let Some(path) = &self.products {
            match products(path) {
                Ok(products) => shelf.products = products,
                Err(why) => {
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    shelf.broken.push((name, why));
                }
            }
        }
        shelf
    }
}

fn text(path: &Path, most: u64) -> Result<String, String> {
    let words = |error: std::io::Error| format!("cannot be read: {error}");
    let file = fs::File::open(path).map_err(words)?;
    if !file.metadata().map_err(words)?.is_file() {
        return Err("is no file".into());
    }
    let mut text = String::new();
    let read = file.take(most + 1).read_to_string(&mut text).map_err(words)?;
    if read as u64 > most { Err(format!("is larger than {} kB", most / 1024)) } else { Ok(text) }
}

fn products(path: &Path) -> Result<HashMap<String, ProductName>, String> {
    let text = text(path, MAX_PRODUCTS)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
    let mut products = HashMap::new();
    for (line, record) in reader.records().enumerate() {
        let record = record.map_err(|error| format!("cannot be read: {error}"))?;
        let column = |at: usize| record.get(at).unwrap_or_default().to_owned();
        let heading = line == 0 && column(0).eq_ignore_ascii_case("sku");
        if !heading && !column(0).is_empty() {
            products.insert(column(0), ProductName { title: column(1), url: column(2) });
        }
    }
    Ok(products)
}

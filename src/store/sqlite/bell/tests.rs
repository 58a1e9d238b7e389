use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64},
};

use super::*;
use crate::store::sqlite::actor::{House, Writer};

#[test]
fn where_no_watch_can_be_had_the_store_is_looked_at_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let db = rusqlite::Connection::open_in_memory().unwrap();
    let house = House {
        attachments: folder.path().into(),
        damaged: folder.path().into(),
        keep_status_after_send: false,
        latest: AtomicI64::new(0),
        many: AtomicBool::new(false),
        file: None,
    };
    let bell = File::create(folder.path().join("bell")).unwrap();
    let writer = Writer::start(db, Arc::new(house), Ringer::new(bell, watch::channel(1).0)).unwrap();
    // Of a file that is not there the kernel gives no watch, as of any once it has given out all.
    let without = Watcher::start(&folder.path().join("none"), false, writer.looker()).unwrap();
    assert!(matches!(without.stop, Stop::Polling(Some(_))));
    assert!(without.note().unwrap().contains("fs.inotify.max_user_watches"));
    let with = Watcher::start(&folder.path().join("bell"), false, writer.looker()).unwrap();
    assert!(matches!(with.stop, Stop::Inotify { .. }) && with.note().is_none());
}

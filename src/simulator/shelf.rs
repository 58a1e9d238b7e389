//! Many things in the order in which they came, each found by its id at once.

use std::{
    collections::HashMap,
    ops::{Deref, DerefMut},
};

/// Things with ids that never change. A mailbox of ten thousands is read by every list.
pub(super) struct Shelf<T> {
    things: Vec<T>,
    places: HashMap<String, usize>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { things: Vec::new(), places: HashMap::new() }
    }
}

impl<T> Shelf<T> {
    /// Puts one more behind the others.
    pub fn put(&mut self, id: &str, thing: T) {
        self.places.entry(id.to_owned()).or_insert(self.things.len());
        self.things.push(thing);
    }

    /// The one of this id.
    pub fn named(&self, id: &str) -> Option<&T> {
        self.places.get(id).map(|place| &self.things[*place])
    }

    /// The one of this id, to change it.
    pub fn named_mut(&mut self, id: &str) -> Option<&mut T> {
        self.places.get(id).map(|place| &mut self.things[*place])
    }
}

impl<T> Deref for Shelf<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.things
    }
}

impl<T> DerefMut for Shelf<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.things
    }
}

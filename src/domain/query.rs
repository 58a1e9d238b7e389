//! The query language of lists, views and searches.

/// A parsed query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Terms, all of which must hold (the same key twice: either).
    pub terms: Vec<Term>,
}

/// One term.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {}

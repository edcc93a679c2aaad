// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A NIR file as a plain tree: what the rest of this folder sees of HDF5.

use std::collections::BTreeMap;

/// A group: its members by name, so that their order never depends on the writer.
pub(super) type Group = BTreeMap<String, Item>;

/// What has a name in a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    /// A group.
    Group(Group),
    /// A data set.
    Data(Data),
}

/// A data set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Data {
    /// Extent of each dimension; none for a single value.
    pub(super) shape: Vec<usize>,
    /// The values, the last dimension running fastest.
    pub(super) values: Values,
}

/// The values of a data set.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    /// Numbers of any type.
    Numbers(Vec<f64>),
    /// Strings of fixed or variable length.
    Texts(Vec<String>),
    /// Not readable, and why: an error only where it is needed.
    Unreadable(String),
}

impl Data {
    /// The string, if there is one alone.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.values {
            Values::Texts(t) if t.len() == 1 => t.first().map(String::as_str),
            _ => None,
        }
    }
}

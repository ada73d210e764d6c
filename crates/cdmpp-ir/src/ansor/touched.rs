//! Counts the stores under a loop that touch each buffer, and the elements that they touch.

use super::nest::OpenLoop;
use crate::BufferId;

/// The records of all loops: a linked list for each of them, one link a buffer.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    links: Vec<Link>,
}

/// What stores under one loop touched of one buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    buffer: BufferId,
    next: u32,
    /// The number of stores.
    pub(super) n_stores: i64,
    /// The fewest elements that one of them touched.
    pub(super) fewest: i64,
}

impl Touched {
    /// The record of a buffer under a loop.
    pub(super) fn of(&self, under: &OpenLoop, buffer: BufferId) -> Option<&Link> {
        self.links.get(self.find(under, buffer)?)
    }

    /// Adds what a store touches to the record of a loop.
    pub(super) fn add(&mut self, under: &mut OpenLoop, buffer: BufferId, n_elements: i64) {
        match self.find(under, buffer).and_then(|found| self.links.get_mut(found)) {
            Some(link) => {
                link.n_stores += 1;
                link.fewest = link.fewest.min(n_elements);
            }
            None => {
                let link = Link { buffer, next: under.first_touched, n_stores: 1, fewest: n_elements };
                under.first_touched = self.links.len() as u32;
                self.links.push(link);
            }
        }
    }

    fn find(&self, under: &OpenLoop, buffer: BufferId) -> Option<usize> {
        let mut at = under.first_touched;
        while let Some(link) = self.links.get(at as usize) {
            if link.buffer == buffer {
                return Some(at as usize);
            }
            at = link.next;
        }
        None
    }
}

//! Groups queries so that programs pass the network together.

use std::collections::HashMap;
use std::sync::Arc;

use cdmpp_hardware::HardwareSpec;

use super::group::{Group, group};
use super::known_hardware::KnownHardware;
use crate::Query;
use crate::backend::Answer;

/// Leaves that are predicted together: what a block works on stays in the second-level cache.
pub(crate) const LEAVES: usize = 128;

/// Queries, sorted into groups of distinct programs. It outlives its queries, so that its memory can be used again.
#[derive(Debug, Default)]
pub(crate) struct Grouping {
    /// Of every program, the first query that asks for it.
    pub(crate) firsts: Vec<u32>,
    pub(crate) groups: Vec<Group>,
    /// For every group what is asked of its programs.
    pub(crate) asked: Vec<Asked>,
    pub(crate) n_groups: usize,
    /// The distinct hardware.
    pub(crate) hardware: Vec<Arc<KnownHardware>>,
    programs_by_address: HashMap<usize, u32>,
    hardware_by_address: HashMap<usize, u32>,
    order: Vec<u32>,
    /// Of every program its group and row.
    places: Vec<(u32, u32)>,
    /// Of every query its program and hardware.
    pairs: Vec<(u32, u32)>,
}

/// What is asked of the programs of a group.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) slots: Vec<Slot>,
    pub(crate) answers: Vec<Answer>,
}

/// One query, as a group sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) hardware: u32,
    /// The program's row in its group.
    pub(crate) row: u32,
    pub(crate) query: u32,
}

impl Grouping {
    /// Sorts queries. Programs are told apart by address, as an equal one elsewhere costs time, not correctness; hardware
    /// by value, of which `known` gives what is computed of it.
    pub(crate) fn sort(&mut self, queries: &[Query<'_>], known: impl Fn(&HardwareSpec) -> Arc<KnownHardware>) {
        self.find(queries, known);
        let Self { firsts, groups, asked, order, places, pairs, .. } = self;
        order.clear();
        order.extend(0..firsts.len() as u32);
        let n_leaves = |program: u32| queries[firsts[program as usize] as usize].ast.n_leaves();
        self.n_groups = group(order, n_leaves, LEAVES, groups);
        places.resize(firsts.len(), (0, 0));
        for (i, group) in groups[..self.n_groups].iter().enumerate() {
            for (row, program) in group.members.iter().enumerate() {
                places[*program as usize] = (i as u32, row as u32);
            }
        }
        asked.resize_with(asked.len().max(self.n_groups), Asked::default);
        asked.iter_mut().for_each(|asked| asked.slots.clear());
        for (query, (program, hardware)) in pairs.iter().enumerate() {
            let (group, row) = places[*program as usize];
            asked[group as usize].slots.push(Slot { hardware: *hardware, row, query: query as u32 });
        }
    }

    fn find(&mut self, queries: &[Query<'_>], known: impl Fn(&HardwareSpec) -> Arc<KnownHardware>) {
        let Self { firsts, hardware: found, programs_by_address, hardware_by_address, pairs, .. } = self;
        firsts.clear();
        found.clear();
        programs_by_address.clear();
        hardware_by_address.clear();
        pairs.clear();
        for (i, Query { ast, hardware }) in queries.iter().enumerate() {
            let program = *programs_by_address.entry(std::ptr::from_ref(*ast).addr()).or_insert_with(|| {
                firsts.push(i as u32);
                firsts.len() as u32 - 1
            });
            let hardware = *hardware_by_address.entry(std::ptr::from_ref(*hardware).addr()).or_insert_with(|| {
                let place = found.iter().position(|known| known.spec == **hardware).unwrap_or_else(|| {
                    found.push(known(hardware));
                    found.len() - 1
                });
                place as u32
            });
            pairs.push((program, hardware));
        }
    }
}

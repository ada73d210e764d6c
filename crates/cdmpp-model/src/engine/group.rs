//! Programs that pass the network together.

/// Programs as rows of one matrix of leaves, those with equally many leaves side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Group {
    /// The programs, by their index in what was grouped.
    pub(crate) members: Vec<u32>,
    pub(crate) runs: Vec<Run>,
    pub(crate) n_leaves: usize,
}

/// Programs of equally many leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The leaves of each.
    pub(crate) n_leaves: usize,
    pub(crate) n_programs: usize,
}

impl Run {
    /// The rows of all its leaves.
    pub(crate) fn n_rows(self) -> usize {
        self.n_leaves * self.n_programs
    }
}

impl Group {
    pub(crate) fn n_programs(&self) -> usize {
        self.members.len()
    }

    fn clear(&mut self) {
        self.members.clear();
        self.runs.clear();
        self.n_leaves = 0;
    }

    fn push(&mut self, member: u32, n_leaves: usize) {
        self.members.push(member);
        self.n_leaves += n_leaves;
        match self.runs.last_mut() {
            Some(run) if run.n_leaves == n_leaves => run.n_programs += 1,
            _ => self.runs.push(Run { n_leaves, n_programs: 1 }),
        }
    }
}

/// Cuts programs into groups of at most so many leaves, unless one program has more; gives the number of groups, of
/// which the allocations are reused.
pub(crate) fn group(order: &mut [u32], n_leaves: impl Fn(u32) -> usize, most: usize, groups: &mut Vec<Group>) -> usize {
    order.sort_unstable_by_key(|program| (n_leaves(*program), *program));
    let mut n = 0;
    for program in order {
        let leaves = n_leaves(*program);
        if n == 0 || groups[n - 1].n_leaves + leaves > most {
            n += 1;
            if groups.len() < n {
                groups.push(Group::default());
            }
            groups[n - 1].clear();
        }
        groups[n - 1].push(*program, leaves);
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_go_by_leaves_into_groups_of_bounded_size() {
        let leaves = [3, 1, 300, 3, 600, 250, 1];
        let mut groups = Vec::new();
        let cut = |order: &mut [u32], groups: &mut Vec<Group>| {
            let n = group(order, |program| leaves[program as usize], 512, groups);
            groups[..n].to_vec()
        };
        let of = |members: &[u32], runs: &[(usize, usize)]| {
            let runs: Vec<Run> = runs.iter().map(|(n_leaves, n)| Run { n_leaves: *n_leaves, n_programs: *n }).collect();
            Group { members: members.to_vec(), n_leaves: runs.iter().map(|run| run.n_rows()).sum(), runs }
        };
        let expected =
            [of(&[1, 6, 0, 3, 5], &[(1, 2), (3, 2), (250, 1)]), of(&[2], &[(300, 1)]), of(&[4], &[(600, 1)])];
        assert_eq!(cut(&mut [0, 1, 2, 3, 4, 5, 6], &mut groups), expected);
        // Again, in what the first time left behind.
        assert_eq!(cut(&mut [4, 0], &mut groups), [of(&[0], &[(3, 1)]), of(&[4], &[(600, 1)])]);
        assert_eq!(cut(&mut [], &mut groups), []);
    }
}

//! How much may be measured, and what matters.

/// How many tasks may be measured, which of them in any case, and how much each matters.
///
/// # Examples
/// ```
/// use cdmpp_sample::Budget;
///
/// let shares_of_time = [0.6, 0.1, 0.3];
/// let budget = Budget { must_have: &[2], weights: Some(&shares_of_time), ..Budget::of(2) };
/// assert_eq!(budget.n_tasks, 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget<'a> {
    /// How many tasks to choose, must-haves included. If there are fewer, all are chosen.
    pub n_tasks: usize,
    /// Tasks that are measured whatever they look like: they come first, in this order. Saying one twice changes nothing.
    pub must_have: &'a [usize],
    /// How much each task matters, by its number: its share of the time, the traffic that it serves, how much its
    /// prediction is in doubt, or a product of them. Only the proportions count; there may be weights of tasks that have no row.
    ///
    /// Each choosing function says what it makes of them. In all of them a task of weight 0 is chosen only when none
    /// with a weight is left.
    pub weights: Option<&'a [f64]>,
}

impl Budget<'static> {
    /// A budget of that many tasks, none of which is a must-have, all alike.
    #[must_use]
    pub const fn of(n_tasks: usize) -> Self {
        Self { n_tasks, must_have: &[], weights: None }
    }
}

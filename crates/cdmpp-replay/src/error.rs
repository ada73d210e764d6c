//! What can be wrong with a task graph, its latencies, or a question about it.

/// A graph, a latency, an order or a setting is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The caller names a lane that the graph does not have.
    #[error("there is no lane {lane} among {n_lanes}")]
    UnknownLane {
        /// The index of the lane.
        lane: usize,
        /// How many lanes there are.
        n_lanes: usize,
    },
    /// The caller names a task that the graph does not have.
    #[error("there is no task {task} among {n_tasks}")]
    UnknownTask {
        /// The index of the task.
        task: usize,
        /// How many tasks there are.
        n_tasks: usize,
    },
    /// A dependency would make a task wait for itself. The graph is as it was before.
    #[error("task `{name}` ({task}) would wait for itself")]
    Cycle {
        /// The index of the task.
        task: usize,
        /// Its name.
        name: String,
    },
    /// A task has no latency, or one that is none: negative or not finite. Or it is the longest of tasks that together
    /// with the gaps take more than a replay can count, 584 years.
    #[error("task `{name}` ({task}) {}", latency_problem(*seconds))]
    Latency {
        /// The index of the task.
        task: usize,
        /// Its name.
        name: String,
        /// The refused seconds; `None` if there are none.
        seconds: Option<f64>,
    },
    /// An order of execution is no order of this graph.
    #[error("the order cannot be followed: task `{name}` ({task}) {problem}")]
    Order {
        /// The index of the task.
        task: usize,
        /// Its name.
        name: String,
        /// What is wrong with its place.
        problem: &'static str,
    },
    /// The caller's configuration, or the gaps of a graph, break a rule.
    #[error("`{field}` {rule}, not {value}")]
    Config {
        /// The field.
        field: &'static str,
        /// The rule.
        rule: &'static str,
        /// The refused value.
        value: f64,
    },
    /// The author of an operator graph wrote something that cannot be.
    #[error("network `{network}`, {place}: {problem}")]
    Operator {
        /// The network.
        network: String,
        /// The operator, lane or field.
        place: String,
        /// What is wrong there.
        problem: String,
    },
    /// The measured networks do not tell the overheads of a device.
    #[error("overheads cannot be fitted: {problem}")]
    Fit {
        /// What is missing or wrong.
        problem: String,
    },
}

fn latency_problem(seconds: Option<f64>) -> String {
    match seconds {
        None => "has no latency".to_owned(),
        Some(seconds) if (0.0..f64::INFINITY).contains(&seconds) => {
            format!("makes the whole longer than can be counted: {seconds:?} s")
        }
        Some(seconds) => format!("has a latency that is none: {seconds:?} s"),
    }
}

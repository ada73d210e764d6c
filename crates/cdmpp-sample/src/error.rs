//! What can be wrong with a question for tasks.

/// Tasks cannot be chosen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// The caller's values do not divide into rows.
    #[error("{n_values} values do not make rows of {dim}")]
    Rows {
        /// How many values there are.
        n_values: usize,
        /// How many a row should have.
        dim: usize,
    },
    /// The data have a value that has no distance to others.
    #[error("row {row}, column {column}: must be finite, not {value}")]
    NotFinite {
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// The value.
        value: f32,
    },
    /// The caller names the tasks of more rows, or fewer, than there are.
    #[error("there are {n_rows} rows, and the tasks of {n_named}")]
    TaskOfRow {
        /// How many rows there are.
        n_rows: usize,
        /// How many of them have a task.
        n_named: usize,
    },
    /// The caller's weights lack a task, or a weight is negative, infinite or NaN.
    #[error("task {task}: its weight must be finite and not negative, and is {}", weight.map_or("missing".to_owned(), |weight| weight.to_string()))]
    Weight {
        /// The task.
        task: usize,
        /// Its weight, if it has one.
        weight: Option<f64>,
    },
    /// The caller must have a task that is not among the candidates.
    #[error("task {task} is a must-have, and no row is of it")]
    MustHave {
        /// The task.
        task: usize,
    },
    /// The caller must have more tasks than the budget allows.
    #[error("a budget of {n_tasks} tasks cannot hold {n_must_have} must-haves")]
    Budget {
        /// The budget.
        n_tasks: usize,
        /// How many different tasks are must-haves.
        n_must_have: usize,
    },
    /// A setting is out of its range: the caller's fault.
    #[error("`{field}` {rule}")]
    Config {
        /// The setting.
        field: &'static str,
        /// What it must be.
        rule: &'static str,
    },
}

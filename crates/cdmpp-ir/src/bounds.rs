//! Accesses outside a buffer, found without data.

use crate::interpret::machine::{Failure, Machine, Memory};
use crate::interpret::value::Value;
use crate::interval::{Facts, Interval, NEG_INF, POS_INF};
use crate::{BufferId, DataType, Expr, ExprId, ExprList, Node, NodeId, Program, ThreadAxis};

/// What is known about the accesses of a program; made by [`Program::check_bounds`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bounds {
    /// Accesses that leave their buffer in every run of the program, in the order of their statements.
    pub outside: Vec<OutsideAccess>,
    /// Statements with an access that may or may not leave its buffer, in order: an index or a condition around depends
    /// on data, or the steps ran out.
    pub undecided: Vec<NodeId>,
}

impl Bounds {
    /// Whether every access was proved to stay within its buffer.
    #[must_use]
    pub fn are_kept(&self) -> bool {
        self.outside.is_empty() && self.undecided.is_empty()
    }
}

/// A load or store that leaves its buffer, with the first index that does so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutsideAccess {
    /// The statement.
    pub node: NodeId,
    /// The buffer.
    pub buffer: BufferId,
    /// The dimension, from 0.
    pub dimension: usize,
    /// The index.
    pub index: i64,
    /// The extent of the dimension.
    pub extent: i64,
}

impl Program {
    /// Looks for loads and stores outside their buffers, without data.
    ///
    /// First the ranges of the loop variables are carried through the indices: what stays inside then is proved to do so.
    /// The loops around the other accesses are run one iteration after the other, over indices and conditions alone,
    /// until `max_steps` statements and expressions were evaluated.
    ///
    /// What is reported as outside is outside whenever the program runs to that place. Nothing is said about what happens
    /// within opaque calls, and about accesses that go through pointers. Loops over threads count as loops. Both sides of
    /// a `select` are evaluated, so that a load on either side has to stay inside.
    ///
    /// # Examples
    /// ```
    /// use cdmpp_ir::Program;
    ///
    /// let blur: Program = "
    ///     program blur(x: float32[16], y: float32[16]) {
    ///       for i in 0..16 { y[i] = x[i] + x[i + 1] }
    ///     }"
    /// .parse()?;
    /// let bounds = blur.check_bounds(1_000_000);
    /// assert_eq!((bounds.outside[0].index, bounds.outside[0].extent), (16, 16));
    ///
    /// let guarded: Program = "
    ///     program blur(x: float32[16], y: float32[16]) {
    ///       for i in 0..16 { y[i] = x[i] + (if i < 15 then x[i + 1] else 0.0) }
    ///     }"
    /// .parse()?;
    /// assert!(guarded.check_bounds(1_000_000).are_kept());
    /// # Ok::<(), cdmpp_ir::TextError>(())
    /// ```
    ///
    /// # Complexity
    /// O(statements + expressions) and at most `max_steps` steps.
    #[must_use]
    pub fn check_bounds(&self, max_steps: u64) -> Bounds {
        let suspects = suspects(self);
        let mut bounds = Bounds { outside: Vec::new(), undecided: Vec::new() };
        if !suspects.contains(&true) {
            return bounds;
        }
        let mut n_before = vec![0_u32];
        for (node, &suspect) in self.nodes().zip(&suspects) {
            // The variable of a let may be in an index.
            let is_let = matches!(self[node], Node::Let { .. });
            n_before.push(n_before[node.index()] + u32::from(suspect || is_let));
        }
        let search = Probe {
            program: self,
            n_before,
            suspects,
            states: vec![State::Inside; self.n_nodes()],
            outside: Vec::new(),
            is_doubtful: false,
        };
        let mut machine = Machine::new(self, search, max_steps);
        let is_complete = machine.run().is_ok();
        let Probe { states, suspects, outside, .. } = machine.memory;
        bounds.outside = outside;
        bounds.outside.sort_by_key(|access| access.node);
        let undecided = self.nodes().filter(|node| {
            let is_open = !is_complete && suspects[node.index()] && states[node.index()] == State::Inside;
            is_open || states[node.index()] == State::Undecided
        });
        bounds.undecided = undecided.collect();
        bounds
    }
}

/// For every statement, whether ranges do not prove that its own accesses stay inside.
fn suspects(program: &Program) -> Vec<bool> {
    let mut facts = Facts::new(program);
    let mut suspects = vec![false; program.n_nodes()];
    for node in program.nodes() {
        let mut is_inside = true;
        let mut check = |expr: ExprId| is_inside = is_inside && loads_are_inside(program, &facts, expr);
        match program[node] {
            Node::Loop { var, min, extent, .. } => {
                check(min);
                check(extent);
                let (min, extent) = (facts.interval(program, min), facts.interval(program, extent));
                facts.intervals[var.index()] = min.run(extent);
            }
            Node::Store { buffer, indices, value } => {
                check(value);
                program.list(indices).iter().for_each(|index| check(*index));
                is_inside = is_inside && is_within(program, &facts, buffer, indices);
            }
            Node::Let { var, value } => {
                check(value);
                let of_type = Interval::of_type(program.dtype(value));
                let is_exact = never_wraps(program, &facts, value);
                facts.intervals[var.index()] = if is_exact { facts.interval(program, value) } else { of_type };
            }
            Node::If { condition: value, .. } | Node::Evaluate { value } => check(value),
            Node::Allocate { .. } => {}
        }
        suspects[node.index()] = !is_inside;
    }
    suspects
}

fn loads_are_inside(program: &Program, facts: &Facts, expr: ExprId) -> bool {
    let mut is_inside = match program[expr] {
        Expr::Load { buffer, indices } => is_within(program, facts, buffer, indices),
        _ => true,
    };
    program.for_each_operand(expr, |operand| is_inside = is_inside && loads_are_inside(program, facts, operand));
    is_inside
}

/// Whether the ranges of the indices are those of a buffer or less. An index in less than 64 bits may wrap around where
/// the ranges, which do not, say something else.
fn is_within(program: &Program, facts: &Facts, buffer: BufferId, indices: ExprList) -> bool {
    program.list(indices).iter().enumerate().all(|(dimension, &index)| {
        let extent = program[buffer].shape.get(dimension).copied().unwrap_or(1);
        let range = facts.interval(program, index);
        range.min >= 0 && range.max < extent && never_wraps(program, facts, index)
    })
}

/// Whether no part of an expression wraps around in its type.
fn never_wraps(program: &Program, facts: &Facts, expr: ExprId) -> bool {
    let dtype = program.dtype(expr);
    let of_type = match (program[expr], dtype) {
        (Expr::Int { .. } | Expr::Load { .. }, _) => return true,
        (Expr::Var(_), _) => Interval::of_type(dtype),
        // The ends stand for infinity: what reaches them may have wrapped around.
        (_, DataType::I64 | DataType::U64) => Interval::new(NEG_INF / 4, POS_INF / 4),
        _ => Interval::of_type(dtype),
    };
    let range = facts.interval(program, expr);
    let mut fits = range.min >= of_type.min && range.max <= of_type.max;
    program.for_each_operand(expr, |operand| fits = fits && never_wraps(program, facts, operand));
    fits
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Inside,
    Outside,
    Undecided,
}

/// A memory without contents.
struct Probe<'a> {
    program: &'a Program,
    /// For every statement, the number of needed ones before it.
    n_before: Vec<u32>,
    /// For every statement, whether ranges do not prove that its accesses stay inside.
    suspects: Vec<bool>,
    /// What is known of every statement so far.
    states: Vec<State>,
    outside: Vec<OutsideAccess>,
    /// Whether what runs may not run in fact.
    is_doubtful: bool,
}

impl Probe<'_> {
    fn doubt(&mut self, node: NodeId) {
        let state = &mut self.states[node.index()];
        if *state == State::Inside {
            *state = State::Undecided;
        }
    }

    fn access(&mut self, node: NodeId, buffer: BufferId, indices: &[Value]) {
        for (dimension, index) in indices.iter().enumerate() {
            let extent = self.program[buffer].shape.get(dimension).copied().unwrap_or(1);
            if *index == Value::Unknown {
                self.doubt(node);
                continue;
            }
            let index = index.as_index();
            if (0..extent).contains(&index) {
                continue;
            }
            if self.is_doubtful {
                self.doubt(node);
            } else if self.states[node.index()] != State::Outside {
                self.states[node.index()] = State::Outside;
                self.outside.push(OutsideAccess { node, buffer, dimension, index, extent });
            }
        }
    }
}

impl Memory for Probe<'_> {
    fn allocate(&mut self, _buffer: BufferId) -> Result<(), Failure> {
        Ok(())
    }

    fn load(&mut self, node: NodeId, buffer: BufferId, indices: &[Value]) -> Result<Value, Failure> {
        self.access(node, buffer, indices);
        Ok(Value::Unknown)
    }

    fn store(&mut self, node: NodeId, buffer: BufferId, indices: &[Value], _value: Value) -> Result<(), Failure> {
        self.access(node, buffer, indices);
        Ok(())
    }

    fn call(
        &mut self,
        _node: NodeId,
        callee: &str,
        dtype: DataType,
        args: &[(Value, DataType)],
    ) -> Result<Value, Failure> {
        Ok(crate::interpret::pure_call(callee, dtype, args).unwrap_or(Value::Unknown))
    }

    fn opaque(&mut self, _node: NodeId, _callee: &str) -> Result<Value, Failure> {
        Ok(Value::Unknown)
    }

    fn untyped(&mut self, _node: NodeId, _dtype: DataType) -> Result<Value, Failure> {
        Ok(Value::Unknown)
    }

    fn division_by_zero(&mut self, _node: NodeId) -> Result<Value, Failure> {
        Ok(Value::Unknown)
    }

    fn thread_loop(&mut self, _node: NodeId, _axis: ThreadAxis) -> Result<(), Failure> {
        Ok(())
    }

    fn is_needed(&self, node: NodeId) -> bool {
        self.n_before[self.program.end(node)] > self.n_before[node.index()]
    }

    fn set_doubtful(&mut self, is_doubtful: bool) -> bool {
        std::mem::replace(&mut self.is_doubtful, is_doubtful)
    }

    fn unknown_loop(&mut self, node: NodeId) {
        for inside in node.index() + 1..self.program.end(node) {
            if self.suspects[inside] {
                self.doubt(NodeId::new(inside));
            }
        }
    }
}

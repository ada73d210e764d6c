//! The interpreter: what a program computes, exactly and slowly.

mod call;
pub(crate) mod machine;
pub(crate) mod value;

use crate::{BufferId, DataType, NodeId, Program, ThreadAxis};
pub(crate) use call::pure as pure_call;
use machine::{Failure, Machine, Memory};
use value::Value;

/// The most elements that all allocations and parameters of an interpreted program have together.
pub const MAX_INTERPRETED_ELEMENTS: u64 = 1 << 27;

/// The elements of a buffer, row-major in the order of its shape; strides do not matter.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Elements {
    /// Integers and truth values. An element of `uint64` above `i64::MAX` is kept as the negative number of the same
    /// bits.
    Ints(Vec<i64>),
    /// Floating-point numbers, each rounded to the buffer's type.
    Floats(Vec<f64>),
}

impl Elements {
    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Ints(values) => values.len(),
            Self::Floats(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `n` elements of a type that are 0.
    #[must_use]
    pub fn zeros(dtype: DataType, n: usize) -> Self {
        if dtype.is_float() { Self::Floats(vec![0.0; n]) } else { Self::Ints(vec![0; n]) }
    }

    fn fits(&self, dtype: DataType) -> bool {
        match self {
            Self::Ints(_) => dtype.is_int() || dtype == DataType::Bool,
            Self::Floats(_) => dtype.is_float(),
        }
    }
}

/// Why a program could not be interpreted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InterpretError {
    /// The caller passed too few or too many inputs.
    #[error("the program has {n_params} parameters, but {n_inputs} inputs were passed")]
    NumberOfInputs {
        /// The number of parameters.
        n_params: usize,
        /// The number of inputs.
        n_inputs: usize,
    },
    /// An input is not of its parameter's shape or type.
    #[error("the input for `{buffer}` must have {n_elements} elements of {dtype}")]
    Input {
        /// The name of the parameter.
        buffer: String,
        /// How many elements it has.
        n_elements: i64,
        /// Their type.
        dtype: DataType,
    },
    /// The buffers together have more than [`MAX_INTERPRETED_ELEMENTS`].
    #[error("the buffers have more than {MAX_INTERPRETED_ELEMENTS} elements with `{buffer}`")]
    TooManyElements {
        /// The buffer that is too much.
        buffer: String,
    },
    /// A call of a function that may do anything, or that the interpreter does not know.
    #[error("{node}: cannot interpret the call of `{callee}`")]
    Call {
        /// The statement.
        node: NodeId,
        /// The function.
        callee: String,
    },
    /// A loop over threads: threads share memory between barriers, which has no serial meaning.
    #[error("{node}: cannot interpret a loop over {axis}")]
    ThreadLoop {
        /// The loop.
        node: NodeId,
        /// The axis.
        axis: ThreadAxis,
    },
    /// A value of a type that has no arithmetic.
    #[error("{node}: cannot interpret a value of type {dtype}")]
    Type {
        /// The statement.
        node: NodeId,
        /// The type.
        dtype: DataType,
    },
    /// A load or store outside its buffer.
    #[error(
        "{node}: index {index} of dimension {dimension} is outside `{buffer}`, where that dimension has {extent} elements"
    )]
    OutOfBounds {
        /// The statement.
        node: NodeId,
        /// The name of the buffer.
        buffer: String,
        /// The dimension, from 0.
        dimension: usize,
        /// The index.
        index: i64,
        /// The extent of the dimension.
        extent: i64,
    },
    /// A division of integers by 0.
    #[error("{node}: division by 0")]
    DivisionByZero {
        /// The statement.
        node: NodeId,
    },
    /// The program did not end within the allowed number of steps.
    #[error("the program takes more than {max_steps} steps")]
    Steps {
        /// The number of steps.
        max_steps: u64,
    },
}

impl Program {
    /// Runs the program on inputs, one for each parameter in order, and returns what the parameters hold at the end.
    ///
    /// It is meant as the oracle of tests: simple, exact and slow, with a check on every access.
    ///
    /// - All loops run serially from their first value; parallel, vectorized and unrolled ones too.
    /// - Every operation is computed in its type: integers wrap around, floating-point results are rounded to the type
    ///   (`float16`, `bfloat16` and `float8` too). `/` of integers rounds towards 0, `//` down; the remainders belong to
    ///   them. A conversion from floats to integers cuts the fraction off and ends at the limits of the type.
    /// - `and`, `or` and `if then else` evaluate what they need, `select` evaluates both sides.
    /// - An allocation begins with zeros, each time it is reached.
    /// - Known are the pure functions of TVM that have a value for scalars: `exp`, `tanh`, `erf`, `pow`, `floor`,
    ///   `popcount`, `shift_left`, `bitwise_and`, …
    ///
    /// # Errors
    /// If the inputs do not fit, if something has no meaning here (opaque calls, loops over threads), if an access is
    /// outside its buffer, and if the program takes more than `max_steps` steps: statements that run and expressions
    /// that are evaluated.
    ///
    /// # Examples
    /// ```
    /// use cdmpp_ir::{Elements, InterpretError, Program};
    ///
    /// let sums: Program = "
    ///     program sums(x: float32[2, 3], y: float32[2]) {
    ///       for i in 0..2 parallel { for j in 0..3 { y[i] = y[i] + x[i, j] } }
    ///     }"
    /// .parse()?;
    /// let x = Elements::Floats(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// let outputs = sums.interpret(vec![x, Elements::Floats(vec![0.0; 2])], 1000)?;
    /// assert_eq!(outputs[1], Elements::Floats(vec![6.0, 15.0]));
    ///
    /// let outside: Program = "program f(x: int32[4]) { for i in 0..5 { x[i] = 1i32 } }".parse()?;
    /// let error = outside.interpret(vec![Elements::Ints(vec![0; 4])], 1000).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "node1: index 4 of dimension 0 is outside `x`, where that dimension has 4 elements",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn interpret(&self, inputs: Vec<Elements>, max_steps: u64) -> Result<Vec<Elements>, InterpretError> {
        let (n_params, n_inputs) = (self.params().len(), inputs.len());
        if n_params != n_inputs {
            return Err(InterpretError::NumberOfInputs { n_params, n_inputs });
        }
        let mut arrays = Arrays { program: self, buffers: vec![None; self.n_buffers()], n_elements: 0 };
        for (&param, input) in self.params().iter().zip(inputs) {
            let buffer = &self[param];
            if !input.fits(buffer.dtype) || i64::try_from(input.len()) != Ok(buffer.n_elements()) {
                let (n_elements, dtype) = (buffer.n_elements(), buffer.dtype);
                return Err(InterpretError::Input { buffer: buffer.name.clone(), n_elements, dtype });
            }
            arrays.reserve(param)?;
            arrays.buffers[param.index()] = Some(rounded(input, buffer.dtype));
        }
        let mut machine = Machine::new(self, arrays, max_steps);
        machine.run().map_err(|failure| match failure {
            Failure::Steps => InterpretError::Steps { max_steps },
            Failure::Error(error) => *error,
        })?;
        let mut buffers = machine.memory.buffers;
        Ok(self.params().iter().filter_map(|param| buffers[param.index()].take()).collect())
    }
}

fn rounded(elements: Elements, dtype: DataType) -> Elements {
    match elements {
        Elements::Ints(values) => Elements::Ints(values.into_iter().map(|value| value::kept(value, dtype)).collect()),
        Elements::Floats(values) => {
            Elements::Floats(values.into_iter().map(|value| value::rounded(value, dtype)).collect())
        }
    }
}

/// The contents of all buffers.
struct Arrays<'a> {
    program: &'a Program,
    buffers: Vec<Option<Elements>>,
    n_elements: u64,
}

impl Arrays<'_> {
    /// Counts the elements of a buffer that is about to be made.
    fn reserve(&mut self, buffer: BufferId) -> Result<(), InterpretError> {
        if let Some(old) = self.buffers[buffer.index()].take() {
            self.n_elements -= old.len() as u64;
        }
        self.n_elements = self.n_elements.saturating_add(self.program[buffer].n_elements().unsigned_abs());
        if self.n_elements > MAX_INTERPRETED_ELEMENTS {
            return Err(InterpretError::TooManyElements { buffer: self.program[buffer].name.clone() });
        }
        Ok(())
    }

    /// The place of an element, which must be in its buffer.
    fn place(&self, node: NodeId, buffer: BufferId, indices: &[Value]) -> Result<usize, Failure> {
        let of = &self.program[buffer];
        let mut place = 0_i64;
        for (dimension, index) in indices.iter().enumerate() {
            let index = index.as_index();
            // A scalar may have one index.
            let extent = of.shape.get(dimension).copied().unwrap_or(1);
            if !(0..extent).contains(&index) {
                let buffer = of.name.clone();
                return Err(InterpretError::OutOfBounds { node, buffer, dimension, index, extent }.into());
            }
            place = place * extent + index;
        }
        Ok(place as usize)
    }
}

impl Memory for Arrays<'_> {
    fn allocate(&mut self, buffer: BufferId) -> Result<(), Failure> {
        self.reserve(buffer)?;
        let of = &self.program[buffer];
        self.buffers[buffer.index()] = Some(Elements::zeros(of.dtype, of.n_elements() as usize));
        Ok(())
    }

    fn load(&mut self, node: NodeId, buffer: BufferId, indices: &[Value]) -> Result<Value, Failure> {
        let place = self.place(node, buffer, indices)?;
        let dtype = self.program[buffer].dtype;
        Ok(match &self.buffers[buffer.index()] {
            Some(Elements::Ints(values)) => Value::Int(value::read(values[place], dtype)),
            Some(Elements::Floats(values)) => Value::Float(values[place]),
            None => return Err(InterpretError::Type { node, dtype }.into()),
        })
    }

    fn store(&mut self, node: NodeId, buffer: BufferId, indices: &[Value], value: Value) -> Result<(), Failure> {
        let place = self.place(node, buffer, indices)?;
        match (&mut self.buffers[buffer.index()], value) {
            (Some(Elements::Ints(values)), Value::Int(value)) => values[place] = value as i64,
            (Some(Elements::Floats(values)), Value::Float(value)) => values[place] = value,
            _ => return Err(InterpretError::Type { node, dtype: self.program[buffer].dtype }.into()),
        }
        Ok(())
    }

    fn call(
        &mut self,
        node: NodeId,
        callee: &str,
        dtype: DataType,
        args: &[(Value, DataType)],
    ) -> Result<Value, Failure> {
        let found = pure_call(callee, dtype, args);
        found.ok_or_else(|| InterpretError::Call { node, callee: callee.to_owned() }.into())
    }

    fn opaque(&mut self, node: NodeId, callee: &str) -> Result<Value, Failure> {
        Err(InterpretError::Call { node, callee: callee.to_owned() }.into())
    }

    fn untyped(&mut self, node: NodeId, dtype: DataType) -> Result<Value, Failure> {
        Err(InterpretError::Type { node, dtype }.into())
    }

    fn division_by_zero(&mut self, node: NodeId) -> Result<Value, Failure> {
        Err(InterpretError::DivisionByZero { node }.into())
    }

    fn thread_loop(&mut self, node: NodeId, axis: ThreadAxis) -> Result<(), Failure> {
        Err(InterpretError::ThreadLoop { node, axis }.into())
    }
}

//! Encoding many programs, of which one is like the other.

use std::cell::OnceCell;
use std::fmt;

use crate::featurizer::Kept;
use crate::{CompactAst, Featurizer, Program};

/// Encodes programs one after the other, and those that differ from the one before in numbers alone in less time.
///
/// A tuner changes a tile size, and with it the lengths of some loops and some factors in the indices: the program has the
/// same statements, expressions and buffers as before, with other literals. What does not depend on them is then kept: where the
/// canonical form puts the allocations, and which operations and accesses every store has. What does depend on them is
/// computed anew, and checked: the result always is that of [`CompactAst::encode`].
///
/// | a program is encoded in full if | example |
/// |---|---|
/// | it has not the structure of the last one that was | another loop, another order, an index without its term |
/// | its literals keep it from being in canonical form | a serial loop of one iteration, which is dropped; an index that a range decides; a cache that is indexed from another element than its first |
/// | the first program of its structure was not in canonical form | lets, selects, `x // 1`; encode [`Program::canonical`] instead |
///
/// Lowered programs of TVM are in canonical form. Two programs have one structure if their arenas are alike, as those of
/// [`Program::with_literals`] are, and those of a builder or reader that took the same path.
///
/// # Examples
/// A tile size and what follows from it:
/// ```
/// use cdmpp_ir::{AnsorFeaturizer, AstEncoder, Buffer, CompactAst, DataType, LoopHeader, LoopKind, Program};
///
/// let (mut outer, mut tile) = (None, None);
/// let copy = Program::build("copy", |body| {
///     let (x, y) = (body.param(Buffer::new("x", DataType::F32, [1024])), body.param(Buffer::new("y", DataType::F32, [1024])));
///     let (n_tiles, size) = (body.int(32, DataType::I64), body.int(32, DataType::I64));
///     (outer, tile) = (Some(n_tiles), Some(size));
///     let header = |name: &str, extent, kind| LoopHeader { name: name.into(), min: None, extent, kind, annotations: vec![] };
///     body.for_loop(header("i0", n_tiles, LoopKind::Parallel), |body, i0| {
///         body.for_loop(header("i1", size, LoopKind::Vectorized), |body, i1| {
///             let start = body.mul(i0, size);
///             let i = body.add(start, i1);
///             let value = body.load(x, &[i]);
///             body.store(y, &[i], value);
///         });
///     });
/// })?;
/// let (outer, tile) = (outer.unwrap(), tile.unwrap());
///
/// let mut encoder = AstEncoder::new(&AnsorFeaturizer);
/// for size in [4, 8, 16, 32, 64] {
///     let candidate = copy.with_literals(&[(outer, 1024 / size), (tile, size)])?;
///     assert_eq!(encoder.encode(&candidate), CompactAst::encode(&candidate, &AnsorFeaturizer));
/// }
/// # Ok::<(), cdmpp_ir::VerifyError>(())
/// ```
pub struct AstEncoder<'f> {
    featurizer: &'f dyn Featurizer,
    last: Option<Structure>,
    n_reused: u64,
}

/// The last program that was not like the one before, and what is kept of it.
struct Structure {
    program: Program,
    /// Whether it is in canonical form; looked at when a second program is like it.
    is_canonical: OnceCell<bool>,
    kept: Kept,
}

impl<'f> AstEncoder<'f> {
    /// An encoder that has seen nothing yet.
    #[must_use]
    pub fn new(featurizer: &'f dyn Featurizer) -> Self {
        Self { featurizer, last: None, n_reused: 0 }
    }

    /// Encodes a program: the result is that of [`CompactAst::encode`], whatever was encoded before.
    ///
    /// # Complexity
    /// That of [`CompactAst::encode`].
    #[must_use]
    pub fn encode(&mut self, program: &Program) -> CompactAst {
        match self.last.as_ref().filter(|last| last.program.has_structure_of(program)) {
            Some(known) => {
                if let Some(canonical) = known.canonical(program) {
                    self.n_reused += 1;
                    return CompactAst::of_canonical(&canonical, self.featurizer, &known.kept);
                }
            }
            None => self.last = Some(Structure::of(program)),
        }
        CompactAst::encode(program, self.featurizer)
    }

    /// How many programs were encoded with what was kept of one before.
    #[must_use]
    pub fn n_reused(&self) -> u64 {
        self.n_reused
    }
}

impl Structure {
    fn of(program: &Program) -> Self {
        Self { program: program.clone(), is_canonical: OnceCell::new(), kept: Kept::default() }
    }

    /// The canonical form of a program of this structure, if its statements are those of the program.
    fn canonical(&self, program: &Program) -> Option<Program> {
        let is_canonical = *self.is_canonical.get_or_init(|| self.program.is_canonical_but_for_numbers());
        if is_canonical { program.with_shrunk_allocations() } else { None }
    }
}

impl fmt::Debug for AstEncoder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("AstEncoder");
        out.field("schema", &self.featurizer.schema()).field("n_reused", &self.n_reused).finish_non_exhaustive()
    }
}

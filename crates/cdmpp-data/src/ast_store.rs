//! Encoded programs, as many as there are.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Error, ErrorKind, Result, Write};
use std::path::PathBuf;
use std::sync::Arc;

use cdmpp_ir::{CompactAst, Work};

/// Where encoded programs go when there are too many for memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Spill {
    /// The bytes of encoded programs that stay in memory. The default is 256 MiB, which is some 100,000 programs of four
    /// leaves with the default features.
    pub above: usize,
    /// The folder of a temporary file with the rest. Nobody else sees the file, and it is gone when the program ends,
    /// however that happens.
    pub folder: PathBuf,
}

impl Spill {
    /// The default size, and a folder.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { above: 256 << 20, folder }
    }
}

/// Encoded programs of one featurizer, by number: the first ones in memory, those beyond a size in a temporary file.
///
/// In memory a spilled program takes eight bytes: the end of its part of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct AstStore {
    memory: Vec<CompactAst>,
    spilled: Option<Spilled>,
}

/// The part that is in a file.
#[derive(Clone, Debug)]
struct Spilled {
    file: Arc<File>,
    schema: Arc<str>,
    dim: usize,
    /// Where the bytes of every program end; they start where those of the one before end.
    ends: Vec<u64>,
}

/// Puts programs into an [`AstStore`].
#[derive(Debug)]
pub(crate) struct AstStoreWriter {
    store: AstStore,
    spill: Option<Spill>,
    bytes: usize,
    writer: Option<BufWriter<File>>,
    buffer: Vec<u8>,
}

impl AstStore {
    pub(crate) fn len(&self) -> usize {
        self.memory.len() + self.spilled.as_ref().map_or(0, |spilled| spilled.ends.len())
    }

    /// All programs, if they are in memory.
    pub(crate) fn in_memory(&self) -> Option<&[CompactAst]> {
        self.spilled.is_none().then_some(&self.memory)
    }

    /// The program of a number below [`len`](Self::len).
    pub(crate) fn read(&self, number: usize) -> Result<Cow<'_, CompactAst>> {
        match (self.memory.get(number), &self.spilled) {
            (Some(ast), _) => Ok(Cow::Borrowed(ast)),
            (None, Some(spilled)) => spilled.read(number - self.memory.len()).map(Cow::Owned),
            (None, None) => Err(Error::new(ErrorKind::NotFound, format!("there is no program {number}"))),
        }
    }
}

impl AstStoreWriter {
    pub(crate) fn new(spill: Option<Spill>) -> Self {
        Self { store: AstStore::default(), spill, bytes: 0, writer: None, buffer: Vec::new() }
    }

    /// Appends a program; all have the same schema and width.
    pub(crate) fn push(&mut self, ast: CompactAst) -> Result<()> {
        match &self.spill {
            Some(spill) if self.bytes + n_bytes(ast.n_leaves(), ast.dim()) > spill.above || self.writer.is_some() => {
                let folder = spill.folder.clone();
                self.spill(&ast, folder)
            }
            _ => {
                self.bytes += n_bytes(ast.n_leaves(), ast.dim());
                self.store.memory.push(ast);
                Ok(())
            }
        }
    }

    fn spill(&mut self, ast: &CompactAst, folder: PathBuf) -> Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let file = tempfile::tempfile_in(folder)?;
                let (schema, dim) = (ast.schema().into(), ast.dim());
                let spilled = Spilled { file: Arc::new(file.try_clone()?), schema, dim, ends: Vec::new() };
                self.store.spilled = Some(spilled);
                self.writer.insert(BufWriter::with_capacity(1 << 20, file))
            }
        };
        let Some(spilled) = &mut self.store.spilled else { unreachable!("a writer has a file") };
        debug_assert_eq!((ast.schema(), ast.dim()), (&*spilled.schema, spilled.dim), "one featurizer");
        self.buffer.clear();
        to_bytes(ast, &mut self.buffer);
        writer.write_all(&self.buffer)?;
        spilled.ends.push(spilled.ends.last().copied().unwrap_or(0) + self.buffer.len() as u64);
        Ok(())
    }

    /// The store, when all programs are in it.
    pub(crate) fn finish(mut self) -> Result<AstStore> {
        if let Some(writer) = &mut self.writer {
            writer.flush()?;
        }
        Ok(self.store)
    }
}

impl Spilled {
    fn read(&self, number: usize) -> Result<CompactAst> {
        let missing = || Error::new(ErrorKind::NotFound, format!("there is no program {number} in the temporary file"));
        let end = *self.ends.get(number).ok_or_else(missing)?;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        let mut bytes = vec![0; (end - start) as usize];
        read_at(&self.file, start, &mut bytes)?;
        from_bytes(&bytes, &self.schema, self.dim)
            .ok_or_else(|| Error::new(ErrorKind::InvalidData, "the temporary file was changed by somebody else"))
    }
}

/// The bytes of the work of a program, behind a mark that tells whether it is known.
const N_WORK: usize = 8 + 5 * 8;

/// The bytes of a program in the file, and nearly those in memory.
fn n_bytes(n_leaves: usize, dim: usize) -> usize {
    N_WORK + n_leaves * 4 * (dim + 2)
}

fn to_bytes(ast: &CompactAst, out: &mut Vec<u8>) {
    out.extend(u64::from(ast.work().is_some()).to_le_bytes());
    let Work { operations, footprint_bytes, accessed_bytes, n_blocks, n_threads } =
        ast.work().copied().unwrap_or_default();
    for number in [operations, footprint_bytes, accessed_bytes, n_blocks, n_threads] {
        out.extend(number.to_le_bytes());
    }
    ast.positions().iter().chain(ast.depths()).for_each(|number| out.extend(number.to_le_bytes()));
    ast.features().iter().for_each(|number| out.extend(number.to_le_bytes()));
}

fn from_bytes(bytes: &[u8], schema: &Arc<str>, dim: usize) -> Option<CompactAst> {
    let (work, leaves) = bytes.split_at_checked(N_WORK)?;
    let n_leaves = leaves.len() / (4 * (dim + 2));
    let (words, []) = leaves.as_chunks::<4>() else { return None };
    let (places, features) = words.split_at_checked(2 * n_leaves)?;
    let (positions, depths) = places.split_at(n_leaves);
    let integers = |words: &[[u8; 4]]| words.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let features = features.iter().map(|word| f32::from_le_bytes(*word)).collect();
    let ast = CompactAst::from_parts(Arc::clone(schema), dim, features, integers(positions), integers(depths)).ok()?;
    let mut numbers = work.as_chunks::<8>().0.iter();
    let is_known = u64::from_le_bytes(*numbers.next()?) == 1;
    let mut number = || numbers.next().map(|bytes| f64::from_le_bytes(*bytes));
    let work = Work {
        operations: number()?,
        footprint_bytes: number()?,
        accessed_bytes: number()?,
        n_blocks: number()?,
        n_threads: number()?,
    };
    Some(if is_known { ast.with_work(work) } else { ast })
}

/// Reads at a place, whatever other threads read.
#[cfg(unix)]
fn read_at(file: &File, start: u64, bytes: &mut [u8]) -> Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, start)
}

/// Reads at a place, whatever other threads read.
#[cfg(windows)]
fn read_at(file: &File, mut start: u64, mut bytes: &mut [u8]) -> Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !bytes.is_empty() {
        match file.seek_read(bytes, start)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            n => (start, bytes) = (start + n as u64, &mut bytes[n..]),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ast(n_leaves: usize, seed: u32) -> CompactAst {
        let features = (0..n_leaves * 3).map(|i| f32::from_bits(0x3f80_0000 + seed * 97 + i as u32)).collect();
        let positions = (0..n_leaves as u32).map(|leaf| leaf + seed).collect();
        let ast = CompactAst::from_parts("test/1", 3, features, positions, vec![seed; n_leaves]).unwrap();
        let work = Work { operations: f64::from(seed), footprint_bytes: 0.5, ..Work::default() };
        if seed.is_multiple_of(2) { ast } else { ast.with_work(work) }
    }

    fn store_of(above: usize, asts: &[CompactAst]) -> AstStore {
        let folder = std::env::temp_dir();
        let mut writer = AstStoreWriter::new(Some(Spill { above, folder }));
        asts.iter().for_each(|ast| writer.push(ast.clone()).unwrap());
        writer.finish().unwrap()
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let asts: Vec<CompactAst> = (0..40).map(|seed| ast(seed % 5, seed as u32)).collect();
        for above in [0, 1, 500, 2000, usize::MAX] {
            let store = store_of(above, &asts);
            assert_eq!((store.len(), store.in_memory().is_some()), (asts.len(), above == usize::MAX));
            for number in (0..asts.len()).rev() {
                assert_eq!(*store.read(number).unwrap(), asts[number], "{number} of {above}");
            }
            assert_eq!(store.read(asts.len()).unwrap_err().kind(), ErrorKind::NotFound);
        }
    }

    #[test]
    fn as_much_as_is_allowed_stays_in_memory() {
        let asts: Vec<CompactAst> = (0..4).map(|seed| ast(2, seed)).collect();
        let size = n_bytes(2, 3);
        assert!(store_of(4 * size, &asts).in_memory().is_some());
        let store = store_of(4 * size - 1, &asts);
        assert_eq!((store.memory.len(), store.len()), (3, 4));
        // What comes after the first that does not fit is in the file too, however small it is.
        let last = [&asts[..], &[ast(0, 1)]].concat();
        assert_eq!(store_of(4 * size - 1, &last).memory.len(), 3);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = PathBuf::from("/no/such/folder");
        let mut writer = AstStoreWriter::new(Some(Spill { above: 0, folder }));
        assert!(writer.push(ast(1, 1)).is_err());
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let mut bytes = Vec::new();
        to_bytes(&ast(2, 1), &mut bytes);
        let read = |bytes: &[u8]| from_bytes(bytes, &"test/1".into(), 3);
        assert_eq!(read(&bytes), Some(ast(2, 1)));
        for n in (0..bytes.len()).filter(|n| (n - n.min(&N_WORK)) % 20 > 0 || *n < N_WORK) {
            assert_eq!(read(&bytes[..n]), None, "{n} bytes");
        }
    }
}

//! `cdmpp inspect`: what a model sees of a program.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Result;
use cdmpp::ir::{BuiltIn, CompactAst, LoopKind, Node, Program};
use cdmpp::workflow::{WorkflowError, encode_named, read_programs};

/// Shows a program as the model sees it: the loop nest, its Compact AST, and the features of every leaf
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// A file with TVMScript or cdmpp's text form; `-` is standard input
    program: PathBuf,
    /// Which features
    #[arg(long, value_name = "NAME", default_value = "ansor")]
    features: String,
}

/// The leaves that stand side by side in the table of features.
const LEAVES_A_TABLE: usize = 6;

pub(crate) fn run(args: &InspectArgs) -> Result<()> {
    let built_in = BuiltIn::named(&args.features).map_err(WorkflowError::from)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for program in read_programs(&args.program)? {
        let (ast, buffers) = encode_named(&program, built_in.featurizer());
        let program = program.canonical();
        writeln!(out, "# The loop nest, in canonical form\n\n{program}")?;
        writeln!(out, "# Its Compact AST: {} leaves\n", ast.n_leaves())?;
        write_tree(&mut out, &program)?;
        writeln!(out, "\n# Features of the leaves that are not 0 ({}: {})", built_in.name(), ast.schema())?;
        write_features(&mut out, &ast, &buffers, built_in)?;
    }
    out.flush()?;
    Ok(())
}

/// The root, the loops and the stores with their pre-order ranks.
fn write_tree(out: &mut impl Write, program: &Program) -> Result<()> {
    writeln!(out, "rank")?;
    writeln!(out, "{:4}  root", 0)?;
    let mut ends: Vec<usize> = Vec::new();
    let (mut rank, mut leaf) = (0, 0);
    for node in program.nodes() {
        while ends.last().is_some_and(|end| *end <= node.index()) {
            ends.pop();
        }
        let indent = "  ".repeat(ends.len() + 1);
        match &program[node] {
            Node::Loop { var, extent, kind, .. } => {
                rank += 1;
                let extent = program.as_int(*extent).map_or("?".to_owned(), |extent| extent.to_string());
                let kind = match kind {
                    LoopKind::Serial => String::new(),
                    LoopKind::ThreadBinding(axis) => format!(" bind {axis}"),
                    other => format!(" {other:?}").to_lowercase(),
                };
                writeln!(out, "{rank:4}  {indent}for {}: {extent}{kind}", program[*var].name)?;
                ends.push(program.end(node));
            }
            Node::Store { buffer, .. } => {
                rank += 1;
                let (name, depth) = (&program[*buffer].name, ends.len() + 1);
                writeln!(out, "{rank:4}  {indent}leaf {leaf}: store to {name} (depth {depth})")?;
                leaf += 1;
            }
            // Transparent, as in the Compact AST itself.
            _ => {}
        }
    }
    Ok(())
}

fn write_features(out: &mut impl Write, ast: &CompactAst, buffers: &[String], built_in: BuiltIn) -> Result<()> {
    let rows: Vec<&[f32]> = ast.features().chunks_exact(ast.dim().max(1)).collect();
    let names = built_in.columns();
    for (table, rows) in rows.chunks(LEAVES_A_TABLE).enumerate() {
        let first = table * LEAVES_A_TABLE;
        let heads: Vec<String> = (first..).zip(rows).map(|(leaf, _)| format!("{leaf}:{}", buffers[leaf])).collect();
        let widths: Vec<usize> = heads.iter().map(|head| head.chars().count().max(10)).collect();
        let name_width = names.iter().map(String::len).max().unwrap_or(0);
        write!(out, "\n{:name_width$}", "leaf")?;
        heads.iter().zip(&widths).try_for_each(|(head, width)| write!(out, "  {head:>width$}"))?;
        writeln!(out)?;
        for (column, name) in names.iter().enumerate().filter(|(column, _)| rows.iter().any(|row| row[*column] != 0.0))
        {
            write!(out, "{name:name_width$}")?;
            for (row, width) in rows.iter().zip(&widths) {
                let value = row[column];
                let text = if value == 0.0 { ".".to_owned() } else { format!("{value:.4}") };
                write!(out, "  {text:>width$}")?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

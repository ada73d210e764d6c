//! A folder with a little data, and the command run in it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use cdmpp::data::{RecordReader, RecordWriter};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data");

/// A model that trains in no time.
const SMALL: &str = "
[model]
head_hidden = [8]
hardware_hidden = [4]
[model.transformer]
d_model = 8
n_heads = 2
n_layers = 1
d_ff = 8
embed_dim = 8
[training]
epochs = 3
";

/// A folder with `records.jsonl` (the first programs of the CPU records), `hardware.json` and `small.toml`.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let mut writer = RecordWriter::create(place.path("records.jsonl")).unwrap();
        for record in RecordReader::open(format!("{DATA}/cpu-programs.jsonl.zst")).unwrap().take(60) {
            writer.write(&record.unwrap()).unwrap();
        }
        writer.finish().unwrap();
        std::fs::copy(format!("{DATA}/hardware.json"), place.path("hardware.json")).unwrap();
        place.write("small.toml", SMALL);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.read(name)).unwrap()
    }

    pub(crate) fn lines(&self, name: &str) -> Vec<Value> {
        lines(&String::from_utf8(self.read(name)).unwrap())
    }

    /// The command in this folder; its arguments are separated by white space.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cdmpp"));
        command.args(arguments.split_whitespace()).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn spawn(&self, arguments: &str) -> Child {
        self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs the command, which must succeed; its standard output.
    pub(crate) fn run(&self, arguments: &str) -> String {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        assert!(status.success(), "{arguments}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    /// Runs the command, which must refuse its input: the one line of standard error.
    pub(crate) fn refusal(&self, arguments: &str) -> String {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!((status.code(), stdout.len()), (Some(2), 0), "{arguments}: {stderr}");
        assert_eq!(stderr.matches('\n').count(), 1, "{arguments}: {stderr}");
        stderr.trim_end().to_owned()
    }

    /// Trains the small model on the records.
    pub(crate) fn train(&self, more: &str) -> String {
        self.run(&format!("train records.jsonl --hardware hardware.json --config small.toml {more}"))
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        Path::exists(&self.path(name))
    }
}

/// JSON lines.
pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

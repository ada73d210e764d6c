//! Loading whole files: order, labels, errors, and that threads change nothing.

use std::error::Error as _;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use cdmpp_data::{
    CleanConfig, DataError, Dataset, HardwareTable, LoadConfig, OnBadLabel, Record, RecordWriter, Spill, SplitBy, split,
};
use cdmpp_ir::{Featurizer, Leaves};

/// One column: the number of loops around a store.
struct Depth;

impl Featurizer for Depth {
    fn schema(&self) -> &str {
        "test/depth/1"
    }

    fn dim(&self) -> usize {
        1
    }

    fn write(&self, leaves: &Leaves<'_>, out: &mut [f32]) {
        for (leaf, out) in leaves.iter().zip(out) {
            *out = leaf.loops().len() as f32;
        }
    }
}

/// A copy of `n` elements in `n_loops` loops.
fn record(index: usize, n_loops: usize) -> Record {
    let loops: Vec<String> = (0..n_loops).map(|at| format!("i{at}")).collect();
    let (vars, extents) = (loops.join(", "), vec!["4"; n_loops].join(", "));
    let program = format!(
        "@T.prim_func\ndef main(A: T.Buffer(({extents},), \"float32\"), B: T.Buffer(({extents},), \"float32\")):\n    \
         for {vars} in T.grid({extents}):\n        B[{vars}] = A[{vars}]\n"
    );
    Record {
        task: format!("copy{n_loops}"),
        name: "copy".into(),
        networks: [(format!("net{}", index % 2), 1)].into(),
        schedule: index as i64,
        config: None,
        program: format!("{program}    # {index}\n"),
        latency_s: [("b".into(), vec![3e-6, 1.5e-6, 2e-6]), ("a".into(), vec![index as f64 * 1e-6])].into(),
    }
}

fn write(folder: &tempfile::TempDir, name: &str, records: &[Record]) -> PathBuf {
    let path = folder.path().join(name);
    let mut writer = RecordWriter::create(&path).expect("the folder exists");
    for record in records {
        writer.write(record).expect("the disk has room");
    }
    writer.finish().expect("the disk has room");
    path
}

fn config(n_threads: usize) -> LoadConfig {
    let clean = CleanConfig { on_bad_label: OnBadLabel::Drop, ..CleanConfig::default() };
    LoadConfig { clean, n_threads: NonZero::new(n_threads).expect("the tests give at least one"), spill: None }
}

/// All of a data set that its users see.
fn shown(data: &Dataset) -> String {
    let asts: Vec<_> = (0..data.programs().len()).map(|program| data.ast(program).expect("it can be read")).collect();
    format!("{:?}\n{asts:?}\n{:?}\n{}", data.programs(), data.measurements(), data.report())
}

#[test]
fn programs_and_labels_are_in_the_order_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    // More than one chunk; the first record's label on `a` is zero.
    let records: Vec<Record> = (0..600).map(|index| record(index, 1 + index % 4)).collect();
    let files = [write(&folder, "1.jsonl", &records[..500]), write(&folder, "2.jsonl.zst", &records[500..])];
    let mut seen = Vec::new();
    let data = Dataset::load(&files, &Depth, &config(1), &mut |progress| seen.push(progress)).unwrap();

    assert_eq!(data.programs().len(), 600);
    for (index, program) in data.programs().iter().enumerate() {
        assert_eq!((program.schedule, &*program.task), (index as i64, &*records[index].task));
        let ast = &data.asts().unwrap()[index];
        assert_eq!((ast.features(), ast.schema()), (&[1.0 + (index % 4) as f32][..], "test/depth/1"));
        assert!(program.networks.contains_key(&format!("net{}", index % 2)));
    }
    let labels: Vec<_> = data.measurements().iter().map(|m| (m.program, &*m.hardware, m.latency)).collect();
    let micros = Duration::from_micros;
    assert_eq!(labels[..3], [(0, "b", micros(2)), (1, "a", micros(1)), (1, "b", micros(2))]);
    assert_eq!((labels.len(), data.report().n_dropped()), (1199, 1));

    let (last, sizes) = (seen.last().unwrap(), files.iter().map(|file| file.metadata().unwrap().len()).sum::<u64>());
    assert_eq!((last.n_records, last.bytes, last.total_bytes), (600, sizes, sizes));
    assert!(seen.len() > 2 && seen.is_sorted_by_key(|progress| (progress.bytes, progress.n_records)));

    for n_threads in [2, 3, 1000] {
        let other = Dataset::load(&files, &Depth, &config(n_threads), &mut |_| {}).unwrap();
        assert_eq!(shown(&other), shown(&data));
    }
}

#[test]
fn what_does_not_fit_in_memory_is_the_same_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<Record> = (0..300).map(|index| record(index, 1 + index % 4)).collect();
    let file = write(&folder, "a.jsonl", &records);
    let in_memory = Dataset::load(&[&file], &Depth, &config(2), &mut |_| {}).unwrap();
    for above in [0, 1000, 5000] {
        let spill = Some(Spill { above, folder: folder.path().to_owned() });
        let spilled = Dataset::load(&[&file], &Depth, &LoadConfig { spill, ..config(2) }, &mut |_| {}).unwrap();
        assert!(spilled.asts().is_none());
        assert_eq!(shown(&spilled), shown(&in_memory));
        assert_eq!(shown(&spilled.clone()), shown(&in_memory));
        let names: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a.jsonl"], "the temporary file has no name");
    }
    let spill = Some(Spill { above: 0, folder: folder.path().join("nowhere") });
    let error = Dataset::load(&[&file], &Depth, &LoadConfig { spill, ..config(2) }, &mut |_| {}).unwrap_err();
    assert!(matches!(&error, DataError::Write { path, .. } if path.ends_with("nowhere")), "{error}");
}

#[test]
fn records_of_one_program_in_a_row_share_it() {
    let folder = tempfile::tempdir().unwrap();
    let on = |hardware: &str, index: usize| {
        let latency_s = [(hardware.to_owned(), vec![1e-6])].into();
        Record { latency_s, ..record(index, 2) }
    };
    let file = write(&folder, "a.jsonl", &[on("a", 0), on("b", 0), on("a", 1), on("b", 0), on("c", 0)]);
    let data = Dataset::load(&[file], &Depth, &config(1), &mut |_| {}).unwrap();
    let programs: Vec<_> = data.measurements().iter().map(|m| (m.program, &*m.hardware)).collect();
    // The last but one was measured before.
    assert_eq!(programs, [(0, "a"), (0, "b"), (1, "a"), (2, "c")]);
    assert_eq!(data.asts().unwrap().len(), 3);
}

#[test]
fn its_keys_split() {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<Record> = (0..40).map(|index| record(index, 1 + index % 6)).collect();
    let file = write(&folder, "a.jsonl", &records);
    let data = Dataset::load(&[file], &Depth, &config(2), &mut |_| {}).unwrap();
    let by = SplitBy::Networks(vec!["net1".into()]);
    let sets = split(&data.keys(), &by, 0.4, 0).unwrap();
    // Networks alternate as records do, and so do tasks: net1 has the three tasks of even depth.
    let counts = sets.counts(&data.keys(), &by);
    assert_eq!((counts.test.n_samples, counts.test.n_programs, counts.test.n_tasks), (40, 20, 3));
    assert_eq!(counts.test_of_networks, counts.test);
    assert_eq!(counts.train.n_tasks + counts.validation.n_tasks, 3);
    expect_test::expect![[r#"
        train: 25 samples (13 programs of 2 tasks)
        validation: 14 samples (7 programs of 1 tasks)
        test: 40 samples (20 programs of 3 tasks)
          of held-out networks: 40 samples (20 programs of 3 tasks)"#]]
    .assert_eq(&counts.to_string());
}

#[test]
fn the_first_bad_record_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut records: Vec<Record> = (1..300).map(|index| record(index, 1)).collect();
    records[270].program = "@T.prim_func\ndef main(:\n".into();
    records[290].program = "nothing".into();
    let file = write(&folder, "a.jsonl", &records);
    for n_threads in [1, 2, 7] {
        let error = Dataset::load(&[&file], &Depth, &config(n_threads), &mut |_| {}).unwrap_err();
        let message = error.to_string();
        let (place, what) = message.split_once(": ").unwrap();
        assert!(place.ends_with("a.jsonl:271"), "{message}");
        assert_eq!(what, "record `copy` (task `copy1`, schedule 271): its program cannot be read");
        assert!(error.source().unwrap().to_string().starts_with("line 2"), "{:?}", error.source());
    }

    records[100].latency_s.insert("c".into(), vec![f64::NAN]);
    let file = write(&folder, "b.jsonl", &records);
    let error = Dataset::load(&[&file], &Depth, &LoadConfig::default(), &mut |_| {}).unwrap_err();
    assert!(matches!(&error, DataError::Label { at, hardware, .. } if at.line == 101 && hardware == "c"), "{error}");

    let error = records[290].parse_program().unwrap_err();
    assert!(error.to_string().starts_with("record `copy` (task"), "{error}");
}

#[test]
fn a_record_without_measurements_is_not_parsed() {
    let folder = tempfile::tempdir().unwrap();
    let mut records = [record(1, 1), record(2, 1)];
    records[0].program = "nothing".into();
    records[0].latency_s.clear();
    let file = write(&folder, "a.jsonl", &records);
    let data = Dataset::load(&[file], &Depth, &config(1), &mut |_| {}).unwrap();
    assert_eq!((data.programs().len(), data.report().n_records), (1, 2));
}

#[test]
fn records_that_were_not_measured_are_refused_unless_they_are_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let records = [record(1, 1), Record { latency_s: [].into(), ..record(2, 1) }];
    let file = write(&folder, "a.jsonl", &records);
    let error = Dataset::load(&[&file], &Depth, &LoadConfig::default(), &mut |_| {}).unwrap_err();
    assert!(matches!(&error, DataError::Unmeasured { at, .. } if at.line == 2));
    assert!(
        error.to_string().ends_with("a.jsonl:2: the record of task `copy1` has no `latency_s`: it was not measured")
    );
    assert_eq!(Dataset::load(&[file], &Depth, &config(1), &mut |_| {}).unwrap().programs().len(), 1);
}

#[test]
fn a_file_without_records_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let files = [write(&folder, "a.jsonl", &[record(1, 1)]), write(&folder, "b.jsonl", &[])];
    let error = Dataset::load(&files, &Depth, &LoadConfig::default(), &mut |_| {}).unwrap_err();
    assert!(error.to_string().ends_with("b.jsonl has no records"), "{error}");
}

#[test]
fn files_and_long_latencies_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let long = |index: usize| Record {
        latency_s: [("b".into(), vec![1e5]), ("c".into(), vec![1.0])].into(),
        ..record(index, 1)
    };
    let files =
        [write(&folder, "a.jsonl", &[record(1, 1), long(2), long(3)]), write(&folder, "b.jsonl.zst", &[record(4, 1)])];
    let data = Dataset::load(&files, &Depth, &config(1), &mut |_| {}).unwrap();
    let counts: Vec<_> = data.files().iter().map(|file| (file.path.clone(), file.n_records)).collect();
    assert_eq!(counts, [(files[0].clone(), 3), (files[1].clone(), 1)]);
    assert_ne!(data.files()[0].fingerprint, data.files()[1].fingerprint);
    let warnings: Vec<String> = data.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1);
    let expected = "a.jsonl:2: 100000 s on `b`, more than a day (2 such measurements); are the latencies in seconds?";
    assert!(warnings[0].ends_with(expected), "{warnings:?}");
}

#[test]
fn measurements_are_joined_with_their_hardware() {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<Record> = (1..20).map(|index| record(index, 1 + index % 3)).collect();
    let file = write(&folder, "a.jsonl", &records);
    let table = HardwareTable::from_json(r#"[{"name": "b", "x": 1}, {"name": "a", "x": 2}]"#).unwrap();
    for spill in [None, Some(Spill { above: 0, folder: folder.path().to_owned() })] {
        let data = Dataset::load(&[&file], &Depth, &LoadConfig { spill, ..config(1) }, &mut |_| {}).unwrap();
        let indices = [7, 0, 30, 3, 2];
        let samples = data.samples(&table, &indices).unwrap();
        for (&(program, hardware, latency), &index) in samples.iter().zip(&indices) {
            let measured = &data.measurements()[index];
            assert_eq!((program, hardware.name(), latency), (measured.program, &*measured.hardware, measured.latency));
        }
        let chunks: Vec<_> = data.chunks(&table, &indices, 2).unwrap().map(Result::unwrap).collect();
        assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
        for (joined, (program, hardware, latency)) in chunks.iter().flatten().zip(samples) {
            assert_eq!((joined.hardware, joined.latency), (hardware, latency));
            assert_eq!(*joined.ast, *data.read(program).unwrap());
        }
        let lacking = HardwareTable::from_json(r#"[{"name": "a", "x": 2}]"#).unwrap();
        let error = data.samples(&lacking, &[0, 1]).unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "unknown hardware `b`; nearest of 1: a");
    }
}

//! Reading and writing record files: what comes back, and what each broken file is refused with.

use std::error::Error as _;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use cdmpp_data::{DataError, Record, RecordReader, RecordWriter};
use expect_test::{Expect, expect};
use proptest::prelude::*;

const LINE: &str = r#"{"task":"t","name":"n","networks":{"net":2},"schedule":3,"program":"p","latency_s":{"h":[0.5]}}"#;

fn reader(bytes: impl Into<Vec<u8>>) -> RecordReader {
    RecordReader::from_reader("f", Cursor::new(bytes.into())).expect("memory can be read")
}

fn zstd(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 1).expect("memory can be written")
}

/// An error with its causes, as a command shows it.
fn whole(error: &DataError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!("\n  {error}");
        cause = error.source();
    }
    text
}

/// What the reader gives for each line: the line of a record, or the error.
fn check(bytes: impl Into<Vec<u8>>, expect: Expect) {
    let mut reader = reader(bytes);
    let mut answer = Vec::new();
    while let Some(item) = reader.next() {
        answer.push(match item {
            Ok(record) => format!("{} {:?}", reader.location(), record.latency_s),
            Err(error) => whole(&error),
        });
    }
    expect.assert_eq(&answer.join("\n"));
}

fn with_latencies(latencies: &str) -> String {
    LINE.replace(r#"{"h":[0.5]}"#, latencies)
}

#[test]
fn plain_and_compressed_read_alike() {
    let text = format!("{LINE}\n\n  \r\n{LINE}\r\n{LINE}");
    for bytes in [text.clone().into_bytes(), zstd(&text)] {
        let records: Vec<Record> = reader(bytes).map(Result::unwrap).collect();
        assert_eq!(records.len(), 3);
        assert_eq!((records[0].schedule, records[0].networks["net"], &records[0].config), (3, 2, &None));
    }
}

#[test]
fn several_frames_are_one_stream() {
    let (start, end) = LINE.split_at(40);
    let skippable = [0x5a, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7].to_vec();
    check(
        [skippable, zstd(start), zstd(end), zstd(&format!("\n{LINE}\n"))].concat(),
        expect![[r#"
        f:1 {"h": [0.5]}
        f:2 {"h": [0.5]}"#]],
    );
}

#[test]
fn a_reader_that_gives_single_bytes_is_recognised_too() {
    struct Slow(Cursor<Vec<u8>>);
    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }
    let bytes = zstd(LINE);
    let n_bytes = bytes.len() as u64;
    let mut reader = RecordReader::from_reader("slow", Slow(Cursor::new(bytes))).unwrap();
    assert!(reader.next().unwrap().is_ok() && reader.next().is_none() && reader.next().is_none());
    assert_eq!(reader.bytes_read(), n_bytes);
}

#[test]
fn empty_files_have_no_records() {
    for bytes in [Vec::new(), b"\n \n".to_vec(), zstd(""), zstd("\n")] {
        assert!(reader(bytes).next().is_none());
    }
}

#[test]
fn a_line_that_is_no_record_is_located() {
    check(
        format!("{LINE}\n{{\"task\": tru}}\n{LINE}"),
        expect![[r#"
        f:1 {"h": [0.5]}
        f:2:13: not a record: expected ident
        f:3 {"h": [0.5]}"#]],
    );
    check(&LINE[..50], expect!["f:1:50: not a record: EOF while parsing a string"]);
    check(LINE.replace(r#""program":"p","#, ""), expect!["f:1: not a record: missing field `program`"]);
    check(
        LINE.replace(r#""schedule":3"#, r#""schedule":"3""#),
        expect![[r#"f:1:58: not a record: invalid type: string "3", expected i64"#]],
    );
    check(
        LINE.replace(r#""net":2"#, r#""net":-2"#),
        expect!["f:1:43: not a record: invalid value: integer `-2`, expected u32"],
    );
    check(
        with_latencies(r#"{"h":["0.5"]}"#),
        expect![[r#"f:1:94: not a record: invalid type: string "0.5", expected f64"#]],
    );
    check(
        with_latencies(r#"{"h":0.5}"#),
        expect!["f:1:91: not a record: invalid type: floating point `0.5`, expected a sequence"],
    );
    check(with_latencies(r#"{"h":[1e999]}"#), expect!["f:1:94: not a record: number out of range"]);
    check(with_latencies(r#"{"h":[1],"h":[2]}"#), expect!["f:1:100: not a record: hardware `h` is given twice"]);
    check("[]", expect!["f:1:2: not a record: invalid length 0, expected an object"]);
    check(format!("{LINE}{LINE}"), expect!["f:1:96: not a record: trailing characters"]);
    check(b"{\"task\":\"\xff\"}".to_vec(), expect!["f:1:10: not a record: invalid unicode code point"]);
}

#[test]
fn numbers_that_json_lacks_are_read_in_latencies_only() {
    check(
        with_latencies(r#"{"h":[NaN, 1.0, null], "i": [-Infinity,Infinity,-1]}"#),
        expect![[r#"f:1 {"h": [NaN, 1.0, NaN], "i": [NaN, NaN, -1.0]}"#]],
    );
    check(LINE.replace(r#""schedule":3"#, r#""schedule":NaN"#), expect!["f:1:56: not a record: expected value"]);
    check(with_latencies(r#"{"h":[NaN, Nan]}"#), expect!["f:1:96: not a record: expected value"]);
    check(with_latencies(r#"{"h":NaN}"#), expect!["f:1:89: not a record: expected value"]);
}

#[test]
fn a_broken_stream_is_located_and_ends() {
    let text = format!("{LINE}\n").repeat(1000);
    let whole = zstd(&text);
    check(&whole[..2], expect!["f:1:1: not a record: expected value"]);
    let mut reader = reader(&whole[..whole.len() - 3]);
    let error = reader.find_map(Result::err).unwrap();
    assert!(matches!(&error, DataError::Read { at, .. } if at.line > 0), "{error}");
    assert!(reader.next().is_none());
}

#[test]
fn a_line_without_end_is_refused() {
    let mut reader = RecordReader::from_reader("f", std::io::repeat(b'x')).unwrap();
    let error = reader.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "f:1:4194305: not a record: the line is longer than 4194304 bytes");
    assert!(reader.next().is_none());
}

#[test]
fn a_missing_file_is_named() {
    let error = RecordReader::open("no/such/file.jsonl").unwrap_err();
    expect![[r#"
        cannot open no/such/file.jsonl
          No such file or directory (os error 2)"#]]
    .assert_eq(&whole(&error));
}

#[test]
fn a_limit_holds_for_lines_and_for_blanks() {
    let n_bytes = LINE.len() as u64 + 1;
    let read = |text: String, max: u64| -> Vec<String> {
        let answers = reader(text).with_max_record_bytes(max);
        answers.map(|answer| answer.map_or_else(|error| error.to_string(), |record| record.task)).collect()
    };
    let two = format!("{LINE}\n{LINE}\n");
    assert_eq!(read(two.clone(), n_bytes), ["t", "t"]);
    let error = format!("f:1:{n_bytes}: not a record: the line is longer than {} bytes", n_bytes - 1);
    assert_eq!(read(two, n_bytes - 1), [error]);
    // Blank lines between two records are bounded; those further on start anew.
    let blanks = "\n".repeat(90);
    assert_eq!(read(format!("{blanks}{LINE}\n{blanks}{LINE}"), n_bytes), ["t", "t"]);
    let many = read("\n".repeat(1000), n_bytes);
    assert_eq!(many, [format!("f:{}: not a record: there are more than {n_bytes} bytes of blank lines", n_bytes + 1)]);
    let mut endless = RecordReader::from_reader("f", std::io::repeat(b'\n')).unwrap();
    assert!(endless.next().unwrap().is_err() && endless.next().is_none());
}

#[test]
fn other_kinds_of_files_are_named() {
    let refused = |bytes: &'static [u8]| RecordReader::from_reader("x", bytes).unwrap_err().to_string();
    expect!["x is gzip; plain text and zstd are read: decompress it, as by `gunzip`"]
        .assert_eq(&refused(b"\x1f\x8b\x08\x00\x00"));
    for mark in [&b"\xef\xbb\xbf{}"[..], b"\xff\xfe{\0", b"\xfe\xff\0{"] {
        expect!["x starts with a byte-order mark (BOM); save it as UTF-8 without one"].assert_eq(&refused(mark));
    }
}

#[test]
fn a_file_has_one_fingerprint_compressed_or_not() {
    let fingerprint = |bytes: Vec<u8>| {
        let mut reader = reader(bytes);
        while reader.next().is_some() {}
        reader.fingerprint()
    };
    let text = format!("{LINE}\n\n{LINE}\n");
    assert_eq!(fingerprint(text.clone().into()), fingerprint(zstd(&text)));
    assert_ne!(fingerprint(text.clone().into()), fingerprint(text.replace("0.5", "0.6").into()));
    assert_ne!(fingerprint(text.clone().into()), fingerprint(text.replace("\n\n", "\n").into()));
}

#[test]
fn a_writer_replaces_its_target_at_the_end_only() {
    let folder = tempfile::tempdir().unwrap();
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    for name in ["a.jsonl", "b.jsonl.zst"] {
        let path = folder.path().join(name);
        std::fs::write(&path, "old").unwrap();
        let record: Record = serde_json::from_str(LINE).unwrap();
        let n_names = names().len();

        let mut writer = RecordWriter::create(&path).unwrap();
        writer.write(&record).unwrap();
        drop(writer);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(names().len(), n_names, "the temporary file is gone");

        let mut writer = RecordWriter::create(&path).unwrap();
        writer.write(&record).unwrap();
        writer.write(&record).unwrap();
        writer.finish().unwrap();
        let records: Vec<Record> = RecordReader::open(&path).unwrap().map(Result::unwrap).collect();
        assert_eq!(records, [record.clone(), record]);
        assert_eq!(names().len(), n_names);
    }
    let is_zstd = |name: &str| std::fs::read(folder.path().join(name)).unwrap().starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    assert!(!is_zstd("a.jsonl") && is_zstd("b.jsonl.zst"));
}

#[test]
fn a_writer_without_a_folder_is_refused() {
    let error = RecordWriter::create("no/such/folder/f.jsonl").unwrap_err();
    assert!(matches!(&error, DataError::Write { path, .. } if path == Path::new("no/such/folder/f.jsonl")));
}

#[test]
fn a_damaged_frame_is_an_error() {
    let mut bytes = Vec::new();
    let mut encoder = zstd::Encoder::new(&mut bytes, 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(LINE.as_bytes()).unwrap();
    encoder.finish().unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let last = reader(bytes).last().unwrap();
    assert!(matches!(last, Err(DataError::Read { .. })), "{last:?}");
}

fn any_record() -> impl Strategy<Value = Record> {
    let latencies = prop::collection::btree_map(".{0,6}", prop::collection::vec(any::<f64>(), 0..4), 0..4);
    let networks = prop::collection::btree_map(".{0,6}", any::<u32>(), 0..3);
    (".{0,9}", ".{0,9}", networks, any::<i64>(), prop::option::of(any::<i32>()), ".{0,40}", latencies).prop_map(
        |(task, name, networks, schedule, knob, program, latency_s)| {
            let config = knob.map(|knob| serde_json::from_str(&format!("{{\"knob\": {knob}}}")).expect("it is JSON"));
            Record { task, name, networks, schedule, config, program, latency_s }
        },
    )
}

proptest! {
    // Each case writes two files to the disk.
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn what_is_written_is_read(records in prop::collection::vec(any_record(), 0..5)) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.jsonl", "a.jsonl.zst"] {
            let path = folder.path().join(name);
            let mut writer = RecordWriter::create(&path).unwrap();
            for record in &records {
                writer.write(record).unwrap();
            }
            writer.finish().unwrap();
            let read: Vec<Record> = RecordReader::open(&path).unwrap().map(Result::unwrap).collect();
            let bits = |records: &[Record]| -> Vec<Record> {
                // JSON has no infinities: they come back as NaN, and NaN does not equal itself.
                let mut records = records.to_vec();
                for repeat in records.iter_mut().flat_map(|record| record.latency_s.values_mut()).flatten() {
                    *repeat = if repeat.is_finite() { *repeat } else { -12345.678 };
                }
                records
            };
            prop_assert_eq!(bits(&read), bits(&records));
        }
    }

}

proptest! {
    #[test]
    fn any_bytes_give_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0..200_usize) {
        let _ = reader(bytes.clone()).count();
        let mut compressed = zstd(&format!("{LINE}\n{LINE}\n"));
        for (at, byte) in bytes.iter().enumerate().take(3) {
            let place = (at * 31 + usize::from(*byte)) % compressed.len();
            compressed[place] ^= byte;
        }
        compressed.truncate(cut);
        if let Ok(reader) = RecordReader::from_reader("f", Cursor::new(compressed)) {
            let _ = reader.count();
        }
    }
}

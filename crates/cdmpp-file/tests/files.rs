//! Files are written whole, and outputs are checked before.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use cdmpp_file::{FileError, FileProblem, NewFile, Output, Place, check_places};

fn write(path: &Path, text: &str) -> Result<(), FileError> {
    let mut file = NewFile::create(path)?;
    file.write_all(text.as_bytes()).map_err(|source| FileError::write(path, source))?;
    file.finish()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a text file")
}

#[test]
fn a_file_takes_its_place_when_it_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    write(&path, "old").unwrap();

    let mut file = NewFile::create(&path).unwrap();
    file.write_all(b"new").unwrap();
    file.flush().unwrap();
    assert_eq!(read(&path), "old");
    drop(file);
    assert_eq!(read(&path), "old");
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing is left behind");

    write(&path, "new").unwrap();
    assert_eq!(read(&path), "new");
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

#[test]
fn what_is_wrong_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no/a");
    let error = NewFile::create(&missing).unwrap_err();
    assert!(matches!(error.problem, FileProblem::NoFolder { .. }));
    let expected =
        format!("cannot write {}: there is no folder {}", missing.display(), folder.path().join("no").display());
    assert_eq!(error.to_string(), expected);
    assert!(error.source().is_none());
    assert!(std::io::Error::from(error).to_string().starts_with("there is no folder"));

    let error = NewFile::create(folder.path()).unwrap_err();
    assert!(matches!(error.problem, FileProblem::IsFolder));

    let file = folder.path().join("file");
    write(&file, "").unwrap();
    assert!(matches!(NewFile::create(file.join("a")).unwrap_err().problem, FileProblem::NoFolder { .. }));
}

#[cfg(target_os = "linux")]
#[test]
fn the_system_says_why() {
    // Nobody makes files there.
    let error = NewFile::create("/sys/cdmpp").unwrap_err();
    assert_eq!(error.to_string(), "cannot write /sys/cdmpp");
    assert!(error.source().is_some());
    let error = check_places(&[Place::text("--out", "/sys/cdmpp".as_ref())], &[]).unwrap_err();
    assert_eq!(error.to_string(), "--out: cannot write /sys/cdmpp");

    let mut full = NewFile::create("/dev/full").unwrap();
    full.write_all(b"text").unwrap();
    let error = full.finish().unwrap_err();
    assert_eq!(error.to_string(), "cannot write /dev/full");
    assert!(error.source().unwrap().to_string().contains("No space left"));
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_its_target_is_replaced() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("deep")).unwrap();
    write(&at("deep/file"), "old").unwrap();
    symlink("deep/file", at("link")).unwrap();
    symlink("link", at("link-to-link")).unwrap();
    write(&at("link-to-link"), "new").unwrap();
    assert_eq!(read(&at("deep/file")), "new");
    assert!(at("link").is_symlink() && at("link-to-link").is_symlink());

    // A link that leads to no file yet.
    symlink("deep/later", at("dangling")).unwrap();
    write(&at("dangling"), "later").unwrap();
    assert_eq!(read(&at("deep/later")), "later");
    assert!(at("dangling").is_symlink());

    symlink("circle", at("circle")).unwrap();
    assert!(matches!(NewFile::create(at("circle")).unwrap_err().problem, FileProblem::LinkCircle));
}

#[cfg(unix)]
#[test]
fn the_mode_of_a_replaced_file_is_kept() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let mode = || path.metadata().unwrap().permissions().mode() & 0o777;
    write(&path, "").unwrap();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    assert_eq!(mode(), plain.metadata().unwrap().permissions().mode() & 0o777, "as any new file");

    for kept in [0o600, 0o640, 0o755] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(kept)).unwrap();
        write(&path, "again").unwrap();
        assert_eq!(mode(), kept);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn devices_and_pipes_are_written_through() {
    use std::os::unix::fs::{FileTypeExt, symlink};

    write(Path::new("/dev/null"), "gone").unwrap();
    assert!(Path::new("/dev/null").metadata().unwrap().file_type().is_char_device());
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("null");
    symlink("/dev/null", &link).unwrap();
    write(&link, "gone").unwrap();
    assert!(link.metadata().unwrap().file_type().is_char_device());

    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || read(&pipe)
    });
    write(&pipe, "through").unwrap();
    assert_eq!(reader.join().unwrap(), "through");
    assert!(pipe.metadata().unwrap().file_type().is_fifo());

    // Nothing is created there.
    let error = NewFile::create("/dev/cdmpp-no-such-device").unwrap_err();
    assert!(matches!(error.problem, FileProblem::NoDevice));
}

#[test]
fn standard_output_is_for_text() {
    for name in ["-", "/dev/stdout"] {
        assert_eq!(Output::text(name), Output::Standard);
        let error = Output::binary(name).unwrap_err();
        assert!(matches!(error.problem, FileProblem::BinaryToStandardOutput));
        check_places(&[Place::text("--out", name.as_ref())], &[("DATA", "-".as_ref())]).unwrap();
        let error = check_places(&[Place::binary("--out", name.as_ref())], &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "--out: cannot write {name}: it is binary and cannot go to standard output; give the name of a file"
            )
        );
    }
    assert_eq!(Output::text("a.json"), Output::File("a.json".into()));
    let both = [Place::text("--out", "-".as_ref()), Place::text("--report", "/dev/stdout".as_ref())];
    let error = check_places(&both, &[]).unwrap_err();
    assert!(matches!(error.problem, FileProblem::TwoOutputs { other } if other == "--out"));

    let mut out = Output::Standard.create().unwrap();
    out.write_all(b"").unwrap();
    out.finish().unwrap();
}

#[test]
fn two_outputs_at_one_place_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    check_places(&[Place::binary("--out", &a), Place::text("--report", &b)], &[]).unwrap();
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "checking leaves nothing behind");

    let otherwise = folder.path().join(".").join("a");
    let error = check_places(&[Place::binary("--out", &a), Place::text("--report", &otherwise)], &[]).unwrap_err();
    assert_eq!(error.role.as_deref(), Some("--report"));
    assert!(matches!(error.problem, FileProblem::TwoOutputs { other } if other == "--out"));
}

#[cfg(unix)]
#[test]
fn outputs_may_share_a_device() {
    let null: &Path = "/dev/null".as_ref();
    check_places(&[Place::text("--out", null), Place::text("--report", null)], &[]).unwrap();
}

#[test]
fn an_output_that_is_an_input_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("data"), "").unwrap();
    let mut outputs = vec![at("data"), at(".").join("data")];
    std::fs::hard_link(at("data"), at("hard")).unwrap();
    outputs.push(at("hard"));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("data", at("soft")).unwrap();
        std::os::unix::fs::symlink("data", at("input")).unwrap();
        outputs.push(at("soft"));
    }
    for output in &outputs {
        let error = check_places(&[Place::text("--out", output)], &[("DATA", &at("data"))]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("--out: cannot write {}: it would overwrite an input (DATA)", output.display())
        );
    }
    #[cfg(unix)]
    check_places(&[Place::text("--out", &at("data"))], &[("DATA", &at("input"))]).unwrap_err();
    check_places(&[Place::text("--out", &at("new"))], &[("DATA", &at("data")), ("more", &at("missing"))]).unwrap();
}

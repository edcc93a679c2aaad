// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The same frames in Rust, Python and C: `vectors.txt` has them, each line a kind, the upper
//! and the lower half of the first byte, the bytes behind it and the frame with its delimiter.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use synfire_link::{Command, Request, Response, Status};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    if digits.is_empty() { "-".into() } else { digits }
}

/// Bytes without a zero, with every third and with nothing else.
fn payload(len: usize, kind: usize) -> Vec<u8> {
    let byte = |i: usize| match kind {
        0 => 1 + (i * 7 % 255) as u8,
        1 if i % 3 == 2 => 0,
        1 => 0x80 + (i % 100) as u8,
        _ => 0,
    };
    (0..len).map(byte).collect()
}

/// The lengths around which blocks fill up.
const LENGTHS: [usize; 6] = [0, 1, 4, 251, 252, 300];

fn vectors() -> String {
    let mut text = String::new();
    let mut frame = vec![0; Response::encoded_max(300)];
    for (tag, len) in LENGTHS.into_iter().enumerate() {
        for kind in 0..3 {
            let (tag, payload) = (tag as u8, payload(len, kind));
            for code in [1, 4] {
                let command = Command::from_code(code).unwrap();
                let n = Request { tag, command, payload: &payload }.encode(&mut frame).unwrap();
                let (payload, frame) = (hex(&payload), hex(&frame[..n]));
                writeln!(text, "request {tag} {code} {payload} {frame}").unwrap();
            }
            let n =
                Response { tag, status: Status::Ok, body: &payload }.encode(&mut frame).unwrap();
            let (body, good) = (hex(&payload), hex(&frame[..n]));
            writeln!(text, "response {tag} 0 {body} {good}").unwrap();
            // A byte changed, one lost: no response.
            let mut damaged = frame[..n].to_vec();
            damaged[1] ^= 0x40;
            writeln!(text, "damaged 0 0 - {}", hex(&damaged)).unwrap();
            damaged[1] ^= 0x40;
            damaged.remove(n / 2);
            writeln!(text, "damaged 0 0 - {}", hex(&damaged)).unwrap();
        }
    }
    for code in 1..7 {
        let status = Status::from_code(code).unwrap();
        let n = Response { tag: 15, status, body: &[] }.encode(&mut frame).unwrap();
        writeln!(text, "response 15 {code} - {}", hex(&frame[..n])).unwrap();
    }
    let trace = Request { tag: 10, command: Command::InferWithTrace, payload: &[0, 1] };
    let n = trace.encode(&mut frame).unwrap();
    writeln!(text, "request 10 2 0001 {}", hex(&frame[..n])).unwrap();
    let identify = Request { tag: 11, command: Command::Identify, payload: &[] };
    let n = identify.encode(&mut frame).unwrap();
    writeln!(text, "request 11 3 - {}", hex(&frame[..n])).unwrap();
    text
}

#[test]
fn the_file_has_what_the_library_makes() {
    let (file, found) = (root().join("vectors.txt"), vectors());
    if std::env::var_os("SYNFIRE_BLESS").is_some() {
        std::fs::write(&file, &found).unwrap();
    }
    assert!(std::fs::read_to_string(file).unwrap() == found, "SYNFIRE_BLESS=1 writes it anew");
    for line in found.lines().filter(|l| l.starts_with("damaged")) {
        let digits = line.rsplit(' ').next().unwrap();
        let mut frame: Vec<u8> = (0..digits.len() / 2 - 1)
            .map(|i| u8::from_str_radix(&digits[2 * i..][..2], 16).unwrap())
            .collect();
        assert!(Response::decode(&mut frame).is_err(), "{line}");
    }
}

/// Runs a program that must be there in a full test run.
fn ran(command: &mut Process) -> Option<String> {
    match command.output() {
        Ok(out) => {
            let said = String::from_utf8([out.stdout, out.stderr].concat()).unwrap();
            assert!(out.status.success(), "{command:?}\n{said}");
            Some(said)
        }
        Err(e) => {
            assert!(std::env::var_os("SYNFIRE_REQUIRE_TOOLS").is_none(), "{command:?}: {e}");
            eprintln!("not run: {command:?}: {e}");
            None
        }
    }
}

#[test]
fn the_python_module_makes_and_reads_the_same() {
    let mut python = Process::new("python3");
    python.args(["-B", "-m", "unittest", "-v"]).current_dir(root().join("python"));
    let Some(said) = ran(&mut python) else { return };
    assert!(said.contains("test_vectors"), "{said}");
}

/// Compiles a C file as a microcontroller's compiler would, and as C++ compilers do.
fn compiled(source: &str, out: &Path) -> Option<PathBuf> {
    let out = out.join("program");
    let mut gcc = Process::new("gcc");
    gcc.args(["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror", "-O1"]);
    ran(gcc.arg(root().join("c").join(source)).arg("-o").arg(&out)).map(|_| out)
}

#[test]
fn the_header_makes_and_reads_the_same() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("header");
    std::fs::create_dir_all(&dir).unwrap();
    let Some(program) = compiled("check.c", &dir) else { return };
    let vectors = root().join("vectors.txt");
    let said = ran(Process::new(program).arg(&vectors)).unwrap();
    let lines = std::fs::read_to_string(vectors).unwrap().lines().count();
    assert_eq!(said.trim(), format!("{lines} vectors"));
}

#[test]
fn the_example_compiles_and_its_board_answers() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("example");
    std::fs::create_dir_all(&dir).unwrap();
    let Some(program) = compiled("example.c", &dir) else { return };
    assert_eq!(ran(&mut Process::new(program)).unwrap(), "class 1\n");
    let lines = std::fs::read_to_string(root().join("c/example.c")).unwrap().lines().count();
    assert!(lines <= 100, "{lines} lines");
}

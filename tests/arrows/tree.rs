// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The source files, read once or made up.

use std::collections::BTreeSet;
use std::path::Path;

/// One text file.
pub(crate) struct File {
    /// Relative to the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// `sim` for src/sim/mod.rs and src/sim.rs; none for lib.rs and main.rs.
    pub(crate) fn module(&self) -> Option<String> {
        let inside = self.path.strip_prefix("src/")?;
        let module = inside.split_once('/').map_or(inside, |(m, _)| m);
        let module = module.strip_suffix(".rs").unwrap_or(module);
        (module != "lib" && module != "main").then(|| module.to_owned())
    }

    /// Written by hand, in a language that has comments.
    pub(crate) fn is_source(&self) -> bool {
        let (_, ending) = self.path.rsplit_once('.').unwrap_or_default();
        ["rs", "v", "vh", "sv", "cpp", "h", "py", "pyi", "sh", "toml", "pcf"].contains(&ending)
            && !self.text.lines().take(3).any(|line| line.starts_with("// @generated"))
    }
}

pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

impl Tree {
    /// What lies in the repository's own directories and at its top.
    pub(crate) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        for entry in std::fs::read_dir(root).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                add(root, &path, &mut files);
            }
        }
        for dir in [
            "src",
            "hdl",
            "templates",
            "targets",
            "tests",
            "xtask",
            "fuzz",
            "distill",
            "link",
            "benches",
            "python",
        ] {
            walk(root, &root.join(dir), &mut files);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        assert!(files.len() > 50, "only {} files were found", files.len());
        Self { files }
    }

    /// A made-up tree.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file = |&(path, text): &(&str, &str)| File { path: path.into(), text: text.into() };
        Self { files: files.iter().map(file).collect() }
    }

    /// The Rust files below a directory.
    pub(crate) fn rust<'a>(&'a self, below: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |f| f.path.starts_with(below) && f.path.ends_with(".rs"))
    }

    /// The modules of the library.
    pub(crate) fn modules(&self) -> BTreeSet<String> {
        self.rust("src/").filter_map(File::module).collect()
    }
}

fn walk(root: &Path, dir: &Path, files: &mut Vec<File>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // What cargo builds lies beside a manifest; `src/target` is a room.
        let is_built = name == "target" && dir.join("Cargo.toml").is_file();
        if is_built || name == "__pycache__" || name.starts_with('.') {
            continue;
        }
        if path.is_dir() { walk(root, &path, files) } else { add(root, &path, files) }
    }
}

fn add(root: &Path, path: &Path, files: &mut Vec<File>) {
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let path = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
    files.push(File { path, text });
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The student that every benchmark runs.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "no benchmark uses everything")]

use std::path::{Path, PathBuf};

use synfire::data::{self, Inputs};
use synfire::hw::{self, Design};
use synfire::import;
use synfire::ir::Graph;
use synfire::pass::{self, TO_INTEGER};
use synfire::target::{self, Target};

/// A file of the student.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/student").join(name)
}

/// The student compiled in this process, and its images.
pub struct Student {
    pub integer: Graph,
    pub design: Design,
    pub target: Target,
    pub images: Inputs,
}

impl Student {
    /// Compiles it, or another model of the same images, for the iCEBreaker with the default
    /// options.
    pub fn compile(model: Option<PathBuf>) -> Self {
        let model = model.unwrap_or_else(|| file("student_dynamo.onnx"));
        let mut integer = import::load(&model, &import::Options::default()).unwrap();
        pass::run(&mut integer, TO_INTEGER, &pass::Options::default()).unwrap();
        let target = target::load("icebreaker").unwrap();
        let (design, _) = hw::lower(&integer, &target, &hw::Options::default()).unwrap();
        let images = data::load(&file("images-idx3-ubyte.gz"), None).unwrap();
        Self { integer, design, target, images }
    }
}

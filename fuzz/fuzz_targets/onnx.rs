// SPDX-License-Identifier: Apache-2.0 OR MIT
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use synfire_fuzz::structure::mutate_file;

fuzz_target!(|bytes: &[u8]| synfire_fuzz::check("onnx", bytes));

// Every other change is one of bytes.
fuzz_mutator!(|file: &mut [u8], size: usize, most: usize, seed: u32| {
    let changed = if seed % 2 == 0 { mutate_file(file, size, seed) } else { None };
    changed.filter(|size| *size <= most).unwrap_or_else(|| fuzzer_mutate(file, size, most))
});

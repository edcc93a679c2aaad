// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The training companion's command line.

mod cli;

use std::process::ExitCode;

/// Keeps the memory of tensors that are freed and made anew at every step; the system's
/// allocator gives it back each time, and faulting it in again is a tenth of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Counts what a thread allocates, and the most there was at a time.
#![allow(unsafe_code, unreachable_pub, reason = "an allocator, in a module of several crates")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Hands every call on to the system's allocator.
struct Counting;

thread_local! {
    /// Bytes; below zero where a thread frees what another one has allocated.
    static NOW: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

/// The cells are gone when a thread ends, and what is freed then does not matter.
fn change(bytes: isize) {
    let _ = NOW.try_with(|now| {
        now.set(now.get() + bytes);
        let _ = MOST.try_with(|most| most.set(most.get().max(now.get())));
    });
}

// SAFETY: every call is handed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        change(layout.size() as isize);
        // SAFETY: the caller's promises are the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        change(layout.size() as isize);
        // SAFETY: the caller's promises are the system's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        change(-(layout.size() as isize));
        // SAFETY: the caller's promises are the system's.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Runs; says the most memory there was beyond what there had been.
fn most<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.get();
    MOST.set(before);
    let result = run();
    (result, usize::try_from(MOST.get() - before).unwrap_or(0))
}

/// Runs; asserts that it took at most `factor` bytes for each of `bytes`, and `constant`.
#[track_caller]
pub fn bounded<T>(bytes: usize, factor: usize, constant: usize, run: impl FnOnce() -> T) -> T {
    let (result, most) = most(run);
    let limit = factor.saturating_mul(bytes).saturating_add(constant);
    assert!(most <= limit, "{most} bytes of memory for {bytes} of the file; {limit} are allowed");
    result
}

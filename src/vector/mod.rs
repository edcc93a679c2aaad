// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Loops in the widest vector instructions that the machine has.
//!
//! A program for every x86-64 has the instructions of the first of them: two `f64` at once, and
//! no instruction that counts bits. What is passed to [`vectorised`] is compiled once more for
//! those of later machines, and which of them runs is decided there. The results are the same to
//! the last bit: additions stay in their order, and a product is rounded before it is added.

/// Runs `work` with the instructions of this machine. It and what its loops call have to be
/// `#[inline(always)]`: a function that stays one of its own keeps the instructions of every
/// machine.
#[inline]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx2") && has!("popcnt") && has!("bmi1") && has!("bmi2") && has!("lzcnt") {
            if has!("avx512f")
                && has!("avx512bw")
                && has!("avx512dq")
                && has!("avx512vl")
                && has!("avx512vpopcntdq")
            {
                // SAFETY: the machine has these instructions.
                #[expect(unsafe_code, reason = "the only way to another set of instructions")]
                return unsafe { x86::avx512(work) };
            }
            // SAFETY: the machine has these instructions.
            #[expect(unsafe_code, reason = "the only way to another set of instructions")]
            return unsafe { x86::avx2(work) };
        }
    }
    work()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #[target_feature(enable = "avx2,popcnt,bmi1,bmi2,lzcnt")]
    pub(super) fn avx2<R>(work: impl FnOnce() -> R) -> R {
        work()
    }

    #[target_feature(enable = "avx2,popcnt,bmi1,bmi2,lzcnt")]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq")]
    pub(super) fn avx512<R>(work: impl FnOnce() -> R) -> R {
        work()
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From an exported model to its hardware.

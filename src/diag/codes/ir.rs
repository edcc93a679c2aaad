// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF02xx: the graph and its text form.

use super::codes;

codes! {
    IR_SYNTAX = "SF0201", "the graph text cannot be parsed",
        "The text form of a graph has a syntax error. The message names line and column and what was expected; docs/ir.md is the reference.";
    IR_INVALID = "SF0202", "the graph breaks a rule of the language",
        "The verifier found a node whose operands, shapes or parameters do not agree. The message names node and rule; docs/ir.md lists all rules.";
}

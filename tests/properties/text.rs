// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The text form.

use proptest::prelude::*;
use synfire::ir::{Graph, isomorphic, parse, print};

use super::common::net::{Numbers, nets};
use super::{config, to_integer};

fn round_trip(g: &Graph) -> Result<(), TestCaseError> {
    let text = print(g).unwrap();
    let back = parse(&text).map_err(|d| TestCaseError::fail(format!("{d}\n{text}")))?;
    prop_assert_eq!(&print(&back).unwrap(), &text);
    prop_assert!(isomorphic(g, &back), "not the same graph:\n{}", text);
    prop_assert_eq!(&back.name, &g.name);
    Ok(())
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn the_text_form_reads_back(net in prop_oneof![nets(Numbers::Any), nets(Numbers::Dyadic)]) {
        round_trip(&net.graph())?;
        round_trip(&to_integer(&net)?)?;
    }

    #[test]
    fn any_name_reads_back(graph in ".*", node in ".*") {
        let mut g = Graph::new(graph, 1);
        let shape = vec![2];
        let input = synfire::ir::Input { shape, bits: Some(1), is_static: true };
        let id = g.add(node, synfire::ir::Op::Input(input), &[]).unwrap();
        g.set_output(id);
        round_trip(&g)?;
    }
}

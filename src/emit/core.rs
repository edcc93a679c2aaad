// SPDX-License-Identifier: Apache-2.0 OR MIT
//! sf_core.v: the chain of stages.

use askama::Template;

use super::{File, RTL_DIR, memory, quoted};
use crate::diag::Result;
use crate::hw::{Design, Knobs, Place, Split, Stage};
use crate::ir::{Compare, Reset};

#[derive(Template)]
#[template(path = "verilog/core.v", escape = "none")]
struct Core<'a> {
    model: String,
    version: &'a str,
    timesteps: u32,
    /// Inputs, and bytes of a request: what it leaves out comes before them.
    inputs: u32,
    bytes: u32,
    input_bits: u32,
    classes: u32,
    dense_count: usize,
    lif_count: usize,
    trace: bool,
    /// What a request may leave out.
    knobs: Option<Knobs>,
    step_bits: u32,
    /// The reset of what computes, and the members whose trains are kept.
    reset: &'static str,
    ran: &'static str,
    /// Streams that are sent: the result and the kept trains.
    sources: usize,
    /// Bytes of weights that the host loads, and the memories they go to.
    load_bytes: u32,
    loads: usize,
    nets: Vec<Net>,
    stages: Vec<Instance>,
}

/// Stream number k lies before stage number k.
struct Net {
    width: u32,
    signed: bool,
}

struct Instance {
    index: usize,
    name: String,
    from: usize,
    to: usize,
    module: Module,
}

enum Module {
    Dense(DenseParams),
    Planes(PlanesParams),
    Lif(LifParams),
    Count(CountParams),
    Readout(ReadoutParams),
}

struct DenseParams {
    ni: u32,
    no: u32,
    groups: u32,
    lanes: u32,
    /// A weight bit of 0 is the weight 0 instead of −1.
    zeros: u32,
    xw: u32,
    tp: u32,
    aw: u32,
    depth: u32,
    addr_bits: u32,
    memory: WeightMemory,
    probe: usize,
    /// Of an ensemble, 1 if there are none, and what there is of each.
    members: u32,
    split: u32,
}

enum WeightMemory {
    Rom {
        block: u32,
        init: String,
    },
    /// The turn says how many memories are loaded before it.
    Spram {
        turn: usize,
    },
}

struct PlanesParams {
    w: u32,
    iw: u32,
    ow: u32,
}

struct LifParams {
    n: u32,
    iw: u32,
    vw: u32,
    frac: u32,
    k: u32,
    m: u32,
    reset: u32,
    strict: u32,
    hold: u32,
    bw: u32,
    tw: u32,
    block: u32,
    init: String,
    probe: usize,
    knobs: bool,
    members: u32,
}

struct CountParams {
    w: u32,
}

struct ReadoutParams {
    n: u32,
    iw: u32,
    gw: u32,
    ow: u32,
    lw: u32,
    block: u32,
    init: String,
    /// The operand, as wide as the sum, with a sign bit where it has none.
    input: String,
    steps: u32,
    members: u32,
    /// Where the margins are, of one that stops early.
    margins: Option<&'static str>,
}

/// Renders the core.
pub(super) fn render(design: &Design) -> Result<File> {
    let lif_count = design.lifs().count();
    let mut nets = vec![Net { width: design.input.bits, signed: false }];
    let mut stages = Vec::new();
    let (mut denses, mut lifs, mut loads) = (0, 0, 0);
    for (index, stage) in design.stages.iter().enumerate() {
        let init = memory::name(index);
        let (name, module) = match stage {
            Stage::Dense(d) => {
                nets.push(Net { width: d.output_bits(), signed: true });
                denses += 1;
                let memory = match d.place {
                    Place::Luts => WeightMemory::Rom { block: 0, init },
                    Place::BlockRam => WeightMemory::Rom { block: 1, init },
                    Place::Spram => {
                        loads += 1;
                        WeightMemory::Spram { turn: loads - 1 }
                    }
                };
                let params = DenseParams {
                    ni: d.inputs(),
                    no: d.outputs(),
                    groups: d.groups(),
                    lanes: d.lanes,
                    zeros: (d.planes > 1).into(),
                    xw: d.input_bits,
                    tp: d.time_parallel,
                    aw: d.acc_bits,
                    depth: d.depth(),
                    addr_bits: address_bits(d.depth()),
                    memory,
                    probe: denses - 1,
                    members: d.split.members(),
                    split: match d.split {
                        Split::None => 0,
                        Split::Outputs(_) => 1,
                        Split::Inputs(_) => 2,
                    },
                };
                (d.name.as_str(), Module::Dense(params))
            }
            Stage::Planes(p) => {
                nets.push(Net { width: p.sum_bits, signed: true });
                let params = PlanesParams { w: p.planes, iw: p.input_bits, ow: p.sum_bits };
                (p.name.as_str(), Module::Planes(params))
            }
            Stage::Lif(l) => {
                nets.push(Net { width: l.timesteps, signed: false });
                lifs += 1;
                let params = LifParams {
                    n: l.neurons(),
                    iw: l.input_bits,
                    vw: l.membrane_bits,
                    frac: l.frac,
                    k: l.leak_num,
                    m: l.leak_shift,
                    reset: match l.reset {
                        Reset::Soft => 0,
                        Reset::SoftDelayed => 1,
                        Reset::Hard => 2,
                        Reset::None => 3,
                        // No engine has it (`hw::stages`).
                        Reset::HardDelayed => 4,
                    },
                    strict: (l.compare == Compare::Above).into(),
                    hold: l.hold.into(),
                    bw: l.bias_bits,
                    tw: l.threshold_bits,
                    block: l.block.into(),
                    init,
                    probe: lifs - 1,
                    knobs: l.knobs,
                    members: l.members,
                };
                (l.name.as_str(), Module::Lif(params))
            }
            Stage::Count(w) => {
                nets.push(Net { width: u32::BITS - w.leading_zeros(), signed: false });
                ("count", Module::Count(CountParams { w: *w }))
            }
            Stage::Readout(r) => {
                let params = ReadoutParams {
                    n: r.classes(),
                    iw: r.input_bits,
                    gw: r.gain_bits,
                    ow: r.offset_bits,
                    lw: r.logit_bits,
                    block: r.block.into(),
                    init,
                    input: match nets.last() {
                        Some(Net { width, signed: true }) if *width < r.input_bits => {
                            let more = r.input_bits - width;
                            format!("{{{{{more}{{d{index}[{}]}}}}, d{index}}}", width - 1)
                        }
                        Some(Net { signed: true, .. }) => format!("d{index}"),
                        _ => format!("{{1'b0, d{index}}}"),
                    },
                    steps: r.steps,
                    members: r.members,
                    margins: (!r.margins.is_empty()).then_some(memory::MARGINS),
                };
                (r.name.as_str(), Module::Readout(params))
            }
        };
        let name = quoted(name);
        stages.push(Instance { index, name, from: index, to: index + 1, module });
    }
    let classes = match design.stages.last() {
        Some(Stage::Readout(r)) => r.classes(),
        _ => 0,
    };
    let core = Core {
        model: quoted(&design.name),
        version: env!("CARGO_PKG_VERSION"),
        timesteps: design.timesteps,
        inputs: design.input.count,
        bytes: design.input_bytes(),
        knobs: design.knobs,
        reset: if design.can_stop() { "rst" } else { "rst_i" },
        ran: if design.can_stop() { "ran" } else { "mask" },
        step_bits: address_bits(design.timesteps),
        input_bits: design.input.bits,
        classes,
        dense_count: denses,
        lif_count,
        trace: design.trace,
        sources: if design.trace { 1 + lif_count } else { 1 },
        load_bytes: design.load_bytes(),
        loads,
        nets,
        stages,
    };
    File::rendered(format!("{RTL_DIR}/sf_core.v"), &core)
}

/// Bits of the address of one of `depth` words, as `$clog2` in hdl/.
fn address_bits(depth: u32) -> u32 {
    depth.max(2).next_power_of_two().trailing_zeros()
}

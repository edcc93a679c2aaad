// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Options about the model that several commands share, and loading it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser as _;

use super::cut::CutArgs;
use super::timings::Stopwatch;
use super::tradeoff;
use crate::diag::{Diagnostic, InFile as _, Result, codes};
use crate::import;
use crate::ir::{Compare, Graph, Reset};
use crate::pass::{self, Note};

/// What a command takes in the place of a model alone.
pub(super) const MODEL_OR_BUILD: &str = "The model: .onnx, .nir, or .sfir (the graph as text); or a directory that `synfire compile` wrote";

/// Which model, and how it becomes integers.
#[derive(clap::Args, Clone)]
pub(super) struct ModelArgs {
    /// The model: .onnx, .nir, or .sfir (the graph as text).
    pub(super) model: PathBuf,
    /// Timesteps, where the file does not say: a file that holds one timestep is run so
    /// often.
    #[arg(long)]
    timesteps: Option<u32>,
    /// Bits of an input level, where the file does not say; with --input-scale, for
    /// floating-point inputs, which are real numbers otherwise.
    #[arg(long)]
    input_bits: Option<u32>,
    /// Factor between a level and the model's input (1/255 for pixels in 0..1), where the
    /// file does not say: a number or a fraction.
    #[arg(long, value_name = "FACTOR", value_parser = fraction)]
    input_scale: Option<f64>,
    /// A file that holds one timestep: it gets another input at every timestep.
    #[arg(long)]
    input_changes: bool,
    /// The model's input has a dimension of time; it is shown the same at every timestep, so
    /// that one timestep of it is the input.
    #[arg(long)]
    input_static: bool,
    /// The output to take, if the file has several.
    #[arg(long)]
    output_name: Option<String>,
    /// A file that holds one timestep: the input IN is a state, the output OUT its next
    /// value. Once for each state whose pair is not found by itself.
    #[arg(long, value_name = "IN=OUT", value_parser = pair)]
    state: Vec<(String, String)>,
    /// What a weight of zero (of `sign(0)`) counts as; without it zeros are refused.
    #[arg(long, value_enum)]
    sign_of_zero: Option<ZeroSign>,
    /// What becomes of weights that are not ±α.
    #[arg(long, value_enum, default_value_t = Weights::Auto)]
    weights: Weights,
    /// Length of a timestep, in the unit of the file's time constants (NIR files do not say).
    #[arg(long, value_name = "SECONDS")]
    pub(super) dt: Option<f64>,
    /// What firing does to the membrane (NIR files do not say).
    #[arg(long, value_enum)]
    reset: Option<ResetArg>,
    /// Does a neuron fire that stands on its threshold? (NIR files do not say.)
    #[arg(long, value_enum)]
    compare: Option<CompareArg>,
    /// Where membranes are before the first timestep (NIR files do not say).
    #[arg(long, value_enum)]
    start: Option<StartArg>,
    /// The framework that wrote the NIR file: sets --dt, --reset, --compare and --start to what
    /// it means, where they are not given.
    #[arg(long, value_enum, value_name = "FRAMEWORK")]
    from: Option<FromArg>,
    /// The neurons fire at most once in a timestep, although the framework's may fire more
    /// often (sinabs).
    #[arg(long)]
    single_spike: bool,
    #[command(flatten)]
    pub(super) cuts: CutArgs,
    #[command(flatten)]
    pub(super) passes: PassArgs,
}

/// The resets by name.
#[derive(Clone, Copy, clap::ValueEnum)]
enum ResetArg {
    /// The threshold is subtracted, and what is left leaks.
    Soft,
    /// The threshold is subtracted one step later, after the leak (snnTorch).
    SoftDelayed,
    /// The membrane goes to the file's v_reset.
    Hard,
    /// The membrane is at the file's v_reset for one step more, whose input is lost (snnTorch's
    /// Synaptic, RLeaky and RSynaptic with zero).
    HardDelayed,
    /// Nothing.
    None,
}

impl From<ResetArg> for Reset {
    fn from(arg: ResetArg) -> Self {
        match arg {
            ResetArg::Soft => Self::Soft,
            ResetArg::SoftDelayed => Self::SoftDelayed,
            ResetArg::Hard => Self::Hard,
            ResetArg::HardDelayed => Self::HardDelayed,
            ResetArg::None => Self::None,
        }
    }
}

/// Firing on the threshold, by name.
#[derive(Clone, Copy, clap::ValueEnum)]
enum CompareArg {
    /// It does not: v > θ.
    Above,
    /// It does: v ≥ θ.
    AtLeast,
}

/// First states by name.
#[derive(Clone, Copy, clap::ValueEnum)]
enum StartArg {
    /// At 0.
    Zero,
    /// At the file's v_reset.
    Reset,
    /// At the file's v_leak.
    Leak,
}

/// Frameworks by name.
#[derive(Clone, Copy, clap::ValueEnum)]
enum FromArg {
    Snntorch,
    Norse,
    Sinabs,
    Spikingjelly,
}

impl From<FromArg> for import::Producer {
    fn from(arg: FromArg) -> Self {
        match arg {
            FromArg::Snntorch => Self::SnnTorch,
            FromArg::Norse => Self::Norse,
            FromArg::Sinabs => Self::Sinabs,
            FromArg::Spikingjelly => Self::SpikingJelly,
        }
    }
}

#[derive(clap::ValueEnum, Clone, Copy)]
enum ZeroSign {
    Plus,
    Minus,
}

#[derive(clap::ValueEnum, Clone, Copy)]
enum Weights {
    /// Kept, if other layers have binary weights; see --precision.
    Auto,
    /// They are refused.
    Binary,
    /// Rounded to 8 bits in the real-valued model, too, with one scale an output.
    Int8,
    /// Kept, whatever the other layers have.
    Float,
}

fn pair(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.into(), to.into())),
        _ => Err("two names with = between them, e.g. mem=mem_out".to_owned()),
    }
}

/// A number, or two with / between them.
fn fraction(text: &str) -> std::result::Result<f64, String> {
    let number = |t: &str| t.trim().parse::<f64>().map_err(|_| format!("`{t}` is not a number"));
    match text.split_once('/') {
        Some((above, below)) => Ok(number(above)? / number(below)?),
        None => number(text),
    }
}

/// How numbers become integers.
#[derive(clap::Args, Clone)]
pub(super) struct PassArgs {
    /// Bits of the smallest threshold: more is closer to the real-valued model.
    #[arg(long, default_value_t = pass::Options::default().precision_bits)]
    precision_bits: u32,
    /// Largest m of a leak k / 2^m.
    #[arg(long, default_value_t = pass::Options::default().leak_bits)]
    leak_bits: u32,
    /// Bits of the readout's largest gain.
    #[arg(long, default_value_t = pass::Options::default().gain_bits)]
    gain_bits: u32,
    /// Widest operand of weights of several bits, where it is scaled numbers.
    #[arg(long, default_value_t = pass::Options::default().operand_bits)]
    operand_bits: u32,
    /// Bits of the largest gain that brings sums to the unit of a stream.
    #[arg(long, default_value_t = pass::Options::default().scale_bits)]
    scale_bits: u32,
    /// Widest stream of scaled numbers, such as a residual stream.
    #[arg(long, default_value_t = pass::Options::default().stream_bits)]
    stream_bits: u32,
    /// Bits of weights that are not ±α, 2 to 8: of all layers, or of one (LAYER=BITS; may be
    /// repeated) [default: 8; 6 where weights meet scaled numbers]
    #[arg(long, value_name = "[LAYER=]BITS", value_parser = precision)]
    precision: Vec<(Option<String>, u32)>,
    /// Keep neurons that hardware could do without: those that never or always fire, whatever the
    /// input is, copies of others, and those that nobody reads.
    #[arg(long)]
    keep_neurons: bool,
}

fn precision(text: &str) -> std::result::Result<(Option<String>, u32), String> {
    let (layer, bits) = match text.rsplit_once('=') {
        Some((layer, bits)) if !layer.is_empty() => (Some(layer.to_owned()), bits),
        _ => (None, text),
    };
    let wrong = || "2 to 8, or a layer's name, = and 2 to 8, e.g. head=4".to_owned();
    let bits = bits.parse().ok().filter(|b| (2..=8).contains(b)).ok_or_else(wrong)?;
    Ok((layer, bits))
}

/// A model as imported, without what was left out.
pub(super) struct Imported {
    pub(super) graph: Graph,
    /// Which pattern of the importer took what.
    pub(super) lift: import::LiftReport,
    /// What import and cuts said.
    pub(super) notes: Vec<Note>,
}

/// A model in both forms.
pub(super) struct Model {
    /// As imported, without what was left out.
    pub(super) real: Graph,
    /// After all passes: what hardware computes.
    pub(super) integer: Graph,
    /// The same with every neuron, if some of them are left out of that.
    pub(super) whole: Option<Graph>,
    /// What import and passes said.
    pub(super) notes: Vec<Note>,
}

impl ModelArgs {
    /// Imports the model, and leaves out what is not to be kept of it.
    pub(super) fn import(&self) -> Result<Imported> {
        let (mut graph, lift) = self.read()?;
        let imported = lift.notes.iter().map(|text| Note { pass: "import", text: text.clone() });
        let cut = self.cuts.apply(&mut graph).map_err(|d| d.in_file(&self.model))?;
        let notes = imported.chain(cut).collect();
        Ok(Imported { graph, lift, notes })
    }

    /// The model as it is in the file.
    fn read(&self) -> Result<(Graph, import::LiftReport)> {
        if self.model.join(tradeoff::TABLE).is_file() {
            let message = "a directory of `synfire tradeoff` holds many models";
            return Err(Diagnostic::new(&codes::BAD_OPTION, message).in_file(&self.model).help(
                "`synfire compile DIR --point ID` builds one of them; other commands take DIR/ID.sfir",
            ));
        }
        if self.timesteps == Some(0) {
            return Err(Diagnostic::new(
                &codes::BAD_OPTION,
                "--timesteps 0: a network runs for at least one",
            ));
        }
        let options = import::Options {
            timesteps: self.timesteps,
            input_bits: self.input_bits,
            input_scale: self.input_scale,
            input_changes: self.input_changes,
            input_static: self.input_static,
            output: self.output_name.clone(),
            state: self.state.clone(),
            sign_of_zero: self.sign_of_zero.map(|s| match s {
                ZeroSign::Plus => import::ZeroSign::Plus,
                ZeroSign::Minus => import::ZeroSign::Minus,
            }),
            weights: match self.weights {
                Weights::Auto => import::WeightForm::Auto,
                Weights::Binary => import::WeightForm::Binary,
                Weights::Int8 => import::WeightForm::Int8,
                Weights::Float => import::WeightForm::Float,
            },
            dt: self.dt,
            reset: self.reset.map(Reset::from),
            compare: self.compare.map(|c| match c {
                CompareArg::Above => Compare::Above,
                CompareArg::AtLeast => Compare::AtLeast,
            }),
            start: self.start.map(|s| match s {
                StartArg::Zero => import::Start::Zero,
                StartArg::Reset => import::Start::Reset,
                StartArg::Leak => import::Start::Leak,
            }),
            from: self.from.map(import::Producer::from),
            single_spike: self.single_spike,
        };
        import::load_with_report(&self.model, &options)
    }

    /// Leaves no neuron out of the hardware.
    pub(super) fn with_every_neuron(mut self) -> Self {
        self.passes.keep_neurons = true;
        self
    }

    /// Imports the model and makes it integers.
    pub(super) fn load(&self) -> Result<Model> {
        self.load_timed(&Stopwatch::start())
    }

    /// The same, and how long it takes.
    pub(super) fn load_timed(&self, watch: &Stopwatch) -> Result<Model> {
        let Loaded { real, integer, whole, notes } = self.load_both(watch)?;
        Ok(Model { real, integer: integer?, whole, notes })
    }

    /// The same, where a model without an integer form is none the worse.
    fn load_both(&self, watch: &Stopwatch) -> Result<Loaded> {
        let options = self.passes.options()?;
        watch.begin("import");
        let Imported { graph: real, mut notes, .. } = self.import()?;
        watch.begin("passes");
        let mut graph = real.clone();
        let mut whole = None;
        let passed = pass::run(&mut graph, pass::TO_INTEGER, &options).and_then(|passed| {
            let cleaned = pass::clean_up(&mut graph, &options)?;
            notes.extend(passed.into_iter().chain(cleaned.notes));
            whole = cleaned.whole;
            Ok(())
        });
        watch.end();
        let integer = passed.map(|()| graph);
        Ok(Loaded { real, integer: integer.in_file(&self.model), whole, notes })
    }
}

/// A model as every command loads it.
#[derive(Debug)]
pub struct Loaded {
    /// As imported, without what was left out.
    pub real: Graph,
    /// After all passes, or why it has no integer form.
    pub integer: Result<Graph>,
    /// The same with every neuron, if some of them are left out of that.
    pub whole: Option<Graph>,
    /// What import and passes said.
    pub notes: Vec<Note>,
}

/// The part of a command line that is about the model.
#[derive(clap::Parser)]
#[command(name = "synfire", no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    model: ModelArgs,
}

/// Loads a model by the words with which a command line names it: its path, and the options of
/// `synfire simulate --help` that are about the model.
///
/// # Errors
/// [`codes::BAD_OPTION`] for words that the command line would refuse; whatever import says.
pub fn load(args: impl IntoIterator<Item = OsString>) -> Result<Loaded> {
    let line = Line::try_parse_from(args).map_err(|refused| {
        let text = refused.to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        Diagnostic::new(&codes::BAD_OPTION, message)
            .help("`synfire simulate --help` lists the options about the model")
    })?;
    line.model.load_both(&Stopwatch::start())
}

impl PassArgs {
    pub(super) fn options(&self) -> Result<pass::Options> {
        let range = |name: &str, value: u32, low: u32, high: u32| {
            if (low..=high).contains(&value) {
                return Ok(value);
            }
            let message = format!("--{name} {value}: {low} to {high} are possible");
            Err(Diagnostic::new(&codes::BAD_OPTION, message))
        };
        let default = pass::Options::default();
        let all = self.precision.iter().rev().find(|(layer, _)| layer.is_none());
        let one = |(layer, bits): &(Option<String>, u32)| Some((layer.clone()?, *bits));
        Ok(pass::Options {
            stream_bits: range("stream-bits", self.stream_bits, 4, 24)?,
            operand_bits: range("operand-bits", self.operand_bits, 4, 24)?,
            scale_bits: range("scale-bits", self.scale_bits, 4, 24)?,
            weight_bits: all.map_or(default.weight_bits, |(_, bits)| *bits),
            product_weight_bits: all.map_or(default.product_weight_bits, |(_, bits)| *bits),
            layer_bits: self.precision.iter().rev().filter_map(one).collect(),
            precision_bits: range("precision-bits", self.precision_bits, 1, 24)?,
            leak_bits: range("leak-bits", self.leak_bits, 1, 16)?,
            gain_bits: range("gain-bits", self.gain_bits, 4, 24)?,
            keep_neurons: self.keep_neurons,
            ..default
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A model without binary weights is imported and has an integer form or a reason; words that
    /// no command takes are refused as they are.
    #[test]
    fn words_load_a_model() {
        let words = |w: &str| load(w.split_whitespace().map(OsString::from));
        let student = "distill/students/mnist_mlp.onnx";
        let whole = words(student).unwrap();
        let cut = words(&format!("{student} --keep-timesteps 1")).unwrap();
        assert_eq!((whole.real.timesteps, cut.real.timesteps), (4, 1));
        assert_eq!(cut.integer.unwrap().timesteps, 1);
        let d = words(&format!("{student} --timestep 4")).unwrap_err();
        assert_eq!((d.code.id, d.message.contains("--timestep")), ("SF0003", true), "{d}");
        assert_eq!(words("no-such.onnx").unwrap_err().code.id, "SF0001");
    }

    #[test]
    fn two_names_and_an_equals_sign_are_a_pair() {
        assert_eq!(pair("mem=mem_out"), Ok(("mem".into(), "mem_out".into())));
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        for wrong in ["mem", "=mem_out", "mem=", "="] {
            assert!(pair(wrong).unwrap_err().contains("mem=mem_out"), "{wrong}");
        }
    }

    #[test]
    fn numbers_may_be_fractions() {
        assert_eq!(fraction("3/8"), Ok(0.375));
        assert_eq!(fraction(" 2.5 "), Ok(2.5));
        assert!(fraction("1/x").is_err() && fraction("").is_err());
    }

    #[test]
    fn bits_of_all_layers_are_those_of_products_too() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            passes: PassArgs,
        }
        let bits = |args: &[&str]| {
            let line = <Line as clap::Parser>::parse_from(["x"].iter().chain(args));
            let o = line.passes.options().unwrap();
            (o.weight_bits, o.product_weight_bits, o.layer_bits)
        };
        assert_eq!(bits(&[]), (8, 6, Vec::new()));
        assert_eq!(bits(&["--precision", "5"]), (5, 5, Vec::new()));
        assert_eq!(bits(&["--precision", "a=3"]), (8, 6, vec![("a".to_owned(), 3)]));
    }

    #[test]
    fn bits_are_those_of_all_layers_or_of_one() {
        assert_eq!(precision("4"), Ok((None, 4)));
        assert_eq!(precision("head=2"), Ok((Some("head".into()), 2)));
        assert_eq!(precision("a=b=8"), Ok((Some("a=b".into()), 8)));
        for wrong in ["1", "9", "=4", "head=", "head=9", "head"] {
            assert!(precision(wrong).is_err(), "{wrong}");
        }
    }
}

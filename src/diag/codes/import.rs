// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF01xx: import of model files.

use super::codes;

codes! {
    ONNX_DECODE = "SF0101", "the file is not a readable ONNX model",
        "The bytes do not decode as an ONNX protobuf message: truncated, damaged or another format. Export the model again, or check the download.";
    IMPORT_FORMAT = "SF0102", "the model file has an unknown format",
        "Neither the extension nor the first bytes tell which format this is. Readable are ONNX models (.onnx), NIR graphs (.nir) and graphs in text form (.sfir).";
    ONNX_VERSION = "SF0103", "the ONNX version or operator set is not supported",
        "The meaning of an operator depends on the operator set that the file declares, so a version that was never read by us is not guessed at. Export again with a supported opset (the message names the range); PyTorch takes `opset_version=`.";
    ONNX_GRAPH = "SF0104", "the ONNX graph is malformed",
        "A value has no producer or two of them, nodes form a cycle, or a required part is missing. `onnx.checker.check_model` on the file usually shows the same; the exporter or a tool that edited the file is at fault.";
    ONNX_TENSOR = "SF0105", "the data of a tensor do not fit its declaration",
        "An initializer or constant has an element type that cannot be read, or more or fewer values than its shape says. The file is damaged or was written by a faulty tool.";
    ONNX_EXTERNAL = "SF0106", "the weights are in another file that cannot be read",
        "The model keeps tensors as external data. The file has to lie in the model's folder or below, where the exporter wrote it; absolute paths, `..` and links that lead elsewhere are not followed, and offset and length must lie in the file. Or make the model self-contained: export with `external_data=False`, or load with `onnx.load` and save with `onnx.save(model, path, save_as_external_data=False)`.";
    ONNX_SHAPE = "SF0107", "shapes do not agree, or are not fixed",
        "Hardware needs every extent but the batch to be a known number, and the operands of every operator to agree. The message names the node and the shapes. Export with only the first dimension of the input dynamic.";
    ONNX_ATTRIBUTE = "SF0108", "an operator's attribute or operand has a value that is not supported",
        "The operator is known, but an attribute or operand is missing, has the wrong type or asks for a variant that is not implemented. The message names node, operator and attribute.";
    IMPORT_INPUT = "SF0110", "the model's input cannot be presented to hardware",
        "Hardware takes small unsigned integers. A model whose input is floating point is simulated with real numbers; hardware for it needs both `--input-bits` (width of a level) and `--input-scale` (what one level is worth); a model with several inputs usually passes the neurons' state from outside: it has to return the next state, too (see SF0113), or to be exported with its timesteps unrolled.";
    IMPORT_OUTPUT = "SF0111", "the model's output cannot be chosen",
        "One output becomes the logits. The model has none, or several of which none or more than one can be read: name the one to use with `--output-name`. Of `return spk, mem` the spikes are taken by themselves if these neurons reset; `--output-name` takes the membranes.";
    IMPORT_TOO_LARGE = "SF0112", "the model asks for more memory or work than its size explains",
        "Constant folding or the search for patterns went beyond a limit that grows with the size of the file. A shape in the file is probably damaged.";
    IMPORT_STATE = "SF0113", "the state of a model of one timestep is not clear",
        "The file holds one timestep: the neurons' states are inputs, and their next values outputs. `--timesteps T` runs it T times, with the states at zero first. States are paired by name (`mem` and `mem_out`), else by following the data: a membrane is carried on element by element, spikes come from a comparison. The message names what is left in doubt; `--state IN=OUT`, once for each state, settles it.";
    ONNX_FUNCTION = "SF0114", "a function of the model cannot be inlined",
        "Functions that the file defines are put in the place of their calls. They must not call themselves, and what they use must come from their operands. `Lif` of the domain `ai.synfire` must have the body that docs/onnx-dialect.md gives, since it is read by its name.";
    EXPORT_ONNX = "SF0115", "this graph cannot be written as an ONNX model",
        "The ONNX dialect has fully connected layers, batch norm, scales, reshapes, leaky integrate-and-fire neurons and readouts in the real form. Write what has other operators as text (.sfir).";
    LIFT_UNSUPPORTED = "SF0120", "an operator was not understood",
        "Every operator of the file must be accounted for: taken by a lifting pattern, folded into a constant, or without influence on the output. `synfire inspect --lift` of a model that is read shows which pattern took what. The message names the first node that is left.";
    LIFT_FLOAT_WEIGHTS = "SF0121", "the weights of a layer are not binary",
        "A layer's weights must be ±α with one magnitude α per output channel (within 1e-4, relative). The message says how many magnitudes were found. Binarise in the model itself, e.g. `where(w >= 0, 1, -1) * w.abs().mean(1, keepdim=True)`, so that the export contains the weights that are used. Where another layer is binary, such weights are taken as weights of several bits (`--precision`); a model without any binary layer needs `--weights int8`, which rounds them to 8 bits with one scale an output, or `--weights float`, which leaves the rounding to the passes.";
    LIFT_TERNARY_WEIGHTS = "SF0122", "some weights of a layer are zero",
        "Binary weights are ±α; a zero makes them ternary. `sign(0)` is 0: use `where(w >= 0, 1, -1)` in place of `sign(w)`, or nudge the zero latent weights before the export. `--sign-of-zero plus` or `minus` says what a zero counts as; `--weights int8` keeps it.";
    LIFT_STATE = "SF0123", "the initial state of a neuron is baked into the file",
        "The export contains a membrane potential as a constant, which is what snnTorch's `init_hidden=True` leads to: the file holds whatever state the neuron had when it was traced. Keep the state outside the layer (`spk, mem = lif(x, mem)` with `mem` starting at zero), loop over the timesteps in `forward` and export again.";
    LIFT_NEURON = "SF0124", "the recurrence of a neuron is not a supported one",
        "Supported are leaky integrate-and-fire neurons `u[t] = λ u[t-1] + g x[t] + b` with a fixed threshold per channel, and reset by subtraction (leaked or not), to a constant (with or without the current of the timestep after a spike), or none. Their current may leak as well, and a layer of the spikes before may be added to it. The message says where the unrolled steps depart from that.";
    LIFT_TIMESTEPS = "SF0125", "the timesteps do not agree",
        "The number of timesteps is found by following the neurons through the unrolled graph. Parts of the model differ in it, a step is treated differently from the others, or the number asked for is another one.";
    LIFT_NO_NEURON = "SF0126", "the model has no spiking neuron",
        "No comparison of a membrane potential with a threshold reaches the output. Only spiking networks are compiled.";
    NIR_FILE = "SF0130", "the file is not a readable NIR file",
        "A NIR file is an HDF5 file with the group `/node`. The bytes are truncated, damaged or another format, or a data set in it claims more than its file can hold. `nir.read(path)` in Python usually fails as well; write or download the file again.";
    NIR_GRAPH = "SF0131", "the NIR graph is malformed",
        "The nodes and edges do not make a network: an edge names a node that does not exist (the Python package accepts such files up to version 1.0.4), an edge is there twice, nothing leads into a node, or a node is no group with a `type`. The message names the edge or the node. Write the file again with a newer exporter, or mend the edges in Python: `g = nir.read(path, type_check=False)`, change `g.edges`, `nir.write(path, g)`.";
    NIR_NODE = "SF0132", "a NIR node has a type that is not known",
        "The node's type is none of Input, Output, Linear, Affine, Conv1d, Conv2d, SumPool2d, AvgPool2d, Flatten, Scale, Threshold, Delay, I, LI, IF, LIF, CubaLI, CubaLIF and NIRGraph. Nothing is guessed: express the node by these, or leave it out of the export.";
    NIR_PARAMETER = "SF0133", "a parameter of a NIR node is missing or cannot be used",
        "A parameter that the node's type needs is absent, is no number, or has a value that makes no sense (a time constant of zero, a stride of zero). docs/nir.md lists the parameters of every type.";
    NIR_SHAPE = "SF0134", "shapes in a NIR graph do not agree",
        "A parameter does not fit the stream that its node takes, or two edges into one node carry different shapes. Streams have no batch dimension and begin with the channels; a parameter is one number, one a channel, or one an element. The message names the node and the shapes.";
    NIR_UNSAID = "SF0135", "a NIR file does not say what it needs to be run",
        "NIR describes continuous time: the file says neither the length of a timestep, nor the number of timesteps, nor what a neuron subtracts when it fires. Give `--dt`, `--timesteps` and `--reset`; the message lists those that this file needs, and docs/nir.md what each framework means.";
    NIR_TIME = "SF0136", "a time in a NIR file does not suit the timestep",
        "A time constant is shorter than the timestep (forward Euler would overshoot), or a delay is no whole number of timesteps. Usually `--dt` is in another unit than the file: snnTorch and SpikingJelly write for 1e-4 s, sinabs counts timesteps (`--dt 1`).";
    NIR_CYCLE = "SF0137", "a cycle without a neuron",
        "A recurrent connection needs something that remembers: a neuron, an integrator or a delay of at least one timestep. The message names the nodes of the cycle.";
    EXPORT_UNSUPPORTED = "SF0140", "the model cannot be written in this format",
        "The format has no way to say what a node of the graph computes. What could be written only by changing results is refused; the message names the node and a way out. docs/nir.md lists what NIR can say.";
}

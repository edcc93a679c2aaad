// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Reads the text form of a graph (docs/ir.md).

use serde::de::DeserializeOwned;

use super::print::VERSION;
use super::{Graph, NodeId, Op, Stream};
use crate::diag::{Diagnostic, Result, codes};

/// Reads a graph from its text form and verifies it.
///
/// # Errors
/// [`codes::IR_SYNTAX`] with the line, or what [`super::verify()`] finds.
pub fn parse(text: &str) -> Result<Graph> {
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(i, line)| Line { number: i + 1, rest: line.trim() })
        .filter(|l| !l.rest.is_empty() && !l.rest.starts_with('#'));
    let mut first = next(&mut lines, "`synfire-ir`")?;
    first.word("synfire-ir")?;
    let version: u32 = first.value("the version")?;
    if version != VERSION {
        return Err(
            first.error(format!("version {version} is not known; this is version {VERSION}"))
        );
    }
    first.end()?;
    let mut head = next(&mut lines, "`graph`")?;
    head.word("graph")?;
    let name: String = head.json("the graph's name")?;
    head.word("timesteps")?;
    let mut graph = Graph::new(name, head.value("the number of timesteps")?);
    head.end()?;
    let mut registers = Vec::new();
    for mut line in lines {
        if line.rest.starts_with("output") {
            line.word("output")?;
            if graph.output().is_ok() {
                return Err(line.error("a second output; a graph has one"));
            }
            let output = line.reference()?;
            graph.set_output(line.find(&graph, &output)?);
        } else {
            node(&mut graph, &mut line, &mut registers)?;
        }
        line.end()?;
    }
    for (line, register, operand) in registers {
        let operand = line.find(&graph, &operand)?;
        graph.connect(register, operand)?;
    }
    super::verify(&graph)?;
    Ok(graph)
}

/// A register whose operand may stand in a later line.
type Open<'a> = (Line<'a>, NodeId, String);

/// `%name = op(%a, %b) : stream {attributes}`
fn node<'a>(graph: &mut Graph, line: &mut Line<'a>, registers: &mut Vec<Open<'a>>) -> Result<()> {
    let name = line.reference()?;
    line.word("=")?;
    let (op_name, rest) =
        line.rest.split_once('(').ok_or_else(|| line.error("expected an operator and `(`"))?;
    line.rest = rest.trim_start();
    let mut operands: Vec<String> = Vec::new();
    while !line.rest.starts_with(')') {
        if !operands.is_empty() {
            line.word(",")?;
        }
        operands.push(line.reference()?);
    }
    line.word(")")?;
    line.word(":")?;
    let (declared, attributes) =
        line.rest.split_once('{').ok_or_else(|| line.error("expected a stream and `{`"))?;
    let declared = declared.trim();
    line.rest = &line.rest[line.rest.len() - attributes.len() - 1..];
    let op = op(op_name.trim(), line)?;
    if let (true, [operand]) = (op.is_register(), &operands[..]) {
        let stream: Stream = declared.parse().map_err(|e: String| line.error(e))?;
        let id = graph.add_register(name, op, stream)?;
        registers.push((Line { ..*line }, id, operand.clone()));
        return Ok(());
    }
    let operands: Vec<NodeId> =
        operands.iter().map(|o| line.find(graph, o)).collect::<Result<_>>()?;
    let id = graph.add(name, op, &operands)?;
    let inferred = graph.node(id).stream.to_string();
    if inferred != declared {
        return Err(line.error(format!("declared as `{declared}`, but it produces `{inferred}`")));
    }
    Ok(())
}

/// The attributes of an operator that has none.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn op(name: &str, line: &mut Line<'_>) -> Result<Op> {
    const WHAT: &str = "the operator's attributes";
    Ok(match name {
        "input" => Op::Input(line.json(WHAT)?),
        "scale" => Op::Scale(line.json(WHAT)?),
        "linear" => Op::Linear(line.json(WHAT)?),
        "conv" => Op::Conv(line.json(WHAT)?),
        "pool" => Op::Pool(line.json(WHAT)?),
        "reshape" => Op::Reshape(line.json(WHAT)?),
        "add" => line.json::<Nothing>(WHAT).map(|_| Op::Add)?,
        "relu" => line.json::<Nothing>(WHAT).map(|_| Op::Relu)?,
        "concat" => Op::Concat(line.json(WHAT)?),
        "threshold" => Op::Threshold(line.json(WHAT)?),
        "delay" => Op::Delay(line.json(WHAT)?),
        "li" => Op::Li(line.json(WHAT)?),
        "batch-norm" => Op::BatchNorm(line.json(WHAT)?),
        "lif" => Op::Lif(line.json(WHAT)?),
        "fixed-lif" => Op::FixedLif(line.json(WHAT)?),
        "fixed-li" => Op::FixedLi(line.json(WHAT)?),
        "fixed-scale" => Op::FixedScale(line.json(WHAT)?),
        "readout" => Op::Readout(line.json(WHAT)?),
        "fixed-readout" => Op::FixedReadout(line.json(WHAT)?),
        other => return Err(line.error(format!("no operator is called `{}`", clip(other)))),
    })
}

fn next<'a>(lines: &mut impl Iterator<Item = Line<'a>>, what: &str) -> Result<Line<'a>> {
    lines.next().ok_or_else(|| {
        Diagnostic::new(&codes::IR_SYNTAX, format!("the text ends where {what} was expected"))
            .help("is the file complete? docs/ir.md describes the text")
    })
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

/// What is left of one line.
struct Line<'a> {
    number: usize,
    rest: &'a str,
}

impl Line<'_> {
    fn error(&self, message: impl Into<String>) -> Box<Diagnostic> {
        Diagnostic::new(&codes::IR_SYNTAX, message).at(format!("line {}", self.number))
    }

    fn end(&self) -> Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(self.error(format!("unexpected `{}`", clip(self.rest))))
    }

    fn word(&mut self, word: &str) -> Result<()> {
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest.trim_start();
                Ok(())
            }
            None => Err(self.error(format!("expected `{word}`, found `{}`", clip(self.rest)))),
        }
    }

    fn value<T: std::str::FromStr>(&mut self, what: &str) -> Result<T> {
        let (word, rest) = self.rest.split_once(' ').unwrap_or((self.rest, ""));
        let value =
            word.parse().map_err(|_| self.error(format!("`{}` is not {what}", clip(word))))?;
        self.rest = rest.trim_start();
        Ok(value)
    }

    /// One JSON value from the front of the line.
    fn json<T: DeserializeOwned>(&mut self, what: &str) -> Result<T> {
        let mut stream = serde_json::Deserializer::from_str(self.rest).into_iter();
        match stream.next() {
            Some(Ok(value)) => {
                self.rest = self.rest[stream.byte_offset()..].trim_start();
                Ok(value)
            }
            Some(Err(e)) => Err(self.error(format!("cannot read {what}: {e}"))),
            None => Err(self.error(format!("the line ends where {what} was expected"))),
        }
    }

    fn reference(&mut self) -> Result<String> {
        self.word("%")?;
        if self.rest.starts_with('"') {
            return self.json("a quoted name");
        }
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "_./-".contains(c)))
            .unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.error("expected a name after `%`"));
        }
        let name = self.rest[..end].to_owned();
        self.rest = self.rest[end..].trim_start();
        Ok(name)
    }

    fn find(&self, graph: &Graph, name: &str) -> Result<NodeId> {
        graph.find(name).ok_or_else(|| self.error(format!("no node is called `{name}`")))
    }
}

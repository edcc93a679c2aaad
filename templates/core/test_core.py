# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Test bench of a core that synfire wrote: cocotb 2 with Icarus Verilog or Verilator.

    python3 tb/test_core.py                   the simulator that is there; of two Icarus Verilog,
                                              for large cores Verilator
    SIM=verilator python3 tb/test_core.py     a simulator by its name
    TRACE=1 python3 tb/test_core.py           the core appends its spike trains

What comes out is held against vectors.json, which synfire's own simulator computed. Inputs are
changed after the falling edge of the clock and everything is looked at before the rising one, so
that no simulator's order of events matters.
"""

import json
import os
import random
import shutil
import sys
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, First, RisingEdge, Timer
from cocotb.utils import get_sim_time

HERE = Path(__file__).resolve().parent
VECTORS = json.loads((HERE / "vectors.json").read_text())
LOAD = VECTORS["load_bytes"]
PERIOD = 10  # ns
LONGEST = max(v["cycles"] for v in VECTORS["inferences"])
# So long may a result take before it counts as missing.
PATIENCE = 4 * LONGEST + 1000
# An event-driven simulator takes seconds for an inference of these: Verilator, if it is there,
# and fewer inferences with pauses.
LARGE = LONGEST > 20_000


def weights():
    """The bytes that have to be loaded."""
    places = [HERE / "weights.bin", HERE.parent / "weights.bin"]
    data = next(p for p in places if p.is_file()).read_bytes()
    assert len(data) == LOAD, f"weights.bin has {len(data)} bytes, not {LOAD}"
    return data


def always():
    return True


class Port:
    """The signals of a stream."""

    def __init__(self, dut, name):
        self.data, self.valid, self.ready, self.last = (
            getattr(dut, f"{name}_{signal}") for signal in ("tdata", "tvalid", "tready", "tlast")
        )


class Bench:
    """The core with its clock, whoever sends to it and whoever takes what it sends."""

    def __init__(self, dut):
        self.dut = dut
        self.inputs, self.results = Port(dut, "s_axis"), Port(dut, "m_axis")
        self.weights = Port(dut, "s_axis_weights") if LOAD else None
        self.errors = 0
        trace = int(dut.TRACE.value) if VECTORS["trace_bytes"] else 0
        self.trains = trace != 0

    async def start(self, reset=False):
        """Lets the clock run; resets and loads the core where that has not been done yet."""
        dut = self.dut
        cocotb.start_soon(Clock(dut.aclk, PERIOD, unit="ns").start())
        fresh = not dut.aresetn.value.is_resolvable or int(dut.aresetn.value) == 0
        await FallingEdge(dut.aclk)
        if fresh or reset:
            await self.reset()
        cocotb.start_soon(self.watch())
        if LOAD and not int(dut.weights_loaded_o.value) and not reset:
            await self.send(self.weights, weights())
            assert int(dut.weights_loaded_o.value), "the weights do not count as loaded"
        return self

    async def reset(self):
        for port in filter(None, (self.inputs, self.weights)):
            port.valid.value, port.last.value, port.data.value = 0, 0, 0
        self.results.ready.value = 0
        self.dut.aresetn.value = 0
        for _ in range(2):
            await FallingEdge(self.dut.aclk)
        assert not int(self.results.valid.value), "valid during a reset"
        self.dut.aresetn.value = 1

    async def watch(self):
        """Counts errors; each is one cycle."""
        while True:
            await RisingEdge(self.dut.error_o)
            self.errors += 1
            since = get_sim_time("ns")
            await FallingEdge(self.dut.error_o)
            assert get_sim_time("ns") - since == PERIOD, "error_o is not one cycle"

    async def send(self, port, data, go=always, last=True):
        """Offers bytes, a packet unless `last` says no, with pauses where `go` says so. Returns
        when the last one was taken: the time of the rising edge."""
        for n, byte in enumerate(data):
            while not go():
                port.valid.value = 0
                await FallingEdge(self.dut.aclk)
            port.valid.value, port.data.value = 1, byte
            port.last.value = int(last and n == len(data) - 1)
            while not await self.taken(port):
                pass
        port.valid.value = 0
        return get_sim_time("ns") - PERIOD // 2

    async def taken(self, port):
        """Is the byte that is offered taken in this cycle?"""
        await Timer(2, "ns")
        ready = int(port.ready.value)
        if not ready:
            waited = Timer(PATIENCE * PERIOD, "ns")
            assert await First(RisingEdge(port.ready), waited) is not waited, "ready does not come"
        await FallingEdge(self.dut.aclk)
        return ready

    async def receive(self, go=always):
        """Takes a packet, with pauses where `go` says so; its bytes and when the last was taken."""
        port, data, offered = self.results, [], None
        while True:
            ready = go()
            port.ready.value = int(ready)
            await Timer(2, "ns")
            valid = int(port.valid.value)
            now = (int(port.data.value), int(port.last.value)) if valid else None
            if offered is not None:
                assert now == offered, f"{offered} was offered and not taken, and is {now} now"
            offered = now if valid and not ready else None
            if not valid and not data:
                waited = Timer(PATIENCE * PERIOD, "ns")
                came = await First(RisingEdge(port.valid), waited)
                assert came is not waited, "no result"
            await FallingEdge(self.dut.aclk)
            if valid and ready:
                data.append(now[0])
                if now[1]:
                    port.ready.value = 0
                    return bytes(data), get_sim_time("ns") - PERIOD // 2

    async def infer(self, vector, go=always, take=always):
        """One inference; its result has to be the expected one. Cycles from byte to byte."""
        result = cocotb.start_soon(self.receive(take))
        sent = await self.send(self.inputs, bytes.fromhex(vector["input"]), go)
        got, done = await result
        trains = vector["trains"] if self.trains else ""
        want = bytes.fromhex(vector["result"] + trains)
        assert got == want, f"result {got.hex()}, expected {want.hex()}"
        return round(done - sent) // PERIOD

    async def refused(self, port, data):
        """A packet of a wrong length: one error, and nothing comes of it."""
        before = self.errors
        await self.send(port, data)
        for _ in range(4):
            await FallingEdge(self.dut.aclk)
        assert self.errors == before + 1, f"{self.errors - before} errors for {len(data)} bytes"
        assert not int(self.results.valid.value), "a result of a wrong packet"


@cocotb.test(skip=not LOAD)
async def weights_have_to_be_there(dut):
    """No inference before them; weights of a wrong length are none."""
    bench = await Bench(dut).start(reset=True)
    dut.s_axis_tvalid.value = 1
    for _ in range(20):
        await Timer(2, "ns")
        assert not int(dut.s_axis_tready.value), "an inference without weights"
        await FallingEdge(dut.aclk)
    dut.s_axis_tvalid.value = 0
    data = weights()
    if LOAD > 1:
        await bench.refused(bench.weights, data[:-1])
        assert not int(dut.weights_loaded_o.value), "too few weights count as loaded"
    await bench.refused(bench.weights, data + b"\x55\x00")
    assert not int(dut.weights_loaded_o.value), "too many weights count as loaded"
    await bench.send(bench.weights, data)
    assert int(dut.weights_loaded_o.value)


@cocotb.test()
async def results_and_cycles(dut):
    """Every result, and how long it takes."""
    bench = await Bench(dut).start()
    for n, vector in enumerate(VECTORS["inferences"]):
        cycles = await bench.infer(vector)
        dut._log.info("inference %d as expected, %d cycles", n, cycles)
        if not bench.trains:
            # The result passes a register on its way out.
            assert cycles == vector["cycles"] + 1, f"{cycles} cycles, not {vector['cycles'] + 1}"
    assert bench.errors == 0


@cocotb.test()
async def pauses_and_back_pressure(dut):
    """The same results with pauses on both sides."""
    bench, seeded = await Bench(dut).start(), random.Random(1)
    for vector in VECTORS["inferences"][: 1 if LARGE else 3]:
        await bench.infer(vector, lambda: seeded.random() < 0.6, lambda: seeded.random() < 0.3)
    assert bench.errors == 0


@cocotb.test(skip=VECTORS["input_bytes"] < 2)
async def packets_that_are_too_short(dut):
    """They are told of and forgotten."""
    bench, first = await Bench(dut).start(), VECTORS["inferences"][0]
    data = bytes.fromhex(VECTORS["inferences"][1]["input"])
    for few in sorted({1, len(data) // 2, len(data) - 1} - {0}):
        await bench.refused(bench.inputs, data[:few])
    await bench.infer(first)


@cocotb.test()
async def packets_that_are_too_long(dut):
    """They are swallowed to their end, told of and forgotten."""
    bench, first = await Bench(dut).start(), VECTORS["inferences"][0]
    data = bytes.fromhex(VECTORS["inferences"][1]["input"])
    for more in (b"\x01", data, data[:-1]):
        await bench.refused(bench.inputs, data + more)
    await bench.infer(first)


@cocotb.test()
async def a_reset_ends_an_inference(dut):
    """What was taken before it is forgotten."""
    bench, (first, second) = await Bench(dut).start(), VECTORS["inferences"][:2]
    await bench.send(bench.inputs, bytes.fromhex(second["input"])[:-1], last=False)
    await bench.reset()
    if LOAD:
        await bench.send(bench.weights, weights())
    await bench.infer(first)
    await bench.send(bench.inputs, bytes.fromhex(second["input"]))
    await bench.reset()
    if LOAD:
        await bench.send(bench.weights, weights())
    await bench.infer(first)
    assert bench.errors == 0


def main():
    """Compiles the core and runs the tests above."""
    from cocotb_tools.runner import get_results, get_runner

    found = [sim for sim, program in SIMULATORS.items() if shutil.which(program)]
    found = found[::-1] if LARGE else found
    name = os.environ.get("SIM") or next(iter(found), "icarus")
    trace = {"TRACE": int(os.environ.get("TRACE", "0"))} if VECTORS["trace_bytes"] else {}
    rtl, work = HERE.parent / "rtl", HERE / "sim_build"
    # Relative to them the memories are read.
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    for memory in rtl.glob("*.hex"):
        shutil.copy(memory, work)
    runner = get_runner(name)
    runner.build(
        sources=sorted(rtl.glob("*.v")),
        hdl_toplevel="synfire_axis",
        parameters=trace,
        build_dir=work,
        # As one file, which every packaging of Verilator compiles.
        build_args=["--output-split", "0"] if name == "verilator" else [],
        timescale=("1ns", "1ps"),
        always=True,
    )
    results = runner.test(
        hdl_toplevel="synfire_axis",
        test_module="test_core",
        test_dir=work,
        build_dir=work,
        results_xml=str(work / "results.xml"),
        extra_env={"PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])},
    )
    tests, failed = get_results(results)
    sys.exit(0 if tests and not failed else 1)


# The names that cocotb has for simulators, and their programs.
SIMULATORS = {"icarus": "iverilog", "verilator": "verilator"}

if __name__ == "__main__":
    main()

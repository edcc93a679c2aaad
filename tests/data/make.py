#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Writes the files in files/ and, read back by other programs' readers, expected.json.

    python3 -m venv v && v/bin/pip install -r requirements.txt && v/bin/python make.py

| format    | written by             | read back by           |
|-----------|------------------------|------------------------|
| npy, npz  | numpy                  | numpy                  |
| idx       | struct, from the page  | idx2numpy              |
| N-MNIST   | struct, from the page  | tonic                  |
| AEDAT 3.1 | struct, from the page  | tonic                  |
| AEDAT 4   | dv-processing          | aedat                  |
| csv       | text                   | numpy.genfromtxt       |

Frames and trials are counted with numpy from what those readers gave.
The same numbers come out each time, but not the same bytes: AEDAT 4 files have
compressors' versions in them, npz files times.
"""
import gzip
import json
import pathlib
import shutil
import struct
import warnings

import aedat
import dv_processing as dv
import idx2numpy
import numpy as np
import tonic.io

HERE = pathlib.Path(__file__).resolve().parent
FILES = HERE / "files"
arrays, events, frames, trials, folders = [], [], [], [], []


def kind(values):
    """The smallest of synfire's three types that holds the values."""
    if values.dtype.kind == "f":
        return "real"
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    return "real" if low < 0 or high > 65535 else "u8" if high < 256 else "u16"


def array(name, values, member=None):
    arrays.append({
        "file": name, "member": member, "shape": list(values.shape), "kind": kind(values),
        "values": [float(v) for v in values.ravel(order="C")],
    })


def make_arrays(rng):
    shape = (3, 2, 4)
    for dtype in ["|b1", "|u1", "|i1", "<u2", ">u2", "<i2", ">i2", "<u4", "<i4", ">i4",
                  "<u8", "<i8", ">i8", "<f2", "<f4", ">f4", "<f8", ">f8"]:
        t = np.dtype(dtype)
        if t.kind == "f":
            values = rng.normal(size=shape).astype(t)
        elif t.kind == "b":
            values = rng.integers(0, 2, shape).astype(t)
        else:
            low = -100 if t.kind == "i" else 0
            high = min(np.iinfo(t).max, 1 << 40)
            values = rng.integers(low, high, shape).astype(t)
        for order in "CF":
            if order == "F" and dtype not in ("|u1", ">i2", "<f4"):
                continue
            name = f"{'be' if dtype[0] == '>' else 'le'}_{dtype[1:]}_{order}.npy"
            np.save(FILES / name, np.asarray(values, order=order))
            array(name, np.load(FILES / name))
    # All types of whole numbers shrink to levels when the values allow it.
    np.save(FILES / "levels_i8.npy", np.arange(250, 262, dtype="<i8").reshape(4, 3))
    array("levels_i8.npy", np.load(FILES / "levels_i8.npy"))
    # A long header makes numpy write version 2, names beyond ASCII version 3.
    with open(FILES / "version2.npy", "wb") as f, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(f, np.arange(6, dtype="u1").reshape(2, 3), version=(2, 0))
    array("version2.npy", np.load(FILES / "version2.npy"))
    with open(FILES / "version3.npy", "wb") as f, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(f, np.arange(6, dtype="u1").reshape(2, 3), version=(3, 0))
    array("version3.npy", np.load(FILES / "version3.npy"))

    x = rng.integers(0, 256, (5, 4)).astype("u1")
    y = rng.integers(0, 10, 5).astype("<i8")
    np.savez(FILES / "stored.npz", x=x, y=y)
    np.savez_compressed(FILES / "deflated.npz", x=np.asfortranarray(x.astype("<f4")), y=y)
    np.savez_compressed(FILES / "one.npz", x)
    for name in ["stored.npz", "deflated.npz", "one.npz"]:
        with np.load(FILES / name) as z:
            for member in z.files:
                array(name, z[member], None if len(z.files) == 1 else member)

    for code, dtype in [(8, "u1"), (9, "i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")]:
        t = np.dtype(dtype)
        values = rng.normal(size=(3, 2)).astype(t) if t.kind == "f" else \
            rng.integers(0 if t.kind == "u" else -9, np.iinfo(t).max, (3, 2)).astype(t)
        data = struct.pack(">BBBBII", 0, 0, code, 2, 3, 2) + values.tobytes()
        name = f"idx_{code:02x}"
        (FILES / name).write_bytes(data)
        array(name, idx2numpy.convert_from_file(str(FILES / name)))
    (FILES / "idx_0b.gz").write_bytes(gzip.compress((FILES / "idx_0b").read_bytes(), mtime=0))
    array("idx_0b.gz", idx2numpy.convert_from_file(str(FILES / "idx_0b")))


def polarity_events(rng, n, width, height, last):
    t = np.sort(rng.integers(0, last, n))
    return t, rng.integers(0, width, n), rng.integers(0, height, n), rng.integers(0, 2, n)


def recording(name, sensor, shape, t, x, y, p, invalid=0, reordered=0):
    """What a reader gave. Synfire orders by time, keeping events of the same time."""
    order = np.argsort(t, kind="stable")
    columns = [[int(v) for v in np.asarray(c)[order]] for c in (t, x, y, p)]
    events.append({
        "file": name, "sensor": sensor, "shape": shape, "invalid": invalid,
        "reordered": reordered, "t": columns[0], "x": columns[1], "y": columns[2],
        "p": columns[3],
    })
    return [np.array(c) for c in columns]


def nmnist(t, x, y, p):
    """40 bits an event. The clock has 13 bits here: an overflow event, y = 240, each 2^13 µs."""
    data, base = b"", 0
    for t, x, y, p in zip(t, x, y, p):
        while t - base >= 1 << 13:
            base += 1 << 13
            data += bytes([0, 240, 0, 0, 0])
        data += bytes([x, y]) + struct.pack(">I", int(p) << 23 | int(t - base))[1:]
    return data


def read_nmnist(path):
    e = tonic.io.read_mnist_file(str(path), np.dtype([("x", int), ("y", int), ("t", int), ("p", int)]))
    return e["t"], e["x"], e["y"], e["p"]


def aedat3(packets, source="DVS128"):
    data = (b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: " + source.encode() +
            b"\r\n#-Source 0: DAVIS346\r\n#Start-Time: 2015-12-23 16:01:45 (TZ+0100)\r\n#!END-HEADER\r\n")
    for kind, overflows, rows in packets:
        valid = sum(w & 1 for w, _ in rows)
        data += struct.pack("<HHIIIIII", kind, 1, 8, 4, overflows, len(rows), len(rows), valid)
        data += b"".join(struct.pack("<II", *r) for r in rows)
    return data


def word(x, y, p, valid=1):
    return int(x) << 17 | int(y) << 2 | int(p) << 1 | valid


def rows(t, x, y, p):
    return [(word(x, y, p), int(t)) for t, x, y, p in zip(t, x, y, p)]


def read_aedat3(path):
    """Packets as tonic reads them; fields as the data set's page says (tonic 1.7.0's
    read_dvs_ibm fails on what its own read_aedat_header_from_file returns)."""
    version, start, _ = tonic.io.read_aedat_header_from_file(str(path))
    e = tonic.io.get_aer_events_from_file(str(path), version, start)
    data = e["address"].astype(np.int64)
    return e["timeStamp"].astype(np.int64), data >> 17 & 0x1FFF, data >> 2 & 0x1FFF, data >> 1 & 1


def aedat4(path, compression, t, x, y, p, size):
    config = dv.io.MonoCameraWriter.Config("made by make.py", compression)
    config.addEventStream(size)
    config.addFrameStream(size)
    config.addTriggerStream()
    writer = dv.io.MonoCameraWriter(str(path), config)
    half = len(t) // 2
    for part in (slice(0, half), slice(half, None)):
        store = dv.EventStore()
        for row in zip(t[part], x[part], y[part], p[part]):
            store.push_back(int(row[0]), int(row[1]), int(row[2]), bool(row[3]))
        writer.writeEvents(store)
        writer.writeFrame(dv.Frame(int(t[part][0]), np.full((size[1], size[0]), 7, dtype=np.uint8)))
        writer.writeTrigger(dv.Trigger(int(t[part][0]), dv.TriggerType.EXTERNAL_SIGNAL_RISING_EDGE))
    del writer


def read_aedat4(path):
    parts = [packet["events"] for packet in aedat.Decoder(str(path)) if "events" in packet]
    e = np.concatenate(parts)
    on = "on" if "on" in e.dtype.names else "p"
    return tuple(e[n].astype(np.int64) for n in ("t", "x", "y", on))


def make_events(rng):
    # N-MNIST.
    (FILES / "digits").mkdir()
    for label in (0, 3, 7):
        (FILES / "digits" / str(label)).mkdir()
        for i in range(2):
            name = f"digits/{label}/{i:05}.bin"
            (FILES / name).write_bytes(nmnist(*polarity_events(rng, 60, 34, 34, 30_000)))
            e = recording(name, None, [2, 34, 34], *read_nmnist(FILES / name))
            folders.append({"folder": "digits", "file": name, "label": label})
    frame(name, [2, 34, 34], e)

    # DVS Gesture: packets of 16 events.
    (FILES / "gestures").mkdir()
    for user, seed in (("user01_led", 1), ("user02_lab", 2)):
        t, x, y, p = polarity_events(np.random.default_rng(seed), 200, 128, 128, 1_000_000)
        all_rows = rows(t, x, y, p)
        packets = [(1, 0, all_rows[i:i + 16]) for i in range(0, 200, 16)]
        name = f"gestures/{user}.aedat"
        (FILES / name).write_bytes(aedat3(packets))
        e = recording(name, None, [2, 128, 128], *read_aedat3(FILES / name))
        spans = [(2, 100_000, 300_000), (11, 300_000, 650_000), (1, 640_000, 900_000)]
        text = "class,startTime_usec,endTime_usec\n" + "".join(f"{a},{b},{c}\n" for a, b, c in spans)
        (FILES / f"gestures/{user}_labels.csv").write_text(text)
        for label, start, end in spans:
            inside = (e[0] >= start) & (e[0] < end)
            trials.append({"file": name, "label": label - 1, "events": int(inside.sum())})
    (FILES / "gestures/gesture_mapping.csv").write_text("action,label\nhand clapping,1\n")
    (FILES / "gestures/trials_to_test.txt").write_text("user02_lab.aedat\n")
    frame(name, [2, 128, 128], e)
    # Special events, invalid ones, other types, times beyond 31 bits: said here, as no
    # reader that was tried gets all of them right.
    t, x, y, p = polarity_events(rng, 10, 240, 180, 1000)
    all_rows = rows(t, x, y, p)
    bad = [(word(9, 9, 1, 0), 500)] * 3
    packets = [(0, 0, [(1 << 1 | 1, 0)]), (1, 0, all_rows[:5] + bad), (3, 0, [(1, 7)] * 2), (1, 1, all_rows[5:])]
    (FILES / "mixed.aedat").write_bytes(aedat3(packets, "DAVIS240C"))
    t[5:] += 1 << 31
    recording("mixed.aedat", None, [2, 180, 240], t, x, y, p, invalid=3)

    # AEDAT 4.
    t, x, y, p = polarity_events(rng, 120, 34, 20, 50_000)
    for packing in ("NONE", "LZ4", "LZ4_HIGH", "ZSTD", "ZSTD_HIGH"):
        name = f"{packing.lower()}.aedat4"
        aedat4(FILES / name, getattr(dv.CompressionType, packing), t + 1_700_000_000_000_000, x, y, p, (34, 20))
        e = recording(name, None, [2, 20, 34], *read_aedat4(FILES / name))
    frame(name, [2, 20, 34], e)

    # Tables.
    t, x, y, p = polarity_events(rng, 40, 9, 7, 2000)
    t[10], t[11] = t[11] + 5, t[10]
    late = int((np.diff(t) < 0).sum())
    text = "p,t,y,x\n" + "".join(f"{p},{t},{y},{x}\n" for t, x, y, p in zip(t, x, y, p))
    (FILES / "camera.csv").write_text(text)
    e = np.genfromtxt(FILES / "camera.csv", delimiter=",", names=True, dtype=int)
    recording("camera.csv", "9x7", [2, 7, 9], e["t"], e["x"], e["y"], e["p"], reordered=late)
    t, x, _, _ = polarity_events(rng, 50, 700, 1, 1_000_000)
    (FILES / "words").mkdir()
    for word_name in ("eight", "one"):
        (FILES / "words" / word_name).mkdir()
        name = f"words/{word_name}/a.csv"
        text = "t_s,channel\n" + "".join(f"{t / 1e6:.6f},{x}\n" for t, x in zip(t, x))
        (FILES / name).write_text(text)
        e = np.genfromtxt(FILES / name, delimiter=",", names=True)
        e = recording(name, "700", [700], np.rint(e["t_s"] * 1e6).astype(int), e["channel"].astype(int),
                      np.zeros(50, int), np.ones(50, int))
        folders.append({"folder": "words", "file": name, "label": ["eight", "one"].index(word_name)})
    frame(name, [700], e)


def frame(name, shape, e):
    """Frames of a recording, as the equations of docs/inputs.md say."""
    t, x, y, p = e
    since, n = t - t[0], len(t)
    window = int(since[-1]) // 4
    for timesteps, bins in [(4, "time"), (7, "time"), (5, "count"), (3, "window")]:
        if bins == "time":
            b = timesteps * since // (since[-1] + 1)
        elif bins == "count":
            b = timesteps * np.arange(n) // n
        else:
            b = since // window
        used = b < timesteps
        if len(shape) == 1:
            place = x
        else:
            place = (p * shape[1] + y) * shape[2] + x
        size = int(np.prod(shape))
        counts = np.bincount((b * size + place)[used], minlength=timesteps * size)
        where = np.flatnonzero(counts)
        frames.append({
            "file": name, "sensor": str(size) if len(shape) == 1 else None,
            "timesteps": timesteps, "bins": bins, "window": window,
            "unused": int((~used).sum()),
            "where": [int(i) for i in where], "counts": [int(counts[i]) for i in where],
        })


def main():
    shutil.rmtree(FILES, ignore_errors=True)
    FILES.mkdir()
    rng = np.random.default_rng(2024)
    make_arrays(rng)
    make_events(rng)
    out = {"arrays": arrays, "events": events, "frames": frames, "trials": trials, "folders": folders}
    lines = ",\n".join(
        f'"{key}": [\n' + ",\n".join(json.dumps(v, separators=(",", ":")) for v in value) + "\n]"
        for key, value in out.items())
    (HERE / "expected.json").write_text("{\n" + lines + "\n}\n")


main()

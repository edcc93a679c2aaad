# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The module against the vectors of the Rust library, and against a line that damages frames."""

import pathlib
import random
import struct
import types
import unittest

import synfire_link as link

VECTORS = pathlib.Path(__file__).parent.parent / "vectors.txt"


def unhex(digits: str) -> bytes:
    return b"" if digits == "-" else bytes.fromhex(digits)


def encode_response(tag: int, status: int, body: bytes = b"") -> bytes:
    message = bytes([tag << 4 | status]) + body
    message += link.crc16(message).to_bytes(2, "big")
    return b"".join(bytes([2, b]) if b else b"\1" for b in message) + b"\1\0"


class FaultyBoard:
    """A port with a board of 4 inputs and 2 classes behind it, whose class is the first input's
    lowest bit, and which damages every third answer and loses its weights now and then."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.line, self.answers, self.loaded = b"", b"", False

    def write(self, data: bytes) -> None:
        *frames, self.line = (self.line + data).split(b"\0")
        for frame in filter(None, frames):
            message = link.cobs_decode(frame)
            assert message is not None and link.crc16(message) == 0
            tag, command, payload = message[0] >> 4, message[0] & 15, message[1:-2]
            self.loaded = command == link.LOAD or self.loaded and self.random.random() > 0.1
            answer = self.answer(tag, command, payload)
            if self.random.randrange(3) == 0:
                at = self.random.randrange(len(answer))
                answer = answer[:at] + answer[at + self.random.randrange(2) :]
                answer = answer[:at] + bytes([self.random.randrange(256)]) + answer[at + 1 :]
            self.answers += answer

    def answer(self, tag: int, command: int, payload: bytes) -> bytes:
        if command == link.IDENTIFY:
            return encode_response(tag, link.OK, bytes(range(16)))
        if command == link.LOAD:
            return encode_response(tag, link.OK)
        if not self.loaded:
            return encode_response(tag, link.NOT_LOADED)
        result = struct.pack("<iiB", payload[0], -payload[1], payload[0] & 1)
        return encode_response(tag, link.OK, result)

    def read(self, n: int) -> bytes:
        found, self.answers = self.answers[:n], self.answers[n:]
        return found


class Tests(unittest.TestCase):
    def test_vectors(self):
        count = 0
        for line in VECTORS.read_text().splitlines():
            kind, tag, code, data, frame = line.split()
            tag, code, data, frame = int(tag), int(code), unhex(data), unhex(frame)
            if kind == "request":
                self.assertEqual(link.encode_request(tag, code, data).hex(), frame.hex())
            elif kind == "response":
                self.assertEqual(link.decode_response(frame), (tag, code, data))
            else:
                self.assertEqual((kind, link.decode_response(frame)), ("damaged", None))
            count += 1
        self.assertGreater(count, 50)

    def test_every_inference_is_answered_on_a_bad_line(self):
        board = link.Board(FaultyBoard(1), classes=2, patience=0.02)
        self.assertEqual(board.identify(), bytes(range(16)))
        board.load(b"weights")
        for n in range(100):
            self.assertEqual(board.infer(bytes([n, 5, 0, 0])), ([n, -5], n & 1))
        self.assertGreater(board.retries, 20)

    def test_a_board_that_is_silent_or_refuses_is_an_error(self):
        silent = types.SimpleNamespace(write=lambda data: None, read=lambda n: b"")
        with self.assertRaisesRegex(link.LinkError, "no answer, after 2 attempts"):
            link.Board(silent, classes=2, patience=0.01, attempts=2).identify()
        board = link.Board(FaultyBoard(2), classes=2, patience=0.01)
        with self.assertRaisesRegex(link.LinkError, "not loaded"):
            board.infer(bytes(4))


if __name__ == "__main__":
    unittest.main()

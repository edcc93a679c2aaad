# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The host's side of docs/host-link.md: frames, and a board behind a serial port.

The standard library is all it needs; `Board.open` needs pyserial.

    with Board.open("/dev/ttyUSB1", 1_000_000, classes=10) as board:
        print(board.identify())
        board.load(open("weights.bin", "rb").read())
        logits, label = board.infer(image)
"""

import binascii
import struct
import time
from typing import NamedTuple, Optional

INFER, INFER_WITH_TRACE, IDENTIFY, LOAD = 1, 2, 3, 4
OK, BAD_LENGTH, BAD_CRC, BAD_COMMAND, OVERRUN, BAD_FRAMING, NOT_LOADED = range(7)
STATUS = ("ok", "bad length", "bad CRC", "bad command", "overrun", "bad framing", "not loaded")


class Response(NamedTuple):
    tag: int
    status: int
    body: bytes


class LinkError(Exception):
    """The board does not answer as the protocol says."""


def crc16(message: bytes) -> int:
    """CRC-16/CCITT-FALSE; 0 over a message with its own checksum behind it."""
    return binascii.crc_hqx(message, 0xFFFF)


def cobs_encode(message: bytes) -> bytes:
    """A frame without its delimiter."""
    out = bytearray()
    for part in message.split(b"\0"):
        while len(part) >= 254:
            out += b"\xff" + part[:254]
            part = part[254:]
        out += bytes([len(part) + 1]) + part
    return bytes(out)


def cobs_decode(frame: bytes) -> Optional[bytes]:
    """The message of a frame without its delimiter; None if it is damaged."""
    out, at = bytearray(), 0
    while at < len(frame):
        code = frame[at]
        block = frame[at + 1 : at + code]
        if code == 0 or len(block) != code - 1 or 0 in block:
            return None
        out += block
        at += code
        if code != 255 and at < len(frame):
            out.append(0)
    return bytes(out)


def encode_request(tag: int, command: int, payload: bytes = b"") -> bytes:
    """A request as it goes over the line, delimiter included."""
    message = bytes([(tag & 15) << 4 | command]) + bytes(payload)
    return cobs_encode(message + crc16(message).to_bytes(2, "big")) + b"\0"


def decode_response(frame: bytes) -> Optional[Response]:
    """A response from a frame with or without its delimiter; None if it is damaged."""
    stuffed = cobs_decode(frame[:-1] if frame.endswith(b"\0") else frame)
    if stuffed is None:
        return None
    message, at = bytearray(), 0
    while at < len(stuffed):
        message.append(stuffed[at])
        if stuffed[at] != 0:  # behind it comes a zero, which is dropped
            at += 1
            if stuffed[at : at + 1] != b"\0":
                return None
        at += 1
    if len(message) < 3 or crc16(message) != 0 or message[0] & 15 > NOT_LOADED:
        return None
    return Response(message[0] >> 4, message[0] & 15, bytes(message[1:-2]))


class Board:
    """A board behind `port`, which has `read(n)` with a short limit of its own, and `write`.

    `patience` is how long an answer may take, in seconds; each request is sent up to `attempts`
    times, since damage on the line is no reason to give up.
    """

    def __init__(self, port, classes: int, patience: float = 1.0, attempts: int = 10):
        self.port, self.classes = port, classes
        self.patience, self.attempts = patience, attempts
        self.tag, self.retries = 0, 0
        self.weights = b""

    @classmethod
    def open(cls, device: str, baud: int, classes: int, **options) -> "Board":
        """Opens a serial port with pyserial."""
        import serial

        return cls(serial.Serial(device, baud, timeout=0.01, exclusive=True), classes, **options)

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *_) -> None:
        self.port.close()

    def request(self, command: int, payload: bytes = b"", length: Optional[int] = None) -> bytes:
        """Sends a request until it is done; the body of its answer, of `length` bytes if given.

        Raises LinkError if no attempt is answered well.
        """
        why = "no answer"
        for attempt in range(self.attempts):
            self.retries += attempt > 0
            self.tag = (self.tag + 1) & 15
            self.port.write(b"\0" + encode_request(self.tag, command, payload))
            end = time.monotonic() + self.patience
            answer = self._answer(end)
            if answer is None:
                why = "no answer"
            elif answer.status == OK and length in (None, len(answer.body)):
                return answer.body
            elif answer.status == OK:
                why = f"an answer of {len(answer.body)} bytes, not {length}"
            else:
                why = STATUS[answer.status]
                if answer.status == NOT_LOADED and self.weights:
                    self.load(self.weights)
        raise LinkError(f"{why}, after {self.attempts} attempts")

    def _answer(self, end: float) -> Optional[Response]:
        """The first error, or the first ok with the tag of now, before `end`."""
        line = bytearray()
        while time.monotonic() < end:
            line += self.port.read(1)
            if not line.endswith(b"\0"):
                continue
            response = decode_response(bytes(line))
            line.clear()
            if response and (response.status != OK or response.tag == self.tag):
                return response
        return None

    def identify(self) -> bytes:
        """The 16 bytes that name the design."""
        return self.request(IDENTIFY, length=16)

    def load(self, weights: bytes) -> None:
        """Loads weights.bin, and keeps it for a board that forgets it."""
        self.weights = b""  # a refused load is no reason to load
        self.request(LOAD, weights, length=0)
        self.weights = bytes(weights)

    def infer(self, levels: bytes) -> tuple[list[int], int]:
        """The logits and the class of an input."""
        body = self.request(INFER, levels, length=4 * self.classes + 1)
        return list(struct.unpack(f"<{self.classes}i", body[:-1])), body[-1]

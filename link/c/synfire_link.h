/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * The serial protocol of docs/host-link.md for a microcontroller: C99, one header, no allocation.
 * A request is written into a buffer of the caller's; a response is read where it lies. */
#ifndef SYNFIRE_LINK_H
#define SYNFIRE_LINK_H

#include <stddef.h>
#include <stdint.h>

enum sf_command { SF_INFER = 1, SF_INFER_WITH_TRACE = 2, SF_IDENTIFY = 3, SF_LOAD = 4 };

enum sf_status {
  SF_OK = 0,
  SF_BAD_LENGTH = 1,
  SF_BAD_CRC = 2,
  SF_BAD_COMMAND = 3,
  SF_OVERRUN = 4,
  SF_BAD_FRAMING = 5,
  SF_NOT_LOADED = 6
};

/* Bytes that a request with `n` bytes of payload takes at most, and a response with `n` of body. */
#define SF_REQUEST_MAX(n) ((n) + 3 + ((n) + 3) / 254 + 2)
#define SF_RESPONSE_MAX(n) (2 * ((n) + 3) + 2)

struct sf_response {
  uint8_t tag;
  uint8_t status;
  const uint8_t *body;
  size_t length; /* of the body */
};

/* CRC-16/CCITT-FALSE after one more byte; it begins with 0xFFFF. */
static inline uint16_t sf_crc16(uint16_t crc, uint8_t byte) {
  crc = (uint16_t)(crc ^ ((uint16_t)byte << 8));
  for (int i = 0; i < 8; i++)
    crc = (uint16_t)((uint16_t)(crc << 1) ^ ((crc & 0x8000u) ? 0x1021u : 0u));
  return crc;
}

/* Writes the request with its delimiter into `out`. Returns its length; 0 if `size` is too small. */
static inline size_t sf_request(uint8_t tag, enum sf_command command, const uint8_t *payload,
                                size_t length, uint8_t *out, size_t size) {
  size_t code = 0, at = 1;
  uint16_t crc = 0xFFFF;
  for (size_t i = 0; i < length + 3; i++) {
    uint8_t byte;
    if (i == 0)
      byte = (uint8_t)((uint8_t)(tag << 4) | (uint8_t)command);
    else if (i <= length)
      byte = payload[i - 1];
    else
      byte = (uint8_t)(i == length + 1 ? crc >> 8 : crc & 0xFF);
    if (i <= length)
      crc = sf_crc16(crc, byte);
    if (byte != 0) {
      if (at >= size)
        return 0;
      out[at++] = byte;
    }
    if (byte == 0 || at - code == 255) {
      if (code >= size)
        return 0;
      out[code] = (uint8_t)(at - code);
      code = at++;
    }
  }
  if (code >= size || at >= size)
    return 0;
  out[code] = (uint8_t)(at - code);
  out[at++] = 0;
  return at;
}

/* Reads a response of `length` bytes, without its delimiter, where it lies. Returns 1 if it is
 * intact; else 0, and neither `frame` nor `response` means anything. */
static inline int sf_response(uint8_t *frame, size_t length, struct sf_response *response) {
  size_t to = 0, message = 0;
  uint16_t crc = 0xFFFF;
  for (size_t from = 0; from < length;) {
    size_t code = frame[from], end = from + code;
    if (code == 0 || end > length)
      return 0;
    while (++from < end) {
      if (frame[from] == 0)
        return 0;
      frame[to++] = frame[from];
    }
    if (code != 255 && end < length)
      frame[to++] = 0;
  }
  /* Behind every byte that is not zero comes a zero, which is dropped. */
  for (size_t from = 0; from < to; from++) {
    uint8_t byte = frame[from];
    if (byte != 0 && (++from >= to || frame[from] != 0))
      return 0;
    frame[message++] = byte;
    crc = sf_crc16(crc, byte);
  }
  if (message < 3 || crc != 0 || (frame[0] & 15) > SF_NOT_LOADED)
    return 0;
  response->tag = frame[0] >> 4;
  response->status = frame[0] & 15;
  response->body = frame + 1;
  response->length = message - 3;
  return 1;
}

#endif

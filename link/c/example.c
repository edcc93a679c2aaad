/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * A microcontroller asks an accelerator for the class of an input. Put the serial port of your
 * chip into `uart_write` and `uart_read`, and the numbers of your design into the constants;
 * here a made-up board of 4 inputs and 2 classes answers, so that the file runs anywhere. */
#include "synfire_link.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { INPUTS = 4, CLASSES = 2, RESULT = 4 * CLASSES + 1, ATTEMPTS = 5 };

/* ---------------------------------------------------------------- the serial port, yours */

static const uint8_t *answer;

static void uart_write(const uint8_t *bytes, size_t length) {
  /* What this board sends to tag 1: logits 7 and 9, class 1. */
  static const uint8_t sent[] = {2, 0x10, 2, 7,    1, 1,    1, 2, 9, 1,
                                 1, 1,    2, 1, 2, 0x7C, 2, 0x59, 1, 0};
  (void)bytes;
  (void)length;
  answer = sent;
}

/* The next byte of the line, or -1 if none comes within `ms` milliseconds. */
static int uart_read(unsigned ms) {
  (void)ms;
  return answer ? *answer++ : -1;
}

/* ------------------------------------------------------------------------- the protocol */

static uint8_t frame[SF_REQUEST_MAX(INPUTS) + SF_RESPONSE_MAX(RESULT)];

/* Reads up to the next delimiter. False if nothing comes for `ms` milliseconds. */
static bool receive(size_t *length, unsigned ms) {
  for (*length = 0;;) {
    int byte = uart_read(ms);
    if (byte < 0)
      return false;
    if (byte == 0 && *length > 0)
      return true;
    if (byte != 0 && *length < sizeof frame)
      frame[(*length)++] = (uint8_t)byte;
  }
}

/* The class of an input, or -1 if the board does not give one. */
static int classify(const uint8_t *input) {
  static uint8_t tag = 0;
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    struct sf_response response;
    size_t length;
    tag = (tag + 1) & 15;
    size_t n = sf_request(tag, SF_INFER, input, INPUTS, frame, sizeof frame);
    uart_write((const uint8_t *)"", 1); /* a delimiter: whatever came before is over */
    uart_write(frame, n);
    /* The longest inference, and the time on the line. */
    while (receive(&length, 100)) {
      if (!sf_response(frame, length, &response))
        continue; /* damaged */
      if (response.status != SF_OK)
        break; /* send again */
      if (response.tag == tag && response.length == RESULT)
        return response.body[4 * CLASSES];
    }
  }
  return -1;
}

int main(void) {
  static const uint8_t input[INPUTS] = {0x10, 0x20, 0x00, 0x05};
  int class = classify(input);
  if (class < 0) {
    puts("no answer");
    return 1;
  }
  printf("class %d\n", class);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * Holds synfire_link.h against the file of vectors that is named: what it writes, what it reads,
 * what it refuses, and that it keeps inside its buffers. */
#include "synfire_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t payload[1024], frame[4096], out[4096];

static size_t bytes(const char *hex, uint8_t *to) {
  size_t n = 0;
  unsigned byte;
  for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
    to[n++] = (uint8_t)byte;
  return n;
}

static int holds(const char *kind, unsigned tag, unsigned code, size_t length, size_t framed) {
  struct sf_response response;
  if (strcmp(kind, "request") == 0) {
    enum sf_command command = (enum sf_command)code;
    if (sf_request((uint8_t)tag, command, payload, length, out, framed - 1) != 0)
      return 0;
    memset(out, 0xEE, sizeof out);
    return sf_request((uint8_t)tag, command, payload, length, out, framed) == framed &&
           framed <= SF_REQUEST_MAX(length) && memcmp(out, frame, framed) == 0 &&
           out[framed] == 0xEE;
  }
  int intact = sf_response(frame, framed - 1, &response);
  if (strcmp(kind, "damaged") == 0)
    return !intact;
  return intact && framed <= SF_RESPONSE_MAX(length) && response.tag == tag &&
         response.status == code && response.length == length &&
         memcmp(response.body, payload, length) == 0;
}

int main(int argc, char **argv) {
  static char kind[16], hex[2048], framed[8192];
  unsigned tag, code, count = 0;
  FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
  if (!file)
    return EXIT_FAILURE;
  while (fscanf(file, "%15s %u %u %2047s %8191s", kind, &tag, &code, hex, framed) == 5) {
    size_t length = bytes(hex, payload), whole = bytes(framed, frame);
    if (!holds(kind, tag, code, length, whole)) {
      printf("vector %u: %s %u %u\n", count + 1, kind, tag, code);
      return EXIT_FAILURE;
    }
    count++;
  }
  printf("%u vectors\n", count);
  return EXIT_SUCCESS;
}

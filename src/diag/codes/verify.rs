// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF06xx: verification.

use super::codes;

codes! {
    VERIFY_MISMATCH = "SF0601", "two executors disagree",
        "The same input gave different spikes, cycles or logits at two levels. This is never acceptable: the message names the first difference.";
    LINK_DAMAGED = "SF0602", "a response of the hardware is damaged",
        "A frame that came over the serial line is not well-formed, has a wrong checksum or an unexpected length. docs/host-link.md describes the frames.";
    MUTATION_SURVIVED = "SF0603", "a deliberate fault was not noticed",
        "`synfire verify --mutate` changed one bit or one transition of the hardware, and the comparison found no difference. The check is then worth nothing; the message names the fault.";
    NOT_COMPARED = "SF0604", "a level was not compared",
        "`synfire verify` compared no two levels, or fewer inferences at one of them than were asked for. What was not compared is not verified; the message names the levels.";
    CLOCK_DIFFERS = "SF0605", "the PLL is set to another clock",
        "The PLL's divisors, read back from the bitstream or from the routed netlist, are not those of the board's clock. The simulation counts cycles and knows no frequencies, so that only this comparison would notice.";
}

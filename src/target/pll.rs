// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Phase-locked loops: the clocks that a family makes of the one at a board's pin.

use serde::{Deserialize, Serialize};

use super::Family;

/// How a PLL is set: the oscillator runs at (pin / `reference`) × `feedback`, and the design's
/// clock is the oscillator's / `output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pll {
    /// Divides the pin's clock.
    pub reference: u32,
    /// Multiplies it.
    pub feedback: u32,
    /// Divides the oscillator's clock.
    pub output: u32,
}

/// What a family's PLL can be set to: divisors, and frequencies in MHz.
struct Limits {
    reference: u32,
    feedback: u32,
    /// The output's divisors.
    output: &'static [u32],
    /// The feedback comes from the output, so that the feedback is a multiple of its divisor.
    from_output: bool,
    /// At the phase detector, behind the reference's divisor.
    detector: [f64; 2],
    oscillator: [f64; 2],
    clock: [f64; 2],
}

/// iCE40 UltraPlus family data sheet (FPGA-DS-02008), sysCLOCK PLL timing; the divisors are
/// those of the simple feedback path (FPGA-TN-02052).
const ICE40: Limits = Limits {
    reference: 16,
    feedback: 128,
    output: &[2, 4, 8, 16, 32, 64],
    from_output: false,
    detector: [10.0, 133.0],
    oscillator: [533.0, 1066.0],
    clock: [16.0, 275.0],
};

/// ECP5 family data sheet (FPGA-DS-02012), sysCLOCK PLL timing; the feedback is taken from the
/// output that drives the clock.
const ECP5: Limits = Limits {
    reference: 128,
    feedback: 128 * 128,
    output: &OUTPUTS,
    from_output: true,
    detector: [10.0, 400.0],
    oscillator: [400.0, 800.0],
    clock: [10.0, 400.0],
};

/// Artix-7 and Zynq-7000 data sheets (DS181, DS187), PLL switching characteristics of speed grade
/// -1, which the others exceed; the divisors are those of a PLLE2_BASE (UG472).
const XC7: Limits = Limits {
    reference: 56,
    feedback: 64,
    output: &OUTPUTS,
    from_output: false,
    detector: [19.0, 450.0],
    oscillator: [800.0, 1600.0],
    clock: [6.25, 800.0],
};

/// Every divisor from 1 to 128.
static OUTPUTS: [u32; 128] = {
    let mut all = [0; 128];
    let mut i = 0;
    while i < 128 {
        all[i] = i as u32 + 1;
        i += 1;
    }
    all
};

/// Nothing where no PLL is used.
const fn limits(family: Family) -> Option<&'static Limits> {
    match family {
        Family::Ice40 => Some(&ICE40),
        Family::Ecp5 => Some(&ECP5),
        Family::Gowin => None,
        Family::Xc7 => Some(&XC7),
    }
}

/// True if a frequency lies between both ends.
fn within(mhz: f64, [low, high]: [f64; 2]) -> bool {
    // Half a hertz is no frequency of its own.
    mhz >= low - 5e-7 && mhz <= high + 5e-7
}

impl Pll {
    /// The clock that it makes of one of `pin_mhz`, in MHz.
    #[must_use]
    pub fn mhz(&self, pin_mhz: f64) -> f64 {
        self.oscillator(pin_mhz) / f64::from(self.output)
    }

    fn oscillator(&self, pin_mhz: f64) -> f64 {
        pin_mhz * f64::from(self.feedback) / f64::from(self.reference)
    }

    /// True if a PLL of the family can be set so.
    #[must_use]
    pub fn is_possible(&self, family: Family, pin_mhz: f64) -> bool {
        let Some(limits) = limits(family) else { return false };
        let multiple = !limits.from_output
            || (self.output > 0
                && self.feedback.is_multiple_of(self.output)
                && self.feedback / self.output <= 128);
        (1..=limits.reference).contains(&self.reference)
            && (1..=limits.feedback).contains(&self.feedback)
            && limits.output.contains(&self.output)
            && multiple
            && within(pin_mhz / f64::from(self.reference), limits.detector)
            && within(self.oscillator(pin_mhz), limits.oscillator)
            && within(self.mhz(pin_mhz), limits.clock)
    }

    /// Every setting of a family's PLL for a clock of `pin_mhz`, one for each frequency, the
    /// slowest first. Of several the one that divides the pin's clock least is taken, then the
    /// one with the slowest oscillator: both leave less jitter and power to chance.
    #[must_use]
    pub fn settings(family: Family, pin_mhz: f64) -> Vec<Self> {
        let Some(limits) = limits(family) else { return Vec::new() };
        let mut all = Vec::new();
        for reference in 1..=limits.reference {
            if !within(pin_mhz / f64::from(reference), limits.detector) {
                continue;
            }
            for &output in limits.output {
                let step = if limits.from_output { output } else { 1 };
                let feedbacks = (step..=limits.feedback.min(step * 128)).step_by(step as usize);
                let settings = feedbacks.map(|feedback| Self { reference, feedback, output });
                all.extend(settings.filter(|s| s.is_possible(family, pin_mhz)));
            }
        }
        let hertz = |s: &Self| (s.mhz(pin_mhz) * 1e6).round() as u64;
        all.sort_by_key(|s| (hertz(s), s.reference, s.feedback));
        all.dedup_by_key(|s| hertz(s));
        all
    }

    /// Of an iCE40's PLL the filter's range, which follows from the clock at the phase detector
    /// (IceStorm's `icepll`).
    #[must_use]
    pub fn filter(&self, pin_mhz: f64) -> u32 {
        let detector = pin_mhz / f64::from(self.reference);
        let bounds = [17.0, 26.0, 44.0, 66.0, 101.0];
        1 + bounds.iter().filter(|b| detector >= **b).count() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(family: Family, pin: f64, wanted: f64) -> Pll {
        let all = Pll::settings(family, pin);
        *all.iter().find(|s| (s.mhz(pin) - wanted).abs() < 1e-9).unwrap()
    }

    /// The settings that `icepll -i 12 -o …` prints: DIVR = 0 and DIVF = 63, DIVQ = 5; 79, 5;
    /// 47, 4. The output's divisor is 2 to the power of DIVQ.
    #[test]
    fn an_ice40_is_set_as_the_family_s_own_tool_does() {
        for (mhz, feedback, output) in [(24.0, 64, 32), (30.0, 80, 32), (36.0, 48, 16)] {
            let pll = at(Family::Ice40, 12.0, mhz);
            assert_eq!(pll, Pll { reference: 1, feedback, output }, "{mhz}");
            assert_eq!(pll.filter(12.0), 1);
        }
        let fast = at(Family::Ice40, 100.0, 50.0);
        assert_eq!((fast, fast.filter(100.0)), (Pll { reference: 1, feedback: 8, output: 16 }, 5));
    }

    #[test]
    fn the_filter_follows_the_phase_detector() {
        let range = |mhz| Pll { reference: 1, feedback: 1, output: 2 }.filter(mhz);
        let at = [16.9, 17.0, 25.9, 26.0, 43.9, 44.0, 65.9, 66.0, 100.9, 101.0, 133.0];
        assert_eq!(at.map(range), [1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
        assert_eq!(Pll { reference: 2, feedback: 1, output: 2 }.filter(50.0), 2);
    }

    #[test]
    fn settings_rise_and_keep_every_limit() {
        for (family, pin) in [(Family::Ice40, 12.0), (Family::Ecp5, 25.0), (Family::Ecp5, 48.0)] {
            let all = Pll::settings(family, pin);
            assert!(all.windows(2).all(|w| w[0].mhz(pin) < w[1].mhz(pin)), "{family:?}");
            assert!(all.iter().all(|s| s.is_possible(family, pin)));
            assert!(all.len() >= 32, "{}", all.len());
        }
        let ends = |all: Vec<Pll>| [all[0], all[all.len() - 1]].map(|s| s.mhz(12.0));
        assert_eq!(ends(Pll::settings(Family::Ice40, 12.0)), [16.125, 270.0]);
        // 25 / 1 × 2, the oscillator at 400 MHz.
        assert_eq!(at(Family::Ecp5, 25.0, 50.0), Pll { reference: 1, feedback: 16, output: 8 });
        // The phase detector of an ECP5 takes no less than 10 MHz.
        assert!(Pll::settings(Family::Ecp5, 25.0).iter().all(|s| s.reference <= 2));
        assert!(Pll::settings(Family::Ice40, 5.0).is_empty());
        assert!(Pll::settings(Family::Gowin, 27.0).is_empty());
    }

    #[test]
    fn what_no_pll_makes_is_not_possible() {
        let good = Pll { reference: 1, feedback: 64, output: 32 };
        let ice = |pll: Pll| pll.is_possible(Family::Ice40, 12.0);
        assert!(ice(good));
        for bad in [
            Pll { reference: 0, ..good },
            Pll { reference: 2, ..good },
            // 6 MHz at the phase detector, all else as it should be.
            Pll { reference: 2, feedback: 128, ..good },
            Pll { feedback: 0, ..good },
            Pll { feedback: 44, ..good },
            Pll { feedback: 89, ..good },
            Pll { output: 1, ..good },
            Pll { output: 48, ..good },
            Pll { output: 64, ..good },
            Pll { output: 0, ..good },
        ] {
            assert!(!ice(bad), "{bad:?}");
        }
        let ecp5 = |feedback| Pll { reference: 1, feedback, output: 8 };
        assert!(ecp5(16).is_possible(Family::Ecp5, 25.0));
        // 25 × 17 = 425 MHz is possible, but no eighth of it comes back.
        assert!(!ecp5(17).is_possible(Family::Ecp5, 25.0));
        assert!(!Pll { reference: 1, feedback: 16, output: 0 }.is_possible(Family::Ecp5, 25.0));
        assert!(!ecp5(16).is_possible(Family::Gowin, 25.0));
    }
}

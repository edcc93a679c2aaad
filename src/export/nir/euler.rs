// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Time constants from leaks: forward Euler backwards.
//!
//! A reader computes q = dt/τ, λ = 1 − q and products q·x. For given λ and products a τ and
//! x are searched near the quotients, double by double, for which that is exact. For what
//! was read from a NIR file there is such a τ: the file's.

/// How far the search goes, in units of the last place.
const TIMES: i32 = 64;
const FACTORS: i32 = 3;

/// 0, 1, −1, 2, −2, …
fn around(reach: i32) -> impl Iterator<Item = i32> {
    (0..=2 * reach).map(|k| if k % 2 == 0 { k / 2 } else { -(k + 1) / 2 })
}

fn moved(x: f64, steps: i32) -> f64 {
    let mut x = x;
    for _ in 0..steps.unsigned_abs() {
        x = if steps > 0 { x.next_up() } else { x.next_down() };
    }
    x
}

/// x with x·q = product, exactly if there is one.
pub(super) fn factor(product: f64, q: f64) -> (f64, bool) {
    let near = product / q;
    match around(FACTORS).map(|k| moved(near, k)).find(|x| x * q == product) {
        Some(x) => (x, true),
        None => (near, false),
    }
}

/// τ and a factor for each product; the flag says whether all of them read back exactly.
pub(super) fn constants(leak: f64, products: &[f64], dt: f64) -> (f64, Vec<f64>, bool) {
    let near = dt / (1.0 - leak);
    let mut best = None;
    for tau in around(TIMES).map(|k| moved(near, k)) {
        let q = dt / tau;
        if (1.0 - q).max(0.0) != leak {
            continue;
        }
        let found: Vec<(f64, bool)> = products.iter().map(|&p| factor(p, q)).collect();
        let exact = found.iter().all(|f| f.1);
        let factors: Vec<f64> = found.iter().map(|f| f.0).collect();
        if exact {
            return (tau, factors, true);
        }
        best.get_or_insert((tau, factors, false));
    }
    best.unwrap_or_else(|| {
        let q = dt / near;
        (near, products.iter().map(|&p| factor(p, q).0).collect(), false)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_written_exactly() {
        let mut state = 7u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let mut missed = 0;
        for _ in 0..10_000 {
            let dt = [1e-4, 1e-3, 1.0, 1e-6][(random() * 4.0) as usize];
            let tau = f64::from((dt * (1.0 + 50.0 * random())) as f32).max(dt);
            let (r, v_leak) = (f64::from(random() as f32 * 4.0), f64::from(random() as f32));
            let q = dt / tau;
            let (leak, products) = ((1.0 - q).max(0.0), [r * q, v_leak * q]);
            let (tau, factors, exact) = constants(leak, &products, dt);
            missed += usize::from(!exact);
            let q = dt / tau;
            assert_eq!(1.0 - q, leak);
            assert!((factors[0] * q - products[0]).abs() <= 1e-15 * products[0].abs());
        }
        assert_eq!(missed, 0);
    }
}

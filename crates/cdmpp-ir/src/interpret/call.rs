//! The pure functions that have a value for scalars, under TVM's names.

use super::value::{Value, convert, rounded, wrapped};
use crate::DataType;

/// The value of a call; `None` if the function or the types of its arguments are not known.
pub(crate) fn pure(callee: &str, dtype: DataType, args: &[(Value, DataType)]) -> Option<Value> {
    match *args {
        [(Value::Float(x), _)] if dtype.is_float() => of_float(callee, x).map(|y| Value::Float(rounded(y, dtype))),
        [(Value::Float(x), _)] => match callee {
            "isnan" => Some(Value::from(x.is_nan())),
            "isinf" => Some(Value::from(x.is_infinite())),
            "isfinite" => Some(Value::from(x.is_finite())),
            _ => None,
        },
        [(Value::Int(x), from)] => of_int(callee, x, from, dtype),
        [(Value::Float(x), _), (Value::Float(y), _)] => {
            of_floats(callee, x, y, dtype).map(|z| Value::Float(rounded(z, dtype)))
        }
        [(Value::Float(x), _), (Value::Int(n), _)] if callee == "ldexp" => {
            let n = n.clamp(-4096, 4096) as i32;
            // In two steps, since the power alone may leave the range.
            let y = x * 2_f64.powi(n / 2) * 2_f64.powi(n - n / 2);
            Some(Value::Float(rounded(y, dtype)))
        }
        [(Value::Int(x), _), (Value::Int(y), _)] => of_ints(callee, x, y, dtype),
        [(Value::Float(x), _), (Value::Float(y), _), (Value::Float(z), _)] if callee == "fma" => {
            Some(Value::Float(rounded(x.mul_add(y, z), dtype)))
        }
        _ => None,
    }
}

fn of_float(callee: &str, x: f64) -> Option<f64> {
    Some(match callee {
        "exp" => x.exp(),
        "exp2" => x.exp2(),
        "exp10" => 10_f64.powf(x),
        "erf" => erf(x),
        "sigmoid" => 1.0 / (1.0 + (-x).exp()),
        "log" => x.ln(),
        "log2" => x.log2(),
        "log10" => x.log10(),
        "log1p" => x.ln_1p(),
        "sqrt" => x.sqrt(),
        "rsqrt" => 1.0 / x.sqrt(),
        "sin" => x.sin(),
        "cos" => x.cos(),
        "tan" => x.tan(),
        "sinh" => x.sinh(),
        "cosh" => x.cosh(),
        "tanh" => x.tanh(),
        "asin" => x.asin(),
        "acos" => x.acos(),
        "atan" => x.atan(),
        "asinh" => x.asinh(),
        "acosh" => x.acosh(),
        "atanh" => x.atanh(),
        "floor" => x.floor(),
        "ceil" => x.ceil(),
        "trunc" => x.trunc(),
        "round" => x.round(),
        "nearbyint" => x.round_ties_even(),
        "fabs" | "abs" => x.abs(),
        "likely" | "tvm_thread_invariant" => x,
        _ => return None,
    })
}

fn of_floats(callee: &str, x: f64, y: f64, dtype: DataType) -> Option<f64> {
    Some(match callee {
        "pow" | "power" => x.powf(y),
        "atan2" => x.atan2(y),
        "hypot" => x.hypot(y),
        "fmod" => x % y,
        "copysign" => x.copysign(y),
        "nextafter" if x == y || x.is_nan() || y.is_nan() => x + (y - x),
        "nextafter" if dtype == DataType::F64 => {
            if x < y {
                x.next_up()
            } else {
                x.next_down()
            }
        }
        "nextafter" if dtype == DataType::F32 => {
            let single = x as f32;
            f64::from(if x < y { single.next_up() } else { single.next_down() })
        }
        _ => return None,
    })
}

fn of_int(callee: &str, x: i128, from: DataType, dtype: DataType) -> Option<Value> {
    let bits = from.bytes() as u32 * 8;
    let pattern = x.rem_euclid(1_i128 << bits) as u128;
    let value = match callee {
        "bitwise_not" => !x,
        "popcount" => i128::from(pattern.count_ones()),
        "clz" => i128::from(pattern.leading_zeros() - (128 - bits)),
        "abs" => x.abs(),
        "likely" | "tvm_thread_invariant" => x,
        _ => return None,
    };
    Some(Value::Int(wrapped(value, dtype)))
}

fn of_ints(callee: &str, x: i128, y: i128, dtype: DataType) -> Option<Value> {
    let shift = u32::try_from(y).ok().filter(|shift| *shift < 64);
    let value = match callee {
        "bitwise_and" => x & y,
        "bitwise_or" => x | y,
        "bitwise_xor" => x ^ y,
        "shift_left" => x.wrapping_shl(shift?),
        "shift_right" => x >> shift?,
        "pow" | "power" => {
            // By squares; only the lowest bits count.
            let (mut power, mut base, mut left) = (1_i128, x, u64::try_from(y).ok()?);
            while left > 0 {
                if left % 2 == 1 {
                    power = wrapped(power.wrapping_mul(base), dtype);
                }
                base = wrapped(base.wrapping_mul(base), dtype);
                left /= 2;
            }
            power
        }
        _ => return None,
    };
    Some(convert(Value::Int(value), dtype, dtype))
}

/// The error function, to some 15 digits: its power series near 0, a continued fraction further out.
fn erf(x: f64) -> f64 {
    let size = x.abs();
    if x.is_nan() {
        return x;
    }
    if size > 6.0 {
        return 1_f64.copysign(x);
    }
    let gauss = (-size * size).exp() / std::f64::consts::PI.sqrt();
    if size < 2.5 {
        // 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1))
        let (mut term, mut sum, mut n) = (size, size, 1.0);
        while term > sum * 1e-17 {
            term *= 2.0 * size * size / (2.0 * n + 1.0);
            sum += term;
            n += 1.0;
        }
        return (2.0 * gauss * sum).copysign(x);
    }
    // erfc(x) = e^(−x²)/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …))))
    let fraction = (1..=60).rev().fold(size, |rest, n| size + f64::from(n) / 2.0 / rest);
    (1.0 - gauss / fraction).copysign(x)
}

//! Dense `f32` kernels for small transformers on the CPU, forward and backward, on plain slices.
//!
//! Everything is row-major, nothing allocates in a loop, nothing starts a thread. Each function runs on the widest
//! vectors of the machine it finds itself on (AVX-512, AVX2, NEON, or none), by way of the crate `pulp`; there is no
//! unsafe code here. Sums have a fixed order, so a result repeats bit by bit on machines with the same vectors, and a
//! row of a product, norm or attention does not depend on the rows beside it. NaN is never hidden.
//!
//! | | forward | backward |
//! |---|---|---|
//! | product | [`matmul`] with a [`Packed`] right-hand side and a [`Finish`] | [`matmul`], [`matmul_transposed`], [`add_columns`], [`relu_backward`] |
//! | layer norm | [`layer_norm`] | [`layer_norm_backward`] |
//! | attention | [`attention`] | [`attention_backward`] |
//! | pools | [`mean_pool`], [`log_sum_exp_pool`], [`max_pool`] | [`mean_pool_backward`], [`log_sum_exp_pool_backward`], [`max_pool_backward`] |
//! | inputs | [`Lines`] | |
//! | update | | [`adamw`], [`square_sum`] |
//!
//! Lengths are the caller's duty: one that does not fit panics.
//!
//! # Examples
//! ```
//! use cdmpp_kernel::{Finish, Packed, add_columns, matmul, matmul_transposed};
//!
//! // A layer of two inputs and three outputs, its weight (out, in), for a batch of two rows.
//! let (weight, bias) = ([1.0, 0.0, 0.0, 1.0, 1.0, -1.0], [0.5, 0.5, 0.5]);
//! let xs = [1.0, 2.0, 3.0, 4.0];
//! let mut packed = Packed::default();
//! packed.pack_transposed(&weight, 2, 3);
//! let mut ys = [0.0; 6];
//! matmul(2, &xs, &packed, Finish::Bias(&bias), &mut ys);
//! assert_eq!(ys, [1.5, 2.5, -0.5, 3.5, 4.5, -0.5]);
//!
//! // Its gradients, from that of the outputs.
//! let dys = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
//! let (mut dxs, mut dweight, mut dbias) = ([0.0; 4], [0.0; 6], [0.0; 3]);
//! packed.pack(&weight, 3, 2);
//! matmul(2, &dys, &packed, Finish::Write, &mut dxs);
//! packed.pack(&xs, 2, 2);
//! matmul_transposed(3, &dys, &packed, Finish::Add, &mut dweight);
//! add_columns(&dys, 3, &mut dbias);
//! assert_eq!(dxs, [1.0, 0.0, 0.0, 1.0]);
//! assert_eq!(dweight, [1.0, 2.0, 3.0, 4.0, 0.0, 0.0]);
//! assert_eq!(dbias, [1.0, 1.0, 0.0]);
//! ```

// The README's example runs with the tests.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod adamw;
mod aligned;
mod arch;
mod attention;
mod columns;
mod exp;
mod layer_norm;
mod lines;
mod packed;
mod pool;
mod product;
mod relu;
mod vector;

pub use adamw::{AdamWState, AdamWStep, adamw, square_sum};
pub use attention::{AttentionRoom, attention, attention_backward};
pub use columns::add_columns;
pub use exp::exp;
pub use layer_norm::{layer_norm, layer_norm_backward};
pub use lines::{Line, Lines};
pub use packed::Packed;
pub use pool::{
    Pool, log_sum_exp_pool, log_sum_exp_pool_backward, max_pool, max_pool_backward, mean_pool, mean_pool_backward,
};
pub use product::{Finish, matmul, matmul_transposed};
pub use relu::relu_backward;

#[cfg(test)]
mod tests;

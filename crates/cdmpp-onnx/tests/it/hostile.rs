//! Damaged files give an error or a model, and never a panic.

use cdmpp_onnx::{Dims, Fusion, Lowered, Model};

use crate::models::bytes;

const MODELS: [&str; 5] = ["mlp", "cnn", "attention", "branch", "old"];

/// A generator of numbers: good enough for damage, and the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

/// Reads, shapes and lowers; whether all went well.
fn survives(file: &[u8]) -> bool {
    let dims = Dims { batch: Some(2), ..Dims::default().with("sequence", 5).with("n", 64) };
    let Ok(shaped) = Model::from_bytes(file).and_then(|model| model.shaped(&dims)) else { return false };
    let fused = Fusion::OnnxRuntime { block: 8 }.apply(&shaped);
    shaped.operators().chain(fused.operators()).all(|(_, operator)| {
        !operator.key().is_empty() && matches!(operator.lower(), Ok(Lowered::Program(_) | Lowered::View))
    })
}

#[test]
fn every_damage_gives_an_error_or_a_model() {
    let mut numbers = Numbers(1);
    let mut outcomes = [0, 0];
    for name in MODELS {
        let whole = bytes(name);
        for length in 0..whole.len() {
            outcomes[usize::from(survives(&whole[..length]))] += 1;
        }
        for _ in 0..600 {
            let mut damaged = whole.clone();
            for _ in 0..=numbers.below(4) {
                let place = numbers.below(damaged.len());
                match numbers.below(4) {
                    0 => damaged[place] = numbers.below(256) as u8,
                    1 => damaged[place] ^= 1 << numbers.below(8),
                    2 => {
                        damaged.remove(place);
                    }
                    _ => damaged.insert(place, [0, 1, 127, 128, 255][numbers.below(5)]),
                }
            }
            outcomes[usize::from(survives(&damaged))] += 1;
        }
    }
    // Both happen: the test damages enough, and not too much.
    assert!(outcomes[0] > 1000 && outcomes[1] > 100, "{outcomes:?}");
}

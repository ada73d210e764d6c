//! The rules of ONNX Runtime's CPU profile, as patterns.
//!
//! `Op(a, b)` is an operator on what `a` and `b` stand for; `#c` is a weight, `#channel` one of a number for each channel,
//! `#factor` such a one or a single number, `#row` one of a single axis. The operands of sums and products match in
//! either order. What comes after the arrow is the operator that takes the place of all: `^Conv` is the pattern's own
//! `Conv` with its attributes, `+bias` a new weight of one number a channel, and words after the operator are
//! attributes. A rule applies where only the outermost result is used elsewhere.

/// What needs no operators of ONNX Runtime's own: statistics and factors that go into weights.
pub(super) const BASIC: &[&str] = &[
    "BatchNormalization(Conv(x, #w, #b), #s, #o, #m, #v) -> ^Conv(x, w, b)",
    "BatchNormalization(Conv(x, #w), #s, #o, #m, #v) -> ^Conv(x, w, +bias)",
    "Mul(Conv(x, #w, #b), #factor) -> ^Conv(x, w, b)",
    "Mul(Conv(x, #w), #factor) -> ^Conv(x, w)",
    "Add(Conv(x, #w, #b), #channel) -> ^Conv(x, w, b)",
    "Add(Conv(x, #w), #channel) -> ^Conv(x, w, +bias)",
];

/// What ONNX Runtime has operators of its own for.
pub(super) const EXTENDED: &[&str] = &[
    "Mul(Mul(x, Add(Erf(Div(x, #r)), #one)), #half) -> com.microsoft.Gelu(x)",
    "Mul(Mul(x, #half), Add(Erf(Div(x, #r)), #one)) -> com.microsoft.Gelu(x)",
    "Mul(x, Mul(Add(Erf(Div(x, #r)), #one), #half)) -> com.microsoft.Gelu(x)",
    "Mul(Mul(x, Add(Erf(Mul(x, #r)), #one)), #half) -> com.microsoft.Gelu(x)",
    "Mul(Mul(x, #half), Add(Erf(Mul(x, #r)), #one)) -> com.microsoft.Gelu(x)",
    "Mul(x, Mul(Add(Erf(Mul(x, #r)), #one), #half)) -> com.microsoft.Gelu(x)",
    "Mul(Mul(x, #h), Add(Tanh(Mul(Add(x, Mul(Pow(x, #p), #c)), #s)), #one)) -> com.microsoft.FastGelu(x)",
    "Mul(x, Sigmoid(x)) -> com.microsoft.QuickGelu(x) alpha=1",
    "Mul(x, Sigmoid(Mul(x, #a))) -> com.microsoft.QuickGelu(x) alpha=1.702",
    "Mul(Div(x, Sqrt(Add(ReduceMean(Pow(x, #two)), #e))), #row) -> SimplifiedLayerNormalization(x, row) axis=-1 stash_type=1",
    "Mul(Mul(x, Div(#one, Sqrt(Add(ReduceMean(Pow(x, #two)), #e)))), #row) -> SimplifiedLayerNormalization(x, row) axis=-1 stash_type=1",
    "LayerNormalization(Add(a, b), #g, #h) -> com.microsoft.SkipLayerNormalization(a, b, g, h)",
    "Relu(Gemm(a, b, c)) -> com.microsoft.FusedGemm(a, b, c) ^Gemm activation=Relu",
];

/// Convolutions that stay in the plain layout take their activation in.
pub(super) const PLAIN_CONVOLUTIONS: &[&str] = &[
    "Relu(Conv(x, w, b)) -> com.microsoft.FusedConv(x, w, b) ^Conv activation=Relu",
    "Relu(Conv(x, w)) -> com.microsoft.FusedConv(x, w) ^Conv activation=Relu",
    "Sigmoid(Conv(x, w, b)) -> com.microsoft.FusedConv(x, w, b) ^Conv activation=Sigmoid",
    "Sigmoid(Conv(x, w)) -> com.microsoft.FusedConv(x, w) ^Conv activation=Sigmoid",
    "Tanh(Conv(x, w, b)) -> com.microsoft.FusedConv(x, w, b) ^Conv activation=Tanh",
    "HardSigmoid(Conv(x, w, b)) -> com.microsoft.FusedConv(x, w, b) ^Conv activation=HardSigmoid",
    "LeakyRelu(Conv(x, w, b)) -> com.microsoft.FusedConv(x, w, b) ^Conv activation=LeakyRelu",
    "Clip(Conv(x, w, b), #l, #h) -> com.microsoft.FusedConv(x, w, b) ^Conv activation=Clip",
    "Clip(Conv(x, w, b), #l) -> com.microsoft.FusedConv(x, w, b) ^Conv activation=Clip",
    "Relu(Add(Conv(x, w, b), r)) -> com.microsoft.FusedConv(x, w, b, r) ^Conv activation=Relu",
    "Relu(Add(Conv(x, w), r)) -> com.microsoft.FusedConv(x, w, +bias, r) ^Conv activation=Relu",
];

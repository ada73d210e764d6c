"""Makes the models of the tests: pip install onnx==1.23.2 numpy; python make.py"""

import pathlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def weight(name, *shape):
    """A weight that stands in another file, which does not exist."""
    tensor = TensorProto(name=name, data_type=FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "weights.bin"
    return tensor


def ints(name, *values):
    return numpy_helper.from_array(np.array(values, dtype=np.int64), name)


def scalar(name, value):
    return numpy_helper.from_array(np.array(value), name)


def save(name, nodes, inputs, outputs, weights, opset=17, more=()):
    value = lambda name, dtype, shape: helper.make_tensor_value_info(name, dtype, shape)
    graph = helper.make_graph(nodes, name, [value(*i) for i in inputs], [value(*o) for o in outputs], weights)
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", opset), *more])
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString())


node = helper.make_node

save("mlp", [
    node("Gemm", ["x", "w1", "b1"], ["h"], "first", transB=1),
    node("Relu", ["h"], ["r"], "act"),
    node("Gemm", ["r", "w2", "b2"], ["y"], "second", transB=1),
], [("x", FLOAT, ["batch", 16])], [("y", FLOAT, ["batch", 4])],
    [weight("w1", 32, 16), weight("b1", 32), weight("w2", 4, 32), weight("b2", 4)])

save("cnn", [
    node("Conv", ["x", "w1"], ["c1"], "conv1", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
    node("BatchNormalization", ["c1", "s", "o", "m", "v"], ["n1"], "norm1"),
    node("Relu", ["n1"], ["r1"], "act1"),
    node("MaxPool", ["r1"], ["p1"], "pool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
    node("Conv", ["p1", "w2", "b2"], ["c2"], "conv2", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    node("Add", ["c2", "p1"], ["a2"], "add"),
    node("Relu", ["a2"], ["r2"], "act2"),
    node("GlobalAveragePool", ["r2"], ["g"], "global"),
    node("Flatten", ["g"], ["f"], "flatten"),
    node("MatMul", ["f", "w3"], ["h"], "head"),
    node("Add", ["h", "b3"], ["y"], "bias"),
], [("x", FLOAT, ["n", 3, 32, 32])], [("y", FLOAT, ["n", 10])],
    [weight("w1", 16, 3, 3, 3), weight("s", 16), weight("o", 16), weight("m", 16), weight("v", 16),
     weight("w2", 16, 16, 3, 3), weight("b2", 16), weight("w3", 16, 10), weight("b3", 10)])

# Attention of two heads of 8, with shapes that are computed in the graph.
save("attention", [
    node("Shape", ["x"], ["shape"], "shape"),
    node("Gather", ["shape", "zero"], ["batch"], "batch", axis=0),
    node("Gather", ["shape", "one"], ["length"], "length", axis=0),
    node("Unsqueeze", ["batch", "axis0"], ["batch1"], "batch1"),
    node("Unsqueeze", ["length", "axis0"], ["length1"], "length1"),
    node("Concat", ["batch1", "length1", "heads", "size"], ["split_shape"], "split_shape", axis=0),
    node("Concat", ["batch1", "length1", "hidden"], ["merge_shape"], "merge_shape", axis=0),
    node("MatMul", ["x", "wq"], ["q"], "query"),
    node("MatMul", ["x", "wk"], ["k"], "key"),
    node("Reshape", ["q", "split_shape"], ["q4"], "query4"),
    node("Reshape", ["k", "split_shape"], ["k4"], "key4"),
    node("Transpose", ["q4"], ["qt"], "query_t", perm=[0, 2, 1, 3]),
    node("Transpose", ["k4"], ["kt"], "key_t", perm=[0, 2, 3, 1]),
    node("MatMul", ["qt", "kt"], ["scores"], "scores"),
    node("Div", ["scores", "root"], ["scaled"], "scale"),
    node("Softmax", ["scaled"], ["p"], "softmax", axis=-1),
    node("MatMul", ["p", "qt"], ["o"], "values"),
    node("Transpose", ["o"], ["ot"], "merge_t", perm=[0, 2, 1, 3]),
    node("Reshape", ["ot", "merge_shape"], ["y"], "merge"),
], [("x", FLOAT, ["batch", "sequence", 16])], [("y", FLOAT, ["batch", "sequence", 16])],
    [scalar("zero", np.int64(0)), scalar("one", np.int64(1)), ints("axis0", 0), ints("heads", 2), ints("size", 8),
     ints("hidden", 16), weight("wq", 16, 16), weight("wk", 16, 16), scalar("root", np.float32(2.828427))])


def branch(name, op_type):
    value = helper.make_tensor_value_info(f"{name}_y", FLOAT, None)
    return helper.make_graph([node(op_type, ["x"], [f"{name}_y"], name)], name, [], [value])


save("branch", [
    node("Size", ["x"], ["size"], "size"),
    node("Greater", ["size", "limit"], ["large"], "large"),
    node("If", ["large"], ["y"], "if", then_branch=branch("then", "Relu"), else_branch=branch("else", "Tanh")),
], [("x", FLOAT, ["n"])], [("y", FLOAT, ["n"])], [scalar("limit", np.int64(100))])

save("cycle", [
    node("Add", ["x", "b"], ["a"], "first"),
    node("Relu", ["a"], ["b"], "second"),
], [("x", FLOAT, [4])], [("b", FLOAT, [4])], [])

save("data_dependent", [
    node("NonZero", ["x"], ["places"], "find"),
], [("x", FLOAT, [4])], [("places", INT64, [1, "n"])], [])

save("unknown_operator", [
    node("Frobnicate", ["x"], ["y"], "frob", domain="example"),
], [("x", FLOAT, [4])], [("y", FLOAT, ["n"])], [], more=[helper.make_opsetid("example", 1)])

# Attributes where newer versions have inputs.
save("old", [
    node("Unsqueeze", ["x"], ["u"], "unsqueeze", axes=[0]),
    node("Slice", ["u"], ["s"], "slice", axes=[1], starts=[1], ends=[-1]),
    node("Pad", ["s"], ["p"], "pad", pads=[0, 1, 0, 1]),
    node("Clip", ["p"], ["c"], "clip", min=0.0, max=6.0),
    node("Upsample", ["c", "scales"], ["up"], "upsample"),
    node("Softmax", ["up"], ["y"], "softmax"),
], [("x", FLOAT, [6])], [("y", FLOAT, [1, 12])],
    [numpy_helper.from_array(np.array([1, 2], dtype=np.float32), "scales")], opset=9)

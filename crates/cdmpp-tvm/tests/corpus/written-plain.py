from tvm.script import tirx as Tx
import tvm.script.ir as I


@I.ir_module
class Tiny:
    I.module_global_infos({"vdevice": []})

    @Tx.prim_func
    def only(A: Tx.Buffer(4, "float64")):
        for i in range(4):  # a comment
            A[i] = (A[i] + 1) * 0.5 + 2  # \

"""Makes scheduled.jsonl.zst: programs of MetaSchedule's design spaces for CPUs and GPUs, with what TVM 0.27's per-store
extractor answers for each. One line a program: {"program": text, "features": one row of 164 numbers a buffer}.

usage: python make_scheduled.py, with apache-tvm 0.27 and zstandard installed. The decisions are random and unseeded:
another run makes other programs.
"""
import json, random
import tvm, zstandard
from tvm import te, tirx
from tvm.s_tir import Schedule, meta_schedule as ms
from make_odd import CPU, GPU, extract

T=tvm.s_tir.transform
LOWERED = tvm.transform.Sequential([T.LowerCrossThreadReduction(),T.LowerInitBlock(),T.PlanAndUpdateBufferAllocationLocation(),T.ConvertBlocksToOpaque(),T.CompactBufferAllocation(),tirx.transform.StmtSimplify()])
def mm(n,m,k,d='float32'):
    A=te.placeholder((n,k),name='A',dtype=d);B=te.placeholder((k,m),name='B',dtype=d);r=te.reduce_axis((0,k),name='k')
    C=te.compute((n,m),lambda i,j:te.sum(A[i,r]*B[r,j],axis=r),name='C'); D=te.compute((n,m),lambda i,j: tirx.max(C[i,j],tirx.const(0,d)),name='D')
    return te.create_prim_func([A,B,D])
def conv(n,c,h,o,ks,p,s=1):
    A=te.placeholder((n,c,h,h),name='A');W=te.placeholder((o,c,ks,ks),name='W')
    Pd=te.compute((n,c,h+2*p,h+2*p),lambda b,ci,y,x: tirx.if_then_else(tirx.all(y>=p,y<h+p,x>=p,x<h+p),A[b,ci,y-p,x-p],tirx.const(0.0,'float32')),name='P')
    rc=te.reduce_axis((0,c),name='rc');ry=te.reduce_axis((0,ks),name='ry');rx=te.reduce_axis((0,ks),name='rx'); oh=(h+2*p-ks)//s+1
    C=te.compute((n,o,oh,oh),lambda b,f,y,x:te.sum(Pd[b,rc,y*s+ry,x*s+rx]*W[f,rc,ry,rx],axis=[rc,ry,rx]),name='C')
    return te.create_prim_func([A,W,C])
def softmax(n,m):
    A=te.placeholder((n,m),name='A');k=te.reduce_axis((0,m),name='k');mx=te.compute((n,),lambda i:te.max(A[i,k],axis=k),name='mx')
    e=te.compute((n,m),lambda i,j:te.exp(A[i,j]-mx[i]),name='e');k2=te.reduce_axis((0,m),name='k2');s=te.compute((n,),lambda i:te.sum(e[i,k2],axis=k2),name='s')
    return te.create_prim_func([A,te.compute((n,m),lambda i,j:e[i,j]/s[i],name='o')])
W=[mm(128,128,64),conv(4,8,14,8,1,0),conv(1,32,14,32,3,1,2),softmax(7,1000),mm(64,96,128),mm(100,77,50),mm(256,256,256,'float16'),conv(1,16,28,32,3,1),conv(1,3,32,16,7,3,2),softmax(64,100)]

UNIFIED = tvm.transform.Sequential([LOWERED, T.LowerAutoCopy(), T.UnifyThreadBinding(), T.LowerMatchBuffer(),
                                    tirx.transform.StmtSimplify()])

def programs():
    for target in (GPU, CPU):
        for workload in W:
            mod = tvm.IRModule({"main": workload})
            context = ms.TuneContext(mod=mod, target=target, space_generator="post-order-apply", task_name="t",
                                     num_threads=1)
            spaces = context.generate_design_space()
            for _ in range(12):
                schedule = Schedule(mod)
                trace = tvm.s_tir.schedule.Trace(random.choice(spaces).trace.insts, {})
                trace.apply_to_schedule(schedule, remove_postproc=True)
                if not all(postproc.apply(schedule) for postproc in context.space_generator.postprocs):
                    continue
                text = (LOWERED if random.random() < 0.6 else UNIFIED)(schedule.mod)["main"].script()
                if "match_buffer" not in text:      # buffers with symbolic strides
                    yield {"program": text, "features": extract(text)}

if __name__ == "__main__":
    text = "".join(json.dumps(record) + "\n" for record in programs())
    open("scheduled.jsonl.zst", "wb").write(zstandard.ZstdCompressor(level=19).compress(text.encode()))

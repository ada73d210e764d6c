"""Makes odd.jsonl.zst (programs written by hand) and random.jsonl.zst (random ones): what TVM 0.27's per-store extractor
answers for each. One line a program: {"program": text, "features": one row of 164 numbers a buffer}.

usage: python make_odd.py, with apache-tvm 0.27 and zstandard installed. The random programs draw from seeds 1 to 5, 60
each: the extractor ends the process on a few programs, so each seed may need its own run.
"""
import json, random
import tvm, zstandard
from tvm.s_tir import Schedule
from tvm.s_tir import meta_schedule as ms
from tvm.s_tir.meta_schedule.feature_extractor import PerStoreFeature
from tvm.target import Target

CPU = Target({"kind": "llvm", "num-cores": 2})
GPU = Target({"kind": "cuda", "arch": "sm_80", "max_threads_per_block": 1024, "max_shared_memory_per_block": 49152,
              "thread_warp_size": 32})
EXTRACTOR = PerStoreFeature(buffers_per_store=5, arith_intensity_curve_num_samples=10, cache_line_bytes=64,
                            extract_workload=False)

def extract(program):
    target = GPU if "thread_binding" in program else CPU
    mod = tvm.IRModule({"main": tvm.script.from_source(program).with_attr("global_symbol", "main")})
    context = ms.TuneContext(mod=mod, target=target, task_name="t", num_threads=1)
    rows = EXTRACTOR.extract_from(context, [ms.MeasureCandidate(Schedule(mod), [])])[0].numpy()
    return [[float(f"{x:.7g}") for x in row] for row in rows.tolist()]

# Programs written by hand.
HEAD = '# from tvm.script import tirx as T\n\n@T.prim_func(s_tir=True)\ndef main(%s):\n    T.func_attr({"tirx.noalias": True})\n'
def P(params, body):
    ps = ', '.join(f'{n}: T.Buffer({s}, "{d}"' + (f', {x}' if x else '') + ')' for n, s, d, x in [(*p, '')[:4] if len(p)==3 else p for p in params])
    return HEAD % ps + '\n'.join('    '+l for l in body.strip('\n').split('\n')) + '\n'
f32='float32'
progs = {}
progs['pad'] = P([('A','(64, 64)',f32),('B','(66, 66)',f32)], '''
for i, j in T.grid(66, 66):
    B[i, j] = T.if_then_else(i - 1 >= 0 and i - 1 < 64 and 1 <= j and j < 65, A[i - 1, j - 1], T.float32(0.0))''')
progs['fused'] = P([('A','(14, 7, 9)',f32),('B','(882,)',f32)], '''
for i in T.parallel(882):
    B[i] = A[i // 63, i % 63 // 9, i % 9] + T.float32(1.0)''')
progs['fused2'] = P([('A','(64, 64)',f32),('B','(64, 64)',f32)], '''
for i in T.parallel(16):
    for j in range(16):
        for k in T.vectorized(16):
            B[(i * 256 + j * 16 + k) // 64, (i * 256 + j * 16 + k) % 64] = A[(i * 256 + j * 16 + k) % 64, (i * 256 + j * 16 + k) // 64] * T.float32(2.0)''')
progs['units'] = P([('A','(64,)',f32),('B','(64,)',f32)], '''
for a in range(1):
    for b in T.unroll(1):
        for c in T.vectorized(1):
            for d in T.parallel(1):
                for e in T.serial(1, annotations={"pragma_auto_unroll_max_step": 64}):
                    for i in range(64):
                        B[a + i + b * 3 + c + d * 1 + e] = A[i * 1 + 0 + a * 64] + T.float32(1.0)''')
progs['stores'] = P([('A','(32, 32)',f32),('B','(32, 32)',f32),('C','(32, 32)',f32)], '''
for i in range(32):
    for j in range(32):
        B[i, j] = A[i, j] * T.float32(2.0)
    for j in range(32):
        C[i, j] = B[i, j] + A[j, i]
    for j in range(31):
        B[i, j] = B[i, j + 1] + C[i, j]
for i, j in T.grid(32, 32):
    C[i, j] = C[i, j] + B[j, i] + A[0, j]''')
progs['reorder'] = P([('A','(32, 512)',f32),('B','(512,)',f32)], '''
for i in range(32):
    for j in range(4):
        for k in range(8):
            B[k + i * 16 + j] = A[j + 2, k + 5 + j * 64 + i * 8] + A[i, 3 + k * 4]''')
progs['int8'] = P([('A','(64, 128)','int8'),('W','(64, 128)','int8'),('C','(64, 64)','int32')], '''
for i, j in T.grid(64, 64):
    for kinit in range(1):
        C[i, j] = 0
    for k in range(128):
        C[i, j] = C[i, j] + T.Cast("int32", A[i, k]) * T.Cast("int32", W[j, k])''')
progs['f16'] = P([('A','(64, 128)','float16'),('W','(64, 128)','float16'),('C','(64, 64)',f32),('D','(64, 64)','float16')], '''
for i, j in T.grid(64, 64):
    C[i, j] = T.float32(0.0)
    for k in range(128):
        C[i, j] = C[i, j] + T.Cast("float32", A[i, k]) * T.Cast("float32", W[j, k])
    D[i, j] = T.Cast("float16", T.exp(C[i, j]))''')
progs['f64'] = P([('A','(50,)','float64'),('B','(50,)','float64')], '''
for i in range(50):
    B[i] = T.sqrt(A[i]) / (A[i] + T.float64(1.5)) - T.max(A[i], T.float64(0.0)) * T.min(A[49 - i], T.float64(1.0))''')
progs['scalar0d'] = P([('A','(128,)',f32),('S','()',f32)], '''
S[()] = T.float32(0.0)
for i in range(128):
    S[()] = S[()] + A[i]''')
progs['noloop'] = P([('A','(4,)',f32),('B','(4,)',f32)], '''
B[0] = A[1] + A[2] * A[3]
B[1] = B[0] + T.float32(1.0)''')
progs['alloc'] = P([('A','(64, 64)',f32),('B','(64, 64)',f32)], '''
with T.sblock("root"):
    T.reads()
    T.writes()
    L = T.sblock_alloc_buffer((64, 64))
    M = T.sblock_alloc_buffer((64, 64))
    for i in range(64):
        for j in range(64):
            L[i, j] = A[i, j] * T.float32(2.0)
        for j in range(64):
            B[i, j] = L[i, j] + T.float32(1.0)
    for i, j in T.grid(64, 64):
        M[i, j] = B[i, j]
    for i, j in T.grid(64, 64):
        B[i, j] = M[j, i]''')
progs['select'] = P([('A','(64,)',f32),('B','(64,)',f32),('C','(64,)',f32)], '''
for i in range(64):
    B[i] = T.Select(A[i] > T.float32(0.0), A[i], T.float32(0.0)) + T.Select(i < 32, T.float32(2.0), T.float32(3.0)) * A[i]
for i in range(64):
    C[i] = A[T.Select(i < 10, i, 0)] + T.Select(i < 5, T.float32(1.0), T.float32(2.0))
for i in range(64):
    C[i] = C[i] + T.Select(i < 5, A[i], T.float32(2.0))''')
progs['strided'] = P([('A','(16, 16)',f32,'strides=(32, 1)'),('B','(16, 16)',f32)], '''
for i, j in T.grid(16, 16):
    B[j, i] = A[i, j] + T.float32(1.0)''')
progs['triangle'] = P([('A','(64, 64)',f32),('B','(64, 64)',f32)], '''
for i in range(64):
    for j in range(i + 1):
        B[i, j] = A[i, j] * T.float32(2.0)
for i in range(2, 60):
    for j in T.serial(i, 64):
        B[i, j] = A[j, i] + B[i, j]''')
progs['gather'] = P([('A','(1000, 64)',f32),('I','(32,)','int32'),('J','(32,)','int64'),('B','(32, 64)',f32)], '''
for i, j in T.grid(32, 64):
    B[i, j] = A[I[i], j]
for i, j in T.grid(32, 64):
    B[i, j] = B[i, j] + A[J[i], T.int64(3)]''')
progs['clip'] = P([('A','(64, 64)',f32),('B','(64, 64)',f32)], '''
for i, j in T.grid(64, 64):
    B[i, j] = A[T.max(T.min(i - 3, 63), 0), T.min(j + 5, 63)] + A[T.max(i, 0), T.min(j, 100)]''')
progs['logic'] = P([('A','(64,)',f32),('B','(64,)',f32),('C','(64,)','bool')], '''
for i in range(64):
    C[i] = A[i] > T.float32(1.0) and not A[i] < T.float32(3.0) or i + 3 == 7
for i in range(64):
    if i * 4 + 3 < 100:
        B[i] = T.if_then_else(i + 1 > 5, A[i], T.float32(0.0)) + T.if_then_else(i < 64, A[i], T.float32(1.0))
    else:
        B[i] = A[i] * T.float32(2.0)
    if i < 64:
        B[i] = B[i] + T.if_then_else(i != 3 and i + 2 <= 50, A[i], T.float32(0.0))
    if i > 100:
        B[i] = T.exp(A[i])''')
progs['bits'] = P([('A','(1024,)','int32'),('B','(1024,)','int32')], '''
for i in range(1024):
    B[i] = A[T.shift_right(i, 3)] + T.bitwise_and(i, 7) + T.shift_left(A[i], 2)''')
progs['calls'] = P([('A','(64,)',f32),('B','(64,)',f32)], '''
for i in range(64):
    B[i] = T.exp(A[i]) + T.tanh(A[i]) * T.sigmoid(A[i]) + T.pow(A[i], T.float32(2.0)) + T.erf(A[i]) - T.rsqrt(A[i])
for i in range(64):
    B[i] = B[i] + T.call_extern("float32", "foo", A[i]) + T.call_pure_extern("float32", "bar", A[i]) + T.abs(A[i]) + T.floor(A[i])''')
progs['consts'] = P([('A','(64,)',f32),('B','(64,)',f32),('C','(64,)',f32)], '''
for i in range(64):
    B[i] = T.float32(0.0)
for i in range(64):
    C[i] = T.float32(1.0) * T.float32(2.0)
    C[i] = A[i] * T.float32(1.0) + T.float32(0.0)
    B[i] = C[i] - T.float32(0.0) + A[i] / T.float32(1.0)''')
progs['many'] = P([(c,'(64, 64)',f32) for c in 'ABCDEFGHZ'], '''
for i, j in T.grid(64, 64):
    Z[i, j] = A[i, j] + B[j, i] * C[0, j] + D[i, 0] + E[i, j] * F[j, j] + G[i, i] + H[63 - i, j]''')
progs['pragmas'] = P([('A','(64, 64)',f32),('B','(64, 64)',f32)], '''
for i in T.parallel(8, annotations={"pragma_auto_unroll_max_step": 16, "pragma_unroll_explicit": 1}):
    for j in T.serial(8, annotations={"pragma_auto_unroll_max_step": 0}):
        for k in T.unroll(8):
            for l in T.vectorized(8):
                B[i * 8 + j, k * 8 + l] = A[i * 8 + j, l * 8 + k] + T.float32(1.0)
        B[i, j] = A[i, j] * B[j, i]''')
progs['intmath'] = P([('A','(64, 64)','int32'),('B','(64, 64)','int32'),('U','(64,)','uint8')], '''
for i, j in T.grid(64, 64):
    B[i, j] = A[i, j] // 3 + A[i, j] % 5 + T.truncdiv(A[i, j], 7) - T.truncmod(A[i, j], 2) + i * 3 + j * 64 // 8
for i in range(64):
    U[i] = T.Cast("uint8", i % 16 // 4)''')
progs['modbounds'] = P([('A','(64, 64)',f32),('B','(4096,)',f32)], '''
for i in range(512):
    for j in range(8):
        B[i * 8 + j] = A[(i * 8 + j) // 100 % 64, (i * 16 + j) % 48] + A[(i + 3) // 8, (i * 8 + j) % 64] + A[i // 8 % 4 * 16 + i % 8 * 2, (i * 6 + 2) % 16]''')
progs['interior'] = P([('A','(64,)',f32),('B','(64,)',f32)], '''
for i in range(64):
    if i % 2 == 0:
        B[i // 2] = A[i]
    if 0 < i and i < 63:
        B[i] = A[i - 1] + A[i] + A[i + 1]''')
progs['dup'] = P([('A','(64, 64)',f32),('B','(64,)',f32)], '''
for i in range(64):
    B[i] = A[i, 0] + A[i, 0] + A[0, i] + A[i, i] + A[63 - i, 2 * i % 64]''')
progs['gpu_nested'] = P([('A','(1024, 1024)',f32),('W','(1024, 1024)',f32),('C','(1024, 1024)',f32)], '''
with T.sblock("root"):
    T.reads()
    T.writes()
    Cl = T.sblock_alloc_buffer((1024, 1024), scope="local")
    As = T.sblock_alloc_buffer((1024, 1024), scope="shared")
    Ws = T.sblock_alloc_buffer((1024, 1024), scope="shared")
    for bx in T.thread_binding(256, thread="blockIdx.x"):
        for vx in T.thread_binding(2, thread="vthread.x"):
            for tx in T.thread_binding(64, thread="threadIdx.x"):
                for i, j in T.grid(8, 4):
                    Cl[bx // 16 * 64 + vx * 32 + tx // 16 * 8 + i, bx % 16 * 64 + tx % 16 * 4 + j] = T.float32(0.0)
                for ko in range(64):
                    for ax in range(16):
                        for tx2 in T.thread_binding(64, thread="threadIdx.x"):
                            As[bx // 16 * 64 + (ax * 64 + tx2) // 16, ko * 16 + (ax * 64 + tx2) % 16] = A[bx // 16 * 64 + (ax * 64 + tx2) // 16, ko * 16 + (ax * 64 + tx2) % 16]
                    for ax in range(16):
                        for tx3 in T.thread_binding(64, thread="threadIdx.x"):
                            Ws[ko * 16 + (ax * 64 + tx3) // 64, bx % 16 * 64 + (ax * 64 + tx3) % 64] = W[ko * 16 + (ax * 64 + tx3) // 64, bx % 16 * 64 + (ax * 64 + tx3) % 64]
                    for k, i, j in T.grid(16, 8, 4):
                        Cl[bx // 16 * 64 + vx * 32 + tx // 16 * 8 + i, bx % 16 * 64 + tx % 16 * 4 + j] = Cl[bx // 16 * 64 + vx * 32 + tx // 16 * 8 + i, bx % 16 * 64 + tx % 16 * 4 + j] + As[bx // 16 * 64 + vx * 32 + tx // 16 * 8 + i, ko * 16 + k] * Ws[ko * 16 + k, bx % 16 * 64 + tx % 16 * 4 + j]
                for i, j in T.grid(8, 4):
                    C[bx // 16 * 64 + vx * 32 + tx // 16 * 8 + i, bx % 16 * 64 + tx % 16 * 4 + j] = Cl[bx // 16 * 64 + vx * 32 + tx // 16 * 8 + i, bx % 16 * 64 + tx % 16 * 4 + j]''')
progs['gpu_seq'] = P([('A','(4096,)',f32),('B','(4096,)',f32),('C','(4096,)',f32)], '''
with T.sblock("root"):
    T.reads()
    T.writes()
    G = T.sblock_alloc_buffer((4096,))
    for bx in T.thread_binding(32, thread="blockIdx.x"):
        for tx in T.thread_binding(128, thread="threadIdx.x"):
            G[bx * 128 + tx] = A[bx * 128 + tx] * T.float32(2.0)
    for bx in T.thread_binding(16, thread="blockIdx.x"):
        for tx in T.thread_binding(256, thread="threadIdx.x"):
            B[bx * 256 + tx] = G[bx * 256 + tx] + T.float32(1.0)
            if bx * 256 + tx < 4000:
                C[bx * 256 + tx] = T.exp(B[bx * 256 + tx])''')
progs['let'] = P([('A','(64, 64)',f32),('B','(64, 64)',f32)], '''
for i in range(64):
    x: T.let[T.int32] = i * 2 + 1
    for j in range(64):
        y: T.let[T.float32] = A[i, j]
        B[i, j] = y * y + A[x % 64, j]''')

# Random programs: loops of every kind, indices with quotients and remainders, guards, allocations.
def gen(r):
    bufs=[]; names='ABCDEFG'
    n=r.randint(2,6)
    for c in names[:n]:
        nd=r.choice([0,1,1,2,2,2,3,4]); shape=[r.choice([1,3,4,7,8,15,16,32,64,100,128]) for _ in range(nd)]
        bufs.append((c,shape,r.choice(['float32']*6+['float16','float64','int32','int8'])))
    gpu=r.random()<0.3
    lines=[]; cnt=[0]
    def idx(vars,ext,depth=0):
        if not vars: return str(r.randint(0,9))
        k=r.random()
        def aff(n=None,off=True):
            vs=r.sample(vars,r.randint(1,min(n or 4,len(vars))))
            t=[(v if r.random()<.4 else f'{v} * {r.choice([1,2,3,4,7,8,14,16,32,64,128])}') for v in vs]
            e=' + '.join(t)
            if off and r.random()<.3: e+=f' {r.choice("+-")} {r.choice([1,2,3,5,8])}'
            return e
        if k<.08: return str(r.randint(0,9))
        if k<.30: return r.choice(vars)
        if k<.62: return aff()
        if k<.80: return f'({aff()}) {r.choice(["//","%"])} {r.choice([2,3,4,7,8,14,16,32,49,64,128])}'
        if k<.88: return f'({aff()}) % {r.choice([16,32,48,64,96])} // {r.choice([2,4,8,16])}'
        if k<.93: return f'{r.choice(vars)} * {r.choice([2,4,8])} + ({aff(2,False)}) {r.choice(["//","%"])} {r.choice([2,4,8,16])}'
        if k<.96: return f'T.max(T.min({aff(2)}, {r.choice([7,15,63])}), 0)'
        return f'{r.choice([7,15,63])} - {r.choice(vars)}'
    def acc(b,vars):
        return f'{b[0]}[{", ".join(idx(vars,None,0) for _ in b[1]) if b[1] else "()"}]'
    def cond(vars):
        if not vars: return '1 < 2'
        vs=r.sample(vars,r.randint(1,min(3,len(vars))))
        e=' + '.join(v if r.random()<.5 else f'{v} * {r.choice([2,4,8,16,3])}' for v in vs)
        if r.random()<.15: e=f'({e}) % {r.choice([2,4,8,16])}'
        elif r.random()<.2: e=f'{e} - {r.randint(1,4)}'
        c=f'{e} {r.choice(["<","<=",">",">=","<","<"])} {r.choice([1,3,5,8,16,30,60,100])}'
        return f'({c} and {cond(vars)})' if r.random()<.2 else f'({c})'
    def val(t,vars,depth=0):
        k=r.random(); fl=t.startswith('float')
        if depth>3 or k<.4:
            cs=[b for b in bufs if b[2]==t]
            if cs and r.random()<.85: return acc(r.choice(cs),vars)
            if r.random()<.3:
                b=r.choice(bufs); return f'T.Cast("{t}", {acc(b,vars)})' if b[2]!=t else acc(b,vars)
            if not fl and t=='int32' and vars: return idx(vars,None,2)
            return f'T.{t}({r.choice([0,1,2,3])}{".0" if fl else ""})'
        a=lambda: val(t,vars,depth+1)
        o=r.choice(['+','-','*','*','max','min','ite','fn','/','+','+','*','fn'])
        if o in '+-*': return f'({a()} {o} {a()})'
        if o=='/': return f'({a()} / {a()})' if fl else f'({a()} // T.{t}(3))'
        if o in('max','min'): return f'T.{o}({a()}, {a()})'
        if o=='ite': return f'T.if_then_else({cond(vars)}, {a()}, {a()})'
        if o=='sel': return f'T.Select({cond(vars)}, {a()}, {a()})'
        if fl: return f'T.{r.choice(["exp","tanh","sqrt","sigmoid","erf"])}({a()})'
        return a()
    def body(vars,ind,depth,nest):
        m=r.randint(1,2 if depth else 3)
        for _ in range(m):
            k=r.random()
            if depth<5 and (k<.55 or depth==0):
                v=f'i{cnt[0]}'; cnt[0]+=1
                e=r.choice([1,1,2,3,4,4,7,8,8,16,16,32,64])
                kind=r.choice(['range','range','range','range','T.unroll','T.vectorized','T.parallel','ann','min'])
                if gpu and nest and depth<3:
                    lines.append('    '*ind+f'for {v} in T.thread_binding({nest[0][1]}, thread="{nest[0][0]}"):'); body(vars+[v],ind+1,depth+1,nest[1:]); continue
                if kind=='ann': h=f'T.serial({e}, annotations={{"pragma_auto_unroll_max_step": {r.choice([0,16,64])}}})'
                elif kind=='min': mn=r.randint(0,3); h=f'range({mn}, {mn+e})'
                else: h=f'{kind}({e})'
                lines.append('    '*ind+f'for {v} in {h}:'); body(vars+[v],ind+1,depth+1,nest)
            elif k<.66 and vars and depth<6:
                lines.append('    '*ind+f'if {cond(vars)}:'); body(vars,ind+1,depth+1,nest)
                if r.random()<.3: lines.append('    '*ind+'else:'); body(vars,ind+1,depth+1,nest)
            else:
                b=r.choice(bufs); lines.append('    '*ind+f'{acc(b,vars)} = {val(b[2],vars)}')
    nest=[('blockIdx.x',r.choice([4,16])),('threadIdx.x',r.choice([1,32,64])),('threadIdx.y',2)] if gpu else []
    nal=r.randint(0,2) if len(bufs)>3 else 0
    par=bufs[nal:]
    ind=1
    if nal:
        lines+=['    with T.sblock("root"):','        T.reads()','        T.writes()']
        for c,s,d in bufs[:nal]: lines.append(f'        {c} = T.sblock_alloc_buffer(({", ".join(map(str,s))}{"," if len(s)==1 else ""}), "{d}", scope="{r.choice(["local","shared","global"]) if gpu else "global"}")')
        ind=2
    body([],ind,0,nest)
    tup=lambda s: '('+', '.join(map(str,s))+(',' if len(s)==1 else '')+')'
    return HEAD % ', '.join(f'{c}: T.Buffer({tup(s)}, "{d}")' for c,s,d in par)+'\n'.join(lines)+'\n'

def random_programs():
    for seed in range(1, 6):
        r, n = random.Random(seed), 0
        while n < 60:
            program = gen(r)
            try:
                features = extract(program)
            except Exception:       # TVM does not take everything: a division by zero, threads of two lengths, ...
                continue
            if features:
                n += 1
                yield program, features

def write(path, lines):
    text = "".join(json.dumps({"program": program, "features": features}) + "\n" for program, features in lines)
    open(path, "wb").write(zstandard.ZstdCompressor(level=19).compress(text.encode()))

if __name__ == "__main__":
    write("odd.jsonl.zst", ((program, extract(program)) for program in progs.values()))
    write("random.jsonl.zst", random_programs())

"""TVM's TVMScript parser over a record file, program by program: the peer of the `read` benchmark.

usage: tvm_parse.py RECORDS [--limit N]
"""
import argparse, statistics, time
import tvm
from records import read

if __name__ == "__main__":
    args = argparse.ArgumentParser()
    args.add_argument("records"); args.add_argument("--limit", type=int)
    args = args.parse_args()
    seconds = []
    for i, record in enumerate(read(args.records)):
        if args.limit and i >= args.limit: break
        start = time.perf_counter()
        tvm.script.from_source(record["program"])
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds[1:])     # the first call initialises
    print(f"tvm.script.from_source: {len(seconds)} programs, median {median * 1e3:.2f} ms, mean {statistics.mean(seconds[1:]) * 1e3:.2f} ms")

"""Our training and prediction beside PyTorch's, and how much of the matrix crate's peak both get, in one run.

usage: torch_side_by_side.py [--rounds 5] [--seconds 3] [--leaves 2 4 8] [--skip-training] [--skip-reference]

A round measures ours, the peer and the peak one right after the other; the table has the median over rounds of each number
and of the ratio within a round, so that a load that comes and goes hits both sides of a ratio.
"""
import argparse, json, os, pathlib, re, statistics, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
D, LAYERS, FF, INPUTS, EMBED = 128, 4, 512, 164, 64
HEAD = [EMBED, 256, 256, 1]


def operations(leaves):
    """Floating-point operations of our matrix products for one program: multiplications and additions, attention left out."""
    layer = D * 3 * D + D * D + 2 * D * FF
    head = sum(i * o for i, o in zip(HEAD, HEAD[1:]))
    return 2 * (leaves * (INPUTS * D + LAYERS * layer) + 2 * D * EMBED + 2 * INPUTS * EMBED + head)


def ours(bench, names, seconds):
    """The median seconds of one iteration of benchmarks by name."""
    with tempfile.TemporaryDirectory() as folder:
        pattern = "|".join(f"^{re.escape(name)}$" for name in names)
        command = ["cargo", "bench", "-q", "-p", "cdmpp-benches", "--bench", bench, "--", pattern, "--noplot"]
        command += ["--sample-size", "10", "--warm-up-time", "0.5", "--measurement-time", str(seconds)]
        environment = os.environ | {"CRITERION_HOME": folder}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        found = {}
        for path in pathlib.Path(folder).rglob("new/benchmark.json"):
            name = json.loads(path.read_text())["full_id"]
            found[name] = json.loads((path.parent / "estimates.json").read_text())["median"]["point_estimate"] / 1e9
        return [found[name] for name in names]


def torch(arguments, seconds):
    """Training samples/s, predicted samples/s in batches, and the seconds of one prediction."""
    command = [sys.executable, "-B", HERE / "torch_model.py", "--seconds", str(seconds), *arguments]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    number = lambda pattern: float(re.search(pattern, text)[1])
    return number(r"train (\d+) samples"), number(r"batch \d{2,}: (\d+) samples"), number(r"batch 1: (\d+) us") / 1e6


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--leaves", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--skip-training", action="store_true")
    parser.add_argument("--skip-reference", action="store_true")
    a = parser.parse_args()
    rows, peaks = {}, []
    print(f"load {os.getloadavg()[0]:.1f} before", file=sys.stderr)

    def add(what, unit, our, peer, share):
        rows.setdefault((what, unit), []).append((our, peer, our / peer if unit.endswith("/s") else peer / our, share))

    for i in range(a.rounds):
        reference = None if a.skip_reference else torch(["--reference"], a.seconds)
        for leaves in a.leaves:
            [one, two] = ours("kernel", [f"peak/gemm (1024, 1024, 1024), {n} threads" for n in (1, 2)], 1)
            peak = 2 * 1024**3 / one, 2 * 2 * 1024**3 / two
            train, predict, single = torch(["--leaves", str(leaves)], a.seconds)
            work = operations(leaves)
            if not a.skip_training:
                [time] = ours("train_step", [f"train/d 128, {leaves} leaves, batch 512"], a.seconds)
                # Four steps an epoch.
                rate = 4 * 512 / time
                # The backward pass has two products for one of the forward pass.
                add(f"training, {leaves} leaves, batch 512", "samples/s", rate, train, 3 * work * rate / peak[1])
            names = [f"predict/d 128, {leaves} leaves, 512 programs"]
            if leaves == 4:
                names += [f"predict/d 128, 4 leaves, {what}" for what in ("1 programs", "a program in memory")]
                names += ["predict/default model, 1024 of cpu-programs.jsonl.zst"]
            times = ours("predict", names, a.seconds)
            rate = 512 / times[0]
            add(f"prediction, {leaves} leaves, batch 512", "samples/s", rate, predict, work * rate / peak[1])
            if leaves == 4:
                add("one encoded program, 4 leaves", "us", 1e6 * times[1], 1e6 * single, work / times[1] / peak[0])
                add("one program in memory, 4 leaves", "us", 1e6 * times[2], 1e6 * single, work / times[2] / peak[0])
                if reference:
                    add("the published shape, 4 leaves, beside ours", "samples/s", rate, reference[1], work * rate / peak[1])
                    add("the same beside the default model", "samples/s", 1024 / times[3], reference[1], None)
            peaks.append(peak)
        print(f"round {i + 1} of {a.rounds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)

    print("| what | unit | ours | PyTorch | ratio | lowest and highest | share of peak |\n|---|---|---:|---:|---:|---|---:|")
    for (what, unit), found in rows.items():
        our, peer, ratio = (statistics.median(column) for column in list(zip(*found))[:3])
        shares = [round[3] for round in found if round[3] is not None]
        share = f"{statistics.median(shares):.0%}" if shares else ""
        ratios = [round[2] for round in found]
        print(f"| {what} | {unit} | {our:,.0f} | {peer:,.0f} | {ratio:.2f} | {min(ratios):.2f} to {max(ratios):.2f} | {share} |")
    one, two = (statistics.median(column) / 1e9 for column in zip(*peaks))
    print(f"\nThe matrix crate's peak: {two:.0f} GFLOP/s on two threads, {one:.0f} on one.")


if __name__ == "__main__":
    main()

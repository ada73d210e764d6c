"""Tables of what measure.sh left, as Markdown.

usage: tables.py FOLDER [PREFIX]
Reads the reports of `cdmpp adapt` in FOLDER whose file names begin with PREFIX. Cells are the mean and the standard
deviation over seeds of the mean absolute percentage error of what was not measured. The rows of means are those over the
targets, seed by seed, of the seeds that all targets have.
"""
import json, pathlib, statistics, sys
from collections import defaultdict


def cell(values):
    if not values:
        return "-"
    mean = 100 * statistics.mean(values)
    return f"{mean:.1f} % ± {100 * statistics.stdev(values):.1f}" if len(values) > 1 else f"{mean:.1f} %"


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|---|" + "--:|" * (len(head) - 1))
    for cells in rows:
        print("| " + " | ".join(cells) + " |")
    print()


def over_seeds(columns):
    """One row for each target, and their mean. `columns` are by name, target and seed."""
    targets = sorted({target for column in columns.values() for target in column})
    rows = [[t] + [cell(list(column.get(t, {}).values())) for column in columns.values()] for t in targets]
    means = ["mean"]
    for column in columns.values():
        of = [column.get(target, {}) for target in targets]
        seeds = sorted(set.intersection(*(set(by_seed) for by_seed in of)))
        means.append(cell([statistics.mean(by_seed[seed] for by_seed in of) for seed in seeds]))
    table(["new", *columns], [*rows, means])


def mape(scores):
    return scores["overall"]["mape"]


def target(r):
    return r.get("on") or ",".join(r["on_networks"])


def alignment(r):
    if not r["discrepancy"]:
        return "none"
    settings = r["config"]["adaptation"]
    name = f'{r["discrepancy"]["name"]} {r["discrepancy"]["layer"]}, weight {settings["weight"]}'
    rows = settings["target_batch_size"]
    return name if rows == 128 else f"{name}, {rows} rows"


def by_budget(reports, trees):
    """Each target by what is measured, and the baselines that are fitted to 50."""
    columns = defaultdict(lambda: defaultdict(dict))
    for r in sorted(reports, key=lambda r: r["measured"]["budget"]):
        # What is measured is not tested, so the smallest budget leaves the most to test on.
        columns["zero-shot"][target(r)].setdefault(r["seed"], mape(r["zero_shot"]))
        columns[str(r["measured"]["budget"])][target(r)][r["seed"]] = mape(r)
    for r in reports:
        if r["measured"]["budget"] == 50:
            for name, baseline in r["baselines"].items():
                if baseline:
                    columns[f"{name} × factor"][target(r)][r["seed"]] = baseline["metrics"]["mape"]
            if source := r["baselines"]["source"]:
                covers = source["metrics"]["n"] / r["overall"]["n"]
                columns["source covers"][target(r)][r["seed"]] = covers
                columns["model there"][target(r)][r["seed"]] = source["model"]["mape"]
    for name, seed, error in trees:
        columns["trees"][name][seed] = error
    over_seeds(columns)


def by_task(reports):
    """The same of each task, where tasks are few: kernels that were tuned."""
    columns = defaultdict(lambda: defaultdict(dict))
    for r in sorted(reports, key=lambda r: r["measured"]["budget"]):
        for task, scores in r["by_task"].items():
            columns[str(r["measured"]["budget"])][f"{target(r)}, {task}"][r["seed"]] = scores["mape"]
    if len({task for column in columns.values() for task in column}) <= 40:
        over_seeds(columns)


def by_method(reports):
    """Ways to choose at equal budget: means over the targets, of the seeds that all ways and targets have."""
    errors = defaultdict(lambda: defaultdict(dict))
    for r in reports:
        errors[r["measured"]["budget"]][r["measured"]["method"], r["seed"]][target(r)] = mape(r)
    targets, methods = {target(r) for r in reports}, sorted({r["measured"]["method"] for r in reports})
    rows = []
    for budget, runs in sorted(errors.items()):
        seeds = sorted({seed for _, seed in runs})
        seeds = [s for s in seeds if all(set(runs.get((m, s), {})) == targets for m in methods)]
        means = {m: [statistics.mean(runs[m, s].values()) for s in seeds] for m in methods}
        first = means.pop("kmeans")
        wins = sum(all(mean < other[i] for other in means.values()) for i, mean in enumerate(first))
        rows.append([str(budget), cell(first), *(cell(of) for of in means.values()), f"{wins} of {len(seeds)}"])
    others = [m for m in methods if m != "kmeans"]
    table(["measured", "kmeans", *others, "kmeans is better for"], rows)


def by_discrepancy(reports):
    """Discrepancies beside none, and how the distance goes with the error."""
    columns, slices = defaultdict(lambda: defaultdict(dict)), defaultdict(lambda: defaultdict(list))
    for r in sorted(reports, key=alignment):
        columns["zero-shot"][target(r)][r["seed"]] = mape(r["zero_shot"])
        columns[alignment(r)][target(r)][r["seed"]] = mape(r)
        if r["discrepancy"] and r["discrepancy"]["name"] == "cmd":
            slices[r["discrepancy"]["layer"]][target(r)].append((r["discrepancy"]["before"], mape(r["zero_shot"])))
    over_seeds(columns)
    for layer, of in slices.items():
        points = {name: tuple(map(statistics.mean, zip(*pairs))) for name, pairs in sorted(of.items())}
        for name, (distance, error) in points.items():
            print(f"- {name}: CMD ({layer}) before {distance:.2f}, zero-shot {100 * error:.1f} %")
        if len(points) > 2:
            print(f"\nPearson's correlation of the two: {statistics.correlation(*zip(*points.values())):.2f}\n")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder, prefix = pathlib.Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    reports, trees, files = [], [], {}
    for path in sorted(folder.glob("*.json")):
        r = json.loads(path.read_text())
        if path.name.startswith("trees-" + prefix):
            name = path.stem.removeprefix("trees-").split("-", 1)[1]
            trees.append((*name.rsplit("-", 1), r["mape"]))
        elif path.name.startswith(prefix) and "zero_shot" in r:
            key = target(r), r["measured"]["budget"], r["measured"]["method"], alignment(r), r["seed"]
            if key in files:
                sys.exit(f"{files[key]} and {path} answer the same question: give a PREFIX")
            files[key] = path
            reports.append(r)
    if not reports:
        sys.exit(f"{folder}: no report of `cdmpp adapt` that begins with `{prefix}`")
    plain = [r for r in reports if r["measured"]["budget"] and not r["discrepancy"]]
    by_kmeans = [r for r in plain if r["measured"]["method"] == "kmeans"]
    if by_kmeans:
        print("## By what is measured\n")
        by_budget(by_kmeans, trees)
        by_task(by_kmeans)
    if len({r["measured"]["method"] for r in plain}) > 1:
        print("## By how it is chosen\n")
        by_method(plain)
    aligned = [r for r in reports if r["discrepancy"]]
    for budget in sorted({r["measured"]["budget"] or 0 for r in aligned}):
        print(f"## By discrepancy, {budget} measured\n")
        by_discrepancy([r for r in aligned + by_kmeans if (r["measured"]["budget"] or 0) == budget])

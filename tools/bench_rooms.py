"""Benchmarks of many rooms and of large ones, for tools/bench. Each ends by itself within about four minutes.

Where the load generator, the other core, is what limits a figure, the row says so: then it is a lower bound for the server.
"""

import functools
import statistics

VIDEO_FLOOR = ["--packets", 8, "--size", 1180, "--rate", 30]
AUDIO_FLOOR = ["--packets", 1, "--size", 150, "--sources", 10, "--rate", 50]


def measure(bench, kind, *load):
    """One row of the load generator against a fresh server; nothing when it did not work."""
    # As it is configured by itself it leaves out layers when it is short of time.
    reduced = ["livekit.limit.reduce_layers_cpu=92"] if kind == "turms, reduced" else []
    server = bench.livekit(bench.livekit_binary()) if kind == "livekit" else bench.turms(reduced)
    with server as running:
        return bench.loadgen(running, *load)


def meetings(rooms, people, talking=1, seconds=12, joins=50):
    """Everyone with a camera in three layers and a microphone, and a page of up to nine tiles."""
    return ["--rooms", rooms, "--publishers", people, "--subscribers", 0, "--video", "--audio", "--simulcast", "--tiles", 9,
            "--talking", talking, "--joins-per-second", joins, "--seconds", seconds]


def cpu_per_packet(row):
    """us for each packet that comes in or goes out."""
    return row["server_cpu"] * 1e6 / max(row["packets_per_second"] + row["published_per_second"], 1)


def medians(rows):
    numbers = [key for key, value in rows[0].items() if isinstance(value, (int, float)) and not isinstance(value, bool)]
    row = {key: statistics.median(r[key] for r in rows) for key in numbers}
    row["loadgen_is_the_limit"] = any(r["loadgen_is_the_limit"] for r in rows)
    return row


def generator(row):
    return f"{row['loadgen_cpu']:.0%}{' (the limit)' if row['loadgen_is_the_limit'] else ''}"


def meetings_table(bench, rounds, sizes):
    """`sizes`: name → (load, kind of server, bar)."""
    rows = {}
    for _ in range(rounds):
        for name, (load, kind, _) in sizes.items():
            if kind == "livekit" and not bench.livekit_binary():
                continue
            if row := measure(bench, kind, *load):
                rows.setdefault(name, []).append(row)
    print("| meetings, a page of 3×3 | videos | packets/s in | out | server CPU | µs CPU per packet in or out | loss | latency p50 / p99 ms | bar p99 | generator CPU |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    done = {name: medians(values) for name, values in rows.items()}
    for name, row in done.items():
        print(f"| {name} | {row['videos']:.0f} | {row['published_per_second']:,.0f} | {row['packets_per_second']:,.0f} | {row['server_cpu']:.1%} | "
              f"{cpu_per_packet(row):.2f} | {row['loss']:.2%} | {row['latency_p50_ms']:.2f} / {row['latency_p99_ms']:.1f} | "
              f"{sizes[name][2]} | {generator(row)} |")
    return done


def bench_sessions(bench, rounds):
    """500 concurrent video sessions on a node; LiveKit with a fifth of them, and this server with the same."""
    sizes = {"125 rooms of 4, turms": (meetings(125, 4), "turms", "< 200 ms"),
             "50 rooms of 10, turms": (meetings(50, 10, 2), "turms", ""),
             "the same, top layers left out from 92 % on": (meetings(50, 10, 2, seconds=20), "turms, reduced", "< 200 ms"),
             "20 rooms of 4, turms": (meetings(20, 4, seconds=8), "turms", ""),
             "20 rooms of 4, livekit": (meetings(20, 4, seconds=8), "livekit", "")}
    done = meetings_table(bench, rounds, sizes)
    theirs = done.get("20 rooms of 4, livekit")
    for name in ["125 rooms of 4, turms", "20 rooms of 4, turms"]:
        if theirs and name in done:
            print(f"\n{name}: CPU per packet, ours / LiveKit with 20 rooms: 1/{cpu_per_packet(theirs) / cpu_per_packet(done[name]):.1f}")
    print()


def bench_page(bench, rounds):
    """25 with 25, each showing nine of the others; and ten with ten."""
    sizes = {f"{n}×{n}, {kind}": (meetings(1, n, 2), kind, "< 200 ms" if kind == "turms" else "")
             for n in [25, 10] for kind in ["turms", "livekit"]}
    done = meetings_table(bench, rounds, sizes)
    for n in [25, 10]:
        if f"{n}×{n}, livekit" in done and f"{n}×{n}, turms" in done:
            ratio = cpu_per_packet(done[f"{n}×{n}, livekit"]) / cpu_per_packet(done[f"{n}×{n}, turms"])
            print(f"\n{n}×{n}: CPU per packet, ours / LiveKit: 1/{ratio:.1f}")
    print()


def bench_large(bench, rounds):
    """Rooms of hundreds: what a join costs as the room grows, an audience with one speaker, a livestream, a town hall."""
    def joins(people, step):
        return ["--audio", "--video", "--silent", "--publishers", 1, "--subscribers", people, "--join-step", step, "--joins-per-second", 25, "--seconds", 1]

    print("| server CPU per join ms, room growing by | to 1/5 | 2/5 | 3/5 | 4/5 | whole | more for each member who is there µs |")
    print("|---|---|---|---|---|---|---|")
    for kind, people in [("turms", 500), ("livekit", 150)]:
        if kind == "livekit" and not bench.livekit_binary():
            continue
        step = people // 5
        rows = [row for _ in range(rounds) if (row := measure(bench, kind, *joins(people, step)))]
        if not rows:
            continue
        steps = [statistics.median(values) for values in zip(*(row["join_steps_ms"] for row in rows))]
        _, slope, _ = fit([step * (i + 0.5) for i in range(5)], steps)
        print(f"| {step}, {kind} | " + " | ".join(f"{value:.2f}" for value in steps) + f" | {slope * 1000:.1f} |")
    print()
    sizes = {
        "room of 500: 10 microphones, one camera, turms": ["--publishers", 10, "--cameras", 1, "--subscribers", 490, "--video", "--audio", "--simulcast",
                                                           "--talking", 1, "--joins-per-second", 50, "--seconds", 8],
        "livestream 1 → 1,000, turms": ["--publishers", 1, "--subscribers", 1000, "--video", "--audio", "--simulcast", "--joins-per-second", 100, "--seconds", 8],
        "town hall 20 publish, 480 watch nine tiles, turms": ["--publishers", 20, "--subscribers", 480, "--video", "--audio", "--simulcast", "--tiles", 9,
                                                              "--talking", 2, "--joins-per-second", 50, "--seconds", 8]}
    print("| large rooms | packets/s out | server CPU | µs CPU per packet out | loss | latency p50 / p99 ms | join to first media p50 / p99 ms | generator CPU |")
    print("|---|---|---|---|---|---|---|---|")
    for name, load in sizes.items():
        rows = [row for _ in range(rounds) if (row := measure(bench, "turms", *load))]
        if not rows:
            continue
        row = medians(rows)
        print(f"| {name} | {row['packets_per_second']:,.0f} | {row['server_cpu']:.1%} | {row['us_per_packet']:.2f} | {row['loss']:.2%} | "
              f"{row['latency_p50_ms']:.2f} / {row['latency_p99_ms']:.1f} | {row['join_p50_ms']:.0f} / {row['join_p99_ms']:.0f} | {generator(row)} |")
    print()


def fit(x, y):
    """Least squares: intercept, slope, R²."""
    slope, intercept = statistics.linear_regression(x, y)
    mean = statistics.fmean(y)
    total = sum((v - mean) ** 2 for v in y)
    rest = sum((v - intercept - slope * u) ** 2 for u, v in zip(x, y))
    return intercept, slope, 1 - rest / total if total > 0 else 1.0


def bench_curve(bench, rounds):
    """CPU against participants, in rooms of four with pages: a line, so that twice the people cost twice as much."""
    people = [100, 200, 300, 400, 500]
    rows = {n: [] for n in people}
    for _ in range(rounds):
        for n in people:
            if row := measure(bench, "turms", *meetings(n // 4, 4, seconds=8)):
                rows[n].append(row)
    print("| participants in rooms of 4 | server CPU | packets/s in | out | latency p99 ms | generator CPU |\n|---|---|---|---|---|---|")
    done = {n: medians(values) for n, values in rows.items() if values}
    for n, row in done.items():
        print(f"| {n} | {row['server_cpu']:.1%} | {row['published_per_second']:,.0f} | {row['packets_per_second']:,.0f} | {row['latency_p99_ms']:.1f} | {generator(row)} |")
    if len(done) > 2:
        start, slope, r2 = fit(list(done), [row["server_cpu"] for row in done.values()])
        print(f"\nLine through them: {start:.1%} + {slope * 100:.3f} % of a core for each participant, R² {r2:.4f} (bar: linear, R² ≥ 0.98)")
    print()


def bench_subscribers(bench, rounds):
    """As many as one core carries, with estimation and pacing: video at 1,900 and 3,000, sound at 600."""
    def video(rooms, subscribers):
        return ["--rooms", rooms, "--publishers", 1, "--subscribers", subscribers, "--video", "--joins-per-second", 100, "--seconds", 8]

    loads = {"video 1,900": ("turms", video(4, 475), ["--destinations", 1900, *VIDEO_FLOOR]),
             "video 3,000": ("turms", video(6, 500), ["--destinations", 3000, *VIDEO_FLOOR]),
             "video 100": ("turms", video(1, 100), None),
             "video 100, livekit": ("livekit", video(1, 100), None),
             "audio 600": ("turms", ["--publishers", 10, "--subscribers", 600, "--audio", "--joins-per-second", 50, "--seconds", 8],
                           ["--destinations", 600, *AUDIO_FLOOR])}
    rows, floors = {}, {}
    for round in range(rounds):
        for name, (kind, load, floor) in loads.items():
            if kind == "livekit" and not bench.livekit_binary():
                continue
            if floor and (bare := bench.run_json([bench.BENCH / "udp_floor", "--seconds", 4, "--seed", round, *floor], "server")):
                floors.setdefault(name, []).append(bare["us_per_packet"])
            if row := measure(bench, kind, *load):
                rows.setdefault(name, []).append(row)
    print("| subscribers on one core | packets/s out | server CPU | µs CPU per packet | bare loop | over it | loss | latency p50 / p99 ms | KiB each | generator CPU |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    done = {name: medians(values) for name, values in rows.items()}
    for name, row in done.items():
        bare = statistics.median(floors[name]) if name in floors else None
        ratio = f"{bare:.2f} | {row['us_per_packet'] / bare:.2f}" if bare else " | "
        print(f"| {name} | {row['packets_per_second']:,.0f} | {row['server_cpu']:.1%} | {row['us_per_packet']:.2f} | {ratio} | {row['loss']:.2%} | "
              f"{row['latency_p50_ms']:.2f} / {row['latency_p99_ms']:.1f} | {row['memory_kib_per_participant']:.0f} | {generator(row)} |")
    print("\nBars: no loss at 3,000; p99 at 1,900 ≤ 10 ms; CPU per packet ≤ 1.5 times the bare loop and ≤ 1/9 of LiveKit; p99 at 100 ≤ 1/5 of LiveKit.")
    theirs = done.get("video 100, livekit")
    for name in ["video 100", "video 1,900", "video 3,000"]:
        if theirs and name in done:
            print(f"\n{name}: CPU per packet, ours / LiveKit at 100: 1/{theirs['us_per_packet'] / done[name]['us_per_packet']:.1f}")
    if theirs and "video 100" in done:
        print(f"\nvideo 100: latency p99, ours / LiveKit: 1/{theirs['latency_p99_ms'] / max(done['video 100']['latency_p99_ms'], 0.001):.1f}")
    print()


def benches(bench):
    return {name: functools.partial(function, bench)
            for name, function in [("sessions", bench_sessions), ("page", bench_page), ("large", bench_large), ("curve", bench_curve),
                                   ("subscribers", bench_subscribers)]}

#!/usr/bin/env python3
"""A long run, with the memory of each process over time.

    python3 benches/soak.py [--pages 10000] [--every 4] [--out soak] [--docmill target/release/docmill]

Makes PAGES small pages under OUT/in with different bytes: every EVERY-th page is a
receipt or screenshot of one or two tiles, which the model reads, the others are
blank. Runs docmill over them, writes a line for each process every few seconds to
OUT/memory.csv and draws OUT/memory.svg. After an interruption the same command
continues. Needs only Python.
"""

import argparse
import csv
import pathlib
import signal
import sqlite3
import struct
import subprocess
import sys
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Seconds between samples: shorter at the start, so that a short run has some.
SECONDS = (1, 5)
COLOURS = {"supervisor": "#222222", "rasterizer": "#d95f02", "router": "#1b9e77", "reader": "#7570b3"}
FIELDS = ["seconds", "pages", "role", "pid", "rss_kib", "pss_kib", "anonymous_kib", "peak_kib"]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def blank_page(number):
    rows = (b"\0" + b"\xff" * 120) * 160
    header = struct.pack(">IIBBBBB", 120, 160, 8, 0, 0, 0, 0)
    text = b"Comment\0page %d" % number
    parts = [chunk(b"IHDR", header), chunk(b"tEXt", text), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def fixture_page(number, picture):
    # Behind the first chunk, of 25 bytes, with the signature's 8 before it.
    return picture[:33] + chunk(b"tEXt", b"Comment\0page %d" % number) + picture[33:]


def make_pages(folder, pages, every):
    folder.mkdir(parents=True, exist_ok=True)
    paths = sorted(path for kind in ["receipt", "screenshot"] for path in (ROOT / "fixtures" / kind).glob("*/input.png"))
    fixtures = [path.read_bytes() for path in paths]
    for number in range(pages):
        path = folder / f"{number:06}.png"
        if not path.exists():
            is_fixture = every and number % every == 0
            picture = fixtures[number // every % len(fixtures)] if is_fixture else None
            path.write_bytes(fixture_page(number, picture) if picture else blank_page(number))


def processes(supervisor):
    yield "supervisor", supervisor
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
            words = (stat.parent / "cmdline").read_bytes().split(b"\0")
        except (OSError, IndexError):
            continue
        if parent == str(supervisor) and b"worker" in words:
            yield words[words.index(b"worker") + 1].decode(), int(stat.parent.name)


def fields(path):
    found = {}
    for line in pathlib.Path(path).read_text().splitlines():
        name, _, value = line.partition(":")
        if value.strip().endswith("kB"):
            found[name] = int(value.split()[0])
    return found


def sample(supervisor):
    for role, pid in processes(supervisor):
        try:
            status = fields(f"/proc/{pid}/status")
        except OSError:
            continue
        try:
            pss = fields(f"/proc/{pid}/smaps_rollup").get("Pss")
        except OSError:
            pss = None
        if "VmRSS" in status:
            yield role, pid, status["VmRSS"], pss, status["RssAnon"], status["VmHWM"]


def query(database, sql):
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as connection:
            return connection.execute(sql).fetchall()
    except sqlite3.Error:
        return []


def pages_done(database):
    rows = query(database, "SELECT count(*) FROM pages WHERE state IN ('done', 'failed')")
    return rows[0][0] if rows else 0


def counts(rows):
    return ", ".join(" ".join(map(str, row)) for row in rows) or "none"


def tell_database(database):
    """The states of the pages, and the workers that ended."""
    outcome = """SELECT count(*), CASE WHEN state = 'failed' THEN 'failed' WHEN model_hash IS NOT NULL THEN 'read by the model'
        ELSE 'blank, seen by the router alone' END FROM pages p LEFT JOIN readings r ON r.id = p.reading_id
        WHERE state IN ('done', 'failed') GROUP BY 2 ORDER BY 1 DESC"""
    ends = "SELECT role, reason, count(*) FROM worker_ends WHERE kind = '{kind}' GROUP BY 1, 2 ORDER BY 3 DESC"
    failed = "SELECT reason, count(*) FROM readings WHERE reason IS NOT NULL GROUP BY 1 ORDER BY 2 DESC"
    print(f"pages: {counts(query(database, outcome))}")
    print(f"worker restarts: {counts(query(database, ends.format(kind='died')))}")
    print(f"workers recycled: {counts(query(database, ends.format(kind='recycled')))}")
    print(f"failed attempts: {counts(query(database, failed))}")


def tell_memory(samples):
    """Resident memory of each process at three moments, MiB."""
    moments = {}
    for row in samples:
        moments.setdefault(float(row["seconds"]), []).append(row)
    # While a process loads, or after it has ended, there is nothing to compare.
    whole = [time for time, rows in moments.items() if set(COLOURS) <= {row["role"] for row in rows}]
    if not whole:
        return
    chosen = {"start": whole[min(3, len(whole) // 4)], "middle": whole[len(whole) // 2], "end": whole[-1]}
    print("MiB of each process" + "".join(f"{f'{name}, {time:.0f} s':>24}" for name, time in chosen.items()))
    for role in COLOURS:
        of = lambda time: [int(row["rss_kib"]) / 1024 for row in moments[time] if row["role"] == role]
        cells = (" + ".join(f"{mib:.1f}" for mib in sorted(of(time))) for time in chosen.values())
        print(f"  {role:<17}" + "".join(f"{cell:>24}" for cell in cells))


def read_samples(path):
    if not path.exists():
        return []
    with path.open() as file:
        return [row for row in csv.DictReader(file) if row["peak_kib"]]


def soak(options):
    out = options.out
    make_pages(out / "in", options.pages, options.every)
    database, log = out / "soak.db", out / "memory.csv"
    earlier = read_samples(log)
    # Time continues from the last sample.
    start = time.monotonic() - (float(earlier[-1]["seconds"]) if earlier else 0)
    command = [options.docmill, "-q", "--db", database, "run", out / "in"]
    with log.open("a", newline="") as file, (out / "docmill.log").open("a") as messages:
        writer = csv.writer(file)
        if not earlier:
            writer.writerow(FIELDS)
        run = subprocess.Popen(command, stdout=messages, stderr=messages)
        # docmill stops by itself after one signal; a second one would end it at once.
        signal.signal(signal.SIGTERM, lambda *_: run.terminate())
        try:
            while run.poll() is None:
                now, done = round(time.monotonic() - start, 1), pages_done(database)
                writer.writerows([now, done, *row] for row in sample(run.pid))
                file.flush()
                try:
                    run.wait(min(max(SECONDS[0], now / 60), SECONDS[1]))
                except subprocess.TimeoutExpired:
                    pass
        except KeyboardInterrupt:
            run.terminate()
            run.wait()
    return run.returncode


def report(options):
    samples = read_samples(options.out / "memory.csv")
    if not samples:
        sys.exit("soak: no sample was taken")
    by_pid = {}
    for row in samples:
        by_pid.setdefault((row["role"], row["pid"]), []).append(row)
    database, seconds = options.out / "soak.db", float(samples[-1]["seconds"])
    print(f"{pages_done(database)} pages in {seconds:.0f} s")
    tell_database(database)
    tell_memory(samples)
    for role in COLOURS:
        lives = [rows for (name, _), rows in by_pid.items() if name == role]
        if not lives:
            continue
        peak = max(int(row["peak_kib"]) / 1024 for rows in lives for row in rows)
        print(f"  {role:<17} {len(lives)} processes, peak {peak:.1f} MiB")
    ticks = sorted({(float(row["seconds"]), int(row["pages"])) for row in samples})
    for name, (t0, p0), (t1, p1) in [("start", ticks[0], at(ticks, 0.1)), ("end", before(ticks, 0.9), ticks[-1])]:
        if t1 > t0:
            print(f"pages a minute at the {name}: {(p1 - p0) * 60 / (t1 - t0):.0f}")
    plot(by_pid, ticks, options.out / "memory.svg")


def at(ticks, share):
    """The first moment at which that share of the pages was done."""
    return next(tick for tick in ticks if tick[1] >= share * ticks[-1][1])


def before(ticks, share):
    """The last moment at which no more than that share was done."""
    return [tick for tick in ticks if tick[1] <= share * ticks[-1][1]][-1]


def plot(by_pid, ticks, path):
    width, height, left, bottom = 900, 420, 60, 40
    end = max(ticks[-1][0], 1)
    top = max(int(row["rss_kib"]) for rows in by_pid.values() for row in rows) / 1024 * 1.1
    x = lambda seconds: left + float(seconds) / end * (width - left - 130)
    y = lambda mib: height - bottom - mib / top * (height - bottom - 20)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">']
    lines.append('<rect width="100%" height="100%" fill="white"/>')
    for step in range(6):
        mib, minutes = top * step / 5, end / 60 * step / 5
        lines.append(f'<path d="M{left} {y(mib):.1f}H{width - 130}" stroke="#ddd"/>')
        lines.append(f'<text x="{left - 6}" y="{y(mib) + 4:.1f}" text-anchor="end">{mib:.0f}</text>')
        lines.append(f'<text x="{x(minutes * 60):.1f}" y="{height - bottom + 18}" text-anchor="middle">{minutes:.1f}</text>')
    lines.append(f'<text x="{left}" y="14">resident memory, MiB</text>')
    lines.append(f'<text x="{width - 130}" y="{height - 6}" text-anchor="end">minutes; {ticks[-1][1]} pages at the end</text>')
    for (role, _), rows in by_pid.items():
        points = " ".join(f"{x(row['seconds']):.1f},{y(int(row['rss_kib']) / 1024):.1f}" for row in rows)
        lines.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS.get(role, "#888")}" stroke-width="1.5"/>')
    for index, (role, colour) in enumerate(COLOURS.items()):
        lines.append(f'<text x="{width - 120}" y="{40 + 18 * index}" fill="{colour}">{role}</text>')
    path.write_text("\n".join([*lines, "</svg>", ""]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=4, help="one page in so many is read by the model; 0: none")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("soak"))
    parser.add_argument("--docmill", type=pathlib.Path, default=ROOT / "target/release/docmill")
    options = parser.parse_args()
    code = soak(options)
    report(options)
    sys.exit(0 if code in (0, 3) else code)


if __name__ == "__main__":
    main()

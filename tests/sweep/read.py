"""What actmem sweep writes, read by DuckDB and pandas without a word about its columns. Usage: read.py ACTMEM"""

import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pandas

GRID = ["model=llama-3-8b", "seq=1k..16k:x2", "batch=1..16", "checkpoint=none", "checkpoint=save:mm,sdpa", "optimizer=adamw,sgd", "tp=1,2"]
ROWS = 5 * 16 * 2 * 2 * 2
passed = failed = 0


def equal(what: str, found: object, wanted: object) -> None:
    global passed, failed
    if found == wanted:
        passed += 1
        return
    failed += 1
    print(f"FAILED: {what}: {found!r}, not {wanted!r}")


def read(actmem: str, path: Path) -> None:
    subprocess.run([actmem, "sweep", *GRID, "--output", path], check=True, stderr=subprocess.DEVNULL)
    name, database = path.name, duckdb.connect()
    ask = lambda query: database.execute(query.replace("FILE", f"'{path}'")).fetchall()
    types = {column: kind for column, kind, *_ in ask("describe from FILE")}
    for column in ("row", "batch", "saved_bytes", "total_bytes", "forward_flops"):
        equal(f"{name}: DuckDB's type of {column}", types[column], "BIGINT")
    equal(f"{name}: DuckDB's type of fits", types["fits"], "BOOLEAN")
    equal(f"{name}: rows, each once", ask("select count(*), count(distinct row), max(row) from FILE"), [(ROWS, ROWS, ROWS - 1)])
    equal(f"{name}: refused rows have a reason and no figures",
          ask("select count(*), count(error), count(total_bytes) from FILE where tp = 2"), [(ROWS // 2, ROWS // 2, 0)])
    equal(f"{name}: the others have figures and no reason",
          ask("select count(total_bytes), count(error), count(fits) from FILE where error is null"), [(ROWS // 2, 0, ROWS // 2)])
    equal(f"{name}: a policy with a comma", ask("select distinct checkpoint from FILE order by 1"), [("none",), ("save:mm,sdpa",)])
    equal(f"{name}: one number", ask("select saved_bytes from FILE where seq = 2048 and batch = 1 and checkpoint = 'none' "
                                     "and optimizer = 'sgd' and tp = 1"), [(14281106188,)])
    frame = pandas.read_csv(path) if path.suffix == ".csv" else pandas.read_json(path, lines=True)
    equal(f"{name}: pandas' rows", len(frame), ROWS)
    good = frame[frame.error.isna()]
    equal(f"{name}: pandas' figures", int(good.total_bytes.notna().sum()), ROWS // 2)
    equal(f"{name}: pandas' sum", int(good.total_bytes.sum()), ask("select sum(total_bytes) from FILE")[0][0])
    equal(f"{name}: pandas' fits", int((good.fits == True).sum()), ask("select count(*) from FILE where fits")[0][0])  # noqa: E712


with tempfile.TemporaryDirectory() as folder:
    for end in ("csv", "jsonl"):
        read(sys.argv[1], Path(folder) / f"sweep.{end}")
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)

#!/usr/bin/env bash
# actmem sweep: rows, ranges, refusals, formats, shards, and what a killed run leaves. Usage: test_cli_sweep.sh [ACTMEM]; by default
# build/actmem.
source "$(dirname "$0")/cli.sh"

sweep() { # ARGUMENTS…: keeps its streams and status
    "$actmem" sweep "$@" >out 2>err </dev/null
    status=$?
}

sweep_to() { # EXPECTED ARGUMENTS…
    local expected=$1
    shift
    sweep "$@"
    check "status $expected of '$*', not $status: $(head -c 300 err)" [ "$status" -eq "$expected" ]
    [ "$expected" -ne 2 ] || check "nothing on stdout for '$*'" [ ! -s out ]
}

says() { check "'$2' in $1" grep -qF -- "$2" "$1"; }
# FILE EXPRESSION: of rows, a list of dictionaries, read as CSV or as JSON lines
holds() {
    check "$1: $2" python3 -c 'import csv, json, sys
lines = open(sys.argv[1]).read().splitlines()
rows = [json.loads(x) for x in lines] if lines[0].startswith("{") else list(csv.DictReader(lines))
assert eval(sys.argv[2]), sys.argv[2]' "$1" "$2"
}

readonly SHAPE='family=llama layers=3 hidden=64 ffn=176 vocab=1000'
readonly LITTLE="$SHAPE heads=4 kv_heads=2"

# the grid: every combination, the last key changing from row to row; figures are those of the report
sweep_to 0 $LITTLE seq=64,128 batch=1..3 checkpoint=none checkpoint=save:mm,sdpa
holds out '[int(r["row"]) for r in rows] == list(range(12))'
holds out '[(r["seq"], r["batch"], r["checkpoint"]) for r in rows] == [(s, b, c) for s in ("64", "128") for b in "123" for c in ("none", "save:mm,sdpa")]'
holds out 'all(r["error_code"] == "" and r["fits"] == "true" and int(r["total_bytes"]) > 0 for r in rows)'
"$actmem" --json $LITTLE seq=128 batch=2 checkpoint=save:mm,sdpa >one.json
check 'the figures of a row are the report'"'"'s' python3 -c 'import csv, json
d, r = json.load(open("one.json")), list(csv.DictReader(open("out")))[9]
pairs = [("saved_bytes", d["saved"]["bytes"]), ("after_forward_bytes", d["step"]["after_forward_bytes"]),
         ("forward_peak_bytes", d["step"]["forward_peak_bytes"]), ("backward_peak_bytes", d["step"]["backward_peak_bytes"]),
         ("peak_bytes", d["step"]["peak_bytes"]), ("recomputed_flops", d["checkpoint"]["recomputed_flops"]),
         ("total_bytes", d["fit"]["total_bytes"]), ("memory_bytes", d["fit"]["memory_bytes"]), ("parameters", d["model"]["parameters"])]
for name, value in pairs: assert int(r[name]) == value, (name, r[name], value)'
sweep_to 0 $LITTLE seq=1k..8k:x2 batch=1..9:4 --format jsonl
holds out '[(r["seq"], r["batch"]) for r in rows] == [(s, b) for s in (1024, 2048, 4096, 8192) for b in (1, 5, 9)]'
holds out 'all(r["error"] is None and r["fits"] is True for r in rows)'
sweep_to 0 "$(echo $LITTLE | tr ' ' '&')&seq=64,128"
holds out 'len(rows) == 2'
sweep_to 0 $LITTLE seq=64 batch=2..8:x9223372036854775807 batch=1 dropout=0,0.1 --format jsonl
holds out '[(r["batch"], r["dropout"]) for r in rows] == [(2, 0), (2, 0.1), (1, 0), (1, 0.1)]'
sweep_to 0 $LITTLE seq=64 batch=1 batch=2..3 batch=4 --format csv
holds out '[r["batch"] for r in rows] == list("1234")'

# parameters: of a pipeline those of all stages, of tensor-parallel ranks the GPU's
sweep_to 0 stack=megatron-local family=llama layers=4 hidden=64 ffn=176 heads=4 vocab=1024 seq=64 tp=1,2 pp=1,2 --format jsonl
holds out '[(r["parameters"] < rows[0]["parameters"], r["weights_bytes"] < 2 * r["parameters"]) for r in rows] == [(False, False), (False, True), (True, False), (True, True)]'
sweep_to 0 --help
says out 'parameters            of all stages of a pipeline; of what tp, ep and etp share out, the GPU'"'"'s part'

# none is given twice, however it is written
while read -r twice values; do
    sweep_to 2 $LITTLE seq=64 $values
    says err "batch=$twice is given twice"
done <<'END'
4 batch=4,4
1024 batch=1k,1024
2 batch=1..4,2
2 batch=2,1..4
4 batch=1..4,4..9
5 batch=1..9:4,2..10:3
8 batch=2..64:x2,5,8
16 batch=2..64:x2,1..31:5
4 batch=4..4096:x4,2..64:x2
1070 batch=1000..1048576:7,3..1048576:11
END
sweep_to 2 $LITTLE seq=64 checkpoint=none checkpoint=full checkpoint=none
says err 'checkpoint=none is given twice'
sweep_to 0 $LITTLE seq=64 batch=1..8:x2,3..12:x2 --format csv
holds out '[r["batch"] for r in rows] == "1 2 4 8 3 6 12".split()'
sweep_to 0 $LITTLE seq=64 batch=1..9:2,2..10:4,12..96:x8,4,8
holds out '[r["batch"] for r in rows] == "1 3 5 7 9 2 6 10 12 96 4 8".split()'

# values that have commas themselves are one
sweep_to 0 $LITTLE seq=64 trainable=lora lora_rank=8 lora_targets=q,v lora_targets=q,k,v,o
holds out '[r["lora_targets"] for r in rows] == ["q,v", "q,k,v,o"] and rows[0]["error"] == rows[1]["error"] == ""'
sweep_to 0 $LITTLE stack=megatron-local seq=64 pp=2 stage_layers=1,2
holds out '[r["stage_layers"] for r in rows] == ["1,2"] and rows[0]["rank"] != ""'

# fits: by the GPU's memory, and not said without one
sweep_to 0 $LITTLE seq=64 device_memory=80GiB device_memory=1MiB
holds out '[r["fits"] for r in rows] == ["true", "false"]'
sweep_to 0 $LITTLE seq=64 device=mine device_gflops=1000 device_bandwidth=1000
holds out '(rows[0]["memory_bytes"], rows[0]["fits"]) == ("", "")'

# a row that is refused is in the answer, and said
sweep_to 0 $SHAPE heads=4 seq=64 kv_heads=2 kv_heads=3 kv_heads=4
holds out '[r["error_field"] for r in rows] == ["", "kv_heads", ""] and rows[1]["error_code"] == "conflict" and rows[1]["total_bytes"] == ""'
says err 'row 1 ('
says err '3 rows in'
says err '1 refused'
sweep_to 0 $SHAPE seq=64 batch=1..30 kv_heads=1 heads=4,3
check 'the first refusals are named, the others counted' [ "$(grep -c '^row ' err)" -eq 10 ]
says err '30 refused'
"$actmem" sweep $SHAPE seq=64 kv_heads=1 heads=3,5 >out 2>err
check 'status 2 where every row is refused' [ $? -eq 2 ]
holds out 'len(rows) == 2'

# a file of rows: lines are named
cat >rows.txt <<'END'
# a comment

model=gpt2 seq=64
model=gpt-9 seq=64
model=gpt2&seq=128
seq=64 seq=64
END
sweep_to 0 --rows rows.txt batch=1,2 --format=jsonl
holds out '[(r["line"], r["batch"]) for r in rows] == [(n, b) for n in (3, 4, 5, 6) for b in (1, 2)]'
holds out '[r["error_code"] for r in rows][::2] == [None, "unknown_model", None, "duplicate_key"]'
says err 'rows.txt:4: row 2 (model=gpt-9'
"$actmem" sweep --rows - <rows.txt >piped 2>err
holds piped 'len(rows) == 4 and rows[2]["input"] == "model=gpt2&seq=128"'
printf 'model=gpt2 seq=64 %5000s' x >long.txt
for more in '' batch=1; do
    "$actmem" sweep --rows long.txt $more >out 2>err
    holds out 'rows[0]["error_code"] == "syntax"'
    says err 'longer than 4096 characters'
done
printf 'model=gpt2 seq=64\r\nmodel="gpt2"\r\n' >windows.txt
sweep_to 0 --rows windows.txt
holds out '[r["input"] for r in rows] == ["model=gpt2 seq=64", "model=\"gpt2\""] and rows[0]["error"] == ""'
for i in {1..40}; do printf 'model=gpt2 seq=%d %1000s\n' "$i" ''; done >wide.txt
sweep_to 0 --rows wide.txt batch=1
holds out '[int(r["line"]) for r in rows] == list(range(1, 41)) and len({r["saved_bytes"] for r in rows}) == 40'
sweep_to 1 --rows . seq=64
says err "can't read .: Is a directory"

# a config.json for all rows
cat >config.json <<'END'
{"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2,
 "intermediate_size": 128, "vocab_size": 100, "hidden_act": "silu", "tie_word_embeddings": false}
END
sweep_to 0 --config config.json seq=32 batch=1,2
holds out 'all(r["error"] == "" for r in rows) and len(rows) == 2'
"$actmem" sweep --config config.json seq=32 model=gpt2 >out 2>err
says err 'are two models'

# whatever the threads, the same bytes
readonly GRID="$LITTLE seq=64..512:32 batch=1..20 checkpoint=none checkpoint=full tp=1,2"
sweep_to 0 $GRID --jobs 1 --output one.csv
sweep_to 0 $GRID --jobs 7 --output seven.csv
check 'one thread and seven write the same' cmp one.csv seven.csv
holds one.csv '[int(r["row"]) for r in rows] == list(range(15 * 20 * 4))'

# a run that was ended anywhere is gone on with, to the same bytes
for bytes in 0 10 300 1000 100000 200001; do
    for name in csv jsonl; do
        [ "$name" = csv ] || sweep_to 0 $GRID --output whole.jsonl
        whole=one.csv
        [ "$name" = csv ] || whole=whole.jsonl
        head -c "$bytes" "$whole" >"part.$name"
        sweep_to 0 $GRID --output "part.$name"
        check "what stood after $bytes bytes of $name is gone on with" cmp "part.$name" "$whole"
    done
done
sweep_to 0 $GRID --output one.csv
check 'a whole one is left alone' cmp one.csv seven.csv
sweep_to 0 $GRID --output whole.ndjson
check 'a name says the format' cmp whole.ndjson whole.jsonl
sweep_to 0 $GRID --output w
check 'a short one as well' cmp w one.csv

# a reader that is slow is waited for; on a terminal the progress is one line, written over
"$actmem" sweep $GRID --jobs 1 2>err | { sleep 1 && cat; } >slow.csv
check 'a slow reader has it all' cmp slow.csv one.csv
python3 -c 'import os, pty, subprocess, sys, time
shown, terminal = pty.openpty()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=terminal)
os.close(terminal)
time.sleep(1)
open("slow.csv", "wb").write(process.stdout.read())
process.wait()
said = b""
try:
    while part := os.read(shown, 4096): said += part
except OSError: pass
open("said", "wb").write(said)' "$actmem" sweep $GRID experts=0,2 --jobs 1
check 'a terminal is shown how far it is' python3 -c 'import re
said = open("said", newline="").read()
assert re.search(r"\r\x1b\[K[\d,]+ rows of 2,400 \(\d+ %\), [\d,]+ a second, \d+ s left", said), said
assert re.search(r"\r\x1b\[Krow \d+ \(", said), said
assert re.search(r"\r\x1b\[K2,400 rows in [\d.]+ s, 1,800 refused\r\n$", said), said'
for wait in 0.02 0.05 0.1; do
    rm -f killed.csv
    "$actmem" sweep $GRID --jobs 3 --output killed.csv >out 2>err &
    process=$!
    sleep "$wait"
    kill -9 "$process" 2>/dev/null
    wait "$process" 2>/dev/null
    sweep_to 0 $GRID --output killed.csv
    check "a run killed after $wait s is gone on with" cmp killed.csv one.csv
done
sweep_to 2 $LITTLE seq=64..512:32 batch=1..20 checkpoint=none checkpoint=full tp=1,4 --output part.csv
says err 'line 3 of part.csv is not of this sweep'
sweep_to 2 $LITTLE seq=64 batch=1 --output one.csv
check 'which leaves the file as it is' cmp one.csv seven.csv
head -n 4 one.csv | sed '$s/85899345920/85899345921/' >other.csv
sweep_to 2 $GRID --output other.csv
says err 'has other figures for row'
sweep_to 0 $LITTLE seq=64 batch=1..3 --output three.csv
for less in 2 1; do
    cp three.csv part.csv
    sweep_to 2 $LITTLE seq=64 batch=1..$less --output part.csv
    says err 'part.csv has more rows than this sweep'
    check 'which stay' cmp part.csv three.csv
done
{ head -n 2 three.csv && echo 1; } >part.csv
sweep_to 2 $LITTLE seq=64 batch=1..3 --output part.csv
says err 'line 3 of part.csv is not of this sweep'
# of a device nothing is read: /dev/zero and /dev/full would not end
sweep_to 0 $LITTLE seq=64 --output /dev/null
sweep_to 0 $LITTLE seq=64 --output /dev/zero
sweep_to 1 $LITTLE seq=64 --output .
says err 'directory'
mkfifo pipe && cat pipe >piped & reader=$!
until [ -p pipe ]; do sleep 0.01; done
sweep_to 0 $LITTLE seq=64 --output pipe
wait "$reader"
holds piped 'len(rows) == 1'
sweep_to 0 --rows rows.txt --output from_rows.csv
head -n 3 from_rows.csv >part.csv
sweep_to 0 --rows rows.txt --output part.csv
check 'rows of a file are gone on with' cmp part.csv from_rows.csv

# shards: every row once
for i in 1 2 3; do sweep_to 0 $GRID --shard "$i/3" --output "shard-$i.csv"; done
{ head -n 1 one.csv && tail -qn +2 shard-?.csv | sort -n; } >together.csv
check 'three shards are the whole' cmp together.csv one.csv

# arguments that are wrong
for bad in '' 'seq' 'sec=1' 'seq=many' 'seq=0..4' 'seq=4..1' 'seq=1..x' 'seq=64,64' 'seq=1..8:x1' 'seq=1..8:0' 'dtype=bf16..fp32' 'checkpoint=none,full' \
    'seq=64 --shard 0/3' 'seq=64 --shard 4/3' 'seq=64 --jobs 0' 'seq=64 --format xml' 'seq=64 --output' 'seq=64 --jsn' \
    'seq=1..2..3' 'seq=1..8:' 'seq=1..8:2:3' 'seq=..8' 'vpp=1..65' 'seq=1..9007199254740993k' 'experts=0..8:x2' 'seq=64 --shard 1' 'seq=64 --shard x/2' \
    'seq=64 --shard 1/x' 'seq=64 --shard 1/10000001' 'seq=64 --jobs x' 'seq=64 --jobs 10000' 'seq=64 --format' 'seq=64 --rowsx' 'seq=64 --jobs' \
    'seq=1..1048576 hidden=1..1048576 ffn=1..1048576' 'seq=1..1048576 hidden=1..1048576 batch=1..8192 ffn=1..1048576' \
    'sec=1 seq=64' 'sec=1&seq=64'; do
    sweep_to 2 $bad
    check "an error for '$bad'" [ -s err ]
done
sweep_to 2 seq=1..1048576 hidden=1..1048576 ffn=1..1048576
says err 'more than 2^53 rows'
sweep_to 2 experts=0..8:x2
says err '0 times a factor stays 0'
sweep_to 1 --config nowhere.json seq=64
says err 'nowhere.json'
{ head -c 4096 /dev/zero | tr '\0' ' ' && echo && echo "$LITTLE seq=64" && echo "$LITTLE seq=32 $(printf '%4100s' '')x=1"; } >long.txt
sweep_to 0 --rows long.txt
says err 'longer than 4096 characters'
python3 -c 'import fcntl, sys, time; file = open(sys.argv[1], "a"); fcntl.lockf(file, fcntl.LOCK_EX); open("locked", "w"); time.sleep(60)' taken.csv &
holder=$!
until [ -e locked ]; do sleep 0.05; done
sweep_to 2 $LITTLE seq=64 --output taken.csv
says err 'another sweep is writing taken.csv'
kill $holder
sweep_to 1 --rows nowhere.txt
says err 'nowhere.txt'
sweep_to 1 seq=64 --output nowhere/out.csv
if [ -w /dev/full ]; then
    "$actmem" sweep $GRID >/dev/full 2>err
    check 'status 1 on a full disk' [ $? -eq 1 ]
    says err "can't write"
    for few in '' '--shard 2/2'; do # what the buffer still holds is found out, too
        "$actmem" sweep $LITTLE seq=64 $few >/dev/full 2>err
        check "status 1 on a full disk with '$few'" [ $? -eq 1 ]
        says err "can't write standard output"
    done
fi
(trap '' XFSZ; ulimit -f 100; "$actmem" sweep $GRID --output cut.csv >out 2>err)
check 'status 1 where a file may not grow' [ $? -eq 1 ]
says err "can't write cut.csv"
sweep_to 0 $GRID --output cut.csv
check 'and it is gone on with' cmp cut.csv one.csv
if [ -w /proc/self/mem ]; then
    sweep_to 1 $LITTLE seq=64 --output /proc/self/mem
    says err "can't go on with /proc/self/mem"
fi
# Less memory than asked for; sanitizers reserve more than any limit.
if (ulimit -v 400000; "$actmem" --version) >/dev/null 2>&1; then
    (ulimit -v 400000 -s 100000; "$actmem" sweep $GRID --jobs 10 --output few.csv >out 2>err)
    check 'as many threads as there is memory for' [ $? -eq 0 ]
    check 'they write the same' cmp few.csv one.csv
    (ulimit -v 400000 -s 1000000; "$actmem" sweep $GRID --jobs 2 >out 2>err)
    check 'status 1 without a thread' [ $? -eq 1 ]
    says err "can't start a thread"
    least=20000 # KiB that it runs in at all: a sweep takes more for each thread, and to see what a file has already
    { until (ulimit -v $least; "$actmem" --version) >/dev/null 2>&1; do least=$((least + 4000)); done; } 2>/dev/null
    (ulimit -v $((least + 4000)); "$actmem" sweep $GRID --jobs 2 >out 2>err)
    check 'status 1 without memory for a thread' [ $? -eq 1 ]
    says err "can't start a thread"
    cp one.csv resumed.csv
    (ulimit -v $((least + 4000)); "$actmem" sweep $GRID --output resumed.csv >out 2>err)
    check 'status 1 without memory' [ $? -eq 1 ]
    says err 'no memory'
    check 'and the file is as it was' cmp resumed.csv one.csv
fi
sweep_to 0 -h
sweep_to 0 --help
says out '--shard'
says out 'total_bytes'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

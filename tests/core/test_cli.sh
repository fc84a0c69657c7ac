#!/usr/bin/env bash
# The command line: exit statuses and which stream says what. Usage: test_cli.sh [ACTMEM]; by default build/actmem.
root=$(realpath "$(dirname "$0")/../..")
source "$(dirname "$0")/cli.sh"

run() { # ARGUMENTS…: runs actmem on an empty input, keeps its streams and status
    "$actmem" "$@" >out 2>err </dev/null
    status=$?
}

# EXPECTED ARGUMENTS…: with status 0 the answer is on stdout alone, with another the error on stderr alone
run_to() {
    local expected=$1
    shift
    run "$@"
    check "status $expected of '$*', not $status" [ "$status" -eq "$expected" ]
    if [ "$expected" -eq 0 ]; then
        check "answer of '$*' on stdout" [ -s out ]
        check "nothing on stderr for '$*'" [ ! -s err ]
    else
        check "nothing on stdout for '$*'" [ ! -s out ]
        check "error of '$*' on stderr" [ -s err ]
    fi
}

says() { check "'$2' in $1" grep -qF -- "$2" "$1"; }
json() { check "$1 is JSON with $2" python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); assert eval(sys.argv[2]), sys.argv[2]' "$1" "$2"; }

# answers
run_to 0
says out 'Llama 3 8B, 2,048 tokens × 1, bf16, Hugging Face with SDPA'
run_to 0 model=llama-3-8b seq=8192 batch=2
says out '8,192 tokens × 2'
run_to 0 'model=llama-3-8b&seq=8192&checkpoint=full'
says out 'checkpoint=full'
run_to 0 model=gpt2 seq=64
says out 'What is alive over the step'
for timeline in none modules operations; do # modules: what a report has, which as text is the components
    run_to 0 model=gpt2 seq=64 timeline=$timeline
    check "no parts with timeline=$timeline" [ "$(grep -c 'What is alive over the step' out)" -eq "$([ $timeline = modules ] && echo 1 || echo 0)" ]
done
run_to 0 units=GB
check 'one unit only' sh -c '! grep -q GiB out'
run_to 0 --json model=llama-3-8b seq=2048
json out 'd["saved"]["bytes"] == 14281106188 and d["version"] == 1'
run_to 0 seq=2048 --json
json out 'd["query"] == "model=llama-3-8b"'
run_to 0 --tables=formulas
json out 'len(d["formulas"]) > 40 and "presets" not in d'
run_to 0 --tables
json out 'len(d["fields"]) > 30 and len(d["presets"]) > 5'
run_to 0 model=gpt2 device=rtx-4090
says out 'Cost of the step on NVIDIA GeForce RTX 4090 (165.2 TFLOP/s in bf16, 1.008 TB/s)'
run_to 0 --json model=gpt2 seq=64 checkpoint=full
json out 'd["cost"]["hardware_flops"] == d["cost"]["model_flops"] + d["checkpoint"]["recomputed_flops"]'
json out 'all(p["step_time_us"] > p["recomputed_time_us"] >= 0 for p in d["checkpoint"]["plans"])'
run_to 2 device=h100
says err 'h100-sxm'
run_to 2 --tables=formula
says err "--tables=inputs and --tables=formulas"
run_to 0 --tables=inputs
json out 'len(d["devices"]) >= 20 and all(x["memory_bytes"] > 0 for x in d["devices"])'
run_to 0 --tables
json out 'all(x["bf16_gflops"] or x["fp16_gflops"] for x in d["devices"])'
run_to 0 --toy
json out 'd["hidden"] == 4096 and d["batch"] == 8 and d["stored"]["saved_bytes"] == 8 * 4096 * 4 and d["recomputed"]["saved_bytes"] == 0'
json out 'd["recomputed"]["recomputed_flops"] == 2 * 8 * 4096 * 4096 and d["stored"]["recomputed_flops"] == 0'
run_to 0 --toy hidden=64 batch=2
json out 'd["stored"]["after_forward_bytes"] == 2 * 64 * 4 + 4 and d["stored"]["forward_flops"] == 2 * 2 * 2 * 64 * 64'
run_to 2 --toy batch=0
says err 'batch must be from 1'
run_to 2 --toy model=llama-3-8b
says err 'Linear-ReLU-Linear has the inputs hidden and batch: leave model out'
run_to 0 --version
says out 'actmem '
run_to 0 --help
says out 'kv_heads'
says out 'a100-80-sxm'
says out 'llama-3-8b'
cp out help.txt
"$actmem" --tables=inputs >inputs.json
check 'nothing of the help is cut off' python3 - <<'END'
import json
text = " ".join(open("help.txt").read().split())
tables = json.load(open("inputs.json"))
for row in tables["fields"]:
    assert row["help"] in text, row["key"]
    assert not row.get("choices") or "{" + " | ".join(row["choices"]) + "}" in text, row["key"]
for row in tables["presets"]:
    assert f"{row['name']} {row['label']}" in text, row["name"]
END

# every status code is one that a test asks for
while read -r id code; do
    check "a test asks for $code" grep -rqE "AM_$id\b|[\"']$code[\"']" --include='test_*.c' --include='test_cli*.sh' --include='*.test.mjs' "$root/tests/core" "$root/tests/wasm"
done < <(sed -n 's/^AM_STATUS(\([A-Z_]*\), "\([a-z_]*\)".*/\1 \2/p' "$root/core/status.def")

# made from the tables
run_to 0 --manual
says out '.SH KEYS'
check 'every key in the manual' [ "$(grep -c '^\.B .*\\fR=$' out)" -eq "$("$actmem" --tables=inputs | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["fields"]))')" ]
if command -v mandoc >/dev/null; then check 'the manual is sound' mandoc -T lint -W error out; fi
check 'a line of the manual begins as text, or is a request' sh -c '! grep -vE "^\.(TH|SH|SS|TP|B|PP|nf|fi|br)( |$)" out | grep -q "^[.'"'"']"'
check 'the manual has characters by name' grep -qF '\[u2026]' out
run_to 0 --tables=inputs
json out 'not any(mark in text for name in ("fields", "presets", "devices") for row in d[name] for key, text in row.items() if key in ("id", "key", "label", "name") for mark in "\\\x27")'
json out 'not any("\\" in row["help"] for row in d["fields"])'
for shell in bash zsh fish; do
    run_to 0 --completion=$shell
    says out llama-3-8b
    if command -v $shell >/dev/null; then check "$shell reads its completion" $shell -n out; fi
done
run_to 0 --completion=bash
cat >complete.sh <<'END'
source ./out
compopt() { :; }
COMP_LINE="actmem $1" COMP_POINT=$((7 + ${#1})) COMP_WORDS=(actmem $1)
_actmem
echo "${COMPREPLY[*]}"
END
while read -r word wanted; do
    check "completion of '$word'" [ "$(bash complete.sh "$word")" = "$wanted" ]
done <<'END'
micro micro_batches=
model=llama-3-8 llama-3-8b
checkpoint=offload:s saved
--ma --map --manual
dtype=f fp32 fp16
fit= yes no
END
run_to 2 --completion=tcsh
run_to 0 --reference
says out '| `seq` |'
says out '| `out_of_range` |'
says out '| `addmm` |'
check 'each rule of the reference has its reason' sh -c '! grep -qF "()" out'
cp out reference.md
run_to 0 --tables
json out 'not [name for kind, key in (("fields", "key"), ("presets", "name"), ("devices", "id"), ("stacks", "stack")) for name in (row[key] for row in d[kind]) if f"| `{name}` |" not in open("reference.md").read()]'
json out 'not [row["name"] for row in d["formulas"] if "| " + row["name"] + " |" not in open("reference.md").read()]'

# configurations
cat >config.json <<'END'
{"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2,
 "intermediate_size": 128, "vocab_size": 100, "hidden_act": "silu", "tie_word_embeddings": false}
END
run_to 0 --json --config config.json seq=32
json out 'd["config"]["layers"] == 2 and d["config"]["kv_heads"] == 2 and d["config"]["seq"] == 32 and d["model"]["label"] == "custom"'
run_to 0 --json --config=config.json seq=32 layers=3
json out 'd["config"]["layers"] == 3 and d["config"]["hidden"] == 64'
"$actmem" --json --config - seq=32 <config.json >piped 2>err
check 'configuration from standard input' [ $? -eq 0 ]
json piped 'd["config"]["layers"] == 2'
run_to 0 --json "$(python3 -c 'import json; print(json.load(open("piped"))["query"])')"
check 'the query gives the report again' cmp -s out piped

for two in '--config config.json --config config.json' '--config config.json model=gpt2'; do run_to 2 $two; done
says err '--config and model=gpt2 are two models'
"$actmem" --config - <. >out 2>err
check 'status 1 where standard input cannot be read' [ $? -eq 1 ]
says err "can't read standard input: "
run_to 1 --json --config absent.json
json err 'd["error"]["code"] == "io" and d["error"]["field"] == "config"'
run_to 1 --config absent.json
says err "can't read absent.json"

# the block of many notebooks
run_to 0 --toy hidden=512 batch=4
json out 'd["hidden"] == 512 and d["stored"]["saved_bytes"] == 4 * 512 * 4 and d["recomputed"]["saved_bytes"] == 0'
for bad in 'batch=x' 'layers=2' '--map' '--config config.json'; do run_to 2 --toy $bad; done
run_to 0 -h

# bad input
for bad in 'seq=0' 'seq=many' 'sec=1' 'seq' 'model=gpt-9' 'seq=1 seq=2' 'kv_heads=7' 'checkpoint=sometimes' '--jsn' '--config' '-x'; do
    run_to 2 $bad
    run_to 2 --json $bad
    json err 'set(d) == {"error"} and set(d["error"]) == {"code", "field", "message"} and len(d["error"]["message"]) > 10'
done
run_to 2 --map model=llama-3-8b kv_heads=7
says err 'kv_heads=7 does not divide heads'
run_to 2 sec=1
says err "the nearest is 'seq'"
run_to 2 --json seq=0
json err 'd["error"]["code"] == "out_of_range" and d["error"]["field"] == "seq"'
run_to 2 --jsn
says err '--json'
run_to 2 --json --config config.json seq=nothing
echo '{' >broken.json
run_to 2 --config broken.json
echo '{"model_type": "a-model-of-tomorrow"}' >unknown.json
run_to 2 --json --config unknown.json
json err 'd["error"]["code"] == "unknown_architecture"'
: >empty.json
run_to 2 --config empty.json
head -c 1048577 /dev/zero >large.json
run_to 2 --config large.json
says err '1 MiB'
run_to 2 "lora_targets=$(head -c 5000 /dev/zero | tr '\0' q)"
for ((i = 0; i < 200; i++)); do echo "seq=2048"; done >many
run_to 2 $(cat many) $(cat many) $(cat many)
printf 'lora_targets=\xff\xfe' >bytes
run_to 2 --json trainable=lora "$(cat bytes)"
json err 'd["error"]["field"] == "lora_targets"'

# what fits
run_to 0 model=gpt2 device_memory=80GiB fit=yes
says out 'Fits: '
says out 'Largest micro-batch: '
run_to 0 --json model=gpt2 device_memory=1GiB
json out 'd["fit"]["fits"] is False and sum(x["bytes"] for x in d["fit"]["by"]) == d["fit"]["total_bytes"]'
run_to 2 --json model=gpt2 fit=yes device=mine device_gflops=1000 device_bandwidth=1000
json err 'd["error"]["field"] == "device_memory"'
run_to 0 --map model=gpt2 device_memory=4GiB batch=1..8
says out 'largest'
run_to 0 --map --json model=gpt2 batch=1..8 seq=64..127
json out 'len(d["total_bytes"]) == len(d["seq"]) == 64 and len(d["total_bytes"][0]) == len(d["batch"]) == 8'
run_to 2 --map --json model=gpt2 batch=8..1
json err 'd["error"]["field"] == "batch"'

# input and output that fail
run_to 1 --config nowhere.json
says err 'nowhere.json'
run_to 1 --config .
if [ -w /dev/full ]; then
    for full in '' '--json' '--help' '--tables' '--version'; do
        "$actmem" $full >/dev/full 2>err
        check "status 1 of '$full' on a full disk" [ $? -eq 1 ]
        says err "can't write"
    done
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

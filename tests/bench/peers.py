"""Times the same questions asked of llm-analysis, and of PyTorch itself where `make oracle` has installed it, beside build/bench.

How many times faster the core is. The answers differ too, so the bytes stand beside the times: llm-analysis counts by formulas, for one
implementation that it does not name; PyTorch runs the model on fake tensors, and the core's bytes are equal to its.
"""
import logging
import pathlib
import re
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNS = 51
WARM_UP = 5
GIB = 2**30

# What is asked: the core's text, and llm-analysis' shape, batch, sequence and recomputation. It asserts that the FFN width is a multiple of the hidden
# size, and that the step fits the GPU, so of Llama 3 it has no answer.
XL = dict(num_layers=48, n_head=25, hidden_dim=1600, vocab_size=50257, ffn_embed_dim=6400)
SMALL = dict(num_layers=12, n_head=12, hidden_dim=768, vocab_size=50257, ffn_embed_dim=3072)
CASES = [
    ("model=gpt2-xl batch=8 seq=1024", XL, 8, 1024, "NONE"),
    ("model=gpt2-xl batch=8 seq=1024 checkpoint=full", XL, 8, 1024, "FULL"),
    ("model=gpt2 batch=16 seq=1024", SMALL, 16, 1024, "NONE"),
]


def core(text):
    nanoseconds = int(subprocess.run([ROOT / "build/bench", text], capture_output=True, text=True, check=True).stdout)
    said = subprocess.run([ROOT / "build/actmem", "--json", *text.split()], capture_output=True, text=True, check=True).stdout
    return nanoseconds / 1e9, int(re.search(r'"saved":\{"bytes":(\d+)', said)[1])


def analysis(shape, batch, seq, recomputation):
    from llm_analysis.analysis import ActivationRecomputation, LLMAnalysis
    from llm_analysis.config import ModelConfig, get_gpu_config_by_name

    logging.disable(logging.CRITICAL)

    def ask():
        peer = LLMAnalysis(ModelConfig(name="peer", max_seq_len=seq, **shape), get_gpu_config_by_name("a100-sxm-80gb"), flops_efficiency=1)
        return peer.training(batch_size_per_gpu=batch, seq_len=seq, total_num_tokens=batch * seq, activation_recomputation=ActivationRecomputation[recomputation])

    times = []
    for run in range(WARM_UP + RUNS):
        start = time.perf_counter()
        answer = ask()
        times.append(time.perf_counter() - start)
    return statistics.median(times[WARM_UP:]), answer["activation_memory_per_gpu"]


def measured(text):
    """One run: it takes seconds."""
    python = ROOT / "build/oracle/bin/python"
    if not python.exists():
        return None
    run = f"import sys, time; sys.path.insert(0, 'tests/oracle'); import answers, inputs, step; start = time.perf_counter(); answer = step.measure(inputs.read({text.split()!r}, None, answers.preset)); print(time.perf_counter() - start, answer['saved_bytes'])"
    out = subprocess.run([python, "-W", "ignore", "-c", run], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return float(out[-2]), None if out[-1] == "None" else int(out[-1])


def row(*cells):
    print(f"  {cells[0]:48}{cells[1]:34}" + "".join(f"{cell:>14}" for cell in cells[2:]))


def main():
    print()
    row("question", "asked of", "ms", "× the core's", "kept, GiB")
    for text, *peer in CASES:
        own, saved = core(text)
        row(text, "actmem, native, text to JSON", f"{1e3 * own:.3f}", "1", f"{saved / GIB:.2f}")
        others = [("llm-analysis 0.2.2", analysis(*peer)), ("PyTorch on fake tensors", measured(text))]
        for name, found in others:
            if found is None:
                row("", name, "-", "-", "make oracle")
            else:
                seconds, kept = found
                row("", name, f"{1e3 * seconds:.3f}", f"{seconds / own:.0f}", "-" if kept is None else f"{kept / GIB:.2f}")


if __name__ == "__main__":
    sys.exit(main())

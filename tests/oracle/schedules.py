"""The most forward chunks that live on each rank of a pipeline, by the schedule's own order of actions: no tensor runs.

Of torch.distributed.pipelining's classes out of their tables; of Megatron-Core out of its count of warm-up micro-batches
and its table of chunks, in the order of its forward_backward functions: all warm-up forwards, then pairs of a forward and
a backward, then the backwards that are left.
"""
import types

import megatron_core
from inputs import BadInput
from models import versions

MEGATRON = ("megatron 1F1B", "megatron interleaved")
FORWARD, WHOLE, INPUT, WEIGHTS = "FORWARD", "FULL_BACKWARD", "BACKWARD_INPUT", "BACKWARD_WEIGHT"


def most_alive(actions, ends):
    """(the most chunks between their forward and one of `ends` at once, how many of each stage they then are)."""
    alive, most, stages = {}, 0, {}
    for kind, stage in actions:
        if kind == FORWARD:
            alive[stage] = alive.get(stage, 0) + 1
        elif kind in ends:
            alive[stage] -= 1
        if sum(alive.values()) > most:
            most, stages = sum(alive.values()), {str(key): alive[key] for key in sorted(alive) if alive[key]}
    return most, stages


def torch_actions(schedule, ranks, micro_batches, chunks):
    """For each rank its (kind, stage) in order; a backward that overlaps a forward comes after it."""
    from torch.distributed.pipelining import _schedule_visualizer

    table = _schedule_visualizer.get_schedule_ops(schedule, ranks, micro_batches, None if chunks == 1 else chunks)
    for actions in table:
        parts = [part for action in actions if action is not None for part in (action.sub_actions or [action])]
        yield [(part.computation_type.name, part.stage_index) for part in parts]


def megatron_actions(_, ranks, micro_batches, chunks):
    megatron_core.load()
    from megatron.core.pipeline_parallel import schedules

    if chunks > 1 and micro_batches % ranks:
        raise ValueError("fewer micro-batches than stages" if micro_batches < ranks else "a last group of fewer than the stages")
    table = schedules.get_schedule_table(micro_batches, chunks, ranks) if chunks > 1 else [(0, 0)] * micro_batches
    for rank in range(ranks):
        group = types.SimpleNamespace(size=lambda: ranks, rank=lambda rank=rank: rank)
        virtual = chunks if chunks > 1 else None
        neighbours = types.SimpleNamespace(pp_group=group, virtual_pipeline_model_parallel_size=virtual)
        counts = schedules.get_pp_rank_microbatches(micro_batches, chunks, ranks, p2p_communicator=neighbours)
        warm_up = counts[2]
        forward = [(FORWARD, rank + chunk * ranks) for _, chunk in table]
        backward = [(WHOLE, rank + (chunks - 1 - chunk) * ranks) for _, chunk in table]
        pairs = [action for pair in zip(forward[warm_up:], backward) for action in pair]
        yield forward[:warm_up] + pairs + backward[len(forward) - warm_up :]


def measure(record):
    """A record of pipeline.json: schedule, p ranks, n micro-batches, v chunks a rank."""
    name = record["schedule"]
    megatron = name in MEGATRON
    actions_of = megatron_actions if megatron else torch_actions
    source = versions("megatron-core") if megatron else f"{versions('torch')} torch.distributed.pipelining"
    asked = {"schedule": name, "source": source, **{key: record[key] for key in "pnv"}}
    try:
        actions = list(actions_of(name, record["p"], record["n"], record["v"]))
    except BadInput:
        raise
    except Exception as error:  # the schedule's own words
        return asked | {"refused": f"{type(error).__name__}: {str(error)[:160]}"}
    alive = [most_alive(rank, {WHOLE, WEIGHTS}) for rank in actions]
    by_input = [most_alive(rank, {WHOLE, INPUT}) for rank in actions]
    figures = {"in_flight": [most for most, _ in alive], "stages_alive": [stages for _, stages in alive]}
    if by_input != alive:
        figures["in_flight_by_input_backward"] = [most for most, _ in by_input]
    return asked | figures

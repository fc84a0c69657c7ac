"""What is measured, by actmem's input `stack` or by the framework's name."""
import torch

import frameworks
import fused
import megatron_core
import models
import torch_ranks
from inputs import BadInput


def torch_step(case):
    """On a CPU device one rank of it, which has to be played there; see step.measure_rank."""
    if torch.get_default_device().type == "cpu":
        return torch_ranks.rank_step(case)
    if torch_ranks.is_stage(case):
        raise BadInput("pp of stack=torch is measured stage by stage: tests/fixtures/stages.json")
    return models.torch_step(case)


MAKERS = {
    "hf": models.transformers_step,
    "liger": models.liger_step,
    "torch": torch_step,
    "nanogpt": models.nanogpt_step,
    "megatron-local": megatron_core.megatron_step,
}
OTHERS = {"toy": frameworks.toy_step, "torchtitan": frameworks.torchtitan_step, "litgpt": frameworks.litgpt_step}


def make(case):
    """The case's step."""
    fused.unpatch()  # of the case before
    maker = (MAKERS | OTHERS).get(case.run["stack"])
    if maker is None:
        raise BadInput(f"stack={case.run['stack']} is not measured; {', '.join(MAKERS)} are")
    return maker(case)

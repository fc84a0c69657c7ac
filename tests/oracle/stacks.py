"""What is measured, by actmem's input `stack` or by the framework's name."""
import frameworks
import fused
import megatron_core
import models
from inputs import BadInput

MAKERS = {
    "hf": models.transformers_step,
    "liger": models.liger_step,
    "torch": models.torch_step,
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

"""Megatron-Core's own layers without a GPU: rank 0 of a process group whose other ranks are not there.

Collectives return at once and move nothing: Megatron's write into tensors that it has allocated itself. What only a GPU
can build or run has a stand-in with the saves of the original: its fused softmax, grouped_gemm's product of experts, and
with attention=flash PyTorch's flash kernel in core_attention's place. A compiled function leaves no temporaries. Random
number states are left out, and every expert gets as many tokens as the others.
"""
import contextlib
import functools
import importlib
import importlib.util
import math
import sys
import types
from unittest import mock

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

import gpu
import watch
from inputs import BadInput
from models import Step, versions

aten = torch.ops.aten

# What is measured of actmem's inputs, beside those of inputs.RUN: a case with another key would be another one.
KEYS = set(
    "layers hidden heads kv_heads head_dim ffn vocab norm activation bias positions max_positions tie_word_embeddings "
    "dropout attention_dropout tp sp cp ep etp distribute_saved experts experts_per_token moe_ffn pp rank micro_batches "
    "shared_ffn".split()
)
# And of family=deepseek_v3, which says what norm, activation, biases and positions are.
DEEPSEEK = set("family rotary_dim v_head_dim q_rank kv_rank dense_layers expert_groups groups_per_token".split())
DEEPSEEK_SAYS = {"norm": "rmsnorm", "activation": "swiglu", "bias": "no", "positions": "rope"}
MODULES = {"core_attn", "mlp", "moe", "layernorm", "moe_act", "mla_up_proj", "shared_experts"}  # of checkpoint=modules:…

# ---- stand-ins


class Done:
    """The handle of a collective that has returned."""

    def wait(self):
        return True


def done(*_, **__):
    return Done()


COLLECTIVES = dict.fromkeys(("all_reduce", "all_to_all_single", "broadcast"), done)

SOFTMAX = {
    "scaled_upper_triang_masked_softmax_cuda": types.SimpleNamespace(
        forward=lambda scores, scale: torch.empty_like(scores),
        backward=lambda gradient, result, scale: gradient.contiguous(),  # it writes into the gradient that it is given
    ),
    "scaled_masked_softmax_cuda": types.SimpleNamespace(  # asked for its block alone: a batch for each of 4 or 8 warps
        get_batch_per_block=lambda queries, keys, batch, heads: 4 if keys > 128 else 8
    ),
}


class GMM(torch.autograd.Function):
    """grouped_gemm's product of each expert's rows with its weights."""

    @staticmethod
    def forward(ctx, rows, weights, sizes, transposed):
        ctx.save_for_backward(rows, weights)
        return rows.new_empty(rows.shape[0], weights.shape[1 if transposed else 2])

    @staticmethod
    def backward(ctx, gradient):
        rows, weights = ctx.saved_tensors
        gradient = gradient.contiguous()
        return torch.empty_like(rows), torch.empty_like(weights), None, None


class Partitioned(torch.autograd.Function):
    """A compiled function that saves what it was given: PyTorch's partitioner lets backward compute the rest again."""

    @staticmethod
    def forward(ctx, function, *given):
        ctx.save_for_backward(*given)
        with watch.kernel():
            return function(*given)

    @staticmethod
    def backward(ctx, gradient):
        with watch.kernel():
            return None, *(torch.empty_like(tensor) for tensor in ctx.saved_tensors)


def compiled(function):
    """torch.compile. Compiled, the sum of bias, dropout and residual saves what it does as written; the experts' SwiGLU
    does not."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        if function.__name__ == "activation_func_with_probs" and torch.is_grad_enabled():
            return Partitioned.apply(function, *args)
        with watch.kernel():
            return function(*args, **kwargs)

    return run


class BalancedRouting(TorchDispatchMode):
    """How many elements masked_select takes depends on values: it is given the share of them."""

    def __init__(self, share):
        super().__init__()
        self.share = share

    def __torch_dispatch__(self, operation, _, args=(), kwargs=None):
        if operation is aten.masked_select.default:
            return args[0].new_empty(round(args[1].numel() * self.share))
        return operation(*args, **(kwargs or {}))


def tokens_of_experts(dispatcher, point, tokens_per_expert=None):
    """What the all-to-all dispatcher brings to the CPU: how many tokens each rank and expert gets, and the experts' order."""
    import numpy

    if tokens_per_expert is None:
        return None
    tp, ep, experts, here = dispatcher.tp_size, dispatcher.ep_size, dispatcher.num_experts, dispatcher.num_local_experts
    routed = dispatcher.routing_map.shape[0] * dispatcher.config.moe_router_topk
    if tp * ep > 1:
        dispatcher.input_splits = dispatcher.output_splits = numpy.full(ep, routed // ep)
        dispatcher.output_splits_tp = numpy.full(tp, routed)
    dispatcher.num_global_tokens_per_local_expert = numpy.full((tp * ep, here), routed // experts)
    order = numpy.arange(experts * tp)
    dispatcher.sort_input_by_local_experts = order.reshape(-1, here).T.ravel()
    dispatcher.restore_output_by_local_experts = order.reshape(here, -1).T.ravel()
    return numpy.full(here, tp * ep * (routed // experts))


def rotary_on_rank(table, dim, group):
    """get_pos_emb_on_this_cp_rank without pinned memory: of 2 cp chunks, rank 0's are the first and the last."""
    chunks = table.chunk(2 * group.size(), dim)
    return torch.cat((chunks[0], chunks[-1]), dim)


def norm_of_rank(wrapped):
    """PyTorch's norm as Megatron wraps it, which refuses sequence parallelism. Apex's takes it, with the same saves."""

    def new(cls, config, *args, **kwargs):
        with mock.patch.object(config, "sequence_parallel", False):
            return wrapped(cls, config, *args, **kwargs)

    return new


@contextlib.contextmanager
def rank(device, share=1.0):
    """Within, Megatron finds a GPU and other ranks. It says itself which of its tensors are on the device.

    share: of all experts, those that a token goes to.
    """
    cuda = {"current_device": lambda: torch.device(device), "Stream": lambda: None}
    with mock.patch.multiple(dist, **COLLECTIVES), mock.patch.multiple(torch.cuda, **cuda):
        with torch.device("cpu"), BalancedRouting(share):
            yield


@functools.cache
def load():
    """Imports megatron.core, its stand-ins in place, and returns its GPT."""
    if importlib.util.find_spec("megatron") is None:
        raise BadInput("megatron-core is not installed: tests/oracle/requirements.txt")
    sys.modules.update(SOFTMAX)
    with mock.patch.object(torch, "compile", compiled):  # functions are compiled as they are defined
        gpt = importlib.import_module("megatron.core.models.gpt.gpt_model")
        from megatron.core.fusions import fused_softmax
        from megatron.core.models.common.embeddings import rotary_pos_embedding, yarn_rotary_pos_embedding
        from megatron.core.tensor_parallel import layers, mappings, random, utils
        from megatron.core.transformer import multi_latent_attention, torch_norm
        from megatron.core.transformer.moe import grouped_gemm_util, moe_utils, token_dispatcher
    random.CudaRNGStatesTracker.fork = lambda *_: contextlib.nullcontext()
    random._get_all_rng_states, random._set_all_rng_states = lambda: (), lambda: None
    random._fork_rng = watch.recomputation  # it surrounds a forward that runs again
    random.FP8GlobalStateManager = types.SimpleNamespace(is_fp8_enabled=lambda: False)  # Transformer Engine's, not asked for
    random.activation_recompute_forward = random.fp8_autocast = lambda **_: contextlib.nullcontext()
    for module in (layers, mappings, utils):  # each has them under names of its own
        module.dist_all_gather_func = module.dist_reduce_scatter_func = done
    for module in (rotary_pos_embedding, yarn_rotary_pos_embedding):
        module.get_pos_emb_on_this_cp_rank = rotary_on_rank
    torch_norm.WrappedTorchNorm.__new__ = norm_of_rank(torch_norm.WrappedTorchNorm.__new__)
    fused_softmax.get_default_causal_mask = lambda s: torch.ones(s, s, device=torch.cuda.current_device()).triu(1).bool()
    grouped_gemm_util.ops = types.SimpleNamespace(gmm=lambda *given, trans_b: GMM.apply(*given, trans_b))
    grouped_gemm_util.assert_grouped_gemm_is_available = lambda: None
    multi_latent_attention.HAVE_TE = False  # it takes the wrapper's name for Transformer Engine itself
    moe_utils.te_general_gemm = None  # it forgets this one without Transformer Engine; torch.mm has the same saves
    token_dispatcher.MoEAlltoAllTokenDispatcher._maybe_dtoh_and_synchronize = tokens_of_experts
    return gpt.GPTModel


def flash_attention():
    """core_attention as Transformer Engine's: [s, b, heads, d] in, grouped keys and values as they are."""
    from megatron.core.transformer.module import MegatronModule

    class FlashAttention(MegatronModule):
        def __init__(self, config, **_):
            super().__init__(config)

        def forward(self, query, *key_value, **_):
            q, k, v = (x.permute(1, 2, 0, 3) for x in (query, *key_value[:2]))
            out = gpu.flash(q, k, v, self.config.attention_dropout if self.training else 0.0, True, None)
            return out.permute(2, 0, 1, 3).reshape(*query.shape[:2], -1)

    return FlashAttention


# ---- the model


def recomputation(case):
    """Megatron's arguments for actmem's input `checkpoint`."""
    kind, number = case.policy
    if kind == "none":
        return {}
    if kind.startswith("modules:"):
        modules = kind.removeprefix("modules:").split(",")
        if unknown := sorted(set(modules) - MODULES):
            raise BadInput(f"checkpoint=modules:{','.join(unknown)} is not measured in Megatron")
        return {"recompute_granularity": "selective", "recompute_modules": modules}
    if kind in ("full", "uniform", "block"):
        method = "block" if kind == "block" else "uniform"
        return {"recompute_granularity": "full", "recompute_method": method, "recompute_num_layers": number or 1}
    raise BadInput(f"checkpoint={case.run['checkpoint']} is not measured in Megatron")


def stage_of(case):
    """(How many layers it has, is it the first, the last) of the rank's stage; without pipeline parallelism all of it."""
    get = lambda key: int(case.model.get(key, 1))  # noqa: E731
    layers, pp = get("layers"), get("pp")
    if pp == 1:
        return layers, True, True
    if "rank" not in case.model or layers % pp or get("micro_batches") != 1:
        raise BadInput("a stage is measured with its rank, as many layers as the others and one micro-batch")
    return layers // pp, get("rank") == 0, get("rank") == pp - 1


def is_deepseek(case):
    return case.model.get("family") == "deepseek_v3"


def model_of(case):
    """Its keys of the group MODEL, with what the family says."""
    return {**DEEPSEEK_SAYS, **case.model} if is_deepseek(case) else case.model


def deepseek(case):
    """What DeepSeek-V3's config says of latent attention, its router, its shared experts and its first, dense layers."""
    get = lambda key, default=0: int(case.model.get(key, default))  # noqa: E731
    head, groups = get("head_dim"), get("expert_groups", 1)
    rotary = get("rotary_dim", head // 3 // 2 * 2)
    layers, dense = get("layers"), get("dense_layers")
    own, before = stage_of(case)[0], get("rank") * stage_of(case)[0]
    return {
        "multi_latent_attention": True,
        "qk_layernorm": True,
        "q_lora_rank": get("q_rank") or None,
        "kv_lora_rank": get("kv_rank"),
        "qk_head_dim": head - rotary,
        "qk_pos_emb_head_dim": rotary,
        "v_head_dim": get("v_head_dim", head),
        "kv_channels": get("v_head_dim", head),  # by which the local attention shapes its result
        "moe_layer_freq": ([0] * dense + [1] * (layers - dense))[before : before + own],
        "moe_router_score_function": "sigmoid",
        "moe_router_enable_expert_bias": True,
        "moe_router_num_groups": groups if groups > 1 else None,
        "moe_router_group_topk": get("groups_per_token", groups) if groups > 1 else None,
        "moe_router_topk_scaling_factor": 2.5,
        "moe_router_load_balancing_type": "seq_aux_loss",
        "moe_aux_loss_coeff": 0.0001,
        "moe_router_dtype": "fp32",
    }


def configuration(case):
    """Its TransformerConfig: of the model, of the run, and what pretrain_gpt.py's arguments make it by default."""
    from megatron.core.transformer.transformer_config import MLATransformerConfig, TransformerConfig

    get = model_of(case).get
    hidden, heads, experts = int(get("hidden")), int(get("heads")), int(get("experts", 0))
    gated, dropout = get("activation", "gelu") == "swiglu", get("dropout", 0)
    ranks = ranks_of(case)
    mixture = {} if not experts else {
        "num_moe_experts": experts,
        "moe_router_topk": int(get("experts_per_token", 0)),
        "moe_ffn_hidden_size": int(get("moe_ffn", get("ffn", 4 * hidden))),
        "moe_grouped_gemm": True,
        "moe_token_dispatcher_type": "alltoall",
        "moe_aux_loss_coeff": 0.01,
        "expert_model_parallel_size": ranks["ep"],
        "expert_tensor_parallel_size": ranks["etp"],
        "moe_shared_expert_intermediate_size": int(get("shared_ffn", 0)) or None,
    }
    latent = is_deepseek(case)
    mixture |= deepseek(case) if latent else {"kv_channels": int(get("head_dim", hidden // heads))}
    return (MLATransformerConfig if latent else TransformerConfig)(
        num_layers=stage_of(case)[0],
        hidden_size=hidden,
        num_attention_heads=heads,
        num_query_groups=int(get("kv_heads", heads)),
        ffn_hidden_size=int(get("ffn", 4 * hidden)),
        normalization="RMSNorm" if get("norm") == "rmsnorm" else "LayerNorm",
        gated_linear_unit=gated,
        activation_func=F.silu if gated else F.gelu,
        add_bias_linear=get("bias", "yes") == "yes",
        hidden_dropout=float(dropout),
        attention_dropout=float(get("attention_dropout", dropout)),
        tensor_model_parallel_size=ranks["tp"],
        sequence_parallel=get("sp") == "yes",
        context_parallel_size=ranks["cp"],
        distribute_saved_activations=get("distribute_saved") == "yes",
        bf16=True,
        params_dtype=case.dtype,
        pipeline_dtype=case.dtype,
        masked_softmax_fusion=True,
        attention_softmax_in_fp32=False,
        bias_activation_fusion=True,
        bias_dropout_fusion=True,
        gradient_accumulation_fusion=False,
        perform_initialization=False,
        **mixture,
        **recomputation(case),
    )


def ranks_of(case):
    """How many ranks share what; those that share an expert are as many as share a layer unless etp says otherwise."""
    ranks = {key: int(case.model.get(key, 1)) for key in ("tp", "cp", "ep")}
    return ranks | {"etp": int(case.model.get("etp", ranks["tp"]))}


def join(tp, cp, ep, etp):
    """Makes this process rank 0 of as few ranks as there can be."""
    from megatron.core import parallel_state
    from torch.testing._internal.distributed.fake_pg import FakeStore

    if dist.is_initialized():
        parallel_state.destroy_model_parallel()
        dist.destroy_process_group()
    dist.init_process_group("fake", rank=0, world_size=math.lcm(tp * cp, etp * ep), store=FakeStore())
    parallel_state.initialize_model_parallel(
        tp,
        context_parallel_size=cp,
        expert_model_parallel_size=ep,
        expert_tensor_parallel_size=etp,
        create_gloo_process_groups=False,
    )


def build(case):
    from megatron.core.models.gpt.gpt_layer_specs import get_gpt_decoder_block_spec

    config = configuration(case)
    spec = get_gpt_decoder_block_spec(config, use_transformer_engine=False, normalization=config.normalization)
    if case.run["attention"] == "flash":
        for each in spec.layer_specs:
            each.submodules.self_attention.submodules.core_attention = flash_attention()
    learned = model_of(case).get("positions", "learned") == "learned"
    tied = case.model.get("tie_word_embeddings", "yes" if learned else "no")
    _, first, last = stage_of(case)
    return load()(
        config,
        spec,
        vocab_size=int(case.model["vocab"]),
        max_sequence_length=int(case.model.get("max_positions", case.seq)),
        position_embedding_type="learned_absolute" if learned else "rope",
        share_embeddings_and_output_weights=tied == "yes",
        pre_process=first,
        post_process=last,
    )


def receive(model, case, seq, device):
    """What the stage before sends: the hidden states of a rank's tokens."""
    tokens = seq // model.config.tensor_model_parallel_size if model.config.sequence_parallel else seq
    shape = (tokens, case.batch, model.config.hidden_size)
    model.set_input_tensor(torch.zeros(shape, dtype=case.dtype, device=device, requires_grad=True))


def send(out):
    """Lets go of what has been sent but for its graph; a gradient of its shape comes back."""
    from megatron.core.pipeline_parallel.schedules import custom_backward, deallocate_output_tensor

    shape, dtype, device = out.shape, out.dtype, out.device
    deallocate_output_tensor(out, True)
    out.backward = lambda: custom_backward(out, torch.empty(shape, dtype=dtype, device=device))
    return out


def kept_for_the_run(config):
    """What Megatron makes in its first step and keeps, made beforehand: the loss's scale, which its schedules set, and
    the balancing losses that are to be logged."""
    from megatron.core.transformer.moe.moe_utils import MoEAuxLossAutoScaler, get_moe_layer_wise_logging_tracker

    zeros = functools.partial(torch.zeros, dtype=torch.float32)
    MoEAuxLossAutoScaler.main_loss_backward_scale, losses = zeros(()), zeros(config.num_layers)
    name = "seq_load_balancing_loss" if config.moe_router_load_balancing_type == "seq_aux_loss" else "load_balancing_loss"
    get_moe_layer_wise_logging_tracker()[name] = {"values": losses}
    return [MoEAuxLossAutoScaler.main_loss_backward_scale, losses]


def megatron_step(case):
    """stack=megatron-local."""
    load()
    device, run = torch.get_default_device(), case.run
    if run["attention"] not in ("eager", "flash") or run["dtype"] != "bf16" or case.autocast or run["trainable"] != "all":
        raise BadInput("stack=megatron-local is measured with attention=eager or flash, in bf16, and all of it trained")
    if unknown := sorted(set(case.model) - KEYS - (DEEPSEEK if is_deepseek(case) else set())):
        raise BadInput(f"{', '.join(unknown)}: not measured in Megatron")
    ranks, sp, seq = ranks_of(case), case.model.get("sp") == "yes", case.seq // ranks_of(case)["cp"]
    experts, chosen = (int(case.model.get(key, "0")) for key in ("experts", "experts_per_token"))
    if ranks["cp"] > 1 and run["attention"] != "flash":
        raise BadInput("cp is measured with attention=flash")
    if experts and (ranks["tp"] > 1 and not sp or case.batch * seq // ranks["tp"] * chosen % experts):
        raise BadInput("experts are measured with sp=yes where tp is above 1, and with as many tokens for each")
    with rank(device):
        join(**ranks)
        with torch.device(device):
            model = build(case)
            kept = kept_for_the_run(model.config)
    ids, labels, positions = (torch.zeros(case.batch, seq, dtype=torch.long) for _ in range(3))
    mask = torch.zeros(case.batch * seq, dtype=torch.float32)

    _, first, last = stage_of(case)

    def forward():
        """With the loss of pretrain_gpt.py, or as a stage of its schedules."""
        if not first:
            receive(model, case, seq, device)
        out = model(ids, positions, None, labels=labels if last else None)
        return torch.sum(out.view(-1).float() * mask) if last else send(out), None

    name = "GPTModel, local layer spec" + (", flash stand-in" if run["attention"] == "flash" else "")
    source = f"{versions('megatron-core')} {name}; {versions('torch')}"
    surroundings = functools.partial(rank, device, chosen / experts if experts else 1.0)
    given, distributed = [ids, positions, labels, mask, *kept], model.config.distribute_saved_activations
    how = {"whole_graph": True, "replaces_saved": distributed, "lasts": experts > 0}
    return Step(model, given, forward, source, surroundings, **how)


def scratch_bytes():
    """Megatron's global memory buffer, which stays for the whole run: what the last step has left in it."""
    from megatron.core.parallel_state import get_global_memory_buffer

    return sum(tensor.untyped_storage().nbytes() for tensor in get_global_memory_buffer().buffer.values())


def is_input_of_layers(row):
    """Is a row of the ledger the hidden states that enter layers which are recomputed whole? Not their table of positions."""
    first = any(saver.startswith("CheckpointFunction") and saver.endswith("[0]") for saver in row["saved_by"])
    return first and row["module"] == "decoder"

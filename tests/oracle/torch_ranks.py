"""One rank of PyTorch's own parallelism without a GPU: FSDP2, DTensor's tensor parallelism, ring attention.

A plain Llama runs as rank 0 of a fake process group on fake CPU tensors, where FSDP2's and DTensor's code runs without a
GPU; its attention and its norm are the CUDA kernels' (gpu.py). Collectives return at once and move nothing.
"""
import contextlib
import functools
import gc
import math
from unittest import mock

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch._subclasses.fake_tensor import unset_fake_temporarily
from torch.utils.checkpoint import checkpoint

import gpu
import watch
from inputs import BadInput
from models import LlamaLayer, Step, tokens, versions

aten = torch.ops.aten

WORLD = 8  # ranks of the fake process group: a mesh takes the first of them
KEYS = set(
    "layers hidden heads kv_heads head_dim ffn vocab dp zero reshard master_weights grad_dtype tp sp cp "
    "pp schedule micro_batches rank".split()
)
RUN = {"attention": "sdpa", "dtype": "bf16", "autocast": "off", "trainable": "all", "allocator": "exact", "reentrant": "no"}

# ---- the model: models.LlamaLayer in two modules, as the plan of tensor parallelism takes it apart


class Attention(nn.Module):
    def __init__(self, hidden, heads, kv_heads, head_dim):
        super().__init__()
        linear = functools.partial(nn.Linear, bias=False)
        self.head_dim, self.attend = head_dim, flash
        self.q, self.k = linear(hidden, heads * head_dim), linear(hidden, kv_heads * head_dim)
        self.v, self.o = linear(hidden, kv_heads * head_dim), linear(heads * head_dim, hidden)

    def forward(self, x, cos, sin):
        b, s = x.shape[:2]  # of a rank's part; how many heads it has follows
        q, k, v = (project(x).view(b, s, -1, self.head_dim).transpose(1, 2) for project in (self.q, self.k, self.v))
        y = self.attend(LlamaLayer.rotate(q, cos, sin), LlamaLayer.rotate(k, cos, sin), v)
        return self.o(y.transpose(1, 2).reshape(b, s, -1))


class MLP(nn.Module):
    def __init__(self, hidden, ffn):
        super().__init__()
        linear = functools.partial(nn.Linear, bias=False)
        self.w1, self.w3, self.w2 = linear(hidden, ffn), linear(hidden, ffn), linear(ffn, hidden)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Layer(nn.Module):
    def __init__(self, hidden, heads, kv_heads, head_dim, ffn):
        super().__init__()
        self.n1, self.n2 = nn.RMSNorm(hidden), nn.RMSNorm(hidden)
        self.attention, self.mlp = Attention(hidden, heads, kv_heads, head_dim), MLP(hidden, ffn)

    def forward(self, x, cos, sin):
        x = x + self.attention(self.n1(x), cos, sin)
        return x + self.mlp(self.n2(x))


class Llama(nn.Module):
    """All of a model, or a stage of a pipeline: without embedding it takes hidden states, without head it returns them."""

    def __init__(self, case, layers, layer=Layer, first=True, last=True):
        super().__init__()
        hidden, heads, kv_heads, head_dim, ffn, vocab = shape_of(case)
        self.embed = nn.Embedding(vocab, hidden) if first else None
        self.layers = nn.ModuleList(layer(hidden, heads, kv_heads, head_dim, ffn) for _ in range(layers))
        self.norm = nn.RMSNorm(hidden) if last else None
        self.head = nn.Linear(hidden, vocab, bias=False) if last else None
        self.checkpointed = case.checkpointed

    def forward(self, x, cos, sin):
        if self.embed is not None:
            x = self.embed(x)
        for layer in self.layers:
            x = checkpoint(layer, x, cos, sin, use_reentrant=False) if self.checkpointed else layer(x, cos, sin)
        return x if self.head is None else self.head(self.norm(x))


def shape_of(case):
    """hidden, heads, kv_heads, head_dim, ffn, vocab."""
    get = lambda key, default=None: int(case.model.get(key, default))  # noqa: E731
    hidden, heads = get("hidden"), get("heads")
    return hidden, heads, get("kv_heads", heads), get("head_dim", hidden // heads), get("ffn"), get("vocab")


def tables(case):
    """Cosines and sines."""
    return [torch.zeros(case.seq, shape_of(case)[3], dtype=case.dtype) for _ in range(2)]


# ---- stand-ins


def flash(q, k, v):
    return gpu.flash(q, k, v, 0.0, True, None)


class FusedRmsNorm(torch.autograd.Function):
    """gpu.FusedRMSNorm in operations that DTensor shards by themselves."""

    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight, torch.empty_like(x[..., :1], dtype=torch.float32))
        return torch.empty_like(x)

    @staticmethod
    def backward(ctx, _):
        return tuple(torch.empty_like(tensor) for tensor in ctx.saved_tensors[:2])


KERNEL = {"FusedRmsNormBackward.saved[0]": "FusedRmsNormBackward0.input", "FusedRmsNormBackward.saved[2]": "FusedRmsNormBackward0.result1"}


def named_as_kernel(entry):
    """A row of the ledger with the norm's stand-in under the kernel's name."""
    return entry | {"saved_by": [KERNEL.get(saver, saver) for saver in entry["saved_by"]]}


def as_kernels(figures):
    """A rank's figures with such rows; of FSDP2's parameters a rank has a part, which its gradients tell."""
    ledger = figures["ledger"] and [named_as_kernel(entry) for entry in figures["ledger"] if entry["bytes"]]
    whole = figures["parameters"] if "unsharded" not in figures else None
    return figures | {"ledger": ledger, "parameters": whole}


@contextlib.contextmanager
def fused_norm(around):
    """Within, and within around(), the norm is one operation on a CPU too."""
    norm = lambda x, shape, weight=None, eps=None: FusedRmsNorm.apply(x, weight)  # noqa: E731
    with mock.patch.object(F, "rms_norm", norm), around():
        yield


# ---- ranks


def on_real_tensors(of, name):
    """Lets a method of a DeviceMesh, which looks at the ranks' numbers, do so beside fake tensors."""
    method = getattr(of, name)
    if hasattr(method, "__wrapped__"):
        return

    @functools.wraps(method)
    def real(*args, **kwargs):
        with unset_fake_temporarily():
            return method(*args, **kwargs)

    setattr(of, name, staticmethod(real) if isinstance(of.__dict__[name], staticmethod) else real)


def meshes_of(dp, cp, tp):
    """The ranks that FSDP2 shares parameters out over, those of context and of tensor parallelism, of the process group's first, of which
    this process is rank 0."""
    from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
    from torch.distributed.tensor._sharding_prop import ShardingPropagator
    from torch.testing._internal.distributed.fake_pg import FakeStore

    if dist.is_initialized() and dist.get_world_size() != WORLD:  # Megatron's
        dist.destroy_process_group()
    if not dist.is_initialized():
        dist.init_process_group("fake", rank=0, world_size=WORLD, store=FakeStore())
    shapes = ShardingPropagator._propagate_tensor_meta_non_cached
    if not hasattr(shapes, "__wrapped__"):  # DTensor works the shapes of whole results out on tensors that hold nothing

        @functools.wraps(shapes)
        def uncounted(*args, **kwargs):
            with watch.uncounted():
                return shapes(*args, **kwargs)

        ShardingPropagator._propagate_tensor_meta_non_cached = uncounted
    on_real_tensors(DeviceMesh, "_concatenate")
    with unset_fake_temporarily():
        mesh = init_device_mesh("cpu", (dp, cp, tp), mesh_dim_names=("dp", "cp", "tp"))
        return mesh["dp", "cp"]._flatten("data"), mesh["cp"], mesh["tp"]


def cross_entropy(model, ids, labels, cos, sin):
    """Of logits in fp32; the caller keeps nothing but the loss."""
    return F.cross_entropy(model(ids, cos, sin).flatten(0, 1).float(), labels.flatten(0, 1))


def shard_parameters(model, case, mesh):
    """FSDP2: every layer, then the model."""
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    policy = MixedPrecisionPolicy()
    if case.model.get("master_weights") == "yes":
        policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    how = {"mesh": mesh, "mp_policy": policy, "reshard_after_forward": case.model.get("reshard") != "no"}
    for module in (*model.layers, model):
        fully_shard(module, **how)


def gathered(model):
    """FSDP2's parameters of all ranks, whether there is memory behind them or not."""
    from torch.distributed.fsdp import FSDPModule

    groups = [g for m in model.modules() if isinstance(m, FSDPModule) for g in m._get_fsdp_state()._fsdp_param_groups]
    return [tensor for group in groups for p in group.fsdp_params for tensor in p.all_gather_outputs]


def shard_layers(model, mesh, sp, parallel_loss):
    """torchtitan's plan for Llama."""
    from torch.distributed.tensor import Replicate, Shard
    from torch.distributed.tensor.parallel import (
        ColwiseParallel,
        PrepareModuleInput,
        RowwiseParallel,
        SequenceParallel,
        parallelize_module,
    )

    whole = Shard(1) if sp else Replicate()
    logits = Shard(-1) if parallel_loss else Replicate()
    plan = {
        "embed": RowwiseParallel(input_layouts=Replicate(), output_layouts=whole),
        "head": ColwiseParallel(input_layouts=whole, output_layouts=logits, use_local_output=not parallel_loss),
    }
    parallelize_module(model, mesh, plan | ({"norm": SequenceParallel()} if sp else {}))
    for layer in model.layers:
        columns = ("attention.q", "attention.k", "attention.v", "mlp.w1", "mlp.w3")
        plan = {name: ColwiseParallel() for name in columns}
        plan |= {name: RowwiseParallel(output_layouts=whole) for name in ("attention.o", "mlp.w2")}
        if sp:
            part, full = Shard(1), Replicate()
            plan |= {"n1": SequenceParallel(), "n2": SequenceParallel()}
            plan["attention"] = PrepareModuleInput(
                input_layouts=(part, None, None), desired_input_layouts=(full, None, None)
            )
            plan["mlp"] = PrepareModuleInput(input_layouts=(part,), desired_input_layouts=(full,))
        parallelize_module(layer, mesh, plan)


def ring_attention(mesh):
    """What context_parallel does inside scaled_dot_product_attention, with the kernel that CUDA takes."""
    from torch.distributed.tensor import DTensor, Shard

    def attend(q, k, v):
        q, k, v = (DTensor.from_local(x, mesh, [Shard(2)], run_check=False) for x in (q, k, v))
        out = aten._scaled_dot_product_flash_attention(q, k, v, 0.0, True, False, scale=q.shape[-1] ** -0.5)[0]
        return out.to_local()

    return attend


def check(case):
    get = case.model.get
    if unknown := sorted(set(case.model) - KEYS):
        raise BadInput(f"{', '.join(unknown)}: not measured on ranks of stack=torch")
    if wrong := [f"{key}={case.run[key]}" for key, value in RUN.items() if case.run[key] != value]:
        raise BadInput(f"{', '.join(wrong)}: ranks of stack=torch are measured with {' '.join(f'{k}={v}' for k, v in RUN.items())}")
    if case.policy[0] not in ("none", "full"):
        raise BadInput("ranks of stack=torch are measured with checkpoint=none or full")
    ranks = [int(get(key, "1")) for key in ("tp", "cp", "dp")]
    if int(get("pp", "1")) > 1 and max(ranks) > 1:
        raise BadInput("stages of stack=torch are measured without tp, cp and dp")
    if math.prod(ranks) > WORLD:
        raise BadInput(f"stack=torch is measured on {WORLD} ranks at most")


def is_rank(case):
    """Is a case a rank among others, which is not played as a whole model is?"""
    ranks = any(int(case.model.get(key, "1")) > 1 for key in ("tp", "cp")) or case.model.get("zero") == "3"
    return case.run["stack"] == "torch" and ranks


def is_stage(case):
    return int(case.model.get("pp", "1")) > 1


def rank_step(case):
    """stack=torch as one rank: zero=3 with dp, tp with sp and cp, alone or together."""
    check(case)
    get = case.model.get
    tp, cp, dp = (int(get(key, "1")) for key in ("tp", "cp", "dp"))
    parallel_loss = tp > 1 and case.run["loss"] in (None, "vocab_parallel")
    if get("master_weights") == "yes":  # the caller sets it back
        torch.set_default_dtype(torch.float32)
    model = Llama(case, int(get("layers")))
    given = [*tokens(case), *tables(case)]
    probe, around, name = None, contextlib.nullcontext, ""
    forward = functools.partial(cross_entropy, model, *given)
    data, context, tensor = meshes_of(dp, cp, tp)
    if tp > 1:
        from torch.distributed.tensor.parallel import loss_parallel

        name = " parallelize_module"
        shard_layers(model, tensor, get("sp") == "yes", parallel_loss)
        around = loss_parallel if parallel_loss else contextlib.nullcontext
    if get("zero") == "3":
        name += " fully_shard"
        shard_parameters(model, case, data)
        probe = functools.partial(gathered, model)
    if cp > 1:
        from torch.distributed.tensor.experimental import context_parallel

        name += " context_parallel"
        leave, inner = contextlib.ExitStack(), around
        for layer in model.layers:
            layer.attention.attend = ring_attention(context)
        around = lambda: leave  # noqa: E731

        def forward():  # the parts that are cut from the sequence count
            leave.enter_context(inner())
            leave.enter_context(context_parallel(context, buffers=given, buffer_seq_dims=[1, 1, 0, 0]))
            return cross_entropy(model, *given)

    source = f"{versions('torch')}{name}, a plain Llama"
    return Step(model, given, lambda: (forward(), None), source, functools.partial(fused_norm, around), probe=probe)


# ---- one stage of a pipeline

def stage_of(case, ends):
    """How many layers a stage has: schedule=zbv gives each rank two stages, the others one."""
    check(case)
    layers, stages = int(case.model["layers"]), int(case.model["pp"]) * (2 if case.model.get("schedule") == "zbv" else 1)
    if layers % stages or case.model.get("micro_batches") != "1" or ends not in ("first", "middle", "last"):
        raise BadInput("a stage is measured with as many layers as the others and one micro-batch")
    return layers // stages


def play_stage(case, ends, parts):
    """A forward and a backward, with the functions of torch.distributed.pipelining, on the meta device: the backward whole,
    or in two parts. The input from the stage before counts and gets a gradient; the output is let go once it is sent."""
    from torch.distributed.pipelining import _backward as pipelining

    gc.collect()
    first, last = ends == "first", ends == "last"
    with torch.device("meta"), gpu.kernels("sdpa"):
        torch.set_default_dtype(case.dtype)
        try:
            model = Llama(case, stage_of(case, ends), LlamaLayer, first, last)
        finally:
            torch.set_default_dtype(torch.float32)
        parameters = list(model.parameters())
        for p in parameters:
            p.grad = torch.zeros_like(p)
        given = [*tokens(case), *tables(case)]
        memory = watch.Memory(block=case.block)
        memory.ignore([*parameters, *(p.grad for p in parameters), *given])
        ids, labels, *rotary = given
        shape = (case.batch, case.seq, shape_of(case)[0])
        with memory:
            received = ids if first else torch.zeros(shape, dtype=case.dtype).requires_grad_()
            out = model(received, *rotary)
            loss = F.cross_entropy(out.flatten(0, 1).float(), labels.flatten(0, 1)) if last else None
            root = [loss if last else torch.autograd.graph.get_gradient_edge(out)]
            if not last:  # it is sent; the last stage holds its logits until its backward has run
                del out
            figures = {"live_after_forward": memory.live}
            memory.enter_backward()
            gradient = None if last else [torch.empty(shape, dtype=case.dtype)]
            values = [] if first else [received]
            if not parts:
                pipelining.stage_backward(root, gradient or [None], values)
                phases = "forward_peak", "backward_peak"
                return figures | {name: memory.peaks[name.removesuffix("_peak")][0] for name in phases}
            _, groups = pipelining.stage_backward_input(root, gradient, values, iter(parameters))
            figures["input_peak"] = memory.peaks["backward"][0]
            out = gradient = root = None
            received.grad = None  # sent
            figures["waiting"] = memory.live
            memory.enter_backward()
            pipelining.stage_backward_weight(iter(parameters), groups)
            return figures | {"weights_peak": memory.peaks["backward"][0]}


def measure_stage(case, ends):
    """The figures of a stage: "first", "middle" or "last"; of one that divides its backward, what each part has too."""
    functions = "stage_backward, stage_backward_input and stage_backward_weight"
    figures = {"source": f"{versions('torch')} torch.distributed.pipelining {functions}; a plain Llama"}
    figures |= play_stage(case, ends, parts=False)
    divided = case.model.get("schedule") == "zbv" and ends != "first"
    return figures | (play_stage(case, ends, parts=True) if divided else {})

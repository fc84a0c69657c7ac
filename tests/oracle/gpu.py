"""What a CUDA device would do, played on tensors that hold nothing: which kernels run, what they keep, what is cast.

Only what PyTorch decides by asking the device needs a stand-in. On a fake CUDA tensor or a meta tensor every other
shape, dtype, storage and autograd decision is PyTorch's own.
"""
import contextlib
import ctypes
import functools
import pathlib
import subprocess

import torch
import torch.nn.functional as F

aten = torch.ops.aten

HERE = pathlib.Path(__file__).resolve().parent

WIDEST_FLASH_HEAD = 256  # elements
FLASH_ALIGNMENT = 8  # a head's width is padded to a multiple of it

torch.cuda.get_device_capability = lambda *_: (9, 0)  # an H100, should a model's code ask
torch.cuda.is_bf16_supported = lambda *_: True
torch.cuda.amp.common.amp_definitely_not_available = lambda: False  # torch.autocast does not turn itself off


def flash(q, k, v, p, causal, scale):
    """The flash kernel on [b, heads, s, d], as ATen calls it: heads padded to its alignment and cut again."""
    width = q.shape[-1]
    padding = -width % FLASH_ALIGNMENT
    if padding:
        q, k, v = (F.pad(x, (0, padding)) for x in (q, k, v))
    out = aten._scaled_dot_product_flash_attention(q, k, v, p, causal, False, scale=scale or width**-0.5)[0]
    return out[..., :width] if padding else out


def flash_in(dtype, q, k, v, p, scale):
    """As fa_peft_integration_check casts them, and the extension computes: nothing of it is cast by autocast."""
    if dtype and q.dtype == torch.float32:
        q, k, v = q.to(dtype), k.to(dtype), v.to(dtype)
    with autocast_off():
        return flash(q, k, v, p, True, scale)


def flash_attention_2(module, query, key, value, attention_mask, dropout=0.0, scaling=None, **_):
    """transformers' FlashAttention-2 path: no mask, grouped heads as they are, values padded to the keys' width, fp32 cast under autocast."""
    from transformers.integrations.flash_attention import get_target_dtype

    width, value_width = query.shape[-1], value.shape[-1]
    if value_width != width:
        value = F.pad(value, (0, width - value_width))
    out = flash_in(get_target_dtype(query, module), query, key, value, dropout if module.training else 0.0, scaling)
    if value_width != width:
        out = out[..., :value_width]
    return out.transpose(1, 2), None


@contextlib.contextmanager
def autocast_off():
    """What one operation is made of is not cast again."""
    on = torch.is_autocast_enabled("cuda")
    torch.set_autocast_enabled("cuda", False)
    try:
        yield
    finally:
        torch.set_autocast_enabled("cuda", on)


def route_of_sdpa(attention):
    """scaled_dot_product_attention as ATen's attention.cpp and sdp_utils.cpp route it on a GPU.

    It casts under autocast and makes a boolean mask additive; then flash runs if no mask is needed and dtype and widths
    allow it, else memory-efficient attention; both know grouped heads where they are asked for. attention="efficient"
    forces the latter. On sm90 and sm100 PyTorch prefers cuDNN, which keeps the same tensors but for 8 bytes of random
    state.
    """

    def route(q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False):
        mask, given = attn_mask, (q, k, v)  # noqa: F841 - which its caller holds
        if torch.is_autocast_enabled("cuda"):
            low = torch.get_autocast_dtype("cuda")
            q, k, v = q.to(low), k.to(low), v.to(low)
            if mask is not None and mask.is_floating_point():
                mask = mask.to(low)
        if mask is not None and mask.dtype == torch.bool:
            mask = torch.where(mask, 0.0, torch.full((), float("-inf"), dtype=q.dtype, device=mask.device))
        if k.shape[1] != q.shape[1] and not enable_gqa:  # no kernel takes them: PyTorch's plain code, in fp32
            with autocast_off():
                return aten._scaled_dot_product_attention_math(q, k, v, mask, dropout_p, is_causal, None, scale=scale)[0]
        narrow = q.shape[-1] <= WIDEST_FLASH_HEAD and q.shape[-1] == v.shape[-1]
        if attention == "sdpa" and mask is None and q.dtype != torch.float32 and narrow:
            return flash(q, k, v, dropout_p, is_causal, scale)
        if mask is not None:
            mask = mask.expand(q.shape[0], q.shape[1], q.shape[2], k.shape[2])
        return aten._scaled_dot_product_efficient_attention(q, k, v, mask, True, dropout_p, is_causal, scale=scale)[0]

    return route


class FusedRMSNorm(torch.autograd.Function):
    """What the CUDA kernel of rms_norm keeps and returns, in its order: the output before the statistics, which live
    until the gradients exist. The meta device has only the composite of many operations.

    The temporaries of the kernel's backward are not played.
    """

    @staticmethod
    def forward(ctx, x, weight):
        out = torch.empty_like(x)
        ctx.save_for_backward(x, weight, x.new_empty(*x.shape[:-1], 1, dtype=torch.float32))
        return out

    @staticmethod
    def backward(ctx, _):
        x, weight, rstd = ctx.saved_tensors
        gradients = torch.empty_like(x), torch.empty_like(weight)
        del rstd
        return gradients


def _dropout(x, p=0.5, training=True, inplace=False):
    return aten.native_dropout(x, p, True)[0] if training and p > 0 else x


@contextlib.contextmanager
def kernels(attention):
    """PyTorch's functions take the routes of a CUDA device within; attention is actmem's input of that name."""
    own = F.scaled_dot_product_attention, F.dropout, F.rms_norm

    def rms_norm(x, shape, weight=None, eps=None):
        return FusedRMSNorm.apply(x, weight) if x.device.type == "meta" else own[2](x, shape, weight, eps)

    try:
        F.scaled_dot_product_attention, F.dropout, F.rms_norm = route_of_sdpa(attention), _dropout, rms_norm
        yield
    finally:
        F.scaled_dot_product_attention, F.dropout, F.rms_norm = own


@functools.cache
def let_backward_run():
    """Autograd's engine takes fake CUDA tensors from here on."""
    source, library = HERE / "fake_cuda.cpp", HERE.parents[1] / "build" / "fake_cuda.so"
    torch_path = pathlib.Path(torch.__file__).parent
    if not library.exists() or library.stat().st_mtime < max(source.stat().st_mtime, (torch_path / "version.py").stat().st_mtime):
        libraries = [f"-L{torch_path}/lib", f"-Wl,-rpath,{torch_path}/lib", "-lc10", "-ltorch_cpu"]
        command = ["g++", "-std=c++20", "-O1", "-shared", "-fPIC", f"-isystem{torch_path}/include", source, "-o", library, *libraries]
        subprocess.run(command, check=True)
    ctypes.CDLL(str(library)).fake_cuda()


def autocast(dtype, cache=True):
    """torch.autocast("cuda", dtype), and what checkpoints make of it when they run again. None: off."""
    return torch.autocast("cuda", dtype, cache_enabled=cache) if dtype else contextlib.nullcontext()

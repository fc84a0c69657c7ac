"""Measures what optimizers hold for each tensor: their own classes take one step on a CPU, and the bytes of what they keep are read.

    python optimizers.py > ../fixtures/optimizers.json     (pip install torch bitsandbytes lion-pytorch)

Counters of steps are left out: they are numbers on the host. Tables that all tensors share are counted once, as shared_bytes. With
`master`, the optimizer is given the fp32 copy of each parameter, as mixed-precision training does. `sharded` is FSDP2, rank 0 of eight in a
fake process group: what it holds of parameters and gradients, and its optimizer's states. Adafactor's step fails there, and bitsandbytes
takes no DTensor.
"""
import json
import re
import warnings

import torch

warnings.filterwarnings('ignore')

DTYPES = {'fp32': torch.float32, 'bf16': torch.bfloat16}
# component, shape, count: a little Llama, a mixture's stacked experts, an adapter's odd sizes
TENSORS = [
    ('embedding', [1000, 64]), ('attention', [64, 64]), ('attention', [16, 64]), ('mlp', [177, 64]), ('mlp', [64, 177]),
    ('norm', [64]), ('attention', [5000]), ('mlp', [4, 64, 63]), ('mlp', [63, 65]), ('mlp', [64, 64]), ('mlp', [4097]), ('head', [1000, 64]),
]


def is_hidden_matrix(component, shape):
    return len(shape) == 2 and component not in ('embedding', 'head')


def make(optimizer, params):
    everything = [p for _, p in params]
    if optimizer == 'adamw':
        return [torch.optim.AdamW(everything)]
    if optimizer == 'adamw_8bit':
        import bitsandbytes
        return [bitsandbytes.optim.AdamW8bit(everything)]
    if optimizer == 'adafactor':
        return [torch.optim.Adafactor(everything)]
    if optimizer == 'lion':
        import lion_pytorch
        return [lion_pytorch.Lion(everything)]
    if optimizer == 'muon':
        matrices = [p for component, p in params if is_hidden_matrix(component, p.shape)]
        rest = [p for component, p in params if not is_hidden_matrix(component, p.shape)]
        return [kind(some) for kind, some in ((torch.optim.Muon, matrices), (torch.optim.AdamW, rest)) if some]
    return [torch.optim.SGD(everything, lr=0.1, momentum=0.9 if optimizer == 'sgd_momentum' else 0)]


def states_of(optimizer, params):
    """Bytes of what the optimizer holds for each of (component, parameter) after one step, and of what several share."""
    optimizers = make(optimizer, params)
    for _, p in params:
        p.grad = torch.randn_like(p)
    for o in optimizers:
        o.step()
    owners = {}
    for index, (_, p) in enumerate(params):
        for o in optimizers:
            for value in o.state.get(p, {}).values():
                if isinstance(value, torch.Tensor) and value.dim() > 0:
                    storage = value.untyped_storage()
                    owners.setdefault(storage.data_ptr(), (storage.nbytes(), set()))[1].add(index)
    bytes_of, shared = [0] * len(params), 0
    for size, indices in owners.values():
        if len(indices) > 1:
            shared += size
        else:
            bytes_of[next(iter(indices))] += size
    return bytes_of, shared


def component_of(name):
    """As actmem calls a parameter of a transformers model: its table and head, and what projects them, are no hidden matrices."""
    if re.search(r'lm_head|embed_out|project_out', name):
        return 'head'
    return 'embedding' if re.search(r'embed_tokens|embed_positions|embed_in|project_in|word_embeddings\b|\bw[tp]e\b', name) else 'hidden'


def measure_model(model, optimizer, master):
    """A model's bytes in actmem's words: of its weights and gradients, their copies in fp32, and the optimizer's states."""
    trained = [(component_of(name), p) for name, p in model.named_parameters() if p.requires_grad]
    held = [(component, torch.nn.Parameter(p.detach().float())) for component, p in trained] if master else trained
    bytes_of, shared = states_of(optimizer, held)
    size = lambda tensors: sum(t.numel() * t.element_size() for t in tensors)
    return {
        'weights_bytes': size(model.parameters()),
        'gradients_bytes': size(p for _, p in trained),
        'master_bytes': size(copy for (_, copy), (_, p) in zip(held, trained) if copy.dtype != p.dtype),
        'optimizer_bytes': sum(bytes_of) + shared,
    }


def measure(optimizer, dtype, master):
    params = [(component, torch.nn.Parameter(torch.randn(shape, dtype=torch.float32 if master else DTYPES[dtype]))) for component, shape in TENSORS]
    bytes_of, shared = states_of(optimizer, params)
    rows = []
    for (component, p), size in zip(params, bytes_of):
        rows.append({'component': component, 'shape': list(p.shape), 'bytes': size})
    return {'optimizer': optimizer, 'dtype': dtype, 'master': master, 'tensors': rows, 'shared_bytes': shared, 'bytes': sum(bytes_of) + shared}


class All(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.all = torch.nn.ParameterList([torch.nn.Parameter(torch.randn(shape, dtype=torch.bfloat16)) for _, shape in TENSORS])

    def forward(self):
        return sum(p.sum() for p in self.all)


def measure_sharded(optimizer, ranks):
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard
    from torch.testing._internal.distributed.fake_pg import FakeStore
    dist.init_process_group('fake', store=FakeStore(), rank=0, world_size=ranks)
    module = All()
    fully_shard(module, mesh=init_device_mesh('cpu', (ranks,)))
    params = list(zip((component for component, _ in TENSORS), module.all))
    optimizers = make(optimizer, params)
    module().backward()
    for o in optimizers:
        o.step()
    storages = lambda tensors: sum({t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}.values())
    local = lambda t: t.to_local() if hasattr(t, 'to_local') else t
    states = [local(v) for o in optimizers for state in o.state.values() for v in state.values() if isinstance(v, torch.Tensor) and v.dim() > 0]
    case = {'optimizer': optimizer, 'ranks': ranks, 'weights': storages(local(p) for _, p in params),
            'gradients': storages(local(p.grad) for _, p in params), 'states': storages(states)}
    dist.destroy_process_group()
    return case


def main():
    import bitsandbytes
    torch.manual_seed(0)
    cases = [measure(optimizer, dtype, master)
             for optimizer in ('adamw', 'adamw_8bit', 'adafactor', 'lion', 'muon', 'sgd', 'sgd_momentum')
             for dtype, master in (('fp32', False), ('bf16', False), ('bf16', True))]
    sharded = [measure_sharded(optimizer, ranks) for optimizer in ('adamw', 'lion', 'muon', 'sgd', 'sgd_momentum') for ranks in (2, 8)]
    rows = lambda cases: ',\n  '.join(json.dumps(case) for case in cases)
    print(f'{{"torch": "{torch.__version__}", "bitsandbytes": "{bitsandbytes.__version__}",\n "cases": [\n  {rows(cases)}],\n "sharded": [\n  {rows(sharded)}]}}')


if __name__ == '__main__':
    main()

#!/usr/bin/python3
"""Training steps of the peers of our trainer: the models of models/bench-*.yaml in PyTorch.

The bar that tests/bench/bench_train.sh compares with, so it is tuned: every switch below stands
where it was fastest on the machines we had, and each can be turned to see what it is worth.
A step is forward, backward, clipping to norm 1 and AdamW, in fp32, on one batch of random tokens.
Prints one JSON object. What must be decided before Python starts (which OpenBLAS, which vector
instructions, how malloc keeps memory) is put into the environment of a second start of itself.
"""
import argparse
import glob
import json
import math
import os
import resource
import statistics
import sys
import time

# Shapes as in the model file of each; batch and seq are those the bench runs.
MODELS = {
    "m10": dict(file="bench-m10", layers=6, width=384, heads=6, vocab=256, context=256,
                experts=0, top_k=0, batch=8, seq=256),
    "gpt2": dict(file="gpt2-124m", layers=12, width=768, heads=12, vocab=50257, context=1024,
                 experts=0, top_k=0, batch=4, seq=64),
    "moe8": dict(file="bench-moe8", layers=6, width=384, heads=6, vocab=256, context=256,
                 experts=8, top_k=2, batch=8, seq=256),
}
BALANCE = 0.01  # coefficient of the load-balancing loss (OLMoE, arXiv:2409.02060)
LR, BETAS, EPS, DECAY, CLIP = 1e-3, (0.9, 0.95), 1e-8, 0.1, 1.0


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--batch", type=int, help="sequences")
    parser.add_argument("--seq", type=int, help="tokens of a sequence")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--blas", choices=["openmp", "pthread", "system"], default="openmp")
    parser.add_argument("--capability", choices=["best", "avx2"], default="best")
    parser.add_argument("--malloc", choices=["keep", "huge", "system"], default="huge")
    parser.add_argument("--spin", choices=["short", "system"], default="system",
                        help="short: waiting threads sleep soon, for a machine that is not free")
    parser.add_argument("--mkldnn", choices=["on", "off"], default="on")
    parser.add_argument("--attention", choices=["masked", "added", "causal"], default="causal")
    parser.add_argument("--block", type=int, default=128, help="queries at once, of causal")
    parser.add_argument("--adamw", choices=["single", "foreach"], default="single")
    parser.add_argument("--experts", choices=["index_add", "sorted"], default="sorted")
    parser.add_argument("--count", action="store_true", help="print the parameters and stop")
    return parser.parse_args()


def environment(opt):
    """What the second start needs in its environment."""
    env = {"OMP_NUM_THREADS": str(opt.threads), "OPENBLAS_NUM_THREADS": str(opt.threads)}
    if opt.blas != "system":
        found = glob.glob(f"/usr/lib/*/openblas-{opt.blas}/libopenblas.so.0")
        if found:
            env["LD_PRELOAD"] = found[0]
        else:
            sys.stderr.write("torch_step.py: the wanted OpenBLAS is not installed; using the "
                             "system's choice\n")
    with open("/proc/cpuinfo") as info:
        flags = info.read()
    # Debian's PyTorch takes AVX2 by itself even where AVX-512 is present.
    if opt.capability == "best" and all(f in flags for f in ("avx512f", "avx512dq", "avx512vl")):
        env["ATEN_CPU_CAPABILITY"] = "avx512"
    elif opt.capability == "avx2":
        env["ATEN_CPU_CAPABILITY"] = "avx2"
    # Without this every large tensor is mapped, faulted in page by page and unmapped again.
    if opt.malloc != "system":
        env["MALLOC_MMAP_MAX_"] = "0"
        env["MALLOC_TRIM_THRESHOLD_"] = str(1 << 40)
    if opt.malloc == "huge":
        env["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1"
    if opt.spin == "short":
        env["GOMP_SPINCOUNT"] = "1000"
    return env


def start_again(opt):
    """Once; the second start finds what the first one could have."""
    if os.environ.get("TORCH_STEP_READY"):
        if not os.environ.get("LD_PRELOAD"):
            opt.blas = "system"
        return
    env = dict(os.environ, TORCH_STEP_READY="1", **environment(opt))
    os.execve(sys.executable, [sys.executable] + sys.argv, env)


opt = options()
start_again(opt)

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402


# ---- attention: q, k, v (B*H, T, D) -> (B*H, T, D)


def attention_masked(q, k, v, mask):
    scores = torch.bmm(q, k.transpose(1, 2)) * (1 / math.sqrt(q.size(-1)))
    return torch.bmm(F.softmax(scores.masked_fill(mask < 0, float("-inf")), -1), v)


def attention_added(q, k, v, mask):
    """Scale and mask inside the product: two passes over T x T less."""
    scale = 1 / math.sqrt(q.size(-1))
    scores = torch.baddbmm(mask.expand(q.size(0), -1, -1), q, k.transpose(1, 2), alpha=scale)
    return torch.bmm(F.softmax(scores, -1), v)


class CausalAttention(torch.autograd.Function):
    """By blocks of queries, each with the keys it may see: about half of the T x T square."""

    @staticmethod
    def forward(ctx, q, k, v, mask):
        scale = 1 / math.sqrt(q.size(-1))
        out = torch.empty_like(q)
        kept = []
        for begin in range(0, q.size(1), opt.block):
            end = min(begin + opt.block, q.size(1))
            scores = torch.baddbmm(mask[begin:end, :end].expand(q.size(0), -1, -1),
                                   q[:, begin:end], k[:, :end].transpose(1, 2), alpha=scale)
            p = F.softmax(scores, -1)
            torch.bmm(p, v[:, :end], out=out[:, begin:end])
            kept.append(p)
        ctx.save_for_backward(q, k, v, *kept)
        return out

    @staticmethod
    def backward(ctx, dout):
        q, k, v, *kept = ctx.saved_tensors
        scale = 1 / math.sqrt(q.size(-1))
        dq, dk, dv = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        for i, p in enumerate(kept):
            begin, end = i * opt.block, p.size(2)
            dv[:, :end].baddbmm_(p.transpose(1, 2), dout[:, begin:end])
            dp = torch.bmm(dout[:, begin:end], v[:, :end].transpose(1, 2))
            ds = torch._softmax_backward_data(dp, p, -1, p.dtype)
            torch.baddbmm(dq[:, begin:end], ds, k[:, :end], beta=0, alpha=scale,
                          out=dq[:, begin:end])
            dk[:, :end].baddbmm_(ds.transpose(1, 2), q[:, begin:end], alpha=scale)
        return dq, dk, dv, None


ATTENTION = {"masked": attention_masked, "added": attention_added, "causal": CausalAttention.apply}


# ---- experts: dropless, top_k of E a token, weights of the chosen sum to 1 (Mixtral)


class Dispatch(torch.autograd.Function):
    """Rows of x in the order of experts. The gradient is a gather and a sum, no index_add."""

    @staticmethod
    def forward(ctx, x, token, place):
        ctx.save_for_backward(place)
        ctx.tokens = x.size(0)
        return x.index_select(0, token)

    @staticmethod
    def backward(ctx, drows):
        (place,) = ctx.saved_tensors
        return drows.index_select(0, place).view(ctx.tokens, -1, drows.size(1)).sum(1), None, None


class Permute(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows, place, order):
        ctx.save_for_backward(order)
        return rows.index_select(0, place)

    @staticmethod
    def backward(ctx, dout):
        (order,) = ctx.saved_tensors
        return dout.index_select(0, order), None, None


class Experts(nn.Module):
    def __init__(self, width, hidden, experts, top_k):
        super().__init__()
        self.top_k = top_k
        self.router = nn.Linear(width, experts, bias=False)
        # One parameter an expert: slices of a stacked one would each return a full gradient.
        self.up = nn.ModuleList(nn.Linear(width, hidden, bias=False) for _ in range(experts))
        self.down = nn.ModuleList(nn.Linear(hidden, width, bias=False) for _ in range(experts))

    def expert(self, e, rows):
        return self.down[e](F.gelu(self.up[e](rows), approximate="tanh"))

    def forward(self, x):
        # Experts without tokens run on no rows: their gradient is then zero, not absent.
        probability = F.softmax(self.router(x), -1)
        weight, choice = probability.topk(self.top_k)
        weight = weight / weight.sum(-1, keepdim=True)
        load = torch.bincount(choice.view(-1), minlength=len(self.up))
        self.balance = BALANCE * len(self.up) * torch.dot(load / choice.numel(),
                                                          probability.mean(0))
        run = self.by_index_add if opt.experts == "index_add" else self.by_sorting
        return run(x, choice, weight, load)

    def by_index_add(self, x, choice, weight, load):
        out = torch.zeros_like(x)
        for e in range(len(self.up)):
            token, slot = torch.where(choice == e)
            rows = self.expert(e, x[token]) * weight[token, slot, None]
            out.index_add_(0, token, rows)
        return out

    def by_sorting(self, x, choice, weight, load):
        order = choice.view(-1).argsort(stable=True)
        place = torch.empty_like(order)
        place[order] = torch.arange(len(order))
        token = torch.div(order, self.top_k, rounding_mode="floor")
        rows = Dispatch.apply(x, token, place).split(load.tolist())
        rows = torch.cat([self.expert(e, r) for e, r in enumerate(rows)])
        chosen = Permute.apply(rows, place, order).view(x.size(0), self.top_k, -1)
        return torch.bmm(weight.unsqueeze(1), chosen).squeeze(1)


class MLP(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)

    def forward(self, x):
        return self.down(F.gelu(self.up(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        width = shape["width"]
        self.heads = shape["heads"]
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = (Experts(width, 4 * width, shape["experts"], shape["top_k"])
                    if shape["experts"] else MLP(width, 4 * width))

    def forward(self, x, batch, mask):
        tokens, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, tokens // batch, 3, self.heads, -1)
        qkv = qkv.permute(2, 0, 3, 1, 4).reshape(3, batch * self.heads, tokens // batch, -1)
        y = ATTENTION[opt.attention](*qkv.unbind(), mask)
        y = y.view(batch, self.heads, tokens // batch, -1).transpose(1, 2).reshape(tokens, width)
        x = x + self.out(y)
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    """Activations are (tokens, width) all the way, so that a linear layer is one addmm."""

    def __init__(self, shape):
        super().__init__()
        self.token = nn.Embedding(shape["vocab"], shape["width"])
        self.position = nn.Embedding(shape["context"], shape["width"])
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape["layers"]))
        self.norm = nn.LayerNorm(shape["width"])
        for name, p in self.named_parameters():
            if p.dim() == 2:
                depth = math.sqrt(2 * shape["layers"]) if "out" in name or "down" in name else 1
                nn.init.normal_(p, std=0.02 / depth)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, ids, targets, mask):
        batch, seq = ids.shape
        x = (self.token(ids) + self.position.weight[:seq]).view(batch * seq, -1)
        for block in self.blocks:
            x = block(x, batch, mask)
        loss = F.cross_entropy(F.linear(self.norm(x), self.token.weight), targets.view(-1))
        balance = [b.mlp.balance for b in self.blocks if isinstance(b.mlp, Experts)]
        return loss, (loss + sum(balance) if balance else loss)


def clip(parameters):
    """As torch.nn.utils.clip_grad_norm_, but leaves gradients below the limit alone."""
    gradients = [p.grad for p in parameters]
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients))).item()
    if norm > CLIP:
        torch._foreach_mul_(gradients, CLIP / (norm + 1e-6))


def main():
    shape = MODELS[opt.model]
    torch.set_num_threads(opt.threads)
    torch.set_flush_denormal(True)
    torch.backends.mkldnn.enabled = opt.mkldnn == "on"
    torch.manual_seed(opt.seed)
    model = GPT(shape)
    parameters = list(model.parameters())
    params = sum(p.numel() for p in parameters)
    if opt.count:
        print(json.dumps({"model": opt.model, "file": shape["file"], "params": params}))
        return
    batch, seq = opt.batch or shape["batch"], opt.seq or shape["seq"]
    data = torch.randint(shape["vocab"], (batch, seq + 1))
    ids, targets = data[:, :-1].contiguous(), data[:, 1:].contiguous()
    mask = torch.full((seq, seq), float("-inf")).triu_(1)
    adamw = torch.optim.AdamW(parameters, lr=LR, betas=BETAS, eps=EPS, weight_decay=DECAY,
                              foreach=opt.adamw == "foreach")
    marks, cpu_times, losses = [], [], []
    for _ in range(opt.steps):
        mark, cpu = [time.perf_counter()], time.process_time()
        adamw.zero_grad(set_to_none=True)
        loss, objective = model(ids, targets, mask)
        mark.append(time.perf_counter())
        objective.backward()
        mark.append(time.perf_counter())
        clip(parameters)
        mark.append(time.perf_counter())
        adamw.step()
        mark.append(time.perf_counter())
        losses.append(loss.item())
        marks.append(mark)
        cpu_times.append(time.process_time() - cpu)
    times = [mark[-1] - mark[0] for mark in marks]
    phases = {name: min(mark[i + 1] - mark[i] for mark in marks)
              for i, name in enumerate(("forward", "backward", "clip", "adamw"))}
    print(json.dumps({
        "model": opt.model, "threads": opt.threads, "batch": batch, "seq": seq,
        "steps": opt.steps, "step_time_s": min(times),
        "step_time_median_s": statistics.median(times), "step_cpu_s": min(cpu_times),
        "phase_s": phases, "tokens_per_s": batch * seq / min(times),
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "params": params, "losses": losses, "torch": torch.__version__,
        "settings": {k: getattr(opt, k) for k in
                     ("blas", "capability", "malloc", "spin", "mkldnn", "attention", "adamw",
                      "experts")},
    }))


if __name__ == "__main__":
    main()

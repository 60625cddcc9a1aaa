"""The same network in PyTorch, float64: an independent implementation that judges loss and
gradients a C program wrote (tests/grad/dump.h).

usage: torch_check.py FOLDER    checks every NAME.json with its NAME.raw
Exit code 0: all agree, 1: some do not, 77: PyTorch is not installed.
"""
import json
import math
import pathlib
import sys

try:
    import numpy
    import torch
    import torch.nn.functional as F
except ImportError as missing:
    print(missing)
    sys.exit(77)

EPSILON = float(numpy.float32(1e-5))  # the norms', a float constant in C


class Network:
    def __init__(self, said, raw):
        self.said = said
        self.model = said["model"]
        self.tokens = said["sequences"] * said["seq"]
        self.weight, self.gradient = {}, {}
        for t in said["tensors"]:
            first, last = t["offset"], t["offset"] + t["rows"] * t["cols"]
            shape = (t["rows"],) if t["cols"] == 1 else (t["rows"], t["cols"])
            self.weight[t["name"]] = torch.tensor(raw[first:last]).reshape(shape).requires_grad_()
            there = said["elements"]
            self.gradient[t["name"]] = torch.tensor(raw[there + first:there + last]).reshape(shape)
        at = 2 * said["elements"]
        size = self.tokens * self.model["hidden"]
        self.jitter = [torch.tensor(raw[at + l * size:at + (l + 1) * size])
                       .reshape(self.tokens, -1) for l in range(self.model["layers"])]
        self.router_losses = []

    def linear(self, x, name):
        return F.linear(x, self.weight[name + ".weight"], self.weight.get(name + ".bias"))

    def norm(self, x, name):
        weight, bias = self.weight[name + ".weight"], self.weight.get(name + ".bias")
        if self.model["norm"] == "rms":
            return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPSILON) * weight
        return F.layer_norm(x, x.shape[-1:], weight, bias, EPSILON)

    def rotate(self, x):  # (sequences, heads, seq, dim)
        if self.model["position"] != "rotary":
            return x
        dim, seq = x.shape[-1], x.shape[-2]
        frequency = 10000.0 ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
        angle = torch.outer(torch.arange(seq, dtype=torch.float64), frequency)
        turn = torch.polar(torch.ones_like(angle), angle)
        turned = torch.complex(x[..., :dim // 2], x[..., dim // 2:]) * turn
        return torch.cat([turned.real, turned.imag], -1)

    def attention(self, n, prefix, layer, shared):
        def heads(name):
            y = self.linear(n, prefix + "self_attn." + name)
            return y.reshape(self.said["sequences"], self.said["seq"], -1,
                             self.model["head_dim"]).transpose(1, 2)

        query = self.rotate(heads("q_proj"))
        if layer["own_kv"]:
            shared["k"], shared["v"] = self.rotate(heads("k_proj")), heads("v_proj")
        group = self.model["heads"] // self.model["kv_heads"]
        key = shared["k"].repeat_interleave(group, 1)
        value = shared["v"].repeat_interleave(group, 1)
        score = query @ key.transpose(-1, -2) / math.sqrt(self.model["head_dim"])
        position = torch.arange(self.said["seq"])
        distance = position[:, None] - position[None, :]
        hidden = distance < 0
        if layer["window"]:
            hidden |= distance >= layer["window"]
        mix = score.masked_fill(hidden, -math.inf).softmax(-1) @ value
        return self.linear(mix.transpose(1, 2).reshape(self.tokens, -1),
                           prefix + "self_attn.o_proj")

    def mlp(self, x, prefix, gate="gate_proj", up="up_proj", down="down_proj"):
        act = {"gelu": lambda y: F.gelu(y, approximate="tanh"), "relu": F.relu,
               "swiglu": F.silu, "geglu": lambda y: F.gelu(y, approximate="tanh")}
        act = act[self.model["mlp"]]
        if self.model["mlp"] in ("swiglu", "geglu"):
            middle = act(self.linear(x, prefix + gate)) * self.linear(x, prefix + up)
        else:
            middle = act(self.linear(x, prefix + up))
        return self.linear(middle, prefix + down)

    def score(self, logits, prefix):
        """Scores, the same summing to one, and the experts chosen."""
        bias = self.weight.get(prefix + "gate.e_score_correction_bias", torch.zeros(1))
        if self.model["correction_bias"]:
            score = logits.sigmoid()
            share = score / score.sum(-1, keepdim=True)
        else:
            score = share = logits.softmax(-1)
        return score, share, (score + bias.detach()).topk(self.model["top_k"], -1).indices

    def experts(self, n, prefix, l):
        count, k = self.model["experts"], self.model["top_k"]
        logits = self.linear(n * self.jitter[l], prefix + "gate")
        score, share, choice = self.score(logits, prefix)
        weight = score.gather(-1, choice)
        if k > 1:  # one that is chosen alone keeps its own (Switch)
            weight = weight / weight.sum(-1, keepdim=True)
        frequency = torch.bincount(choice.flatten(), minlength=count) / (k * self.tokens)
        self.router_losses += [
            self.said["balance"] * count * (frequency * share.mean(0)).sum(),
            self.said["z"] * logits.logsumexp(-1).pow(2).mean()]
        room = math.ceil(self.model["capacity"] * k * self.tokens / count) or self.tokens
        out = torch.zeros_like(n)
        for e in range(count):
            token, place = (choice == e).nonzero(as_tuple=True)
            token, place = token[:room], place[:room]
            if len(token):
                done = self.mlp(n[token], f"{prefix}experts.{e}.", "w1", "w3", "w2")
                out = out.index_add(0, token, done * weight[token, place, None])
        if self.model["shared"]:
            out = out + self.mlp(n, prefix + "shared_expert.")
        return out

    def head(self, x):
        table = "model.embed_tokens" if self.model["tied"] else "lm_head"
        logits = self.linear(self.norm(x, "model.norm"), table)
        return F.cross_entropy(logits, torch.tensor(self.said["ids"]), ignore_index=-1)

    def loss(self):
        inputs = torch.tensor(self.said["inputs"])
        x = self.weight["model.embed_tokens.weight"][inputs]
        if self.model["position"] == "learned":
            position = torch.arange(self.tokens) % self.said["seq"]
            x = x + self.weight["model.embed_positions.weight"][position]
        shared, heads, depth = {}, [], self.model["layers"]
        for l, layer in enumerate(self.model["layer"]):
            prefix = f"model.layers.{l}."
            x = x + self.attention(self.norm(x, prefix + "input_layernorm"), prefix, layer, shared)
            n = self.norm(x, prefix + "post_attention_layernorm")
            x = x + (self.experts(n, prefix + "block_sparse_moe.", l) if layer["experts"]
                     else self.mlp(n, prefix + "mlp."))
            if layer["exit"] and self.said["exit_scale"]:
                heads.append((self.said["exit_scale"] * (l + 1), self.head(x)))
        heads.append((depth, self.head(x)))
        joint = sum(w * ce for w, ce in heads) / sum(w for w, _ in heads)
        return joint + sum(self.router_losses)


def check(path):
    """The worst disagreement over its tolerance, and what disagrees."""
    said = json.loads(path.read_text())
    net = Network(said, numpy.fromfile(path.with_suffix(".raw"), dtype=numpy.float64))
    loss = net.loss()
    loss.backward()
    loss = loss.item()
    worst, where = abs(said["loss"] - loss) / abs(loss) / said["loss_tolerance"], "loss"
    largest = max(w.grad.abs().max().item() for w in net.weight.values() if w.grad is not None)
    for name, weight in net.weight.items():
        want = torch.zeros_like(weight) if weight.grad is None else weight.grad
        off = (net.gradient[name] - want).abs().max().item()
        scale = max(want.abs().max().item(), said["gradient_floor"] * largest)
        off /= scale * said["gradient_tolerance"]
        if not off <= worst:
            worst, where = off, name
    return worst, where


def main():
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.json"))
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    failed = 0
    for path in paths:
        worst, where = check(path)
        failed += not worst <= 1
        print(f"{'FAILED ' if not worst <= 1 else ''}{path.stem}: "
              f"at most {worst:.3g} of the tolerance ({where})")
    sys.exit(1 if failed or not paths else 0)


main()

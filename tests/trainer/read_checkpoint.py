"""A reader of checkpoints that shares nothing with the program: Python and numpy.

usage: read_checkpoint.py [--any-model] [--no-hashes] FOLDER

Checks that the SafeTensors files are what the format says (and laid out as the official writer
does), that manifest.json describes every file and tensor to the bit, that names, shapes and dtypes
of the weights are those Transformers expects for the architecture of config.json, and that no
weight is NaN or infinite. Prints one line; exits with 1 and the reason when something is wrong,
with 77 without numpy. --any-model: the architecture is not one of Transformers.
"""
import json
import os
import struct
import sys

try:
    import numpy
except ImportError:
    sys.exit(77)

# in the order of the format's own source, with numpy's type of that width
DTYPES = {
    "BOOL": "u1", "U8": "u1", "I8": "i1", "F8_E5M2": "u1", "F8_E4M3": "u1", "I16": "i2",
    "U16": "u2", "F16": "f2", "BF16": "u2", "I32": "i4", "U32": "u4", "F32": "f4", "F64": "f8",
    "I64": "i8", "U64": "u8",
}
MASK = (1 << 64) - 1


class Wrong(Exception):
    pass


def need(holds, message, *values):
    if not holds:
        raise Wrong(message % values)


def unique(pairs):
    """A JSON object whose names differ."""
    result = dict(pairs)
    need(len(result) == len(pairs), "duplicate names in JSON")
    return result


def no_constant(word):
    raise Wrong("%s is no JSON" % word)


def parse_json(text):
    return json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


# ---- SafeTensors --------------------------------------------------------------------------------


def check_entry(name, entry, data_bytes):
    need(set(entry) == {"dtype", "shape", "data_offsets"}, "%r: keys %s", name, sorted(entry))
    need(entry["dtype"] in DTYPES, "%r: dtype %r", name, entry["dtype"])
    need(all(is_count(side) for side in entry["shape"]), "%r: shape %r", name, entry["shape"])
    begin, end = entry["data_offsets"]
    need(is_count(begin) and is_count(end), "%r: offsets %r", name, entry["data_offsets"])
    elements = 1
    for side in entry["shape"]:
        elements *= side
    need(end - begin == elements * numpy.dtype(DTYPES[entry["dtype"]]).itemsize,
         "%r: offsets %r do not fit its shape", name, entry["data_offsets"])
    need(end <= data_bytes, "%r: ends beyond the file", name)


def read_safetensors(path):
    """Head, and a dict of name -> (dtype, shape, bytes) in the order of the data."""
    whole = read_bytes(path)
    need(len(whole) >= 8, "shorter than its length field")
    (length,) = struct.unpack("<Q", whole[:8])
    need(length <= 100_000_000 and 8 + length <= len(whole), "header of %d bytes", length)
    need(length % 8 == 0, "the data is not aligned: header of %d bytes", length)
    text = whole[8:8 + length].decode("utf-8")
    need(text[0] == "{" and text.rstrip(" ")[-1] == "}", "the header is no object")
    header = parse_json(text)
    metadata = header.pop("__metadata__", {})
    need(all(isinstance(value, str) for value in metadata.values()), "__metadata__ %r", metadata)
    data = whole[8 + length:]
    order, end = list(DTYPES), 0
    previous = None
    tensors = {}
    for name, entry in header.items():
        check_entry(name, entry, len(data))
        need(entry["data_offsets"][0] == end, "%r: begins at %d, expected %d", name,
             entry["data_offsets"][0], end)
        end = entry["data_offsets"][1]
        place = (-order.index(entry["dtype"]), name.encode())
        need(previous is None or previous < place, "%r: not in the order of the official writer",
             name)
        previous = place
        tensors[name] = (entry["dtype"], tuple(entry["shape"]), data[slice(*entry["data_offsets"])])
    need(end == len(data), "%d bytes after the last tensor", len(data) - end)
    return whole[:8 + length], tensors


def check_finite(name, dtype, data):
    if dtype == "BF16":
        values = (numpy.frombuffer(data, "<u2").astype("u4") << 16).view("f4")
    elif dtype in ("F16", "F32", "F64"):
        values = numpy.frombuffer(data, "<" + DTYPES[dtype])
    else:
        return
    need(bool(numpy.isfinite(values).all()), "%r: holds NaN or infinity", name)


# ---- XXH64, from its specification --------------------------------------------------------------

P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
                      0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)


def rotate(x, by):
    return ((x << by) | (x >> (64 - by))) & MASK


def xxh64(data):
    def step(sum_, word):
        return rotate((sum_ + word * P2) & MASK, 31) * P1 & MASK

    striped = len(data) // 32 * 32
    total = P5
    if striped:
        a, b, c, d = (P1 + P2) & MASK, P2, 0, -P1 & MASK
        for w, x, y, z in struct.iter_unpack("<4Q", data[:striped]):
            a, b, c, d = step(a, w), step(b, x), step(c, y), step(d, z)
        total = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) & MASK
        for lane in (a, b, c, d):
            total = ((total ^ step(0, lane)) * P1 + P4) & MASK
    total = (total + len(data)) & MASK
    rest = data[striped:]
    while len(rest) >= 8:
        total ^= step(0, struct.unpack("<Q", rest[:8])[0])
        total = (rotate(total, 27) * P1 + P4) & MASK
        rest = rest[8:]
    if len(rest) >= 4:
        total ^= struct.unpack("<I", rest[:4])[0] * P1 & MASK
        total = (rotate(total, 23) * P2 + P3) & MASK
        rest = rest[4:]
    for byte in rest:
        total = rotate(total ^ (byte * P5 & MASK), 11) * P1 & MASK
    for shift, prime in ((33, P2), (29, P3), (32, 1)):
        total = (total ^ (total >> shift)) * prime & MASK
    return "%016x" % total


# ---- manifest -----------------------------------------------------------------------------------


def check_manifest(folder, files, hashes):
    raw = read_bytes(os.path.join(folder, "manifest.json"))
    manifest = parse_json(raw.decode("utf-8"))
    need(manifest["format"] == "vishwa-checkpoint" and manifest["version"] == 1, "format")
    end = ('"xxh64": "%s"\n}\n' % manifest["xxh64"]).encode()
    need(raw.endswith(end), "the checksum is not the last member")
    zeroed = raw[:-len(end)] + b'"xxh64": "0000000000000000"\n}\n'
    need(xxh64(zeroed) == manifest["xxh64"], "the checksum does not hold")
    for entry in manifest["files"]:
        path = os.path.join(folder, entry["name"])
        need(os.path.getsize(path) == entry["bytes"], "%s: length", entry["name"])
        if "tensors" not in entry:
            need(xxh64(read_bytes(path)) == entry["xxh64"], "%s: checksum", entry["name"])
            continue
        head, tensors = files[entry["name"]]
        need(xxh64(head) == entry["head_xxh64"], "%s: checksum of its head", entry["name"])
        need([t["name"] for t in entry["tensors"]] == list(tensors), "%s: names", entry["name"])
        for tensor in entry["tensors"] if hashes else []:
            need(xxh64(tensors[tensor["name"]][2]) == tensor["xxh64"], "%s: %r: checksum",
                 entry["name"], tensor["name"])
    listed = {entry["name"] for entry in manifest["files"]}
    need(listed | {"manifest.json"} == set(os.listdir(folder)), "files %s, listed %s",
         sorted(os.listdir(folder)), sorted(listed))
    return manifest


# ---- the architectures of Transformers ----------------------------------------------------------


def layer_shapes(config, experts):
    width, heads = config["hidden_size"], config["num_attention_heads"]
    head = config.get("head_dim") or width // heads
    query, key = heads * head, config.get("num_key_value_heads", heads) * head
    hidden = config["intermediate_size"]
    shapes = {
        "input_layernorm.weight": (width,), "post_attention_layernorm.weight": (width,),
        "self_attn.q_proj.weight": (query, width), "self_attn.k_proj.weight": (key, width),
        "self_attn.v_proj.weight": (key, width), "self_attn.o_proj.weight": (width, query),
    }
    if not experts:
        shapes.update({"mlp.gate_proj.weight": (hidden, width), "mlp.up_proj.weight":
                       (hidden, width), "mlp.down_proj.weight": (width, hidden)})
        return shapes
    shapes["block_sparse_moe.gate.weight"] = (experts, width)
    for i in range(experts):
        expert = "block_sparse_moe.experts.%d." % i
        shapes.update({expert + "w1.weight": (hidden, width), expert + "w2.weight":
                       (width, hidden), expert + "w3.weight": (hidden, width)})
    return shapes


def expected_shapes(config):
    architecture = config["architectures"][0]
    need(architecture in ("LlamaForCausalLM", "MixtralForCausalLM"), "architecture %r",
         architecture)
    experts = config["num_local_experts"] if architecture.startswith("Mixtral") else 0
    table = (config["vocab_size"], config["hidden_size"])
    shapes = {"model.embed_tokens.weight": table, "model.norm.weight": table[1:]}
    if not config.get("tie_word_embeddings", False):
        shapes["lm_head.weight"] = table
    for layer in range(config["num_hidden_layers"]):
        for name, shape in layer_shapes(config, experts).items():
            shapes["model.layers.%d.%s" % (layer, name)] = shape
    return shapes


def check_weights(config, tensors):
    expected = expected_shapes(config)
    missing, extra = sorted(set(expected) - set(tensors)), sorted(set(tensors) - set(expected))
    need(not missing, "missing tensors: %s", ", ".join(missing[:5]))
    need(not extra, "tensors too many: %s", ", ".join(extra[:5]))
    stored = {"float32": "F32", "bfloat16": "BF16", "float16": "F16"}.get(
        config.get("torch_dtype") or config.get("dtype"))
    for name, (dtype, shape, _) in tensors.items():
        need(shape == expected[name], "%r: shape %r, expected %r", name, shape, expected[name])
        need(dtype == (stored or dtype), "%r: dtype %s, config.json says %s", name, dtype, stored)


def check_folder(folder, any_model, hashes):
    files = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".safetensors"):
            files[name] = read_safetensors(os.path.join(folder, name))
    weights = files["model.safetensors"][1]
    for name, (dtype, _, data) in weights.items():
        check_finite(name, dtype, data)
    config = parse_json(read_bytes(os.path.join(folder, "config.json")).decode("utf-8"))
    if not any_model:
        check_weights(config, weights)
    manifest = check_manifest(folder, files, hashes)
    elements = sum(int(numpy.prod(shape, dtype=object)) for _, shape, _ in weights.values())
    print("step %d: %d tensors, %d parameters" % (manifest["state"]["step"], len(weights), elements))


def main(arguments):
    options = [word for word in arguments if word.startswith("--")]
    folders = [word for word in arguments if word not in options]
    if len(folders) != 1 or not set(options) <= {"--any-model", "--no-hashes"}:
        sys.exit(__doc__)
    try:
        check_folder(folders[0], "--any-model" in options, "--no-hashes" not in options)
    except (Wrong, KeyError, ValueError, TypeError, OSError) as error:
        sys.exit("%s: %s: %s" % (folders[0], type(error).__name__, error))


main(sys.argv[1:])

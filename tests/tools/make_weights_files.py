"""Makes the small PyTorch files in tests/fixtures/weights. Needs torch (made with 2.15).

    python tests/tools/make_weights_files.py

The files of the group "asks_..." are pickles that would run a harmless command if Python opened them; they are
there to be refused.
"""

import argparse
import os
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch

OUT = Path(__file__).resolve().parent.parent / "fixtures" / "weights"


def counting(*shape, start=0.0, dtype=torch.float32):
    n = 1
    for size in shape:
        n *= size
    return (torch.arange(n, dtype=torch.float64) + start).reshape(shape).to(dtype)


def state():
    """Two parameters, in single precision."""
    return OrderedDict([("conv1.weight", counting(2, 3)), ("bn1.bias", counting(2, start=0.5))])


class Call:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(counting(2, 3))


# A module of its own: the legacy format would write where it is, and its text.
Network.__module__ = "networks"
sys.modules["networks"] = types.ModuleType("networks")
sys.modules["networks"].Network = Network


def save(name, what, **options):
    torch.save(what, OUT / name, **options)


OUT.mkdir(parents=True, exist_ok=True)
legacy = {"_use_new_zipfile_serialization": False}
save("zip.pt", state())
save("legacy.pt", state(), **legacy)

shared = counting(4, 3)
kinds = {
    "f16": counting(3, start=0.5, dtype=torch.float16),
    "bf16": counting(3, start=0.5, dtype=torch.bfloat16),
    "f64": counting(3, start=0.5, dtype=torch.float64),
    "i64": counting(2, start=-1, dtype=torch.int64),
    "u8": counting(2, start=254, dtype=torch.uint8),
    "u16": counting(2, start=65534, dtype=torch.uint16),
    "bool": torch.tensor([True, False]),
    "scalar": torch.tensor(7.0),
    "nothing": torch.zeros(0, 4),
    "complex": torch.tensor([1 + 2j]),
    "parameter": torch.nn.Parameter(counting(2, 2)),
    "transposed": counting(2, 3).t(),
    "permuted": counting(2, 3, 2).permute(2, 0, 1),
    "rows": shared[1:3],
    "columns": shared[:, 1:],
    "all": shared,
    "every_second": counting(6)[::2],
    "nan": torch.tensor([1.0, float("nan")]),
}
save("kinds.pt", kinds)
# Legacy files keep one kind of numbers per storage and know no uint16.
save("kinds_legacy.pt", {k: v for k, v in kinds.items() if k != "u16"}, **legacy)

save(
    "checkpoint.pt",
    {
        "epoch": 3,
        "args": argparse.Namespace(lr=1e-4, out=Path("runs")),
        "optimizer": {"state": {0: {"exp_avg": counting(5)}}, "param_groups": [{"lr": 0.1}]},
        "state_dict": OrderedDict(("module.backbone." + k, v) for k, v in state().items()),
    },
)
save(
    "dino.pth",
    {
        "student": {"module.backbone.cls_token": counting(1, 1, 2)},
        "teacher": {"backbone.cls_token": counting(1, 1, 2, start=5), "head.mlp.0.weight": counting(2, 2)},
        "epoch": 1,
    },
)

# Hugging Face's ViT with a width of 2: query, key and value apart.
hugging_face = {"vit.embeddings.cls_token": counting(1, 1, 2), "classifier.weight": counting(3, 2)}
for i, part in enumerate(["query", "key", "value"]):
    hugging_face[f"vit.encoder.layer.0.attention.attention.{part}.weight"] = counting(2, 2, start=10 * i)
    hugging_face[f"vit.encoder.layer.0.attention.attention.{part}.bias"] = counting(2, start=10 * i)
save("hugging_face.bin", hugging_face)

save("whole_model.pt", Network())
save("whole_model_legacy.pt", Network(), **legacy)
save("whole_model_within.pt", {"epoch": 1, "model": Network()})
torch.jit.script(torch.nn.Linear(3, 2)).save(OUT / "script.pt")
save("list.pt", [counting(2)])
save("sparse.pt", {"a.weight": counting(2), "b.weight": counting(2, 2).to_sparse()})

# Never opened by Python: each would run a command.
command = Call(os.system, "echo this must not run")
save("asks_system.pt", {"conv1.weight": counting(2), "x": command})
save("asks_system_legacy.pt", {"conv1.weight": counting(2), "x": command}, **legacy)
save("asks_eval.pt", {"state_dict": OrderedDict([("conv1.weight", Call(eval, "print('this must not run')"))])})
(OUT / "asks_system.pkl").write_bytes(pickle.dumps(command, protocol=4))
(OUT / "asks_system_text.pkl").write_bytes(pickle.dumps(command, protocol=0))
(OUT / "asks_inst.pkl").write_bytes(b"(S'echo this must not run'\nios\nsystem\n.")
(OUT / "asks_popen.pkl").write_bytes(b"\x80\x02csubprocess\nPopen\nX\x04\x00\x00\x00true\x85\x81.")
(OUT / "asks_getattr.pkl").write_bytes(
    b"\x80\x02cbuiltins\ngetattr\ncbuiltins\n__import__\nX\x04\x00\x00\x00name\x86R."
)
with zipfile.ZipFile(OUT / "asks_load.pt", "w") as archive:
    inner = (OUT / "asks_system.pt").read_bytes()
    archive.writestr("archive/data.pkl", pickle.dumps(Call(torch.storage._load_from_bytes, inner[:64]), protocol=2))
    archive.writestr("archive/version", "3\n")

# The archive of zip.pt, compressed, and as a big-endian computer would have marked it.
with zipfile.ZipFile(OUT / "zip.pt") as plain:
    entries = {name: plain.read(name) for name in plain.namelist()}
with zipfile.ZipFile(OUT / "compressed.pt", "w", zipfile.ZIP_DEFLATED) as archive:
    for name, content in entries.items():
        archive.writestr(name, content)
with zipfile.ZipFile(OUT / "big_endian.pt", "w") as archive:
    for name, content in entries.items():
        archive.writestr(name, b"big" if name.endswith("/byteorder") else content)

for path in sorted(OUT.iterdir()):
    print(f"{path.stat().st_size:6} {path.name}")

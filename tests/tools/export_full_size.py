#!/usr/bin/env python3
"""Writes published encoders at full size with random weights, and what PyTorch answers for a patch.

usage: export_full_size.py FOLDER [NAME ...]            weights and answers
       export_full_size.py FOLDER --facts [NAME ...]    only FOLDER/preset_facts.json: shapes, no weights

Without names all of them: 19 GB of files, one network in memory at a time, up to 6 GB. For each NAME.safetensors (the
state_dict under its published names) and NAME.json (architecture, mean, std, image, output, parameters); for some the
same weights as torch.save writes them, too (NAME.bin; densenet121.pth is in the format from before 2020 with the old
names of its layers, like the file that torchvision offers). All read patch.png. Needs torch, torchvision, timm,
safetensors, pillow, and transformers for the Phikons.
"""

import argparse
import json
import pathlib
import time

import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch.utils.flop_counter import FlopCounterMode

import encoder_networks as networks
import encoder_presets as presets

ALSO_TORCH = {"resnet18": "resnet18.bin", "densenet121": "densenet121.pth", "uni": "uni.bin"}
EXACT_UP_TO = 400_000_000  # parameters: larger networks are not computed in float64, for memory


def first_block(name):
    """Whether a parameter belongs to the first of the repeated blocks, or to none."""
    repeated = ("blocks.", "encoder.layer.", "layer", "features.denseblock")
    first = ("blocks.0.", "encoder.layer.0.", "layer1.0.", "features.denseblock1.denselayer1.", "layernorm.")
    return name.startswith(first) or not name.startswith(repeated)


def facts(name):
    model = presets.without_memory(name)
    architecture = networks.describe(model)
    x = torch.empty(1, 3, 224, 224, device="meta")
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        width = networks.embed(model, x).shape[1]
    expected = presets.PRESETS[name][2]
    hidden = architecture.get("mlp", {}).get("hidden")
    shapes = {key: list(tensor.shape) for key, tensor in networks.state(model).items()}
    mean, std = presets.PRESETS[name][1]
    return {
        "name": name,
        "architecture": architecture,
        "mean": mean,
        "std": std,
        "parameters": networks.parameters(model),
        "output_width": width,
        "multiply_adds": counter.get_total_flops() // 2,
        "fc1_hidden": hidden,
        "fc1_hidden_expected": expected,
        "fc1_hidden_as_expected": hidden == expected,
        "tensors": len(shapes),
        "first_block": {key: shape for key, shape in shapes.items() if first_block(key)},
    }


def export(name, folder):
    started = time.perf_counter()
    model = presets.with_weights(name)
    mean, std = presets.PRESETS[name][1]
    with torch.inference_mode():
        output = networks.embed(model, networks.read_patch(folder / "patch.png", mean, std))[0]
    tensors = networks.state(model)
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, folder / f"{name}.safetensors")
    if name in ALSO_TORCH:
        old = name == "densenet121"
        tensors = networks.published_densenet(tensors) if old else tensors
        torch.save(tensors, folder / ALSO_TORCH[name], _use_new_zipfile_serialization=not old)
    del tensors
    description = {
        "architecture": networks.describe(model),
        "mean": mean,
        "std": std,
        "image": "patch.png",
        "output": networks.rounded(output),
        "parameters": networks.parameters(model),
        "made_with": f"torch {torch.__version__}, torchvision {torchvision.__version__}, timm {timm.__version__}",
    }
    if description["parameters"] <= EXACT_UP_TO:
        with torch.inference_mode():
            x = networks.read_patch(folder / "patch.png", mean, std, torch.float64)
            exact = networks.embed(model.double(), x)[0]
        description["from_float64"] = (output - exact).abs().max().item()
    (folder / f"{name}.json").write_text(json.dumps(description) + "\n")
    dead, exact = (output == 0).float().mean().item(), description.get("from_float64", float("nan"))
    print(
        f"{name:14} {description['parameters']:11} parameters, {len(output)} wide, spread {output.std():.2f}, "
        f"largest {output.abs().max():.2f}, zero {dead:.1%}, float64 {exact:.1e}, "
        f"{time.perf_counter() - started:.0f} s",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(presets.PRESETS))
    parser.add_argument("--facts", action="store_true")
    options = parser.parse_intermixed_args()
    names = options.names or list(presets.PRESETS)
    if unknown := set(names) - set(presets.PRESETS):
        parser.error(f"no such encoder: {', '.join(sorted(unknown))}")
    options.folder.mkdir(parents=True, exist_ok=True)

    if options.facts:
        found = [facts(name) for name in names]
        (options.folder / "preset_facts.json").write_text(json.dumps(found, indent=1) + "\n")
        for fact in found:
            print(f"{fact['name']:14} {fact['parameters']:11} parameters, {fact['output_width']} wide, "
                  f"{fact['multiply_adds'] / 1e9:.2f} G multiply-adds, fc1 {fact['fc1_hidden']}, "
                  f"as expected: {fact['fc1_hidden_as_expected']}")
        return
    networks.save_patch(options.folder / "patch.png", 224, 7)
    for name in names:
        export(name, options.folder)
        presets.free()


if __name__ == "__main__":
    main()

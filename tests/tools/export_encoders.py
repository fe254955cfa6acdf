#!/usr/bin/env python3
"""Writes the fixtures of tests/fixtures/encoders: tiny encoders of every family with random weights, as PyTorch saves
them, and what PyTorch answers for a patch.

usage: export_encoders.py [FOLDER]        (without one: tests/fixtures/encoders)

For each encoder NAME.safetensors (the state_dict, under the names of torchvision, timm or transformers) and NAME.json:
architecture, mean, std, image (the PNG beside it), output (float32) and the versions it was made with. Two of them also
as torch.save writes them, with the same numbers. Needs torch, torchvision, timm, transformers, safetensors, pillow.
"""

import copy
import json
import pathlib
import sys

import numpy as np
import timm
import torch
import torchvision
import transformers
from safetensors.torch import save_file
from timm.layers import SwiGLUPacked
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torchvision.models.densenet import DenseNet
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from transformers import Dinov2Config, Dinov2Model, ViTConfig, ViTModel

import encoder_networks as networks
from encoder_networks import H_OPTIMUS, HALF, IMAGENET

PATCHES = {"patch_56.png": (56, 11), "patch_64.png": (64, 12)}
SMALL = ("patch_56.png", "patch_64.png")
# As torch.save writes, too: in a ZIP archive, and in the format from before 2020.
ALSO_TORCH = {
    "resnet_bottleneck": ("resnet_bottleneck.bin", True),
    "densenet_published_names": ("densenet_published_names.pth", False),
}
LIMIT = 2_000_000


class SmallResNet(ResNet):
    """torchvision's ResNet with other widths; its names are the same."""

    def __init__(self, block, blocks, stem, channels, classes):
        self.stem, self.widths = stem, dict(zip((64, 128, 256, 512), channels))
        super().__init__(block, blocks)
        self.conv1 = nn.Conv2d(3, stem, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        self.fc = nn.Linear(channels[-1] * block.expansion, classes)

    def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
        if planes == 64:
            self.inplanes = self.stem
        return super()._make_layer(block, self.widths[planes], blocks, stride, dilate)


def vit(**changes):
    """A timm ViT as timm.create_model makes it, with LayerScale unless said otherwise."""
    settings = dict(img_size=64, patch_size=16, embed_dim=24, depth=2, num_heads=3, num_classes=0, init_values=1e-5)
    return VisionTransformer(**(settings | changes))


def swiglu(hidden, width, **changes):
    """With the packed SwiGLU of DINOv2's giant; `hidden` is the width of fc1, both halves together."""
    settings = dict(embed_dim=width, num_heads=2, mlp_ratio=hidden / width, mlp_layer=SwiGLUPacked, act_layer=nn.SiLU)
    return vit(**(settings | changes))


def encoders():
    """name -> (network, normalisation, image)"""
    p56, p64 = SMALL
    densenet = dict(growth_rate=4, block_config=(2, 3, 2), num_init_features=8, bn_size=3, num_classes=3)
    sizes = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=64, patch_size=16)
    phikon = ViTConfig(**sizes, intermediate_size=40, layer_norm_eps=1e-12)
    phikon_v2 = Dinov2Config(**sizes, mlp_ratio=4)
    h_optimus = dict(img_size=56, patch_size=14, no_embed_class=True)
    return {
        "resnet_basic": (SmallResNet(BasicBlock, [2, 1, 2, 1], 8, [8, 12, 16, 24], 3), IMAGENET, p64),
        "resnet_bottleneck": (SmallResNet(Bottleneck, [1, 2, 1, 2], 8, [4, 4, 6, 8], 3), IMAGENET, p56),
        "densenet": (DenseNet(**densenet), IMAGENET, p64),
        # 56 pixels leave an odd map before the second transition, of which the pooling drops a row and a column.
        "densenet_published_names": (DenseNet(**densenet), IMAGENET, p56),
        "vit_uni": (vit(dynamic_img_size=True), IMAGENET, p64),
        "vit_uni2_h": (swiglu(68, 16, **h_optimus, reg_tokens=8, dynamic_img_size=True), IMAGENET, p56),
        "vit_h_optimus": (swiglu(64, 12, **h_optimus, reg_tokens=4, num_heads=1), H_OPTIMUS, p56),
        "vit_virchow2": (
            swiglu(84, 20, img_size=56, patch_size=14, reg_tokens=4, global_pool="", dynamic_img_size=True),
            IMAGENET,
            p56,
        ),
        "vit_prov_gigapath": (swiglu(84, 16), IMAGENET, p64),
        "vit_imagenet": (vit(init_values=None, num_classes=3), HALF, p64),
        "vit_mean": (vit(embed_dim=16, num_heads=4, global_pool="avg"), HALF, p64),
        "vit_mean_without_class": (
            vit(embed_dim=16, num_heads=2, global_pool="avg", class_token=False, reg_tokens=2, init_values=None),
            HALF,
            p64,
        ),
        "vit_phikon": (ViTModel(phikon, add_pooling_layer=False), IMAGENET, p64),
        "vit_phikon_v2": (Dinov2Model(phikon_v2), IMAGENET, p64),
        "vit_fewer_patches": (vit(img_size=96, embed_dim=16, num_heads=2, dynamic_img_size=True), IMAGENET, p64),
        "vit_more_patches": (
            swiglu(40, 12, img_size=42, patch_size=14, no_embed_class=True, reg_tokens=1, dynamic_img_size=True),
            IMAGENET,
            p56,
        ),
    }


def main():
    default = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "encoders"
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    out.mkdir(parents=True, exist_ok=True)
    for name, (side, seed) in PATCHES.items():
        networks.save_patch(out / name, side, seed)
    versions = ", ".join(f"{m.__name__} {m.__version__}" for m in (torch, torchvision, timm, transformers))

    for seed, (name, (model, (mean, std), image)) in enumerate(encoders().items(), start=1):
        side = PATCHES[image][0]
        networks.randomise(model, seed, scales=(0.5, 1.5), tokens=0.5)
        others = np.stack([networks.patch(side, 100 + i) for i in range(16)])
        networks.set_statistics(model, networks.normalised(others, mean, std), seed)

        with torch.inference_mode():
            output = networks.embed(model, networks.read_patch(out / image, mean, std))[0]
            exact = copy.deepcopy(model).double()
            exact = networks.embed(exact, networks.read_patch(out / image, mean, std, torch.float64))[0]
        difference = (output - exact).abs().max().item()
        spread, largest = output.std().item(), output.abs().max().item()
        assert difference < 1e-5, f"{name}: float32 is {difference} from float64"
        assert spread > 0.1 and largest < 10, f"{name}: outputs spread {spread}, up to {largest}"

        tensors = networks.state(model)
        if name == "densenet_published_names":
            tensors = networks.published_densenet(tensors)
        if name in ALSO_TORCH:
            file, zipped = ALSO_TORCH[name]
            torch.save(tensors, out / file, _use_new_zipfile_serialization=zipped)
        save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, out / f"{name}.safetensors")
        description = {
            "architecture": networks.describe(model),
            "mean": mean,
            "std": std,
            "image": image,
            "output": networks.rounded(output),
            "made_with": versions,
        }
        (out / f"{name}.json").write_text(json.dumps(description) + "\n")
        print(f"{name:26} {networks.parameters(model):7} numbers, {len(output):3} wide, spread {spread:.2f}, "
              f"largest {largest:.2f}, float64 {difference:.1e}")

    total = sum(path.stat().st_size for path in out.iterdir())
    print(f"{total} bytes in {out}")
    assert total < LIMIT, "the fixtures have become too large"


if __name__ == "__main__":
    main()

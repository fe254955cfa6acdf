"""The published encoders at full size, made as their model cards say, with random weights."""

import gc

import timm
import torch
import torchvision
from timm.layers import SwiGLUPacked
from torch import nn

import encoder_networks as networks
from encoder_networks import H_OPTIMUS, HALF, IMAGENET


def phikon(version):
    from transformers import Dinov2Config, Dinov2Model, ViTConfig, ViTModel

    if version == 1:
        return ViTModel(ViTConfig(image_size=224, patch_size=16, layer_norm_eps=1e-6), add_pooling_layer=False)
    large = dict(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, mlp_ratio=4)
    return Dinov2Model(Dinov2Config(image_size=224, patch_size=16, layer_norm_eps=1e-6, **large))


def vit(name, **settings):
    # num_classes comes from the settings of the published files, not from the model cards' Python.
    return timm.create_model(name, pretrained=False, **({"num_classes": 0} | settings))


SWIGLU = dict(mlp_layer=SwiGLUPacked, act_layer=nn.SiLU)
UNI2_H = dict(
    img_size=224,
    patch_size=14,
    depth=24,
    num_heads=24,
    init_values=1e-5,
    embed_dim=1536,
    mlp_ratio=2.66667 * 2,
    no_embed_class=True,
    reg_tokens=8,
    dynamic_img_size=True,
)
VIRCHOW2 = dict(
    img_size=224, init_values=1e-5, reg_tokens=4, mlp_ratio=5.3375, global_pool="", dynamic_img_size=True
)
GIGAPATH = dict(
    img_size=224,
    in_chans=3,
    patch_size=16,
    embed_dim=1536,
    depth=40,
    num_heads=24,
    init_values=1e-5,
    mlp_ratio=5.33334,
)

# name -> (makes the network, normalisation, the width of fc1 where there is one)
PRESETS = {
    "resnet18": (lambda: torchvision.models.resnet18(weights=None), IMAGENET, None),
    "resnet50": (lambda: torchvision.models.resnet50(weights=None), IMAGENET, None),
    "densenet121": (lambda: torchvision.models.densenet121(weights=None), IMAGENET, None),
    "vit_b16": (lambda: vit("vit_base_patch16_224", num_classes=1000), HALF, 3072),
    "uni": (lambda: vit("vit_large_patch16_224", init_values=1e-5, dynamic_img_size=True), IMAGENET, 4096),
    "uni2-h": (lambda: vit("vit_giant_patch14_224", **UNI2_H, **SWIGLU), IMAGENET, 8192),
    "h-optimus-0": (
        lambda: vit("vit_giant_patch14_reg4_dinov2", img_size=224, init_values=1e-5, dynamic_img_size=False),
        H_OPTIMUS,
        8192,
    ),
    "virchow2": (lambda: vit("vit_huge_patch14_224", **VIRCHOW2, **SWIGLU), IMAGENET, 6832),
    "prov-gigapath": (lambda: vit("vit_giant_patch14_dinov2", **GIGAPATH), IMAGENET, 8192),
    "phikon": (lambda: phikon(1), IMAGENET, 3072),
    "phikon-v2": (lambda: phikon(2), IMAGENET, 4096),
}


def without_memory(name):
    """The network with shapes, but no numbers."""
    with torch.device("meta"):
        return PRESETS[name][0]().eval()


def with_weights(name, seed=1):
    """The network with random weights (the same for the same seed) and outputs near one. Takes its weights in memory,
    once."""
    model = without_memory(name).to_empty(device="cpu")
    networks.randomise(model, seed, scales=(0.1, 1.0), tokens=0.2)
    mean, std = PRESETS[name][1]
    patches = torch.cat([networks.normalised(networks.patch(224, 100 + i)[None], mean, std) for i in range(4)])
    return networks.set_statistics(model, patches, seed)


def free():
    """Gives back the memory of networks that nothing holds any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

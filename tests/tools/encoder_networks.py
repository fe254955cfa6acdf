"""What the encoder tools of this folder share: networks with random but lively weights, their description in the
JSON that HisCMCL reads, their embedding of a patch as their model cards compute it, and patches that look like H&E.

Needs torch, torchvision, timm and, for the two Phikons, transformers. Nothing is downloaded.
"""

import math
import re
from collections import OrderedDict

import numpy as np
import torch
from PIL import Image
from timm.layers import GluMlp
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torchvision.models.densenet import DenseNet
from torchvision.models.resnet import Bottleneck, ResNet

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
H_OPTIMUS = ((0.707223, 0.578729, 0.703617), (0.211883, 0.230117, 0.177517))


# ---------------------------------------------------------------------------------------------------------- patches


def patch(side, seed):
    """A patch like stained tissue, (side, side, 3) bytes: a pink gradient, dark blue nuclei, noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / side
    across = (0.7 * x + 0.3 * y)[..., None]
    picture = (1 - across) * np.array([236.0, 178.0, 205.0]) + across * np.array([214.0, 132.0, 182.0])
    picture += 14 * np.sin(9 * x + 5 * y + random.uniform(0, 6))[..., None] * np.array([0.6, 1.0, 0.7])
    for _ in range(max(6, side * side // 400)):
        cx, cy, radius = random.uniform(0, 1), random.uniform(0, 1), random.uniform(3, 7) / side
        inside = 1 / (1 + np.exp(side * (np.hypot(x - cx, 1.3 * (y - cy)) - radius)))
        picture += 0.85 * inside[..., None] * (np.array([88.0, 58.0, 138.0]) - picture)
    picture += random.normal(0, 9, picture.shape)
    return picture.round().clip(0, 255).astype(np.uint8)


def save_patch(path, side, seed):
    Image.fromarray(patch(side, seed), "RGB").save(path, optimize=True)


def normalised(pixels, mean, std, dtype=torch.float32):
    """Bytes of (patches, side, side, 3) as the network wants them, (patches, 3, side, side)."""
    x = torch.from_numpy(np.array(pixels)).to(dtype).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(v, dtype=dtype).view(1, 3, 1, 1) for v in (mean, std))
    return ((x - mean) / std).contiguous()


def read_patch(path, mean, std, dtype=torch.float32):
    return normalised(np.asarray(Image.open(path).convert("RGB"))[None], mean, std, dtype)


# --------------------------------------------------------------------------------------------- description, embedding


def is_transformers(model):
    return type(model).__module__.startswith("transformers.")


def describe(model):
    """The architecture of a network as JSON, read from its layers."""
    if isinstance(model, ResNet):
        layers = [model.layer1, model.layer2, model.layer3, model.layer4]
        return {
            "family": "resnet",
            "stem": model.conv1.out_channels,
            "channels": [layer[0].conv1.out_channels for layer in layers],
            "blocks": [len(layer) for layer in layers],
            "bottleneck": isinstance(model.layer1[0], Bottleneck),
        }
    if isinstance(model, DenseNet):
        blocks = [block for name, block in model.features.named_children() if name.startswith("denseblock")]
        first = blocks[0].denselayer1
        return {
            "family": "densenet",
            "stem": model.features.conv0.out_channels,
            "growth": first.conv2.out_channels,
            "bottleneck": first.conv1.out_channels // first.conv2.out_channels,
            "blocks": [len(block) for block in blocks],
        }
    if isinstance(model, VisionTransformer):
        block = model.blocks[0]
        return {
            "family": "vit",
            "image": model.patch_embed.img_size[0],
            "patch": model.patch_embed.patch_size[0],
            "width": model.embed_dim,
            "depth": len(model.blocks),
            "heads": block.attn.num_heads,
            "mlp": {
                "kind": "swiglu" if isinstance(block.mlp, GluMlp) else "gelu",
                "hidden": block.mlp.fc1.out_features,
            },
            "layer_scale": hasattr(block.ls1, "gamma"),
            "registers": model.num_reg_tokens,
            "class_token": model.has_class_token,
            "prefix_positions": not model.no_embed_class,
            "pooling": {"token": "class", "avg": "mean", "": "class_and_mean"}[model.global_pool],
            "eps": block.norm1.eps,
        }
    config = model.config
    dinov2 = config.model_type == "dinov2"
    hidden = config.hidden_size * config.mlp_ratio if dinov2 else config.intermediate_size
    return {
        "family": "vit",
        "image": config.image_size,
        "patch": config.patch_size,
        "width": config.hidden_size,
        "depth": config.num_hidden_layers,
        "heads": config.num_attention_heads,
        "mlp": {"kind": "gelu", "hidden": hidden},
        "layer_scale": dinov2,
        "registers": 0,
        "class_token": True,
        "prefix_positions": True,
        "pooling": "class",
        "eps": config.layer_norm_eps,
    }


def embed(model, x):
    """The embeddings of patches, (patches, output width): what each model's card says, without a classifier."""
    if isinstance(model, ResNet):
        x = model.maxpool(model.relu(model.bn1(model.conv1(x))))
        return model.avgpool(model.layer4(model.layer3(model.layer2(model.layer1(x))))).flatten(1)
    if isinstance(model, DenseNet):
        return nn.functional.adaptive_avg_pool2d(model.features(x).relu(), 1).flatten(1)
    if isinstance(model, VisionTransformer):
        tokens = model.forward_features(x)
        if model.global_pool == "":
            return torch.cat((tokens[:, 0], tokens[:, model.num_prefix_tokens :].mean(1)), dim=1)
        return model.forward_head(tokens, pre_logits=True)
    return model(pixel_values=x).last_hidden_state[:, 0]


def state(model):
    """The state_dict under the names of published files. Newer versions of transformers call their layers otherwise
    in memory, but read and write the old names."""
    tensors = model.state_dict()
    if not is_transformers(model):
        return tensors
    renames = [
        (r"^layers\.", "encoder.layer."),
        (r"\.attention\.q_proj\.", ".attention.attention.query."),
        (r"\.attention\.k_proj\.", ".attention.attention.key."),
        (r"\.attention\.v_proj\.", ".attention.attention.value."),
        (r"\.attention\.o_proj\.", ".attention.output.dense."),
    ]
    if model.config.model_type == "vit":
        renames += [(r"\.mlp\.fc1\.", ".intermediate.dense."), (r"\.mlp\.fc2\.", ".output.dense.")]
    named = {}
    for name, tensor in tensors.items():
        for pattern, replacement in renames:
            name = re.sub(pattern, replacement, name)
        named[name] = tensor
    return named


def published_densenet(tensors):
    """Under the names of the file that torchvision offers for download: norm.1 for norm1, and no count of batches."""
    kept = ((name, tensor) for name, tensor in tensors.items() if not name.endswith("num_batches_tracked"))
    return OrderedDict((re.sub(r"(denselayer\d+\.(?:norm|conv))([12]\.)", r"\1.\2", name), t) for name, t in kept)


def parameters(model):
    """How many numbers the encoder has, without a classifier and without BatchNorm's statistics."""
    heads = ("fc.", "classifier.", "head.")
    return sum(p.numel() for name, p in model.named_parameters() if not name.startswith(heads))


# ------------------------------------------------------------------------------------------------------------ weights


def randomise(model, seed, scales, tokens):
    """Fills every parameter so that each matters and numbers stay near one: matrices and kernels by their fan-in,
    LayerScale within `scales`, tokens and positions with the standard deviation `tokens`."""
    random = torch.Generator().manual_seed(seed)
    done = set()

    def fill(tensor, kind, a, b):
        (tensor.uniform_ if kind == "uniform" else tensor.normal_)(a, b, generator=random)
        done.add(tensor.data_ptr())

    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                fan_in = module.weight[0].numel()
                gain = math.sqrt(2) if isinstance(module, nn.Conv2d) and module.bias is None else 1.0
                fill(module.weight, "normal", 0.0, gain / math.sqrt(fan_in))
            elif isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)):
                fill(module.weight, "uniform", 0.5, 1.5)
            else:
                continue
            if module.bias is not None:
                fill(module.bias, "normal", 0.0, 0.2)
        for name, parameter in model.named_parameters():
            if name.endswith((".gamma", ".lambda1")):
                fill(parameter, "uniform", *scales)
            elif name.endswith(("_token", "pos_embed", "position_embeddings")):
                fill(parameter, "normal", 0.0, tokens)
            assert parameter.data_ptr() in done, f"{name} was not randomised"
    return model.eval()


def set_statistics(model, x, seed):
    """Gives every BatchNorm the statistics of its input for the patches `x`, shaken: nothing is dead or explodes."""
    random = torch.Generator().manual_seed(seed)

    def before(module, inputs):
        values = inputs[0].transpose(0, 1).flatten(1)
        deviation = values.std(1).clamp_min(0.05)
        shake = torch.randn(len(deviation), generator=random) * 0.3
        module.running_mean.copy_(values.mean(1) + shake * deviation)
        module.running_var.copy_(deviation**2 * (0.6 + torch.rand(len(deviation), generator=random)))
        module.num_batches_tracked.fill_(1000)

    hooks = [m.register_forward_pre_hook(before) for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    with torch.no_grad():
        if hooks:
            embed(model, x)
    for hook in hooks:
        hook.remove()
    return model.eval()


def rounded(values):
    """Numbers for JSON, with as many digits as a 32-bit float has."""
    return [float(f"{value:.9g}") for value in values.tolist()]

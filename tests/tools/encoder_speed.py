#!/usr/bin/env python3
"""How many patches of 224 x 224 PyTorch embeds in a second, per encoder: on the CPU, and on a GPU where there is one.

usage: encoder_speed.py [NAME ...] [--batches 1,8,16] [--gpu-batches 1,16,64,128] [--times 5] [--threads N]
                        [--device cpu|cuda|all] [--precision f32,tf32,f16] [--quick]
                        [--ours target/release/hiscmcl]

Random weights: the speed does not depend on them. The patches are normalised already, and on the device. One run warms
up (three on a GPU), then the median of --times runs counts, each from an idle GPU to an idle GPU, for every size of
batch; convolutional encoders are tried in both memory layouts. On a GPU in 32-bit floats (f32, without TF32), in TF32
and in 16-bit floats, unless --precision says which. A JSON line for each measurement as it is made, at the end a table
of the best ones. --ours: the same for this project, one after the other on the same machine, as a table for README; it
reads bytes, normalises them and brings the features back within the time. On a GPU ours runs through wgpu, in the same
precision (beside TF32 in f32; convolutional encoders only in f32). --quick: one patch, one run, to see that everything
is there. Needs torch, torchvision, timm, and transformers for the Phikons.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import time

import torch

import encoder_networks as networks
import encoder_presets as presets


# On a GPU, in the order in which they are measured.
PRECISIONS = ("f32", "tf32", "f16")


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def cpu_name():
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def allow_tf32(allowed):
    torch.set_float32_matmul_precision("high" if allowed else "highest")
    torch.backends.cudnn.allow_tf32 = allowed


def seconds(model, x, times):
    """The median of `times` runs after some that warm up: a GPU chooses kernels and raises its clock meanwhile."""
    wait = torch.cuda.synchronize if x.is_cuda else lambda: None
    warm_ups = 3 if x.is_cuda else 1
    measured = []
    with torch.inference_mode():
        for _ in range(times + warm_ups):
            wait()
            started = time.perf_counter()
            networks.embed(model, x)
            wait()
            measured.append(time.perf_counter() - started)
    return statistics.median(measured[warm_ups:])


def is_convolutional(model):
    return networks.describe(model)["family"] != "vit"


def layouts(model):
    yield "contiguous", torch.contiguous_format
    if is_convolutional(model):
        yield "channels_last", torch.channels_last


def measure(name, model, device, precision, batches, times):
    """Yields a measurement for each layout and size of batch, up to what fits into memory."""
    dtype = torch.float16 if precision == "f16" else torch.float32
    for layout, memory_format in layouts(model):
        laid_out = model.to(device=device, dtype=dtype, memory_format=memory_format)
        for batch in batches:
            try:
                x = torch.randn(batch, 3, 224, 224).to(device=device, dtype=dtype, memory_format=memory_format)
                took = seconds(laid_out, x, times)
            except torch.OutOfMemoryError:
                presets.free()
                break
            yield {
                "encoder": name,
                "framework": f"torch {torch.__version__}",
                "device": torch.cuda.get_device_name() if device == "cuda" else cpu_name(),
                "threads": None if device == "cuda" else torch.get_num_threads(),
                "precision": precision,
                "layout": layout,
                "batch": batch,
                "seconds": round(took, 5),
                "patches_per_second": float(f"{batch / took:.4g}"),
            }


def width(model):
    with torch.inference_mode():
        return networks.embed(model, torch.zeros(1, 3, 224, 224)).shape[-1]


def ours(program, name, device, precision):
    """Patches per second of this project: of its own engine on the processor, through wgpu on a GPU."""
    asked = [program, "encoders", "--speed", name.replace("_", "-"), "--json"]
    if device == "cpu":
        asked += ["--device", "cpu"]
    else:
        asked += ["--device", "gpu", "--precision", "f16" if precision == "f16" else "f32"]
    return json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)["speeds"][0]


def table(best, facts, own, device, precision):
    """Both side by side, for README."""
    place = f"{cpu_name()}, {torch.get_num_threads()} threads" if device == "cpu" else torch.cuda.get_device_name()
    print(f"\n{place}, {precision}, torch {torch.__version__}\n")
    print("| encoder | parameters | numbers a patch | patches/s | PyTorch |")
    print("|---|---|---|---|---|")
    for name, (parameters, numbers_a_patch) in facts.items():
        key = (name, device, precision)
        # What does not fit into memory, or has no such precision, is not measured.
        speeds = [f"{found[key]['patches_per_second']:.3g}" if key in found else "-" for found in (own, best)]
        columns = (name.replace("_", "-"), f"{parameters / 1e6:.1f} M", numbers_a_patch, *speeds)
        print(f"| {' | '.join(map(str, columns))} |")


def numbers(text):
    return [int(number) for number in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(presets.PRESETS))
    parser.add_argument("--batches", type=numbers, default=[1, 8, 16])
    parser.add_argument("--gpu-batches", type=numbers, default=[1, 16, 64, 128])
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--device", choices=["cpu", "cuda", "gpu", "all"], default="all")
    parser.add_argument("--precision", type=lambda text: text.split(","), default=list(PRECISIONS))
    parser.add_argument("--ours", metavar="PROGRAM")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_intermixed_args()
    names = options.names or list(presets.PRESETS)
    if unknown := set(names) - set(presets.PRESETS):
        parser.error(f"no such encoder: {', '.join(sorted(unknown))}")
    if unknown := set(options.precision) - set(PRECISIONS):
        parser.error(f"no such precision: {', '.join(sorted(unknown))}")
    if options.quick:
        options.batches, options.gpu_batches, options.times = [1], [1], 1
    if options.device == "gpu":
        options.device = "cuda"
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("PyTorch sees no GPU here")
    torch.set_num_threads(options.threads)

    plan = []
    if options.device != "cuda":
        plan.append(("cpu", ["f32"], options.batches))
    if options.device != "cpu" and torch.cuda.is_available():
        precisions = [p for p in PRECISIONS if p in options.precision]
        plan.append(("cuda", precisions, options.gpu_batches))

    best, own, facts = {}, {}, {}
    for name in names:
        model = presets.with_weights(name)
        for device, precisions, batches in plan:
            for precision in precisions:
                allow_tf32(precision == "tf32")
                # The layout and the precision are changed in place: f16 comes last, so no second copy is needed.
                for found in measure(name, model, device, precision, batches, options.times):
                    print(json.dumps(found), flush=True)
                    key = (name, device, precision)
                    if key not in best or found["patches_per_second"] > best[key]["patches_per_second"]:
                        best[key] = found
        # Back to where one patch goes through it, to see how wide its features are.
        model = model.to(device="cpu", dtype=torch.float32)
        facts[name] = (networks.parameters(model), width(model))
        only_f32 = is_convolutional(model)
        del model
        presets.free()
        if options.ours:
            for device, precision in ((device, p) for device, precisions, _ in plan for p in precisions):
                if precision == "f16" and only_f32:
                    continue
                own[name, device, precision] = ours(options.ours, name, device, precision)
                print(json.dumps(own[name, device, precision]), flush=True)

    for device, precision in dict.fromkeys((device, precision) for _, device, precision in own):
        table(best, facts, own, device, precision)
    print(f"\n{'encoder':14} {'device':6} {'floats':6} {'patches/s':>10} {'batch':>6}  layout")
    for (name, device, precision), found in best.items():
        speed, batch, layout = (found[key] for key in ("patches_per_second", "batch", "layout"))
        print(f"{name:14} {device:6} {precision:6} {speed:10.4g} {batch:6}  {layout}")


if __name__ == "__main__":
    main()

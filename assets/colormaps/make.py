"""Writes the tables beside this script from matplotlib 3.11: 256 colours, 3 bytes each, first = low."""
from pathlib import Path

import matplotlib
import numpy as np

for name in ["viridis", "magma", "inferno", "cividis", "RdBu_r"]:
    rgb = matplotlib.colormaps[name](np.arange(256))[:, :3]
    (Path(__file__).parent / f"{name.lower()}.rgb").write_bytes(np.rint(rgb * 255).astype(np.uint8).tobytes())

"""Writes tests/fixtures/regions/shapely.json: pairs of polygons with holes, the areas of their union, difference and intersection,
of the one filled, and which points of a lattice lie in the first, as shapely computes them.

usage: python tests/tools/make_region_reference.py        (needs numpy, shapely)
"""

import json
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon
from shapely.ops import split

TARGET = Path(__file__).resolve().parent.parent / "fixtures" / "regions" / "shapely.json"
SIDE = 1000.0


def blob(random, center, radius, corners):
    """An outline around a centre that does not cross itself, in hundredths of a pixel."""
    while True:
        angles = np.sort(random.uniform(0, 2 * np.pi, corners))
        distances = radius * random.uniform(0.4, 1.0, corners)
        points = np.column_stack([center[0] + distances * np.cos(angles), center[1] + distances * np.sin(angles)])
        outline = Polygon(np.round(points, 2))
        if outline.is_valid:
            return outline


def shape(random):
    """One to three polygons that do not overlap, some with holes."""
    parts = []
    for _ in range(random.integers(1, 4)):
        center = random.uniform(200, 800, 2)
        part = blob(random, center, random.uniform(100, 300), random.integers(5, 40))
        if random.random() < 0.6:
            hole = blob(random, center, 60, random.integers(4, 9))
            part = part.difference(hole) if part.contains(hole) else part
        parts.append(part)
    whole = shapely.set_precision(shapely.union_all(parts), 0.01)
    whole = MultiPolygon([p for p in shapely.get_parts(whole) if p.geom_type == "Polygon" and p.area > 50])
    assert whole.is_valid and not whole.is_empty
    return whole


def coordinates(whole):
    return [[[list(c) for c in ring.coords] for ring in [p.exterior, *p.interiors]] for p in whole.geoms]


def main():
    random = np.random.default_rng(7)
    lattice = [(x + 0.5, y + 0.5) for y in range(0, int(SIDE), 50) for x in range(0, int(SIDE), 50)]
    cases = []
    for _ in range(40):
        a, b = shape(random), shape(random)
        # No point of the lattice is so near an edge that rounding decides.
        assert all(a.boundary.distance(Point(p)) > 1e-6 for p in lattice)
        line = LineString([(-10, random.uniform(300, 700)), (SIDE + 10, random.uniform(300, 700))])
        pieces = [piece for part in a.geoms for piece in split(part, line).geoms]
        cases.append(
            {
                "a": coordinates(a),
                "b": coordinates(b),
                "area": a.area,
                "length": a.length,
                "union": a.union(b).area,
                "difference": a.difference(b).area,
                "intersection": a.intersection(b).area,
                "filled": shapely.union_all([Polygon(p.exterior) for p in a.geoms]).area,
                "line": [list(c) for c in line.coords],
                "pieces": sorted(round(p.area, 6) for p in pieces),
                "inside": [i for i, p in enumerate(lattice) if a.contains(Point(p))],
            }
        )
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps({"shapely": shapely.__version__, "cases": cases}, separators=(",", ":")) + "\n")


main()

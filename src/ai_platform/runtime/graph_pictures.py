"""A graph as a PNG picture: laid out by grandalf and drawn by Pillow, without a browser or a service.

Loaded late: only drawing needs it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise
from math import atan2, cos, dist, pi, sin
from typing import TYPE_CHECKING, Any, Final

from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout
from grandalf.routing import EdgeViewer, route_with_lines
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from langchain_core.runnables.graph import Graph as Drawing

Point = tuple[float, float]

_SCALE: Final = 4
"""Drawn so many times larger and then made smaller, which smooths every line."""
_SHOWN: Final = 2
_MARGIN: Final = 36
_HEIGHT: Final = 46
_ARROW: Final = 11
_INK, _PAPER, _LABEL = "#1f2937", "#ffffff", "#4b5563"
_EDGE, _CONDITIONAL = "#374151", "#2563eb"
_FILLS: Final = {"__start__": ("#dcfce7", "#15803d"), "__end__": ("#fee2e2", "#b91c1c")}
_FILL: Final = ("#eef2ff", "#4f46e5")
_NAMES: Final = {"__start__": "START", "__end__": "END"}


@dataclass(slots=True)
class _Box:
    """What grandalf asks of a node's view; it writes the centre into `xy`."""

    w: float
    h: float
    xy: Point = (0.0, 0.0)


@dataclass(slots=True)
class _Line:
    """A laid out edge. `way` leads from border to border, whatever direction the layout gave it."""

    source: str
    target: str
    label: str
    is_conditional: bool
    way: list[Point] = field(default_factory=list)


def png_of(drawing: "Drawing") -> bytes:
    """Solid arrows are always taken; dashed ones under the condition written on them."""
    font, small = ImageFont.load_default(17 * _SCALE), ImageFont.load_default(13 * _SCALE)
    boxes = {node: _Box(max(96.0, font.getlength(_name(node)) / _SCALE + 40), _HEIGHT) for node in drawing.nodes}
    lines = [
        _Line(one.source, one.target, "" if one.data is None else str(one.data), one.conditional)
        for one in drawing.edges
    ]
    _lay_out(boxes, lines)
    left, top, right, bottom = _extent(boxes, lines)
    size = (int((right - left) * _SCALE), int((bottom - top) * _SCALE))
    picture = Image.new("RGB", size, _PAPER)
    pen = _Pen(ImageDraw.Draw(picture), (-left, -top), font, small)
    for line in lines:
        pen.line(line)
    for name, box in boxes.items():
        pen.box(name, box)
    for line in lines:
        pen.label(line)
    written = BytesIO()
    picture.resize((size[0] * _SHOWN // _SCALE, size[1] * _SHOWN // _SCALE), Image.Resampling.LANCZOS).save(
        written, "PNG", dpi=(144, 144)
    )
    return written.getvalue()


def _lay_out(boxes: dict[str, _Box], lines: Sequence[_Line]) -> None:
    vertices = {name: Vertex(name) for name in boxes}
    for name, vertex in vertices.items():
        vertex.view = boxes[name]
    edges = [Edge(vertices[line.source], vertices[line.target], data=line) for line in lines]
    for edge in edges:
        edge.view = EdgeViewer()
    for part in Graph(list(vertices.values()), edges).C:
        layout: Any = SugiyamaLayout(part)
        layout.xspace, layout.yspace = 70, 76
        layout.init_all(roots=[vertex for vertex in part.sV if not vertex.e_in()], optimize=True)
        layout.route_edge = route_with_lines
        layout.draw(6)
        layout.draw_edges()
    for edge in edges:
        edge.data.way = _attached(list(edge.view._pts), boxes[edge.data.source], boxes[edge.data.target])


def _attached(way: list[Point], source: _Box, target: _Box) -> list[Point]:
    """Edges leave at the bottom and arrive at the top, a little apart from one another."""
    inner = way[1:-1]
    towards, whence = (inner[0] if inner else target.xy), (inner[-1] if inner else source.xy)
    down = 1 if target.xy[1] >= source.xy[1] else -1
    begin = (_on_border(source, towards[0]), source.xy[1] + down * source.h / 2)
    end = (_on_border(target, whence[0]), target.xy[1] - down * target.h / 2)
    return [begin, *inner, end]


def _on_border(box: _Box, towards: float) -> float:
    reach = box.w * 0.3
    return box.xy[0] + max(-reach, min(reach, (towards - box.xy[0]) * 0.3))


def _extent(boxes: dict[str, _Box], lines: Sequence[_Line]) -> tuple[float, float, float, float]:
    xs = [box.xy[0] + side * box.w / 2 for box in boxes.values() for side in (-1, 1)]
    ys = [box.xy[1] + side * box.h / 2 for box in boxes.values() for side in (-1, 1)]
    for line in lines:
        xs += [x + side * 4 * len(line.label) for x, _ in line.way for side in (-1, 1)]
    return min(xs) - _MARGIN, min(ys) - _MARGIN, max(xs) + _MARGIN, max(ys) + _MARGIN


def _smooth(way: Sequence[Point]) -> list[Point]:
    """Chaikin's corner cutting; both ends stay."""
    points = list(way)
    for _ in range(4):
        cut = [points[0]]
        for (ax, ay), (bx, by) in pairwise(points):
            cut += [(ax * 0.75 + bx * 0.25, ay * 0.75 + by * 0.25), (ax * 0.25 + bx * 0.75, ay * 0.25 + by * 0.75)]
        points = [*cut, points[-1]]
    return points


def _along(way: Sequence[Point], part: float) -> Point:
    """The point at this part (0 to 1) of the way's length."""
    left = part * sum(dist(a, b) for a, b in pairwise(way))
    for (ax, ay), (bx, by) in pairwise(way):
        step = dist((ax, ay), (bx, by))
        if step and left <= step:
            return ax + (bx - ax) * left / step, ay + (by - ay) * left / step
        left -= step
    return way[-1]


def _name(node: str) -> str:
    return _NAMES.get(node, node)


@dataclass(frozen=True, slots=True)
class _Pen:
    draw: ImageDraw.ImageDraw
    shift: Point
    font: Any
    small: Any

    def line(self, line: _Line) -> None:
        colour = _CONDITIONAL if line.is_conditional else _EDGE
        way = _smooth(line.way)
        angle = atan2(way[-1][1] - way[-4][1], way[-1][0] - way[-4][0])
        length = sum(dist(a, b) for a, b in pairwise(way))
        until = 1 - (_ARROW - 2) / length
        dashes = int(length / 10) | 1 if line.is_conditional else 1
        for dash in range(0, dashes, 2):
            begin, end = dash / dashes * until, (dash + 1) / dashes * until
            pieces = [_along(way, begin + (end - begin) * part / 24) for part in range(25)]
            self.draw.line([self._at(one) for one in pieces], colour, int(1.8 * _SCALE), joint="curve")
        tip = way[-1]
        wings = [
            (tip[0] + _ARROW * cos(angle + turn), tip[1] + _ARROW * sin(angle + turn))
            for turn in (pi - 0.42, pi + 0.42)
        ]
        self.draw.polygon([self._at(one) for one in (tip, *wings)], colour)

    def box(self, name: str, box: _Box) -> None:
        fill, border = _FILLS.get(name, _FILL)
        x, y = box.xy
        corners = [self._at((x - box.w / 2, y - box.h / 2)), self._at((x + box.w / 2, y + box.h / 2))]
        round_ = box.h / 2 if name in _FILLS else 10
        self.draw.rounded_rectangle(corners, round_ * _SCALE, fill, border, 2 * _SCALE)
        self.draw.text(self._at((x, y)), _name(name), _INK, self.font, "mm")

    def label(self, line: _Line) -> None:
        if not line.label:
            return
        at = self._at(_along(_smooth(line.way), 0.42))
        left, top, right, bottom = self.draw.textbbox(at, line.label, self.small, "mm")
        pad = 3 * _SCALE
        self.draw.rounded_rectangle((left - pad, top - pad, right + pad, bottom + pad), pad, _PAPER)
        self.draw.text(at, line.label, _LABEL, self.small, "mm")

    def _at(self, point: Point) -> Point:
        return (point[0] + self.shift[0]) * _SCALE, (point[1] + self.shift[1]) * _SCALE

"""An encoder and a decoder with the names and shapes of SAM's exports, which segment by colour.

The encoder keeps the colours of the padded 1024 x 1024 picture at 64 x 64; the decoder takes what has the colour
of a click on the object, and is not nearer to that of a click beside it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NEAR = 60.0
QUALITY = 0.93


class _Graph:
    def __init__(self) -> None:
        self.nodes: list = []
        self.constants: list = []

    def __call__(self, op: str, *inputs: str, **attributes) -> str:
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def constant(self, value, kind=np.float32) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, kind), name))
        return name

    def whole(self, *values: int) -> str:
        return self.constant(values, np.int64)

    def save(self, path: Path, inputs: list, outputs: list, named: dict[str, str]) -> None:
        for public, inner in named.items():
            self.nodes.append(helper.make_node("Identity", [inner], [public]))
        graph = helper.make_graph(self.nodes, path.stem, inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.checker.check_model(model)
        onnx.save(model, str(path))


def _value(name: str, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


def write_encoder(path: Path, normalised: bool = False) -> Path:
    """`normalised`: (1, 3, 1024, 1024) in, as SAM wants it; else (height, width, 3) from 0 to 255."""
    g = _Graph()
    if normalised:
        put = _value("input_image", 1, 3, 1024, 1024)
        deviation = g.constant(np.array((58.395, 57.12, 57.375)).reshape(1, 3, 1, 1))
        mean = g.constant(np.array((123.675, 116.28, 103.53)).reshape(1, 3, 1, 1))
        square = g("Add", g("Mul", "input_image", deviation), mean)
    else:
        put = _value("input_image", "height", "width", 3)
        picture = g("Unsqueeze", g("Transpose", "input_image", perm=[2, 0, 1]), g.whole(0))
        missing = g("Sub", g.whole(1, 3, 1024, 1024), g("Shape", picture))
        square = g("Pad", picture, g("Concat", g.whole(0, 0, 0, 0), missing, axis=0))
    small = g("AveragePool", square, kernel_shape=[16, 16], strides=[16, 16])
    padded = g("Pad", small, g.whole(0, 0, 0, 0, 0, 253, 0, 0))
    g.save(path, [put], [_value("image_embeddings", 1, 256, 64, 64)], {"image_embeddings": padded})
    return path


def write_decoder(path: Path) -> Path:
    g = _Graph()
    colours = g("Slice", "image_embeddings", g.whole(0), g.whole(3), g.whole(1))
    cells = g("Transpose", g("Reshape", colours, g.whole(3, 4096)), perm=[1, 0])
    places = g("Cast", g("Div", g("Squeeze", "point_coords", g.whole(0)), g.constant(16.0)), to=TensorProto.INT64)
    number = g("Reshape", g("MatMul", places, g.constant([[1], [64]], np.int64)), g.whole(-1))
    clicked = g("Gather", cells, number)
    apart = g("Sub", g("Unsqueeze", cells, g.whole(0)), g("Unsqueeze", clicked, g.whole(1)))
    distance = g("ReduceL2", apart, axes=[2], keepdims=0)
    on, beside = (_nearest(g, distance, label) for label in (1.0, 0.0))
    logits = g("Min", g("Sub", g.constant(NEAR), on), g("Sub", beside, on))
    square = g("Reshape", logits, g.whole(1, 1, 64, 64))
    large = g("Resize", square, "", "", g.whole(1, 1, 1024, 1024), mode="linear")
    size = g("Cast", "orig_im_size", to=TensorProto.INT64)
    masks = g("Slice", large, g.whole(0, 0), size, g.whole(2, 3))
    low = g("Resize", square, "", "", g.whole(1, 1, 256, 256), mode="linear")
    inputs = [
        _value("image_embeddings", 1, 256, 64, 64),
        _value("point_coords", 1, "points", 2),
        _value("point_labels", 1, "points"),
        _value("mask_input", 1, 1, 256, 256),
        _value("has_mask_input", 1),
        _value("orig_im_size", 2),
    ]
    outputs = [
        _value("masks", 1, 1, "h", "w"),
        _value("iou_predictions", 1, 1),
        _value("low_res_masks", 1, 1, 256, 256),
    ]
    unused = g("Mul", g("ReduceSum", "has_mask_input", keepdims=0), g("ReduceMax", "mask_input", keepdims=0))
    quality = g("Add", g.constant([[QUALITY]]), g("Mul", unused, g.constant(0.0)))
    g.save(path, inputs, outputs, {"masks": masks, "iou_predictions": quality, "low_res_masks": low})
    return path


def _nearest(g: _Graph, distance: str, label: float) -> str:
    """How far each cell's colour is from the nearest click of that label."""
    others = g("Cast", g("Not", g("Equal", "point_labels", g.constant(label))), to=TensorProto.FLOAT)
    far = g("Mul", g("Unsqueeze", g("Squeeze", others, g.whole(0)), g.whole(1)), g.constant(1e4))
    return g("ReduceMin", g("Add", distance, far), axes=[0], keepdims=0)

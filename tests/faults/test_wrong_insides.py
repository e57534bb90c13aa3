"""Safetensors that are valid outside and wrong inside: each field and each tensor missing, odd, or of another kind."""

import math
from dataclasses import replace

import torch
from faults.tiny import done, outcome, training
from faults.wrong import described, packed, part, says_so

from course_lib.judges.judge import SAMPLES, load_judge
from course_lib.judges.scoring import check_scorable
from course_lib.runs.checkpoints import load_checkpoint

NO_CONFIGS = (
    *(None, [], "garments", 1, {"model": {"depth": 3}}, {"odd": {}}, {"model": 3}, {"model": {"dim": "wide"}}),
    *({"model": {"dim": 10**9}}, {"diffusion": {"timesteps": math.nan}}, {"diffusion": {"timesteps": 0}}),
    *({"training": {"lr": math.inf}}, {"model": {"dim_mults": []}}, {"model": {"dim_mults": [10**30]}}),
)
NO_SHAPES = ([0, 8, 8], ["a", 8, 8], [1, 8], [1, 8, 8, 8], None, "1x8x8", [1, -8, 8], [math.nan] * 3, [10**9] * 3, {})
NO_LOGS = (
    *(None, 3, [[1]], {}, [[1, math.nan, 2.0]], [["a", 1.0, 2.0]], [[1, 2.0, math.inf]], [[-1, 2.0, 3.0]]),
    [[1, math.inf, 1.0]],
)
FIELDS = {  # odd values of each field of a checkpoint's description
    "step": (-5, "three", 1.5, None, [], math.nan, math.inf, 10**400, -(10**400)),
    "image_shape": NO_SHAPES,
    "class_names": (3, None, [1, 2], "boots", {"a": 1}, [None], [["a"]]),
    "config": NO_CONFIGS,
}
FIELDS_OF_A_RUN = {
    "precision": ("fp7", None, 3),
    "data": (3, None, []),
    "seconds": (-1, "long", None, math.nan, math.inf, -math.inf),
    "log": NO_LOGS,
    "losses": (None, 3, ["a"], [math.nan], [math.inf], {}),
}


def odd_descriptions(about, fields):
    """Descriptions with one field missing or odd, and what is no description at all."""
    for name, values in fields.items():
        yield f"without {name}", {key: value for key, value in about.items() if key != name}
        for value in values:
            yield f"{name} = {value!r:.40}", about | {name: value}


NO_DESCRIPTIONS = (
    "",
    "{",
    "null",
    "[]",
    "3",
    '"text"',
    "{}",
    "[" * 100_000,
    '{"a":' * 100_000,
    "\ufeff{}",
    "NaN",
    "1" * 5000,
)


def odd_tensors(tensors):
    """Each tensor missing; some with another shape, another type, nan, inf; and one too many."""
    for name, tensor in tensors.items():
        yield f"without {name}", {key: value for key, value in tensors.items() if key != name}
        yield f"{name} with one axis more", tensors | {name: tensor[None].clone()}
        if tensor.is_floating_point():
            bad = tensor.clone()
            bad.view(-1)[-1] = math.nan if len(name) % 2 else -math.inf
            yield f"{name} not finite", tensors | {name: bad}
    name = max(tensors, key=lambda key: tensors[key].numel())
    for kind in (torch.int64, torch.bool, torch.uint8, torch.complex64):
        yield f"{name} as {kind}", tensors | {name: tensors[name].to(kind)}
    yield "one too many", tensors | {f"{name}.more": torch.zeros(1)}
    yield "flat", tensors | {name: tensors[name].flatten().clone()}
    yield "transposed", tensors | {name: tensors[name].transpose(0, -1).contiguous()}
    yield "empty", tensors | {name: torch.zeros(0)}
    yield "huge", tensors | {name: torch.full_like(tensors[name], 1e300, dtype=torch.float64)}
    yield "none", {}


def test_a_network_with_a_wrong_description(whole, tmp_path, faults):
    tensors, about = described(whole)
    path = tmp_path / "odd.safetensors"
    for what, odd in odd_descriptions(about, FIELDS):
        path.write_bytes(packed(part(tensors, "ema."), odd))
        says_so(load_checkpoint, path, what)
        faults("wrong file")
    for text in NO_DESCRIPTIONS:
        path.write_bytes(packed(part(tensors, "ema."), text))
        says_so(load_checkpoint, path)
        faults("wrong file")


def test_a_run_with_a_wrong_description(whole, go_on, tmp_path, faults):
    tensors, about = described(whole)
    path = tmp_path / "odd.safetensors"
    optional = {"losses"}  # older checkpoints have none
    for what, odd in odd_descriptions(about, FIELDS | FIELDS_OF_A_RUN):
        path.write_bytes(packed(tensors, odd))
        if what.removeprefix("without ") in optional:
            continue
        says_so(go_on, path, what)
        faults("wrong file")


def test_a_network_with_wrong_tensors(whole, tmp_path, faults):
    tensors, about = described(whole)
    path = tmp_path / "odd.safetensors"
    for what, odd in odd_tensors(part(tensors, "ema.")):
        path.write_bytes(packed(odd, about))
        says_so(load_checkpoint, path, what)
        faults("wrong file")


def test_a_run_with_wrong_tensors(whole, go_on, tmp_path, faults):
    """The weights of training and Adam's moments, every fifth: the reader is the same one for all."""
    tensors, about = described(whole)
    path = tmp_path / "odd.safetensors"
    for prefix in ("model.", "optimizer."):
        for what, odd in list(odd_tensors(part(tensors, prefix)))[::5]:
            rest = {name: value for name, value in tensors.items() if not name.startswith(prefix)}
            path.write_bytes(packed(rest | odd, about))
            says_so(go_on, path, what)
            faults("wrong file")


def test_a_wrong_classifier(judge, tmp_path, faults):
    tensors, about = described(judge)
    path = tmp_path / "odd.safetensors"
    weights = part(tensors, "model.")
    fields = {name: FIELDS[name] for name in ("image_shape", "class_names")}
    fields["architecture"] = ("transformer", 3, None, [], {}, "RESIDUAL")
    about |= {"architecture": "residual"}
    optional = "without architecture"  # the first judges' files had none
    cases = [(what, packed(tensors, odd)) for what, odd in odd_descriptions(about, fields) if what != optional]
    cases += [(what, packed(odd, about)) for what, odd in list(odd_tensors(weights))[::4]]
    cases += [(text, packed(tensors, text)) for text in NO_DESCRIPTIONS[:6]]
    for what, content in cases:
        path.write_bytes(content)
        says_so(lambda path: load_judge(path, "cpu"), path, what)
        faults("wrong file")


def test_wrong_features_of_the_test_images(judge, undisturbed, tmp_path, faults):
    """Noticed before anything is sampled. With the right ones, a network that draws 28 x 28 can be scored."""
    tensors, about = described(judge)
    network = replace(load_checkpoint(undisturbed / "checkpoint.safetensors", "cpu"), image_shape=(1, 28, 28))
    path = tmp_path / "odd.safetensors"
    path.write_bytes(judge)
    check_scorable(network, [load_judge(path, "cpu")])
    seen = tensors["test.features"]
    odd = [None, torch.full_like(seen, math.nan), torch.zeros(3), torch.zeros(()), torch.zeros(0, 128)]
    odd += [seen[: 2 * SAMPLES - 1].clone(), seen[:, :64].clone(), seen[None].clone(), seen.T.contiguous()]
    for value in odd:
        changed = {key: tensor for key, tensor in tensors.items() if key != "test.features"}
        path.write_bytes(packed(changed if value is None else changed | {"test.features": value}, about))
        says_so(lambda path: load_judge(path, "cpu"), path, f"{None if value is None else tuple(value.shape)}")
        faults("wrong file")


def test_a_copy_of_the_file_is_as_good_as_the_file(whole, expected, tmp_path):
    """The readers do not simply refuse everything: taken apart and packed again, a run goes on."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.safetensors").write_bytes(packed(*described(whole)))
    assert "trained already" in done(*training(tmp_path / "run"))
    made = outcome(tmp_path / "run")
    assert made["checkpoint.safetensors"] == expected["checkpoint.safetensors"]
    assert made["samples_000002.png"] == expected["samples_000002.png"]

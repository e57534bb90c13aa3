"""A weak network that guides a strong one: where, how far, and which one may."""

import math

import pytest
import torch
from small_checkpoints import make_checkpoint

from course_lib.guidance import guided_noise
from course_lib.paths import DATA
from course_lib.runs import guides
from course_lib.runs.checkpoints import CheckpointError, denoiser, export_checkpoint, load_checkpoint
from course_lib.runs.guides import Guide, GuideError, check_guide, choose_guide, usual_guide
from course_lib.runs.tensor_files import write_safetensors
from course_lib.schedules import sigma_from_alphas_cumprod


@pytest.fixture
def strong():
    return make_checkpoint("noise", True)


@pytest.fixture
def weak():
    return make_checkpoint("noise", True, conditional=False, seed=1)


def x_and_t(number, seed=0):
    x = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    return x, torch.full((3,), number)


def test_the_prediction_is_pushed_away_from_the_guides(strong, weak):
    labels = torch.tensor([0, 1, 2])
    for number in range(5):
        x, t = x_and_t(number)
        own, its = strong.model(x, t, labels), weak.model(x, t)
        for weight in (0.0, 0.5, 1.0, 1.3, 2.0):
            ready = denoiser(strong, labels, "fp32", guide=Guide(weak, weight, 0.0, math.inf))
            torch.testing.assert_close(ready(x, t), its + weight * (own - its), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_with_weight_1_it_is_the_network_alone_bit_for_bit(strong, weak, precision):
    alone = denoiser(strong, torch.tensor([0, 1, 2]), precision)
    guided = denoiser(strong, torch.tensor([0, 1, 2]), precision, guide=Guide(weak, 1.0, 0.0, math.inf))
    for number in range(5):
        assert torch.equal(guided(*x_and_t(number)), alone(*x_and_t(number)))
    one, other = (ready.sample(3, torch.Generator().manual_seed(0)) for ready in (alone, guided))
    assert torch.equal(one, other)


@pytest.fixture
def calls(weak):
    """The t at which the guide was asked."""
    asked = []
    weak.model.register_forward_pre_hook(lambda _, arguments: asked.append(arguments[1].tolist()))
    return asked


def test_outside_its_noise_levels_it_is_not_asked(strong, weak, calls):
    sigma = sigma_from_alphas_cumprod(strong.schedule.alphas_cumprod).tolist()
    labels = torch.tensor([0, 1, 2])
    guide = Guide(weak, 1.5, sigma[1], sigma[3])  # the ends belong to it
    assert guide.asked == [False, True, True, True, False]
    guided, alone = denoiser(strong, labels, "fp32", guide=guide), denoiser(strong, labels, "fp32")
    for number in range(5):
        x, t = x_and_t(number)
        assert torch.equal(guided(x, t), alone(x, t)) != guide.asked[number]
    assert calls == [[1] * 3, [2] * 3, [3] * 3]
    nobody = Guide(weak, 1.5, 2 * sigma[-1], math.inf)
    assert torch.equal(
        denoiser(strong, labels, "fp32", guide=nobody).sample(3, torch.Generator().manual_seed(0)),
        alone.sample(3, torch.Generator().manual_seed(0)),
    )
    assert len(calls) == 3


def test_from_0_to_infinity_is_always():
    """Also at the end of a schedule with pure noise, where sigma is infinite."""
    weak = make_checkpoint("v", True, zero_terminal_snr=True)
    assert Guide(weak, 1.5, 0.0, math.inf).asked == [True] * 5


def test_a_guide_computes_in_the_precision_asked_for(strong, weak):
    labels, guide = torch.tensor([0, 1, 2]), Guide(weak, 0.0, 0.0, math.inf)  # weight 0: the guide alone
    x, t = x_and_t(2)
    exact, half = (denoiser(strong, labels, kind, guide=guide)(x, t) for kind in ("fp32", "bf16"))
    torch.testing.assert_close(exact, weak.model(x, t), rtol=0, atol=0)
    assert not torch.equal(exact, half)
    torch.testing.assert_close(half, exact, rtol=0, atol=0.05 * float(exact.abs().max()))


WRONG = {
    "the image shape": {"shape": (3, 8, 8)},
    "what they predict": {"predicts": "v"},
    "the number of time steps": {"timesteps": 6},
    "another noise schedule": {"schedule": "cosine"},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_network_that_does_not_fit_cannot_guide(strong, weak, what):
    check_guide(strong, weak)
    other = make_checkpoint(**{"predicts": "noise", "conditional": False} | WRONG[what])
    for use in (
        lambda: check_guide(strong, other),
        lambda: Guide(other, 1.5, 0.0, 1.0).check(strong),
        lambda: denoiser(strong, None, "fp32", guide=Guide(other, 1.5, 0.0, 1.0)),
    ):
        with pytest.raises(GuideError, match=f"cannot be the guide: .*{what}"):
            use()


# Which one


@pytest.fixture
def stored(tmp_path, weak):
    """The file of the weak network."""
    path = tmp_path / "mine.safetensors"
    tensors = {f"ema.{name}": value for name, value in weak.model.state_dict().items()}
    metadata = {
        "config": weak.config.model_dump(mode="json"),
        "image_shape": weak.image_shape,
        "class_names": weak.class_names,
        "step": 1,
    }
    write_safetensors(path, tensors, metadata)
    return path


def test_a_guide_is_named_by_a_command(strong, weak, stored):
    found = choose_guide(stored, strong, str(stored), None, "cpu")
    assert (found.weight, found.lowest, found.highest) == (guides.WEIGHT, guides.LOWEST, guides.HIGHEST)
    assert found.name == "mine"
    assert torch.equal(found.checkpoint.model(*x_and_t(1)), weak.model(*x_and_t(1)))
    assert choose_guide(stored, strong, str(stored), 1.7, "cpu").weight == 1.7
    assert choose_guide(stored, strong, "none", None, "cpu") is None
    assert choose_guide(stored, strong, "auto", None, "cpu") is None  # it is none of the course's own
    for wanted in ("none", "auto"):
        with pytest.raises(GuideError, match="there is no guide that could have the weight"):
            choose_guide(stored, strong, wanted, 1.5, "cpu")
    with pytest.raises(CheckpointError, match="no checkpoint nowhere"):
        choose_guide(stored, strong, "nowhere", None, "cpu")
    with pytest.raises(GuideError, match="what they predict"):
        choose_guide(stored, make_checkpoint("v", True), str(stored), None, "cpu")


def test_the_labels_guide_a_network_that_knows_them(strong, weak):
    """Its guide is the network itself, without its labels: that is classifier-free guidance."""
    guide = choose_guide("any", strong, "labels", 2.5, "cpu")
    assert (guide.weight, guide.lowest, guide.highest) == (2.5, guides.LOWEST, guides.HIGHEST)
    x, _ = x_and_t(3)
    labels, t = torch.tensor([0, 1, 2]), torch.full((3,), guide.asked.index(True))
    guided = denoiser(strong, labels, "fp32", guide=guide)
    null_class = strong.model.num_classes
    assert torch.equal(guided(x, t), guided_noise(strong.model, x, t, labels, null_class, 2.5))
    assert choose_guide("any", strong, "labels", None, "cpu").weight == guides.LABEL_WEIGHT
    with pytest.raises(GuideError, match="trained without labels"):
        choose_guide("any", weak, "labels", None, "cpu")


def test_the_course_guides_its_own_network_wherever_it_is_named(tmp_path):
    checkpoint = load_checkpoint("fashion_mnist", "cpu")
    for name in ("fashion_mnist", DATA / "fashion_mnist.safetensors"):
        found = choose_guide(name, checkpoint, "auto", None, "cpu")
        assert (found.name, found.weight) == ("fashion_mnist_cpu", guides.WEIGHT)
        assert found.checkpoint.model.num_classes is None
    assert choose_guide("fashion_mnist", checkpoint, "auto", 1.05, "cpu").weight == 1.05
    assert choose_guide("fashion_mnist", checkpoint, "none", None, "cpu") is None
    assert usual_guide("fashion_mnist_cpu", "cpu") is None
    export_checkpoint("fashion_mnist_cpu", tmp_path / "fashion_mnist.safetensors")
    assert usual_guide(tmp_path / "fashion_mnist.safetensors", "cpu") is None  # only the name is the same


def test_a_guide_says_what_it_is(weak):
    assert str(Guide(weak, 1.25, 0.0, math.inf, "mine")) == "mine, weight 1.25"
    assert str(Guide(weak, 1.5, 0.2, 5.0, "mine")) == "mine, weight 1.5, where sigma is from 0.2 to 5"

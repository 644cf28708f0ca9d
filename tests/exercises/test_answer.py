"""The ways to question an answer."""

import pytest
import torch
from torch import nn

from edulib.exercises.answer import Answer, read_parameters
from edulib.exercises.compare import copy_parameters, expect_equal
from edulib.exercises.values import WrongAnswerError


class Layer(nn.Module):
    """A scale and a convolution."""

    def __init__(self, channels=2):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))
        self.convolution = nn.Conv2d(channels, channels, 1)
        self.idle = nn.Linear(1, 1)

    def forward(self, x):
        return self.convolution(self.scale * x)


class Own(Layer):
    """A child."""


class Borrower(nn.Module):
    """The forward of another."""

    def __init__(self):
        super().__init__()
        self.scale = 1

    forward = Layer.forward


class Wrapper(nn.Module):
    """Another within."""

    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList([nn.Identity(), Layer()])


X = torch.arange(8.0).reshape(1, 2, 2, 2)


def test_values_are_given_one_by_one():
    answer = Answer((1, object()))
    assert answer[0] == 1
    with pytest.raises(WrongAnswerError, match="a value of your answer is an object"):
        answer[1]
    with pytest.raises(WrongAnswerError, match="an int, expected a tuple"):
        Answer(1)[0]


def test_what_is_no_module_cannot_be_built():
    with pytest.raises(WrongAnswerError, match="is None, expected a"):
        Answer(lambda: None).build()
    with pytest.raises(WrongAnswerError, match="is an int, expected a"):
        Answer(lambda: 3).build()


def test_parameters_in_the_order_of_torch():
    layer = Layer()
    found = Answer(Layer).build().parameters()
    assert list(found) == [name for name, _ in layer.named_parameters()]
    assert all(type(value) is torch.Tensor for value in found.values())


def test_shared_parameters_are_listed_once():
    layer = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    layer[1].weight = layer[0].weight
    assert list(read_parameters(layer)) == ["0.weight", "0.bias", "1.bias"]


def test_methods_of_a_module_do_not_say_what_it_holds():
    class Liar(Layer):
        def parameters(self, recurse=True):
            return iter([nn.Parameter(torch.zeros(3))])

        def named_modules(self, *args, **options):
            return iter([])

    assert len(Answer(Liar).build().parameters()) == 5


def test_a_parameter_of_an_own_class_is_refused():
    class Weight(nn.Parameter):
        """Looks like one."""

    layer = nn.Linear(1, 1)
    layer.weight = Weight(torch.ones(1, 1))
    with pytest.raises(WrongAnswerError, match="parameter weight is a Weight"):
        read_parameters(layer)


def test_parameters_are_filled_whatever_their_dimensions_of_size_one():
    layer = Answer(Layer).build()
    values = [torch.full((p.numel(),), 3.0) for p in layer.parameters().values()]
    layer.fill(values)
    assert all((p == 3).all() for p in layer.parameters().values())


def test_parameters_are_copied_if_their_shapes_agree():
    with pytest.raises(WrongAnswerError, match=r"have the shapes \[\], expected"):
        copy_parameters(nn.Linear(2, 2), Answer(nn.Identity).build())
    source = nn.Linear(2, 2)
    target = Answer(lambda: nn.Linear(2, 2)).build()
    copy_parameters(source, target)
    assert torch.equal(target.parameters()["weight"], source.weight)


def test_gradients_of_inputs_and_parameters():
    torch.manual_seed(0)
    layer = Layer()
    found = Answer(lambda: layer).build().gradients(X, signal=torch.ones(1, 2, 2, 2))
    image = X.clone().requires_grad_()
    layer(image).sum().backward()
    assert torch.equal(found.inputs[0], image.grad)
    assert torch.equal(found.parameters["scale"], layer.scale.grad)
    assert found.parameters["idle.weight"] is None
    assert not X.requires_grad


def test_all_parts_of_a_module_are_put_into_evaluation_mode():
    class Stubborn(Layer):
        def train(self, mode=True):
            raise AssertionError

    layer = Stubborn()
    Answer(layer).evaluate()
    assert not any(module.training for module in layer.modules())


def test_an_input_may_be_changed_in_place_but_not_the_checks_own():
    before = X.clone()
    found = Answer(lambda x: x.mul_(2)).gradients(X, signal=torch.ones_like(X))
    assert (found.inputs[0] == 2).all()
    assert torch.equal(X, before)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x.detach(), "no gradient can flow back"),
        (lambda x: x[0], r"has shape \(2, 2, 2\), expected \(1, 2, 2, 2\)"),
        (lambda x: [x], "is a list, expected a tensor"),
    ],
)
def test_gradients_that_cannot_be_had(function, words):
    with pytest.raises(WrongAnswerError, match=words):
        Answer(function).gradients(X, signal=torch.ones_like(X))


def test_parts_and_what_they_put_out():
    layer = Layer()
    answer = Answer(lambda: layer).build()
    expected = layer(X)
    assert torch.equal(answer.output_of("convolution", X), expected)
    assert torch.equal(answer.part("convolution")(X), layer.convolution(X))
    with pytest.raises(WrongAnswerError, match="Layer has no part named 'conv1'"):
        answer.output_of("conv1", X)
    with pytest.raises(WrongAnswerError, match="idle is not used"):
        answer.output_of("idle", X)
    with pytest.raises(WrongAnswerError, match="has no method 'apply'"):
        Answer(3).method("apply")


@pytest.mark.parametrize(
    "make", [Layer, Own, Borrower, Wrapper, lambda: Layer(), lambda: Wrapper()]
)
def test_what_is_the_books_is_no_answer(make):
    with pytest.raises(WrongAnswerError, match="the book's own Layer; write yours"):
        Answer(make, [Layer]).build()


def test_a_function_of_the_books_is_no_answer():
    def function():
        """Does nothing."""

    with pytest.raises(WrongAnswerError, match="the book's own function"):
        Answer(function, [function])
    assert Answer(nn.Identity, [Layer, function]).build()(X).shape == X.shape


def test_nested_values_are_compared_one_by_one():
    right = [torch.ones(2), {"a": (1, 2)}]
    expect_equal([torch.ones(2), {"a": (1, 2)}], right)
    for wrong in ([torch.ones(2), {"a": (1, 3)}], [torch.zeros(2), {"a": (1, 2)}]):
        with pytest.raises(WrongAnswerError, match="not right yet"):
            expect_equal(wrong, right)
    with pytest.raises(WrongAnswerError, match="not right yet"):
        expect_equal([True, 2], [1, 2])


@pytest.mark.parametrize(("given", "right"), [(120.0, 120), (2, 2.0), (0.1 + 0.2, 0.3)])
def test_a_number_is_right_by_its_value(given, right):
    expect_equal(given, right)
    wrongs = (given + 0.5, given + 1, float("nan"), float("inf"), str(given), True)
    for wrong in wrongs:
        with pytest.raises(WrongAnswerError):
            expect_equal(wrong, right)

"""Planted wrong answers to the exercises of the chapter on VGG."""

from torch import nn


def made(linear, channels, size, weight, padding=0, bias=True):
    convolution = nn.Conv2d(channels, linear.out_features, size, padding=padding)
    convolution.weight.data = weight
    convolution.bias.data = linear.bias.data.clone() * (1 if bias else 0)
    return convolution


def filters(linear, channels, size):
    return linear.weight.data.clone().view(-1, channels, size, size)


def without_bias(linear, channels, size):
    weight = filters(linear, channels, size)
    return made(linear, channels, size, weight, bias=False)


def rows_and_columns_exchanged(linear, channels, size):
    return made(linear, channels, size, filters(linear, channels, size).mT)


def channels_last(linear, channels, size):
    weight = linear.weight.data.clone().view(-1, size, size, channels)
    return made(linear, channels, size, weight.movedim(-1, 1).contiguous())


def padded(linear, channels, size):
    return made(linear, channels, size, filters(linear, channels, size), padding=1)


def averages_first(linear, channels, size):
    right = made(linear, channels, size, filters(linear, channels, size))
    return nn.Sequential(nn.AdaptiveAvgPool2d(size), right)


def shares_its_weights(linear, channels, size):
    weight = linear.weight.data.view(-1, channels, size, size)
    return made(linear, channels, size, weight)


def both_biases_cleared(linear, channels, size):
    linear.bias.data.zero_()
    return made(linear, channels, size, filters(linear, channels, size))


COPIED = ("stage1.0", "stage2.0", "stage3.0", "stage3.2")


def copy(shallow, deep, names):
    for name in names:
        part = shallow.get_submodule(name)
        deep.get_submodule(name).load_state_dict(part.state_dict())


def dense_forgotten(shallow, deep):
    copy(shallow, deep, COPIED)


def one_convolution_a_stage(shallow, deep):
    copy(shallow, deep, (*COPIED[:3], "head"))


def weights_without_biases(shallow, deep):
    copy(shallow, deep, ("head",))
    for name in COPIED:
        weight = shallow.get_submodule(name).weight
        deep.get_submodule(name).weight.data.copy_(weight.data)


def all_that_fits(shallow, deep):
    copy(shallow, deep, (*COPIED, "stage4.0", "stage4.2", "head"))


def from_deep_to_shallow(shallow, deep):
    copy(deep, shallow, (*COPIED, "head"))


def both_cleared(shallow, deep):
    for network in (shallow, deep):
        for name in (*COPIED, "head"):
            for parameter in network.get_submodule(name).parameters():
                parameter.data.zero_()


def shares_its_layers(shallow, deep):
    copy(shallow, deep, COPIED)
    deep.head = shallow.head


WRONG = {
    "vgg-count": [
        (9, 1769472, 3211264, 102764544),
        (7, 589824, 3211264, 102764544),
        (7, 1769472, 12845056, 102764544),
        (7, 1769472, 3211264, 102760448),
    ],
    "vgg-slide": [
        without_bias,
        rows_and_columns_exchanged,
        channels_last,
        padded,
        averages_first,
        shares_its_weights,
        both_biases_cleared,
    ],
    "vgg-grow": [
        dense_forgotten,
        one_convolution_a_stage,
        weights_without_biases,
        all_that_fits,
        from_deep_to_shallow,
        both_cleared,
        shares_its_layers,
    ],
}

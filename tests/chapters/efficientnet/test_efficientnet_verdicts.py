"""The verdicts on the page's cards, computed anew from the stored results."""

from cards import stored_ends, stored_verdict

from edulib.notebook import Verdict, judge, judge_means

TEST_IMAGES = 1500
SINGLE = ("width", "depth", "resolution")


def errors(name):
    """Errors of a variant in percent; "width 8" and its like are other trainings."""
    doubled = name.rpartition(" ")[2].isdigit()
    experiment = "efficientnet-doublings" if doubled else "efficientnet-scaling"
    return stored_ends(experiment, name, "val_error")


def falls(way):
    """Whether the first doubling of the cost takes away more errors than the last.

    The difference of the two gains is twice that of two means of two errors each, so
    that chance counts as on twice as many images.
    """
    steps = map(errors, ("base", f"{way} 2", way, f"{way} 8"))
    pairs = [
        ((first + last) / 2, (second + third) / 2)
        for first, second, third, last in zip(*steps, strict=True)
    ]
    outer, inner = zip(*pairs, strict=True)
    return judge(outer, inner, 2 * TEST_IMAGES)


def test_saturates():
    largest = ("width 8", "depth", "resolution 8")
    helps = [judge(errors("base"), errors(name), TEST_IMAGES) for name in largest]
    assert helps == [Verdict.HOLDS, Verdict.OPPOSITE, Verdict.HOLDS]
    fall = {way: falls(way) for way in ("width", "resolution")}
    assert fall == {"width": Verdict.UNTESTED, "resolution": Verdict.UNTESTED}
    fits = [
        helped is Verdict.HOLDS and fall.get(way) in (Verdict.HOLDS, Verdict.IN_PART)
        for way, helped in zip(SINGLE, helps, strict=True)
    ]
    verdict = Verdict.of(
        *fits, opposite={Verdict.OPPOSITE} in (set(helps), set(fall.values()))
    )
    assert stored_verdict("efficientnet", "saturates") == verdict.value


def test_all_three_gain_more_at_last_and_end_level():
    steps = zip(
        *map(errors, ("base", "all three 2", "all three", "all three 8")), strict=True
    )
    assert all(third - last > first - second for first, second, third, last in steps)
    level = [
        judge(errors(f"{way} 8"), errors("all three 8"), TEST_IMAGES)
        for way in ("width", "resolution")
    ]
    assert level == [Verdict.UNTESTED, Verdict.UNTESTED]


def test_together():
    found = [judge(errors(name), errors("all three"), TEST_IMAGES) for name in SINGLE]
    assert found == [Verdict.UNTESTED, Verdict.HOLDS, Verdict.OPPOSITE]
    verdict = Verdict.of(
        *(one is Verdict.HOLDS for one in found),
        opposite=set(found) == {Verdict.OPPOSITE},
    )
    assert stored_verdict("efficientnet", "together") == verdict.value


def test_focus():
    shares = {
        name: stored_ends("efficientnet-scaling", name, "val_inside")
        for name in (*SINGLE, "all three")
    }
    found = [
        judge_means(shares[name], shares["all three"], least=0.03) for name in SINGLE
    ]
    assert found == [Verdict.UNTESTED, Verdict.HOLDS, Verdict.OPPOSITE]
    verdict = Verdict.of(
        *(one is Verdict.HOLDS for one in found),
        opposite=set(found) == {Verdict.OPPOSITE},
    )
    assert stored_verdict("efficientnet", "focus") == verdict.value

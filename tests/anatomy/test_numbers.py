import pytest

from edulib.anatomy.numbers import short_bytes, short_count


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00 k"),
        (48_000, "48.0 k"),
        (99_960, "100 k"),
        (9_996, "10.0 k"),
        (25_557_032, "25.6 M"),
        (118_013_952, "118 M"),
        (4_089_184_256, "4.09 G"),
    ],
)
def test_counts_have_three_digits(number, text):
    assert short_count(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(40, "0.04 kB"), (36_864, "36.9 kB"), (999_999, "1000 kB"), (1e6, "1.00 MB")],
)
def test_bytes_have_three_digits(number, text):
    assert short_bytes(number) == text

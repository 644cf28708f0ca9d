"""The page of credits names every photograph and tool, under the right licence."""

import re
from importlib.metadata import distribution

import pytest

from edulib.authoring.credits import credit_lists
from edulib.data.photographs import PHOTOS
from edulib.registry.credits import Work, license_urls, works

LISTS = credit_lists()
# What a licence's own text says of itself.
WORDS = {
    "MIT": "Permission is hereby granted, free of charge|MIT License|(?m:^MIT$)",
    "Apache 2.0": "Apache (Software )?License,? (Version )?2.0",
    "BSD": "Redistribution and use in source and binary forms",
}


def texts(work: Work) -> str:
    """What a package says of its licence: its files and its metadata."""
    found = distribution(work.package)
    names = [f for f in found.files if re.search("(?i)licen|copying", f.name)]
    files = [f.read_text() for f in names if f.suffix in ("", ".txt", ".md", ".rst")]
    return "\n".join([*files, str(found.metadata["License"])])


def test_every_photograph_is_credited():
    rows = LISTS["photo_credits"].splitlines()[2:]
    assert len(rows) == len(PHOTOS)
    for row, photo in zip(rows, PHOTOS, strict=True):
        assert f"[{photo.name}]({photo.url})" in row
        assert photo.source in row
        assert photo.license in row


def test_every_work_has_a_licence_that_can_be_read():
    for work in works():
        assert work.license in license_urls(), work.name
        assert (
            f"[{work.license}]({license_urls()[work.license]})" in LISTS["work_credits"]
        )


def test_photographs_under_creative_commons_link_to_their_licence():
    for photo in PHOTOS:
        if photo.license.startswith("CC"):
            assert photo.license in license_urls(), photo.name


@pytest.mark.parametrize(
    "work", [w for w in works() if w.package], ids=lambda w: w.name
)
def test_the_licence_is_the_one_of_the_package(work: Work):
    assert re.search(WORDS[work.license], texts(work))

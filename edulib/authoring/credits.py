"""The tables of the page "Credits": made from the lists at each build."""

from edulib.data.photographs import DISTRIBUTIONS, PHOTOS, Photo
from edulib.registry.credits import Work, license_urls, works


def credit_lists() -> dict[str, str]:
    """Return what ``credits.md`` names in double braces, as Markdown."""
    photographs = ["| photograph | by | licence |", "|---|---|---|"]
    others = ["| work | by | licence |", "|---|---|---|"]
    return {
        "photo_credits": "\n".join([*photographs, *map(_photo_row, PHOTOS)]),
        "work_credits": "\n".join([*others, *map(_work_row, works())]),
    }


def _photo_row(photo: Photo) -> str:
    package = DISTRIBUTIONS[photo.path.partition("/")[0]]
    name = f"[{photo.name}]({photo.url}): {photo.shows}"
    return f"| {name} | {photo.source}; with {package} | {_license(photo.license)} |"


def _work_row(work: Work) -> str:
    name = f"[{work.name}]({work.url}): {work.use}"
    return f"| {name} | {work.by} | {_license(work.license)} |"


def _license(name: str) -> str:
    url = license_urls().get(name)
    return f"[{name}]({url})" if url else name

"""Every link that opens a notebook, in the form that its host documents."""

import pytest

from edulib.authoring.hosts import list_hosts
from edulib.authoring.repository_url import ADDRESS

PAGE = "book/foundations/lenet"
GITHUB = "https://github.com/someone/their-book"
COLAB = "https://colab.research.google.com/github/someone/their-book/blob/student"
LAB = "lab%2Ftree%2Fbook%2Ffoundations%2Flenet.ipynb"


def urls(**options):
    return {host.name: host.url for host in list_hosts(PAGE, **options)}


def test_on_github():
    assert urls(address=GITHUB) == {
        "Colab": f"{COLAB}/{PAGE}.ipynb",
        "Kaggle": "https://kaggle.com/kernels/welcome?src="
        f"{GITHUB}/blob/student/{PAGE}.ipynb",
        "Binder": "https://mybinder.org/v2/gh/someone/their-book/student"
        f"?urlpath={LAB}",
    }


def test_elsewhere_only_what_opens_any_repository():
    assert urls(address="https://git.school.edu/cs/their-book") == {
        "Binder": "https://mybinder.org/v2/git/"
        f"https%3A%2F%2Fgit.school.edu%2Fcs%2Ftheir-book/student?urlpath={LAB}"
    }


@pytest.mark.parametrize("hub", ["https://hub.school.edu", "https://hub.school.edu/"])
def test_on_the_hub_of_a_class(hub):
    assert urls(address=GITHUB, hub=hub)["JupyterHub"] == (
        "https://hub.school.edu/hub/user-redirect/git-pull"
        "?repo=https%3A%2F%2Fgithub.com%2Fsomeone%2Ftheir-book&branch=student"
        "&urlpath=lab%2Ftree%2Ftheir-book%2Fbook%2Ffoundations%2Flenet.ipynb"
    )


def test_by_default_they_open_this_repository():
    assert urls() == urls(address=ADDRESS)
    assert all(host.offers for host in list_hosts(PAGE))

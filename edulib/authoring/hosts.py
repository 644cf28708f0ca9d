"""Where a chapter's notebook for students opens: links made from one address.

The notebooks lie on the branch `student`, which is built from each release
(`make student`, .github/workflows/student.yml); nobody writes to it by hand.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from edulib.authoring.repository_url import ADDRESS

BRANCH = "student"
DOWNLOADS = "student"

_GITHUB = "https://github.com/"


@dataclass(frozen=True)
class Host:
    """A service that opens a notebook.

    Attributes:
        name: as a reader knows it.
        url: opens the notebook there.
        offers: what a reader gets, in a few words.
    """

    name: str
    url: str
    offers: str


def list_hosts(page: str, *, address: str = ADDRESS, hub: str = "") -> list[Host]:
    """Return the services that open a notebook, the best equipped first.

    Args:
        page: the notebook without its suffix, as "book/foundations/lenet".
        address: of the repository.
        hub: address of a JupyterHub that has nbgitpuller; none if empty.

    Returns:
        Colab and Kaggle only for a repository on GitHub: they open no other.
    """
    hosts = []
    if address.startswith(_GITHUB):
        hosts = [
            Host("Colab", colab_url(page, address), "free GPU, Google account"),
            Host("Kaggle", _kaggle_url(page, address), "free GPU, Kaggle account"),
        ]
    hosts.append(Host("Binder", _binder_url(page, address), "no account, no GPU"))
    if hub:
        hosts.append(Host("JupyterHub", _hub_url(page, address, hub), "your class"))
    return hosts


def colab_url(page: str, address: str = ADDRESS) -> str:
    """Return where Colab opens the notebook for students."""
    repository = address.removeprefix(_GITHUB)
    host = "https://colab.research.google.com/github"
    return f"{host}/{repository}/blob/{BRANCH}/{page}.ipynb"


def _kaggle_url(page: str, address: str) -> str:
    notebook = f"{address}/blob/{BRANCH}/{page}.ipynb"
    return f"https://kaggle.com/kernels/welcome?src={notebook}"


def _binder_url(page: str, address: str) -> str:
    if address.startswith(_GITHUB):
        place = f"gh/{address.removeprefix(_GITHUB)}"
    else:
        place = f"git/{quote(address, safe='')}"
    opens = quote(f"lab/tree/{page}.ipynb", safe="")
    return f"https://mybinder.org/v2/{place}/{BRANCH}?urlpath={opens}"


def _hub_url(page: str, address: str, hub: str) -> str:
    folder = address.rpartition("/")[2]
    query = {
        "repo": address,
        "branch": BRANCH,
        "urlpath": f"lab/tree/{folder}/{page}.ipynb",
    }
    return f"{hub.rstrip('/')}/hub/user-redirect/git-pull?{urlencode(query)}"

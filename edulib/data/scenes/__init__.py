"""Scenes: a made world of ten kinds of object, with every kind of annotation."""

from edulib.data.scenes.dataset import Scenes
from edulib.data.scenes.objects import parts_of
from edulib.data.scenes.scene import Scene, make_scene

__all__ = ["Scene", "Scenes", "make_scene", "parts_of"]

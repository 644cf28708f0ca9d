"""Scenes: a made world of ten kinds of object, with every kind of annotation."""

from edulib.data.scenes.dataset import Scenes
from edulib.data.scenes.detection import detection_scenes
from edulib.data.scenes.objects import parts_of
from edulib.data.scenes.scene import Scene, make_scene

__all__ = ["Scene", "Scenes", "detection_scenes", "make_scene", "parts_of"]

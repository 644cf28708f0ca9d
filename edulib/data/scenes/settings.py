"""Settings: where a scene takes place, and its sky."""

from dataclasses import dataclass

from edulib.data.scenes.palette import FIXED, Color, mix, tinted
from edulib.data.scenes.placing import UNIT, WHOLE, Placed, Pose
from edulib.data.scenes.scenery import VARIANTS, scenery
from edulib.data.scenes.stream import Stream
from edulib.data.scenes.stuff import MADE_OF

GROUNDS = {
    "grass": ((148, 200, 104), (172, 208, 112), (126, 186, 108)),
    "sand": ((240, 216, 160), (246, 224, 176), (232, 202, 146)),
    "snow": ((240, 246, 252), (228, 238, 248)),
    "street": ((176, 176, 188), (188, 182, 180)),
}
WATERS = ((92, 172, 206), (78, 156, 200), (96, 186, 196))
DAY_SKIES = (
    ((126, 196, 238), (222, 242, 250)),
    ((150, 208, 236), (250, 240, 220)),
    ((112, 178, 228), (206, 232, 246)),
    ((168, 214, 226), (240, 246, 238)),
    ((246, 188, 150), (254, 236, 200)),
)
NIGHT_SKIES = (
    ((20, 26, 62), (64, 76, 128)),
    ((26, 22, 58), (96, 72, 128)),
    ((14, 30, 58), (46, 88, 122)),
)
NIGHT_LAND = (94, 108, 164)  # what night leaves of 256 of red, green and blue


@dataclass(frozen=True)
class Setting:
    """A kind of place.

    Attributes:
        phrase: how a caption says it.
        ground: what it is made of: one of ``GROUNDS``.
        far: pieces of scenery on the horizon.
        props: what may lie around.
        water: whether a boat can sail and a fish swim here.
    """

    phrase: str
    ground: str
    far: tuple[str, ...]
    props: tuple[str, ...]
    water: bool = False


SETTINGS = {
    "meadow": Setting(
        "in a meadow", "grass", ("hills", "hills"), ("bush", "tuft", "fence", "stone")
    ),
    "mountains": Setting(
        "in the mountains", "grass", ("mountains", "hills"), ("stone", "tuft", "bush")
    ),
    "desert": Setting("in the desert", "sand", ("hills",), ("cactus", "stone")),
    "snow": Setting("in the snow", "snow", ("mountains",), ("stone", "fence")),
    "town": Setting("in a town", "street", ("skyline",), ("bush", "fence")),
    "sea": Setting("at the sea", "sand", (), ("stone", "tuft"), water=True),
    "lake": Setting(
        "at a lake", "grass", ("mountains",), ("tuft", "bush", "stone"), water=True
    ),
}
DRY = tuple(SETTINGS)
WET = tuple(name for name, setting in SETTINGS.items() if setting.water)


@dataclass(frozen=True)
class Backdrop:
    """A setting as it is in one scene.

    Attributes:
        night: whether it is night.
        sky: colours at the top of the picture and at the horizon.
        horizon: height of the horizon, in units of the picture's side / 65,536.
        ground_level: height where the ground begins; behind it may be water.
        behind: the scenery behind all objects, back to front.
        ground: colours of the ground and of a shadow on it.
    """

    night: bool
    sky: tuple[Color, Color]
    horizon: int
    ground_level: int
    behind: list[Placed]
    ground: tuple[Color, Color]


def backdrop(setting: Setting, stream: Stream, night: bool) -> Backdrop:
    """Furnish a setting.

    Args:
        setting: one of ``SETTINGS``.
        stream: used up to the same place by day and by night.
        night: whether it is night.
    """
    day, dark = stream.choice(DAY_SKIES), stream.choice(NIGHT_SKIES)
    sky = dark if night else day
    horizon = UNIT * stream.between(54, 64) // 100
    land = stream.choice(GROUNDS[setting.ground])
    light = NIGHT_LAND if night else (256, 256, 256)
    behind = _heavens(stream, sky, night)
    behind += _far(setting, stream, sky, horizon, light)
    ground = tinted(land, light)
    dark_ground = mix(ground, (20, 20, 50), 12)
    roles = {"main": ground, "dark": dark_ground}
    level = horizon
    if setting.water:
        sea = tinted(stream.choice(WATERS), light)
        roles |= {"white": mix(sea, (255, 255, 255), 45)}
        waves = {"main": sea, "light": mix(sea, (255, 255, 255), 24)}
        behind.append(_layer("water", stream, horizon, waves, "water"))
        level = UNIT * stream.between(86, 92) // 100
    design = "shore" if setting.water else "ground"
    behind.append(_layer(design, stream, level, roles, setting.ground))
    return Backdrop(night, sky, horizon, level, behind, (ground, dark_ground))


def _layer(name: str, stream: Stream, level: int, roles: dict, stuff: str) -> Placed:
    """A piece of scenery as wide as the picture, its upper edge at a height."""
    pose = Pose(UNIT // 2, level, UNIT // 2, flipped=stream.chance(50))
    return Placed(scenery(name, stream.below(VARIANTS)), pose, roles, stuff)


def _far(
    setting: Setting,
    stream: Stream,
    sky: tuple[Color, Color],
    horizon: int,
    light: Color,
) -> list[Placed]:
    """Hills, mountains or roofs at the horizon, paler the farther they are."""
    land = stream.choice(((104, 164, 128), (126, 148, 190), (150, 176, 116)))
    if setting.ground == "sand":
        land = (214, 176, 124)
    layers = []
    for k, name in enumerate(setting.far):
        color = mix(tinted(land, light), sky[1], 60 - 30 * k)
        roles = {
            "main": color,
            "dark": mix(color, tinted((90, 90, 140), light), 16),
            "white": mix(tinted((255, 255, 255), light), sky[1], 20),
        }
        level = horizon + UNIT // 60 * k
        layers.append(_layer(name, stream, level, roles, MADE_OF[name]))
    return layers


def _heavens(stream: Stream, sky: tuple[Color, Color], night: bool) -> list[Placed]:
    """Sun or moon, stars and clouds."""
    left = stream.chance(50)
    x = UNIT * (stream.between(8, 26) + (0 if left else 66)) // 100
    half = UNIT * stream.between(13, 18) // 100
    pose = Pose(x, UNIT * stream.between(10, 24) // 100, half)
    variant, starry = stream.below(VARIANTS), stream.below(VARIANTS)
    glow = (255, 244, 200)
    roles = {
        "halo": mix(sky[0], glow, 10 if night else 24),
        "halo2": mix(sky[0], glow, 20 if night else 45),
        "sun": (255, 226, 120),
        "moon": (250, 242, 212),
        "crater": (230, 216, 184),
    }
    placed = [Placed(scenery("moon" if night else "sun", variant), pose, roles)]
    if night:
        points = {"main": mix(sky[0], (255, 250, 230), 82)}
        placed.insert(0, Placed(scenery("stars", starry), WHOLE, points))
    return placed + _clouds(stream, sky, night)


def _clouds(stream: Stream, sky: tuple[Color, Color], night: bool) -> list[Placed]:
    share = 12 if night else 82
    roles = {
        "cloud": mix(sky[1], (255, 255, 255), share),
        "shade": mix(sky[0], (255, 255, 255), share // 2 + 8),
    }
    placed = []
    for _ in range(stream.choice((0, 1, 1, 2))):
        x, y = stream.between(5, 95), stream.between(8, 34)
        half = UNIT * stream.between(10, 18) // 100
        pose = Pose(UNIT * x // 100, UNIT * y // 100, half)
        design = scenery("cloud", stream.below(VARIANTS))
        placed.append(Placed(design, pose, roles, "cloud"))
    return placed


def prop(name: str, stream: Stream, pose: Pose, night: bool) -> Placed:
    """A bush, a stone, ... in its place.

    Args:
        name: one of a setting's props.
        stream: chooses its design and shade.
        pose: its place.
        night: whether it is night.
    """
    leaf = stream.choice(((98, 160, 84), (116, 170, 92), (84, 146, 96)))
    stone = stream.choice(((168, 166, 172), (186, 176, 166)))
    roles = {
        "leaf": leaf,
        "leaf_dark": mix(leaf, (30, 60, 70), 22),
        "stone": stone,
        "stone_dark": mix(stone, (60, 50, 80), 18),
        "wood": (196, 152, 108),
        "wood_dark": FIXED["wood"],
    }
    if night:
        roles = {role: tinted(c, (112, 122, 176)) for role, c in roles.items()}
    return Placed(scenery(name, stream.below(VARIANTS)), pose, roles, MADE_OF[name])

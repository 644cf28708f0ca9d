"""Colours: those with names, and what day and night make of them."""

from functools import cache

Color = tuple[int, int, int]

# Named colours, each in two shades.
COLORS: dict[str, tuple[Color, Color]] = {
    "red": ((217, 66, 54), (190, 44, 58)),
    "orange": ((240, 138, 44), (228, 112, 40)),
    "yellow": ((248, 204, 70), (238, 186, 48)),
    "green": ((72, 156, 88), (52, 128, 84)),
    "blue": ((56, 118, 202), (40, 90, 170)),
    "purple": ((138, 92, 184), (112, 70, 156)),
    "pink": ((240, 138, 168), (226, 112, 150)),
    "white": ((246, 241, 230), (232, 230, 226)),
    "brown": ((158, 108, 72), (132, 86, 58)),
}
NAMES = tuple(COLORS)
SKINS = (
    *((250, 214, 184), (236, 188, 150), (205, 150, 110)),
    *((160, 108, 76), (112, 74, 54)),
)
HAIRS = ((54, 42, 40), (96, 62, 44), (214, 164, 84), (176, 84, 44), (168, 164, 166))

# Colours that do not vary. Those in LIT shine by night.
FIXED: dict[str, Color] = {
    "black": (46, 44, 54),
    "white": (252, 250, 244),
    "tyre": (56, 56, 66),
    "metal": (206, 210, 218),
    "metal_dark": (134, 140, 154),
    "wood": (146, 100, 66),
    "wood_dark": (118, 78, 54),
    "green": (92, 166, 84),
    "green_dark": (64, 134, 74),
    "yellow": (250, 206, 74),
    "orange": (242, 152, 52),
    "red": (206, 56, 52),
    "brick": (176, 92, 74),
    "brick_dark": (138, 70, 60),
    "brown_light": (196, 150, 96),
    "shadow": (58, 50, 66),
    "trim": (250, 246, 236),
    "door": (128, 82, 58),
    "door_dark": (102, 64, 48),
    "mouth": (176, 54, 62),
    "rim": (58, 46, 62),
    "sail": (250, 244, 228),
    "sail_dark": (232, 220, 196),
    "lamp": (255, 236, 160),
    "glass": (162, 206, 228),
    "glass_light": (208, 234, 244),
}
LIT: dict[str, Color] = {
    "lamp": (255, 244, 176),
    "glass": (255, 208, 108),
    "glass_light": (255, 226, 150),
}
NIGHT = (190, 192, 228)  # what night leaves of 256 of red, green and blue
DARK_GLASS: dict[str, Color] = {"glass": (70, 92, 138), "glass_light": (98, 122, 170)}


@cache
def mix(first: Color, second: Color, percent: int) -> Color:
    """A colour so many per cent of the way from the first to the second."""
    return tuple(
        (a * (100 - percent) + b * percent) // 100
        for a, b in zip(first, second, strict=True)
    )


@cache
def tinted(color: Color, tint: Color) -> Color:
    """A colour under tinted light, of which 256 is white."""
    return tuple(c * t >> 8 for c, t in zip(color, tint, strict=True))


@cache
def inks(kind: str, colors: tuple[Color, ...], texture: str, night: bool) -> dict:
    """Colour of each role in an object.

    Args:
        kind: the kind of object; houses light their windows by night, cars do not.
        colors: of the object, its accents, skin and hair.
        texture: of the object.
        night: whether it is night.
    """
    main, accent, skin, hair = colors
    pale = sum(main) > 640
    dark = mix(main, (60, 40, 70), 22)
    light = mix(main, (255, 255, 255), 26)
    roles = {
        **FIXED,
        "main": main,
        "dark": dark,
        "light": light,
        "accent": accent,
        "accent_dark": mix(accent, (40, 30, 60), 22),
        "texture": dark if pale else mix(main, (255, 252, 240), 62),
        "spot": mix(main, (255, 252, 240), 78),
        "skin": skin,
        "skin_dark": mix(skin, (150, 70, 60), 20),
        "blush": mix(skin, (232, 96, 96), 32),
        "hair": hair,
        "hair_light": mix(hair, (255, 240, 220), 20),
    }
    if texture == "brick":
        roles["texture"] = mix(main, (90, 40, 50), 18)
    if kind == "boat":
        roles["texture"] = main
    if not night:
        return roles
    roles = {role: tinted(color, NIGHT) for role, color in roles.items()}
    return roles | (LIT if kind == "house" else DARK_GLASS | {"lamp": LIT["lamp"]})

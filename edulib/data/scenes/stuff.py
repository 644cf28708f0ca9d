"""Stuff: what scenery is made of. Every pixel shows an object or some of it."""

STUFF = (
    *("sky", "cloud", "hills", "mountains", "buildings", "water"),
    *("grass", "sand", "snow", "street"),  # the ground
    *("plants", "stone", "fence"),
)
# The stuff of each piece of scenery. Stars, sun and moon belong to the sky; what the
# ground is made of depends on the setting.
MADE_OF = {
    "cloud": "cloud",
    "hills": "hills",
    "mountains": "mountains",
    "skyline": "buildings",
    "tuft": "plants",
    "bush": "plants",
    "cactus": "plants",
    "stone": "stone",
    "fence": "fence",
}

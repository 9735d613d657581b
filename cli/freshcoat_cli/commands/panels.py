"""The headings under which `freshcoat --help` lists the commands."""

from __future__ import annotations

LOOK = "Look"
PUBLISH = "Publish"
STEER = "Steer"
IMAGES = "Images"
ACCESS = "Access"
SET_UP = "Set up"

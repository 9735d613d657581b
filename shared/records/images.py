"""Finds images."""

from __future__ import annotations

from shared.core.errors import NotFound
from shared.models.images import Image
from shared.records import just_read
from shared.services import IMAGES, Services


def find_image(services: Services, name: str) -> Image:
    """A registered image. Raises NotFound."""
    image = just_read.take(Image, name) or services.images.find(IMAGES, name)
    if image is None:
        raise NotFound("image", name)
    return image


def available(image: Image, account: str) -> bool:
    """Whether the pools of an account may use the image."""
    return image.accounts is None or account in image.accounts

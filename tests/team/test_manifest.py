"""What makes the dashboard an app on a phone's screen."""

from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image


def test_it_can_be_installed_before_anybody_is_in(db: None) -> None:
    visitor = Client(headers={"Accept-Language": "en"})
    page = visitor.get("/accounts/login/").content.decode()
    response = visitor.get("/manifest.webmanifest")
    manifest = response.json()

    assert '<link rel="manifest" href="/manifest.webmanifest">' in page
    assert response["Content-Type"] == "application/manifest+json"
    assert manifest["display"] == "standalone"
    assert visitor.get(manifest["start_url"]).status_code == 302
    assert {(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]} == {
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    }
    for icon in manifest["icons"]:
        with Image.open(finders.find(icon["src"].removeprefix("/static/"))) as picture:
            assert "x".join(map(str, picture.size)) == icon["sizes"]


def test_it_speaks_the_readers_language(db: None) -> None:
    said = [
        Client(headers={"Accept-Language": language}).get("/manifest.webmanifest").json()
        for language in ("en", "pt-br", "es")
    ]

    assert len({each["description"] for each in said}) == 3

"""The application as a whole: first page, headers, health."""

from __future__ import annotations

from tests.visitors import Browser, Visitors


def test_the_first_page_is_open_to_everyone(client: Browser) -> None:
    """Whoever comes without signing in sees the public's first page."""
    answer = client.get("/")
    assert answer.status_code == 200
    assert "共保" in answer.text


def test_an_officer_signs_in_and_is_greeted(visitors: Visitors) -> None:
    """After signing in the frame shows who acts for whom."""
    answer = visitors.login_as("officer").get("/")
    assert "示例bureau" in answer.text

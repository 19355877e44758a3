"""Delivering notices to the addresses of the line's owner: e-mail, chat or SMS, through Apprise."""

import asyncio
import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.records.delivery import FIRST_WAIT, Delivery, NotAcceptedError
from agent.records.folders import Folders
from agent.records.notices.notice import Notice

if TYPE_CHECKING:
    from types import ModuleType

SENDER = "Landline"  # as the owner sees it where a service shows a sender's name
SENT_WITHIN = 60.0  # seconds; Apprise limits each connection and each answer itself, but not their number


class NoticeDelivery(Delivery):
    """Delivers the notices of one line to `addresses`, which have their names in lines/secrets.env."""

    def __init__(self, addresses: Mapping[str, str], folders: Folders, first_wait: float = FIRST_WAIT) -> None:
        super().__init__(folders.notices, folders.failed, what="notice", receiver="its address", first_wait=first_wait)
        self._addresses = addresses

    async def _send(self, file: Path) -> None:
        notice = Notice.model_validate_json(await asyncio.to_thread(file.read_bytes))
        address = self._addresses.get(notice.to)
        if address is None:
            raise NotAcceptedError(f"messages.notify does not name {notice.to} any more")
        service = await asyncio.to_thread(_service, address)
        if service is None:
            raise NotAcceptedError(f"Apprise does not know the kind of address that {notice.to} is")
        try:
            async with asyncio.timeout(SENT_WITHIN):
                accepted = await service.async_notify(
                    body=notice.text, title=notice.title, body_format=_apprise().NotifyFormat.TEXT
                )
        except TimeoutError:
            raise NotAcceptedError(f"{notice.to} took more than {SENT_WITHIN:g} s") from None
        except Exception as error:  # its text may contain the address
            raise NotAcceptedError(f"{notice.to} failed with {type(error).__name__}") from None
        if not accepted:
            raise NotAcceptedError(f"{notice.to} did not accept it")


def is_known(address: str) -> bool:
    """Return whether Apprise knows this kind of address, and finds all its parts in it."""
    return _service(address) is not None


def _service(address: str) -> Any:
    """Make what sends to an address; None if the address is not one of Apprise's."""
    apprise = _apprise()
    service = apprise.Apprise(asset=apprise.AppriseAsset(app_id=SENDER, app_desc=SENDER))
    return service if service.add(address) else None


@cache
def _apprise() -> "ModuleType":
    """Import Apprise when it is needed, since that takes 0.3 s. Its log would contain addresses and what is sent.

    So would a warning of urllib3, by which it sends, about an answer whose headers cannot be read.
    """
    import apprise

    logging.getLogger("apprise").disabled = True
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    return apprise

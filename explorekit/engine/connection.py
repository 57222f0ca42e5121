"""Is the user's cluster there, and can others reach it?"""

import logging
from functools import cache

from distributed import Client

from explorekit.errors import RunError

logger = logging.getLogger(__name__)

_PROTECTED = ("tls://", "wss://", "inproc://", "gateway://")


def check_connection(client: Client) -> None:
    """Raise `RunError` if the scheduler does not answer any more."""
    if client.status != "running":
        raise RunError(
            f"the connection to the Dask scheduler was lost ({client.status}); what is finished is kept. Run again."
        )


def address_of(client: Client) -> str:
    """Return the address of a scheduler; warns once of each that anybody can reach."""
    address = str(client.scheduler_info()["address"])
    if not address.startswith(_PROTECTED):
        _warn_once(address)
    return address


@cache
def _warn_once(address: str) -> None:
    logger.warning(
        "The Dask cluster at %s is not protected by TLS: whoever can reach it can run code in your name. "
        "Start it with security=True, or give client=False for a private cluster.",
        address,
    )

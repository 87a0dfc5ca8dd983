"""Commerce on a process' foundation."""

from ai_platform.commerce.wiring import Commerce, build_commerce
from ai_platform.processes.foundation import Foundation
from ai_platform.processes.tenancy import keyring_of
from ai_platform.tenancy.wiring import Tenancy


def commerce_of(foundation: Foundation, tenancy: Tenancy) -> Commerce:
    commerce = build_commerce(
        database=foundation.database,
        tenancy=tenancy.api,
        relay=foundation.relay,
        metrics=foundation.metrics,
        settings=foundation.settings,
        keyring=keyring_of(foundation.settings),
    )
    foundation.idle.append(commerce.idle)
    return commerce

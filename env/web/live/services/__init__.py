"""Search services, one file each behind `SearchService`, and the table of what is said of them.

The table is data for people (`webqa doctor`); a service is made in its own file or by
`env.web.live.services.named`. Loads no HTTP library.
"""

from __future__ import annotations

from env.web.live.services import brave, searxng, tavily, wikipedia
from env.web.live.services.base import About

SERVICES: dict[str, About] = {
    about.name: about for about in (wikipedia.ABOUT, searxng.ABOUT, brave.ABOUT, tavily.ABOUT)
}
"""By name, as `--web` takes it; the default comes first."""

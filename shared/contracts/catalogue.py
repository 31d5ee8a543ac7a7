"""Every event of Plodnee, by its CloudEvents type."""

from shared.chassis.events import Catalogue
from shared.contracts import debt, literacy, livelihood, registry

CATALOGUE = Catalogue([*registry.EVENTS, *debt.EVENTS, *livelihood.EVENTS, *literacy.EVENTS])

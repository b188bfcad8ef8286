"""A mapper of the contract 0.1.0 in Python: the workbench's own code around it, without what 0.1.0 lacks."""

from wit_world import exports
from wit_world.imports import types

types.Effect_AddToGroup = types.Effect_SetAttribute = None
exports.FollowUp = object

import component  # noqa: E402


class Mapper(exports.Mapper):
    def transform(self, event):
        event.received_at = ""
        return component.Mapper().transform(event)

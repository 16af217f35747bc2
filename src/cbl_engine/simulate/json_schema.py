"""JSON Schema of a scenario file, for editors: completion, hover help, and mistakes while typing.

It is made from the models. What needs other files (a scheme that is there, the kind of a parameter,
days inside the horizon) is said by the commands that read a scenario.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from cbl_engine.scheme.json_schema import DIALECT, ForEditors
from cbl_engine.simulate.changes import FIXED
from cbl_engine.simulate.parameters import KINDS, shipped_parameters
from cbl_engine.simulate.scenario import Scenario
from cbl_engine.simulate.summary import KPIS


@lru_cache(maxsize=1)
def scenario_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a scenario file."""
    made = Scenario.model_json_schema(schema_generator=ForEditors)
    parts = made["$defs"]
    for part in parts.values():
        part["description"] = " ".join(part["description"].split("\n\nAttributes:")[0]
                                       .replace("``", "`").split())
        del part["title"]
    parts["Parameter"] |= {
        "oneOf": [{"required": [kind]} for kind in KINDS],
        "anyOf": [{"required": ["source"]}, {"required": ["assumed"]}],
    }
    names = shipped_parameters().found.keys()
    for part, can in ((made, names), (parts["Variant"], names), (parts["Change"], names - FIXED.keys())):
        part["properties"]["parameters"]["propertyNames"] = {"enum": sorted(can)}
    figures = "|".join(kpi.name for kpi in KPIS)
    made["properties"]["outcomes"]["items"]["pattern"] = f"^({figures})(:.+)?$"
    made["description"] = "What is simulated, and what it is compared with."
    return {"$schema": DIALECT, **made, "title": "Scenario"}


def scenario_schema_text() -> str:
    """The schema as the file that editors read."""
    return json.dumps(scenario_schema(), indent=1, ensure_ascii=False) + "\n"

from cbl_engine.tables.columns import DTYPES
from cbl_engine.tables.ordinals import Ordinals
from cbl_engine.tables.sizes import *
from cbl_engine.tables.schemas import TABLES
def column_types(table):
    return {c.name: ("text" if c.type=="id" else c.type) for c in TABLES[table]}

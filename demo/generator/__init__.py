"""The generator: one fiscal year of feeds of co-operatives that do not exist, drawn from published distributions."""

from demo.generator.generate import FISCAL_YEAR_BE, Generated, generate
from demo.generator.institutions import ImpossibleProvince

__all__ = ["FISCAL_YEAR_BE", "Generated", "ImpossibleProvince", "generate"]

"""The generator: one fiscal year of feeds of co-operatives that do not exist, drawn from published distributions."""

from demo.generator.generate import FISCAL_YEAR_BE, Generated, generate

__all__ = ["FISCAL_YEAR_BE", "Generated", "generate"]

"""The story: a province's fiscal year, played over HTTP by the people and systems that would act it, and verified."""

from demo.story.check import CheckReport, check
from demo.story.client import Access, StoryFailed
from demo.story.played import Played, StoryOptions
from demo.story.tell import tell_story
from demo.story.year import play

__all__ = ["Access", "CheckReport", "Played", "StoryFailed", "StoryOptions", "check", "play", "tell_story"]

"""Components that the tests import by their providers."""

from typing import Any, Self

from pydantic import BaseModel

from actrio import Component, ComponentBase, ComponentModel

MADE: list[object] = []  # every component that was made, for tests that nothing was


class WordsConfig(BaseModel):
    words: str
    times: int | None = None


class Words(ComponentBase[WordsConfig], Component[WordsConfig]):
    """Says some words.

    And this is not said in the description.
    """

    component_type = "words"
    component_config_schema = WordsConfig

    def __init__(self, words: str, times: int | None = None) -> None:
        self.words = words
        self.times = times
        MADE.append(self)

    def _to_config(self) -> WordsConfig:
        return WordsConfig(words=self.words, times=self.times)

    @classmethod
    def _from_config(cls, config: WordsConfig) -> Self:
        return cls(config.words, config.times)


class MoreWords(Words):
    component_version = 3

    @classmethod
    def _from_config_past_version(cls, config: dict[str, Any], version: int) -> Self:
        return cls(f"{config['text']}, since version {version}")


class Newer(Words):
    component_version = 2


class PairConfig(BaseModel):
    first: ComponentModel
    second: ComponentModel


class Pair(ComponentBase[PairConfig], Component[PairConfig]):
    component_type = "pair"
    component_config_schema = PairConfig

    def __init__(self, first: Words, second: Words) -> None:
        self.first = first
        self.second = second

    def _to_config(self) -> PairConfig:
        return PairConfig(
            first=self.first.dump_component(), second=self.second.dump_component()
        )

    @classmethod
    def _from_config(cls, config: PairConfig) -> Self:
        first = Words.load_component(config.first)
        return cls(first, Words.load_component(config.second))


class Outer:
    class Inner(Words):
        component_label = "within"
        component_description = "stands inside a class"


class Misled(Words):
    """Makes something else than itself."""

    @classmethod
    def _from_config(cls, config: WordsConfig) -> Self:
        return object()  # type: ignore[return-value] # this is what is tested


@Component
class Counter:
    """Counts."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.value = config["value"]

    def to_config(self) -> ComponentModel:
        return ComponentModel(
            component_type=self.__class__.__name__, config={"value": self.value}
        )

"""From a seed to a program.

Each program switches the features that it mixes on or off by itself, so that there are
many small plain ones, whose rules are strict, and some in which everything happens.
"""

from __future__ import annotations

import math
from random import Random

import attrs

from .program import (
    Action,
    Address,
    AgentSpec,
    Ask,
    Block,
    CancelToken,
    Disturbance,
    Fail,
    Fan,
    Finally,
    Hook,
    Leave,
    Limit,
    Nap,
    Passivate,
    Program,
    Publish,
    Script,
    Stop,
)

_FEATURES = {
    "limits": 0.5,
    "native": 0.3,
    "tokens": 0.3,
    "failures": 0.35,
    "publishes": 0.6,
    "small": 0.5,
    "rigid": 0.25,
    "beside": 0.3,
    "slots": 0.4,
    "building": 0.4,
    "hooks": 0.3,
    "fans": 0.45,
    "leaves": 0.25,
    "stops": 0.12,
    "disturbance": 0.3,
    "again": 0.15,
    "early": 0.15,
    "fatal": 0.1,
    "keys": 0.2,
    "shields": 0.15,
    "blocks": 0.25,
    "finally": 0.2,
    "approval": 0.12,
    "passivate": 0.3,
    "idle": 0.2,
    "most": 0.2,
    "stored": 0.3,
    "restarts": 0.25,
}
GRID = 2.0**-12
"""A unit of time whose multiples add up exactly."""
_MESSAGES = 120
_TIGHT = 0.3
_FAULTY = 0.4


@attrs.define
class _Generator:
    random: Random
    features: set[str] = attrs.field(factory=set)
    agents: int = 1
    keys: int = 1
    topics: int = 0
    tokens: int = 0
    subscribers: list[int] = attrs.field(factory=list)
    """How many agents each topic type leads to."""
    fuel: float = _MESSAGES

    def chance(self, p: float, feature: str | None = None) -> bool:
        return (feature is None or feature in self.features) and (
            self.random.random() < p
        )

    def nap(self) -> Nap:
        if self.chance(0.5):
            return Nap(0)
        return Nap(self.seconds(), shielded=self.chance(0.3, "shields"))

    def seconds(self) -> float:
        # on a grid: what happens in one step of the scheduler is what races
        if "tight" in self.features:
            return self.random.randint(1, 4) * GRID
        return self.random.randint(1, 8) * self.random.choice([GRID, 2 * GRID])

    def limit(self) -> Limit | None:
        if not self.chance(0.35, "limits"):
            return None
        kind = self.random.choice(["scope", "scope", "timeout", "wait_for"])
        if "native" not in self.features:
            kind = "scope"
        return Limit(self.seconds(), kind)  # type: ignore[arg-type]  # one of the literals

    def token(self) -> int | None:
        return (
            self.random.randrange(self.tokens) if self.chance(0.4, "tokens") else None
        )

    def address(self) -> Address:
        return self.random.randrange(self.agents), self.random.randrange(self.keys)

    def ask(self, depth: int, weight: float) -> Ask:
        return Ask(
            self.address(),
            self.script(depth - 1, weight),
            self.limit(),
            self.token(),
            forgiving=not self.chance(0.3, "failures"),
            beside=self.chance(0.3, "beside"),
        )

    def publish(self, depth: int, weight: float) -> Publish:
        topic = self.random.randrange(self.topics)
        copies = max(1, self.subscribers[topic])
        self.fuel -= weight * (copies - 1)
        return Publish(
            (topic, self.random.randrange(self.keys)),
            self.script(depth - 1, weight * copies),
            self.limit(),
            self.token(),
            beside=self.chance(0.3, "beside"),
        )

    def script(self, depth: int, weight: float = 1) -> Script:
        if depth <= 0:
            return (self.nap(),) if self.chance(0.5) else ()
        length = self.random.choice([0, 1, 1, 1, 2, 2, 3])
        return tuple(self.action(depth, weight) for _ in range(length))

    def action(self, depth: int, weight: float) -> Action:
        choices: list[tuple[float, str]] = [(2, "nap"), (6, "ask")]
        for share, action, feature in (
            (4.0, "publish", "publishes"),
            (1.2, "fan", "fans"),
            (0.7, "leave", "leaves"),
            (0.6, "fail", "failures"),
            (0.8, "cancel", "tokens"),
            (1.0, "hook", "hooks"),
            (0.3, "stop", "stops"),
            (1.0, "block", "blocks"),
            (1.0, "finally", "finally"),
            (2.0, "passivate", "passivate"),
        ):
            if feature in self.features:
                choices.append((share, action))
        kind = self.random.choices([k for _, k in choices], [w for w, _ in choices])[0]
        if kind in ("ask", "publish", "hook"):
            self.fuel -= weight
            if self.fuel < 0:
                kind = "nap"
        match kind:
            case "ask":
                return self.ask(depth, weight)
            case "publish":
                return self.publish(depth, weight)
            case "fan":
                branches = self.random.choice([2, 2, 3])
                return Fan(tuple(self.script(depth, weight) for _ in range(branches)))
            case "leave":
                return Leave(self.script(depth, weight))
            case "block":
                token = self.token()
                limit = Limit(self.seconds()) if token is None else None
                return Block(self.script(depth, weight), limit, token)
            case "finally":
                return Finally(
                    self.script(depth, weight),
                    self.script(depth - 1, weight),
                    shielded=self.chance(0.5),
                    swallows=self.chance(0.4),
                )
            case "fail":
                return Fail()
            case "cancel":
                return CancelToken(self.random.randrange(self.tokens))
            case "hook":
                hook = self.random.choice(["save", "save", "load", "get", "metadata"])
                return Hook(hook, self.address(), self.limit())  # type: ignore[arg-type]  # one of the literals
            case "passivate":
                return Passivate(self.address(), self.limit())
            case "stop":
                how = self.random.choice(["stop", "stop_when_idle", "close"])
                return Stop(how)  # type: ignore[arg-type]  # one of the literals
            case _:
                return self.nap()

    def agent(self) -> AgentSpec:
        r = self.random
        topics = tuple(t for t in range(self.topics) if self.chance(0.6))
        for topic in topics:
            self.subscribers[topic] += 1
        return AgentSpec(
            slots=r.choice([1, 1, 2, math.inf]) if "slots" in self.features else 1,
            capacity=r.choice([1, 1, 2, 3]) if self.chance(0.7, "small") else 1024,
            reentrant=not self.chance(0.4, "rigid"),
            topics=topics,
        )

    def with_hooks(self, spec: AgentSpec) -> AgentSpec:
        """Add what factory and hooks do; only short things, since they run often."""
        building: Script = ()
        saving: Script = ()
        closing: Script = ()
        failing = 0
        if self.chance(0.5, "building"):
            building = self.hook_script()
            failing = self.random.choice([0, 0, 0, 1, 2])
        starting: Script = ()
        if self.chance(0.6, "hooks"):
            saving = self.hook_script()
            closing = self.hook_script() if self.chance(0.4) else ()
            starting = self.hook_script() if self.chance(0.3) else ()
        return attrs.evolve(
            spec,
            starting=starting,
            idle_after=self.seconds() if self.chance(0.6, "idle") else None,
            restarts=self.random.choice([1, 3, 20])
            if self.chance(0.6, "restarts")
            else 0,
            building=building,
            failing_builds=failing if "failures" in self.features else 0,
            saving=saving,
            closing=closing,
        )

    def hook_script(self) -> Script:
        script: list[Action] = []
        for _ in range(self.random.choice([1, 1, 2])):
            if self.chance(0.7):
                leaf = (self.nap(),) if self.chance(0.4) else ()
                script.append(attrs.evolve(self.ask(0, 1), script=leaf, token=None))
            elif self.topics and self.chance(0.4):
                script.append(Publish((self.random.randrange(self.topics), 0)))
            else:
                script.append(self.nap())
        return tuple(script)


def generate(seed: int) -> Program:
    """Return the program of a seed."""
    random = Random(seed)
    g = _Generator(random)
    g.features = {name for name, p in _FEATURES.items() if random.random() < p}
    if "restarts" in g.features:
        g.features |= {"failures", "publishes"}  # what they are for
    if random.random() < _TIGHT:
        # few agents, and requests with time-outs only: cycles and races among them
        g.features = {"tight", "limits"} | (g.features & {"fans", "slots"})
    g.agents = random.randint(2, 4) if "tight" in g.features else random.randint(1, 5)
    g.keys = 2 if "keys" in g.features else 1
    g.topics = random.randint(1, 2) if "publishes" in g.features else 0
    g.tokens = random.randint(1, 2) if "tokens" in g.features else 0
    g.subscribers = [0] * g.topics
    agents = tuple(g.agent() for _ in range(g.agents))
    agents = tuple(g.with_hooks(agent) for agent in agents)
    g.fuel = random.choice([10, 30, _MESSAGES])
    depth = random.randint(1, 5)
    crowd = (3, 6) if "tight" in g.features else (1, 4)
    drivers = tuple(
        (*g.script(depth), g.ask(depth, 1)) for _ in range(random.randint(*crowd))
    )
    again: tuple[Script, ...] = ()
    style = random.choice(["block", "start"])
    if style == "start" and "again" in g.features:
        g.fuel = 20
        again = tuple((*g.script(3), g.ask(2, 1)) for _ in range(random.randint(1, 2)))
    disturbance = None
    if "disturbance" in g.features:
        how = random.choice(["stop", "stop_when_idle", "close", "cancel", "raise"])
        at = random.randint(0, 10) * random.choice([GRID, 4 * GRID])
        disturbance = Disturbance(at, how)  # type: ignore[arg-type]  # one of the literals
    program = Program(
        agents,
        drivers,
        again,
        g.keys,
        g.topics,
        g.tokens,
        style,  # type: ignore[arg-type]  # one of the literals
        g.seconds() if style == "start" and "early" in g.features else 0.0,
        grace=random.choice([5.0, 5.0, 0.002, 0.0]),
        fatal="fatal" in g.features,
        disturbance=disturbance,
        approval=g.seconds() if "approval" in g.features else 0.0,
        drops=random.choice([0, 0, 3, 7]) if "approval" in g.features else 0,
        waits_for_drivers=random.random() < 0.7,
        stored="stored" in g.features,
        most=random.choice([1, 1, 2, 3]) if "most" in g.features else math.inf,
    )
    # drawn from a source of its own: what a seed meant before it still means
    return with_faults(program, Random(f"faults of {seed}"))


def with_faults(program: Program, random: Random) -> Program:
    """Let some agents fail for good, hooks raise, and the store make trouble."""
    if random.random() > _FAULTY:
        return program
    agents = list(program.agents)
    for index in range(len(agents)):
        if random.random() < 0.4:
            failing = random.choice(["stop", "stop", "escalate"])
            agents[index] = attrs.evolve(agents[index], failing=failing)  # type: ignore[arg-type]  # one of the literals
        if random.random() < 0.4:
            hook = random.choice(["starting", "saving", "closing"])
            script = (*getattr(agents[index], hook), Fail())
            agents[index] = attrs.evolve(agents[index], **{hook: script})  # type: ignore[arg-type]  # by name
    return attrs.evolve(
        program,
        agents=tuple(agents),
        store_faults=random.choice([0, 2, 3, 5]) if program.stored else 0,
        store_nap=random.choice([0.0, GRID, 4 * GRID]) if program.stored else 0.0,
    )

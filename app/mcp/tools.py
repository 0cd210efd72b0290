"""The tools: thin wrappers around the advisor. Importing this takes a second: only callers of the door pay for it."""

import logging
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import Tool, ToolAnnotations
from pydantic import Field, ValidationError

from app import __version__, advisor
from app.advice.constraints import Constraints
from app.catalogue.name_matches import Ambiguous, Match
from app.catalogue.snapshot import Snapshot
from app.contract import resolving
from app.contract.answer import HardwareAnswer
from app.contract.requests import FitHardware, FitRequest
from app.engine.hardware import Accelerator
from app.engine.units import GIB
from app.engine.workload import HardwareChoice, Workload
from app.errors import AppError, Unprocessable, app_error_of
from app.field_problems import FieldProblem, echoed, nearest
from app.mcp.answers import (
    Comparison,
    DeviceSummary,
    EstimateSummary,
    FitSummary,
    FoundDevices,
    RecommendationSummary,
)
from app.mcp.schemas import input_schema, output_schema

INSTRUCTIONS = (
    "Says which hardware machine-learning work needs. Start with recommend; only workload.task is required, and the "
    "answer names what it assumed. estimate and compare judge given devices; fit says what hardware can do; "
    "search_hardware finds names. "
    "Ranges are 80 % intervals. Quote the link with an answer: it shows every source."
)
MOST_FOUND = 25
MOST_COMPARED = 4
LONGEST_LINK = 300
READ_ONLY = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)

Kind = Literal["", "gpu", "cpu", "apple_soc", "tpu", "npu", "fpga"]
WorkloadInput = Annotated[Workload, Field(description="The work to be done. Only task is required.")]


class WhichRigServer(MCPServer[Any]):
    """A server whose errors name the field and the nearest names, as those of every other door do."""

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None) -> Any:
        """Call a tool; what the caller can correct is told in words."""
        await self._check_names(name, arguments)
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            cause = error.__cause__
            if not isinstance(cause, AppError | ValidationError):
                raise
            raise ToolError(_told(app_error_of(cause))) from cause

    async def list_tools(self) -> list[Tool]:
        """The tools, with schemas as short as they can be."""
        return [
            tool.model_copy(
                update={
                    "input_schema": input_schema(tool.input_schema, tool=tool.name),
                    "output_schema": tool.output_schema and output_schema(tool.output_schema),
                }
            )
            for tool in await super().list_tools()
        ]

    async def _check_names(self, tool: str, arguments: dict[str, Any]) -> None:
        """Refuse arguments that the tool does not have: the protocol's library would pass over them in silence."""
        known = next((one.input_schema["properties"] for one in await super().list_tools() if one.name == tool), None)
        unknown = [] if known is None else [name for name in arguments if name not in known]
        if unknown:
            there_are = f"There is no such argument; choose from {', '.join(known or ())}"
            wrong = [FieldProblem(f"/{name}", there_are, nearest(name, list(known or ()))) for name in unknown]
            raise ToolError(_told(Unprocessable(wrong)))


def build_server(catalogue: Callable[[], Snapshot], *, public_url: str) -> WhichRigServer:
    """The server over a catalogue; links begin with the public address, or with that of the request without one."""
    logging.basicConfig(level=logging.WARNING)  # done once for a process: the protocol's own colours stay out
    server = WhichRigServer("whichrig", title="WhichRig", instructions=INSTRUCTIONS, version=__version__)

    def base_url(context: Context[Any, Any]) -> str:
        request = context.request_context.request
        return public_url or (str(request.base_url).rstrip("/") if request is not None else "")

    @server.tool(title="Recommend hardware", annotations=READ_ONLY)
    def recommend(
        workload: WorkloadInput,
        context: Context[Any, Any],
        constraints: Annotated[Constraints, Field(description="Limits and circumstances.")] = Constraints(),  # noqa: B008
    ) -> RecommendationSummary:
        """Which hardware a piece of machine-learning work needs: what to buy or rent, at which price, and why."""
        answer = advisor.recommend(
            catalogue(), workload, constraints=constraints, at=datetime.now(UTC), base_url=base_url(context)
        )
        return RecommendationSummary.of(answer)

    @server.tool(title="Estimate on given hardware", annotations=READ_ONLY)
    def estimate(workload: WorkloadInput, hardware: HardwareChoice) -> EstimateSummary:
        """Memory, speed, time, energy and cost of a piece of work on one system."""
        return _estimated(catalogue(), workload, hardware=hardware)

    @server.tool(title="Compare systems", annotations=READ_ONLY)
    def compare(
        workload: WorkloadInput,
        hardware: Annotated[list[HardwareChoice], Field(min_length=2, max_length=MOST_COMPARED)],
    ) -> Comparison:
        """The same work on two to four systems, side by side."""
        snapshot = catalogue()
        return Comparison.of([_estimated(snapshot, workload, hardware=one) for one in hardware])

    _add_hardware_tools(server, catalogue, base_url=base_url)
    return server


def _add_hardware_tools(
    server: WhichRigServer, catalogue: Callable[[], Snapshot], *, base_url: Callable[[Context[Any, Any]], str]
) -> None:
    """The tools that begin with hardware."""

    @server.tool(title="What can this hardware do?", annotations=READ_ONLY)
    def fit(
        context: Context[Any, Any],
        hardware: Annotated[list[FitHardware], Field(min_length=1, max_length=50, description="What there is.")],
        system_memory_gb: Annotated[float | None, Field(gt=0, le=1e6, allow_inf_nan=False)] = None,
    ) -> FitSummary:
        """What hardware can run, adapt and train: each typical job with its verdict, speed and smallest change."""
        asked = FitRequest(hardware=hardware, system_memory_gb=system_memory_gb)
        answer = advisor.fit(catalogue(), asked, at=datetime.now(UTC))
        return FitSummary.of(answer, link=_fit_link(asked, base_url=base_url(context)))

    @server.tool(title="Search hardware", annotations=READ_ONLY)
    def search_hardware(
        context: Context[Any, Any],
        name: Annotated[str, Field(max_length=100, description="A name or words of it; empty for all.")] = "",
        memory_gib_min: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0,
        kind: Annotated[Kind, Field(description="Empty for all.")] = "",
        limit: Annotated[int, Field(ge=1, le=MOST_FOUND)] = 10,
    ) -> FoundDevices:
        """Devices of the catalogue by name, memory and kind, with their usual prices."""
        snapshot = catalogue()
        found = [
            device
            for device in _by_name(snapshot, name)
            if device.memory_bytes / GIB >= memory_gib_min and kind in {"", device.kind}
        ]
        shown = [_device(snapshot, device, base_url=base_url(context)) for device in found[:limit]]
        return FoundDevices(total=len(found), devices=shown)


def _estimated(snapshot: Snapshot, workload: Workload, *, hardware: HardwareChoice) -> EstimateSummary:
    answer = advisor.estimate(snapshot, workload, hardware=hardware)
    device = resolving.accelerator(snapshot, hardware.accelerator, pointer="/hardware/accelerator")
    named = HardwareAnswer(accelerator=device.slug, name=device.name, count=hardware.count, nodes=hardware.nodes or 1)
    return EstimateSummary.of(answer, named)


def _fit_link(asked: FitRequest, *, base_url: str) -> str:
    """The page of the same question; what was pasted is quoted, so that it is read as words."""
    named = [one.accelerator or f'"{one.description}"' for one in asked.hardware]
    words = [f"{name} x{one.count}" if one.count > 1 else name for name, one in zip(named, asked.hardware, strict=True)]
    memory = [("memory", f"{asked.system_memory_gb:g}")] if asked.system_memory_gb else []
    return f"{base_url}/fit?{urlencode([*(('hardware', text[:LONGEST_LINK]) for text in words), *memory])}"


def _by_name(snapshot: Snapshot, name: str) -> Sequence[Accelerator]:
    """The device of that name first, then those whose names hold all its words, newest first."""
    words = name.lower().split()
    newest = sorted(snapshot.devices.accelerators, key=lambda device: -(device.launch_year or 0))
    held = [one for one in newest if all(word in f"{one.name} {one.slug}".lower() for word in words)]
    resolved = snapshot.hardware_names.resolve(name) if words else None
    slugs: tuple[str, ...] = ()
    if isinstance(resolved, Match):
        slugs = (resolved.slug,)
    elif isinstance(resolved, Ambiguous):
        slugs = resolved.slugs
    elif resolved is not None and not held:
        instead = "use one of the nearest names" if resolved.nearest else "search by memory_gib_min or kind instead"
        detail = f"We know no device called {echoed(name)}; {instead}"
        raise Unprocessable([FieldProblem("/name", detail, list(resolved.nearest))])
    first = [snapshot.accelerators[slug] for slug in slugs]
    return [*first, *(device for device in held if device not in first)]


def _device(snapshot: Snapshot, device: Accelerator, *, base_url: str) -> DeviceSummary:
    prices = {
        price.condition: price.usd
        for price in snapshot.market.prices
        if price.accelerator == device.slug and not math.isnan(price.usd)
    }
    return DeviceSummary.of(device, prices, base_url=base_url)


def _told(error: AppError) -> str:
    if not isinstance(error, Unprocessable):
        return error.detail
    return " ".join(
        problem.sentence + (f" Nearest: {', '.join(problem.suggestions)}." if problem.suggestions else "")
        for problem in error.problems
    )

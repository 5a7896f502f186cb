"""`pooltop run`: from words to a `RunSpec`."""

import os
from collections import deque
from pathlib import Path
from typing import Unpack, get_args

import click

from pooltop.cli.apart import check_apart
from pooltop.cli.gallery import about
from pooltop.cli.places import Place, carry_out, check_place, place_options
from pooltop.cli.values import (
    JobLogFile,
    TimeLimit,
    at_least,
    halt_rule,
    items_in_a_chunk,
    job_log,
    memory_size,
    run_output,
    time_limit,
    worker_count,
)
from pooltop.errors import WorkloadError
from pooltop.model import BaselineMethod, Halt, RunSpec, StartMethod
from pooltop.work.describe import describe, describe_target
from pooltop.work.items import check_spec, reads_stdin
from pooltop.work.locate import Target, locate


class WithWordsOfTheFunction(click.Command):
    """A command whose unknown options, with what follows them, are words for somebody else, wherever they stand."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        self._asked = tuple(args)
        ours, words = self._apart(ctx, args)
        return super().parse_args(ctx, [*ours, "--", *words])

    def get_help(self, ctx: click.Context) -> str:
        """The workload's own options come first, where one is named."""
        own = next((word for word in self._asked if not word.startswith("-")), None)
        ours = super().get_help(ctx)
        return f"{about(describe(own, Path.cwd()))}\n\n{ours}" if own else ours

    def _apart(self, context: click.Context, arguments: list[str]) -> tuple[list[str], list[str]]:
        """Our own options with their values, and the words; what follows a lone `--` are words."""
        options = [option for option in self.get_params(context) if isinstance(option, click.Option)]
        has_value = {name: not option.is_flag for option in options for name in option.opts}
        ours: list[str] = []
        words: list[str] = []
        rest = deque(arguments)
        while rest:
            argument = rest.popleft()
            if argument == "--":
                return ours, [*words, *rest]
            name, attached = _name_and_value(argument)
            if name not in has_value:
                words.append(argument)
                continue
            ours.append(argument)
            if has_value[name] and not attached:
                if not rest:
                    raise click.BadOptionUsage(name, f"option {name} needs a value", context)
                ours.append(rest.popleft())
        return ours, words


def _name_and_value(argument: str) -> tuple[str, bool]:
    """The option's name in `--name`, `--name=value`, `-n` or `-nvalue`, and whether there is a value behind it."""
    if argument.startswith("--"):
        name, equals, _ = argument.partition("=")
        return name, bool(equals)
    return argument[:2], len(argument) > 2


@click.command(cls=WithWordsOfTheFunction)
@click.argument("workload")
@click.argument("words", metavar="[--NAME VALUE]...", nargs=-1)
@click.option(
    "--items",
    metavar="SPEC",
    help="Where items come from: range:N, glob:PATTERN, a folder, a file, "
    "lines:FILE (- is standard input), jsonl:FILE, csv:FILE, module:iterable_or_function.",
)
@click.option(
    "-j",
    "workers",
    metavar="N",
    type=worker_count,
    help="Workers: N, 50% of the CPUs, +1 more or -1 fewer.  [default: the CPUs that may be used, or as many as must "
    "run together, and no more than there are items]",
)
@click.option(
    "--chunksize", metavar="N|auto", type=items_in_a_chunk, default="auto", help="Items handed to a worker at a time."
)
@click.option("--start-method", type=click.Choice(get_args(StartMethod)), default="forkserver", show_default=True)
@click.option(
    "--retries",
    metavar="N",
    type=at_least(0),
    default="2",
    show_default=True,
    help="How often an item is run again that ended its worker, or took too long or too much memory.",
)
@click.option("--retry-exceptions", is_flag=True, help="Run an item that raised again, too.")
@click.option(
    "--timeout",
    metavar="TIME",
    type=time_limit,
    help="How long an item may take: 30, 30s, 5m, 1h, 1d, or 300% of the median.  [default: as long as it likes]",
)
@click.option(
    "--memory-limit",
    metavar="SIZE",
    type=memory_size,
    help="How much memory a worker with its children may take: 500M, 2G.  [default: what there is]",
)
@click.option(
    "--halt",
    metavar="WHEN,fail=N|N%",
    type=halt_rule,
    help="End early on so many failed items: now, or soon (when what is in hand has ended); or never. A share counts "
    "from the third failure on.  [default: never]",
)
@click.option(
    "--maxtasksperchild", metavar="N", type=at_least(1), help="Replace a worker after N items.  [default: never]"
)
@click.option(
    "--baseline",
    type=click.Choice(get_args(BaselineMethod)),
    default=None,
    help="The same items in one process first, for the speedup.  [default: as declared; else full in the gallery (but "
    "for what must run together), and none for your own]",
)
@click.option(
    "-o", "output", metavar="FILE", type=run_output, help="Write the return values as JSON lines, in input order."
)
@click.option(
    "--joblog",
    metavar="FILE",
    type=job_log,
    help="Write a line for each ended item, in GNU parallel's columns and ours; +FILE keeps what the file holds.",
)
@place_options
def run(
    workload: str,
    words: tuple[str, ...],
    items: str | None,
    workers: int | None,
    chunksize: int | None,
    start_method: StartMethod,
    retries: int,
    retry_exceptions: bool,
    timeout: TimeLimit | None,
    memory_limit: int | None,
    halt: Halt | None,
    maxtasksperchild: int | None,
    baseline: BaselineMethod | None,
    output: str | None,
    joblog: JobLogFile | None,
    **place: Unpack[Place],
) -> int:
    """Run a function over its items.

    WORKLOAD is a name of the gallery, module:function or ./file.py:function. Options that are not listed below are
    the function's own; what follows a lone -- is the function's in any case.
    """
    if workload.startswith("-"):
        raise click.UsageError(f"the workload comes before its options: pooltop run WORKLOAD {workload}")
    directory = Path.cwd()
    target = locate(workload, directory)
    check_spec(items, directory)
    stdin = reads_stdin(items)
    if stdin and baseline == "full":
        raise click.UsageError("--baseline full reads the items twice, and standard input can be read only once")
    check_place(stdin=stdin, **place)
    spec = RunSpec(
        workload=workload,
        options=words,
        items=items,
        workers=workers,
        chunksize=chunksize,
        start_method=start_method,
        retries=retries,
        retry_exceptions=retry_exceptions,
        timeout=timeout.seconds if timeout else None,
        timeout_percent=timeout.percent if timeout else None,
        memory_limit=memory_limit,
        halt=halt,
        maxtasksperchild=maxtasksperchild,
        baseline=baseline or ("none" if stdin else _baseline(target)),
        directory=str(directory),
        environment=tuple(sorted(os.environ)),
        output=output,
        joblog=str(joblog.path) if joblog else None,
        joblog_anew=joblog is not None and joblog.anew,
    )
    check_apart(spec, place["summary"])
    return carry_out(spec, stdin=stdin, **place)


def _baseline(target: Target) -> BaselineMethod:
    """As its source says."""
    try:
        return describe_target(target).baseline
    except WorkloadError:  # its import will say better what is wrong with it
        return "none"

"""How far is a run, in words and numbers?"""

from explorekit.engine.progress import Progress, State, duration

STATES: dict[State, str] = {
    "starting": "starting",
    "running": "running",
    "cancelling": "stopping",
    "finished": "finished",
    "finished early": "finished early",
    "cancelled": "stopped",
    "error": "ended early",
}


def text_line(progress: Progress) -> str:
    """Return progress as one line of plain text."""
    done = progress.ok + progress.failed
    parts = [f"{STATES[progress.state]}: {done:,} of {progress.total:,} runs"]
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if progress.done:
        parts.append(f"in {duration(progress.elapsed)}")
    elif progress.new:
        parts.append(" ".join(rate_text(progress.rate)))
        if left := _left(progress):
            parts.append(f"about {left} left")
    return ", ".join(parts) + (f" ({progress.message})" if progress.message else "")


def numbers(progress: Progress) -> list[tuple[str, str, str]]:
    """Return what counts now: a kind, a number, and what it is the number of."""
    done = progress.ok + progress.failed
    found = [("done", f"{done:,}", f"of {progress.total:,} runs")]
    if progress.failed:
        found.append(("failed", f"{progress.failed:,}", "failed"))
    if progress.pending:
        found.append(("pending", f"{progress.pending:,}", "pending"))
    if progress.new:
        found.append(("rate", *rate_text(progress.rate)))
    if left := _left(progress):
        found.append(("left", left, "left"))
    found.append(("elapsed", duration(progress.elapsed), "elapsed"))
    if not progress.done:
        found.append(("workers", str(progress.workers), "worker" if progress.workers == 1 else "workers"))
    return found


def _left(progress: Progress) -> str:
    """Return the time that is left, or an empty text where nothing is known or it is about to end."""
    seconds = progress.remaining or 0.0
    return duration(seconds) if seconds >= 0.5 else ""


def rate_text(rate: float) -> tuple[str, str]:
    """Return runs a second, or for long runs a minute or an hour, as a number and its unit."""
    for unit, seconds in (("s", 1), ("min", 60), ("h", 3600)):
        if rate * seconds >= 0.5 or unit == "h":
            break
    number = rate * seconds
    return f"{number:,.0f}" if number >= 100 else f"{number:.2g}", f"runs/{unit}"


def bytes_text(size: float) -> str:
    """Return a size in megabytes or gigabytes."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"

"""How far long work is, where somebody watches: a bar with the rate and the time left."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LEAST = 5000  # examples, from which work counts as long


class _Rate(TextColumn):
    def __init__(self, unit, each):
        super().__init__("")
        self.unit, self.each = unit, each

    def render(self, task):
        speed = task.finished_speed or task.speed
        self.text_format = f"{speed * self.each:,.0f} {self.unit}/s" if speed else ""
        return super().render(task)


def watched(work, told, total, unit, each=1, least=LEAST):
    """The elements of an iterable, under a bar on a terminal or in a notebook.

    Args:
        work: iterable.
        told: what is done, such as "Packing images".
        total: number of elements.
        unit: what is counted, such as "images".
        each: how many of them an element stands for.
        least: how many of them count as long work.
    """
    console = Console(stderr=True)
    if total * each < least or not (console.is_terminal or console.is_jupyter):
        yield from work
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, _Rate(unit, each), TimeRemainingColumn(), console=console, transient=True) as bar:
        yield from bar.track(work, total, description=told)

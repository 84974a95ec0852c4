"""The models that are served, by name, version and label; they follow what lies in their folder."""

import asyncio
import gc

from keras_gen.errors import InputError
from keras_gen.logs import log
from keras_gen.serving.folders import models_in, stamp
from keras_gen.serving.refusals import Refused

LOADING, AVAILABLE, UNLOADING, END = "LOADING", "AVAILABLE", "UNLOADING", "END"


class Models:
    """The versions in memory, and the states of all that were seen.

    Args:
        folder: `pathlib.Path`, as of `models_in`.
        make: function of (name, number, path) that returns a `Version`, called outside the event loop.
        settings: `Settings`.
        metrics: `Metrics`.
    """

    def __init__(self, folder, make, settings, metrics):
        self._folder, self._make, self._settings, self._metrics = folder, make, settings, metrics
        self._served = {}  # name -> number -> `Version`
        self._labels = {}  # name -> label -> number
        self._states = {}  # name -> number -> (state, what went wrong)
        self._seen, self._tried = {}, {}  # (name, number) -> stamp: at the last look, at the last loading
        self._complaint = None

    @property
    def names(self):
        """Names of models of which a version is served."""
        return [name for name, versions in self._served.items() if versions]

    @property
    def is_ready(self):
        """Whether something is served, and a version of each model that was found."""
        return bool(self._served) and all(self._served.values())

    def find(self, name, number=None, label=None):
        """The `Version` that a request asks for, by default the newest one.

        Raises:
            Refused: it is not served.
        """
        if not name:
            raise Refused("ModelSpec has no name specified.")
        versions = self._served.get(name, {})
        if label:
            if label not in self._labels.get(name, {}):
                raise Refused(f"Unrecognized servable version label: {label}")
            number = self._labels[name][label]
        if number is None and versions:
            number = max(versions)
        if number not in versions:
            asked = f"Latest({name})" if number is None else f"Specific({name}, {number})"
            raise Refused(f"Servable not found for request: {asked}", "missing")
        return versions[number]

    def states(self, name, number=None, label=None):
        """States of a model's versions: list of (number, state, what went wrong or "").

        Raises:
            Refused: none was ever seen.
        """
        if label:
            number = self.find(name, label=label).number
        states = self._states.get(name, {})
        if number is not None:
            if number not in states:
                raise Refused(f"Could not find version {number} of model {name}", "missing")
            return [(number, *states[number])]
        if not states:
            raise Refused(f"Could not find any versions of model {name}", "missing")
        return [(version, *states[version]) for version in sorted(states, reverse=True)]

    async def refresh(self):
        """Looks at the folder once: loads what is new and whole, then lets go of what is not wanted any more.

        Raises:
            OSError: the folder cannot be read.
            InputError: a file of labels is damaged.
        """
        found, stamps = await asyncio.to_thread(self._look)
        for name, (versions, labels) in found.items():
            await self._follow(name, versions, labels, stamps)
        for name in self._served.keys() - found.keys():
            await self._follow(name, {}, {}, stamps)
            del self._served[name]
        self._seen = stamps

    async def watch(self):
        """Refreshes until it is cancelled; what goes wrong is told once."""
        while True:
            try:
                await self.refresh()
                self._complaint = None
            except (OSError, InputError) as error:
                if str(error) != self._complaint:
                    log.warning("%s What is served stays.", error)
                self._complaint = str(error)
            await asyncio.sleep(self._settings.poll)

    def _look(self):
        found = models_in(self._folder)
        stamps = {
            (name, number): stamp(path)
            for name, (versions, _) in found.items()
            for number, path in versions.items()
        }
        return found, stamps

    async def _follow(self, name, versions, labels, stamps):
        served = self._served.setdefault(name, {})
        wanted = set()
        newest = 0
        for number in sorted(versions, reverse=True):
            if newest == self._settings.versions and number not in labels.values():
                continue
            now = stamps[name, number]
            is_whole = now is not None and now == self._seen.get((name, number))
            if is_whole and now != self._tried.get((name, number)):
                self._tried[name, number] = now
                await self._load(name, number, versions[number])
            if number in served:
                wanted.add(number)
                newest += newest < self._settings.versions
        for number in served.keys() - wanted:
            self._unload(name, number)
        self._labels[name] = {label: number for label, number in labels.items() if number in served}
        self._metrics.versions.labels(name).set(len(served))

    async def _load(self, name, number, path):
        states, served = self._states.setdefault(name, {}), self._served[name]
        if number not in served:
            states[number] = LOADING, ""
        try:
            version = await asyncio.to_thread(self._make, name, number, path)
        except Exception as error:  # noqa: BLE001 - a damaged model may make TensorFlow raise anything
            log.warning("%s", error)
            if number not in served:
                states[number] = END, str(error)
            return
        served[number] = version
        states[number] = AVAILABLE, ""
        log.info("Serving %s, version %d: %s", name, number, ", ".join(sorted(version.signatures)))

    def _unload(self, name, number):
        # Requests in flight hold the version until they are answered.
        del self._served[name][number]
        self._states[name][number] = END, ""
        self._tried.pop((name, number), None)
        log.info("No longer serving %s, version %d", name, number)
        asyncio.get_running_loop().run_in_executor(None, gc.collect)  # functions of graphs hold one another

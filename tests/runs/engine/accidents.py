"""Owns the accidents of the simulation: each is an act at one point of a world."""

import sqlite3

from runs import launch, tasks
from tests.runs.engine.simulation import Act, Crash, Process, World

PAUSE_S = 14.0  # longer than a lease


def crash(world: World, process: Process) -> None:
    raise Crash


def pause(world: World, process: Process) -> None:
    """The process stands still for longer than its lease, and goes on as if nothing had been."""
    process.loop.paused_until = world.clock.seconds + PAUSE_S
    if len([other for other in world.processes if other.alive]) < 2:
        world.start()


def ring_twice(world: World, process: Process) -> None:
    for run_id in list(world.runs) or [world.root.id]:
        for other in world.processes:
            other.ring(run_id)
            other.ring(run_id)


def call(world: World, process: Process) -> None:
    """The bell of each run is rung in the database too, as after a decision."""

    def act() -> None:
        for run_id in list(world.runs) or [world.root.id]:
            tasks.call(run_id)
        ring_twice(world, process)

    world.agenda.after(0, act)


def locked(world: World, process: Process) -> None:
    if world.where == "before" and not world.wait_ms:
        raise sqlite3.OperationalError("database is locked")


def refuse(world: World, process: Process) -> None:
    """The database takes nothing of this process for a moment."""
    process.refused_until = world.clock.seconds + 0.05


def stop(world: World, process: Process) -> None:
    if not process.stopping:
        process.stop()
        world.agenda.after(5.0, world.start)


def cancel(world: World, process: Process) -> None:
    def act() -> None:
        try:
            launch.cancel(world.root, world.ada)
        except launch.AlreadyFinished:
            return
        world.cancelled_at = world.clock.now()
        world.ring(world.root.id)

    world.agenda.after(0, act)


FAULTS: tuple[Act, ...] = (crash, pause, ring_twice, call, locked, refuse, stop)

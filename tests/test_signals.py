"""Ctrl-C and SIGTERM wait for the end of a step, and end a command once."""

import os
import signal
import threading

import pytest

from course_lib.signals import POLITE, Interrupted, deferred, raised


@pytest.fixture(autouse=True)
def handlers_are_put_back():
    before = {number: signal.getsignal(number) for number in POLITE}
    yield
    assert {number: signal.getsignal(number) for number in POLITE} == before


def test_a_signal_waits_until_the_block_has_ended():
    done = []

    def take_a_step():
        with deferred() as arrived:
            for _ in range(5):
                os.kill(os.getpid(), signal.SIGINT)
            done.extend(arrived)

    with pytest.raises(KeyboardInterrupt):
        take_a_step()
    assert done == [signal.SIGINT] * 5


def test_without_a_signal_nothing_is_raised():
    with deferred() as arrived:
        pass
    assert arrived == []


@pytest.mark.parametrize("number", POLITE)
def test_a_command_is_interrupted_once(number):

    def command():
        with raised():
            try:
                signal.raise_signal(number)
            finally:
                for other in POLITE:  # while it stores
                    signal.raise_signal(other)

    with pytest.raises(Interrupted) as caught:
        command()
    assert caught.value.number == number
    assert isinstance(caught.value, KeyboardInterrupt)


def test_deferred_inside_a_command_passes_the_signal_on():
    with pytest.raises(Interrupted) as caught, raised(), deferred():
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.number == signal.SIGTERM


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_a_signal_that_is_ignored_stays_ignored():
    """As under `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        for block in (deferred, raised):
            with block():
                signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_are_left_in_peace():
    failed = []

    def work():
        try:
            for block in (deferred, raised):
                with block():
                    pass
        except BaseException as problem:
            failed.append(problem)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert failed == []

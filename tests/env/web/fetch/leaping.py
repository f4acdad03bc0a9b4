"""An event loop whose clock leaps to the next thing that is to happen: nobody waits in tests."""

import asyncio
import selectors


class _Selector(selectors.DefaultSelector):
    def __init__(self):
        super().__init__()
        self.now = 1000.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everything waits for something that will never happen"
            self.now += max(timeout, 0)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._leaping = _Selector()
        super().__init__(self._leaping)

    def time(self):
        return self._leaping.now


def leap(coroutine):
    """Run a coroutine that meets no real socket and no thread; fail if it leaves a task behind."""

    async def check():
        result = await coroutine
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {left}"
        return result

    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(check())


def now():
    """Return the seconds since the loop began."""
    return asyncio.get_running_loop().time() - 1000.0

"""The real mathematics in a worker that gives freed memory back after every answer, so that what is left is held.

Of its own accord a worker keeps freed memory, up to a gigabyte where something small lies on top of it: 16 products of
512 x 512 matrices leave 350 MB, now and then, in whichever worker they meet.
"""

from pullback_server import verdict
from pullback_server.service import memory
from pullback_server.service.worker.isolation import resident
from pullback_server.verdict import describe

__all__ = ["Differentiator", "describe"]


#: Bytes of growth that are worth the time that giving back takes.
MUCH = 16 * 2**20


class Differentiator(verdict.Differentiator):
    def respond(self, request):
        before = resident()
        try:
            yield from super().respond(request)
        finally:
            if resident() > before + MUCH:
                memory.give_back()

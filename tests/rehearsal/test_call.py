"""The lean client against the real media server: what it sends comes, what is lost is asked for, both ways."""

import asyncio
import random

import pytest

from teleosce.rehearsal.call import Call
from teleosce.rehearsal.footage import Performance
from teleosce.rehearsal.incoming import Incoming
from teleosce.rehearsal.line import Line


async def until(condition, seconds=20.0):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  counts tell nobody that they change
            await asyncio.sleep(0.02)


async def meet(answer_for, footage, *lines):
    calls = [Call(Performance(footage), line=line, slots=2) for line in lines]
    for number, call in enumerate(calls):
        await call.connect(answer_for(f"person-{number}"))
    return calls


def test_any_loop_may_be_left_for_another_at_its_key_frame(footage):
    """A key frame has its first bit clear (RFC 6386, 9.1)."""
    for number, loop in enumerate(footage.loops):
        found = [index for index, frame in enumerate(loop) if not frame[0][0] & 1]
        assert found == [index for index in range(len(loop)) if footage.key_loop(index) == number]
        assert len(found) == len(loop) / 30


async def test_two_hear_and_see_each_other(answer_for, footage):
    calls = await meet(answer_for, footage, Line(), Line())
    await until(lambda: all(call.counts().pictures > 60 for call in calls))
    for call in calls:
        counts = call.counts()
        assert counts.unreadable == counts.received_missing == 0
        assert sum(stream.received > 0 for stream in call.heard.values()) == 2
        assert 0 < call.round_trip < 1
        await call.close()


async def test_loss_is_repaired_both_ways(answer_for, footage):
    calls = await meet(answer_for, footage, Line(loss=0.1, seed=1), Line())
    await until(lambda: all(call.counts().pictures > 90 for call in calls))
    counts = calls[0].counts()
    assert counts.resent > 10
    assert counts.received_repaired > 10
    assert counts.received_missing < 0.03 * counts.received
    assert calls[1].counts().received_missing < 0.03 * calls[1].counts().received
    for call in calls:
        await call.close()


@pytest.mark.faults
async def test_who_hears_nothing_for_eight_seconds_gives_up(answer_for, footage):
    line = Line()
    (call,) = await meet(answer_for, footage, line)
    line.up = False
    await asyncio.wait_for(call.ended.wait(), 15)
    assert call.why == "lost"
    await call.close(goodbye=False)


async def test_a_goodbye_reaches_the_server_and_a_power_cut_does_not(server, answer_for, footage):
    polite, gone = await meet(answer_for, footage, Line(), Line())
    await polite.close()
    await gone.close(goodbye=False)
    await until(lambda: [peer.participant for peer in server.room("room").peers()] == ["person-1"])


async def test_another_port_ends_nothing_upwards(server, answer_for, footage):
    (call,) = await meet(answer_for, footage, Line())
    ports = {one.get_extra_info("sockname")[1] for one in call.sockets}
    await call.move()
    assert not ports & {one.get_extra_info("sockname")[1] for one in call.sockets}
    await until(lambda: server.room("room").peers()[0].audio.packets_per_second > 20)
    seen = server.room("room").peers()[0].last_packet_ms
    await until(lambda: server.room("room").peers()[0].last_packet_ms > seen + 2000)
    await call.close()


@pytest.mark.parametrize("seed", range(20))
def test_a_stream_counts_each_packet_once(seed):
    """Whatever is lost, repeated or overtaken, `lost` is what never came."""
    chance = random.Random(seed)
    stream = Incoming(1, "0", "video")
    first = chance.randrange(0x10000)
    order = [number for number in range(600) if number in {0, 599} or chance.random() > 0.1]
    order += chance.sample(order, 40)
    order.sort(key=lambda number: number + chance.random() * 12)
    order.remove(0)
    for number in [0, *order, 599]:
        stream.take((first + number) & 0xFFFF, False, 0.0)
    assert stream.received == len(set(order) | {0})
    assert stream.lost == 600 - stream.received
    ask, given_up = stream.due(0.02, 0.0)
    assert len(ask) == stream.lost
    assert not given_up
    assert stream.due(0.03, 0.0) == ([], False)
    assert stream.due(2.0, 0.0)[1] == (stream.lost > 0)


async def test_a_line_does_what_it_says():
    came = []
    line = Line(loss=0.2, reorder=0.05, seed=3)
    for number in range(2000):
        line.carry(lambda data, _: came.append(data), number, None)
    await asyncio.sleep(0.1)
    assert 1500 < len(came) < 1700
    assert len(came) + line.lost == 2000
    assert came != sorted(came)
    line.up = False
    line.carry(lambda data, _: came.append(data), -1, None)
    assert -1 not in came

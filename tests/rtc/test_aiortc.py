"""Two ordinary aiortc peer connections: an independent implementation decodes what we forward."""

import asyncio
from fractions import Fraction

import av
import numpy as np
from aiortc import (
    AudioStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
    VideoStreamTrack,
)

from teleosce.rtc import MediaServer

from .clients import ticket


class Picture(VideoStreamTrack):
    """A small moving bar."""

    async def recv(self) -> av.VideoFrame:
        pts, base = await self.next_timestamp()
        pixels = np.zeros((120, 160, 3), np.uint8)
        pixels[:, pts // 3000 % 160] = 255
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts, frame.time_base = pts, Fraction(base)
        return frame


async def connect(server: MediaServer, name: str) -> tuple[RTCPeerConnection, list[RTCRtpTransceiver]]:
    # aiortc's default policy leaves the fourth section on a transport that the answer has closed
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
    peer.addTransceiver(AudioStreamTrack(), direction="sendonly")
    peer.addTransceiver(Picture(), direction="sendonly")
    slots = [peer.addTransceiver(kind, direction="recvonly") for kind in ("audio", "video")]
    await peer.setLocalDescription(await peer.createOffer())
    answer = await server.answer(ticket(name), peer.localDescription.sdp)
    await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    return peer, slots


async def test_ordinary_peers_decode_each_other(server: MediaServer) -> None:
    server.room("room").open()
    (anna, at_anna), (ben, at_ben) = await connect(server, "anna"), await connect(server, "ben")
    async with asyncio.timeout(20):
        for audio, video in (at_anna, at_ben):
            sounds = [await audio.receiver.track.recv() for _ in range(10)]
            pictures = [await video.receiver.track.recv() for _ in range(5)]
            assert sounds[0].sample_rate == 48000
            assert {(one.width, one.height) for one in pictures} == {(160, 120)}
            times = [one.pts for one in pictures]
            assert times == sorted(set(times))
    await anna.close()
    await ben.close()

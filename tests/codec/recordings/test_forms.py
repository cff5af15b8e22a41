"""Every form of recording gives back the payloads and times that were written into it."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.codec.recordings import final_frame, pcap, raw, rply
from jointsky.codec.recordings.packets import datagram
from jointsky.codec.recordings.read import read_recording
from jointsky.codec.recordings.recording import Recording
from jointsky.model.errors import FileProblem

T0 = 1_700_000_000_123_456_789
BLOCKS = st.lists(st.builds(
    lambda category, body: bytes([category]) + (len(body) + 3).to_bytes(2, "big") + body,
    st.sampled_from([1, 34, 48, 62]), st.binary(min_size=1, max_size=40)), min_size=1, max_size=9)


def payloads_of(recording: Recording) -> list[bytes]:
    return [recording.buffer[start:start + length].tobytes()
            for start, length in zip(recording.start, recording.length, strict=True)]


def reading(folder: Path, content: bytes, name: str = "x") -> Recording:
    path = folder / name
    path.write_bytes(content)
    return read_recording(path)


def block(payload: bytes = b"\x80\x14\x81", category: int = 48) -> bytes:
    return bytes([category]) + (len(payload) + 3).to_bytes(2, "big") + payload


@settings(max_examples=60, deadline=None)
@given(blocks=BLOCKS, gaps=st.lists(st.integers(0, 20_000_000_000), min_size=9, max_size=9))
def test_what_is_written_is_read_back_in_every_form(
        tmp_path_factory: pytest.TempPathFactory, blocks: list[bytes], gaps: list[int]) -> None:
    folder = tmp_path_factory.mktemp("forms")
    times = (T0 + np.cumsum(gaps[:len(blocks)])).tolist()
    forms = {"raw": raw.write(blocks), "pcap": pcap.write(blocks, times, "239.1.2.3", 8600),
             "final-frame": final_frame.write(blocks, times), "rply": rply.write(blocks, times)}
    for form, content in forms.items():
        recording = reading(folder, content)
        assert recording.form == form
        assert payloads_of(recording) == blocks
        assert not recording.faults
        for payload, offset in zip(blocks, recording.file_offset.tolist(), strict=True):
            assert content[offset:offset + len(payload)] == payload
        if form == "pcap":
            assert recording.received_ns is not None
            assert recording.received_ns.tolist() == times
            assert recording.sources == ("239.1.2.3:8600",)
        if form == "final-frame":
            assert recording.elapsed_ns is not None
            day = T0 // 86_400_000_000_000 * 86_400_000_000_000
            assert recording.elapsed_ns.tolist() == [
                (time - day) // 10_000_000 * 10_000_000 for time in times]
        if form == "rply":
            assert recording.elapsed_ns is not None
            assert recording.elapsed_ns.tolist() == [
                time // 1_000_000 * 1_000_000 - times[0] // 1_000_000 * 1_000_000
                for time in times]


def test_final_frame_time_goes_on_over_midnight(tmp_path: Path) -> None:
    day = 86_400_000_000_000
    content = final_frame.write([block()] * 3, [day - 20_000_000, day + 10_000_000, day + 10**10])
    recording = reading(tmp_path, content)
    assert recording.elapsed_ns is not None
    assert recording.elapsed_ns.tolist() == [day - 20_000_000, day + 10_000_000, day + 10**10]


@pytest.mark.parametrize(("order", "magic", "unit"), [
    ("<", 0xA1B2C3D4, 1_000), (">", 0xA1B2C3D4, 1_000), ("<", 0xA1B23C4D, 1),
    (">", 0xA1B23C4D, 1)])
def test_pcap_of_either_byte_order_and_time_unit(
        tmp_path: Path, order: str, magic: int, unit: int) -> None:
    packet = datagram(block(), "127.0.0.1", 9)
    content = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 65_535, 1)
    content += struct.pack(order + "IIII", 12, 345, len(packet), len(packet)) + packet
    recording = reading(tmp_path, content)
    assert recording.received_ns is not None
    assert recording.received_ns.tolist() == [12 * 10**9 + 345 * unit]
    assert payloads_of(recording) == [block()]


IPV4 = datagram(block(), "10.0.0.7", 8600)[14:]
IPV6 = datagram(block(), "ff02::7", 8600)[14:]
WITH_OPTIONS = IPV6[:6] + b"\0" + IPV6[7:40] + b"\x11\x00" + bytes(6) + IPV6[40:]


@pytest.mark.parametrize(("link", "packet", "source"), [
    (1, bytes(12) + b"\x08\x00" + IPV4, "10.0.0.7:8600"),
    (1, bytes(12) + b"\x81\x00\x00\x05\x08\x00" + IPV4, "10.0.0.7:8600"),
    (1, bytes(12) + b"\x88\xa8\x00\x05\x81\x00\x00\x06\x86\xdd" + IPV6, "[ff02::7]:8600"),
    (1, bytes(12) + b"\x86\xdd" + WITH_OPTIONS, "[ff02::7]:8600"),
    (113, bytes(14) + b"\x08\x00" + IPV4, "10.0.0.7:8600"),
    (276, b"\x86\xdd" + bytes(18) + IPV6, "[ff02::7]:8600"),
    (101, IPV4, "10.0.0.7:8600"), (12, IPV6, "[ff02::7]:8600"), (228, IPV4, "10.0.0.7:8600"),
    (229, IPV6, "[ff02::7]:8600"), (0, b"\x02\0\0\0" + IPV4, "10.0.0.7:8600")])
def test_pcap_link_layers(tmp_path: Path, link: int, packet: bytes, source: str) -> None:
    recording = reading(tmp_path, capture([packet], link))
    assert payloads_of(recording) == [block()]
    assert recording.sources == (source,)


def capture(packets: list[bytes], link: int = 1) -> bytes:
    content = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, link)
    for packet in packets:
        content += struct.pack("<IIII", 1, 0, len(packet), len(packet)) + packet
    return content


def test_pcap_refuses_fragments_and_counts_other_traffic(tmp_path: Path) -> None:
    head = bytes(12) + b"\x08\x00"
    first = head + IPV4[:6] + b"\x20\x00" + IPV4[8:]
    later = head + IPV4[:6] + b"\x00\x05" + IPV4[8:]
    tcp = head + IPV4[:9] + b"\x06" + IPV4[10:]
    arp = bytes(12) + b"\x08\x06" + bytes(28)
    short = (head + IPV4)[:-2]
    content = capture([first, later, tcp, arp, short, head + IPV4])
    recording = reading(tmp_path, content)
    assert payloads_of(recording) == [block()[:-2], block()]
    assert recording.skipped == 2
    texts = [fault.text for fault in recording.faults]
    assert ["fragment" in text for text in texts] == [True, True, False]
    assert "cut short" in texts[2]
    assert content[recording.faults[2].offset:].startswith(short)


def test_pcap_says_which_link_layer_it_does_not_read(tmp_path: Path) -> None:
    recording = reading(tmp_path, capture([bytes(60)], 105))
    assert len(recording) == 0
    assert "link-layer type 105" in recording.faults[0].text


def section(order: str, *blocks: tuple[int, bytes]) -> bytes:
    out = b""
    head = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
    for kind, body in ((0x0A0D0D0A, head), *blocks):
        padded = body + bytes(-len(body) % 4)
        out += struct.pack(order + "II", kind, len(padded) + 12) + padded
        out += struct.pack(order + "I", len(padded) + 12)
    return out


def enhanced(order: str, which: int, ticks: int, packet: bytes) -> tuple[int, bytes]:
    return 6, struct.pack(order + "IIIII", which, ticks >> 32, ticks & 0xFFFFFFFF, len(packet),
                          len(packet)) + packet


def test_pcapng_interfaces_options_and_both_byte_orders(tmp_path: Path) -> None:
    packet = datagram(block(), "239.0.0.1", 5)
    nano = struct.pack("<HHI", 1, 0, 65_535) + struct.pack("<HHB3x", 9, 1, 9) + struct.pack(
        "<HHqHH", 14, 8, 1_000, 0, 0)
    binary = struct.pack("<HHI", 101, 0, 0) + struct.pack("<HHB3x", 9, 1, 0x80 | 10)
    content = section("<", (1, nano), (1, binary), (5, bytes(12)),
                      enhanced("<", 0, 5_000_000_007, packet),
                      enhanced("<", 1, 3 * 1024 + 512, packet[14:]))
    content += section(">", (1, struct.pack(">HHI", 1, 0, 0)), enhanced(">", 0, 77, packet))
    recording = reading(tmp_path, content)
    assert recording.form == "pcapng"
    assert payloads_of(recording) == [block()] * 3
    assert recording.received_ns is not None
    assert recording.received_ns.tolist() == [1_005_000_000_007, 3_500_000_000, 77_000]
    assert not recording.faults
    assert recording.source is not None
    assert recording.source.tolist() == [0, 0, 0]


def test_pcapng_faults_name_their_place(tmp_path: Path) -> None:
    packet = datagram(block(), "239.0.0.1", 5)
    good = section("<", (1, struct.pack("<HHI", 1, 0, 0)), enhanced("<", 0, 77, packet))
    stray = section("<", enhanced("<", 4, 77, packet))
    recording = reading(tmp_path, good + stray + good[:-5])
    assert payloads_of(recording) == [block()]
    assert [fault.offset for fault in recording.faults] == [
        len(good) + 28, len(good) + len(stray) + 28 + 20]


def test_a_cut_recording_keeps_what_came_before_the_cut(tmp_path: Path) -> None:
    times = [T0, T0 + 10**9, T0 + 2 * 10**9]
    blocks = [block(bytes([0x80, 1, i])) for i in range(3)]
    for form, content in {"raw": raw.write(blocks), "pcap": pcap.write(blocks, times),
                          "ff": final_frame.write(blocks, times),
                          "rply": rply.write(blocks, times)}.items():
        recording = reading(tmp_path, content[:-1], f"cut.{form}")
        assert payloads_of(recording)[:2] == blocks[:2]
        (fault,) = recording.faults
        assert "truncated" in fault.text
        assert fault.offset == {"raw": 12, "pcap": 24 + 2 * 64, "ff": 2 * 18, "rply": 2 * 14}[form]


def test_raw_takes_the_chain_up_again_after_junk(tmp_path: Path) -> None:
    content = block() * 5 + b"\x30\x00\x01rubbish" + block() * 5
    recording = reading(tmp_path, content)
    assert payloads_of(recording) == [block()] * 5 + [b"\x30\x00\x01rubbish"] + [block()] * 5
    assert [fault.offset for fault in recording.faults] == [30]
    assert recording.place_in_file(np.array([6]), recording.start[[6]] + 2).tolist() == [42]


@pytest.mark.parametrize(("name", "content", "says"), [
    ("empty.ast", b"", "empty"), ("text.ast", b"hello, world, this is text", "68 65 6c 6c"),
    ("x.pcap", b"\0" * 40, "no form"), ("x.ast", b"SQLite format 3\0" + bytes(90), "journal"),
    ("x.ast.gz", b"\x1f\x8b\x08\x00rest", "gzip"), ("x.ff", b"\x00\x20abc", "no form")])
def test_a_strange_file_is_refused_with_its_name_and_what_was_expected(
        tmp_path: Path, name: str, content: bytes, says: str) -> None:
    with pytest.raises(FileProblem) as caught:
        reading(tmp_path, content, name)
    for part in (name, "byte 0", says, "expected ASTERIX blocks"):
        assert part in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"nowhere\.ast: there is no such file; expected"):
        read_recording(tmp_path / "nowhere.ast")
    with pytest.raises(FileProblem, match="a folder; expected a file"):
        read_recording(tmp_path)


@settings(max_examples=150, deadline=None)
@given(content=st.binary(min_size=1, max_size=300),
       head=st.sampled_from([b"", b"\xd4\xc3\xb2\xa1" + bytes(16) + b"\1\0\0\0", section("<"),
                             section("<", (1, struct.pack("<HHI", 1, 0, 0))), block() * 4,
                             final_frame.write([block()], [0]), rply.write([block()], [0])]))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes,
                                   head: bytes) -> None:
    whole = head + content
    try:
        recording = reading(tmp_path_factory.mktemp("fuzz"), whole, "x.ast")
    except FileProblem:
        return
    inside = recording.start >= 0
    inside &= recording.start + recording.length <= len(recording.buffer)
    assert inside.all()
    assert (recording.file_offset + recording.length <= len(whole)).all()
    if recording.form == "raw":
        assert b"".join(payloads_of(recording)) == whole


REAL = {"alicante_adsb_cat021_ed2.4.ast": ("raw", 20_090),
        "baltic_tracks_cat062.ast": ("raw", 34_957),
        "baltic_tracks_cat062.ff": ("final-frame", 34_957),
        "barcelona_adsb_cat021_ed0.23_20160510.ast": ("raw", 49_330),
        "barcelona_mlat_cat019_cat020_20160510.ast": ("raw", 77_314),
        "barcelona_radar_cat048_20230502.ast": ("raw", 44_085),
        "croatia_cat062_cat065.pcap": ("pcap", 1), "croatia_radars_cat034_cat048.pcap":
        ("pcap", 100), "jahorina_radar_cat034_cat048.ast": ("raw", 642)}


@pytest.mark.parametrize("name", REAL)
def test_real_recordings_are_cut_without_fault(shared: Path, name: str) -> None:
    recording = read_recording(shared / "asterix" / name)
    assert (recording.form, len(recording)) == REAL[name]
    assert not recording.faults
    assert recording.skipped == 0


def test_the_same_recording_in_two_forms_holds_the_same_blocks(shared: Path) -> None:
    as_raw = read_recording(shared / "asterix" / "baltic_tracks_cat062.ast")
    as_frames = read_recording(shared / "asterix" / "baltic_tracks_cat062.ff")
    assert payloads_of(as_raw) == payloads_of(as_frames)

"""What is read is what was written, and the hash knows it."""

from teleosce.stations import ScriptKind, read


def test_a_folder_becomes_a_version(make):
    version = read(make())
    assert version.slug == "sore-throat"
    assert version.timings.reading_s == 60
    assert version.timings.warning_s == 120
    assert [part.kind for part in version.sp_script] == [
        ScriptKind.opening,
        ScriptKind.story,
        ScriptKind.facts,
        ScriptKind.on_request,
        ScriptKind.cues,
    ]
    assert version.sp_script[2].body.startswith("### Medicines\n")
    assert version.mark_sheet.domains == version.domains
    assert len(version.mark_sheet.items) == 10
    assert version.stimuli[0].media_type == "image/svg+xml"
    assert version.note is not None
    assert version.note.fields[0].required
    assert version.rehearsal is not None
    assert version.rehearsal.lines[1].pause_s == 1
    assert type(version).model_validate_json(version.model_dump_json()) == version


def test_the_hash_is_of_names_and_bytes_alone(make, sound, tmp_path):
    first = read(make())
    copy = make(name="elsewhere/sore-throat")
    (copy / ".DS_Store").write_bytes(b"\0")
    assert read(copy).hash == first.hash
    for file in sound:
        changed = make({file: sound[file].replace("\n", "\n\n", 1)}, name="changed/sore-throat")
        assert read(changed).hash != first.hash, file
        make(name="changed/sore-throat")
    assert read(changed).hash == first.hash


def test_headings_in_fenced_code_are_no_parts(make, sound):
    script = sound["sp-script.md"].replace("Worried.", "```\n## Opening line\n```")
    parts = read(make({"sp-script.md": script})).sp_script
    assert parts[-1].body == "```\n## Opening line\n```"


def test_windows_line_ends_and_byte_order_marks_are_read(make, sound):
    changes = {file: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() for file, text in sound.items()}
    assert len(read(make(changes)).sp_script) == 5

"""Which files are read, and what happens to those that cannot be (vault 5.1)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.images.heat import template_reading
from fiwareglancesync.images.heat.template_images import TemplateImages
from fiwareglancesync.images.heat.template_reading import read_templates
from tests.support.heat_files import mentioned, needed

SERVER = """\
heat_template_version: 2018-08-31
parameters:
  image: {{type: string, default: {image}}}
resources:
  server:
    type: OS::Nova::Server
    properties: {{image: {{get_param: image}}}}
"""


def write(path: Path, image: str) -> Path:
    """Write a template with one server."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SERVER.format(image=image))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good template."""
    return write(tmp_path / "templates" / "good.yaml", "good").parent


def unresolved(images: TemplateImages, folder: Path) -> dict[str, str]:
    """Why files are unresolved, by their paths below a folder."""
    return {str(Path(each.position.file).relative_to(folder)): each.reason for each in images.unresolved}


def test_each_of_the_four_kinds_of_files_is_read(folder: Path) -> None:
    for name in ("b.yml", "c.template", "d.json", "e.txt", "f.YAML", "sub/deep/g.yaml"):
        write(folder / name, name[0])
    images = read_templates([folder])
    assert needed(images) == ["b", "c", "d", "good", "s"]
    assert images.files == 5


def test_what_is_excluded_by_a_part_of_its_path_is_only_mentioned(tmp_path: Path) -> None:
    folder = tmp_path / "dev-checkout"
    for name in ("dev-a/x.yaml", "sub/test-b/x.yaml", "dev-c.yaml", "devices/x.yaml", "contest-d.yaml", "lab/x.yaml"):
        write(folder / name, name.replace("/x", ""))
    images = read_templates([folder])
    assert needed(images) == ["contest-d.yaml", "devices.yaml", "lab.yaml"]
    assert mentioned(images) == ["dev-a.yaml", "dev-c.yaml", "sub/test-b.yaml"]
    assert images.files == 3
    assert mentioned(read_templates([folder], excluded=["lab"])) == ["lab.yaml"]
    assert mentioned(read_templates([folder], excluded=[])) == []


def test_a_template_below_two_of_the_folders_counts_once(folder: Path) -> None:
    write(folder / "dev-lab" / "lab.yaml", "lab")
    assert mentioned(read_templates([folder])) == ["lab"]
    images = read_templates([folder, folder / "dev-lab", folder / "."])
    assert sorted(needed(images)) == ["good", "lab"]
    assert (images.mentioned, images.files) == ((), 2)


def test_a_link_that_stays_below_the_folders_is_followed(folder: Path) -> None:
    write(folder / "common" / "nested.yaml", "nested")
    (folder / "shared").symlink_to("common")
    (folder / "copy.yaml").symlink_to("good.yaml")
    (folder / "loop").symlink_to(".")
    text = "heat_template_version: 2018-08-31\nresources: {a: {type: shared/nested.yaml, properties: {image: given}}}\n"
    (folder / "main.yaml").write_text(text)
    images = read_templates([folder])
    assert (needed(images), mentioned(images), images.unresolved) == (["good", "given"], ["nested"], ())
    assert images.files == 3


def test_a_link_that_leads_outside_is_not_opened(tmp_path: Path, folder: Path) -> None:
    write(tmp_path / "secret" / "outside.yaml", "outside")
    (folder / "file.yaml").symlink_to(tmp_path / "secret" / "outside.yaml")
    (folder / "folder").symlink_to(tmp_path / "secret")
    (folder / "device.yaml").symlink_to("/dev/zero")
    (folder / "nowhere.yaml").symlink_to("nowhere")
    (folder / "itself.yaml").symlink_to("itself.yaml")
    images = read_templates([folder])
    assert needed(images) == ["good"]
    outside = "it is a link that leads outside of the given folders, and is not followed"
    assert unresolved(images, folder) == {
        "device.yaml": outside,
        "file.yaml": outside,
        "folder": outside,
        "itself.yaml": "it cannot be read: Too many levels of symbolic links",
        "nowhere.yaml": "it cannot be read: No such file or directory",
    }


def test_what_is_no_ordinary_text_is_unresolved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "pipe.yaml")
    (folder / "latin.yaml").write_bytes(b"# a\n# b\nname: caf\xe9\n")
    (folder / "control.yaml").write_bytes(b"name: \x00\n")
    with (folder / "large.yaml").open("wb") as file:
        file.truncate(template_reading.MAX_FILE_BYTES + 1)
    (folder / "bytes.yaml").write_bytes(b"\xef\xbb\xbf" + SERVER.format(image="with-mark").encode())
    images = read_templates([folder])
    assert sorted(needed(images)) == ["good", "with-mark"]
    found = unresolved(images, folder)
    assert found.pop("control.yaml").startswith("it is no valid YAML: ")
    assert found == {
        "large.yaml": "it is larger than 4 MiB",
        "latin.yaml": "it is no text in UTF-8",
        "pipe.yaml": "it is no ordinary file",
    }
    assert {each.position.line for each in images.unresolved if each.position.file.endswith("latin.yaml")} == {3}


def test_a_file_that_may_not_be_read_is_unresolved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "closed.yaml", "closed")
    usual = os.open

    def refuse(path: str, *words: int) -> int:
        if str(path).endswith("closed.yaml"):
            raise PermissionError(13, "Permission denied", path)
        return usual(path, *words)

    monkeypatch.setattr(os, "open", refuse)
    assert unresolved(read_templates([folder]), folder) == {"closed.yaml": "it cannot be read: Permission denied"}


def test_a_folder_below_that_may_not_be_read_is_unresolved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "closed" / "a.yaml", "closed")
    usual = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return usual(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert unresolved(read_templates([folder]), folder) == {"closed": "it cannot be read: Permission denied"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "it is nested deeper than 60 levels"),
        ("a: " + "{a: " * 1000, "it is nested deeper than 60 levels"),
        ("- - " * 100, "it is nested deeper than 60 levels"),
    ],
)
def test_deep_nesting_ends(folder: Path, text: str, reason: str) -> None:
    (folder / "deep.yaml").write_text(text)
    assert unresolved(read_templates([folder]), folder) == {"deep.yaml": reason}


def test_aliases_that_multiply_end(folder: Path) -> None:
    lines = ["heat_template_version: 2018-08-31", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (folder / "bomb.yaml").write_text("\n".join(lines))
    reason = "it has more than 100000 values, those that aliases repeat included"
    assert unresolved(read_templates([folder]), folder) == {"bomb.yaml": reason}


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({}, "there is no Heat template below {}"),
        ({"a.yaml": "kind: Pod\n"}, "there is no Heat template below {}"),
        ({"dev-a/a.yaml": SERVER.format(image="a")}, "all Heat templates below {} are excluded; see --exclude"),
        ({"a.yaml": "["}, "there is no usable Heat template below {}; {}/a.yaml:2: it is no valid YAML: "),
        ({"a.yaml": "#" * 2**23}, "there is no usable Heat template below {}; {}/a.yaml: it is larger than 4 MiB"),
    ],
)
def test_a_folder_without_a_template_is_refused(tmp_path: Path, files: dict[str, str], text: str) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for name, content in files.items():
        (empty / name).parent.mkdir(exist_ok=True)
        (empty / name).write_text(content)
    with pytest.raises(UsageError) as caught:
        read_templates([write(tmp_path / "other" / "a.yaml", "a").parent, empty])
    assert str(caught.value).startswith(text.format(empty, empty))


def test_two_dots_behind_a_link_lead_to_the_folder_above_its_target(tmp_path: Path, folder: Path) -> None:
    write(tmp_path / "elsewhere" / "above.yaml", "above")
    (tmp_path / "elsewhere" / "below").mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere" / "below")
    assert needed(read_templates([folder / "link" / ".."])) == ["above"]


@pytest.mark.parametrize("name", ["absent", "file/below"])
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=f"the folder of templates .*/{name} cannot be read: "):
        read_templates([tmp_path / name])


def test_for_a_file_its_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=f"is a file, .*; name the folder that has it, {tmp_path}$"):
        read_templates([tmp_path / "file"])


def test_an_environment_that_is_named_may_be_anywhere(tmp_path: Path, folder: Path) -> None:
    environment = tmp_path / "elsewhere.yaml"
    environment.write_text("parameters: {image: by-environment}\n")
    other = tmp_path / "other.yaml"
    other.write_text("parameter_defaults: {image: by-other}\n")
    assert needed(read_templates([folder], [environment, other])) == ["by-environment", "by-other", "good"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (SERVER.format(image="a"), "is no environment of Heat: it has no parameters"),
        ("parameter_defaults: []\n", ":1 cannot be used: the section parameter_defaults is no mapping"),
        ("parameters: [\n", ":2 cannot be used: it is no valid YAML: "),
        ("parameters: {a: b, a: c}\n", ":1 cannot be used: a is given twice"),
    ],
)
def test_a_named_environment_that_is_none_is_refused(tmp_path: Path, folder: Path, content: str, text: str) -> None:
    environment = tmp_path / "env.yaml"
    environment.write_text(content)
    with pytest.raises(UsageError) as caught:
        read_templates([folder], [environment])
    assert text in str(caught.value)


@pytest.mark.parametrize("linked", [False, True])
def test_a_registry_finds_templates_however_the_paths_are_written(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    main = "heat_template_version: 2018-08-31\nresources: {a: {type: My::A}, b: {type: My::B}}\n"
    (folder / "main.yaml").write_text(main)
    write(folder / "parts" / "part.yaml", "by-path")
    write(folder / "parts" / "other.yaml", "by-address")
    (tmp_path / "env").mkdir()
    given = folder
    if linked:
        given = tmp_path / "link"
        given.symlink_to(folder)
    registry = f"{{My::A: ../{given.name}/parts/part.yaml, My::B: 'file://{given}/parts/other.yaml'}}"
    (tmp_path / "env" / "e.yaml").write_text(f"resource_registry: {registry}\n")
    monkeypatch.chdir(tmp_path)
    for one in (given, Path(given.name)):
        for environment in (tmp_path / "env" / "e.yaml", Path("env/e.yaml")):
            images = read_templates([one / "parts", one], [environment])
            assert (sorted(needed(images)), images.unresolved) == (["by-address", "by-path", "good"], ())


def test_a_relative_folder_is_shown_as_the_user_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "nested" / "below.yaml", "below")
    text = "heat_template_version: 2018-08-31\nresources: {a: {type: nested/below.yaml, properties: {image: given}}}\n"
    (folder / "main.yaml").write_text(text)
    monkeypatch.chdir(folder)
    for name, shown in ((".", "good.yaml"), ("../templates/", "../templates/good.yaml")):
        images = read_templates([Path(name)])
        assert images.needed[0].position.file == shown
        assert images.unresolved == ()

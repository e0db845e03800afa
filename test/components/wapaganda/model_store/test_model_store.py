import json
import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest

from wapaganda.model_store import Manifest, ModelStore, ModelStoreError, data_fingerprint, library_versions
from wapaganda.ner import CONSIDERED, Document, Span

FORK = multiprocessing.get_context("fork")


def manifest(fingerprint="0123456789abcdef", **values):
    return Manifest(("LOC", "PER"), "small", fingerprint, 200, metrics={"f1": 0.6}, seed=13, **values)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "trained"
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"w" * 100_000)
    (folder / "tokenizer" / "vocab.txt").write_text("a\nb\n")
    return folder


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models" / "demo")


def test_an_empty_store_holds_nothing(store):
    assert store.versions() == []
    assert store.current() is None
    with pytest.raises(ModelStoreError, match="none yet"):
        store.path("v0001-01234567")
    with pytest.raises(ModelStoreError, match="Expected an earlier live version"):
        store.rollback()


def test_a_published_version_comes_back_whole(store, source):
    version = store.publish(source, manifest(reason="first", recipe={"steps": 400}))

    assert version.name == "v0001-01234567"
    assert version.number == 1
    assert (version.path / "model.safetensors").read_bytes() == b"w" * 100_000
    assert (version.path / "tokenizer" / "vocab.txt").read_text() == "a\nb\n"
    assert version.manifest == manifest(
        reason="first", recipe={"steps": 400}, created_at=version.manifest.created_at
    )
    assert store.versions() == [version]
    assert store.current() is None
    assert source.exists()


def test_a_published_version_can_be_published_again(store, source):
    first = store.publish(source, manifest())
    second = store.publish(first.path, manifest(reason="again"))

    assert second.manifest.reason == "again"
    assert first.manifest.reason == ""


def test_files_of_a_version_are_read_only(store, source):
    version = store.publish(source, manifest())

    modes = {path.stat().st_mode & 0o222 for path in version.path.rglob("*") if path.is_file()}
    assert modes == {0}


def test_promote_and_roll_back_along_the_history(store, source):
    names = [store.publish(source, manifest()).name for _ in range(3)]
    for name in names:
        assert store.promote(name).name == name
    store.promote(names[2])

    assert store.current().name == names[2]
    assert store.rollback().name == names[1]
    assert store.rollback().name == names[0]
    with pytest.raises(ModelStoreError, match=names[0]):
        store.rollback()
    assert store.current().name == names[0]


def test_a_version_that_a_person_chose_is_pinned_for_the_data_known_then(store, source):
    old, new = (store.publish(source, manifest(digit * 64)) for digit in "12")
    store.promote(old.name)
    store.promote(new.name)
    assert not store.is_pinned("1" * 64)

    store.rollback()

    assert [store.is_pinned(digit * 64) for digit in "123"] == [True, True, False]
    store.promote(old.name)
    assert store.is_pinned("2" * 64)
    third = store.publish(source, manifest("3" * 64))
    store.promote(third.name)
    assert not store.is_pinned("2" * 64)
    store.promote(third.name, pin=True)
    assert store.is_pinned("3" * 64)
    assert store.rollback().name == old.name


def test_a_pointer_of_an_earlier_release_is_read_and_written_as_before(store, source):
    names = [store.publish(source, manifest()).name for _ in range(3)]
    path = store.root / "current.json"
    path.write_text(json.dumps({"version": names[1], "earlier": [names[0]]}, indent=2) + "\n")

    assert store.current().name == names[1]
    assert not store.is_pinned(manifest().data_fingerprint)
    store.promote(names[2])

    after = {"version": names[2], "earlier": names[:2]}
    assert path.read_text() == json.dumps(after, indent=2) + "\n"


def test_roll_back_passes_over_a_version_that_was_deleted(store, source):
    import shutil

    versions = [store.publish(source, manifest()) for _ in range(3)]
    for version in versions:
        store.promote(version.name)
    shutil.rmtree(versions[1].path)

    assert store.rollback().name == versions[0].name


def test_unknown_versions_and_paths_out_of_the_store_are_refused(store, source):
    store.publish(source, manifest())

    for name in ("v0002-01234567", "../versions/v0001-01234567", ""):
        with pytest.raises(ModelStoreError, match="Expected one of the versions v0001-01234567"):
            store.promote(name)
    assert store.current() is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 3, "earlier": []}', '{"version": "v1"}', "\x00" * 9]
)
def test_a_damaged_pointer_is_an_error_and_can_be_replaced(store, source, content):
    name = store.publish(source, manifest()).name
    (store.root / "current.json").write_text(content)

    with pytest.raises(ModelStoreError, match="Expected the name of the live model version"):
        store.current()

    store.promote(name)
    assert store.current().name == name
    assert (store.root / "current.json.damaged").read_text() == content


def test_a_pointer_to_a_version_that_is_gone_is_an_error(store, source):
    (store.root / "versions").mkdir(parents=True)
    (store.root / "current.json").write_text(json.dumps({"version": "v0009-01234567", "earlier": []}))

    with pytest.raises(ModelStoreError, match="v0009-01234567"):
        store.current()


def test_a_damaged_manifest_is_an_error(store, source):
    path = store.publish(source, manifest()).path / "manifest.json"
    path.chmod(0o644)
    path.write_text('{"labels": []}')

    with pytest.raises(ModelStoreError, match="Expected the manifest of a model"):
        store.versions()


def test_a_source_that_is_no_folder_is_refused(store, tmp_path):
    with pytest.raises(ModelStoreError, match="Expected a folder with a model"):
        store.publish(tmp_path / "nowhere", manifest())


def _die_at(call, number, root, source):
    """Publishes and promotes, and kills itself with SIGKILL at the given call of a function of the disk."""
    module, name = (os, call) if hasattr(os, call) else (Path, call)
    true, calls = getattr(module, name), iter(range(1, 1_000))

    def deadly(*args, **kwargs):
        if next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return true(*args, **kwargs)

    setattr(module, name, deadly)
    store = ModelStore(root)
    store.promote(store.publish(source, manifest("f" * 64)).name)


@pytest.mark.parametrize(
    ("call", "number"),
    [*(("fsync", n) for n in range(1, 9)), ("mkdir", 4), ("write_text", 1), ("rename", 1), ("replace", 1)],
)
def test_a_kill_in_the_middle_leaves_the_store_whole(store, source, call, number):
    first = store.publish(source, manifest())
    store.promote(first.name)
    child = FORK.Process(target=_die_at, args=(call, number, store.root, source))
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL

    names = [version.name for version in store.versions()]
    assert names in ([first.name], [first.name, "v0002-ffffffff"])
    for version in store.versions():
        assert (version.path / "model.safetensors").stat().st_size == 100_000
        assert (version.path / "tokenizer" / "vocab.txt").read_text() == "a\nb\n"
    assert store.current().name in names

    after = store.publish(source, manifest("e" * 64))
    assert after.number == len(names) + 1
    assert list((store.root / "scratch").iterdir()) == []
    store.promote(after.name)
    assert store.current() == after


def _publish_many(root, source, fingerprint):
    store = ModelStore(root)
    for _ in range(5):
        store.promote(store.publish(source, manifest(fingerprint)).name)


def test_publishers_in_several_processes_get_versions_of_their_own(store, source):
    children = [FORK.Process(target=_publish_many, args=(store.root, source, digit * 64)) for digit in "ab"]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0

    assert [version.number for version in store.versions()] == list(range(1, 11))
    assert sorted(version.name[-1] for version in store.versions()) == ["a"] * 5 + ["b"] * 5
    pointer = json.loads((store.root / "current.json").read_text())
    assert len(pointer["earlier"]) == 9


def test_readers_always_see_a_whole_pointer(store, source):
    names = [store.publish(source, manifest()).name for _ in range(2)]
    store.promote(names[0])
    stop, seen = threading.Event(), set()

    def read():
        while not stop.is_set():
            seen.add(store.current().name)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(60):
        store.promote(names[turn % 2])
    stop.set()
    for reader in readers:
        reader.join()

    assert seen == set(names)


def test_the_fingerprint_knows_data_not_order():
    one = Document("1", "Rome and 😀", (Span(0, 4, "LOC"), Span(9, 10, "MISC")))
    two = Document("2", "nothing", ())
    turned = one.with_spans(reversed(one.spans))

    assert data_fingerprint([one, two]) == data_fingerprint([two, turned])
    assert len(data_fingerprint([])) == 64
    different = [
        [one],
        [one, two.with_spans(None)],
        [one, Document("3", "nothing", ())],
        [one.with_spans([Span(0, 4, "PER")]), two],
    ]
    assert len({data_fingerprint(each) for each in [[one, two], *different]}) == 5


def test_library_versions_name_python_and_numpy():
    assert {"python", "numpy"} <= set(library_versions())


def test_a_fingerprint_that_is_none_is_refused():
    with pytest.raises(ValueError, match="at least 8 hex digits, was: 'xyz'"):
        manifest("xyz")


def test_the_fingerprint_knows_which_labels_the_annotators_could_choose_from():
    plain = Document("a", "Anna", ())
    of_per = Document("a", "Anna", (), {CONSIDERED: ["PER"]})
    assert data_fingerprint([plain]) != data_fingerprint([of_per])
    assert data_fingerprint([of_per]) == data_fingerprint([Document("a", "Anna", (), {CONSIDERED: ("PER",)})])
    assert data_fingerprint([plain]) == data_fingerprint([Document("a", "Anna", (), {"source": "x"})])

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import threading
from pathlib import Path

import pytest

from wapaganda.model_store import Manifest, ModelStore, ModelStoreError, data_fingerprint, library_versions
from wapaganda.ner import CONSIDERED, Document, Span
from wapaganda.storage import in_use

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


def test_a_version_takes_the_number_that_it_is_given_if_it_is_free(store, source):
    names = [store.publish(source, manifest(), number).name for number in (0, None, 0)]
    assert names == ["v0000-01234567", "v0001-01234567", "v0002-01234567"]
    store.promote(names[0])
    store.promote(names[1], instead_of=names[0])
    with pytest.raises(ModelStoreError, match=f"only {names[1]}"):
        store.rollback()


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


def _write(path, content):
    path.chmod(0o644)
    path.write_bytes(content)


def _cut(name):
    return lambda folder: _write(
        folder / name, (folder / name).read_bytes()[: (folder / name).stat().st_size // 2]
    )


def _delete(name):
    return lambda folder: (folder / name).unlink()


DAMAGES = {
    "cut weights": (_cut("model.safetensors"), "model.safetensors"),
    "missing weights": (_delete("model.safetensors"), "model.safetensors"),
    "cut tokenizer": (_cut("tokenizer.json"), "tokenizer.json"),
    "empty labels": (lambda folder: _write(folder / "labels.json", b""), "labels.json"),
    "missing labels": (_delete("labels.json"), "labels.json"),
    "cut list of texts": (_cut("trained_on.json"), "trained_on.json"),
    "zeroed list of texts": (lambda folder: _write(folder / "trained_on.json", bytes(12)), "trained_on.json"),
    "cut manifest": (_cut("manifest.json"), "manifest.json"),
    "other manifest": (lambda folder: _write(folder / "manifest.json", b'{"labels": []}'), "manifest.json"),
    "empty folder": (lambda folder: [each.unlink() for each in folder.iterdir()], "manifest.json"),
    "no folder": (shutil.rmtree, "which is missing"),
}


@pytest.fixture
def model(tmp_path):
    """A model folder with small files in the formats of a real one."""
    folder = tmp_path / "model"
    folder.mkdir()
    header = json.dumps({"w": {"dtype": "U8", "shape": [64], "data_offsets": [0, 64]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(64))
    for name in ("config.json", "labels.json", "tokenizer.json"):
        (folder / name).write_text('{"format": 1}')
    (folder / "trained_on.json").write_text('["a", "bcd"]')
    return folder


@pytest.mark.parametrize("known_sizes", [True, False], ids=["now", "before 0.3"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_live_version_is_passed_over_until_it_is_restored(
    store, model, tmp_path, damage, known_sizes
):
    before, live, candidate = (store.publish(model, manifest(digit * 64)) for digit in "123")
    if not known_sizes:
        for each in (before, live, candidate):
            facts = json.loads((each.path / "manifest.json").read_text())
            del facts["files"]
            _write(each.path / "manifest.json", json.dumps(facts).encode())
    store.promote(before.name)
    store.promote(live.name, pin=True)
    assert store.damage() == ()
    pointer, backup = (
        (store.root / "current.json").read_bytes(),
        shutil.copytree(live.path, tmp_path / "backup"),
    )
    apply, told = DAMAGES[damage]

    apply(live.path)

    assert store.current().name == before.name
    assert [each.name for each in store.versions()] == [before.name, candidate.name]
    assert not store.is_pinned("1" * 64)
    first, last = store.damage()
    assert live.name in first
    assert told in first
    assert f"{before.name} is live instead of {live.name}" in last
    with pytest.raises(ModelStoreError, match=live.name):
        store.promote(live.name)
    store.settle()
    assert (store.root / "current.json").read_bytes() == pointer
    assert store.publish(model, manifest()).number == 4

    shutil.rmtree(live.path, ignore_errors=True)
    shutil.copytree(backup, live.path)
    assert store.current().name == live.name
    assert store.damage() == ()


@pytest.mark.parametrize("damage", [key for key in DAMAGES if key != "no folder"])
def test_a_damaged_version_that_is_not_live_holds_nothing_up(store, model, damage):
    live, other = (store.publish(model, manifest(digit * 64)) for digit in "12")
    store.promote(other.name)
    store.promote(live.name)
    DAMAGES[damage][0](other.path)

    assert store.current() == live
    assert store.versions() == [live]
    (sentence,) = store.damage()
    assert other.name in sentence
    with pytest.raises(ModelStoreError, match="Expected an earlier live version"):
        store.rollback()
    after = store.publish(model, manifest())
    assert after.number == 3
    store.promote(after.name)
    assert store.rollback() == live


def test_an_empty_folder_among_the_versions_counts_and_is_named(store, model):
    live = store.publish(model, manifest())
    store.promote(live.name)
    (store.root / "versions" / "v0050-00000000").mkdir()

    assert store.current() == live
    assert "v0050-00000000" in store.damage()[0]
    assert store.publish(model, manifest()).number == 51


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 3, "earlier": []}', '{"version": "v1"}', "\x00" * 9]
)
def test_with_a_damaged_pointer_the_newest_version_is_live_until_one_is_chosen(store, source, content):
    first, second = (store.publish(source, manifest(digit * 64)).name for digit in "12")
    path = store.root / "current.json"
    path.write_text(content)

    assert store.current().name == second
    assert "Expected the name of the live model version" in store.damage()[0]
    with pytest.raises(ModelStoreError, match="Expected the name of the live model version"):
        store.rollback()
    assert path.read_text() == content

    store.settle()
    third = store.publish(source, manifest("3" * 64)).name
    assert store.current().name == second
    path.write_text(content)
    store.promote(first)
    assert store.current().name == first
    assert third in [each.name for each in store.versions()]
    assert [path.with_name(f"current.json.damaged{end}").read_text() for end in ("", "-2")] == [content] * 2


def test_without_a_whole_version_nothing_is_live(store, source):
    (store.root / "versions").mkdir(parents=True)
    (store.root / "current.json").write_text(json.dumps({"version": "v0009-01234567", "earlier": []}))

    assert store.current() is None
    store.settle()
    assert "v0009-01234567, which is missing" in store.damage()[0]
    assert "no live model until the next training" in store.damage()[1]


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


def test_weights_that_changed_at_the_same_size_are_found_when_they_are_read(store, model):
    first, second = (store.publish(model, manifest(digit * 64)) for digit in "12")
    for each in (first, second):
        store.promote(each.name)
    weights = second.path / "model.safetensors"
    assert second.manifest.sums["model.safetensors"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert store.read_live() == second

    weights.chmod(0o644)
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")

    assert store.current() == second  # nobody has read it yet
    assert store.read_live() == first
    assert store.current() == first
    with pytest.raises(ModelStoreError, match=r"model\.safetensors has changed since it was published"):
        store.read(second.name)
    assert [second.name in sentence for sentence in store.damage()] == [True, True]
    assert f"{first.name} is live instead of {second.name}" in store.damage()[1]


def test_a_version_without_sums_is_as_valid_as_before(store, model):
    version = store.publish(model, manifest())
    store.promote(version.name)
    path = version.path / "manifest.json"
    facts = json.loads(path.read_text())
    del facts["sums"]
    path.chmod(0o644)
    path.write_text(json.dumps(facts))

    assert store.read_live() == version
    assert store.read(version.name).manifest.sums is None


def test_old_versions_are_pruned_and_needed_ones_stay(store, model):
    made = [store.publish(model, manifest(f"{number:08x}")) for number in range(1, 12)]
    names = [each.name for each in made]
    for name in (names[0], names[1], names[2]):
        store.promote(name)
    store.keep(names[3])
    (made[5].path / "labels.json").unlink()
    (made[9].path / "labels.json").unlink()
    pointer = (store.root / "current.json").read_bytes()
    assert store.prune(0) == ()
    assert store.prune(20) == ()

    with in_use(made[6].path):
        gone = store.prune(2, {names[4]})

    assert gone == (names[0], names[5], names[7])
    folders = sorted(each.name for each in (store.root / "versions").iterdir())
    assert folders == [each for each in names if each not in gone]
    assert list((store.root / "scratch").iterdir()) == []
    assert (store.root / "current.json").read_bytes() == pointer
    assert store.current().name == names[2]
    assert store.prune(2, {names[4]}) == (names[6],)
    assert store.rollback().name == names[1]
    assert store.publish(model, manifest()).number == 12


def test_what_answers_in_place_of_a_damaged_version_is_not_pruned(store, model):
    made = [store.publish(model, manifest(f"{number:08x}")) for number in range(1, 8)]
    store.promote(made[0].name)
    store.promote(made[1].name)
    (made[1].path / "labels.json").unlink()
    assert store.prune(3) == (made[2].name, made[3].name)
    assert store.current() == made[0]

"""Remember, answer, explain, show, export and forget, through the library and the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lpm.cli.app import run
from lpm.errors import HistoryError, IncompatibleMemoryError, InputError, UnknownUserError
from lpm.model import LatentPersonalMemory
from lpm.store import open_store
from lpm.testing import save_tiny_backbone, tiny_backbone, tiny_model
from lpm.types import History, Session, Turn

CHAT = [
    {"role": "user", "content": "My sister Lena lives in Leipzig. I like green tea."},
    {"role": "assistant", "content": "Noted."},
    {"role": "user", "content": "I work as a boat builder in Gdansk these days."},
]


@pytest.fixture(scope="module")
def model():
    return tiny_model(tiny_backbone())


@pytest.fixture
def memories(model, tmp_path: Path):
    with LatentPersonalMemory(open_store(tmp_path / "home"), model) as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_backbone(tmp_path_factory.mktemp("backbone"))


def lpm(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        run([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_a_user_is_remembered_answered_explained_and_forgotten(memories):
    report = memories.remember("ann", CHAT, refine_steps=0)
    assert (report.version, report.sessions_added, report.num_slots) == (1, 1, 3)
    answer = memories.answer("ann", "Where does Lena live?", max_new_tokens=4)
    assert answer.soft_tokens == 5
    assert answer.kv_bytes > 0
    explanation = memories.explain("ann", "Where does Lena live?")
    assert sum(use.weight for use in explanation.slots) == pytest.approx(1, abs=1e-5)
    assert {use.sources[0].turn for use in explanation.slots} == {0, 2}
    assert [slot.slot for slot in memories.show("ann").slots] == [0, 1, 2]
    memories.forget("ann")
    assert memories.users() == ()
    with pytest.raises(UnknownUserError):
        memories.answer("ann", "Where does Lena live?")


def test_a_session_that_comes_twice_changes_nothing(memories):
    first = memories.remember("ann", CHAT, refine_steps=0)
    again = memories.remember("ann", CHAT, refine_steps=0)
    assert (again.version, again.sessions_added, again.sessions_skipped) == (first.version, 0, 1)


def test_a_new_session_makes_a_new_version_that_keeps_the_old_facts(memories):
    memories.remember("ann", CHAT, refine_steps=0)
    later = History((Session("s2", (Turn("user", "I adopted a greyhound called Pixel."),)),))
    report = memories.remember("ann", later, refine_steps=0)
    assert (report.version, report.num_slots) == (2, 4)
    taught = {s.session_id for slot in memories.show("ann").slots for s in slot.sources}
    assert taught == {"session_1", "s2"}


def test_two_sessions_of_one_name_are_told_apart(memories):
    memories.remember("ann", CHAT, refine_steps=0)
    memories.remember("ann", [{"role": "user", "content": "I moved to Oslo last week."}])
    assert len(memories.store.get_history("ann").sessions) == 2


def test_no_memory_is_the_plain_backbone(memories):
    plain = memories.answer("nobody", "Hello there", mode="no-memory", max_new_tokens=4)
    assert plain.soft_tokens == 0
    memories.remember("ann", CHAT, refine_steps=0)
    with_user = memories.answer("ann", "Hello there", mode="no-memory", max_new_tokens=4)
    assert with_user.text == plain.text


def test_a_batch_of_users_gets_what_each_gets_alone(memories):
    memories.remember("ann", CHAT, refine_steps=0)
    memories.remember("bob", [{"role": "user", "content": "I play the cello in Porto."}])
    asked = [("ann", "Where do I work?"), ("bob", "What do I play in the evening?")]
    alone = [memories.answer(user, text, max_new_tokens=6).text for user, text in asked]
    assert memories.answer_batch(asked, max_new_tokens=6) == alone


def test_streaming_says_the_same(memories):
    memories.remember("ann", CHAT, refine_steps=0)
    chat = [{"role": "user", "content": "Where do I work?"}]
    streamed = "".join(memories.stream("ann", chat, max_new_tokens=6)).strip()
    assert streamed == memories.chat("ann", chat, max_new_tokens=6).text


def test_refining_teaches_and_the_backbone_stays_untouched(memories):
    before = memories.backbone.fingerprint
    report = memories.remember("ann", CHAT, refine_steps=3)
    assert len(report.losses) == 3
    assert not any(p.requires_grad for p in memories.backbone.model.parameters())
    del memories.backbone.__dict__["fingerprint"]
    assert memories.backbone.fingerprint == before


def test_a_memory_of_another_projector_is_refused(memories, model, tmp_path: Path):
    memories.remember("ann", CHAT, refine_steps=0)
    memories.export("ann", tmp_path / "ann.safetensors")
    other = tiny_model(model.backbone, seed=1)
    with (
        LatentPersonalMemory(open_store(tmp_path / "other"), other) as elsewhere,
        pytest.raises(IncompatibleMemoryError, match="projector"),
    ):
        elsewhere.import_(tmp_path / "ann.safetensors")


def test_nonsense_is_refused_and_changes_nothing(memories):
    with pytest.raises(HistoryError):
        memories.remember("ann", [{"role": "assistant", "content": "Hello."}])
    with pytest.raises(InputError):
        memories.remember("a\nb", CHAT)
    with pytest.raises(InputError):
        memories.answer("ann", "   ")
    with pytest.raises(InputError):
        memories.chat("ann", [{"role": "assistant", "content": "Hello."}])
    assert memories.users() == ()


def test_the_commands_do_the_same(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    history = tmp_path / "ann.jsonl"
    history.write_text("\n".join(json.dumps({"session": "s1", **turn}) for turn in CHAT))
    shared = ("--home", tmp_path / "home", "--backbone", folder, "--device", "cpu", "--json")
    home = ("--home", tmp_path / "home")

    def document(*arguments: object) -> object:
        assert lpm(*arguments) == 0
        return json.loads(capsys.readouterr().out)

    report = document("remember", "ann", history, "--refine-steps", 1, *shared)
    assert report["num_slots"] == 3
    answer = document("ask", "ann", "Where do I work?", "--max-new-tokens", 4, *shared)
    expected = {"answer", "mode", "soft_tokens", "prompt_tokens", "kv_bytes"}
    assert set(answer) == expected | {"full_context_kv_bytes", "seconds"}
    plain = document("ask", "ann", "Where do I work?", "--full-context", *shared)
    assert plain["soft_tokens"] == 0
    assert plain["prompt_tokens"] > answer["prompt_tokens"]
    assert len(document("explain", "ann", "Where do I work?", *shared)["slots"]) == 3
    assert lpm("explain", "ann", "Where do I work?", *(o for o in shared if o != "--json")) == 0
    table = capsys.readouterr().out
    assert table.split()[:4] == ["slot", "weight", "heads", "effect"] and "turn" in table
    assert document("show", "ann", *shared)["summary"]["user"] == "ann"
    assert [user["user"] for user in document("users", *home, "--json")] == ["ann"]
    document("export", "ann", tmp_path / "x.safetensors", *home, "--json")
    assert lpm("forget", "ann", *home) == 2
    assert "--yes" in capsys.readouterr().err
    document("forget", "ann", "--yes", *home, "--json")
    assert document("import", tmp_path / "x.safetensors", *shared)["num_slots"] == 3


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("aks",), 2, "Did you mean 'ask'"),
        (("ask", "ann", "Hi", "--no-memory", "--full-context"), 2, "not both"),
        (("remember", "ann", "absent.jsonl"), 2, "absent.jsonl"),
        (("forget", "ann", "--yes"), 2, "Nothing is stored for user 'ann'"),
        (("users", "--colour"), 2, "--colour"),
    ],
)
def test_mistakes_get_one_sentence(arguments, status, said, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LPM_HOME", str(tmp_path / "home"))
    assert lpm(*arguments) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.startswith("lpm: ")
    assert captured.err.count("\n") == 1


def test_help_loads_no_torch(tmp_path: Path):
    code = (
        "import sys; sys.argv = ['lpm', 'ask', '--help']\n"
        "from lpm.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "assert 'torch' not in sys.modules"
    )
    environment = {**os.environ, "LPM_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True)


@pytest.mark.parametrize("text", ["caf\udce9", "half \ud83d", "a null \0 character"])
def test_what_is_no_text_is_refused_everywhere(memories, text):
    memories.remember("ann", CHAT, refine_steps=0)
    history = History((Session("s", (Turn("user", text),)),))
    for refused in (
        lambda: memories.answer("ann", text),
        lambda: memories.explain("ann", text),
        lambda: list(memories.stream("ann", [{"role": "user", "content": text}])),
        lambda: memories.remember("ann", history),
        lambda: memories.remember("ann", [{"role": "user", "content": text}]),
    ):
        with pytest.raises(InputError, match=r"surrogate|null"):
            refused()
    assert memories.store.versions("ann") == (1,)


@pytest.mark.parametrize(
    "options",
    [("--keep-days", 3_000_000), ("--seed", 2**64), ("--keep-days", 1, "--keep-history", "none")],
)
def test_numbers_beyond_all_bounds_are_refused(folder, tmp_path, options):
    (tmp_path / "h.jsonl").write_text(json.dumps({"session": "s", **CHAT[0]}))
    home = ("--home", tmp_path / "home", "--backbone", folder)
    assert lpm("remember", "ann", tmp_path / "h.jsonl", *home, *options) == 2


def test_a_fit_takes_any_seed_that_the_command_line_takes(memories):
    memories.seed = 2**63 - 1
    assert memories.remember("ann", CHAT, refine_steps=1).steps == 1

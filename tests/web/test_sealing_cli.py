"""The offline commands: a bid is sealed, custodians hand over shares, the bid opens; mistakes are said in words."""

from __future__ import annotations

import ast
import io
import json
import stat
import string
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from tender import keyfiles, p256
from tender.envelope import Terms, read_head, read_terms
from tests.tender.sealed_bids import (
    ORGANISATION,
    OTHER_TENDER,
    TENDER,
    chunks_hash,
    make_bid,
    make_terms,
    sign_container,
)
from web.keys_cli import keys
from web.messages.sealing import MESSAGES
from web.sealing_cli import seal, unseal

PASSPHRASE = "correct horse battery"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def light_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key files of these tests derive lightly, or each would take half a second."""
    for name in ("lock_key", "lock_recovery"):
        monkeypatch.setitem(getattr(keyfiles, name).__kwdefaults__, "work", 1 << 14)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a passphrase file, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pass").write_text(PASSPHRASE + "\nsecond line\n", encoding="utf-8")
    return tmp_path


#: The offline commands together, as `gongbao` has them one by one.
COMMANDS = click.Group("sealing", commands=[seal, unseal, keys])


def run(*arguments: str, typed: str = "") -> Result:
    """What a command says; anything but words and an exit code is a fault of its own."""
    result = CliRunner().invoke(COMMANDS, list(arguments), input=typed)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def done(*arguments: str, typed: str = "") -> Any:
    """The facts that a command tells machines."""
    result = run(*arguments, "--json", typed=typed)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(*arguments: str, typed: str = "") -> str:
    """The code that a command refuses with; its words are said in Chinese and English."""
    result = run(*arguments, "--json", typed=typed)
    assert result.exit_code == 1, result.output
    told = json.loads(result.stdout)
    words = [text.format(**told["facts"]) for text in MESSAGES[told["code"]]]
    assert result.stderr.splitlines()[-2:] == words
    return str(told["code"])


def make_keys(count: int = 3) -> tuple[str, ...]:
    """Key files of a bidder and of custodians; the custodians' public keys."""
    done("keys", "new", "--for", "bidder", "--out", "bidder.key", "--passphrase-file", "pass")
    made = [
        done("keys", "new", "--for", "custodian", "--out", f"custodian{n}.key", "--passphrase-file", "pass")
        for n in range(count)
    ]
    return tuple(facts["public_key"] for facts in made)


def make_tender(here: Path, **changes: Any) -> Terms:
    """Keys of a bidder and three custodians, the terms file, a form and a file to attach."""
    custodians = tuple(bytes.fromhex(key) for key in make_keys())
    terms = replace(make_terms(), custodians=custodians, **changes)
    (here / "terms.json").write_bytes(terms.to_bytes())
    (here / "form.json").write_text('{\n "报价": "2311110.40", "lead_willing": true\n}', encoding="utf-8")
    (here / "方案.pdf").write_bytes(b"%PDF-1.7 " + bytes(5000))
    return terms


SEAL = [
    *("seal", "--terms", "terms.json", "--key", "bidder.key", "--organisation", ORGANISATION),
    *("--out", "bid.gbe", "--recovery", "bid.recovery"),
    *("--passphrase-file", "pass", "--recovery-passphrase-file", "pass"),
]


def test_from_keys_to_the_opened_bid(here: Path) -> None:
    """A bidder seals; two of three custodians open their shares; with the bidder's lock the bid is read again."""
    make_tender(here)
    sealed = done(*SEAL, "--fields", "form.json", "--file", "方案.pdf")
    with (here / "bid.gbe").open("rb") as container:
        head = read_head(container)
    assert sealed["header_sha256"] == head.sha256.hex()
    (here / "bid.head").write_bytes(head.to_bytes())
    for number in (0, 2):
        facts = done(
            *("keys", "share", "bid.head", "--key", f"custodian{number}.key", "--out", f"{number}.share"),
            *("--passphrase-file", "pass"),
        )
        assert facts["shares"] == 1
    opened = done(
        *("unseal", "bid.gbe", "--share", "0.share", "--share", "2.share", "--out", "opened"),
        *("--recovery", "bid.recovery", "--recovery-passphrase-file", "pass"),
    )
    assert opened["fields"] == {"报价": "2311110.40", "lead_willing": True}
    assert (here / "opened" / "01-方案.pdf").read_bytes() == (here / "方案.pdf").read_bytes()
    assert json.loads((here / "opened" / "fields.json").read_text(encoding="utf-8")) == opened["fields"]
    for name in ("bid.gbe", "bid.recovery", "bidder.key", "0.share", "opened/01-方案.pdf"):
        assert stat.S_IMODE((here / name).stat().st_mode) == 0o600


def test_bidder_opens_its_own_bid(here: Path) -> None:
    """With the recovery file alone, its passphrase typed, the bidder opens both parts of its own bid."""
    make_tender(here, parts=("technical", "price"))
    forms = ["--fields", "technical:form.json", "--fields", "price:form.json", "--file", "technical:方案.pdf"]
    done(*SEAL, *forms)
    for part, files in (("technical", ["01-方案.pdf"]), ("price", [])):
        opened = done(
            *("unseal", "bid.gbe", "--part", part, "--recovery", "bid.recovery", "--out", part), typed=PASSPHRASE + "\n"
        )
        assert opened["files"] == files


def test_sealed_is_not_submitted(here: Path) -> None:
    """The command says plainly that a sealed bid is not yet a bid."""
    make_tender(here)
    result = run(*SEAL, "--fields", "form.json")
    assert "尚未递交" in result.stdout
    assert "NOT SUBMITTED YET" in result.stdout


def test_key_on_paper_and_back(here: Path) -> None:
    """A custodian's key is printed on three sheets; two of them, typed again, restore the same key."""
    [public, *_] = make_keys()
    written = run("keys", "words", "--key", "custodian0.key", "--split", "2-of-3", "--passphrase-file", "pass")
    sheets = [line for line in written.stdout.splitlines() if line]
    assert [sheet[:4] for sheet in sheets] == ["1/3:", "2/3:", "3/3:"]
    typed = f"{sheets[2]}\n\n{sheets[0].upper()}\n"
    facts = done(*("keys", "restore", "--sheets", "-", "--out", "again.key", "--passphrase-file", "pass"), typed=typed)
    assert facts["public_key"] == public
    assert done("keys", "show", "again.key")["fingerprint"] == p256.fingerprint(bytes.fromhex(public)).hex()


def test_possession_is_proven(here: Path) -> None:
    """The command's answer to the platform's challenge is accepted; other text is no challenge."""
    [public, *_] = make_keys()
    asked = keyfiles.ask_possession(bytes.fromhex(public), TENDER)
    prove = ["keys", "prove", "--key", "custodian0.key", "--tender", TENDER, "--passphrase-file", "pass"]
    keyfiles.check_possession(bytes.fromhex(done(*prove, asked.sealed.hex())["answer"]), asked.answer_sha256)
    for challenge in ("电梯", "00", asked.sealed.hex()[:-2]):
        assert refused(*prove, challenge) == "challenge_unreadable"


def test_typed_passphrases_are_asked_twice(here: Path) -> None:
    """A new passphrase is typed twice and must agree; a short one is refused."""
    new = ["keys", "new", "--for", "custodian", "--out", "a.key"]
    assert run(*new, typed=f"{PASSPHRASE}\n{PASSPHRASE}\n").exit_code == 0
    assert run(*new[:-1], "b.key", typed=f"{PASSPHRASE}\nother horse\n").exit_code != 0
    assert refused(*new[:-1], "c.key", typed="short\nshort\n") == "passphrase_too_short"
    assert not (here / "b.key").exists()
    assert not (here / "c.key").exists()


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ('{"price": 2311110.40}', "json_number"),
        ('{"price": 1}', "json_number"),
        ('{"price": NaN}', "json_number"),
        ('{"price": "1", "price": "2"}', "form_field_repeated"),
        ('["price"]', "fields_wrong"),
        ('{"price": "1"', "form_unreadable"),
        ("[" * 100_000, "form_unreadable"),
        ('{"price": "\\ud800"}', "json_not_text"),
    ],
)
def test_wrong_forms(here: Path, form: str, code: str) -> None:
    """A number, a field given twice, a broken file are refused by name, and nothing is left behind."""
    make_tender(here)
    (here / "form.json").write_text(form, encoding="utf-8")
    before = sorted(path.name for path in here.iterdir())
    assert refused(*SEAL, "--fields", "form.json") == code
    assert sorted(path.name for path in here.iterdir()) == before


def test_mistakes_in_sealing(here: Path) -> None:
    """Another tender's parts, a missing or second form, a wrong key or passphrase, a name taken: refused by code."""
    make_tender(here)
    form = ["--fields", "form.json"]
    assert refused(*SEAL, "--fields", "price:form.json") == "parts_wrong"
    assert refused(*SEAL, *form, *form) == "form_given_twice"
    assert refused(*[word.replace("bidder.key", "custodian0.key") for word in SEAL], *form) == "key_file_kind_wrong"
    assert refused(*[word.replace(ORGANISATION, "示例财险") for word in SEAL], *form) == "sealing_field_wrong"
    (here / "wrong").write_text("wrong passphrase", encoding="utf-8")
    at = SEAL.index("--passphrase-file") + 1
    assert refused(*SEAL[:at], "wrong", *SEAL[at + 1 :], *form) == "passphrase_wrong"
    assert run(*SEAL, "--fields", "no.json").exit_code == 1
    done(*SEAL, *form)
    assert refused(*SEAL, *form) == "output_exists"
    assert not list(here.glob("*.unfinished"))
    (here / "terms.json").write_bytes(replace(make_terms(), parts=("technical", "price")).to_bytes())
    again = [word.replace("bid.gbe", "two.gbe").replace("bid.recovery", "two.recovery") for word in SEAL]
    assert refused(*again, "--fields", "technical:form.json") == "form_missing"


def test_mistakes_in_opening(here: Path) -> None:
    """Too few shares, shares of another part or bid, another bid's recovery file: refused, and no folder is left."""
    make_tender(here)
    done(*SEAL, "--fields", "form.json", "--file", "方案.pdf")
    second = [word.replace("bid.", "other.") for word in SEAL]
    done(*second, "--fields", "form.json")
    share = ["keys", "share", "--key", "custodian0.key", "--passphrase-file", "pass"]
    done(*share, "bid.gbe", "--out", "0.share")
    done(*share, "other.gbe", "--out", "other.share")
    unseal = ["unseal", "bid.gbe", "--out", "opened"]
    assert refused(*unseal, "--share", "0.share") == "shares_too_few"
    assert refused(*unseal, "--share", "0.share", "--share", "0.share") == "share_repeated"
    assert refused(*unseal, "--share", "other.share") == "shares_too_few"
    assert refused(*unseal, "--part", "price", "--share", "0.share") == "share_file_other_part"
    assert refused(*unseal, "--share", "form.json") == "json_not_canonical"
    recovery = ["--recovery-passphrase-file", "pass", "--recovery"]
    assert refused(*unseal, *recovery, "other.recovery") == "recovery_of_another"
    damaged = (here / "bid.gbe").read_bytes()
    (here / "damaged.gbe").write_bytes(damaged[:-1] + bytes([damaged[-1] ^ 1]))
    assert refused("unseal", "damaged.gbe", "--out", "opened", *recovery, "bid.recovery") == "ciphertext_changed"
    assert refused("unseal", "form.json", "--out", "opened") == "envelope_unrecognised"
    assert refused(*share, "form.json", "--out", "x.share") == "envelope_unrecognised"
    assert refused(*share, "bid.gbe", "--rehearsal", "--out", "x.share") == "not_a_rehearsal"
    assert refused("keys", "words", "--key", "custodian0.key", "--split", "2/3", "--passphrase-file", "pass") == (
        "split_wrong"
    )
    assert not list(here.glob("opened*"))
    (here / "opened").mkdir()
    assert refused(*unseal, *recovery, "bid.recovery") == "output_exists"
    elsewhere = make_bid(replace(make_terms(), custodians=read_terms((here / "terms.json").read_bytes()).custodians))
    moved = sign_container(replace(elsewhere.head.header, tender=OTHER_TENDER), elsewhere.bodies)
    (here / "moved.gbe").write_bytes(moved)
    assert refused(*share, "moved.gbe", "--out", "x.share") == "share_unreadable"
    (here / "elsewhere.gbe").write_bytes(make_bid(replace(elsewhere.terms, tender=OTHER_TENDER)).container)
    assert refused(*share, "bid.gbe", "elsewhere.gbe", "--out", "x.share") == "envelope_not_of_this"
    assert not (here / "x.share").exists()
    done(*share, "elsewhere.gbe", "--out", "x.share")
    assert refused(*share, "bid.gbe", "--out", "x.share") == "output_exists"


def test_nothing_is_left_of_a_bid_that_does_not_open(here: Path) -> None:
    """If the last chunk is badly sealed, the files written before it are gone again."""
    make_tender(here)
    (here / "方案.pdf").write_bytes(bytes(3 << 20))
    done(*SEAL, "--fields", "form.json", "--file", "方案.pdf")
    container = (here / "bid.gbe").read_bytes()
    with (here / "bid.gbe").open("rb") as stream:
        head = read_head(stream)
    [part] = head.header.parts
    body = container[head.length : -1] + bytes([container[-1] ^ 1])
    header = replace(head.header, parts=(replace(part, chunks_sha256=chunks_hash(body)),))
    key = keyfiles.unlock_key("bidder-key", (here / "bidder.key").read_bytes(), PASSPHRASE)
    badly = sign_container(header, [body], key)
    (here / "badly.gbe").write_bytes(badly)
    keys = keyfiles.unlock_recovery((here / "bid.recovery").read_bytes(), PASSPHRASE).keys
    again = keyfiles.lock_recovery(read_head(io.BytesIO(badly)), keys, PASSPHRASE)
    (here / "badly.recovery").write_bytes(again)
    recovery = ["--recovery", "badly.recovery", "--recovery-passphrase-file", "pass"]
    assert refused("unseal", "badly.gbe", "--out", "opened", *recovery) == "content_unreadable"
    assert not list(here.glob("opened*"))


def test_every_refusal_of_sealing_has_words() -> None:
    """Every code that these modules can refuse with has Chinese and English words that use its facts only."""
    modules = ["canonical", "content", "envelope", "keyfiles", "p256", "sealing", "sharefiles", "shamir", "slip39"]
    paths = [ROOT / "tender" / f"{name}.py" for name in [*modules, "unsealing"]]
    paths += [ROOT / "web" / f"{name}_cli.py" for name in ("sealing", "keys", "offline")]
    facts: dict[str, set[str]] = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Invalid":
                [code] = node.args
                assert isinstance(code, ast.Constant), f"{path.name}:{node.lineno}"
                names = {str(keyword.arg) for keyword in node.keywords}
                assert facts.setdefault(str(code.value), names) == names, code.value
    assert set(facts) == set(MESSAGES)
    for code, words in MESSAGES.items():
        for text in words:
            used = {name for _, name, _, _ in string.Formatter().parse(text) if name}
            assert used <= facts[code], code

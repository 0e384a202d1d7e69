"""The browser's sealing makes the golden bytes, and what one side seals the other opens."""

from __future__ import annotations

import base64
import functools
import http.server
import io
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, sync_playwright

from tender import keyfiles, p256, slip39
from tender.content import Content, file_from_bytes
from tender.envelope import padded_size, read_head, read_terms
from tender.sealing import PartKeys, key_signer, seal
from tender.slip39_words import WORDS
from tender.unsealing import open_envelope, open_share, verify_sealed
from tests.tender.test_sealing_golden import filling, golden

pytestmark = pytest.mark.browser

SCRIPTS = Path(__file__).resolve().parents[2] / "web" / "static" / "js"
GOLDEN = golden()
Run = Callable[..., Any]

#: What the tests need in the page beside the modules themselves: base64 for blobs, the golden randomness and files.
HARNESS = """
import * as s from "/sealing.js";
import { hpkeSeal, keyOf } from "/sealing/p256.js";
import { sha256, u32, concat } from "/sealing/bytes.js";
import { WORDS } from "/sealing/wordlist.js";
const b64 = async (blob) => {
  const bytes = new Uint8Array(blob instanceof Blob ? await blob.arrayBuffer() : blob);
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
};
const unb64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const filling = (size) => Uint8Array.from({ length: size }, (_, i) => 7 * i + (i >> 8));
const drawn = async (seed, length) => {
  const blocks = [];
  for (let i = 0; i * 32 < length; i += 1) blocks.push(await sha256(concat(s.unhex(seed), u32(i))));
  const stream = concat(...blocks);
  let at = 0;
  return (n) => stream.slice(at, (at += n));
};
const file = (name, kind, bytes) => new File([bytes], name, { type: kind });
const refusal = async (work) => {
  try { await work(); return null; } catch (e) { return e instanceof s.Refusal ? e.code : String(e); }
};
window.t = { s, hpkeSeal, keyOf, WORDS, b64, unb64, filling, drawn, file, refusal, sha256 };
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The scripts, served on this machine, as crypto.subtle needs a secure place."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            own = {"/": b"<!doctype html><title>sealing</title>", "/harness.js": HARNESS.encode()}
            if self.path in own:
                self.send_response(200)
                self.send_header("Content-Type", "text/html" if self.path == "/" else "text/javascript")
                self.end_headers()
                self.wfile.write(own[self.path])
            elif self.path == "/favicon.ico":
                self.send_response(204)
                self.end_headers()
            else:
                super().do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = functools.partial(Handler, directory=str(SCRIPTS))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Page]:
    """A page in Chromium with the sealing modules and nothing else."""
    chromium = shutil.which("chromium")
    if not chromium:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed")
        pytest.skip("Chromium is not installed")
    flags = ["--disable-gpu", "--disable-background-networking"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        opened = browser.new_page()
        opened.goto(address)
        opened.add_script_tag(url="/harness.js", type="module")
        opened.wait_for_function("window.t")
        yield opened
        browser.close()


@pytest.fixture
def run(page: Page) -> Run:
    """Run a function's body in the page, given `a` (its argument) and `t` (the harness)."""

    def running(body: str, argument: object = None) -> Any:
        return page.evaluate(f"async (a) => {{ const t = window.t; const s = t.s; {body} }}", argument)

    return running


SEAL_CASE = """
  const file = (f) => t.file(f.name, f.kind, t.filling(Number(f.size)));
  const part = ({ fields, files }) => ({ fields, files: files.map(file) });
  const contents = Object.fromEntries(Object.entries(a.contents).map(([name, p]) => [name, part(p)]));
  const terms = await s.readTerms(new TextEncoder().encode(a.terms));
  const ephemeral = a.ephemeral_scalars.map((scalar) => t.keyOf(s.unhex(scalar)));
  const signer = { point: t.keyOf(s.unhex(a.bidder_scalar)).point, sign: async () => s.unhex(a.expected.signature) };
  const randomness = {
    draw: await t.drawn(a.seed, 4096),
    hpkeSeal: (point, info, plain) => t.hpkeSeal(point, info, plain, ephemeral.shift()),
  };
  const sealed = await s.seal({
    terms, organisation: a.organisation, version: Number(a.version), contents, signer, randomness,
  });
"""


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_browser_makes_golden_bytes(run: Run, case: dict[str, Any]) -> None:
    """With a case's randomness the page makes the very container, header, keys and shares of the golden file."""
    made = run(
        SEAL_CASE
        + """
  const keys = {}, shares = {};
  for (const [name, { k1, k2 }] of Object.entries(sealed.keys)) {
    keys[name] = { k1: s.hex(k1), k2: s.hex(k2) };
    shares[name] = [];
    for (const scalar of a.custodian_scalars) {
      shares[name].push(s.hex(await s.openShare(t.keyOf(s.unhex(scalar)), sealed.head, name)));
    }
  }
  const bytes = new Uint8Array(await sealed.container.arrayBuffer());
  return {
    container_sha256: s.hex(await t.sha256(bytes)),
    container_size: String(bytes.length),
    header: new TextDecoder().decode(sealed.head.raw),
    header_sha256: s.hex(sealed.head.sha256),
    keys, shares,
    signature: s.hex(sealed.head.signature),
  };""",
        case,
    )
    assert made == case["expected"]


def test_browser_opens_golden_files(run: Run) -> None:
    """The page makes and opens the golden key file, recovery file, paper sheets and possession proof."""
    stated = GOLDEN["files"]
    made = run(
        SEAL_CASE
        + """
  const f = a.files, bytes = (text) => new TextEncoder().encode(text), text = (raw) => new TextDecoder().decode(raw);
  const key = t.keyOf(s.unhex(f.scalar)), work = Number(f.work);
  const unlocked = await s.unlockKey("custodian-key", bytes(f.key_file), f.passphrase);
  const recovered = await s.unlockRecovery(bytes(f.recovery_file), f.passphrase);
  const sheets = await s.wordsOf(key.scalar, { threshold: 2, count: 3, draw: await t.drawn(f.seed, 512) });
  const answer = await s.answerPossession(key, f.tender, s.unhex(f.challenge));
  return {
    key_file: text(await s.lockKey("custodian-key", key, f.passphrase, { draw: await t.drawn(f.seed, 64), work })),
    recovery_file: text(
      await s.lockRecovery(sealed.head, sealed.keys, f.passphrase, { draw: await t.drawn(f.seed, 64), work })),
    scalar: s.hex(unlocked.scalar),
    point: s.hex(s.publicOf("custodian-key", bytes(f.key_file))) === s.hex(key.point),
    k2: s.hex(recovered.keys.bid.k2),
    sheets, paper: s.hex(await s.secretOf([sheets[2], sheets[0]])),
    answer: s.hex(answer),
  };""",
        {**GOLDEN["cases"][0], "files": stated},
    )
    same = ("key_file", "recovery_file", "scalar", "sheets", "answer")
    assert {name: made[name] for name in same} == {name: stated[name] for name in same}
    assert made["point"]
    assert made["k2"] == GOLDEN["cases"][0]["expected"]["keys"]["bid"]["k2"]
    assert made["paper"] == stated["scalar"]


def test_sealed_in_browser_opens_here(run: Run) -> None:
    """A bid sealed in the page with its own randomness is accepted and opened by the server's code."""
    custodians = [p256.new_key() for _ in range(5)]
    case = GOLDEN["cases"][1]
    terms = read_terms(case["terms"].encode())
    terms = replace(terms, amendment=3, custodians=tuple(p256.point(key) for key in custodians))
    made = run(
        """
  const key = await s.newKey();
  const sealed = await s.seal({
    terms: await s.readTerms(t.unb64(a.terms)), organisation: a.organisation, version: 7, signer: s.keySigner(key),
    contents: {
      technical: {
        fields: { "方案": "好" },
        files: [t.file("方案.pdf", "", t.filling(2500000)), t.file("b.bin", "x", "")],
      },
      price: { fields: { price: "1.00", rows: [["1", "2"]] } },
    },
  });
  await s.checkContainer(sealed.container);
  const recovery = await s.lockRecovery(sealed.head, sealed.keys, "correct horse battery");
  return {
    container: await t.b64(sealed.container), recovery: await t.b64(recovery),
    signer: s.hex(key.point), sha: s.hex(sealed.head.sha256),
  };""",
        {"terms": base64.b64encode(terms.to_bytes()).decode(), "organisation": case["organisation"]},
    )
    container = base64.b64decode(made["container"])
    head = verify_sealed(io.BytesIO(container), terms, case["organisation"], 7, bytes.fromhex(made["signer"]))
    assert head.sha256.hex() == made["sha"]
    keys = keyfiles.unlock_recovery(base64.b64decode(made["recovery"]), "correct horse battery").keys
    shares = [open_share(key, head, "technical") for key in custodians[2:]]
    technical = open_envelope(io.BytesIO(container), "technical", shares=shares, k1=keys["technical"].k1)
    assert technical.fields == {"方案": "好"}
    assert [(file.name, file.kind, file.data) for file in technical.files] == [
        ("方案.pdf", "application/octet-stream", filling(2_500_000)),
        ("b.bin", "application/octet-stream", b""),
    ]
    price = open_envelope(io.BytesIO(container), "price", k2=keys["price"].k2, k1=keys["price"].k1)
    assert price.fields == {"price": "1.00", "rows": [["1", "2"]]}


def sealed_here() -> tuple[bytes, list[p256.PrivateKey], dict[str, PartKeys]]:
    """A bid sealed by this side for three custodians, with both locks."""
    custodians = [p256.new_key() for _ in range(3)]
    terms = read_terms(GOLDEN["cases"][0]["terms"].encode())
    terms = replace(terms, lock="both", custodians=tuple(p256.point(key) for key in custodians))
    out = io.BytesIO()
    content = Content({"报价": "2311110.40"}, [file_from_bytes("标书.pdf", filling(1_500_000), "application/pdf")])
    organisation = GOLDEN["cases"][0]["organisation"]
    bid = seal(terms, organisation, 1, {"bid": content}, key_signer(p256.new_key()), out)
    return out.getvalue(), custodians, dict(bid.keys)


def test_sealed_here_opens_in_browser(run: Run) -> None:
    """Custodians open their shares in the page, each with its own key file, and the page opens the bid with them."""
    container, custodians, keys = sealed_here()
    opened = run(
        """
  const container = new Blob([t.unb64(a.container)]);
  const head = await s.readHead(container);
  const shares = [];
  for (const file of a.files) {
    const key = await s.unlockKey("custodian-key", new TextEncoder().encode(file), "correct horse battery");
    shares.push(await s.openShare(key, head, "bid"));
  }
  const part = await s.openEnvelope(container, "bid", { shares, k1: s.unhex(a.k1), headerSha256: head.sha256 });
  const [file] = part.files;
  const { name, kind, data } = file;
  return { fields: part.fields, name, kind, data: await t.b64(data), shares: shares.map(s.hex) };
  """,
        {
            "container": base64.b64encode(container).decode(),
            "files": [
                keyfiles.lock_key("custodian-key", key, "correct horse battery", work=1 << 14).decode()
                for key in custodians[1:]
            ],
            "k1": keys["bid"].k1.hex(),
        },
    )
    head = read_head(io.BytesIO(container))
    assert opened["fields"] == {"报价": "2311110.40"}
    assert (opened["name"], opened["kind"]) == ("标书.pdf", "application/pdf")
    assert base64.b64decode(opened["data"]) == filling(1_500_000)
    assert opened["shares"] == [open_share(key, head, "bid").hex() for key in custodians[1:]]


#: Everything that the page must refuse, in the order of the codes below.
REFUSALS_OF_THE_PAGE = """
  const whole = t.unb64(a.container), k1 = s.unhex(a.k1), shares = a.shares.map(s.unhex);
  const changed = (at) => { const copy = whole.slice(); copy[at] ^= 1; return new Blob([copy]); };
  const open = (blob, ways) => t.refusal(() => s.openEnvelope(blob, "bid", ways));
  const blob = new Blob([whole]), head = await s.readHead(blob);
  const damaged = shares[0].slice(); damaged[5] ^= 1;
  const stranger = await s.newKey(), seal = (fields, files) => t.refusal(async () => s.seal({
    terms: await s.readTerms(new TextEncoder().encode(a.terms)), organisation: a.organisation, version: 1,
    signer: s.keySigner(stranger), contents: { bid: { fields, files } },
  }));
  return [
    await open(changed(0), { shares, k1 }),
    await open(changed(60), { shares, k1 }),
    await open(changed(head.length - 1), { shares, k1 }),
    await open(changed(whole.length - 1), { shares, k1 }),
    await open(blob.slice(0, -1), { shares, k1 }),
    await open(blob, { shares: shares.slice(0, 1), k1 }),
    await open(blob, { shares: [shares[0], shares[0]], k1 }),
    await open(blob, { shares: [damaged, shares[1]], k1 }),
    await open(blob, { shares }),
    await open(blob, { shares, k1: shares[0].slice(1) }),
    await open(blob, { k2: k1, k1 }),
    await t.refusal(() => s.openShare(stranger, head, "bid")),
    await t.refusal(() => s.openShare(stranger, head, "bid", { rehearsal: true })),
    await t.refusal(() => s.checkContainer(new Blob([whole, "x"]))),
    await seal({ price: 1.5 }), await seal({ price: "\\ud800" }), await seal([]),
    await seal({}, [t.file("a", "", ""), t.file("a", "", "")]), await seal({}, [t.file("..", "", "")]),
    await t.refusal(() => s.lockKey("custodian-key", stranger, "short")),
    await t.refusal(() => s.secretOf(["academic acid"])),
  ];"""


def test_browser_refuses_by_the_same_codes(run: Run) -> None:
    """What the page refuses it refuses by the server's codes: changed bytes, wrong keys, numbers, names, words."""
    container, custodians, keys = sealed_here()
    head = read_head(io.BytesIO(container))
    shares = [open_share(key, head, "bid") for key in custodians]
    codes = run(
        REFUSALS_OF_THE_PAGE,
        {
            "container": base64.b64encode(container).decode(),
            "k1": keys["bid"].k1.hex(),
            "shares": [share.hex() for share in shares],
            "terms": GOLDEN["cases"][0]["terms"],
            "organisation": GOLDEN["cases"][0]["organisation"],
        },
    )
    assert codes == [
        "envelope_unrecognised",
        codes[1],
        "signature_wrong",
        "ciphertext_changed",
        "envelope_cut_short",
        "shares_too_few",
        "share_repeated",
        "share_wrong",
        "bidder_key_missing",
        "bidder_key_wrong",
        "custodian_key_wrong",
        "custodian_unknown",
        "not_a_rehearsal",
        "envelope_goes_on",
        "json_number",
        "json_not_text",
        "fields_wrong",
        "file_repeated",
        "file_name_refused",
        "passphrase_too_short",
        "words_count_wrong",
    ]
    assert codes[1] in {"signature_wrong", "json_not_canonical", "sealing_field_wrong"}


def test_word_lists_agree(run: Run) -> None:
    """Both sides have the same words in the same order."""
    assert run("return t.WORDS") == list(WORDS)


def test_paper_words_cross(run: Run) -> None:
    """Sheets written in the page restore the key here, and the other way."""
    secret = os.urandom(32)
    sheets = run("return s.wordsOf(s.unhex(a), { threshold: 3, count: 5 })", secret.hex())
    assert slip39.secret_of(sheets[2:]) == secret
    written = slip39.words_of(secret, os.urandom, threshold=3, count=5)
    assert run("return s.secretOf(a).then(s.hex)", written[:3]) == secret.hex()


def test_padding_agrees(run: Run) -> None:
    """Both sides pad to the same sizes, up to the most that a part may have."""
    lengths = [0, 1, 4095, 4096, 4097, *(2**n + d for n in range(12, 33) for d in (-1, 0, 1)), 10**6, 123_456_789]
    body = "const { paddedSize } = await import('/sealing/envelope.js'); return a.map(paddedSize)"
    assert run(body, lengths) == [padded_size(length) for length in lengths]


def test_nothing_is_sent(page: Page, run: Run) -> None:
    """Sealing and opening in the page asks nothing of any server."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    try:
        assert run("const key = await s.newKey(); return (await s.wordsOf(key.scalar)).length") == 1
        assert run(SEAL_CASE + "return sealed.container.size", GOLDEN["cases"][0])
    except Error as failed:
        pytest.fail(str(failed))
    assert asked == []

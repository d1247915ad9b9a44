"""A repository of the loopback Hub: its commits, and what the Hub says of its files and its card."""

import base64
import hashlib
import json
import re
import time
from dataclasses import dataclass, field

import yaml
from starlette.responses import JSONResponse, Response

LARGE = 10_000_000  # bytes


@dataclass
class Repo:
    kind: str  # "models" or "spaces"
    id: str
    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, files: dict[str, bytes], message: str = "", branch: str = "main") -> str:
        """What is done to a branch from elsewhere, too: `files` is all that it holds then."""
        sha = hashlib.sha1(f"{self.id} {len(self.commits)} {time.time_ns()}".encode()).hexdigest()
        self.commits[sha], self.branches[branch] = dict(files), sha
        self.messages.append(message)
        return sha

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[self.branches["main"]]

    def find(self, revision: str) -> str | None:
        named = self.branches | self.tags
        short = [sha for sha in self.commits if len(revision) >= 7 and sha.startswith(revision)]
        return named.get(revision) or (short[0] if short else None)

    @property
    def card(self) -> dict:
        text = self.files.get("README.md", b"").decode("utf-8", "replace")
        front = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
        return (yaml.safe_load(front[1]) if front else None) or {}


def validate(given: dict) -> Response:
    front = re.match(r"---\n(.*?)\n---", given["content"], re.DOTALL)
    problems = []
    try:
        card = (yaml.safe_load(front[1]) if front else None) or {}
        json.dumps(card, allow_nan=False, default=str)
        if "model-index" in card and not all("name" in model for model in card["model-index"]):
            problems.append('"model-index[0].name" is required')
    except (ValueError, yaml.YAMLError) as wrong:
        problems.append(str(wrong).splitlines()[0])
    found = {"errors": [{"message": problem} for problem in problems], "warnings": []}
    return JSONResponse(found, 400 if problems else 200)


def entry(path: str, content: bytes) -> dict:
    about = {"type": "file", "path": path, "size": len(content), "oid": git(content)}
    if is_large(content):
        about["lfs"] = {"oid": sha256(content), "size": len(content), "pointerSize": 130}
    return about


def plan(given: dict, files: dict[str, bytes]) -> dict:
    """How a file is to be sent; the hash of what is there lets the client leave it out."""
    large = given["size"] > LARGE or b"\0" in base64.b64decode(given["sample"])
    there = files.get(given["path"])
    oid = None if there is None else sha256(there) if large else git(there)
    named = {"path": given["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
    return named | ({"oid": oid} if oid else {})


def is_large(content: bytes) -> bool:
    return len(content) > LARGE or b"\0" in content[:512]


def git(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""A Hub on the loopback interface, in memory: repositories, revisions, large files, tokens, and faults on demand.

    with HubServer() as hub:
        hub.environment(tmp_path)      # of a process whose huggingface_hub is to talk to it
        hub.fail("GET /storage/", cut)  # until hub.heal()
        hub.requests, hub.crashes      # what was asked, and this server's own mistakes: assert that there are none

The client reads its settings when it is imported, so a test talks to this from a fresh process. Large files (and what
is not text) come from a second port under another name, as the Hub's come from another host: the client drops its
token there, and older ones look at the name alone.
"""

import base64
import contextlib
import json
import os
import re
import socket
import threading
import time
import traceback
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.hub.repo import Repo, entry, git, is_large, plan, sha256, validate
from tests.hub.responses import error, whole

TOKENS = {"hf_me": ("me", True), "hf_reader": ("me", False), "hf_you": ("you", True)}  # → name, may write


class Asked(NamedTuple):
    method: str
    path: str  # with the query, as it came
    status: int  # 0 until it is answered
    token: str | None
    agent: str
    content: bool  # asked of the second port

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


class HubServer:
    def __init__(self):
        self.repos: dict[tuple[str, str], Repo] = {}
        self.storage: dict[str, bytes] = {}  # sha256 → large file, once it was uploaded or asked for
        self.requests: list[Asked] = []
        self.crashes: list[str] = []
        self.faults: list[list] = []  # [pattern, fault, how often]
        self.stopping, self.ports = False, (0, 0)
        self.life = 0  # counts up where all is forgotten: what is still under way then is of no interest

    # ---- for tests

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self) -> None:
        """On the ports that it had before, if it had any."""
        sockets = [socket.socket() for _ in range(2)]
        for listening, port in zip(sockets, self.ports, strict=True):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(("127.0.0.1", port))
        self.ports = tuple(listening.getsockname()[1] for listening in sockets)
        self.stopping = False
        self._server = uvicorn.Server(
            uvicorn.Config(self, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=self._server.run, args=(sockets,), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)

    def stop(self) -> None:
        self.stopping = self._server.should_exit = True
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    def environment(self, home, token: str | None = "hf_me") -> dict[str, str]:
        """What a process needs so that its client talks to this server and keeps its cache in `home`."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "ZOO_", "HUGGING"))}
        ours = {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "OMP_NUM_THREADS": "1",
        }
        return kept | ours | ({"HF_TOKEN": token} if token else {})

    def fail(self, pattern: str, fault, times: int = 10**9) -> None:
        """From now on, `times` requests whose "METHOD /path" the pattern matches go wrong."""
        self.faults.append([re.compile(pattern), fault, times])

    def forget(self) -> None:
        """As new: no repositories, no requests, no faults."""
        self.life += 1
        for kept in (self.repos, self.storage, self.requests, self.crashes, self.faults):
            kept.clear()

    def heal(self) -> None:
        self.faults.clear()

    def repo(self, id: str, kind: str = "models") -> Repo:
        return self.repos[kind, id]

    def add(self, id: str, files: dict[str, bytes], kind: str = "models", **given) -> Repo:
        """A repository that was there before."""
        repo = self.repos[kind, id] = Repo(kind, id, **given)
        repo.commit({".gitattributes": b"*.safetensors filter=lfs\n", **files}, "initial commit")
        return repo

    def lines(self, since: int = 0) -> list[str]:
        return [asked.line for asked in self.requests[since:]]

    # ---- the server

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        path, query = scope["raw_path"].decode(), scope["query_string"].decode()
        line, stored = f"{request.method} {path}", scope["server"][1] == self.ports[1]
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ") or None
        asked, agent = path + (f"?{query}" if query else ""), request.headers.get("user-agent", "")
        noted, life, place = [0], self.life, len(self.requests)
        self.requests.append(Asked(request.method, asked, 0, bearer, agent, stored))

        async def answer() -> Response:
            try:
                response = await self.answer(request, path, bearer, stored)
            except Exception:
                self.crashes.append(f"{line}\n{traceback.format_exc()}")
                response = error(500, message="the test server itself failed")
            return response

        async def note_and_send(message):
            if message["type"] == "http.response.start":
                noted[0] = message["status"]
            with contextlib.suppress(OSError):
                await send(message)

        fault = next((fault for fault in self.faults if fault[0].search(line) and fault[2] > 0), None)
        try:
            if fault is not None:
                fault[2] -= 1
                await fault[1](self, request, answer, note_and_send)
            else:
                response = await answer()
                if request.method == "HEAD":
                    response.body = b""
                await whole(response, note_and_send)
        finally:
            if life == self.life:
                self.requests[place] = self.requests[place]._replace(status=noted[0])

    async def answer(self, request: Request, path: str, bearer: str | None, stored: bool) -> Response:
        if stored:
            return await self.large_file(request, path)
        if bearer is not None and bearer not in TOKENS:
            return error(401, message="Invalid credentials in Authorization header")
        who, may_write = TOKENS.get(bearer, (None, False))
        if path == "/api/whoami-v2":
            if who is None:
                return error(401, message="Invalid username or password.")
            role = "write" if may_write else "read"
            return JSONResponse(
                {"type": "user", "name": who, "orgs": [], "auth": {"accessToken": {"role": role}}}
            )
        if path == "/api/validate-yaml":
            return validate(await request.json())
        if path == "/api/repos/create":
            return self.create(await request.json(), who, may_write)
        if path == "/api/models":
            return self.listing(parse_qs(request.url.query), who)

        api = re.fullmatch(r"/api/(models|spaces)/([^/]+/[^/]+)(?:/([^/]+)(?:/([^/]+))?)?", path)
        lfs = re.fullmatch(r"/(spaces/)?([^/]+/[^/]+)\.git/info/lfs/objects/(batch|verify)", path)
        file = re.fullmatch(r"/(spaces/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        found = api or lfs or file
        if found is None:
            raise LookupError(f"no such endpoint: {path}")
        kind = found[1] if api else ("spaces" if found[1] else "models")
        repo = self.repos.get((kind, found[2]))
        if repo is None or (repo.private and who != repo.id.split("/")[0]):
            return error(404 if who else 401, "RepoNotFound", "Repository not found")
        writes = lfs or (api and api[3] in ("commit", "preupload", "branch", "tag"))
        if writes and not (may_write and who == repo.id.split("/")[0]):
            return error(403, message="You don't have the required permissions")
        if lfs:
            return self.batch(await request.json(), repo) if found[3] == "batch" else JSONResponse({})
        if file:
            return self.resolve(repo, unquote(file[3]), unquote(file[4]), who)
        return await self.of_repo(request, repo, api[3] or "revision", unquote(api[4] or "main"))

    async def of_repo(self, request: Request, repo: Repo, what: str, revision: str) -> Response:
        if what == "branch":
            if revision in repo.branches:
                return error(409, message="Reference already exists")
            repo.branches[revision] = repo.branches["main"]
            return JSONResponse({})
        if what == "refs":
            branches, tags = (
                [{"name": n, "ref": f"refs/{kind}/{n}", "targetCommit": sha} for n, sha in of.items()]
                for kind, of in (("heads", repo.branches), ("tags", repo.tags))
            )
            return JSONResponse({"branches": branches, "tags": tags, "converts": []})
        sha = repo.find(revision)
        if sha is None:
            return error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if what == "tag":
            repo.tags[(await request.json())["tag"]] = sha
            return JSONResponse({})
        if what == "revision":
            return JSONResponse(self.about(repo, sha))
        files = repo.commits[sha]
        if what == "tree":
            return JSONResponse([entry(path, content) for path, content in files.items()])
        if what == "paths-info":
            asked = parse_qs((await request.body()).decode())["paths"]
            return JSONResponse([entry(path, files[path]) for path in asked if path in files])
        if what == "preupload":
            return JSONResponse({"files": [plan(given, files) for given in (await request.json())["files"]]})
        if what == "commit":
            return self.commit(await request.body(), repo, revision, sha)
        raise LookupError(f"no such endpoint: {what}")

    def create(self, given: dict, who: str | None, may_write: bool) -> Response:
        if who is None:
            return error(401, message="Invalid username or password.")
        owner = given.get("organization") or who
        kind, id = f"{given.get('type', 'model')}s", f"{owner}/{given['name']}"
        url = f"{self.url}/{'spaces/' if kind == 'spaces' else ''}{id}"
        if owner != who or not may_write:
            return error(403, message=f'You don\'t have the rights to create a {kind[:-1]} under "{owner}"')
        if (kind, id) in self.repos:
            return JSONResponse({"error": "You already created this repo", "url": url}, 409)
        first = {"README.md": f"---\nsdk: {given['sdk']}\n---\n".encode()} if kind == "spaces" else {}
        self.add(id, first, kind, private=given.get("visibility") == "private" or given.get("private", False))
        return JSONResponse({"url": url})

    def listing(self, query: dict[str, list[str]], who: str | None) -> Response:
        author = query.get("author", [""])[0]
        found = []
        for (kind, id), repo in self.repos.items():
            owner = id.split("/")[0]
            if kind != "models" or owner != author or (repo.private and who != owner):
                continue
            about = self.about(repo, repo.branches["main"])
            if set(query.get("filter", [])) <= set(about["tags"]):
                found.append(about)
        return JSONResponse(found)

    def about(self, repo: Repo, sha: str) -> dict:
        card = repo.card
        library = card.get("library_name")
        return {
            "id": repo.id,
            "modelId": repo.id,
            "sha": sha,
            "private": repo.private,
            "gated": "manual" if repo.gated else False,
            "tags": [*card.get("tags", []), *([library] if library else [])],
            "library_name": library,
            "cardData": card,
            "lastModified": "2026-01-01T00:00:00.000Z",
            "siblings": [{"rfilename": path} for path in repo.commits[sha]],
        }

    def commit(self, body: bytes, repo: Repo, branch: str, head: str) -> Response:
        first, *operations = (json.loads(line) for line in body.splitlines())
        if branch not in repo.branches:
            return error(404, "RevisionNotFound", f"Invalid rev id: {branch}")
        if first["value"].get("parentCommit", head) != head:
            return error(412, message="A commit has happened since. Please refresh and try again.")
        files = dict(repo.commits[head])
        for operation in operations:
            key, value = operation["key"], operation["value"]
            if key == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif key == "lfsFile":
                files[value["path"]] = self.storage[value["oid"]]
            elif key == "deletedFile":
                del files[value["path"]]
            else:
                raise LookupError(f"no such operation: {key}")
        sha = repo.commit(files, first["value"]["summary"], branch)
        url = f"{self.url}/{repo.id}/commit/{sha}"
        return JSONResponse({"success": True, "commitOid": sha, "commitUrl": url, "hookOutput": ""})

    def batch(self, given: dict, repo: Repo) -> Response:
        objects = []
        for wanted in given["objects"]:
            href = {"href": f"http://localhost:{self.ports[1]}/storage/{wanted['oid']}"}
            place = f"{'spaces/' if repo.kind == 'spaces' else ''}{repo.id}"
            verify = {"href": f"{self.url}/{place}.git/info/lfs/objects/verify"}
            missing = wanted["oid"] not in self.storage
            objects.append(wanted | ({"actions": {"upload": href, "verify": verify}} if missing else {}))
        return JSONResponse({"transfer": "basic", "objects": objects})

    def resolve(self, repo: Repo, revision: str, path: str, who: str | None) -> Response:
        sha = repo.find(revision)
        if sha is None:
            return error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if repo.gated and who != repo.id.split("/")[0]:
            return error(403, "GatedRepo", "Access to this model is restricted")
        if path not in repo.commits[sha]:
            return error(404, "EntryNotFound", "Entry not found", **{"X-Repo-Commit": sha})
        content, named = repo.commits[sha][path], {"X-Repo-Commit": sha}
        if not is_large(content):
            return Response(content, headers={**named, "ETag": f'"{git(content)}"'})
        oid = sha256(content)
        self.storage[oid] = content
        named |= {"X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(len(content)), "ETag": f'"{oid}"'}
        location = f"http://localhost:{self.ports[1]}/storage/{oid}"
        return Response(status_code=302, headers={**named, "Location": location})

    async def large_file(self, request: Request, path: str) -> Response:
        oid = path.removeprefix("/storage/")
        if request.method == "PUT":
            content = await request.body()
            if sha256(content) != oid:
                return error(400, message="not what was announced")
            self.storage[oid] = content
            return Response()
        content = self.storage[oid]
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        if wanted is None:
            return Response(content, headers={"ETag": f'"{oid}"'})
        start = int(wanted[1])
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return Response(content[start:], 206, headers={"Content-Range": span, "ETag": f'"{oid}"'})

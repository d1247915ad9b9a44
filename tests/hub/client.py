import json
import subprocess
import sys


class Client:
    """A fresh process whose huggingface_hub talks to a HubServer: it is told what to run, and may be told again."""

    LISTEN = """
import contextlib, io, json, sys, time
for line in sys.stdin:
    said, began, scope = io.StringIO(), time.monotonic(), {}
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            exec(json.loads(line), scope)
        answer = {"result": scope.get("result")}
    except Exception as error:
        answer = {"error": type(error).__name__, "message": str(error)}
    print(json.dumps(answer | {"seconds": time.monotonic() - began, "said": said.getvalue()}), flush=True)
"""

    def __init__(self, environment: dict[str, str]):
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.LISTEN],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str, patience: float = 30) -> dict:
        """What `code` left in `result`, or its error and message; the seconds it took, and what it said."""
        code = f"import os; os.environ['ZOO_HUB_TIMEOUT'] = '{patience}'\n{code}"
        print(json.dumps(code), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()  # to leave in peace takes a process full of libraries seconds
        self.process.communicate()

"""What a test of pulling looks at: the answer of a client, a folder, the client's cache."""

LOAD = "import hashlib, zoo\nresult = hashlib.sha256(zoo.load({!r}).sample(2, seed=7).numpy().tobytes()).hexdigest()"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def load(client, name="me/toy", **given):
    return client.run(LOAD.format(name), **given)


def in_cache(home):
    """The files in the client's cache by their place; the content of links, which is what readers get."""
    return {path: path.read_bytes() for path in home.glob("hub/models--*/*/**/*") if path.is_file()}


def failed(answer, kind, *words):
    assert answer.get("error") == kind, answer
    assert "\n" not in answer["message"] and "Traceback" not in answer["said"]
    for word in words:
        assert word in answer["message"], answer["message"]

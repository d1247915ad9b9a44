"""Of many wishes the last is fulfilled, soon, by workers that are free: the pieces by themselves, in a browser."""

import numpy as np
import pytest

import zoo
from tests import toys
from tests.space import seen

# Draws nothing by itself: end(seed, model) answers what was asked.
SOURCE = """async ({ wishes, atOnce }) => {
    const { Source } = await import("/look/source.js");
    window.asked = [];
    window.told = [];
    const ends = {};
    const draw = ({ models, seed }) => new Promise((resolve) => {
        window.asked.push([seed, ...models]);
        const sheets = Object.fromEntries(models.map((id) => [id, `${id} ${seed}`]));
        ends[[seed, models[0]]] = () => resolve({ sheets });
    });
    const arrived = (sheets) => { window.told.push(...Object.values(sheets)); };
    const no = () => {};
    const tell = { arrived, slow: no, busy: no, failed: no };
    window.source = new Source(Object.assign(draw, { wishes: () => wishes }), tell, atOnce);
    window.end = async (seed, model = "a") => {
        ends[[seed, model]]();
        await new Promise((resolve) => setTimeout(resolve));
    };
}"""
# Workers that answer at once, unless `held`; jobs: what each was sent, [model, threads, whether it is to draw].
POOL = """async ({ cores, isolated, models }) => {
    Object.defineProperty(navigator, "hardwareConcurrency", { value: cores });
    Object.defineProperty(self, "crossOriginIsolated", { value: isolated });
    window.jobs = [];
    window.ends = [];
    window.held = false;
    window.Worker = class {
        constructor() {
            this.jobs = [];
            window.jobs.push(this.jobs);
        }
        postMessage({ number, id, threads, asked }) {
            this.jobs.push([id, threads, asked != null]);
            const error = models[id].damaged;
            const end = () => this.onmessage({ data: error ? { number, error } : { number, address: "here" } });
            if (window.held) window.ends.push(end);
            else setTimeout(end);
        }
    };
    const { Pool } = await import("/look/browser/pool.js");
    window.pool = new Pool(models);
    window.quiet = () => new Promise((resolve) => setTimeout(resolve, 700));
}"""
SHEETS = {f"dcgan-{name}": {} for name in "abcde"}
BUILDING = {"pix2pix": {"palette": []}}


@pytest.fixture
def page(browser, laid_out):
    """A page of the folder's origin that shows nothing."""
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(f"{laid_out}/fonts/OFL.txt")
    yield page
    context.close()


# --- the source


def test_of_a_burst_the_first_and_the_last_are_asked_for(page):
    page.evaluate(SOURCE, {"wishes": 1, "atOnce": 5})
    page.evaluate("for (let seed = 1; seed < 6; seed += 1) source.want({ models: ['a'], seed })")
    assert page.evaluate("asked") == [[1, "a"]]
    page.evaluate("end(1)")
    assert page.evaluate("asked") == [[1, "a"], [5, "a"]]
    page.evaluate("end(5)")
    page.evaluate("source.want({ models: ['a'], seed: 5 })")
    page.wait_for_function("told.length === 3")
    assert page.evaluate("[told, asked.length, source.running]") == [["a 1", "a 5", "a 5"], 2, 0]


def test_of_many_models_the_rest_of_a_stale_wish_is_not_drawn(page):
    page.evaluate(SOURCE, {"wishes": 1, "atOnce": 1})
    page.evaluate("for (const seed of [1, 2]) source.want({ models: ['a', 'b', 'c'], seed })")
    page.evaluate("end(1)")
    page.evaluate("end(2)")
    assert page.evaluate("asked") == [[1, "a"], [2, "a"], [2, "b"], [2, "c"]]


def test_the_last_wish_need_not_wait_for_a_stale_one_which_is_not_shown_after_it(page):
    page.evaluate(SOURCE, {"wishes": 2, "atOnce": 5})
    page.evaluate("for (let seed = 1; seed < 6; seed += 1) source.want({ models: ['a'], seed })")
    assert page.evaluate("asked") == [[1, "a"], [2, "a"]]
    page.evaluate("end(2)")
    assert page.evaluate("asked") == [[1, "a"], [2, "a"], [5, "a"]]
    page.evaluate("end(1)")
    page.evaluate("end(5)")
    assert page.evaluate("[told, asked.length, source.running]") == [["a 2", "a 5"], 3, 0]


# --- the workers


def test_one_model_comes_to_lie_in_two_workers_that_take_turns(page):
    page.evaluate(POOL, {"cores": 2, "isolated": False, "models": SHEETS | BUILDING})
    assert page.evaluate("pool.run('pix2pix', {})") == "here"
    assert page.evaluate("[jobs, pool.wishes(['pix2pix'])]") == [[[["pix2pix", 1, True]]], 1]
    page.evaluate("pool.warmUp(['pix2pix'])")
    page.evaluate("quiet()")
    assert page.evaluate("jobs")[1:] == [[["pix2pix", 1, False]]]
    assert page.evaluate("[pool.wishes(['pix2pix']), pool.wishes(['pix2pix', 'dcgan-a'])]") == [2, 1]
    page.evaluate("held = true; void pool.run('pix2pix', {}); void pool.run('pix2pix', {})")
    page.wait_for_function("ends.length === 2")
    assert [each[-1][2] for each in page.evaluate("jobs")] == [True, True]


def test_until_a_copy_is_read_the_first_worker_draws(page):
    page.evaluate(POOL, {"cores": 2, "isolated": False, "models": SHEETS})
    page.evaluate("pool.run('dcgan-a', {})")
    page.evaluate("held = true; pool.warmUp(['dcgan-a'])")
    page.evaluate("quiet()")
    page.evaluate("ends.shift()()")  # the first says that it has the model
    page.wait_for_function("jobs.length === 2")
    assert page.evaluate("pool.wishes(['dcgan-a'])") == 1
    page.evaluate("for (let i = 0; i < 3; i += 1) void pool.run('dcgan-a', {})")
    page.wait_for_function("jobs[0].length + jobs[1].length === 6")
    assert len(page.evaluate("jobs")[1]) == 1


def test_many_models_are_spread_and_each_is_read_once(page):
    page.evaluate(POOL, {"cores": 2, "isolated": False, "models": SHEETS})
    page.evaluate("pool.warmUp(Object.keys(pool.models))")
    page.evaluate("quiet()")
    jobs = page.evaluate("jobs")
    assert sorted(len(each) for each in jobs) == [2, 3]
    assert sorted(id for each in jobs for id, _, _ in each) == list(SHEETS)
    assert page.evaluate("pool.wishes(Object.keys(pool.models))") == 1


def test_a_damaged_model_keeps_no_other_from_being_read_ahead(page):
    models = {"dcgan-a": {"damaged": "its weights cannot be had"}, "dcgan-b": {}, "dcgan-c": {}}
    page.evaluate(POOL, {"cores": 8, "isolated": False, "models": models})
    page.evaluate("pool.size = 6; pool.warmUp(Object.keys(pool.models))")
    page.evaluate("quiet()")
    asked = [id for each in page.evaluate("jobs") for id, _, _ in each]
    assert asked == ["dcgan-a", "dcgan-b", "dcgan-c", "dcgan-a", "dcgan-b", "dcgan-c"]
    assert page.evaluate("[pool.wishes(['dcgan-a']), pool.wishes(['dcgan-b', 'dcgan-c'])]") == [1, 2]


def test_a_worker_that_did_not_start_is_replaced(page):
    page.evaluate(POOL, {"cores": 4, "isolated": False, "models": SHEETS})
    page.evaluate("""async () => {
        window.held = true;
        const first = window.pool.run("dcgan-a", {}).catch((error) => error.message);
        await window.quiet();
        window.pool.workers[0].worker.onerror({ message: "no" });
        window.held = false;
        window.said = [await first, await window.pool.run("dcgan-a", {}), window.jobs.length];
    }""")
    assert page.evaluate("window.said") == ["no", "here", 2]


def test_nothing_is_read_ahead_while_a_picture_is_waited_for(page):
    page.evaluate(POOL, {"cores": 2, "isolated": False, "models": SHEETS})
    page.evaluate("held = true; void pool.run('dcgan-a', {}); pool.warmUp(['dcgan-a', 'dcgan-b'])")
    page.evaluate("quiet()")
    assert page.evaluate("jobs") == [[["dcgan-a", 1, True]]]
    page.evaluate("held = false; ends.shift()()")
    page.wait_for_function("jobs.flat().length === 3")


@pytest.mark.parametrize(
    ("cores", "isolated", "translators", "threads"),
    [(4, True, 1, 2), (4, False, 1, 1), (2, True, 1, 1), (4, True, 2, 1)],
)
def test_where_there_may_be_threads_the_only_translator_has_them(page, cores, isolated, translators, threads):
    models = SHEETS | {f"pix2pix-{i}": {"palette": []} for i in range(translators)}
    page.evaluate(POOL, {"cores": cores, "isolated": isolated, "models": models})
    page.evaluate("pool.run('dcgan-a', {})")
    page.evaluate("pool.warmUp(['pix2pix-0'])")
    page.evaluate("quiet()")
    of = {(id, count) for each in page.evaluate("jobs") for id, count, _ in each}
    assert of == {("dcgan-a", 1), ("pix2pix-0", threads)}


# --- with threads


DRAWN = """async (job) => {
    const worker = new Worker("/look/browser/worker.js", { type: "module" });
    const answer = await new Promise((resolve) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => resolve({ error: event.message });
        worker.postMessage(job);
    });
    worker.terminate();
    return answer;
}"""


def test_two_threads_draw_the_same_picture_on_a_page_that_is_isolated(browser, isolated, exported, matrix):
    context = browser.new_context()
    page = context.new_page()
    wrong = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(isolated)
    page.locator("figure[data-id='dcgan-lsgan-toy'] .sheet.filled").wait_for()
    assert page.evaluate("crossOriginIsolated")
    model = page.evaluate("async () => (await (await fetch('zoo.json')).json()).models['dcgan-lsgan-toy']")
    asked = {"seed": 8, "n": 64, "truncation": None, "label": None}
    job = {"number": 1, "id": "x", "model": model, "runtime": "wasm", "base": f"{isolated}/", "asked": asked}
    pictures = []
    for threads in (1, 2):
        answer = page.evaluate(DRAWN, job | {"threads": threads})
        assert not answer.get("error"), answer
        pictures.append(seen.opened(answer["address"]))
    context.close()
    assert not wrong and np.array_equal(*map(np.asarray, pictures))
    assert toys.alike(pictures[1], zoo.load(matrix / "dcgan-lsgan-toy").grid(64, seed=8))

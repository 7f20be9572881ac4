"""Models: answers, files, learning on, evaluation; and that all numbers are the program's, to the bit."""

import copy
import json
import pickle
import sys
import tempfile
import types
import unittest
import warnings
from pathlib import Path
from unittest import mock

import numpy as np
from arrow_source import Stream, texts, views
from support import EXAMPLES, busy_model, described_model, fleet, fleet_model, optional, pitot, run_program


class SameAsTheProgramTest(unittest.TestCase):
    """`pitot fit` and `pitot predict --json` beside pitot.fit and Model.predict."""

    def check(self, model, files, fit_options, *queries):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "program.pitot"
            run_program("fit", *files, *fit_options, "-o", file, "--quiet")
            self.assertEqual(file.read_bytes(), model.to_bytes(), "model files differ")
            model.save(Path(folder) / "python.pitot")
            self.assertEqual(file.read_bytes(), (Path(folder) / "python.pitot").read_bytes())
            for options, with_ in queries:
                printed = run_program("predict", file, "--confidence", "0.5,0.9", *options, "--json", "--quiet")
                self.compare(model, json.loads(printed), with_)

    def compare(self, model, printed, with_):
        self.assertGreater(len(printed), 0)
        platform = [row["platform"] for row in printed]
        module = [row["module"] for row in printed]
        answer = model.predict(platform, module, with_, confidence=[0.5, 0.9])
        runtime = np.array([row["runtime_us"] for row in printed])
        self.assertEqual(runtime.tobytes(), answer.runtime_us.tobytes())
        self.assertEqual(np.array([row["deviation"] for row in printed]).tobytes(), answer.deviation.tobytes())
        for k, confidence in enumerate(("0.5", "0.9")):
            bounds = [row["bound_us"][confidence] for row in printed]
            ours = [None if np.isnan(bound) else float(bound) for bound in answer.upper_us[:, k]]
            self.assertEqual(bounds, ours)

    def test_runs_alone(self):
        self.check(fleet_model(), [EXAMPLES / "fleet.csv"], [], (["--platform", "*", "--module", "*"], None))

    def test_runs_beside_others(self):
        files = [EXAMPLES / "fleet.csv", EXAMPLES / "beside.csv"]
        every = ["--platform", "*", "--module", "*"]
        self.check(busy_model(), files, [], (every, None), ([*every, "--with", "sort,hash"], ["sort", "hash"]))

    def test_features(self):
        features = ["--platform-features", EXAMPLES / "devices.csv", "--module-features", EXAMPLES / "opcodes.csv"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pitot.PitotWarning)
            model = described_model()
        self.check(model, [EXAMPLES / "fleet.csv"], features, (["--platform", "*", "--module", "*"], None))

    def test_a_fit_of_a_frame_is_that_of_its_file(self):
        frame = optional("pandas").read_csv(EXAMPLES / "fleet.csv")
        self.assertEqual(pitot.fit(frame, progress=False).to_bytes(), fleet_model().to_bytes())

    def test_seeds_and_settings(self):
        settings = {"preset": "linear/128", "train.folds": 2, "train.steps": 50}
        model = pitot.fit(fleet(), settings, seed=7, threads=2, progress=False)
        options = ["--preset", "linear/128", "--seed", "7", "--set", "train.folds=2", "--set", "train.steps=50"]
        self.check(model, [EXAMPLES / "fleet.csv"], options)

    def test_runs_folded_in(self):
        with tempfile.TemporaryDirectory() as folder:
            old, new = Path(folder) / "old.pitot", Path(folder) / "new.pitot"
            fleet_model().save(old)
            run_program("observe", old, EXAMPLES / "today.csv", "-o", new, "--quiet")
            self.assertEqual(new.read_bytes(), fleet_model().observe(EXAMPLES / "today.csv").to_bytes())


class PredictTest(unittest.TestCase):
    def setUp(self):
        self.model = fleet_model()

    def test_one_pair_is_numbers(self):
        answer = self.model.predict("jit.board", "matmul", confidence=0.9)
        self.assertEqual(np.ndim(answer.runtime_us), 0)
        self.assertLess(answer.lower_us, answer.runtime_us)
        self.assertLess(answer.runtime_us, answer.upper_us)
        self.assertEqual((answer.basis, answer.no_bound, answer.evidence), ("measured", "", "learned"))
        self.assertEqual(answer.bound_sources(), [{"from": "set aside", "rows": 17, "pool": "alone"}])

    def test_arrays_are_broadcast(self):
        matrix = self.model.predict(np.array(self.model.platforms)[:, None], list(self.model.modules))
        self.assertEqual(matrix.runtime_us.shape, (10, 20))
        self.assertEqual(matrix.runtime_us.tobytes(), self.model.predict_all().runtime_us.tobytes())
        row = self.model.predict("jit.desk", np.arange(20))
        np.testing.assert_array_equal(row.runtime_us, matrix.runtime_us[0])
        several = self.model.predict("jit.desk", [["fft", "sort"]], confidence=[0.5, 0.9])
        self.assertEqual(several.upper_us.shape, (1, 2, 2))
        with self.assertRaisesRegex(pitot.UsageError, "do not go together"):
            self.model.predict(["jit.desk"] * 2, ["fft"] * 3)

    def test_no_rows(self):
        self.assertEqual(self.model.predict([], []).runtime_us.shape, (0,))
        self.assertEqual(self.model.predict(np.zeros(0, int), np.zeros(0, int)).upper_us.shape, (0,))

    def test_names_that_are_not_known(self):
        with self.assertRaisesRegex(pitot.InputError, "jit.bord.*did you mean 'jit.board'"):
            self.model.predict("jit.bord", "fft")
        with self.assertRaisesRegex(pitot.UsageError, "row"):
            self.model.predict(10, "fft")
        with self.assertRaisesRegex(pitot.UsageError, "float64"):
            self.model.predict(0.5, "fft")
        with self.assertRaises(pitot.UsageError):
            self.model.predict("jit.desk", "fft", confidence=1.5)

    def test_a_frame_comes_out_where_one_came_in(self):
        pandas = optional("pandas")
        frame = pandas.DataFrame(
            {"module": ["fft", "sort"], "platform": ["jit.desk", "jit.lap"], "x": [1, 2]}, index=[7, 9]
        )
        answer = self.model.predict(frame)
        self.assertEqual(list(answer.columns), ["platform", "module", "runtime_us", "deviation", "upper_us", "basis"])
        self.assertEqual(list(answer.index), [7, 9])
        self.assertEqual(answer["runtime_us"].iloc[0], self.model.predict("jit.desk", "fft").runtime_us)
        self.assertIn("upper_us_0.5", self.model.predict(frame, confidence=[0.5, 0.9]).columns)
        self.assertNotIn("upper_us", self.model.predict(frame, confidence=None).columns)

    def test_a_dict_comes_out_where_one_came_in(self):
        answer = self.model.predict({"platform": ["jit.desk"], "module": ["fft"]})
        self.assertIsInstance(answer, dict)
        self.assertEqual(answer["basis"].tolist(), ["measured"])

    def test_a_frame_of_polars_comes_out_where_one_came_in(self):
        """By a stand-in: what of Polars is used is its stream and its constructor."""

        class DataFrame(Stream):
            __module__ = "polars.dataframe.frame"

        with mock.patch.dict(sys.modules, polars=types.SimpleNamespace(DataFrame=lambda columns: ("polars", columns))):
            kind, columns = self.model.predict(DataFrame({"platform": texts(["jit.desk"]), "module": views(["fft"])}))
        self.assertEqual(kind, "polars")
        self.assertEqual(columns["platform"], ["jit.desk"])
        self.assertEqual(columns["runtime_us"][0], self.model.predict("jit.desk", "fft").runtime_us)

    def test_series_and_categoricals(self):
        pandas = optional("pandas")
        names = pandas.Series(["jit.desk", "jit.lap", "jit.desk"])
        expected = self.model.predict(names.tolist(), "fft").runtime_us
        np.testing.assert_array_equal(self.model.predict(names, "fft").runtime_us, expected)
        np.testing.assert_array_equal(self.model.predict(names.astype("category"), "fft").runtime_us, expected)

    def test_co_runners_in_every_form(self):
        model = busy_model()
        sort, digest = model.find("module", ["sort", "hash"])
        platforms = ["jit.desk", "jit.lap", "jit.phone"]
        expected = model.predict(platforms, "fft", "sort;hash").runtime_us
        for with_ in (
            "sort;hash", ["hash", "sort"], [sort, digest], [["sort", "hash"], ["hash", "sort"], ["sort", "hash"]],
            np.array([[sort, digest, -1]] * 3), np.array(["sort;hash"] * 3), np.array([["sort", "hash"]] * 3),
        ):  # fmt: skip
            with self.subTest(repr(with_)):
                np.testing.assert_array_equal(model.predict(platforms, "fft", with_).runtime_us, expected)
        ragged = model.predict("jit.desk", ["fft", "fft"], np.array(["", "sort"], dtype=object)).runtime_us
        self.assertEqual(ragged[0], model.predict("jit.desk", "fft").runtime_us)
        self.assertEqual(ragged[1], model.predict("jit.desk", "fft", "sort").runtime_us)
        frame = {"platform": ["jit.desk"], "module": ["fft"], "with": ["sort"]}
        self.assertEqual(model.predict(frame)["runtime_us"][0], ragged[1])
        self.assertEqual(model.predict("jit.desk", ["fft", "fft"], [[], ["sort"]]).to_frame()["with"][1], "sort")

    def test_threads_may_ask_at_once(self):
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: self.model.predict_all().upper_us.tobytes(), range(40)))
        self.assertEqual(len(set(answers)), 1)


class FileTest(unittest.TestCase):
    def test_saved_pickled_and_copied(self):
        model = fleet_model()
        with tempfile.TemporaryDirectory() as folder:
            model.save(Path(folder) / "a.pitot")
            self.assertEqual(pitot.load(Path(folder) / "a.pitot").to_bytes(), model.to_bytes())
        self.assertEqual(pickle.loads(pickle.dumps(model)).to_bytes(), model.to_bytes())
        self.assertIs(copy.copy(model), model)
        self.assertIs(copy.deepcopy(model), model)
        with self.assertRaises(OSError):
            pitot.load("/no/such/model")
        with self.assertRaises(pitot.InputError):
            pitot.Model.from_bytes(b"no model")

    def test_what_it_is(self):
        model = fleet_model()
        self.assertEqual(model.config["preset"], "kernel")
        self.assertEqual(model.dataset_digest, fleet().digest)
        self.assertEqual(model.platforms, fleet().platforms)
        self.assertTrue(model.learns_on and model.has_deviation and not model.tells_co_runners)
        self.assertEqual(model.numbers["measured_pairs"], 172)
        self.assertEqual(list(model.rows("module")["name"]), list(model.modules))

    def test_configurations(self):
        config = pitot.Config("kernel")
        config["seed"] = 9
        self.assertEqual(pickle.loads(pickle.dumps(config)), config)
        self.assertEqual(copy.copy(config), config)
        before = config.to_json()
        with self.assertRaisesRegex(pitot.UsageError, "calibration_share"):
            config.set({"seed": 1, "calibration_share": 2.0}).validate()
        config = pitot.Config.from_json(before)
        with self.assertRaises(pitot.UsageError):
            config.set({"seed": 1, "no.such": 2})
        self.assertEqual(config.to_json(), before)
        self.assertEqual(config.set({"train": {"folds": 3}})["train.folds"], 3)
        with self.assertRaisesRegex(pitot.UsageError, "kernel"):
            pitot.Config("kernle")
        with tempfile.TemporaryDirectory() as folder:
            config.save(Path(folder) / "config.json")
            self.assertEqual(pitot.Config.load(Path(folder) / "config.json"), config)


class LearningTest(unittest.TestCase):
    def test_observe_advise_explain(self):
        model = fleet_model().observe(EXAMPLES / "today.csv")
        self.assertIn("jit.phone2", model.platforms)
        self.assertEqual((model.observed.runs, model.observed.new_pairs), (36, 9))
        advice = model.advise(3, platforms="jit.phone2", progress=False)
        self.assertEqual(len(advice), 3)
        self.assertTrue((np.diff(advice.error) <= 0).all() and advice.error[0] < advice.error_now)
        self.assertEqual(set(advice.platform), {"jit.phone2"})
        among = model.advise(1, among=(["jit.phone2"], ["lu"]), progress=False)
        self.assertEqual(among.module.tolist(), ["lu"])
        why = model.explain("jit.phone2", "fft", most=3)
        self.assertAlmostEqual(sum(why.terms.values()), why.answer)
        self.assertEqual(why.runtime_us, model.predict("jit.phone2", "fft").runtime_us)
        self.assertEqual((why.near[0].platform, why.near[0].module), ("jit.phone2", "fft"))
        self.assertIn("nearest of what was measured", str(why))

    def test_models_that_do_not_learn_on_say_so(self):
        model = pitot.fit(fleet(), "baseline/linear_scaling", progress=False)
        self.assertFalse(model.learns_on)
        with self.assertRaises(pitot.InputError):
            model.explain("jit.desk", "fft")

    def test_rows_predicted_from_features(self):
        frame = optional("pandas").read_csv(EXAMPLES / "new-modules.csv", index_col="name")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pitot.PitotWarning)
            model = described_model().with_rows(modules=frame)
        answer = model.predict("jit.desk", ["kmeans", "crc", "fft"])
        self.assertEqual(answer.basis.tolist(), ["features", "features", "measured"])

    def test_evaluation(self):
        result = fleet_model().evaluate(fleet(), share=0.8, replicates=2, progress=False)
        objective = result.objectives[0]
        self.assertEqual((result.replicates, result.complete, objective.objective), (2, True, "mf"))
        self.assertAlmostEqual(objective.replicate_error.mean(), objective.error)
        self.assertLess(objective.error, objective.baseline_error)
        self.assertEqual([bound.confidence for bound in objective.bounds], [0.9])
        self.assertEqual(len(objective.percentiles), 100)


if __name__ == "__main__":
    unittest.main()

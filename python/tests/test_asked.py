"""What is asked of models in ways that could be meant otherwise: an answer to what was meant, or an error that says so."""

import subprocess
import sys
import unittest

import numpy as np
from support import ROOT, busy_model, fleet_model, optional, pitot


class AskedTest(unittest.TestCase):
    def refuses(self, kind, words, call):
        with self.assertRaises(kind) as caught:
            call()
        self.assertIn(words, str(caught.exception))

    def test_answers_are_of_what_was_asked_then(self):
        model = busy_model()
        platform, module, beside = np.array([0, 1], "i4"), np.array([0, 1], "i4"), np.array([[2], [3]], "i4")
        asked = model.predict(platform, module, beside)
        wanted = model.predict(platform.copy(), module.copy(), beside.copy())
        wanted = wanted.lower_us.copy(), wanted.deviation.copy(), wanted.to_frame()
        platform[:], module[:], beside[:] = 5, 7, 1
        np.testing.assert_array_equal(asked.lower_us, wanted[0])
        np.testing.assert_array_equal(asked.deviation, wanted[1])
        self.assertEqual(str(asked.to_frame()), str(wanted[2]))

    def test_a_list_of_as_many_co_runners_as_rows_could_be_either(self):
        model = busy_model()
        rows = ["jit.desk"] * 2, ["fft"] * 2
        self.refuses(pitot.UsageError, "list of lists", lambda: model.predict(*rows, ["sort", "hash"]))
        each = model.predict(*rows, [["sort"], ["hash"]]).runtime_us
        np.testing.assert_array_equal(each, model.predict(*rows, np.array(["sort", "hash"])).runtime_us)
        both = model.predict(*rows, "sort;hash").runtime_us
        self.assertEqual(both[0], model.predict("jit.desk", "fft", ["sort", "hash"]).runtime_us)
        self.assertNotEqual(both[0], each[0])

    def test_names_in_frames_are_texts(self):
        pandas = optional("pandas")
        frame = pandas.DataFrame({"platform": [1, 2], "module": ["fft", "fft"]})
        self.refuses(pitot.InputError, "names are texts", lambda: fleet_model().predict(frame))

    def test_cells_are_names_or_numbers(self):
        model = fleet_model()
        self.refuses(pitot.InputError, "row 1", lambda: model.predict(["jit.desk", np.nan], "fft"))
        self.refuses(pitot.UsageError, "not both", lambda: model.predict(["jit.desk", 3], "fft"))

    def test_masked_cells_are_missing(self):
        masked = np.ma.array(["jit.desk", "jit.lap"], mask=[False, True])
        self.refuses(pitot.InputError, "row 1", lambda: fleet_model().predict(masked, "fft"))
        numbers = np.ma.array([0, 1], mask=[False, True])
        self.assertRaises(pitot.Error, lambda: fleet_model().predict(numbers, "fft"))

    def test_new_rows_of_a_model_of_logarithms_are_logarithms(self):
        pandas = optional("pandas")
        names = [f"m{i}" for i in range(6)]
        frame = pandas.DataFrame(
            [("a" if i % 2 else "b", name, 10.0 + i) for i, name in enumerate(names * 3)],
            columns=["platform", "module", "runtime_us"],
        )
        logs = pandas.DataFrame({"add": np.arange(6) + 0.5, "mul": np.arange(6) + 0.25}, index=names)
        data = pitot.Dataset.from_frame(frame, module_features=logs, module_counts=False)
        new = pandas.DataFrame({"add": [3.0], "mul": [5.0]}, index=["new"])
        more = pitot.fit(data, progress=False).with_rows(modules=new)
        np.testing.assert_array_equal(more.module_features[-1], [3.0, 5.0])

    def test_nothing_asked_is_answered_by_nothing(self):
        pandas = optional("pandas")
        frame = pandas.DataFrame({"platform": ["jit.desk"], "module": ["fft"]})[:0]
        self.assertEqual(len(fleet_model().predict(frame)), 0)
        self.assertEqual(len(fleet_model().predict([], []).to_frame()), 0)

    def test_an_empty_choice_is_not_all(self):
        model = fleet_model()
        self.refuses(pitot.UsageError, "platforms is empty", lambda: model.advise(3, platforms=[]))
        self.refuses(pitot.UsageError, "is empty", lambda: model.advise(3, among=([], [])))
        fleet = str(ROOT / "examples" / "fleet.csv")
        for share in (0, 1, -0.5, "x"):
            self.refuses(pitot.UsageError, "share", lambda: pitot.evaluate(fleet, share=share))
        for replicates in (0, -1, 1.5):
            self.refuses(pitot.UsageError, "replicates", lambda: pitot.evaluate(fleet, replicates=replicates))

    def test_what_computes_is_asked_for(self):
        fleet = str(ROOT / "examples" / "fleet.csv")
        plain = pitot.fit(fleet, "baseline/linear_scaling", backend="cpu", devices=[0], precision="fp32", progress=False)
        self.assertEqual(plain.to_bytes(), pitot.fit(fleet, "baseline/linear_scaling", progress=False).to_bytes())
        self.refuses(pitot.UsageError, "device 1", lambda: pitot.fit(fleet, devices=np.array([0, 1])))
        self.refuses(pitot.UsageError, "no precision 'tf32'", lambda: pitot.fit(fleet, precision="tf32"))
        self.refuses(pitot.UsageError, "no precision 'half'", lambda: pitot.evaluate(fleet, precision="half"))

    def test_words_that_mean_nothing_are_refused(self):
        pandas = optional("pandas")
        frame = pandas.DataFrame({"platform": ["jit.desk"], "module": ["fft"]})
        self.refuses(pitot.UsageError, "platfrom", lambda: fleet_model().predict(frame, columns={"platfrom": "x"}))

    def test_values_of_wrong_types_are_errors_of_ours(self):
        model = fleet_model()
        fleet = str(ROOT / "examples" / "fleet.csv")
        for call in (
            lambda: model.find("platform", [3]),
            lambda: pitot.Config(5),
            lambda: pitot.fit(fleet, threads="2"),
            lambda: pitot.fit(fleet, devices="0,1"),
            lambda: pitot.fit(fleet, devices=[0.5]),
            lambda: pitot.fit(fleet, devices=[2**31]),
            lambda: pitot.fit(fleet, precision=32),
            lambda: model.advise(2.5),
            lambda: pitot.load(None),
            lambda: model.explain(0, 0, 2.5),
        ):
            self.assertRaises(pitot.Error, call)

    def test_values_of_numpy_are_values(self):
        config = pitot.Config("kernel", {"train": {"folds": np.int64(5)}, "calibration_share": np.float64(0.2)})
        self.assertEqual((config["train.folds"], config["calibration_share"]), (5, 0.2))
        layers = pitot.Config("embedding/128", {"model.layers": np.array([8, 4])})
        self.assertEqual(layers["model.layers"], [8, 4])

    def test_columns_of_near_confidences_have_names_of_their_own(self):
        columns = fleet_model().predict("jit.desk", ["fft"], confidence=[0.9999991, 0.9999992]).columns()
        self.assertIn("upper_us_0.9999991", columns)
        self.assertIn("upper_us_0.9999992", columns)

    def test_python_may_leave_while_a_thread_fits(self):
        script = """
import sys, threading, time
sys.path.insert(0, sys.argv[1])
import pitot
began = threading.Event()
settings = {"preset": "linear/128", "train.checkpoints": 1000000}
fit = lambda: pitot.fit(sys.argv[2], settings, progress=lambda done, total: began.set())
threading.Thread(target=fit, daemon=True).start()
assert began.wait(60)
"""
        fleet = str(ROOT / "examples" / "fleet.csv")
        done = subprocess.run([sys.executable, "-c", script, str(ROOT / "python"), fleet], timeout=120, check=False)
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()

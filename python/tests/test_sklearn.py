"""The regressor within scikit-learn: its conventions, selection of models, pipelines."""

import pickle
import unittest
import warnings

import numpy as np
from support import EXAMPLES, fleet, fleet_model, optional, pitot

optional("sklearn")

from sklearn.base import clone  # noqa: E402
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import FunctionTransformer  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

from pitot.sklearn import PitotRegressor  # noqa: E402

QUICK = "baseline/linear_scaling"

# Checks that do not pass even when numbers are made names of, and why; docs/python.md tells it.
FAILING = {
    "check_estimators_nan_inf": "wants a message of NaN or inf; where a name is missing, the message says that the cell is empty",
    "check_regressors_train": "wants R² above 0.5 on numbers from two of ten columns, which no names tell",
}


class NamesOfNumbers(PitotRegressor):
    """Takes the numbers that scikit-learn's checks are made of: names of what they are rounded to, and a positive y."""

    def _more_tags(self):
        return {**super()._more_tags(), "X_types": ["2darray"]}

    def fit(self, X, y):
        if y is not None and np.asarray(y).dtype.kind in "fiu" and not np.isnan(np.asarray(y, float)).any():
            y = np.abs(np.asarray(y, float)) + 1.0
        return super().fit(X, y)

    def _columns(self, X, fitting):
        array = np.asarray(X) if not hasattr(X, "toarray") else X
        if getattr(array, "ndim", 0) == 2 and array.dtype.kind in "fiuO" and not hasattr(X, "toarray"):
            width = array.shape[1]
            if width >= 2 and array.shape[0]:
                values = array.astype(float)
                names = np.where(np.isfinite(values), np.char.add("n", np.round(values).astype(str)), None)
                return self._numbered(names, width, fitting)
        return super()._columns(X, fitting)

    def _numbered(self, names, width, fitting):
        if not fitting and width != self.n_features_in_:
            return super()._columns(names, fitting)
        result = super()._columns(names, fitting)
        return {"platform": result["platform"], "module": result["module"]}


def table():
    return fleet().to_frame()


class ConventionsTest(unittest.TestCase):
    def setUp(self):
        warnings.simplefilter("ignore", pitot.PitotWarning)

    def test_check_estimator(self):
        check_estimator(PitotRegressor())

    def test_checks_with_names_made_of_numbers(self):
        failed = {}
        passed = set()
        for estimator, check in check_estimator(NamesOfNumbers(QUICK), generate_only=True):
            name = getattr(check, "func", check).__name__
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    check(estimator)
                    passed.add(name)
                except unittest.SkipTest:
                    pass
                except Exception as error:
                    failed[name] = f"{type(error).__name__}: {error}"
        self.assertEqual(set(failed), set(FAILING), failed)
        self.assertGreater(len(passed), 25)

    def test_parameters(self):
        regressor = PitotRegressor("kernel", seed=3, settings={"model.kernel_steps": 20})
        self.assertEqual(clone(regressor).get_params(), regressor.get_params())
        self.assertEqual(regressor.set_params(seed=4).seed, 4)
        with self.assertRaisesRegex(pitot.UsageError, "kernel"):
            PitotRegressor("kernle").fit(table()[["platform", "module"]], table()["runtime_us"])


class AnswersTest(unittest.TestCase):
    def setUp(self):
        warnings.simplefilter("ignore", pitot.PitotWarning)
        self.table = table()
        self.X, self.y = self.table[["platform", "module"]], self.table["runtime_us"]

    def test_it_answers_as_the_model_does(self):
        regressor = PitotRegressor().fit(self.X, self.y)
        self.assertEqual(regressor.model_.to_bytes(), fleet_model().to_bytes())
        answer = fleet_model().predict(self.table["platform"], self.table["module"], confidence=0.95)
        runtime, deviation = regressor.predict(self.X, return_std=True)
        np.testing.assert_array_equal(runtime, answer.runtime_us)
        np.testing.assert_allclose(deviation / runtime, answer.deviation, rtol=0.02)
        lower, upper = regressor.predict_interval(self.X, 0.9)
        np.testing.assert_array_equal(lower, answer.lower_us)
        np.testing.assert_array_equal(upper, answer.upper_us)
        np.testing.assert_array_equal(regressor.predict_bound(self.X, 0.95), answer.upper_us)
        np.testing.assert_array_equal(regressor.predict(self.X.to_numpy()), runtime)
        self.assertGreater(regressor.score(self.X, self.y), 0.99)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(regressor)).predict(self.X), runtime)

    def test_co_runners(self):
        busy = optional("pandas").concat([self.table, pitot.Dataset.load(EXAMPLES / "beside.csv").to_frame()])
        regressor = PitotRegressor("kernel").fit(busy[["platform", "module", "with"]], busy["runtime_us"])
        X = np.array([["jit.desk", "fft", "sort", None], ["jit.desk", "fft", None, None]], dtype=object)
        X = optional("pandas").DataFrame({"platform": X[:, 0], "module": X[:, 1], "with": X[:, 2]})
        beside, alone = regressor.predict(X)
        self.assertGreater(beside, alone)

    def test_names_that_are_not_known(self):
        regressor = PitotRegressor(QUICK).fit(self.X, self.y)
        X = [["jit.desk", "new"], ["new", "fft"], ["new", "new"], ["jit.desk", "fft"]]
        with self.assertWarnsRegex(pitot.PitotWarning, "3 of 4 rows"):
            answer = regressor.predict(X)
        every = regressor.model_.predict_all().runtime_us
        self.assertAlmostEqual(answer[0], np.exp(np.log(every[0]).mean()))
        self.assertAlmostEqual(answer[2], np.exp(np.log(every).mean()))
        self.assertTrue(np.isnan(regressor.predict_bound(X)[:3]).all())
        with self.assertRaisesRegex(pitot.InputError, "no platform 'new'"):
            regressor.set_params(unknown="error").predict(X)

    def test_names_that_are_missing(self):
        regressor = PitotRegressor(QUICK).fit(self.X, self.y)
        for gap in (None, float("nan")):
            X = np.array([["jit.desk", "fft"], ["jit.desk", gap]], dtype=object)
            with self.assertRaisesRegex(pitot.InputError, "column 'module' of X, row 1 .* is empty"):
                regressor.predict(X)
            with self.assertRaisesRegex(pitot.InputError, "column 'module' of X, row 1 .* is empty"):
                PitotRegressor(QUICK).fit(X, [1.0, 2.0])

    def test_columns_have_the_names_of_fit(self):
        regressor = PitotRegressor(QUICK).fit(self.X, self.y)
        np.testing.assert_array_equal(regressor.predict(self.X[["module", "platform"]]), regressor.predict(self.X))
        words = "should match(.|\n)*unseen at fit time:\n- mod\n- plat\n(.|\n)*now missing:\n- platform\n- module"
        with self.assertRaisesRegex(pitot.UsageError, words):
            regressor.predict(self.X.rename(columns={"platform": "plat", "module": "mod"})[["mod", "plat"]])
        X = self.X.rename(columns={"platform": "plat", "module": "mod"})
        with self.assertRaisesRegex(pitot.UsageError, "same order"):
            PitotRegressor(QUICK).fit(X, self.y).predict(X[["mod", "plat"]])

    def test_co_runners_that_are_not_known(self):
        pandas = optional("pandas")
        busy = pandas.concat([self.table, pitot.Dataset.load(EXAMPLES / "beside.csv").to_frame()])
        regressor = PitotRegressor("kernel").fit(busy[["platform", "module", "with"]], busy["runtime_us"])
        X = pandas.DataFrame({"platform": "jit.desk", "module": "fft", "with": ["sort;new", "sort", "new", ""]})
        with self.assertWarnsRegex(pitot.PitotWarning, "2 of 4 rows"):
            answer = regressor.predict(X)
        self.assertEqual(answer[0], answer[1])
        self.assertEqual(answer[2], answer[3])
        self.assertEqual(np.isnan(regressor.predict_bound(X)).tolist(), [True, False, True, False])
        with self.assertRaisesRegex(pitot.InputError, "no module 'new'"):
            regressor.set_params(unknown="error").predict(X)

    def test_co_runners_with_semicolons(self):
        pandas = optional("pandas")
        table = pandas.DataFrame(self.table).replace({"module": {"sort": "x;y"}})
        beside = pandas.DataFrame({"platform": "jit.desk", "module": ["fft", "x;y"], "runtime_us": [5000.0, 6000.0]})
        beside["with"] = [["x;y"], ["fft"]]
        table["with"] = [[]] * len(table)
        busy = pandas.concat([table, beside], ignore_index=True)
        X = busy[["platform", "module", "with"]]
        regressor = PitotRegressor(QUICK).fit(X, busy["runtime_us"])
        self.assertNotIn("y", regressor.model_.modules)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pitot.PitotWarning)
            self.assertEqual(regressor.predict(X).shape, (len(X),))

    def test_selection_and_pipelines(self):
        scores = cross_val_score(
            PitotRegressor(), self.X, self.y, cv=KFold(3, shuffle=True, random_state=0),
            scoring="neg_mean_absolute_percentage_error",
        )  # fmt: skip
        self.assertGreater(scores.min(), -0.3)
        search = GridSearchCV(
            PitotRegressor(), {"preset": [QUICK, "kernel"]}, cv=KFold(2, shuffle=True, random_state=0),
            scoring="neg_mean_absolute_percentage_error", error_score="raise",
        )  # fmt: skip
        self.assertEqual(search.fit(self.X, self.y).best_params_, {"preset": "kernel"})
        pipeline = make_pipeline(FunctionTransformer(lambda X: X.apply(lambda c: c.str.lower())), PitotRegressor(QUICK))
        self.assertEqual(pipeline.fit(self.X, self.y).predict(self.X).shape, (172,))
        groups = self.X["platform"] + "/" + self.X["module"]
        grouped = cross_val_score(PitotRegressor(QUICK), self.X, self.y, cv=GroupKFold(3), groups=groups)
        self.assertEqual(len(grouped), 3)


if __name__ == "__main__":
    unittest.main()

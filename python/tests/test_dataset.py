"""Datasets from files, frames and arrays: all of them the same, to the digest."""

import copy
import math
import pickle
import tempfile
import unittest
import warnings
from pathlib import Path

import numpy as np
from support import EXAMPLES, fleet, optional, pitot

import pitot._features as features

FLEET = {
    "platform": ["desk", "desk", "board"],
    "module": ["fft", "sort", "fft"],
    "runtime_us": [1600.0, 900.0, 21000.0],
}


def frame(file, **options):
    return optional("pandas").read_csv(EXAMPLES / file, **options)


class FrameTest(unittest.TestCase):
    def test_a_frame_is_what_its_file_is(self):
        self.assertEqual(pitot.Dataset.from_frame(frame("fleet.csv")).digest, fleet().digest)

    def test_a_frame_of_runs_beside_others_is_what_its_file_is(self):
        self.assertEqual(
            pitot.Dataset.from_frame(frame("beside.csv")).digest, pitot.Dataset.load(EXAMPLES / "beside.csv").digest
        )

    def test_co_runners_that_were_never_measured_come_in_the_order_of_rows(self):
        table = "platform,module,runtime_us,with\np,a,1,\np,b,2,z;a\np,y,3,b\np,z,4,x\n"
        columns = {
            "platform": ["p"] * 4, "module": ["a", "b", "y", "z"], "runtime_us": [1, 2, 3, 4], "with": [None, "z;a", "b", "x"],
        }  # fmt: skip
        self.assertEqual(pitot.Dataset.load(table.encode()).modules, ("a", "b", "z", "y", "x"))
        self.assertEqual(pitot.Dataset.from_frame(columns).digest, pitot.Dataset.load(table.encode()).digest)

    def test_features_in_frames_are_what_they_are_in_files(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pitot.PitotWarning)
            by_file = pitot.Dataset.load(
                EXAMPLES / "fleet.csv",
                platform_features=EXAMPLES / "devices.csv",
                module_features=EXAMPLES / "opcodes.csv",
            )
            by_frame = pitot.Dataset.from_frame(
                frame("fleet.csv"),
                platform_features=frame("devices.csv", index_col="name"),
                module_features=frame("opcodes.csv"),
            )
        self.assertEqual(by_frame.platform_feature_names, by_file.platform_feature_names)
        self.assertEqual(by_frame.module_feature_names, by_file.module_feature_names)
        np.testing.assert_array_equal(by_frame.platform_features, by_file.platform_features)
        np.testing.assert_array_equal(by_frame.module_features, by_file.module_features)
        self.assertEqual(by_frame.digest, by_file.digest)

    def test_categoricals_and_extension_types(self):
        pandas = optional("pandas")
        table = frame("fleet.csv")
        table["platform"] = pandas.Categorical(
            table["platform"], categories=sorted(set(table["platform"])) + ["unused"]
        )
        table["module"] = table["module"].astype("string")
        table["runtime_us"] = table["runtime_us"].astype("Float64")
        self.assertEqual(pitot.Dataset.from_frame(table).digest, fleet().digest)

    def test_there_and_back(self):
        optional("pandas")
        data = pitot.Dataset.load(EXAMPLES / "beside.csv")
        self.assertEqual(pitot.Dataset.from_frame(data.to_frame()).digest, data.digest)

    def test_units_are_said_once(self):
        columns = {"platform": ["p"], "module": ["m"], "runtime": [14.026]}
        with self.assertRaisesRegex(pitot.UsageError, "unit"):
            pitot.Dataset.from_frame(columns)
        self.assertEqual(pitot.Dataset.from_frame(columns, unit="ms").runtime_us.tolist(), [14026.0])
        with self.assertRaisesRegex(pitot.UsageError, "contradicts"):
            pitot.Dataset.from_frame({**FLEET, "runtime_us": FLEET["runtime_us"]}, unit="ms")
        nanoseconds = {"platform": ["p"], "module": ["m"], "runtime_ns": np.array([1234567])}
        self.assertEqual(pitot.Dataset.from_frame(nanoseconds).runtime_us.tolist(), [1234.567])

    def test_columns_by_other_names(self):
        columns = {"Device": ["p"], "Test": ["m"], "wall": [3], "Beside": ["n;o"]}
        data = pitot.Dataset.from_frame(
            columns, platform="Device", module="Test", runtime="wall", unit="us", with_="Beside"
        )
        self.assertEqual(data.modules, ("m", "n", "o"))
        with self.assertRaisesRegex(ValueError, "no column 'platform'; it has 'Device'"):
            pitot.Dataset.from_frame(columns)

    def test_faults_name_column_and_row(self):
        for change, words in (
            ({"platform": ["desk", None, "board"]}, "column 'platform', row 1"),
            ({"runtime_us": [1.0, 2.0, float("nan")]}, "column 'runtime_us', row 2"),
            ({"module": [1, 2, 3]}, "column 'module' holds int64"),
            ({"runtime_us": ["a", "b", "c"]}, "column 'runtime_us'"),
            ({"runtime_us": [1.0, -2.0, 3.0]}, "row 1"),
            ({"module": ["a", "b"]}, "2 rows where the ones before it have 3"),
        ):
            with self.subTest(words), self.assertRaisesRegex(pitot.Error, words):
                pitot.Dataset.from_frame({**FLEET, **change})

    def test_a_frame_without_rows(self):
        pandas = optional("pandas")
        for empty in (pandas.DataFrame(FLEET)[:0], {name: [] for name in FLEET}, pandas.DataFrame(columns=[*FLEET])):
            with self.assertRaisesRegex(pitot.InputError, "the frame has no rows"):
                pitot.Dataset.from_frame(empty)

    def test_masked_cells_are_missing(self):
        mask = [False, True, False]
        for change, words in (
            ({"runtime_us": np.ma.array([1, 2, 3], mask=mask)}, "column 'runtime_us', row 1"),
            ({"runtime_us": np.ma.array([1.0, 2.0, 3.0], mask=mask)}, "column 'runtime_us', row 1"),
            ({"module": np.ma.array(["fft", "sort", "fft"], mask=mask)}, "column 'module', row 1"),
        ):
            with self.subTest(words), self.assertRaisesRegex(pitot.InputError, words):
                pitot.Dataset.from_frame({**FLEET, **change})
        whole = pitot.Dataset.from_frame({**FLEET, "runtime_us": np.ma.array(FLEET["runtime_us"])})
        self.assertEqual(whole.digest, pitot.Dataset.from_frame(FLEET).digest)
        beside = {**FLEET, "with": np.ma.array(["sort", "fft", "sort"], mask=mask)}
        self.assertEqual(pitot.Dataset.from_frame(beside).rows_alone, 1)

    def test_columns_that_nobody_asks_for_are_left_alone(self):
        pandas = optional("pandas")
        table = pandas.DataFrame(FLEET)
        table["runtime_us"] = table["runtime_us"].astype("Sparse[float]")
        table["flag"] = pandas.arrays.SparseArray([1, 0, 0])
        self.assertEqual(pitot.Dataset.from_frame(table).digest, pitot.Dataset.from_frame(FLEET).digest)

    def test_columns_of_co_runners_in_any_case(self):
        for name in ("With", "WITH", "With1"):
            self.assertEqual(pitot.Dataset.from_frame({**FLEET, name: ["sort", "", ""]}).rows_alone, 2)

    def test_names_with_semicolons_there_and_back(self):
        optional("pandas")
        for modules in (["a", "x;y", "b"], ["a", " x", "b"]):
            data = pitot.Dataset.from_arrays(
                [0, 0, 0], [0, 0, 0], [3, 4, 5], [[-1, -1], [1, 2], [2, -1]], platforms=["p"], modules=modules
            )
            self.assertEqual(pitot.Dataset.from_frame(data.to_frame()).digest, data.digest)

    def test_something_else_is_no_frame(self):
        with self.assertRaisesRegex(pitot.UsageError, "a list is no table"):
            pitot.Dataset.from_frame([1, 2])


class FeatureTest(unittest.TestCase):
    def side(self, columns, side="module", **options):
        return features.side_table(columns, side, **options)

    def test_scales_of_counts(self):
        names = {"name": ["a", "b"]}
        np.testing.assert_array_equal(self.side({**names, "x": [1, 7]}).features[:, 0], np.log1p([1, 7]))
        np.testing.assert_array_equal(self.side({**names, "log1p(x)": [0.5, 7]}).features[:, 0], [0.5, 7])
        self.assertEqual(self.side({**names, "count(x)": [1.5, 7]}).feature_names, ["x"])
        with self.assertRaisesRegex(pitot.UsageError, "not clear.*0.3"):
            self.side({**names, "x": [0.3, 7]})
        np.testing.assert_array_equal(self.side({**names, "x": [0.3, 7]}, counts=False).features[:, 0], [0.3, 7])
        with self.assertWarnsRegex(pitot.PitotWarning, "taken as ln"):
            self.side({**names, "x": np.log1p([12, 7])})

    def test_gaps_are_filled_with_a_warning(self):
        with self.assertWarnsRegex(pitot.PitotWarning, "column 'ghz': 1 empty"):
            table = self.side({"name": ["a", "b", "c"], "ghz": [1.0, None, 3.0]}, "platform")
        self.assertEqual(table.features[:, 0].tolist(), [1, 2, 3])

    def test_a_name_comes_once(self):
        pandas = optional("pandas")
        twice = pandas.DataFrame({"ghz": [1.0, 2, 3, 99]}, index=["a", "b", "c", "a"])
        for table in (twice, twice.rename_axis("name").reset_index()):
            with self.assertRaisesRegex(pitot.InputError, "platform 'a' twice"):
                self.side(table, "platform")

    def test_names_are_in_the_index_or_in_a_column(self):
        pandas = optional("pandas")
        table = pandas.DataFrame({"Name": ["Pi", "PC"], "ghz": [1.0, 2.0]}, index=["a", "b"])
        with self.assertRaisesRegex(pitot.InputError, "in their index and others in column 'Name'"):
            self.side(table, "platform")
        table["Name"] = table.index
        self.assertEqual(self.side(table, "platform").names, ["a", "b"])

    def test_truths_are_categories_beside_gaps(self):
        pandas = optional("pandas")
        for truths in (pandas.array([True, None, False], "boolean"), np.ma.array([True, True, False], mask=[0, 1, 0])):
            with self.assertWarnsRegex(pitot.PitotWarning, "column 'jit': 1 empty"):
                table = self.side({"name": ["a", "b", "c"], "jit": truths}, "platform")
            self.assertEqual(table.feature_names, ["jit=false", "jit=true"])
            self.assertEqual(table.features.tolist(), [[0, 1], [0, 0], [1, 0]])
        with self.assertWarnsRegex(pitot.PitotWarning, "column 'jit': 1 empty"):
            frame = pandas.DataFrame({"jit": pandas.array([True, None, True], "boolean")}, index=["a", "b", "c"])
            self.assertEqual(self.side(frame, "platform").features.tolist(), [[1], [0], [1]])

    def test_whole_numbers_are_what_the_features_of_the_model_are(self):
        new = {"name": ["new"], "add": [3.0], "mul": [5.0]}
        known = ["mul", "add"]
        logs = np.array([[1.5, 2.0], [0.25, 3.0]])
        with self.assertWarnsRegex(pitot.PitotWarning, "taken as they are.*'mul'"):
            table = self.side(new, known=known, known_features=logs)
        self.assertEqual(table.features.tolist(), [[3, 5]])
        counts = np.log1p([[1.0, 2.0], [7.0, 3.0], [2.0, 2.0]])
        counts[2] = counts[:2].mean(axis=0)  # where gaps were
        for options in ({"known_features": counts}, {"known_features": logs, "counts": True}, {}):
            table = self.side(new, known=known, **options)
            self.assertEqual(table.features.tolist(), [[math.log1p(3), math.log1p(5)]])

    def test_warnings_point_at_the_caller(self):
        with self.assertWarns(pitot.PitotWarning) as caught:
            pitot.Dataset.from_frame(FLEET, platform_features={"name": ["desk", "board"], "ghz": [1.0, None]})
        self.assertEqual(caught.filename, __file__)

    def test_texts_are_a_feature_a_category(self):
        table = self.side({"name": ["a", "b", "c"], "cpu": ["i5", "A72", "i5"], "jit": [True, False, True]}, "platform")
        self.assertEqual(table.feature_names, ["cpu=A72", "cpu=i5", "jit=false", "jit=true"])
        self.assertEqual(table.features.tolist(), [[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1]])
        of_modules = self.side({"name": ["a", "b", "c"], "language": ["C", "Rust", "C"]}).features
        self.assertEqual(of_modules[:, 0].tolist(), [math.log(2), 0, math.log(2)])
        with self.assertWarnsRegex(pitot.PitotWarning, "text of its own in all rows"):
            self.side({"name": ["a", "b", "c"], "serial": ["x", "y", "z"]}, "platform")

    def test_categories_that_a_model_does_not_know(self):
        with self.assertWarnsRegex(pitot.PitotWarning, "cpu=M1"):
            table = self.side({"name": ["a", "b"], "cpu": ["M1", "i5"]}, "platform", known=["cpu=A72", "cpu=i5"])
        self.assertEqual(table.feature_names, ["cpu=i5", "cpu=A72"])
        self.assertEqual(table.features.tolist(), [[0, 0], [1, 0]])

    def test_names_without_features_are_refused(self):
        with self.assertRaisesRegex(pitot.InputError, "platform 'board' has no row"):
            pitot.Dataset.from_frame(FLEET, platform_features={"name": ["desk"], "ghz": [4.0]})


class ArrayTest(unittest.TestCase):
    def test_arrays_of_numbers_and_of_names(self):
        by_name = pitot.Dataset.from_arrays(FLEET["platform"], FLEET["module"], FLEET["runtime_us"])
        by_number = pitot.Dataset.from_arrays(
            [0, 0, 1], np.array([0, 1, 0]), FLEET["runtime_us"], platforms=["desk", "board"], modules=["fft", "sort"]
        )
        self.assertEqual(by_name.digest, by_number.digest)

    def test_co_runners(self):
        data = pitot.Dataset.from_arrays(
            [0, 0], [0, 1], [3, 4], [[1, -1], [-1, -1]], platforms=["p"], modules=["a", "b"]
        )
        self.assertEqual(data.runtime_us.tolist(), [4, 3])  # runs alone come first
        self.assertEqual(data.co_runners[1].max(), 1)

    def test_faults(self):
        sides = {"platforms": ["p"], "modules": ["m"]}
        for arguments, words in (
            (([0], [1], [1.0]), "module"),
            (([0, 0], [0], [1.0]), "as many elements"),
            (([0.5], [0], [1.0]), "float64 where row numbers"),
            (([0], [0], [0.0]), "runtime"),
        ):
            with self.subTest(words), self.assertRaisesRegex(pitot.Error, words):
                pitot.Dataset.from_arrays(*arguments, **sides)

    def test_frames_of_features_are_found_by_name(self):
        pandas = optional("pandas")
        table = pandas.DataFrame({"ghz": [2.0, 1.0], "cores": [8, 4]}, index=["board", "desk"])
        by_frame = pitot.Dataset.from_frame(FLEET, platform_features=table)
        rows = ([0, 0, 1], [0, 1, 0], FLEET["runtime_us"])
        by_number = pitot.Dataset.from_arrays(
            *rows, platforms=["desk", "board"], modules=["fft", "sort"], platform_features=table
        )
        by_name = pitot.Dataset.from_arrays(*FLEET.values(), platform_features=table)
        self.assertEqual(by_number.platform_feature_names, ("ghz", "cores"))
        self.assertEqual(by_number.digest, by_frame.digest)
        self.assertEqual(by_name.digest, by_frame.digest)

    def test_times_are_numbers(self):
        sides = {"platforms": ["p"], "modules": ["m"]}
        for times, words in (
            (np.array([5, 6], "m8[ms]"), "timedelta64"),
            (np.array(["2020", "2021"], "M8[s]"), "datetime64"),
            (list(np.array([5, 6], "m8[ns]")), "timedelta64"),
            (["a", "b"], "no number"),
            ([1.0, None], "row 1"),
            (np.ma.array([5, 6], mask=[0, 1]), "row 1"),
        ):
            with self.subTest(words), self.assertRaisesRegex(pitot.InputError, words):
                pitot.Dataset.from_arrays([0, 0], [0, 0], times, **sides)
        with self.assertRaisesRegex(pitot.InputError, "platform, row 1"):
            pitot.Dataset.from_arrays(np.ma.array([0, 0], mask=[0, 1]), [0, 0], [1, 2], **sides)
        beside = np.ma.array([[0], [0]], mask=[[0], [1]])
        self.assertEqual(pitot.Dataset.from_arrays([0, 0], [0, 0], [1, 2], beside, **sides).rows_alone, 1)
        features = np.ma.array([[1.0]], mask=[[True]])
        with self.assertRaisesRegex(pitot.InputError, "nan"):
            pitot.Dataset.from_arrays([0, 0], [0, 0], [1, 2], platform_features=features, **sides)

    def test_names_of_rows(self):
        for platforms, words in (([1, 2], "platforms, row 0 .* holds 1"), ("ab", "give a list"), (["a", None], "row 1")):
            with self.subTest(words), self.assertRaisesRegex(pitot.Error, words):
                pitot.Dataset.from_arrays([0, 1], [0, 0], [1.0, 2.0], platforms=platforms, modules=["m"])
        with self.assertRaisesRegex(pitot.UsageError, "platforms= and modules="):
            pitot.Dataset.from_arrays([0, 1], [0, 0], [1.0, 2.0])
        with self.assertRaisesRegex(pitot.UsageError, "fill them up with -1"):
            pitot.Dataset.from_arrays([0, 0], [0, 0], [1, 2], [[0], [0, 0]], platforms=["p"], modules=["m"])

    def test_views_are_borrowed_and_outlive_their_dataset(self):
        data = pitot.Dataset.from_frame(FLEET)
        times = data.runtime_us
        self.assertFalse(times.flags.writeable)
        self.assertEqual(times.ctypes.data, data.runtime_us.ctypes.data)
        del data
        self.assertEqual(times.tolist(), FLEET["runtime_us"])


class FileTest(unittest.TestCase):
    def test_written_and_read(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("fleet.npz", "fleet.csv"):
                fleet().save(Path(folder) / name)
                self.assertEqual(pitot.Dataset.load(str(Path(folder) / name)).digest, fleet().digest)
        self.assertEqual(pitot.Dataset.from_bytes(fleet().to_bytes()).digest, fleet().digest)

    def test_pickled_and_copied(self):
        self.assertEqual(pickle.loads(pickle.dumps(fleet())).digest, fleet().digest)
        self.assertIs(copy.copy(fleet()), fleet())

    def test_notes_are_warnings(self):
        with self.assertWarnsRegex(pitot.PitotWarning, "not known and not used: 'color'"):
            pitot.Dataset.load(b"platform,module,runtime_us,color\np,m,1,red\n")

    def test_what_options_say(self):
        with self.assertRaisesRegex(pitot.InputError, "unit"):
            pitot.Dataset.load(b"platform,module,runtime\np,m,1\n")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pitot.PitotWarning)
            data = pitot.Dataset.load(
                b"a;b;c\np;m;1,5\n", columns={"platform": "a", "module": "b", "runtime": "c"}, unit="ms"
            )
            skipped = pitot.Dataset.load(b"platform,module,runtime_us\np,m,1\np,m,0\n", skip_invalid=True)
        self.assertEqual(data.runtime_us.tolist(), [1500])
        self.assertEqual(skipped.dropped_rows, 1)

    def test_errors_are_of_the_right_kind(self):
        with self.assertRaises(OSError) as caught:
            pitot.Dataset.load("/no/such/file.csv")
        self.assertIsInstance(caught.exception, pitot.MachineError)
        with self.assertRaises(pitot.InputError):
            pitot.Dataset.load(b"")
        with self.assertRaises(pitot.UsageError):
            pitot.Dataset.load(b"x", decimal="x")
        for frames in (FLEET, [FLEET]):
            with self.assertRaisesRegex(pitot.UsageError, "use Dataset.from_frame"):
                pitot.Dataset.load(frames)


if __name__ == "__main__":
    unittest.main()

"""Tables by the Arrow C stream interface."""

import unittest

import numpy as np
from arrow_source import Stream, coded, lists, numbers, texts, truths, views
from support import pitot

from pitot import _arrow, _tables


def plain(column):
    return _tables.plain(column).tolist()


class ReadTest(unittest.TestCase):
    def read(self, *batches):
        stream = Stream(*batches)
        columns = _arrow.read(stream)
        self.assertEqual(stream.released, 2 + len(batches))  # schema, batches and the stream itself
        return columns

    def test_texts_of_every_layout(self):
        cells = ["fft", "", None, "a name of more than twelve bytes", "fft", "größe"]
        for make in (texts, lambda c: texts(c, large=True), views):
            with self.subTest(make):
                self.assertEqual(plain(self.read({"x": make(cells)})["x"]), cells)

    def test_numbers_of_every_width(self):
        for kind in "cCsSiIlLfg":
            with self.subTest(kind):
                self.assertEqual(self.read({"x": numbers(kind, [1, 2, 100])})["x"].tolist(), [1, 2, 100])
        self.assertEqual(self.read({"x": numbers("e", [1.5])})["x"].tolist(), [1.5])

    def test_nulls_among_numbers_are_nan(self):
        got = self.read({"x": numbers("l", [1, 2, 3], valid=[True, False, True])})["x"]
        np.testing.assert_array_equal(got, [1, np.nan, 3])

    def test_truth_values_lie_in_bits(self):
        values = [True, False, True, True, False, False, True, False, True, True]
        self.assertEqual(self.read({"x": truths(values)})["x"].tolist(), values)
        self.assertEqual(self.read({"x": truths(values, offset=3)})["x"].tolist(), values[3:])

    def test_offsets_are_heeded(self):
        self.assertEqual(plain(self.read({"x": texts(["a", None, "b", "c"], offset=1)})["x"]), [None, "b", "c"])
        got = self.read({"x": numbers("g", [1, 2, 3, 4], valid=[True, True, False, True], offset=2)})["x"]
        np.testing.assert_array_equal(got, [np.nan, 4])

    def test_slices_of_tables(self):
        table = {
            "t": texts(["a", None, "b", "c"]), "n": numbers("g", [1, 2, 3, 4], valid=[True, True, False, True]),
            "b": truths([True, False, True, False]), "l": lists([["x"], ["y", "z"], [], ["y"]]),
        }  # fmt: skip
        got = _arrow.read(Stream(table, skip=1))
        self.assertEqual(plain(got["t"]), [None, "b", "c"])
        np.testing.assert_array_equal(got["n"], [2, np.nan, 4])
        self.assertEqual(got["b"].tolist(), [False, True, False])
        self.assertEqual((got["l"].offsets.tolist(), plain(got["l"].values)), ([0, 2, 2, 3], ["y", "z", "y"]))

    def test_dictionaries(self):
        got = self.read({"x": coded([1, 0, 0, 1], ["a", "b"], valid=[True, True, False, True])})["x"]
        self.assertEqual(plain(got), ["b", "a", None, "b"])

    def test_lists_of_texts(self):
        got = self.read({"x": lists([["a", "b"], [], ["a"]])}, {"x": lists([["c"]])})["x"]
        self.assertEqual(got.offsets.tolist(), [0, 2, 2, 3, 4])
        self.assertEqual(plain(got.values), ["a", "b", "a", "c"])

    def test_batches_follow_one_another(self):
        got = self.read(
            {"x": texts(["a", "b"]), "y": numbers("g", [1, 2])}, {"x": texts(["c", "a"]), "y": numbers("g", [3, 4])}
        )
        self.assertEqual(plain(got["x"]), ["a", "b", "c", "a"])
        self.assertEqual(got["x"].texts, ["a", "b", "c"])
        self.assertEqual(got["y"].tolist(), [1, 2, 3, 4])

    def test_a_batch_of_no_rows(self):
        self.assertEqual(plain(self.read({"x": texts([])})["x"]), [])

    def test_a_column_of_nulls_alone(self):
        from arrow_source import Column

        np.testing.assert_array_equal(self.read({"x": Column("n", 2, [])})["x"], [np.nan, np.nan])

    def test_other_types_are_refused_by_name(self):
        from arrow_source import Column

        with self.assertRaisesRegex(pitot.InputError, "column 'when'.*'tsu:UTC'"):
            _arrow.read(Stream({"when": Column("tsu:UTC", 1, [np.zeros(1, "i8")])}))

    def test_what_a_producer_says_of_its_error_is_told(self):
        with self.assertRaisesRegex(pitot.InputError, "the disk is on fire"):
            _arrow.read(Stream({"x": texts(["a"])}, error=b"the disk is on fire"))

    def test_a_single_column_is_no_table(self):
        with self.assertRaisesRegex(pitot.InputError, "give a table"):
            _arrow.read(Stream({"x": texts(["a"])}, single=True))
        self.assertEqual(plain(_arrow.read_column(Stream({"x": texts(["a"])}, single=True))), ["a"])


class DatasetTest(unittest.TestCase):
    def test_a_dataset_of_an_arrow_table(self):
        table = Stream(
            {
                "platform": coded([0, 0, 1], ["desk", "board"]),
                "module": views(["fft", "sort", "fft"]),
                "runtime_ms": numbers("f", [1.5, 0.75, 21.0]),
                "with": lists([[], [], ["sort"]]),
            }
        )
        data = pitot.Dataset.from_frame(table)
        self.assertEqual(data.platforms, ("desk", "board"))
        self.assertEqual(data.runtime_us.tolist(), [1500, 750, 21000])
        self.assertEqual(data.rows_alone, 2)
        self.assertEqual(data.co_runners.tolist(), [[-1], [-1], [1]])

    def test_a_null_where_a_name_is_wanted_is_named(self):
        table = Stream(
            {"platform": texts(["desk", None]), "module": texts(["a", "b"]), "runtime_us": numbers("g", [1, 2])}
        )
        with self.assertRaisesRegex(pitot.InputError, "column 'platform', row 1"):
            pitot.Dataset.from_frame(table)

    def test_a_null_where_a_runtime_is_wanted_is_named(self):
        runtime = numbers("g", [1, 2], valid=[True, False])
        table = Stream({"platform": texts(["desk", "desk"]), "module": texts(["a", "b"]), "runtime_us": runtime})
        with self.assertRaisesRegex(pitot.InputError, "column 'runtime_us', row 1"):
            pitot.Dataset.from_frame(table)


if __name__ == "__main__":
    unittest.main()

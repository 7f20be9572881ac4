"""Pictures: that they are drawn, and what is in them."""

import unittest

from support import EXAMPLES, busy_model, fleet, fleet_model, optional, pitot


class PlotTest(unittest.TestCase):
    def setUp(self):
        optional("matplotlib").use("Agg")
        self.pyplot = optional("matplotlib.pyplot")

    def tearDown(self):
        self.pyplot.close("all")

    def test_matrix(self):
        axes = fleet_model().plot.matrix()
        self.assertEqual(axes.images[0].get_array().shape, (10, 20))
        self.assertEqual(len(axes.lines[0].get_xdata()), 28)  # pairs never measured
        self.assertEqual([label.get_text() for label in axes.get_yticklabels()], list(fleet_model().platforms))

    def test_residuals(self):
        axes = fleet_model().plot.residuals(fleet())
        self.assertEqual(sum(len(line.get_xdata()) for line in axes.lines[:2]), 172)
        axes = busy_model().plot.residuals(pitot.Dataset.load(EXAMPLES / "beside.csv"))
        self.assertEqual(sum(len(line.get_xdata()) for line in axes.lines[:2]), 450)

    def test_coverage(self):
        axes = fleet_model().plot.coverage(fleet(), confidences=[0.5, 0.9])
        self.assertEqual(axes.lines[1].get_xdata().tolist(), [0.5, 0.9])
        self.assertIn("17 runs", axes.get_legend().get_texts()[2].get_text())

    def test_embedding(self):
        _, given = self.pyplot.subplots()
        axes = fleet_model().plot.embedding("module", ax=given)
        self.assertIs(axes, given)
        self.assertEqual(len(axes.collections[0].get_offsets()), 20)
        with self.assertRaises(pitot.UsageError):
            fleet_model().plot.embedding("side")

    def test_all_are_rendered(self):
        import io

        plot = fleet_model().plot
        for axes in (plot.matrix(), plot.residuals(fleet()), plot.coverage(fleet()), plot.embedding()):
            picture = io.BytesIO()
            axes.figure.savefig(picture, format="png")
            self.assertGreater(len(picture.getvalue()), 5000)


if __name__ == "__main__":
    unittest.main()

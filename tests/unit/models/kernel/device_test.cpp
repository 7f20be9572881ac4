// The Gaussian process on a device against the host's, at sizes that no block divides. Skipped where no device answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "backend/dense_algebra.hpp"
#include "backend/device_covariance.hpp"
#include "backend/devices.hpp"
#include "core/key.hpp"
#include "core/team.hpp"
#include "models/kernel/beside_solve.hpp"
#include "models/kernel/deviation.hpp"
#include "models/kernel/device_terms.hpp"
#include "models/kernel/kernel_family.hpp"
#include "models/kernel/likelihood.hpp"
#include "models/kernel/low_rank.hpp"
#include "models/kernel/machine.hpp"
#include "models/kernel/solve.hpp"
#include "pitot/fit.hpp"
#include "support/synthetic.hpp"
#include "train/row_draw.hpp"

namespace pitot::models::kernel::on_device {
namespace {

namespace dense = backend::dense;

// Numbers are compared over the largest of all: sums of many terms of either sign may be near 0.
void expect_near(std::span<const double> actual, std::span<const double> expected, double relative, const char* what) {
    ASSERT_EQ(actual.size(), expected.size()) << what;
    double most = 0.0;
    for (const double v : expected) {
        most = std::max(most, std::abs(v));
    }
    for (std::size_t n = 0; n < actual.size(); ++n) {
        ASSERT_NEAR(actual[n], expected[n], relative * most) << what << " " << n;
    }
}

Matrix<double> factors_of(std::int64_t rows, core::Key key) {
    Matrix<double> factors(rows, 5);
    core::Stream draws(key);
    for (double& v : factors.flat()) {
        v = draws.normal();
    }
    return factors;
}

// A synthetic fleet: its runs alone and beside others, and its distances.
struct Fleet {
    explicit Fleet(const test::SyntheticOptions& options, bool gram = false)
        : dataset(test::synthetic_dataset(options)),
          platforms(platform_distances(dataset.platforms, dataset.platforms.size(), true)),
          modules(module_distances(dataset.modules, dataset.modules.size(), true)) {
        std::vector<std::vector<std::int64_t>> numbers;
        for (std::size_t p = 0; p < dataset.pools.size(); ++p) {
            numbers.emplace_back(static_cast<std::size_t>(dataset.pool(p).size()));
            std::iota(numbers.back().begin(), numbers.back().end(), 0);
        }
        runs = gather_runs(dataset, std::vector<core::RowNumbers>(numbers.begin(), numbers.end()));
        cells = gather_cells(dataset.pool(kAlone), numbers[kAlone]);
        cells.count[3] = 4.0;
        cells.within_squares = 0.3;
        cells.within_freedom = 7.0;
        if (gram) {
            add_factors(factors_of(platforms.rows, core::Key(1)), platforms.rows, platforms);
            add_factors(factors_of(modules.rows, core::Key(2)), modules.rows, modules);
        }
        for (const double mean : cells.mean) {
            target.push_back(mean + 1.0);
        }
        for (const double mean : runs.cells.mean) {
            run_target.push_back(mean + 1.0);
        }
    }

    [[nodiscard]] Layout layout() const { return {platforms, modules}; }
    [[nodiscard]] BesideLayout beside_layout() const { return {platforms, modules}; }
    [[nodiscard]] Tables tables(core::Team& team) const {
        return make_tables(layout(), layout().start(core::Key(1)), platforms, modules, team);
    }
    [[nodiscard]] BesideTables beside_tables(core::Team& team) const {
        std::vector<double> values = beside_layout().start(core::Key(1));
        values[beside_layout().number(2)] = -0.3;
        values[beside_layout().number(3)] = 0.2;
        return make_tables(beside_layout(), values, platforms, modules, team);
    }

    Dataset dataset;
    SideDistances platforms, modules;
    Runs runs;
    Cells cells;
    std::vector<double> target, run_target;
};

// One that few blocks hold, and one that many are needed for.
const test::SyntheticOptions kSmall{.platforms = 7, .modules = 9, .density = 0.7, .together = 90, .width = 3};
const test::SyntheticOptions kLarge{.platforms = 41, .modules = 37, .density = 0.87, .together = 901, .width = 2};

class KernelDevice : public testing::Test {
protected:
    void SetUp() override {
        auto opened = backend::device::open_device({});
        if (!opened) {
            GTEST_SKIP() << opened.error().message();
        }
        device_ = *std::move(opened);
        machine_.emplace(team_, device_.get());
    }

    [[nodiscard]] const Machine& machine() const { return *machine_; }

    core::Team team_{2};
    std::unique_ptr<backend::device::Device> device_;
    std::optional<Machine> machine_;
};

// W of the host in double precision, whatever the size.
Matrix<double> weighed(Matrix<double> covariance, const std::vector<double>& target, core::Team& team, double& square,
                       double& half_log_determinant) {
    const std::int64_t n = covariance.rows();
    EXPECT_FALSE(dense::cholesky(covariance.view(), team));
    std::vector<double> alpha = target;
    dense::solve_lower<double>(covariance.view(), alpha);
    square = std::inner_product(alpha.begin(), alpha.end(), alpha.begin(), 0.0);
    half_log_determinant = 0.0;
    for (std::int64_t u = 0; u < n; ++u) {
        half_log_determinant += std::log(covariance(u, u));
    }
    dense::solve_lower_transposed<double>(covariance.view(), alpha);
    dense::inverse_from_cholesky(covariance.view(), team);
    dense::mirror_lower(covariance.view());
    for (std::int64_t u = 0; u < n; ++u) {
        for (std::int64_t v = 0; v < n; ++v) {
            covariance(u, v) =
                0.5 * (covariance(u, v) - alpha[static_cast<std::size_t>(u)] * alpha[static_cast<std::size_t>(v)]);
        }
    }
    return covariance;
}

TEST_F(KernelDevice, WeighsCellsAsTheHostInDoublePrecision) {
    for (const test::SyntheticOptions& options : {kSmall, kLarge}) {
        for (const bool gram : {false, true}) {
            const Fleet fleet(options, gram);
            const Tables tables = fleet.tables(team_);
            const DeviceRows rows(tables, fleet.cells);
            auto found = device_->weigh(device_covariance(tables), rows.view(), fleet.target);
            ASSERT_TRUE(found) << found.error().message();
            ASSERT_TRUE(*found);
            const std::int64_t n = std::ssize(fleet.target);
            Matrix<double> covariance(n, n);
            fill_covariance(tables, fleet.cells, covariance.view(), team_);
            for (std::int64_t u = 0; u < n; ++u) {
                covariance(u, u) += rows.view().diagonal[static_cast<std::size_t>(u)];
            }
            double square = 0.0;
            double half_log_determinant = 0.0;
            const Matrix<double> weight =
                weighed(std::move(covariance), fleet.target, team_, square, half_log_determinant);
            EXPECT_NEAR((*found)->square, square, 1e-9 * square);
            EXPECT_NEAR((*found)->half_log_determinant, half_log_determinant, 1e-9 * static_cast<double>(n));
            const TableGradient expected = table_gradient(weight.view(), tables, fleet.cells, team_);
            const TableGradient actual = take_table_gradient(tables, **found);
            for (std::size_t q = 0; q < tables.terms; ++q) {
                expect_near(actual.platform[q].flat(), expected.platform[q].flat(), 1e-7, "platform");
                expect_near(actual.module[q].flat(), expected.module[q].flat(), 1e-7, "module");
            }
            expect_near(actual.platform_effect.flat(), expected.platform_effect.flat(), 1e-7, "Ka");
            expect_near(actual.module_effect.flat(), expected.module_effect.flat(), 1e-7, "Kb");
            std::vector<double> diagonal;
            for (std::int64_t u = 0; u < n; ++u) {
                diagonal.push_back(weight(u, u));
            }
            expect_near((*found)->diagonal, diagonal, 1e-7, "diagonal");
        }
    }
}

// Few enough rows that the host, too, computes in double precision.
TEST_F(KernelDevice, LikelihoodsAgreeWithTheHosts) {
    const test::SyntheticOptions middle{.platforms = 19, .modules = 21, .density = 0.6, .together = 250, .width = 3};
    for (const test::SyntheticOptions& options : {kSmall, middle}) {
        const Fleet fleet(options, true);
        const std::vector<double> at = fleet.layout().start(core::Key(5));
        const auto host =
            likelihood(fleet.layout(), at, fleet.platforms, fleet.modules, fleet.cells, fleet.target, 400.0, team_);
        const auto found =
            likelihood(fleet.layout(), at, fleet.platforms, fleet.modules, fleet.cells, fleet.target, 400.0, machine());
        ASSERT_TRUE(found) << found.error().message();
        ASSERT_TRUE(host && *found);
        EXPECT_NEAR((*found)->value, host->value, 1e-9 * (1.0 + std::abs(host->value)));
        expect_near((*found)->gradient, host->gradient, 1e-7, "gradient");

        const Fleet beside(options);
        std::vector<double> values = beside.beside_layout().start(core::Key(5));
        values[beside.beside_layout().number(2)] = -0.3;
        values[beside.beside_layout().number(3)] = 0.2;
        const auto of_host = likelihood(beside.beside_layout(), values, beside.platforms, beside.modules, beside.runs,
                                        beside.run_target, 400.0, team_);
        const auto of_device = likelihood(beside.beside_layout(), values, beside.platforms, beside.modules, beside.runs,
                                          beside.run_target, 400.0, machine());
        ASSERT_TRUE(of_device) << of_device.error().message();
        ASSERT_TRUE(of_host && *of_device);
        EXPECT_NEAR((*of_device)->value, of_host->value, 1e-9 * (1.0 + std::abs(of_host->value)));
        expect_near((*of_device)->gradient, of_host->gradient, 1e-7, "gradient beside others");
    }
}

TEST_F(KernelDevice, SaysSoWhereACovarianceIsNotPositiveDefinite) {
    const Fleet fleet(kSmall);
    const Tables tables = fleet.tables(team_);
    std::vector<double> below(fleet.cells.size(), -100.0);
    const backend::device::Rows rows{fleet.cells.platform, fleet.cells.module, below};
    const auto found = device_->weigh(device_covariance(tables), rows, fleet.target);
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_FALSE(*found);
    const auto solved = device_->solve_dense(device_covariance(tables), rows, fleet.target);
    ASSERT_TRUE(solved) << solved.error().message();
    EXPECT_FALSE(*solved);
}

TEST_F(KernelDevice, SolvesAsTheHost) {
    for (const test::SyntheticOptions& options : {kSmall, kLarge}) {
        const Fleet fleet(options);
        const Tables tables = fleet.tables(team_);
        SolveOptions direct;
        SolveOptions iterative;
        iterative.dense_cells = 0;
        iterative.neighbour_cells = 130;
        iterative.tolerance = 1e-11;
        const auto exact = solve(tables, fleet.cells, fleet.target, direct, team_);
        ASSERT_TRUE(exact);
        const auto dense_one = solve(tables, fleet.cells, fleet.target, direct, machine());
        ASSERT_TRUE(dense_one) << dense_one.error().message();
        expect_near(dense_one->alpha, exact->alpha, 1e-7, "dense");
        const auto host = solve(tables, fleet.cells, fleet.target, iterative, team_);
        const auto found = solve(tables, fleet.cells, fleet.target, iterative, machine());
        ASSERT_TRUE(found) << found.error().message();
        expect_near(found->alpha, exact->alpha, 1e-6, "conjugate gradients");
        EXPECT_GT(found->iterations, 0);
        EXPECT_LE(std::abs(found->iterations - host->iterations), 2);
        const auto again = solve(tables, fleet.cells, fleet.target, iterative, machine());
        ASSERT_TRUE(again);
        EXPECT_EQ(again->alpha, found->alpha) << "the same from run to run";
        const auto further = solve(
            tables, fleet.cells, fleet.target, iterative, machine(), [] { return true; }, found->alpha);
        ASSERT_TRUE(further);
        EXPECT_LE(further->iterations, 2) << "from where it ended";
        const auto stopped = solve(tables, fleet.cells, fleet.target, iterative, machine(), [] { return false; });
        ASSERT_FALSE(stopped);
        EXPECT_EQ(stopped.error().code(), ErrorCode::kCancelled);
        iterative.iterations = 1;
        const auto early = solve(tables, fleet.cells, fleet.target, iterative, machine());
        ASSERT_FALSE(early);
        EXPECT_NE(early.error().message().find("did not converge"), std::string::npos);
    }
}

TEST_F(KernelDevice, SolvesForRowsBesideOthersAsTheHost) {
    for (const test::SyntheticOptions& options : {kSmall, kLarge}) {
        const Fleet fleet(options);
        const BesideTables tables = fleet.beside_tables(team_);
        SolveOptions iterative;
        iterative.dense_cells = 0;
        iterative.neighbour_cells = 130;
        iterative.tolerance = 1e-11;
        const auto go_on = [] { return true; };
        const auto exact = solve(tables, fleet.runs, fleet.run_target, {}, team_, go_on);
        ASSERT_TRUE(exact);
        const auto dense_one = solve(tables, fleet.runs, fleet.run_target, {}, machine(), go_on);
        ASSERT_TRUE(dense_one) << dense_one.error().message();
        expect_near(dense_one->alpha, exact->alpha, 1e-7, "dense");
        const auto found = solve(tables, fleet.runs, fleet.run_target, iterative, machine(), go_on);
        ASSERT_TRUE(found) << found.error().message();
        expect_near(found->alpha, exact->alpha, 1e-6, "conjugate gradients");
    }
}

TEST_F(KernelDevice, TellsDeviationsAsTheHost) {
    for (const test::SyntheticOptions& options : {kSmall, kLarge}) {
        for (const std::int64_t near : {5, 200}) {
            const Fleet fleet(options);
            const Tables tables = fleet.tables(team_);
            const auto host = local_uncertainty(tables, fleet.cells, near, team_);
            const auto found = local_uncertainty(tables, fleet.cells, near, machine());
            ASSERT_TRUE(found) << found.error().message();
            ASSERT_TRUE(host);
            expect_near(found->deviation.flat(), host->deviation.flat(), 1e-7, "deviation");
            expect_near(found->precision, host->precision, 1e-7, "precision");

            const BesideTables both = fleet.beside_tables(team_);
            const auto of_host = local_uncertainty(both, fleet.runs, near, team_);
            const auto of_device = local_uncertainty(both, fleet.runs, near, machine());
            ASSERT_TRUE(of_device) << of_device.error().message();
            ASSERT_TRUE(of_host);
            expect_near(of_device->alone.flat(), of_host->alone.flat(), 1e-7, "alone");
            expect_near(of_device->beside.flat(), of_host->beside.flat(), 1e-7, "beside");
            expect_near(of_device->precision, of_host->precision, 1e-7, "precision of runs");

            std::vector<std::vector<std::int32_t>> wanted(static_cast<std::size_t>(fleet.platforms.rows));
            wanted[1] = {0, 3};
            wanted[4] = {2};
            const auto some_host = deviations_alone(both, fleet.runs, near, wanted, team_);
            const auto some_device = deviations_alone(both, fleet.runs, near, wanted, machine());
            ASSERT_TRUE(some_device) << some_device.error().message();
            ASSERT_TRUE(some_host);
            expect_near(some_device->flat(), some_host->flat(), 1e-7, "some");
        }
    }
}

// Steps of learning multiply what rounding differs in: a hundred of them leave fewer digits than one likelihood.
TEST_F(KernelDevice, FitsAsTheHost) {
    Context context;
    context.backend = "cuda";
    if (const auto backend = backend::find_backend(context); !backend) {
        GTEST_SKIP() << backend.error().message();
    }
    for (const std::int64_t together : {0, 400}) {
        const Dataset dataset =
            test::synthetic_dataset({.platforms = 17, .modules = 21, .density = 0.9, .together = together});
        const auto config = preset("kernel");
        ASSERT_TRUE(config);
        const auto host = fit(dataset, *config);
        const auto found = fit(dataset, *config, context);
        ASSERT_TRUE(found) << found.error().message();
        ASSERT_TRUE(host);
        for (std::int32_t i = 0; i < 17; ++i) {
            for (std::int32_t j = 0; j < 21; ++j) {
                const double expected = host->predict_pair(i, j)->runtime_us;
                EXPECT_NEAR(found->predict_pair(i, j)->runtime_us, expected, 1e-3 * expected);
            }
        }
    }
}

TEST_F(KernelDevice, FitsTheSameReplicatesOnSeveralCards) {
    const auto cards = backend::cuda_devices();
    if (!cards || cards->size() < 2) {
        GTEST_SKIP() << "there are no two cards";
    }
    const Dataset dataset = test::synthetic_dataset({.platforms = 17, .modules = 21, .density = 0.9});
    const FitConfig config = preset("kernel").value();
    const auto rows = [&](std::int64_t replicate) { return train::draw_rows(dataset, config, 0.7, 0.0, replicate); };
    const auto answers_on = [&](std::vector<int> devices) {
        Context context;
        context.backend = "cuda";
        context.devices = std::move(devices);
        const FitTask task{
            .dataset = dataset, .config = config, .share = 0.7, .replicates = 4, .context = context, .rows = rows};
        std::vector<float> answers;
        const auto ok = KernelFamily().fit(task, [&](Fitted&& fitted) {
            return fitted.model->keep(dataset, fitted.rows, 1,
                                      [&](const std::string&, const std::vector<float>& values, const auto&) {
                                          answers.insert(answers.end(), values.begin(), values.end());
                                          return Result<void>();
                                      });
        });
        EXPECT_TRUE(ok) << ok.error().message();
        return answers;
    };
    EXPECT_EQ(answers_on({0, 1}), answers_on({0}));
}

}  // namespace
}  // namespace pitot::models::kernel::on_device

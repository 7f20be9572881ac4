#include "pitot/predictor.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "backend/backend.hpp"
#include "core/border.hpp"
#include "core/check.hpp"
#include "core/suggest.hpp"
#include "models/scale.hpp"
#include "pitot/remedy.hpp"
#include "predict/parts.hpp"

namespace pitot {
namespace {

using NameIndex = std::vector<std::int32_t>;  // row numbers in the order of their names

NameIndex index_names(const std::vector<std::string>& names) {
    NameIndex order(names.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = static_cast<std::int32_t>(i);
    }
    std::ranges::sort(order, {},
                      [&](std::int32_t i) -> const std::string& { return names[static_cast<std::size_t>(i)]; });
    return order;
}

Result<std::int32_t> find(const Side& side, const NameIndex& order, std::string_view name, const char* kind) {
    const auto name_of = [&](std::int32_t i) { return std::string_view(side.names[static_cast<std::size_t>(i)]); };
    const auto at = std::ranges::lower_bound(order, name, {}, name_of);
    if (at != order.end() && name_of(*at) == name) {
        return *at;
    }
    const std::string near = core::suggestion(name, side.names);
    return fail(ErrorCode::kInput,
                fmt::format("the model has no {} '{}'{}", kind, name,
                            near.empty() ? fmt::format("; it has {} {}s", side.size(), kind) : near),
                near.empty() ? Remedy::kListModel : Remedy::kNone);
}

Result<std::vector<std::int32_t>> find_all(const Side& side, const NameIndex& order, std::span<const std::string> names,
                                           const char* kind) {
    std::vector<std::int32_t> rows;
    rows.reserve(names.size());
    for (const std::string& name : names) {
        PITOT_TRY(const auto row, find(side, order, name, kind));
        rows.push_back(row);
    }
    return rows;
}

Result<void> check_range(std::span<const std::int32_t> rows, std::int64_t least, std::int64_t size, const char* kind) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i] < least || rows[i] >= size) {
            return fail(ErrorCode::kUsage, fmt::format("row {} of the query asks for {} number {}, but the model has "
                                                       "numbers {} to {}",
                                                       i, kind, rows[i], least, size - 1));
        }
    }
    return {};
}

Result<void> check_query(const Query& query, const PredictorParts& parts) {
    const auto rows = static_cast<std::size_t>(query.size());
    if (query.module.size() != rows || query.width < 0 ||
        query.co_runner.size() != rows * static_cast<std::size_t>(query.width)) {
        return fail(ErrorCode::kUsage,
                    fmt::format("a query of {} platforms needs as many modules ({} given) and {} "
                                "co-runners ({} given)",
                                rows, query.module.size(), query.size() * std::max<std::int32_t>(query.width, 0),
                                query.co_runner.size()));
    }
    return check_range(query.platform, 0, parts.platforms.size(), "platform")
        .and_then([&] { return check_range(query.module, 0, parts.modules.size(), "module"); })
        .and_then([&] { return check_range(query.co_runner, -1, parts.modules.size(), "module"); });
}

Result<void> check_spans(const PredictionSpans& out, std::size_t rows, std::size_t confidences) {
    const MatrixView<double>& b = out.bound_us;
    const bool bounds = rows == 0 || confidences == 0 ||
                        (b.data != nullptr && b.rows == static_cast<std::int64_t>(rows) &&
                         b.cols == static_cast<std::int64_t>(confidences) && b.stride >= b.cols);
    const MatrixView<double>& l = out.lower_us;
    const bool lower = l.data == nullptr || (l.rows == static_cast<std::int64_t>(rows) &&
                                             l.cols == static_cast<std::int64_t>(confidences) && l.stride >= l.cols);
    if (out.runtime_us.size() == rows && bounds && lower && (out.basis.empty() || out.basis.size() == rows) &&
        (out.deviation.empty() || out.deviation.size() == rows)) {
        return {};
    }
    return fail(
        ErrorCode::kUsage,
        fmt::format(
            "answers of {} rows at {} confidences do not fit spans of {} runtimes, {} × {} bounds (stride {}{}), "
            "{} × {} lower bounds, {} deviations and {} bases",
            rows, confidences, out.runtime_us.size(), b.rows, b.cols, b.stride, b.data == nullptr ? ", no memory" : "",
            l.rows, l.cols, out.deviation.size(), out.basis.size()));
}

// What is noted of a row, or of one that does not exist.
template <typename T>
T of_row(const std::vector<T>& noted, std::int32_t row, T of_none) {
    return row >= 0 && row < std::ssize(noted) ? noted[static_cast<std::size_t>(row)] : of_none;
}

// Rows at a time: what is computed for them stays in the first-level cache, on the stack.
constexpr std::size_t kBlock = 256;

models::PairQuery slice(const Query& query, std::size_t first, std::size_t count) {
    const auto width = static_cast<std::size_t>(query.width);
    return {query.platform.subspan(first, count), query.module.subspan(first, count),
            query.co_runner.subspan(first * width, count * width), query.width};
}

}  // namespace

struct PredictScratch::Impl {
    std::unique_ptr<models::ModelScratch> model;
};

PredictScratch::PredictScratch() : impl_(std::make_unique<Impl>()) {}
PredictScratch::PredictScratch(PredictScratch&&) noexcept = default;
PredictScratch& PredictScratch::operator=(PredictScratch&&) noexcept = default;
PredictScratch::~PredictScratch() = default;

struct Predictor::Impl {
    explicit Impl(PredictorParts p)
        : parts(std::move(p)),
          scale(parts.config.model),
          platform_names(index_names(parts.platforms.names)),
          module_names(index_names(parts.modules.names)) {}

    // Rows at work.
    struct Block {
        models::PairQuery query;
        std::array<double, kBlock> y;
        std::array<double, kBlock> deviation;
        std::array<Basis, kBlock> basis;
        std::array<std::size_t, kBlock> pool;  // that calibrates it, of a plain calibration
    };

    [[nodiscard]] calibrate::PoolChain chain_of(std::int32_t platform, std::int32_t module,
                                                std::span<const std::int32_t> co_runners, Basis basis, double y) const;
    [[nodiscard]] calibrate::PoolChain chain_of(const Block& block, std::size_t row) const;
    [[nodiscard]] double bound_of(const Block& block, std::size_t row, double score) const;
    void describe(Block& block) const;
    void bound(const Block& block, double confidence, MatrixView<double> out, std::int64_t column) const;
    void bound_plainly(const Block& block, double confidence, MatrixView<double> out, std::int64_t column) const;
    void bound_below(const Block& block, double confidence, MatrixView<double> out, std::int64_t column) const;

    PredictorParts parts;
    models::Scale scale;
    NameIndex platform_names;
    NameIndex module_names;
};

// What speaks for a row: rows like it, and for one known by features alone rows answered as if they were.
calibrate::PoolChain Predictor::Impl::chain_of(std::int32_t platform, std::int32_t module,
                                               std::span<const std::int32_t> co_runners, Basis basis, double y) const {
    const bool new_platform = of_row(parts.platform_basis, platform, Basis::kAverage) != Basis::kMeasured;
    const bool new_module = of_row(parts.module_basis, module, Basis::kAverage) != Basis::kMeasured;
    calibrate::RowKind row;
    for (const std::int32_t k : co_runners) {
        row.co_runners += k >= 0 ? 1 : 0;
        if (k >= 0 && of_row(parts.co_runner_basis, k, Basis::kAverage) != Basis::kMeasured) {
            return {};
        }
    }
    if (basis == Basis::kAverage || basis == Basis::kApart) {
        return {};
    }
    row.newness = new_platform ? (new_module ? calibrate::Newness::kBoth : calibrate::Newness::kPlatform)
                               : (new_module ? calibrate::Newness::kModule : calibrate::Newness::kNone);
    row.group = parts.calibration.parts().grouping(platform, y);
    return parts.calibration.chain(row);
}

calibrate::PoolChain Predictor::Impl::chain_of(const Block& block, std::size_t row) const {
    const auto width = static_cast<std::size_t>(block.query.width);
    return chain_of(block.query.platform[row], block.query.module[row],
                    block.query.co_runner.subspan(row * width, width), block.basis[row], block.y[row]);
}

// The time that a score stands for; NaN of none.
double Predictor::Impl::bound_of(const Block& block, std::size_t row, double score) const {
    if (std::isnan(score)) {
        return score;
    }
    const auto known = [](const std::vector<Basis>& basis, std::int32_t of) {
        return of_row(basis, of, Basis::kAverage) == Basis::kMeasured ? of : -1;
    };
    const double width = parts.calibration.scale()(known(parts.platform_basis, block.query.platform[row]),
                                                   known(parts.module_basis, block.query.module[row]), block.y[row],
                                                   block.deviation[row]);
    return scale.runtime_us(block.y[row] + score * width);
}

// Basis and pool of each row.
void Predictor::Impl::describe(Block& block) const {
    const auto width = static_cast<std::size_t>(block.query.width);
    for (std::size_t n = 0; n < block.query.platform.size(); ++n) {
        const auto co_runners = block.query.co_runner.subspan(n * width, width);
        block.basis[n] = predict::pair_basis(parts, block.query.platform[n], block.query.module[n], co_runners);
        block.pool[n] = calibrate::pool_of(co_runners, parts.calibration.pools());
    }
}

// Bounds of a block's rows into one column, NaN where there are none: with a scale of 1 and a margin a pool.
void Predictor::Impl::bound_plainly(const Block& block, double confidence, MatrixView<double> out,
                                    std::int64_t column) const {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    std::array<double, kMostPools> margins{};
    margins.fill(none);
    for (std::size_t p = 0; p < parts.calibration.pools(); ++p) {
        margins[p] = parts.calibration.margin_or(p, confidence, none);
    }
    for (std::size_t n = 0; n < block.query.platform.size(); ++n) {
        const double margin = margins[block.pool[n]];
        out(static_cast<std::int64_t>(n), column) =
            block.basis[n] == Basis::kMeasured && !std::isnan(margin) ? scale.runtime_us(block.y[n] + margin) : none;
    }
}

void Predictor::Impl::bound(const Block& block, double confidence, MatrixView<double> out, std::int64_t column) const {
    if (parts.calibration.plain()) {
        bound_plainly(block, confidence, out, column);
        return;
    }
    for (std::size_t n = 0; n < block.query.platform.size(); ++n) {
        const double score = parts.calibration.upper(chain_of(block, n), confidence).score;
        out(static_cast<std::int64_t>(n), column) = bound_of(block, n, score);
    }
}

void Predictor::Impl::bound_below(const Block& block, double confidence, MatrixView<double> out,
                                  std::int64_t column) const {
    for (std::size_t n = 0; n < block.query.platform.size(); ++n) {
        const double score = parts.calibration.lower(chain_of(block, n), confidence).score;
        out(static_cast<std::int64_t>(n), column) = bound_of(block, n, score);
    }
}

Predictor::Predictor(PredictorParts parts) : impl_(std::make_shared<const Impl>(std::move(parts))) {
    PITOT_CHECK(impl_->parts.calibration.pools() <= kMostPools);
}

Result<Predictor> Predictor::load(const std::filesystem::path& file) {
    return core::at_border("reading a model", [&] {
        return backend::check_instruction_set()
            .and_then([&] { return predict::read_parts(file); })
            .map([](PredictorParts&& parts) { return Predictor(std::move(parts)); });
    });
}

Result<Predictor> Predictor::from_bytes(std::span<const std::byte> bytes) {
    return core::at_border("reading a model", [&] {
        return backend::check_instruction_set()
            .and_then([&] { return predict::parts_from_bytes(bytes); })
            .map([](PredictorParts&& parts) { return Predictor(std::move(parts)); });
    });
}

Result<void> Predictor::save(const std::filesystem::path& file) const {
    return core::at_border("writing a model", [&] { return predict::write_parts(impl_->parts, file); });
}

Result<std::vector<std::byte>> Predictor::to_bytes() const {
    return core::at_border("writing a model", [&] { return predict::parts_to_bytes(impl_->parts); });
}

const FitConfig& Predictor::config() const { return impl_->parts.config; }
const Side& Predictor::platforms() const { return impl_->parts.platforms; }
const Side& Predictor::modules() const { return impl_->parts.modules; }
const std::string& Predictor::dataset_digest() const { return impl_->parts.dataset_digest; }
const PredictorParts& Predictor::parts() const { return impl_->parts; }

Result<std::int32_t> Predictor::find_platform(std::string_view name) const {
    return find(platforms(), impl_->platform_names, name, "platform");
}

Result<std::int32_t> Predictor::find_module(std::string_view name) const {
    return find(modules(), impl_->module_names, name, "module");
}

Result<std::vector<std::int32_t>> Predictor::find_platforms(std::span<const std::string> names) const {
    return find_all(platforms(), impl_->platform_names, names, "platform");
}

Result<std::vector<std::int32_t>> Predictor::find_modules(std::span<const std::string> names) const {
    return find_all(modules(), impl_->module_names, names, "module");
}

bool Predictor::measured(std::int32_t platform, std::int32_t module) const {
    return impl_->parts.measured[kAlone].combinations.find(platform, module, {}).has_value();
}

std::int64_t Predictor::measured_pairs() const { return impl_->parts.measured[kAlone].combinations.size(); }

std::int32_t Predictor::parts_apart() const {
    const std::vector<std::int32_t>& parts = impl_->parts.platform_part;
    return parts.empty() ? 0 : 1 + std::ranges::max(parts);
}

std::int32_t Predictor::platform_part(std::int32_t platform) const {
    const std::vector<std::int32_t>& parts = impl_->parts.platform_part;
    return parts.empty() ? 0 : of_row(parts, platform, -1);
}

std::int32_t Predictor::module_part(std::int32_t module) const {
    const std::vector<std::int32_t>& parts = impl_->parts.module_part;
    return parts.empty() ? 0 : of_row(parts, module, -1);
}

double Predictor::platform_disagreement(std::int32_t platform) const {
    const std::vector<float>& shares = impl_->parts.disagreement.platform;
    return static_cast<double>(of_row(shares, platform, 0.0F));
}

double Predictor::module_disagreement(std::int32_t module) const {
    const std::vector<float>& shares = impl_->parts.disagreement.module;
    return static_cast<double>(of_row(shares, module, 0.0F));
}

Result<void> Predictor::check_bound(int co_runners, double confidence) const {
    const calibrate::Calibration& calibration = impl_->parts.calibration;
    if (calibration.plain()) {
        return calibration.margin(calibrate::pool_beside(co_runners, calibration.pools()), confidence).map([](double) {
        });
    }
    return calibration.check(calibration.chain({.co_runners = co_runners}), confidence);
}

Result<BoundSource> Predictor::bound_source(std::int32_t platform, std::int32_t module, double confidence,
                                            std::span<const std::int32_t> co_runners) const {
    const calibrate::Calibration& calibration = impl_->parts.calibration;
    const Query query{{&platform, 1}, {&module, 1}, co_runners, static_cast<std::int32_t>(co_runners.size())};
    if (auto ok = calibrate::check_confidence(confidence).and_then([&] { return check_query(query, impl_->parts); });
        !ok) {
        return Failure(ok.error());
    }
    const Basis basis = predict::pair_basis(impl_->parts, platform, module, co_runners);
    double y = 0.0;
    if (!calibration.parts().grouping.edges.empty()) {  // nothing else depends on the prediction
        std::unique_ptr<models::ModelScratch> scratch;
        impl_->parts.model->predict({query.platform, query.module, co_runners, query.width}, {{&y, 1}}, scratch);
    }
    const calibrate::PoolChain chain = impl_->chain_of(platform, module, co_runners, basis, y);
    BoundSource source;
    if (chain.empty()) {
        source.missing = basis == Basis::kApart      ? NoBound::kApart
                         : basis == Basis::kMeasured ? NoBound::kFewCalibrationRows
                                                     : NoBound::kNeverMeasured;
        return source;
    }
    const calibrate::Margin margin = calibration.upper(chain, confidence);
    if (margin.pool < 0) {
        source.missing = NoBound::kFewCalibrationRows;
        return source;
    }
    const calibrate::ScorePool& pool = calibration.pool(margin.pool);
    source.pool = pool.name;
    source.rows = std::ssize(pool.scores);
    source.from = static_cast<BoundFrom>(pool.source);
    if (margin.pool != chain.pool[0]) {
        source.narrower = calibration.pool(chain.pool[0]).name;
    }
    return source;
}

bool Predictor::has_deviation() const { return impl_->parts.model->has_deviation(); }

std::optional<std::int64_t> Predictor::platform_runs(std::int32_t platform) const {
    const std::vector<std::int64_t>& runs = impl_->parts.platform_runs;
    return runs.empty() ? std::nullopt : std::optional(of_row(runs, platform, std::int64_t{0}));
}

std::optional<std::int64_t> Predictor::module_runs(std::int32_t module) const {
    const std::vector<std::int64_t>& runs = impl_->parts.module_runs;
    return runs.empty() ? std::nullopt : std::optional(of_row(runs, module, std::int64_t{0}));
}

NoBound Predictor::why_no_bound(Basis basis, int co_runners, double confidence) const {
    const calibrate::Calibration& calibration = impl_->parts.calibration;
    switch (basis) {
        case Basis::kFeatures: {
            // The widest there is: a platform and a module that are both new.
            bool known = false;
            for (const auto newness : {calibrate::Newness::kModule, calibrate::Newness::kPlatform}) {
                const calibrate::PoolChain chain = calibration.chain({.co_runners = co_runners, .newness = newness});
                known = known || !chain.empty();
                if (calibration.upper(chain, confidence).pool >= 0) {
                    return NoBound::kNothing;
                }
            }
            return known ? NoBound::kFewCalibrationRows : NoBound::kNeverMeasured;
        }
        case Basis::kAverage:
            return NoBound::kNeverMeasured;
        case Basis::kApart:
            return NoBound::kApart;
        case Basis::kMeasured:
            break;
    }
    return check_bound(co_runners, confidence) ? NoBound::kNothing : NoBound::kFewCalibrationRows;
}

Basis Predictor::platform_basis(std::int32_t platform) const {
    return of_row(impl_->parts.platform_basis, platform, Basis::kAverage);
}

Basis Predictor::module_basis(std::int32_t module) const {
    return of_row(impl_->parts.module_basis, module, Basis::kAverage);
}

Basis Predictor::co_runner_basis(std::int32_t module) const {
    return of_row(impl_->parts.co_runner_basis, module, Basis::kAverage);
}

std::int64_t Predictor::calibration_rows(int co_runners) const {
    const calibrate::Calibration& calibration = impl_->parts.calibration;
    return std::ssize(calibration.residuals(calibrate::pool_beside(co_runners, calibration.pools())));
}

std::optional<std::int32_t> Predictor::calibrated_co_runners() const { return impl_->parts.calibrated_co_runners; }

Result<void> Predictor::predict_into(const Query& query, std::span<const double> confidences,
                                     const PredictionSpans& out, PredictScratch* scratch) const {
    return core::at_border("predicting", [&]() -> Result<void> {
        const auto rows = static_cast<std::size_t>(query.size());
        auto checked =
            check_query(query, impl_->parts).and_then([&] { return check_spans(out, rows, confidences.size()); });
        for (std::size_t c = 0; checked && c < confidences.size(); ++c) {
            checked = calibrate::check_confidence(confidences[c]);
        }
        if (!checked) {
            return checked;
        }
        std::unique_ptr<models::ModelScratch> own;
        Impl::Block block;
        const bool wants_deviation =
            !out.deviation.empty() || (!confidences.empty() && impl_->parts.calibration.scale().needs_deviation());
        for (std::size_t first = 0; first < rows; first += kBlock) {
            const std::size_t count = std::min(kBlock, rows - first);
            block.query = slice(query, first, count);
            const std::span<double> deviation =
                wants_deviation ? std::span(block.deviation).first(count) : std::span<double>();
            impl_->parts.model->predict(block.query, {std::span(block.y).first(count), deviation},
                                        scratch != nullptr ? scratch->impl_->model : own);
            impl_->describe(block);
            if (!out.deviation.empty()) {
                std::copy_n(block.deviation.begin(), count, out.deviation.begin() + static_cast<std::ptrdiff_t>(first));
            }
            for (std::size_t c = 0; c < confidences.size(); ++c) {
                const auto bounds =
                    out.bound_us.row_range(static_cast<std::int64_t>(first), static_cast<std::int64_t>(count));
                impl_->bound(block, confidences[c], bounds, static_cast<std::int64_t>(c));
                if (out.lower_us.data != nullptr) {
                    const auto lower =
                        out.lower_us.row_range(static_cast<std::int64_t>(first), static_cast<std::int64_t>(count));
                    impl_->bound_below(block, confidences[c], lower, static_cast<std::int64_t>(c));
                }
            }
            std::transform(block.y.begin(), block.y.begin() + count,
                           out.runtime_us.begin() + static_cast<std::ptrdiff_t>(first),
                           [&](double y) { return impl_->scale.runtime_us(y); });
            if (!out.basis.empty()) {
                std::copy_n(block.basis.begin(), count, out.basis.begin() + static_cast<std::ptrdiff_t>(first));
            }
        }
        return {};
    });
}

Result<Prediction> Predictor::predict_pair(std::int32_t platform, std::int32_t module, std::optional<double> confidence,
                                           std::span<const std::int32_t> co_runners, PredictScratch* scratch) const {
    const Query query{{&platform, 1}, {&module, 1}, co_runners, static_cast<std::int32_t>(co_runners.size())};
    const double wanted = confidence.value_or(0.0);
    const auto confidences = std::span(&wanted, confidence ? 1 : 0);
    Prediction answer;
    answer.bound_us = std::numeric_limits<double>::quiet_NaN();
    const PredictionSpans out{{&answer.runtime_us, 1}, {&answer.bound_us, 1, 1, 1}, {&answer.basis, 1}, {}, {}};
    return predict_into(query, confidences, out, scratch).map([&] { return answer; });
}

Result<Predictions> Predictor::predict(const Query& query, std::span<const double> confidences, Sides sides) const {
    return core::at_border("predicting", [&]() -> Result<Predictions> {
        const auto rows = static_cast<std::size_t>(query.size());
        Predictions answer;
        answer.runtime_us.resize(rows);
        answer.basis.resize(rows);
        answer.bound_us = Matrix<double>(query.size(), static_cast<std::int64_t>(confidences.size()));
        answer.deviation.resize(rows);
        if (sides == Sides::kBoth) {
            answer.lower_us = Matrix<double>(query.size(), static_cast<std::int64_t>(confidences.size()));
        }
        const PredictionSpans out{answer.runtime_us, answer.bound_us.view(), answer.basis, answer.deviation,
                                  sides == Sides::kBoth ? answer.lower_us.view() : MatrixView<double>()};
        return predict_into(query, confidences, out).map([&] { return std::move(answer); });
    });
}

}  // namespace pitot

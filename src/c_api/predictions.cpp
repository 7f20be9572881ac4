// Predictions, and what they rest on, into arrays of the caller's.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "c_api/errors.hpp"
#include "c_api/handles.hpp"

namespace pitot::c_api {
namespace {

// The interface's numbers are those of C++.
template <typename Enumeration>
constexpr bool is(Enumeration value, int number) {
    return static_cast<int>(value) == number;
}
static_assert(is(Basis::kMeasured, PITOT_BASIS_MEASURED) && is(Basis::kFeatures, PITOT_BASIS_FEATURES) &&
              is(Basis::kAverage, PITOT_BASIS_AVERAGE) && is(Basis::kApart, PITOT_BASIS_APART));
static_assert(is(NoBound::kNothing, PITOT_BOUND_GIVEN) && is(NoBound::kNeverMeasured, PITOT_NO_BOUND_NEVER_MEASURED) &&
              is(NoBound::kApart, PITOT_NO_BOUND_APART) &&
              is(NoBound::kFewCalibrationRows, PITOT_NO_BOUND_FEW_CALIBRATION_ROWS));
static_assert(is(Evidence::kNone, PITOT_EVIDENCE_NONE) && is(Evidence::kLearned, PITOT_EVIDENCE_LEARNED) &&
              is(Evidence::kSetAside, PITOT_EVIDENCE_SET_ASIDE) && is(Evidence::kUnused, PITOT_EVIDENCE_UNUSED));
static_assert(is(BoundFrom::kSetAside, PITOT_BOUND_FROM_SET_ASIDE) &&
              is(BoundFrom::kLeaveOneOut, PITOT_BOUND_FROM_LEAVE_ONE_OUT) &&
              is(BoundFrom::kHeldOut, PITOT_BOUND_FROM_HELD_OUT));

// Where answers go, all of one number of rows; what is not wanted is empty, or memory of our own where other answers
// need it.
struct Answers {
    std::size_t confidences = 0;
    std::span<double> runtime_us;
    std::span<double> deviation;
    std::span<double> upper_us;
    std::span<double> lower_us;
    std::span<Basis> basis;
    std::span<std::uint8_t> no_bound;

    [[nodiscard]] PredictionSpans rows(std::size_t first, std::size_t count) const {
        const auto matrix = [&](std::span<double> of) -> MatrixView<double> {
            const auto columns = static_cast<std::int64_t>(confidences);
            return of.empty() ? MatrixView<double>{}
                              : MatrixView<double>{of.data() + first * confidences, static_cast<std::int64_t>(count),
                                                   columns, columns};
        };
        return {runtime_us.subspan(first, count), matrix(upper_us), basis.empty() ? basis : basis.subspan(first, count),
                deviation.empty() ? deviation : deviation.subspan(first, count), matrix(lower_us)};
    }
};

// Memory for answers that the caller does not want but others rest on.
struct Unwanted {
    std::vector<double> runtime_us;
    std::vector<double> upper_us;
    std::vector<Basis> basis;
};

Result<Answers> answers_of(const pitot_predictions* given, std::int64_t rows, std::int64_t confidences,
                           Unwanted& unwanted) {
    if (auto known = check_struct(given, "out"); !known) {
        return Failure(known.error());
    }
    if (confidences > 0 && rows > std::numeric_limits<std::int64_t>::max() / confidences) {
        return wrong("confidences", fmt::format("has {} elements, too many for {} rows", confidences, rows));
    }
    const std::int64_t cells = rows * confidences;
    Answers answers;
    answers.confidences = static_cast<std::size_t>(confidences);
    PITOT_TRY(answers.runtime_us, wanted(given->runtime_us, rows, "runtime_us"));
    PITOT_TRY(answers.deviation, wanted(given->deviation, rows, "deviation"));
    PITOT_TRY(answers.upper_us, wanted(given->upper_us, cells, "upper_us"));
    PITOT_TRY(answers.lower_us, wanted(given->lower_us, cells, "lower_us"));
    PITOT_TRY(answers.no_bound, wanted(given->no_bound, cells, "no_bound"));
    static_assert(sizeof(Basis) == sizeof(std::uint8_t));
    PITOT_TRY(answers.basis, wanted(reinterpret_cast<Basis*>(given->basis), rows, "basis"));  // NOLINT: the same bytes
    const auto size = static_cast<std::size_t>(rows);
    if (answers.runtime_us.empty()) {
        unwanted.runtime_us.resize(size);
        answers.runtime_us = unwanted.runtime_us;
    }
    if (answers.lower_us.empty() && answers.upper_us.empty() && answers.no_bound.empty()) {
        answers.confidences = 0;  // nothing is asked of them
    } else if (answers.upper_us.empty()) {
        unwanted.upper_us.resize(static_cast<std::size_t>(cells));
        answers.upper_us = unwanted.upper_us;
    }
    if (answers.basis.empty() && !answers.no_bound.empty()) {
        unwanted.basis.resize(size);
        answers.basis = unwanted.basis;
    }
    return answers;
}

// Why rows have no bound; it depends on little, so that answers are kept.
class Reasons {
public:
    explicit Reasons(const Predictor& predictor) : predictor_(predictor) {}

    [[nodiscard]] Result<NoBound> of(const Combinations& rows, std::size_t row, Basis basis, double confidence) {
        const auto beside = rows.beside(row);
        const auto co_runners = static_cast<int>(std::ranges::count_if(beside, [](std::int32_t k) { return k >= 0; }));
        const auto key = std::tuple(basis, co_runners, confidence);
        const auto known = known_.find(key);
        const NoBound why =
            known != known_.end()
                ? known->second
                : known_.emplace(key, predictor_.why_no_bound(basis, co_runners, confidence)).first->second;
        if (why != NoBound::kNothing) {
            return why;
        }
        return predictor_.bound_source(rows.platform[row], rows.module[row], confidence, beside)
            .map([](const BoundSource& source) { return source.missing; });
    }

private:
    const Predictor& predictor_;
    std::map<std::tuple<Basis, int, double>, NoBound> known_;
};

Result<void> explain_missing(const Predictor& predictor, const Combinations& rows, std::span<const double> confidences,
                             const Answers& answers) {
    Reasons reasons(predictor);
    for (std::size_t at = 0; at < answers.no_bound.size(); ++at) {
        answers.no_bound[at] = PITOT_BOUND_GIVEN;
        if (std::isnan(answers.upper_us[at])) {
            const std::size_t row = at / confidences.size();
            PITOT_TRY(const NoBound why,
                      reasons.of(rows, row, answers.basis[row], confidences[at % confidences.size()]));
            answers.no_bound[at] = static_cast<std::uint8_t>(why);
        }
    }
    return {};
}

// Ragged co-runners become a matrix, a piece of the rows at a time: its size does not depend on the longest row of all.
Result<void> predict_ragged(const Predictor& predictor, const Combinations& rows, std::span<const double> confidences,
                            const Answers& answers) {
    constexpr std::size_t most_cells = std::size_t{1} << 16;
    PredictScratch scratch;
    std::vector<std::int32_t> matrix;
    for (std::size_t first = 0; first < rows.rows();) {
        std::size_t count = 0;
        for (std::size_t width = 1; first + count < rows.rows(); ++count) {
            width = std::max(width, rows.beside(first + count).size());
            if (count > 0 && (count + 1) * width > most_cells) {
                break;
            }
        }
        const std::int32_t width = as_matrix(rows, first, count, matrix);
        const Query query{rows.platform.subspan(first, count), rows.module.subspan(first, count), matrix, width};
        if (auto done = predictor.predict_into(query, confidences, answers.rows(first, count), &scratch); !done) {
            return done;
        }
        first += count;
    }
    return {};
}

Result<void> predict(const Predictor& predictor, const Combinations& rows, std::span<const double> confidences,
                     const Answers& answers) {
    if (rows.ragged() && rows.rows() > 0) {
        return check_rows(rows, predictor.platforms().size(), predictor.modules().size()).and_then([&] {
            return predict_ragged(predictor, rows, confidences, answers);
        });
    }
    const Query query{rows.platform, rows.module, rows.co_runners, rows.width};
    return predictor.predict_into(query, confidences, answers.rows(0, rows.rows()));
}

bool is_confidence(double confidence) { return confidence > 0.0 && confidence < 1.0; }

}  // namespace

extern "C" {

PITOT_C_API pitot_status pitot_predict(const pitot_model* model, const pitot_combinations* combinations,
                                       const double* confidences, int64_t confidence_count,
                                       const pitot_predictions* out) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_handle(model, "model"); !ok) {
            return ok;
        }
        PITOT_TRY(const auto rows, c_api::combinations(combinations));
        PITOT_TRY(auto at, array(confidences, confidence_count, "confidences"));
        if (const auto bad = std::ranges::find_if_not(at, is_confidence); bad != at.end()) {
            return wrong("confidences",
                         fmt::format("has {} at place {}: each is between 0 and 1", *bad, bad - at.begin()));
        }
        Unwanted unwanted;
        PITOT_TRY(const auto answers, answers_of(out, combinations->rows, confidence_count, unwanted));
        return predict(model->predictor, rows, at.first(answers.confidences), answers).and_then([&] {
            return explain_missing(model->predictor, rows, at, answers);
        });
    });
}

PITOT_C_API pitot_status pitot_evidence(const pitot_model* model, const pitot_combinations* combinations,
                                        uint8_t* evidence) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_handle(model, "model"); !ok) {
            return ok;
        }
        const pitot::Predictor& predictor = model->predictor;
        PITOT_TRY(const auto rows, c_api::combinations(combinations));
        PITOT_TRY(const auto out, array(evidence, combinations->rows, "evidence"));
        return check_rows(rows, predictor.platforms().size(), predictor.modules().size()).map([&] {
            for (std::size_t n = 0; n < rows.rows(); ++n) {
                const auto known = predictor.evidence(rows.platform[n], rows.module[n], rows.beside(n));
                out[n] = known ? static_cast<std::uint8_t>(*known) : std::uint8_t{PITOT_EVIDENCE_UNKNOWN};
            }
        });
    });
}

PITOT_C_API pitot_status pitot_bound_sources(const pitot_model* model, const pitot_combinations* combinations,
                                             double confidence, uint8_t* no_bound, uint8_t* from, int64_t* rows,
                                             pitot_strings** pools) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_handle(model, "model"); !ok) {
            return ok;
        }
        PITOT_TRY(const auto asked, c_api::combinations(combinations));
        PITOT_TRY(const auto all_missing, wanted(no_bound, combinations->rows, "no_bound"));
        PITOT_TRY(const auto all_from, wanted(from, combinations->rows, "from"));
        PITOT_TRY(const auto all_rows, wanted(rows, combinations->rows, "rows"));
        if (auto ok = check_optional_out(pools, "pools"); !ok) {
            return ok;
        }
        if (!is_confidence(confidence)) {
            return wrong("confidence", fmt::format("is {}: it is between 0 and 1", confidence));
        }
        if (auto ok = check_rows(asked, model->predictor.platforms().size(), model->predictor.modules().size()); !ok) {
            return ok;
        }
        std::vector<std::string> names;
        for (std::size_t n = 0; n < asked.rows(); ++n) {
            PITOT_TRY(auto source,
                      model->predictor.bound_source(asked.platform[n], asked.module[n], confidence, asked.beside(n)));
            if (!all_missing.empty()) {
                all_missing[n] = static_cast<std::uint8_t>(source.missing);
            }
            if (!all_from.empty()) {
                all_from[n] = static_cast<std::uint8_t>(source.from);
            }
            if (!all_rows.empty()) {
                all_rows[n] = source.rows;
            }
            names.push_back(std::move(source.pool));
        }
        if (pools != nullptr) {
            give(pools, names);
        }
        return {};
    });
}

}  // extern "C"

}  // namespace pitot::c_api

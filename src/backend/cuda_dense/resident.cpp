#include "backend/cuda_dense/resident.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

namespace pitot::backend::device {
namespace {

std::span<const double> flat(MatrixView<const double> table) {
    return {table.data, static_cast<std::size_t>(table.rows * table.cols)};
}

HostLists counted(std::int64_t count) { return {std::vector<int>(static_cast<std::size_t>(count) + 1, 0), {}, {}}; }

}  // namespace

Resident::Resident(const Covariance& covariance, const Rows& rows, Upload& upload)
    : platform_(upload.add(rows.platform)),
      module_(upload.add(rows.module)),
      diagonal_(upload.add(rows.diagonal)),
      co_runner_(upload.add(rows.co_runner)),
      weight_(upload.add(rows.weight)),
      platforms_(covariance.platforms),
      modules_(covariance.modules),
      width_(rows.width) {
    for (const Term& term : covariance.terms) {
        (term.beside ? beside_ : alone_)
            .push_back({term.scale, upload.add(flat(term.platform)), upload.add(flat(term.module)),
                        upload.add(flat(term.co_runner))});
    }
}

TermTables Resident::tables(const Upload& upload) const {
    TermTables tables{};
    const auto put = [&](const TermPlace& place) {
        return TermTables::One{place.scale, upload.at<double>(place.platform), upload.at<double>(place.module),
                               upload.at<double>(place.co_runner)};
    };
    std::ranges::transform(alone_, tables.alone, put);
    std::ranges::transform(beside_, tables.beside, put);
    tables.alone_terms = static_cast<int>(alone_.size());
    tables.beside_terms = width_ > 0 ? static_cast<int>(beside_.size()) : 0;
    tables.platforms = static_cast<int>(platforms_);
    tables.modules = static_cast<int>(modules_);
    return tables;
}

RowTable Resident::rows(const Upload& upload) const {
    return {upload.at<int>(platform_),  upload.at<int>(module_),    upload.at<double>(diagonal_),
            upload.at<int>(co_runner_), upload.at<double>(weight_), static_cast<int>(width_)};
}

HostLists lists_by(std::span<const std::int32_t> number, std::int64_t count) {
    HostLists lists = counted(count);
    for (const std::int32_t n : number) {
        ++lists.first[static_cast<std::size_t>(n) + 1];
    }
    std::partial_sum(lists.first.begin(), lists.first.end(), lists.first.begin());
    lists.row.resize(number.size());
    std::vector<int> next = lists.first;
    for (std::size_t u = 0; u < number.size(); ++u) {
        lists.row[static_cast<std::size_t>(next[static_cast<std::size_t>(number[u])]++)] = static_cast<int>(u);
    }
    return lists;
}

HostLists lists_by_co_runner(const Rows& rows, std::int64_t modules) {
    HostLists lists = counted(modules);
    for (const std::int32_t k : rows.co_runner) {
        if (k >= 0) {
            ++lists.first[static_cast<std::size_t>(k) + 1];
        }
    }
    std::partial_sum(lists.first.begin(), lists.first.end(), lists.first.begin());
    lists.row.resize(static_cast<std::size_t>(lists.first.back()));
    lists.weight.resize(lists.row.size());
    std::vector<int> next = lists.first;
    const auto width = static_cast<std::size_t>(rows.width);
    for (std::size_t n = 0; n < rows.co_runner.size(); ++n) {
        if (const std::int32_t k = rows.co_runner[n]; k >= 0) {
            const auto place = static_cast<std::size_t>(next[static_cast<std::size_t>(k)]++);
            lists.row[place] = static_cast<int>(n / width);
            lists.weight[place] = rows.weight[n / width];
        }
    }
    return lists;
}

std::vector<std::vector<std::int64_t>> batches_of(const std::vector<std::int64_t>& known,
                                                  const std::vector<std::int64_t>& more, std::size_t budget_bytes) {
    constexpr double kAlike = 0.8;
    constexpr std::size_t kMost = 4096;
    std::vector<std::int64_t> order(known.size());
    std::iota(order.begin(), order.end(), 0);
    const auto size = [&](std::int64_t b) {
        return known[static_cast<std::size_t>(b)] + more[static_cast<std::size_t>(b)];
    };
    std::ranges::stable_sort(order, std::greater<>(), size);
    std::vector<std::vector<std::int64_t>> batches;
    std::size_t left = 0;
    for (const std::int64_t b : order) {
        // The matrix, a panel of it, the rows of its inverse and the inverses of its blocks, about.
        const auto rows = static_cast<std::size_t>(padded(size(b)));
        const std::size_t bytes = 2 * rows * (rows + 2 * kBlock) * sizeof(double);
        if (batches.empty() || bytes > left || batches.back().size() == kMost ||
            static_cast<double>(size(b)) < kAlike * static_cast<double>(size(batches.back().front()))) {
            batches.emplace_back();
            left = budget_bytes;
        }
        left -= std::min(left, bytes);
        batches.back().push_back(b);
    }
    return batches;
}

}  // namespace pitot::backend::device

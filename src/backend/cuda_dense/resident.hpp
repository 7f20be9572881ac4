// Covariances and rows as they lie on a device.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "backend/cuda_dense/kernels.hpp"
#include "backend/cuda_dense/runtime.hpp"
#include "backend/device_covariance.hpp"

namespace pitot::backend::device {

/// Puts a covariance and rows among the arrays of an upload. After it is sent, tables() and rows() are of use.
class Resident {
public:
    Resident(const Covariance& covariance, const Rows& rows, Upload& upload);

    [[nodiscard]] TermTables tables(const Upload& upload) const;
    [[nodiscard]] RowTable rows(const Upload& upload) const;

private:
    struct TermPlace {
        double scale = 1.0;
        Upload::Place platform{}, module{}, co_runner{};
    };
    std::vector<TermPlace> alone_, beside_;
    Upload::Place platform_, module_, diagonal_, co_runner_, weight_;
    std::int64_t platforms_, modules_, width_;
};

/// Lists of the rows that have each number, as host arrays.
struct HostLists {
    std::vector<int> first, row;
    std::vector<double> weight{};
};
/// Of rows with a number 0 … count-1 each.
[[nodiscard]] HostLists lists_by(std::span<const std::int32_t> number, std::int64_t count);
/// Of the rows beside each co-runner, with ρ.
[[nodiscard]] HostLists lists_by_co_runner(const Rows& rows, std::int64_t modules);

/// The number of a matrix's rows that a batch takes, so that blocks divide it.
[[nodiscard]] constexpr std::int64_t padded(std::int64_t rows) {
    return rows <= kBlock ? kBlock : (rows + kBlock - 1) / kBlock * kBlock;
}

/// Which matrices of given sizes are worked on together: lists of their numbers, those of a list alike in size.
[[nodiscard]] std::vector<std::vector<std::int64_t>> batches_of(const std::vector<std::int64_t>& known,
                                                                const std::vector<std::int64_t>& more,
                                                                std::size_t budget_bytes);

}  // namespace pitot::backend::device

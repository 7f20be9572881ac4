#include "backend/cuda_dense/factors.hpp"

#include <algorithm>

namespace pitot::backend::device {
namespace {

constexpr std::int64_t kStrip = 256;  // columns that are updated at once: above the diagonal there is nothing to do

int narrow(std::int64_t n) { return static_cast<int>(n); }

// C = alpha·A·op(B) + beta·C of a batch.
struct Operand {
    const double* data;
    std::int64_t rows;
    std::int64_t stride;
};
void multiply(Runtime& runtime, cublasOperation_t of_b, std::int64_t m, std::int64_t n, std::int64_t k, double alpha,
              const Operand& a, const Operand& b, double beta, double* c, std::int64_t c_rows, std::int64_t c_stride,
              std::int64_t batch) {
    check(cublasDgemmStridedBatched(runtime.blas(), CUBLAS_OP_N, of_b, narrow(m), narrow(n), narrow(k), &alpha, a.data,
                                    narrow(a.rows), a.stride, b.data, narrow(b.rows), b.stride, &beta, c,
                                    narrow(c_rows), c_stride, narrow(batch)),
          "factoring matrices");
}

}  // namespace

bool Factors::make(Runtime& runtime, const TermTables& tables, const RowTable& rows, const std::vector<int>& lists,
                   std::int64_t all, std::int64_t known) {
    all_ = all;
    known_ = known;
    batch_ = static_cast<std::int64_t>(lists.size()) / all;
    upload_.begin();
    const auto place = upload_.add(std::span(lists));
    upload_.send(runtime.stream());
    list_ = upload_.at<int>(place);
    matrices_ = matrix_buffer_.of<double>(batch_ * all * known);
    inverse_ = inverse_buffer_.of<double>(batch_ * known * kBlock);
    int* failed = failed_buffer_.of<int>(batch_);
    check(cudaMemsetAsync(failed, 0, static_cast<std::size_t>(batch_) * sizeof(int), runtime.stream()), "starting");
    fill_batch(tables, rows, list_, narrow(batch_), narrow(all), narrow(known), matrices_, runtime.stream());
    check_started("computing covariances");
    factor(runtime, failed);
    return std::ranges::all_of(runtime.fetch(failed, batch_), [](int f) { return f == 0; });
}

void Factors::factor(Runtime& runtime, int* failed) {
    const std::int64_t stride = all_ * known_;
    const std::int64_t inverse_stride = known_ * kBlock;
    double* panel = panel_buffer_.of<double>(batch_ * all_ * kBlock);
    for (std::int64_t first = 0; first < known_; first += kBlock) {
        double* inverse = inverse_ + first * kBlock;
        factor_diagonal(matrices_, narrow(all_), stride, narrow(first), inverse, inverse_stride, failed, narrow(batch_),
                        runtime.stream());
        check_started("factoring matrices");
        const std::int64_t next = first + kBlock;
        const std::int64_t below = all_ - next;
        if (below == 0) {
            break;
        }
        double* column = matrices_ + first * all_;
        copy_part(column + next, narrow(all_), stride, panel, narrow(below), below * kBlock, narrow(below), kBlock,
                  narrow(batch_), runtime.stream());
        check_started("factoring matrices");
        multiply(runtime, CUBLAS_OP_T, below, kBlock, kBlock, 1.0, {panel, below, below * kBlock},
                 {inverse, kBlock, inverse_stride}, 0.0, column + next, all_, stride, batch_);
        for (std::int64_t strip = next; strip < known_; strip += kStrip) {
            const std::int64_t cols = std::min(kStrip, known_ - strip);
            const Operand from{column + strip, all_, stride};
            multiply(runtime, CUBLAS_OP_T, all_ - strip, cols, kBlock, -1.0, from, from, 1.0,
                     matrices_ + strip * all_ + strip, all_, stride, batch_);
        }
    }
}

const double* Factors::last_rows_of_inverse(Runtime& runtime, std::int64_t rows, std::int64_t first_block) {
    // X L = E from the last columns to the first: X_j = (E_j - X_{>j} L_{>j, j}) L_jj⁻¹.
    const std::int64_t stride = rows * known_;
    double* x = row_buffer_.of<double>(batch_ * stride);
    double* panel = panel_buffer_.of<double>(batch_ * std::max(all_, rows) * kBlock);
    set_last_unit_rows(x, narrow(rows), narrow(known_), narrow(batch_), runtime.stream());
    check_started("inverting factors");
    for (std::int64_t block = known_ / kBlock - 1; block >= first_block; --block) {
        const std::int64_t first = block * kBlock;
        const std::int64_t next = first + kBlock;
        double* own = x + first * rows;
        if (next < known_) {
            multiply(runtime, CUBLAS_OP_N, rows, kBlock, known_ - next, -1.0, {x + next * rows, rows, stride},
                     {matrices_ + first * all_ + next, all_, all_ * known_}, 1.0, own, rows, stride, batch_);
        }
        copy_part(own, narrow(rows), stride, panel, narrow(rows), rows * kBlock, narrow(rows), kBlock, narrow(batch_),
                  runtime.stream());
        check_started("inverting factors");
        multiply(runtime, CUBLAS_OP_N, rows, kBlock, kBlock, 1.0, {panel, rows, rows * kBlock},
                 {inverse_ + first * kBlock, kBlock, known_ * kBlock}, 0.0, own, rows, stride, batch_);
    }
    return x;
}

}  // namespace pitot::backend::device

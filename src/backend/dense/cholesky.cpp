// Cholesky factors: right-looking, a block of columns at a time. Its rows below the diagonal are solved for in packed
// panels, which the update of what remains then multiplies with each other.
#include <algorithm>
#include <cstdint>

#include "backend/dense/kernels.hpp"
#include "backend/dense/lower.hpp"
#include "backend/dense/storage.hpp"
#include "backend/dense_algebra.hpp"
#include "core/check.hpp"

namespace pitot::backend::dense {
namespace {

constexpr std::int64_t kBlock = 128;

// The factor of a diagonal block, kept as its transpose.
template <typename T>
class Corner {
public:
    /// Room for blocks of `rows` rows at most.
    Corner(const Kernels<T>& kernel, std::int64_t rows)
        : kernel_(kernel),
          stride_(rounded_up(rounded_up(rows, kernel.rows), kernel.columns) + kernel.columns),
          u_((rows + kernel.rows) * stride_),
          inverse_(rows + kernel.rows) {}

    /// Factors a block in place; returns the first pivot that is not positive, or its rows.
    std::int64_t factor(const MatrixView<T>& block) {
        const std::int64_t n = block.rows;
        order_ = rounded_up(n, kernel_.rows);
        std::fill_n(u_.data(), order_ * stride_, T{0});
        for (std::int64_t j = 0; j < n; ++j) {
            for (std::int64_t k = 0; k <= j; ++k) {
                u_.data()[k * stride_ + j] = block(j, k);
            }
        }
        for (std::int64_t j = n; j < order_; ++j) {
            u_.data()[j * stride_ + j] = T{1};
        }
        const std::int64_t done = kernel_.cholesky(order_, u_.data(), stride_, inverse_.data());
        if (done < order_) {
            return done;
        }
        for (std::int64_t j = 0; j < n; ++j) {
            for (std::int64_t k = 0; k <= j; ++k) {
                block(j, k) = u_.data()[k * stride_ + j];
            }
        }
        return n;
    }
    [[nodiscard]] Triangle<T> triangle() const { return {order_, u_.data(), stride_, inverse_.data()}; }

private:
    const Kernels<T>& kernel_;
    std::int64_t stride_;
    std::int64_t order_ = 0;
    Storage<T> u_, inverse_;
};

}  // namespace

template <typename T>
std::optional<std::int64_t> cholesky(MatrixView<T> a, const Workers& workers) {
    PITOT_CHECK(a.rows == a.cols);
    const Kernels<T>& kernel = kernels<T>();
    // Small matrices, of which fits factor many, take little memory.
    Corner<T> corner(kernel, std::min(kBlock, a.rows));
    const Storage<T> packed(rounded_up(std::max<std::int64_t>(a.rows - kBlock, 0), kernel.columns) * kBlock);
    const std::int64_t panel = kernel.columns * kBlock;
    for (std::int64_t first = 0; first < a.rows; first += kBlock) {
        const std::int64_t order = std::min(kBlock, a.rows - first);
        const std::int64_t done = corner.factor(a.row_range(first, order).columns(first, order));
        if (done < order) {
            return first + done;
        }
        const std::int64_t after = first + order;
        const MatrixView<T> below = a.row_range(after, a.rows - after);
        workers.each(pieces_of(below.rows, kernel.columns), [&](std::int64_t p) {
            const std::int64_t row = p * kernel.columns;
            const auto rows = below.row_range(row, std::min(kernel.columns, below.rows - row)).columns(first, order);
            T* x = packed.data() + p * panel;
            kernel.pack_rows(rows, kernel.columns, x);
            kernel.solve_forward(corner.triangle(), x);
            kernel.unpack_rows(x, kernel.columns, rows);
        });
        multiply_lower(kernel, static_cast<const T*>(packed.data()), order, T{-1}, T{1},
                       below.columns(after, below.rows), workers);
    }
    return std::nullopt;
}

template std::optional<std::int64_t> cholesky(MatrixView<double>, const Workers&);
template std::optional<std::int64_t> cholesky(MatrixView<float>, const Workers&);

}  // namespace pitot::backend::dense

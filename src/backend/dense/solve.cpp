// Triangular solves: packed panels of right-hand sides, a group of panels a task, a block of L at a time.
#include <algorithm>
#include <cstdint>

#include "backend/dense/kernels.hpp"
#include "backend/dense/lower.hpp"
#include "backend/dense/storage.hpp"
#include "backend/dense_algebra.hpp"
#include "core/check.hpp"

namespace pitot::backend::dense {
namespace {

constexpr std::int64_t kBlock = kSolveRows;
constexpr std::int64_t kPanels = 8;  // of right-hand sides a task, at most

}  // namespace

template <typename T>
PanelSolve<T>::PanelSolve(const Kernels<T>& kernel, MatrixView<const T> l)
    : kernel_(kernel),
      l_(l),
      stride_(rounded_up(std::min(kBlock, rounded_up(l.rows, kernel.rows)), kernel.columns)),
      corner_(stride_ * stride_),
      inverse_(stride_),
      packed_(l.rows > kBlock ? stride_ * kBlock : 0) {}

template <typename T>
void PanelSolve<T>::run(bool transposed, T* x, std::int64_t panels, std::int64_t panel, std::int64_t first_row) {
    const std::int64_t n = l_.rows;
    const std::int64_t blocks = pieces_of(n, kBlock);
    for (std::int64_t step = 0; step < blocks; ++step) {
        const std::int64_t block = transposed ? blocks - 1 - step : step;
        const std::int64_t row = block * kBlock;
        if (row + kBlock <= first_row) {
            continue;
        }
        const std::int64_t rows = std::min(kBlock, n - row);
        for (std::int64_t other = 0; other < step; ++other) {
            const std::int64_t from = (transposed ? blocks - 1 - other : other) * kBlock;
            if (from + kBlock <= first_row) {
                continue;
            }
            subtract(transposed, row, rows, from, std::min(kBlock, n - from), x, panels, panel, first_row);
        }
        const Triangle<T> triangle = corner(transposed, row, rows);
        for (std::int64_t p = 0; p < panels; ++p) {
            T* own = x + p * panel + (row - first_row) * kernel_.columns;
            transposed ? kernel_.solve_backward(triangle, own) : kernel_.solve_forward(triangle, own);
        }
    }
}

template <typename T>
void PanelSolve<T>::subtract(bool transposed, std::int64_t row, std::int64_t rows, std::int64_t from,
                             std::int64_t depth, T* x, std::int64_t panels, std::int64_t panel,
                             std::int64_t first_row) {
    PanelProduct<T> product;
    product.a_panel = kernel_.columns * depth;
    for (std::int64_t i = 0; i < rows; i += kernel_.columns) {
        const std::int64_t count = std::min(kernel_.columns, rows - i);
        T* to = packed_.data() + i * depth;
        if (transposed) {
            kernel_.pack_columns(l_.row_range(from, depth).columns(row + i, count), kernel_.columns, to);
        } else {
            kernel_.pack_rows(l_.row_range(row + i, count).columns(from, depth), kernel_.columns, to);
        }
    }
    product.rows = rows;
    product.columns = kernel_.columns;
    product.depth = depth;
    product.a = packed_.data();
    product.alpha = T{-1};
    product.beta = T{1};
    product.c_stride = kernel_.columns;
    for (std::int64_t p = 0; p < panels; ++p) {
        product.b = x + p * panel + (from - first_row) * kernel_.columns;
        product.c = x + p * panel + (row - first_row) * kernel_.columns;
        kernel_.multiply(product);
    }
}

template <typename T>
Triangle<T> PanelSolve<T>::corner(bool transposed, std::int64_t row, std::int64_t rows) {
    const std::int64_t order = rounded_up(rows, kernel_.rows);
    T* at = corner_.data();
    for (std::int64_t i = 0; i < order; ++i) {
        for (std::int64_t k = 0; k <= i; ++k) {
            const T value = i < rows ? l_(row + i, row + k) : T{0};
            (transposed ? at[i * stride_ + k] : at[k * stride_ + i]) = value;
        }
        inverse_.data()[i] = i < rows ? T{1} / l_(row + i, row + i) : T{1};
    }
    return {order, at, stride_, inverse_.data()};
}

template class PanelSolve<double>;
template class PanelSolve<float>;

namespace {

// Solves for right-hand sides in the rows of B, or in its columns.
template <typename T>
void solve_all(const MatrixView<const T>& l, const MatrixView<T>& b, bool in_rows, bool transposed,
               const Workers& workers) {
    const std::int64_t sides = in_rows ? b.rows : b.cols;
    PITOT_CHECK(l.rows == l.cols && l.rows == (in_rows ? b.cols : b.rows));
    if (l.rows == 0 || sides == 0) {
        return;
    }
    const Kernels<T>& kernel = kernels<T>();
    const std::int64_t panels = pieces_of(sides, kernel.columns);
    const std::int64_t group = std::clamp<std::int64_t>(pieces_of(panels, workers.count()), 1, kPanels);
    const std::int64_t padded = rounded_up(l.rows, kernel.rows);
    const std::int64_t panel = padded * kernel.columns;
    workers.each(pieces_of(panels, group), [&](std::int64_t task) {
        const std::int64_t first = task * group;
        const std::int64_t own = std::min(group, panels - first);
        const Storage<T> x(own * panel);
        PanelSolve<T> solve(kernel, l);
        const auto piece = [&](std::int64_t p) {
            const std::int64_t side = (first + p) * kernel.columns;
            const std::int64_t count = std::min(kernel.columns, sides - side);
            return in_rows ? b.row_range(side, count) : b.columns(side, count);
        };
        for (std::int64_t p = 0; p < own; ++p) {
            T* to = x.data() + p * panel;
            (in_rows ? kernel.pack_rows : kernel.pack_columns)(piece(p), kernel.columns, to);
            std::fill(to + l.rows * kernel.columns, to + panel, T{0});
        }
        solve.run(transposed, x.data(), own, panel, 0);
        for (std::int64_t p = 0; p < own; ++p) {
            const MatrixView<T> to = piece(p);
            const T* from = x.data() + p * panel;
            if (in_rows) {
                kernel.unpack_rows(from, kernel.columns, to);
            } else {
                for (std::int64_t k = 0; k < to.rows; ++k) {
                    std::copy_n(from + k * kernel.columns, to.cols, &to(k, 0));
                }
            }
        }
    });
}

}  // namespace

template <typename T>
void solve_lower(ConstMatrix<T> l, std::span<T> x) {
    PITOT_CHECK(l.rows == l.cols && l.rows == static_cast<std::int64_t>(x.size()));
    kernels<T>().forward_vector(l, x.data());
}
template <typename T>
void solve_lower_transposed(ConstMatrix<T> l, std::span<T> x) {
    PITOT_CHECK(l.rows == l.cols && l.rows == static_cast<std::int64_t>(x.size()));
    kernels<T>().backward_vector(l, x.data());
}
template <typename T>
void solve_lower_rows(ConstMatrix<T> l, MatrixView<T> b, const Workers& workers) {
    solve_all<T>(l, b, true, false, workers);
}
template <typename T>
void solve_lower_transposed_rows(ConstMatrix<T> l, MatrixView<T> b, const Workers& workers) {
    solve_all<T>(l, b, true, true, workers);
}
template <typename T>
void solve_lower_columns(ConstMatrix<T> l, MatrixView<T> b, const Workers& workers) {
    solve_all<T>(l, b, false, false, workers);
}
template <typename T>
void solve_lower_transposed_columns(ConstMatrix<T> l, MatrixView<T> b, const Workers& workers) {
    solve_all<T>(l, b, false, true, workers);
}

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): once for each precision
#define PITOT_INSTANTIATE(T)                                                                  \
    template void solve_lower(ConstMatrix<T>, std::span<T>);                                  \
    template void solve_lower_transposed(ConstMatrix<T>, std::span<T>);                       \
    template void solve_lower_rows(ConstMatrix<T>, MatrixView<T>, const Workers&);            \
    template void solve_lower_transposed_rows(ConstMatrix<T>, MatrixView<T>, const Workers&); \
    template void solve_lower_columns(ConstMatrix<T>, MatrixView<T>, const Workers&);         \
    template void solve_lower_transposed_columns(ConstMatrix<T>, MatrixView<T>, const Workers&);
PITOT_INSTANTIATE(double)
PITOT_INSTANTIATE(float)
#undef PITOT_INSTANTIATE

}  // namespace pitot::backend::dense

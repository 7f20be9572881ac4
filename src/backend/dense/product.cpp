// Products of matrices by packed panels (Goto and van de Geijn 2008, "Anatomy of high-performance matrix
// multiplication"): a block of B for all threads, and of A a block for each, which stays in its second-level cache.
#include <algorithm>
#include <cstdint>

#include "backend/dense/kernels.hpp"
#include "backend/dense/lower.hpp"
#include "backend/dense/storage.hpp"
#include "backend/dense_algebra.hpp"
#include "core/check.hpp"

namespace pitot::backend::dense {
namespace {

constexpr std::int64_t kDepth = 256;           // of the panels
constexpr std::int64_t kBlockBytes = 400'000;  // of a thread's block of A
constexpr std::int64_t kColumns = 2'000;       // of a block of B, about

// A factor of a product: rows × depth, or with `transposed` depth × rows in memory.
template <typename T>
struct Factor {
    MatrixView<const T> matrix;
    bool transposed;

    [[nodiscard]] std::int64_t rows() const { return transposed ? matrix.cols : matrix.rows; }
    [[nodiscard]] std::int64_t depth() const { return transposed ? matrix.rows : matrix.cols; }

    /// Packs rows first … first + count, of them the depth from k on, into panels.
    void pack(const Kernels<T>& kernel, std::int64_t first, std::int64_t count, std::int64_t k, std::int64_t depth,
              T* to) const {
        for (std::int64_t i = 0; i < count; i += kernel.columns, to += kernel.columns * depth) {
            const std::int64_t rows = std::min(kernel.columns, count - i);
            if (transposed) {
                kernel.pack_columns(matrix.row_range(k, depth).columns(first + i, rows), kernel.columns, to);
            } else {
                kernel.pack_rows(matrix.row_range(first + i, rows).columns(k, depth), kernel.columns, to);
            }
        }
    }
};

// Memory that a thread keeps for the next product.
template <typename T>
struct Scratch {
    Storage<T> a, b;
};
template <typename T>
Scratch<T>& scratch() {
    thread_local Scratch<T> own;
    return own;
}

template <typename T>
void scale_rows(const MatrixView<T>& c, T factor) {
    for (std::int64_t i = 0; i < c.rows; ++i) {
        for (T& x : c.row(i)) {
            x = factor == T{0} ? T{0} : factor * x;
        }
    }
}

template <typename T>
void multiply_factors(const Factor<T>& a, const Factor<T>& b, const MatrixView<T>& c, const Scale<T>& scale,
                      const Workers& workers) {
    PITOT_CHECK(a.rows() == c.rows && b.rows() == c.cols && a.depth() == b.depth());
    if (c.rows == 0 || c.cols == 0) {
        return;
    }
    if (a.depth() == 0) {
        scale_rows(c, scale.kept);
        return;
    }
    const Kernels<T>& kernel = kernels<T>();
    const std::int64_t threads = workers.count();
    // Blocks of rows: as many for each thread. Where there are too few rows, threads share columns, too.
    const std::int64_t most = std::max(kernel.columns, kBlockBytes / (kDepth * std::int64_t{sizeof(T)}));
    const std::int64_t wanted = rounded_up(pieces_of(c.rows, most), threads);
    const std::int64_t block = rounded_up(pieces_of(c.rows, wanted), kernel.rows);
    const std::int64_t blocks = pieces_of(c.rows, block);
    const std::int64_t parts = blocks < threads ? threads : 1;
    const std::int64_t width = rounded_up(std::min(kColumns, c.cols), kernel.columns);
    T* packed_b = scratch<T>().b.grow(width * std::min(kDepth, a.depth()));
    for (std::int64_t column = 0; column < c.cols; column += width) {
        const std::int64_t columns = std::min(width, c.cols - column);
        for (std::int64_t k = 0; k < a.depth(); k += kDepth) {
            const std::int64_t depth = std::min(kDepth, a.depth() - k);
            const std::int64_t panel = kernel.columns * depth;
            const std::int64_t panels = pieces_of(columns, kernel.columns);
            workers.each(panels, [&](std::int64_t p) {
                const std::int64_t first = p * kernel.columns;
                b.pack(kernel, column + first, std::min(kernel.columns, columns - first), k, depth,
                       packed_b + p * panel);
            });
            const std::int64_t share = pieces_of(panels, parts);
            workers.each(blocks * parts, [&](std::int64_t task) {
                const std::int64_t row = task / parts * block;
                const std::int64_t rows = std::min(block, c.rows - row);
                const std::int64_t first = task % parts * share;
                if (first >= panels) {
                    return;
                }
                T* packed_a = scratch<T>().a.grow(rounded_up(block, kernel.columns) * depth);
                a.pack(kernel, row, rows, k, depth, packed_a);
                PanelProduct<T> product;
                product.rows = rows;
                product.columns = std::min(share * kernel.columns, columns - first * kernel.columns);
                product.depth = depth;
                product.a = packed_a;
                product.a_panel = panel;
                product.b = packed_b + first * panel;
                product.b_panel = panel;
                product.alpha = scale.product;
                product.beta = k == 0 ? scale.kept : T{1};
                product.c = &c(row, column + first * kernel.columns);
                product.c_stride = c.stride;
                kernel.multiply(product);
            });
        }
    }
}

}  // namespace

template <typename T>
void multiply(ConstMatrix<T> a, ConstMatrix<T> b, MatrixView<T> c, std::type_identity_t<Scale<T>> scale,
              const Workers& workers) {
    multiply_factors<T>({a, false}, {b, true}, c, scale, workers);
}

template <typename T>
void multiply_by_rows(ConstMatrix<T> a, ConstMatrix<T> b, MatrixView<T> c, std::type_identity_t<Scale<T>> scale,
                      const Workers& workers) {
    multiply_factors<T>({a, false}, {b, false}, c, scale, workers);
}

template <typename T>
void multiply_by_columns(ConstMatrix<T> a, ConstMatrix<T> b, MatrixView<T> c, std::type_identity_t<Scale<T>> scale,
                         const Workers& workers) {
    multiply_factors<T>({a, true}, {b, true}, c, scale, workers);
}

template <typename T>
void multiply_by_itself(ConstMatrix<T> a, MatrixView<T> c, std::type_identity_t<Scale<T>> scale,
                        const Workers& workers) {
    PITOT_CHECK(a.rows == c.rows && c.rows == c.cols);
    const Kernels<T>& kernel = kernels<T>();
    if (a.cols == 0) {
        for (std::int64_t i = 0; i < c.rows; ++i) {
            scale_rows<T>(c.row_range(i, 1).columns(0, i + 1), scale.kept);
        }
        return;
    }
    const Factor<T> factor{a, false};
    const std::int64_t panels = pieces_of(a.rows, kernel.columns);
    const Storage<T> packed(panels * kernel.columns * std::min(kDepth, a.cols));
    for (std::int64_t k = 0; k < a.cols; k += kDepth) {
        const std::int64_t depth = std::min(kDepth, a.cols - k);
        const std::int64_t panel = kernel.columns * depth;
        workers.each(panels, [&](std::int64_t p) {
            const std::int64_t first = p * kernel.columns;
            factor.pack(kernel, first, std::min(kernel.columns, a.rows - first), k, depth, packed.data() + p * panel);
        });
        multiply_lower(kernel, packed.data(), depth, scale.product, k == 0 ? scale.kept : T{1}, c, workers);
    }
}

template <typename T>
void multiply_lower(const Kernels<T>& kernel, const T* packed, std::int64_t depth, T alpha, T beta,
                    const MatrixView<T>& c, const Workers& workers) {
    // A few panels of rows a task, those with the most columns first.
    const std::int64_t panel = kernel.columns * depth;
    const std::int64_t block =
        std::max<std::int64_t>(1, kBlockBytes / (2 * panel * std::int64_t{sizeof(T)})) * kernel.columns;
    const std::int64_t blocks = pieces_of(c.rows, block);
    workers.each(blocks, [&](std::int64_t task) {
        const std::int64_t row = (blocks - 1 - task) * block;
        PanelProduct<T> product;
        product.rows = std::min(block, c.rows - row);
        product.columns = std::min(c.rows, row + block);
        product.depth = depth;
        product.a = packed + row / kernel.columns * panel;
        product.a_panel = panel;
        product.b = packed;
        product.b_panel = panel;
        product.alpha = alpha;
        product.beta = beta;
        product.c = &c(row, 0);
        product.c_stride = c.stride;
        product.lower = true;
        product.diagonal = row;
        kernel.multiply(product);
    });
}

// NOLINTBEGIN(cppcoreguidelines-macro-usage, bugprone-macro-parentheses): once for each precision; T is a type
#define PITOT_INSTANTIATE(T)                                                                                         \
    template void multiply(ConstMatrix<T>, ConstMatrix<T>, MatrixView<T>, std::type_identity_t<Scale<T>>,            \
                           const Workers&);                                                                          \
    template void multiply_by_rows(ConstMatrix<T>, ConstMatrix<T>, MatrixView<T>, std::type_identity_t<Scale<T>>,    \
                                   const Workers&);                                                                  \
    template void multiply_by_columns(ConstMatrix<T>, ConstMatrix<T>, MatrixView<T>, std::type_identity_t<Scale<T>>, \
                                      const Workers&);                                                               \
    template void multiply_by_itself(ConstMatrix<T>, MatrixView<T>, std::type_identity_t<Scale<T>>, const Workers&); \
    template void multiply_lower(const Kernels<T>&, const T*, std::int64_t, T, T, const MatrixView<T>&, const Workers&);
// NOLINTEND(cppcoreguidelines-macro-usage, bugprone-macro-parentheses)
PITOT_INSTANTIATE(double)
PITOT_INSTANTIATE(float)
#undef PITOT_INSTANTIATE

}  // namespace pitot::backend::dense

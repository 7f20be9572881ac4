// Dense algebra against plain loops in long double, on ragged sizes with strides, for every instruction set.
#include "backend/dense_algebra.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "core/key.hpp"
#include "unit/backend/kernel_blocks.hpp"

namespace pitot::backend::dense {
namespace {

// A matrix inside a larger block, with a guard around it that must survive.
template <typename T>
class Guarded {
public:
    Guarded(std::int64_t rows, std::int64_t cols, std::int64_t shift, T value)
        : rows_(rows),
          cols_(cols),
          stride_(cols + shift),
          shift_(shift),
          data_(static_cast<std::size_t>(rows * stride_ + shift + 80), kGuard) {
        for (std::int64_t i = 0; i < rows; ++i) {
            std::ranges::fill(view().row(i), value);
        }
    }
    [[nodiscard]] MatrixView<T> view() { return {data_.data() + shift_, rows_, cols_, stride_}; }
    [[nodiscard]] MatrixView<const T> view() const { return {data_.data() + shift_, rows_, cols_, stride_}; }
    // True if nothing outside the matrix was written.
    [[nodiscard]] bool guarded() const {
        for (std::size_t n = 0; n < data_.size(); ++n) {
            const std::int64_t place = static_cast<std::int64_t>(n) - shift_;
            const bool inside = place >= 0 && place < rows_ * stride_ && place % stride_ < cols_;
            if (!inside && data_[n] != kGuard) {
                return false;
            }
        }
        return true;
    }
    [[nodiscard]] bool same_bits(const Guarded& other) const {
        for (std::int64_t i = 0; i < rows_; ++i) {
            for (std::int64_t j = 0; j < cols_; ++j) {
                const T x = view()(i, j);
                const T y = other.view()(i, j);
                if (x != y && !(std::isnan(x) && std::isnan(y))) {
                    return false;
                }
            }
        }
        return true;
    }

private:
    static constexpr T kGuard = 12345;
    std::int64_t rows_, cols_, stride_, shift_;
    std::vector<T> data_;
};

template <typename T>
Guarded<T> random_matrix(std::int64_t rows, std::int64_t cols, std::int64_t shift, core::Key key) {
    Guarded<T> out(rows, cols, shift, T{0});
    core::Stream stream(key);
    for (std::int64_t i = 0; i < rows; ++i) {
        for (T& x : out.view().row(i)) {
            x = static_cast<T>(2.0 * stream.uniform() - 1.0);
        }
    }
    return out;
}

// The lower triangle of a positive definite matrix like those of Gaussian processes; what must not be read is NaN.
template <typename T>
Guarded<T> covariance(std::int64_t n, std::int64_t shift, core::Key key) {
    Guarded<T> out(n, n, shift, std::numeric_limits<T>::quiet_NaN());
    core::Stream stream(key);
    std::vector<double> place(static_cast<std::size_t>(n));
    for (double& x : place) {
        x = stream.uniform();
    }
    for (std::size_t i = 0; i < place.size(); ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            const double distance = std::abs(place[i] - place[j]);
            out.view()(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)) =
                static_cast<T>(std::exp(-4.0 * distance) + (i == j ? 0.1 : 0.0));
        }
    }
    return out;
}

// A lower factor that is well conditioned, NaN above its diagonal.
template <typename T>
Guarded<T> lower_factor(std::int64_t n, std::int64_t shift, core::Key key) {
    Guarded<T> out = random_matrix<T>(n, n, shift, key);
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
            T& x = out.view()(i, j);
            x = j > i ? std::numeric_limits<T>::quiet_NaN() : x / std::sqrt(static_cast<T>(n));
        }
        out.view()(i, i) = T{1} + std::abs(out.view()(i, i));
    }
    return out;
}

template <typename T>
double tolerance(std::int64_t terms) {
    return static_cast<double>(std::numeric_limits<T>::epsilon()) * static_cast<double>(terms + 8);
}

// How far a value is from what it should be.
template <typename T>
double off(T got, long double want) {
    return static_cast<double>(std::abs(static_cast<long double>(got) - want));
}

enum class Form { kPlain, kByRows, kByColumns };

template <typename T>
void call(Form form, MatrixView<const T> a, MatrixView<const T> b, MatrixView<T> c, Scale<T> scale,
          const Workers& workers) {
    switch (form) {
        case Form::kPlain:
            multiply<T>(a, b, c, scale, workers);
            break;
        case Form::kByRows:
            multiply_by_rows<T>(a, b, c, scale, workers);
            break;
        case Form::kByColumns:
            multiply_by_columns<T>(a, b, c, scale, workers);
            break;
    }
}

struct Size {
    std::int64_t m, n, k;
};

template <typename T>
void check_product(Form form, Size size, std::int64_t shift, Scale<T> scale) {
    SCOPED_TRACE(testing::Message() << "form " << static_cast<int>(form) << ", " << size.m << " x " << size.n << " x "
                                    << size.k << ", shift " << shift);
    const core::Key key(7);
    const bool a_turned = form == Form::kByColumns;
    const bool b_turned = form == Form::kByRows;
    const auto a = random_matrix<T>(a_turned ? size.k : size.m, a_turned ? size.m : size.k, shift, key.fold("a"));
    const auto b = random_matrix<T>(b_turned ? size.n : size.k, b_turned ? size.k : size.n, shift, key.fold("b"));
    auto c = random_matrix<T>(size.m, size.n, shift, key.fold("c"));
    const auto before = c;
    if (scale.kept == T{0}) {
        c = Guarded<T>(size.m, size.n, shift, std::numeric_limits<T>::quiet_NaN());
    }
    call<T>(form, a.view(), b.view(), c.view(), scale, 1);
    EXPECT_TRUE(c.guarded());
    for (std::int64_t i = 0; i < size.m; ++i) {
        for (std::int64_t j = 0; j < size.n; ++j) {
            long double want = scale.kept == T{0} ? 0.0L : static_cast<long double>(scale.kept) * before.view()(i, j);
            for (std::int64_t k = 0; k < size.k; ++k) {
                want += static_cast<long double>(scale.product) * (a_turned ? a.view()(k, i) : a.view()(i, k)) *
                        (b_turned ? b.view()(j, k) : b.view()(k, j));
            }
            ASSERT_LE(off(c.view()(i, j), want), tolerance<T>(size.k) * 4.0) << i << ", " << j;
        }
    }
    for (const int threads : {2, 3}) {
        auto again = before;
        call<T>(form, a.view(), b.view(), again.view(), scale, threads);
        EXPECT_TRUE(again.same_bits(c)) << threads << " threads";
    }
}

template <typename T>
class DenseAlgebra : public testing::Test {};
using Precisions = testing::Types<double, float>;
TYPED_TEST_SUITE(DenseAlgebra, Precisions);

TYPED_TEST(DenseAlgebra, ProductsAreThoseOfPlainLoops) {
    using T = TypeParam;
    test::for_each_target([](const std::string& /*target*/) {
        for (const Form form : {Form::kPlain, Form::kByRows, Form::kByColumns}) {
            for (const Size size : {Size{1, 1, 1}, Size{1, 50, 3}, Size{7, 5, 9}, Size{8, 24, 16}, Size{25, 49, 33},
                                    Size{50, 1, 70}, Size{97, 100, 1}, Size{60, 61, 300}}) {
                check_product<T>(form, size, 0, {});
                check_product<T>(form, size, 3, {T{-0.5}, T{2}});
            }
            check_product<T>(form, {9, 10, 0}, 1, {});
            check_product<T>(form, {9, 10, 0}, 1, {T{1}, T{3}});
            check_product<T>(form, {0, 10, 4}, 1, {});
            check_product<T>(form, {10, 0, 4}, 1, {});
        }
    });
}

TYPED_TEST(DenseAlgebra, ProductsOfSeveralBlocks) {
    using T = TypeParam;
    for (const Form form : {Form::kPlain, Form::kByRows, Form::kByColumns}) {
        check_product<T>(form, {5, 2'100, 20}, 2, {T{1}, T{1}});
        check_product<T>(form, {450, 37, 520}, 1, {T{2}, T{-1}});
    }
}

// What an element is does not depend on the block of C that it was computed with.
TYPED_TEST(DenseAlgebra, PartsOfAProductHaveTheBitsOfTheWhole) {
    using T = TypeParam;
    const core::Key key(3);
    const auto a = random_matrix<T>(70, 300, 1, key.fold("a"));
    const auto b = random_matrix<T>(90, 300, 0, key.fold("b"));
    Guarded<T> whole(70, 90, 0, T{0});
    multiply_by_rows<T>(a.view(), b.view(), whole.view(), {T{0.3F}}, 1);
    Guarded<T> part(31, 45, 0, T{0});
    multiply_by_rows<T>(a.view().row_range(13, 31), b.view().row_range(29, 45), part.view(), {T{0.3F}}, 1);
    for (std::int64_t i = 0; i < 31; ++i) {
        for (std::int64_t j = 0; j < 45; ++j) {
            ASSERT_EQ(part.view()(i, j), whole.view()(13 + i, 29 + j)) << i << ", " << j;
        }
    }
}

TYPED_TEST(DenseAlgebra, ProductsWithItselfTouchTheLowerTriangleOnly) {
    using T = TypeParam;
    test::for_each_target([](const std::string& /*target*/) {
        const core::Key key(5);
        for (const Size size : {Size{1, 1, 1}, Size{5, 5, 0}, Size{33, 33, 7}, Size{100, 100, 20}, Size{75, 75, 290}}) {
            SCOPED_TRACE(testing::Message() << size.m << " x " << size.k);
            const auto a = random_matrix<T>(size.m, size.k, 1, key.fold("a"));
            const auto before = random_matrix<T>(size.m, size.m, 2, key.fold("c"));
            auto c = before;
            multiply_by_itself<T>(a.view(), c.view(), {T{-1}, T{1}}, 1);
            EXPECT_TRUE(c.guarded());
            for (std::int64_t i = 0; i < size.m; ++i) {
                for (std::int64_t j = 0; j < size.m; ++j) {
                    long double want = before.view()(i, j);
                    for (std::int64_t k = 0; k < (j <= i ? size.k : 0); ++k) {
                        want -= static_cast<long double>(a.view()(i, k)) * a.view()(j, k);
                    }
                    ASSERT_LE(off(c.view()(i, j), want), tolerance<T>(size.k) * 2.0) << i << ", " << j;
                }
            }
            auto again = before;
            multiply_by_itself<T>(a.view(), again.view(), {T{-1}, T{1}}, 2);
            EXPECT_TRUE(again.same_bits(c));
        }
    });
}

template <typename T>
void check_cholesky(std::int64_t n, std::int64_t shift) {
    SCOPED_TRACE(testing::Message() << n << ", shift " << shift);
    const auto a = covariance<T>(n, shift, core::Key(11));
    auto l = a;
    ASSERT_EQ(cholesky<T>(l.view(), 1), std::nullopt);
    EXPECT_TRUE(l.guarded());
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
            if (j > i) {
                ASSERT_TRUE(std::isnan(l.view()(i, j)));
                continue;
            }
            long double got = 0.0L;
            for (std::int64_t k = 0; k <= j; ++k) {
                got += static_cast<long double>(l.view()(i, k)) * l.view()(j, k);
            }
            ASSERT_LE(off(a.view()(i, j), got), tolerance<T>(20)) << i << ", " << j;
        }
    }
    for (const int threads : {2, 3}) {
        auto again = a;
        ASSERT_EQ(cholesky<T>(again.view(), threads), std::nullopt);
        EXPECT_TRUE(again.same_bits(l)) << threads << " threads";
    }
}

TYPED_TEST(DenseAlgebra, CholeskyFactorsGiveTheMatrixBack) {
    using T = TypeParam;
    test::for_each_target([](const std::string& /*target*/) {
        for (const std::int64_t n : {0, 1, 2, 7, 8, 9, 25, 127, 128, 129, 161}) {
            check_cholesky<T>(n, 0);
        }
        check_cholesky<T>(300, 5);
    });
    check_cholesky<T>(700, 0);
}

TYPED_TEST(DenseAlgebra, CholeskySaysWhereAMatrixIsNotPositiveDefinite) {
    using T = TypeParam;
    test::for_each_target([](const std::string& /*target*/) {
        for (const std::int64_t n : {1, 9, 150, 260}) {
            for (const std::int64_t pivot : {std::int64_t{0}, n / 3, n / 2, n - 1}) {
                // The pivots before are those of the leading matrix, and this one is negative for certain.
                for (const T value : {T{-1}, std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()}) {
                    auto a = covariance<T>(n, 0, core::Key(13));
                    a.view()(pivot, pivot) = value;
                    EXPECT_EQ(cholesky<T>(a.view(), 1), pivot) << n << ", " << value;
                }
            }
        }
        Guarded<T> nothing(20, 20, 0, T{0});
        EXPECT_EQ(cholesky<T>(nothing.view(), 2), 0);
    });
}

// x = L⁻¹x or L⁻ᵀx by substitution.
template <typename T>
std::vector<long double> substituted(const MatrixView<const T>& l, std::vector<long double> x, bool transposed) {
    const std::int64_t n = l.rows;
    for (std::int64_t step = 0; step < n; ++step) {
        const std::int64_t i = transposed ? n - 1 - step : step;
        long double& own = x[static_cast<std::size_t>(i)];
        for (std::int64_t before = 0; before < step; ++before) {
            const std::int64_t k = transposed ? n - 1 - before : before;
            own -= static_cast<long double>(transposed ? l(k, i) : l(i, k)) * x[static_cast<std::size_t>(k)];
        }
        own /= l(i, i);
    }
    return x;
}

template <typename T>
void check_solves(std::int64_t n, std::int64_t sides, std::int64_t shift) {
    SCOPED_TRACE(testing::Message() << n << ", " << sides << " sides, shift " << shift);
    const core::Key key(17);
    const auto l = lower_factor<T>(n, shift, key.fold("l"));
    const auto b = random_matrix<T>(sides, n, shift, key.fold("b"));
    for (const bool transposed : {false, true}) {
        const auto solve_rows = [&](MatrixView<T> x, const Workers& workers) {
            transposed ? solve_lower_transposed_rows<T>(l.view(), x, workers)
                       : solve_lower_rows<T>(l.view(), x, workers);
        };
        const auto solve_columns = [&](MatrixView<T> x, const Workers& workers) {
            transposed ? solve_lower_transposed_columns<T>(l.view(), x, workers)
                       : solve_lower_columns<T>(l.view(), x, workers);
        };
        auto rows = b;
        solve_rows(rows.view(), 1);
        Guarded<T> columns(n, sides, shift, T{0});
        for (std::int64_t i = 0; i < n; ++i) {
            for (std::int64_t s = 0; s < sides; ++s) {
                columns.view()(i, s) = b.view()(s, i);
            }
        }
        auto columns_again = columns;
        solve_columns(columns.view(), 1);
        EXPECT_TRUE(rows.guarded() && columns.guarded());
        for (std::int64_t s = 0; s < sides; ++s) {
            const auto side = b.view().row(s);
            const auto want = substituted<T>(l.view(), {side.begin(), side.end()}, transposed);
            std::vector<T> one(side.begin(), side.end());
            transposed ? solve_lower_transposed<T>(l.view(), one) : solve_lower<T>(l.view(), one);
            for (std::int64_t i = 0; i < n; ++i) {
                const auto at = static_cast<std::size_t>(i);
                const double most = tolerance<T>(n) * (4.0 + std::abs(static_cast<double>(want[at])));
                ASSERT_LE(off(one[at], want[at]), most) << "one, " << s << ", " << i;
                ASSERT_LE(off(rows.view()(s, i), want[at]), most) << "rows, " << s << ", " << i;
                ASSERT_EQ(columns.view()(i, s), rows.view()(s, i)) << "columns, " << s << ", " << i;
            }
        }
        auto rows_again = b;
        solve_rows(rows_again.view(), 2);
        solve_columns(columns_again.view(), 2);
        EXPECT_TRUE(rows_again.same_bits(rows));
        EXPECT_TRUE(columns_again.same_bits(columns));
    }
}

TYPED_TEST(DenseAlgebra, TriangularSolvesAreThoseBySubstitution) {
    using T = TypeParam;
    test::for_each_target([](const std::string& /*target*/) {
        for (const std::int64_t n : {0, 1, 7, 8, 31, 129}) {
            for (const std::int64_t sides : {0, 1, 25}) {
                check_solves<T>(n, sides, 0);
            }
        }
        check_solves<T>(270, 50, 3);
    });
    check_solves<T>(130, 400, 1);
}

TYPED_TEST(DenseAlgebra, InversesOfFactors) {
    using T = TypeParam;
    test::for_each_target([](const std::string& /*target*/) {
        for (const std::int64_t n : {0, 1, 5, 24, 100, 129, 290, 410}) {
            SCOPED_TRACE(n);
            auto a = covariance<T>(n, 1, core::Key(19));
            auto inverse = a;
            ASSERT_EQ(cholesky<T>(inverse.view(), 1), std::nullopt);
            auto again = inverse;
            inverse_from_cholesky<T>(inverse.view(), 1);
            EXPECT_TRUE(inverse.guarded());
            inverse_from_cholesky<T>(again.view(), 2);
            EXPECT_TRUE(again.same_bits(inverse));
            for (std::int64_t i = 0; i < n; ++i) {
                for (std::int64_t j = i + 1; j < n; ++j) {
                    ASSERT_TRUE(std::isnan(inverse.view()(i, j)));
                }
            }
            mirror_lower<T>(a.view());
            mirror_lower<T>(inverse.view());
            Guarded<T> identity(n, n, 0, T{0});
            multiply<T>(a.view(), inverse.view(), identity.view(), {}, 1);
            for (std::int64_t i = 0; i < n; ++i) {
                for (std::int64_t j = 0; j < n; ++j) {
                    ASSERT_EQ(inverse.view()(i, j), inverse.view()(j, i));
                    ASSERT_NEAR(identity.view()(i, j), i == j ? 1.0 : 0.0, tolerance<T>(n) * 100.0) << i << ", " << j;
                }
            }
        }
    });
}

TEST(Workers, DoEachTaskOnce) {
    core::Team team(2);
    for (const std::int64_t tasks : {0, 1, 2, 17}) {
        std::vector<int> done(static_cast<std::size_t>(tasks));
        Workers(team).each(tasks, [&](std::int64_t i) { ++done[static_cast<std::size_t>(i)]; });
        EXPECT_EQ(done, std::vector<int>(static_cast<std::size_t>(tasks), 1));
    }
}

}  // namespace
}  // namespace pitot::backend::dense

// The loss of a row and its slope: see Loss.
#pragma once

#include "backend/cuda/device.cuh"
#include "pitot/config.hpp"

namespace pitot::backend::cuda {

/// Where the rows of a platform begin and end.
struct RowRange {
    int begin, end;
};
__device__ __forceinline__ RowRange rows_of(const View<const std::int32_t>& ends, std::int64_t model, int i) {
    const std::int32_t* at = part(ends, model) + i;
    return {at[0], at[1]};
}

struct RowLoss {
    float loss, slope;
};

/// What a row's loss is made of beside what a network gives.
struct RowTerms {
    float prediction = 0.0F, target = 0.0F, scale = 0.0F;
};
__device__ __forceinline__ RowTerms terms_of(const LossTerms& terms, const Batch& batch, std::int64_t model, int i,
                                             int b) {
    RowTerms of_row{0.0F, part(batch.target, model)[b], part(batch.scale, model)[b]};
    if (terms.platform_term.data != nullptr) {
        const int j = part(batch.module, model)[b];
        of_row.prediction = *row(terms.platform_term, model, i) + *row(terms.module_term, model, j);
    }
    return of_row;
}

/// `more`: what is added to its prediction.
__device__ __forceinline__ RowLoss loss_at(const LossTerms& terms, const RowTerms& of_row, float more) {
    const float scale = of_row.scale;
    float error = more + of_row.prediction - of_row.target;
    if (terms.kind == static_cast<std::int32_t>(Loss::kHuber)) {
        const float delta = terms.huber_delta;
        const float size = fabsf(error);
        const float inside = fminf(size, delta);
        const float slope = error > delta ? delta : error < -delta ? -delta : error;  // NaN passes
        return {scale * inside * (size - 0.5F * inside), scale * slope};
    }
    const float unit = terms.kind == static_cast<std::int32_t>(Loss::kRelative) ? 1.0F / of_row.target : 1.0F;
    error *= unit;
    return {scale * error * error, 2.0F * scale * error * unit};
}

/// Of row b of platform i, whose terms other than baseline and network sum to `prediction`.
__device__ __forceinline__ RowLoss loss_of(const LossTerms& terms, const Batch& batch, std::int64_t model, int i, int b,
                                           float prediction) {
    if (terms.output.data != nullptr) {
        prediction += terms.output_scale * *row(terms.output, model, b);
    }
    return loss_at(terms, terms_of(terms, batch, model, i, b), prediction);
}

}  // namespace pitot::backend::cuda

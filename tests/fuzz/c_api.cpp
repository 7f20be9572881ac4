// Any bytes as arguments of the C interface: archives, tables, configurations and models of memory, columns and queries
// with numbers of any kind. Memory is as large as it is said to be, and handles are handles; nothing else is kept. What
// fails has to say why and to return no handle.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pitot/c.h"

namespace {

// Numbers and texts taken from the front of an input; zeros when it is used up.
class Bytes {
public:
    explicit Bytes(std::string_view left) : left_(left) {}

    template <typename T>
    T take() {
        T value{};
        const std::size_t size = std::min(sizeof(T), left_.size());
        if (size > 0) {
            std::memcpy(&value, left_.data(), size);
        }
        left_.remove_prefix(size);
        return value;
    }
    std::size_t below(std::size_t end) { return take<std::uint8_t>() % end; }
    std::string_view text(std::size_t size) {
        const std::string_view taken = left_.substr(0, size);
        left_.remove_prefix(taken.size());
        return taken;
    }
    std::string_view rest() { return std::exchange(left_, {}); }

    // Mostly a number that exists, sometimes any.
    std::int32_t row(std::size_t rows) {
        const auto byte = take<std::uint8_t>();
        return byte == 255 ? take<std::int32_t>() : static_cast<std::int32_t>(byte % (rows + 1)) - (byte > 250 ? 2 : 0);
    }

private:
    std::string_view left_;
};

// A handle that frees itself, and that a call which failed must have left NULL.
template <typename T, void (*kFree)(T*)>
struct Handle {
    T* handle = nullptr;
    Handle() = default;
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { kFree(handle); }
    T** out() {
        kFree(std::exchange(handle, nullptr));
        return &handle;
    }
};
using Dataset = Handle<pitot_dataset, pitot_dataset_free>;
using Config = Handle<pitot_config, pitot_config_free>;
using Model = Handle<pitot_model, pitot_model_free>;
using Strings = Handle<pitot_strings, pitot_strings_free>;
using Text = Handle<pitot_bytes, pitot_bytes_free>;

bool good(pitot_status status) {
    if (status != PITOT_OK && (pitot_last_error()[0] == '\0' || pitot_last_error_status() != status)) {
        std::abort();
    }
    return status != PITOT_OK ? false : true;
}

template <typename T, void (*kFree)(T*)>
void expect_null_unless(bool made, const Handle<T, kFree>& handle) {
    if (made != (handle.handle != nullptr)) {
        std::abort();
    }
}

void look_at(const pitot_strings* strings) {
    pitot_texts texts{};
    if (!good(pitot_strings_get(strings, &texts)) || texts.offsets[0] != 0 ||
        texts.offsets[texts.count] != texts.size) {
        std::abort();
    }
}

struct Column {
    std::vector<std::int64_t> offsets{0};
    std::string bytes;
    void add(std::string_view text) {
        bytes += text;
        offsets.push_back(static_cast<std::int64_t>(bytes.size()));
    }
    [[nodiscard]] pitot_texts view() const {
        return {static_cast<std::int64_t>(offsets.size()) - 1, offsets.data(), bytes.data(),
                static_cast<std::int64_t>(bytes.size())};
    }
};

// Combinations with numbers of any kind, in either form.
struct Rows {
    std::vector<std::int32_t> platform;
    std::vector<std::int32_t> module;
    std::vector<std::int32_t> co_runners;
    std::vector<std::int64_t> offsets{0};
    std::vector<double> runtime_us;
    pitot_combinations rows{};

    Rows(Bytes& bytes, std::size_t platforms, std::size_t modules) {
        const std::size_t count = bytes.below(64);
        for (std::size_t n = 0; n < count; ++n) {
            platform.push_back(bytes.row(platforms));
            module.push_back(bytes.row(modules));
            for (std::size_t k = bytes.below(8) / 6; k > 0; --k) {
                co_runners.push_back(bytes.row(modules));
            }
            offsets.push_back(static_cast<std::int64_t>(co_runners.size()));
            const auto kind = bytes.take<std::uint8_t>();
            runtime_us.push_back(kind == 255 ? bytes.take<double>() : 10.0 * (1.0 + kind));
        }
        rows.rows = static_cast<std::int64_t>(count);
        rows.platform = platform.data();
        rows.module = module.data();
        rows.co_runners = co_runners.data();
        rows.co_runner_count = static_cast<std::int64_t>(co_runners.size());
        rows.co_runner_offsets = offsets.data();
        if (const std::size_t how = bytes.below(16); how == 0 && count > 0) {
            offsets[bytes.below(count + 1)] = bytes.take<std::int64_t>();
        } else if (how == 1) {
            rows.co_runner_offsets = nullptr;
            rows.co_runner_width = bytes.take<std::int64_t>();
        } else if (how < 4) {
            rows.co_runner_offsets = nullptr;
            rows.co_runner_width =
                count > 0 && co_runners.size() % count == 0 ? static_cast<std::int64_t>(co_runners.size() / count) : 1;
        }
    }
};

void predict(const pitot_model* model, Bytes& bytes) {
    pitot_model_view view{};
    view.struct_size = sizeof(view);
    if (!good(pitot_model_get(model, &view))) {
        std::abort();
    }
    const Rows asked(bytes, static_cast<std::size_t>(view.platforms), static_cast<std::size_t>(view.modules));
    const std::array confidences{0.5, bytes.below(8) == 0 ? bytes.take<double>() : 0.9};
    const auto rows = static_cast<std::size_t>(asked.rows.rows);
    std::vector<double> numbers(rows * 6);
    std::vector<std::uint8_t> reasons(rows * 3);
    pitot_predictions out{};
    out.struct_size = sizeof(out);
    const auto wanted = bytes.take<std::uint8_t>();
    out.runtime_us = (wanted & 1U) != 0 ? numbers.data() : nullptr;
    out.deviation = (wanted & 2U) != 0 ? numbers.data() + rows : nullptr;
    out.upper_us = (wanted & 4U) != 0 ? numbers.data() + 2 * rows : nullptr;
    out.lower_us = (wanted & 8U) != 0 ? numbers.data() + 4 * rows : nullptr;
    out.basis = (wanted & 16U) != 0 ? reasons.data() : nullptr;
    out.no_bound = (wanted & 32U) != 0 ? reasons.data() + rows : nullptr;
    (void)good(pitot_predict(model, &asked.rows, confidences.data(), 2, &out));
    (void)good(pitot_evidence(model, &asked.rows, reasons.data()));
    Strings pools;
    expect_null_unless(
        good(pitot_bound_sources(model, &asked.rows, confidences[1], reasons.data(), nullptr, nullptr, pools.out())),
        pools);
}

void ask(const pitot_model* model, Bytes& bytes) {
    Handle<pitot_explanation, pitot_explanation_free> explanation;
    Handle<pitot_advice, pitot_advice_free> advice;
    Text json;
    const std::int32_t platform = bytes.row(4);
    const std::int32_t module = bytes.row(4);
    if (good(pitot_explain(model, platform, module, bytes.row(8), explanation.out()))) {
        expect_null_unless(good(pitot_explanation_to_json(explanation.handle, json.out())), json);
    }
    const std::array<std::int32_t, 2> rows{bytes.row(4), bytes.row(4)};
    pitot_advise_options options{};
    options.struct_size = sizeof(options);
    options.budget = bytes.row(8);
    options.platforms = rows.data();
    options.platform_count = static_cast<std::int64_t>(bytes.below(3));
    options.by_seconds = static_cast<std::int32_t>(bytes.below(3));
    if (good(pitot_advise(model, &options, nullptr, advice.out()))) {
        expect_null_unless(good(pitot_advice_to_json(advice.handle, json.out())), json);
    }
}

void use(const pitot_model* model, Bytes& bytes) {
    Strings strings;
    if (!good(pitot_model_notes(model, strings.out()))) {
        std::abort();
    }
    look_at(strings.handle);
    predict(model, bytes);
    Text first;
    Model again;
    const void* data = nullptr;
    std::int64_t size = 0;
    if (good(pitot_model_to_bytes(model, first.out())) && good(pitot_bytes_get(first.handle, &data, &size)) &&
        !good(pitot_model_from_bytes(data, size, again.out()))) {
        std::abort();  // what was written has to be read
    }
}

void use(const pitot_dataset* dataset, Bytes& bytes) {
    Strings names;
    Text written;
    pitot_dataset_view view{};
    view.struct_size = sizeof(view);
    if (!good(pitot_dataset_get(dataset, &view)) || !good(pitot_dataset_names(dataset, PITOT_MODULES, names.out())) ||
        !good(pitot_dataset_digest(dataset, written.out()))) {
        std::abort();
    }
    look_at(names.handle);
    (void)good(pitot_dataset_to_bytes(dataset, static_cast<std::int32_t>(bytes.below(3)), written.out()));
    if (view.rows > 64 || view.platforms > 8 || view.modules > 8) {
        return;  // a fit takes too long
    }
    Config config;
    Model model;
    Model learned;
    const bool kernel = bytes.below(4) == 0;
    (void)good(pitot_config_preset(kernel ? "kernel" : "baseline/linear_scaling", config.out()));
    (void)good(pitot_config_set(config.handle, "model.kernel_steps=10"));
    pitot_run_options run{};
    run.struct_size = sizeof(run);
    run.threads = 1;
    const bool fitted = good(pitot_fit(dataset, config.handle, &run, model.out()));
    expect_null_unless(fitted, model);
    if (fitted) {
        use(model.handle, bytes);
        ask(model.handle, bytes);
        expect_null_unless(good(pitot_observe(model.handle, dataset, learned.out(), nullptr)), learned);
    }
}

void read_dataset(Bytes& bytes) {
    Dataset dataset;
    pitot_read_options options{};
    options.struct_size = sizeof(options);
    options.skip_invalid = static_cast<std::int32_t>(bytes.below(2));
    options.allow_unknown_unit = static_cast<std::int32_t>(bytes.below(2));
    const std::string_view features = bytes.text(bytes.take<std::uint8_t>());
    options.module_features.data = features.empty() ? nullptr : features.data();
    options.module_features.size = static_cast<std::int64_t>(features.size());
    const std::string_view table = bytes.rest();
    pitot_input input{nullptr, table.data(), static_cast<std::int64_t>(table.size())};
    const bool made = good(pitot_dataset_read(&input, 1, &options, dataset.out()));
    expect_null_unless(made, dataset);
    if (made) {
        Bytes none("");
        use(dataset.handle, none);
    }
}

void make_dataset(Bytes& bytes) {
    std::array<Column, 2> names;
    std::array<pitot_side, 2> sides{};
    std::array<std::size_t, 2> counts{};
    Column features;
    std::vector<double> values;
    for (std::size_t s = 0; s < 2; ++s) {
        counts.at(s) = bytes.below(6);
        for (std::size_t i = 0; i < counts.at(s); ++i) {
            names.at(s).add(bytes.below(16) == 0 ? bytes.text(3) : std::string_view("abcdef").substr(i, 1));
        }
        sides.at(s).struct_size = sizeof(pitot_side);
        sides.at(s).names = names.at(s).view();
    }
    features.add("x");
    for (std::size_t i = 0; i < counts[1]; ++i) {
        values.push_back(bytes.below(16) == 0 ? bytes.take<double>() : static_cast<double>(bytes.below(9)));
    }
    if (bytes.below(2) == 1) {
        sides[1].feature_names = features.view();
        sides[1].features = values.data();
        sides[1].counts = static_cast<std::int32_t>(bytes.below(3));
    }
    if (bytes.below(16) == 0) {
        sides[0].names.size = bytes.take<std::int64_t>() | 1;
    }
    const Rows rows(bytes, counts[0], counts[1]);
    Dataset dataset;
    const bool made =
        good(pitot_dataset_from_columns(&sides[0], &sides[1], &rows.rows, rows.runtime_us.data(), dataset.out()));
    expect_null_unless(made, dataset);
    if (made) {
        use(dataset.handle, bytes);
    }
}

void make_config(Bytes& bytes) {
    Config config;
    Text json;
    const std::string assignment(bytes.text(bytes.below(32)));
    const std::string_view text = bytes.rest();
    const bool made =
        good(pitot_config_from_json(text.data(), static_cast<std::int64_t>(text.size()), nullptr, config.out()));
    expect_null_unless(made, config);
    if (made) {
        (void)good(pitot_config_set(config.handle, assignment.c_str()));
        (void)good(pitot_config_validate(config.handle));
        if (!good(pitot_config_to_json(config.handle, json.out()))) {
            std::abort();
        }
    }
}

void load_model(Bytes& bytes) {
    Bytes asked(bytes.text(64));
    const std::string_view file = bytes.rest();
    Model model;
    const bool made = good(pitot_model_from_bytes(file.data(), static_cast<std::int64_t>(file.size()), model.out()));
    expect_null_unless(made, model);
    if (made) {
        use(model.handle, asked);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are bytes
    Bytes bytes(std::string_view(reinterpret_cast<const char*>(data), size));
    switch (bytes.below(4)) {
        case 0:
            read_dataset(bytes);
            break;
        case 1:
            make_dataset(bytes);
            break;
        case 2:
            make_config(bytes);
            break;
        default:
            load_model(bytes);
    }
    return 0;
}

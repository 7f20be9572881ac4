#include "models/model_archive.hpp"

namespace pitot::models {

Failure ModelArchive::broken(std::string_view array, std::string_view what) const {
    constexpr const char* remedy = "the file is damaged; fit it again or restore it from a copy";
    return fail(ErrorCode::kInput, fmt::format("{}: array '{}' {}: {}", npz_.file().string(), array, what, remedy));
}

Result<void> ModelArchive::check_shape(const std::string& name, const Shape& shape) const {
    if (!npz_.contains(name)) {
        return broken(name, "is missing");
    }
    PITOT_TRY(const auto info, npz_.info(name));
    const bool fits = info.shape.size() == shape.size() &&
                      std::ranges::equal(info.shape, shape, [](auto is, auto want) { return want < 0 || is == want; });
    if (!fits) {
        return broken(name, fmt::format("has shape ({}) where ({}) is wanted", fmt::join(info.shape, ", "),
                                        fmt::join(shape, ", ")));
    }
    return {};
}

Result<std::vector<std::string>> ModelArchive::strings(const std::string& name) const {
    if (!npz_.contains(name)) {
        return broken(name, "is missing");
    }
    return npz_.strings(name);
}

Result<std::string> ModelArchive::text(const std::string& name) const {
    PITOT_TRY(auto texts, strings(name));
    if (texts.size() != 1) {
        return broken(name, fmt::format("has {} elements where one text is wanted", texts.size()));
    }
    return std::move(texts.front());
}

}  // namespace pitot::models

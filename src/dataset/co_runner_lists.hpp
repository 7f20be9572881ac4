// Lists of co-runners in one cell: "b;c", "b, c", "b+c", "['b', 'c']".
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pitot::dataset {

/// The names that a cell lists, "-" for a place kept free; none where it is empty or says so ("none", "NaN", …).
struct CoRunnerList {
    std::vector<std::string> names;
    std::string problem;  ///< why the cell cannot be told apart, in words that name the choices; "" = it can
};

/// Takes a cell apart. A cell that is itself a known module is one name. Semicolons always separate; commas, plus signs
/// and bars do where all parts are known modules, or all that a pair of brackets encloses; else a cell that has them
/// would be a module of a strange name, which is a problem.
[[nodiscard]] CoRunnerList parse_co_runners(std::string_view cell, const std::function<bool(std::string_view)>& known);

}  // namespace pitot::dataset

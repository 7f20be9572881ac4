#!/usr/bin/env python3
"""Predicts from a model file with NumPy alone, as docs/model-file.md says; what `pitot predict` answers.

    predict_by_hand.py MODEL.pitot [--with MODULE…] [--confidence Q…]

Prints JSON, every module on every platform: mean runtimes in us, and the bounds that they do not exceed.
"""
import argparse
import json
import math
import sys

import numpy as np

REFERENCE_US = 25_000  # the runtime of y = 0
NETWORK_SCALE = 0.1  # networks add 0.1 times their output


def layers(x, parameters, names):
    """A network of x's rows: tanh between layers and none at the end."""
    for n, name in enumerate(names):
        x = x @ parameters[name + ".weight"] + parameters[name + ".bias"]
        x = np.tanh(x) if n + 1 < len(names) else x
    return x


def side(parameters, features, name, used, depth):
    """What a factorization knows of a side, a row each: a tower of its features, or a learned table."""
    if not used:
        return parameters[name + ".table"]
    if name + ".learned" in parameters:
        features = np.concatenate([features, parameters[name + ".learned"]], axis=1)
    return layers(features, parameters, [f"{name}.layer{n}" for n in range(depth)])


def factorization(config, parameters, x_platform, x_module, co_runners):
    """What is added to the baseline for a pair alone, and for its co-runners."""
    rank, types, depth = config["layers"][-1], config["interference_types"], len(config["layers"])
    platform = side(parameters, x_platform, "platform", config["platform_features"], depth)
    m = side(parameters, x_module, "module", config["module_features"], depth)
    # Blocks of r columns: p, then v_s of each type, then v_g of each type.
    blocks = platform.reshape(len(platform), 1 + 2 * types, rank)
    p, v_s, v_g = blocks[:, 0], blocks[:, 1 : 1 + types], blocks[:, 1 + types :]
    suffers = np.einsum("itr,jr->ijt", v_s, m)
    causes = np.einsum("itr,kr->it", v_g, m[co_runners])  # of all co-runners together
    return config["alpha"] * p @ m.T, config["beta"] ** 2 * np.einsum("ijt,it->ij", suffers, causes)


def network(config, parameters, x_platform, x_module):
    # The first layer of [x_p; x_m], in two halves.
    left = x_platform @ parameters["platform.layer0.weight"]
    right = x_module @ parameters["module.layer0.weight"] + parameters["module.layer0.bias"]
    rest = [f"network.layer{n}" for n in range(1, len(config["layers"]))]
    # A platform at a time: all pairs of a large model would not fit into memory.
    return NETWORK_SCALE * np.stack([layers(np.tanh(row + right), parameters, rest)[:, 0] for row in left])


def platform_network(config, parameters, platforms, x_module):
    # Weights of all platforms lie one below the other.
    def of_platform(i):
        return {name: np.split(values, platforms)[i] for name, values in parameters.items()}

    names = [f"network.layer{n}" for n in range(len(config["layers"]))]
    return NETWORK_SCALE * np.stack([layers(x_module, of_platform(i), names)[:, 0] for i in range(platforms)])


def fold_answers(model, config, fold, co_runners):
    """What one fold adds to the baseline for pairs alone and for their co-runners, each platforms x modules."""
    parameters = {name[len("param/") :]: model[name][fold].astype(float) for name in model if name.startswith("param/")}
    x_platform = model["platform_features"].astype(np.float32).astype(float)
    x_module = model["module_features"].astype(np.float32).astype(float)
    if config["family"] == "factorization":
        return factorization(config, parameters, x_platform, x_module, co_runners)
    if config["family"] == "network":
        return network(config, parameters, x_platform, x_module), 0.0
    return platform_network(config, parameters, len(model["platform"]), x_module), 0.0


def combine_folds(values, close):
    """The mean over folds (the first axis) of values, those far from the median as if they were less far."""
    mean = np.mean(values, axis=0)
    if len(values) < 3:
        return mean
    centre = np.median(values, axis=0)
    limit = np.maximum(close, 3 * 1.4826 * np.median(np.abs(values - centre), axis=0))
    agree = 2 * np.max(np.abs(values - mean), axis=0) <= close
    return np.where(agree, mean, np.mean(np.clip(values, centre - limit, centre + limit), axis=0))


def prediction(model, co_runners):
    """y of every pair beside `co_runners` (numbers of modules), platforms x modules."""
    config = json.loads(str(model["config"]))["model"]
    base = model["baseline_platform"][:, None] + model["baseline_module"][None, :]
    if config["family"] == "linear_scaling":
        return base
    folds = [fold_answers(model, config, fold, co_runners) for fold in range(len(model["kept_checkpoint"]))]
    close = 0.1 if config["logarithm"] else 0.0
    least, most = model.get("learned_range", (-np.inf, np.inf))
    y = combine_folds(np.clip([alone for alone, _ in folds], least, most), close)
    if config["baseline"]:
        y = y + base
    if co_runners and config["interference_types"] > 0:
        least, most, usual = model.get("slowdown_range", (-np.inf, np.inf, 1))
        scale = max(1.0, len(co_runners) / usual)
        y = y + np.clip(combine_folds(np.array([slowdown for _, slowdown in folds]), close), scale * least, scale * most)
    return y


def runtimes_us(model, y):
    config = json.loads(str(model["config"]))["model"]
    logarithm = config["logarithm"] or config["family"] == "linear_scaling"
    if logarithm:
        return np.maximum(REFERENCE_US * np.exp(np.minimum(y, 100.0)), 1e-9)
    return np.maximum(REFERENCE_US * y, 1e-3)


def margin(model, confidence, together):
    """The residual that a further row does not exceed with `confidence`; NaN where there are too few to tell."""
    residuals = model["calibration_together" if together else "calibration_alone"]
    rank = max(1, math.ceil((len(residuals) + 1) * confidence * (1 - 4 * sys.float_info.epsilon)))
    return residuals[rank - 1] if rank <= len(residuals) else math.nan


def has_bound(model, co_runners):
    """Pairs all of which was measured and connected, platforms x modules; residuals say nothing of others."""
    of_co_runners = model.get("module_co_runner_basis", model["module_basis"])[co_runners]
    measured = (model["platform_basis"] == 0)[:, None] & (model["module_basis"] == 0)[None, :] & np.all(of_co_runners == 0)
    if "platform_part" in model:
        measured &= model["platform_part"][:, None] == model["module_part"][None, :]
    return measured


def answers(model, names, confidences):
    modules = [str(name) for name in model["module"]]
    unknown = [name for name in names if name not in modules]
    if unknown:
        sys.exit(f"the model has no module '{unknown[0]}'")
    co_runners = [modules.index(name) for name in names]
    y = prediction(model, co_runners)
    t = runtimes_us(model, y)
    bounds = {q: runtimes_us(model, y + margin(model, q, len(co_runners) > 0)) for q in confidences}
    measured = has_bound(model, co_runners)
    for i, platform in enumerate(model["platform"]):
        for j, module in enumerate(modules):
            bound = {str(q): float(bounds[q][i, j]) if measured[i, j] and not np.isnan(bounds[q][i, j]) else None
                     for q in confidences}
            yield {"platform": str(platform), "module": module, "with": names, "runtime_us": float(t[i, j]),
                   "bound_us": bound}


def main():
    parser = argparse.ArgumentParser(description="Predicts from a model file with NumPy alone.")
    parser.add_argument("model")
    parser.add_argument("--with", dest="names", nargs="+", default=[], metavar="MODULE")
    parser.add_argument("--confidence", nargs="+", type=float, default=[0.9], metavar="Q")
    options = parser.parse_args()
    with np.load(options.model, allow_pickle=False) as archive:
        model = {name: archive[name] for name in archive.files}
    json.dump(list(answers(model, options.names, options.confidence)), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()

// Internal to the room: the program that Node runs.
#pragma once

namespace pitot::wasm {

/// Takes one argument, a JSON object: `module` and `answer` (file descriptors to read the module from and to write the
/// answer to), `args`, `folders`, `invoke`, `timeout_ms` (0: none). The answer is a JSON object: `ending`
/// ("finished", "exited", "trapped", "timed out", "refused"), `status`, `reason`, and `counts`, by name of opcode, in
/// decimal.
inline constexpr const char* kNodeRunner = R"js('use strict';
const fs = require('fs');
const vm = require('vm');
const request = JSON.parse(process.argv[1]);

// A trap, since code may catch any JavaScript exception: (module (func (export "u") unreachable)).
const trap = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 117, 0, 0, 10, 5, 1, 3, 0, 0, 11,
]))).exports.u;

class Refusal extends Error {}
let status = null;
let exports_ = null;

function importsOf(module) {
  const imports = {};
  let wasi = null;
  for (const { module: from } of WebAssembly.Module.imports(module)) {
    if (wasi !== null) break;
    const { WASI } = require('node:wasi');
    wasi = new WASI({
      version: from === 'wasi_unstable' ? 'unstable' : 'preview1',
      args: request.args,
      env: {},
      preopens: Object.fromEntries(request.folders.map((folder) => [folder, folder])),
      stdin: 0, stdout: 2, stderr: 2,
    });
    imports[from] = { ...wasi.wasiImport, proc_exit: (code) => { status = code; trap(); } };
  }
  return { imports, wasi };
}

function callable(name) {
  return typeof exports_[name] === 'function' && exports_[name].length === 0 && !name.startsWith('pitot:');
}

function functionsToCall() {
  if (request.invoke !== '') {
    if (!callable(request.invoke)) {
      throw new Refusal(`it exports no function '${request.invoke}' without parameters`);
    }
    return [request.invoke];
  }
  if (callable('_start')) return ['_start'];
  const names = Object.keys(exports_).filter(callable);
  const first = names.filter((name) => name === '_initialize');
  return [...first, ...names.filter((name) => name !== '_initialize')];
}

function run(wasi) {
  const names = functionsToCall();
  if ('pitot:start' in exports_) names.unshift('pitot:start');
  if (names.length === 0) {
    throw new Refusal('it has no start function and exports no function without parameters');
  }
  globalThis.runModule = () => { for (const name of names) exports_[name](); };
  const limited = () => {
    vm.runInThisContext('runModule()', request.timeout_ms > 0 ? { timeout: request.timeout_ms } : {});
  };
  if (wasi === null) {
    limited();
  } else {
    if (!(exports_.memory instanceof WebAssembly.Memory)) {
      throw new Refusal("it imports WASI but does not export its memory as 'memory'");
    }
    wasi.start({ exports: { memory: exports_.memory, _start: limited } });
  }
}

function ended(error) {
  if (status !== null) return status === 0 ? { ending: 'finished' } : { ending: 'exited', status };
  if (error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return { ending: 'timed out' };
  if (error instanceof Refusal) return { ending: 'refused', reason: error.message };
  if (exports_ === null && !(error instanceof WebAssembly.RuntimeError)) {
    return { ending: 'refused', reason: String(error.message) };
  }
  return { ending: 'trapped', reason: String(error && error.message !== undefined ? error.message : error) };
}

let answer = { ending: 'finished' };
try {
  const module = new WebAssembly.Module(fs.readFileSync(request.module));
  const { imports, wasi } = importsOf(module);
  exports_ = new WebAssembly.Instance(module, imports).exports;
  run(wasi);
} catch (error) {
  answer = ended(error);
}
answer.counts = {};
if (exports_ !== null) {
  exports_['pitot:count']();
  for (const [name, value] of Object.entries(exports_)) {
    if (name.startsWith('pitot:') && value instanceof WebAssembly.Global) {
      answer.counts[name.slice('pitot:'.length)] = BigInt.asUintN(64, value.value).toString();
    }
  }
}
fs.writeFileSync(request.answer, JSON.stringify(answer));
process.exit(0);
)js";

}  // namespace pitot::wasm

// Internal to the room: the program that Node runs.
#pragma once

namespace pitot::wasm {

/// Takes one argument, a JSON object: `module` and `answer` (file descriptors to read the module from and to write the
/// answer to), `args`, `folders`, `environment` (NAME=value), `invoke`, its `parameters` and their `types`,
/// `timeout_ms` (0: none), `imports` (see ImportName), `stub_imports`, `imports_module` (a path, or empty). The answer
/// is a JSON object: `ending` ("finished", "exited", "trapped", "threw", "timed out",
/// "refused", "missing", "bad imports"), `status`, `reason`, `stubs`
/// (imports that were made up), `stub_calls`, and `counts`, by name of opcode, in decimal.
inline constexpr const char* kNodeRunner = R"js('use strict';
const fs = require('fs');
const vm = require('vm');
const request = JSON.parse(process.argv[1]);

// A trap, since code may catch any JavaScript exception: (module (func (export "u") unreachable)).
const trap = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 117, 0, 0, 10, 5, 1, 3, 0, 0, 11,
]))).exports.u;

class Refusal extends Error {}
class Missing extends Refusal {}
class BadImports extends Refusal {}
// The last error that a function of the user's imports threw, and which one.
let thrown = null;
let status = null;
let exports_ = null;
let stubCalls = 0;
const stubs = [];

const isWasi = (name) => name === 'wasi_snapshot_preview1' || name === 'wasi_unstable';

function zeroOf(type) {
  return type === 'i64' ? 0n : ['i32', 'f32', 'f64'].includes(type) ? 0 : null;
}

function limitsOf(wanted) {
  const limits = { initial: wanted.initial };
  if (wanted.maximum !== null) limits.maximum = wanted.maximum;
  if (wanted.shared) limits.shared = true;
  return limits;
}

// What stands for an import that nothing provides.
function stubOf(wanted) {
  switch (wanted.kind) {
    case 'func': {
      const zeros = wanted.results.map(zeroOf);
      const result = zeros.length === 1 ? zeros[0] : zeros;
      return () => { ++stubCalls; return zeros.length === 0 ? undefined : result; };
    }
    case 'memory':
      return new WebAssembly.Memory(limitsOf(wanted));
    case 'table':
      return new WebAssembly.Table({ element: wanted.results[0] === 'externref' ? 'externref' : 'anyfunc',
        ...limitsOf(wanted) });
    case 'global': {
      const type = wanted.results[0] === 'funcref' ? 'anyfunc' : wanted.results[0];
      return new WebAssembly.Global({ value: type, mutable: wanted.mutable }, zeroOf(type));
    }
    default:
      return new WebAssembly.Tag({ parameters: wanted.parameters });
  }
}

// The user's module exports, as default or as `imports`, an object { MODULE: { FIELD: value } }, or a function that
// gives one; it is given functions that give the exports and the memory of the module once it runs.
async function givenImports() {
  if (request.imports_module === '') return {};
  let imports = null;
  try {
    const given = await import(require('url').pathToFileURL(request.imports_module).href);
    const value = given.default ?? given.imports;
    imports = typeof value === 'function'
      ? await value({ exports: () => exports_, memory: () => exports_.memory }) : value;
  } catch (error) {
    throw new BadImports(`cannot be used: ${wordsOf(error)}`);
  }
  if (imports === null || typeof imports !== 'object') {
    throw new BadImports("exports no object of imports, as default or as 'imports'");
  }
  for (const { module: from } of request.imports) {
    const part = imports[from];
    if (part !== undefined && (part === null || (typeof part !== 'object' && typeof part !== 'function'))) {
      throw new BadImports(`has ${part === null ? 'null' : `a ${typeof part}`} where the imports from '${from}' should be`);
    }
  }
  return imports;
}

// The name of an error and where the user's file has it, as far as Node says.
function wordsOf(error) {
  if (!(error instanceof Error)) return String(error);
  const line = /\.[cm]?js:(\d+)/.exec(error.stack ?? '');
  return `${error.name}: ${error.message}${line === null ? '' : ` (line ${line[1]})`}`;
}

// A function of the user's that leaves word of what it throws. Those of engines stay as they are.
function watched(value, from, field) {
  if (typeof value !== 'function' || Function.prototype.toString.call(value).includes('[native code]')) return value;
  return (...values) => {
    try {
      return value(...values);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) thrown = { error, name: `'${field}' of '${from}'` };
      throw error;
    }
  };
}

async function importsOf() {
  const given = await givenImports();
  const imports = {};
  const missing = [];
  let wasi = null;
  for (const wanted of request.imports) {
    const { module: from, field } = wanted;
    imports[from] ??= {};
    if (given[from] !== undefined && field in given[from]) {
      imports[from][field] = wanted.kind === 'func' ? watched(given[from][field], from, field) : given[from][field];
      continue;
    }
    if (isWasi(from) && wanted.kind === 'func') {
      if (wasi === null) {
        const { WASI } = require('node:wasi');
        wasi = new WASI({
          version: from === 'wasi_unstable' ? 'unstable' : 'preview1',
          args: request.args,
          env: Object.fromEntries(request.environment.map((entry) => {
            const at = entry.indexOf('=');
            return [entry.slice(0, at), entry.slice(at + 1)];
          })),
          preopens: Object.fromEntries(request.folders.map((folder) => [folder, folder])),
          stdin: 0, stdout: 2, stderr: 2,
        });
      }
      if (field === 'proc_exit') {
        imports[from][field] = (code) => { status = Number(code); trap(); };
        continue;
      }
      if (typeof wasi.wasiImport[field] === 'function') {
        imports[from][field] = wasi.wasiImport[field];
        continue;
      }
    }
    if (!request.stub_imports) {
      missing.push(`'${field}' from '${from}'`);
      continue;
    }
    stubs.push(`${from}.${field}`);
    imports[from][field] = stubOf(wanted);
  }
  if (missing.length > 0) {
    const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
    throw new Missing(`nothing provides its imports ${missing.slice(0, 3).join(', ')}${more}`);
  }
  return { imports, wasi };
}

const isFunction = (name) => typeof exports_[name] === 'function' && !name.startsWith('pitot:');
const callable = (name) => isFunction(name) && exports_[name].length === 0;
const plain = (name) => ({ name, values: [] });

function valueOf(text, type) {
  return type === 'i64' ? BigInt(text) : Number(text);
}

function functionsToCall() {
  if (request.invoke !== '') {
    if (!isFunction(request.invoke) || exports_[request.invoke].length !== request.parameters.length) {
      throw new Refusal(`it exports no function '${request.invoke}' with ${request.parameters.length} parameters`);
    }
    const values = request.parameters.map((text, i) => valueOf(text, request.types[i]));
    const first = callable('_initialize') && request.invoke !== '_initialize' ? [plain('_initialize')] : [];
    return [...first, { name: request.invoke, values }];
  }
  if (callable('_start')) return [plain('_start')];
  const names = Object.keys(exports_).filter(callable);
  const first = names.filter((name) => name === '_initialize');
  return [...first, ...names.filter((name) => name !== '_initialize')].map(plain);
}

function memoryOf(imports) {
  if (exports_.memory instanceof WebAssembly.Memory) return exports_.memory;
  const values = Object.values(imports).flatMap((fields) => Object.values(fields));
  return values.find((value) => value instanceof WebAssembly.Memory);
}

function run(wasi, imports) {
  const calls = functionsToCall();
  if ('pitot:start' in exports_) calls.unshift(plain('pitot:start'));
  if (calls.length === 0) {
    throw new Refusal('it has no start function and exports no function without parameters');
  }
  globalThis.runModule = () => { for (const { name, values } of calls) exports_[name](...values); };
  const limited = () => {
    vm.runInThisContext('runModule()', request.timeout_ms > 0 ? { timeout: request.timeout_ms } : {});
  };
  if (wasi === null) {
    limited();
    return;
  }
  const memory = memoryOf(imports);
  if (memory === undefined) {
    throw new Refusal("it imports WASI but does not export its memory as 'memory'");
  }
  wasi.start({ exports: { memory, _start: limited } });
}

function reasonOf(error) {
  if (WebAssembly.Exception !== undefined && error instanceof WebAssembly.Exception) {
    return 'an exception that nothing caught';
  }
  return String(error && error.message !== undefined ? error.message : error);
}

function ended(error) {
  if (status !== null) return status === 0 ? { ending: 'finished' } : { ending: 'exited', status };
  if (error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return { ending: 'timed out' };
  if (error instanceof BadImports) return { ending: 'bad imports', reason: error.message };
  if (error instanceof Missing) return { ending: 'missing', reason: error.message };
  if (error instanceof Refusal) return { ending: 'refused', reason: error.message };
  if (thrown !== null && thrown.error === error) {
    return { ending: 'threw', reason: `${thrown.name} threw ${wordsOf(error)}` };
  }
  if (exports_ === null && !(error instanceof WebAssembly.RuntimeError)) {
    return { ending: 'refused', reason: reasonOf(error) };
  }
  return { ending: 'trapped', reason: reasonOf(error) };
}

async function main() {
  let answer = { ending: 'finished' };
  try {
    const module = new WebAssembly.Module(fs.readFileSync(request.module));
    const { imports, wasi } = await importsOf();
    exports_ = new WebAssembly.Instance(module, imports).exports;
    run(wasi, imports);
  } catch (error) {
    answer = ended(error);
  }
  answer.counts = {};
  answer.stubs = stubs;
  answer.stub_calls = stubCalls;
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
}
main();
)js";

}  // namespace pitot::wasm

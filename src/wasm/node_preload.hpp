// Internal to the room: what Node loads before a script whose modules are counted.
#pragma once

namespace pitot::wasm {

/// The environment's PITOT_PROFILE has its settings, a JSON object: `program` and `arguments` (what instruments the
/// module on its standard input and writes the copy to its standard output), `folder` (for copies and counts),
/// `timeout_ms` (0: none), `patience_ms` (how long threads are given to answer). Each thread writes a file
/// "PROCESS-THREAD.json": `counted` (false where a thread was ended before it could say), and `modules`, each with
/// `digest`, `name`, `bytes`, `failure` (why there is no copy of it), `instances` and `counts`, by name of opcode, in
/// decimal. A file "timed-out" says that the time was over, and "first" that a process is at it: others are its
/// children.
inline constexpr const char* kNodePreload = R"js('use strict';
// Loaded before a user's script and in each of its threads and child processes that run Node. Has pitot instrument every
// module that is compiled, and writes down its counts when the thread ends.
(() => {
  if (process.env.PITOT_PROFILE === undefined || globalThis[Symbol.for('pitot.profile')] !== undefined) return;
  globalThis[Symbol.for('pitot.profile')] = true;
  const fs = require('fs');
  const path = require('path');
  const { createHash } = require('crypto');
  const { spawnSync } = require('child_process');
  const { BroadcastChannel, isMainThread, threadId } = require('worker_threads');
  const { writeFileSync, readFileSync, readdirSync, existsSync, renameSync } = fs;  // the script may replace them
  const { kill } = process;
  const setting = JSON.parse(process.env.PITOT_PROFILE);
  const here = `${process.pid}-${threadId}`;

  const own = {};
  for (const name of ['Module', 'Instance', 'Global', 'instantiate', 'compile', 'instantiateStreaming',
    'compileStreaming']) {
    own[name] = WebAssembly[name];
  }
  const exportsOfModule = own.Module.exports;
  const sectionsOfModule = own.Module.customSections;

  const used = new Map();  // by digest: { name, bytes, failure, instances: [{ count, globals }] }
  const instrumented = new Map();  // by digest: bytes
  const filesRead = [];  // [path, size] of .wasm files

  // ---- the binary format

  function readNumber(bytes, at) {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) return [value, at];
    }
  }

  function numberBytes(value) {
    const bytes = [];
    do {
      const low = value % 128;
      value = Math.floor(value / 128);
      bytes.push(value > 0 ? low | 0x80 : low);
    } while (value > 0);
    return bytes;
  }

  function customSections(bytes) {
    const found = [];
    for (let at = 8; at < bytes.length;) {
      const begin = at;
      const id = bytes[at];
      const [size, body] = readNumber(bytes, at + 1);
      at = body + size;
      if (id === 0) {
        const [length, nameAt] = readNumber(bytes, body);
        const name = Buffer.from(bytes.subarray(nameAt, nameAt + length)).toString();
        found.push({ name, section: bytes.subarray(begin, at), payload: bytes.subarray(nameAt + length, at) });
      }
    }
    return found;
  }

  function customSection(name, text) {
    const nameBytes = Buffer.from(name);
    const payload = Buffer.from(text);
    const body = Buffer.concat([Buffer.from(numberBytes(nameBytes.length)), nameBytes, payload]);
    return Buffer.concat([Buffer.from([0, ...numberBytes(body.length)]), body]);
  }

  /// The name that a module has in its section of names.
  function ownName(sections) {
    const names = sections.find(({ name }) => name === 'name');
    if (names === undefined || names.payload[0] !== 0) return '';
    const [, at] = readNumber(names.payload, 1);
    const [length, text] = readNumber(names.payload, at);
    return Buffer.from(names.payload.subarray(text, text + length)).toString();
  }

  function nameOf(bytes, sections, digest) {
    for (const [file, size] of filesRead) {
      try {
        if (size === bytes.length && digestOf(readFileSync(file)) === digest) return path.basename(file);
      } catch {
        // gone since
      }
    }
    return ownName(sections);
  }

  const digestOf = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

  // ---- modules

  function bytesOf(source) {
    if (source instanceof ArrayBuffer || (typeof SharedArrayBuffer !== 'undefined' && source instanceof SharedArrayBuffer)) {
      return new Uint8Array(source);
    }
    return ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : null;
  }

  /// The copy that counts; the bytes as they are, if there can be none.
  function instrument(source) {
    const bytes = bytesOf(source);
    if (bytes === null || bytes.length < 8 || bytes[0] !== 0 || bytes[1] !== 0x61) return source;
    const digest = digestOf(bytes);
    const known = instrumented.get(digest);
    if (known !== undefined) return known;
    const sections = customSections(bytes);
    const file = path.join(setting.folder, `${digest}.wasm`);
    let copy = source;
    let failure = '';
    const name = nameOf(bytes, sections, digest);
    if (existsSync(file)) {
      copy = readFileSync(file);
    } else {
      const made = spawnSync(setting.program, setting.arguments, {
        input: bytes, maxBuffer: 2 ** 31 - 1, env: { LC_ALL: 'C' }, stdio: ['pipe', 'pipe', 'pipe'],
      });
      if (made.status === 0 && made.stdout.length > 8) {
        const kept = sections.filter((one) => !/^(\.debug|reloc\.|linking$|sourceMappingURL$|external_debug_info$)/
          .test(one.name)).map((one) => one.section);
        copy = Buffer.concat([made.stdout, ...kept, customSection('pitot:module',
          JSON.stringify({ digest, name, bytes: bytes.length }))]);
        writeFileSync(`${file}.${here}`, copy);
        renameSync(`${file}.${here}`, file);
      } else {
        failure = made.error !== undefined ? String(made.error.message) : made.stderr.toString().trim().replace(/^pitot: error: '-'/, 'it').replace(/^pitot: error: /, '');
      }
    }
    instrumented.set(digest, copy);
    used.set(digest, { name, bytes: bytes.length, failure, instances: [] });
    if (failure !== '') write();
    return copy;
  }

  /// What instrument() wrote into a copy: nothing for modules that are none. Modules also come from other threads.
  function markOf(module) {
    const marks = sectionsOfModule(module, 'pitot:module');
    return marks.length === 0 ? null : JSON.parse(Buffer.from(marks[0]).toString());
  }

  function adopt(instance, module) {
    const mark = markOf(module);
    if (mark === null) return instance;
    const all = instance.exports;
    const visible = Object.create(null);
    const globals = {};
    for (const [name, value] of Object.entries(all)) {
      if (!name.startsWith('pitot:')) visible[name] = value;
      else if (value instanceof own.Global) globals[name.slice('pitot:'.length)] = value;
    }
    Object.defineProperty(instance, 'exports', { value: Object.freeze(visible), enumerable: true, configurable: true });
    if (!used.has(mark.digest)) used.set(mark.digest, { ...mark, failure: '', instances: [] });
    used.get(mark.digest).instances.push({ count: all['pitot:count'], globals });
    if (used.get(mark.digest).instances.length === 1) write();
    if (all['pitot:start'] !== undefined) all['pitot:start']();
    return instance;
  }

  // ---- the interface of JavaScript

  const define = (object, name, value) => {
    Object.defineProperty(object, name, { value, writable: true, enumerable: name[0] !== name[0].toUpperCase(),
      configurable: true });
  };
  const hidden = ({ name }) => !name.startsWith('pitot:');

  define(own.Module, 'exports', (module) => exportsOfModule(module).filter(hidden));
  define(WebAssembly, 'Module', new Proxy(own.Module, {
    construct: (target, [source, ...rest], as) => Reflect.construct(target, [instrument(source), ...rest],
      as === WebAssembly.Module ? target : as),
  }));
  define(WebAssembly, 'Instance', new Proxy(own.Instance, {
    construct: (target, [module, ...rest], as) => adopt(Reflect.construct(target, [module, ...rest],
      as === WebAssembly.Instance ? target : as), module),
  }));
  for (const name of ['Module', 'Instance']) {
    define(own[name].prototype, 'constructor', WebAssembly[name]);
  }
  define(WebAssembly, 'compile', async (source, ...rest) => own.compile(instrument(source), ...rest));
  define(WebAssembly, 'instantiate', async (source, ...rest) => {
    if (source instanceof own.Module) return adopt(await own.instantiate(source, ...rest), source);
    const made = await own.instantiate(instrument(source), ...rest);
    adopt(made.instance, made.module);
    return made;
  });
  const streamed = async (source) => {
    const response = await source;
    const type = response?.headers?.get?.('content-type') ?? '';
    if (type.split(';')[0].trim() !== 'application/wasm' || !response.ok) {
      throw new TypeError(`WebAssembly response has unsupported MIME type '${type}' expected 'application/wasm'`);
    }
    return response.arrayBuffer();
  };
  if (own.compileStreaming !== undefined) {
    define(WebAssembly, 'compileStreaming', async (source, ...rest) => WebAssembly.compile(await streamed(source),
      ...rest));
    define(WebAssembly, 'instantiateStreaming', async (source, ...rest) => WebAssembly.instantiate(
      await streamed(source), ...rest));
  }

  // ---- names of files

  const noted = (file, data) => {
    if (/\.wasm$/.test(String(file)) && bytesOf(data) !== null) {
      const name = file instanceof URL ? require('url').fileURLToPath(file) : String(file);
      filesRead.push([path.resolve(name.replace(/^file:\/\//, '')), data.length]);
    }
    return data;
  };
  const { readFile } = fs;
  const promisedRead = fs.promises.readFile;
  fs.readFileSync = (file, ...rest) => noted(file, readFileSync(file, ...rest));
  fs.readFile = (file, ...rest) => {
    const done = rest.pop();
    return readFile(file, ...rest, typeof done !== 'function' ? done : (error, data) => done(error, error ? data : noted(file, data)));
  };
  fs.promises.readFile = async (file, ...rest) => noted(file, await promisedRead(file, ...rest));
  require('module').syncBuiltinESMExports();

  // ---- the end

  /// How many instances there are, and what they counted; without it after a thread was ended from outside.
  function write(counted = false) {
    const modules = [];
    for (const [digest, { name, bytes, failure, instances }] of used) {
      const sums = {};
      for (const { count, globals } of counted ? instances : []) {
        count();
        for (const [opcode, value] of Object.entries(globals)) {
          sums[opcode] = (sums[opcode] ?? 0n) + BigInt.asUintN(64, value.value);
        }
      }
      const counts = Object.fromEntries(Object.entries(sums).map(([opcode, sum]) => [opcode, String(sum)]));
      modules.push({ digest, name, bytes, failure, instances: instances.length, counts });
    }
    if (modules.length === 0) return;
    const file = path.join(setting.folder, `${here}.json`);
    writeFileSync(`${file}.new`, JSON.stringify({ counted, modules }));
    renameSync(`${file}.new`, file);
  }
  const finish = () => {
    try {
      write(true);
    } catch (error) {
      process.stderr.write(`pitot: note: counts were not written: ${error.message}\n`);
    }
  };
  process.on('exit', finish);
  for (const name of ['reallyExit', 'abort']) {
    const really = process[name];
    if (typeof really === 'function') {
      process[name] = (...rest) => {
        if (name === 'abort' || isMainThread) finish();
        return really.apply(process, rest);
      };
    }
  }

  // A signal ends a process without 'exit', unless the script handles it.
  for (const signal of isMainThread ? ['SIGTERM', 'SIGINT', 'SIGHUP'] : []) {
    const ended = () => {
      if (process.listenerCount(signal) > 1) return;
      askThreads();
      finish();
      process.removeListener(signal, ended);
      kill.call(process, process.pid, signal);
    };
    process.on(signal, ended);
  }

  // What is stuck in a module when the time is over is killed from outside, and cannot be asked.
  if (setting.timeout_ms > 0 && isMainThread) {
    setTimeout(() => {
      writeFileSync(path.join(setting.folder, 'timed-out'), '');
      process.exit(1);
    }, setting.timeout_ms).unref();
  }

  // Threads that wait for work are asked when the process ends, or when they are ended.
  const asked = new BroadcastChannel('pitot.profile');
  asked.unref();
  if (!isMainThread) {
    asked.onmessage = ({ data }) => {
      finish();
      const answered = new Int32Array(data);
      Atomics.add(answered, 0, 1);
      Atomics.notify(answered, 0);
    };
    asked.unref();
  }
  const { Worker } = require('worker_threads');
  const running = new Set();
  const endThread = Worker.prototype.terminate;
  function askThreads() {
    if (running.size === 0) return;
    const answered = new Int32Array(new SharedArrayBuffer(4));
    asked.postMessage(answered.buffer);
    const until = Date.now() + setting.patience_ms;
    for (let n = 0; n < running.size && Date.now() < until; n = Atomics.load(answered, 0)) {
      Atomics.wait(answered, 0, n, until - Date.now());
    }
  }
  Worker.prototype.terminate = function terminate(...rest) {
    if (running.delete(this)) {
      running.add(this);
      askThreads();
      running.delete(this);
    }
    return endThread.apply(this, rest);
  };
  const CountedWorker = new Proxy(Worker, {
    construct: (target, args, as) => {
      const worker = Reflect.construct(target, args, as === CountedWorker ? target : as);
      running.add(worker);
      worker.once('exit', () => running.delete(worker));
      return worker;
    },
  });
  require('worker_threads').Worker = CountedWorker;
  define(Worker.prototype, 'constructor', CountedWorker);
  require('module').syncBuiltinESMExports();
  process.on('exit', askThreads);

  // Once the process that was started has ended, its children are killed. Those that count are ended before, so that
  // they can say what they counted.
  function endChildren() {
    const until = Date.now() + setting.patience_ms;
    const clock = new Int32Array(new SharedArrayBuffer(4));
    const told = new Set();
    for (;;) {
      const counting = readdirSync(setting.folder).filter((file) => /^\d+-\d+\.json$/.test(file))
        .filter((file) => Number(file.split('-')[0]) !== process.pid)
        .filter((file) => !JSON.parse(readFileSync(path.join(setting.folder, file))).counted)
        .map((file) => Number(file.split('-')[0])).filter(isRunning);
      if (counting.length === 0 || Date.now() > until) return;
      for (const pid of counting) {
        if (told.has(pid)) continue;
        told.add(pid);
        try {
          kill.call(process, pid, 'SIGTERM');
        } catch {
          // ended since
        }
      }
      Atomics.wait(clock, 0, 0, 10);
    }
  }
  function isRunning(pid) {
    try {
      return !/^\d+ \(.*\) [ZX]/s.test(String(readFileSync(`/proc/${pid}/stat`)));
    } catch {
      return false;
    }
  }
  function isFirst() {
    try {
      writeFileSync(path.join(setting.folder, 'first'), '', { flag: 'wx' });
      return true;
    } catch {
      return false;  // the file is there already
    }
  }
  if (isMainThread && isFirst()) process.on('exit', endChildren);
})();
)js";

}  // namespace pitot::wasm

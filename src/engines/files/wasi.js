// Runs a WebAssembly module with WASI preview 1 in any JavaScript engine that has a command line: Node, Bun, Deno, and
// the shells of SpiderMonkey and JavaScriptCore. Arguments: options, the module's file, then its own arguments. It gives
// arguments, an environment (--env=NAME=VALUE, each), clocks, random bytes and the standard streams; no folders.
// Exit status: the module's, and 134 or the shell's own after a trap; JavaScriptCore's shell knows 0 and 3 alone.
//
// --warm=N compiles once, then calls the module once and N times more, each time in a new instance. What it prints is
// discarded, and after each call a line tells its time on the wall and, where that is known, of the user and the system,
// in microseconds. A call begins before the instance is made and ends with _start.
//
// --imports=FILE, in Node, Bun and Deno: imports from a JavaScript module, which come before those of WASI:
// `export default { MODULE: { NAME: value } }`, or a function of { exports, memory } (functions that give the module's own)
// that returns it and is called for each instance, before its time begins.
(() => {
  'use strict';
  const OK = 0, BADF = 8, INVAL = 28, NOSYS = 52, SPIPE = 70;
  const TRAPPED = 134;
  let exiting = null;  // what JavaScriptCore's shell throws to end with a status
  let warm = 0;        // calls beside a first one
  let importsFile = '';  // of the user's
  const LEFT = { status: 0 };  // what a call among several throws to end with a status

  function textOf(bytes) {
    if (typeof TextDecoder !== 'undefined') return new TextDecoder().decode(bytes);
    let binary = '';
    for (const byte of bytes) binary += String.fromCharCode(byte);
    try {
      return decodeURIComponent(escape(binary));
    } catch (notUtf8) {
      return binary;
    }
  }

  function bytesOf(text) {
    const binary = unescape(encodeURIComponent(text));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  }

  // What differs between the engines: { args, read(path), input(bytes, at), write(fd, bytes), report(text), now(), used(),
  // exit(status), fail(text) }. input() gives how many bytes it has read; `at` is null for the next ones. now() and
  // used(), [user, system], are in microseconds.
  function serverHost() {
    const fs = typeof require === 'function' ? require('fs') : process.getBuiltinModule('fs');
    return {
      args: process.argv.slice(2),
      read: (path) => fs.readFileSync(path),
      input: (bytes, at) => {
        for (;;) {
          try {
            return fs.readSync(0, bytes, 0, bytes.length, at);
          } catch (error) {
            if (error.code === 'EOF') return 0;
            if (error.code !== 'EAGAIN') throw error;
          }
        }
      },
      report: (text) => {
        fs.writeSync(1, text + '\n');
      },
      now: () => Number(process.hrtime.bigint()) / 1000,
      used: () => {
        const { user, system } = process.cpuUsage();
        return [user, system];
      },
      write: (fd, bytes) => {
        for (let done = 0; done < bytes.length;) {
          try {
            done += fs.writeSync(fd, bytes, done);
          } catch (error) {
            if (error.code !== 'EAGAIN') throw error;
          }
        }
      },
      exit: (status) => process.exit(status),
      fail: (text) => {
        fs.writeSync(2, text + '\n');
        process.exit(TRAPPED);
      },
    };
  }

  // All of standard input at once, which is all that the shells can.
  function wholeInput(read) {
    let all = null;
    let next = 0;
    return (bytes, at) => {
      if (all === null) {
        try {
          all = new Uint8Array(read('/dev/stdin'));
        } catch (nothing) {
          all = new Uint8Array(0);
        }
      }
      const from = at === null ? next : at;
      const part = all.subarray(from, from + bytes.length);
      bytes.set(part);
      next = from + part.length;
      return part.length;
    };
  }

  function mozillaHost() {
    return {
      args: scriptArgs,
      read: (path) => os.file.readFile(path, 'binary'),
      input: wholeInput((path) => os.file.readFile(path, 'binary')),
      report: (text) => print(text),
      now: () => performance.now() * 1000,
      used: () => [],
      write: (fd, bytes) => {
        if (fd === 1) putstr(textOf(bytes));
        else printErr(textOf(bytes).replace(/\n$/, ''));
      },
      exit: (status) => quit(status),
      fail: (text) => {
        printErr(text);
        quit(TRAPPED);
      },
    };
  }

  function appleHost() {
    let line = '';
    return {
      args: globalThis.arguments,
      read: (path) => readFile(path, 'binary'),
      input: wholeInput((path) => readFile(path, 'binary')),
      report: (text) => print(text),
      now: () => preciseTime() * 1e6,
      used: () => [],
      write: (fd, bytes) => {
        if (warm > 0) return;  // the shell has one stream
        const lines = (line + textOf(bytes)).split('\n');
        line = lines.pop();
        for (const whole of lines) print(whole);
      },
      exit: (status) => {
        if (line !== '') print(line);
        if (status !== 0) {
          exiting = new Error(`exit status ${status}`);
          throw exiting;
        }
        quit();
      },
      fail: (text) => {
        throw new Error(text);
      },
    };
  }

  const host = typeof process !== 'undefined' ? serverHost() : typeof scriptArgs !== 'undefined' ? mozillaHost()
    : appleHost();
  const words = Array.from(host.args);
  const variables = [];
  for (; words.length > 0; words.shift()) {
    if (words[0].startsWith('--env=')) variables.push(bytesOf(words[0].slice('--env='.length)));
    else if (words[0].startsWith('--warm=')) warm = Number(words[0].slice('--warm='.length));
    else if (words[0].startsWith('--imports=')) importsFile = words[0].slice('--imports='.length);
    else break;
  }
  const args = words.map(bytesOf);
  let inputAt = null;  // where the next bytes of standard input are; null: wherever it stands
  let memory = null;
  const bytesAt = (at, size) => new Uint8Array(memory.buffer, at >>> 0, size >>> 0);
  const view = () => new DataView(memory.buffer);
  const put32 = (at, value) => view().setUint32(at >>> 0, value, true);
  const put64 = (at, value) => view().setBigUint64(at >>> 0, value, true);

  function nanoseconds(clock) {
    if (clock === 0) return BigInt(Date.now()) * 1000000n;
    if (typeof performance !== 'undefined') return BigInt(Math.round(performance.now() * 1e6));
    if (typeof preciseTime === 'function') return BigInt(Math.round(preciseTime() * 1e9));
    return BigInt(Date.now()) * 1000000n;
  }

  function putSizes(texts, count, bytes) {
    put32(count, texts.length);
    put32(bytes, texts.reduce((sum, text) => sum + text.length + 1, 0));
    return OK;
  }

  function putTexts(texts, pointers, bytes) {
    texts.forEach((text, i) => {
      put32(pointers + 4 * i, bytes);
      bytesAt(bytes, text.length).set(text);
      bytesAt(bytes + text.length, 1)[0] = 0;
      bytes += text.length + 1;
    });
    return OK;
  }

  const wasi = {
    args_sizes_get: (count, bytes) => putSizes(args, count, bytes),
    args_get: (pointers, bytes) => putTexts(args, pointers, bytes),
    environ_sizes_get: (count, bytes) => putSizes(variables, count, bytes),
    environ_get: (pointers, bytes) => putTexts(variables, pointers, bytes),
    clock_time_get(clock, precision, at) {
      if (clock > 3) return INVAL;
      put64(at, nanoseconds(clock));
      return OK;
    },
    clock_res_get(clock, at) {
      if (clock > 3) return INVAL;
      put64(at, 1000000n);
      return OK;
    },
    random_get(at, size) {
      for (const bytes = bytesAt(at, size), i = { at: 0 }; i.at < bytes.length; ++i.at) {
        bytes[i.at] = Math.floor(Math.random() * 256);
      }
      return OK;
    },
    fd_write(fd, vectors, count, written) {
      if (fd !== 1 && fd !== 2) return BADF;
      let sum = 0;
      for (let i = 0; i < count; ++i) {
        const at = view().getUint32((vectors >>> 0) + 8 * i, true);
        const size = view().getUint32((vectors >>> 0) + 8 * i + 4, true);
        if (size > 0 && (warm === 0 || fd !== 1)) host.write(fd, bytesAt(at, size));
        sum += size;
      }
      put32(written, sum);
      return OK;
    },
    fd_read(fd, vectors, count, read) {
      if (fd !== 0) return BADF;
      let sum = 0;
      for (let i = 0; i < count; ++i) {
        const at = view().getUint32((vectors >>> 0) + 8 * i, true);
        const size = view().getUint32((vectors >>> 0) + 8 * i + 4, true);
        const got = size > 0 ? host.input(bytesAt(at, size), inputAt) : 0;
        inputAt = inputAt === null ? null : inputAt + got;
        sum += got;
        if (got < size) break;
      }
      put32(read, sum);
      return OK;
    },
    // No stream is a terminal, so that the module's library buffers alike wherever it runs.
    fd_fdstat_get(fd, at) {
      if (fd > 2) return BADF;
      put64(at, 0n);
      put64(at + 8, 0xffffffffffffffffn);
      put64(at + 16, 0xffffffffffffffffn);
      return OK;
    },
    fd_close: (fd) => (fd > 2 ? BADF : OK),
    fd_seek: (fd) => (fd > 2 ? BADF : SPIPE),
    fd_tell: (fd) => (fd > 2 ? BADF : SPIPE),
    fd_prestat_get: () => BADF,
    fd_prestat_dir_name: () => BADF,
    sched_yield: () => OK,
    // The system keeps the low 8 bits of a status, and 256 is no success.
    proc_exit(status) {
      const kept = (status & 255) === 0 && status !== 0 ? 1 : status & 255;
      if (warm > 0) {
        LEFT.status = kept;
        throw LEFT;
      }
      host.exit(kept);
    },
  };

  // What went wrong, in one line: it becomes the reason of a failed run.
  function wordsFor(error, stage) {
    if (typeof WebAssembly.Exception === 'function' && error instanceof WebAssembly.Exception) {
      return 'an exception of the module that nothing caught';
    }
    const words = error && error.message !== undefined ? error.message : String(error);
    const trapped = error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
    if (importsFile !== '' && stage === 'run' && !trapped && error instanceof Error) {
      const line = /\.[cm]?js:(\d+)/.exec(error.stack || '');
      return `uncaught: ${error.name}: ${words}${line === null ? '' : ` (line ${line[1]})`}, from the file of imports`;
    }
    return `${trapped && stage === 'run' ? 'trap' : stage === 'run' ? 'uncaught' : 'refused'}: ${words}`;
  }

  const isWasi = (name) => name === 'wasi_snapshot_preview1' || name === 'wasi_unstable';
  let module = null;
  let wanted = [];
  let imports = {};
  let exported = null;  // what the user's imports see of the instance
  try {
    module = new WebAssembly.Module(host.read(words[0]));
    wanted = WebAssembly.Module.imports(module);
    imports = importsWith({});
  } catch (error) {
    host.fail(wordsFor(error, 'load'));
  }

  function importsWith(given) {
    const all = {};
    for (const { module: from, name, kind } of wanted) {
      all[from] = all[from] || {};
      if (given[from] !== undefined && name in given[from]) all[from][name] = given[from][name];
      else if (isWasi(from) && kind === 'function') all[from][name] = wasi[name] || (() => NOSYS);
    }
    return all;
  }

  // Gives a function that has the user's file say what it gives to a new instance.
  async function givenImports() {
    const unusable = (what) => host.fail(`refused: the file of imports ${what}`);
    const wordsOf = (error) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    let value = null;
    try {
      const file = await import(`file://${importsFile.split('/').map(encodeURIComponent).join('/')}`);
      value = file.default !== undefined ? file.default : file.imports;
    } catch (error) {
      unusable(`cannot be used: ${wordsOf(error)}`);
    }
    return async () => {
      let given = value;
      try {
        if (typeof value === 'function') given = await value({ exports: () => exported, memory: () => exported.memory });
      } catch (error) {
        unusable(`cannot be used: ${wordsOf(error)}`);
      }
      if (given === null || typeof given !== 'object') {
        unusable("exports no object of imports, as default or as 'imports'");
      }
      for (const { module: from } of wanted) {
        const part = given[from];
        if (part !== undefined && (part === null || (typeof part !== 'object' && typeof part !== 'function'))) {
          unusable(`has ${part === null ? 'null' : `a ${typeof part}`} where the imports from '${from}' should be`);
        }
      }
      imports = importsWith(given);
    };
  }

  function instantiate() {
    let instance = null;
    try {
      instance = new WebAssembly.Instance(module, imports);
    } catch (error) {
      if (error === LEFT || (exiting !== null && error === exiting)) throw error;  // in the start function
      if (error instanceof WebAssembly.RuntimeError) host.fail(wordsFor(error, 'run'));
      host.fail(wordsFor(error, 'load'));
    }
    exported = instance.exports;
    memory = exported.memory;
    for (const fields of importsFile === '' || memory !== undefined ? [] : Object.values(imports)) {
      memory = Object.values(fields).find((value) => value instanceof WebAssembly.Memory) || memory;
    }
    if (typeof instance.exports._start !== 'function') host.fail("refused: it exports no function '_start'");
    if (instance.exports._start.length !== 0) host.fail("refused: its '_start' takes a parameter");
    return instance;
  }

  function call() {
    try {
      instantiate().exports._start();
    } catch (error) {
      if (error === LEFT) return LEFT.status;
      if (exiting !== null && error === exiting) throw error;
      host.fail(wordsFor(error, 'run'));
    }
    return 0;
  }

  function callTimed() {
    inputAt = 0;
    const usedBefore = host.used();
    const begin = host.now();
    const status = call();
    const wall = host.now() - begin;
    const used = host.used().map((time, part) => time - usedBefore[part]);
    if (status !== 0) host.exit(status);
    host.report([wall, ...used].map((time) => time.toFixed(3)).join(' '));
  }

  async function callWithImports() {
    const take = await givenImports();
    for (let i = 0; i <= warm; ++i) {
      await take();
      if (warm === 0) call();
      else callTimed();
    }
    host.exit(0);
  }

  if (importsFile !== '') {
    callWithImports();
    return;
  }
  if (warm === 0) {
    call();
    host.exit(0);
  }
  for (let i = 0; i <= warm; ++i) callTimed();
  host.exit(0);
})();

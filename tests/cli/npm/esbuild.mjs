import esbuild from 'esbuild-wasm';
const r = await esbuild.transform('let x: number = 1 + 2; export { x }', { loader: 'ts', minify: true });
console.log(r.code);
await esbuild.stop();

import { Parser, Language } from 'web-tree-sitter';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
await Parser.init();
const parser = new Parser();
const file = require.resolve('tree-sitter-json/tree-sitter-json.wasm');
parser.setLanguage(await Language.load(file));
console.log(parser.parse('{"a": [1, 2, {"b": null}]}').rootNode.toString());

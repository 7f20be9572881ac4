const { SourceMapConsumer } = require('source-map');
SourceMapConsumer.with({ version: 3, file: 'a.js', names: ['x'], sources: ['b.js'], mappings: 'AAAAA,CAAC' }, null, (c) => {
  c.eachMapping((m) => console.log(m.source, m.originalLine));
});

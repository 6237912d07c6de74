import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const MARK = '?bundled';
const HERE = dirname(fileURLToPath(import.meta.url));

/** As the tests' server or rollup names it. */
function fileOf(id) {
  const path = id.slice(0, -MARK.length);
  return path.startsWith('/src/') ? resolve(HERE, `.${path}`) : path;
}

/**
 * `import program from './x.ts?bundled'`: a module with everything it imports, as text. The bundle is one file, and a Web
 * Worker needs a program of its own, which the page starts from a blob.
 */
export const bundledText = {
  name: 'bundled-text',
  enforce: 'pre',
  resolveId(id, importer) {
    if (!id.endsWith(MARK)) return null;
    return importer ? resolve(dirname(importer), id) : null;
  },
  async load(id) {
    if (!id.endsWith(MARK)) return null;
    const { outputFiles } = await build({ entryPoints: [fileOf(id)], bundle: true, minify: true, format: 'iife', target: 'es2022', write: false });
    return { code: `export default ${JSON.stringify(outputFiles[0].text)};`, map: null };
  },
};

export default { plugins: [bundledText] };

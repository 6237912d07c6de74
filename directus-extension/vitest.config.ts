import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';
import { bundledText } from './extension.config.js';

/** Tests may mount components. */
export default defineConfig({ plugins: [vue(), bundledText as never] });

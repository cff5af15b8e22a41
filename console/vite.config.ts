import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The node serves the build from jointsky/app/static; the base map is made by tools/basemap.mjs.
export default defineConfig({
  plugins: [svelte()],
  base: './',
  publicDir: 'build/public',
  build: {
    outDir: '../jointsky/app/static',
    emptyOutDir: true,
    target: 'es2023',
    chunkSizeWarningLimit: 2500,
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': 'http://127.0.0.1:8765', '/ws': { target: 'ws://127.0.0.1:8765', ws: true } } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});

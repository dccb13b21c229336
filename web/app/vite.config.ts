import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { kernels } from './scripts/kernels.mjs';

// The server that `vite dev` passes messages and media signalling on to.
const server = process.env.TURMS_SERVER ?? 'http://127.0.0.1:7880';

export default defineConfig({
  plugins: [kernels(), react()],
  // The page may live below a path of its host: everything is named relative to it.
  base: './',
  server: {
    proxy: {
      '/turms': { target: server, ws: true },
      '/rtc': { target: server, ws: true },
    },
  },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    // The Content-Security-Policy of the server allows no inline script or style, and everything from its own origin.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
  },
  test: { include: ['test/**/*.test.ts'] },
});

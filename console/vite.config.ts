import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `make run` serves the API, for `npm run dev`. */
const app = process.env.FRESHCOAT_URL ?? "http://127.0.0.1:7071";

export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    // The content security policy allows files of this origin alone: nothing is written into the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // The first page needs few files: the packages of its code, which seldom change, and the rest of it. What four
        // later pages share (dialogs, forms) is one file more.
        codeSplitting: {
          groups: [
            { name: "vendor", test: /node_modules/, tags: ["$initial"] },
            { name: "first", tags: ["$initial"] },
            { name: "parts", minShareCount: 4 },
          ],
        },
      },
    },
  },
  server: { proxy: { "/api": { target: app } } },
  test: {
    environment: "happy-dom",
    // Files share what they have loaded, which took half of their time: each test starts from an empty page and store.
    pool: "threads",
    isolate: false,
    setupFiles: ["src/testing/setup.ts"],
    restoreMocks: true,
    testTimeout: 20_000,
    environmentOptions: { happyDOM: { url: "http://localhost:3000/console/" } },
  },
});

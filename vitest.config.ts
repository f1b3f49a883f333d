import { defineConfig } from "vitest/config";

/** One configuration for every package: `vitest run --config ../../vitest.config.ts --root .` */
export default defineConfig({
  resolve: { conditions: ["@copse/source", "node", "import", "module", "default"] },
  ssr: {
    resolve: {
      conditions: ["@copse/source", "node", "import", "module", "default"],
      externalConditions: ["@copse/source", "node", "import"],
    },
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/*.browser.test.ts", "**/node_modules/**"],
    pool: "forks",
    execArgv: ["--conditions=@copse/source"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

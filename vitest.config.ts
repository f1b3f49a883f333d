import { defineConfig } from "vitest/config";
import { RunRecord } from "./scripts/vitest-record.ts";

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
    exclude: ["**/node_modules/**"],
    reporters: ["default", new RunRecord(process.cwd())],
    pool: "forks",
    execArgv: ["--conditions=@copse/source"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

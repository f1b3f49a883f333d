import { expect, it } from "vitest";
import { missingEntries } from "../lockfile.ts";

it("adds what a parent asks for, with the platform read off its name", () => {
  const tool = {
    version: "1.0.0",
    dev: true,
    optionalDependencies: {
      "@t/linux-x64-gnu": "1.0.0",
      "@t/linux-arm64-musl": "1.0.0",
      "@t/windows-64": "1.0.0",
      here: "1.0.0",
      loose: "^1",
    },
  };
  expect(
    missingEntries({ "": {}, "node_modules/tool": tool, "node_modules/a/node_modules/here": { version: "1.0.0" } }),
  ).toEqual({
    "node_modules/@t/linux-x64-gnu": {
      version: "1.0.0",
      cpu: ["x64"],
      dev: true,
      libc: ["glibc"],
      optional: true,
      os: ["linux"],
    },
    "node_modules/@t/linux-arm64-musl": {
      version: "1.0.0",
      cpu: ["arm64"],
      dev: true,
      libc: ["musl"],
      optional: true,
      os: ["linux"],
    },
    "node_modules/@t/windows-64": { version: "1.0.0", cpu: ["x64"], dev: true, optional: true, os: ["win32"] },
  });
});
